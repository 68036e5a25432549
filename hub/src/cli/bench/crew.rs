//! Who makes the load: a few threads, each with its share of the connections.
//!
//! A generator on the same machine takes processors from what it measures, so it is kept cheap: half of the processors,
//! a runtime of one thread on each, and nothing shared between them while something is measured.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};

use super::connection::{Connection, Failure};
use super::progress::Progress;
use super::subject::Running;
use super::tally::Tally;
use crate::cli::Error;

/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Who answers nothing for so long does not answer.
const SILENCE: Duration = Duration::from_secs(40);

/// A connection that fails so often in a row is given up.
const FAILURES_MAX: u32 = 100;

/// What was measured, between two moments.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) tally: Tally,
    pub(super) time: Duration,
    /// What the server used; none if nobody knows.
    pub(super) cpu: Option<Duration>,
    /// Memory of the server, where that is measured.
    pub(super) bytes_per_connection: Option<u64>,
}

impl Stretch {
    pub(super) fn nothing() -> Result<Self, Error> {
        Ok(Self {
            tally: Tally::new().map_err(Error::Failed)?,
            time: Duration::ZERO,
            cpu: Some(Duration::ZERO),
            bytes_per_connection: None,
        })
    }

    pub(super) fn add(&mut self, other: Self) {
        self.tally.add(other.tally);
        self.time += other.time;
        self.cpu = self.cpu.zip(other.cpu).map(|(one, other)| one.saturating_add(other));
    }
}

pub(super) struct Crew<'a> {
    pub(super) running: &'a Running,
    pub(super) progress: &'a Progress,
}

/// One connection at work, of whatever kind it is.
pub(super) struct Worker<C = Connection> {
    /// From 0, over all threads.
    pub(super) index: usize,
    pub(super) connection: C,
    tally: Arc<Mutex<Tally>>,
    deadline: Option<Instant>,
    /// In a row, up to now.
    failures: u32,
}

impl<C> Worker<C> {
    /// Whether there is nothing more to do, because the time for it is over or nothing comes of it.
    pub(super) fn is_over(&self) -> bool {
        self.is_given_up() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Whether everything fails.
    pub(super) fn is_given_up(&self) -> bool {
        self.failures >= FAILURES_MAX
    }

    /// Nothing comes of it: its connection cannot be used any more.
    pub(super) fn give_up(&mut self, failure: &Failure) {
        self.failures = FAILURES_MAX;
        let mut tally = self.tally();
        tally.fail(1, || failure.to_string());
        tally.is_given_up = true;
    }

    /// What is counted, for somebody who counts besides.
    pub(super) fn shared_tally(&self) -> Arc<Mutex<Tally>> {
        Arc::clone(&self.tally)
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Sends a request and gives the body of its answer to `read`; anything but a success is counted as an error.
    pub(super) async fn ask<T>(
        &mut self,
        request: &[u8],
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        match self.connection.exchange(request, read).await {
            Ok(done) => {
                self.failures = 0;
                Some(done)
            }
            Err(failure) => {
                self.failures += 1;
                let is_given_up = self.is_given_up();
                let mut tally = self.tally();
                tally.fail(1, || failure.to_string());
                tally.is_given_up |= is_given_up;
                None
            }
        }
    }

    /// The same; the time of a success is kept, and it counts as a request.
    pub(super) async fn ask_timed<T>(
        &mut self,
        request: &[u8],
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        let began = Instant::now();
        let done = self.ask(request, read).await?;
        let latency = began.elapsed();
        let mut tally = self.tally();
        tally.took(latency);
        tally.requests += 1;
        drop(tally);
        Some(done)
    }
}

impl Crew<'_> {
    /// Has so many connections do some work, all from the same moment on. `work` ends by itself, at the latest when
    /// the worker is over, which it is after `limit`.
    pub(super) async fn run<W, F>(
        &self,
        connections: usize,
        limit: Option<Duration>,
        work: W,
    ) -> Result<Stretch, Error>
    where
        W: Fn(Worker) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let address = self.running.address;
        let open = move |_| async move { Ok(Connection::open(address).await?) };
        self.run_with(connections, limit, open, work).await
    }

    /// The same, with connections of another kind. They are opened one after the other before that moment.
    pub(super) async fn run_with<C, O, P, W, F>(
        &self,
        connections: usize,
        limit: Option<Duration>,
        open: O,
        work: W,
    ) -> Result<Stretch, Error>
    where
        O: Fn(usize) -> P + Clone + Send + 'static,
        P: Future<Output = Result<C, Failure>>,
        C: Send + 'static,
        W: Fn(Worker<C>) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let threads = generator_threads().min(connections);
        let (ready, mut readiness) = mpsc::channel(threads);
        let (start, started) = watch::channel(None);
        let (end, mut ended) = mpsc::channel::<()>(1);
        let mut tallies = Vec::with_capacity(threads);
        for thread in 0..threads {
            let tally = Arc::new(Mutex::new(Tally::new().map_err(Error::Failed)?));
            tallies.push(Arc::clone(&tally));
            let share = Share { indices: (thread..connections).step_by(threads).collect(), tally, limit };
            let (ready, started, end) = (ready.clone(), started.clone(), end.clone());
            let (open, work) = (open.clone(), work.clone());
            let body = move || share.run(&ready, started, end, &open, work);
            let spawned = std::thread::Builder::new().name("generator".to_owned()).spawn(body);
            spawned.map_err(|error| Error::Failed(format!("cannot start a thread: {error}")))?;
        }
        drop((ready, end));
        for _ in 0..threads {
            let ready = readiness.recv().await.unwrap_or_else(|| Err("a thread has ended".to_owned()));
            ready.map_err(|error| Error::Failed(format!("{}: {error}", self.running.address)))?;
        }

        let cpu = self.running.cpu();
        let began = Instant::now();
        let _ = start.send(Some(began));
        self.wait(&mut ended, &tallies).await?;
        let time = began.elapsed();
        let cpu = self.running.cpu().zip(cpu).map(|(end, begin)| end.saturating_sub(begin));
        let mut stretch = Stretch { time, cpu, ..Stretch::nothing()? };
        for tally in tallies {
            stretch.tally.add(tally.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
        Ok(stretch)
    }

    /// Waits until all threads have ended, which is when nobody can send any more.
    async fn wait(&self, ended: &mut mpsc::Receiver<()>, tallies: &[Arc<Mutex<Tally>>]) -> Result<(), Error> {
        let count = || {
            let counts = tallies.iter().map(|tally| {
                let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.requests + tally.messages + tally.errors
            });
            counts.sum::<u64>()
        };
        let began = Instant::now();
        let (mut last, mut changed) = (0, began);
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = ended.recv() => return Ok(()),
                _ = look.tick() => {}
            }
            let now = count();
            if now != last {
                (last, changed) = (now, Instant::now());
            } else if changed.elapsed() > SILENCE {
                let seconds = SILENCE.as_secs();
                return Err(Error::Failed(format!(
                    "no answer from {} for {seconds} s",
                    self.running.address
                )));
            }
            self.progress.look(began.elapsed());
        }
    }
}

/// Half of the processors: the other half is for what is measured.
fn generator_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).div_euclid(2).max(1)
}

/// The connections of one thread.
struct Share {
    indices: Vec<usize>,
    tally: Arc<Mutex<Tally>>,
    limit: Option<Duration>,
}

impl Share {
    fn run<C, O, P, W, F>(
        self,
        ready: &mpsc::Sender<Result<(), String>>,
        started: watch::Receiver<Option<Instant>>,
        end: mpsc::Sender<()>,
        open: &O,
        work: W,
    ) where
        O: Fn(usize) -> P,
        P: Future<Output = Result<C, Failure>>,
        W: Fn(Worker<C>) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let result = match runtime {
            Ok(runtime) => runtime.block_on(self.work(ready, started, open, work)),
            Err(error) => Err(error.to_string()),
        };
        if result.is_err() {
            let _ = ready.try_send(result);
        }
        drop(end);
    }

    async fn work<C, O, P, W, F>(
        self,
        ready: &mpsc::Sender<Result<(), String>>,
        mut started: watch::Receiver<Option<Instant>>,
        open: &O,
        work: W,
    ) -> Result<(), String>
    where
        O: Fn(usize) -> P,
        P: Future<Output = Result<C, Failure>>,
        W: Fn(Worker<C>) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut connections = Vec::with_capacity(self.indices.len());
        for index in self.indices {
            let connection = open(index).await;
            connections.push((index, connection.map_err(|failure| format!("cannot connect: {failure}"))?));
        }
        let _ = ready.send(Ok(())).await;
        // Nobody starts the work if another thread could not connect.
        let Ok(began) = started.wait_for(Option::is_some).await.map(|began| *began) else {
            return Ok(());
        };
        let deadline = began.zip(self.limit).map(|(began, limit)| began + limit);
        let tasks = connections.into_iter().map(|(index, connection)| {
            let tally = Arc::clone(&self.tally);
            tokio::spawn(work(Worker { index, connection, tally, deadline, failures: 0 }))
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        Ok(())
    }
}
