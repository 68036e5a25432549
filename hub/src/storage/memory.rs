//! A log in memory: encoded entries, each kept as long as one of its bodies is needed.

use super::clock::LogClock;
use super::{Batch, Body, Error, Figures, Log};
use crate::metrics::histogram::{self, Histogram};
use bytes::Bytes;
use queue_core::{Applied, BodyRef, Entry, Header, Machine, Position, Proposal};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(crate) struct MemoryLog {
    clock: Arc<LogClock>,
    end: Position,
    proposed: VecDeque<Position>,
    entries: BTreeMap<Position, Stored>,
    /// Of all entries that are kept.
    bytes: u64,
}

struct Stored {
    bytes: Bytes,
    /// How many of its bodies are needed.
    needed: u32,
}

impl MemoryLog {
    pub(crate) fn new(clock: Arc<LogClock>) -> Self {
        // Position zero is left out, so that a body that was never placed is not found.
        Self { clock, end: Position(1), proposed: VecDeque::new(), entries: BTreeMap::new(), bytes: 0 }
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
            self.forget(start);
        }
    }

    fn forget(&mut self, start: Position) {
        if let Some(stored) = self.entries.remove(&start) {
            self.bytes = self.bytes.saturating_sub(stored.bytes.len() as u64);
        }
    }

    /// The bytes of a body, if its entry is there.
    fn find(&self, body: BodyRef) -> Option<Bytes> {
        let (start, stored) = self.entry_around(body.position)?;
        let from = usize::try_from(body.position.0.checked_sub(start.0)?).ok()?;
        let to = from.checked_add(body.bytes as usize)?;
        (to <= stored.bytes.len()).then(|| stored.bytes.slice(from..to))
    }
}

impl Log for MemoryLog {
    /// An entry can be had as soon as it is proposed, so there is never anything new that its proposer does not
    /// know of.
    fn wake_with(&mut self, _wake: Box<dyn Fn() + Send>) {}

    fn propose(&mut self, batch: Batch, proposals: &[Proposal]) {
        let seed = uuid::Uuid::new_v4().as_u128();
        let header = Header { time: self.clock.now(), seed, run: batch.run, batch: batch.number };
        let mut bytes = Vec::new();
        Entry::encode(&header, proposals, &mut bytes);
        let bytes = Bytes::from(bytes);
        let start = self.end;
        self.end = Position(start.0 + bytes.len() as u64);
        self.bytes += bytes.len() as u64;
        self.entries.insert(start, Stored { bytes, needed: 0 });
        self.proposed.push_back(start);
    }

    fn next(&mut self) -> Option<Result<(Position, Entry), Error>> {
        let position = self.proposed.pop_front()?;
        let bytes = &self.entries.get(&position)?.bytes;
        let entry = Entry::decode(position, bytes).map_err(|source| Error::Entry { position, source });
        Some(entry.map(|entry| (position, entry)))
    }

    fn body(&self, body: BodyRef) -> Body {
        match self.find(body) {
            Some(bytes) => Body::AtHand(bytes),
            None => {
                let BodyRef { position, bytes } = body;
                Body::Stored(Box::new(move || Err(Error::Body { position, bytes })))
            }
        }
    }

    fn applied(&mut self, position: Position, applied: &Applied, _machine: &Machine) {
        match self.entries.get_mut(&position) {
            Some(stored) if applied.kept > 0 => stored.needed = applied.kept,
            Some(_) => self.forget(position),
            None => {}
        }
        for body in &applied.released {
            self.release(*body);
        }
    }

    fn memory(&self) -> u64 {
        self.bytes
    }

    fn figures(&self) -> Figures {
        let syncs = Histogram::of_seconds(histogram::SHORT).read();
        Figures { log_bytes: self.bytes, checkpoint_bytes: 0, checkpoints: 0, syncs }
    }

    fn close(&mut self, _machine: &Machine) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::seal;
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
        let bodies = bodies.iter().map(|body| body.as_bytes().to_vec()).collect();
        Proposal::new(&Command::Send(send), bodies, seal)
    }

    fn bodies(entry: &Entry) -> Vec<BodyRef> {
        let of = |command: &Command| match command {
            Command::Send(send) => send.messages.iter().map(|message| message.body).collect::<Vec<_>>(),
            other => panic!("{other:?} was not proposed"),
        };
        entry.commands.iter().flat_map(of).collect()
    }

    /// The text of a body that is in memory.
    fn text(log: &MemoryLog, body: BodyRef) -> Option<String> {
        match log.body(body) {
            Body::AtHand(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
            Body::Stored(load) => {
                assert!(matches!(load(), Err(Error::Body { .. })));
                None
            }
        }
    }

    fn apply(log: &mut MemoryLog, position: Position, kept: u32, released: &[Position]) {
        let applied = Applied { kept, released: released.to_vec(), ..Applied::default() };
        log.applied(position, &applied, &Machine::default());
    }

    #[test]
    fn entries_come_back_in_order_with_their_bodies_in_place() {
        let mut log = MemoryLog::new(LogClock::starting_now());
        log.propose(BATCH, &[sending(&["a", "bc"]), sending(&["def"])]);
        log.propose(Batch { number: 2, ..BATCH }, &[sending(&["g"])]);
        let (first, entry) = log.next().unwrap().unwrap();
        let texts: Vec<_> = bodies(&entry).into_iter().map(|body| text(&log, body).unwrap()).collect();
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
        apply(&mut log, position, 2, &[]);
        apply(&mut log, Position(u64::MAX), 0, &[placed[0].position]);
        assert_eq!(text(&log, placed[1]).as_deref(), Some("b"));
        assert!(log.memory() > 0);
        apply(&mut log, Position(u64::MAX), 0, &[placed[1].position]);
        assert_eq!(text(&log, placed[1]), None);
        assert_eq!((log.entries.len(), log.memory()), (0, 0));
    }

    #[test]
    fn an_entry_without_needed_bodies_is_not_kept() {
        let mut log = MemoryLog::new(LogClock::starting_now());
        log.propose(BATCH, &[Proposal::new(&Command::Tick, Vec::new(), seal)]);
        let (position, _) = log.next().unwrap().unwrap();
        apply(&mut log, position, 0, &[]);
        assert_eq!((log.entries.len(), log.memory()), (0, 0));
    }
}
