//! Whether what was sent once came as one message.

#![expect(clippy::indexing_slicing, reason = "numbers of queues are those of the index")]

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, Life};
use super::report::{Kind, Report};
use super::{Action, NEVER};

/// What a deduplication id counts for, as far as one queue shows it: that queue, a topic if the id was given to one,
/// and the id.
type Scope<'a> = (usize, Option<&'a str>, &'a str);

pub(super) fn check(index: &Index<'_>, report: &mut Report) {
    let mut scopes: BTreeMap<Scope<'_>, Vec<&Life<'_>>> = BTreeMap::new();
    for life in &index.lives {
        let Some(send) = life.sends.first() else {
            continue;
        };
        once(index, life, report);
        let topic = match &index.operations[send.operation].action {
            Action::Publish { topic, .. } => Some(&**topic),
            Action::Send { .. }
            | Action::Receive { .. }
            | Action::Delete { .. }
            | Action::Hide { .. }
            | Action::Drain { .. } => None,
        };
        if let Some(id) = &send.message.deduplication {
            scopes.entry((life.queue, topic, id)).or_default().push(life);
        }
    }
    for ((queue, _, id), mut lives) in scopes {
        lives.retain(|life| delivery(index, life).is_some());
        lives.sort_by_key(|life| life.first_sent());
        for (one, other) in lives.iter().zip(lives.iter().skip(1)) {
            if last_sent(other).saturating_sub(one.first_sent()) >= index.rules.deduplication {
                continue;
            }
            let sends = one.sends.iter().chain(&other.sends).map(|send| send.operation);
            let receives = [one, other].into_iter().filter_map(|life| delivery(index, life));
            let operations = sends.chain(receives).collect::<Vec<_>>();
            let what = format!("so was {} with the same deduplication id {id:?}", one.name);
            report.add(Kind::AcceptedTwice, index.queues[queue].name, other.name, &operations, what);
        }
    }
}

/// Whether the message of one name is one message, or as many as its sends can have made.
fn once(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let mut identities = BTreeSet::new();
    let mut receives = Vec::new();
    for queue in index.onward(life.queue) {
        let deliveries = index.find(queue, life.name).into_iter().flat_map(|life| &life.deliveries);
        for given in deliveries.filter(|given| given.delivery.identity != 0) {
            if identities.insert(given.delivery.identity) {
                receives.push(given.operation);
            }
        }
    }
    let mut possible = life.sends.len();
    if life.sends.iter().all(|send| send.message.deduplication.is_some()) {
        let span = last_sent(life).saturating_sub(life.first_sent());
        let windows = span.checked_div(index.rules.deduplication).unwrap_or(NEVER);
        possible = possible.min(usize::try_from(windows).unwrap_or(usize::MAX).saturating_add(1));
    }
    if identities.len() > possible {
        let sends = life.sends.iter().map(|send| send.operation);
        let operations = sends.chain(receives).collect::<Vec<_>>();
        let what = format!("it came as {} messages, and can be {possible}", identities.len());
        report.add(Kind::AcceptedTwice, index.queues[life.queue].name, life.name, &operations, what);
    }
}

/// When the last send of it may have had its effect, at the latest.
fn last_sent(life: &Life<'_>) -> u64 {
    life.sends.iter().map(|send| send.finished).max().unwrap_or(NEVER)
}

/// A receive of the message in the queue it was sent to, or where it moved from there.
fn delivery(index: &Index<'_>, life: &Life<'_>) -> Option<usize> {
    let mut lives = index.onward(life.queue).into_iter().filter_map(|queue| index.find(queue, life.name));
    lives.find_map(|life| life.deliveries.first()).map(|given| given.operation)
}
