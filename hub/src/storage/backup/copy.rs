//! Copies files from one folder to another, and makes them durable.

use super::super::Error;
use super::super::files::Files;
use super::Told;

/// What is read at once.
const BLOCK_BYTES: u64 = 4 << 20;

/// A file to be copied.
pub(super) struct Part {
    pub(super) name: String,
    /// The size of the copy.
    pub(super) bytes: u64,
    /// Bytes that are taken from the original; zeros follow.
    pub(super) content: u64,
}

pub(super) struct Copier<'a> {
    from: &'a dyn Files,
    to: &'a dyn Files,
    told: Told<'a>,
}

impl<'a> Copier<'a> {
    pub(super) fn new(from: &'a dyn Files, to: &'a dyn Files, told: Told<'a>) -> Self {
        Self { from, to, told }
    }

    /// Copies all of them; the bytes that were copied.
    pub(super) fn copy(&self, parts: &[Part]) -> Result<u64, Error> {
        let total = parts.iter().map(|part| part.content).sum();
        let mut done = 0;
        for part in parts {
            (self.told)(done, total);
            self.copy_file(part, &mut |bytes| {
                done += bytes;
                (self.told)(done, total);
            })
            .map_err(|source| Error::file(&part.name, source))?;
        }
        self.to.sync_folder().map_err(|source| Error::file(".", source))?;
        Ok(total)
    }

    fn copy_file(&self, part: &Part, copied: &mut dyn FnMut(u64)) -> std::io::Result<()> {
        let from = self.from.open(&part.name)?;
        let to = self.to.create(&part.name, part.bytes)?;
        let mut offset = 0;
        let mut block = Vec::new();
        while offset < part.content {
            let bytes = (part.content - offset).min(BLOCK_BYTES);
            block.resize(usize::try_from(bytes).map_err(std::io::Error::other)?, 0);
            from.read_at(offset, &mut block)?;
            to.write_at(offset, &[&block])?;
            offset += bytes;
            copied(bytes);
        }
        to.sync()
    }
}
