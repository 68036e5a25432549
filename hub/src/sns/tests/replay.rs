//! Archives, and what is delivered from them again.

use super::*;
use crate::resources;
use crate::storage::clock::ClockChange;
use crate::work::Work;
use std::time::Duration;

const ARCHIVE: (&str, &str) = ("ArchivePolicy", r#"{"MessageRetentionPeriod":"1"}"#);
const FIFO: (&str, &str) = ("FifoTopic", "true");
const RAW: (&str, &str) = ("RawMessageDelivery", "true");
/// All that an archive has.
const EVERYTHING: (&str, &str) =
    ("ReplayPolicy", r#"{"PointType":"Timestamp","StartingPoint":"2020-01-01T00:00:00.000Z"}"#);

impl World {
    /// Publishes messages, on a FIFO topic in one group.
    async fn publish_all(&self, topic: &str, messages: &[&str]) {
        for message in messages {
            let mut all = vec![("TopicArn", topic), ("Message", message)];
            if topic.ends_with(".fifo") {
                all.extend([("MessageGroupId", "g"), ("MessageDeduplicationId", message)]);
            }
            let answer = self.call("Publish", &all).await;
            assert!(answer.starts_with("<MessageId>"), "{answer}");
        }
    }

    /// Waits for so many messages, and gives their bodies.
    async fn take(&self, queue: &str, number: usize) -> Vec<String> {
        let mut bodies = Vec::new();
        while bodies.len() < number {
            let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20 });
            let received = self.sqs("ReceiveMessage", input).await;
            let messages = received["Messages"].as_array().cloned().unwrap_or_default();
            assert!(!messages.is_empty(), "{bodies:?} and no more");
            for message in messages {
                bodies.push(message["Body"].as_str().unwrap().to_owned());
                let handle = &message["ReceiptHandle"];
                self.sqs("DeleteMessage", json!({ "QueueUrl": queue, "ReceiptHandle": handle })).await;
            }
        }
        bodies
    }

    /// How many messages are in a queue.
    async fn left(&self, queue: &str) -> String {
        let input = json!({ "QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"] });
        let shown = self.sqs("GetQueueAttributes", input).await;
        shown["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().to_owned()
    }

    async fn set_subscription(&self, arn: &str, name: &str, value: &str, expected: &str) {
        let parameters = [("SubscriptionArn", arn), ("AttributeName", name), ("AttributeValue", value)];
        self.check("SetSubscriptionAttributes", &parameters, expected).await;
    }

    async fn attribute(&self, subscription: &str, name: &str) -> Option<String> {
        let shown = map(&self.call("GetSubscriptionAttributes", &[("SubscriptionArn", subscription)]).await);
        shown.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Asks for a replay; gives the status and what is answered.
    async fn replay(&self, topic: &str, asked: Value) -> (u16, Value) {
        let headers = HeaderMap::new();
        let path = format!("/_fanq/topics/{topic}/replay");
        let head = Head { method: &Method::POST, path: &path, query: "", headers: &headers };
        let (body, base_url) = (Bytes::from(asked.to_string()), "http://localhost:4566".to_owned());
        let response = resources::answer(&self.hub, Request { head, body, base_url }).await;
        (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap())
    }

    async fn advance(&self, time: Duration) {
        let changes = vec![ClockChange::Freeze, ClockChange::AdvanceBy(time)];
        self.hub.engine.turn_clock(changes).await.unwrap();
    }
}

#[actix_web::test]
async fn a_subscription_can_begin_with_the_archive_and_goes_on_with_what_is_new() {
    let world = World::new();
    let work = Work::start(&world.hub);
    for (name, kind) in [("news", &[ARCHIVE][..]), ("news.fifo", &[ARCHIVE, FIFO])] {
        let topic = world.create_topic(name, kind).await;
        let queue = name.replace("news", "inbox");
        world.make_queue(&queue).await;
        world.publish_all(&topic, &["a", "b"]).await;
        let subscription = world.subscribe(&topic, &queue, &[EVERYTHING]).await;
        let envelopes: Vec<Value> =
            world.take(&queue, 2).await.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        assert!(envelopes.iter().all(|envelope| envelope["Replayed"] == true), "{envelopes:?}");
        assert_eq!(envelopes.iter().map(|envelope| &envelope["Message"]).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(world.attribute(&subscription, "ReplayStatus").await.as_deref(), Some("Completed"));
        world.publish_all(&topic, &["c"]).await;
        let new: Value = serde_json::from_str(&world.take(&queue, 1).await[0]).unwrap();
        assert_eq!((&new["Message"], new.get("Replayed")), (&json!("c"), None));
    }
    work.stop().await;
}

#[actix_web::test]
async fn a_long_archive_is_replayed_in_order_and_through_the_filter() {
    let world = World::new();
    let topic = world.create_topic("news.fifo", &[ARCHIVE, FIFO]).await;
    world.make_queue("inbox.fifo").await;
    let names: Vec<_> = (0..450).map(|number| format!(r#"{{"number":{number}}}"#)).collect();
    world.publish_all(&topic, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let filter = [
        RAW,
        EVERYTHING,
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", r#"{"number":[{"numeric":[">=",100]}]}"#),
    ];
    let subscription = world.subscribe(&topic, "inbox.fifo", &filter).await;
    assert_eq!(world.attribute(&subscription, "ReplayStatus").await.as_deref(), Some("Pending"));
    let work = Work::start(&world.hub);
    assert_eq!(world.take("inbox.fifo", 350).await, names[100..]);
    assert_eq!(world.left("inbox.fifo").await, "0");
    work.stop().await;
}

#[actix_web::test]
async fn a_replay_with_an_end_gives_nothing_new_until_its_policy_is_removed() {
    let world = World::new();
    let work = Work::start(&world.hub);
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    world.make_queue("inbox").await;
    world.publish_all(&topic, &["a"]).await;
    let policy = r#"{"PointType":"Timestamp","StartingPoint":"2020-01-01T00:00:00Z","EndingPoint":"2099-01-01T00:00:00Z"}"#;
    let attributes = [RAW, ("ReplayPolicy", policy)];
    let subscription = world.subscribe(&topic, "inbox", &attributes).await;
    assert_eq!(world.take("inbox", 1).await, ["a"]);
    assert_eq!(world.attribute(&subscription, "ReplayPolicy").await.as_deref(), Some(policy));
    assert_eq!(world.attribute(&subscription, "ReplayStatus").await.as_deref(), Some("In progress"));
    // It is before the end, so what is published belongs to the replay.
    world.publish_all(&topic, &["b"]).await;
    assert_eq!(world.take("inbox", 1).await, ["b"]);
    let over = policy.replace("2099", "2021");
    world.set_subscription(&subscription, "ReplayPolicy", &over, "").await;
    while world.attribute(&subscription, "ReplayStatus").await.as_deref() != Some("Completed") {
        tokio::task::yield_now().await;
    }
    world.publish_all(&topic, &["c"]).await;
    assert_eq!(world.left("inbox").await, "0");
    world.set_subscription(&subscription, "ReplayPolicy", "", "").await;
    assert_eq!(world.attribute(&subscription, "ReplayPolicy").await, None);
    assert_eq!(world.attribute(&subscription, "ReplayStatus").await, None);
    world.publish_all(&topic, &["d"]).await;
    assert_eq!(world.take("inbox", 1).await, ["d"]);
    work.stop().await;
}

#[actix_web::test]
async fn replay_policies_that_cannot_be_are_refused() {
    let world = World::new();
    let plain = world.create_topic("plain", &[]).await;
    let wrong = |what: &str| format!("400 InvalidParameter: Invalid parameter: ReplayPolicy: {what}");
    let subscription = world.subscribe(&plain, "inbox", &[]).await;
    let none = wrong("The topic has no ArchivePolicy");
    world.set_subscription(&subscription, "ReplayPolicy", EVERYTHING.1, &none).await;
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    let late = EVERYTHING.1.replace('}', r#","EndingPoint":"2099-01-01T00:00:00Z"}"#);
    for number in 0..100 {
        world.subscribe(&topic, &format!("q{number}"), &[("ReplayPolicy", &late)]).await;
    }
    let subscription = world.subscribe(&topic, "inbox", &[]).await;
    let too_many = "403 ReplayLimitExceeded: Replay limit exceeded";
    world.set_subscription(&subscription, "ReplayPolicy", &late, too_many).await;
    world.set_subscription(&subscription, "ReplayPolicy", "x", &wrong("Unable to parse JSON")).await;
}

#[actix_web::test]
async fn an_archive_keeps_messages_as_many_days_as_it_says() {
    let world = World::new();
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    world.make_queue("copy").await;
    let begun = async || {
        let shown = map(&world.call("GetTopicAttributes", &[("TopicArn", &topic)]).await);
        shown.into_iter().find(|(name, _)| name == "BeginningArchiveTime").unwrap().1
    };
    world.advance(Duration::ZERO).await;
    let first = begun().await;
    world.publish_all(&topic, &["a"]).await;
    world.advance(Duration::from_secs(12 * 3_600)).await;
    world.publish_all(&topic, &["b"]).await;
    assert_eq!(begun().await, first);
    world.advance(Duration::from_secs(12 * 3_600 + 60)).await;
    assert!(begun().await > first);
    let (status, tally) = world.replay("news", json!({ "from": 0, "queue": "copy" })).await;
    assert_eq!((status, tally), (200, json!({ "replayed": 1, "filtered": 0, "dropped": 0 })));
    assert_eq!(world.take("copy", 1).await, ["b"]);
}

#[actix_web::test]
async fn an_archive_can_go_to_any_queue_or_to_one_subscription() {
    let world = World::new();
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    for queue in ["inbox", "copy"] {
        world.make_queue(queue).await;
    }
    let subscription = world.subscribe(&topic, "inbox", &[RAW]).await;
    world.publish_all(&topic, &[r#"{"a":1}"#, r#"{"a":2}"#]).await;
    world.take("inbox", 2).await;
    let filter = json!({ "from": "2020-01-01T00:00:00Z", "queue": format!("{QUEUES}:copy"),
        "filter": { "a": [2] }, "filterScope": "MessageBody" });
    let (status, tally) = world.replay("news", filter).await;
    assert_eq!((status, tally), (200, json!({ "replayed": 1, "filtered": 1, "dropped": 0 })));
    assert_eq!(world.take("copy", 1).await, [r#"{"a":2}"#]);
    let (status, tally) = world.replay("news", json!({ "from": 0, "subscription": subscription })).await;
    assert_eq!((status, tally), (200, json!({ "replayed": 2, "filtered": 0, "dropped": 0 })));
    assert_eq!(world.take("inbox", 2).await.len(), 2);
    let (_, tally) = world.replay("news", json!({ "from": 0, "to": 1, "queue": "copy" })).await;
    assert_eq!(tally["replayed"], 0);
}

#[actix_web::test]
async fn what_no_replay_can_be_is_answered_with_a_sentence() {
    let world = World::new();
    let plain = world.create_topic("plain", &[]).await;
    world.create_topic("news", &[ARCHIVE]).await;
    world.make_queue("copy").await;
    world.make_queue("copy.fifo").await;
    let elsewhere = world.subscribe(&plain, "copy", &[]).await;
    for (topic, asked, status, sentence) in [
        ("old", json!({ "from": 0, "queue": "copy" }), 404, "Topic does not exist"),
        (
            "plain",
            json!({ "from": 0, "queue": "copy" }),
            409,
            "The topic plain has no archive: give it an ArchivePolicy first.",
        ),
        (
            "news",
            json!({ "from": 0 }),
            400,
            "Name either the queue or the subscription that the messages are for.",
        ),
        ("news", json!({ "from": 0, "queue": "nowhere" }), 400, "The specified queue does not exist."),
        (
            "news",
            json!({ "from": "soon", "queue": "copy" }),
            400,
            "\"soon\" is no moment: it is milliseconds since 1970, or a text like 2026-01-02T03:04:05Z.",
        ),
        (
            "news",
            json!({ "from": 0, "queue": "copy.fifo" }),
            400,
            "What a standard topic archives has no groups, which a FIFO queue needs.",
        ),
        (
            "news",
            json!({ "from": 0, "subscription": elsewhere }),
            400,
            &format!("{elsewhere} is no subscription of this topic."),
        ),
        (
            "news",
            json!({ "from": 0, "queue": "copy", "filterScope": "Both" }),
            400,
            "The filterScope is MessageAttributes or MessageBody.",
        ),
    ] {
        assert_eq!(
            world.replay(topic, asked.clone()).await,
            (status, json!({ "error": sentence })),
            "{asked}"
        );
    }
}
