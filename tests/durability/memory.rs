//! The load and the checker themselves: on a hub that keeps nothing they find out, on one that is left alone they find
//! nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use fanq_tests::Hub;
use fanq_tests::history::{Action, History, Kind};

use crate::load::random::Random;
use crate::load::{Load, rules, world};

#[test]
fn a_hub_that_is_left_alone_breaks_no_promise_and_a_message_that_is_taken_away_is_missed() {
    let mut hub = Hub::start_plain(&[]);
    let load = Load::begin(hub.address, seed());
    load.run_for(Duration::from_secs(2));
    let mut ended = load.end(&mut hub);
    println!("{}", ended.summary);
    ended.assert_fine(&hub);

    let name = take_away(&mut ended.history);
    let violations = ended.history.check(rules());
    let found = violations.iter().map(|violation| (violation.kind, violation.name.as_str()));
    assert!(found.clone().any(|found| found == (Kind::Lost, &name)), "{name}: {violations:?}");
}

/// Says where the randomness of this run begins.
fn seed() -> u64 {
    let seed = Random::seed("FANQ_KILL_SEED");
    println!("FANQ_KILL_SEED={seed}");
    seed
}

/// Makes it look as if a message that was sent and acknowledged had never come.
fn take_away(history: &mut History) -> String {
    let sent = history.operations().iter().filter(|operation| operation.is_done());
    let mut names = sent.filter_map(|operation| match &operation.action {
        Action::Send { queue, message } if &**queue == "orders" => Some(message.name.to_string()),
        Action::Send { .. }
        | Action::Publish { .. }
        | Action::Receive { .. }
        | Action::Delete { .. }
        | Action::Hide { .. }
        | Action::Drain { .. } => None,
    });
    let taken = names.nth(100).unwrap();
    drop(names);
    let operations = history.operations_mut();
    operations.retain(|operation| {
        !matches!(&operation.action,
            Action::Delete { name, .. } | Action::Hide { name, .. } if **name == *taken)
    });
    for operation in operations {
        if let Action::Receive { messages, .. } = &mut operation.action {
            messages.retain(|message| *message.name != *taken);
        }
    }
    taken
}

#[test]
fn a_hub_that_forgets_everything_is_found_out() {
    let mut hub = Hub::start_plain(&[]);
    let load = Load::begin(hub.address, seed());
    load.run_for(Duration::from_millis(500));
    hub.kill();
    load.gone();
    let mut hub = hub.restart();
    world::create(hub.address);
    load.back(hub.address);
    load.run_for(Duration::from_millis(200));
    let ended = load.end(&mut hub);
    let violations = ended.history.check(rules());
    let kinds = violations.iter().map(|violation| violation.kind).collect::<BTreeSet<_>>();
    assert!(kinds.contains(&Kind::Lost), "{kinds:?}");
}
