//! Whether all that was acknowledged has come out, and each publish in all of its queues.

#![expect(clippy::indexing_slicing, reason = "numbers of queues are those of the index")]

use std::collections::BTreeSet;

use super::index::{Index, Life, Send};
use super::report::{Kind, Report};

pub(super) fn check(index: &Index<'_>, report: &mut Report) {
    let mut missing = BTreeSet::new();
    let published = partly_published(index);
    for (name, lives) in published {
        for (life, send, reached) in lives {
            let what = format!("it never came, and did in {}", index.queues[reached.queue].name);
            let mut operations = vec![send.operation];
            operations.extend(reached.deliveries.first().map(|given| given.operation));
            report.add(Kind::PartialPublish, index.queues[life.queue].name, name, &operations, what);
            missing.insert((life.queue, name));
        }
    }
    for life in &index.lives {
        if !missing.contains(&(life.queue, life.name)) {
            lost(index, life, report);
        }
    }
}

/// An acknowledged message comes out: somebody deletes it, at the latest in the drain.
fn lost(index: &Index<'_>, life: &Life<'_>, report: &mut Report) {
    let Some(send) = life.sends.iter().find(|send| send.done && is_drained(index, life.queue, send)) else {
        return;
    };
    let here_and_onward = index.onward(life.queue).into_iter();
    let lives = here_and_onward.filter_map(|queue| index.find(queue, life.name)).collect::<Vec<_>>();
    let mut changes = lives.iter().flat_map(|life| &life.changes);
    if changes.any(|change| change.timeout.is_none()) {
        return;
    }
    let receives = lives.iter().flat_map(|life| &life.deliveries).map(|given| given.operation);
    let operations = [send.operation].into_iter().chain(receives).collect::<Vec<_>>();
    let what = if operations.len() > 1 { "it was received and not deleted" } else { "it never came" };
    let what = format!("{what}, and nothing is left");
    report.add(Kind::Lost, index.queues[life.queue].name, life.name, &operations, what);
}

/// Whether all that this send can have brought has come out.
fn is_drained(index: &Index<'_>, queue: usize, send: &Send<'_>) -> bool {
    let mut from = send.finished;
    index.onward(queue).into_iter().all(|queue| {
        let drained = index.queues[queue].drained.filter(|at| *at >= from);
        from = drained.unwrap_or(from);
        drained.is_some()
    })
}

/// A life that should have been, the publish that should have begun it, and a life that the same publish did begin.
type Missing<'a> = (&'a Life<'a>, &'a Send<'a>, &'a Life<'a>);

/// The names of what was published and is in some of its queues only.
fn partly_published<'a>(index: &'a Index<'a>) -> Vec<(&'a str, Vec<Missing<'a>>)> {
    let mut by_publish: Vec<Vec<(&Life<'_>, &Send<'_>)>> = Vec::new();
    by_publish.resize_with(index.operations.len(), Vec::new);
    for life in &index.lives {
        for send in &life.sends {
            by_publish[send.operation].push((life, send));
        }
    }
    let mut found = Vec::new();
    for lives in by_publish.into_iter().filter(|lives| lives.len() > 1) {
        let Some(reached) = lives.iter().find_map(|(life, _)| reached(index, life)) else {
            continue;
        };
        let is_missing = |life: &Life<'_>, send: &Send<'_>| {
            self::reached(index, life).is_none() && is_drained(index, life.queue, send)
        };
        let missing = lives.into_iter().filter(|(life, send)| is_missing(life, send));
        let missing = missing.map(|(life, send)| (life, send, reached)).collect::<Vec<_>>();
        if !missing.is_empty() {
            found.push((reached.name, missing));
        }
    }
    found
}

/// The life in which the message was received, in its own queue or where it moved.
fn reached<'a>(index: &'a Index<'a>, life: &Life<'_>) -> Option<&'a Life<'a>> {
    let mut lives = index.onward(life.queue).into_iter().filter_map(|queue| index.find(queue, life.name));
    lives.find(|life| !life.deliveries.is_empty())
}
