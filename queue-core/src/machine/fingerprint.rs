//! What all entries led to, in one number: two machines that executed the same log have the same, and one that did
//! something else on the way has another. It is cheap enough to be kept up with every entry, and says less than
//! [`Machine::digest`], which reads the whole state.
//!
//! It is built on what can be seen from outside, and on totals. What is merely kept differently, such as the
//! weight, does not show in it.

use super::{Applied, Machine};
use crate::{Accepted, Error, Name, Received, Reply};

impl Machine {
    /// A running hash over what every entry led to.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(super) fn advance_fingerprint(&mut self, applied: &Applied) {
        let mut hash = Running(self.fingerprint);
        hash.pair(self.time.0, applied.replies.len() as u64);
        for reply in &applied.replies {
            hash.reply(reply);
        }
        hash.pair(applied.released.len() as u64, u64::from(applied.kept));
        for position in &applied.released {
            hash.word(position.0);
        }
        for id in applied.touched.keys() {
            let counts = self.queues.get(id).map(|queue| queue.counts()).unwrap_or_default();
            hash.pair(id.0, counts.visible);
            hash.pair(counts.in_flight, counts.delayed);
        }
        hash.pair(self.last_id, self.body_bytes);
        self.fingerprint = hash.0;
    }
}

/// A hash by one wide multiplication for each two words: not against forgery, only against drift.
struct Running(u64);

impl Running {
    fn pair(&mut self, first: u64, second: u64) {
        let left = self.0 ^ first ^ 0x9e37_79b9_7f4a_7c15;
        let right = second ^ self.0.rotate_left(32) ^ 0xd1b5_4a32_d192_ed03;
        let product = u128::from(left) * u128::from(right);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    fn word(&mut self, word: u64) {
        self.pair(word, 0);
    }

    fn wide(&mut self, value: u128) {
        self.pair(value as u64, (value >> 64) as u64);
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        for eight in text.as_bytes().chunks(8) {
            self.word(eight.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte)));
        }
    }

    /// Every reply begins with a number of its kind.
    fn reply(&mut self, reply: &Result<Reply, Error>) {
        match reply {
            Err(error) => self.pair(0, *error as u64),
            Ok(Reply::Done) => self.word(1),
            Ok(Reply::QueueCreated(id)) => self.pair(2, id.0),
            Ok(Reply::TopicCreated(id)) => self.pair(3, id.0),
            Ok(Reply::Subscribed(id)) => self.pair(4, id.0),
            Ok(Reply::Sent(accepted)) => self.accepted(5, accepted),
            Ok(Reply::Received(messages)) => {
                self.pair(6, messages.len() as u64);
                messages.iter().for_each(|message| self.received(message));
            }
            Ok(Reply::Each(results)) => {
                self.pair(7, results.len() as u64);
                for result in results {
                    self.word(result.map_or_else(|error| error as u64 + 1, |()| 0));
                }
            }
            Ok(Reply::Published(accepted)) => self.accepted(8, accepted),
            Ok(Reply::MoveStarted(id)) => {
                self.word(9);
                self.wide(*id);
            }
            Ok(Reply::MoveCancelled(moved)) => self.pair(10, *moved),
            Ok(Reply::Redelivered(delivered)) => self.pair(11, *delivered),
        }
    }

    fn accepted(&mut self, kind: u64, accepted: &[Accepted]) {
        self.pair(kind, accepted.len() as u64);
        for one in accepted {
            self.wide(one.id);
            self.optional(one.sequence);
        }
    }

    fn received(&mut self, message: &Received) {
        self.pair(message.receipt.queue.0, message.receipt.number);
        self.pair(u64::from(message.receipt.receive), message.receipt.at.0);
        self.wide(message.id);
        self.pair(message.body.position.0, u64::from(message.body.bytes));
        self.pair(message.sent.0, message.first_received.0);
        self.word(u64::from(message.receives));
        self.optional(message.sequence);
        self.word(u64::from(message.source.is_some()) << 1 | u64::from(message.topical.is_some()));
        if let Some(Name { account, region, name }) = message.source.as_deref() {
            [account, region, name].into_iter().for_each(|text| self.text(text));
        }
        if let Some(topical) = message.topical {
            self.pair(topical.subscription.0, u64::from(topical.replayed) << 1 | u64::from(topical.raw));
            self.wide(topical.id);
            self.optional(topical.sequence);
        }
    }

    fn optional(&mut self, value: Option<u64>) {
        self.pair(u64::from(value.is_some()), value.unwrap_or(0));
    }
}
