//! How many messages to work on at once.
//!
//! More while messages wait and every place is taken; fewer when the work on each takes longer than it usually does,
//! since then they are waiting for each other somewhere. Usual is the shortest time that was seen. Work that has become
//! longer for good brings the number down to its minimum, where nobody waits for anybody, and is usual from then on.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Work takes too long when it takes so many times what is usual.
const TOO_LONG: f64 = 2.0;

/// The number between its bounds.
#[derive(Debug)]
pub(super) struct Concurrency {
    bounds: RangeInclusive<u32>,
    limit: u32,
    usual_seconds: Option<f64>,
    /// Until something was too slow for the first time, it doubles.
    is_doubling: bool,
}

/// What was seen since the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// How many were done, in which time altogether.
    pub(super) done: u32,
    pub(super) working: Duration,
    /// The most that were worked on at once.
    pub(super) busy: u32,
    /// Messages that wait in the queue.
    pub(super) ready: u64,
}

impl Concurrency {
    pub(super) fn new(bounds: RangeInclusive<u32>) -> Self {
        let limit = *bounds.start();
        Self { bounds, limit, usual_seconds: None, is_doubling: true }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// Looks at what was seen, and decides anew.
    pub(super) fn adapt(&mut self, seen: Seen) {
        let step = (self.limit / 10).max(1);
        let has_idle_places = seen.busy <= self.limit / 2;
        let min = *self.bounds.start();
        let wanted = match self.is_too_slow(seen) {
            Some(true) if self.limit == min => {
                self.usual_seconds = seen.seconds();
                self.is_doubling = true;
                min
            }
            Some(true) => {
                self.is_doubling = false;
                self.limit - (self.limit / 4).max(1)
            }
            Some(false) | None if has_idle_places => self.limit - step,
            Some(false) if seen.ready > 0 && seen.busy >= self.limit => {
                self.limit.saturating_add(if self.is_doubling { self.limit } else { step })
            }
            Some(false) | None => self.limit,
        };
        self.limit = wanted.clamp(min, *self.bounds.end());
    }

    /// Whether the work takes too long; nothing if none was done.
    fn is_too_slow(&mut self, seen: Seen) -> Option<bool> {
        let now = seen.seconds()?;
        let usual = self.usual_seconds.map_or(now, |usual| usual.min(now));
        self.usual_seconds = Some(usual);
        // What takes no time at all varies by more than this for no reason.
        Some(now > (usual * TOO_LONG).max(0.002))
    }
}

impl Seen {
    /// How long one took.
    fn seconds(self) -> Option<f64> {
        (self.done > 0).then(|| self.working.as_secs_f64() / f64::from(self.done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of work on something that serves so many at once, each in 100 ms.
    fn seen(busy: u32, served_at_once: u32, ready: u64) -> Seen {
        let slower = f64::from(busy.max(served_at_once)) / f64::from(served_at_once);
        let each = Duration::from_millis(100).mul_f64(slower);
        let done = 10 * busy;
        Seen { done, working: each * done, busy, ready }
    }

    #[test]
    fn it_finds_what_the_work_can_bear() {
        for served_at_once in [4, 20, 50] {
            let mut concurrency = Concurrency::new(1..=1000);
            for look in 0..60 {
                concurrency.adapt(seen(concurrency.limit(), served_at_once, 10_000));
                let limit = concurrency.limit();
                if look > 20 {
                    let fitting = served_at_once..=served_at_once * 4;
                    assert!(fitting.contains(&limit), "{limit} of {served_at_once} at {look}");
                }
            }
        }
    }

    #[test]
    fn work_that_has_become_longer_for_good_is_usual_after_a_while() {
        let mut concurrency = Concurrency::new(2..=64);
        let longer = |concurrency: &Concurrency| Seen {
            working: Duration::from_secs(10) * concurrency.limit(),
            ..seen(concurrency.limit(), 1000, 10_000)
        };
        (0..20).for_each(|_| concurrency.adapt(seen(concurrency.limit(), 1000, 10_000)));
        assert_eq!(concurrency.limit(), 64);
        let limits = (0..40).map(|_| {
            concurrency.adapt(longer(&concurrency));
            concurrency.limit()
        });
        let limits = limits.collect::<Vec<_>>();
        assert!(limits.contains(&2), "{limits:?}");
        assert_eq!(limits.last(), Some(&64), "{limits:?}");
    }

    #[test]
    fn it_stays_within_its_bounds_and_comes_down_when_nothing_is_to_be_done() {
        let mut concurrency = Concurrency::new(2..=8);
        for _ in 0..10 {
            concurrency.adapt(seen(concurrency.limit(), 100, 1));
        }
        assert_eq!(concurrency.limit(), 8);
        concurrency.adapt(seen(8, 100, 0));
        assert_eq!(concurrency.limit(), 8, "all places are taken, none is wanted");
        for _ in 0..10 {
            concurrency.adapt(Seen::default());
        }
        assert_eq!(concurrency.limit(), 2);
    }
}
