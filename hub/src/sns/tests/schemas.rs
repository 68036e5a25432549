//! Messages that fit the schema of their topic, and those that do not.

use super::*;

const NUMBERED: &str = r#"{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}"#;

fn schema(mode: &str) -> String {
    format!(r#"{{"schema":{NUMBERED},"mode":"{mode}"}}"#)
}

fn dead_letters(queue: &str) -> String {
    format!(r#"{{"schema":{NUMBERED},"mode":"deadletter","deadLetterTargetArn":"{QUEUES}:{queue}"}}"#)
}

impl World {
    /// The messages of a queue: bodies and attributes.
    async fn taken(&self, queue: &str) -> Vec<(String, Value)> {
        let asked = json!({
            "QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"],
        });
        let answer = self.sqs("ReceiveMessage", asked).await;
        let one = |message: &Value| {
            (message["Body"].as_str().unwrap().to_owned(), message["MessageAttributes"].clone())
        };
        answer["Messages"].as_array().map(|all| all.iter().map(one).collect()).unwrap_or_default()
    }

    async fn publish_text(&self, topic: &str, message: &str) -> String {
        self.call("Publish", &[("TopicArn", topic), ("Message", message)]).await
    }

    fn counted(&self) -> [(&'static str, u64); 4] {
        self.hub.metrics.schemas.counts()
    }
}

fn bodies(taken: &[(String, Value)]) -> Vec<&str> {
    taken.iter().map(|(body, _)| body.as_str()).collect()
}

#[actix_web::test]
async fn a_message_that_does_not_fit_is_refused_with_its_place() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MessageSchema", &schema("reject"))]).await;
    assert!(world.publish_text(&topic, r#"{"id":1}"#).await.contains("<MessageId>"));
    let refused = |what: &str| format!("400 InvalidParameter: Invalid parameter: Message Reason: {what}");
    assert_eq!(world.publish_text(&topic, "x").await, refused("the message is no JSON at #"));
    let type_of_id = refused(r#"value is not of type "integer" at #/id"#);
    assert_eq!(world.publish_text(&topic, r#"{"id":"1"}"#).await.replace("&quot;", "\""), type_of_id);
    assert_eq!(world.counted()[0], ("rejected", 2));
}

#[actix_web::test]
async fn an_entry_that_does_not_fit_fails_by_itself() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MessageSchema", &schema("reject"))]).await;
    let entries = [("a", "x"), ("b", r#"{"id":1}"#), ("c", "")];
    let mut all = vec![("TopicArn".to_owned(), topic)];
    for (number, (id, message)) in (1..).zip(entries) {
        let at = format!("PublishBatchRequestEntries.member.{number}");
        all.extend([(format!("{at}.Id"), id.to_owned()), (format!("{at}.Message"), message.to_owned())]);
    }
    let answer = world.call("PublishBatch", &borrowed(&all)).await;
    let failed = |what: &str, id: &str| {
        let code = "<Code>InvalidParameter</Code>";
        format!(
            "<member>{code}<Message>Invalid parameter: {what}</Message><SenderFault>true</SenderFault><Id>{id}</Id></member>"
        )
    };
    let failed = failed("Message Reason: the message is no JSON at #", "a") + &failed("Empty message", "c");
    assert_eq!(inside(&answer, "Failed"), failed);
    assert_eq!(inside(inside(&answer, "Successful"), "Id"), "b");
}

#[actix_web::test]
async fn a_schema_that_warns_lets_everything_through() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MessageSchema", &schema("warn"))]).await;
    world.make_queue("inbox").await;
    world.subscribe(&topic, "inbox", &[("RawMessageDelivery", "true")]).await;
    for message in ["x", r#"{"id":1}"#] {
        assert!(world.publish_text(&topic, message).await.contains("<MessageId>"));
    }
    assert_eq!(bodies(&world.taken("inbox").await), ["x", r#"{"id":1}"#]);
    assert_eq!(world.counted(), [("rejected", 0), ("warned", 1), ("dead_lettered", 0), ("dropped", 0)]);
}

#[actix_web::test]
async fn what_does_not_fit_goes_to_the_dead_letter_queue_alone() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MessageSchema", &dead_letters("dead"))]).await;
    world.make_queue("inbox").await;
    world.subscribe(&topic, "inbox", &[]).await;
    let with_attribute = [
        ("TopicArn", topic.as_str()),
        ("Message", "x"),
        ("MessageAttributes.entry.1.Name", "kind"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "book"),
    ];
    // There is no such queue yet.
    assert!(world.call("Publish", &with_attribute).await.contains("<MessageId>"));
    world.make_queue("dead").await;
    let id = world.call("Publish", &with_attribute).await;
    assert!(uuid::Uuid::try_parse(inside(&id, "MessageId")).is_ok(), "{id}");
    let kind = json!({ "kind": { "DataType": "String", "StringValue": "book" } });
    assert_eq!(world.taken("dead").await, [("x".to_owned(), kind)]);
    assert_eq!(world.taken("inbox").await, []);
    assert_eq!(world.counted(), [("rejected", 0), ("warned", 0), ("dead_lettered", 1), ("dropped", 1)]);
}

#[actix_web::test]
async fn dead_letters_of_a_fifo_topic_keep_their_group_and_are_told_apart() {
    let world = World::new();
    let attributes = [("FifoTopic", "true"), ("MessageSchema", &dead_letters("dead.fifo"))];
    let topic = world.create_topic("orders.fifo", &attributes).await;
    world.make_queue("dead.fifo").await;
    for id in ["1", "2", "1"] {
        let message = [("TopicArn", topic.as_str()), ("Message", "x"), ("MessageGroupId", "g")];
        let answer = world.call("Publish", &[&message[..], &[("MessageDeduplicationId", id)]].concat()).await;
        assert!(answer.contains("<MessageId>") && !answer.contains("SequenceNumber"), "{answer}");
    }
    let asked = json!({ "QueueUrl": "dead.fifo", "MaxNumberOfMessages": 10, "AttributeNames": ["All"] });
    let answer = world.sqs("ReceiveMessage", asked).await;
    let shown = |message: &Value| {
        let attributes = &message["Attributes"];
        (attributes["MessageGroupId"].clone(), attributes["MessageDeduplicationId"].clone())
    };
    let shown: Vec<_> = answer["Messages"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(shown, [(json!("g"), json!("1")), (json!("g"), json!("2"))]);
}

#[actix_web::test]
async fn of_a_structured_message_the_default_text_has_to_fit() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MessageSchema", &schema("reject"))]).await;
    for (texts, fits) in [
        (json!({ "default": r#"{"id":1}"#, "sqs": "x" }), true),
        (json!({ "default": "x", "sqs": r#"{"id":1}"# }), false),
    ] {
        let texts = texts.to_string();
        let message = [("TopicArn", topic.as_str()), ("MessageStructure", "json"), ("Message", &texts)];
        assert_eq!(world.call("Publish", &message).await.contains("<MessageId>"), fits, "{texts}");
    }
}

#[actix_web::test]
async fn a_schema_is_set_shown_and_removed() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let set = async |value: &str| {
        let given =
            [("TopicArn", topic.as_str()), ("AttributeName", "MessageSchema"), ("AttributeValue", value)];
        world.call("SetTopicAttributes", &given).await
    };
    let shown = async || {
        let all = map(&world.call("GetTopicAttributes", &[("TopicArn", &topic)]).await);
        all.into_iter().find(|(name, _)| name == "MessageSchema").map(|(_, value)| value)
    };
    for none in ["", "{}"] {
        assert_eq!(shown().await, None);
        assert_eq!(set(&schema("reject")).await, "");
        assert_eq!(shown().await, Some(schema("reject")));
        assert!(world.publish_text(&topic, "x").await.starts_with("400"));
        assert_eq!(set(none).await, "");
        assert!(world.publish_text(&topic, "x").await.contains("<MessageId>"));
    }
    world.subscribe(&topic, "inbox", &[]).await;
    set(&schema("reject")).await;
    world.subscribe(&topic, "other", &[]).await;
    assert!(world.publish_text(&topic, "x").await.starts_with("400"), "views of the topic keep its schema");
}

#[actix_web::test]
async fn a_schema_that_cannot_be_applied_is_refused() {
    let world = World::new();
    let (topic, fifo) = (
        world.create_topic("orders", &[]).await,
        world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await,
    );
    let kind = "deadLetterTargetArn must be a FIFO queue for a FIFO topic, and a standard queue for a standard topic";
    let invalid = "deadLetterTargetArn is an invalid arn";
    world.make_queue("member").await;
    world.make_list("list", "member").await;
    let list = "deadLetterTargetArn must not be a priority queue";
    let elsewhere = dead_letters("dead").replace("us-east-1", "eu-west-1");
    let others = dead_letters("dead").replace("000000000000", "111122223333");
    let outside = r#"{"mode":"warn","schema":{"$ref":"http://example.com/x"}}"#.to_owned();
    let leaves = "the reference http://example.com/x does not lead into the schema itself (#/...)";
    for (topic, value, flaw) in [
        (&topic, "[]".to_owned(), "must be a JSON object"),
        (&topic, "{".to_owned(), "failed to parse JSON"),
        (&topic, outside, leaves),
        (&topic, elsewhere, invalid),
        (&topic, others, invalid),
        (&topic, dead_letters("dead.fifo"), kind),
        (&topic, dead_letters("list"), list),
        (&fifo, dead_letters("dead"), kind),
    ] {
        let given =
            [("TopicArn", topic.as_str()), ("AttributeName", "MessageSchema"), ("AttributeValue", &value)];
        let expected = format!("400 InvalidParameter: Invalid parameter: MessageSchema: {flaw}");
        world.check("SetTopicAttributes", &given, &expected).await;
        let name = if *topic == fifo { "other.fifo" } else { "other" };
        let mut create = vec![("Name".to_owned(), name.to_owned())];
        let is_fifo = (*topic == fifo).to_string();
        create.extend(entries("Attributes", &[("FifoTopic", &is_fifo), ("MessageSchema", &value)]));
        let expected =
            format!("400 InvalidParameter: Invalid parameter: Attributes Reason: MessageSchema: {flaw}");
        world.check("CreateTopic", &borrowed(&create), &expected).await;
    }
}

#[actix_web::test]
async fn a_priority_queue_that_took_the_name_of_a_dead_letter_queue_passes_on_what_it_is_given() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MessageSchema", &dead_letters("dead"))]).await;
    world.make_queue("member").await;
    world.make_list("dead", "member").await;
    let priority = [
        ("TopicArn", topic.as_str()),
        ("Message", "x"),
        ("MessageAttributes.entry.1.Name", "Priority"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "of no member"),
    ];
    assert!(world.call("Publish", &priority).await.contains("<MessageId>"));
    assert_eq!(bodies(&world.taken("member").await), ["x"]);
}
