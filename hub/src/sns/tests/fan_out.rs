//! From a topic to queues.

use super::*;
use serde_json::json;

impl World {
    /// Makes a queue, and gives its URL.
    async fn create_queue(&self, name: &str) -> String {
        let fifo = if name.ends_with(".fifo") { json!({ "FifoQueue": "true" }) } else { json!({}) };
        let created = self.sqs("CreateQueue", json!({ "QueueName": name, "Attributes": fifo })).await;
        created["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Takes up to ten messages, with all that is said of them.
    async fn receive(&self, url: &str) -> Vec<Value> {
        let input = json!({
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let received = self.sqs("ReceiveMessage", input).await;
        received["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// The bodies of the messages in a queue.
    async fn bodies(&self, url: &str) -> Vec<String> {
        let messages = self.receive(url).await;
        messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect()
    }

    /// Publishes, and gives the message's id.
    async fn publish(&self, topic: &str, parameters: Parameters<'_>) -> String {
        let answer = self.call("Publish", &[&[("TopicArn", topic)], parameters].concat()).await;
        assert!(answer.starts_with("<MessageId>"), "{answer}");
        inside(&answer, "MessageId").to_owned()
    }
}

const RAW: (&str, &str) = ("RawMessageDelivery", "true");

const ATTRIBUTES: Parameters<'static> = &[
    ("MessageAttributes.entry.1.Name", "kind"),
    ("MessageAttributes.entry.1.Value.DataType", "String"),
    ("MessageAttributes.entry.1.Value.StringValue", "book"),
    ("MessageAttributes.entry.2.Name", "blob"),
    ("MessageAttributes.entry.2.Value.DataType", "Binary"),
    ("MessageAttributes.entry.2.Value.BinaryValue", "AP8="),
];

#[actix_web::test]
async fn every_queue_gets_the_message_in_an_envelope_of_its_own() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let mut subscribed = Vec::new();
    for name in ["a", "b"] {
        let url = world.create_queue(name).await;
        subscribed.push((url, world.subscribe(&topic, name, &[]).await));
    }
    let parameters = [&[("Message", "one \"book\""), ("Subject", "New")], ATTRIBUTES].concat();
    let id = world.publish(&topic, &parameters).await;
    for (url, subscription) in subscribed {
        let [message] = &world.receive(&url).await[..] else { panic!("one message") };
        assert_eq!(message["MessageAttributes"], Value::Null);
        assert_ne!(message["MessageId"], id.as_str());
        let envelope: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
        let expected = json!({
            "Type": "Notification",
            "MessageId": id,
            "TopicArn": topic,
            "Subject": "New",
            "Message": "one \"book\"",
            "Timestamp": envelope["Timestamp"],
            "UnsubscribeURL":
                format!("http://localhost:4566/?Action=Unsubscribe&SubscriptionArn={subscription}"),
            "MessageAttributes": {
                "blob": { "Type": "Binary", "Value": "AP8=" },
                "kind": { "Type": "String", "Value": "book" },
            },
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&envelope[name], value, "{name}");
        }
    }
}

#[actix_web::test]
async fn a_raw_delivery_is_the_message_with_its_attributes() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let url = world.create_queue("q").await;
    world.subscribe(&topic, "q", &[RAW]).await;
    let parameters = [&[("Message", "one"), ("MessageGroupId", "g")], ATTRIBUTES].concat();
    world.publish(&topic, &parameters).await;
    let [message] = &world.receive(&url).await[..] else { panic!("one message") };
    assert_eq!(message["Body"], "one");
    let expected = json!({
        "blob": { "BinaryValue": "AP8=", "DataType": "Binary" },
        "kind": { "StringValue": "book", "DataType": "String" },
    });
    assert_eq!(message["MessageAttributes"], expected);
    assert!(message["MD5OfMessageAttributes"].is_string());
    assert_eq!(message["Attributes"]["MessageGroupId"], "g");
}

#[actix_web::test]
async fn a_structured_message_has_a_text_for_queues() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let url = world.create_queue("q").await;
    world.subscribe(&topic, "q", &[RAW]).await;
    for text in [r#"{"default":"d","sqs":"q"}"#, r#"{"default":"d"}"#] {
        world.publish(&topic, &[("Message", text), ("MessageStructure", "json")]).await;
    }
    assert_eq!(world.bodies(&url).await, ["q", "d"]);
}

#[actix_web::test]
async fn filters_let_through_what_they_match() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let by_attribute = [RAW, ("FilterPolicy", r#"{"kind":["book"]}"#)];
    let by_body = [RAW, ("FilterPolicy", r#"{"a":{"b":[1]}}"#), ("FilterPolicyScope", "MessageBody")];
    let (books, ones, all) = (
        world.create_queue("books").await,
        world.create_queue("ones").await,
        world.create_queue("all").await,
    );
    let subscription = world.subscribe(&topic, "books", &by_attribute).await;
    world.subscribe(&topic, "ones", &by_body).await;
    world.subscribe(&topic, "all", &[RAW]).await;
    world.publish(&topic, &[("Message", r#"{"a":{"b":2}}"#)]).await;
    world.publish(&topic, &[&[("Message", "book")], ATTRIBUTES].concat()).await;
    world.publish(&topic, &[("Message", r#"{"a":{"b":1}}"#)]).await;
    // The body is what the queue would receive.
    let structured =
        [("Message", r#"{"default":"x","sqs":"{\"a\":{\"b\":1}}"}"#), ("MessageStructure", "json")];
    world.publish(&topic, &structured).await;
    assert_eq!(world.bodies(&books).await, ["book"]);
    assert_eq!(world.bodies(&ones).await, [r#"{"a":{"b":1}}"#; 2]);
    assert_eq!(world.bodies(&all).await.len(), 4);
    // A change counts from the next publish on.
    let set = [
        ("SubscriptionArn", subscription.as_str()),
        ("AttributeName", "FilterPolicy"),
        ("AttributeValue", "{}"),
    ];
    world.check("SetSubscriptionAttributes", &set, "").await;
    world.publish(&topic, &[("Message", "anything")]).await;
    assert_eq!(world.bodies(&books).await, ["anything"]);
}

#[actix_web::test]
async fn a_batch_is_delivered_in_order_and_filtered_entry_by_entry() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let (books, all) = (world.create_queue("books").await, world.create_queue("all").await);
    world.subscribe(&topic, "books", &[RAW, ("FilterPolicy", r#"{"kind":["book"]}"#)]).await;
    world.subscribe(&topic, "all", &[RAW]).await;
    let mut parameters = vec![("TopicArn".to_owned(), topic)];
    for number in 1..=4 {
        let at = format!("PublishBatchRequestEntries.member.{number}");
        let text = if number == 3 { String::new() } else { format!("text {number}") };
        parameters.extend([(format!("{at}.Id"), number.to_string()), (format!("{at}.Message"), text)]);
        if number == 2 {
            parameters
                .extend(ATTRIBUTES.iter().map(|(name, value)| (format!("{at}.{name}"), (*value).to_owned())));
        }
    }
    let answer = world.call("PublishBatch", &borrowed(&parameters)).await;
    assert_eq!(answer.matches("<MessageId>").count(), 3, "{answer}");
    assert_eq!(world.bodies(&books).await, ["text 2"]);
    let messages = world.receive(&all).await;
    let bodies: Vec<_> = messages.iter().map(|message| message["Body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["text 1", "text 2", "text 4"]);
    assert_eq!(messages[0]["MessageAttributes"], Value::Null);
    assert!(messages[1]["MessageAttributes"].is_object());
}

#[actix_web::test]
async fn a_fifo_topic_keeps_order_and_groups_in_fifo_queues_only() {
    let world = World::new();
    let attributes = [("FifoTopic", "true"), ("ContentBasedDeduplication", "true")];
    let topic = world.create_topic("orders.fifo", &attributes).await;
    let (fifo, standard) = (world.create_queue("q.fifo").await, world.create_queue("q").await);
    world.subscribe(&topic, "q.fifo", &[]).await;
    world.subscribe(&topic, "q", &[RAW]).await;
    for text in ["1", "2", "1"] {
        world.publish(&topic, &[("Message", text), ("MessageGroupId", "g")]).await;
    }
    let messages = world.receive(&fifo).await;
    let envelopes: Vec<Value> = messages
        .iter()
        .map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap())
        .collect();
    let texts: Vec<_> = envelopes.iter().map(|envelope| envelope["Message"].as_str().unwrap()).collect();
    assert_eq!(texts, ["1", "2"]);
    assert_eq!(envelopes[0]["SequenceNumber"], "10000000000000000001");
    assert_eq!(envelopes[0]["Signature"], Value::Null);
    let shown = &messages[0]["Attributes"];
    assert_eq!(shown["MessageGroupId"], "g");
    // The hash of what was published, not of the envelope.
    let hash = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    assert_eq!(shown["MessageDeduplicationId"], hash);
    assert!(shown["SequenceNumber"].is_string());
    let messages = world.receive(&standard).await;
    assert_eq!(messages.len(), 2);
    for message in messages {
        for name in ["MessageGroupId", "MessageDeduplicationId", "SequenceNumber"] {
            assert_eq!(message["Attributes"][name], Value::Null, "{name}");
        }
    }
}

#[actix_web::test]
async fn what_a_queue_cannot_take_goes_to_the_dead_letters_of_its_subscription() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let dead = world.create_queue("dead").await;
    let good = world.create_queue("good").await;
    let small = json!({ "QueueName": "small", "Attributes": { "MaximumMessageSize": "1024" } });
    world.sqs("CreateQueue", small).await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{QUEUES}:dead"}}"#);
    let attributes = [RAW, ("RedrivePolicy", redrive.as_str())];
    for queue in ["missing", "small", "good"] {
        world.subscribe(&topic, queue, &attributes).await;
    }
    // Without dead letters a failure is of no consequence to the publisher.
    world.subscribe(&topic, "also-missing", &[]).await;
    let text = "x".repeat(1025);
    world.publish(&topic, &[("Message", &text)]).await;
    assert_eq!(world.bodies(&good).await, [text.as_str()]);
    assert_eq!(world.bodies(&dead).await, [text.as_str(), &text]);
}

#[actix_web::test]
async fn a_raw_delivery_carries_ten_attributes_at_most() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let (raw, wrapped) = (world.create_queue("raw").await, world.create_queue("wrapped").await);
    world.subscribe(&topic, "raw", &[RAW]).await;
    world.subscribe(&topic, "wrapped", &[]).await;
    let mut parameters = vec![("Message".to_owned(), "x".to_owned())];
    for number in 1..=11 {
        let at = format!("MessageAttributes.entry.{number}");
        let members = [
            ("Name", format!("n{number}")),
            ("Value.DataType", "String".into()),
            ("Value.StringValue", "v".into()),
        ];
        parameters.extend(members.map(|(name, value)| (format!("{at}.{name}"), value)));
    }
    world.publish(&topic, &borrowed(&parameters)).await;
    assert_eq!(world.bodies(&raw).await.len(), 0);
    assert_eq!(world.bodies(&wrapped).await.len(), 1);
}

#[actix_web::test]
async fn nothing_more_is_delivered_after_a_subscription_ended() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let url = world.create_queue("q").await;
    let subscription = world.subscribe(&topic, "q", &[RAW]).await;
    world.publish(&topic, &[("Message", "before")]).await;
    world.check("Unsubscribe", &[("SubscriptionArn", &subscription)], "").await;
    world.publish(&topic, &[("Message", "after")]).await;
    assert_eq!(world.bodies(&url).await, ["before"]);
}

#[actix_web::test]
async fn the_trace_of_a_publish_goes_with_its_message() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let url = world.create_queue("q").await;
    world.subscribe(&topic, "q", &[]).await;
    let mut headers = HeaderMap::new();
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    headers.insert(HeaderName::from_static("x-amzn-trace-id"), HeaderValue::from_static(trace));
    world.call_with(headers, "Publish", &[("TopicArn", &topic), ("Message", "x")]).await;
    assert_eq!(world.receive(&url).await[0]["Attributes"]["AWSTraceHeader"], trace);
}

/// Publishers that are overtaken by changes of the subscriptions match again, and lose nothing.
#[actix_web::test]
async fn publishing_goes_on_while_subscriptions_change() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let url = world.create_queue("q").await;
    world.subscribe(&topic, "q", &[RAW]).await;
    let publishing = async {
        for number in 0..10 {
            world.publish(&topic, &[("Message", &number.to_string())]).await;
        }
    };
    let subscribing = async {
        for number in 0..10 {
            world.subscribe(&topic, &format!("missing-{number}"), &[]).await;
        }
    };
    futures_util::future::join(publishing, subscribing).await;
    assert_eq!(world.bodies(&url).await.len(), 10);
}

#[actix_web::test]
async fn what_filters_keep_away_is_counted_while_subscriptions_come_and_go() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let filter = |kind: &str| ("FilterPolicy", format!(r#"{{"kind": ["{kind}"]}}"#));
    let mut arns = Vec::new();
    let (name, films) = filter("film");
    for number in 0..3 {
        world.create_queue(&format!("q-{number}")).await;
    }
    for number in 0..3 {
        arns.push(world.subscribe(&topic, &format!("q-{number}"), &[RAW, (name, &films)]).await);
        world.publish(&topic, &[&[("Message", "a")], ATTRIBUTES].concat()).await;
        world.publish(&topic, &[("Message", "b")]).await;
    }
    let (_, books) = filter("book");
    let set = [("SubscriptionArn", arns[0].as_str()), ("AttributeName", name), ("AttributeValue", &books)];
    world.call("SetSubscriptionAttributes", &set).await;
    world.publish(&topic, &[&[("Message", "c")], ATTRIBUTES].concat()).await;
    world.call("Unsubscribe", &[("SubscriptionArn", &arns[1])]).await;
    let text = world.hub.expose_metrics().await.unwrap();
    let count = |subscription: &str, reason: &str| {
        let series =
            format!(r#"fanq_filtered_messages_total{{subscription="{subscription}",reason="{reason}"}} "#);
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.map(|count| count.parse::<u64>().unwrap())
    };
    let counts = |subscription| {
        ["message_attributes", "no_message_attributes"].map(|reason| count(subscription, reason))
    };
    assert_eq!(counts(&arns[0]), [Some(3), Some(3)]);
    assert_eq!(counts(&arns[2]), [Some(2), Some(1)]);
    // It was never shown by its name.
    assert_eq!((counts(&arns[1]), counts("*")), ([None, None], [Some(3), Some(2)]));
}
