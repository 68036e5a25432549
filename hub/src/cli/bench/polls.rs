//! From a send to the one of many long polls that it wakes: the work of `polls`.
//!
//! There is one message at a time: the next is sent when the last has come and was deleted. So each send has to end
//! exactly one poll, with that message, and a poll that ends otherwise before its time was woken in vain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::crew::Worker;
use super::messages::{Received, failed_entries};
use super::request::Requests;

/// As long as a long poll can be; one that ends a little earlier was not woken.
const WAIT_SECONDS: u32 = 20;
const WAITED: Duration = Duration::from_secs(19);

const BATCH: u32 = 10;

/// From the last request that was written until the server has read it.
const SETTLING: Duration = Duration::from_secs(1);

/// A message that did not come in this time will not come.
const ARRIVAL: Duration = Duration::from_secs(5);

/// Between two looks at what has arrived.
const LOOK: Duration = Duration::from_millis(1);

/// What the sender and the polls know of each other.
#[derive(Debug)]
pub(super) struct Polls {
    pub(super) requests: Requests,
    pub(super) queue_urls: Vec<String>,
    pub(super) body: String,
    pub(super) rate: u32,
    pub(super) duration: Duration,
    pub(super) progress: Progress,
}

/// How far they are.
#[derive(Debug)]
pub(super) struct Progress {
    origin: Instant,
    /// Polls that were begun for the first time.
    begun: AtomicUsize,
    polls: usize,
    /// When the message under way was sent, in microseconds.
    sent_us: AtomicU64,
    /// Messages that came and were deleted.
    arrived: AtomicU64,
    waiting: watch::Sender<bool>,
    over: watch::Sender<bool>,
}

impl Progress {
    pub(super) fn new(polls: usize) -> Self {
        let (begun, sent_us, arrived) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let (waiting, over) = (watch::Sender::new(false), watch::Sender::new(false));
        Self { origin: Instant::now(), begun, polls, sent_us, arrived, waiting, over }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Polls {
    /// Returns when all of them wait.
    pub(super) async fn waiting(&self) {
        // The sender lives as long as this value.
        let _ = self.progress.waiting.subscribe().wait_for(|waiting| *waiting).await;
    }

    /// Returns when the last message has come.
    pub(super) async fn over(&self) {
        let _ = self.progress.over.subscribe().wait_for(|over| *over).await;
    }

    /// The first connection sends, the others wait for it.
    pub(super) async fn work(self: Arc<Self>, worker: Worker) {
        match worker.index.checked_sub(1) {
            None => self.send(worker).await,
            Some(poll) => self.poll(poll, worker).await,
        }
    }

    async fn send(&self, mut worker: Worker) {
        while self.progress.begun.load(Ordering::Relaxed) < self.progress.polls {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(SETTLING).await;
        self.progress.waiting.send_replace(true);
        let (began, mut next, mut sent) = (Instant::now(), Instant::now(), 0);
        let step = Duration::from_secs(1).checked_div(self.rate).unwrap_or_default();
        while began.elapsed() < self.duration && !worker.is_over() {
            tokio::time::sleep_until(next.into()).await;
            next += step;
            let request = self.requests.send(self.any_queue(), &self.body, 1, None, None);
            self.progress.sent_us.store(self.progress.now_us(), Ordering::Relaxed);
            if worker.ask(&request, |_| Ok(())).await.is_some() {
                sent += 1;
                worker.tally().requests += 1;
                if !self.has_arrived(sent).await {
                    worker.tally().fail(1, || "a message ended no poll".to_owned());
                    break;
                }
            }
        }
        self.progress.over.send_replace(true);
    }

    async fn has_arrived(&self, sent: u64) -> bool {
        let since = Instant::now();
        while self.progress.arrived.load(Ordering::Relaxed) < sent {
            if since.elapsed() > ARRIVAL {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// Any of the queues, in no order.
    fn any_queue(&self) -> &str {
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        let queues = u64::try_from(self.queue_urls.len()).unwrap_or(u64::MAX);
        let queue = usize::try_from(random.checked_rem(queues).unwrap_or_default()).unwrap_or_default();
        self.url(queue)
    }

    fn url(&self, queue: usize) -> &str {
        self.queue_urls.get(queue).map(String::as_str).unwrap_or_default()
    }

    async fn poll(&self, poll: usize, mut worker: Worker) {
        let queue_url = self.url(poll.checked_rem(self.queue_urls.len()).unwrap_or_default());
        let receive = self.requests.receive(queue_url, BATCH, WAIT_SECONDS);
        let mut over = self.progress.over.subscribe();
        self.progress.begun.fetch_add(1, Ordering::Relaxed);
        while !worker.is_given_up() {
            let asked = Instant::now();
            let read = |body: &[u8]| {
                let sent_us = self.progress.sent_us.load(Ordering::Relaxed);
                let latency = Duration::from_micros(self.progress.now_us().saturating_sub(sent_us));
                let received = Received::read(body)?;
                let handles = received.iter().map(|message| message.receipt_handle.as_ref());
                Ok((received.len(), latency, self.requests.delete(queue_url, handles)))
            };
            let answer = tokio::select! {
                answer = worker.ask(&receive, read) => answer,
                _ = over.wait_for(|over| *over) => return,
            };
            match answer {
                Some((0, ..)) if asked.elapsed() < WAITED => {
                    worker.tally().fail(1, || "a poll ended early, and with nothing".to_owned());
                }
                Some((1, latency, delete)) => self.delete(&mut worker, latency, &delete).await,
                Some((count @ 2.., ..)) => {
                    worker
                        .tally()
                        .fail(1, || format!("a poll ended with {count} messages, and one was sent"));
                }
                Some(_) | None => {}
            }
        }
    }

    async fn delete(&self, worker: &mut Worker, latency: Duration, delete: &[u8]) {
        {
            let mut tally = worker.tally();
            tally.took(latency);
            tally.messages += 1;
        }
        if worker.ask(delete, failed_entries).await != Some(0) {
            worker.tally().fail(1, || "a message could not be deleted".to_owned());
        }
        self.progress.arrived.fetch_add(1, Ordering::Relaxed);
    }
}
