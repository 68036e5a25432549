//! Reads every body that a state needs, and compares it with its checksum.

use super::super::Error;
use super::super::files::Files;
use super::super::format::{is_sealed, segment_name};
use super::super::survey::Survey;
use super::inventory::read_segment;
use super::report::{BodyFacts, Kind, Problem, Remedy, Span, Tally};
use crate::shape::arn;
use queue_core::{BodyRef, Holder, Machine, SEAL_BYTES};
use std::collections::BTreeMap;

/// What became of the bodies.
#[derive(Default)]
pub(super) struct Bodies {
    pub(super) facts: BodyFacts,
    pub(super) problems: Vec<Problem>,
    /// Who holds bodies that cannot be read.
    pub(super) holders: Vec<Holder>,
}

/// Neighbours that cannot be read.
struct Stretch {
    file: String,
    start: u64,
    span: Span,
    bodies: u64,
    is_missing: bool,
}

/// Reads all of them, file by file.
pub(super) fn check(
    files: &dyn Files,
    survey: &Survey,
    machine: &Machine,
    segment_bytes: u64,
) -> Result<Bodies, Error> {
    let mut needed: Vec<_> = machine.live_bodies().collect();
    needed.sort_unstable_by_key(|(_, body)| body.position);
    let mut bodies = Bodies::default();
    let mut stretches = Vec::<Stretch>::new();
    let mut of_holder = BTreeMap::new();
    let mut image: Option<(u64, u64, Vec<u8>)> = None;
    let mut is_neighbour = false;
    for (holder, body) in needed {
        let position = body.position.0;
        if image.as_ref().is_none_or(|(start, end, _)| position < *start || position >= *end) {
            image = load(files, survey, position)?;
            is_neighbour = false;
        }
        if image.as_ref().is_some_and(|(start, _, content)| is_sound(*start, content, body)) {
            bodies.facts.sound += 1;
            bodies.facts.sound_bytes += u64::from(body.bytes);
            is_neighbour = false;
            continue;
        }
        bodies.facts.damaged += 1;
        let to = position + u64::from(body.bytes) + SEAL_BYTES as u64;
        let start = image.as_ref().map_or(position - position % segment_bytes.max(1), |(start, _, _)| *start);
        match stretches.last_mut().filter(|last| is_neighbour || (last.is_missing && last.start == start)) {
            Some(last) => (last.span.to, last.bodies) = (to, last.bodies + 1),
            None => stretches.push(Stretch {
                file: segment_name(start),
                start,
                span: Span { from: position, to },
                bodies: 1,
                is_missing: image.is_none(),
            }),
        }
        is_neighbour = true;
        of_holder.insert(holder, stretches.len() - 1);
        bodies.holders.push(holder);
    }
    bodies.problems = problems(machine, &stretches, &of_holder);
    Ok(bodies)
}

/// The segment at a position with its start and end; none if there is none.
fn load(files: &dyn Files, survey: &Survey, position: u64) -> Result<Option<(u64, u64, Vec<u8>)>, Error> {
    let Some((start, segment)) = survey.segments.range(..=position).next_back() else {
        return Ok(None);
    };
    let bytes = segment.header.map_or(segment.bytes, |header| header.bytes.max(segment.bytes));
    if position >= start + bytes {
        return Ok(None);
    }
    Ok(read_segment(files, *start)?.map(|content| (*start, start + bytes, content)))
}

fn is_sound(start: u64, content: &[u8], body: BodyRef) -> bool {
    let from = usize::try_from(body.position.0 - start).unwrap_or(usize::MAX);
    let sealed = from.checked_add(body.bytes as usize + SEAL_BYTES).and_then(|to| content.get(from..to));
    sealed.is_some_and(|sealed| is_sealed(sealed).is_some())
}

/// Says whose bodies they are.
fn problems(machine: &Machine, stretches: &[Stretch], of_holder: &BTreeMap<Holder, usize>) -> Vec<Problem> {
    let mut tallies: Vec<_> = stretches.iter().map(|_| Tally::default()).collect();
    for (queue, message, holder) in machine.holders() {
        let tally = of_holder.get(&holder).and_then(|index| tallies.get_mut(*index));
        if let (Some(tally), Some(queue)) = (tally, machine.queue(queue)) {
            tally.add(arn::of_queue(&queue.name), message);
        }
    }
    for (topic, message, holder) in machine.archived_holders() {
        let tally = of_holder.get(&holder).and_then(|index| tallies.get_mut(*index));
        if let (Some(tally), Some(topic)) = (tally, machine.topic(topic)) {
            tally.add(arn::of_topic(&topic.name), message);
        }
    }
    let described = stretches.iter().zip(tallies).map(|(stretch, tally)| {
        let plural = if stretch.bodies == 1 { "body" } else { "bodies" };
        let (kind, what) = match stretch.is_missing {
            true => (Kind::SegmentMissing, format!("missing, with {} {plural} in it", stretch.bodies)),
            false => (Kind::BodiesDamaged, format!("{} damaged {plural}", stretch.bodies)),
        };
        let problem = Problem::new(kind, Remedy::Cut, what).in_file(stretch.file.clone());
        let Span { from, to } = stretch.span;
        let mut problem = problem.at_bytes(from - stretch.start, to - stretch.start).at_positions(from, to);
        problem.affected = tally.into_affected();
        problem
    });
    described.collect()
}

/// Notes about damaged bodies that no message needs any more.
pub(super) fn not_needed(suspects: &[BodyRef], needed: &[Problem], survey: &Survey) -> Vec<Problem> {
    let is_needed = |body: &BodyRef| {
        let spans = needed.iter().filter_map(|problem| problem.positions);
        spans.into_iter().any(|span| body.position.0 >= span.from && body.position.0 < span.to)
    };
    let mut notes = Vec::new();
    for body in suspects.iter().filter(|body| !is_needed(body)) {
        let from = body.position.0;
        let Some((start, segment)) = survey.segments.range(..=from).next_back() else { continue };
        let what = "a damaged body that no message needs any more";
        let problem = Problem::new(Kind::UnneededBodies, Remedy::Harmless, what);
        let to = from + u64::from(body.bytes) + SEAL_BYTES as u64;
        notes.push(problem.in_segment(*start, start + segment.bytes, from, to));
    }
    notes
}
