//! A hub with its clients and its disk, all from one seed.
//!
//! Every step is one that the hub takes by itself or a fault of what it runs on. After a crash the state must be that
//! after some prefix of the log with all that was acknowledged, and every body must read back.

mod faults;
mod hour;

pub(super) use hour::hour;

use super::super::store::OpenError;
use super::super::writer::is_full;
use super::super::{Error, planted, recovery, store, survey};
use super::clients::{Clients, Fate, Planned};
use super::hub::{Commands, Hub};
use super::time::Time;
use super::world;
use crate::storage::files::simulated::random::Random;
use crate::storage::files::simulated::{Crash, SimulatedFiles};
use queue_core::{Applied, Command, Entry};

/// When entries are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// When they are on the disk.
    Sync,
    /// When they are written; they are on the disk at most so many milliseconds later.
    Late(u64),
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) crashes: u64,
    pub(super) power_losses: u64,
    pub(super) entries: u64,
    pub(super) checkpoints: u64,
    pub(super) freed: u64,
    pub(super) carried: u64,
    pub(super) undone: u64,
    pub(super) refusals_for_space: u64,
    pub(super) flips_without_effect: u64,
    pub(super) flips_refused: u64,
    pub(super) flips_in_bodies: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.power_losses += other.power_losses;
        self.entries += other.entries;
        self.checkpoints += other.checkpoints;
        self.freed += other.freed;
        self.carried += other.carried;
        self.undone += other.undone;
        self.refusals_for_space += other.refusals_for_space;
        self.flips_without_effect += other.flips_without_effect;
        self.flips_refused += other.flips_refused;
        self.flips_in_bodies += other.flips_in_bodies;
    }
}

pub(super) struct Simulation {
    pub(super) disk: SimulatedFiles,
    pub(super) time: Time,
    pub(super) clients: Clients,
    pub(super) random: Random,
    pub(super) tally: Tally,
    pub(super) segment_bytes: u64,
    mode: Mode,
    hub: Option<Hub>,
    /// The fingerprints after the entries since the last that is surely on the disk, which is the first here.
    trail: Vec<u64>,
    synced_ms: u64,
}

/// The states that a restart may lead to.
pub(super) struct Allowed {
    /// Ascending, the last of them with what nobody acknowledged.
    fingerprints: Vec<u64>,
    /// What was acknowledged leads to this one.
    acknowledged: usize,
    /// The least that must be there.
    least: usize,
}

impl Simulation {
    pub(super) fn new(seed: u64, segment_bytes: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            disk: SimulatedFiles::new(random.next()),
            time: Time::default(),
            clients: Clients::new(random.split(), segment_bytes / 16),
            random,
            tally: Tally::default(),
            segment_bytes,
            mode: Mode::Sync,
            hub: None,
            trail: vec![0],
            synced_ms: 0,
        }
    }

    pub(super) fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    pub(super) fn hub(&mut self) -> &mut Hub {
        self.hub.as_mut().unwrap()
    }

    /// Starts the hub on what the disk holds, and creates what its queues and topics lack.
    pub(super) fn start(&mut self) -> Result<(), OpenError> {
        let hub = Hub::start(self.disk.files(), &self.time, self.segment_bytes, self.random.split())?;
        self.hub = Some(hub);
        Ok(())
    }

    pub(super) fn furnish(&mut self) -> Result<(), Error> {
        while let Some(commands) = world::missing(&self.hub().machine) {
            self.hub().supply()?;
            self.put(vec![commands])?;
        }
        Ok(())
    }

    /// Writes entries and has them acknowledged.
    fn put(&mut self, entries: Vec<Commands>) -> Result<Vec<(Entry, Applied, u64)>, Error> {
        self.hub().write(entries)?;
        let is_synced = self.sync_if_due()?;
        let applied = self.hub().acknowledge();
        self.tally.entries += applied.len() as u64;
        self.trail.extend(applied.iter().map(|(_, _, fingerprint)| *fingerprint));
        if is_synced {
            self.synced();
        }
        Ok(applied)
    }

    fn sync_if_due(&mut self) -> Result<bool, Error> {
        let (mode, since) = (self.mode, self.time.elapsed_ms() - self.synced_ms);
        let hub = self.hub();
        let is_due = match mode {
            Mode::Sync => true,
            Mode::Late(interval) => since >= interval || hub.writer.has_left_a_segment(),
        };
        if is_due {
            hub.writer.sync()?;
        }
        Ok(is_due)
    }

    /// Everything that was acknowledged is on the disk.
    fn synced(&mut self) {
        self.synced_ms = self.time.elapsed_ms();
        self.trail.drain(..self.trail.len() - 1);
        self.clients.settle();
    }

    /// The clients do a few things at once, and those who are answered write down how.
    pub(super) fn work(&mut self) -> Result<(), Error> {
        let now = self.hub().now().0;
        let mut bytes = 0;
        let mut entries = Vec::new();
        for _ in 0..self.random.between(1, 3) {
            let mut entry = Vec::new();
            for _ in 0..self.random.between(1, 4) {
                if bytes < self.segment_bytes / 2 {
                    let planned = self.clients.plan(&self.hub.as_ref().unwrap().machine, now);
                    bytes += 200 + planned.bodies.iter().map(|body| body.len() as u64).sum::<u64>();
                    entry.push(planned);
                }
            }
            if !entry.is_empty() {
                entries.push(entry);
            }
        }
        self.perform(entries, bytes)
    }

    pub(super) fn perform(&mut self, entries: Vec<Vec<Planned>>, bytes: u64) -> Result<(), Error> {
        let supplied = self.hub().supply();
        let fits = self.hub().has_room(bytes);
        let refused = match supplied {
            Err(error) if !is_full(&error) => Some(error),
            Ok(()) | Err(_) => None,
        };
        if refused.is_some() || !fits {
            self.tally.refusals_for_space += u64::from(refused.is_none());
            let (at, hub) = (self.hub().now().0, self.hub.as_ref().unwrap());
            let all = entries.into_iter().flatten();
            all.for_each(|planned| self.clients.finish(planned, at, &Fate::Refused, hub));
            return refused.map_or(Ok(()), Err);
        }
        let commands = |entry: &Vec<Planned>| {
            let logged = entry.iter().filter(|planned| !is_unlogged(&planned.command));
            logged.map(|planned| (planned.command.clone(), planned.bodies.clone())).collect()
        };
        let put = self.put(entries.iter().map(commands).collect());
        let place = self.trail.len() - 1;
        match put {
            Err(error) => {
                let hub = self.hub.as_ref().unwrap();
                for (entry, (_, written)) in entries.into_iter().zip(&hub.pending) {
                    for planned in entry {
                        self.clients.finish(planned, written.header.time.0, &Fate::Unknown, hub);
                    }
                }
                Err(error)
            }
            Ok(applied) => {
                let first = (place + 1).saturating_sub(applied.len());
                for (number, (entry, (written, applied, _))) in entries.into_iter().zip(applied).enumerate() {
                    self.answer(entry, &written, applied, first + number);
                }
                Ok(())
            }
        }
    }

    fn answer(&mut self, entry: Vec<Planned>, written: &Entry, applied: Applied, place: usize) {
        let mut replies = applied.replies.into_iter();
        for planned in entry {
            let reply = if is_unlogged(&planned.command) {
                self.hub().apply_unlogged(planned.command.clone()).replies.remove(0)
            } else {
                replies.next().unwrap()
            };
            let hub = self.hub.as_ref().unwrap();
            self.clients.finish(planned, written.header.time.0, &Fate::Done(&reply, place), hub);
        }
        if self.trail.len() == 1 {
            self.clients.settle();
        }
    }

    /// Nothing has come for a while.
    pub(super) fn rest(&mut self) -> Result<(), Error> {
        self.hub().writer.mark()?;
        self.synced();
        Ok(())
    }

    /// Makes a checkpoint, gives back what is free, and compares what could go wrong with that.
    pub(super) fn checkpoint(&mut self) -> Result<(), Error> {
        let hub = self.hub();
        let (report, free) = hub.checkpoint()?;
        for (_, body) in hub.machine.live_bodies() {
            let is_in = |start: &&u64| {
                body.position.0 >= **start
                    && body.position.0 < **start + hub.writer.segments().segment_bytes()
            };
            assert_eq!(free.iter().find(is_in), None, "a segment with a live body was freed");
        }
        assert!(report.bytes > 0);
        self.tally.checkpoints += 1;
        self.tally.freed += free.len() as u64;
        Ok(())
    }

    /// Executes the log from the older checkpoint, which must lead to the same state.
    pub(super) fn check_older_checkpoint(&mut self) {
        let hub = self.hub.as_ref().unwrap();
        let mut survey = survey::Survey::make(&*hub.files).unwrap();
        if survey.checkpoints.len() > 1 {
            survey.checkpoints.pop();
            let progress = store::Progress::default();
            let found = recovery::replay(&*hub.files, &survey, hub.store, None, &progress).unwrap();
            assert_eq!(
                found.machine.digest(),
                hub.machine.digest(),
                "the same entries lead to the same state"
            );
        }
    }

    /// Moves a few bodies to the end of the log.
    pub(super) fn carry(&mut self) -> Result<(), Error> {
        let bytes = self.segment_bytes / 4;
        if self.hub().carry.is_empty() || self.hub().supply().is_err() || !self.hub().has_room(2 * bytes) {
            return if self.disk.is_stopped() { Err(Error::Closed) } else { Ok(()) };
        }
        let carrying = self.hub().carrying(usize::try_from(bytes).unwrap());
        self.tally.carried += carrying[0].1.len() as u64;
        self.put(vec![carrying]).map(drop)
    }

    pub(super) fn stop(&mut self) -> Result<(), Error> {
        self.hub().stop()?;
        self.synced();
        Ok(())
    }

    /// Ends the hub as a crash does. Says which states the next start may find.
    pub(super) fn crash(&mut self, crash: Crash) -> Allowed {
        let mut fingerprints = self.trail.clone();
        let acknowledged = fingerprints.len() - 1;
        if let Some(mut hub) = self.hub.take() {
            for (_, entry) in std::mem::take(&mut hub.pending) {
                hub.machine.apply(&entry);
                fingerprints.push(hub.machine.fingerprint());
            }
        }
        let mut allowed = Allowed { fingerprints, acknowledged, least: acknowledged };
        self.crash_again(crash, &mut allowed);
        allowed
    }

    pub(super) fn crash_again(&mut self, crash: Crash, allowed: &mut Allowed) {
        self.tally.crashes += 1;
        if crash == Crash::PowerLoss {
            self.tally.power_losses += 1;
            allowed.least = 0;
        }
        self.disk.crash(crash);
    }

    /// Compares what a start found with what was there before.
    pub(super) fn compare(&mut self, allowed: &Allowed) {
        let hub = self.hub.as_ref().unwrap();
        let found = allowed.place_of(hub.machine.fingerprint());
        self.check_bodies();
        if found < allowed.acknowledged {
            self.tally.undone += (allowed.acknowledged - found) as u64;
            self.clients.undo(found + 1);
        }
        self.trail = vec![allowed.fingerprints[found]];
        self.clients.settle();
        self.synced_ms = self.time.elapsed_ms();
    }

    /// Every body that something holds is what was written.
    pub(super) fn check_bodies(&self) {
        self.hub.as_ref().unwrap().check_bodies();
    }
}

impl Allowed {
    /// Whether it is the state with all that was acknowledged.
    pub(super) fn has(&self, fingerprint: u64) -> bool {
        self.fingerprints[self.acknowledged] == fingerprint
    }

    /// Which of the states it is.
    pub(super) fn place_of(&self, fingerprint: u64) -> usize {
        let found = self.fingerprints.iter().rposition(|allowed| *allowed == fingerprint);
        let found = found.expect("the state after a restart is one that there was");
        assert!(found >= self.least, "{} acknowledged entries are lost", self.least - found);
        found
    }
}

/// With the bug, a delete is applied and nothing is written.
fn is_unlogged(command: &Command) -> bool {
    planted::is(planted::Bug::DeleteNotLogged) && matches!(command, Command::Delete(_))
}
