//! Tests of the operations as a client sees them: requests go in where the server hands them over, answers come out
//! as bytes.

mod accounts;
mod batches;
mod dead_letters;
mod fifo;
mod messages;
mod moves;
mod query;
mod queues;
mod receives;
mod settings;

use crate::config::Settings;
use crate::hub::Hub;
use crate::storage::clock::ClockChange;
use crate::wire::{self, Head, Request};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const BASE: &str = "http://hub:4566";
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0";

/// A hub with a queue `orders`, whose clock stands still.
struct Fixture {
    hub: Arc<Hub>,
}

/// What a request is refused with: status, code in both protocols, message.
type Refusal<'a> = (u16, &'a str, &'a str);

impl Fixture {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let fixture = Self { hub: Hub::in_memory(settings).unwrap() };
        fixture.hub.engine.turn_clock(vec![ClockChange::Freeze]).await.unwrap();
        fixture.create("orders", json!({})).await;
        fixture
    }

    async fn later(&self, seconds: u64) {
        let advance = ClockChange::AdvanceBy(Duration::from_secs(seconds));
        self.hub.engine.turn_clock(vec![advance]).await.unwrap();
    }

    async fn create(&self, name: &str, attributes: Value) -> String {
        let input = json!({"QueueName": name, "Attributes": attributes});
        self.check("CreateQueue", input, json!({"QueueUrl": url(name)})).await;
        url(name)
    }

    /// Calls an operation in JSON; a text `*` in what is expected stands for any text.
    async fn check(&self, operation: &str, input: Value, expected: Value) -> Value {
        let (status, headers, body) = self.json(operation, &input).await;
        assert_eq!((status, headers), (200, None), "{operation} {input}: {body}");
        assert!(matches(&expected, &body), "{operation} {input}:\n{body}\nis not\n{expected}");
        body
    }

    async fn refuse(&self, operation: &str, input: Value, expected: Refusal<'_>) {
        let (status, code, body) = self.json(operation, &input).await;
        let code = code.unwrap_or_default();
        let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
        assert_eq!((status, code.as_str(), message), expected, "{operation} {input}");
    }

    /// Status, code of a fault, and body; an empty body is null.
    async fn json(&self, operation: &str, input: &Value) -> (u16, Option<String>, Value) {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let (status, code, body) = self.send("/", &headers, &input.to_string()).await;
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
        (status, code, body)
    }

    /// Calls an operation in Query; what is expected is the answer without its envelope.
    async fn query(&self, path: &str, parameters: &str, expected: Result<&str, Refusal<'_>>) {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (status, _, body) = self.send(path, &headers, parameters).await;
        match expected {
            Ok(result) => assert_eq!((status, result_of(&body)), (200, result), "{parameters}"),
            Err((wanted, code, message)) => {
                let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
                assert!(status == wanted && body.contains(&error), "{parameters}: {status} {body}");
            }
        }
    }

    async fn send(
        &self,
        path: &str,
        fields: &[(&'static str, &str)],
        body: &str,
    ) -> (u16, Option<String>, String) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(SIGNED));
        for (name, value) in fields {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let head = Head { method: &Method::POST, path, query: "", headers: &headers };
        let body = Bytes::from(body.to_owned());
        let answer = wire::answer(&self.hub, Request { head, body, base_url: BASE.to_owned() }).await;
        let code = answer.headers.iter().find(|(name, _)| name.as_str() == "x-amzn-query-error");
        let code = code.and_then(|(_, value)| value.to_str().ok()?.split(';').next().map(str::to_owned));
        (answer.status.as_u16(), code, String::from_utf8(answer.body.to_vec()).unwrap())
    }

    async fn put(&self, queue: &str, body: &str) {
        let (status, _, answer) =
            self.json("SendMessage", &json!({"QueueUrl": queue, "MessageBody": body})).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Receives what there is without waiting; gives bodies and handles.
    async fn take(&self, queue: &str, more: Value) -> Vec<(String, String)> {
        let input = with(json!({"QueueUrl": queue, "MaxNumberOfMessages": 10}), more);
        let (status, _, body) = self.json("ReceiveMessage", &input).await;
        assert_eq!(status, 200, "{body}");
        let text = |message: &Value, member: &str| message[member].as_str().unwrap().to_owned();
        let one = |message: &Value| (text(message, "Body"), text(message, "ReceiptHandle"));
        body["Messages"].as_array().map(|messages| messages.iter().map(one).collect()).unwrap_or_default()
    }

    async fn attribute(&self, queue: &str, name: &str) -> Option<String> {
        let input = json!({"QueueUrl": queue, "AttributeNames": [name]});
        let (status, _, body) = self.json("GetQueueAttributes", &input).await;
        assert_eq!(status, 200, "{body}");
        body["Attributes"][name].as_str().map(str::to_owned)
    }

    /// How many messages are visible, in flight and delayed.
    async fn counts(&self, queue: &str) -> [String; 3] {
        let names = ["", "NotVisible", "Delayed"].map(|which| format!("ApproximateNumberOfMessages{which}"));
        let mut counts = Vec::new();
        for name in &names {
            counts.push(self.attribute(queue, name).await.unwrap());
        }
        counts.try_into().unwrap()
    }
}

fn url(name: &str) -> String {
    format!("{BASE}/000000000000/{name}")
}

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:000000000000:{name}")
}

fn bodies(taken: &[(String, String)]) -> Vec<&str> {
    taken.iter().map(|(body, _)| body.as_str()).collect()
}

fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::String(any), Value::String(_)) if any == "*" => true,
        (Value::Object(expected), Value::Object(found)) => {
            let has =
                |(name, value): (&String, &Value)| found.get(name).is_some_and(|found| matches(value, found));
            expected.len() == found.len() && expected.iter().all(has)
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(one, other)| matches(one, other))
        }
        (expected, found) => expected == found,
    }
}

/// What a Query answer has between its start tag and its metadata.
fn result_of(body: &str) -> &str {
    let start = body.find("2012-11-05/\">").map_or(0, |at| at + "2012-11-05/\">".len());
    body[start..].split("<ResponseMetadata>").next().unwrap_or_default()
}

const NO_QUEUE: Refusal<'static> =
    (400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.");

fn invalid(message: &str) -> Refusal<'_> {
    (400, "InvalidParameterValue", message)
}

/// An object with the members of another as well.
fn with(mut object: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}
