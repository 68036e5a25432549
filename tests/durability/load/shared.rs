//! What the workers of a load share: where the hub is, and what was done and seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use fanq_tests::history::{Action, History, NEVER, Operation, Outcome};

use super::{Ended, Shape};

/// A worker that could not reach the hub looks again after this time if nobody tells it anything.
const AGAIN: Duration = Duration::from_millis(20);

pub(crate) struct Shared {
    pub(crate) shape: Shape,
    began: Instant,
    began_by_clock: SystemTime,
    place: Mutex<Place>,
    changed: Condvar,
    notes: Mutex<Notes>,
}

/// Where the hub is, and who still works.
struct Place {
    address: Option<SocketAddr>,
    /// Ascends with every change of the address.
    version: u64,
    stopped: bool,
    failed: bool,
}

/// What was written down.
struct Notes {
    history: History,
    /// When processes were gone.
    ends: Vec<u64>,
    counts: BTreeMap<String, u64>,
    /// What was sent minus what was deleted: about what lies in the queues.
    backlog: i64,
}

/// Tells the others if its worker fails.
pub(crate) struct Watched<'a>(&'a Shared);

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(NEVER)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(address: SocketAddr, history: History, shape: Shape) -> Self {
        let place = Place { address: Some(address), version: 0, stopped: false, failed: false };
        let notes = Notes { history, ends: Vec::new(), counts: BTreeMap::new(), backlog: 0 };
        Self {
            shape,
            began: Instant::now(),
            began_by_clock: SystemTime::now(),
            place: Mutex::new(place),
            changed: Condvar::new(),
            notes: Mutex::new(notes),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        micros(self.began.elapsed())
    }

    /// The time of a history at a time of the machine's clock.
    pub(crate) fn time_at(&self, clock: SystemTime) -> u64 {
        micros(clock.duration_since(self.began_by_clock).unwrap_or_default())
    }

    pub(crate) fn watched(&self) -> Watched<'_> {
        Watched(self)
    }

    /// Where the hub is, as soon as it is anywhere; none if the load has stopped. Also the version of that place.
    pub(crate) fn address(&self) -> Option<(SocketAddr, u64)> {
        let mut place = lock(&self.place);
        loop {
            if place.stopped || place.failed {
                return None;
            }
            if let Some(address) = place.address {
                return Some((address, place.version));
            }
            place = self.changed.wait(place).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the hub is somewhere else, or a short time.
    pub(crate) fn await_change(&self, version: u64) {
        let place = lock(&self.place);
        let same = |place: &mut Place| place.version == version && !place.stopped && !place.failed;
        drop(self.changed.wait_timeout_while(place, AGAIN, same));
    }

    /// Waits for so long, or fails as soon as a worker does.
    pub(crate) fn watch(&self, time: Duration) {
        let fine = |place: &mut Place| !place.failed;
        let waited = self.changed.wait_timeout_while(lock(&self.place), time, fine);
        let (place, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!place.failed, "a worker has failed");
    }

    pub(crate) fn gone(&self) {
        self.change(|place| place.address = None);
        let now = self.now();
        lock(&self.notes).ends.push(now);
    }

    pub(crate) fn back(&self, address: SocketAddr) {
        self.change(|place| place.address = Some(address));
    }

    pub(crate) fn stop(&self) {
        self.change(|place| place.stopped = true);
    }

    fn change(&self, change: impl FnOnce(&mut Place)) {
        let mut place = lock(&self.place);
        change(&mut place);
        place.version += 1;
        drop(place);
        self.changed.notify_all();
    }

    /// About how many messages are in the queues.
    pub(crate) fn backlog(&self) -> i64 {
        lock(&self.notes).backlog
    }

    /// Writes down operations that began together and have ended now.
    pub(crate) fn note(&self, invoked: u64, ended: impl IntoIterator<Item = (Outcome, Action)>) {
        let finished = self.now();
        let mut notes = lock(&self.notes);
        for (outcome, action) in ended {
            if outcome != Outcome::Failed {
                notes.backlog += added(&action);
            }
            let count = format!("{} {outcome:?}", verb(&action));
            *notes.counts.entry(count.to_lowercase()).or_default() += 1;
            notes.history.push(Operation { invoked, finished, outcome, action });
        }
    }

    /// Looks at what was written down so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&History) -> T) -> T {
        look(&lock(&self.notes).history)
    }

    /// Takes what was written down. What is unknown has had its effect, if any, before the process was gone.
    pub(crate) fn finish(&self) -> Ended {
        let mut notes = lock(&self.notes);
        let mut history = std::mem::take(&mut notes.history);
        for operation in history.operations_mut() {
            if operation.outcome == Outcome::Unknown {
                let ends = notes.ends.iter().copied().filter(|end| *end >= operation.finished);
                operation.finished = ends.min().unwrap_or(NEVER);
            }
        }
        let mut summary = format!("{} operations", history.operations().len());
        for (what, count) in &notes.counts {
            let _ = write!(summary, ", {what} {count}");
        }
        Ended { history, summary }
    }
}

/// How many more messages lie in the queues after it.
fn added(action: &Action) -> i64 {
    match action {
        Action::Send { .. } => 1,
        Action::Publish { queues, .. } => i64::try_from(queues.len()).unwrap_or(0),
        Action::Delete { .. } => -1,
        Action::Receive { .. } | Action::Hide { .. } | Action::Drain { .. } => 0,
    }
}

fn verb(action: &Action) -> &'static str {
    match action {
        Action::Send { .. } => "send",
        Action::Publish { .. } => "publish",
        Action::Receive { .. } => "receive",
        Action::Delete { .. } => "delete",
        Action::Hide { .. } => "hide",
        Action::Drain { .. } => "drain",
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.change(|place| place.failed = true);
        }
    }
}
