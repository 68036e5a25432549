//! Files of the system past its page cache.
//!
//! What a log writes is rarely read from the disk again, and never soon, so a copy of all of it in the system's memory
//! takes time and serves nobody: at full speed more time than the engine takes. Whoever goes past the cache moves whole
//! pages, to and from memory that begins with a page. So here is a sheet of such memory, and the last page that was
//! written is kept for what is to be written behind it.

use super::real::write_parts;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// A multiple of every alignment that disks ask for.
pub(super) const PAGE_BYTES: usize = 4096;

/// What one call moves at most.
const SHEET_BYTES: usize = 1 << 20;

/// A file that is written and read past the page cache.
pub(super) struct Direct {
    file: fs::File,
    /// Its size, beyond which nothing is written.
    bytes: u64,
    sheet: Sheet,
    /// Where the last append ended.
    end: u64,
    /// What stands before that in its page.
    tail: Vec<u8>,
}

impl Direct {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// Also if its file system does not have this.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = fs::File::options().read(true).write(true).custom_flags(flags()?).open(path)?;
        let bytes = file.metadata()?.len();
        let tail = Vec::with_capacity(PAGE_BYTES);
        Ok(Self { file, bytes, sheet: Sheet::default(), end: 0, tail })
    }

    /// Writes the parts where the last append ended, or where a page begins, and zeros behind them up to the end of the
    /// page. Gives the rest that is less than a page where the file ends before that: it cannot be written here.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`], before anything is written, if it is to begin anywhere else.
    pub(super) fn append(&mut self, offset: u64, parts: &[&[u8]]) -> io::Result<Option<(u64, Vec<u8>)>> {
        let inside = offset % PAGE_BYTES as u64;
        if inside == 0 {
            self.tail.clear();
        } else if offset != self.end || inside != self.tail.len() as u64 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut at = offset - inside;
        self.sheet.used = 0;
        self.sheet.put(&self.tail);
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                rest = self.sheet.put(rest);
                if self.sheet.is_full() {
                    write_parts(&self.file, at, &[self.sheet.content()])?;
                    at += SHEET_BYTES as u64;
                    self.sheet.used = 0;
                }
            }
        }
        self.end = at + self.sheet.used as u64;
        let whole = self.sheet.used / PAGE_BYTES * PAGE_BYTES;
        self.tail.clear();
        self.tail.extend_from_slice(self.sheet.content().get(whole..).unwrap_or_default());
        let fits = at + self.sheet.used.next_multiple_of(PAGE_BYTES) as u64 <= self.bytes;
        if fits {
            self.sheet.fill_page();
        } else {
            self.sheet.used = whole;
        }
        write_parts(&self.file, at, &[self.sheet.content()])?;
        Ok((!fits && !self.tail.is_empty()).then(|| (at + whole as u64, self.tail.clone())))
    }

    /// Fills `into` from a page on, as far as whole pages go; says how far that is.
    pub(super) fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let whole = into.len() / PAGE_BYTES * PAGE_BYTES;
        if !offset.is_multiple_of(PAGE_BYTES as u64) {
            return Ok(0);
        }
        let mut at = offset;
        for part in into.get_mut(..whole).unwrap_or_default().chunks_mut(SHEET_BYTES) {
            let page = self.sheet.space(part.len());
            self.file.read_exact_at(page, at)?;
            part.copy_from_slice(page);
            at += part.len() as u64;
        }
        Ok(whole)
    }
}

/// Memory that begins with a page.
#[derive(Default)]
struct Sheet {
    memory: Vec<u8>,
    used: usize,
}

impl Sheet {
    /// The first bytes of it.
    fn space(&mut self, bytes: usize) -> &mut [u8] {
        if self.memory.is_empty() {
            self.memory = vec![0; SHEET_BYTES + PAGE_BYTES];
        }
        let begin = self.memory.as_ptr().align_offset(PAGE_BYTES);
        self.memory.get_mut(begin..begin + bytes).unwrap_or_default()
    }

    fn content(&mut self) -> &[u8] {
        self.space(self.used)
    }

    fn is_full(&self) -> bool {
        self.used == SHEET_BYTES
    }

    /// Puts down what there is room for; gives what is left.
    fn put<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let from = self.used;
        let (now, later) = bytes.split_at(bytes.len().min(SHEET_BYTES - from));
        self.used += now.len();
        if let Some(place) = self.space(from + now.len()).get_mut(from..) {
            place.copy_from_slice(now);
        }
        later
    }

    /// Zeros up to the end of the page.
    fn fill_page(&mut self) {
        let from = self.used;
        self.used = from.next_multiple_of(PAGE_BYTES);
        if let Some(rest) = self.space(self.used).get_mut(from..) {
            rest.fill(0);
        }
    }
}

#[cfg(target_os = "linux")]
fn flags() -> io::Result<i32> {
    i32::try_from(rustix::fs::OFlags::DIRECT.bits()).map_err(io::Error::other)
}

#[cfg(not(target_os = "linux"))]
fn flags() -> io::Result<i32> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::super::real::RealFiles;
    use super::super::{File, Files};
    use super::*;
    use fanq_tests::{TemporaryFolder, skip};
    use std::sync::Arc;

    const FILE_BYTES: u64 = 3 << 20;

    fn text(seed: usize, bytes: usize) -> Vec<u8> {
        (0..bytes).map(|index| (index * 31 + index / 251 + seed) as u8 | 1).collect()
    }

    /// None where the file system of temporary files has no way past the cache.
    fn file(folder: &TemporaryFolder, bytes: u64) -> Option<Arc<dyn File>> {
        let files = RealFiles::new(folder.path()).past_cache(true);
        files.create("trial", 8192).unwrap();
        let trial = Direct::open(&folder.path().join("trial"));
        match trial.and_then(|mut trial| trial.append(0, &[b"trial"])) {
            Ok(rest) => assert!(rest.is_none()),
            Err(error) => {
                skip(&format!("files past the page cache: {error}"));
                return None;
            }
        }
        Some(files.create("file", bytes).unwrap())
    }

    fn content(folder: &TemporaryFolder) -> Vec<u8> {
        fs::read(folder.path().join("file")).unwrap()
    }

    #[test]
    fn what_is_appended_stands_one_behind_the_other() {
        let folder = TemporaryFolder::new();
        let Some(file) = file(&folder, FILE_BYTES) else { return };
        let mut expected = vec![0; 8192];
        let mut offset = expected.len() as u64;
        for (seed, bytes) in [1, 4095, 4096, 4097, 10, 700_000, 1 << 20, 3, 300_000].into_iter().enumerate() {
            let bytes = text(seed, bytes);
            let (one, other) = bytes.split_at(bytes.len() / 3);
            file.append_at(offset, &[one, other]).unwrap();
            offset += bytes.len() as u64;
            expected.extend(bytes);
            let content = content(&folder);
            assert!(content.starts_with(&expected), "append {seed}");
            assert!(content.iter().skip(expected.len()).all(|byte| *byte == 0));
            assert_eq!(content.len() as u64, FILE_BYTES);
        }
        let mut read = vec![0; (2 << 20) - 5000];
        file.read_at(8192, &mut read).unwrap();
        assert!(expected[8192..].starts_with(&read) || read.starts_with(&expected[8192..]));
    }

    #[test]
    fn what_neither_begins_a_page_nor_follows_is_not_written_here() {
        let folder = TemporaryFolder::new();
        let Some(_) = file(&folder, 20_000) else { return };
        let mut direct = Direct::open(&folder.path().join("file")).unwrap();
        direct.append(4096, &[&text(1, 100)]).unwrap();
        for offset in [10, 4095, 4195, 4197, 8193] {
            let refused = direct.append(offset, &[b"x"]).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::Unsupported, "{offset}");
        }
        direct.append(4196, &[&text(2, 100)]).unwrap();
        let content = content(&folder);
        assert!(content[4096..4196] == text(1, 100) && content[4196..4296] == text(2, 100));
    }

    #[test]
    fn a_file_ends_where_it_did() {
        let folder = TemporaryFolder::new();
        let Some(file) = file(&folder, 5000) else { return };
        file.append_at(0, &[&text(1, 4500)]).unwrap();
        file.append_at(4500, &[&text(2, 500)]).unwrap();
        let content = content(&folder);
        assert_eq!(content.len(), 5000);
        assert!(content[..4500] == text(1, 4500) && content[4500..] == text(2, 500));
    }

    #[test]
    fn what_is_written_out_of_order_is_written_all_the_same() {
        let folder = TemporaryFolder::new();
        let Some(file) = file(&folder, 40_000) else { return };
        file.append_at(0, &[&text(1, 5000)]).unwrap();
        file.append_at(20_100, &[&text(2, 5000)]).unwrap();
        file.write_at(100, &[&text(3, 50)]).unwrap();
        let content = content(&folder);
        assert!(content[..100] == text(1, 5000)[..100] && content[100..150] == text(3, 50));
        assert!(content[150..5000] == text(1, 5000)[150..] && content[20_100..25_100] == text(2, 5000));
    }
}
