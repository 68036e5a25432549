//! [`Search`]: looks backwards for the last events that a filter lets through, of all topics together.
//!
//! It does so in turns, as everything that asks filters: a reader may follow many topics and let little through.

use super::cursor::{Cursor, Rules};
use super::limits::LOOKS_PER_TURN;
use super::request::Since;
use std::collections::BTreeMap;

/// What is still to be looked for.
#[derive(Debug)]
pub(super) struct Search {
    /// So many more are wanted.
    missing: usize,
    /// The next event that each cursor would look at, by its order: which cursor, and the offset there.
    next: BTreeMap<u64, (usize, u64)>,
    /// Something that is missing may have been in what a ring has let go.
    is_cut_short: bool,
}

impl Search {
    /// For a reader whose cursors stand behind what there was when it came, if it asks for the last events.
    pub(super) fn new(since: &Since, cursors: &[Cursor]) -> Option<Self> {
        let missing = match since {
            Since::Last(count) => *count,
            Since::Now | Since::Place(_) | Since::Time(_) => return None,
        };
        let mut search = Self { missing, next: BTreeMap::new(), is_cut_short: false };
        for (position, cursor) in cursors.iter().enumerate() {
            search.look_before(cursor.next, position, cursor);
        }
        Some(search)
    }

    /// Notes the event before an offset, if it is still there.
    fn look_before(&mut self, offset: u64, position: usize, cursor: &Cursor) {
        match cursor.ring.look(offset - 1).event {
            Some(event) => drop(self.next.insert(event.order, (position, offset - 1))),
            // The first event of a ring has the offset 1. What is left out here is later than whatever comes next.
            None => self.is_cut_short |= offset > 1 && self.missing > 0,
        }
    }

    /// Whether something that was wanted may have been in what a ring has let go.
    pub(super) fn is_cut_short(&self) -> bool {
        self.is_cut_short
    }

    /// Puts cursors in front of what it finds; says whether it is done. The cursors are those of before.
    pub(super) fn step(&mut self, cursors: &mut [Cursor], rules: &Rules) -> bool {
        for _ in 0..LOOKS_PER_TURN {
            if self.missing == 0 {
                return true;
            }
            let Some((_, (position, offset))) = self.next.pop_last() else { return true };
            let Some(cursor) = cursors.get_mut(position) else { continue };
            // What is not there any more has nothing before it either.
            let Some(event) = cursor.ring.look(offset).event else {
                self.is_cut_short = true;
                continue;
            };
            if rules.pass(&event) {
                cursor.next = offset;
                self.missing -= 1;
            }
            self.look_before(offset, position, cursor);
        }
        false
    }
}
