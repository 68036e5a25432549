//! The log: orders entries, keeps them, hands them back in order, and gives bodies by position.
//!
//! The engine applies nothing that did not come back from [`Log::next`], also on a single machine, so that a
//! restart, and later a log that several machines share, is the same arrow.

pub(crate) mod clock;
pub(crate) mod memory;

use bytes::Bytes;
use queue_core::codec::DecodeError;
use queue_core::{BodyRef, Entry, Position, Proposal};

/// Who proposed a batch, and its number among the proposer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Rises with every start.
    pub(crate) run: u64,
    /// Rises with every batch of a run.
    pub(crate) number: u64,
}

/// What can go wrong with a log. Each of these ends its use: nothing more is acknowledged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// An entry that this version cannot read must not be skipped.
    #[error("the entry at {position:?} cannot be read: {source}")]
    Entry { position: Position, source: DecodeError },
    /// A body that a message refers to is not there.
    #[error("there is no body at {0:?}")]
    NoBody(Position),
}

/// An order of entries.
pub(crate) trait Log: Send {
    /// Takes a batch, stamps it with time and seed, and begins to make it durable.
    fn propose(&mut self, batch: Batch, proposals: &[Proposal]);

    /// The next entry that is durable, and where it lies. Does not wait.
    fn next(&mut self) -> Option<Result<(Position, Entry), Error>>;

    /// The body that lies there.
    fn read(&self, body: BodyRef) -> Result<Bytes, Error>;

    /// The entry at `position` has been applied: `kept` of its bodies are needed from now on, and those at
    /// `released`, of this entry or earlier ones, are not any more.
    fn applied(&mut self, position: Position, kept: u32, released: &[Position]);
}
