//! A hub that is killed while it fans out loses nothing of what it acknowledged, whatever the endpoint: twenty
//! subscriptions to queues, receivers over HTTP, a function, mailboxes and a telephone, raw and in envelopes, with and
//! without filters. Some receivers refuse some messages for good, and all of them fail now and then, for a moment or
//! for seconds. Two queues are gone, and what was for them goes to dead-letter queues.
//!
//! `FANQ_FANOUT_ROUNDS` says how many kills there are, `FANQ_FANOUT_SEED` where the randomness begins (it is printed).

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fanq_tests::history::History;
use fanq_tests::{Hub, TemporaryFolder};

use crate::load::random::Random;
use crate::load::shared::Shared;
use crate::load::{Shape, drain};

mod consumer;
mod letters;
mod publisher;
mod pushed;
mod receiver;
mod world;

const ROUNDS: u64 = 6;
const LOAD: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(900));
const PUBLISHERS: u64 = 2;

const SHAPE: Shape = Shape { producers: 0, consumers: 0, backlog_max: i64::MAX, groups: 6, is_rough: false };

/// A pause that a test can wait for; messages lose no attempts in it.
const FLAGS: [&str; 4] = ["--auto-confirm", "--test-clock", "--push-breaker-pause-s", "1"];

#[test]
fn a_hub_that_is_killed_while_it_fans_out_loses_nothing() {
    let rounds = std::env::var("FANQ_FANOUT_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let seed = Random::seed("FANQ_FANOUT_SEED");
    println!("FANQ_FANOUT_SEED={seed} FANQ_FANOUT_ROUNDS={rounds}");
    let mut random = Random::new(seed);
    let folder = TemporaryFolder::new();
    let mut hub = Hub::start_in(folder.path(), &FLAGS);
    let shared = Arc::new(Shared::new(hub.address, History::new(), SHAPE));
    let receiver = receiver::start(&shared, random.fork());
    world::create(&hub, receiver.address);
    let mut workers: Vec<_> = (0..PUBLISHERS)
        .map(|number| {
            let (shared, random) = (Arc::clone(&shared), random.fork());
            thread::spawn(move || publisher::run(&shared, number, random))
        })
        .collect();
    let (consumed, random_of_consumer) = (Arc::clone(&shared), random.fork());
    workers.push(thread::spawn(move || consumer::run(&consumed, random_of_consumer)));
    for _ in 0..rounds {
        let started = shared.now();
        shared.watch(random.time(LOAD.0, LOAD.1));
        letters::take(&shared, &hub, started);
        hub.kill();
        shared.gone();
        hub = hub.restart();
        shared.back(hub.address);
    }
    let started = shared.now();
    shared.watch(LOAD.0);
    shared.stop();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    letters::take(&shared, &hub, started);
    drain::run(&shared, hub.address, &world::QUEUES);
    pushed::take(&shared, &hub);
    hub.kill();
    shared.gone();
    let ended = shared.finish();
    println!("{}; {receiver}", ended.summary);
    ended.assert_fine(&hub);
}
