//! What those see who read topics live, of what is published.

use super::*;
use crate::auth;
use crate::live::{Asked, Item, Reader};
use crate::operation::Context;
use crate::resources;
use crate::wire::Fault;
use tracing::Span;

impl World {
    fn read(&self, asked: Value) -> Result<Reader, Fault> {
        let cx = Context {
            hub: Arc::clone(&self.hub),
            caller: auth::authenticate(None, "us-east-1").unwrap(),
            base_url: String::new(),
            queue_path: None,
            trace_header: None,
            span: Span::none(),
        };
        let asked: Asked = serde_json::from_value(asked).unwrap();
        asked.check(&cx).map(|request| self.hub.live.subscribe(request))
    }

    async fn check_refused(&self, asked: Value, expected: &str) {
        let fault = self.read(asked.clone()).err().unwrap_or_else(|| panic!("{asked} was accepted"));
        assert!(fault.message().contains(expected), "{asked}: {}", fault.message());
    }
}

/// The messages that are there now.
fn messages(reader: &mut Reader) -> Vec<String> {
    let message = |item| match item {
        Item::Event { event, .. } => {
            let event: Value = serde_json::from_str(&format!("{{{}}}", event.json())).unwrap();
            Some(event["message"].as_str().unwrap().to_owned())
        }
        Item::Live(_) => None,
        Item::Gap(_) | Item::Closed(_) => panic!("{item:?}"),
    };
    std::iter::from_fn(|| reader.ready()).filter_map(message).collect()
}

#[actix_web::test]
async fn an_event_is_there_when_its_publisher_is_answered() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let mut reader = world.read(json!({ "type": "subscribe", "sub": "a", "topic": topic })).unwrap();
    for message in ["a", "b"] {
        world.call("Publish", &[("TopicArn", &topic), ("Message", message)]).await;
        assert_eq!(messages(&mut reader), [message]);
    }
}

#[actix_web::test]
async fn what_is_refused_is_no_event() {
    let world = World::new();
    let schema = r#"{"schema":{"type":"object"},"mode":"reject"}"#;
    let topic = world.create_topic("orders", &[("MessageSchema", schema)]).await;
    let mut reader = world.read(json!({ "topic": "orders" })).unwrap();
    let entries = ["{}", "no object", r#"{"n":1}"#].iter().enumerate();
    let member = |(number, message): (usize, &&str)| {
        let at = format!("PublishBatchRequestEntries.member.{}", number + 1);
        [(format!("{at}.Id"), number.to_string()), (format!("{at}.Message"), (*message).to_owned())]
    };
    let mut batch: Vec<_> = entries.flat_map(member).collect();
    batch.push(("TopicArn".to_owned(), topic.clone()));
    let answer = world.call("PublishBatch", &borrowed(&batch)).await;
    assert_eq!(answer.matches("<MessageId>").count(), 2, "{answer}");
    for message in ["", "no object"] {
        world.call("Publish", &[("TopicArn", &topic), ("Message", message)]).await;
    }
    assert_eq!(messages(&mut reader), ["{}", r#"{"n":1}"#]);
}

#[actix_web::test]
async fn what_an_archive_delivers_again_is_no_event() {
    let world = World::new();
    let archive = ("ArchivePolicy", r#"{"MessageRetentionPeriod":"1"}"#);
    let topic = world.create_topic("orders", &[archive]).await;
    world.make_queue("copy").await;
    let mut reader = world.read(json!({ "topic": "orders" })).unwrap();
    let begun = world.hub.now().milliseconds();
    world.call("Publish", &[("TopicArn", &topic), ("Message", "a")]).await;
    let headers = HeaderMap::new();
    let head =
        Head { method: &Method::POST, path: "/_fanq/topics/orders/replay", query: "", headers: &headers };
    let body = Bytes::from(json!({ "from": begun, "queue": "copy" }).to_string());
    let request = Request { head, body, base_url: "http://localhost:4566".to_owned() };
    let replayed = resources::answer(&world.hub, request).await;
    assert!(replayed.body.starts_with(br#"{"replayed":1"#), "{:?}", replayed.body);
    assert_eq!(messages(&mut reader), ["a"]);
}

#[actix_web::test]
async fn what_cannot_be_followed_is_refused() {
    let world = World::new();
    world.create_topic("orders", &[]).await;
    for (asked, expected) in [
        (json!({}), "topics Reason: name 1 to 100 topics"),
        (json!({ "topics": vec!["orders"; 101] }), "topics Reason: name 1 to 100 topics"),
        (json!({ "topic": "other" }), "Topic does not exist"),
        (json!({ "topics": ["orders", "other"] }), "Topic does not exist"),
        (json!({ "topic": "arn:aws:sqs:us-east-1:000000000000:orders" }), "TopicArn"),
        (json!({ "topic": "*".repeat(2_000) }), "a name is too long"),
        (json!({ "topic": "orders", "filter": { "a": [] } }), "filter Reason: "),
        (json!({ "topic": "orders", "filterScope": "Body" }), "filterScope Reason: "),
        (json!({ "topic": "orders", "buffer": 0 }), "buffer Reason: it is 1 to 10000"),
        (json!({ "topic": "orders", "overflow": "wait" }), "overflow Reason: "),
        (json!({ "topic": "orders", "maxRate": -1 }), "maxRate Reason: "),
        (json!({ "topic": "orders", "maxRate": 10_001 }), "maxRate Reason: "),
        (json!({ "topic": "orders", "conflateBy": "id" }), "conflateBy Reason: "),
        (json!({ "topic": "orders", "since": "then" }), "since Reason: "),
        (json!({ "topic": "orders", "since": { "time": "then" } }), "since Reason: "),
    ] {
        world.check_refused(asked, expected).await;
    }
    for asked in [
        json!({ "topic": "nothing-yet-*" }),
        json!({ "topic": "orders", "filter": null, "since": null }),
        json!({ "topic": "orders", "filter": "{}", "since": { "time": 5 }, "maxRate": 0.1 }),
        json!({ "topic": "orders", "since": { "last": 5 }, "conflateBy": "/a/0" }),
        json!({ "topic": "orders", "since": { "offset": 5, "epoch": "e1" } }),
    ] {
        assert!(world.read(asked.clone()).is_ok(), "{asked}");
    }
}
