//! Copies a store to another folder, also while a hub uses it, which need not know.
//!
//! The copy holds the newest sound checkpoint, the log from there to its end at that moment, and the segments with
//! bodies that this state needs. A hub that runs goes on writing behind that end, which is no part of the copy.

mod copy;
mod end;

use super::Error;
use super::check::{self, Report};
use super::files::Files;
use super::files::real::RealFiles;
use super::folder::{self, Lock};
use super::format::{
    self, MARK_OFFSET, STORE_FILE, StoreHeader, checkpoint_name, checkpoint_position, record_key,
    segment_name, segment_start,
};
use super::store::write_store;
use copy::{Copier, Part};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Told how many bytes of how many are copied.
pub(crate) type Told<'a> = &'a dyn Fn(u64, u64);

/// Behind the name of a folder that is not complete yet.
const UNFINISHED: &str = ".new";

/// A hub that runs holds its files for itself while it removes some.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// What was copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copied {
    /// Where the log of the copy ends.
    pub(crate) position: u64,
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Log(#[from] Error),
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    #[error("{} is left of a copy that was not completed; remove it", .0.display())]
    Unfinished(PathBuf),
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    #[error("there is no store in {}", .0.display())]
    NoStore(PathBuf),
    #[error("{} is damaged: {problem}", folder.display())]
    Damaged { folder: PathBuf, problem: String },
}

/// Copies the store in `folder` to the folder `to`, which must not exist.
pub(crate) fn backup(folder: &Path, to: &Path, told: Told<'_>) -> Result<Copied, Failure> {
    // Without a slash at its end.
    let to: PathBuf = to.components().collect();
    if to.exists() {
        return Err(Failure::Exists(to));
    }
    if !folder::holds_a_store(folder)? {
        return Err(Failure::NoStore(folder.to_owned()));
    }
    let unfinished = unfinished(&to);
    if unfinished.exists() {
        return Err(Failure::Unfinished(unfinished));
    }
    folder::create(&unfinished)?;
    let copied = copy_to(folder, &unfinished, told).and_then(|copied| {
        finish(&unfinished, &to)?;
        Ok(copied)
    });
    if copied.is_err() {
        // What there is of it is of no use to anybody.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    copied
}

/// Copies what the state at the end of the log needs, and checks the copy.
fn copy_to(folder: &Path, to: &Path, told: Told<'_>) -> Result<Copied, Failure> {
    let held = hold(folder)?;
    let source = RealFiles::new(folder);
    let found = end::find(&source)?;
    let target = RealFiles::new(to);
    let parts = found.segments.iter().map(|segment| Part {
        name: segment_name(segment.start),
        bytes: segment.bytes,
        // Nothing that may still change.
        content: segment.bytes.min(found.end - segment.start),
    });
    let mut parts: Vec<_> = parts.collect();
    if let Some((position, bytes)) = found.checkpoint {
        parts.push(Part { name: checkpoint_name(position), bytes, content: bytes });
    }
    let bytes = Copier::new(&source, &target, told).copy(&parts)?;
    drop(held);
    mark(&target, &found)?;
    write_store(&target, found.store).map_err(|source| Error::file(STORE_FILE, source))?;
    // What is wrong with the copy is wrong with the original.
    let report = sound(folder, &target)?;
    Ok(Copied { position: found.end, bytes, messages: report.state.map_or(0, |state| state.messages) })
}

/// Has the copy say that it is durable up to its end. What the original says of that may be of a later moment.
fn mark(files: &dyn Files, found: &end::Found) -> Result<(), Error> {
    let Some(last) = found.segments.last().filter(|last| last.end() > found.end) else {
        return Ok(());
    };
    let (key, run) = (record_key(found.store.store), found.store.run);
    let record = format::mark(key, last.start, run, found.end);
    let write = || {
        let file = files.open(&last.name())?;
        file.write_at(MARK_OFFSET, &[&record])?;
        file.sync()
    };
    write().map_err(|source| Error::file(&last.name(), source))
}

/// Copies a store that nobody uses to a folder that must not exist or be empty.
pub(crate) fn restore(from: &Path, folder: &Path, told: Told<'_>) -> Result<Copied, Failure> {
    if !folder::holds_a_store(from)? {
        return Err(Failure::NoStore(from.to_owned()));
    }
    if folder.exists() {
        let mut entries = std::fs::read_dir(folder).map_err(|source| wrap(folder, source))?;
        // A file system of its own has a folder for what it lost.
        if entries.any(|entry| entry.map_or(true, |entry| entry.file_name() != "lost+found")) {
            return Err(Failure::NotEmpty(folder.to_owned()));
        }
    }
    let _used = Lock::take(from)?;
    let source = RealFiles::new(from);
    let report = sound(from, &source)?;
    folder::create(folder)?;
    let _taken = Lock::take(folder)?;
    let target = RealFiles::new(folder);
    let mut parts = Vec::new();
    for name in source.list().map_err(|source| wrap(from, source))? {
        if segment_start(&name).is_some() || checkpoint_position(&name).is_some() {
            let size = source.open(&name).and_then(|file| file.bytes());
            let bytes = size.map_err(|source| Error::file(&name, source))?;
            parts.push(Part { name, bytes, content: bytes });
        }
    }
    let bytes = Copier::new(&source, &target, told).copy(&parts)?;
    // Last, since without it a hub does not start on what is there.
    let Some(store) = report.store else {
        return Err(Failure::NoStore(from.to_owned()));
    };
    let header = StoreHeader { store: store.identity, run: store.run, segment_bytes: store.segment_bytes };
    write_store(&target, header).map_err(|source| Error::file(STORE_FILE, source))?;
    let report = sound(folder, &target)?;
    let messages = report.state.map_or(0, |state| state.messages);
    Ok(Copied { position: report.log.map_or(0, |log| log.to), bytes, messages })
}

/// A backup that is interrupted leaves this folder.
fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(UNFINISHED);
    name.into()
}

/// Keeps every file where it is.
fn hold(folder: &Path) -> Result<Lock, Error> {
    let began = Instant::now();
    loop {
        match Lock::hold(folder) {
            Err(Error::InUse { .. }) if began.elapsed() < PATIENCE => thread::sleep(PAUSE),
            held => return held,
        }
    }
}

/// What a check says about a store, unless a hub would not start on it.
fn sound(folder: &Path, files: &dyn Files) -> Result<Report, Failure> {
    let report = check::examine(files)?.ok_or_else(|| Failure::NoStore(folder.to_owned()))?.report;
    if report.can_start() {
        return Ok(report);
    }
    let worst = report.problems.iter().max_by_key(|problem| problem.remedy);
    let problem = worst.map(ToString::to_string).unwrap_or_default();
    Err(Failure::Damaged { folder: folder.to_owned(), problem })
}

/// Gives the complete copy its name, so that it outlives a crash.
fn finish(unfinished: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::rename(unfinished, to).map_err(|source| wrap(to, source))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(parent)
        .and_then(|parent| parent.sync_all())
        .map_err(|source| wrap(parent, source))?;
    Ok(())
}

fn wrap(path: &Path, source: io::Error) -> Error {
    Error::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
