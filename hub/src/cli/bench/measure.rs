//! One measurement, from the start of the server to its figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::crew::{Crew, Stretch};
use super::figures::Figures;
use super::flow::Flow;
use super::ground::{self, Ground};
use super::messages::{self, Quota, Work};
use super::options::Options;
use super::polls::{self, Polls};
use super::progress::Progress;
use super::scenario::Scenario;
use super::subject::Running;
use crate::cli::Error;

mod sockets;

/// Before anything counts: connections, caches and the first files of the log settle.
const WARM_UP: Duration = Duration::from_secs(1);

/// What is measured in rounds, because the other half is needed in between, goes over so many messages at once for each
/// one that a receive asks for, or as many as are sent in this time. More would take memory, lie deeper than the backlog
/// that was asked for, and measure for longer than was asked.
const ROUND_MESSAGES: u32 = 10_000;
const ROUND_SENDING: Duration = Duration::from_millis(100);

/// The largest batch, where the batch is not what is measured.
const BATCH_MAX: u32 = 10;
const BATCH_BYTES_MAX: u32 = 1 << 20;

pub(super) async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Error> {
    progress.say(format!("{}: starting", options.scenario.name()), false);
    let running = Running::start(&options.subject).await?;
    let ground = Ground::prepare(&running, options).await?;
    let crew = Crew { running: &running, progress };
    let measurement = Measurement { options, crew, ground: &ground, progress };
    let stretch = measurement.run().await;
    let resident_bytes = running.resident_bytes();
    // Also if it failed: what was made there is somebody else's to live with.
    let cleared = if running.goes_on() { ground.clear().await } else { Ok(()) };
    let figures = Figures::new(options, &stretch?, resident_bytes);
    cleared.map(|()| figures)
}

struct Measurement<'a> {
    options: &'a Options,
    crew: Crew<'a>,
    ground: &'a Ground,
    progress: &'a Progress,
}

/// Which half of a round counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Sending,
    Draining,
}

impl Measurement<'_> {
    async fn run(&self) -> Result<Stretch, Error> {
        match self.options.scenario {
            Scenario::Floor => self.send().await,
            Scenario::Send if self.options.backlog == 0 => self.send().await,
            Scenario::Send => self.rounds(Half::Sending).await,
            Scenario::Receive => self.rounds(Half::Draining).await,
            Scenario::Fanout => self.fanout().await,
            Scenario::EndToEnd | Scenario::Push => self.end_to_end().await,
            Scenario::Polls => self.polls().await,
            Scenario::SocketIdle => self.idle().await,
            Scenario::SocketLive | Scenario::SocketConsume => self.stream().await,
            Scenario::SocketDrain => self.rounds(Half::Draining).await,
        }
    }

    /// Warms up, and then measures for as long as was asked.
    async fn twice<F>(&self, run: impl Fn(Duration) -> F) -> Result<Stretch, Error>
    where
        F: Future<Output = Result<Stretch, Error>>,
    {
        self.say("warming up", false);
        let warm_up = done(run(WARM_UP).await?)?;
        self.say("measuring", true);
        let mut stretch = done(run(self.options.duration).await?)?;
        stretch.tally.add_errors(warm_up.tally);
        self.progress.measured(stretch.time);
        Ok(stretch)
    }

    async fn send(&self) -> Result<Stretch, Error> {
        let quota = Quota::unlimited(self.ground.queue_urls.len());
        let work = Arc::new(self.work(quota, self.options.batch));
        self.twice(|time| self.sending(Arc::clone(&work), Some(time))).await
    }

    async fn fanout(&self) -> Result<Stretch, Error> {
        let attributes = if self.options.matching.is_some() { &ground::ATTRIBUTES[..] } else { &[] };
        let requests = &self.crew.running.requests;
        let request: Arc<[u8]> = requests.publish(self.topic_arn(), &self.body(), attributes).into();
        let queues = self.options.matching.unwrap_or(u32::MAX).min(self.options.queues);
        let (request, queues) = (&request, u64::from(queues));
        self.twice(|time| {
            let request = Arc::clone(request);
            self.crew.run(self.connections(), Some(time), move |worker| {
                messages::publish(Arc::clone(&request), queues, worker)
            })
        })
        .await
    }

    async fn end_to_end(&self) -> Result<Stretch, Error> {
        let receiver = &self.ground.receiver;
        // Where somebody has to ask for messages, one more, to publish.
        let connections = self.connections().saturating_add(usize::from(receiver.is_none()));
        let reached = u64::from(self.options.queues.saturating_sub(self.options.dead));
        let runs = AtomicU64::new(0);
        self.twice(|time| {
            let flow = self.flow(&runs, reached);
            let receiver = receiver.clone();
            self.crew.run(connections, Some(time), move |worker| {
                let (flow, receiver) = (Arc::clone(&flow), receiver.clone());
                async move {
                    match receiver {
                        Some(receiver) => flow.push(receiver, worker).await,
                        None => flow.work(worker).await,
                    }
                }
            })
        })
        .await
    }

    fn flow(&self, runs: &AtomicU64, reached: u64) -> Arc<Flow> {
        Arc::new(Flow::new(
            self.crew.running.requests.clone(),
            self.ground.queue_urls.clone(),
            self.topic_arn().to_owned(),
            self.body().len(),
            self.options.rate,
            runs.fetch_add(1, Ordering::Relaxed),
            reached,
        ))
    }

    /// What each connection has added to the memory.
    fn each(&self, with: Option<u64>, without: Option<u64>) -> Option<u64> {
        let taken = with.zip(without).map(|(with, without)| with.saturating_sub(without));
        taken?.checked_div(self.options.connections.into())
    }

    /// Has all polls wait, looks at what they take, and measures from then on.
    async fn polls(&self) -> Result<Stretch, Error> {
        self.say("polling", false);
        let running = self.crew.running;
        let polls = Arc::new(Polls {
            requests: running.requests.clone(),
            queue_urls: self.ground.queue_urls.clone(),
            body: self.body(),
            rate: self.options.rate,
            duration: self.options.duration,
            progress: polls::Progress::new(self.connections()),
        });
        let before = running.resident_bytes();
        // Neither what it takes to begin so many polls nor to end them is what is measured.
        let sending = async {
            polls.waiting().await;
            self.say("measuring", true);
            let (began, cpu, with_polls) = (Instant::now(), running.cpu(), running.resident_bytes());
            polls.over().await;
            let cpu = running.cpu().zip(cpu).map(|(end, begin)| end.saturating_sub(begin));
            Ok((began.elapsed(), cpu, with_polls))
        };
        let work = Arc::clone(&polls);
        // One more, to send.
        let connections = self.connections().saturating_add(1);
        let run = self.crew.run(connections, None, move |worker| Arc::clone(&work).work(worker));
        let (sent, stretch) = tokio::try_join!(sending, async { done(run.await?) })?;
        let (time, cpu, with_polls) = sent;
        let bytes_per_connection = self.each(with_polls, before);
        self.progress.measured(time);
        Ok(Stretch { time, cpu, bytes_per_connection, ..stretch })
    }

    /// Sends and drains in turns, above the backlog, until the half that counts has taken as long as was asked. The
    /// first round is to warm up.
    async fn rounds(&self, half: Half) -> Result<Stretch, Error> {
        self.fill_backlog().await?;
        self.say("warming up", false);
        self.round(half).await?;
        // Half of the time is none that counts: the bar moves when a round is over.
        self.say("measuring", false);
        let mut total = Stretch::nothing()?;
        while total.time < self.options.duration {
            let stretch = self.round(half).await?;
            self.progress.measured(stretch.time);
            total.add(stretch);
        }
        Ok(total)
    }

    async fn fill_backlog(&self) -> Result<(), Error> {
        if self.options.backlog == 0 {
            return Ok(());
        }
        self.say("filling the backlog", false);
        let batch = self.largest_batch();
        let quota = Quota::spread(self.options.backlog.into(), self.ground.queue_urls.len());
        let filled = done(self.sending(Arc::new(self.work(quota, batch)), None).await?)?;
        match filled.tally.first_error {
            Some(error) => Err(Error::Failed(format!("the backlog could not be filled: {error}"))),
            None => Ok(()),
        }
    }

    async fn round(&self, half: Half) -> Result<Stretch, Error> {
        let over_sockets = self.options.scenario == Scenario::SocketDrain;
        let (send_batch, drain_batch) = match half {
            Half::Sending => (self.options.batch, BATCH_MAX),
            Half::Draining => (self.largest_batch(), self.options.batch),
        };
        let queues = self.ground.queue_urls.len();
        let whole = || Quota::spread(u64::from(ROUND_MESSAGES.saturating_mul(drain_batch)), queues);
        let work = Arc::new(self.work(whole(), send_batch));
        let limit = ROUND_SENDING.saturating_mul(drain_batch);
        let sent = done(self.sending(Arc::clone(&work), Some(limit)).await?)?;
        let quota = Quota::taken_of(&work.quota, &whole());
        let work = self.work(quota, drain_batch);
        let drained = done(if over_sockets { self.consume(work).await? } else { self.drain(work).await? })?;
        let (mut counted, other) = match half {
            Half::Sending => (sent, drained),
            Half::Draining => (drained, sent),
        };
        counted.tally.add_errors(other.tally);
        Ok(counted)
    }

    fn drain(&self, work: Work) -> impl Future<Output = Result<Stretch, Error>> {
        let work = Arc::new(work);
        self.crew.run(self.connections(), None, move |worker| messages::drain(Arc::clone(&work), worker))
    }

    fn sending(
        &self,
        work: Arc<Work>,
        limit: Option<Duration>,
    ) -> impl Future<Output = Result<Stretch, Error>> {
        self.crew.run(self.connections(), limit, move |worker| messages::send(Arc::clone(&work), worker))
    }

    fn work(&self, quota: Quota, batch: u32) -> Work {
        Work {
            requests: self.crew.running.requests.clone(),
            queue_urls: self.ground.queue_urls.clone(),
            body: self.body(),
            batch,
            groups: self.options.groups,
            members: self.options.members,
            quota,
        }
    }

    fn say(&self, what: &str, counts: bool) {
        self.progress.say(format!("{}: {what}", self.options.scenario.name()), counts);
    }

    fn connections(&self) -> usize {
        usize::try_from(self.options.connections).unwrap_or(usize::MAX)
    }

    fn body(&self) -> String {
        "x".repeat(usize::try_from(self.options.body_bytes).unwrap_or(usize::MAX))
    }

    fn topic_arn(&self) -> &str {
        self.ground.topic_arn.as_deref().unwrap_or_default()
    }

    fn largest_batch(&self) -> u32 {
        BATCH_BYTES_MAX.checked_div(self.options.body_bytes).unwrap_or(1).clamp(1, BATCH_MAX)
    }
}

/// A stretch in which something succeeded, and under the load that was asked for.
fn done(stretch: Stretch) -> Result<Stretch, Error> {
    if stretch.tally.requests > 0 && !stretch.tally.is_given_up {
        return Ok(stretch);
    }
    Err(Error::Failed(stretch.tally.first_error.unwrap_or_else(|| "nothing was answered".to_owned())))
}
