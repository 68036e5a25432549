//! Calls of the system that fail, and a hub that is killed in the middle of one: strace answers in the system's place.
//!
//! After a write or sync that failed nothing more is acknowledged and the process ends; after the next start, without
//! faults, everything is there that was acknowledged.
//!
//! `FANQ_FAULTS` says how many faults there are, `FANQ_FAULTS_SEED` where the randomness begins (it is printed).

use std::fmt::Write as _;
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use fanq_tests::history::Action;
use fanq_tests::{Hub, TemporaryFolder};

use crate::load::random::Random;
use crate::load::{Ended, Load, micros};
use crate::machine::skip;
use strace::{Fault, Injected};

mod strace;

/// Faults of the ordinary test.
const FAULTS: u64 = 20;

/// So many faults have one folder and one history.
const FAULTS_PER_STORE: u64 = 10;

/// How long the load runs, if nothing ends it before, and between two looks whether it has.
const LOAD: Duration = Duration::from_millis(1_200);
const LOOK: Duration = Duration::from_millis(20);

/// For a hub that has met a fault.
const END: Duration = Duration::from_secs(10);

const SIGKILL: i32 = 9;

/// What became of hubs.
#[derive(Debug, Default)]
struct Ends {
    /// Whose log failed.
    failed: u64,
    /// That were killed in a call.
    killed: u64,
    /// That never got ready.
    not_started: u64,
    /// That met no fault, or one that is no reason to end.
    went_on: u64,
}

/// From when to when, in the time of the history, no command can have succeeded any more.
type Silence = (u64, u64);

#[test]
fn after_a_call_that_failed_nothing_is_acknowledged_and_everything_that_was_is_kept() {
    if let Err(why) = strace::is_allowed() {
        skip(&format!("faults of the system: {why}"));
        return;
    }
    let faults = std::env::var("FANQ_FAULTS").map_or(FAULTS, |text| text.parse().unwrap());
    let seed = Random::seed("FANQ_FAULTS_SEED");
    println!("FANQ_FAULTS_SEED={seed} FANQ_FAULTS={faults}");
    let mut random = Random::new(seed);
    let mut from = 0;
    while from < faults {
        let to = faults.min(from + FAULTS_PER_STORE);
        run_store(from..to, &mut random);
        from = to;
    }
}

/// Some faults on one folder, and then a look at all that happened.
fn run_store(faults: Range<u64>, random: &mut Random) {
    let folder = TemporaryFolder::new();
    let data = folder.path().join("data");
    let mut hub = Hub::start_in(&data, &[]);
    let load = Load::begin(hub.address, random.next());
    let mut ends = Ends::default();
    let mut silences = Vec::new();
    let mut said = String::new();
    for number in faults.clone() {
        load.run_for(LOOK);
        hub.kill();
        load.gone();
        let fault = Fault::choose(number, random);
        let log = folder.path().join(format!("strace-{number}"));
        let begun = Hub::starting_by(&fault.strace(&log), &data, &[]).ready();
        match begun {
            Ok(faulty) => {
                let silence = meet(faulty, &fault, &log, &load, &mut ends);
                silences.extend(silence);
            }
            Err(what) => {
                ends.not_started += 1;
                assert_ended_well(&fault, &what);
            }
        }
        let injected = Injected::read(&log).map(|injected| injected.line);
        let _ = writeln!(said, "{fault:?}: {}", injected.as_deref().unwrap_or("killed, or not met"));
        hub = Hub::start_in(&data, &[]);
        load.back(hub.address);
    }
    let ended = load.end(&mut hub);
    println!("{said}{ends:?}: {}", ended.summary);
    ended.assert_fine(&hub);
    assert_silent(&ended, &silences);
    let has_met_both = ends.failed > 0 && ends.killed > 0;
    assert!(has_met_both || faults.end - faults.start < FAULTS_PER_STORE, "the faults are not met: {ends:?}");
}

/// Lets the load run on a hub until it ends of a fault, or long enough. When nothing was acknowledged any more.
fn meet(mut hub: Hub, fault: &Fault, log: &Path, load: &Load, ends: &mut Ends) -> Option<Silence> {
    load.back(hub.address);
    let until = load.now() + micros(LOAD);
    while load.now() < until && hub.is_alive() {
        load.run_for(LOOK);
    }
    let injected = Injected::read(log).filter(|injected| injected.ends_the_log());
    if hub.is_alive() && injected.is_none() {
        ends.went_on += 1;
        hub.kill();
        load.gone();
        return None;
    }
    let status = hub.wait(END);
    load.gone();
    let gone = load.now();
    if fault.kills() {
        ends.killed += 1;
        assert_eq!(status.signal(), Some(SIGKILL), "{fault:?}: {status}\n{}", hub.log());
        return None;
    }
    ends.failed += 1;
    assert_eq!(status.code(), Some(1), "{fault:?}: {status}\n{}", hub.log());
    for line in ["the log failed; nothing more is acknowledged", "fanq: the engine has ended"] {
        assert!(hub.log().contains(line), "{fault:?}: {line:?} is not in\n{}", hub.log());
    }
    // The clock of the machine and that of the history are not the same.
    injected.map(|injected| (load.time_at(injected.at) + 1_000, gone))
}

/// A start that fails says why and on which file, or was killed.
fn assert_ended_well(fault: &Fault, what: &str) {
    if fault.kills() {
        assert!(what.contains("signal: 9"), "{fault:?}: {what}");
    } else {
        assert!(what.contains("exit status: 1"), "{fault:?}: {what}");
        let says_why = what.contains("fanq: cannot open the data folder") && what.contains("os error");
        assert!(says_why || what.contains("the engine has ended"), "{fault:?}: {what}");
    }
}

/// Nothing that has to be written down was begun in such a time and succeeded.
fn assert_silent(ended: &Ended, silences: &[Silence]) {
    for operation in ended.history.operations() {
        let is_in = |(from, to): &Silence| operation.invoked > *from && operation.invoked < *to;
        // A receive that found nothing was not written down.
        let is_nothing = matches!(&operation.action, Action::Receive { messages, .. } if messages.is_empty());
        let is_silent = !operation.is_done() || is_nothing;
        assert!(is_silent || !silences.iter().any(is_in), "after a fault: {operation:?}");
    }
}
