//! What a consumer holds: messages that were given out and are neither acknowledged nor lost, each under a tag.
//!
//! It knows when a lease has to be renewed, and for how long; time is log time, and comes from outside.

use super::holders::Hold;
use super::limits;
use queue_core::{QueueId, Receipt, Received, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long messages are held, and by whom the time is extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) lease: Duration,
    /// The hub renews leases; else the client does.
    pub(super) is_renewed: bool,
    /// For no longer, whoever extends it.
    pub(super) lease_max: Duration,
}

/// A message that is held.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    pub(super) received: Received,
    pub(super) until: Timestamp,
    /// Held no longer than until then.
    pub(super) end: Timestamp,
}

impl Lease {
    pub(super) fn receipt(&self) -> Receipt {
        self.received.receipt
    }

    fn bytes(&self) -> u64 {
        self.received.body.bytes.into()
    }
}

/// Leases of one queue that are to be renewed for the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewal {
    pub(super) queue: QueueId,
    pub(super) lease: Duration,
    pub(super) receipts: Vec<(u64, Receipt)>,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) terms: Terms,
    hold: Hold,
    leases: BTreeMap<u64, Lease>,
    bytes: u64,
    /// The last tag that was given out.
    last_tag: u64,
    /// Nothing is to be done before then; none while nothing is held.
    look_at: Option<Timestamp>,
    /// Of the messages that were given out lately.
    mean_bytes: Option<u64>,
    /// Of a message that had to be left because it did not fit: nothing is taken until so much is free.
    left_bytes: u64,
}

impl Held {
    pub(super) fn new(terms: Terms, hold: Hold) -> Self {
        Self {
            terms,
            hold,
            leases: BTreeMap::new(),
            bytes: 0,
            last_tag: 0,
            look_at: None,
            mean_bytes: None,
            left_bytes: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    pub(super) fn last_tag(&self) -> u64 {
        self.last_tag
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = u64> {
        self.leases.keys().copied()
    }

    pub(super) fn leases(&self) -> impl Iterator<Item = (u64, &Lease)> {
        self.leases.iter().map(|(tag, lease)| (*tag, lease))
    }

    pub(super) fn lease(&self, tag: u64) -> Option<&Lease> {
        self.leases.get(&tag)
    }

    /// How many messages can be taken now, as far as their size can be guessed.
    pub(super) fn room(&self, credit: usize, bytes_max: u64) -> usize {
        let Some(free) = credit.checked_sub(self.leases.len()).filter(|free| *free > 0) else { return 0 };
        let Some(free_bytes) = bytes_max.checked_sub(self.bytes).filter(|free| *free > 0) else { return 0 };
        if free_bytes < self.left_bytes && !self.leases.is_empty() {
            return 0;
        }
        let fitting = match self.mean_bytes {
            None => limits::TAKEN_FIRST,
            Some(mean) => {
                usize::try_from(free_bytes.min(limits::TAKEN_BYTES) / mean.max(self.left_bytes).max(1))
                    .unwrap_or(usize::MAX)
            }
        };
        free.min(fitting.clamp(1, limits::TAKEN))
    }

    /// A tag for a message that is not held.
    pub(super) fn next_tag(&mut self, received: &Received) -> u64 {
        self.last_tag += 1;
        self.learn(received.body.bytes.into());
        self.last_tag
    }

    fn learn(&mut self, bytes: u64) {
        self.mean_bytes = Some(self.mean_bytes.map_or(bytes, |mean| (mean * 7 + bytes) / 8));
    }

    /// Holds a message that was received with the lease of the terms. None if there would be too many bytes then; one
    /// alone is never too large.
    pub(super) fn hold(&mut self, received: Received, bytes_max: u64) -> Option<u64> {
        let bytes = u64::from(received.body.bytes);
        if !self.leases.is_empty() && self.bytes + bytes > bytes_max {
            self.learn(bytes);
            self.left_bytes = bytes;
            return None;
        }
        self.left_bytes = 0;
        let tag = self.next_tag(&received);
        let at = received.receipt.at;
        let lease =
            Lease { until: at.after(self.terms.lease), end: at.after(self.terms.lease_max), received };
        self.hold.begin(lease.receipt(), tag);
        self.insert(tag, lease);
        Some(tag)
    }

    /// Holds a message again whose acknowledgement failed.
    pub(super) fn put_back(&mut self, tag: u64, lease: Lease) {
        self.hold.resume(lease.receipt(), tag);
        self.insert(tag, lease);
    }

    fn insert(&mut self, tag: u64, lease: Lease) {
        self.note(self.next_look(&lease));
        self.bytes += lease.bytes();
        self.leases.insert(tag, lease);
    }

    /// Gives up a message.
    pub(super) fn take(&mut self, tag: u64) -> Option<Lease> {
        let lease = self.leases.remove(&tag)?;
        self.bytes = self.bytes.saturating_sub(lease.bytes());
        self.hold.end(lease.receipt(), tag);
        if self.leases.is_empty() {
            self.look_at = None;
        }
        Some(lease)
    }

    /// Gives up everything.
    pub(super) fn take_all(&mut self) -> Vec<Receipt> {
        self.look_at = None;
        self.bytes = 0;
        let taken = std::mem::take(&mut self.leases).into_iter().map(|(tag, lease)| {
            self.hold.end(lease.receipt(), tag);
            lease.receipt()
        });
        taken.collect()
    }

    /// A lease ends at another time from now on.
    pub(super) fn set_until(&mut self, tag: u64, until: Timestamp) {
        if let Some(lease) = self.leases.get_mut(&tag) {
            lease.until = until;
            let lease = lease.clone();
            self.note(self.next_look(&lease));
        }
    }

    /// The hub has renewed a lease, until then at least: whoever extended it meanwhile knows better.
    pub(super) fn renewed(&mut self, tag: u64, until: Timestamp) {
        if self.lease(tag).is_some_and(|lease| lease.until < until) {
            self.set_until(tag, until);
        }
    }

    /// When a lease has to be looked at again: in good time where it is renewed, else at its end.
    fn next_look(&self, lease: &Lease) -> Timestamp {
        if self.terms.is_renewed && lease.until < lease.end {
            lease.until.before(self.terms.lease / 3 * 2)
        } else {
            lease.until
        }
    }

    fn note(&mut self, at: Timestamp) {
        self.look_at = Some(self.look_at.map_or(at, |other| other.min(at)));
    }

    /// What has to be renewed now, together with all that can be renewed by the same command, and the tags whose time
    /// is over for good.
    pub(super) fn due(&mut self, now: Timestamp) -> (Vec<Renewal>, Vec<u64>) {
        if self.look_at.is_none_or(|at| at > now) {
            return (Vec::new(), Vec::new());
        }
        let mut renewals = BTreeMap::<(QueueId, Duration), Vec<_>>::new();
        let mut over = Vec::new();
        self.look_at = None;
        let leases = std::mem::take(&mut self.leases);
        for (tag, lease) in &leases {
            let wanted = now.after(self.terms.lease).min(lease.end);
            if self.terms.is_renewed && wanted > lease.until {
                let (queue, lasting) = (lease.receipt().queue, wanted.since(now));
                renewals.entry((queue, lasting)).or_default().push((*tag, lease.receipt()));
                // Until it is known whether that worked.
                self.note(now.after(self.terms.lease / 3));
            } else if lease.until <= now {
                over.push(*tag);
            } else {
                self.note(self.next_look(lease));
            }
        }
        self.leases = leases;
        let renewal = |((queue, lease), receipts)| Renewal { queue, lease, receipts };
        (renewals.into_iter().map(renewal).collect(), over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::holders::Owner;
    use queue_core::{BodyRef, Position};
    use std::sync::Arc;
    use uuid::Uuid;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(seconds))
    }

    fn held(lease: u64, is_renewed: bool, lease_max: u64) -> Held {
        let [lease, lease_max] = [lease, lease_max].map(Duration::from_secs);
        let owner = Owner { session: Uuid::nil(), sub: "work".into(), number: 1 };
        Held::new(Terms { lease, is_renewed, lease_max }, Hold { holders: Arc::default(), owner })
    }

    fn received(number: u64, seconds: u64, bytes: u32) -> Received {
        Received {
            receipt: Receipt { queue: QueueId(7), number, receive: 1, at: at(seconds) },
            id: number.into(),
            body: BodyRef { position: Position(0), bytes },
            sent: at(0),
            first_received: at(seconds),
            receives: 1,
            attempts: 1,
            sequence: None,
            source: None,
            topical: None,
        }
    }

    /// Which tags are renewed and for how many seconds, and which are over.
    fn due(held: &mut Held, seconds: u64) -> (Vec<(u64, Vec<u64>)>, Vec<u64>) {
        let (renewals, over) = held.due(at(seconds));
        let tags = |renewal: &Renewal| renewal.receipts.iter().map(|(tag, _)| *tag).collect();
        (renewals.iter().map(|renewal| (renewal.lease.as_secs(), tags(renewal))).collect(), over)
    }

    #[test]
    fn leases_are_renewed_together_at_a_third_of_the_first() {
        let mut held = held(30, true, 100);
        assert_eq!(held.hold(received(1, 0, 10), u64::MAX), Some(1));
        assert_eq!(held.hold(received(2, 5, 10), u64::MAX), Some(2));
        assert_eq!(due(&mut held, 9), (vec![], vec![]));
        assert_eq!(due(&mut held, 10), (vec![(30, vec![1, 2])], vec![]));
        for tag in [1, 2] {
            held.set_until(tag, at(40));
        }
        assert_eq!(due(&mut held, 19), (vec![], vec![]));
        assert_eq!(due(&mut held, 20), (vec![(30, vec![1, 2])], vec![]));
    }

    #[test]
    fn a_lease_is_never_renewed_past_the_longest_and_then_over() {
        let mut held = held(30, true, 50);
        held.hold(received(1, 0, 10), u64::MAX);
        held.set_until(1, at(45));
        assert_eq!(due(&mut held, 25), (vec![(25, vec![1])], vec![]));
        held.set_until(1, at(50));
        assert_eq!(due(&mut held, 49), (vec![], vec![]));
        assert_eq!(due(&mut held, 50), (vec![], vec![1]));
    }

    #[test]
    fn what_the_client_extends_itself_is_over_when_it_does_not() {
        let mut held = held(30, false, 100);
        held.hold(received(1, 0, 10), u64::MAX);
        held.hold(received(2, 0, 10), u64::MAX);
        held.set_until(2, at(60));
        assert_eq!(due(&mut held, 29), (vec![], vec![]));
        assert_eq!(due(&mut held, 30), (vec![], vec![1]));
        held.take(1);
        assert_eq!(due(&mut held, 59), (vec![], vec![]));
        assert_eq!(due(&mut held, 60), (vec![], vec![2]));
    }

    #[test]
    fn room_is_what_credit_and_bytes_leave() {
        let mut held = held(30, true, 100);
        assert_eq!(held.room(0, 1_000), 0);
        assert_eq!(held.room(3, 1_000), 3);
        assert_eq!(held.room(1_000, 1 << 30), limits::TAKEN_FIRST);
        for number in 0..3 {
            held.hold(received(number, 0, 100), u64::MAX);
        }
        assert_eq!(held.room(3, 1_000), 0);
        assert_eq!(held.room(100, 1_000), 7);
        assert_eq!(held.room(100, 300), 0);
        assert_eq!(held.room(100, 301), 1);
        assert_eq!(held.room(1_000, 1 << 30), limits::TAKEN);
        held.take(2);
        assert_eq!((held.len(), held.room(3, 1_000)), (2, 1));
        held.take_all();
        assert_eq!((held.is_empty(), held.bytes, held.last_tag()), (true, 0, 3));
    }
    #[test]
    fn what_does_not_fit_is_left_whatever_came_before() {
        let mut held = held(30, true, 100);
        for number in 0..30 {
            assert!(held.hold(received(number, 0, 1), 1_000).is_some());
        }
        assert!(held.room(1_000, 1_000) > 1, "nothing says yet that larger ones come");
        assert_eq!(held.hold(received(30, 0, 900), 1_000), Some(31));
        assert_eq!(held.hold(received(31, 0, 900), 1_000), None);
        assert_eq!((held.len(), held.bytes, held.last_tag()), (31, 930, 31));
        assert_eq!(held.room(1_000, 1_000), 0, "it would not fit now either");
        held.take(31);
        assert_eq!(held.room(1_000, 1_000), 1);
        held.take_all();
        assert_eq!(held.hold(received(32, 0, 5_000), 1_000), Some(32), "one alone is never too large");
    }

    #[test]
    fn a_renewal_does_not_shorten_what_the_client_has_extended() {
        let mut held = held(30, true, 1_000);
        held.hold(received(1, 0, 10), u64::MAX);
        for (renewed, until) in [(40, 40), (30, 40), (50, 50)] {
            held.renewed(1, at(renewed));
            assert_eq!(held.lease(1).unwrap().until, at(until));
        }
    }
}
