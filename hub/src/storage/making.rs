//! How a checkpoint is made while the hub runs: by a process of its own, which executes the log as a start does. Its
//! memory goes back to the system when it ends, and the scheduler lets everything else go first.

use super::Error;
use super::checkpoint::{self, Place};
use super::files::Files;
use super::files::real::RealFiles;
use super::folder::Lock;
use super::plan::Report;
use super::recovery;
use super::store::Progress;
use super::survey::Survey;
use queue_core::codec::Codec;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// The subcommand of the child process.
pub(crate) const SUBCOMMAND: &str = "checkpoint";

/// Its flag for a log that is written past the system's cache.
pub(crate) const PAST_CACHE: &str = "past-cache";

/// The lowest priority that there is.
const NICENESS: i32 = 19;

/// Makes a checkpoint of everything before `until`, from the last one and the log.
pub(crate) fn advance(files: &dyn Files, until: u64) -> Result<Report, Error> {
    let survey = Survey::make(files)?;
    let store = survey.store.ok_or(Error::NoCheckpoint)?.store;
    let recovered = recovery::replay(files, &survey, store, Some(until), &Progress::default())?;
    let place = Place { store, position: until, run: recovered.run };
    let bytes = checkpoint::write(files, place, &recovered.machine, &|| false)?.unwrap_or_default();
    let sizes = survey.segments.iter().map(|(start, segment)| (*start, segment.bytes)).collect();
    Ok(Report::make(&recovered.machine, until, bytes, &sizes))
}

/// The child's side: makes the checkpoint and reports on standard output. Ends at once when its standard input does,
/// which is when the hub is gone.
pub(crate) fn run_as_child(folder: &Path, until: u64, past_cache: bool) -> Result<(), Error> {
    std::thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    // Without these the child is only less polite: it lets everything else go first, and where memory runs out, it is
    // the one to end, not the hub.
    let _ = rustix::process::nice(NICENESS);
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let report = advance(&RealFiles::new(folder).past_cache(past_cache), until)?;
    let wrap = |source| Error::file("standard output", source);
    io::stdout().write_all(&report.to_bytes()).and_then(|()| io::stdout().flush()).map_err(wrap)
}

/// The hub's side.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    folder: PathBuf,
    /// Whether the log is written past the system's cache. If not, a read past it would have to wait for what is written.
    past_cache: bool,
}

impl Checkpointer {
    pub(crate) fn new(folder: &Path, past_cache: bool) -> Self {
        Self { folder: folder.to_owned(), past_cache }
    }

    /// Begins a checkpoint of everything before `until`.
    pub(crate) fn begin(&self, until: u64) -> io::Result<Making> {
        let mut child = Command::new(program()?)
            .arg(SUBCOMMAND)
            .arg(&self.folder)
            .arg(until.to_string())
            .args(self.past_cache.then(|| format!("--{PAST_CACHE}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let Some(mut output) = child.stdout.take() else {
            return Err(io::Error::other("the child has no standard output"));
        };
        let read = move || {
            let mut said = Vec::new();
            output.read_to_end(&mut said).map(|_| said)
        };
        let reader = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(read)?;
        Ok(Making { child, reader })
    }

    /// Leave to remove files, as long as the value lives; none while a backup holds them.
    pub(crate) fn may_remove(&self) -> Option<Lock> {
        Lock::unheld(&self.folder).unwrap_or_else(|error| {
            tracing::error!(%error, "nothing is removed, since it cannot be told whether a backup is being made");
            None
        })
    }
}

/// The program that runs, also if its file has been replaced by another version.
fn program() -> io::Result<PathBuf> {
    let itself = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && itself.exists() { Ok(itself.to_owned()) } else { std::env::current_exe() }
}

/// A checkpoint that is being made.
#[derive(Debug)]
pub(crate) struct Making {
    child: Child,
    reader: JoinHandle<io::Result<Vec<u8>>>,
}

impl Making {
    /// Whether it is done, and how.
    pub(crate) fn is_done(&self) -> bool {
        self.reader.is_finished()
    }

    /// What came of it; waits for the end.
    pub(crate) fn finish(mut self) -> Result<Report, String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let said = self.reader.join().map_err(|_| "its output could not be read".to_owned())?;
        if !status.success() {
            return Err(format!("the process ended with {status}"));
        }
        let said = said.map_err(|error| error.to_string())?;
        Report::from_bytes(&said).map_err(|error| error.to_string())
    }

    /// Ends it.
    pub(crate) fn abandon(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
