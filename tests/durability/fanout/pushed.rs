//! The end of what is pushed: all of it arrives, with the clock turned over what is kept back.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

use fanq_tests::Hub;
use fanq_tests::history::{Action, History, Outcome, Text};

use super::world::{SUBSCRIPTIONS, UNWANTED, Way};
use crate::load::drain;
use crate::load::shared::Shared;

/// For all that was under way to arrive.
const PATIENCE: Duration = Duration::from_secs(90);

/// Longer than a delivery is kept back, for its receiver or for the hub that took it and is gone; but what was taken for
/// a function is kept back for several of these.
const STEP: Duration = Duration::from_secs(60);

/// Waits until receivers and their dead-letter queues have all that was published. The queues were drained before, so
/// it is known which of the publishes without an answer had an effect.
pub(super) fn take(shared: &Shared, hub: &Hub) {
    let deadline = Instant::now() + PATIENCE;
    let places = places();
    loop {
        drain::run(shared, hub.address, &UNWANTED);
        let missing = shared.look(|history| missing(history, &places));
        if missing.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "messages that were not pushed: {missing:?}\n{}", hub.log());
        hub.advance(STEP);
        shared.watch(Duration::from_millis(200));
    }
    let drained = places.into_iter().map(|place| (Outcome::Done, Action::Drain { queue: place.into() }));
    shared.note(shared.now(), drained);
}

/// Where messages come to that are pushed.
fn places() -> BTreeSet<&'static str> {
    let places = SUBSCRIPTIONS.iter().flat_map(|one| match one.way {
        Way::Http | Way::Function => vec![one.name],
        Way::Picky { dead } => vec![one.name, dead],
        Way::Queue | Way::Nowhere { .. } | Way::Outbox { .. } => Vec::new(),
    });
    places.collect()
}

/// How many messages have not come to each of these places that are known to be published.
fn missing(history: &History, places: &BTreeSet<&str>) -> BTreeMap<Text, usize> {
    let (mut came, mut known) = (HashSet::new(), HashSet::new());
    for operation in history.operations() {
        if let Action::Receive { queue, messages, .. } = &operation.action {
            came.extend(messages.iter().map(|message| (queue, &message.name)));
            known.extend(messages.iter().map(|message| &message.name));
        }
    }
    let mut missing = BTreeMap::new();
    for operation in history.operations() {
        if let Action::Publish { queues, message, .. } = &operation.action
            && (operation.is_done() || known.contains(&message.name))
        {
            let missed = queues.iter().filter(|queue| places.contains(&***queue));
            for queue in missed.filter(|queue| !came.contains(&(*queue, &message.name))) {
                *missing.entry(Text::clone(queue)).or_insert(0) += 1;
            }
        }
    }
    missing
}
