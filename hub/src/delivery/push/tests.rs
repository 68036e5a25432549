mod room;

use crate::config::{Count, Settings};
use crate::hub::Hub;
use crate::storage::clock::ClockChange;
use crate::wire::{Head, Request, answer};
use crate::work::Work;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use form_urlencoded::Serializer;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// No test waits for so long unless it fails.
const FAILED: Duration = Duration::from_secs(60);

/// A server on loopback that answers with these statuses, then with 200, and keeps what it was sent.
struct Receiver {
    url: String,
    statuses: Statuses,
    requests: mpsc::UnboundedReceiver<Received>,
}

type Statuses = Arc<Mutex<VecDeque<u16>>>;

struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| *known == name).map(|(_, value)| value).next()
    }

    fn json(&self, member: &str) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap()[member].clone()
    }
}

impl Receiver {
    async fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/inbox", listener.local_addr().unwrap());
        let statuses = Statuses::new(Mutex::new(statuses.iter().copied().collect()));
        let (send, requests) = mpsc::unbounded_channel();
        let left = Arc::clone(&statuses);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&left), send.clone()));
            }
        });
        Self { url, statuses, requests }
    }

    async fn next(&mut self) -> Received {
        tokio::time::timeout(FAILED, self.requests.recv()).await.expect("a request").unwrap()
    }

    /// From now on it answers with 200.
    fn recover(&self) {
        self.statuses.lock().unwrap().clear();
    }
}

async fn serve(mut connection: TcpStream, statuses: Statuses, send: mpsc::UnboundedSender<Received>) {
    let mut bytes = Vec::new();
    let request = loop {
        if connection.read_buf(&mut bytes).await.unwrap_or_default() == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let request = Received { head: head.to_owned(), body: body.to_owned() };
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        if length.is_none_or(|length: usize| body.len() >= length) {
            break request;
        }
    };
    let status = statuses.lock().unwrap().pop_front().unwrap_or(200);
    let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    connection.write_all(answer.as_bytes()).await.unwrap();
    send.send(request).ok();
}

/// A hub with a topic.
struct World {
    hub: Arc<Hub>,
    work: Work,
}

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:orders";
const DEAD: &str = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"}"#;
/// Three retries, and no waiting for them.
const AT_ONCE: &str = r#"{"healthyRetryPolicy":{"numRetries":3,"numNoDelayRetries":3}}"#;
const HOUR_S: u32 = 3_600;
/// One retry, an hour later.
const AFTER_AN_HOUR: &str =
    r#"{"healthyRetryPolicy":{"numRetries":1,"minDelayTarget":3600,"maxDelayTarget":3600}}"#;

impl World {
    async fn new(settings: Settings) -> Self {
        let hub = Hub::in_memory(settings).unwrap();
        let work = Work::start(&hub);
        let world = Self { hub, work };
        world.call("CreateTopic", &[("Name", "orders")]).await;
        world
    }

    /// With endpoints that need not agree.
    async fn agreeing() -> Self {
        Self::new(Settings { auto_confirm: true, ..Settings::default() }).await
    }

    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", action).extend_pairs(parameters);
        self.post(&HeaderMap::new(), form.finish()).await
    }

    async fn post(&self, headers: &HeaderMap, body: String) -> String {
        let head = Head { method: &Method::POST, path: "/", query: "", headers };
        let base_url = "http://localhost:4566".to_owned();
        let request = Request { head, body: Bytes::from(body), base_url };
        let response = answer(&self.hub, request).await;
        let text = String::from_utf8(response.body.to_vec()).unwrap();
        assert_eq!(response.status.as_u16(), 200, "{text}");
        text
    }

    async fn subscribe(&self, url: &str, attributes: &[(&str, &str)]) {
        let protocol = ("Protocol", "http");
        let mut all: Vec<_> = [("TopicArn", TOPIC), protocol, ("Endpoint", url)]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        for (number, (name, value)) in (1..).zip(attributes) {
            all.push((format!("Attributes.entry.{number}.key"), name));
            all.push((format!("Attributes.entry.{number}.value"), value));
        }
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.call("Subscribe", &all).await;
    }

    async fn publish(&self, message: &str) {
        self.call("Publish", &[("TopicArn", TOPIC), ("Message", message), ("Subject", "New")]).await;
    }

    async fn sqs(&self, operation: &str, mut asked: Value) -> Value {
        let mut headers = HeaderMap::new();
        let target = HeaderValue::try_from(format!("AmazonSQS.{operation}")).unwrap();
        headers.insert(HeaderName::from_static("x-amz-target"), target);
        asked["QueueUrl"] = "http://localhost:4566/000000000000/dead".into();
        serde_json::from_str(&self.post(&headers, asked.to_string()).await).unwrap()
    }

    /// The body of a message in the dead-letter queue.
    async fn dead(&self) -> Value {
        let received = self.sqs("ReceiveMessage", json!({ "WaitTimeSeconds": 20 })).await;
        serde_json::from_str(received["Messages"][0]["Body"].as_str().unwrap()).unwrap()
    }

    /// How many messages are in the dead-letter queue.
    async fn dead_count(&self) -> u32 {
        let asked = json!({ "AttributeNames": ["ApproximateNumberOfMessages"] });
        let shown = self.sqs("GetQueueAttributes", asked).await;
        shown["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
    }

    async fn metrics(&self) -> String {
        self.hub.expose_metrics().await.unwrap()
    }

    /// Waits until so many attempts have failed, and deliveries pause.
    async fn await_failures(&self, count: u32) {
        let failed = format!("result=\"failed\"}} {count}");
        let ends = [("fanq_pushes_total{", failed.as_str()), ("fanq_push_breaker_open{", " 1")];
        let has = |metrics: &str, (metric, end): (&str, &str)| {
            metrics.lines().any(|line| line.starts_with(metric) && line.ends_with(end))
        };
        let reached = async {
            loop {
                let metrics = self.metrics().await;
                if ends.iter().all(|line| has(&metrics, *line)) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(FAILED, reached).await.expect("failures, and a pause");
    }

    async fn stop(self) {
        self.hub.begin_shutdown();
        self.work.stop().await;
    }
}

#[actix_web::test]
async fn an_endpoint_is_asked_and_gets_messages_when_it_agreed() {
    let world = World::new(Settings::default()).await;
    let mut receiver = Receiver::start(&[]).await;
    world.subscribe(&receiver.url, &[]).await;
    let asked = receiver.next().await;
    assert_eq!(asked.header("x-amz-sns-message-type"), Some("SubscriptionConfirmation"));
    assert_eq!(asked.header("x-amz-sns-subscription-arn"), None);
    assert_eq!(asked.json("TopicArn"), TOPIC);
    let token = asked.json("Token");
    world.call("ConfirmSubscription", &[("TopicArn", TOPIC), ("Token", token.as_str().unwrap())]).await;
    world.publish("hello").await;
    let told = receiver.next().await;
    assert!(told.head.starts_with("POST /inbox HTTP/1.1\r\n"), "{}", told.head);
    let names =
        ["x-amz-sns-message-type", "x-amz-sns-topic-arn", "content-type", "user-agent", "accept-encoding"];
    let expected = [
        "Notification",
        TOPIC,
        "text/plain; charset=UTF-8",
        "Amazon Simple Notification Service Agent",
        "gzip,deflate",
    ];
    assert_eq!(names.map(|name| told.header(name)), expected.map(Some));
    assert_eq!(told.header("x-amz-sns-message-id"), told.json("MessageId").as_str());
    let arn = told.header("x-amz-sns-subscription-arn").unwrap();
    assert!(told.json("UnsubscribeURL").as_str().unwrap().ends_with(arn));
    assert_eq!((told.json("Message"), told.json("Subject")), ("hello".into(), "New".into()));
    assert_eq!(told.json("Signature").as_str().unwrap().len(), 344);
    world.stop().await;
}

/// How a subscription with these attributes gets a message: some headers, and the body.
async fn check_form(attributes: &[(&str, &str)], headers: &[(&str, Option<&str>)], body: &str) {
    let world = World::agreeing().await;
    let mut receiver = Receiver::start(&[]).await;
    world.subscribe(&receiver.url.replace("http://", "http://user:pass%20word@"), attributes).await;
    world.publish("hello").await;
    let told = receiver.next().await;
    assert_eq!(told.header("authorization"), Some("Basic dXNlcjpwYXNzIHdvcmQ="));
    assert!(told.head.starts_with("POST /inbox HTTP/1.1\r\n") && !told.head.contains('@'), "{}", told.head);
    for (name, expected) in headers {
        assert_eq!(told.header(name), *expected, "{name} {attributes:?}");
    }
    assert!(told.body.contains(body), "{attributes:?}: {}", told.body);
    world.stop().await;
}

#[actix_web::test]
async fn a_subscription_says_in_which_form_it_wants_its_messages() {
    let raw = ("RawMessageDelivery", "true");
    let policy = r#"{"requestPolicy":{"headerContentType":"application/json"}}"#;
    check_form(&[], &[("x-amz-sns-rawdelivery", None)], r#""Type" : "Notification""#).await;
    let headers = [
        ("x-amz-sns-rawdelivery", Some("true")),
        ("content-type", Some("application/json")),
        ("content-length", Some("5")),
    ];
    check_form(&[raw, ("DeliveryPolicy", policy)], &headers, "hello").await;
    let headers =
        [("ce-source", Some(TOPIC)), ("ce-subject", Some("New")), ("content-type", Some("text/plain"))];
    check_form(&[raw, ("DeliveryFormat", "cloudevents-binary")], &headers, "hello").await;
    let headers = [("content-type", Some("application/cloudevents+json; charset=UTF-8"))];
    check_form(&[("DeliveryFormat", "cloudevents-structured")], &headers, r#""data":"hello""#).await;
}

/// The attempts of a message that is answered with these statuses, and whether it is dead in the end.
async fn check_answers(statuses: &[u16], attempts: usize, is_dead: bool) {
    let world = World::agreeing().await;
    world.call("CreateQueue", &[("QueueName", "dead")]).await;
    let mut receiver = Receiver::start(statuses).await;
    world.subscribe(&receiver.url, &[("RedrivePolicy", DEAD), ("DeliveryPolicy", AT_ONCE)]).await;
    world.publish("hello").await;
    let mut bodies = Vec::new();
    for _ in 0..attempts {
        bodies.push(receiver.next().await.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    if is_dead {
        let sent: Value = serde_json::from_str(&bodies[0]).unwrap();
        assert_eq!(world.dead().await, sent);
    }
    // Nothing more came of it: the next message is the next that comes.
    world.publish("next").await;
    assert_eq!(receiver.next().await.json("Message"), "next");
    world.stop().await;
}

#[actix_web::test]
async fn answers_decide_what_becomes_of_a_message() {
    for (statuses, attempts, is_dead) in [
        (&[][..], 1, false),
        (&[500, 429, 302], 4, false),
        (&[503; 4], 4, true),
        (&[404], 1, true),
        (&[500, 403], 2, true),
    ] {
        check_answers(statuses, attempts, is_dead).await;
    }
}

#[actix_web::test]
async fn an_endpoint_that_is_gone_keeps_nothing_from_others() {
    let world = World::agreeing().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut receiver = Receiver::start(&[]).await;
    world.subscribe(&format!("http://{gone}/"), &[]).await;
    world.subscribe(&receiver.url, &[("RawMessageDelivery", "true")]).await;
    let mut expected: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    for message in &expected {
        world.publish(message).await;
    }
    let mut bodies = Vec::new();
    for _ in &expected {
        bodies.push(receiver.next().await.body);
    }
    bodies.sort();
    expected.sort();
    assert_eq!(bodies, expected);
    world.stop().await;
}

#[actix_web::test]
async fn messages_wait_for_an_endpoint_that_fails_and_are_not_used_up() {
    const MESSAGES: usize = 20;
    let settings = Settings { auto_confirm: true, test_clock: true, ..Settings::default() };
    let (push_breaker_failures, push_breaker_pause_s) = (Count(1), Count(HOUR_S));
    let world = World::new(Settings { push_breaker_failures, push_breaker_pause_s, ..settings }).await;
    world.call("CreateQueue", &[("QueueName", "dead")]).await;
    let mut failing = Receiver::start(&[500; 2 * MESSAGES]).await;
    let mut sound = Receiver::start(&[]).await;
    world.subscribe(&failing.url, &[("RedrivePolicy", DEAD), ("DeliveryPolicy", AFTER_AN_HOUR)]).await;
    world.publish("0").await;
    let mut messages = BTreeSet::from([failing.next().await.json("Message").to_string()]);
    world.await_failures(1).await;
    world.subscribe(&sound.url, &[]).await;
    for number in 1..MESSAGES {
        world.publish(&number.to_string()).await;
    }
    // The other endpoint was told of each of them behind the one that fails.
    for _ in 1..MESSAGES {
        sound.next().await;
    }
    assert!(failing.requests.is_empty(), "{}", world.metrics().await);
    // One message decides: it has failed for the first time, and is not dead.
    end_pause().await;
    messages.insert(failing.next().await.json("Message").to_string());
    world.await_failures(2).await;
    assert_eq!((messages.len(), failing.requests.len(), world.dead_count().await), (2, 0, 0));
    failing.recover();
    end_pause().await;
    let mut delivered = BTreeSet::new();
    while delivered.len() < MESSAGES - 2 {
        delivered.insert(failing.next().await.json("Message").to_string());
    }
    assert!(delivered.is_disjoint(&messages));
    let hour = ClockChange::AdvanceBy(Duration::from_secs(HOUR_S.into()));
    world.hub.engine.turn_clock(vec![hour]).await.unwrap();
    while delivered.len() < MESSAGES {
        delivered.insert(failing.next().await.json("Message").to_string());
    }
    assert_eq!(world.dead_count().await, 0);
    world.stop().await;
}

/// Has the pause of a breaker end, which is an hour long.
async fn end_pause() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(HOUR_S.into())).await;
    tokio::time::resume();
}
