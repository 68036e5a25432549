//! What is counted of live subscriptions, of all of them together.

use super::exposition::{Labels, Page};
use super::table as of;
use crate::live::Why;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of all live readers.
#[derive(Debug, Default)]
pub(crate) struct LiveCounts {
    readers: AtomicU64,
    delivered: AtomicU64,
    overflow: AtomicU64,
    retention: AtomicU64,
    sampled: AtomicU64,
}

impl LiveCounts {
    pub(crate) fn reader_came(&self) {
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn reader_went(&self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self, why: Why, events: u64) {
        self.of(why).fetch_add(events, Ordering::Relaxed);
    }

    fn of(&self, why: Why) -> &AtomicU64 {
        match why {
            Why::Overflow => &self.overflow,
            Why::Retention => &self.retention,
            Why::Sampled => &self.sampled,
        }
    }

    /// The counts, as text.
    pub(crate) fn expose(&self) -> String {
        let mut page = Page::default();
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        page.one(&of::LIVE_READERS, read(&self.readers));
        page.one(&of::LIVE_EVENTS, read(&self.delivered));
        let dropped = Why::ALL.map(|why| (Labels::of(&["why"], &[why.word()]), read(self.of(why))));
        page.family(&of::LIVE_DROPPED, dropped.iter().map(|(labels, count)| (labels, count)));
        page.into_text()
    }
}
