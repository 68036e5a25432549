//! Which client holds which message, so that it hears at once of what was done with it elsewhere: by a receipt handle
//! over HTTP, or to a whole queue.

use super::protocol::Loss;
use super::{Sockets, lock};
use crate::hub::Hub;
use queue_core::{Command, Error, QueueId, Receipt};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// All messages that clients hold, each with its holder, by their queues and their numbers there.
#[derive(Debug, Default)]
pub(super) struct Holders(Mutex<HashMap<(QueueId, u64), Holder>>);

/// Who holds a message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    owner: Owner,
    tag: u64,
}

/// A consumer of a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) session: Uuid,
    pub(super) sub: Arc<str>,
    pub(super) number: u64,
}

/// The hold of a consumer on messages.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) holders: Arc<Holders>,
    pub(super) owner: Owner,
}

impl Hold {
    pub(super) fn begin(&self, receipt: Receipt, tag: u64) {
        let holder = Holder { owner: self.owner.clone(), tag };
        lock(&self.holders.0).insert((receipt.queue, receipt.number), holder);
    }

    pub(super) fn end(&self, receipt: Receipt, tag: u64) {
        let mut holders = lock(&self.holders.0);
        let key = (receipt.queue, receipt.number);
        // Somebody else may have it by now.
        if holders.get(&key).is_some_and(|holder| holder.tag == tag && holder.owner == self.owner) {
            holders.remove(&key);
        }
    }
}

/// What clients lose by a command that is not theirs, if it is executed.
pub(crate) struct Stake(Losses);

enum Losses {
    None,
    /// For each receive that the command is about, what its message would be lost to.
    Receives(Vec<Option<(Receipt, Loss)>>),
    /// All that they held of whole queues before.
    Held(BTreeMap<Owner, Vec<u64>>, Loss),
}

impl Stake {
    /// To be asked before the command is executed: what is received after that is nobody's loss.
    pub(crate) fn of(command: &Command, hub: &Hub) -> Self {
        let holders = &hub.sockets.holders;
        Self(if lock(&holders.0).is_empty() {
            Losses::None
        } else if let Command::Delete(delete) = command {
            let lost = |receipt: &Receipt| Some((*receipt, Loss::Deleted));
            Losses::Receives(delete.receipts.iter().map(lost).collect())
        } else if let Command::ChangeVisibility(change) = command {
            let lost = |(receipt, timeout): &(Receipt, Duration)| {
                timeout.is_zero().then_some((*receipt, Loss::Expired))
            };
            Losses::Receives(change.changes.iter().map(lost).collect())
        } else if let Command::PurgeQueue(purge) = command {
            let view = hub.catalogue.queue_by_id(purge.queue);
            let members = view.iter().filter_map(|view| view.attributes.priority.as_ref());
            let members = members.flat_map(|priority| &priority.members).map(|member| member.queue);
            let queues: Vec<_> = members.chain([purge.queue]).collect();
            Losses::Held(holders.of(&queues), Loss::Purged)
        } else if let Command::DeleteQueue(queue) = command {
            Losses::Held(holders.of(&[*queue]), Loss::Deleted)
        } else {
            Losses::None
        })
    }
}

impl Holders {
    /// What each consumer holds of some queues.
    fn of(&self, queues: &[QueueId]) -> BTreeMap<Owner, Vec<u64>> {
        let mut held = BTreeMap::<_, Vec<_>>::new();
        for ((queue, _), holder) in &*lock(&self.0) {
            if queues.contains(queue) {
                held.entry(holder.owner.clone()).or_default().push(holder.tag);
            }
        }
        held.values_mut().for_each(|tags| tags.sort_unstable());
        held
    }

    fn holder(&self, receipt: Receipt) -> Option<Holder> {
        lock(&self.0).get(&(receipt.queue, receipt.number)).cloned()
    }
}

impl Sockets {
    /// A command was executed: clients are told what they have lost by it.
    pub(crate) fn lose(&self, stake: Stake, outcomes: &[Result<(), Error>]) {
        match stake.0 {
            Losses::None => {}
            Losses::Receives(receives) => {
                let done = receives.into_iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
                for (receipt, why) in done.filter_map(|(receive, _)| receive) {
                    // A message is deleted by any of its receives, and made visible by the last.
                    let is_meant = |held: Receipt| why == Loss::Deleted || held.receive == receipt.receive;
                    if let Some(Holder { owner, tag }) = self.holders.holder(receipt) {
                        self.lose_of(&owner, &[tag], why, is_meant);
                    }
                }
            }
            Losses::Held(held, why) => {
                held.iter().for_each(|(owner, tags)| self.lose_of(owner, tags, why, |_| true));
            }
        }
    }

    fn lose_of(&self, owner: &Owner, tags: &[u64], why: Loss, is_meant: impl Fn(Receipt) -> bool) {
        let Some(session) = self.session(owner.session) else { return };
        session.with(|state| {
            let Some(consumer) = state.consumer(&owner.sub, owner.number) else { return };
            let mut lost = tags.to_vec();
            lost.retain(|tag| consumer.held.lease(*tag).is_some_and(|lease| is_meant(lease.receipt())));
            lost.iter().for_each(|tag| drop(consumer.held.take(*tag)));
            state.say_lost(&owner.sub, &lost, why);
        });
    }
}
