//! A data folder: opened by one process at a time, recovered, and kept in order.

use super::clock::{ClockRefusal, LogClock, Sources};
use super::disk::{DiskLog, Start, Vitals};
use super::files::Files;
use super::files::real::RealFiles;
use super::folder::{self, Lock};
use super::format::{
    STORE_FILE, SegmentHeader, StoreHeader, UNFINISHED, checkpoint_name, record_key, segment_name,
};
use super::keeper::{Keeper, Keeping, Shared};
use super::making::Checkpointer;
use super::plan;
use super::planted::{self, Bug};
use super::recovery::{self, Recovered};
use super::room::Room;
use super::segments::{Claim, Segment, Segments};
use super::space::{self, Reserve, Supply};
use super::survey::Survey;
use super::walk::Walk;
use super::writer::{Writer, is_full};
use super::{Error, Log};
use queue_core::{Command, Machine};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The size of a segment.
pub(crate) const SEGMENT_BYTES: u64 = 32 << 20;

/// What a start writes besides its first segment, and more.
const FURTHER_BYTES: u64 = 1 << 20;

/// When an entry counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When it is on the disk.
    Sync,
    /// When the system has it; the disk has it at most this much later.
    Interval(Duration),
    /// When the system has it.
    None,
}

/// How a store is to be opened.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    pub(crate) durability: Durability,
    /// How much of the end of the log stays in memory.
    pub(crate) body_cache_bytes: u64,
    pub(crate) clock: ClockOptions,
}

/// What the start may do to log time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClockOptions {
    /// The clock may have been turned by hand.
    pub(crate) may_be_turned: bool,
    /// Time may have moved on by any amount since the store was last open.
    pub(crate) may_jump: bool,
}

/// How far a start has come, in bytes of log and checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) done: AtomicU64,
    pub(crate) total: AtomicU64,
}

/// A store that is ready for use.
pub(crate) struct Opened {
    /// The state after everything that the log holds.
    pub(crate) machine: Machine,
    /// Where to go on.
    pub(crate) log: Box<dyn Log>,
    /// The number of this start.
    pub(crate) run: u64,
    pub(crate) clock: Arc<LogClock>,
    pub(crate) keeper: Keeper,
    pub(crate) recovery: Recovery,
}

/// What a start had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Recovery {
    /// Bytes of the checkpoint that it began with.
    pub(crate) checkpoint_bytes: u64,
    /// Bytes of log that were executed.
    pub(crate) replayed_bytes: u64,
    pub(crate) entries: u64,
}

/// Gives a command to the engine, and says whether it took it. Does not wait for what becomes of it.
pub(crate) type Propose = Box<dyn Fn(Command, Vec<Vec<u8>>) -> bool + Send>;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Log(#[from] Error),
    #[error(transparent)]
    Clock(#[from] ClockRefusal),
}

/// Opens the store, and recovers it if the last run ended without warning. Waits for the disk.
pub(crate) fn open(options: &Options, room: &Arc<Room>, progress: &Progress) -> Result<Opened, OpenError> {
    folder::create(&options.folder)?;
    let lock = Lock::take(&options.folder)?;
    // Whoever does not wait for the disk is better served by the cache.
    let past_cache = match options.durability {
        Durability::Sync => true,
        Durability::Interval(_) | Durability::None => false,
    };
    let files: Arc<dyn Files> = Arc::new(RealFiles::new(&options.folder).past_cache(past_cache));
    let begun = begin(&files, SEGMENT_BYTES, uuid::Uuid::new_v4().as_u128(), progress, |machine| {
        LogClock::resuming(machine.time(), machine.clock(), options.clock, Sources::system())
            .map_err(OpenError::from)
    })?;
    let clock = begun.ticket;
    let segments = Arc::clone(begun.writer.segments());
    let reserve = Reserve::open(&*files)?;
    let supply = Arc::new(Supply::new(Arc::clone(&segments), begun.run, Arc::clone(room), reserve));
    let checkpoint_bytes = begun.checkpoints.last().map_or(0, |(_, bytes)| *bytes);
    let vitals = Arc::new(Vitals::new(begun.writer.durable_to(), &begun.machine, checkpoint_bytes));
    let shared = Arc::<Shared>::default();
    let checkpointer = Arc::new(Checkpointer::new(&options.folder, past_cache));
    if let Some(_unheld) = checkpointer.may_remove() {
        free_at_start(&segments, &begun.machine, &begun.checkpoints)?;
    }
    let keeper = Keeper {
        files: Arc::clone(&files),
        segments,
        supply: Arc::clone(&supply),
        room: Arc::clone(room),
        vitals: Arc::clone(&vitals),
        checkpointer: Arc::clone(&checkpointer),
        checkpoints: begun.checkpoints,
        shared: Arc::clone(&shared),
    };
    let keeping =
        Keeping { files, store: begun.store, supply: Arc::clone(&supply), shared, checkpointer, _lock: lock };
    let log = DiskLog::start(Start {
        writer: begun.writer,
        clock: Arc::clone(&clock),
        durability: options.durability,
        body_cache_bytes: options.body_cache_bytes,
        supply,
        room: Arc::clone(room),
        vitals,
        keeping,
    })
    .map_err(|source| Error::file(".", source))?;
    let (machine, run, recovery) = (begun.machine, begun.run, begun.recovery);
    Ok(Opened { machine, log: Box::new(log), run, clock, keeper, recovery })
}

/// Gives back what earlier runs have left. All of the log has just been made durable, so the state of this moment shows
/// what it needs as a checkpoint would.
fn free_at_start(segments: &Segments, machine: &Machine, checkpoints: &[(u64, u64)]) -> Result<(), Error> {
    let [(older, _), .., _] = checkpoints else {
        return Ok(());
    };
    let used = segments.used();
    let sizes = used.iter().map(|segment| (segment.start, segment.bytes)).collect();
    let free = plan::free(&used, *older, &plan::live(machine, &sizes));
    drop(used);
    segments.retire(&free)
}

/// A run that has begun.
pub(crate) struct Begun<T> {
    pub(crate) machine: Machine,
    pub(crate) writer: Writer,
    pub(crate) store: u128,
    pub(crate) run: u64,
    /// Positions and sizes of the checkpoints on the disk, ascending.
    pub(crate) checkpoints: Vec<(u64, u64)>,
    pub(crate) recovery: Recovery,
    /// What the caller made of the state.
    pub(crate) ticket: T,
}

/// Recovers what the files hold and begins the next run, or the first run of a new store. Before anything is written,
/// `admit` looks at the state and may refuse it.
pub(crate) fn begin<T, E: From<Error>>(
    files: &Arc<dyn Files>,
    segment_bytes: u64,
    new_store: u128,
    progress: &Progress,
    admit: impl FnOnce(&Machine) -> Result<T, E>,
) -> Result<Begun<T>, E> {
    let survey = Survey::make(&**files)?;
    let Some(store) = survey.store else {
        check_is_new(&**files, &survey)?;
        let machine = Machine::default();
        let ticket = admit(&machine)?;
        let prior =
            Prior { store: new_store, segment_bytes, run: 0, end: 0, next_start: 0, used: Vec::new() };
        let writer = next_run(files, &survey, &prior)?;
        let recovery = Recovery::default();
        return Ok(Begun {
            machine,
            writer,
            store: new_store,
            run: 1,
            checkpoints: Vec::new(),
            recovery,
            ticket,
        });
    };
    let recovered = recovery::replay(&**files, &survey, store.store, None, progress)?;
    if let Some(first) = recovered.damaged.first() {
        return Err(Error::DamagedBodies { count: recovered.damaged.len(), first: first.position }.into());
    }
    recovery::check_bodies_have_files(&survey, &recovered.machine)?;
    let ticket = admit(&recovered.machine)?;
    recovery::rewrite_end(&**files, &recovered)?;
    recovery::settle(&**files, &recovered.read)?;
    let prior = Prior {
        store: store.store,
        segment_bytes: store.segment_bytes,
        run: recovered.run.max(store.run),
        end: recovered.end,
        next_start: survey.next_start(store.segment_bytes),
        used: segments_up_to(&survey, recovered.end),
    };
    let writer = next_run(files, &survey, &prior)?;
    let checkpoints = set_aside_unreadable(&**files, &survey, &recovered)?;
    let recovery = Recovery {
        checkpoint_bytes: recovered.base_bytes,
        replayed_bytes: recovered.replayed_bytes,
        entries: recovered.entries,
    };
    let run = writer.run();
    Ok(Begun { machine: recovered.machine, writer, store: store.store, run, checkpoints, recovery, ticket })
}

/// Without the file `store` nothing was ever acknowledged, unless that file is what is missing.
fn check_is_new(files: &dyn Files, survey: &Survey) -> Result<(), Error> {
    for header in survey.segments.values().filter_map(|segment| segment.header.ok()) {
        let begin = header.start + super::format::SEGMENT_HEADER_BYTES;
        let mut walk = Walk::new(files, survey, record_key(header.store), header.run, begin)?;
        if walk.next()?.is_some() {
            return Err(Error::MissingFile { file: STORE_FILE.to_owned() });
        }
    }
    Ok(())
}

/// What a new run follows.
pub(super) struct Prior {
    pub(super) store: u128,
    pub(super) segment_bytes: u64,
    pub(super) run: u64,
    pub(super) end: u64,
    pub(super) next_start: u64,
    pub(super) used: Vec<Segment>,
}

/// Begins a run: its first segment says where the log before it ends, and then the file `store` names it. What is left
/// of segments behind that end is removed last.
pub(super) fn next_run(files: &Arc<dyn Files>, survey: &Survey, prior: &Prior) -> Result<Writer, Error> {
    let run = prior.run + 1;
    let kept: Vec<_> = prior.used.iter().map(|segment| segment.start).collect();
    let used = prior.used.iter().map(|segment| Segment { start: segment.start, bytes: segment.bytes });
    let segments = Segments::new(Arc::clone(files), prior.store, prior.segment_bytes, used, prior.next_start);
    let mut leftovers: Vec<_> = {
        let unused = survey.segments.keys().filter(|start| !kept.contains(start));
        unused.map(|start| segment_name(*start)).chain(survey.unfinished.iter().cloned()).collect()
    };
    let first = on_full_disk(
        || segments.make(run, prior.end, Claim::Quick),
        &mut [&mut || space::give_reserve(&**files, prior.segment_bytes + FURTHER_BYTES), &mut || {
            remove_leftovers(&**files, &leftovers)
        }],
    )?;
    let header = StoreHeader { store: prior.store, run, segment_bytes: prior.segment_bytes };
    on_full_disk(
        || write_store(&**files, header).map_err(|source| Error::file(STORE_FILE, source)),
        &mut [
            &mut || space::give_reserve(&**files, FURTHER_BYTES),
            // After some starts on a disk that stays full there is no other reserve. What this takes comes back with
            // the space of the `store` before.
            &mut || space::give_checkpoint_reserve(&**files, FURTHER_BYTES),
        ],
    )?;
    leftovers.retain(|name| *name != first.0.name());
    remove_leftovers(&**files, &leftovers)?;
    Ok(Writer::new(Arc::new(segments), prior.store, run, first))
}

/// Does something that takes space. If the disk is full, tries again after each of the ways to find some.
fn on_full_disk<T>(
    work: impl Fn() -> Result<T, Error>,
    ways: &mut [&mut dyn FnMut() -> Result<(), Error>],
) -> Result<T, Error> {
    let mut done = work();
    for way in ways {
        match done {
            Err(error) if is_full(&error) => {
                way()?;
                done = work();
            }
            done => return done,
        }
    }
    done
}

/// Removes what counts for nothing.
fn remove_leftovers(files: &dyn Files, names: &[String]) -> Result<(), Error> {
    for name in names {
        match files.remove(name) {
            // `store` was just written under the name of an unfinished one; and the process that made a checkpoint for
            // a hub that was killed may have finished it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.map_err(|source| Error::file(name, source))?,
        }
    }
    Ok(())
}

/// Writes the file that says who the store is.
pub(crate) fn write_store(files: &dyn Files, header: StoreHeader) -> std::io::Result<()> {
    let unfinished = format!("{STORE_FILE}{UNFINISHED}");
    let bytes = header.encode();
    let file = files.create(&unfinished, bytes.len() as u64)?;
    file.write_at(0, &[&bytes])?;
    file.sync()?;
    files.rename(&unfinished, STORE_FILE)?;
    if planted::is(Bug::NoFolderSync) { Ok(()) } else { files.sync_folder() }
}

/// The segments that hold the log up to its end.
fn segments_up_to(survey: &Survey, end: u64) -> Vec<Segment> {
    let before = survey.segments.range(..end);
    let bytes = |segment: &super::survey::Surveyed| {
        segment.header.map_or(segment.bytes, |header: SegmentHeader| header.bytes)
    };
    before.map(|(start, segment)| Segment { start: *start, bytes: bytes(segment) }).collect()
}

/// Puts checkpoints aside that could not be read, so that they do not count as one of the two that are kept; gives
/// the positions and sizes of the others.
fn set_aside_unreadable(
    files: &dyn Files,
    survey: &Survey,
    recovered: &Recovered,
) -> Result<Vec<(u64, u64)>, Error> {
    for (position, error) in &recovered.unreadable {
        let name = checkpoint_name(*position);
        tracing::error!(%error, "the checkpoint before it was used, and nothing is lost");
        files.rename(&name, &format!("{name}.damaged")).map_err(|source| Error::file(&name, source))?;
    }
    let usable = survey.checkpoints.iter().filter(|at| **at <= recovered.base);
    let size = |position: u64| if position == recovered.base { recovered.base_bytes } else { 0 };
    Ok(usable.map(|position| (*position, size(*position))).collect())
}
