//! A replay goes on after the hub was killed in the middle of it: every archived message comes once, in its order.

use fanq_tests::{Hub, Request, TemporaryFolder, eventually};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:news.fifo";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:inbox.fifo";

/// Messages of a batch.
const BATCH: usize = 10;

/// What is archived: many pages of a replay.
const BATCHES: usize = 300;

/// How often the hub is killed before it may come to the end.
const KILLS: usize = 4;

#[test]
fn a_replay_goes_on_after_a_kill_with_nothing_lost_and_nothing_twice() {
    let folder = TemporaryFolder::new();
    let mut hub = Hub::start_in(folder.path(), &[]);
    let archive = r#"{"MessageRetentionPeriod":"1"}"#;
    let fifo = [("FifoTopic", "true"), ("ArchivePolicy", archive), ("ContentBasedDeduplication", "true")];
    sns(&hub, "CreateTopic", &[("Name", "news.fifo")], &fifo);
    let attributes = sns(&hub, "GetTopicAttributes", &[("TopicArn", TOPIC)], &[]);
    let (_, begun) = attributes.split_once("<key>BeginningArchiveTime</key><value>").unwrap();
    let (begun, _) = begun.split_once('<').unwrap();
    sqs(&hub, "CreateQueue", &json!({ "QueueName": "inbox.fifo", "Attributes": { "FifoQueue": "true" } }));
    for batch in 0..BATCHES {
        publish(&hub, batch);
    }
    // What a restart does with the archive is a part of this: it comes from the log, not from memory.
    hub = hub.restart();
    let policy = format!(r#"{{"PointType":"Timestamp","StartingPoint":"{begun}"}}"#);
    let endpoint = [("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", QUEUE)];
    sns(&hub, "Subscribe", &endpoint, &[("RawMessageDelivery", "true"), ("ReplayPolicy", &policy)]);
    for kill in 0..KILLS {
        eventually("the replay has come further", || waiting(&hub) > kill * BATCHES);
        hub = hub.restart();
    }
    eventually("the replay has come to its end", || waiting(&hub) >= BATCH * BATCHES);
    assert_eq!(drain(&hub), (0..BATCH * BATCHES).map(|number| number.to_string()).collect::<Vec<_>>());
    publish(&hub, BATCHES);
    eventually("what is new comes as usual", || waiting(&hub) == BATCH);
}

/// A call of SNS that must succeed, with a map of attributes; gives what is answered.
fn sns(hub: &Hub, action: &str, parameters: &[(&str, &str)], attributes: &[(&str, &str)]) -> String {
    let mut all: Vec<(String, String)> = vec![("Action".into(), action.into())];
    all.extend(parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    for (number, (name, value)) in (1..).zip(attributes) {
        let at = format!("Attributes.entry.{number}");
        all.extend([(format!("{at}.key"), (*name).into()), (format!("{at}.value"), (*value).into())]);
    }
    let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = Request::query("/", &all).send(hub);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    answer.text()
}

fn sqs(hub: &Hub, operation: &str, input: &Value) -> Value {
    let answer = Request::json(operation, input.to_string()).send(hub);
    assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Publishes the numbers of a batch.
fn publish(hub: &Hub, batch: usize) {
    let members = (0..BATCH).flat_map(|place| {
        let (at, number) =
            (format!("PublishBatchRequestEntries.member.{}", place + 1), batch * BATCH + place);
        [
            (format!("{at}.Id"), place.to_string()),
            (format!("{at}.Message"), number.to_string()),
            (format!("{at}.MessageGroupId"), "g".to_owned()),
        ]
    });
    let members: Vec<_> = members.collect();
    let members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    sns(hub, "PublishBatch", &[&[("TopicArn", TOPIC)], &members[..]].concat(), &[]);
}

/// How many messages are in the queue.
fn waiting(hub: &Hub) -> usize {
    let input = json!({ "QueueUrl": "inbox.fifo", "AttributeNames": ["ApproximateNumberOfMessages"] });
    let shown = sqs(hub, "GetQueueAttributes", &input);
    shown["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
}

/// Receives and deletes until there is nothing left.
fn drain(hub: &Hub) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let received =
            sqs(hub, "ReceiveMessage", &json!({ "QueueUrl": "inbox.fifo", "MaxNumberOfMessages": 10 }));
        let Some(messages) = received["Messages"].as_array() else { return bodies };
        bodies.extend(messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned()));
        let entry = |(id, message): (usize, &Value)| json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] });
        let entries: Vec<_> = messages.iter().enumerate().map(entry).collect();
        sqs(hub, "DeleteMessageBatch", &json!({ "QueueUrl": "inbox.fifo", "Entries": entries }));
    }
}
