//! One batch: posted, and then each of its messages deleted or made visible again.

use super::Mapping;
use super::answer::{self, Verdict};
use super::outlet::{Outlet, count};
use crate::catalogue::QueueView;
use crate::engine;
use crate::hub::Hub;
use crate::work::{Stop, given_up};
use queue_core::{ChangeVisibility, Command, Delete, GiveBack, QueueId, Receipt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The longest that a message that failed stays hidden.
const AGAIN_MAX: Duration = Duration::from_secs(30);

/// What all batches of a mapping share.
pub(super) struct Site {
    pub(super) hub: Arc<Hub>,
    pub(super) mapping: Mapping,
    pub(super) outlet: Arc<Outlet>,
    pub(super) stop: Stop,
    /// Told when the breaker opens.
    pub(super) opened: Notify,
}

/// A message that was received, as it is posted.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) receipt: Receipt,
    pub(super) receives: u32,
    /// Its size as limits count it.
    pub(super) bytes: usize,
    /// What a function is told of it, in JSON.
    pub(super) record: String,
}

impl Site {
    /// Posts a batch, and says of each message in the queue what became of it. Answers whether all are done.
    pub(super) async fn deliver(&self, queue: &QueueView, batch: Vec<Item>) -> bool {
        let verdict = tokio::select! {
            verdict = self.post(&batch) => verdict,
            () = given_up(&self.stop) => return false,
        };
        let is_reached = match &verdict {
            Verdict::DoneBut(_) | Verdict::Failed(_) => true,
            Verdict::Unreached(_) => false,
        };
        if self.outlet.breaker.end(is_reached) {
            tracing::warn!(queue = %queue.name.name, "a mapping pauses after failures in a row");
            self.opened.notify_waiters();
        }
        let mut done = batch;
        let failed = match verdict {
            Verdict::DoneBut(ids) if ids.is_empty() => Vec::new(),
            Verdict::DoneBut(ids) => {
                self.outlet.note(format!("The answer names {} messages that failed.", ids.len()));
                let is_failed = |item: &Item| ids.contains(&item.id);
                if queue.attributes.fifo {
                    // What comes behind a message that failed must not overtake it.
                    let first = done.iter().position(is_failed).unwrap_or(done.len());
                    done.split_off(first)
                } else {
                    done.extract_if(.., |item| is_failed(item)).collect()
                }
            }
            Verdict::Failed(reason) | Verdict::Unreached(reason) => {
                self.outlet.note(reason);
                std::mem::take(&mut done)
            }
        };
        count(&self.outlet.delivered, done.len());
        count(&self.outlet.failed, failed.len());
        self.delete(queue.id, done.iter().map(|item| item.receipt).collect()).await;
        self.show_again(queue.id, &failed, |item| again_after(item.receives)).await;
        failed.is_empty()
    }

    async fn post(&self, batch: &[Item]) -> Verdict {
        let records: Vec<_> = batch.iter().map(|item| item.record.as_str()).collect();
        let event = format!("{{\"Records\":[{}]}}", records.join(","));
        let answer = self.hub.mappings.post(&self.mapping, event, &self.hub.settings).await;
        let ids: Vec<_> = batch.iter().map(|item| item.id.as_str()).collect();
        answer::read(answer).of_batch(&ids)
    }

    /// Makes messages visible again that were not posted: they were not received.
    pub(super) async fn give_back(&self, queue: QueueId, items: &[Item]) {
        if !items.is_empty() {
            let receipts = items.iter().map(|item| item.receipt).collect();
            self.execute(Command::GiveBack(GiveBack { queue, receipts })).await;
        }
    }

    async fn show_again(&self, queue: QueueId, items: &[Item], after: impl Fn(&Item) -> Duration) {
        if !items.is_empty() {
            let changes = items.iter().map(|item| (item.receipt, after(item))).collect();
            self.execute(Command::ChangeVisibility(ChangeVisibility { queue, changes })).await;
        }
    }

    pub(super) async fn delete(&self, queue: QueueId, receipts: Vec<Receipt>) {
        if !receipts.is_empty() {
            self.execute(Command::Delete(Delete { queue, receipts })).await;
        }
    }

    /// What does not come about is as if the hub had stopped before: the messages are received again.
    async fn execute(&self, command: Command) {
        match self.hub.engine.execute(command, Vec::new()).await {
            Ok(_) | Err(engine::Error::Stopped | engine::Error::Refused(queue_core::Error::NoSuchQueue)) => {}
            Err(error) => tracing::warn!(%error, "a mapping cannot say what became of messages"),
        }
    }
}

/// How long a message stays hidden that failed when it was received for this time: not at all at first, then longer and
/// longer, so that a message that fails for ever does not keep the hub and the function busy.
fn again_after(receives: u32) -> Duration {
    match receives.checked_sub(2) {
        None => Duration::ZERO,
        Some(times) => Duration::from_secs(1_u64.checked_shl(times).unwrap_or(u64::MAX)).min(AGAIN_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_fails_again_and_again_stays_hidden_for_longer() {
        let seconds = [1, 2, 3, 4, 5, 6, 7, 8, 64, 65, 66, 67, u32::MAX]
            .map(|receives| again_after(receives).as_secs());
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30]);
    }
}
