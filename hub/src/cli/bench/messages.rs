//! Messages into queues and out of them again: the work of `send`, `receive` and `fanout`.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::crew::Worker;
use super::request::Requests;
use super::sends::Sends;

/// A queue that gives nothing for so long does not have what was put into it. (Many answers in a row may be empty while
/// others hold the groups of a FIFO queue until what they delete is durable.)
const EMPTY_MAX: Duration = Duration::from_secs(10);

/// How many messages each queue still gets, or still gives.
#[derive(Debug)]
pub(super) struct Quota(Vec<AtomicI64>);

impl Quota {
    pub(super) fn unlimited(queues: usize) -> Self {
        Self((0..queues).map(|_| AtomicI64::new(i64::MAX / 2)).collect())
    }

    /// So many messages, spread evenly.
    pub(super) fn spread(messages: u64, queues: usize) -> Self {
        let count = |index: u64, queues: u64| messages / queues + u64::from(index < messages % queues);
        let queues = u64::try_from(queues).unwrap_or(1).max(1);
        let counts = (0..queues).map(|index| AtomicI64::new(signed(count(index, queues))));
        Self(counts.collect())
    }

    /// As many as were taken of another one that began as `whole`.
    pub(super) fn taken_of(other: &Self, whole: &Self) -> Self {
        let taken = other.0.iter().zip(&whole.0).map(|(other, whole)| {
            AtomicI64::new(whole.load(Ordering::Relaxed) - other.load(Ordering::Relaxed))
        });
        Self(taken.collect())
    }

    /// All that is left.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|left| u64::try_from(left.load(Ordering::Relaxed)).unwrap_or_default()).sum()
    }

    /// Takes up to so many.
    pub(super) fn take(&self, queue: usize, wanted: u32) -> u32 {
        let Some(left) = self.0.get(queue) else {
            return 0;
        };
        let before = left.fetch_sub(wanted.into(), Ordering::Relaxed);
        let got = u32::try_from(before.max(0)).unwrap_or(u32::MAX).min(wanted);
        self.give_back(queue, wanted - got);
        got
    }

    fn give_back(&self, queue: usize, count: u32) {
        if let Some(left) = self.0.get(queue) {
            left.fetch_add(count.into(), Ordering::Relaxed);
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 2)
}

/// What all connections know.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) requests: Requests,
    pub(super) queue_urls: Vec<String>,
    pub(super) body: String,
    pub(super) batch: u32,
    /// Of FIFO queues.
    pub(super) groups: Option<u32>,
    /// Of priority queues.
    pub(super) members: Option<u32>,
    pub(super) quota: Quota,
}

impl Work {
    /// The queue that a connection serves.
    pub(super) fn queue<C>(&self, worker: &Worker<C>) -> usize {
        worker.index.checked_rem(self.queue_urls.len()).unwrap_or_default()
    }

    fn sends(&self, worker: &Worker, batch: u32) -> Sends {
        let queue_url = self.url(self.queue(worker));
        let level = self.level(worker);
        Sends::new(&self.requests, queue_url, &self.body, batch, self.groups, level, worker.index)
    }

    /// The level that a connection sends to: each in turns.
    fn level(&self, worker: &Worker) -> Option<u32> {
        let turn = worker.index.checked_div(self.queue_urls.len())?;
        u32::try_from(turn).ok()?.checked_rem(self.members?)
    }

    pub(super) fn url(&self, queue: usize) -> &str {
        self.queue_urls.get(queue).map(String::as_str).unwrap_or_default()
    }
}

/// Sends until the quota of the queue is used up or the time is over.
pub(super) async fn send(work: Arc<Work>, mut worker: Worker) {
    let queue = work.queue(&worker);
    let mut whole = work.sends(&worker, work.batch);
    while !worker.is_over() {
        let count = work.quota.take(queue, work.batch);
        if count == 0 {
            return;
        }
        let mut last = (count < work.batch).then(|| work.sends(&worker, count));
        let request = last.as_mut().unwrap_or(&mut whole).next();
        let failed = worker.ask_timed(request, |body| if count == 1 { Ok(0) } else { failed_entries(body) });
        match failed.await {
            Some(failed) => settle(&worker, count, failed),
            None => work.quota.give_back(queue, count),
        }
    }
}

/// Receives and deletes until the quota of the queue is used up or the time is over.
pub(super) async fn drain(work: Arc<Work>, mut worker: Worker) {
    let queue = work.queue(&worker);
    let queue_url = work.url(queue);
    let whole = work.requests.receive(queue_url, work.batch, 0);
    let mut last_got = Instant::now();
    while !worker.is_over() {
        let wanted = work.quota.take(queue, work.batch);
        if wanted == 0 {
            return;
        }
        let last = (wanted < work.batch).then(|| work.requests.receive(queue_url, wanted, 0));
        let request = last.as_deref().unwrap_or(&whole);
        let read = |body: &[u8]| {
            let received = Received::read(body)?;
            let handles = received.iter().map(|message| message.receipt_handle.as_ref());
            let count = u32::try_from(received.len()).unwrap_or(u32::MAX);
            Ok((count, (count > 0).then(|| work.requests.delete(queue_url, handles))))
        };
        let (count, delete) = worker.ask_timed(request, read).await.unwrap_or_default();
        work.quota.give_back(queue, wanted.saturating_sub(count));
        let Some(delete) = delete else {
            if last_got.elapsed() > EMPTY_MAX {
                worker.tally().fail(1, || format!("{queue_url} does not give back what was sent to it"));
                return;
            }
            continue;
        };
        last_got = Instant::now();
        if let Some(failed) = worker.ask_timed(&delete, failed_entries).await {
            settle(&worker, count, failed);
        }
    }
}

/// Publishes until the time is over; each publish counts as a message in each queue.
pub(super) async fn publish(request: Arc<[u8]>, queues: u64, mut worker: Worker) {
    while !worker.is_over() {
        if worker.ask_timed(&request, |_| Ok(())).await.is_some() {
            worker.tally().messages += queues;
        }
    }
}

/// Counts the messages of a request, and those of its entries that were refused.
fn settle(worker: &Worker, count: u32, failed: u32) {
    let mut tally = worker.tally();
    tally.messages += u64::from(count.saturating_sub(failed));
    if failed > 0 {
        tally.fail(failed.into(), || "an entry of a batch failed".to_owned());
    }
}

/// How many entries the answer to a batch calls failed.
pub(super) fn failed_entries(body: &[u8]) -> Result<u32, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Outcome {
        failed: Option<Vec<IgnoredAny>>,
    }
    let outcome: Outcome = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    Ok(outcome.failed.map_or(0, |failed| u32::try_from(failed.len()).unwrap_or(u32::MAX)))
}

/// A message as it is received; the rest of it is passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Received<'a> {
    #[serde(borrow)]
    pub(super) receipt_handle: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) body: Cow<'a, str>,
}

impl<'a> Received<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Vec<Self>, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer<'a> {
            #[serde(borrow)]
            messages: Option<Vec<Received<'a>>>,
        }
        let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
        Ok(answer.messages.unwrap_or_default())
    }
}

fn unreadable(error: &serde_json::Error) -> String {
    format!("the answer cannot be read: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_used_up_exactly() {
        let (quota, whole) = (Quota::spread(25, 2), Quota::spread(25, 2));
        assert_eq!([quota.take(0, 10), quota.take(0, 10), quota.take(0, 10)], [10, 3, 0]);
        assert_eq!([quota.take(1, 10), quota.take(1, 10)], [10, 2]);
        quota.give_back(1, 4);
        let taken = Quota::taken_of(&quota, &whole);
        assert_eq!(taken.total(), 21);
        assert_eq!([taken.take(0, 100), taken.take(1, 100)], [13, 8]);
        assert_eq!(quota.take(1, 10), 4);
    }

    #[test]
    fn answers_are_read_as_far_as_they_matter() {
        let body =
            br#"{"Messages": [{"MessageId": "1", "ReceiptHandle": "h\"", "Body": "b", "MD5OfBody": "x"}]}"#;
        let received = Received::read(body).unwrap();
        let found = received.iter().map(|it| (it.receipt_handle.as_ref(), it.body.as_ref()));
        assert_eq!(found.collect::<Vec<_>>(), [("h\"", "b")]);
        for empty in ["{}", r#"{"Messages":null}"#, r#"{"Messages":[]}"#] {
            assert!(Received::read(empty.as_bytes()).unwrap().is_empty(), "{empty}");
        }
        assert!(Received::read(b"<xml/>").is_err());
        for (body, expected) in
            [(r#"{"Successful":[{"Id":"0"}]}"#, 0), (r#"{"Failed":[{"Id":"0"},{"Id":"1"}]}"#, 2)]
        {
            assert_eq!(failed_entries(body.as_bytes()), Ok(expected), "{body}");
        }
    }
}
