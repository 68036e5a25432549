//! Receiving: which messages a receive takes, and which it finds exhausted on its way.

use super::fifo::{Attempt, Fifo};
use super::{Order, Queue, exhausted};
use crate::limits::MOVES_PER_RECEIVE;
use crate::message::{Message, State};
use crate::planted::{self, Bug};
use crate::{Error, Receipt, Receive, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// What a receive would take next.
pub(crate) struct Head {
    /// When that came into the queue.
    pub(crate) since: Timestamp,
    /// The group that it is of, if the queue keeps the order of groups.
    pub(crate) group: Option<Arc<str>>,
    /// Its place in the queue.
    number: u64,
}

impl Head {
    /// Where what comes behind it begins.
    pub(crate) fn next(&self) -> u64 {
        self.number + 1
    }
}

/// The result of a receive.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The messages taken, each as it is now, with its receipt.
    pub(crate) messages: Vec<(Receipt, Message)>,
    /// The messages that had no receive left and are no longer in this queue.
    pub(crate) exhausted: Vec<Message>,
}

impl Queue {
    /// Takes up to as many messages as asked for. With `redrive`, messages received that often are given up
    /// instead.
    pub(crate) fn receive(
        &mut self,
        receive: &Receive,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Result<Taken, Error> {
        if let Some(taken) = self.repeat_attempt(receive, redrive, now) {
            return Ok(taken);
        }
        let room = self.room();
        if room == 0 && !self.attributes.fifo {
            return Err(Error::OverLimit);
        }
        let maximum = usize::try_from(receive.maximum).unwrap_or(usize::MAX).min(room);
        let maximum =
            if planted::is(Bug::SettingReadInApply) { maximum.min(planted::setting()) } else { maximum };
        let choice = self.choose(maximum, redrive);
        let taken = self.carry_out(choice, receive.visibility, redrive, now);
        self.remember_attempt(receive, taken.messages.iter().map(|(receipt, _)| receipt), now);
        Ok(taken)
    }

    /// What a receive would take next, if there is room for it. Of a standard queue the oldest message, if that has been
    /// there since before `aged`; of a FIFO queue from a number on, of a group that nobody else holds, among so many
    /// as are to be looked at.
    pub(crate) fn head(
        &self,
        aged: Option<Timestamp>,
        from: u64,
        looks: &mut usize,
        is_held: impl Fn(&str) -> bool,
    ) -> Option<Head> {
        if self.room() == 0 {
            return None;
        }
        let head = |number, group| Some(Head { since: self.messages.get(number)?.enqueued, group, number });
        match &self.order {
            Order::Standard(standard) => {
                let oldest = aged.and_then(|_| standard.first()).and_then(|number| head(number, None));
                let oldest = oldest.filter(|head| aged.is_some_and(|aged| head.since <= aged));
                oldest.or_else(|| head(standard.in_order(self.counts.in_flight).next()?, None))
            }
            Order::Fifo(fifo) => {
                let mut next = fifo.next_group(from);
                while let Some((number, _)) = next.as_ref().filter(|(_, group)| is_held(group)) {
                    *looks = looks.checked_sub(1)?;
                    next = fifo.next_group(number + 1);
                }
                next.and_then(|(number, group)| head(number, Some(group)))
            }
        }
    }

    /// Takes the next message, or in a FIFO queue up to `maximum` of its group.
    pub(crate) fn take_head(
        &mut self,
        head: &Head,
        maximum: usize,
        visibility: Duration,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Taken {
        let maximum = maximum.min(self.room());
        let choice = match (&self.order, &head.group) {
            (Order::Fifo(fifo), Some(group)) => {
                let mut choice = Choice::new(maximum);
                choice.consider_group(self, fifo, group, head.number, redrive);
                choice
            }
            (Order::Standard(_) | Order::Fifo(_), _) => {
                let mut choice = Choice::new(maximum.min(1));
                choice.consider(self, head.number, redrive);
                choice
            }
        };
        self.carry_out(choice, visibility, redrive, now)
    }

    fn carry_out(
        &mut self,
        choice: Choice,
        visibility: Duration,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Taken {
        Taken {
            exhausted: choice.exhausted.into_iter().filter_map(|number| self.remove(number)).collect(),
            messages: (choice.taken.into_iter())
                .filter_map(|number| self.take(number, visibility, redrive, now))
                .collect(),
        }
    }

    /// The messages to take, and those found exhausted before them.
    fn choose(&self, maximum: usize, redrive: Option<u32>) -> Choice {
        let mut choice = Choice::new(maximum);
        match &self.order {
            Order::Standard(standard) => {
                let mut order = standard.in_order(self.counts.in_flight);
                while choice.goes_on()
                    && order.next().is_some_and(|number| choice.consider(self, number, redrive))
                {
                }
            }
            Order::Fifo(fifo) => {
                let mut next_group = fifo.next_group(0);
                while let Some((head, group)) = next_group.filter(|_| choice.goes_on()) {
                    choice.consider_group(self, fifo, &group, head, redrive);
                    next_group = fifo.next_group(head + 1);
                }
            }
        }
        choice
    }

    fn take(
        &mut self,
        number: u64,
        visibility: Duration,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Option<(Receipt, Message)> {
        let message = self.messages.get_mut(number)?;
        message.receives = message.receives.saturating_add(1);
        message.first_received.get_or_insert(now);
        let receipt = Receipt { queue: self.id, number, receive: message.receives, at: now };
        let taken = message.clone();
        self.hide(number, visibility, redrive, now);
        Some((receipt, taken))
    }

    /// The same messages as the last time that this attempt was made, hidden anew, if nothing happened to any.
    pub(crate) fn repeat_attempt(
        &mut self,
        receive: &Receive,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Option<Taken> {
        let Order::Fifo(fifo) = &self.order else {
            return None;
        };
        let id = receive.attempt?;
        let mut attempt = fifo.attempt(id, now)?.clone();
        let untouched = |(number, receives): &(u64, u32)| {
            let message = self.messages.get(*number)?;
            let same = message.state == State::InFlight(attempt.until) && message.receives == *receives;
            same.then(|| {
                (
                    Receipt { queue: self.id, number: *number, receive: *receives, at: attempt.at },
                    message.clone(),
                )
            })
        };
        let messages = attempt.taken.iter().map(untouched).collect::<Option<Vec<_>>>()?;
        attempt.until = now.after(receive.visibility);
        for (receipt, _) in &messages {
            self.hide(receipt.number, receive.visibility, redrive, now);
        }
        if let Order::Fifo(fifo) = &mut self.order {
            fifo.remember_attempt(id, attempt);
        }
        Some(Taken { messages, exhausted: Vec::new() })
    }

    /// Remembers what an attempt took, if it has an id.
    pub(crate) fn remember_attempt<'a>(
        &mut self,
        receive: &Receive,
        taken: impl Iterator<Item = &'a Receipt>,
        now: Timestamp,
    ) {
        let (Order::Fifo(fifo), Some(id)) = (&mut self.order, receive.attempt) else {
            return;
        };
        let taken: Vec<_> = taken.map(|receipt| (receipt.number, receipt.receive)).collect();
        if !taken.is_empty() {
            fifo.remember_attempt(id, Attempt { taken, at: now, until: now.after(receive.visibility) });
        }
    }
}

/// What a receive makes of the messages it comes by.
struct Choice {
    taken: Vec<u64>,
    exhausted: Vec<u64>,
    maximum: usize,
}

impl Choice {
    fn new(maximum: usize) -> Self {
        Self { taken: Vec::new(), exhausted: Vec::new(), maximum }
    }

    /// Considers the messages of a group, from its `head` on.
    fn consider_group(&mut self, queue: &Queue, fifo: &Fifo, group: &str, head: u64, redrive: Option<u32>) {
        let mut next = Some(head);
        while let Some(number) = next.filter(|number| self.consider(queue, *number, redrive)) {
            next = fifo.next_in(group, number + 1);
        }
    }

    fn goes_on(&self) -> bool {
        self.taken.len() < self.maximum && self.exhausted.len() < MOVES_PER_RECEIVE
    }

    /// Takes the message or gives it up; false if it is not to be received, or if there is no room for it.
    fn consider(&mut self, queue: &Queue, number: u64, redrive: Option<u32>) -> bool {
        let Some(message) = queue.messages.get(number) else {
            return false;
        };
        if !message.state.is_visible() || !self.goes_on() {
            return false;
        }
        let list = if exhausted(message, redrive) { &mut self.exhausted } else { &mut self.taken };
        list.push(number);
        true
    }
}
