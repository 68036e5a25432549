//! What a reader asks for: as it comes, and as it is once it has been checked.

use super::limits;
use super::place::Place;
use super::topics::{Topics, is_pattern};
use crate::operation::Context;
use crate::shape::moment;
use crate::shape::topic::reference;
use crate::wire::Fault;
use filters::{Policy, Scope};
use queue_core::{Name, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// A subscription as it is asked for. What is not known is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    pub(crate) topic: Option<String>,
    #[serde(default)]
    pub(crate) topics: Vec<String>,
    /// A filter policy: an object, or its text.
    pub(crate) filter: Option<Value>,
    pub(crate) filter_scope: Option<String>,
    pub(crate) since: Option<AskedSince>,
    pub(crate) buffer: Option<u32>,
    pub(crate) overflow: Option<String>,
    pub(crate) max_rate: Option<f64>,
    pub(crate) conflate_by: Option<String>,
}

/// Where to begin, as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "since is \"now\", or an object with last, with offset and epoch, or with time"
)]
pub(crate) enum AskedSince {
    Word(String),
    Last { last: u32 },
    Place(Place),
    Time { time: Moment },
}

/// A moment, in milliseconds since 1970 or as ISO 8601 has it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Moment {
    Milliseconds(u64),
    Text(String),
}

/// Where a reader begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since {
    Now,
    /// With so many events that the filter lets through.
    Last(usize),
    /// Behind an event.
    Place(Place),
    Time(Timestamp),
}

/// What becomes of events for a reader that is further behind than it wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    DropOldest,
    /// What comes while its buffer is full is dropped, until it has read all that is in there.
    DropNewest,
    Close,
}

/// A subscription that can begin.
#[derive(Debug)]
pub(crate) struct Request {
    pub(super) topics: Topics,
    pub(super) filter: Option<Policy>,
    pub(super) since: Since,
    pub(super) buffer: u32,
    pub(super) overflow: Overflow,
    /// From one event to the next, but for history.
    pub(super) interval: Option<Duration>,
    /// Which value of a message is its key, if only the latest of each key matters.
    pub(super) conflate_by: Option<String>,
}

impl Asked {
    /// Checks it, and whether the caller may subscribe to the topics that are named. Patterns are about his own.
    pub(crate) fn check(&self, cx: &Context) -> Result<Request, Fault> {
        Ok(Request {
            topics: self.topics(cx)?,
            filter: self.filter()?,
            since: self.since.as_ref().map_or(Ok(Since::Now), AskedSince::check)?,
            buffer: self.buffer()?,
            overflow: self.overflow()?,
            interval: self.interval()?,
            conflate_by: self.pointer()?,
        })
    }

    fn topics(&self, cx: &Context) -> Result<Topics, Fault> {
        let asked: Vec<_> = self.topic.iter().chain(&self.topics).collect();
        if asked.is_empty() || asked.len() > limits::TOPICS_MAX {
            return Err(wrong(format_args!("topics Reason: name 1 to {} topics", limits::TOPICS_MAX)));
        }
        let mut topics = Topics { names: Vec::new(), patterns: Vec::new() };
        for text in asked {
            if text.len() > limits::TOPIC_BYTES_MAX {
                return Err(wrong("topics Reason: a name is too long"));
            }
            let here = || Name::new(&cx.caller.account, &cx.caller.region, text);
            if text.contains(':') {
                topics.names.push(reference::topic("Subscribe", Some(text), cx)?.name.clone());
            } else if is_pattern(text) {
                topics.patterns.push(here());
            } else {
                topics.names.push(reference::find("Subscribe", &here(), cx)?.name.clone());
            }
        }
        Ok(topics)
    }

    fn filter(&self) -> Result<Option<Policy>, Fault> {
        let scope = self.filter_scope.as_deref().map_or(Some(Scope::MessageAttributes), Scope::named);
        let rule = "filterScope Reason: it is MessageAttributes or MessageBody";
        let scope = scope.ok_or_else(|| wrong(rule))?;
        let text = match &self.filter {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(policy) => policy.to_string(),
        };
        let policy = Policy::compile(&text, scope);
        policy.map(Some).map_err(|error| wrong(format_args!("filter Reason: {error}")))
    }

    fn buffer(&self) -> Result<u32, Fault> {
        let buffer = self.buffer.unwrap_or(limits::BUFFER);
        if (1..=limits::BUFFER_MAX).contains(&buffer) {
            return Ok(buffer);
        }
        Err(wrong(format_args!("buffer Reason: it is 1 to {}", limits::BUFFER_MAX)))
    }

    fn overflow(&self) -> Result<Overflow, Fault> {
        match self.overflow.as_deref() {
            None | Some("dropOldest") => Ok(Overflow::DropOldest),
            Some("dropNewest") => Ok(Overflow::DropNewest),
            Some("close") => Ok(Overflow::Close),
            Some(_) => Err(wrong("overflow Reason: it is dropOldest, dropNewest or close")),
        }
    }

    fn interval(&self) -> Result<Option<Duration>, Fault> {
        let Some(rate) = self.max_rate else { return Ok(None) };
        let interval =
            (rate > 0.0 && rate <= limits::RATE_MAX).then(|| Duration::try_from_secs_f64(1.0 / rate));
        let rule = format_args!("maxRate Reason: it is more than 0 and at most {}", limits::RATE_MAX);
        interval.and_then(Result::ok).map(Some).ok_or_else(|| wrong(rule))
    }

    fn pointer(&self) -> Result<Option<String>, Fault> {
        let Some(pointer) = &self.conflate_by else { return Ok(None) };
        if pointer.starts_with('/') && pointer.len() <= limits::POINTER_BYTES_MAX {
            return Ok(Some(pointer.clone()));
        }
        Err(wrong("conflateBy Reason: it is a JSON pointer, such as /order/id"))
    }
}

impl AskedSince {
    fn check(&self) -> Result<Since, Fault> {
        match self {
            Self::Word(word) => Since::parse(word),
            Self::Last { last } => Ok(Since::Last(usize::try_from(*last).unwrap_or(usize::MAX))),
            Self::Place(place) => Ok(Since::Place(place.clone())),
            Self::Time { time: Moment::Milliseconds(since_1970) } => Ok(Since::Time(Timestamp(*since_1970))),
            Self::Time { time: Moment::Text(text) } => {
                moment::parse(text).map(Since::Time).ok_or_else(|| wrong(SINCE))
            }
        }
    }
}

const SINCE: &str =
    "since Reason: it is now, how many events were last, the epoch and offset of an event, or a time";

impl Since {
    /// `now`, a place, or a moment.
    fn parse(text: &str) -> Result<Self, Fault> {
        let time = || text.parse().ok().map(Timestamp).or_else(|| moment::parse(text)).map(Self::Time);
        let place = || Place::parse(text).map(Self::Place);
        if text == "now" { Ok(Self::Now) } else { place().or_else(time).ok_or_else(|| wrong(SINCE)) }
    }
}

fn wrong(what: impl std::fmt::Display) -> Fault {
    Fault::invalid_parameter(what)
}
