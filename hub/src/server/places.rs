//! How many connections there can be at once, and what is said when all of them are there.
//!
//! Each takes a file of the process, and so do the segments of the log: a log that could open none would end the hub.
//! So the server stops to accept before the files are used up, and whoever comes then waits until somebody goes. Before
//! that, connections are no longer kept open behind an answer: clients keep many that they do not use.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// From so many eighths of the places on, connections are not kept open for further requests.
const EIGHTHS_OF_PLENTY: usize = 7;

/// Between two warnings: under such load every connection that goes makes room for one that comes.
const WARNING_EVERY: Duration = Duration::from_secs(60);

/// The places of a server.
pub(super) struct Places {
    of_each_worker: usize,
    workers: usize,
    taken: AtomicUsize,
    warned: Mutex<Option<Instant>>,
}

/// A connection's place. It is free again when this goes.
pub(super) struct Place(Arc<Places>);

impl Places {
    /// So many connections, spread over the workers, of which each has one at least.
    pub(super) fn new(connections_max: usize, workers: usize) -> Arc<Self> {
        let of_each_worker = connections_max.checked_div(workers).unwrap_or_default().max(1);
        Arc::new(Self { of_each_worker, workers, taken: AtomicUsize::new(0), warned: Mutex::new(None) })
    }

    pub(super) fn of_each_worker(&self) -> usize {
        self.of_each_worker
    }

    /// For a connection that was accepted.
    pub(super) fn take(self: &Arc<Self>) -> Place {
        let all = self.all();
        if self.taken.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= all && self.may_warn() {
            tracing::warn!(
                "all {all} connections that the limit of open files leaves room for are in use; further clients wait"
            );
        }
        Place(Arc::clone(self))
    }

    fn all(&self) -> usize {
        self.of_each_worker.saturating_mul(self.workers)
    }

    fn are_scarce(&self) -> bool {
        self.taken.load(Ordering::Relaxed).saturating_mul(8) > self.all().saturating_mul(EIGHTHS_OF_PLENTY)
    }

    fn may_warn(&self) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let may_warn = warned.is_none_or(|last| last.elapsed() >= WARNING_EVERY);
        if may_warn {
            *warned = Some(Instant::now());
        }
        may_warn
    }
}

impl Place {
    /// Whether so few places are left that a client should not keep its own without a request.
    pub(super) fn is_scarce(&self) -> bool {
        self.0.are_scarce()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_comes_with_the_last_place_and_not_again_at_once() {
        let places = Places::new(5, 2);
        assert_eq!(places.of_each_worker(), 2);
        let has_warned = || places.warned.lock().unwrap().is_some();
        let taken = [places.take(), places.take(), places.take()];
        assert!(!has_warned());
        let last = places.take();
        assert!(has_warned() && !places.may_warn());
        drop((taken, last));
        assert_eq!(places.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_last_eighth_of_the_places_is_scarce() {
        let places = Places::new(16, 2);
        let mut taken: Vec<_> = (0..14).map(|_| places.take()).collect();
        assert!(!taken[0].is_scarce());
        taken.push(places.take());
        assert!(taken[0].is_scarce());
        taken.pop();
        assert!(!taken[0].is_scarce());
    }

    #[test]
    fn every_worker_has_a_place() {
        assert_eq!(Places::new(1, 4).of_each_worker(), 1);
    }
}
