//! One simulated hour.

use super::{Allowed, Simulation, Tally};
use crate::storage::Error;
use crate::storage::files::simulated::Crash;
use crate::storage::files::simulated::random::Random;
use crate::storage::tests::world::QUEUES;
use fanq_tests::history::Rules;

const HOUR_MS: u64 = 3_600_000;

/// Lives through an hour that the seed decides on. Panics if anything is not as it should be.
pub(in crate::storage::tests) fn hour(seed: u64) -> Tally {
    let mut random = Random::new(seed);
    let segment_bytes = random.pick(&[20 << 10, 20 << 10, 36 << 10, 68 << 10]);
    let mut simulation = Simulation::new(random.next(), segment_bytes);
    simulation.recover(Allowed::nothing());
    while simulation.time.elapsed_ms() < HOUR_MS {
        simulation.step();
    }
    simulation.disk.heal();
    simulation.disk.set_capacity(u64::MAX);
    simulation.finish().unwrap();
    simulation.tally
}

impl Allowed {
    /// A store that is not there yet.
    pub(in crate::storage::tests) fn nothing() -> Self {
        Self { fingerprints: vec![0], acknowledged: 0, least: 0 }
    }
}

impl Simulation {
    fn step(&mut self) {
        self.time.pass(self.random.between(1, 11_000));
        self.trouble();
        if let Err(error) = self.act() {
            self.fall(&error);
        }
    }

    fn act(&mut self) -> Result<(), Error> {
        self.furnish()?;
        match self.random.below(100) {
            0..=3 => return self.rest(),
            4 => return self.restart(),
            5..=14 => return self.carry(),
            _ => self.work()?,
        }
        if self.hub().behind() > 2 * self.segment_bytes {
            let made = self.checkpoint();
            // One that failed is tried again.
            made.or_else(|error| match error {
                Error::File { .. } if !self.disk.is_stopped() => Ok(()),
                error => Err(error),
            })?;
            if self.random.one_in(3) {
                self.check_older_checkpoint();
            }
        }
        Ok(())
    }

    /// Receives and deletes until nothing is left, and looks at what the clients saw and at what is left of the disk.
    fn finish(&mut self) -> Result<(), Error> {
        self.furnish()?;
        let now = self.hub().now().0;
        while let Some(planned) = self.clients.retry(&self.hub.as_ref().unwrap().machine, now) {
            self.perform(vec![vec![planned]], self.segment_bytes / 4)?;
        }
        let mut rounds = 0;
        while self.is_anything_left() {
            self.time.pass(15_000);
            for (queue, ..) in QUEUES {
                let machine = &self.hub.as_ref().unwrap().machine;
                let receive = self.clients.receive(machine, Some(queue));
                self.perform(vec![vec![receive]], 1_000)?;
                let delete = self.clients.delete_all(&self.hub.as_ref().unwrap().machine, queue);
                self.perform(vec![vec![delete]], 1_000)?;
            }
            rounds += 1;
            assert!(rounds < 2_000, "the queues never get empty");
        }
        self.time.pass(1);
        let now = self.hub().now().0;
        self.clients.drained(now);
        let violations = self.clients.history.check(Rules::per_second(1_000));
        assert!(violations.is_empty(), "{}", self.clients.history.explain(&violations));
        self.check_space()?;
        self.stop()?;
        let allowed = self.crash(Crash::Kill);
        self.recover(allowed);
        Ok(())
    }

    fn is_anything_left(&mut self) -> bool {
        self.hub().machine.queues().map(|queue| queue.counts()).any(|counts| counts != Default::default())
    }

    /// Nothing is live, so nearly nothing is left after two checkpoints.
    fn check_space(&mut self) -> Result<(), Error> {
        for _ in 0..3 {
            self.perform(vec![vec![]], 1_000)?;
            self.rest()?;
            self.checkpoint()?;
        }
        let hub = self.hub();
        let bytes = hub.segments().disk_bytes();
        assert!(bytes <= 8 * hub.segments().segment_bytes(), "{bytes} bytes of segments for nothing");
        Ok(())
    }
}
