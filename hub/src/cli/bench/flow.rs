//! From a publish to whoever waits for it: the work of `e2e`, of `push`, and over WebSockets.
//!
//! The body of a message says in which run it was published and when, as a number of microseconds that begins with the
//! run, so the consumer that gets it knows how long it took. What an earlier run has left is not counted.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::watch;

use super::crew::Worker;
use super::messages::{Received, failed_entries};
use super::receiver::Receiver;
use super::request::Requests;
use super::tally::Tally;

mod stream;

pub(super) use stream::Listening;

/// As long as a long poll can be.
const WAIT_SECONDS: u32 = 20;

const BATCH: u32 = 10;

/// For what is still on its way when the time is over.
const ARRIVAL: Duration = Duration::from_secs(5);

/// Between two looks at what has arrived.
const LOOK: Duration = Duration::from_millis(1);

/// What publisher and consumers know of each other.
#[derive(Debug)]
pub(super) struct Flow {
    requests: Requests,
    queue_urls: Vec<String>,
    topic_arn: String,
    body_bytes: usize,
    rate: u32,
    run: u64,
    origin: Instant,
    received: AtomicU64,
    over: watch::Sender<bool>,
    /// How many get each message.
    reached: u64,
}

impl Flow {
    pub(super) fn new(
        requests: Requests,
        queue_urls: Vec<String>,
        topic_arn: String,
        body_bytes: usize,
        rate: u32,
        run: u64,
        reached: u64,
    ) -> Self {
        let (origin, received) = (Instant::now(), AtomicU64::new(0));
        let over = watch::Sender::new(false);
        Self { requests, queue_urls, topic_arn, body_bytes, rate, run, origin, received, over, reached }
    }

    /// The first connection publishes; what is pushed arrives by itself, and is counted with the first.
    pub(super) async fn push(self: Arc<Self>, receiver: Receiver, worker: Worker) {
        let tally = worker.shared_tally();
        let flow = Arc::clone(&self);
        receiver.give_to(Box::new(move |body| flow.arrived(body, &tally)));
        self.publish(worker).await;
        receiver.give_to(Box::new(|_| ()));
    }

    /// The first connection publishes, the others wait for it.
    pub(super) async fn work(self: Arc<Self>, worker: Worker) {
        match worker.index.checked_sub(1) {
            None => self.publish(worker).await,
            Some(consumer) => self.consume(consumer, worker).await,
        }
    }

    async fn publish(&self, mut worker: Worker) {
        let (mut published, mut next) = (0, Instant::now());
        let step = Duration::from_secs(1).checked_div(self.rate).unwrap_or_default();
        while !worker.is_over() {
            tokio::time::sleep_until(next.into()).await;
            next += step;
            let request = self.requests.publish(&self.topic_arn, &self.body(), &[]);
            if worker.ask(&request, |_| Ok(())).await.is_some() {
                published += self.reached;
                worker.tally().requests += 1;
            }
        }
        let waiting = Instant::now();
        while self.received.load(Ordering::Relaxed) < published && waiting.elapsed() < ARRIVAL {
            tokio::time::sleep(LOOK).await;
        }
        let missing = published.saturating_sub(self.received.load(Ordering::Relaxed));
        if missing > 0 {
            worker.tally().fail(missing, || format!("{missing} messages did not arrive"));
        }
        self.over.send_replace(true);
    }

    async fn consume(&self, consumer: usize, mut worker: Worker) {
        let queue = consumer.checked_rem(self.queue_urls.len()).unwrap_or_default();
        let queue_url = self.queue_urls.get(queue).map(String::as_str).unwrap_or_default();
        let receive = self.requests.receive(queue_url, BATCH, WAIT_SECONDS);
        let mut over = self.over.subscribe();
        while !worker.is_given_up() {
            let read = |body: &[u8]| {
                let arrived = self.now_us();
                let received = Received::read(body)?;
                let sent = received.iter().filter_map(|message| self.published_us(&message.body));
                let latencies = sent.map(|sent| Duration::from_micros(arrived.saturating_sub(sent)));
                let handles = received.iter().map(|message| message.receipt_handle.as_ref());
                let delete = (!received.is_empty()).then(|| self.requests.delete(queue_url, handles));
                Ok((latencies.collect::<Vec<_>>(), delete))
            };
            let answer = tokio::select! {
                answer = worker.ask(&receive, read) => answer,
                _ = over.wait_for(|over| *over) => return,
            };
            let Some((latencies, Some(delete))) = answer else {
                continue;
            };
            self.count(worker.tally(), &latencies);
            let failed = worker.ask(&delete, failed_entries).await.unwrap_or_default();
            if failed > 0 {
                worker.tally().fail(failed.into(), || "a message could not be deleted".to_owned());
            }
        }
    }

    /// A body was pushed to a receiver.
    fn arrived(&self, body: &str, tally: &Mutex<Tally>) {
        let arrived = self.now_us();
        if let Some(sent) = self.published_us(body) {
            let latency = Duration::from_micros(arrived.saturating_sub(sent));
            self.count(tally.lock().unwrap_or_else(PoisonError::into_inner), &[latency]);
        }
    }

    fn count(&self, mut tally: MutexGuard<'_, Tally>, latencies: &[Duration]) {
        for latency in latencies {
            tally.took(*latency);
            tally.messages += 1;
            self.received.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A body that is published now. One of a few bytes may be a little longer than it should be.
    fn body(&self) -> String {
        format!("{:x<bytes$}", format!("{}-{}", self.run, self.now_us()), bytes = self.body_bytes)
    }

    /// When a message of this run was published, in an envelope or not.
    fn published_us(&self, body: &str) -> Option<u64> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Envelope<'a> {
            #[serde(borrow)]
            message: Cow<'a, str>,
        }
        let enveloped = || self.published_us_in(&serde_json::from_str::<Envelope<'_>>(body).ok()?.message);
        self.published_us_in(body).or_else(enveloped)
    }

    /// The same without one: what `body` has written, up to what fills it.
    fn published_us_in(&self, body: &str) -> Option<u64> {
        let (run, rest) = body.split_once('-')?;
        (run.parse() == Ok(self.run)).then(|| rest.split('x').next()?.parse().ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_when_it_was_published() {
        let requests = Requests::new(&crate::authority::Authority::parse("hub").unwrap());
        let flow = Flow::new(requests, Vec::new(), String::new(), 64, 100, 2, 1);
        let before = flow.now_us();
        let body = flow.body();
        let published = flow.published_us(&body).unwrap();
        assert!((before..=flow.now_us()).contains(&published), "{body}");
        assert_eq!(body.len(), 64);
        for (body, expected) in
            [("2-12", Some(12)), ("2-12xx", Some(12)), ("1-12xx", None), ("x", None), ("12", None)]
        {
            assert_eq!(flow.published_us(body), expected, "{body}");
        }
    }
}
