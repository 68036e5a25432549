//! Topics, their attributes and their tags.

use super::*;

#[actix_web::test]
async fn a_topic_is_made_once() {
    let world = World::new();
    let arn = format!("<TopicArn>{TOPICS}:orders</TopicArn>");
    let shown = ["Name", "Attributes.entry.1.key", "Attributes.entry.1.value"];
    let named = |value| [(shown[0], "orders"), (shown[1], "DisplayName"), (shown[2], value)];
    world.check("CreateTopic", &named("Orders"), &arn).await;
    world.check("CreateTopic", &[("Name", "orders")], &arn).await;
    world.check("CreateTopic", &named("Orders"), &arn).await;
    let differs = "400 InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes";
    world.check("CreateTopic", &named("Others"), differs).await;
    let never_set = [(shown[0], "orders"), (shown[1], "KmsMasterKeyId"), (shown[2], "key")];
    world.check("CreateTopic", &never_set, differs).await;
    let tagged = [("Name", "orders"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1")];
    let differs =
        "400 InvalidParameter: Invalid parameter: Tags Reason: Topic already exists with different tags";
    world.check("CreateTopic", &tagged, differs).await;
    world.check("ListTopics", &[], &format!("<Topics><member>{arn}</member></Topics>")).await;
}

#[actix_web::test]
async fn a_standard_topic_may_be_said_not_to_be_fifo() {
    let world = World::new();
    for _ in 0..2 {
        let arn = world.create_topic("orders", &[("FifoTopic", "false")]).await;
        assert_eq!(arn, format!("{TOPICS}:orders"));
    }
}

#[actix_web::test]
async fn a_topic_that_cannot_be_is_refused() {
    let world = World::new();
    let attribute = |name, value| [("Attributes.entry.1.key", name), ("Attributes.entry.1.value", value)];
    let cases = [
        (
            vec![],
            "400 ValidationError: 1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (vec![("Name", "or ders")], "400 InvalidParameter: Invalid parameter: Topic Name"),
        (vec![("Name", "orders.fifo")], "400 InvalidParameter: Invalid parameter: Topic Name"),
        (
            [vec![("Name", "orders")], attribute("FifoTopic", "true").into()].concat(),
            "400 InvalidParameter: Invalid parameter: Topic Name",
        ),
        (
            [vec![("Name", "orders")], attribute("ContentBasedDeduplication", "true").into()].concat(),
            "400 InvalidParameter: Invalid parameter: Attributes Reason: Unknown attribute ContentBasedDeduplication",
        ),
        (
            vec![("Name", "orders"), ("DataProtectionPolicy", "[]")],
            "400 InvalidParameter: Invalid parameter: DataProtectionPolicy Reason: must be a JSON object",
        ),
    ];
    for (parameters, expected) in cases {
        world.check("CreateTopic", &parameters, expected).await;
    }
    world.check("ListTopics", &[], "<Topics/>").await;
}

#[actix_web::test]
async fn the_attributes_of_a_topic_have_an_order() {
    let world = World::new();
    let arn = world.create_topic("orders", &[]).await;
    let names = async |arn: &str| {
        let shown = map(&world.call("GetTopicAttributes", &[("TopicArn", arn)]).await);
        shown.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names(&arn).await,
        "Policy Owner SubscriptionsPending TopicArn EffectiveDeliveryPolicy SubscriptionsConfirmed DisplayName \
         SubscriptionsDeleted"
    );
    for (name, value) in [
        ("SignatureVersion", "2"),
        ("KmsMasterKeyId", "key"),
        ("TracingConfig", "Active"),
        ("MaximumMessageSize", "524288"),
        ("DeliveryPolicy", r#"{"http":{}}"#),
        ("SQSSuccessFeedbackSampleRate", "5"),
    ] {
        let parameters = [("TopicArn", arn.as_str()), ("AttributeName", name), ("AttributeValue", value)];
        world.check("SetTopicAttributes", &parameters, "").await;
    }
    assert_eq!(
        names(&arn).await,
        "Policy SignatureVersion Owner SubscriptionsPending KmsMasterKeyId TopicArn TracingConfig \
         MaximumMessageSize EffectiveDeliveryPolicy SubscriptionsConfirmed DisplayName DeliveryPolicy \
         SubscriptionsDeleted SQSSuccessFeedbackSampleRate"
    );
    let fifo = world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await;
    let archive = r#"{"MessageRetentionPeriod":"7"}"#;
    for (name, value) in [("FifoThroughputScope", "MessageGroup"), ("ArchivePolicy", archive)] {
        let parameters = [("TopicArn", fifo.as_str()), ("AttributeName", name), ("AttributeValue", value)];
        world.check("SetTopicAttributes", &parameters, "").await;
    }
    assert_eq!(
        names(&fifo).await,
        "Policy Owner SubscriptionsPending TopicArn EffectiveDeliveryPolicy SubscriptionsConfirmed DisplayName \
         SubscriptionsDeleted FifoTopic ContentBasedDeduplication FifoThroughputScope ArchivePolicy \
         BeginningArchiveTime"
    );
}

#[actix_web::test]
async fn a_new_topic_has_the_attributes_of_aws() {
    let world = World::new();
    let arn = world.create_topic("orders", &[]).await;
    let shown = map(&world.call("GetTopicAttributes", &[("TopicArn", &arn)]).await);
    let value = |name: &str| shown.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("Owner"), Some("000000000000"));
    assert_eq!(value("TopicArn"), Some(arn.as_str()));
    assert_eq!(value("DisplayName"), Some(""));
    for name in ["SubscriptionsPending", "SubscriptionsConfirmed", "SubscriptionsDeleted"] {
        assert_eq!(value(name), Some("0"));
    }
}

#[actix_web::test]
async fn attributes_of_a_topic_are_changed_one_by_one() {
    let world = World::new();
    let arn = world.create_topic("orders", &[]).await;
    let cases = [
        (Some("DisplayName"), Some("x"), ""),
        (Some("FifoTopic"), Some("true"), "400 InvalidParameter: Invalid parameter: AttributeName"),
        (Some("Colour"), None, "400 InvalidParameter: Invalid parameter: AttributeName"),
        (Some("Policy"), None, "400 InvalidParameter: Invalid parameter: Policy Error: null"),
        (
            None,
            None,
            "400 ValidationError: 1 validation error detected: Value null at 'attributeName' failed to satisfy \
             constraint: Member must not be null",
        ),
    ];
    for (name, value, expected) in cases {
        let named = name.map(|name| ("AttributeName", name));
        let valued = value.map(|value| ("AttributeValue", value));
        let parameters: Vec<_> =
            [Some(("TopicArn", arn.as_str())), named, valued].into_iter().flatten().collect();
        world.check("SetTopicAttributes", &parameters, expected).await;
    }
    let missing = format!("{TOPICS}:missing");
    let parameters = [("TopicArn", missing.as_str()), ("AttributeName", "DisplayName")];
    world.check("SetTopicAttributes", &parameters, "404 NotFound: Topic does not exist").await;
}

#[actix_web::test]
async fn deleting_a_topic_succeeds_whether_it_exists_or_not() {
    let world = World::new();
    let arn = world.create_topic("orders", &[]).await;
    for _ in 0..2 {
        world.check("DeleteTopic", &[("TopicArn", &arn)], "").await;
    }
    world.check("GetTopicAttributes", &[("TopicArn", &arn)], "404 NotFound: Topic does not exist").await;
    let parts = "400 InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1";
    world.check("DeleteTopic", &[("TopicArn", "orders")], parts).await;
    let elsewhere = "arn:aws:sns:eu-west-1:000000000000:orders";
    world
        .check("DeleteTopic", &[("TopicArn", elsewhere)], "400 InvalidParameter: Invalid parameter: TopicArn")
        .await;
}

#[actix_web::test]
async fn a_topic_with_an_archive_stays_until_the_archive_is_ended() {
    let world = World::new();
    let archive = r#"{"MessageRetentionPeriod":"7"}"#;
    let arn = world.create_topic("orders.fifo", &[("FifoTopic", "true"), ("ArchivePolicy", archive)]).await;
    let refused = "400 InvalidState: Invalid parameter: Cannot delete a topic with an ArchivePolicy";
    world.check("DeleteTopic", &[("TopicArn", &arn)], refused).await;
    let none = [("TopicArn", arn.as_str()), ("AttributeName", "ArchivePolicy"), ("AttributeValue", "{}")];
    world.check("SetTopicAttributes", &none, "").await;
    world.check("DeleteTopic", &[("TopicArn", &arn)], "").await;
}

#[actix_web::test]
async fn an_arn_without_an_account_is_one_of_the_caller() {
    let world = World::new();
    world.create_topic("orders", &[]).await;
    let arn = "arn:aws:sns:us-east-1::orders";
    let shown = map(&world.call("GetTopicAttributes", &[("TopicArn", arn)]).await);
    assert!(shown.contains(&("TopicArn".to_owned(), format!("{TOPICS}:orders"))));
}

#[actix_web::test]
async fn topics_are_listed_by_the_hundred() {
    let world = World::new();
    for number in 0..150 {
        world.create_topic(&format!("topic-{number:03}"), &[]).await;
    }
    let first = world.call("ListTopics", &[]).await;
    assert_eq!(first.matches("<member>").count(), 100);
    let token = inside(&first, "NextToken").to_owned();
    let last_shown = format!("{TOPICS}:topic-099");
    assert!(first.contains(&last_shown));
    // Neither what has been shown nor what comes later moves the place.
    world.check("DeleteTopic", &[("TopicArn", &last_shown)], "").await;
    world.create_topic("topic-000-between", &[]).await;
    let second = world.call("ListTopics", &[("NextToken", &token)]).await;
    assert_eq!(second.matches("<member>").count(), 50);
    assert!(second.contains(&format!("{TOPICS}:topic-100<")));
    assert!(!second.contains("NextToken"));
    let refused = "400 InvalidParameter: Invalid parameter: NextToken";
    world.check("ListTopics", &[("NextToken", "x")], refused).await;
}

#[actix_web::test]
async fn tags_are_added_replaced_and_taken() {
    let world = World::new();
    let arn = world.create_topic("orders", &[]).await;
    let tag = |key, value| {
        [("ResourceArn", arn.as_str()), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]
    };
    for (key, value) in [("b", "1"), ("a", "2"), ("b", "3")] {
        world.check("TagResource", &tag(key, value), "").await;
    }
    let both = "<Tags><member><Value>2</Value><Key>a</Key></member><member><Value>3</Value><Key>b</Key></member></Tags>";
    world.check("ListTagsForResource", &[("ResourceArn", &arn)], both).await;
    let keys = [("ResourceArn", arn.as_str()), ("TagKeys.member.1", "a"), ("TagKeys.member.2", "c")];
    world.check("UntagResource", &keys, "").await;
    let one = "<Tags><member><Value>3</Value><Key>b</Key></member></Tags>";
    world.check("ListTagsForResource", &[("ResourceArn", &arn)], one).await;
    let missing = format!("{TOPICS}:missing");
    let refused = "404 ResourceNotFound: Resource does not exist";
    world.check("ListTagsForResource", &[("ResourceArn", &missing)], refused).await;
}

#[actix_web::test]
async fn answers_without_a_result_have_no_element_for_it() {
    let world = World::new();
    let arn = world.create_topic("orders", &[]).await;
    let body = async |form: String| world.post(&HeaderMap::new(), form).await.1;
    let tagged =
        body(format!("Action=TagResource&ResourceArn={arn}&Tags.member.1.Key=a&Tags.member.1.Value=b")).await;
    assert!(tagged.contains("<TagResourceResult/><ResponseMetadata>"), "{tagged}");
    let deleted = body(format!("Action=DeleteTopic&TopicArn={arn}")).await;
    assert!(deleted.contains(r#"2010-03-31/"><ResponseMetadata>"#), "{deleted}");
}

#[tokio::test]
async fn what_adds_is_refused_while_the_state_is_full() {
    let max_state = Some(crate::config::ByteSize(64 << 10));
    let hub = Hub::in_memory(Settings { max_state, ..Settings::default() }).unwrap();
    let world = World { hub };
    let topic = world.create_topic("news", &[]).await;
    world.sqs("CreateQueue", json!({"QueueName": "orders"})).await;
    world.sqs("SendMessage", json!({"QueueUrl": "orders", "MessageBody": "x".repeat(64 << 10)})).await;
    // Seen from the engine's thread, which has weighed what it holds by then.
    world.hub.engine.read(None, |_| ()).await.unwrap();
    let full = "503 ServiceUnavailable: The hub holds as much as --max-state allows: messages are refused until \
                others are deleted. Receiving and deleting go on.";
    world.check("CreateTopic", &[("Name", "more")], full).await;
    world.check("DeleteTopic", &[("TopicArn", &topic)], "").await;
}
