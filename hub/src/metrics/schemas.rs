//! What is counted of messages that do not fit the schema of their topic, and said of them in the log.

use queue_core::Name;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two warnings: a publisher that is wrong is wrong all the time.
const WARNING_EVERY: Duration = Duration::from_secs(60);

/// What became of a message that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its publisher was told.
    Rejected,
    /// It was published.
    Warned,
    /// It went to a dead-letter queue.
    DeadLettered,
    /// The dead-letter queue does not exist, or did not take it.
    Dropped,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Rejected, Self::Warned, Self::DeadLettered, Self::Dropped];

    const fn word(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Warned => "warned",
            Self::DeadLettered => "dead_lettered",
            Self::Dropped => "dropped",
        }
    }
}

/// The counts since the hub started.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    rejected: AtomicU64,
    warned: AtomicU64,
    dead_lettered: AtomicU64,
    dropped: AtomicU64,
    logged: Mutex<Option<Instant>>,
}

impl Schemas {
    /// Counts a message of a topic; the first of a minute is logged with the reason.
    pub(crate) fn count(&self, outcome: Outcome, topic: Option<&Name>, reason: &str) {
        self.of(outcome).fetch_add(1, Ordering::Relaxed);
        if self.may_log() {
            let (outcome, topic) = (outcome.word(), topic.map(|topic| &*topic.name));
            tracing::warn!(topic, outcome, reason, "messages do not fit the schema of their topic");
        }
    }

    /// Each outcome with its name and its number.
    pub(crate) fn counts(&self) -> [(&'static str, u64); 4] {
        Outcome::ALL.map(|outcome| (outcome.word(), self.of(outcome).load(Ordering::Relaxed)))
    }

    fn of(&self, outcome: Outcome) -> &AtomicU64 {
        match outcome {
            Outcome::Rejected => &self.rejected,
            Outcome::Warned => &self.warned,
            Outcome::DeadLettered => &self.dead_lettered,
            Outcome::Dropped => &self.dropped,
        }
    }

    fn may_log(&self) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let may_log = logged.is_none_or(|last| last.elapsed() >= WARNING_EVERY);
        if may_log {
            *logged = Some(Instant::now());
        }
        may_log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_counted_and_not_every_one_is_logged() {
        let schemas = Schemas::default();
        for outcome in Outcome::ALL {
            schemas.count(outcome, None, "too short at #");
            schemas.count(outcome, None, "too short at #");
        }
        assert_eq!(schemas.counts(), [("rejected", 2), ("warned", 2), ("dead_lettered", 2), ("dropped", 2)]);
        assert!(!schemas.may_log());
    }
}
