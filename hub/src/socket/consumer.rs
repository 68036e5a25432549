//! A consumer of a queue as its session knows it: what was asked for, and what it holds.

use super::held::Held;
use queue_core::QueueId;
use queue_core::Timestamp;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) struct Consumer {
    /// Tells it from earlier ones of the same name.
    pub(super) number: u64,
    pub(super) queue: QueueId,
    pub(super) queue_name: Arc<str>,
    pub(super) held: Held,
    /// Messages that can be unacknowledged.
    pub(super) credit: usize,
    /// Bytes of these.
    pub(super) bytes_max: u64,
    /// Messages are deleted before they are written, and none is held.
    pub(super) is_automatic: bool,
    pub(super) reports: Option<Reports>,
    pub(super) ending: Option<Ending>,
}

/// How often the client is told how the queue stands, in real time.
pub(super) struct Reports {
    pub(super) every: Duration,
    pub(super) next: Instant,
}

/// A consumer that takes nothing more, and waits until it holds nothing.
pub(super) struct Ending {
    pub(super) until: Timestamp,
    /// Of the request that ends it.
    pub(super) id: Option<Box<RawValue>>,
}

impl Consumer {
    /// How many messages can be taken now.
    pub(super) fn room(&self) -> usize {
        if self.ending.is_some() { 0 } else { self.held.room(self.credit, self.bytes_max) }
    }

    /// Whether it has come to its end.
    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        self.ending.as_ref().is_some_and(|ending| self.held.is_empty() || ending.until <= now)
    }

    /// Whether a report is due; then the next is due later.
    pub(super) fn is_report_due(&mut self, now: Instant) -> bool {
        let Some(reports) = self.reports.as_mut().filter(|reports| reports.next <= now) else { return false };
        reports.next = now + reports.every;
        true
    }
}
