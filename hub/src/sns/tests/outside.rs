//! From a topic to endpoints that the hub does not reach by itself.

use super::*;
use crate::config;
use crate::content::{Content, Notice as Told, NoticeKind};
use crate::delivery::assent;
use crate::delivery::mail::tests::start as start_mail_server;
use crate::delivery::outbox::Letter;
use crate::shape::arn::Arn;
use crate::work::Work;
use queue_core::{
    Command, Endpoint, Notice, Outside, Reply, Subscribe, SubscriptionAttributes, SubscriptionId,
};
use std::time::Duration;
use tokio::sync::watch;

/// A hub at work.
struct Busy {
    world: World,
    work: Work,
    topic: String,
}

impl Busy {
    async fn new(flags: &[(&str, &str)]) -> Self {
        let world = World { hub: Hub::in_memory(config::from_flags(flags).unwrap()).unwrap() };
        let work = Work::start(&world.hub);
        let topic = world.create_topic("news", &[]).await;
        Self { world, work, topic }
    }

    /// Whether the endpoint of a subscription has agreed.
    fn is_pending(&self, subscription: SubscriptionId) -> bool {
        let hub = &self.world.hub;
        hub.catalogue.subscription(hub.secrets.subscription(subscription)).unwrap().is_pending()
    }

    async fn subscribe(&self, protocol: &str, address: &str) -> SubscriptionId {
        self.subscribe_with(protocol, address, SubscriptionAttributes::default(), false).await
    }

    async fn subscribe_with(
        &self,
        protocol: &str,
        address: &str,
        attributes: SubscriptionAttributes,
        is_asked: bool,
    ) -> SubscriptionId {
        let topic = self.world.hub.catalogue.topic(&Arn::parse(&self.topic).unwrap().name()).unwrap();
        let notice =
            Told { kind: NoticeKind::SubscriptionConfirmation, base_url: "http://localhost:4566".into() };
        let (body, bytes) = Content::Notice(notice).to_body();
        let subscribe = Subscribe {
            topic: topic.id,
            owner: "000000000000".into(),
            endpoint: Endpoint::Outside(Outside { protocol: protocol.into(), address: address.into() }),
            attributes,
            asked: is_asked.then_some(Notice { body, within: Duration::from_hours(48) }),
            is_owners: !is_asked,
        };
        let bodies = if is_asked { vec![bytes] } else { Vec::new() };
        let reply = self.world.hub.engine.execute(Command::Subscribe(subscribe), bodies).await;
        match reply {
            Ok(Reply::Subscribed(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    async fn publish(&self, more: Parameters<'_>) -> String {
        let parameters: Vec<_> =
            [("TopicArn", self.topic.as_str())].into_iter().chain(more.iter().copied()).collect();
        inside(&self.world.call("Publish", &parameters).await, "MessageId").to_owned()
    }

    /// The letters, when there are so many.
    async fn letters(&self, count: usize) -> Vec<Arc<Letter>> {
        loop {
            let letters = self.world.letters();
            if letters.len() >= count {
                return letters;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The text that the only subscription gets.
    async fn delivered(protocol: &str, address: &str, more: Parameters<'_>) -> Arc<Letter> {
        let hub = Self::new(&[]).await;
        hub.subscribe(protocol, address).await;
        let id = hub.publish(more).await;
        let letter = hub.letters(1).await.remove(0);
        let expected = (protocol, address, id.as_str(), Some(hub.topic.as_str()));
        let shown = (&*letter.protocol, &*letter.to, letter.message_id.as_str(), letter.topic_arn.as_deref());
        assert_eq!(shown, expected);
        hub.work.stop().await;
        letter
    }
}

const STRUCTURED: [(&str, &str); 2] = [
    ("MessageStructure", "json"),
    (
        "Message",
        r#"{"default": "d", "sms": "of sms", "email": "of email", "email-json": "of email-json",
            "lambda": "of lambda", "firehose": "of firehose", "sqs": "of sqs"}"#,
    ),
];

#[tokio::test]
async fn each_protocol_gets_its_own_text() {
    for (protocol, address) in [("sms", "+12065550100"), ("email", "ann@example.org")] {
        let letter = Busy::delivered(protocol, address, &STRUCTURED).await;
        assert_eq!(letter.message, format!("of {protocol}"));
    }
    let stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/news";
    for (protocol, address) in [("email-json", "ann@example.org"), ("firehose", stream)] {
        let letter = Busy::delivered(protocol, address, &STRUCTURED).await;
        let envelope: Value = serde_json::from_str(&letter.message).unwrap();
        assert_eq!(envelope["Message"], format!("of {protocol}"));
        assert_eq!(envelope["MessageId"], *letter.message_id);
    }
}

#[tokio::test]
async fn a_mail_always_has_a_subject() {
    let of = |letter: &Letter| letter.subject.clone();
    let mail = Busy::delivered("email", "ann@example.org", &[("Message", "m")]).await;
    assert_eq!(of(&mail).as_deref(), Some("AWS Notification Message"));
    let mail = Busy::delivered("email", "ann@example.org", &[("Message", "m"), ("Subject", "News")]).await;
    assert_eq!(of(&mail).as_deref(), Some("News"));
    let text = Busy::delivered("sms", "+12065550100", &[("Message", "m")]).await;
    assert_eq!(of(&text), None);
}

#[tokio::test]
async fn a_function_gets_an_event() {
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let attribute = [
        ("Subject", "News"),
        ("MessageAttributes.entry.1.Name", "kind"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "book"),
    ];
    let parameters: Vec<_> = STRUCTURED.into_iter().chain(attribute).collect();
    let letter = Busy::delivered("lambda", function, &parameters).await;
    let event: Value = serde_json::from_str(&letter.message).unwrap();
    let record = &event["Records"][0];
    assert_eq!(record["EventSource"], "aws:sns");
    let topic = letter.topic_arn.as_deref().unwrap();
    assert!(record["EventSubscriptionArn"].as_str().unwrap().starts_with(&format!("{topic}:")));
    let sns = &record["Sns"];
    let texts =
        ["SignatureVersion", "SigningCertUrl", "UnsubscribeUrl"].map(|name| sns[name].as_str().unwrap());
    assert_eq!((texts[0], texts[1].ends_with(".pem")), ("1", true), "{sns}");
    assert!(texts[2].contains("/?Action=Unsubscribe&SubscriptionArn="), "{sns}");
    // 2,048 bits in base64.
    assert_eq!(sns["Signature"].as_str().map(str::len), Some(344));
    assert_eq!((&sns["Type"], &sns["Message"]), (&json!("Notification"), &json!("of lambda")));
    assert_eq!((&sns["Subject"], &sns["TopicArn"]), (&json!("News"), &json!(topic)));
    assert_eq!(sns["MessageAttributes"], json!({ "kind": { "Type": "String", "Value": "book" } }));
}

#[tokio::test]
async fn a_device_gets_the_text_for_its_platform() {
    let hub = Busy::new(&[]).await;
    let endpoint = hub.world.create_endpoint("GCM", "t").await;
    hub.subscribe("application", &endpoint).await;
    let message = r#"{"default": "d", "GCM": "g", "application": "a"}"#;
    hub.publish(&[("MessageStructure", "json"), ("Message", message)]).await;
    assert_eq!(hub.letters(1).await[0].message, "g");
}

#[tokio::test]
async fn a_stream_gets_raw_messages_if_it_wants_them() {
    let hub = Busy::new(&[]).await;
    let stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/news";
    let raw = SubscriptionAttributes { raw: true, ..SubscriptionAttributes::default() };
    hub.subscribe_with("firehose", stream, raw, false).await;
    hub.publish(&[("Message", "as it is")]).await;
    assert_eq!(hub.letters(1).await[0].message, "as it is");
}

#[tokio::test]
async fn the_holder_of_a_mailbox_is_asked_first() {
    let hub = Busy::new(&[]).await;
    let none = SubscriptionAttributes::default();
    let id = hub.subscribe_with("email", "ann@example.org", none, true).await;
    let letter = hub.letters(1).await.remove(0);
    let token = hub.world.hub.secrets.token(id);
    let url =
        format!("http://localhost:4566/?Action=ConfirmSubscription&TopicArn={}&Token={token}", hub.topic);
    assert!(letter.message.lines().any(|line| line == url), "{}", letter.message);
    assert!(letter.message.lines().any(|line| line == token), "{}", letter.message);
    assert_eq!(letter.subject.as_deref(), Some("AWS Notification - Subscription Confirmation"));
    let confirm = queue_core::Confirm { subscription: id, authenticated: false };
    hub.world.hub.engine.execute(Command::Confirm(confirm), Vec::new()).await.unwrap();
    hub.publish(&[("Message", "news")]).await;
    assert_eq!(hub.letters(2).await[0].message, "news");
}

#[tokio::test]
async fn what_cannot_be_delivered_is_a_dead_letter() {
    let hub = Busy::new(&[]).await;
    let created = hub.world.sqs("CreateQueue", json!({ "QueueName": "dead" })).await;
    let dead = Arn::queue(&format!("{QUEUES}:dead"));
    let endpoint = format!("{TOPICS}:endpoint/GCM/shop/none");
    let attributes = SubscriptionAttributes { dead_letters: dead, ..SubscriptionAttributes::default() };
    hub.subscribe_with("application", &endpoint, attributes, false).await;
    hub.publish(&[("Message", "lost")]).await;
    let receive = json!({ "QueueUrl": created["QueueUrl"], "WaitTimeSeconds": 20 });
    let received = hub.world.sqs("ReceiveMessage", receive).await;
    assert!(received["Messages"][0]["Body"].as_str().unwrap().contains("lost"), "{received}");
    assert!(hub.world.letters().is_empty());
}

#[tokio::test]
async fn a_subscription_that_is_made_again_is_served_again() {
    let hub = Busy::new(&[]).await;
    for number in 1..=2 {
        let id = hub.subscribe("sms", "+12065550100").await;
        hub.publish(&[("Message", "x")]).await;
        hub.letters(number).await;
        hub.world.hub.engine.execute(Command::Unsubscribe(id), Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn mails_are_passed_on_to_a_mail_server() {
    let (port, told) = start_mail_server("", "").await;
    let url = format!("smtp://127.0.0.1:{port}");
    let hub = Busy::new(&[("smtp-url", &url), ("smtp-from", "hub@example.com")]).await;
    hub.subscribe("email", "ann@example.org").await;
    hub.publish(&[("Message", "news"), ("Subject", "Today")]).await;
    assert_eq!(hub.letters(1).await[0].message, "news");
    hub.work.stop().await;
    let told = told.await.unwrap().join("\n");
    assert!(told.contains("RCPT TO:<ann@example.org>") && told.contains("Subject: Today"), "{told}");
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_a_dead_letter() {
    let (port, _told) = start_mail_server("RCPT", "550 nobody of that name").await;
    let url = format!("smtp://127.0.0.1:{port}");
    let hub = Busy::new(&[("smtp-url", &url), ("smtp-from", "hub@example.com")]).await;
    let created = hub.world.sqs("CreateQueue", json!({ "QueueName": "dead" })).await;
    let dead = Arn::queue(&format!("{QUEUES}:dead"));
    let attributes = SubscriptionAttributes { dead_letters: dead, ..SubscriptionAttributes::default() };
    hub.subscribe_with("email", "ann@example.org", attributes, false).await;
    hub.publish(&[("Message", "news")]).await;
    let receive = json!({ "QueueUrl": created["QueueUrl"], "WaitTimeSeconds": 20 });
    let received = hub.world.sqs("ReceiveMessage", receive).await;
    assert!(received["Messages"][0]["Body"].as_str().unwrap().contains("news"), "{received}");
    assert!(hub.world.letters().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_refused_for_now_is_tried_again() {
    let (port, told) = start_mail_server("RCPT", "450 the box is in use").await;
    let url = format!("smtp://127.0.0.1:{port}");
    let hub = Busy::new(&[("smtp-url", &url), ("smtp-from", "hub@example.com")]).await;
    let id = hub.subscribe("email", "ann@example.org").await;
    hub.publish(&[("Message", "news")]).await;
    told.await.unwrap();
    let uuid = hub.world.hub.secrets.subscription(id);
    let queue = hub.world.hub.catalogue.subscription(uuid).unwrap().queue;
    hub.work.stop().await;
    let counts = hub.world.hub.engine.read(queue, move |machine| {
        queue.and_then(|queue| machine.queue(queue)).map(|queue| queue.counts().in_flight)
    });
    assert_eq!(counts.await.unwrap(), Some(1));
    assert!(hub.world.letters().is_empty());
}

#[actix_web::test]
async fn who_was_asked_before_the_start_counts_as_agreed_if_that_is_taken_for_granted() {
    for (flags, expected) in [(&[("auto-confirm", "true")][..], false), (&[], true)] {
        let busy = Busy::new(flags).await;
        let none = SubscriptionAttributes::default();
        let asked = busy.subscribe_with("http", "http://shop.example.com", none.clone(), true).await;
        let left = busy.subscribe_with("https", "https://shop.example.com", none, false).await;
        assert!(busy.is_pending(asked));
        assent::run(Arc::clone(&busy.world.hub), watch::channel(false).1).await;
        assert_eq!(busy.is_pending(asked), expected, "{flags:?}");
        assert!(!busy.is_pending(left));
        // Whoever pushes waits in the engine.
        busy.world.hub.begin_shutdown();
        busy.work.stop().await;
    }
}
