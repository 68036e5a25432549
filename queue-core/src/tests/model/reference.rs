//! Queues as they are documented, by searching lists: slow, and short enough to be believed.

mod moves;
mod shelf;

use super::Answer;
use crate::{
    ChangeVisibility, Command, Counts, Delete, Error, GiveBack, Holder, Name, PurgeQueue, QueueAttributes,
    QueueId, Receipt, Receive, Timestamp,
};
use shelf::{Attempt, Hidden, Letter, Shelf};
use std::time::Duration;

const TWELVE_HOURS: Duration = Duration::from_secs(43_200);

#[derive(Debug, Default)]
pub(super) struct Reference {
    queues: Vec<Shelf>,
}

impl Reference {
    pub(super) fn create(&mut self, id: QueueId, name: Name, attributes: QueueAttributes, now: Timestamp) {
        self.pass(now);
        self.queues.push(Shelf {
            id,
            name,
            scope: attributes.deduplication_scope,
            attributes,
            last: 0,
            letters: Vec::new(),
            accepted: Vec::new(),
            attempts: Vec::new(),
            revisit: false,
            purged: None,
            task: None,
        });
    }

    pub(super) fn counts(&self) -> Vec<(QueueId, Counts)> {
        let count = |shelf: &Shelf, is: fn(&Hidden) -> bool| {
            shelf.letters.iter().filter(|letter| is(&letter.hidden)).count() as u64
        };
        let counts = |shelf: &Shelf| Counts {
            visible: count(shelf, |hidden| matches!(hidden, Hidden::No)),
            in_flight: count(shelf, |hidden| matches!(hidden, Hidden::InFlight(_))),
            delayed: count(shelf, |hidden| matches!(hidden, Hidden::Delayed(_))),
        };
        self.queues.iter().map(|shelf| (shelf.id, counts(shelf))).collect()
    }

    pub(super) fn apply(&mut self, now: Timestamp, command: &Command, bodies: &[String]) -> Answer {
        self.pass(now);
        self.execute(now, command, bodies).unwrap_or_else(Answer::Refused)
    }

    fn execute(&mut self, now: Timestamp, command: &Command, bodies: &[String]) -> Result<Answer, Error> {
        match command {
            // Where bodies lie changes nothing that can be seen.
            Command::Tick | Command::Carry(_) | Command::Vouch(_) => Ok(Answer::Done),
            Command::Discard(discard) => {
                for holder in &discard.holders {
                    let Holder::Message((id, number)) = holder else {
                        panic!("not part of a history: {holder:?}");
                    };
                    let at = self.find(*id)?;
                    self.queues[at].take_away(*number);
                }
                Ok(Answer::Done)
            }
            Command::DeleteQueue(id) => {
                let at = self.find(*id)?;
                self.queues.remove(at);
                Ok(Answer::Done)
            }
            Command::PurgeQueue(purge) => self.purge(now, purge),
            Command::SetQueueAttributes(set) => {
                let at = self.find(set.queue)?;
                let shelf = &mut self.queues[at];
                let redrive = &set.attributes.redrive;
                shelf.revisit |= shelf.attributes.fifo && shelf.attributes.delay != set.attributes.delay;
                shelf.revisit |= redrive.is_some() && shelf.attributes.redrive != *redrive;
                shelf.attributes = set.attributes.clone();
                Ok(Answer::Done)
            }
            Command::Send(send) => {
                let at = self.find(send.queue)?;
                let shelf = &mut self.queues[at];
                let messages = send.messages.iter().zip(bodies);
                Ok(Answer::Sent(messages.map(|(message, body)| shelf.send(now, message, body)).collect()))
            }
            Command::Receive(receive) => self.receive(now, receive),
            Command::Delete(delete) => self.delete(delete),
            Command::ChangeVisibility(change) => self.change_visibility(now, change),
            Command::GiveBack(back) => self.give_back(now, back),
            Command::StartMove(start) => self.start_move(now, start),
            Command::CancelMove(cancel) => self.cancel_move(cancel),
            other => panic!("not part of a history: {other:?}"),
        }
    }

    fn find(&self, id: QueueId) -> Result<usize, Error> {
        self.queues.iter().position(|shelf| shelf.id == id).ok_or(Error::NoSuchQueue)
    }

    /// Where dead letters of a queue go, and after how many receives.
    fn redrive(&self, at: usize) -> Option<(usize, u32)> {
        let policy = self.queues[at].attributes.redrive.as_ref()?;
        let target = self.queues.iter().position(|shelf| shelf.name == policy.target)?;
        let same_kind = self.queues[target].attributes.fifo == self.queues[at].attributes.fifo;
        same_kind.then_some((target, policy.maximum_receives))
    }

    /// Everything that time brings, again and again until it brings nothing more; then the move tasks go on.
    fn pass(&mut self, now: Timestamp) {
        while (0..self.queues.len()).any(|at| self.pass_in(now, at)) {}
        self.pass_moves(now);
    }

    fn pass_in(&mut self, now: Timestamp, at: usize) -> bool {
        let redrive = self.redrive(at);
        let maximum = redrive.map(|(_, maximum)| maximum);
        let shelf = &mut self.queues[at];
        let before = shelf.letters.len();
        let retention = shelf.attributes.retention;
        shelf.letters.retain(|letter| letter.began.after(retention) > now);
        let mut passed = shelf.letters.len() < before;
        for at in 0..shelf.letters.len() {
            if let Some(until) = shelf.letters[at].hidden.until().filter(|until| *until <= now) {
                shelf.show(at, maximum, until);
                passed = true;
            }
        }
        let mut dead = Vec::new();
        let due = |letter: &Letter| Some((letter.swept.filter(|end| *end <= now)?, letter.number));
        let mut due: Vec<_> = shelf.letters.iter().filter_map(due).collect();
        due.sort_unstable();
        for (_, number) in &due {
            let at = shelf.letters.iter().position(|letter| letter.number == *number).unwrap();
            if shelf.letters[at].is_exhausted(maximum) {
                dead.push(shelf.letters.remove(at));
            } else {
                shelf.letters[at].swept = None;
            }
        }
        if std::mem::take(&mut shelf.revisit) {
            shelf.revisit(maximum, now);
            passed = true;
        }
        self.bury(at, redrive, dead, now);
        passed || !due.is_empty()
    }

    fn bury(&mut self, source: usize, redrive: Option<(usize, u32)>, dead: Vec<Letter>, now: Timestamp) {
        let Some((target, _)) = redrive else {
            assert!(dead.is_empty());
            return;
        };
        let source = self.queues[source].name.name.to_string();
        let shelf = &mut self.queues[target];
        for letter in dead {
            shelf.last += 1;
            shelf.letters.push(Letter {
                number: shelf.last,
                hidden: Hidden::No,
                swept: None,
                receives_here: 0,
                began: if shelf.attributes.fifo { now } else { letter.began },
                source: Some(source.clone()),
                ..letter
            });
        }
    }

    fn purge(&mut self, now: Timestamp, purge: &PurgeQueue) -> Result<Answer, Error> {
        let at = self.find(purge.queue)?;
        let shelf = &mut self.queues[at];
        if shelf.purged.is_some_and(|at| now < at.after(purge.not_within)) {
            return Err(Error::PurgedRecently);
        }
        shelf.purged = Some(now);
        shelf.letters.clear();
        shelf.accepted.clear();
        shelf.attempts.clear();
        shelf.revisit = false;
        Ok(Answer::Done)
    }

    fn receive(&mut self, now: Timestamp, receive: &Receive) -> Result<Answer, Error> {
        let at = self.find(receive.queue)?;
        let redrive = self.redrive(at);
        let maximum = redrive.map(|(_, maximum)| maximum);
        let shelf = &mut self.queues[at];
        if let Some(taken) = shelf.repeat(receive, maximum, now) {
            return Ok(Answer::Received(taken));
        }
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        for number in shelf.receivable() {
            let letter = shelf.letters.iter().find(|letter| letter.number == number).unwrap();
            if taken.len() == receive.maximum as usize {
                break;
            }
            if letter.is_exhausted(maximum) {
                dead.push(number);
            } else {
                taken.push(number);
            }
        }
        let dead = dead.iter().map(|number| shelf.take_away(*number).unwrap()).collect();
        let got: Vec<_> = taken.iter().map(|number| shelf.take(*number, receive, maximum, now)).collect();
        if let Some(id) = receive.attempt.filter(|_| shelf.attributes.fifo && !got.is_empty()) {
            shelf.attempts.retain(|attempt| attempt.id != id);
            shelf.attempts.push(Attempt {
                id,
                taken: got.iter().map(|got| got.receipt).collect(),
                at: now,
                until: now.after(receive.visibility),
            });
        }
        self.bury(at, redrive, dead, now);
        Ok(Answer::Received(got))
    }

    fn delete(&mut self, delete: &Delete) -> Result<Answer, Error> {
        let at = self.find(delete.queue)?;
        let shelf = &mut self.queues[at];
        let one = |receipt: &Receipt| {
            let letter = shelf.letters.iter().find(|letter| letter.number == receipt.number);
            if letter.is_some_and(|letter| shelf.attributes.fifo && !letter.is_held_by(receipt)) {
                return Err(Error::ReceiptExpired);
            }
            shelf.take_away(receipt.number);
            Ok(())
        };
        Ok(Answer::Each(delete.receipts.iter().map(one).collect()))
    }

    fn change_visibility(&mut self, now: Timestamp, change: &ChangeVisibility) -> Result<Answer, Error> {
        let at = self.find(change.queue)?;
        let maximum = self.redrive(at).map(|(_, maximum)| maximum);
        let shelf = &mut self.queues[at];
        let one = |(receipt, timeout): &(Receipt, Duration)| {
            let found = shelf.letters.iter().position(|letter| letter.number == receipt.number);
            let at = found.ok_or(Error::NoSuchMessage)?;
            let letter = &shelf.letters[at];
            if shelf.attributes.fifo && !letter.is_held_by(receipt) {
                return Err(Error::ReceiptExpired);
            }
            if now.after(*timeout) > receipt.at.after(TWELVE_HOURS) {
                return Err(Error::BeyondVisibilityTotal);
            }
            let no_effect = timeout.is_zero() && letter.hidden == Hidden::No;
            if letter.receives == receipt.receive && !no_effect {
                shelf.hide(at, *timeout, maximum, now);
            }
            Ok(())
        };
        Ok(Answer::Each(change.changes.iter().map(one).collect()))
    }

    fn give_back(&mut self, now: Timestamp, back: &GiveBack) -> Result<Answer, Error> {
        let at = self.find(back.queue)?;
        let maximum = self.redrive(at).map(|(_, maximum)| maximum);
        let shelf = &mut self.queues[at];
        let one = |receipt: &Receipt| {
            let Some(at) = shelf.letters.iter().position(|letter| letter.number == receipt.number) else {
                let is_purged = shelf.purged.is_some_and(|purged| receipt.at <= purged);
                return Err(if is_purged { Error::Purged } else { Error::NoSuchMessage });
            };
            let letter = &mut shelf.letters[at];
            if !letter.is_held_by(receipt) {
                return Err(Error::ReceiptExpired);
            }
            letter.receives -= 1;
            letter.receives_here -= 1;
            if letter.receives == 0 {
                letter.first = None;
            }
            shelf.show(at, maximum, now);
            Ok(())
        };
        Ok(Answer::Each(back.receipts.iter().map(one).collect()))
    }
}
