//! Space on the disk: the next segment is ready before it is needed, and a reserve is held for the moment when
//! there is no more.
//!
//! When the disk is full, messages are refused, but receiving and deleting must go on, and checkpoints as well:
//! without them no space would ever come back. What they need is held as a file, which is given up bit by bit and
//! filled again when there is space.

use super::Error;
use super::files::{File, Files};
use super::format::{CHECKPOINT_RESERVE_FILE, RESERVE_FILE, SegmentHeader};
use super::room::{Disk, Room};
use super::segments::{Claim, Segments};
use super::writer::{Ready, is_full};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two attempts to find space on a full disk.
const RETRY: Duration = Duration::from_millis(500);

/// Space for segments, held as a file.
pub(crate) struct Reserve {
    file: Arc<dyn File>,
    held: Mutex<u64>,
}

impl Reserve {
    pub(crate) fn open(files: &dyn Files) -> Result<Self, Error> {
        let wrap = |source| Error::file(RESERVE_FILE, source);
        let is_there = files.list().map_err(wrap)?.iter().any(|name| name == RESERVE_FILE);
        let file =
            if is_there { files.open(RESERVE_FILE) } else { files.create(RESERVE_FILE, 0) }.map_err(wrap)?;
        let held = file.bytes().map_err(wrap)?;
        Ok(Self { file, held: Mutex::new(held) })
    }

    /// Gives up to that much back to the disk.
    pub(crate) fn give(&self, bytes: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let less = held.saturating_sub(bytes);
        if self.file.resize(less).is_ok() {
            *held = less;
        }
    }

    /// Claims space until that much is held; whether it is.
    fn fill(&self, target: u64) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = claim(&*self.file, *held, target);
        *held >= target
    }
}

/// Claims space until a file has that size; the size that it has then.
fn claim(file: &dyn File, bytes: u64, target: u64) -> u64 {
    if bytes >= target || file.resize(target).is_ok() {
        return bytes.max(target);
    }
    // A claim that failed may have got a part.
    let _ = file.resize(bytes);
    bytes
}

/// Claims space for the next checkpoint, in the file that will become it; whether it is there. Not to be called while a
/// checkpoint is made.
fn hold_for_checkpoint(files: &dyn Files, target: u64) -> std::io::Result<bool> {
    let file = match files.open(CHECKPOINT_RESERVE_FILE) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            files.create(CHECKPOINT_RESERVE_FILE, 0)?
        }
        opened => opened?,
    };
    Ok(claim(&*file, file.bytes()?, target) >= target)
}

/// Gives that much of the reserve back to the disk, or all of it, before it is opened.
pub(crate) fn give_reserve(files: &dyn Files, bytes: u64) -> Result<(), Error> {
    give(files, RESERVE_FILE, bytes)
}

/// The same with what is held for the next checkpoint.
pub(crate) fn give_checkpoint_reserve(files: &dyn Files, bytes: u64) -> Result<(), Error> {
    give(files, CHECKPOINT_RESERVE_FILE, bytes)
}

fn give(files: &dyn Files, name: &str, bytes: u64) -> Result<(), Error> {
    let give = |file: Arc<dyn File>| file.resize(file.bytes()?.saturating_sub(bytes));
    match files.open(name).and_then(give) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        given => given.map_err(|source| Error::file(name, source)),
    }
}

/// Whether an error says nothing about the disk, and will be over when others have closed their files.
fn is_passing(error: &Error) -> bool {
    use rustix::io::Errno;
    let passing = [Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(Errno::raw_os_error);
    matches!(error, Error::File { source, .. } if source.raw_os_error().is_some_and(|code| passing.contains(&code)))
}

/// The segment after the active one.
pub(crate) struct Supply {
    segments: Arc<Segments>,
    run: u64,
    room: Arc<Room>,
    reserve: Reserve,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ready: Option<Ready>,
    failed: Option<Error>,
    /// There is no space for another one, not even in the reserve.
    starved: bool,
    closed: bool,
}

impl Supply {
    pub(crate) fn new(segments: Arc<Segments>, run: u64, room: Arc<Room>, reserve: Reserve) -> Self {
        Self { segments, run, room, reserve, state: Mutex::default(), changed: Condvar::new() }
    }

    pub(crate) fn reserve(&self) -> &Reserve {
        &self.reserve
    }

    /// The next segment; waits until there is one.
    pub(crate) fn take(&self) -> Result<Ready, Error> {
        let mut state = self.state();
        loop {
            if let Some(ready) = state.ready.take() {
                self.changed.notify_all();
                return Ok(ready);
            }
            if let Some(error) = state.failed.take() {
                return Err(error);
            }
            if state.closed {
                return Err(Error::Closed);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the next segment is there.
    #[cfg(test)]
    pub(crate) fn is_ready(&self) -> bool {
        self.state().ready.is_some()
    }

    /// Whether there will be no next segment until space is freed.
    pub(crate) fn is_starved(&self) -> bool {
        let state = self.state();
        state.starved && state.ready.is_none()
    }

    /// Keeps a segment ready until it is told to stop. Runs on a thread of its own.
    pub(crate) fn run(&self) {
        loop {
            {
                let mut state = self.state();
                while !state.closed && (state.ready.is_some() || state.failed.is_some()) {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.closed {
                    return;
                }
            }
            let made = self.make();
            let mut state = self.state();
            match made {
                Ok(ready) => {
                    state.ready = Some(ready);
                    if std::mem::take(&mut state.starved) {
                        self.room.set_disk(Disk::Reserve);
                    }
                }
                Err(error) if is_full(&error) || is_passing(&error) => {
                    state.starved = true;
                    let waited = self.changed.wait_timeout(state, RETRY);
                    drop(waited.unwrap_or_else(PoisonError::into_inner));
                    continue;
                }
                Err(error) => state.failed = Some(error),
            }
            self.changed.notify_all();
        }
    }

    /// Makes a segment, out of the reserve if there is no other space.
    fn make(&self) -> Result<Ready, Error> {
        let bytes = self.segments.segment_bytes();
        match self.segments.make(self.run, SegmentHeader::CONTINUES, Claim::Written) {
            Err(error) if is_full(&error) => {
                if self.room.disk() == Disk::Enough {
                    self.room.set_disk(Disk::Reserve);
                    tracing::warn!("the disk is full: messages are refused until there is space");
                }
                self.reserve.give(bytes);
                self.segments.make(self.run, SegmentHeader::CONTINUES, Claim::Written)
            }
            made => made,
        }
    }

    /// Fills the reserve as far as there is space: some segments, and a checkpoint. Messages are accepted when it is whole
    /// and the next segment is there.
    pub(crate) fn fill_reserve(&self, segments: u64, checkpoint_bytes: u64) {
        let is_whole = self.reserve.fill(segments * self.segments.segment_bytes())
            && hold_for_checkpoint(self.segments.files(), checkpoint_bytes).unwrap_or(false);
        let disk = match (is_whole, self.is_starved()) {
            (true, false) => Disk::Enough,
            (false, false) => Disk::Reserve,
            // Whether there is anything left, the committer knows.
            (_, true) if self.room.disk() == Disk::Enough => Disk::Reserve,
            (_, true) => return,
        };
        match (self.room.disk(), disk) {
            (Disk::Enough, Disk::Reserve) => {
                tracing::warn!("the disk is nearly full: messages are refused until there is space");
            }
            (Disk::Reserve | Disk::Nothing, Disk::Enough) => {
                tracing::info!("the disk has space again: messages are accepted");
            }
            _unchanged => {}
        }
        self.room.set_disk(disk);
    }

    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one step, so a panic elsewhere has not harmed it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
