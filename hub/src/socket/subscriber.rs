//! Live subscriptions of topics. Each is a reader of its own, and belongs to the connection, not to the session: who
//! comes back subscribes again from where he was.

use super::client::{Client, Refusal};
use super::close::{Code, End};
use super::consuming::check_sub;
use super::protocol::Subscribe;
use super::reply::Reply;
use crate::live::{Close, Item, Reader};
use crate::wire::{self, Fault};
use std::fmt::Write as _;
use std::task::{Context, Poll};

/// Bytes that may wait to be written before readers look for more.
const UNWRITTEN_BYTES: usize = 16 << 10;

pub(super) struct Subscriber {
    sub: Box<str>,
    /// The same as JSON.
    quoted: String,
    reader: Reader,
}

impl Client {
    pub(super) fn subscribe(&mut self, reply: Reply, subscribe: Subscribe) -> Result<(), Refusal> {
        self.check_room().map_err(Refusal::End)?;
        match self.begin_to_subscribe(&subscribe) {
            Ok(()) => {
                self.tell_done(&reply);
                Ok(())
            }
            Err(fault) => Err(Refusal::Fault(reply, fault)),
        }
    }

    fn begin_to_subscribe(&mut self, subscribe: &Subscribe) -> Result<(), Fault> {
        let sub = check_sub(subscribe.sub.as_deref())?;
        self.check_new(sub)?;
        if self.session()?.with(|state| state.consumers.contains_key(sub)) {
            return Err(is_there(sub));
        }
        let request = subscribe.asked.check(&self.context()?)?;
        let reader = self.hub.live.subscribe(request);
        let quoted = serde_json::Value::from(sub).to_string();
        self.subscribers.push(Subscriber { sub: sub.into(), quoted, reader });
        Ok(())
    }

    /// Refuses a name that a live subscription has.
    pub(super) fn check_new(&self, sub: &str) -> Result<(), Fault> {
        let is_taken = self.subscribers.iter().any(|other| *other.sub == *sub);
        if is_taken { Err(is_there(sub)) } else { Ok(()) }
    }

    /// Ends a live subscription; whether there was one of that name.
    pub(super) fn end_subscription(&mut self, sub: Option<&str>) -> bool {
        let before = self.subscribers.len();
        self.subscribers.retain(|subscriber| Some(&*subscriber.sub) != sub);
        self.subscribers.len() < before
    }

    /// Says what readers are given, as fast as the socket takes it; whether there was something.
    pub(super) fn poll_subscribers(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let (mut has_moved, mut has_stopped) = (false, false);
        // Each comes first in its turn.
        if !self.subscribers.is_empty() {
            self.subscribers.rotate_left(1);
        }
        let Self { subscribers, outgoing, .. } = self;
        for Subscriber { quoted, reader, .. } in subscribers {
            while outgoing.bytes() < UNWRITTEN_BYTES
                && let Poll::Ready(item) = reader.poll_next(cx)
            {
                match text(&item, quoted) {
                    Ok(text) => outgoing.say(text.as_bytes()),
                    Err(Close::Slow) => {
                        return Err(End::closed(
                            Code::TooMuch,
                            "a live subscription was not read fast enough",
                        ));
                    }
                    // That the hub stops is said to all of the connection.
                    Err(Close::Stopping) => {
                        has_stopped = true;
                        break;
                    }
                }
                has_moved = true;
            }
        }
        if has_stopped {
            self.subscribers.clear();
        }
        Ok(has_moved)
    }
}

fn is_there(sub: &str) -> Fault {
    let message = format!("There is a consumer or live subscription {sub} already.");
    Fault::new(wire::Code::InvalidParameterValue, message)
}

/// What is said of an item.
fn text(item: &Item, sub: &str) -> Result<String, Close> {
    let said = |kind: &str, members: &str, more: &str| {
        let mut text = String::with_capacity(members.len() + sub.len() + 64);
        // Writing to a text cannot fail.
        let _ = write!(text, "{{\"type\":\"{kind}\",\"sub\":{sub},{members}{more}}}");
        text
    };
    Ok(match item {
        Item::Event { event, replay } => {
            said("event", event.json(), if *replay { ",\"replay\":true" } else { "" })
        }
        Item::Gap(gap) => said("gap", &gap.json(), ""),
        Item::Live(beginning) => said("live", &beginning.json(), ""),
        Item::Closed(close) => return Err(*close),
    })
}
