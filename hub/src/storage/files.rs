//! The files of one folder, as the store sees them.
//!
//! Small, so that a crash, a full disk and a broken one can be played: `real` is the system, and the tests have a
//! simulated disk that forgets what was not synced, and one that fails on request. What a call has done is kept by
//! a crash only after the `sync` of the file, and a name only after [`Files::sync_folder`].

mod direct;
pub(crate) mod real;
#[cfg(test)]
pub(crate) mod simulated;

use std::io;
use std::sync::Arc;

/// A folder without folders in it.
pub(crate) trait Files: Send + Sync {
    /// The names of all files, in no order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes a file of that size, which reads as zeros and for which the disk has space. Replaces one of that name.
    fn create(&self, name: &str, bytes: u64) -> io::Result<Arc<dyn File>>;

    /// Opens a file that is there, to read and to write.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Gives a file another name, in place of a file that had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. What has it open goes on reading it.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Keeps all names as they are now.
    fn sync_folder(&self) -> io::Result<()>;
}

/// One open file.
pub(crate) trait File: Send + Sync {
    /// Its size.
    fn bytes(&self) -> io::Result<u64>;

    /// Fills `into` from that offset; an error if the file ends before.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes the parts one behind the other.
    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()>;

    /// Writes the parts one behind the other, where a page of 4 KiB begins or behind what was appended last. What stands
    /// behind them in their last page may become zeros.
    fn append_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()>;

    /// Keeps all that was written.
    fn sync(&self) -> io::Result<()>;

    /// Claims space up to that size, or gives back what lies beyond.
    fn resize(&self, bytes: u64) -> io::Result<()>;
}

/// Reads a whole file, up to a size beyond which it cannot be what is looked for.
pub(crate) fn read_all(file: &dyn File, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    read_into(file, bytes_max, &mut content)?;
    Ok(content)
}

/// The same, in place of what is in `content`.
pub(crate) fn read_into(file: &dyn File, bytes_max: u64, content: &mut Vec<u8>) -> io::Result<()> {
    let bytes = file.bytes()?;
    if bytes > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{bytes} bytes")));
    }
    content.resize(usize::try_from(bytes).map_err(io::Error::other)?, 0);
    file.read_at(0, content)
}
