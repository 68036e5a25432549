//! Many clients at once, of which some are broken: nothing is lost, overtaken, held by two, miscounted, or in two places.
//!
//! Sixteen producers and sixteen consumers on standard, FIFO and dead-letter queues. Consumers fail with a message, give it
//! back, keep it for longer, vanish with all that they have, hang up before the answer, and delete with receipts of long
//! ago. `FANQ_CROWD_SEED` says where the randomness begins (it is printed).

use std::time::Duration;

use fanq_tests::history::{Action, Delivery, History, Kind, Operation, Outcome};
use fanq_tests::{Hub, TemporaryFolder};

use crate::load::random::Random;
use crate::load::{Load, Shape, rules};

const CROWD: Shape = Shape { producers: 16, consumers: 16, backlog_max: 4_000, groups: 50, is_rough: true };

#[test]
fn a_crowd_of_clients_is_served_as_promised() {
    serve_crowd(Duration::from_secs(3));
}

#[test]
#[ignore = "takes about a minute"]
fn a_crowd_of_clients_is_served_as_promised_for_long() {
    serve_crowd(Duration::from_secs(30));
}

fn serve_crowd(time: Duration) {
    let seed = Random::seed("FANQ_CROWD_SEED");
    println!("FANQ_CROWD_SEED={seed}");
    let folder = TemporaryFolder::new();
    let mut hub = Hub::start_in(folder.path(), &[]);
    let load = Load::begin_as(CROWD, hub.address, seed);
    load.run_for(time);
    hub.assert_alive();
    let ended = load.end(&mut hub);
    println!("{}", ended.summary);
    ended.assert_fine(&hub);
    let history = &ended.history;
    for queue in
        ["orders", "orders.fifo", "poison", "poison.fifo", "dead", "dead.fifo", "levels", "levels.fifo"]
    {
        assert!(!deliveries_in(history, queue).is_empty(), "nothing was received in {queue}");
    }
    for (kind, spoil) in BROKEN {
        assert!(is_noticed(history, kind, spoil), "{kind:?} is not noticed in this history");
    }
}

/// Makes a history one that cannot be.
type Spoil = fn(&mut History);

/// What a broken hub would have made its clients see.
const BROKEN: [(Kind, Spoil); 5] = [
    (Kind::Lost, lose),
    (Kind::Order, overtake),
    (Kind::Overlap, give_to_two),
    (Kind::Miscounted, miscount),
    (Kind::InTwoPlaces, come_back),
];

fn is_noticed(history: &History, kind: Kind, spoil: Spoil) -> bool {
    let mut spoiled = history.clone();
    spoil(&mut spoiled);
    spoiled.check(rules()).iter().any(|violation| violation.kind == kind)
}

/// The deliveries in a queue, each with the number of its operation.
fn deliveries_in(history: &History, queue: &str) -> Vec<(usize, Delivery)> {
    let mut found = Vec::new();
    for (number, operation) in history.operations().iter().enumerate() {
        if let Action::Receive { queue: name, messages, .. } = &operation.action
            && **name == *queue
        {
            found.extend(messages.iter().map(|delivery| (number, delivery.clone())));
        }
    }
    found
}

/// Somebody received this message at that moment, besides what happened.
fn receive(history: &mut History, at: u64, queue: &str, delivery: Delivery) {
    let messages = vec![Delivery { receipt: delivery.receipt + 1, count: delivery.count + 1, ..delivery }];
    let action = Action::Receive { queue: queue.into(), visibility: 1, messages };
    history.push(Operation { invoked: at, finished: at, outcome: Outcome::Done, action });
}

/// Nobody has seen a message that was acknowledged, and nobody has deleted it.
fn lose(history: &mut History) {
    let (_, lost) = deliveries_in(history, "orders").swap_remove(0);
    for operation in history.operations_mut() {
        if let Action::Receive { messages, .. } = &mut operation.action {
            messages.retain(|delivery| delivery.name != lost.name);
        }
        if matches!(&operation.action, Action::Delete { name, .. } if *name == lost.name) {
            operation.outcome = Outcome::Failed;
        }
    }
}

/// The second message of a group comes just before the first one.
fn overtake(history: &mut History) {
    let queue = "orders.fifo";
    let all = deliveries_in(history, queue);
    let (number, first) = all[0].clone();
    let follows =
        |(_, other): &&(usize, Delivery)| other.group == first.group && other.sequence > first.sequence;
    let (_, second) = all.iter().find(follows).expect("a second message of the group").clone();
    let at = history.operations()[number].invoked - 1;
    receive(history, at, queue, second);
}

/// Messages come again as soon as they came, while the first receiver has them.
fn give_to_two(history: &mut History) {
    for (number, delivery) in deliveries_in(history, "orders").into_iter().take(100) {
        let at = history.operations()[number].finished + 1;
        receive(history, at, "orders", delivery);
    }
}

/// A receive counts for many.
fn miscount(history: &mut History) {
    let (number, _) = deliveries_in(history, "poison").swap_remove(0);
    if let Action::Receive { messages, .. } = &mut history.operations_mut()[number].action {
        messages[0].count += 100;
    }
}

/// A dead letter is also still where it came from.
fn come_back(history: &mut History) {
    let (number, delivery) = deliveries_in(history, "dead").swap_remove(0);
    let at = history.operations()[number].finished + 1;
    receive(history, at, "poison", delivery);
}
