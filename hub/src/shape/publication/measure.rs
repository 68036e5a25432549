//! What a publish is counted by, once it has come about.

use crate::catalogue::TopicView;
use crate::metrics::Metrics;
use crate::metrics::subscriptions::Reason;
use std::sync::Arc;
use std::time::Instant;

/// What the filters of a topic kept away.
pub(crate) struct Filtered {
    pub(super) topic: Arc<TopicView>,
    /// The places of subscriptions in the view of the topic.
    pub(super) refused: Vec<(usize, Reason)>,
}

/// A publish that is under way. What an attempt found that was overtaken does not count.
pub(crate) struct Measure {
    begun: Instant,
    pub(crate) filtered: Option<Filtered>,
}

impl Measure {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), filtered: None }
    }

    /// The messages are in their queues, if there were any.
    pub(crate) fn end(self, metrics: &Metrics) {
        let Some(Filtered { topic, refused }) = self.filtered else {
            return;
        };
        metrics.publish_enqueue.observe(self.begun.elapsed());
        for (index, reason) in refused {
            if let Some(subscription) = topic.subscriptions.get(index) {
                subscription.counts.count_filtered(reason);
            }
        }
    }
}
