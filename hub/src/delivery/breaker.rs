//! [`Breaker`]: spares an endpoint that does not answer, and the messages that wait for it.
//!
//! After so many failures in a row nothing more is delivered for a while; then one delivery is tried, and what becomes
//! of it decides. All who deliver to an endpoint share one. Its pauses are in real time, as is all that concerns a
//! network, but a clock that is turned ahead takes them along.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Deliveries go on; so many of the last ones failed.
    Closed { failures: u32 },
    /// Nothing is delivered until this moment; then one delivery is tried.
    Open { until: Instant },
    /// One delivery is being tried.
    Probing,
}

/// How much may be delivered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Any,
    /// One delivery can be tried.
    One,
    /// Nothing before this moment.
    NoneUntil(Instant),
    /// Nothing until it is known what becomes of a delivery that is being tried.
    None,
}

/// The rules, without a clock.
#[derive(Debug)]
struct Rules {
    failures_max: u32,
    pause: Duration,
    state: State,
}

impl Rules {
    fn room(&self, now: Instant) -> Room {
        match self.state {
            State::Closed { .. } => Room::Any,
            State::Open { until } if until > now => Room::NoneUntil(until),
            State::Open { .. } => Room::One,
            State::Probing => Room::None,
        }
    }

    /// Whether a delivery can go out.
    fn begin(&mut self, now: Instant) -> bool {
        match self.room(now) {
            Room::Any => true,
            Room::One => {
                self.state = State::Probing;
                true
            }
            Room::NoneUntil(_) | Room::None => false,
        }
    }

    fn end(&mut self, is_well: bool, now: Instant) {
        if is_well {
            self.state = State::Closed { failures: 0 };
            return;
        }
        self.state = match self.state {
            State::Closed { failures: 0 } if self.failures_max == 0 => State::Closed { failures: 0 },
            State::Closed { failures } if failures.saturating_add(1) < self.failures_max => {
                State::Closed { failures: failures.saturating_add(1) }
            }
            State::Closed { .. } | State::Probing => State::Open { until: now + self.pause },
            // It began before the pause, and says nothing new.
            State::Open { until } => State::Open { until },
        };
    }
}

/// What is between an endpoint and all who deliver to it.
#[derive(Debug)]
pub(crate) struct Breaker {
    rules: watch::Sender<Rules>,
    /// How far the clock was turned ahead.
    advanced: watch::Receiver<Duration>,
}

impl Breaker {
    /// Opens after so many failures in a row, for so long; never after 0.
    pub(crate) fn new(failures_max: u32, pause: Duration, advanced: watch::Receiver<Duration>) -> Self {
        let state = State::Closed { failures: 0 };
        Self { rules: watch::Sender::new(Rules { failures_max, pause, state }), advanced }
    }

    fn now(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(*self.advanced.borrow()).unwrap_or(now)
    }

    /// Returns when something may be delivered, with how much.
    pub(crate) async fn room(&self) -> Room {
        let (mut changes, mut turns) = (self.rules.subscribe(), self.advanced.clone());
        loop {
            turns.mark_unchanged();
            let now = self.now();
            let room = changes.borrow_and_update().room(now);
            let pause = match room {
                Room::Any | Room::One => return room,
                Room::NoneUntil(until) => Some(until - now),
                Room::None => None,
            };
            let passed = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            let turned = async {
                // A clock that is gone is turned no more.
                if turns.changed().await.is_err() {
                    std::future::pending().await
                }
            };
            // The sender of the rules is here, so a change is the only thing that can be told.
            tokio::select! {
                _ = changes.changed() => {}
                () = passed => {}
                () = turned => {}
            }
        }
    }

    /// Whether a delivery can go out now. If so, [`Self::end`] must be told what became of it.
    pub(crate) fn begin(&self) -> bool {
        let mut begins = false;
        self.change(|rules| begins = rules.begin(self.now()));
        begins
    }

    /// What became of a delivery: whether the endpoint answered, whatever it was. Says whether this begins a pause
    /// where there was none.
    pub(crate) fn end(&self, is_well: bool) -> bool {
        let was_open = self.is_open();
        self.change(|rules| rules.end(is_well, self.now()));
        self.is_open() && !was_open
    }

    /// Whether deliveries pause, or one is tried to find out whether they go on.
    pub(crate) fn is_open(&self) -> bool {
        match self.rules.borrow().state {
            State::Closed { .. } => false,
            State::Open { .. } | State::Probing => true,
        }
    }

    /// Wakes those who wait only if there is something new for them.
    fn change(&self, change: impl FnOnce(&mut Rules)) {
        self.rules.send_if_modified(|rules| {
            let before = std::mem::discriminant(&rules.state);
            change(rules);
            std::mem::discriminant(&rules.state) != before
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn rules() -> Rules {
        Rules { failures_max: 3, pause: PAUSE, state: State::Closed { failures: 0 } }
    }

    /// Rules after their pause.
    fn paused(now: Instant) -> Rules {
        let mut rules = rules();
        (0..3).for_each(|_| rules.end(false, now));
        rules
    }

    #[test]
    fn so_many_failures_in_a_row_begin_a_pause() {
        let (mut rules, now) = (rules(), Instant::now());
        for is_well in [false, false, true, false, false] {
            rules.end(is_well, now);
            assert_eq!(rules.room(now), Room::Any);
        }
        rules.end(false, now);
        assert_eq!(rules.room(now), Room::NoneUntil(now + PAUSE));
        assert!(!rules.begin(now));
    }

    #[test]
    fn a_breaker_of_no_failures_never_opens() {
        let (mut rules, now) = (Rules { failures_max: 0, ..rules() }, Instant::now());
        (0..10).for_each(|_| rules.end(false, now));
        assert_eq!(rules.room(now), Room::Any);
    }

    #[test]
    fn after_the_pause_one_delivery_decides() {
        let begun = Instant::now();
        let later = begun + PAUSE;
        for (is_well, expected) in [(true, Room::Any), (false, Room::NoneUntil(later + PAUSE))] {
            let mut rules = paused(begun);
            assert_eq!(rules.room(later), Room::One);
            assert!(rules.begin(later));
            assert_eq!(rules.room(later), Room::None);
            assert!(!rules.begin(later));
            rules.end(is_well, later);
            assert_eq!(rules.room(later), expected);
        }
    }

    #[test]
    fn what_began_before_a_pause_ends_it_if_it_was_answered() {
        let now = Instant::now();
        let mut rules = paused(now);
        rules.end(false, now + PAUSE / 2);
        assert_eq!(rules.room(now), Room::NoneUntil(now + PAUSE));
        rules.end(true, now);
        assert_eq!(rules.room(now), Room::Any);
    }

    #[tokio::test]
    async fn those_who_wait_for_a_probe_are_told_when_it_ends() {
        let breaker = Breaker::new(1, Duration::ZERO, watch::channel(Duration::ZERO).1);
        assert_eq!(breaker.room().await, Room::Any);
        assert!(breaker.end(false) && breaker.is_open());
        assert_eq!(breaker.room().await, Room::One);
        assert!(breaker.begin() && !breaker.begin());
        let (room, begins_pause) = tokio::join!(breaker.room(), async { breaker.end(true) });
        assert_eq!((room, begins_pause, breaker.is_open()), (Room::Any, false, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_passes_by_itself_and_when_the_clock_is_turned() {
        let (clock, advanced) = watch::channel(Duration::ZERO);
        let breaker = Breaker::new(1, PAUSE, advanced);
        let begun = Instant::now();
        assert!(breaker.end(false));
        assert_eq!((breaker.room().await, begun.elapsed() >= PAUSE), (Room::One, true));
        assert!(breaker.begin() && !breaker.end(false));
        let begun = Instant::now();
        let turn = async {
            clock.send_modify(|all| *all += PAUSE / 2);
            tokio::task::yield_now().await;
            assert!(!breaker.begin(), "half of the pause is left");
            clock.send_modify(|all| *all += PAUSE / 2);
        };
        let (room, ()) = tokio::join!(breaker.room(), turn);
        assert_eq!((room, begun.elapsed()), (Room::One, Duration::ZERO));
        drop(clock);
        assert!(breaker.begin() && !breaker.end(false));
        let begun = Instant::now();
        assert_eq!((breaker.room().await, begun.elapsed() >= PAUSE), (Room::One, true));
    }
}
