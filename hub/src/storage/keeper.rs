//! Keeps a store in order while it is used: has checkpoints made, gives back the space that they show to be free,
//! moves bodies out of segments that are nearly empty, and holds the reserve.

use super::Error;
use super::checkpoint::{self, Place};
use super::disk::Vitals;
use super::files::Files;
use super::folder::Lock;
use super::format::checkpoint_name;
use super::making::{Checkpointer, Making};
use super::plan::{self, Report};
use super::room::{Disk, Room};
use super::segments::Segments;
use super::space::Supply;
use super::store::Propose;
use super::writer::Writer;
use queue_core::{BodyRef, Carried, Carry, Command, Holder, Machine, Position};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Segments whose space is held for the time when the disk is full.
const RESERVED_SEGMENTS: u64 = 2;

/// Between two looks at the store.
const LOOK: Duration = Duration::from_millis(200);

/// The shortest stretch of log between two checkpoints.
pub(crate) const INTERVAL_BYTES: u64 = 256 << 20;

/// When the checkpoints lag behind by that many intervals, messages are accepted more slowly.
const INTERVALS_BEHIND_MAX: u64 = 4;
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Bytes of bodies that are moved by one command, and how many they are.
const CARRY_BYTES: usize = 1 << 20;
const CARRY_BODIES: usize = 500;

/// Between two such commands.
const CARRY_PAUSE: Duration = Duration::from_millis(50);

/// A checkpoint for the sake of space is made only if the log has grown by that much, or that many bytes of bodies
/// are not needed any more, since the last one.
const GAIN_BYTES_MIN: u64 = 32 << 20;

/// Between two checkpoints on a full disk, and after one that failed.
const RETRY: Duration = Duration::from_secs(2);

/// A stop does not wait longer for its checkpoint; the next start executes the log instead.
const LAST_CHECKPOINT: Duration = Duration::from_secs(5);

/// What the keeper works on.
pub(crate) struct Keeper {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) supply: Arc<Supply>,
    pub(crate) room: Arc<Room>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) checkpointer: Arc<Checkpointer>,
    /// Positions and sizes of the checkpoints on the disk, ascending.
    pub(crate) checkpoints: Vec<(u64, u64)>,
    pub(crate) shared: Arc<Shared>,
}

/// What the keeper and the log share.
#[derive(Default)]
pub(crate) struct Shared {
    stopping: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
    supplier: Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    /// Begins to work, on threads that end with the log.
    pub(crate) fn start(self, propose: Propose) -> std::io::Result<()> {
        let supply = Arc::clone(&self.supply);
        let shared = Arc::clone(&self.shared);
        let supplier = std::thread::Builder::new().name("supply".to_owned()).spawn(move || supply.run())?;
        *shared.supplier.lock().unwrap_or_else(PoisonError::into_inner) = Some(supplier);
        let mut work = Work {
            needed_before: self.vitals.needed(),
            keeper: self,
            propose,
            under_way: None,
            last_attempt: None,
            carry: VecDeque::new(),
        };
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || work.run())?;
        *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }
}

struct Work {
    keeper: Keeper,
    propose: Propose,
    under_way: Option<Attempt>,
    last_attempt: Option<Instant>,
    /// Bytes of log that were needed at the last checkpoint.
    needed_before: u64,
    carry: VecDeque<(Holder, BodyRef)>,
}

/// A checkpoint that is being made.
struct Attempt {
    started: Instant,
    making: Making,
}

impl Work {
    fn run(&mut self) {
        while !self.keeper.shared.stopping.load(Ordering::Acquire) {
            self.look();
            self.keeper.shared.pause(if self.carry.is_empty() { LOOK } else { CARRY_PAUSE });
        }
        if let Some(attempt) = self.under_way.take() {
            attempt.making.abandon();
        }
    }

    fn look(&mut self) {
        match self.under_way.take() {
            Some(attempt) => self.look_after(attempt),
            None => {
                // The space for a checkpoint becomes the checkpoint, so it is held anew when that is done.
                self.keeper.supply.fill_reserve(RESERVED_SEGMENTS, self.next_checkpoint_bytes());
                if self.is_due() {
                    if self.behind() > 0 {
                        self.begin();
                    } else if self.keeper.room.disk() != Disk::Enough {
                        // A checkpoint needs a position of its own, and nothing else may come on a full disk.
                        (self.propose)(Command::Tick, Vec::new());
                    }
                }
            }
        }
        self.carry_some();
        self.keeper.room.set_pause(self.pause());
    }

    /// What a checkpoint of this moment takes at most.
    fn next_checkpoint_bytes(&self) -> u64 {
        self.keeper.vitals.state_bytes.load(Ordering::Relaxed) + (1 << 20)
    }

    /// Bytes of log since the last checkpoint.
    fn behind(&self) -> u64 {
        let last = self.keeper.checkpoints.last().map_or(0, |(position, _)| *position);
        self.keeper.vitals.durable_to.load(Ordering::Acquire).saturating_sub(last)
    }

    /// Bytes of log before the newest checkpoint that the older one needs; all of them if there is no other.
    fn between(&self) -> u64 {
        let older = match self.keeper.checkpoints.as_slice() {
            [(older, _), .., _] => *older,
            [_] | [] => 0,
        };
        self.keeper.checkpoints.last().map_or(0, |(newest, _)| newest.saturating_sub(older))
    }

    fn interval(&self) -> u64 {
        self.keeper.checkpoints.last().map_or(0, |(_, bytes)| *bytes).max(INTERVAL_BYTES)
    }

    fn is_due(&self) -> bool {
        if self.last_attempt.is_some_and(|last| last.elapsed() < RETRY) {
            return false;
        }
        self.behind() > self.interval() || self.would_free_space()
    }

    /// Whether segments take more than they should, and a checkpoint would change that.
    fn would_free_space(&self) -> bool {
        let needed = self.keeper.vitals.needed();
        let is_full = self.keeper.room.disk() != Disk::Enough;
        // On a full disk what lies between the checkpoints counts, too: it is free only behind the older one, and there
        // may be nothing left to be deleted that would bring the next.
        let between = if is_full { self.between() } else { 0 };
        let gain = self.needed_before.saturating_sub(needed).max(self.behind()).max(between);
        let segment = self.keeper.segments.segment_bytes();
        let allowed =
            if is_full { needed + 3 * segment } else { 2 * needed + 2 * INTERVAL_BYTES + 4 * segment };
        let last = self.keeper.checkpoints.last().map_or(0, |(_, bytes)| *bytes);
        let gain_min = if is_full { 1 << 20 } else { GAIN_BYTES_MIN.max(last) };
        gain >= gain_min && self.keeper.segments.disk_bytes() > allowed
    }

    fn begin(&mut self) {
        self.last_attempt = Some(Instant::now());
        let until = self.keeper.vitals.durable_to.load(Ordering::Acquire);
        match self.keeper.checkpointer.begin(until) {
            Ok(making) => self.under_way = Some(Attempt { started: Instant::now(), making }),
            Err(error) => tracing::error!(%error, "a checkpoint could not be begun; it will be tried again"),
        }
    }

    fn look_after(&mut self, attempt: Attempt) {
        if !attempt.making.is_done() {
            self.under_way = Some(attempt);
            return;
        }
        match attempt.making.finish() {
            Ok(report) => {
                tracing::debug!(
                    position = report.position,
                    bytes = report.bytes,
                    seconds = attempt.started.elapsed().as_secs_f64(),
                    "a checkpoint was made"
                );
                self.keeper.vitals.count_checkpoint(report.bytes);
                if let Err(error) = self.use_report(report) {
                    tracing::error!(%error, "space could not be given back");
                }
            }
            Err(error) => {
                tracing::error!(error, "a checkpoint failed; it will be tried again");
            }
        }
        self.last_attempt = Some(Instant::now());
    }

    /// Gives back what the checkpoint shows to be free.
    fn use_report(&mut self, report: Report) -> Result<(), Error> {
        let keeper = &mut self.keeper;
        self.needed_before = keeper.vitals.needed();
        keeper.checkpoints.retain(|(position, _)| *position != report.position);
        keeper.checkpoints.push((report.position, report.bytes));
        let Some(_unheld) = keeper.checkpointer.may_remove() else {
            // A backup is being made: nothing goes until the next checkpoint.
            return Ok(());
        };
        prune(&*keeper.files, &mut keeper.checkpoints)?;
        // With one checkpoint alone there is none to fall back to but the beginning of the log.
        let older = if keeper.checkpoints.len() > 1 { keeper.checkpoints.first() } else { None };
        if let Some((older, _)) = older {
            let free = plan::free(&keeper.segments.used(), *older, &report.live);
            keeper.segments.retire(&free)?;
        }
        self.carry = report.carry.into();
        if keeper.room.disk() != Disk::Enough {
            keeper.segments.drop_spares()?;
            // To move a body takes space before it gives any back.
            let mut left = keeper.segments.segment_bytes() / 2;
            self.carry.retain(|(_, body)| {
                left = left.saturating_sub(u64::from(body.bytes));
                left > 0
            });
        }
        Ok(())
    }

    /// Has the engine move a few bodies to the end of the log.
    fn carry_some(&mut self) {
        let mut bodies = Vec::new();
        let mut carried = Vec::new();
        let mut bytes = 0;
        while bytes < CARRY_BYTES
            && bodies.len() < CARRY_BODIES
            && let Some((holder, from)) = self.carry.pop_front()
        {
            let Some(segment) = self.keeper.segments.holding(from.position.0) else { continue };
            match self.keeper.segments.read(&segment, from) {
                Ok(body) => {
                    bytes += body.len();
                    bodies.push(body.to_vec());
                    let body = BodyRef { position: Position(0), bytes: from.bytes };
                    carried.push(Carried { holder, from: from.position, body });
                }
                Err(error) => tracing::error!(%error, "a body stays where it is"),
            }
        }
        if !carried.is_empty() && !(self.propose)(Command::Carry(Carry { bodies: carried }), bodies) {
            self.carry.clear();
        }
    }

    /// How much slower messages are accepted.
    fn pause(&self) -> Duration {
        let behind = self.behind() / self.interval().max(1);
        let excess = u32::try_from(behind.saturating_sub(INTERVALS_BEHIND_MAX - 1)).unwrap_or(u32::MAX);
        Duration::from_millis(10).saturating_mul(excess).min(PAUSE_MAX)
    }
}

/// Keeps the two newest checkpoints.
fn prune(files: &dyn Files, checkpoints: &mut Vec<(u64, u64)>) -> Result<(), Error> {
    while checkpoints.len() > 2 {
        let (position, _) = checkpoints.remove(0);
        let name = checkpoint_name(position);
        files.remove(&name).map_err(|source| Error::file(&name, source))?;
    }
    Ok(())
}

impl Shared {
    fn pause(&self, time: Duration) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.stopping.load(Ordering::Acquire) {
            drop(self.changed.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// The log's end of the keeper.
pub(crate) struct Keeping {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) store: u128,
    pub(crate) supply: Arc<Supply>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) checkpointer: Arc<Checkpointer>,
    /// Nobody else may use the store while this one does.
    pub(crate) _lock: Lock,
}

impl Keeping {
    /// Ends the keeper's threads.
    pub(crate) fn stop(&self) {
        {
            let _guard = self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.shared.stopping.store(true, Ordering::Release);
        }
        self.shared.changed.notify_all();
        self.supply.close();
        for thread in [&self.shared.thread, &self.shared.supplier] {
            let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            if thread.map(JoinHandle::join).is_some_and(|ended| ended.is_err()) {
                tracing::error!("a thread that keeps the store in order panicked");
            }
        }
    }

    /// Writes the state of a hub that stops, so that the next start has no log to execute.
    pub(crate) fn last_checkpoint(&self, writer: &Writer, machine: &Machine) {
        let place = Place { store: self.store, position: writer.end(), run: writer.run() };
        let deadline = Instant::now() + LAST_CHECKPOINT;
        // The reserve has room for it; the next start fills it again.
        self.supply.reserve().give(u64::MAX);
        let written = checkpoint::write(&*self.files, place, machine, &|| Instant::now() > deadline);
        let result = written.and_then(|written| match written {
            Some(_) => self.prune(),
            None => Ok(()),
        });
        if let Err(error) = result {
            tracing::warn!(%error, "no checkpoint at the end; the next start executes the log instead");
        }
    }

    fn prune(&self) -> Result<(), Error> {
        let Some(_unheld) = self.checkpointer.may_remove() else {
            return Ok(());
        };
        let names = self.files.list().map_err(|source| Error::file(".", source))?;
        let mut checkpoints: Vec<_> = names
            .iter()
            .filter_map(|name| super::format::checkpoint_position(name))
            .map(|at| (at, 0))
            .collect();
        checkpoints.sort_unstable();
        prune(&*self.files, &mut checkpoints)
    }
}
