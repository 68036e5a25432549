//! A hub that is killed under load loses nothing, whenever that happens and however often.
//!
//! `FANQ_KILL_ROUNDS` says how many kills there are, `FANQ_KILL_SEED` where the randomness begins (it is printed), and
//! `FANQ_KILL_DURABILITY` how often the log is synced; what the kernel has been given outlives the process in any case.

use std::time::{Duration, Instant};

use fanq_tests::{Hub, TemporaryFolder};

use crate::load::Load;
use crate::load::random::Random;

/// Rounds of the ordinary test.
const ROUNDS: u64 = 20;

/// So many rounds have one folder and one history.
const ROUNDS_PER_STORE: u64 = 10;

/// How long the load runs before a hub is ended.
const LOAD: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(1_500));

/// How long a hub that is killed while it starts may have had.
const START: (Duration, Duration) = (Duration::ZERO, Duration::from_millis(60));

/// For a hub that was asked to stop.
const STOP: Duration = Duration::from_secs(15);

/// What was done to hubs.
#[derive(Debug, Default)]
struct Ends {
    kills: u64,
    kills_while_starting: u64,
    stops: u64,
    longest_start: Duration,
}

#[test]
fn a_hub_that_is_killed_loses_nothing() {
    let rounds = std::env::var("FANQ_KILL_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let durability = std::env::var("FANQ_KILL_DURABILITY").unwrap_or_else(|_| "sync".to_owned());
    let seed = Random::seed("FANQ_KILL_SEED");
    println!("FANQ_KILL_SEED={seed} FANQ_KILL_ROUNDS={rounds} FANQ_KILL_DURABILITY={durability}");
    let mut random = Random::new(seed);
    let mut left = rounds;
    while left > 0 {
        let in_this_store = left.min(ROUNDS_PER_STORE);
        run_store(in_this_store, &durability, &mut random);
        left -= in_this_store;
    }
}

/// Some rounds on one folder, and then a look at all that happened.
fn run_store(rounds: u64, durability: &str, random: &mut Random) {
    let folder = TemporaryFolder::new();
    let mut hub = Hub::start_in(folder.path(), &["--durability", durability]);
    let load = Load::begin(hub.address, random.next());
    let mut ends = Ends::default();
    for _ in 0..rounds {
        load.run_for(random.time(LOAD.0, LOAD.1));
        end(&mut hub, random, &mut ends);
        load.gone();
        let began = Instant::now();
        hub = start_again(hub, random, &mut ends);
        ends.longest_start = ends.longest_start.max(began.elapsed());
        load.back(hub.address);
    }
    load.run_for(LOAD.0);
    hub.assert_alive();
    let ended = load.end(&mut hub);
    println!("{ends:?}: {}", ended.summary);
    ended.assert_fine(&hub);
}

/// Mostly by SIGKILL.
fn end(hub: &mut Hub, random: &mut Random, ends: &mut Ends) {
    if random.percent(15) {
        ends.stops += 1;
        hub.terminate();
        let status = hub.wait(STOP);
        assert!(status.success(), "{status}\n{}", hub.log());
    } else {
        ends.kills += 1;
        hub.kill();
    }
}

/// Starts the hub on the same folder; some starts are killed, a few times in a row.
fn start_again(hub: Hub, random: &mut Random, ends: &mut Ends) -> Hub {
    let mut starting = hub.restarting();
    while random.percent(25) {
        ends.kills_while_starting += 1;
        starting = starting.killed_after(random.time(START.0, START.1)).restarting();
    }
    starting.ready().unwrap_or_else(|what| panic!("{what}"))
}
