//! A log in memory: encoded entries, each kept as long as one of its bodies is needed.

use super::clock::LogClock;
use super::{Batch, Error, Log};
use bytes::Bytes;
use queue_core::{BodyRef, Entry, Header, Position, Proposal};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(crate) struct MemoryLog {
    clock: Arc<LogClock>,
    end: Position,
    proposed: VecDeque<Position>,
    entries: BTreeMap<Position, Stored>,
}

struct Stored {
    bytes: Bytes,
    /// How many of its bodies are needed.
    needed: u32,
}

impl MemoryLog {
    pub(crate) fn new(clock: Arc<LogClock>) -> Self {
        // Position zero is left out, so that a body that was never placed is not found.
        Self { clock, end: Position(1), proposed: VecDeque::new(), entries: BTreeMap::new() }
    }

    fn entry_around(&self, position: Position) -> Option<(Position, &Stored)> {
        self.entries.range(..=position).next_back().map(|(start, stored)| (*start, stored))
    }

    fn release(&mut self, position: Position) {
        let Some((start, _)) = self.entry_around(position) else {
            return;
        };
        let Some(stored) = self.entries.get_mut(&start) else {
            return;
        };
        stored.needed = stored.needed.saturating_sub(1);
        if stored.needed == 0 {
            self.entries.remove(&start);
        }
    }
}

impl Log for MemoryLog {
    fn propose(&mut self, batch: Batch, proposals: &[Proposal]) {
        let seed = uuid::Uuid::new_v4().as_u128();
        let header = Header { time: self.clock.now(), seed, run: batch.run, batch: batch.number };
        let bytes = Bytes::from(Entry::encode(&header, proposals));
        let start = self.end;
        self.end = Position(start.0 + bytes.len() as u64);
        self.entries.insert(start, Stored { bytes, needed: 0 });
        self.proposed.push_back(start);
    }

    fn next(&mut self) -> Option<Result<(Position, Entry), Error>> {
        let position = self.proposed.pop_front()?;
        let bytes = &self.entries.get(&position)?.bytes;
        let entry = Entry::decode(position, bytes).map_err(|source| Error::Entry { position, source });
        Some(entry.map(|entry| (position, entry)))
    }

    fn read(&self, body: BodyRef) -> Result<Bytes, Error> {
        let missing = || Error::NoBody(body.position);
        let (start, stored) = self.entry_around(body.position).ok_or_else(missing)?;
        let from = usize::try_from(body.position.0 - start.0).map_err(|_| missing())?;
        let to = from.saturating_add(body.bytes as usize);
        if to > stored.bytes.len() { Err(missing()) } else { Ok(stored.bytes.slice(from..to)) }
    }

    fn applied(&mut self, position: Position, kept: u32, released: &[Position]) {
        match self.entries.get_mut(&position) {
            Some(stored) if kept > 0 => stored.needed = kept,
            Some(_) => drop(self.entries.remove(&position)),
            None => {}
        }
        for body in released {
            self.release(*body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::{Command, Outgoing, QueueId, Send};

    const BATCH: Batch = Batch { run: 1, number: 1 };

    fn sending(bodies: &[&str]) -> Proposal {
        let message = |body: &&str| Outgoing {
            body: BodyRef { position: Position(0), bytes: body.len() as u32 },
            delay: None,
            group: None,
            deduplication: None,
        };
        let send = Send { queue: QueueId(1), messages: bodies.iter().map(message).collect() };
        Proposal::new(&Command::Send(send), bodies.iter().map(|body| body.as_bytes().to_vec()).collect())
    }

    fn bodies(entry: &Entry) -> Vec<BodyRef> {
        let of = |command: &Command| match command {
            Command::Send(send) => send.messages.iter().map(|message| message.body).collect::<Vec<_>>(),
            other => panic!("{other:?} was not proposed"),
        };
        entry.commands.iter().flat_map(of).collect()
    }

    #[test]
    fn entries_come_back_in_order_with_their_bodies_in_place() {
        let mut log = MemoryLog::new(LogClock::starting_now());
        log.propose(BATCH, &[sending(&["a", "bc"]), sending(&["def"])]);
        log.propose(Batch { number: 2, ..BATCH }, &[sending(&["g"])]);
        let (first, entry) = log.next().unwrap().unwrap();
        let texts: Vec<_> = bodies(&entry).into_iter().map(|body| log.read(body).unwrap()).collect();
        assert_eq!(texts, ["a", "bc", "def"]);
        let (second, entry) = log.next().unwrap().unwrap();
        assert!(second > first);
        assert_eq!(entry.header.batch, 2);
        assert!(log.next().is_none());
    }

    #[test]
    fn an_entry_is_kept_until_its_last_needed_body_is_released() {
        let mut log = MemoryLog::new(LogClock::starting_now());
        log.propose(BATCH, &[sending(&["a", "b"])]);
        let (position, entry) = log.next().unwrap().unwrap();
        let placed = bodies(&entry);
        log.applied(position, 2, &[]);
        log.applied(Position(u64::MAX), 0, &[placed[0].position]);
        assert_eq!(log.read(placed[1]).unwrap(), "b");
        log.applied(Position(u64::MAX), 0, &[placed[1].position]);
        assert!(log.read(placed[1]).is_err());
        assert!(log.entries.is_empty());
    }

    #[test]
    fn an_entry_without_needed_bodies_is_not_kept() {
        let mut log = MemoryLog::new(LogClock::starting_now());
        log.propose(BATCH, &[Proposal::new(&Command::Tick, Vec::new())]);
        let (position, _) = log.next().unwrap().unwrap();
        log.applied(position, 0, &[]);
        assert!(log.entries.is_empty());
    }
}
