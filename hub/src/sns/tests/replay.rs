//! Archives, and what is delivered from them again.

use super::*;
use crate::delivery::envelope::iso_8601;
use crate::resources;
use crate::storage::clock::ClockChange;
use crate::work::Work;
use queue_core::Timestamp;
use std::time::Duration;

const ARCHIVE: (&str, &str) = ("ArchivePolicy", r#"{"MessageRetentionPeriod":"1"}"#);
const FIFO: (&str, &str) = ("FifoTopic", "true");
const RAW: (&str, &str) = ("RawMessageDelivery", "true");

/// The policy of a replay from a moment on.
fn from(moment: Timestamp) -> String {
    json!({ "PointType": "Timestamp", "StartingPoint": iso_8601(moment) }).to_string()
}

/// The same, until a moment.
fn until(policy: &str, moment: &str) -> String {
    policy.replace('}', &format!(r#","EndingPoint":"{moment}"}}"#))
}

impl World {
    /// The policy that asks for all that a new archive has.
    fn everything(&self) -> String {
        from(self.hub.now())
    }

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
        let everything = world.everything();
        let topic = world.create_topic(name, kind).await;
        let queue = name.replace("news", "inbox");
        world.make_queue(&queue).await;
        world.publish_all(&topic, &["a", "b"]).await;
        let subscription = world.subscribe(&topic, &queue, &[("ReplayPolicy", &everything)]).await;
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
    let everything = world.everything();
    let topic = world.create_topic("news.fifo", &[ARCHIVE, FIFO]).await;
    world.make_queue("inbox.fifo").await;
    let names: Vec<_> = (0..450).map(|number| format!(r#"{{"number":{number}}}"#)).collect();
    world.publish_all(&topic, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let filter = [
        RAW,
        ("ReplayPolicy", everything.as_str()),
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
    let begin = world.hub.now();
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    world.make_queue("inbox").await;
    world.publish_all(&topic, &["a"]).await;
    let policy = until(&from(begin), "2099-01-01T00:00:00Z");
    let attributes = [RAW, ("ReplayPolicy", policy.as_str())];
    let subscription = world.subscribe(&topic, "inbox", &attributes).await;
    assert_eq!(world.take("inbox", 1).await, ["a"]);
    assert_eq!(world.attribute(&subscription, "ReplayPolicy").await.as_deref(), Some(policy.as_str()));
    assert_eq!(world.attribute(&subscription, "ReplayStatus").await.as_deref(), Some("In progress"));
    // It is before the end, so what is published belongs to the replay.
    world.publish_all(&topic, &["b"]).await;
    assert_eq!(world.take("inbox", 1).await, ["b"]);
    let over = until(&from(begin), &iso_8601(begin));
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
    world.set_subscription(&subscription, "ReplayPolicy", &world.everything(), &none).await;
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    let late = until(&world.everything(), "2099-01-01T00:00:00Z");
    for number in 0..100 {
        world.subscribe(&topic, &format!("q{number}"), &[("ReplayPolicy", &late)]).await;
    }
    let subscription = world.subscribe(&topic, "inbox", &[]).await;
    let too_many = "403 ReplayLimitExceeded: Replay limit exceeded";
    world.set_subscription(&subscription, "ReplayPolicy", &late, too_many).await;
    world.set_subscription(&subscription, "ReplayPolicy", "x", &wrong("Unable to parse JSON")).await;
}

#[actix_web::test]
async fn a_replay_cannot_start_before_the_archive_begins() {
    let world = World::new();
    world.advance(Duration::ZERO).await;
    let begin = world.hub.now();
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    let subscription = world.subscribe(&topic, "inbox", &[]).await;
    let wrong = "400 InvalidParameter: Invalid parameter: ReplayPolicy: Invalid StartingPoint value";
    let early = from(begin.before(Duration::from_secs(61)));
    world.set_subscription(&subscription, "ReplayPolicy", &early, wrong).await;
    let answer =
        world.try_subscribe(&topic, "sqs", &format!("{QUEUES}:q"), &[("ReplayPolicy", &early)]).await;
    assert_eq!(answer, wrong);
    // The beginning is not so exact that what was read a moment ago does not count.
    world
        .set_subscription(&subscription, "ReplayPolicy", &from(begin.before(Duration::from_secs(59))), "")
        .await;
    // A policy that was right when it was set stays so, however the archive moves on.
    world.set_subscription(&subscription, "ReplayPolicy", &from(begin), "").await;
    world.advance(Duration::from_hours(48)).await;
    world.set_subscription(&subscription, "ReplayPolicy", &from(begin), "").await;
    let earlier = from(begin.after(Duration::from_hours(23)));
    world.set_subscription(&subscription, "ReplayPolicy", &earlier, wrong).await;
}

#[actix_web::test]
async fn a_replay_that_is_to_start_later_gives_nothing_published_before() {
    let world = World::new();
    let work = Work::start(&world.hub);
    world.advance(Duration::ZERO).await;
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    world.make_queue("inbox").await;
    world.make_queue("all").await;
    let later = from(world.hub.now().after(Duration::from_hours(1)));
    let subscription = world.subscribe(&topic, "inbox", &[RAW, ("ReplayPolicy", &later)]).await;
    let everything = world.everything();
    world.publish_all(&topic, &["a"]).await;
    // A replay that begins and ends while this one waits shows that replays go on.
    world.subscribe(&topic, "all", &[RAW, ("ReplayPolicy", &everything)]).await;
    assert_eq!(world.take("all", 1).await, ["a"]);
    assert_eq!(world.attribute(&subscription, "ReplayStatus").await.as_deref(), Some("Pending"));
    world.advance(Duration::from_hours(2)).await;
    world.publish_all(&topic, &["b"]).await;
    assert_eq!(world.take("inbox", 1).await, ["b"]);
    assert_eq!(world.left("inbox").await, "0");
    work.stop().await;
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
    let (status, tally) = world.replay("news", json!({ "queue": "copy" })).await;
    assert_eq!((status, tally), (200, json!({ "replayed": 1, "filtered": 0, "dropped": 0 })));
    assert_eq!(world.take("copy", 1).await, ["b"]);
}

#[actix_web::test]
async fn an_archive_can_go_to_any_queue_or_to_one_subscription() {
    let world = World::new();
    let begin = world.hub.now();
    let topic = world.create_topic("news", &[ARCHIVE]).await;
    for queue in ["inbox", "copy"] {
        world.make_queue(queue).await;
    }
    let subscription = world.subscribe(&topic, "inbox", &[RAW]).await;
    world.publish_all(&topic, &[r#"{"a":1}"#, r#"{"a":2}"#]).await;
    world.take("inbox", 2).await;
    let filter = json!({ "from": begin.milliseconds(), "queue": format!("{QUEUES}:copy"),
        "filter": { "a": [2] }, "filterScope": "MessageBody" });
    let (status, tally) = world.replay("news", filter).await;
    assert_eq!((status, tally), (200, json!({ "replayed": 1, "filtered": 1, "dropped": 0 })));
    assert_eq!(world.take("copy", 1).await, [r#"{"a":2}"#]);
    let (status, tally) = world.replay("news", json!({ "subscription": subscription })).await;
    assert_eq!((status, tally), (200, json!({ "replayed": 2, "filtered": 0, "dropped": 0 })));
    assert_eq!(world.take("inbox", 2).await.len(), 2);
    let before = iso_8601(begin.before(Duration::from_millis(1)));
    let (_, tally) = world.replay("news", json!({ "from": before, "to": before, "queue": "copy" })).await;
    assert_eq!(tally["replayed"], 0);
    let (_, tally) = world.replay("news", json!({ "to": "2099-01-01T00:00:00Z", "queue": "copy" })).await;
    assert_eq!(tally["replayed"], 2);
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
        ("old", json!({ "queue": "copy" }), 404, "Topic does not exist"),
        (
            "plain",
            json!({ "queue": "copy" }),
            409,
            "The topic plain has no archive: give it an ArchivePolicy first.",
        ),
        ("news", json!({}), 400, "Name either the queue or the subscription that the messages are for."),
        ("news", json!({ "queue": "nowhere" }), 400, "The specified queue does not exist."),
        (
            "news",
            json!({ "from": "soon", "queue": "copy" }),
            400,
            "\"soon\" is no moment: it is milliseconds since 1970, or a text like 2026-01-02T03:04:05Z.",
        ),
        (
            "news",
            json!({ "queue": "copy.fifo" }),
            400,
            "What a standard topic archives has no groups, which a FIFO queue needs.",
        ),
        (
            "news",
            json!({ "subscription": elsewhere }),
            400,
            &format!("{elsewhere} is no subscription of this topic."),
        ),
        (
            "news",
            json!({ "queue": "copy", "filterScope": "Both" }),
            400,
            "The filterScope is MessageAttributes or MessageBody.",
        ),
        (
            "news",
            json!({ "queue": "copy", "from": 0 }),
            400,
            "The archive does not reach back so far: see the topic's BeginningArchiveTime, or leave out from for all \
             that there is.",
        ),
        (
            "news",
            json!({ "queue": "copy", "from": "2099-01-01T00:00:00Z" }),
            400,
            "The moment to begin at is still to come.",
        ),
        ("news", json!({ "queue": "copy", "to": 1 }), 400, "The end comes before the beginning."),
    ] {
        assert_eq!(
            world.replay(topic, asked.clone()).await,
            (status, json!({ "error": sentence })),
            "{asked}"
        );
    }
}
