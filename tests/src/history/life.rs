//! What can be said of each message by itself: whether it may be there, when, with what, and in whose hands.

#![expect(clippy::indexing_slicing, reason = "numbers of queues are those of the index")]

use std::collections::BTreeMap;

use super::Delivery;
use super::hold::{has_removed, held_until};
use super::index::{Given, Index, Life, Send};
use super::report::{Kind, Report};

pub(super) fn check(index: &Index<'_>, report: &mut Report) {
    for life in &index.lives {
        if life.deliveries.is_empty() {
            continue;
        }
        let came_from = sends(index, life);
        for given in &life.deliveries {
            origin(index, life, &came_from, given, report);
        }
        resurrected(index, life, report);
        // Two messages of one name, which is another violation, would be mistaken for one here.
        if life.identities().len() < 2 {
            held_twice(index, life, report);
            counts(index, life, report);
            moved(index, life, report);
            in_two_places(index, life, report);
        }
    }
}

/// The sends that may have brought the message to this queue.
fn sends<'a>(index: &'a Index<'a>, life: &Life<'a>) -> Vec<&'a Send<'a>> {
    let queues = index.backward(life.queue);
    let lives = queues.into_iter().filter_map(|queue| index.find(queue, life.name));
    lives.flat_map(|life| &life.sends).collect()
}

/// Whether the message was sent, as it was received, and is not early.
fn origin(index: &Index<'_>, life: &Life<'_>, sends: &[&Send<'_>], given: &Given<'_>, report: &mut Report) {
    let queue = index.queues[life.queue].name;
    let mut add = |kind, send: Option<&Send<'_>>, what: &str| {
        let operations = send.map(|send| send.operation).into_iter().chain([given.operation]);
        report.add(kind, queue, life.name, &operations.collect::<Vec<_>>(), what.to_owned());
    };
    if !given.delivery.intact {
        add(Kind::WrongBody, sends.first().copied(), "the body is not that of this message");
    }
    let before = sends.iter().filter(|send| send.invoked <= given.finished).collect::<Vec<_>>();
    let Some(first) = before.first() else {
        // A body without its name cannot be looked for.
        if given.delivery.intact {
            add(Kind::Unexpected, None, "nobody had sent it there");
        }
        return;
    };
    if before.iter().all(|send| send.group != given.delivery.group.as_deref()) {
        add(Kind::WrongBody, Some(first), "it came in another group");
    }
    let from = before.iter().map(|send| send.invoked.saturating_add(send.message.delay)).min().unwrap_or(0);
    if given.finished.saturating_add(index.rules.tolerance) < from {
        let what = format!("its delay ends at {from} at the earliest");
        add(Kind::Early, Some(first), &what);
    }
}

/// Whether it came again after it was deleted: in this queue after any delete, elsewhere after one that surely
/// found it here.
fn resurrected(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let deletes = life.changes.iter().filter(|change| change.timeout.is_none() && change.done);
    let Some(delete) = deletes.min_by_key(|change| change.finished) else {
        return;
    };
    let queue = index.queues[life.queue].name;
    let of_receipt = |given: &&Given<'_>| given.delivery.receipt == delete.receipt;
    let deleted = life.deliveries.iter().find(of_receipt);
    let what = |at: u64| format!("it was deleted by {at}");
    for given in life.deliveries.iter().filter(|given| given.invoked > delete.finished) {
        if deleted.is_none_or(|deleted| is_same(deleted.delivery, given.delivery)) {
            let operations = [delete.operation, given.operation];
            report.add(Kind::Resurrected, queue, life.name, &operations, what(delete.finished));
        }
    }
    let Some(deleted) = deleted.filter(|given| has_removed(index, life, given, delete)) else {
        return;
    };
    for onward in index.onward(life.queue).into_iter().skip(1) {
        let later = index.find(onward, life.name).into_iter().flat_map(|life| &life.deliveries);
        for given in later.filter(|given| is_same(deleted.delivery, given.delivery)) {
            let operations = [deleted.operation, delete.operation, given.operation];
            let queue = index.queues[onward].name;
            report.add(Kind::Resurrected, queue, life.name, &operations, what(delete.finished));
        }
    }
}

/// Whether both are the same message, as far as is known.
fn is_same(one: &Delivery, other: &Delivery) -> bool {
    one.identity == other.identity || one.identity == 0 || other.identity == 0
}

/// Whether somebody received it while another one had it.
fn held_twice(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let queue = index.queues[life.queue].name;
    // Of those so far, the last one and the one that holds the longest.
    let mut holders: Vec<(u64, &Given<'_>)> = Vec::new();
    for given in &life.deliveries {
        let end = held_until(index, life, given);
        for (held, holder) in &holders {
            let is_after = holder.finished < given.invoked;
            // If nobody knows which was first, neither order must be possible.
            if given.finished < *held && (is_after || holder.finished < end) {
                let what = format!("it was in somebody's hands until {held}");
                let operations = [holder.operation, given.operation];
                report.add(Kind::Overlap, queue, life.name, &operations, what);
            }
        }
        let longest = holders.iter().copied().max_by_key(|(end, _)| *end);
        holders = longest.into_iter().chain([(end, given)]).collect();
    }
}

/// Whether the counts of its receives ascend, and are those of receives that there were.
fn counts(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let queue = &index.queues[life.queue];
    let mut add = |operations: &[usize], what: String| {
        report.add(Kind::Miscounted, queue.name, life.name, operations, what);
    };
    let mut seen = BTreeMap::new();
    let mut last: Option<&Given<'_>> = None;
    for given in life.deliveries.iter().filter(|given| given.delivery.count > 0) {
        let count = given.delivery.count;
        if let Some(other) = seen.insert(count, given.operation) {
            add(&[other, given.operation], format!("two receives are number {count}"));
        }
        if let Some(last) = last.filter(|last| last.finished < given.invoked && last.delivery.count > count) {
            let what = format!("number {count} comes after number {}", last.delivery.count);
            add(&[last.operation, given.operation], what);
        }
        last = Some(given);
    }
    if let Some((_, receives)) = queue.redrive.filter(|(_, receives)| life.deliveries.len() > *receives) {
        let operations = life.deliveries.iter().map(|given| given.operation).collect::<Vec<_>>();
        add(&operations, format!("it should have moved on after {receives} receives"));
    }
    // Where messages arrive that were received before, only differences mean something.
    if !queue.sources.is_empty() {
        return;
    }
    for given in &life.deliveries {
        let known = life.deliveries.iter().filter(|other| other.invoked <= given.finished).count();
        let unknown = queue
            .unknown_receives
            .iter()
            .filter(|(from, to)| *from <= given.finished && *to >= life.first_sent());
        let possible = known + unknown.count();
        let count = usize::try_from(given.delivery.count).unwrap_or(usize::MAX);
        if count > possible {
            add(&[given.operation], format!("number {count}, and there were {possible} receives at most"));
        }
    }
}

/// Whether a message that moved here had the receives for that.
fn moved(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let queue = &index.queues[life.queue];
    let Some(first) = life.deliveries.first().filter(|_| life.sends.is_empty()) else {
        return;
    };
    let from = |source: &usize| index.may_have_moved(*source, index.find(*source, life.name));
    let Some(earliest) = queue.sources.iter().map(from).min() else {
        return;
    };
    if earliest > first.finished {
        let before = queue.sources.iter().filter_map(|source| index.find(*source, life.name));
        let before = before.flat_map(|life| &life.deliveries).map(|given| given.operation);
        let operations = before.chain([first.operation]).collect::<Vec<_>>();
        let what = "it moved before it had been received as often as that takes".to_owned();
        report.add(Kind::Miscounted, queue.name, life.name, &operations, what);
    }
}

/// Whether it was received here after somebody had it where it moves to from here.
fn in_two_places(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let onward = index.onward(life.queue).into_iter().skip(1);
    let moved = onward.filter_map(|queue| index.find(queue, life.name)).flat_map(|life| &life.deliveries);
    let Some(moved) = moved.min_by_key(|given| given.finished) else {
        return;
    };
    let queue = index.queues[life.queue].name;
    for given in life.deliveries.iter().filter(|given| given.invoked > moved.finished) {
        if is_same(moved.delivery, given.delivery) {
            let what = format!("it had moved on by {}", moved.finished);
            report.add(Kind::InTwoPlaces, queue, life.name, &[moved.operation, given.operation], what);
        }
    }
}
