//! What is said on the socket in both directions: `fanq.v1.json`. Clients read about it in `docs/websocket.md`.

use crate::live::Asked;
use crate::shape::attribute::AttributeValue;
use crate::wire::{Counted, Fault, List, Pairs, decode_json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The name of the protocol among those that a client offers.
pub(super) const NAME: &str = "fanq.v1.json";

/// What stands before a token among those.
pub(super) const TOKEN: &str = "fanq.auth.";

/// What every message begins with, in any order.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) sub: Option<Cow<'a, str>>,
}

/// What a client asks for.
pub(super) enum Request {
    Connect(Connect),
    Consume(Consume),
    Credit(Credit),
    Ack(Ack),
    Nack(Nack),
    Extend(Extend),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Publish(Box<Publish>),
    Send(Box<Send>),
    Ping(Ping),
    Pong,
}

impl Request {
    /// None if nothing is asked for in that way.
    pub(super) fn read(kind: &str, text: &[u8]) -> Result<Option<Self>, Fault> {
        Ok(Some(match kind {
            "connect" => Self::Connect(decode_json(text)?),
            "consume" => Self::Consume(decode_json(text)?),
            "credit" => Self::Credit(decode_json(text)?),
            "ack" => Self::Ack(decode_json(text)?),
            "nack" => Self::Nack(decode_json(text)?),
            "extend" => Self::Extend(decode_json(text)?),
            "subscribe" => Self::Subscribe(decode_json(text)?),
            "unsubscribe" => Self::Unsubscribe(decode_json(text)?),
            "publish" => Self::Publish(decode_json(text)?),
            "send" => Self::Send(decode_json(text)?),
            "ping" => Self::Ping(decode_json(text)?),
            "pong" => Self::Pong,
            _ => return Ok(None),
        }))
    }

    /// Whether it makes no sense without an `id`, because there is something to be told.
    pub(super) fn wants_id(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Consume(_)
            | Self::Subscribe(_)
            | Self::Unsubscribe(_)
            | Self::Publish(_)
            | Self::Send(_) => true,
            Self::Credit(_) | Self::Ack(_) | Self::Nack(_) | Self::Extend(_) | Self::Ping(_) | Self::Pong => {
                false
            }
        }
    }
}

/// Who the client is, and whether it was here before.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connect {
    pub(super) auth: Option<String>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) client: Option<Named>,
    pub(super) session: Option<String>,
    pub(super) resume: Option<String>,
    pub(super) resume_window: Option<i64>,
    #[serde(default)]
    pub(super) resend_unacked: Option<bool>,
}

/// A program.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Named {
    #[serde(default)]
    pub(super) name: Cow<'static, str>,
    #[serde(default)]
    pub(super) version: Cow<'static, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Consume {
    pub(super) sub: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) credit: Option<i64>,
    pub(super) max_bytes: Option<i64>,
    pub(super) lease: Option<i64>,
    pub(super) auto_extend: Option<bool>,
    pub(super) max_lease: Option<i64>,
    pub(super) ack_mode: Option<String>,
    pub(super) stats: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Credit {
    pub(super) sub: Option<String>,
    pub(super) credit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ack {
    pub(super) sub: Option<String>,
    pub(super) tags: Option<List<u64>>,
    pub(super) up_to: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nack {
    pub(super) sub: Option<String>,
    pub(super) tags: Option<List<u64>>,
    pub(super) delay: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) dead_letter: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Extend {
    pub(super) sub: Option<String>,
    pub(super) tags: Option<List<u64>>,
    pub(super) lease: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Unsubscribe {
    pub(super) sub: Option<String>,
    pub(super) drain: Option<i64>,
}

/// What a client wants to see of topics, from now on or from earlier.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscribe {
    pub(super) sub: Option<String>,
    #[serde(flatten)]
    pub(super) asked: Asked,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Publish {
    pub(super) topic: Option<String>,
    #[serde(flatten)]
    pub(super) message: Publication,
    pub(super) traceparent: Option<String>,
    pub(super) entries: Option<Counted<Entry, { super::publisher::ENTRIES }>>,
}

/// A message for a topic.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Publication {
    pub(super) message: Option<String>,
    pub(super) subject: Option<String>,
    #[serde(default)]
    pub(super) attributes: Option<Pairs<AttributeValue>>,
    pub(super) group_id: Option<String>,
    pub(super) dedup_id: Option<String>,
    pub(super) structure: Option<String>,
}

/// One message of several.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) id: Option<String>,
    #[serde(flatten)]
    pub(super) message: Publication,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Send {
    pub(super) queue: Option<String>,
    pub(super) body: Option<String>,
    pub(super) attributes: Option<Pairs<AttributeValue>>,
    pub(super) delay: Option<i64>,
    pub(super) group_id: Option<String>,
    pub(super) dedup_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Ping {
    pub(super) t: Option<Box<RawValue>>,
}

/// What the hub says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Said<'a> {
    Connected(Box<Connected<'a>>),
    Message(&'a Message<'a>),
    Lost { sub: &'a str, tags: &'a [u64], why: Loss },
    Stats(Stats<'a>),
    Draining(Draining),
    Ok(Done<'a>),
    Error(Refused<'a>),
    Ping {},
    Pong(Pong<'a>),
}

impl Said<'_> {
    pub(super) fn to_text(&self) -> Vec<u8> {
        // Everything in it can be written as JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[derive(Serialize)]
pub(super) struct Connected<'a> {
    pub(super) id: Option<&'a RawValue>,
    pub(super) session: &'a str,
    pub(super) resume: &'a str,
    pub(super) resumed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subs: Option<Vec<Resumed>>,
    /// In seconds.
    pub(super) heartbeat: f64,
    pub(super) limits: Limits,
    pub(super) server: Named,
    /// Log time, in milliseconds since 1970.
    pub(super) now: u64,
    pub(super) clock: Clock,
}

/// A consumer that goes on.
#[derive(Serialize)]
pub(super) struct Resumed {
    pub(super) sub: String,
    /// The last that was given out.
    pub(super) tag: u64,
    /// What the hub still holds for the client.
    pub(super) unacked: Vec<u64>,
}

#[derive(Serialize)]
pub(super) struct Limits {
    pub(super) frame: usize,
    pub(super) subs: usize,
    pub(super) credit: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Clock {
    pub(super) frozen: bool,
    pub(super) offset_ms: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message<'a> {
    pub(super) sub: &'a str,
    pub(super) tag: u64,
    pub(super) message_id: String,
    pub(super) body: &'a str,
    pub(super) attributes: Pairs<AttributeValue>,
    pub(super) system: Pairs<String>,
    pub(super) queue: &'a str,
    pub(super) receipt_handle: String,
    /// Log time, in milliseconds since 1970.
    pub(super) lease_until: u64,
    pub(super) redelivered: bool,
}

/// Why a client has to give up work on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Loss {
    Expired,
    Deleted,
    Purged,
    Moved,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats<'a> {
    pub(super) sub: &'a str,
    pub(super) ready: u64,
    pub(super) inflight: u64,
    /// In seconds; 0 if there is nothing.
    pub(super) oldest_age: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draining {
    pub(super) reason: &'static str,
    /// In milliseconds.
    pub(super) reconnect_after: u64,
}

/// That a request was done, with what there is to say of it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<String>,
    /// Tags that were not held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unknown: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) successful: Option<Vec<Accepted>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Vec<Failed>>,
}

/// An entry that was published.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    pub(super) id: String,
    pub(super) message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<String>,
}

/// An entry that was not.
#[derive(Serialize)]
pub(super) struct Failed {
    pub(super) id: String,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) retryable: bool,
}

#[derive(Serialize)]
pub(super) struct Refused<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<&'a str>,
    pub(super) code: &'static str,
    pub(super) message: &'a str,
    pub(super) retryable: bool,
}

#[derive(Serialize)]
pub(super) struct Pong<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) t: Option<&'a RawValue>,
}

impl<'a> Refused<'a> {
    pub(super) fn new(id: Option<&'a RawValue>, sub: Option<&'a str>, fault: &'a Fault) -> Self {
        let (code, message) = (fault.code().plain(), fault.message());
        Self { id, sub, code, message, retryable: !fault.sender() }
    }
}
