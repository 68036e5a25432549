//! The operations of SNS through the wire, on a hub in memory.

mod accounts;
mod confirmations;
mod fan_out;
mod live;
mod mobile;
mod outside;
mod permissions;
mod publishing;
mod replay;
mod schemas;
mod subscriptions;
mod text_messages;
mod topics;

use crate::config::Settings;
use crate::hub::Hub;
use crate::wire::{Head, Request, answer};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use form_urlencoded::Serializer;
use serde_json::{Value, json};
use std::sync::Arc;

/// The ARN of a topic, without its name.
const TOPICS: &str = "arn:aws:sns:us-east-1:000000000000";
/// The ARN of a queue, without its name.
const QUEUES: &str = "arn:aws:sqs:us-east-1:000000000000";

/// A hub, and a caller who signs.
struct World {
    hub: Arc<Hub>,
}

/// What a call is given: names and values.
type Parameters<'a> = &'a [(&'a str, &'a str)];

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        Self { hub: Hub::in_memory(settings).unwrap() }
    }

    /// The answer to a call, without what is the same in all of them: the result, or code and message of the error.
    async fn call(&self, action: &str, parameters: Parameters<'_>) -> String {
        self.call_signed("sns", action, parameters).await
    }

    async fn call_signed(&self, service: &str, action: &str, parameters: Parameters<'_>) -> String {
        let signature = format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request");
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(signature).unwrap());
        self.call_with(headers, action, parameters).await
    }

    async fn call_with(&self, headers: HeaderMap, action: &str, parameters: Parameters<'_>) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", "2010-03-31").extend_pairs(parameters);
        let (status, body) = self.post(&headers, form.finish()).await;
        let code = || format!("{status} {}: {}", inside(&body, "Code"), inside(&body, "Message"));
        if status == 200 { result(&body, action) } else { code() }
    }

    async fn post(&self, headers: &HeaderMap, body: String) -> (u16, String) {
        let head = Head { method: &Method::POST, path: "/", query: "", headers };
        let base_url = "http://localhost:4566".to_owned();
        let response = answer(&self.hub, Request { head, body: Bytes::from(body), base_url }).await;
        (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
    }

    /// A call must be answered so.
    async fn check(&self, action: &str, parameters: Parameters<'_>, expected: &str) {
        assert_eq!(self.call(action, parameters).await, expected, "{action} {parameters:?}");
    }

    async fn create_topic(&self, name: &str, attributes: &[(&str, &str)]) -> String {
        let mut all = vec![("Name".to_owned(), name.to_owned())];
        all.extend(entries("Attributes", attributes));
        inside(&self.call("CreateTopic", &borrowed(&all)).await, "TopicArn").to_owned()
    }

    /// Subscribes a queue, and gives the ARN of the subscription.
    async fn subscribe(&self, topic: &str, queue: &str, attributes: &[(&str, &str)]) -> String {
        let answer = self.try_subscribe(topic, "sqs", &format!("{QUEUES}:{queue}"), attributes).await;
        assert!(answer.contains("<SubscriptionArn>"), "{answer}");
        inside(&answer, "SubscriptionArn").to_owned()
    }

    /// Subscribes any endpoint, and gives the answer, which has the ARN in any case.
    async fn try_subscribe(
        &self,
        topic: &str,
        protocol: &str,
        endpoint: &str,
        attributes: &[(&str, &str)],
    ) -> String {
        let given = [
            ("TopicArn", topic),
            ("Protocol", protocol),
            ("Endpoint", endpoint),
            ("ReturnSubscriptionArn", "true"),
        ];
        let mut all: Vec<_> = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        all.extend(entries("Attributes", attributes));
        self.call("Subscribe", &borrowed(&all)).await
    }

    /// A call of SQS in JSON.
    async fn sqs(&self, action: &str, input: Value) -> Value {
        let mut headers = HeaderMap::new();
        let target = HeaderValue::try_from(format!("AmazonSQS.{action}")).unwrap();
        headers.insert(HeaderName::from_static("x-amz-target"), target);
        let (status, body) = self.post(&headers, input.to_string()).await;
        assert_eq!(status, 200, "{action} {input}: {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// A queue of the kind that its name tells.
    async fn make_queue(&self, name: &str) {
        let fifo = if name.ends_with(".fifo") { json!({ "FifoQueue": "true" }) } else { json!({}) };
        self.sqs("CreateQueue", json!({ "QueueName": name, "Attributes": fifo })).await;
    }

    /// A priority queue of one member.
    async fn make_list(&self, name: &str, member: &str) {
        let members = json!({ "PriorityMembers": json!({ "members": [member] }).to_string() });
        self.sqs("CreateQueue", json!({ "QueueName": name, "Attributes": members })).await;
    }
}

/// The parameters of a map.
fn entries(map: &str, pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let entry = |(number, (key, value)): (usize, &(&str, &str))| {
        let at = format!("{map}.entry.{number}");
        [(format!("{at}.key"), (*key).to_owned()), (format!("{at}.value"), (*value).to_owned())]
    };
    (1..).zip(pairs).flat_map(entry).collect()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// What an attribute of a subscription shows.
async fn shown(world: &World, subscription: &str) -> Vec<(String, String)> {
    map(&world.call("GetSubscriptionAttributes", &[("SubscriptionArn", subscription)]).await)
}

fn value<'a>(shown: &'a [(String, String)], name: &str) -> Option<&'a str> {
    shown.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// What the first element of that name holds.
fn inside<'x>(xml: &'x str, element: &str) -> &'x str {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let after = xml.split_once(&open).map_or("", |(_, after)| after);
    after.split_once(&close).map_or("", |(inside, _)| inside)
}

/// The result of an answer; how an answer without one looks is checked here.
fn result(body: &str, action: &str) -> String {
    let head = format!(r#"<{action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/">"#);
    let rest = body.strip_prefix(&head).unwrap_or_else(|| panic!("{body}"));
    let (result, _) = rest.split_once("<ResponseMetadata><RequestId>").unwrap();
    let close = format!("</{action}Result>");
    let result = if result == format!("<{action}Result/>") { "" } else { result };
    let inner = result.strip_prefix(&format!("<{action}Result>")).and_then(|rest| rest.strip_suffix(&close));
    inner.unwrap_or(result).to_owned()
}

/// The pairs of a map in an answer, unescaped as far as the tests need it.
fn map(result: &str) -> Vec<(String, String)> {
    let unescaped = |text: &str| text.replace("&quot;", "\"").replace("&amp;", "&");
    let entries = result.split("<entry>").skip(1);
    entries.map(|entry| (inside(entry, "key").to_owned(), unescaped(inside(entry, "value")))).collect()
}
