//! Log time: the wall clock at the start, then elapsed time, turned by hand where a test asks for it.
//!
//! The wall clock is read once, so log time never jumps while the hub runs. Waits on the network use real time.

use queue_core::{Clock, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One turn of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockChange {
    /// Time stands still from now on.
    Freeze,
    /// It is this much later, whether time stands still or not.
    AdvanceBy(Duration),
    /// Time goes on from where it stands.
    Resume,
}

/// What the clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockState {
    /// Log time, in milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// Whether it stands still.
    pub(crate) frozen: bool,
    /// How far it is ahead of where it would be if it had not been turned.
    pub(crate) offset_ms: i64,
}

pub(crate) struct LogClock {
    started: Instant,
    started_at: Timestamp,
    turned: Mutex<Turned>,
}

#[derive(Default)]
struct Turned {
    clock: Clock,
    frozen_at: Option<Timestamp>,
}

impl LogClock {
    /// Log time that begins with the wall clock.
    pub(crate) fn starting_now() -> Arc<Self> {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at = Timestamp::default().after(wall);
        Arc::new(Self { started: Instant::now(), started_at, turned: Mutex::default() })
    }

    /// Log time.
    pub(crate) fn now(&self) -> Timestamp {
        self.with(|turned, unturned| turned.now(unturned))
    }

    pub(crate) fn state(&self) -> ClockState {
        self.with(|turned, unturned| {
            let now = turned.now(unturned);
            ClockState {
                now_ms: now.milliseconds(),
                frozen: turned.clock.frozen,
                offset_ms: now.milliseconds().wrapping_sub(unturned.milliseconds()).cast_signed(),
            }
        })
    }

    /// Turns the clock, and says how it stands now.
    pub(crate) fn turn(&self, change: ClockChange) -> Clock {
        self.with(|turned, unturned| {
            turned.turn(change, unturned);
            turned.clock
        })
    }

    fn with<R>(&self, work: impl FnOnce(&mut Turned, Timestamp) -> R) -> R {
        // The state behind the lock is whole at every moment, so a panic elsewhere has not harmed it.
        let mut turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut turned, self.started_at.after(self.started.elapsed()))
    }
}

impl Turned {
    fn now(&self, unturned: Timestamp) -> Timestamp {
        self.frozen_at.unwrap_or_else(|| Timestamp::default().after(self.running(unturned)))
    }

    /// Time since 1970 if it runs.
    fn running(&self, unturned: Timestamp) -> Duration {
        (Duration::from_millis(unturned.milliseconds()).saturating_add(self.clock.ahead))
            .saturating_sub(self.clock.behind)
    }

    fn turn(&mut self, change: ClockChange, unturned: Timestamp) {
        match change {
            ClockChange::Freeze => {
                self.frozen_at = Some(self.now(unturned));
                self.clock.frozen = true;
            }
            ClockChange::AdvanceBy(by) => {
                self.clock.ahead = self.clock.ahead.saturating_add(by);
                self.frozen_at = self.frozen_at.map(|at| at.after(by));
            }
            ClockChange::Resume => {
                if let Some(at) = self.frozen_at.take() {
                    let lost =
                        self.running(unturned).saturating_sub(Duration::from_millis(at.milliseconds()));
                    self.clock.behind = self.clock.behind.saturating_add(lost);
                }
                self.clock.frozen = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp(milliseconds)
    }

    #[test]
    fn frozen_time_stands_still_until_it_is_resumed_from_there() {
        let mut turned = Turned::default();
        turned.turn(ClockChange::Freeze, at(1_000));
        assert_eq!(turned.now(at(5_000)), at(1_000));
        turned.turn(ClockChange::Resume, at(5_000));
        assert_eq!(turned.now(at(5_000)), at(1_000));
        assert_eq!(turned.now(at(6_000)), at(2_000));
    }

    #[test]
    fn advancing_moves_time_whether_it_stands_still_or_not() {
        let mut turned = Turned::default();
        turned.turn(ClockChange::AdvanceBy(Duration::from_secs(10)), at(0));
        assert_eq!(turned.now(at(1_000)), at(11_000));
        turned.turn(ClockChange::Freeze, at(1_000));
        turned.turn(ClockChange::AdvanceBy(Duration::from_secs(5)), at(2_000));
        assert_eq!(turned.now(at(9_000)), at(16_000));
        turned.turn(ClockChange::Resume, at(9_000));
        assert_eq!(turned.now(at(9_500)), at(16_500));
    }
}
