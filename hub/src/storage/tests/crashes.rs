//! A crash at every call that changes the disk, and again at every such call of the recovery from it.

use super::super::Error;
use super::super::store::OpenError;
use super::hub::Hub;
use super::simulation::{Allowed, Simulation};
use crate::storage::files::simulated::random::Random;
use crate::storage::files::simulated::{Crash, SimulatedFiles, Stop};
use queue_core::Command;
use std::time::Instant;

const SEGMENT_BYTES: u64 = 20 << 10;

/// Batches of the workload.
const BATCHES: u64 = 90;

const STOPS: [Stop; 3] = [Stop::Before, Stop::Within, Stop::After];

const CRASHES: [Crash; 2] = [Crash::Kill, Crash::PowerLoss];

/// Of so many crashes one has its recovery crash at every call as well. If further workloads are asked for, each one.
const RECOVERIES: u64 = 10;

/// Everything that a store does: begins, fills segments, rotates, makes checkpoints, gives back and moves what is left,
/// rests, stops, and starts again.
fn workload(simulation: &mut Simulation) -> Result<(), Error> {
    start(simulation)?;
    for batch in 1..=BATCHES {
        simulation.time.pass(4_000);
        simulation.work()?;
        match batch % 15 {
            4 => simulation.rest()?,
            7 | 13 => simulation.checkpoint()?,
            8 | 9 | 14 => simulation.carry()?,
            _ => {}
        }
        if batch == BATCHES / 2 {
            simulation.stop()?;
            let allowed = simulation.crash(Crash::Kill);
            start(simulation)?;
            simulation.compare(&allowed);
        }
    }
    simulation.stop()
}

fn start(simulation: &mut Simulation) -> Result<(), Error> {
    match simulation.start() {
        Ok(()) => simulation.furnish(),
        Err(OpenError::Log(error)) => Err(error),
        Err(OpenError::Clock(error)) => panic!("{error}"),
    }
}

struct Tried {
    crashes: u64,
    again: u64,
}

/// Crashes the workload of a seed at every `every`th call from `first` on.
fn crash_everywhere(seed: u64, first: u64, every: u64, recoveries: u64) -> Tried {
    let mut whole = Simulation::new(seed, SEGMENT_BYTES);
    workload(&mut whole).unwrap();
    assert!(whole.tally.freed > 2 && whole.tally.carried > 2, "segments are given back, and bodies moved");
    let calls = whole.disk.calls();
    let mut tried = Tried { crashes: 0, again: 0 };
    for call in (1..=calls).skip(usize::try_from(first).unwrap()).step_by(usize::try_from(every).unwrap()) {
        for (stop, crash) in STOPS.iter().flat_map(|stop| CRASHES.map(|crash| (*stop, crash))) {
            let mut simulation = Simulation::new(seed, SEGMENT_BYTES);
            simulation.disk.stop_at(call, stop);
            let stopped = workload(&mut simulation);
            assert!(stopped.is_err() && simulation.disk.is_stopped(), "{stopped:?}");
            let allowed = simulation.crash(crash);
            let place = Place { simulation: &simulation, allowed: &allowed, what: (seed, call, stop, crash) };
            let recovery_calls = place.recover(&simulation.disk.fork(call));
            tried.crashes += 1;
            if (call + tried.crashes).is_multiple_of(recoveries) {
                tried.again += place.crash_again(recovery_calls);
            }
        }
    }
    tried
}

/// Where the first crash was.
struct Place<'a> {
    simulation: &'a Simulation,
    allowed: &'a Allowed,
    what: (u64, u64, Stop, Crash),
}

impl Place<'_> {
    fn start(&self, disk: &SimulatedFiles) -> Result<Hub, OpenError> {
        Hub::start(disk.files(), &self.simulation.time, SEGMENT_BYTES, Random::new(1))
    }

    /// Starts the hub, which must find what was acknowledged; then goes on a little, which must outlive a power loss.
    /// How many calls the start took.
    fn recover(&self, disk: &SimulatedFiles) -> u64 {
        let before = disk.calls();
        let mut hub = self.start(disk).unwrap_or_else(|error| panic!("{:?}: {error}", self.what));
        let calls = disk.calls() - before;
        self.allowed.place_of(hub.machine.fingerprint());
        hub.check_bodies();
        hub.write(vec![vec![(Command::Tick, Vec::new())]]).unwrap();
        hub.writer.sync().unwrap();
        hub.acknowledge();
        disk.crash(Crash::PowerLoss);
        let again =
            self.start(disk).unwrap_or_else(|error| panic!("{:?}, and after a start: {error}", self.what));
        assert_eq!(again.machine.digest(), hub.machine.digest(), "{:?}", self.what);
        again.check_bodies();
        calls
    }

    fn crash_again(&self, recovery_calls: u64) -> u64 {
        let mut crashes = 0;
        for call in 1..=recovery_calls {
            for (stop, crash) in STOPS.iter().flat_map(|stop| CRASHES.map(|crash| (*stop, crash))) {
                let disk = self.simulation.disk.fork(self.what.1 ^ call << 32);
                disk.stop_at(disk.calls() + call, stop);
                let started = self.start(&disk);
                assert!(started.is_err() && disk.is_stopped(), "{:?}", self.what);
                drop(started);
                disk.crash(crash);
                self.recover(&disk);
                crashes += 1;
            }
        }
        crashes
    }
}

fn show(seed: u64, started: Instant, tried: &Tried) {
    let seconds = started.elapsed().as_secs_f64();
    println!("workload {seed}: {} crashes, {} during recovery, {seconds:.1} s", tried.crashes, tried.again);
}

#[test]
fn a_crash_at_any_call_loses_nothing_1() {
    let started = Instant::now();
    show(1, started, &crash_everywhere(1, 0, 2, RECOVERIES));
}

#[test]
fn a_crash_at_any_call_loses_nothing_2() {
    let started = Instant::now();
    show(1, started, &crash_everywhere(1, 1, 2, RECOVERIES));
}

#[test]
#[ignore = "minutes for each workload: FANQ_CRASH_WORKLOADS says how many"]
fn a_crash_at_any_call_of_further_workloads_loses_nothing() {
    let workloads = std::env::var("FANQ_CRASH_WORKLOADS").ok().and_then(|text| text.parse::<u64>().ok());
    let recoveries = if workloads.is_some() { 1 } else { RECOVERIES };
    for seed in 2..2 + workloads.unwrap_or(1) {
        let started = Instant::now();
        show(seed, started, &crash_everywhere(seed, 0, 1, recoveries));
    }
}
