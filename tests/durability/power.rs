//! A loss of power: what a disk has been given stays, and what the system still holds back is gone.
//!
//! The hub works on ext4 in an image file that a loop device stands for. At some moment the hub is stopped; from then
//! on nobody hears from it. What the file system has given to the device by then lies in the image, and nothing else
//! does. The image is copied while nothing is written to it, and the next hub works on the copy, in which the file
//! system finds what it finds after a loss of power. Before that, some of the pages that were not synced are written,
//! here and there: a disk has them in any order.
//!
//! `FANQ_POWER_IMAGES` says how many images there are, `FANQ_POWER_SEED` where the randomness begins (it is printed).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fanq_tests::Hub;
use fanq_tests::history::{Action, History, Outcome};

use crate::load::random::Random;
use crate::load::{Ended, Load, micros, world};
use crate::machine::skip;
use disk::Disk;

mod disk;

/// Images of the ordinary test.
const IMAGES: u64 = 5;

/// So many images follow on each other in one history.
const IMAGES_PER_STORE: u64 = 5;

/// Among so many there is one that takes a part of what was not synced.
const IMAGES_WITH_PART: u64 = 20;

/// How long the load runs before the power goes.
const LOAD: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(900));

/// The same, where the load only sends: not so long that it has sent all that it will, and the log comes to rest.
const SENDING: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(500));

/// How long a hub may have had that loses power while it starts.
const START: (Duration, Duration) = (Duration::ZERO, Duration::from_millis(80));

/// With an interval: longer than it, and than a sync takes on a machine with much to do.
const INTERVAL: &str = "interval:50";
const SYNCED_AFTER: Duration = Duration::from_millis(400);

/// For a hub that was asked to stop.
const STOP: Duration = Duration::from_secs(15);

/// Images to be made, and the randomness; none where the machine has no such disks.
fn begin() -> Option<(u64, Random)> {
    if let Err(why) = Disk::new() {
        skip(&format!("loss of power: {why}"));
        return None;
    }
    let images = std::env::var("FANQ_POWER_IMAGES").map_or(IMAGES, |text| text.parse().unwrap());
    let seed = Random::seed("FANQ_POWER_SEED");
    println!("FANQ_POWER_SEED={seed} FANQ_POWER_IMAGES={images}");
    Some((images, Random::new(seed)))
}

#[test]
fn what_was_acknowledged_outlives_a_loss_of_power() {
    let Some((images, mut random)) = begin() else { return };
    let mut left = images;
    while left > 0 {
        let in_this_store = left.min(IMAGES_PER_STORE);
        run_store(in_this_store, &mut random);
        left -= in_this_store;
    }
}

/// Some losses of power, one after the other, and then a look at all that happened.
fn run_store(images: u64, random: &mut Random) {
    let mut disk = Disk::new().unwrap();
    let flags = ["--durability", "sync"];
    let mut hub = Hub::start_in(&disk.data(), &flags);
    let load = Load::begin(hub.address, random.next());
    let mut left = images;
    while left > 0 {
        load.run_for(random.time(LOAD.0, LOAD.1));
        disk = disk.lose_power(hub.process(), random);
        hub.kill();
        load.gone();
        left -= 1;
        // Sometimes again, before the hub has begun to work.
        while left > 0 && random.percent(25) {
            let starting = Hub::starting_in(&disk.data(), &flags);
            load.run_for(random.time(START.0, START.1));
            disk = disk.lose_power(starting.process(), random);
            left -= 1;
        }
        hub = Hub::start_in(&disk.data(), &flags);
        load.back(hub.address);
    }
    load.run_for(LOAD.0);
    hub.assert_alive();
    let ended = load.end(&mut hub);
    println!("{images} losses of power: {}", ended.summary);
    ended.assert_fine(&hub);
}

#[test]
fn without_a_sync_a_loss_of_power_takes_the_end_of_the_log_and_nothing_else() {
    let Some((images, mut random)) = begin() else { return };
    let mut partly = 0;
    for image in 0..images {
        let (kept, sent) = if image % 2 == 0 {
            lose_the_end("none", None, &mut random)
        } else {
            lose_the_end(INTERVAL, Some(SYNCED_AFTER), &mut random)
        };
        partly += u64::from(kept > 0 && kept < sent);
    }
    println!("{partly} of {images} losses of power took a part");
    assert!(partly > 0 || images < IMAGES_WITH_PART, "nothing was ever lost in part");
}

/// Loses power under a load that only sends. What was acknowledged so long before must be there. How many messages
/// are left, of how many.
fn lose_the_end(durability: &str, kept_after: Option<Duration>, random: &mut Random) -> (usize, usize) {
    let disk = Disk::new().unwrap();
    let mut hub = Hub::start_in(&disk.data(), &[]);
    world::create(hub.address);
    hub.terminate();
    assert!(hub.wait(STOP).success(), "{}", hub.log());

    let flags = ["--durability", durability];
    let mut hub = Hub::start_in(&disk.data(), &flags);
    let load = Load::sending(hub.address, random.next());
    load.run_for(random.time(SENDING.0, SENDING.1) + kept_after.unwrap_or_default());
    let lost_from = kept_after.map_or(0, |time| load.now().saturating_sub(micros(time)));
    let disk = disk.lose_power(hub.process(), random);
    hub.kill();
    load.gone();
    let mut hub = Hub::start_in(&disk.data(), &flags);
    let mut ended = load.end(&mut hub);
    let (kept, sent) = assert_is_a_beginning(&ended.history);
    println!("{durability}: {kept} of {sent} messages are left; {}", ended.summary);
    doubt(&mut ended, lost_from);
    ended.assert_fine(&hub);
    (kept, sent)
}

/// Of each producer, who waits for each answer, all is there up to some message, and nothing behind it. How many
/// messages are there, and how many were acknowledged.
fn assert_is_a_beginning(history: &History) -> (usize, usize) {
    let mut received = BTreeSet::new();
    for operation in history.operations() {
        if let Action::Receive { messages, .. } = &operation.action {
            received.extend(messages.iter().map(|message| message.name.to_string()));
        }
    }
    let mut sends = Vec::new();
    for operation in history.operations() {
        if let Action::Send { message, .. } | Action::Publish { message, .. } = &operation.action
            && operation.outcome == Outcome::Done
        {
            let (producer, _) = message.name.split_once('-').unwrap();
            sends.push((producer.to_owned(), operation.finished, message.name.to_string()));
        }
    }
    sends.sort();
    // The first message of each producer that is missing. Entries of one batch, which are acknowledged together and may be
    // for several queues, have no order.
    let mut missing = BTreeMap::new();
    for (producer, at, name) in &sends {
        if !received.contains(name) {
            missing.entry(producer).or_insert((at, name));
        } else if let Some((since, first)) = missing.get(producer) {
            assert_eq!(*since, at, "{name} is there without {first}, which was acknowledged before");
        }
    }
    let acknowledged = sends.into_iter().map(|(_, _, name)| name).collect::<BTreeSet<_>>();
    (acknowledged.intersection(&received).count(), acknowledged.len())
}

/// From that time on nobody knows what an acknowledgement was worth.
fn doubt(ended: &mut Ended, from: u64) {
    for operation in ended.history.operations_mut() {
        match &operation.action {
            Action::Send { .. } | Action::Publish { .. } => {
                if operation.outcome == Outcome::Done && operation.finished >= from {
                    operation.outcome = Outcome::Unknown;
                }
            }
            Action::Receive { .. } | Action::Delete { .. } | Action::Hide { .. } | Action::Drain { .. } => {}
        }
    }
}
