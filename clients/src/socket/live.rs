//! Live subscriptions: what is published to topics, while somebody looks.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::buffer::Buffer;
use super::command::{Command, Commands};
use crate::error::Error;
use crate::message::MessageAttribute;

/// What a live subscription sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// A message was published.
    Event(Event),
    /// Messages were published that this subscription does not see.
    Gap(Gap),
    /// What was published before has been told; from here on it is live.
    Live(Live),
}

/// A message that was published.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event {
    /// Where it stands among what the hub remembers.
    pub offset: u64,
    /// Which life of the hub the offset belongs to.
    pub epoch: String,
    /// The name of the topic.
    pub topic: String,
    /// The id that the publisher was given.
    pub message_id: String,
    /// What was published.
    pub message: String,
    /// Its subject.
    pub subject: Option<String>,
    /// What the publisher has attached to it.
    #[serde(default)]
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// When it was published, as ISO 8601 writes it.
    pub time: String,
    /// Whether it is history.
    #[serde(default)]
    pub replay: bool,
}

impl Event {
    /// The message as a value in JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.message)
            .map_err(|source| Error::Body { message_id: self.message_id.clone(), source })
    }
}

/// A loss, which is never silent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// How many messages are missing.
    pub dropped: u64,
    /// The first of them.
    pub from: u64,
    /// The last of them.
    pub to: u64,
    /// `overflow`, `retention` or `sampled`.
    pub why: String,
}

/// The end of the history.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Live {
    /// Whether all of what was asked for could be told.
    pub recovered: bool,
    /// Where the hub stands.
    pub offset: u64,
    /// Which life of the hub the offset belongs to.
    pub epoch: Option<String>,
}

/// Where a live subscription begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// With what is published from now on.
    #[default]
    Now,
    /// With so many messages before.
    Last(u32),
    /// Behind an event that was seen, by its offset and epoch.
    Place(u64, String),
    /// With what was published at a time or later, as ISO 8601 writes it.
    Time(String),
}

/// What is dropped when a subscriber is slower than the publishers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// What has waited longest.
    #[default]
    DropOldest,
    /// What comes last.
    DropNewest,
}

/// A live subscription about to begin.
#[derive(Debug)]
#[must_use = "nothing is subscribed before `start`"]
pub struct Subscribe {
    commands: Commands,
    request: Map<String, Value>,
    since: Since,
    buffer: usize,
    overflow: Overflow,
}

impl Subscribe {
    pub(super) fn new(commands: Commands, topic: &str) -> Self {
        let mut request = Map::new();
        request.insert("topics".to_owned(), json!([topic]));
        let (since, overflow) = (Since::default(), Overflow::default());
        Self { commands, request, since, buffer: 1000, overflow }
    }

    /// Another topic beside the first; in a name, `*` stands for any characters.
    pub fn and(mut self, topic: &str) -> Self {
        if let Some(Value::Array(topics)) = self.request.get_mut("topics") {
            topics.push(topic.into());
        }
        self
    }

    /// Only what this filter policy lets pass.
    pub fn filter(self, policy: Value) -> Self {
        self.with("filter", policy)
    }

    /// The filter policy looks at the message, not at its attributes.
    pub fn filter_body(self) -> Self {
        self.with("filterScope", json!("MessageBody"))
    }

    /// Begins somewhere else than with what is published from now on.
    pub fn since(mut self, since: Since) -> Self {
        self.since = since;
        self
    }

    /// So many events wait for a slow reader, here and in the hub; 1000 if nothing is said.
    pub fn buffer(mut self, events: u32, overflow: Overflow) -> Self {
        self.buffer = usize::try_from(events.max(1)).unwrap_or(usize::MAX);
        self.overflow = overflow;
        self
    }

    /// At most so many events in a second.
    pub fn rate_max(self, per_second: f64) -> Self {
        self.with("maxRate", json!(per_second))
    }

    /// Of the events that wait, only the latest for each value that this JSON pointer finds.
    pub fn conflate_by(self, pointer: &str) -> Self {
        self.with("conflateBy", pointer.into())
    }

    /// Begins.
    pub async fn start(mut self) -> Result<Subscription, Error> {
        let overflow = match self.overflow {
            Overflow::DropOldest => "dropOldest",
            Overflow::DropNewest => "dropNewest",
        };
        let mut request = std::mem::take(&mut self.request);
        request.insert("buffer".to_owned(), json!(self.buffer));
        request.insert("overflow".to_owned(), json!(overflow));
        let buffer = Arc::new(Buffer::new(self.buffer, self.overflow));
        let sub = self.commands.name();
        let kept = Arc::clone(&buffer);
        self.commands
            .ask(|reply| Command::Subscribe {
                sub: sub.clone(),
                request,
                since: self.since,
                buffer: kept,
                reply,
            })
            .await?;
        Ok(Subscription { commands: self.commands, sub, buffer })
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.request.insert(name.to_owned(), value);
        self
    }
}

/// What is published, as a stream. After a break it goes on behind the last event; what could not be made up for is
/// a [`Gap`], or a [`Live`] that is not `recovered`. It ends when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    commands: Commands,
    sub: String,
    buffer: Arc<Buffer>,
}

impl Subscription {
    /// The next update; `None` after the socket was closed.
    pub async fn next(&mut self) -> Option<Result<Update, Error>> {
        std::future::poll_fn(|context| self.buffer.poll_take(context)).await
    }
}

impl Stream for Subscription {
    type Item = Result<Update, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.buffer.poll_take(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.commands.say(Command::Forget { sub: std::mem::take(&mut self.sub) });
    }
}
