//! A memory that outlives the program: one file to which keys are appended.
//!
//! A line is the time in milliseconds since 1970, a space, and the key as a JSON text. A line that was not written to
//! its end was never told to anybody, and is cut off. The file is written anew, under another name and then renamed,
//! when more than half of it has been forgotten.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Store;
use super::memory::MemoryStore;

/// A file with fewer lines is not worth writing anew.
const LINES_MIN: usize = 1000;

/// Remembers keys for a while, and at most so many, in a file. One program at a time may have it open.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    keys: MemoryStore,
    log: Mutex<Log>,
    /// How many lines were appended when the file was last on disk.
    synced: AtomicU64,
    syncing: Mutex<()>,
}

#[derive(Debug)]
struct Log {
    file: File,
    lines: usize,
    /// Since the file was opened, whatever was rewritten in between.
    appended: u64,
    /// Writing has failed once. What is on disk is not certain any more, so nothing is remembered until the file is
    /// opened anew.
    is_broken: bool,
}

impl FileStore {
    /// Opens a file or makes it, for keys no older than this and no more than this.
    pub fn open(path: impl Into<PathBuf>, age: Duration, keys_max: usize) -> io::Result<Self> {
        let path = path.into();
        let is_new = !path.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.truncate(whole);
        file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
        file.seek(io::SeekFrom::End(0))?;
        if is_new {
            sync_folder(&path)?;
        }
        let keys = MemoryStore::new(age, keys_max);
        let mut lines = 0;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let (at, key) = parse(line).ok_or_else(|| unreadable(&path, lines))?;
            keys.insert(&key, at);
            lines += 1;
        }
        keys.forget_old(SystemTime::now());
        let log = Mutex::new(Log { file, lines, appended: 0, is_broken: false });
        Ok(Self { path, keys, log, synced: AtomicU64::new(0), syncing: Mutex::default() })
    }

    /// Does something with the file that leaves it usable or broken for good.
    fn with_log<T>(&self, change: impl FnOnce(&mut Log) -> io::Result<T>) -> io::Result<T> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.is_broken {
            return Err(io::Error::other(format!("writing to {} has failed before", self.path.display())));
        }
        let result = change(&mut log);
        log.is_broken = result.is_err();
        result
    }

    fn append(&self, log: &mut Log, key: &str) -> io::Result<u64> {
        let now = SystemTime::now();
        self.keys.forget_old(now);
        if log.lines >= LINES_MIN && log.lines / 2 > self.keys.count() {
            self.rewrite(log)?;
        }
        log.file.write_all(line(now, key).as_bytes())?;
        log.lines += 1;
        log.appended += 1;
        Ok(log.appended)
    }

    /// Writes what is remembered to another file, which takes the place of this one.
    fn rewrite(&self, log: &mut Log) -> io::Result<()> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        let keys = self.keys.all();
        let text = keys.iter().map(|(at, key)| line(*at, key)).collect::<String>();
        let mut file = OpenOptions::new().append(true).create(true).open(&new)?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        sync_folder(&self.path)?;
        log.file = file;
        log.lines = keys.len();
        Ok(())
    }
}

impl Store for FileStore {
    fn is_done(&self, key: &str) -> bool {
        self.keys.is_done(key)
    }

    /// Those that come while the disk works share the next turn.
    fn remember(&self, key: &str) -> io::Result<()> {
        self.keys.insert(key, SystemTime::now());
        let appended = self.with_log(|log| self.append(log, key))?;
        let _turn = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.synced.load(Ordering::Acquire) >= appended {
            return Ok(());
        }
        // All that was appended until now, in whichever file that is.
        let (appended, file) = self.with_log(|log| Ok((log.appended, log.file.try_clone()?)))?;
        let synced = file.sync_data();
        self.with_log(|_| synced)?;
        self.synced.store(appended, Ordering::Release);
        Ok(())
    }
}

fn line(at: SystemTime, key: &str) -> String {
    let milliseconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!("{milliseconds} {}\n", serde_json::Value::from(key))
}

fn parse(line: &[u8]) -> Option<(SystemTime, String)> {
    let (milliseconds, key) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds.parse().ok()?))?;
    Some((at, serde_json::from_str(key).ok()?))
}

fn unreadable(path: &Path, lines: usize) -> io::Error {
    let what = format!("line {} of {} is no key", lines + 1, path.display());
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A name is on disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
