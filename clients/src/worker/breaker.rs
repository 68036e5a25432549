//! A circuit breaker: when everything fails, it is better to wait than to go on failing.

use std::time::Duration;

use tokio::time::Instant;

/// Counts failures in a row, and says whether work may begin.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    pause: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// All is well, but for so many failures in a row.
    Closed(u32),
    /// Nothing begins before this.
    Open(Instant),
    /// One may try.
    Probing { has_begun: bool },
}

impl Breaker {
    pub(super) fn new(failures_max: u32, pause: Duration) -> Self {
        Self { failures_max, pause, state: State::Closed(0) }
    }

    /// How many may begin now besides those that have, if not as many as there are places.
    pub(super) fn most(&mut self, now: Instant) -> Option<u32> {
        if let State::Open(until) = self.state
            && now >= until
        {
            self.state = State::Probing { has_begun: false };
        }
        match self.state {
            State::Closed(_) => None,
            State::Open(_) | State::Probing { has_begun: true } => Some(0),
            State::Probing { has_begun: false } => Some(1),
        }
    }

    /// When to ask again, if nothing happens before.
    pub(super) fn until(&self) -> Option<Instant> {
        match self.state {
            State::Open(until) => Some(until),
            State::Closed(_) | State::Probing { .. } => None,
        }
    }

    pub(super) fn begun(&mut self) {
        if let State::Probing { has_begun } = &mut self.state {
            *has_begun = true;
        }
    }

    pub(super) fn worked(&mut self) {
        self.state = State::Closed(0);
    }

    /// The probe came to no result, so another one is needed.
    pub(super) fn vanished(&mut self) {
        if let State::Probing { has_begun } = &mut self.state {
            *has_begun = false;
        }
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.state = match self.state {
            State::Closed(failures) if failures + 1 < self.failures_max => State::Closed(failures + 1),
            State::Closed(_) | State::Probing { .. } => State::Open(now + self.pause),
            // One that had begun before.
            State::Open(until) => State::Open(until),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    #[test]
    fn failures_in_a_row_open_it_and_a_probe_that_works_closes_it() {
        let now = Instant::now();
        let mut breaker = Breaker::new(3, PAUSE);
        breaker.failed(now);
        breaker.failed(now);
        breaker.worked();
        breaker.failed(now);
        breaker.failed(now);
        assert_eq!(breaker.most(now), None, "the row was broken");
        breaker.failed(now);
        assert_eq!((breaker.most(now), breaker.until()), (Some(0), Some(now + PAUSE)));
        breaker.failed(now + PAUSE / 2);
        assert_eq!(breaker.until(), Some(now + PAUSE), "late failures do not make it longer");

        let later = now + PAUSE;
        assert_eq!(breaker.most(later), Some(1));
        breaker.begun();
        assert_eq!(breaker.most(later), Some(0), "one probe at a time");
        breaker.vanished();
        assert_eq!(breaker.most(later), Some(1));
        breaker.begun();
        breaker.failed(later);
        assert_eq!(breaker.until(), Some(later + PAUSE));
        assert_eq!(breaker.most(later + PAUSE), Some(1));
        breaker.begun();
        breaker.worked();
        assert_eq!(breaker.most(later + PAUSE), None);
    }
}
