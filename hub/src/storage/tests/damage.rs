//! A store that nobody uses is damaged, and then opened: nothing is lost silently, and no body has other bytes.

use super::super::Error;
use super::super::store::OpenError;
use super::hub::Hub;
use super::simulation::{Allowed, Simulation};
use crate::storage::files::simulated::random::Random;
use crate::storage::files::simulated::{Crash, SimulatedFiles};
use fanq_tests::history::read_body;
use std::time::Instant;

const SEGMENT_BYTES: u64 = 20 << 10;

const PAGE_BYTES: usize = 4096;

/// What came of damage.
#[derive(Debug, Default)]
struct Outcomes {
    /// Nothing needed what is damaged.
    harmless: u64,
    /// The checkpoint before it was used.
    healed: u64,
    /// The store is not opened.
    refused: u64,
    /// The store is opened, and says of some bodies that they are damaged.
    bodies: u64,
}

/// A store that is used for a while, and ends with a clean stop, or is killed when it had been idle.
fn closed_store(seed: u64) -> (Simulation, Allowed) {
    let mut simulation = Simulation::new(seed, SEGMENT_BYTES);
    simulation.start().unwrap();
    simulation.furnish().unwrap();
    for batch in 1..=simulation.random.between(5, 90) {
        simulation.time.pass(4_000);
        simulation.work().unwrap();
        match batch % 16 {
            5 => simulation.rest().unwrap(),
            9 | 15 => simulation.checkpoint().unwrap(),
            10 | 11 => simulation.carry().unwrap(),
            14 if simulation.random.one_in(2) => {
                simulation.rest().unwrap();
                let allowed = simulation.crash(Crash::Kill);
                simulation.start().unwrap();
                simulation.compare(&allowed);
            }
            _ => {}
        }
    }
    if simulation.random.one_in(2) { simulation.stop() } else { simulation.rest() }.unwrap();
    let allowed = simulation.crash(Crash::Kill);
    simulation.disk.write_back();
    (simulation, allowed)
}

/// Damages something; in words, what.
fn damage(disk: &SimulatedFiles, random: &mut Random) -> String {
    let names = disk.names();
    let name = &names[random.index(names.len())];
    let bytes = disk.content(name).len();
    match random.below(4) {
        0 => {
            let flips = random.between(1, 8);
            for _ in 0..flips {
                let (offset, bit) = (random.index(bytes), random.below(8) as u8);
                disk.flip(name, offset, bit);
            }
            format!("{flips} bits of {name} flipped")
        }
        1 => {
            let length = random.index(bytes);
            disk.damage(name, |content| content.truncate(length));
            format!("{name} cut off at {length}")
        }
        2 => {
            let from = random.index(bytes) / PAGE_BYTES * PAGE_BYTES;
            let to = (from + PAGE_BYTES * (1 + random.index(3))).min(bytes);
            disk.damage(name, |content| content[from..to].fill(0));
            format!("{name} zeroed from {from} to {to}")
        }
        _ => {
            disk.lose(name);
            format!("{name} removed")
        }
    }
}

fn try_one(seed: u64, outcomes: &mut Outcomes) {
    let (mut simulation, allowed) = closed_store(seed);
    let disk = simulation.disk.clone();
    let what = damage(&disk, &mut simulation.random);
    let hub = match Hub::start(disk.files(), &simulation.time, SEGMENT_BYTES, Random::new(seed)) {
        Ok(hub) => hub,
        Err(OpenError::Log(_)) => {
            outcomes.refused += 1;
            return;
        }
        Err(OpenError::Clock(error)) => panic!("seed={seed}: {what}: {error}"),
    };
    assert!(
        allowed.has(hub.machine.fingerprint()),
        "seed={seed}: {what}: something is lost, and nothing was said"
    );
    let mut damaged = 0;
    for (_, body) in hub.machine.live_bodies() {
        match hub.read(body) {
            Ok(bytes) => {
                let content = read_body(&String::from_utf8_lossy(&bytes));
                assert!(content.intact, "seed={seed}: {what}: a body has other bytes");
            }
            Err(Error::Body { .. }) => damaged += 1,
            Err(error) => panic!("seed={seed}: {what}: {error}"),
        }
    }
    let is_healed = disk.names().iter().any(|name| name.ends_with(".damaged"));
    let outcome = match (damaged, is_healed) {
        (0, false) => &mut outcomes.harmless,
        (0, true) => &mut outcomes.healed,
        _ => &mut outcomes.bodies,
    };
    *outcome += 1;
}

#[test]
fn damage_to_a_closed_store_is_never_silent() {
    let stores = std::env::var("FANQ_DAMAGED_STORES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let started = Instant::now();
    let mut outcomes = Outcomes::default();
    for seed in 0..stores {
        try_one(seed, &mut outcomes);
    }
    println!("{stores} damaged stores in {:.1} s: {outcomes:?}", started.elapsed().as_secs_f64());
    assert!(outcomes.harmless > 0 && outcomes.healed > 0 && outcomes.refused > 0 && outcomes.bodies > 0);
}
