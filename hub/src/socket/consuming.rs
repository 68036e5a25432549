//! Consumers come, get credit, and go.

use super::client::{Client, Refusal};
use super::consumer::{Consumer, Ending, Reports};
use super::held::{Held, Terms};
use super::holders::{Hold, Owner};
use super::limits;
use super::protocol::{Consume, Credit, Done, Unsubscribe};
use super::reply::Reply;
use super::settling::{Returned, give_back, named};
use super::taking::Taker;
use crate::catalogue::QueueView;
use crate::shape::queue::number;
use crate::shape::queue::url::QueueUrl;
use crate::wire::{self, Fault};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is asked of whoever receives.
const ACTION: &str = "ReceiveMessage";

impl Client {
    pub(super) fn consume(&mut self, reply: Reply, consume: Consume) -> Result<(), Refusal> {
        self.check_room().map_err(Refusal::End)?;
        match self.begin_to_consume(&consume) {
            Ok(()) => {
                self.tell_done(&reply);
                Ok(())
            }
            Err(fault) => Err(Refusal::Fault(reply, fault)),
        }
    }

    fn begin_to_consume(&mut self, consume: &Consume) -> Result<(), Fault> {
        let sub = check_sub(consume.sub.as_deref())?;
        self.check_new(sub)?;
        let queue = consume.queue.clone().ok_or_else(|| Fault::missing_parameter("queue"))?;
        let queue = QueueUrl::from(queue).queue(ACTION, &self.context()?)?;
        let session = self.session()?;
        let taker = session.with(|state| {
            if state.consumers.contains_key(sub) {
                let message = format!("There is a consumer {sub} already.");
                return Err(Fault::new(wire::Code::InvalidParameterValue, message));
            }
            let owner = Owner { session: session.id, sub: sub.into(), number: state.next_consumer() };
            let holders = Arc::clone(&self.hub.sockets.holders);
            let consumer = consumer(consume, &queue, Hold { holders, owner })?;
            let taker = Taker::new(sub, &consumer);
            state.consumers.insert(sub.into(), consumer);
            Ok(taker)
        })?;
        self.takers.push(taker);
        Ok(())
    }

    /// Answers at once.
    pub(super) fn tell_done(&mut self, reply: &Reply) {
        if let Some(text) = reply.text(Ok(Done::default())) {
            self.outgoing.say(&text);
        }
    }

    pub(super) fn set_credit(&mut self, reply: &Reply, credit: Credit) -> Result<(), Fault> {
        let wanted = credit.credit.ok_or_else(|| Fault::missing_parameter("credit"))?;
        let most = *limits::CREDIT.end();
        let wanted = number::check(wanted, &(0..=most), "credit", "Must be between 0 and 1000.")?;
        self.session()?.with(|state| {
            let (_, consumer) = named(state, credit.sub.as_deref())?;
            consumer.credit = wanted as usize;
            Ok::<_, Fault>(())
        })?;
        self.tell_done(reply);
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, reply: Reply, unsubscribe: Unsubscribe) -> Result<(), Fault> {
        if self.end_subscription(unsubscribe.sub.as_deref()) {
            self.tell_done(&reply);
            return Ok(());
        }
        let drain = within(unsubscribe.drain, &limits::DRAIN, "drain", "Must be between 0 and 43200.", 0)?;
        let until = self.hub.now().after(Duration::from_secs(drain.into()));
        self.session()?.with(|state| {
            let (_, consumer) = named(state, unsubscribe.sub.as_deref())?;
            consumer.ending = Some(Ending { until, id: reply.into_id() });
            Ok::<_, Fault>(())
        })?;
        self.end_consumers();
        Ok(())
    }

    /// Ends the consumers whose time has come; what they hold is given back before the client is told.
    pub(super) fn end_consumers(&mut self) {
        let (Ok(session), now) = (self.session(), self.hub.now()) else { return };
        let ended = session.with(|state| {
            let has_ended = |consumer: &Consumer| consumer.has_ended(now);
            let ended = state.consumers.extract_if(.., |_, consumer| has_ended(consumer));
            ended
                .map(|(sub, mut consumer)| (sub, consumer.held.take_all(), consumer.ending))
                .collect::<Vec<_>>()
        });
        for (sub, receipts, ending) in ended {
            let reply = Reply::new(ending.and_then(|ending| ending.id), Some(&sub));
            let (hub, session) = (Arc::clone(&self.hub), Arc::clone(&session));
            self.start(async move {
                give_back(&hub, Returned { seen: receipts, ..Returned::default() }).await;
                reply.say(&session, Ok(Done::default()));
            });
        }
    }

    /// Whether the client holds nothing.
    pub(super) fn has_settled(&self) -> bool {
        self.attached().is_none_or(|attached| attached.session.with(|state| state.held() == 0))
    }
}

/// A consumer as it was asked for.
fn consumer(consume: &Consume, queue: &QueueView, hold: Hold) -> Result<Consumer, Fault> {
    let credit = within(
        consume.credit,
        &limits::CREDIT,
        "credit",
        "Must be between 1 and 1000.",
        limits::CREDIT_DEFAULT,
    )?;
    let bytes_max = within(
        consume.max_bytes,
        &limits::UNACKNOWLEDGED_BYTES,
        "maxBytes",
        "Must be between 1 and 268435456.",
        limits::UNACKNOWLEDGED_BYTES_DEFAULT,
    )?;
    let reports = consume
        .stats
        .map(|every| number::check(every, &limits::STATS, "stats", "Must be between 1 and 3600."));
    let reports = reports.transpose()?.map(|seconds| {
        let every = Duration::from_secs(seconds.into());
        Reports { every, next: Instant::now() + every }
    });
    let is_automatic = match consume.ack_mode.as_deref() {
        None | Some("explicit") => false,
        Some("auto") => true,
        Some(mode) => return Err(Fault::invalid_value(mode, "ackMode", "Must be explicit or auto.")),
    };
    Ok(Consumer {
        number: hold.owner.number,
        queue: queue.id,
        queue_name: (*queue.name.name).into(),
        held: Held::new(terms(consume, queue)?, hold),
        credit: credit as usize,
        bytes_max: bytes_max.into(),
        is_automatic,
        reports,
        ending: None,
    })
}

fn terms(consume: &Consume, queue: &QueueView) -> Result<Terms, Fault> {
    const REASON: &str = "Must be between 1 and 43200.";
    let is_renewed = consume.auto_extend.unwrap_or(true);
    let of_queue = u32::try_from(queue.attributes.visibility_timeout.as_secs()).unwrap_or(u32::MAX).max(1);
    let lease = within(consume.lease, &limits::LEASE, "lease", REASON, of_queue)?;
    let lease = if is_renewed { lease.min(limits::RENEWED_LEASE) } else { lease };
    let lease_max = within(consume.max_lease, &limits::LEASE, "maxLease", REASON, *limits::LEASE.end())?;
    let [lease, lease_max] =
        [lease.min(lease_max), lease_max].map(|seconds| Duration::from_secs(seconds.into()));
    Ok(Terms { lease, is_renewed, lease_max })
}

/// A number as it was given, or what holds where it was not.
fn within(
    given: Option<i64>,
    allowed: &RangeInclusive<u32>,
    name: &str,
    reason: &str,
    default: u32,
) -> Result<u32, Fault> {
    given.map_or(Ok(default), |given| number::check(given, allowed, name, reason))
}

/// A name that a client chooses for a consumer or live subscription.
pub(super) fn check_sub(sub: Option<&str>) -> Result<&str, Fault> {
    let sub = sub.ok_or_else(|| Fault::missing_parameter("sub"))?;
    if limits::SUB_CHARACTERS.contains(&sub.chars().count()) {
        Ok(sub)
    } else {
        Err(Fault::invalid_value(sub, "sub", "Must have between 1 and 128 characters."))
    }
}
