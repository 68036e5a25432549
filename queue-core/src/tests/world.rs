//! A log around a machine: entries are encoded, given rising positions, decoded and applied, and kept.

use crate::codec::{Codec, Reader};
use crate::{
    Applied, BodyRef, Carried, Carry, Command, Entry, Error, Genesis, Header, Holder, Machine, Position,
    Proposal, Reply, SEAL_BYTES, Timestamp,
};
use std::collections::BTreeSet;

/// When every test begins.
pub(super) const START: Timestamp = Timestamp(1_700_000_000_000);

/// A command with the bodies that it brings.
pub(super) type Bearing = (Command, Vec<Vec<u8>>);

/// Bytes that a log puts around its entries.
const FRAME: usize = 29;

/// Something like a checksum.
pub(super) fn seal(body: &[u8]) -> [u8; SEAL_BYTES] {
    body.iter().fold(7_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)).to_le_bytes()
}

pub(super) struct World {
    pub(super) machine: Machine,
    log: Vec<(Position, Vec<u8>)>,
    end: u64,
    applied: Vec<Applied>,
    /// The bodies that are kept, as far as the machine has said.
    pub(super) live: BTreeSet<Position>,
}

impl World {
    pub(super) fn new() -> Self {
        let mut world = Self {
            machine: Machine::default(),
            log: Vec::new(),
            end: 0,
            applied: Vec::new(),
            live: BTreeSet::new(),
        };
        let genesis = Genesis { level: crate::LEVEL, store: 7, handle_key: [1; 32], hash_key: [2; 32] };
        let replies = world.apply(START, vec![(Command::Genesis(genesis), Vec::new())]);
        assert_eq!(replies, [Ok(Reply::Done)]);
        world
    }

    /// Puts the commands into one entry and applies it.
    pub(super) fn apply(&mut self, time: Timestamp, commands: Vec<Bearing>) -> Vec<Result<Reply, Error>> {
        let batch = self.log.len() as u64;
        let header = Header { time, seed: u128::from(batch), run: 1, batch };
        let proposals: Vec<_> =
            commands.into_iter().map(|(command, bodies)| Proposal::new(&command, bodies, seal)).collect();
        let mut bytes = vec![0xaa; FRAME];
        Entry::encode(&header, &proposals, &mut bytes);
        let position = Position(self.end + FRAME as u64);
        self.end += bytes.len() as u64;
        let bytes = bytes.split_off(FRAME);
        let entry = Entry::decode(position, &bytes).unwrap();
        assert_eq!(entry.header, header);
        let applied = self.machine.apply(&entry);
        assert_eq!(applied.replies.len(), proposals.len(), "a reply for each command");
        // To look at everything takes its time.
        if self.live.len() < 20_000 || applied.kept > 0 || batch.is_multiple_of(16) {
            self.account(entry, &applied);
            self.machine.assert_consistent();
        } else {
            self.account_released(&applied);
        }
        let replies = applied.replies.clone();
        self.log.push((position, bytes));
        self.applied.push(applied);
        replies
    }

    /// Believes what the machine says about bodies, and compares that with what it refers to.
    fn account(&mut self, mut entry: Entry, applied: &Applied) {
        let brought: BTreeSet<_> =
            entry.commands.iter_mut().flat_map(Command::bodies_mut).map(|body| body.position).collect();
        let released: BTreeSet<_> = applied.released.iter().copied().collect();
        assert_eq!(released.len(), applied.released.len(), "no body is released twice");
        for position in &released {
            let known = self.live.contains(position) || brought.contains(position);
            assert!(known, "what is released was kept");
        }
        let needed = self.machine.bodies();
        let kept: BTreeSet<_> = needed.union(&released).copied().collect();
        let kept: BTreeSet<_> = kept.intersection(&brought).copied().collect();
        assert_eq!(applied.kept as usize, kept.len(), "bodies of this entry that are needed");
        let believed = self.live.union(&kept).copied();
        self.live = believed.filter(|position| !released.contains(position)).collect();
        assert_eq!(self.live, needed, "kept and not released is what is referred to");
    }

    fn account_released(&mut self, applied: &Applied) {
        for position in &applied.released {
            assert!(self.live.remove(position), "what is released was kept, and is released once");
        }
    }

    /// The text at that place of the log.
    pub(super) fn body(&self, body: BodyRef) -> String {
        let after = self.log.partition_point(|(position, _)| *position <= body.position);
        let (position, bytes) = &self.log[after - 1];
        let start = usize::try_from(body.position.0 - position.0).unwrap();
        let (text, rest) = bytes[start..].split_at(body.bytes as usize);
        assert!(rest.starts_with(&seal(text)), "the seal of a body follows it");
        String::from_utf8(text.to_vec()).unwrap()
    }

    /// A command that brings copies of these bodies.
    pub(super) fn carry(&self, bodies: &[(Holder, BodyRef)]) -> Bearing {
        let carried = bodies.iter().map(|(holder, body)| Carried {
            holder: *holder,
            from: body.position,
            body: BodyRef { position: Position::default(), bytes: body.bytes },
        });
        let copies = bodies.iter().map(|(_, body)| self.body(*body).into_bytes());
        (Command::Carry(Carry { bodies: carried.collect() }), copies.collect())
    }

    /// What the last entry led to.
    pub(super) fn last(&self) -> &Applied {
        self.applied.last().unwrap()
    }

    /// What must hold of every history, whatever it was about.
    pub(super) fn finish(mut self) {
        self.replay();
        self.drain();
    }

    /// The same entries lead to the same replies and the same state, also from a state that was written and read.
    fn replay(&self) {
        // A state that takes long to write is written less often.
        let halts = if self.end > 200_000 { 2 } else { 12 }.min(self.log.len());
        let halts: BTreeSet<_> = (1..=halts).map(|halt| halt * self.log.len() / halts).collect();
        let mut machine = Machine::default();
        self.replay_into(&mut machine, 0, self.log.len(), &mut |at, machine| {
            if halts.contains(&at) {
                let mut revived = revive(machine);
                self.replay_into(&mut revived, at, self.log.len(), &mut |_, _| ());
                self.assert_same(&revived);
            }
        });
        self.assert_same(&machine);
    }

    fn replay_into(
        &self,
        machine: &mut Machine,
        from: usize,
        to: usize,
        after: &mut dyn FnMut(usize, &Machine),
    ) {
        for (at, (position, bytes)) in self.log.iter().enumerate().take(to).skip(from) {
            let applied = machine.apply(&Entry::decode(*position, bytes).unwrap());
            assert_eq!(applied, self.applied[at], "the replay of entry {at}");
            after(at + 1, machine);
        }
    }

    fn assert_same(&self, machine: &Machine) {
        assert_eq!(machine.fingerprint(), self.machine.fingerprint());
        assert_eq!(machine.digest(), self.machine.digest());
        assert_eq!(machine, &self.machine);
    }

    /// Once all queues, subscriptions and archives are gone and reclaimed, no body is needed.
    fn drain(&mut self) {
        let topics = self.machine.topics().map(|topic| Command::DeleteTopic(topic.id));
        let subscriptions = self.machine.subscriptions().map(|one| Command::Unsubscribe(one.id));
        let queues = self.machine.queues().filter(|queue| !queue.is_internal());
        // Lists of queues before their members.
        let (lists, others): (Vec<_>, Vec<_>) = queues.partition(|queue| queue.attributes.priority.is_some());
        let queues = lists.into_iter().chain(others).map(|queue| Command::DeleteQueue(queue.id));
        let all = topics.chain(subscriptions).chain(queues);
        let deletions: Vec<Bearing> = all.map(|command| (command, Vec::new())).collect();
        self.apply(self.machine.time(), deletions);
        while self.machine.unreclaimed() > 0 {
            let before = self.machine.unreclaimed();
            assert!(self.machine.next_due().is_some_and(|at| at <= self.machine.time()));
            self.apply(self.machine.time(), vec![(Command::Tick, Vec::new())]);
            assert!(self.machine.unreclaimed() < before, "each entry reclaims some");
        }
        assert!(self.live.is_empty(), "every body is released in the end");
        assert_eq!(self.machine.body_bytes(), 0);
    }
}

/// The machine as it comes back from its bytes.
fn revive(machine: &Machine) -> Machine {
    let bytes = machine.to_bytes();
    let mut input = Reader::new(&bytes);
    let revived = Machine::decode(&mut input).unwrap();
    assert_eq!(input.remaining(), 0, "all bytes are read");
    assert_eq!(&revived, machine);
    revived
}
