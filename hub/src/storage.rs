//! The log: orders entries, keeps them, hands them back in order, and gives bodies by position.
//!
//! The engine applies nothing that did not come back from [`Log::next`], also on a single machine, so that a
//! restart, and later a log that several machines share, is the same arrow.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod checkpoint;
pub(crate) mod clock;
mod disk;
pub(crate) mod files;
pub(crate) mod folder;
pub(crate) mod format;
mod keeper;
pub(crate) mod making;
pub(crate) mod memory;
mod plan;
mod planted;
pub(crate) mod recovery;
pub(crate) mod room;
mod segments;
mod space;
pub(crate) mod store;
pub(crate) mod survey;
#[cfg(test)]
mod tests;
mod walk;
mod windows;
pub(crate) mod witness;
mod writer;

use crate::metrics::histogram::Reading;
use bytes::Bytes;
use queue_core::codec::DecodeError;
use queue_core::{Applied, BodyRef, Entry, Machine, Position, Proposal};
use std::io;
use std::path::PathBuf;

/// Who proposed a batch, and its number among the proposer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Rises with every start.
    pub(crate) run: u64,
    /// Rises with every batch of a run.
    pub(crate) number: u64,
}

/// What can go wrong with a log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system refused. After a failed write or sync nothing more is acknowledged.
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    /// An entry that this version cannot read must not be skipped.
    #[error("the entry at {} cannot be read: {source}", position.0)]
    Entry { position: Position, source: DecodeError },
    /// A state that this version cannot read.
    #[error("{file} cannot be read: {source}")]
    State { file: String, source: DecodeError },
    /// Another version wrote the file.
    #[error("{file} has version {version} of its format, which this version of the program does not know")]
    Version { file: String, version: u16 },
    /// A body that a message refers to is not there, or is not what was written.
    #[error("the body of {bytes} bytes at {} is damaged", position.0)]
    Body { position: Position, bytes: u32 },
    /// Bodies that messages need are not what was written.
    #[error("{count} bodies of messages are damaged, the first at {}", first.0)]
    DamagedBodies { count: usize, first: Position },
    /// Records that had been acknowledged are not what was written.
    #[error("the log is damaged from {} to {}, which had been acknowledged", from.0, to.0)]
    Damaged { from: Position, to: Position },
    /// A file that is not a part of the log is not what was written.
    #[error("{file} is damaged")]
    DamagedFile { file: String },
    /// A part of the log is not there.
    #[error("the part of the log at {} is missing", position.0)]
    Missing { position: Position },
    #[error("the part of the log that start {run} wrote is missing")]
    MissingRun { run: u64 },
    #[error("the file {file} is missing")]
    MissingFile { file: String },
    #[error("there is no checkpoint that can be read, and the log is not there from its beginning")]
    NoCheckpoint,
    #[error("{file} belongs to another store")]
    OtherStore { file: String },
    /// The same entries led to something else than before.
    #[error("the log is executed differently than before: the state after {} is another one", position.0)]
    Diverged { position: Position },
    #[error("another process uses {}", folder.display())]
    InUse { folder: PathBuf },
    #[error("an entry of {bytes} bytes is larger than a segment of the log")]
    TooLarge { bytes: u64 },
    /// Somebody waited for the log while it was being closed.
    #[error("the log is closed")]
    Closed,
}

/// A body that a message refers to.
pub(crate) enum Body {
    /// It was written a short while ago, and is still in memory.
    AtHand(Bytes),
    /// It is to be read by whoever needs it; this may wait for the disk.
    Stored(Box<dyn FnOnce() -> Result<Bytes, Error> + Send>),
}

impl Body {
    /// Waits for the disk if the body is there.
    ///
    /// # Errors
    /// If it is not what was written, or cannot be read now.
    pub(crate) fn load(self) -> Result<Bytes, Error> {
        match self {
            Self::AtHand(bytes) => Ok(bytes),
            Self::Stored(load) => load(),
        }
    }
}

/// How a log stands, for whoever measures.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Bytes of disk that it takes, or of memory if it takes no disk.
    pub(crate) log_bytes: u64,
    /// Of the newest checkpoint.
    pub(crate) checkpoint_bytes: u64,
    /// That were made since the start.
    pub(crate) checkpoints: u64,
    /// How long the disk took to sync.
    pub(crate) syncs: Reading,
}

pub(crate) use format::seal;

/// An order of entries.
pub(crate) trait Log: Send {
    /// Has `wake` called whenever [`Log::next`] has something new to give, from whatever thread that happens on.
    fn wake_with(&mut self, wake: Box<dyn Fn() + Send>);

    /// Takes a batch, stamps it with time and seed, and begins to make it durable.
    fn propose(&mut self, batch: Batch, proposals: &[Proposal]);

    /// The next entry that is durable, and where it lies. Does not wait.
    ///
    /// # Errors
    /// If the log cannot go on: nothing more is acknowledged then.
    fn next(&mut self) -> Option<Result<(Position, Entry), Error>>;

    /// The body that lies there.
    fn body(&self, body: BodyRef) -> Body;

    /// The entry at `position` has been applied.
    fn applied(&mut self, position: Position, applied: &Applied, machine: &Machine);

    /// Bytes of memory that the log takes and that grow with what the machine holds.
    fn memory(&self) -> u64;

    /// How it stands.
    fn figures(&self) -> Figures;

    /// All entries have been applied and there will be no more: whatever makes the next start quick is done here.
    fn close(&mut self, machine: &Machine);
}
