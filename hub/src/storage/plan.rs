//! What a checkpoint shows about the segments: which are free, and which are so empty that their bodies are better
//! moved to the end of the log.

use super::planted::{self, Bug};
use super::segments::Segment;
use queue_core::codec::{Codec, DecodeError, Reader};
use queue_core::{BodyRef, Holder, Machine, encoded};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bodies that are moved after one checkpoint, so that it goes on beside everything else.
const CARRIED_BYTES_MAX: u64 = 64 << 20;
const CARRIED_MAX: usize = 100_000;

/// What a message takes of the log beside its body.
const BESIDE_BODY_BYTES: u64 = 128;

encoded! {
    /// What whoever made a checkpoint has to say.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(crate) struct Report {
        /// Where the log goes on after it.
        pub(crate) position: u64,
        /// Bytes of its file.
        pub(crate) bytes: u64,
        /// Bytes that needed messages take, by the start of the segment that their bodies lie in.
        pub(crate) live: BTreeMap<u64, u64>,
        /// Bodies to be moved.
        pub(crate) carry: Vec<(Holder, BodyRef)>,
    }
}

impl Report {
    /// Looks through the state at a position, with the segments that there are: their starts and sizes.
    pub(crate) fn make(machine: &Machine, position: u64, bytes: u64, segments: &BTreeMap<u64, u64>) -> Self {
        let live = live(machine, segments);
        let emptiest = emptiest(&live, segments, position);
        let carry = if emptiest.is_empty() { Vec::new() } else { bodies_in(machine, &emptiest, segments) };
        Self { position, bytes, live, carry }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let report = Self::decode(&mut input)?;
        if input.remaining() > 0 { Err(DecodeError::Malformed) } else { Ok(report) }
    }
}

/// Bytes that needed messages take, by the start of the segment that their bodies lie in.
pub(crate) fn live(machine: &Machine, segments: &BTreeMap<u64, u64>) -> BTreeMap<u64, u64> {
    let mut live = BTreeMap::<u64, u64>::new();
    for (_, body) in machine.live_bodies() {
        if let Some((start, _)) = segments.range(..=body.position.0).next_back() {
            *live.entry(*start).or_default() += u64::from(body.bytes) + BESIDE_BODY_BYTES;
        }
    }
    live
}

/// The fewest segments, emptiest first, without which the others are at least half full.
fn emptiest(live: &BTreeMap<u64, u64>, segments: &BTreeMap<u64, u64>, position: u64) -> Vec<u64> {
    let complete = |start: &u64| segments.get(start).copied().filter(|bytes| start + bytes <= position);
    let mut candidates: Vec<_> =
        live.iter().filter_map(|(start, live)| Some((*live, *start, complete(start)?))).collect();
    candidates.sort_unstable();
    let mut space: u64 = candidates.iter().map(|(_, _, bytes)| bytes).sum();
    let mut needed: u64 = candidates.iter().map(|(live, _, _)| live).sum();
    let mut chosen = Vec::new();
    let mut moved = 0;
    for (live, start, bytes) in candidates {
        if space <= 2 * needed || moved + live > CARRIED_BYTES_MAX {
            break;
        }
        space -= bytes;
        needed -= live;
        moved += live;
        chosen.push(start);
    }
    chosen.sort_unstable();
    chosen
}

fn bodies_in(machine: &Machine, chosen: &[u64], segments: &BTreeMap<u64, u64>) -> Vec<(Holder, BodyRef)> {
    let is_chosen = |body: &BodyRef| {
        let start = segments.range(..=body.position.0).next_back().map(|(start, _)| *start);
        start.is_some_and(|start| chosen.binary_search(&start).is_ok())
    };
    let mut bodies: Vec<_> =
        machine.live_bodies().filter(|(_, body)| is_chosen(body)).take(CARRIED_MAX).collect();
    bodies.sort_unstable_by_key(|(_, body)| body.position);
    bodies
}

/// The segments that nothing will read any more: they lie before the older of two checkpoints, and no body in them is
/// needed by the state of the newer. What the live machine needs says nothing, because a restart begins with the
/// checkpoints.
pub(crate) fn free(segments: &[Arc<Segment>], older: u64, live: &BTreeMap<u64, u64>) -> Vec<u64> {
    // With the bug it is enough that no body is needed, though a restart would still execute the segment's entries.
    let is_before = |segment: &Segment| segment.end() <= older || planted::is(Bug::RecycledByLiveState);
    let is_free = |segment: &&Arc<Segment>| is_before(segment) && !live.contains_key(&segment.start);
    segments.iter().filter(is_free).map(|segment| segment.start).collect()
}
