//! What clients do with messages that they hold: acknowledge, refuse, and hold for longer.

use super::client::Client;
use super::held::Lease;
use super::limits;
use super::protocol::{Ack, Extend, Loss, Nack};
use super::reply::Reply;
use super::session::{Session, State};
use crate::hub::Hub;
use crate::shape::queue::number;
use crate::shape::queue::refusal::About;
use crate::shape::queue::visibility_timeout;
use crate::shape::reply;
use crate::wire::{Code, Fault, List};
use queue_core::{Bury, ChangeVisibility, Command, Delete, Error, GiveBack, QueueId, Receipt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Messages that a client is done with, of one consumer.
pub(super) struct Settled {
    pub(super) sub: Box<str>,
    pub(super) number: u64,
    pub(super) leases: Vec<(u64, Lease)>,
    /// Tags that were not held.
    pub(super) unknown: Vec<u64>,
}

/// What is to become of messages.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Deleted,
    VisibleAfter(Duration),
    Buried,
    /// Visible at once, and as if they had not been received.
    Unseen,
}

impl Fate {
    fn command(self, queue: QueueId, receipts: Vec<Receipt>) -> Command {
        match self {
            Self::Deleted => Command::Delete(Delete { queue, receipts }),
            Self::VisibleAfter(delay) => {
                let changes = receipts.into_iter().map(|receipt| (receipt, delay)).collect();
                Command::ChangeVisibility(ChangeVisibility { queue, changes })
            }
            Self::Buried => Command::Bury(Bury { queue, receipts }),
            Self::Unseen => Command::GiveBack(GiveBack { queue, receipts }),
        }
    }
}

/// What a message was lost to that nothing more can be done with; none if its client still has it.
pub(super) fn loss(error: Error) -> Option<Loss> {
    match error {
        Error::ReceiptExpired => Some(Loss::Expired),
        Error::NoSuchMessage => Some(Loss::Deleted),
        Error::Purged => Some(Loss::Purged),
        Error::NoSuchQueue
        | Error::NoSuchTopic
        | Error::NoSuchSubscription
        | Error::QueueExists
        | Error::TopicExists
        | Error::SubscriptionExists
        | Error::QueueDeletedRecently
        | Error::PurgedRecently
        | Error::Stale
        | Error::OverLimit
        | Error::BeyondVisibilityTotal
        | Error::NoGroup
        | Error::MoveRunning
        | Error::NoReplay
        | Error::NoSuchMove
        | Error::NoDeadLetterQueue
        | Error::UnfitMembers
        | Error::IsMember
        | Error::GenesisTwice => None,
    }
}

impl Client {
    pub(super) fn ack(&mut self, reply: Reply, ack: Ack) -> Result<(), Fault> {
        let missing = || Fault::missing_parameter("tags");
        let tags = ack.tags.or_else(|| ack.up_to.map(|_| List::default())).ok_or_else(missing)?;
        let settled = self.take(ack.sub.as_deref(), &tags, ack.up_to)?;
        if reply.is_awaited() {
            let (hub, session) = (Arc::clone(&self.hub), self.session()?);
            self.start(async move {
                let unknown = settled.unknown.clone();
                let done = settle(&hub, &session, settled, Fate::Deleted).await;
                reply.settled(&session, done.map(|()| unknown));
            });
        } else {
            self.acks.push(settled);
        }
        Ok(())
    }

    /// Deletes what was acknowledged lately and without asking for an answer, by one command.
    pub(super) fn settle_acks(&mut self) {
        let Ok(session) = self.session() else { return };
        let mut together = BTreeMap::<(Box<str>, u64), Vec<_>>::new();
        for Settled { sub, number, leases, .. } in std::mem::take(&mut self.acks) {
            together.entry((sub, number)).or_default().extend(leases);
        }
        for ((sub, number), leases) in together {
            let settled = Settled { sub: sub.clone(), number, leases, unknown: Vec::new() };
            let (hub, session) = (Arc::clone(&self.hub), Arc::clone(&session));
            self.start(async move {
                let done = settle(&hub, &session, settled, Fate::Deleted).await;
                Reply::unawaited(&sub).settled(&session, done.map(|()| Vec::new()));
            });
        }
    }

    pub(super) fn nack(&mut self, reply: Reply, nack: Nack) -> Result<(), Fault> {
        let fate = match (nack.dead_letter, nack.delay) {
            (Some(true), None | Some(0)) => Fate::Buried,
            (Some(true), Some(_)) => {
                let message = "delay and deadLetter exclude each other.";
                return Err(Fault::new(Code::InvalidParameterValue, message));
            }
            (Some(false) | None, delay) => {
                let seconds = visibility_timeout::check(delay.unwrap_or_default())?;
                Fate::VisibleAfter(Duration::from_secs(seconds.into()))
            }
        };
        let tags = nack.tags.ok_or_else(|| Fault::missing_parameter("tags"))?;
        let settled = self.take(nack.sub.as_deref(), &tags, None)?;
        let reason = nack.reason.as_deref().unwrap_or_default();
        tracing::debug!(
            sub = &*settled.sub,
            messages = settled.leases.len(),
            reason,
            "messages were refused"
        );
        let (hub, session) = (Arc::clone(&self.hub), self.session()?);
        // What was acknowledged before is done before.
        self.settle_acks();
        self.start(async move {
            let unknown = settled.unknown.clone();
            let done = settle(&hub, &session, settled, fate).await;
            reply.settled(&session, done.map(|()| unknown));
        });
        Ok(())
    }

    /// Holds messages for so long from now on.
    pub(super) fn extend(&mut self, reply: Reply, extend: Extend) -> Result<(), Fault> {
        let lease = extend.lease.ok_or_else(|| Fault::missing_parameter("lease"))?;
        let seconds = number::check(lease, &limits::LEASE, "lease", "Must be between 1 and 43200.")?;
        let until = self.hub.now().after(Duration::from_secs(seconds.into()));
        let tags = extend.tags.ok_or_else(|| Fault::missing_parameter("tags"))?;
        let session = self.session()?;
        let (sub, number, held, unknown) = session.with(|state| {
            let (sub, consumer) = named(state, extend.sub.as_deref())?;
            let (mut all, mut unknown) = (Vec::with_capacity(tags.len()), Vec::new());
            for tag in &*tags {
                match consumer.held.lease(*tag) {
                    Some(held) if held.end < until => {
                        let message = format!("Tag {tag} would be held for longer than maxLease.");
                        return Err(Fault::new(Code::InvalidParameterValue, message));
                    }
                    Some(held) => all.push((*tag, held.receipt())),
                    None => unknown.push(*tag),
                }
            }
            Ok((sub, consumer.number, all, unknown))
        })?;
        let hub = Arc::clone(&self.hub);
        let fate = Fate::VisibleAfter(Duration::from_secs(seconds.into()));
        self.start(async move {
            let mut result = Ok(unknown);
            for (queue, held) in by_queue(held, |(_, receipt)| receipt.queue) {
                let (tags, receipts): (Vec<_>, Vec<_>) = held.into_iter().unzip();
                match each(&hub, fate.command(queue, receipts)).await {
                    Ok(outcomes) => session.with(|state| {
                        let Some(consumer) = state.consumer(&sub, number) else { return };
                        for (tag, outcome) in tags.into_iter().zip(outcomes) {
                            match outcome {
                                Ok(()) => consumer.held.set_until(tag, until),
                                Err(error) => {
                                    result =
                                        Err(About { timeout_seconds: seconds, ..About::default() }
                                            .refusal(error))
                                }
                            }
                        }
                    }),
                    Err(fault) => result = Err(fault),
                }
            }
            reply.settled(&session, result);
        });
        Ok(())
    }

    /// Takes messages out of what a consumer holds.
    fn take(&self, sub: Option<&str>, tags: &[u64], up_to: Option<u64>) -> Result<Settled, Fault> {
        let settled = self.session()?.with(|state| {
            let (sub, consumer) = named(state, sub)?;
            let below = consumer.held.tags().take_while(|tag| up_to.is_some_and(|up_to| *tag <= up_to));
            let all: Vec<_> = below.chain(tags.iter().copied()).collect();
            let (mut leases, mut unknown) = (Vec::with_capacity(all.len()), Vec::new());
            for tag in all {
                match consumer.held.take(tag) {
                    Some(lease) => leases.push((tag, lease)),
                    None if up_to.is_some_and(|up_to| tag <= up_to) => {}
                    None => unknown.push(tag),
                }
            }
            Ok::<_, Fault>(Settled { sub, number: consumer.number, leases, unknown })
        })?;
        self.widen(&settled.sub);
        Ok(settled)
    }
}

/// The consumer that a request is about.
pub(super) fn named<'a>(
    state: &'a mut State,
    sub: Option<&str>,
) -> Result<(Box<str>, &'a mut super::consumer::Consumer), Fault> {
    let sub = sub.ok_or_else(|| Fault::missing_parameter("sub"))?;
    let consumer = state.consumers.get_mut(sub);
    let missing = || Fault::new(Code::InvalidParameterValue, format!("There is no consumer {sub}."));
    Ok((sub.into(), consumer.ok_or_else(missing)?))
}

/// Does with messages what their client wants. What could not be done for a reason that passes stays held.
async fn settle(hub: &Hub, session: &Session, settled: Settled, fate: Fate) -> Result<(), Fault> {
    let Settled { sub, number, leases, .. } = settled;
    let mut result = Ok(());
    for (queue, leases) in by_queue(leases, |(_, lease)| lease.receipt().queue) {
        let receipts = leases.iter().map(|(_, lease)| lease.receipt()).collect();
        match each(hub, fate.command(queue, receipts)).await {
            Ok(outcomes) => {
                for ((tag, lease), outcome) in leases.into_iter().zip(outcomes) {
                    let Err(error) = outcome else { continue };
                    session.with(|state| match loss(error) {
                        Some(loss) => state.say_lost(&sub, &[tag], loss),
                        // Where there is no dead-letter queue for instance.
                        None => {
                            if let Some(consumer) = state.consumer(&sub, number) {
                                consumer.held.put_back(tag, lease);
                            }
                        }
                    });
                    let view = hub.catalogue.queue_by_id(queue);
                    let name = view.as_ref().map_or("", |view| &*view.name.name);
                    result = Err(About { queue: name, ..About::default() }.refusal(error));
                }
            }
            Err(fault) => {
                session.with(|state| {
                    if let Some(consumer) = state.consumer(&sub, number) {
                        for (tag, lease) in leases {
                            consumer.held.put_back(tag, lease);
                        }
                    }
                });
                result = Err(fault);
            }
        }
    }
    result
}

/// Executes a command about several receives. A queue that is gone has nothing that could go wrong.
async fn each(hub: &Hub, command: Command) -> Result<Vec<Result<(), Error>>, Fault> {
    match hub.engine.execute(command, Vec::new()).await {
        Ok(done) => reply::each(done),
        Err(crate::engine::Error::Refused(Error::NoSuchQueue)) => Ok(Vec::new()),
        Err(error) => Err(About::default().fault(error)),
    }
}

/// The same things by the queue that each is of: of a priority queue, by the members.
fn by_queue<T>(all: Vec<T>, queue: impl Fn(&T) -> QueueId) -> BTreeMap<QueueId, Vec<T>> {
    let mut by_queue = BTreeMap::<_, Vec<_>>::new();
    for one in all {
        by_queue.entry(queue(&one)).or_default().push(one);
    }
    by_queue
}

/// Deletes messages that their client is given without holding them.
pub(super) async fn delete(hub: &Hub, receipts: Vec<Receipt>) -> Result<(), Fault> {
    for (queue, receipts) in by_queue(receipts, |receipt| receipt.queue) {
        each(hub, Fate::Deleted.command(queue, receipts)).await?;
    }
    Ok(())
}

/// Messages that clients hold no longer.
#[derive(Debug, Default)]
pub(super) struct Returned {
    /// They may have been shown; their receives count.
    pub(super) seen: Vec<Receipt>,
    /// They were shown to nobody.
    pub(super) unseen: Vec<Receipt>,
}

/// Makes messages visible at once.
pub(super) async fn give_back(hub: &Hub, returned: Returned) {
    let fates = [(returned.unseen, Fate::Unseen), (returned.seen, Fate::VisibleAfter(Duration::ZERO))];
    for (receipts, fate) in fates {
        for (queue, receipts) in by_queue(receipts, |receipt| receipt.queue) {
            let messages = receipts.len();
            if let Err(fault) = each(hub, fate.command(queue, receipts)).await {
                tracing::warn!(%fault, messages, "messages are not given back, and will be visible when their leases end");
            }
        }
    }
}
