//! Receiving: which messages a receive takes, and which it finds exhausted on its way.

use super::fifo::Attempt;
use super::{Order, Queue, exhausted};
use crate::limits::MOVES_PER_RECEIVE;
use crate::message::{Message, State};
use crate::planted::{self, Bug};
use crate::{Error, Receipt, Receive, Timestamp};

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
        let taken = Taken {
            exhausted: choice.exhausted.into_iter().filter_map(|number| self.remove(number)).collect(),
            messages: (choice.taken.into_iter())
                .filter_map(|number| self.take(number, receive, redrive, now))
                .collect(),
        };
        self.remember_attempt(receive, &taken, now);
        Ok(taken)
    }

    /// The messages to take, and those found exhausted before them.
    fn choose(&self, maximum: usize, redrive: Option<u32>) -> Choice {
        let mut choice = Choice { taken: Vec::new(), exhausted: Vec::new(), maximum };
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
                    let mut next = Some(head);
                    while let Some(number) = next.filter(|number| choice.consider(self, *number, redrive)) {
                        next = fifo.next_in(&group, number + 1);
                    }
                    next_group = fifo.next_group(head + 1);
                }
            }
        }
        choice
    }

    fn take(
        &mut self,
        number: u64,
        receive: &Receive,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Option<(Receipt, Message)> {
        let message = self.messages.get_mut(number)?;
        message.receives = message.receives.saturating_add(1);
        message.first_received.get_or_insert(now);
        let receipt = Receipt { queue: self.id, number, receive: message.receives, at: now };
        let taken = message.clone();
        self.hide(number, receive.visibility, redrive, now);
        Some((receipt, taken))
    }

    /// The same messages as the last time that this attempt was made, hidden anew, if nothing happened to any.
    fn repeat_attempt(&mut self, receive: &Receive, redrive: Option<u32>, now: Timestamp) -> Option<Taken> {
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

    fn remember_attempt(&mut self, receive: &Receive, taken: &Taken, now: Timestamp) {
        let (Order::Fifo(fifo), Some(id)) = (&mut self.order, receive.attempt) else {
            return;
        };
        if taken.messages.is_empty() {
            return;
        }
        let numbers = taken.messages.iter().map(|(receipt, _)| (receipt.number, receipt.receive)).collect();
        let attempt = Attempt { taken: numbers, at: now, until: now.after(receive.visibility) };
        fifo.remember_attempt(id, attempt);
    }
}

/// What a receive makes of the messages it comes by.
struct Choice {
    taken: Vec<u64>,
    exhausted: Vec<u64>,
    maximum: usize,
}

impl Choice {
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
