//! What a publish is counted by, once it has come about.

use crate::catalogue::{TopicView, Verdict};
use crate::metrics::Metrics;
use std::sync::Arc;
use std::time::Instant;

/// What the filters of a topic said to the messages of a publish.
pub(super) struct Filtered {
    pub(super) topic: Arc<TopicView>,
    pub(super) verdicts: Vec<Verdict>,
}

/// A publish that is under way. What an attempt found that was overtaken does not count.
pub(super) struct Measure {
    begun: Instant,
    pub(super) filtered: Option<Filtered>,
}

impl Measure {
    pub(super) fn begin() -> Self {
        Self { begun: Instant::now(), filtered: None }
    }

    /// The messages are in their queues, if there were any.
    pub(super) fn end(self, metrics: &Metrics) {
        let Some(Filtered { topic, verdicts }) = self.filtered else {
            return;
        };
        metrics.publish_enqueue.observe(self.begun.elapsed());
        for verdict in &verdicts {
            topic.count(verdict);
        }
    }
}
