//! Callers of another account than that of the topic.

use super::*;

impl World {
    async fn call_as(&self, account: &str, action: &str, parameters: Parameters<'_>) -> String {
        let signature = format!("AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/sns/aws4_request");
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(signature).unwrap());
        self.call_with(headers, action, parameters).await
    }
}

fn refusal(action: &str, topic: &str) -> String {
    let sentence = format!(
        "User: arn:aws:iam::222222222222:root is not authorized to perform: SNS:{action} on resource: {topic}"
    );
    format!(
        "403 AuthorizationError: {sentence} because no resource-based policy allows the SNS:{action} action"
    )
}

/// Gives a topic a policy, which opens it to others.
async fn open(world: &World, topic: &str) {
    let policy =
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"SNS:Publish","Resource":"*"}]}"#;
    let set = [("TopicArn", topic), ("AttributeName", "Policy"), ("AttributeValue", policy)];
    assert_eq!(world.call_as("000000000000", "SetTopicAttributes", &set).await, "");
}

#[tokio::test]
async fn another_account_cannot_manage_a_topic_and_uses_one_only_if_it_has_a_policy() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let subscription = world.subscribe(&topic, "orders", &[]).await;
    let (by_topic, by_resource) = (("TopicArn", topic.as_str()), ("ResourceArn", topic.as_str()));
    let by_subscription = ("SubscriptionArn", subscription.as_str());
    let cases: [(&str, Parameters<'_>); 6] = [
        ("DeleteTopic", &[by_topic]),
        ("SetTopicAttributes", &[by_topic, ("AttributeName", "Nonsense")]),
        ("TagResource", &[by_resource, ("Tags.member.1.Key", "k")]),
        ("UntagResource", &[by_resource, ("TagKeys.member.1", "k")]),
        ("SetSubscriptionAttributes", &[by_subscription, ("AttributeName", "Nonsense")]),
        ("Unsubscribe", &[by_subscription]),
    ];
    for (action, parameters) in cases {
        let refused = world.call_as("222222222222", action, parameters).await;
        assert_eq!(refused, refusal(action, &topic));
    }
    let unsigned = world.call_with(HeaderMap::new(), "Unsubscribe", &[by_subscription]).await;
    let expected = "403 AuthorizationError: This subscription requires authentication for deletion.";
    assert_eq!(unsigned, expected);
    for action in ["GetTopicAttributes", "Publish"] {
        let refused = world.call_as("222222222222", action, &[by_topic, ("Message", "x")]).await;
        assert_eq!(refused, refusal(action, &topic));
    }
    open(&world, &topic).await;
    for action in ["GetTopicAttributes", "Publish"] {
        let answer = world.call_as("222222222222", action, &[by_topic, ("Message", "x")]).await;
        assert!(answer.starts_with('<'), "{answer}");
    }
}

#[tokio::test]
async fn a_topic_that_does_not_exist_is_said_not_to_exist() {
    let world = World::new();
    let missing = format!("{TOPICS}:missing");
    for (action, parameter, expected) in [
        ("SetTopicAttributes", "TopicArn", "404 NotFound: Topic does not exist"),
        ("TagResource", "ResourceArn", "404 ResourceNotFound: Resource does not exist"),
        ("DeleteTopic", "TopicArn", ""),
    ] {
        let parameters: Parameters<'_> =
            &[(parameter, &missing), ("AttributeName", "DisplayName"), ("Tags.member.1.Key", "k")];
        assert_eq!(world.call_as("222222222222", action, parameters).await, expected, "{action}");
    }
}

#[tokio::test]
async fn a_subscription_belongs_to_whoever_made_it_and_to_the_owner_of_the_topic() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    open(&world, &topic).await;
    for account in ["222222222222", "test"] {
        let endpoint = "arn:aws:sqs:us-east-1:222222222222:orders";
        let subscribe = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", endpoint)];
        let answer = world.call_as("222222222222", "Subscribe", &subscribe).await;
        let by_subscription = ("SubscriptionArn", inside(&answer, "SubscriptionArn"));
        let raw = [by_subscription, ("AttributeName", "RawMessageDelivery"), ("AttributeValue", "true")];
        for (action, parameters) in
            [("SetSubscriptionAttributes", raw.as_slice()), ("Unsubscribe", &[by_subscription])]
        {
            assert_eq!(world.call_as(account, action, parameters).await, "", "{account} {action}");
        }
    }
}
