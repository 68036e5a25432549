//! What is held, from the push to its end.

use serde_json::json;
use tokio::sync::watch;

use super::super::command::{How, Settle, Settled};
use super::super::consumer::Lost;
use super::super::delivery::{Delivery, Ticket};
use super::super::frame::Pushed;
use super::{Held, Part, Purpose, State, frame};
use crate::error::Fault;
use crate::queue::whole_seconds;

impl State {
    /// A message that was pushed. One that is known was pushed again after a break, in case that it had been missed.
    pub(super) fn pushed(&mut self, pushed: Pushed) {
        let Some(commands) = self.commands.upgrade() else { return };
        let Some(holding) = self.consumers.get_mut(&pushed.sub) else { return };
        if holding.held.contains_key(&pushed.tag) {
            return;
        }
        let is_deleted = holding.request.get("ackMode").is_some();
        let (tell, lost) = watch::channel(None);
        let (tag, sub) = (pushed.tag, pushed.sub.clone());
        let client = self.client.clone();
        let ticket =
            Ticket { sub, tag, generation: self.generation, commands, client, is_settled: is_deleted };
        let queue = pushed.queue.clone();
        let is_redelivered = pushed.redelivered;
        let message = pushed.into_message();
        if !is_deleted {
            let group = message.group().map(str::to_owned);
            holding.held.insert(tag, Held { lost: tell, group, is_settling: false });
        }
        // A consumer that has gone drops it, which gives it back.
        let _ = holding.deliveries.send(Ok(Delivery { message, queue, is_redelivered, ticket, lost }));
    }

    /// Leases have ended.
    pub(super) fn lost(&mut self, sub: &str, tags: &[u64], why: Lost) {
        let Some(holding) = self.consumers.get_mut(sub) else { return };
        for tag in tags {
            if let Some(held) = holding.held.remove(tag) {
                held.lost.send_replace(Some(why));
            }
        }
    }

    pub(super) fn settle(&mut self, settle: Settle) {
        let Settle { sub, tag, generation, how, reply } = settle;
        let holding = self.consumers.get_mut(&sub).filter(|_| generation == self.generation);
        let Some(holding) = holding else {
            let _ = reply.send(Settled::Unknown);
            return;
        };
        let is_extension = matches!(how, How::Extend { .. });
        let held = holding.held.get_mut(&tag).filter(|held| !held.is_settling);
        let Some(held) = held else {
            let _ = reply.send(Settled::Lost(Lost::Expired));
            return;
        };
        held.is_settling = !is_extension;
        let group = held.group.clone();
        let mut parts: Vec<Part> = vec![(tag, Some(reply))];
        let mut request = frame(
            match how {
                How::Ack => {
                    self.acks.entry(sub).or_default().append(&mut parts);
                    return;
                }
                How::Extend { .. } => "extend",
                How::Nack { .. } | How::NackGroup { .. } | How::DeadLetter { .. } => "nack",
            },
            &sub,
        );
        if matches!(how, How::NackGroup { .. }) && group.is_some() {
            for (later, held) in holding.held.range_mut(tag + 1..) {
                if held.group == group && !held.is_settling {
                    held.is_settling = true;
                    held.lost.send_replace(Some(Lost::GivenBack));
                    parts.push((*later, None));
                }
            }
        }
        request.insert("tags".to_owned(), parts.iter().map(|(tag, _)| *tag).collect());
        match how {
            How::Ack => {}
            How::Nack { delay, reason } | How::NackGroup { delay, reason } => {
                request.insert("delay".to_owned(), whole_seconds(delay).into());
                request.insert("reason".to_owned(), reason.into());
            }
            How::DeadLetter { reason } => {
                request.insert("deadLetter".to_owned(), true.into());
                request.insert("reason".to_owned(), reason.into());
            }
            How::Extend { lease } => {
                request.insert("lease".to_owned(), whole_seconds(lease).into());
            }
        }
        request.retain(|_, value| !value.is_null());
        self.ask(request, Purpose::Settle { sub, parts, is_extension });
    }

    /// The hub has done it, but for the tags that it did not know.
    pub(super) fn settled(
        &mut self,
        sub: &str,
        parts: Vec<Part>,
        is_extension: bool,
        written: u32,
        unknown: &[u64],
    ) {
        for (tag, reply) in parts {
            let held = self
                .consumers
                .get_mut(sub)
                .and_then(|holding| if is_extension { None } else { holding.held.remove(&tag) });
            let settled = if !unknown.contains(&tag) {
                Settled::Done
            } else if written > 1 {
                // It may be unknown because it was done before the break. The receipt handle tells for certain.
                Settled::Unknown
            } else {
                let told = held.as_ref().and_then(|held| *held.lost.borrow());
                Settled::Lost(told.unwrap_or(Lost::Expired))
            };
            if let Some(reply) = reply {
                let _ = reply.send(settled);
            }
        }
    }

    /// The hub would not. What was to be settled is given back, since nobody has it in hand any more.
    pub(super) fn unsettled(&mut self, sub: &str, parts: Vec<Part>, is_extension: bool, fault: &Fault) {
        let tags = parts.iter().map(|(tag, _)| *tag).collect::<Vec<_>>();
        for (tag, reply) in parts {
            if !is_extension && let Some(holding) = self.consumers.get_mut(sub) {
                holding.held.remove(&tag);
            }
            if let Some(reply) = reply {
                let _ = reply.send(Settled::Refused(fault.clone()));
            }
        }
        if !is_extension {
            self.write(&json!({"type": "nack", "sub": sub, "tags": tags}));
        }
    }
}
