//! Simulated hours, each from its seed.

use super::simulation::{Tally, hour};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const SEED: &str = "FANQ_SIMULATION_SEED";
const HOURS: &str = "FANQ_SIMULATION_HOURS";

/// Lives through hours with seeds from `first` on, and says what happened. A failure says how to repeat it.
fn live(first: u64, hours: u64) {
    let started = Instant::now();
    let mut sum = Tally::default();
    for seed in first..first + hours {
        match catch_unwind(AssertUnwindSafe(|| hour(seed))) {
            Ok(tally) => sum.add(tally),
            Err(panic) => {
                show_failure(seed);
                resume_unwind(panic);
            }
        }
    }
    show(hours, started, &sum);
}

fn show_failure(seed: u64) {
    println!("seed={seed} failed; to repeat it: tests/simulate.sh --seed {seed} --hours 1");
}

fn show(hours: u64, started: Instant, sum: &Tally) {
    let speed = hours as f64 * 3_600.0 / started.elapsed().as_secs_f64();
    println!("{hours} hours, {} crashes, {speed:.0} x real time\n{sum:#?}", sum.crashes);
    assert!(sum.crashes >= 10 * hours, "there are at least ten crashes in an hour");
}

#[test]
fn simulated_hours_lose_nothing_1() {
    live(0, 125);
}

#[test]
fn simulated_hours_lose_nothing_2() {
    live(1_000_000, 125);
}

#[test]
fn simulated_hours_lose_nothing_3() {
    live(2_000_000, 125);
}

#[test]
fn simulated_hours_lose_nothing_4() {
    live(3_000_000, 125);
}

#[test]
fn the_same_seed_lives_the_same_hour() {
    assert_eq!(hour(17), hour(17));
    assert_ne!(hour(17), hour(18));
}

/// What `tests/simulate.sh` runs, on all cores.
#[test]
#[ignore = "a longer simulation, on demand: tests/simulate.sh"]
fn simulated_hours_on_demand() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, hours) = (number(SEED).unwrap_or(0), number(HOURS).unwrap_or(200));
    let started = Instant::now();
    let next = AtomicU64::new(first);
    let sum = Mutex::new((Tally::default(), 0_u64));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + hours {
                return;
            }
            let lived = catch_unwind(|| hour(seed));
            let mut sum = sum.lock().unwrap();
            match lived {
                Ok(tally) => sum.0.add(tally),
                Err(_) => {
                    show_failure(seed);
                    sum.1 += 1;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    let (tally, failed) = sum.into_inner().unwrap();
    assert_eq!(failed, 0, "of {hours} hours failed");
    show(hours, started, &tally);
}
