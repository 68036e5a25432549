//! A hub without threads, wire or waiting: the machine, the log below it, and what keeps the store in order, each step
//! when the test says so.

use super::super::checkpoint::{self, Place};
use super::super::clock::LogClock;
use super::super::files::Files;
use super::super::format::{
    RECORD_HEADER_BYTES, SEAL_RECORD_BYTES, SegmentHeader, checkpoint_name, checkpoint_position,
};
use super::super::making;
use super::super::plan::{self, Report};
use super::super::segments::{Claim, Segments};
use super::super::store::{self, ClockOptions, OpenError, Progress};
use super::super::witness::Witness;
use super::super::writer::{Paper, Pending, Ready, Writer};
use super::super::{Error, seal};
use super::time::Time;
use crate::storage::files::simulated::random::Random;
use bytes::Bytes;
use fanq_tests::history::read_body;
use queue_core::{
    Applied, BodyRef, Carried, Carry, Command, Entry, Header, Holder, Machine, Position, Proposal, Timestamp,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Commands with their bodies, for one entry.
pub(super) type Commands = Vec<(Command, Vec<Vec<u8>>)>;

pub(super) struct Hub {
    pub(super) files: Arc<dyn Files>,
    pub(super) machine: Machine,
    pub(super) writer: Writer,
    pub(super) store: u128,
    pub(super) checkpoints: Vec<(u64, u64)>,
    pub(super) carry: VecDeque<(Holder, BodyRef)>,
    /// Entries that were to be written and are not acknowledged.
    pub(super) pending: Vec<(Position, Entry)>,
    clock: Arc<LogClock>,
    time: Time,
    batch: u64,
    witness: Witness,
    ready: Option<Ready>,
    seeds: Random,
    /// Log time that was shown last, and what had elapsed by then.
    shown: (Timestamp, u64),
}

impl Hub {
    pub(super) fn start(
        files: Arc<dyn Files>,
        time: &Time,
        segment_bytes: u64,
        mut seeds: Random,
    ) -> Result<Self, OpenError> {
        let new_store = u128::from(seeds.next());
        let begun = store::begin(&files, segment_bytes, new_store, &Progress::default(), |machine| {
            let options = ClockOptions::default();
            LogClock::resuming(machine.time(), machine.clock(), options, time.sources())
                .map_err(OpenError::from)
        })?;
        let clock = begun.ticket;
        let now = clock.now();
        assert_eq!(now, begun.machine.time().max(time.wall()), "log time goes on where it ended, or later");
        Ok(Self {
            files,
            machine: begun.machine,
            writer: begun.writer,
            store: begun.store,
            checkpoints: begun.checkpoints,
            carry: VecDeque::new(),
            pending: Vec::new(),
            clock,
            time: time.clone(),
            batch: 0,
            witness: Witness::default(),
            ready: None,
            seeds,
            shown: (now, time.elapsed_ms()),
        })
    }

    pub(super) fn segments(&self) -> &Arc<Segments> {
        self.writer.segments()
    }

    /// Log time, which goes on with what elapses, whatever becomes of the wall clock.
    pub(super) fn now(&mut self) -> Timestamp {
        let now = self.clock.now();
        let elapsed = self.time.elapsed_ms();
        assert_eq!(now.0.wrapping_sub(self.shown.0.0), elapsed - self.shown.1, "log time goes on smoothly");
        self.shown = (now, elapsed);
        now
    }

    /// Has the next segment ready.
    pub(super) fn supply(&mut self) -> Result<(), Error> {
        if self.ready.is_none() {
            self.ready = Some(self.make()?);
        }
        Ok(())
    }

    fn make(&self) -> Result<Ready, Error> {
        self.segments().make(self.writer.run(), SegmentHeader::CONTINUES, Claim::Written)
    }

    /// Whether entries of that size can be written without a segment that is not there.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.ready.is_some() || bytes + 4 * SEAL_RECORD_BYTES <= self.writer.left()
    }

    /// Writes entries with one call. None of it is acknowledged before [`Self::acknowledge`].
    pub(super) fn write(&mut self, entries: Vec<Commands>) -> Result<(), Error> {
        let mut records = Vec::new();
        let (mut end, mut left) = (self.writer.end(), self.writer.left());
        for commands in entries {
            self.time.pass(1);
            let proposals: Vec<_> =
                commands.into_iter().map(|(command, bodies)| Proposal::new(&command, bodies, seal)).collect();
            self.batch += 1;
            let header = Header {
                time: self.now(),
                seed: u128::from(self.seeds.next()) << 64 | u128::from(self.seeds.next()),
                run: self.writer.run(),
                batch: self.batch,
            };
            let record = Pending::new(&header, &proposals, &mut Paper::default());
            if record.bytes() + SEAL_RECORD_BYTES > left
                && let Some((next, _)) = &self.ready
            {
                (end, left) = (next.first_record(), next.end() - next.first_record());
            }
            let position = Position(end + RECORD_HEADER_BYTES as u64);
            let mut bytes = Vec::new();
            Entry::encode(&header, &proposals, &mut bytes);
            self.pending.push((position, Entry::decode(position, &bytes).unwrap()));
            (end, left) = (end + record.bytes(), left - record.bytes());
            records.push(record);
        }
        let Self { writer, ready, .. } = self;
        let placed =
            writer.write(records, &mut || Ok(ready.take().expect("one segment is enough for a batch")))?;
        let unacknowledged = &self.pending[self.pending.len() - placed.len()..];
        for (placed, (position, entry)) in placed.iter().zip(unacknowledged) {
            assert_eq!(placed.header.entry_position(), *position);
            assert_eq!(Entry::decode(*position, placed.entry()).unwrap(), *entry);
        }
        Ok(())
    }

    /// Applies everything that was written, in order. What came of it, and the fingerprint after each entry.
    pub(super) fn acknowledge(&mut self) -> Vec<(Entry, Applied, u64)> {
        let pending = std::mem::take(&mut self.pending);
        let apply = |(position, entry): (Position, Entry)| {
            let applied = self.machine.apply(&entry);
            self.witness.observe(position, &entry, &self.machine).unwrap();
            (entry, applied, self.machine.fingerprint())
        };
        pending.into_iter().map(apply).collect()
    }

    /// Applies something that is not in the log, which only a bug would do.
    pub(super) fn apply_unlogged(&mut self, command: Command) -> Applied {
        let header = Header { time: self.now(), seed: 0, run: self.writer.run(), batch: 0 };
        self.machine.apply(&Entry { header, commands: vec![command] })
    }

    pub(super) fn read(&self, body: BodyRef) -> Result<Bytes, Error> {
        let segment = self.segments().holding(body.position.0).ok_or_else(|| Error::no_body(body))?;
        self.segments().read(&segment, body)
    }

    /// Every body that something holds is what was written.
    pub(super) fn check_bodies(&self) {
        for (_, body) in self.machine.live_bodies() {
            let bytes = self.read(body).unwrap();
            assert!(read_body(std::str::from_utf8(&bytes).unwrap()).intact, "a body is what was written");
        }
    }

    /// Bytes of log since the last checkpoint.
    pub(super) fn behind(&self) -> u64 {
        self.writer.durable_to() - self.checkpoints.last().map_or(0, |(position, _)| *position)
    }

    /// Makes a checkpoint as the child process does, and uses it as the keeper does. What was free.
    pub(super) fn checkpoint(&mut self) -> Result<(Report, Vec<u64>), Error> {
        let report = making::advance(&*self.files, self.writer.durable_to())?;
        self.checkpoints.retain(|(position, _)| *position != report.position);
        self.checkpoints.push((report.position, report.bytes));
        self.prune()?;
        let mut free = Vec::new();
        if self.checkpoints.len() > 1 {
            free = plan::free(&self.segments().used(), self.checkpoints[0].0, &report.live);
            self.segments().retire(&free)?;
        }
        self.carry = report.carry.clone().into();
        Ok((report, free))
    }

    fn prune(&mut self) -> Result<(), Error> {
        while self.checkpoints.len() > 2 {
            let name = checkpoint_name(self.checkpoints.remove(0).0);
            self.files.remove(&name).map_err(|source| Error::file(&name, source))?;
        }
        Ok(())
    }

    /// The command that moves a few bodies to the end of the log.
    pub(super) fn carrying(&mut self, bytes_max: usize) -> Commands {
        let (mut carried, mut bodies, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < bytes_max
            && let Some((holder, from)) = self.carry.pop_front()
        {
            // It may be gone since.
            let Some(segment) = self.segments().holding(from.position.0) else { continue };
            let body = self.segments().read(&segment, from).unwrap();
            bytes += body.len();
            bodies.push(body.to_vec());
            carried.push(Carried {
                holder,
                from: from.position,
                body: BodyRef { position: Position(0), ..from },
            });
        }
        vec![(Command::Carry(Carry { bodies: carried }), bodies)]
    }

    /// What a clean stop does.
    pub(super) fn stop(&mut self) -> Result<(), Error> {
        self.writer.mark()?;
        let place = Place { store: self.store, position: self.writer.end(), run: self.writer.run() };
        checkpoint::write(&*self.files, place, &self.machine, &|| false)?;
        let names = self.files.list().map_err(|source| Error::file(".", source))?;
        let mut found: Vec<_> = names.iter().filter_map(|name| checkpoint_position(name)).collect();
        found.sort_unstable();
        self.checkpoints = found.into_iter().map(|position| (position, 0)).collect();
        self.prune()
    }
}
