//! What a topic keeps to be replayed: which publications, in the order in which they were published. Their bodies stay
//! where they are in the log, so here is only where that is.

use crate::{Position, Timestamp, encoded};
use std::collections::{BTreeSet, VecDeque};

encoded! {
    /// A publication in an archive.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Archived {
        /// When it was published.
        pub(crate) at: Timestamp,
        /// Its identity.
        pub(crate) publication: Position,
    }

    /// The archive of a topic.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(crate) struct Archive {
        /// Since when everything is kept; none if nothing is.
        pub(crate) since: Option<Timestamp>,
        /// How many came before those that are left. The number of a message is its place among all.
        gone: u64,
        archived: VecDeque<Archived>,
    }
}

impl Archive {
    /// An empty one, which is added to from that moment on.
    pub(crate) fn new(since: Option<Timestamp>) -> Self {
        Self { since, ..Self::default() }
    }

    /// Adds what was just published.
    pub(crate) fn add(&mut self, at: Timestamp, publication: Position) {
        self.archived.push_back(Archived { at, publication });
    }

    /// When the oldest was published.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.archived.front().map(|archived| archived.at)
    }

    /// Takes the oldest out, if it is to go.
    pub(crate) fn pop_if(&mut self, goes: bool) -> Option<Archived> {
        let oldest = self.archived.pop_front_if(|_| goes)?;
        self.gone += 1;
        Some(oldest)
    }

    /// What comes after a number and was published within these times, with its numbers. (Log time never goes back, so
    /// times are in order.)
    pub(crate) fn within(
        &self,
        after: u64,
        from: Timestamp,
        to: Option<Timestamp>,
    ) -> impl Iterator<Item = (u64, Archived)> {
        let skipped = usize::try_from(after.saturating_sub(self.gone)).unwrap_or(usize::MAX);
        let start = self.archived.partition_point(|archived| archived.at < from).max(skipped);
        let numbers = self.gone.saturating_add(start as u64).saturating_add(1)..;
        let wanted = numbers.zip(self.archived.iter().copied().skip(start));
        wanted.take_while(move |(_, archived)| to.is_none_or(|to| archived.at <= to))
    }

    /// When a publication was made that is in the archive. (Positions rise with time.)
    pub(crate) fn published(&self, publication: Position) -> Option<Timestamp> {
        let found = self.archived.binary_search_by_key(&publication, |archived| archived.publication);
        self.archived.get(found.ok()?).map(|archived| archived.at)
    }

    /// Takes publications out, wherever they are; says which were there. Those behind them keep their numbers, those
    /// before them get greater ones: a replay under way may give one of them twice, and misses none.
    pub(crate) fn remove_all(&mut self, publications: &BTreeSet<Position>) -> Vec<Position> {
        let (gone, left): (Vec<_>, Vec<_>) =
            self.archived.iter().partition(|archived| publications.contains(&archived.publication));
        self.archived = left.into();
        self.gone += gone.len() as u64;
        gone.into_iter().map(|archived| archived.publication).collect()
    }

    /// All of it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Position> {
        self.archived.iter().map(|archived| archived.publication)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.archived.is_empty()
    }

    /// About how much memory it takes.
    pub(crate) fn weigh(&self) -> u64 {
        // The list has room to grow.
        self.archived.len() as u64 * size_of::<Archived>() as u64 * 5 / 4
    }
}
