//! Subscriptions of endpoints that are no queues: who is asked first, how an endpoint agrees, and how it ends its
//! subscription.

use super::*;
use crate::content::{Content, NoticeKind};
use queue_core::Receive;
use queue_core::codec::{Codec, Reader};
use std::time::Duration;
use tokio::net::TcpListener;
use uuid::Uuid;

const URL: &str = "http://shop.example.com/hook";

impl World {
    async fn subscribe_outside(&self, topic: &str, protocol: &str, endpoint: &str) -> String {
        let answer = self.try_subscribe(topic, protocol, endpoint, &[]).await;
        assert!(answer.contains("<SubscriptionArn>"), "{answer}");
        inside(&answer, "SubscriptionArn").to_owned()
    }

    async fn unsigned(&self, action: &str, parameters: Parameters<'_>) -> String {
        self.call_with(HeaderMap::new(), action, parameters).await
    }

    fn view(&self, subscription: &str) -> Arc<crate::catalogue::SubscriptionView> {
        let (_, uuid) = subscription.rsplit_once(':').unwrap();
        self.hub.catalogue.subscription(Uuid::try_parse(uuid).unwrap()).unwrap()
    }

    /// What the endpoint of a subscription would get with the link in its confirmation.
    fn token(&self, subscription: &str) -> String {
        self.hub.secrets.token(self.view(subscription).id)
    }

    /// The endpoint follows the link in its confirmation.
    async fn confirm(&self, topic: &str, subscription: &str) {
        let token = self.token(subscription);
        let answer = self.unsigned("ConfirmSubscription", &[("TopicArn", topic), ("Token", &token)]).await;
        assert_eq!(answer, format!("<SubscriptionArn>{subscription}</SubscriptionArn>"));
    }

    /// What waits to be said to the endpoint of a subscription.
    async fn notices(&self, subscription: &str) -> Vec<NoticeKind> {
        let queue = self.view(subscription).queue.unwrap();
        let receive = Receive { queue, maximum: 10, visibility: Duration::ZERO, attempt: None };
        let waiting = self.hub.engine.receive(receive, Duration::ZERO).await.unwrap();
        let kind = |body: &[u8]| match Content::decode(&mut Reader::new(body)).unwrap() {
            Content::Notice(notice) => notice.kind,
            other => panic!("{other:?}"),
        };
        waiting.iter().map(|delivery| kind(&delivery.body)).collect()
    }

    /// How many subscriptions a topic has: confirmed, pending, deleted.
    async fn subscriptions_counted(&self, topic: &str) -> [String; 3] {
        let attributes = map(&self.call("GetTopicAttributes", &[("TopicArn", topic)]).await);
        ["SubscriptionsConfirmed", "SubscriptionsPending", "SubscriptionsDeleted"]
            .map(|name| value(&attributes, name).unwrap_or_default().to_owned())
    }
}

fn counts(confirmed: u32, pending: u32, deleted: u32) -> [String; 3] {
    [confirmed, pending, deleted].map(|number| number.to_string())
}

async fn consent(world: &World, subscription: &str) -> [bool; 2] {
    let shown = shown(world, subscription).await;
    ["PendingConfirmation", "ConfirmationWasAuthenticated"].map(|name| value(&shown, name) == Some("true"))
}

#[tokio::test]
async fn endpoints_of_others_are_asked_first_and_ones_own_are_not() {
    let role = ("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/writer");
    for (protocol, endpoint, attributes, is_asked) in [
        ("http", URL, &[][..], true),
        ("https", "https://shop.example.com", &[], true),
        ("email", "a@example.com", &[], true),
        ("email-json", "a@example.com", &[], true),
        ("sms", "+12065550100", &[], false),
        ("application", "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/shop/1", &[], false),
        ("lambda", "arn:aws:lambda:us-east-1:000000000000:function:bill", &[], false),
        ("firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/lake", &[role], false),
    ] {
        let world = World::new();
        let topic = world.create_topic("orders", &[]).await;
        let answer = world.try_subscribe(&topic, protocol, endpoint, attributes).await;
        let arn = inside(&answer, "SubscriptionArn");
        assert!(arn.starts_with(&format!("{topic}:")), "{protocol} {answer}");
        assert_eq!(consent(&world, arn).await, [is_asked, !is_asked], "{protocol}");
        let asked = if is_asked { vec![NoticeKind::SubscriptionConfirmation] } else { vec![] };
        assert_eq!(world.notices(arn).await, asked, "{protocol}");
        let expected = if is_asked { counts(0, 1, 0) } else { counts(1, 0, 0) };
        assert_eq!(world.subscriptions_counted(&topic).await, expected, "{protocol}");
        let listed = world.call("ListSubscriptionsByTopic", &[("TopicArn", &topic)]).await;
        let shown = if is_asked { "PendingConfirmation" } else { arn };
        assert_eq!(inside(&listed, "SubscriptionArn"), shown, "{protocol}");
    }
}

#[tokio::test]
async fn the_arn_of_a_subscription_that_waits_is_only_given_to_who_asks_for_it() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let without = [("TopicArn", topic.as_str()), ("Protocol", "http"), ("Endpoint", URL)];
    let kept_back = "<SubscriptionArn>pending confirmation</SubscriptionArn>";
    world.check("Subscribe", &without, kept_back).await;
    let arn = world.subscribe_outside(&topic, "http", URL).await;
    world
        .check("Subscribe", &[&without[..], &[("ReturnSubscriptionArn", "false")]].concat(), kept_back)
        .await;
    // Each of them asked.
    assert_eq!(world.notices(&arn).await, [NoticeKind::SubscriptionConfirmation; 3]);
    assert_eq!(world.subscriptions_counted(&topic).await, counts(0, 1, 0));
    world.confirm(&topic, &arn).await;
    world.check("Subscribe", &without, &format!("<SubscriptionArn>{arn}</SubscriptionArn>")).await;
}

#[tokio::test]
async fn a_token_confirms_its_subscription_under_the_name_of_any_topic_nearby() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe_outside(&topic, "http", URL).await;
    let token = world.token(&arn);
    let unknown = world.hub.secrets.token(queue_core::SubscriptionId(1_000_000));
    let forged = token.replace('a', "b");
    let [other, elsewhere] = [format!("{TOPICS}:missing"), topic.replace("us-east-1", "eu-west-1")];
    let null = |name: &str| {
        let rule = "failed to satisfy constraint: Member must not be null";
        format!("400 ValidationError: 1 validation error detected: Value null at '{name}' {rule}")
    };
    let [wrong_topic, wrong_token] =
        ["Topic", "Token"].map(|name| format!("400 InvalidParameter: Invalid parameter: {name}"));
    let malformed = "400 InvalidParameter: Invalid token".to_owned();
    for (given, expected) in [
        (&[("Token", token.as_str())][..], null("topicArn")),
        (&[("TopicArn", &topic)], null("token")),
        (&[("TopicArn", "orders"), ("Token", &token)], wrong_topic.clone()),
        (&[("TopicArn", &arn), ("Token", &token)], wrong_topic.clone()),
        (&[("TopicArn", &elsewhere), ("Token", &token)], wrong_topic.clone()),
        (&[("TopicArn", &topic), ("Token", "x")], malformed.clone()),
        (&[("TopicArn", &topic), ("Token", &token[2..])], malformed.clone()),
        (&[("TopicArn", &topic), ("Token", &forged)], wrong_token.clone()),
        (&[("TopicArn", &topic), ("Token", &unknown)], wrong_token.clone()),
    ] {
        assert_eq!(world.unsigned("ConfirmSubscription", given).await, expected, "{given:?}");
        assert_eq!(world.call("ConfirmSubscription", given).await, expected, "{given:?}");
    }
    assert_eq!(consent(&world, &arn).await, [true, false]);
    for name in [&other, &topic] {
        world.confirm(name, &arn).await;
        assert_eq!(consent(&world, &arn).await, [false, false]);
    }
    assert_eq!(world.subscriptions_counted(&topic).await, counts(1, 0, 0));
    // The token of a subscription that has ended is for nothing.
    world.check("Unsubscribe", &[("SubscriptionArn", &arn)], "").await;
    world.check("ConfirmSubscription", &[("TopicArn", &topic), ("Token", &token)], &wrong_token).await;
}

#[tokio::test]
async fn the_subscription_of_a_deleted_topic_cannot_be_confirmed() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe_outside(&topic, "http", URL).await;
    let token = world.token(&arn);
    world.check("DeleteTopic", &[("TopicArn", &topic)], "").await;
    let given = [("TopicArn", topic.as_str()), ("Token", &token)];
    let answer = world.unsigned("ConfirmSubscription", &given).await;
    assert_eq!(answer, "404 NotFound: Topic does not exist");
}

#[tokio::test]
async fn only_who_signs_can_have_the_end_of_a_subscription_authenticated() {
    let refused = "403 AuthorizationError: This subscription requires authentication for deletion.";
    for (is_signed, wish, is_authenticated) in [
        (true, Some("true"), true),
        (true, Some("True"), true),
        (true, Some("false"), false),
        (true, None, false),
        (false, Some("true"), false),
        (false, None, false),
    ] {
        let world = World::new();
        let topic = world.create_topic("orders", &[]).await;
        let arn = world.subscribe_outside(&topic, "email", "a@example.com").await;
        let token = world.token(&arn);
        let wish = wish.map(|wish| ("AuthenticateOnUnsubscribe", wish));
        let given = [Some(("TopicArn", topic.as_str())), Some(("Token", &token)), wish];
        let given: Vec<_> = given.into_iter().flatten().collect();
        if is_signed {
            world.call("ConfirmSubscription", &given).await;
        } else {
            world.unsigned("ConfirmSubscription", &given).await;
        }
        assert_eq!(consent(&world, &arn).await, [false, is_authenticated], "{given:?}");
        let expected = if is_authenticated { refused } else { "" };
        let ended = world.unsigned("Unsubscribe", &[("SubscriptionArn", &arn)]).await;
        assert_eq!(ended, expected, "{given:?}");
    }
}

#[tokio::test]
async fn a_subscription_that_waits_cannot_be_ended() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe_outside(&topic, "http", URL).await;
    let refused = "400 InvalidParameter: Invalid parameter: SubscriptionArn Reason: \
                   Cannot unsubscribe a subscription that is pending confirmation";
    world.check("Unsubscribe", &[("SubscriptionArn", &arn)], refused).await;
    assert_eq!(world.unsigned("Unsubscribe", &[("SubscriptionArn", &arn)]).await, refused);
}

#[tokio::test]
async fn a_url_that_is_unsubscribed_by_a_link_is_told_and_can_take_it_back() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let filter = ("FilterPolicy", r#"{"a":["b"]}"#);
    let answer = world.try_subscribe(&topic, "http", URL, &[filter]).await;
    let arn = inside(&answer, "SubscriptionArn");
    world.confirm(&topic, arn).await;
    for _ in 0..2 {
        assert_eq!(world.unsigned("Unsubscribe", &[("SubscriptionArn", arn)]).await, "");
        assert_eq!(world.notices(arn).await, [NoticeKind::UnsubscribeConfirmation]);
    }
    let missing = "404 NotFound: Subscription does not exist";
    world.check("GetSubscriptionAttributes", &[("SubscriptionArn", arn)], missing).await;
    world.check("ListSubscriptions", &[], "<Subscriptions/>").await;
    world.check("ListSubscriptionsByTopic", &[("TopicArn", &topic)], "<Subscriptions/>").await;
    assert_eq!(world.subscriptions_counted(&topic).await, counts(0, 0, 1));
    world.confirm(&topic, arn).await;
    assert_eq!(value(&shown(&world, arn).await, filter.0), Some(filter.1));
    assert_eq!(world.subscriptions_counted(&topic).await, counts(1, 0, 0));
}

#[tokio::test]
async fn whoever_signs_ends_a_subscription_for_good() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe_outside(&topic, "http", URL).await;
    world.confirm(&topic, &arn).await;
    world.check("Unsubscribe", &[("SubscriptionArn", &arn)], "").await;
    let (_, uuid) = arn.rsplit_once(':').unwrap();
    assert!(world.hub.catalogue.subscription(Uuid::try_parse(uuid).unwrap()).is_none());
    // So does a link in a mail, which nobody is told of.
    let arn = world.subscribe_outside(&topic, "email", "a@example.com").await;
    world.confirm(&topic, &arn).await;
    assert_eq!(world.unsigned("Unsubscribe", &[("SubscriptionArn", &arn)]).await, "");
    assert_eq!(world.subscriptions_counted(&topic).await, counts(0, 0, 2));
    assert!(world.hub.catalogue.served().is_empty());
}

#[tokio::test]
async fn nobody_is_asked_if_that_is_taken_for_granted() {
    let world = World::with(Settings { auto_confirm: true, ..Settings::default() });
    let topic = world.create_topic("orders", &[]).await;
    for (protocol, endpoint) in [("http", URL), ("email", "a@example.com")] {
        let given = [("TopicArn", topic.as_str()), ("Protocol", protocol), ("Endpoint", endpoint)];
        let answer = world.call("Subscribe", &given).await;
        let arn = inside(&answer, "SubscriptionArn");
        assert_eq!(consent(&world, arn).await, [false, false], "{answer}");
        assert!(world.notices(arn).await.is_empty());
        assert_eq!(world.unsigned("Unsubscribe", &[("SubscriptionArn", arn)]).await, "");
    }
}

#[tokio::test]
async fn a_strict_hub_refuses_a_url_where_nobody_is() {
    let world = World::with(Settings { strict: true, ..Settings::default() });
    let topic = world.create_topic("orders", &[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let arn = world.subscribe_outside(&topic, "http", &url).await;
    drop(listener);
    // One that is there already is asked again, whether it is there now or not.
    assert_eq!(world.subscribe_outside(&topic, "http", &url).await, arn);
    let unreachable = "400 InvalidParameter: Invalid parameter: Unreachable Endpoint";
    for url in [format!("{url}/other"), "http://nobody.invalid/".to_owned()] {
        assert_eq!(world.try_subscribe(&topic, "http", &url, &[]).await, unreachable);
        // What else is wrong with it comes first.
        let answer = world.try_subscribe(&format!("{topic}s"), "http", &url, &[]).await;
        assert_eq!(answer, "404 NotFound: Topic does not exist");
        let answer = world.try_subscribe(&topic, "http", &url, &[("Colour", "red")]).await;
        let unknown = "400 InvalidParameter: Invalid parameter: Attributes Reason: Unknown attribute: Colour";
        assert_eq!(answer, unknown);
    }
}

#[tokio::test]
async fn a_password_in_a_url_tells_subscriptions_apart_and_is_not_shown() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let [one, other] = ["one", "other"].map(|password| format!("http://shop:{password}@example.com/hook"));
    let arn = world.subscribe_outside(&topic, "http", &one).await;
    assert_eq!(world.subscribe_outside(&topic, "http", &one).await, arn);
    assert_ne!(world.subscribe_outside(&topic, "http", &other).await, arn);
    let masked = "http://shop:****@example.com/hook";
    assert_eq!(value(&shown(&world, &arn).await, "Endpoint"), Some(masked));
    for (action, parameters) in
        [("ListSubscriptions", &[][..]), ("ListSubscriptionsByTopic", &[("TopicArn", topic.as_str())])]
    {
        let listed = world.call(action, parameters).await;
        assert_eq!(listed.matches(&format!("<Endpoint>{masked}</Endpoint>")).count(), 2, "{listed}");
    }
}

#[tokio::test]
async fn the_attributes_of_a_url_have_an_order() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let attributes = [
        ("DeliveryFormat", "cloudevents-binary"),
        ("DeliveryPolicy", r#"{"healthyRetryPolicy":{"numRetries":5}}"#),
        ("RawMessageDelivery", "true"),
    ];
    let answer = world.try_subscribe(&topic, "http", URL, &attributes).await;
    let shown = shown(&world, inside(&answer, "SubscriptionArn")).await;
    let names: Vec<_> = shown.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "SubscriptionPrincipal",
        "Owner",
        "RawMessageDelivery",
        "TopicArn",
        "Endpoint",
        "EffectiveDeliveryPolicy",
        "DeliveryPolicy",
        "DeliveryFormat",
        "Protocol",
        "PendingConfirmation",
        "ConfirmationWasAuthenticated",
        "SubscriptionArn",
    ];
    assert_eq!(names, expected);
    for policy in ["DeliveryPolicy", "EffectiveDeliveryPolicy"] {
        assert!(value(&shown, policy).unwrap().contains(r#""numRetries":5"#), "{policy}");
    }
    assert_eq!(value(&shown, "DeliveryFormat"), Some("cloudevents-binary"));
}

#[tokio::test]
async fn the_topic_speaks_for_a_url_that_has_no_delivery_policy() {
    let world = World::new();
    let policy = r#"{"http":{"defaultHealthyRetryPolicy":{"numRetries":7}}}"#;
    let topic = world.create_topic("orders", &[("DeliveryPolicy", policy)]).await;
    let arn = world.subscribe_outside(&topic, "http", URL).await;
    let effective = |shown: Vec<(String, String)>| {
        assert_eq!(value(&shown, "DeliveryPolicy"), None);
        value(&shown, "EffectiveDeliveryPolicy").unwrap().to_owned()
    };
    assert!(effective(shown(&world, &arn).await).contains(r#""numRetries":7"#));
    world.confirm(&topic, &arn).await;
    world.check("DeleteTopic", &[("TopicArn", &topic)], "").await;
    assert!(effective(shown(&world, &arn).await).contains(r#""numRetries":3"#));
}
