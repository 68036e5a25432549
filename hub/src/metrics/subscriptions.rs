//! What is counted of subscriptions: by the workers whatever a filter keeps away, by the engine what fails, by
//! consumers what is pushed.

use super::OTHERS;
use crate::delivery::breaker::Breaker;
use crate::delivery::push::Verdict;
use filters::{Message, Scope};
use queue_core::{Counts, SubscriptionId};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Why a filter policy keeps a message away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Attributes,
    Body,
    NoAttributes,
    InvalidBody,
}

/// How often each was the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByReason<T> {
    attributes: T,
    body: T,
    no_attributes: T,
    invalid_body: T,
}

impl<T> ByReason<T> {
    pub(super) fn of(&self, reason: Reason) -> &T {
        match reason {
            Reason::Attributes => &self.attributes,
            Reason::Body => &self.body,
            Reason::NoAttributes => &self.no_attributes,
            Reason::InvalidBody => &self.invalid_body,
        }
    }

    pub(super) fn of_mut(&mut self, reason: Reason) -> &mut T {
        match reason {
            Reason::Attributes => &mut self.attributes,
            Reason::Body => &mut self.body,
            Reason::NoAttributes => &mut self.no_attributes,
            Reason::InvalidBody => &mut self.invalid_body,
        }
    }

    /// Each with the name that it has in CloudWatch.
    pub(super) fn named(&self) -> [(&'static str, &T); 4] {
        let Self { attributes, body, no_attributes, invalid_body } = self;
        [
            ("message_attributes", attributes),
            ("message_body", body),
            ("no_message_attributes", no_attributes),
            ("invalid_message_body", invalid_body),
        ]
    }
}

impl Reason {
    /// Why a message that does not match a policy of this scope does not.
    pub(crate) fn of(scope: Scope, message: &Message<'_>) -> Self {
        if message.has(scope) { Self::mismatch(scope) } else { Self::nothing(scope) }
    }

    /// There was something to compare with a policy of this scope, and it did not match.
    pub(super) const fn mismatch(scope: Scope) -> Self {
        match scope {
            Scope::MessageAttributes => Self::Attributes,
            Scope::MessageBody => Self::Body,
        }
    }

    /// There was nothing that a policy of this scope could be compared with.
    pub(super) const fn nothing(scope: Scope) -> Self {
        match scope {
            Scope::MessageAttributes => Self::NoAttributes,
            Scope::MessageBody => Self::InvalidBody,
        }
    }
}

/// How often a push came to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ByVerdict<T> {
    delivered: T,
    refused: T,
    failed: T,
}

impl<T> ByVerdict<T> {
    fn of(&self, verdict: Verdict) -> &T {
        match verdict {
            Verdict::Delivered => &self.delivered,
            Verdict::Refused => &self.refused,
            Verdict::Failed => &self.failed,
        }
    }

    pub(super) fn named(&self) -> [(&'static str, &T); 3] {
        [("delivered", &self.delivered), ("refused", &self.refused), ("failed", &self.failed)]
    }
}

/// What happened to a subscription since the hub started.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionCounts {
    filtered: ByReason<AtomicU64>,
    pushes: ByVerdict<AtomicU64>,
    failed: AtomicU64,
    /// Of its endpoint, if that is one over HTTP.
    breaker: OnceLock<Arc<Breaker>>,
}

impl SubscriptionCounts {
    /// So many messages were kept away.
    pub(super) fn count_filtered(&self, reason: Reason, messages: u64) {
        if messages > 0 {
            self.filtered.of(reason).fetch_add(messages, Ordering::Relaxed);
        }
    }

    /// A delivery found no queue.
    pub(crate) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were kept away, by reason, in the order of their names.
    #[cfg(test)]
    pub(super) fn filtered_by_reason(&self) -> [u64; 4] {
        self.filtered.named().map(|(_, count)| count.load(Ordering::Relaxed))
    }

    /// This came of an attempt to push a message.
    pub(crate) fn count_push(&self, verdict: Verdict) {
        self.pushes.of(verdict).fetch_add(1, Ordering::Relaxed);
    }

    /// It is pushed to an endpoint with this breaker.
    pub(crate) fn name_breaker(&self, breaker: &Arc<Breaker>) {
        // An endpoint keeps its breaker as long as a subscription names it.
        self.breaker.get_or_init(|| Arc::clone(breaker));
    }

    fn is_pushed(&self) -> bool {
        self.breaker.get().is_some()
    }

    fn is_paused(&self) -> bool {
        self.breaker.get().is_some_and(|breaker| breaker.is_open())
    }

    fn all(&self) -> impl Iterator<Item = &AtomicU64> {
        let filtered = self.filtered.named().into_iter().map(|(_, count)| count);
        let pushes = self.pushes.named().into_iter().map(|(_, count)| count);
        filtered.chain(pushes).chain([&self.failed])
    }

    /// Moves what was counted here to `others`.
    fn give_to(&self, others: &Self) {
        for (count, others) in self.all().zip(others.all()) {
            let count = count.swap(0, Ordering::Relaxed);
            if count > 0 {
                others.fetch_add(count, Ordering::Relaxed);
            }
        }
    }
}

/// The series of a subscription, or of all that have none of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubscriptionSeries {
    /// Nothing for those that have none of their own.
    pub(super) arn: Option<String>,
    has_filter: bool,
    is_pushed: bool,
    pub(super) filtered: ByReason<u64>,
    pub(super) pushes: ByVerdict<u64>,
    pub(super) failed: u64,
    /// How many of them are paused by their breakers.
    pub(super) paused: u64,
    /// What waits to be pushed.
    pub(super) queue: Counts,
}

impl SubscriptionSeries {
    fn of(arn: Option<String>, has_filter: bool, counts: &SubscriptionCounts) -> Self {
        let count = |reason| counts.filtered.of(reason).load(Ordering::Relaxed);
        let filtered = ByReason {
            attributes: count(Reason::Attributes),
            body: count(Reason::Body),
            no_attributes: count(Reason::NoAttributes),
            invalid_body: count(Reason::InvalidBody),
        };
        let count = |verdict| counts.pushes.of(verdict).load(Ordering::Relaxed);
        let pushes = ByVerdict {
            delivered: count(Verdict::Delivered),
            refused: count(Verdict::Refused),
            failed: count(Verdict::Failed),
        };
        Self {
            arn,
            has_filter,
            is_pushed: counts.is_pushed(),
            filtered,
            pushes,
            failed: counts.failed.load(Ordering::Relaxed),
            paused: counts.is_paused().into(),
            queue: Counts::default(),
        }
    }

    pub(super) fn arn(&self) -> &str {
        self.arn.as_deref().unwrap_or(OTHERS)
    }

    /// Whether its messages are pushed, or have been.
    pub(super) fn is_pushed(&self) -> bool {
        self.is_pushed || self.arn.is_none()
    }

    /// Whether a filter keeps anything away, or has done.
    pub(super) fn is_filtered(&self) -> bool {
        self.has_filter || self.filtered != ByReason::default()
    }
}

/// The counts of all subscriptions that have no series of their own. The same rules hold as for queues.
#[derive(Debug, Default)]
pub(crate) struct OtherSubscriptions {
    counts: SubscriptionCounts,
    /// The last subscription that was shown by its name; zero is none.
    shown_to: AtomicU64,
}

/// A subscription that may be shown.
pub(crate) struct Candidate<'a, A> {
    pub(crate) id: SubscriptionId,
    pub(crate) has_filter: bool,
    /// What is in the queue of its own, if it has one.
    pub(crate) queue: Counts,
    pub(crate) counts: &'a SubscriptionCounts,
    /// Its ARN, if it is shown.
    pub(crate) arn: A,
}

impl OtherSubscriptions {
    /// The subscription is gone, and its series with it.
    pub(crate) fn forget(&self, id: SubscriptionId, counts: &SubscriptionCounts) {
        if id.0 > self.shown_to.load(Ordering::Relaxed) {
            counts.give_to(&self.counts);
        }
    }

    /// The series of up to so many subscriptions, which come in the order of their identities, and that of the others.
    pub(crate) fn series<'a>(
        &self,
        subscriptions: impl Iterator<Item = Candidate<'a, impl Fn() -> String>>,
        limit: usize,
    ) -> Vec<SubscriptionSeries> {
        let (mut all, mut paused, mut queued) = (Vec::new(), 0, Counts::default());
        for Candidate { id, has_filter, queue, counts, arn } in subscriptions {
            if all.len() < limit {
                all.push(SubscriptionSeries {
                    queue,
                    ..SubscriptionSeries::of(Some(arn()), has_filter, counts)
                });
                self.shown_to.fetch_max(id.0, Ordering::Relaxed);
            } else {
                counts.give_to(&self.counts);
                paused += u64::from(counts.is_paused());
                if counts.is_pushed() {
                    queued.visible += queue.visible;
                    queued.in_flight += queue.in_flight;
                    queued.delayed += queue.delayed;
                }
            }
        }
        let others = SubscriptionSeries::of(None, true, &self.counts);
        all.push(SubscriptionSeries { paused, queue: queued, ..others });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filters::{Attribute, Policy};

    #[test]
    fn what_a_policy_could_not_even_look_at_is_a_reason_of_its_own() {
        let attribute = Attribute { name: "kind", data_type: "String", text: Some("b") };
        let binary = Attribute { name: "kind", data_type: "Binary", text: None };
        for (scope, body, attributes, expected) in [
            (Scope::MessageAttributes, "", vec![attribute], Reason::Attributes),
            (Scope::MessageAttributes, "", vec![], Reason::NoAttributes),
            (Scope::MessageAttributes, "", vec![binary], Reason::NoAttributes),
            (Scope::MessageBody, r#"{"kind": "b"}"#, vec![], Reason::Body),
            (Scope::MessageBody, "[1]", vec![], Reason::InvalidBody),
            (Scope::MessageBody, "no JSON", vec![attribute], Reason::InvalidBody),
        ] {
            let policy = Policy::compile(r#"{"kind": ["a"]}"#, scope).unwrap();
            let message = Message::new(body, attributes);
            assert!(!policy.matches(&message));
            assert_eq!(Reason::of(scope, &message), expected, "{scope} {body}");
        }
    }

    #[test]
    fn what_the_others_counted_never_falls() {
        let subscriptions: Vec<_> =
            (1..=3).map(|id| (SubscriptionId(id), SubscriptionCounts::default())).collect();
        let others = OtherSubscriptions::default();
        let shown = |from: usize, limit| {
            let candidates = subscriptions.iter().skip(from);
            let candidates = candidates.map(|(id, counts)| Candidate {
                id: *id,
                has_filter: false,
                queue: Counts::default(),
                counts,
                arn: || id.0.to_string(),
            });
            let series = others.series(candidates, limit).into_iter();
            series.map(|one| (one.arn.unwrap_or_default(), one.failed)).collect::<Vec<_>>()
        };
        let fail = || subscriptions.iter().for_each(|(_, counts)| counts.count_failed());
        let row = |arn: &str, failed| (arn.to_owned(), failed);
        fail();
        assert_eq!(shown(0, 1), [row("1", 1), row("", 2)]);
        fail();
        others.forget(subscriptions[0].0, &subscriptions[0].1);
        assert_eq!(shown(1, 1), [row("2", 1), row("", 3)]);
        fail();
        others.forget(subscriptions[1].0, &subscriptions[1].1);
        others.forget(subscriptions[2].0, &subscriptions[2].1);
        assert_eq!(shown(3, 1), [row("", 4)]);
    }

    #[test]
    fn what_waits_to_be_pushed_is_shown_by_subscription_and_of_the_others_as_a_sum() {
        let is_pushed = [true, true, false, true];
        let subscriptions = is_pushed.map(|is_pushed| {
            let counts = SubscriptionCounts::default();
            if is_pushed {
                let (_, advanced) = tokio::sync::watch::channel(std::time::Duration::ZERO);
                counts.name_breaker(&Arc::new(Breaker::new(1, std::time::Duration::ZERO, advanced)));
            }
            counts
        });
        let candidates = (1..).zip(&subscriptions).map(|(id, counts)| Candidate {
            id: SubscriptionId(id),
            has_filter: false,
            queue: Counts { visible: id, in_flight: 10 * id, delayed: 0 },
            counts,
            arn: || "arn".to_owned(),
        });
        let shown = OtherSubscriptions::default().series(candidates, 1);
        let queues: Vec<_> = shown.iter().map(|one| (one.queue.visible, one.queue.in_flight)).collect();
        assert_eq!(queues, [(1, 10), (6, 60)]);
    }
}
