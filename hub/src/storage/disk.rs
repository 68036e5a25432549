//! The log on the disk of one machine: a thread that writes and syncs what the engine proposes.
//!
//! The committer collects what has arrived, writes it with one call, syncs it, and hands it back. What was written
//! stays in memory for a while: the body cache is the end of the log.

use super::clock::LogClock;
use super::keeper::Keeping;
use super::room::{Disk, Room};
use super::segments::Segments;
use super::space::Supply;
use super::store::Durability;
use super::windows::Windows;
use super::writer::{Paper, Pending, Placed, Writer};
use super::{Batch, Body, Error, Figures, Log};
use crate::metrics::histogram::{self, Histogram};
use bytes::Bytes;
use queue_core::{Applied, BodyRef, Entry, Header, Machine, Position, Proposal};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long nothing is written before the log says that everything is durable.
const QUIET: Duration = Duration::from_millis(100);

/// Bytes that one write takes at most, but for a single record.
const BYTES_PER_WRITE: u64 = 8 << 20;

/// What is left of the active segment when nothing more is accepted on a full disk: room for all that may be under
/// way by then.
const MARGIN_BYTES: u64 = 12 << 20;

/// How the log stands, for whoever keeps the store in order.
#[derive(Debug)]
pub(crate) struct Vitals {
    /// Everything before this position is on the disk.
    pub(crate) durable_to: AtomicU64,
    /// Bytes of the bodies that are needed.
    pub(crate) body_bytes: AtomicU64,
    /// Bytes of memory that the state takes; a checkpoint of it takes less.
    pub(crate) state_bytes: AtomicU64,
    /// Of the newest checkpoint.
    checkpoint_bytes: AtomicU64,
    /// That were made since the start.
    checkpoints: AtomicU64,
    syncs: Histogram,
}

impl Vitals {
    pub(crate) fn new(durable_to: u64, machine: &Machine, checkpoint_bytes: u64) -> Self {
        Self {
            durable_to: AtomicU64::new(durable_to),
            body_bytes: AtomicU64::new(machine.body_bytes()),
            state_bytes: AtomicU64::new(machine.weight()),
            checkpoint_bytes: AtomicU64::new(checkpoint_bytes),
            checkpoints: AtomicU64::new(0),
            syncs: Histogram::of_seconds(histogram::SHORT),
        }
    }

    /// A checkpoint was made.
    pub(crate) fn count_checkpoint(&self, bytes: u64) {
        self.checkpoint_bytes.store(bytes, Ordering::Relaxed);
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
    }

    /// About how many bytes of log are needed: a message takes more of it than its body.
    pub(crate) fn needed(&self) -> u64 {
        self.body_bytes.load(Ordering::Relaxed) + self.state_bytes.load(Ordering::Relaxed)
    }

    fn look_at(&self, machine: &Machine) {
        self.body_bytes.store(machine.body_bytes(), Ordering::Relaxed);
        self.state_bytes.store(machine.weight(), Ordering::Relaxed);
    }
}

/// What the committer hands back.
#[derive(Default)]
struct Durable {
    records: VecDeque<Placed>,
    failed: Option<Error>,
}

pub(crate) struct DiskLog {
    clock: Arc<LogClock>,
    segments: Arc<Segments>,
    vitals: Arc<Vitals>,
    keeping: Keeping,
    proposed: Option<Sender<Pending>>,
    wake: Arc<Mutex<Option<Wake>>>,
    durable: Arc<Mutex<Durable>>,
    committer: Option<JoinHandle<Option<Writer>>>,
    cache: Cache,
    windows: Arc<Windows>,
    paper: Paper,
}

type Wake = Box<dyn Fn() + Send>;

/// What a log on disk is started with.
pub(crate) struct Start {
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<LogClock>,
    pub(crate) durability: Durability,
    pub(crate) body_cache_bytes: u64,
    pub(crate) supply: Arc<Supply>,
    pub(crate) room: Arc<Room>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) keeping: Keeping,
}

impl DiskLog {
    pub(crate) fn start(start: Start) -> std::io::Result<Self> {
        let (proposed, inbox) = channel();
        let wake = Arc::<Mutex<Option<Wake>>>::default();
        let durable = Arc::<Mutex<Durable>>::default();
        let segments = Arc::clone(start.writer.segments());
        let committer = Committer {
            writer: start.writer,
            inbox,
            durability: start.durability,
            supply: start.supply,
            room: start.room,
            vitals: Arc::clone(&start.vitals),
            durable: Arc::clone(&durable),
            wake: Arc::clone(&wake),
            last_sync: Instant::now(),
        };
        let thread =
            std::thread::Builder::new().name("committer".to_owned()).spawn(move || committer.run())?;
        Ok(Self {
            clock: start.clock,
            windows: Arc::new(Windows::new(Arc::clone(&segments))),
            segments,
            vitals: start.vitals,
            keeping: start.keeping,
            proposed: Some(proposed),
            wake,
            durable,
            committer: Some(thread),
            cache: Cache::new(start.body_cache_bytes),
            paper: Paper::default(),
        })
    }

    /// Ends the committer; what it had, unless it failed.
    fn stop_committer(&mut self) -> Option<Writer> {
        drop(self.proposed.take());
        self.committer.take()?.join().ok().flatten()
    }
}

impl Log for DiskLog {
    fn wake_with(&mut self, wake: Wake) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
    }

    fn propose(&mut self, batch: Batch, proposals: &[Proposal]) {
        let seed = uuid::Uuid::new_v4().as_u128();
        let header = Header { time: self.clock.now(), seed, run: batch.run, batch: batch.number };
        let pending = Pending::new(&header, proposals, &mut self.paper);
        if let Some(committer) = &self.proposed {
            // A committer that has ended has said why.
            let _ = committer.send(pending);
        }
    }

    fn next(&mut self) -> Option<Result<(Position, Entry), Error>> {
        let placed = {
            let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
            match durable.records.pop_front() {
                Some(placed) => placed,
                None => return durable.failed.take().map(Err),
            }
        };
        let position = placed.header.entry_position();
        let decoded = Entry::decode(position, placed.entry());
        for record in self.cache.add(placed.header.position, placed.record) {
            self.paper.take_back(record);
        }
        Some(decoded.map(|entry| (position, entry)).map_err(|source| Error::Entry { position, source }))
    }

    fn body(&self, body: BodyRef) -> Body {
        if let Some(bytes) = self.cache.find(body).or_else(|| self.windows.find(body)) {
            return Body::AtHand(bytes);
        }
        let windows = Arc::clone(&self.windows);
        let segment = self.segments.holding(body.position.0);
        Body::Stored(Box::new(move || match segment {
            Some(segment) => windows.read(&segment, body),
            None => Err(Error::no_body(body)),
        }))
    }

    fn applied(&mut self, _position: Position, _applied: &Applied, machine: &Machine) {
        self.vitals.look_at(machine);
    }

    fn memory(&self) -> u64 {
        0
    }

    fn figures(&self) -> Figures {
        Figures {
            log_bytes: self.segments.disk_bytes(),
            checkpoint_bytes: self.vitals.checkpoint_bytes.load(Ordering::Relaxed),
            checkpoints: self.vitals.checkpoints.load(Ordering::Relaxed),
            syncs: self.vitals.syncs.read(),
        }
    }

    fn close(&mut self, machine: &Machine) {
        self.keeping.stop();
        let Some(mut writer) = self.stop_committer() else {
            return;
        };
        if let Err(error) = writer.mark() {
            tracing::error!(%error, "the end of the log could not be made durable");
            return;
        }
        self.keeping.last_checkpoint(&writer, machine);
    }
}

impl Drop for DiskLog {
    fn drop(&mut self) {
        self.keeping.stop();
        self.stop_committer();
    }
}

struct Committer {
    writer: Writer,
    inbox: Receiver<Pending>,
    durability: Durability,
    supply: Arc<Supply>,
    room: Arc<Room>,
    vitals: Arc<Vitals>,
    durable: Arc<Mutex<Durable>>,
    wake: Arc<Mutex<Option<Wake>>>,
    last_sync: Instant,
}

impl Committer {
    /// Works until the other end of the inbox is gone; gives nothing back if it failed.
    fn run(mut self) -> Option<Writer> {
        loop {
            let worked = match self.receive() {
                Ok(first) => self.commit(first),
                Err(RecvTimeoutError::Timeout) => self.rest(),
                Err(RecvTimeoutError::Disconnected) => return Some(self.writer),
            };
            if let Err(error) = worked {
                // What the system did with the pages is unknown, so nothing more is written or acknowledged.
                self.hand_back(|durable| durable.failed = Some(error));
                return None;
            }
            self.vitals.durable_to.store(self.writer.durable_to(), Ordering::Release);
        }
    }

    /// The next record, unless something else is to be done before.
    fn receive(&self) -> Result<Pending, RecvTimeoutError> {
        match self.idle_time() {
            Some(time) => self.inbox.recv_timeout(time),
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn idle_time(&self) -> Option<Duration> {
        if self.writer.is_marked() {
            return None;
        }
        Some(match self.durability {
            Durability::Sync | Durability::None => QUIET,
            Durability::Interval(interval) => interval.saturating_sub(self.last_sync.elapsed()),
        })
    }

    fn commit(&mut self, first: Pending) -> Result<(), Error> {
        let mut bytes = first.bytes();
        let mut pending = vec![first];
        while bytes < BYTES_PER_WRITE {
            let Ok(next) = self.inbox.try_recv() else { break };
            bytes += next.bytes();
            pending.push(next);
        }
        let supply = &self.supply;
        let placed = self.writer.write(pending, &mut || supply.take())?;
        if self.must_sync() {
            self.sync()?;
        }
        if self.writer.left() < MARGIN_BYTES.min(self.writer.segments().segment_bytes() / 3)
            && self.supply.is_starved()
        {
            self.room.set_disk(Disk::Nothing);
        }
        self.hand_back(|durable| durable.records.extend(placed));
        Ok(())
    }

    /// Whether what was written must be durable before it is handed back. A segment that is left behind is synced in
    /// any case, since a checkpoint may come to rely on it.
    fn must_sync(&self) -> bool {
        match self.durability {
            Durability::Sync => true,
            Durability::Interval(interval) => {
                self.last_sync.elapsed() >= interval || self.writer.has_left_a_segment()
            }
            Durability::None => self.writer.has_left_a_segment(),
        }
    }

    fn sync(&mut self) -> Result<(), Error> {
        self.synced(Writer::sync)
    }

    /// Does what makes the log durable, and measures it.
    fn synced(&mut self, sync: impl FnOnce(&mut Writer) -> Result<(), Error>) -> Result<(), Error> {
        let begun = Instant::now();
        sync(&mut self.writer)?;
        self.last_sync = Instant::now();
        self.vitals.syncs.observe(self.last_sync.duration_since(begun));
        Ok(())
    }

    /// Nothing has come for a while.
    fn rest(&mut self) -> Result<(), Error> {
        self.synced(Writer::mark)
    }

    fn hand_back(&self, put: impl FnOnce(&mut Durable)) {
        put(&mut self.durable.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(wake) = &*self.wake.lock().unwrap_or_else(PoisonError::into_inner) {
            wake();
        }
    }
}

/// The end of the log, as written.
struct Cache {
    records: BTreeMap<u64, Bytes>,
    bytes: u64,
    bytes_max: u64,
}

impl Cache {
    fn new(bytes_max: u64) -> Self {
        Self { records: BTreeMap::new(), bytes: 0, bytes_max }
    }

    /// Keeps a record; gives out those that are too many now, the oldest first.
    fn add(&mut self, position: u64, record: Bytes) -> impl Iterator<Item = Bytes> {
        self.bytes += record.len() as u64;
        self.records.insert(position, record);
        std::iter::from_fn(|| {
            let (_, oldest) = (self.bytes > self.bytes_max).then(|| self.records.pop_first())??;
            self.bytes = self.bytes.saturating_sub(oldest.len() as u64);
            Some(oldest)
        })
    }

    fn find(&self, body: BodyRef) -> Option<Bytes> {
        let (start, record) = self.records.range(..=body.position.0).next_back()?;
        let from = usize::try_from(body.position.0 - start).ok()?;
        let to = from.checked_add(body.bytes as usize)?;
        (to <= record.len()).then(|| record.slice(from..to))
    }
}

#[cfg(test)]
mod tests;
