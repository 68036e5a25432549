//! [`Bell`]: what wakes a reader, and tells it of topics that it follows and did not know.

use super::ring::Ring;
use super::topics::Topics;
use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// The end of a reader that others hold.
#[derive(Debug)]
pub(super) struct Bell {
    pub(super) id: u64,
    pub(super) topics: Topics,
    rings: Mutex<Vec<Arc<Ring>>>,
    has_rings: AtomicBool,
    waker: AtomicWaker,
    is_rung: AtomicBool,
}

impl Bell {
    pub(super) fn new(id: u64, topics: Topics) -> Self {
        Self {
            id,
            topics,
            rings: Mutex::default(),
            has_rings: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            is_rung: AtomicBool::new(false),
        }
    }

    /// Tells of a ring that was made.
    pub(super) fn give(&self, ring: Arc<Ring>) {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner).push(ring);
        self.has_rings.store(true, Ordering::Release);
    }

    /// The rings that were made since the last time.
    pub(super) fn take_rings(&self) -> Vec<Arc<Ring>> {
        if !self.has_rings.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut self.rings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Wakes the reader, or lets it know as soon as it wants to wait.
    pub(super) fn ring(&self) {
        self.is_rung.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether it was rung since the last time; if not, the task is woken when it is.
    pub(super) fn poll_rung(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.is_rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}
