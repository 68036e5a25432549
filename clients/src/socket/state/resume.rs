//! What happens between two connections, and at the beginning of each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::command::Settled;
use super::super::consumer::Lost;
use super::super::frame::{Connected, Kept};
use super::super::live::Since;
use super::{Purpose, State, frame, with};

impl State {
    /// The connection is gone. Everything waits for the next one.
    pub(in crate::socket) fn broke(&mut self) {
        self.is_connected = false;
        self.frames.clear();
    }

    /// There is a connection: what the hub does not know any more is said again, then what it has not answered.
    pub(in crate::socket) fn connected(&mut self, connected: &Connected) {
        self.is_connected = true;
        self.asked.retain(|_, asked| match asked.purpose {
            // These are begun anew below. Subscriptions have ended with the connection.
            Purpose::Consume { .. } | Purpose::Subscribe { .. } | Purpose::Forget => false,
            Purpose::Settle { .. } | Purpose::Put { .. } | Purpose::Stop { .. } => true,
        });
        if connected.resumed {
            self.resumed(&connected.subs);
        } else {
            self.forgotten();
        }
        let waiting = self.asked.values_mut().map(super::Asked::text);
        self.frames.extend(waiting);
        let unknown = self.consumers.iter().filter(|(_, holding)| !holding.has_begun);
        for sub in unknown.map(|(sub, _)| sub.clone()).collect::<Vec<_>>() {
            self.begin_consumer(sub);
        }
        for sub in self.subscriptions.keys().cloned().collect::<Vec<_>>() {
            self.begin_subscription(sub);
        }
    }

    pub(super) fn begin_consumer(&mut self, sub: String) {
        let Some(holding) = self.consumers.get(&sub) else { return };
        let credit = holding.credit;
        let mut request = with(frame("consume", &sub), &holding.request);
        request.insert("credit".to_owned(), credit.max(1).into());
        self.ask(request, Purpose::Consume { sub: sub.clone() });
        if credit == 0 {
            self.write(&json!({"type": "credit", "sub": sub, "credit": 0}));
        }
    }

    pub(super) fn begin_subscription(&mut self, sub: String) {
        let Some(watching) = self.subscriptions.get(&sub) else { return };
        let mut request = with(frame("subscribe", &sub), &watching.request);
        let since: Value = match &watching.since {
            Since::Now => "now".into(),
            Since::Last(count) => json!({"last": count}),
            Since::Place(offset, epoch) => json!({"offset": offset, "epoch": epoch}),
            Since::Time(time) => json!({"time": time}),
        };
        request.insert("since".to_owned(), since);
        self.ask(request, Purpose::Subscribe { sub });
    }

    pub(super) fn has_begun(&mut self, sub: &str) {
        let Some(holding) = self.consumers.get_mut(sub) else { return };
        holding.has_begun = true;
        if let Some(reply) = holding.reply.take() {
            let _ = reply.send(Ok(()));
        }
    }

    /// The session goes on. What the hub does not hold for this client any more was lost in the meantime.
    fn resumed(&mut self, kept: &[Kept]) {
        let kept = kept.iter().map(|kept| (kept.sub.as_str(), kept)).collect::<BTreeMap<_, _>>();
        let subs = self.consumers.keys().cloned().collect::<Vec<_>>();
        for sub in subs {
            match kept.get(sub.as_str()) {
                Some(kept) => {
                    self.has_begun(&sub);
                    let unacknowledged = kept.unacked.iter().collect::<BTreeSet<_>>();
                    let Some(holding) = self.consumers.get(&sub) else { continue };
                    let credit = holding.credit;
                    let gone = holding.held.iter();
                    // What is being settled was perhaps settled already; its answer tells.
                    let gone = gone.filter(|(tag, held)| !unacknowledged.contains(tag) && !held.is_settling);
                    let gone = gone.map(|(tag, _)| *tag).collect::<Vec<_>>();
                    self.lost(&sub, &gone, Lost::Expired);
                    self.write(&json!({"type": "credit", "sub": sub, "credit": credit}));
                }
                None => self.forget(&sub),
            }
        }
    }

    /// The hub knows nothing of this client: it was restarted, or the break was too long.
    fn forgotten(&mut self) {
        self.generation += 1;
        for sub in self.consumers.keys().cloned().collect::<Vec<_>>() {
            self.forget(&sub);
        }
        let mut parts = std::mem::take(&mut self.acks).into_values().flatten().collect::<Vec<_>>();
        let waiting = std::mem::take(&mut self.asked);
        for (id, asked) in waiting {
            match asked.purpose {
                Purpose::Settle { parts: more, .. } => parts.extend(more),
                Purpose::Stop { sub, reply } => self.stopped(&sub, reply),
                // It may have been done: whether to do it again is for the caller to decide.
                Purpose::Put { operation, reply } if asked.written > 0 => {
                    let broke =
                        "the connection broke before the answer, and the hub has forgotten the session";
                    let _ = reply.send(Err(self.client.broken(operation, broke)));
                }
                Purpose::Put { .. }
                | Purpose::Consume { .. }
                | Purpose::Subscribe { .. }
                | Purpose::Forget => {
                    self.asked.insert(id, asked);
                }
            }
        }
        for reply in parts.into_iter().filter_map(|(_, reply)| reply) {
            let _ = reply.send(Settled::Unknown);
        }
    }

    /// Nobody renews what this consumer holds.
    fn forget(&mut self, sub: &str) {
        let Some(holding) = self.consumers.get_mut(sub) else { return };
        holding.has_begun = false;
        for held in std::mem::take(&mut holding.held).into_values() {
            held.lost.send_replace(Some(Lost::Forgotten));
        }
    }
}
