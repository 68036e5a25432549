//! How many messages a queue can have in flight, filled up for real.

use std::iter;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use fanq_tests::{Answer, Connection, Hub, Request};
use serde_json::{Value, json};

/// AWS's quota of messages in flight, of a standard queue and of a FIFO queue.
const IN_FLIGHT: u32 = 120_000;
/// Messages of one batch, sent and received.
const BATCH: u32 = 10;
const THREADS: u32 = 4;

fn call(connection: &mut Connection, hub: &Hub, operation: &str, input: &Value) -> Answer {
    connection.write(&Request::json(operation, input.to_string()).bytes(hub));
    connection.answer()
}

fn create(hub: &Hub, name: &str, attributes: &Value) -> String {
    let input = json!({ "QueueName": name, "Attributes": attributes });
    let made = call(&mut Connection::open(hub), hub, "CreateQueue", &input).text();
    serde_json::from_str::<Value>(&made).unwrap()["QueueUrl"].as_str().unwrap().to_owned()
}

/// Receives, in one protocol or the other.
fn receive(hub: &Hub, url: &str, wait: &str) -> [Answer; 2] {
    let json = json!({ "QueueUrl": url, "WaitTimeSeconds": wait.parse::<u32>().unwrap() }).to_string();
    let query = [("Action", "ReceiveMessage"), ("QueueUrl", url), ("WaitTimeSeconds", wait)];
    [Request::json("ReceiveMessage", json), Request::query("/", &query)].map(|request| request.send(hub))
}

/// Sends and receives until as many messages are in flight as can be. Tells the receipt handle of one.
fn fill(hub: &Hub, url: &str, is_fifo: bool) -> String {
    let batches = AtomicU32::new(0);
    let work = || {
        let mut connection = Connection::open(hub);
        let mut last = Vec::new();
        let next = iter::repeat_with(|| batches.fetch_add(1, Ordering::Relaxed));
        for batch in next.take_while(|batch| *batch < IN_FLIGHT / BATCH) {
            let entry = |number: u32| {
                let mut entry = json!({ "Id": number.to_string(), "MessageBody": "x" });
                if is_fifo {
                    entry["MessageGroupId"] = json!(batch.to_string());
                    entry["MessageDeduplicationId"] = json!(format!("{batch}-{number}"));
                }
                entry
            };
            let input = json!({ "QueueUrl": url, "Entries": (0..BATCH).map(entry).collect::<Vec<_>>() });
            let sent = call(&mut connection, hub, "SendMessageBatch", &input);
            assert_eq!(sent.status, 200, "{}", sent.text());
            let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": BATCH, "VisibilityTimeout": 43_200 });
            let received = call(&mut connection, hub, "ReceiveMessage", &input);
            assert_eq!(received.status, 200, "{}", received.text());
            last = received.body;
        }
        last
    };
    let last = thread::scope(|scope| {
        let threads = [(); THREADS as usize].map(|()| scope.spawn(work));
        threads.map(|thread| thread.join().unwrap()).into_iter().find(|last| !last.is_empty()).unwrap()
    });
    let received = serde_json::from_slice::<Value>(&last).unwrap();
    received["Messages"][0]["ReceiptHandle"].as_str().unwrap().to_owned()
}

fn in_flight(hub: &Hub, url: &str) -> String {
    const NAME: &str = "ApproximateNumberOfMessagesNotVisible";
    let input = json!({ "QueueUrl": url, "AttributeNames": [NAME] });
    let told = call(&mut Connection::open(hub), hub, "GetQueueAttributes", &input).text();
    serde_json::from_str::<Value>(&told).unwrap()["Attributes"][NAME].as_str().unwrap().to_owned()
}

fn send_one(hub: &Hub, url: &str, more: &Value) {
    let mut input = json!({ "QueueUrl": url, "MessageBody": "one more" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(call(&mut Connection::open(hub), hub, "SendMessage", &input).status, 200);
}

fn delete(hub: &Hub, url: &str, handle: &str) {
    let input = json!({ "QueueUrl": url, "ReceiptHandle": handle });
    assert_eq!(call(&mut Connection::open(hub), hub, "DeleteMessage", &input).status, 200);
}

#[test]
fn a_standard_queue_with_120000_messages_in_flight_is_over_its_limit() {
    let hub = Hub::start(&[]);
    let url = create(&hub, "orders", &json!({}));
    let handle = fill(&hub, &url, false);
    assert_eq!(in_flight(&hub, &url), IN_FLIGHT.to_string());
    send_one(&hub, &url, &json!({}));

    let [json, query] = receive(&hub, &url, "0");
    assert_eq!((json.status, query.status), (403, 403), "{} {}", json.text(), query.text());
    assert_eq!(json.header("x-amzn-query-error"), Some("OverLimit;Sender"));
    let refusal = serde_json::from_slice::<Value>(&json.body).unwrap();
    assert_eq!(refusal["__type"], "com.amazonaws.sqs#OverLimit");
    assert_eq!(query.element("Code").as_deref(), Some("OverLimit"));
    assert_eq!(query.element("Message").as_deref(), refusal["message"].as_str());

    let [json, query] = receive(&hub, &url, "1");
    assert_eq!((json.status, json.text().as_str()), (200, "{}"), "a long poll is not told");
    assert!(query.status == 200 && query.text().contains("<ReceiveMessageResult/>"), "{}", query.text());

    delete(&hub, &url, &handle);
    let [json, query] = receive(&hub, &url, "0");
    assert!(json.status == 200 && json.text().contains("one more"), "there is room for one: {}", json.text());
    assert_eq!(query.status, 403, "and for one only");
}

#[test]
fn a_fifo_queue_with_120000_messages_in_flight_has_none_to_give() {
    let hub = Hub::start(&[]);
    let url = create(&hub, "orders.fifo", &json!({ "FifoQueue": "true" }));
    let handle = fill(&hub, &url, true);
    assert_eq!(in_flight(&hub, &url), IN_FLIGHT.to_string());
    send_one(&hub, &url, &json!({ "MessageGroupId": "more", "MessageDeduplicationId": "more" }));

    let [json, query] = receive(&hub, &url, "0");
    assert_eq!((json.status, json.text().as_str()), (200, "{}"), "no error");
    assert!(query.status == 200 && query.text().contains("<ReceiveMessageResult/>"), "{}", query.text());

    delete(&hub, &url, &handle);
    let [json, _] = receive(&hub, &url, "0");
    assert!(json.status == 200 && json.text().contains("one more"), "{}", json.text());
}
