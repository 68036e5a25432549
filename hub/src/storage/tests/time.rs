//! Clocks that a test sets.

use super::super::clock::Sources;
use queue_core::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// When simulated time begins: 2027-01-15T08:00:00Z.
const START_MS: u64 = 1_800_000_000_000;

/// Simulated time: what elapses, and how wrong the wall clock is.
#[derive(Clone, Default)]
pub(super) struct Time {
    elapsed_ms: Arc<AtomicU64>,
    wrong_ms: Arc<AtomicI64>,
}

impl Time {
    pub(super) fn pass(&self, ms: u64) {
        self.elapsed_ms.fetch_add(ms, Ordering::Relaxed);
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        self.elapsed_ms.load(Ordering::Relaxed)
    }

    /// Sets the wall clock that far ahead of what is right.
    pub(super) fn set_wrong(&self, ms: i64) {
        self.wrong_ms.store(ms, Ordering::Relaxed);
    }

    pub(super) fn wall(&self) -> Timestamp {
        Timestamp((START_MS + self.elapsed_ms()).saturating_add_signed(self.wrong_ms.load(Ordering::Relaxed)))
    }

    pub(super) fn sources(&self) -> Sources {
        let (wall, elapsed) = (self.clone(), self.clone());
        Sources {
            wall: Box::new(move || wall.wall()),
            elapsed: Box::new(move || Duration::from_millis(elapsed.elapsed_ms())),
        }
    }
}
