//! What the hub says, frame by frame: `fanq.v1.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::live::{Event, Gap, Live};
use crate::error::Fault;
use crate::message::{Message, MessageAttribute};

/// One frame. What is not known here is of a later hub, and ignored.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Said {
    Connected(Connected),
    Message(Box<Pushed>),
    Event(OfSub<Event>),
    Gap(OfSub<Gap>),
    Live(OfSub<Live>),
    Lost(LostTags),
    Stats(OfSub<Stats>),
    Draining(Draining),
    Ok(Answer),
    Error(Refusal),
    Ping(Ping),
    #[serde(other)]
    Other,
}

/// The session that the client has from now on.
#[derive(Debug, Deserialize)]
pub(super) struct Connected {
    pub(super) session: String,
    pub(super) resume: String,
    #[serde(default)]
    pub(super) resumed: bool,
    /// The consumers that a resumed session still has.
    #[serde(default)]
    pub(super) subs: Vec<Kept>,
    /// Seconds of silence after which the hub asks.
    pub(super) heartbeat: f64,
}

/// A consumer of a resumed session.
#[derive(Debug, Deserialize)]
pub(super) struct Kept {
    pub(super) sub: String,
    #[serde(default)]
    pub(super) unacked: Vec<u64>,
}

/// A message of a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pushed {
    pub(super) sub: String,
    pub(super) tag: u64,
    message_id: String,
    body: String,
    #[serde(default)]
    attributes: BTreeMap<String, MessageAttribute>,
    #[serde(default)]
    system: BTreeMap<String, String>,
    pub(super) queue: String,
    receipt_handle: String,
    #[serde(default)]
    pub(super) redelivered: bool,
}

impl Pushed {
    /// The message, as ReceiveMessage would have given it.
    pub(super) fn into_message(self) -> Message {
        Message {
            message_id: self.message_id,
            receipt_handle: self.receipt_handle,
            body: self.body,
            system_attributes: self.system,
            attributes: self.attributes,
        }
    }
}

/// What concerns a consumer or a subscription.
#[derive(Debug, Deserialize)]
pub(super) struct OfSub<T> {
    pub(super) sub: String,
    #[serde(flatten)]
    pub(super) what: T,
}

/// Leases that have ended.
#[derive(Debug, Deserialize)]
pub(super) struct LostTags {
    pub(super) sub: String,
    pub(super) tags: Vec<u64>,
    pub(super) why: String,
}

/// How a queue stands, as often as a consumer has asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// Messages that could be received now.
    pub ready: u64,
    /// Messages that somebody holds.
    pub inflight: u64,
    /// Seconds since the oldest message was sent.
    pub oldest_age: Option<f64>,
}

/// The hub is about to stop.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draining {
    #[serde(default)]
    pub(super) reconnect_after: u64,
}

/// A request was done.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) unknown: Vec<u64>,
    pub(super) message_id: Option<String>,
}

/// Something was not done.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) id: Option<u64>,
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    pub(super) retryable: bool,
}

impl Refusal {
    pub(super) fn into_fault(self, operation: &'static str) -> Fault {
        let status = if self.retryable { 503 } else { 400 };
        Fault { operation, code: self.code, message: self.message, status, request_id: None }
    }
}

/// A question whether the client is there.
#[derive(Debug, Deserialize)]
pub(super) struct Ping {
    #[serde(default)]
    pub(super) t: Value,
}
