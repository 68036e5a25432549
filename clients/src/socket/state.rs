//! What a socket knows: consumers, live subscriptions and open requests, across its connections.
//!
//! It does no input or output. Commands and frames come in, frames to be written go out, and both are the same whether
//! a connection is there or not: what is asked while there is none is written when there is one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use super::buffer::Buffer;
use super::command::{Command, Deliveries, Reply, Settled};
use super::consumer::Lost;
use super::frame::{Answer, Refusal, Said, Stats};
use super::live::{Since, Update};
use crate::client::Client;
use crate::error::Error;
use crate::queue::whole_seconds;

mod holding;
mod resume;

/// One side of a frame, before it is text.
pub(super) type Frame = Map<String, Value>;

pub(super) struct State {
    client: Client,
    /// For deliveries, which keep the socket open as long as somebody has one.
    commands: mpsc::WeakUnboundedSender<Command>,
    next_id: u64,
    /// Counts the sessions: tags of an earlier one mean nothing.
    generation: u64,
    is_connected: bool,
    consumers: BTreeMap<String, Holding>,
    subscriptions: BTreeMap<String, Watching>,
    asked: BTreeMap<u64, Asked>,
    /// Acknowledgements that go into the next frame, for each consumer.
    acks: BTreeMap<String, Vec<Part>>,
    frames: Vec<String>,
    /// The hub cannot do now what it must do, so that it is best to come back later.
    is_refused: bool,
    /// The hub stops, and wants to see nobody for so long.
    away: Option<Duration>,
}

/// A consumer.
struct Holding {
    request: Frame,
    credit: u32,
    deliveries: Deliveries,
    stats: watch::Sender<Option<Stats>>,
    /// Who waits for it to begin.
    reply: Option<Reply<()>>,
    has_begun: bool,
    held: BTreeMap<u64, Held>,
}

/// A message that the hub has leased to this client.
struct Held {
    lost: watch::Sender<Option<Lost>>,
    group: Option<String>,
    is_settling: bool,
}

/// A live subscription.
struct Watching {
    request: Frame,
    since: Since,
    buffer: Arc<Buffer>,
    reply: Option<Reply<()>>,
}

/// A delivery in a request to settle some, and who waits for it.
type Part = (u64, Option<oneshot::Sender<Settled>>);

/// A request without an answer.
struct Asked {
    frame: Frame,
    /// How many connections it was written to.
    written: u32,
    purpose: Purpose,
}

enum Purpose {
    Consume { sub: String },
    Subscribe { sub: String },
    Settle { sub: String, parts: Vec<Part>, is_extension: bool },
    Put { operation: &'static str, reply: Reply<String> },
    Stop { sub: String, reply: Option<Reply<()>> },
    Forget,
}

impl State {
    pub(super) fn new(client: Client, commands: mpsc::WeakUnboundedSender<Command>) -> Self {
        Self {
            client,
            commands,
            next_id: 1,
            generation: 1,
            is_connected: false,
            consumers: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            asked: BTreeMap::new(),
            acks: BTreeMap::new(),
            frames: Vec::new(),
            is_refused: false,
            away: None,
        }
    }

    /// A wish of a handle; closing is not for the state.
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Consume { sub, request, credit, deliveries, stats, reply } => {
                let holding = Holding {
                    request,
                    credit,
                    deliveries,
                    stats,
                    reply: Some(reply),
                    has_begun: false,
                    held: BTreeMap::new(),
                };
                self.consumers.insert(sub.clone(), holding);
                self.begin_consumer(sub);
            }
            Command::Subscribe { sub, request, since, buffer, reply } => {
                let watching = Watching { request, since, buffer, reply: Some(reply) };
                self.subscriptions.insert(sub.clone(), watching);
                self.begin_subscription(sub);
            }
            Command::Credit { sub, credit } => {
                if let Some(holding) = self.consumers.get_mut(&sub) {
                    holding.credit = credit;
                    self.write(&json!({"type": "credit", "sub": sub, "credit": credit}));
                }
            }
            Command::Settle(settle) => self.settle(settle),
            Command::Put { operation, request, reply } => {
                self.ask(request, Purpose::Put { operation, reply });
            }
            Command::Stop { sub, drain, reply } => self.stop(sub, drain, reply),
            Command::Forget { sub } => {
                if self.subscriptions.remove(&sub).is_some() {
                    self.ask(frame("unsubscribe", &sub), Purpose::Forget);
                }
            }
            Command::Close { .. } => {}
        }
    }

    /// A frame of the hub.
    pub(super) fn said(&mut self, said: Said) {
        match said {
            Said::Message(pushed) => self.pushed(*pushed),
            Said::Lost(lost) => self.lost(&lost.sub, &lost.tags, Lost::of(&lost.why)),
            Said::Event(event) => {
                let since = Since::Place(event.what.offset, event.what.epoch.clone());
                self.update(&event.sub, Some(since), Update::Event(event.what));
            }
            Said::Gap(gap) => self.update(&gap.sub, None, Update::Gap(gap.what)),
            Said::Live(live) => {
                let since = live.what.epoch.clone().map(|epoch| Since::Place(live.what.offset, epoch));
                self.update(&live.sub, since, Update::Live(live.what));
            }
            Said::Stats(stats) => {
                if let Some(holding) = self.consumers.get(&stats.sub) {
                    holding.stats.send_replace(Some(stats.what));
                }
            }
            Said::Draining(draining) => self.away = Some(Duration::from_millis(draining.reconnect_after)),
            Said::Ok(answer) => self.done(answer),
            Said::Error(refusal) => self.refused(refusal),
            Said::Ping(ping) => self.write(&json!({"type": "pong", "t": ping.t})),
            Said::Connected(_) | Said::Other => {}
        }
    }

    /// What is to be written, in its order.
    pub(super) fn take_frames(&mut self) -> Vec<String> {
        if !self.is_connected {
            return Vec::new();
        }
        for (sub, parts) in std::mem::take(&mut self.acks) {
            let mut request = frame("ack", &sub);
            request.insert("tags".to_owned(), parts.iter().map(|(tag, _)| *tag).collect());
            self.ask(request, Purpose::Settle { sub, parts, is_extension: false });
        }
        std::mem::take(&mut self.frames)
    }

    /// Whether everything that was asked is answered, so that nothing is cut short by an end.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.acks.is_empty() && self.frames.is_empty()
    }

    /// Whether the hub has asked to be left alone for now.
    pub(super) fn is_refused(&mut self) -> bool {
        std::mem::take(&mut self.is_refused)
    }

    /// How long the hub wants not to be called, if it has said so.
    pub(super) fn away(&mut self) -> Option<Duration> {
        self.away.take()
    }

    /// Nothing more comes, for this reason or because it was wanted.
    pub(super) fn end(&mut self, error: impl Fn() -> Option<Error>) {
        for (_, holding) in std::mem::take(&mut self.consumers) {
            if let Some(error) = error() {
                match holding.reply {
                    Some(reply) => drop(reply.send(Err(error))),
                    None => drop(holding.deliveries.send(Err(error))),
                }
            }
            for held in holding.held.into_values() {
                held.lost.send_replace(Some(Lost::GivenBack));
            }
        }
        for (_, watching) in std::mem::take(&mut self.subscriptions) {
            watching.buffer.end(error());
            if let (Some(reply), Some(error)) = (watching.reply, error()) {
                let _ = reply.send(Err(error));
            }
        }
        self.asked.clear();
        self.acks.clear();
    }

    /// A request gets its number, and is written as soon as there is a connection.
    fn ask(&mut self, mut request: Frame, purpose: Purpose) {
        let id = self.next_id;
        self.next_id += 1;
        request.insert("id".to_owned(), id.into());
        let mut asked = Asked { frame: request, written: 0, purpose };
        if self.is_connected {
            self.frames.push(asked.text());
        }
        self.asked.insert(id, asked);
    }

    /// What is said without wanting an answer, to whoever is there.
    fn write(&mut self, frame: &Value) {
        if self.is_connected {
            self.frames.push(frame.to_string());
        }
    }

    fn update(&mut self, sub: &str, since: Option<Since>, update: Update) {
        if let Some(watching) = self.subscriptions.get_mut(sub) {
            if let Some(since) = since {
                watching.since = since;
            }
            watching.buffer.put(update);
        }
    }

    fn stop(&mut self, sub: String, drain: Duration, reply: Option<Reply<()>>) {
        if self.consumers.contains_key(&sub) {
            let mut request = frame("unsubscribe", &sub);
            request.insert("drain".to_owned(), whole_seconds(drain).into());
            self.ask(request, Purpose::Stop { sub, reply });
        } else if let Some(reply) = reply {
            let _ = reply.send(Ok(()));
        }
    }

    fn done(&mut self, answer: Answer) {
        let Some(asked) = self.asked.remove(&answer.id) else { return };
        match asked.purpose {
            Purpose::Consume { sub } => self.has_begun(&sub),
            Purpose::Subscribe { sub } => {
                let reply = self.subscriptions.get_mut(&sub).and_then(|watching| watching.reply.take());
                if let Some(reply) = reply {
                    let _ = reply.send(Ok(()));
                }
            }
            Purpose::Settle { sub, parts, is_extension } => {
                self.settled(&sub, parts, is_extension, asked.written, &answer.unknown);
            }
            Purpose::Put { operation, reply } => {
                let id = answer.message_id.ok_or_else(|| self.client.incomplete(operation, "messageId"));
                let _ = reply.send(id);
            }
            Purpose::Stop { sub, reply } => self.stopped(&sub, reply),
            Purpose::Forget => {}
        }
    }

    fn refused(&mut self, refusal: Refusal) {
        let Some(asked) = refusal.id.and_then(|id| self.asked.remove(&id)) else { return };
        let is_passing = refusal.retryable;
        match asked.purpose {
            // Who waits for a beginning hears of it; one that had begun once begins again when the hub can.
            Purpose::Consume { sub } => {
                let Some(holding) = self.consumers.get_mut(&sub) else { return };
                let fault = Err(refusal.into_fault("consume").into());
                match holding.reply.take() {
                    Some(reply) => drop(reply.send(fault.map(|_: super::Delivery| ()))),
                    None if is_passing => return self.is_refused = true,
                    None => drop(holding.deliveries.send(fault)),
                }
                self.consumers.remove(&sub);
            }
            Purpose::Subscribe { sub } => {
                let Some(watching) = self.subscriptions.get_mut(&sub) else { return };
                let fault = Error::from(refusal.into_fault("subscribe"));
                match watching.reply.take() {
                    Some(reply) => drop(reply.send(Err(fault))),
                    None if is_passing => return self.is_refused = true,
                    None => watching.buffer.end(Some(fault)),
                }
                self.subscriptions.remove(&sub);
            }
            Purpose::Settle { sub, parts, is_extension } => {
                self.unsettled(&sub, parts, is_extension, &refusal.into_fault("settle"));
            }
            Purpose::Put { operation, reply } => {
                let _ = reply.send(Err(refusal.into_fault(operation).into()));
            }
            // It has ended already.
            Purpose::Stop { sub, reply } => self.stopped(&sub, reply),
            Purpose::Forget => {}
        }
    }

    fn stopped(&mut self, sub: &str, reply: Option<Reply<()>>) {
        if let Some(holding) = self.consumers.remove(sub) {
            for held in holding.held.into_values() {
                held.lost.send_replace(Some(Lost::Expired));
            }
        }
        if let Some(reply) = reply {
            let _ = reply.send(Ok(()));
        }
    }
}

impl Asked {
    fn text(&mut self) -> String {
        self.written += 1;
        serde_json::to_string(&self.frame).unwrap_or_default()
    }
}

/// A frame that concerns a consumer or a subscription.
fn frame(kind: &str, sub: &str) -> Frame {
    [("type".to_owned(), Value::from(kind)), ("sub".to_owned(), Value::from(sub))].into_iter().collect()
}

/// The same, with the members of a request that was prepared.
fn with(mut frame: Frame, request: &Frame) -> Frame {
    frame.extend(request.iter().map(|(name, value)| (name.clone(), value.clone())));
    frame
}
