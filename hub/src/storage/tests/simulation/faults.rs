//! What is done to the hub and its disk.

use super::{Allowed, Mode, Simulation};
use crate::storage::Error;
use crate::storage::files::simulated::{Crash, Stop};
use crate::storage::format::{SEGMENT_HEADER_BYTES, checkpoint_position, segment_start};
use crate::storage::store::OpenError;
use fanq_tests::history::read_body;
use queue_core::SEAL_BYTES;

const STOPS: [Stop; 4] = [Stop::Before, Stop::Within, Stop::Within, Stop::After];

const HOUR_MS: i64 = 3_600_000;

impl Simulation {
    /// Prepares some trouble for the calls that come next.
    pub(super) fn trouble(&mut self) {
        let call = self.disk.calls() + self.random.between(1, 25);
        if self.random.one_in(40) {
            let stop = self.random.pick(&STOPS);
            self.disk.stop_at(call, stop);
        }
        if self.random.one_in(150) {
            self.disk.fail_at(call);
        }
        if self.random.one_in(60) {
            let space = self.random.below(3 * self.segment_bytes);
            self.disk.set_capacity(self.disk.used_bytes() + space);
        } else if self.random.one_in(20) {
            self.disk.set_capacity(u64::MAX);
        }
        if self.random.one_in(80) {
            self.time.set_wrong(self.random.pick(&[0, 0, 24 * 7 * HOUR_MS, -24 * HOUR_MS, 90_000]));
        }
    }

    /// A step went wrong: the process ends, or the machine.
    pub(super) fn fall(&mut self, error: &Error) {
        let crash = if self.disk.is_stopped() {
            self.random.pick(&[Crash::Kill, Crash::PowerLoss, Crash::PowerLoss])
        } else {
            assert!(matches!(error, Error::File { .. }), "{error}");
            self.random.pick(&[Crash::Kill, Crash::Kill, Crash::PowerLoss])
        };
        let allowed = self.crash(crash);
        self.recover(allowed);
    }

    /// Starts the hub again, however often that is interrupted.
    pub(super) fn recover(&mut self, mut allowed: Allowed) {
        let mut interruptions = self.random.below(4);
        loop {
            self.time.pass(self.random.below(20_000));
            if interruptions > 0 {
                interruptions -= 1;
                let call = self.disk.calls() + self.random.between(1, 14);
                if self.random.one_in(5) {
                    self.disk.fail_at(call);
                } else {
                    let stop = self.random.pick(&STOPS);
                    self.disk.stop_at(call, stop);
                }
            }
            match self.start() {
                Ok(()) => break,
                Err(_) if self.disk.is_stopped() => {
                    let crash = self.random.pick(&[Crash::Kill, Crash::PowerLoss, Crash::PowerLoss]);
                    self.crash_again(crash, &mut allowed);
                }
                Err(OpenError::Log(Error::File { .. })) => {
                    self.disk.set_capacity(u64::MAX);
                    self.crash_again(Crash::Kill, &mut allowed);
                }
                Err(error) => panic!("the store is refused: {error}"),
            }
        }
        self.disk.heal();
        self.compare(&allowed);
        let mode =
            self.random.pick(&[Mode::Sync, Mode::Sync, Mode::Sync, Mode::Late(30_000), Mode::Late(u64::MAX)]);
        self.set_mode(mode);
    }

    /// Ends the hub when the log says that everything is on the disk, and starts it again, perhaps damaged.
    pub(super) fn restart(&mut self) -> Result<(), Error> {
        if self.random.one_in(2) { self.stop() } else { self.rest() }?;
        self.disk.heal();
        let crash = self.random.pick(&[Crash::Kill, Crash::PowerLoss]);
        let allowed = self.crash(crash);
        if self.random.one_in(2) {
            self.flip(&allowed);
        }
        self.recover(allowed);
        Ok(())
    }

    /// Changes a bit somewhere: that has no effect, or is refused, or shows when the body in which it is is read.
    fn flip(&mut self, allowed: &Allowed) {
        let names: Vec<_> =
            self.disk.names().into_iter().filter(|name| !self.disk.content(name).is_empty()).collect();
        if names.is_empty() {
            return;
        }
        let name = &names[self.random.index(names.len())];
        let bytes = self.disk.content(name).len();
        let (offset, bit) = (self.random.index(bytes), self.random.below(8) as u8);
        let before = self.disk.content(name)[offset];
        self.disk.flip(name, offset, bit);
        self.disk.set_capacity(u64::MAX);
        match self.start() {
            Ok(()) => self.check_flipped(name, offset, allowed),
            Err(OpenError::Log(error)) => {
                assert!(
                    covers(&error, name, offset as u64, bytes as u64),
                    "{error}: bit {bit} at {offset} of {name} is elsewhere"
                );
                self.tally.flips_refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
        self.hub = None;
        self.disk.crash(Crash::Kill);
        let is_there = self.disk.names().contains(name) && self.disk.content(name).len() == bytes;
        if is_there && self.disk.content(name)[offset] == before ^ (1 << bit) {
            self.disk.flip(name, offset, bit);
        }
        for name in self.disk.names().iter().filter(|name| name.ends_with(".damaged")) {
            self.disk.lose(name);
        }
    }

    fn check_flipped(&mut self, name: &str, offset: usize, allowed: &Allowed) {
        let hub = self.hub();
        allowed.place_of(hub.machine.fingerprint());
        let mut damaged = 0;
        for (_, body) in hub.machine.live_bodies() {
            let is_flipped = segment_start(name).map(|start| start + offset as u64).is_some_and(|at| {
                (body.position.0..body.position.0 + u64::from(body.bytes) + SEAL_BYTES as u64).contains(&at)
            });
            match hub.read(body) {
                Ok(bytes) => {
                    assert!(
                        !is_flipped && read_body(std::str::from_utf8(&bytes).unwrap()).intact,
                        "wrong bytes"
                    );
                }
                Err(Error::Body { .. }) if is_flipped => damaged += 1,
                Err(error) => panic!("{error}"),
            }
        }
        self.tally.flips_in_bodies += damaged;
        self.tally.flips_without_effect += 1 - damaged;
    }
}

/// Whether a refusal names the place.
fn covers(error: &Error, name: &str, offset: u64, bytes: u64) -> bool {
    let at = segment_start(name).map(|start| start + offset);
    match error {
        Error::Damaged { from, to } => at.is_some_and(|at| (from.0..to.0).contains(&at)),
        Error::DamagedBodies { count, first } => {
            *count == 1 && at.is_some_and(|at| at >= first.0 && at < first.0 + (1 << 20))
        }
        Error::Missing { position } => {
            segment_start(name).is_some_and(|start| (start..start + bytes).contains(&position.0))
        }
        // Its header is all that tells of a run.
        Error::MissingRun { .. } => at.is_some() && offset < SEGMENT_HEADER_BYTES,
        Error::Version { file, .. } | Error::DamagedFile { file } => file == name,
        // Without one, the log must be there from its beginning.
        Error::NoCheckpoint => {
            checkpoint_position(name).is_some() || (at == Some(offset) && offset < SEGMENT_HEADER_BYTES)
        }
        Error::File { .. }
        | Error::Entry { .. }
        | Error::State { .. }
        | Error::Body { .. }
        | Error::MissingFile { .. }
        | Error::OtherStore { .. }
        | Error::Diverged { .. }
        | Error::InUse { .. }
        | Error::TooLarge { .. }
        | Error::Closed => false,
    }
}
