//! One queue of the reference, as a list of letters.

use super::moves::Task;
use crate::tests::model::Got;
use crate::{DeduplicationScope, Name, Outgoing, QueueAttributes, QueueId, Receipt, Receive, Timestamp};
use std::time::Duration;

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const ONE_MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) id: QueueId,
    pub(super) name: Name,
    pub(super) attributes: QueueAttributes,
    pub(super) scope: DeduplicationScope,
    pub(super) last: u64,
    /// By number.
    pub(super) letters: Vec<Letter>,
    /// Key, end, and what was accepted.
    pub(super) accepted: Vec<(u128, Timestamp, (String, u64))>,
    pub(super) attempts: Vec<Attempt>,
    /// When which letter is to be moved, if it may still be.
    pub(super) revisit: bool,
    pub(super) purged: Option<Timestamp>,
    /// The last move task of which this is the source.
    pub(super) task: Option<Task>,
}

#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) number: u64,
    pub(super) body: String,
    pub(super) identity: String,
    pub(super) sent: Timestamp,
    /// When its retention began.
    pub(super) began: Timestamp,
    pub(super) hidden: Hidden,
    /// When it is given up if nobody asks for it.
    pub(super) swept: Option<Timestamp>,
    pub(super) first: Option<Timestamp>,
    pub(super) receives: u32,
    pub(super) receives_here: u32,
    pub(super) group: Option<String>,
    pub(super) source: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    No,
    Delayed(Timestamp),
    InFlight(Timestamp),
}

#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: u128,
    pub(super) taken: Vec<Receipt>,
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
}

impl Shelf {
    pub(super) fn send(&mut self, now: Timestamp, message: &Outgoing, body: &str) -> (String, Option<u64>) {
        let keys = message.deduplication.unwrap();
        let key = match self.scope {
            DeduplicationScope::Everything => keys.overall,
            DeduplicationScope::Group => keys.in_group,
        };
        let fifo = self.attributes.fifo;
        let earlier = self.accepted.iter().find(|(other, end, _)| fifo && *other == key && *end > now);
        if let Some((_, _, (original, number))) = earlier {
            return (original.clone(), Some(*number));
        }
        self.last += 1;
        let delay = message.delay.filter(|_| !fifo).unwrap_or(self.attributes.delay);
        self.accepted.push((key, now.after(FIVE_MINUTES), (body.to_owned(), self.last)));
        self.letters.push(Letter {
            number: self.last,
            body: body.to_owned(),
            identity: body.to_owned(),
            sent: now,
            began: now,
            swept: None,
            hidden: if delay.is_zero() { Hidden::No } else { Hidden::Delayed(now.after(delay)) },
            first: None,
            receives: 0,
            receives_here: 0,
            group: message.group.as_ref().map(ToString::to_string),
            source: None,
        });
        (body.to_owned(), fifo.then_some(self.last))
    }

    /// The numbers of what can be received, in order.
    pub(super) fn receivable(&self) -> Vec<u64> {
        if !self.attributes.fifo {
            return self.receivable_fairly();
        }
        // Of each group, in the order of their first letters, all that stand before the first hidden one.
        let mut groups: Vec<&Option<String>> = Vec::new();
        for letter in &self.letters {
            if !groups.contains(&&letter.group) {
                groups.push(&letter.group);
            }
        }
        let of_group = |group: &&Option<String>| {
            let members = self.letters.iter().filter(|letter| letter.group == **group);
            let open = members.take_while(|letter| letter.hidden == Hidden::No);
            open.map(|letter| letter.number).collect::<Vec<_>>()
        };
        groups.iter().flat_map(of_group).collect()
    }

    /// What is visible: first that of quiet tenants, then that of each noisy one, beginning with the one that
    /// holds least.
    fn receivable_fairly(&self) -> Vec<u64> {
        let held = |letter: &Letter| matches!(letter.hidden, Hidden::InFlight(_));
        let in_flight = self.letters.iter().filter(|letter| held(letter)).count();
        // How noisy its tenant is, for each letter: nothing, or how much it holds, and its name.
        let noise = |letter: &Letter| {
            let same = |other: &&Letter| held(other) && other.group == letter.group;
            let own = self.letters.iter().filter(same).count();
            let noisy = letter.group.is_some() && own >= 30 && own * 10 > in_flight;
            noisy.then(|| (own, letter.group.clone()))
        };
        let visible = self.letters.iter().filter(|letter| letter.hidden == Hidden::No);
        let mut order: Vec<_> = visible.map(|letter| (noise(letter), letter.number)).collect();
        order.sort();
        order.into_iter().map(|(_, number)| number).collect()
    }

    pub(super) fn take(
        &mut self,
        number: u64,
        receive: &Receive,
        maximum: Option<u32>,
        now: Timestamp,
    ) -> Got {
        let at = self.letters.iter().position(|letter| letter.number == number).unwrap();
        let letter = &mut self.letters[at];
        letter.receives += 1;
        letter.receives_here += 1;
        letter.first.get_or_insert(now);
        let receipt = Receipt { queue: self.id, number, receive: letter.receives, at: now };
        self.hide(at, receive.visibility, maximum, now);
        self.describe(receipt)
    }

    pub(super) fn repeat(
        &mut self,
        receive: &Receive,
        maximum: Option<u32>,
        now: Timestamp,
    ) -> Option<Vec<Got>> {
        let known = |attempt: &Attempt| {
            Some(attempt.id) == receive.attempt
                && attempt.at.after(FIVE_MINUTES) > now
                && self.attributes.fifo
        };
        let attempt = self.attempts.iter().position(known)?;
        let Attempt { taken, until, .. } = &self.attempts[attempt];
        let untouched = |receipt: &Receipt| {
            self.letters.iter().position(|letter| {
                letter.number == receipt.number
                    && letter.receives == receipt.receive
                    && letter.hidden == Hidden::InFlight(*until)
            })
        };
        let places = taken.iter().map(untouched).collect::<Option<Vec<_>>>()?;
        let receipts = taken.clone();
        for at in places {
            self.hide(at, receive.visibility, maximum, now);
        }
        self.attempts[attempt].until = now.after(receive.visibility);
        Some(receipts.into_iter().map(|receipt| self.describe(receipt)).collect())
    }

    pub(super) fn describe(&self, receipt: Receipt) -> Got {
        let letter = self.letters.iter().find(|letter| letter.number == receipt.number).unwrap();
        Got {
            body: letter.body.clone(),
            identity: letter.identity.clone(),
            receipt,
            sent: letter.sent,
            first: letter.first.unwrap(),
            receives: letter.receives,
            sequence: self.attributes.fifo.then_some(letter.number),
            source: letter.source.clone(),
        }
    }

    pub(super) fn hide(&mut self, at: usize, timeout: Duration, maximum: Option<u32>, now: Timestamp) {
        if timeout.is_zero() {
            self.show(at, maximum, now);
        } else {
            self.letters[at].hidden = Hidden::InFlight(now.after(timeout));
            self.letters[at].swept = None;
        }
    }

    pub(super) fn show(&mut self, at: usize, maximum: Option<u32>, now: Timestamp) {
        let letter = &mut self.letters[at];
        letter.hidden = Hidden::No;
        letter.swept = letter.is_exhausted(maximum).then(|| now.after(ONE_MINUTE));
    }

    /// A FIFO queue's delay holds for what is there and was neither received nor moved; a redrive policy for what
    /// nobody asks for any more.
    pub(super) fn revisit(&mut self, maximum: Option<u32>, now: Timestamp) {
        for letter in &mut self.letters {
            if letter.hidden == Hidden::No && letter.swept.is_none() && letter.is_exhausted(maximum) {
                letter.swept = Some(now.after(ONE_MINUTE));
            }
            if self.attributes.fifo && letter.first.is_none() && letter.source.is_none() {
                let until = letter.sent.after(self.attributes.delay);
                letter.hidden = if until > now { Hidden::Delayed(until) } else { Hidden::No };
            }
        }
    }

    pub(super) fn take_away(&mut self, number: u64) -> Option<Letter> {
        let at = self.letters.iter().position(|letter| letter.number == number)?;
        Some(self.letters.remove(at))
    }
}

impl Letter {
    pub(super) fn is_exhausted(&self, maximum: Option<u32>) -> bool {
        maximum.is_some_and(|maximum| self.receives_here >= maximum)
    }

    pub(super) fn is_held_by(&self, receipt: &Receipt) -> bool {
        matches!(self.hidden, Hidden::InFlight(_)) && self.receives == receipt.receive
    }
}

impl Hidden {
    pub(super) fn until(self) -> Option<Timestamp> {
        match self {
            Self::No => None,
            Self::Delayed(until) | Self::InFlight(until) => Some(until),
        }
    }
}
