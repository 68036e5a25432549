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
}

impl Search {
    /// For a reader whose cursors stand behind what there was when it came, if it asks for the last events.
    pub(super) fn new(since: &Since, cursors: &[Cursor]) -> Option<Self> {
        let missing = match since {
            Since::Last(count) => *count,
            Since::Now | Since::Place(_) | Since::Time(_) => return None,
        };
        let mut search = Self { missing, next: BTreeMap::new() };
        for (position, cursor) in cursors.iter().enumerate() {
            search.look_before(cursor.next, position, cursor);
        }
        Some(search)
    }

    /// Notes the event before an offset, if it is still there.
    fn look_before(&mut self, offset: u64, position: usize, cursor: &Cursor) {
        if let Some(event) = cursor.ring.look(offset - 1).event {
            self.next.insert(event.order, (position, offset - 1));
        }
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
            let Some(event) = cursor.ring.look(offset).event else { continue };
            if rules.pass(&event) {
                cursor.next = offset;
                self.missing -= 1;
            }
            self.look_before(offset, position, cursor);
        }
        false
    }
}
