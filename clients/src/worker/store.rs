//! Where a worker remembers what is done, so that a message that comes again is not worked on again.

use std::io;

mod file;
mod memory;

pub use file::FileStore;
pub use memory::MemoryStore;

/// A memory of keys.
pub trait Store: Send + Sync + 'static {
    /// Whether a key is remembered.
    fn is_done(&self, key: &str) -> bool;

    /// Remembers a key. What is to survive a crash has done so when this returns; it may block.
    fn remember(&self, key: &str) -> io::Result<()>;
}
