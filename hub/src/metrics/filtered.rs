//! [`FilterCounts`]: what the filters of many subscriptions keep away, counted for all of them at once.
//!
//! Of many filters most keep a message away. So what is counted of a message is that they were asked, once for all of
//! them, and the few that let it through. Who kept away how many is worked out when somebody looks, and is exact: the
//! lock makes one message of all that is counted of it.

use super::subscriptions::{ByReason, Reason, SubscriptionCounts};
use filters::Scope;
use std::sync::{Mutex, PoisonError};

/// What was counted since it was last told apart.
#[derive(Debug, Default)]
pub(crate) struct FilterCounts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// Messages, by the reason that whoever keeps them away has.
    asked: ByReason<u64>,
    /// How many messages each let through; those beyond the end none.
    passed: Vec<u64>,
}

impl FilterCounts {
    /// Filters were asked about a message. Whoever kept it away did so for the one of these reasons that belongs to
    /// his scope; `passed` are the others, by their places.
    pub(crate) fn count(&self, reasons: &[Reason], passed: &[usize]) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for reason in reasons {
            *counted.asked.of_mut(*reason) += 1;
        }
        let end = passed.iter().max().map_or(0, |last| last + 1);
        if counted.passed.len() < end {
            counted.passed.resize(end, 0);
        }
        for place in passed {
            if let Some(count) = counted.passed.get_mut(*place) {
                *count += 1;
            }
        }
    }

    /// Tells apart what was counted, and begins anew. The subscriptions come in the order of their places, with the
    /// scope of the filter of those that have one.
    pub(crate) fn settle<'a>(
        &self,
        subscriptions: impl Iterator<Item = (Option<Scope>, &'a SubscriptionCounts)>,
    ) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.asked == ByReason::default() {
            return;
        }
        let Counted { asked, passed } = std::mem::take(&mut *counted);
        for (place, (scope, counts)) in subscriptions.enumerate() {
            let Some(scope) = scope else { continue };
            let (mismatch, nothing) = (Reason::mismatch(scope), Reason::nothing(scope));
            // Without anything to compare there is no match.
            let passed = passed.get(place).copied().unwrap_or(0);
            counts.count_filtered(mismatch, asked.of(mismatch).saturating_sub(passed));
            counts.count_filtered(nothing, *asked.of(nothing));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    const SCOPES: [Option<Scope>; 3] = [Some(Scope::MessageAttributes), Some(Scope::MessageBody), None];

    fn settle(counts: &FilterCounts, subscriptions: &[SubscriptionCounts]) {
        counts.settle(SCOPES.into_iter().zip(subscriptions));
    }

    fn filtered(subscriptions: &[SubscriptionCounts]) -> Vec<[u64; 4]> {
        subscriptions.iter().map(SubscriptionCounts::filtered_by_reason).collect()
    }

    #[test]
    fn what_was_counted_together_is_told_apart() {
        let counts = FilterCounts::default();
        let subscriptions = [(); 3].map(|()| SubscriptionCounts::default());
        let check = |expected: [[u64; 4]; 3]| {
            settle(&counts, &subscriptions);
            assert_eq!(filtered(&subscriptions), expected);
        };
        counts.count(&[Reason::Attributes, Reason::Body], &[2]);
        check([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]);
        counts.count(&[Reason::Attributes, Reason::Body], &[1, 2]);
        counts.count(&[Reason::Attributes, Reason::InvalidBody], &[0]);
        counts.count(&[Reason::NoAttributes, Reason::Body], &[]);
        check([[2, 0, 1, 0], [0, 2, 0, 1], [0, 0, 0, 0]]);
        check([[2, 0, 1, 0], [0, 2, 0, 1], [0, 0, 0, 0]]);
    }

    #[test]
    fn what_is_told_apart_meanwhile_never_falls_and_loses_nothing() {
        const MESSAGES: u64 = 20_000;
        let counts = FilterCounts::default();
        let subscriptions = [(); 3].map(|()| SubscriptionCounts::default());
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut before = filtered(&subscriptions);
                while !is_over.load(Ordering::Acquire) {
                    settle(&counts, &subscriptions);
                    let now = filtered(&subscriptions);
                    let pairs = before.iter().flatten().zip(now.iter().flatten());
                    assert!(pairs.into_iter().all(|(before, now)| before <= now), "{before:?} {now:?}");
                    before = now;
                }
            });
            let publisher =
                || (0..MESSAGES).for_each(|_| counts.count(&[Reason::Attributes, Reason::Body], &[0]));
            let publishers = [scope.spawn(publisher), scope.spawn(publisher)];
            publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
            is_over.store(true, Ordering::Release);
            watcher.join().unwrap();
        });
        settle(&counts, &subscriptions);
        assert_eq!(filtered(&subscriptions), [[0; 4], [0, 2 * MESSAGES, 0, 0], [0; 4]]);
    }
}
