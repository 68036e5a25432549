//! The commands of consumers that hold messages by a connection.

use super::{Machine, Scope};
use crate::tally::counted;
use crate::{Bury, Error, GiveBack, Queue, QueueId, Receipt, Renew, Reply, Tally, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

impl Machine {
    pub(super) fn renew(&mut self, renew: &Renew, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let receives = renew.receipts.iter().map(|receipt| (*receipt, renew.visibility));
        self.change_receives(renew.queue, receives, scope, Queue::renew)
    }

    /// Changes how long receives last, by a rule of the queue, in whichever member of a priority queue they are.
    pub(super) fn change_receives(
        &mut self,
        queue: QueueId,
        receives: impl Iterator<Item = (Receipt, Duration)>,
        scope: &mut Scope<'_>,
        rule: impl Fn(&mut Queue, Receipt, Duration, Option<u32>, Timestamp) -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        let mut results = Vec::new();
        // What each queue's redrive policy says, asked once.
        let mut redrives = BTreeMap::<QueueId, Option<u32>>::new();
        for (receipt, timeout) in receives {
            let id = self.holder_of(queue, &receipt)?;
            let redrive = || self.redrive_of(id).map(|(_, maximum)| maximum);
            let redrive = *redrives.entry(id).or_insert_with(redrive);
            let holder = self.queues.get_mut(&id).ok_or(Error::NoSuchMessage);
            results.push(holder.and_then(|holder| rule(holder, receipt, timeout, redrive, scope.now)));
        }
        self.touch_all(redrives.into_keys().map(|id| (id, Tally::default())), scope);
        Ok(Reply::Each(results))
    }

    pub(super) fn give_back(&mut self, back: &GiveBack, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let receives = back.receipts.iter().map(|receipt| (*receipt, Duration::ZERO));
        let undo = |queue: &mut Queue, receipt, _, redrive, now| queue.undo(receipt, redrive, now);
        self.change_receives(back.queue, receives, scope, undo)
    }

    pub(super) fn bury_now(&mut self, bury: &Bury, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let mut results = Vec::with_capacity(bury.receipts.len());
        for receipt in &bury.receipts {
            let id = self.holder_of(bury.queue, receipt)?;
            results.push(self.bury_one(id, *receipt, scope));
        }
        Ok(Reply::Each(results))
    }

    fn bury_one(&mut self, id: QueueId, receipt: Receipt, scope: &mut Scope<'_>) -> Result<(), Error> {
        let (target, _) = self.redrive_of(id).ok_or(Error::NoDeadLetterQueue)?;
        let queue = self.queues.get_mut(&id).ok_or(Error::NoSuchMessage)?;
        let message = queue.give_up(receipt)?;
        let tally = Tally { buried: counted(message.iter().len()), ..Tally::default() };
        self.bury(id, message.into_iter().collect(), Some(target), scope);
        self.touch(id, tally, scope);
        Ok(())
    }
}
