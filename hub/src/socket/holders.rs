//! Which client holds which message, so that it hears at once of what was done with it elsewhere: by a receipt handle
//! over HTTP, or to a whole queue.

use super::consumer::Consumer;
use super::held::Lease;
use super::protocol::Loss;
use super::{Sockets, lock};
use crate::hub::Hub;
use queue_core::{Command, Error, Machine, QueueId, Receipt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// All messages that clients hold, each with its last holder, by their queues and their numbers there.
#[derive(Debug, Default)]
pub(super) struct Holders(Mutex<BTreeMap<(QueueId, u64), Holder>>);

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

    /// Goes on with what it has held all the while, unless somebody else has it by now.
    pub(super) fn resume(&self, receipt: Receipt, tag: u64) {
        let holder = || Holder { owner: self.owner.clone(), tag };
        lock(&self.holders.0).entry((receipt.queue, receipt.number)).or_insert_with(holder);
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

/// What clients may lose by a command that is not theirs, if it is executed.
pub(crate) struct Stake(Losses);

enum Losses {
    None,
    /// For each receive that the command is about, who holds its message, and what that would be lost to.
    Receives(Vec<Option<(Receipt, Holder, Loss)>>),
    /// Whatever is in these queues.
    Queues(Vec<QueueId>, Loss),
}

impl Stake {
    /// To be asked before the command is executed: who has a message after it has got that anew.
    pub(crate) fn of(command: &Command, hub: &Hub) -> Self {
        let holders = &hub.sockets.holders;
        Self(if lock(&holders.0).is_empty() {
            Losses::None
        } else if let Command::Delete(delete) = command {
            let lost = |receipt: &Receipt| Some((*receipt, holders.holder(receipt)?, Loss::Deleted));
            Losses::Receives(delete.receipts.iter().map(lost).collect())
        } else if let Command::ChangeVisibility(change) = command {
            let lost = |(receipt, timeout): &(Receipt, Duration)| {
                let holder = timeout.is_zero().then(|| holders.holder(receipt)).flatten()?;
                Some((*receipt, holder, Loss::Expired))
            };
            Losses::Receives(change.changes.iter().map(lost).collect())
        } else if let Command::PurgeQueue(purge) = command {
            let view = hub.catalogue.queue_by_id(purge.queue);
            let members = view.iter().filter_map(|view| view.attributes.priority.as_ref());
            let members = members.flat_map(|priority| &priority.members).map(|member| member.queue);
            Losses::Queues(members.chain([purge.queue]).collect(), Loss::Purged)
        } else if let Command::DeleteQueue(queue) = command {
            Losses::Queues(vec![*queue], Loss::Deleted)
        } else {
            Losses::None
        })
    }

    /// The command was executed: clients are told what they have lost by it.
    pub(crate) async fn lose(self, outcomes: &[Result<(), Error>], hub: &Hub) {
        match self.0 {
            Losses::None => {}
            Losses::Receives(receives) => {
                let done = receives.into_iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
                for (receipt, Holder { owner, tag }, why) in done.filter_map(|(receive, _)| receive) {
                    // A message is deleted by any of its receives, and made visible by the last.
                    let is_meant = |held: Receipt| why == Loss::Deleted || held.receive == receipt.receive;
                    hub.sockets.lose(&owner, &[tag], why, is_meant);
                }
            }
            Losses::Queues(queues, why) => {
                for (owner, tags) in hub.sockets.holders.of(&queues) {
                    let gone = hub.sockets.gone(&owner, &tags, hub).await;
                    hub.sockets.lose(&owner, &tags, why, |held| gone.contains(&held));
                }
            }
        }
    }
}

impl Holders {
    /// What each consumer holds of some queues.
    fn of(&self, queues: &[QueueId]) -> BTreeMap<Owner, Vec<u64>> {
        let mut held = BTreeMap::<_, Vec<_>>::new();
        let holders = lock(&self.0);
        for queue in queues {
            for (_, holder) in holders.range((*queue, 0)..=(*queue, u64::MAX)) {
                held.entry(holder.owner.clone()).or_default().push(holder.tag);
            }
        }
        drop(holders);
        held.values_mut().for_each(|tags| tags.sort_unstable());
        held
    }

    fn holder(&self, receipt: &Receipt) -> Option<Holder> {
        lock(&self.0).get(&(receipt.queue, receipt.number)).cloned()
    }
}

impl Sockets {
    /// Which of these messages are gone from their queues.
    async fn gone(&self, owner: &Owner, tags: &[u64], hub: &Hub) -> Vec<Receipt> {
        let Some(session) = self.session(owner.session) else { return Vec::new() };
        let mut held: Vec<_> = session.with(|state| {
            let consumer = state.consumer(&owner.sub, owner.number);
            let lease = |consumer: &Consumer, tag| consumer.held.lease(tag).map(Lease::receipt);
            consumer.map_or_else(Vec::new, |consumer| {
                tags.iter().filter_map(|tag| lease(consumer, *tag)).collect()
            })
        });
        let look = move |machine: &Machine| {
            held.retain(|receipt| !machine.queue(receipt.queue).is_some_and(|queue| queue.is_held(*receipt)));
            held
        };
        // A hub that stops takes leave of everybody.
        hub.engine.read(None, look).await.unwrap_or_default()
    }

    fn lose(&self, owner: &Owner, tags: &[u64], why: Loss, is_meant: impl Fn(Receipt) -> bool) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::Timestamp;

    const QUEUE: QueueId = QueueId(7);

    fn receipt(number: u64) -> Receipt {
        Receipt { queue: QUEUE, number, receive: 1, at: Timestamp(0) }
    }

    fn hold(holders: &Arc<Holders>, number: u64) -> Hold {
        let owner = Owner { session: Uuid::nil(), sub: "work".into(), number };
        Hold { holders: Arc::clone(holders), owner }
    }

    /// The tags that are held, by the numbers of the consumers.
    fn held(holders: &Holders) -> Vec<(u64, Vec<u64>)> {
        holders.of(&[QUEUE]).into_iter().map(|(owner, tags)| (owner.number, tags)).collect()
    }

    #[test]
    fn whoever_had_a_message_before_does_not_take_it_from_whom_has_it() {
        let holders = Arc::<Holders>::default();
        let (first, second) = (hold(&holders, 1), hold(&holders, 2));
        first.begin(receipt(1), 1);
        first.begin(receipt(2), 2);
        second.begin(receipt(1), 1);
        first.end(receipt(1), 1);
        assert_eq!(held(&holders), [(1, vec![2]), (2, vec![1])]);
        first.resume(receipt(1), 1);
        assert_eq!(held(&holders), [(1, vec![2]), (2, vec![1])]);
        second.end(receipt(1), 1);
        first.resume(receipt(1), 1);
        assert_eq!(held(&holders), [(1, vec![1, 2])]);
        (1..=2).for_each(|number| first.end(receipt(number), number));
        assert!(lock(&holders.0).is_empty());
    }
}
