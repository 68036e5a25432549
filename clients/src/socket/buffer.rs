//! Where events wait for the reader of a live subscription.
//!
//! The socket is read on whatever this reader does, since others share it. So what is too much is dropped here, as the
//! hub would drop it, and told as the hub would tell it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::live::{Gap, Overflow, Update};
use crate::error::Error;

/// A bounded queue with one reader.
#[derive(Debug)]
pub(super) struct Buffer {
    events_max: usize,
    overflow: Overflow,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    updates: VecDeque<Update>,
    /// What was dropped in front of the updates, or, with `DropNewest`, behind them.
    gap: Option<Gap>,
    ended: bool,
    error: Option<Error>,
    reader: Option<Waker>,
}

impl Buffer {
    pub(super) fn new(events_max: usize, overflow: Overflow) -> Self {
        Self { events_max, overflow, waiting: Mutex::default() }
    }

    pub(super) fn put(&self, update: Update) {
        let mut waiting = self.lock();
        let is_full = waiting.updates.len() >= self.events_max;
        match (self.overflow, is_full) {
            (Overflow::DropOldest, true) => {
                let oldest = waiting.updates.pop_front();
                waiting.drop_update(oldest);
                waiting.updates.push_back(update);
            }
            (Overflow::DropNewest, true) => waiting.drop_update(Some(update)),
            (Overflow::DropOldest | Overflow::DropNewest, false) => {
                if self.overflow == Overflow::DropNewest
                    && let Some(gap) = waiting.gap.take()
                {
                    waiting.updates.push_back(Update::Gap(gap));
                }
                waiting.updates.push_back(update);
            }
        }
        waiting.wake();
    }

    /// Nothing more comes, and perhaps why.
    pub(super) fn end(&self, error: Option<Error>) {
        let mut waiting = self.lock();
        waiting.ended = true;
        waiting.error = error;
        waiting.wake();
    }

    pub(super) fn poll_take(&self, context: &mut Context<'_>) -> Poll<Option<Result<Update, Error>>> {
        let mut waiting = self.lock();
        let gap_is_first = self.overflow == Overflow::DropOldest || waiting.updates.is_empty();
        if gap_is_first && let Some(gap) = waiting.gap.take() {
            return Poll::Ready(Some(Ok(Update::Gap(gap))));
        }
        if let Some(update) = waiting.updates.pop_front() {
            return Poll::Ready(Some(Ok(update)));
        }
        if waiting.ended {
            return Poll::Ready(waiting.error.take().map(Err));
        }
        waiting.reader = Some(context.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Counts an update among those that are missing.
    fn drop_update(&mut self, update: Option<Update>) {
        let (dropped, from, to) = match update {
            Some(Update::Event(event)) => (1, event.offset, event.offset),
            Some(Update::Gap(gap)) => (gap.dropped, gap.from, gap.to),
            // It says nothing that the events behind it do not show.
            Some(Update::Live(_)) | None => return,
        };
        let gap = self.gap.get_or_insert_with(|| Gap { dropped: 0, from, to, why: "overflow".to_owned() });
        gap.dropped += dropped;
        gap.to = to;
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::live::Event;
    use serde_json::json;

    fn event(offset: u64) -> Update {
        let event = json!({"offset": offset, "epoch": "e", "topic": "t", "messageId": "m", "message": "x", "time": ""});
        Update::Event(serde_json::from_value::<Event>(event).unwrap())
    }

    fn taken(buffer: &Buffer) -> Vec<String> {
        let mut context = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(Some(Ok(update))) = buffer.poll_take(&mut context) {
            taken.push(match update {
                Update::Event(event) => event.offset.to_string(),
                Update::Gap(gap) => format!("{} missing, {} to {}", gap.dropped, gap.from, gap.to),
                Update::Live(_) => "live".to_owned(),
            });
        }
        taken
    }

    #[test]
    fn what_a_slow_reader_does_not_see_is_a_gap_in_its_place() {
        for (overflow, expected) in [
            (Overflow::DropOldest, ["3 missing, 1 to 3", "4", "5"]),
            (Overflow::DropNewest, ["1", "2", "3 missing, 3 to 5"]),
        ] {
            let buffer = Buffer::new(2, overflow);
            (1..=5).for_each(|offset| buffer.put(event(offset)));
            assert_eq!(taken(&buffer), expected);
            buffer.put(event(6));
            assert_eq!(taken(&buffer), ["6"]);
        }
    }

    #[test]
    fn a_reader_of_the_newest_hears_of_a_gap_before_what_comes_after_it() {
        let buffer = Buffer::new(2, Overflow::DropNewest);
        (1..=3).for_each(|offset| buffer.put(event(offset)));
        assert!(matches!(
            buffer.poll_take(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(Some(Ok(Update::Event(_))))
        ));
        buffer.put(event(4));
        assert_eq!(taken(&buffer), ["2", "1 missing, 3 to 3", "4"]);
    }
}
