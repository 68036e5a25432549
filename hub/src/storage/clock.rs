//! Log time: the wall clock at the start, then elapsed time, turned by hand where a test asks for it.
//!
//! The wall clock is read once, so log time never jumps while the hub runs; it goes on while the machine sleeps.
//! After a restart it goes on where the log ended, if the wall clock is behind. Waits on the network use real time.

use super::planted::{self, Bug};
use super::store::ClockOptions;
use queue_core::{Clock, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// A start that moves time by more is not believed: it would let messages expire that were kept for days.
const JUMP_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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

/// Why log time cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClockRefusal {
    /// It was turned by hand, and this start does not expect that.
    #[error(
        "the clock of this data folder was turned by hand; start with --test-clock to go on with it, or with another folder"
    )]
    Turned,
    /// The wall clock is far ahead of the log.
    #[error(
        "the clock is {days} days ahead of the last entry in the log, and messages that were kept since then may \
         expire at once; if the clock is right, start once with --accept-time-jump"
    )]
    Jump { days: u64 },
}

/// Where time comes from.
pub(crate) struct Sources {
    /// The wall clock.
    pub(crate) wall: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Time since whenever: it never goes back, nor does it stand still while the machine sleeps.
    pub(crate) elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Sources {
    /// The clocks of the system.
    pub(crate) fn system() -> Self {
        let wall = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::default().after(since)
        };
        Self { wall: Box::new(wall), elapsed: elapsed() }
    }
}

/// Time since the machine was started, its sleep included.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn elapsed() -> Box<dyn Fn() -> Duration + Send + Sync> {
    use rustix::time::{ClockId, clock_gettime};
    Box::new(|| {
        let since = clock_gettime(ClockId::Boottime);
        // Neither is ever negative, and there are less than a thousand million nanoseconds.
        let (seconds, nanoseconds) = (u64::try_from(since.tv_sec), u32::try_from(since.tv_nsec));
        Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
    })
}

/// Time since now; elsewhere it may stand still while the machine sleeps.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn elapsed() -> Box<dyn Fn() -> Duration + Send + Sync> {
    let started = std::time::Instant::now();
    Box::new(move || started.elapsed())
}

pub(crate) struct LogClock {
    /// Is not looked at any more.
    wall: Box<dyn Fn() -> Timestamp + Send + Sync>,
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    /// What `elapsed` showed at the start.
    started: Duration,
    /// Log time at the start, if it had not been turned.
    started_at: Timestamp,
    turned: Mutex<Turned>,
    /// How far it was ever turned ahead.
    advanced: watch::Sender<Duration>,
}

#[derive(Default)]
struct Turned {
    clock: Clock,
    frozen_at: Option<Timestamp>,
}

impl LogClock {
    /// Log time that begins with the wall clock.
    pub(crate) fn starting_now() -> Arc<Self> {
        let sources = Sources::system();
        let now = (sources.wall)();
        Self::starting_at(now, Turned::default(), sources)
    }

    /// Log time that goes on where the machine's ended.
    ///
    /// # Errors
    /// If that would do something with time that `options` do not allow.
    pub(crate) fn resuming(
        last: Timestamp,
        clock: Clock,
        options: ClockOptions,
        sources: Sources,
    ) -> Result<Arc<Self>, ClockRefusal> {
        if clock != Clock::default() && !options.may_be_turned {
            return Err(ClockRefusal::Turned);
        }
        // The earliest that makes the turned clock show no less than the last entry.
        let earliest = Timestamp::default()
            .after(last.since(Timestamp::default()).saturating_add(clock.behind).saturating_sub(clock.ahead));
        let started_at = (sources.wall)().max(earliest);
        let turned = Turned { clock, frozen_at: clock.frozen.then_some(last) };
        let jump = turned.now(started_at).since(last);
        if jump > JUMP_MAX && last != Timestamp::default() && !options.may_jump {
            return Err(ClockRefusal::Jump { days: jump.as_secs() / (24 * 60 * 60) });
        }
        Ok(Self::starting_at(started_at, turned, sources))
    }

    fn starting_at(started_at: Timestamp, turned: Turned, sources: Sources) -> Arc<Self> {
        let Sources { wall, elapsed } = sources;
        let turned = Mutex::new(turned);
        let advanced = watch::Sender::default();
        Arc::new(Self { started: elapsed(), wall, elapsed, started_at, turned, advanced })
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

    /// How far it was turned.
    pub(crate) fn turned(&self) -> Clock {
        self.with(|turned, _| turned.clock)
    }

    /// Turns the clock.
    pub(crate) fn turn(&self, change: ClockChange) {
        self.with(|turned, unturned| turned.turn(change, unturned));
        if let ClockChange::AdvanceBy(by) = change {
            self.advanced.send_modify(|all| *all = all.saturating_add(by));
        }
    }

    /// How far it was turned ahead since the start: for what is in real time, and yet is to pass with log time when a
    /// test turns that.
    pub(crate) fn advanced(&self) -> watch::Receiver<Duration> {
        self.advanced.subscribe()
    }

    fn with<R>(&self, work: impl FnOnce(&mut Turned, Timestamp) -> R) -> R {
        // The state behind the lock is whole at every moment, so a panic elsewhere has not harmed it.
        let mut turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        let unturned = self.started_at.after((self.elapsed)().saturating_sub(self.started));
        let unturned = if planted::is(Bug::ClockFollowsWall) { (self.wall)() } else { unturned };
        work(&mut turned, unturned)
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
mod tests;
