//! A log without a machine: records behind one another, so that one of them can be harmed.

use super::super::files::simulated::{Crash, SimulatedFiles};
use super::super::format::{SegmentHeader, record_key, segment_name, segment_start};
use super::super::segments::Claim;
use super::super::store::{self, Begun, Progress};
use super::super::survey::Survey;
use super::super::walk::Walk;
use super::super::writer::{Paper, Pending, Placed, Writer};
use super::super::{Error, seal};
use queue_core::{BodyRef, Command, Header, Outgoing, Position, Proposal, QueueId, Send, Timestamp};

pub(super) const SEGMENT_BYTES: u64 = 20 << 10;

pub(super) const STORE: u128 = 77;

pub(super) struct Line {
    pub(super) disk: SimulatedFiles,
    pub(super) writer: Writer,
    batch: u64,
}

/// What a walk found: the number of each entry, the damaged bodies, and where the log ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) entries: Vec<u64>,
    pub(super) damaged: usize,
    pub(super) end: u64,
}

impl Line {
    /// A new store.
    pub(super) fn new() -> Self {
        Self::open(&SimulatedFiles::new(1))
    }

    /// The next run.
    pub(super) fn open(disk: &SimulatedFiles) -> Self {
        Self::try_open(disk).unwrap()
    }

    pub(super) fn try_open(disk: &SimulatedFiles) -> Result<Self, Error> {
        let begun: Begun<()> =
            store::begin(&disk.files(), SEGMENT_BYTES, STORE, &Progress::default(), |_| Ok::<_, Error>(()))?;
        Ok(Self { disk: disk.clone(), batch: 1_000 * begun.run, writer: begun.writer })
    }

    /// Writes entries with one call, each with a body of that many bytes, and makes them durable.
    pub(super) fn add(&mut self, bodies: &[u32]) -> Vec<Placed> {
        let placed = self.write(bodies);
        self.writer.sync().unwrap();
        placed
    }

    pub(super) fn write(&mut self, bodies: &[u32]) -> Vec<Placed> {
        let records = bodies.iter().map(|bytes| {
            self.batch += 1;
            let header = Header {
                time: Timestamp(self.batch),
                seed: u128::from(self.batch),
                run: self.writer.run(),
                batch: self.batch,
            };
            Pending::new(&header, &[send(*bytes)], &mut Paper::default())
        });
        let records = records.collect();
        let (run, segments) = (self.writer.run(), self.writer.segments().clone());
        self.writer
            .write(records, &mut || segments.make(run, SegmentHeader::CONTINUES, Claim::Quick))
            .unwrap()
    }

    /// The process ends; the disk has everything.
    pub(super) fn end(self) -> SimulatedFiles {
        self.disk.crash(Crash::Kill);
        self.disk.write_back();
        self.disk
    }
}

/// A command that brings a body.
fn send(bytes: u32) -> Proposal {
    let body = BodyRef { position: Position(0), bytes };
    let message = Outgoing { body, delay: None, group: None, deduplication: None };
    let command = Command::Send(Send { queue: QueueId(1), messages: vec![message] });
    Proposal::new(&command, vec![vec![b'b'; bytes as usize]], seal)
}

/// Reads the log from its beginning.
pub(super) fn walk(disk: &SimulatedFiles) -> Result<Found, Error> {
    let survey = Survey::make(disk)?;
    let first = survey.runs().first().copied().unwrap();
    let mut walk = Walk::new(disk, &survey, record_key(STORE), first.number, first.begin)?;
    let (mut entries, mut damaged) = (Vec::new(), 0);
    while let Some(step) = walk.next()? {
        entries.push(step.entry.header.batch);
        damaged += step.damaged.len();
    }
    Ok(Found { entries, damaged, end: walk.position() })
}

/// Changes bytes of the log from a position on.
pub(super) fn overwrite(disk: &SimulatedFiles, position: u64, bytes: &[u8]) {
    let starts = disk.names().iter().filter_map(|name| segment_start(name)).collect::<Vec<_>>();
    let start = starts.into_iter().filter(|start| *start <= position).max().unwrap();
    let from = usize::try_from(position - start).unwrap();
    disk.damage(&segment_name(start), |content| content[from..from + bytes.len()].copy_from_slice(bytes));
}

/// The range that a refusal names.
pub(super) fn range<T: std::fmt::Debug>(result: Result<T, Error>) -> (u64, u64) {
    match result {
        Err(Error::Damaged { from, to }) => (from.0, to.0),
        other => panic!("{other:?}"),
    }
}
