//! Who is served how often, and how long the lowest level waits, while there is more to do than can be done, in virtual
//! time: one consumer that takes a message, deletes it, and takes the next.

use crate::tests::player::commands::name;
use crate::tests::world::START;
use crate::{
    BodyRef, Command, CreateQueue, Delete, Entry, Header, Machine, Member, Outgoing, Position, Priority,
    PriorityPolicy, QueueAttributes, QueueId, Receive, Reply, Send, Tags,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const LEVELS: usize = 4;
/// How long the consumer takes for a message.
const TURN_MS: u64 = 10;

struct Simulation {
    machine: Machine,
    now_ms: u64,
    sent: u64,
    members: Vec<QueueId>,
    list: QueueId,
    /// When each message was sent, by the place of its body.
    since: BTreeMap<Position, u64>,
    /// The level of each message served, in order, and how long it had waited.
    served: Vec<(usize, u64)>,
}

impl Simulation {
    fn new(policy: PriorityPolicy, weights: [u32; LEVELS], maximum_wait: Option<Duration>) -> Self {
        let mut simulation = Self {
            machine: Machine::default(),
            now_ms: 0,
            sent: 0,
            members: Vec::new(),
            list: QueueId(0),
            since: BTreeMap::new(),
            served: Vec::new(),
        };
        let members: Vec<_> = (0..LEVELS).map(|level| format!("level-{level}")).collect();
        simulation.members =
            members.iter().map(|name| simulation.create(name, QueueAttributes::default())).collect();
        let of = |level: usize| Member {
            queue: simulation.members[level],
            name: members[level].as_str().into(),
            weight: weights[level],
        };
        let priority = Priority { policy, members: (0..LEVELS).map(of).collect(), maximum_wait };
        let attributes = QueueAttributes { priority: Some(Arc::new(priority)), ..QueueAttributes::default() };
        simulation.list = simulation.create("list", attributes);
        simulation
    }

    fn create(&mut self, queue: &str, attributes: QueueAttributes) -> QueueId {
        let create =
            CreateQueue { name: name(queue), attributes, tags: Tags::new(), hold_deleted_name: false };
        match self.apply(Command::CreateQueue(create)) {
            Reply::QueueCreated(id) => id,
            reply => panic!("{reply:?}"),
        }
    }

    fn apply(&mut self, command: Command) -> Reply {
        let time = START.after(Duration::from_millis(self.now_ms));
        let header = Header { time, seed: u128::from(self.sent), run: 1, batch: 1 };
        self.machine.apply(&Entry { header, commands: vec![command] }).replies.remove(0).unwrap()
    }

    fn send(&mut self, level: usize) {
        self.sent += 1;
        let position = Position(self.sent);
        self.since.insert(position, self.now_ms);
        let message =
            Outgoing { body: BodyRef { position, bytes: 1 }, delay: None, group: None, deduplication: None };
        self.apply(Command::Send(Send { queue: self.members[level], messages: vec![message] }));
    }

    /// Takes and deletes one message, which takes its time.
    fn serve(&mut self) {
        let receive =
            Receive { queue: self.list, maximum: 1, visibility: Duration::from_secs(30), attempt: None };
        if let Reply::Received(messages) = self.apply(Command::Receive(receive))
            && let Some(message) = messages.first()
        {
            let queue = message.receipt.queue;
            let level = self.members.iter().position(|member| *member == queue).unwrap();
            self.served.push((level, self.now_ms - self.since[&message.body.position]));
            self.apply(Command::Delete(Delete { queue, receipts: vec![message.receipt] }));
        }
        self.now_ms += TURN_MS;
    }

    fn served_of(&self, level: usize) -> usize {
        self.served.iter().filter(|(of, _)| *of == level).count()
    }

    fn longest_wait_ms(&self, level: usize) -> u64 {
        self.served.iter().filter(|(of, _)| *of == level).map(|(_, waited)| *waited).max().unwrap()
    }
}

#[test]
fn nothing_is_served_while_something_of_a_higher_level_waits() {
    let mut simulation = Simulation::new(PriorityPolicy::Strict, [1; LEVELS], None);
    let mut waiting = [0_usize; LEVELS];
    for turn in 0..5_000_usize {
        // All levels together send more than is served, in bursts that differ.
        for level in (0..LEVELS).filter(|level| turn % (7 * level + 3) == 0 && turn < 4_000) {
            simulation.send(level);
            waiting[level] += 1;
        }
        let before = simulation.served.len();
        simulation.serve();
        let highest = waiting.iter().position(|count| *count > 0);
        let served = simulation.served.get(before).map(|(level, _)| *level);
        assert_eq!(served, highest, "turn {turn}");
        if let Some(level) = served {
            waiting[level] -= 1;
        }
    }
    assert_eq!(simulation.served.len() as u64, simulation.sent);
}

#[test]
fn saturated_levels_are_served_by_their_weights_within_five_percent() {
    let weights = [8, 4, 2, 1];
    let mut simulation = Simulation::new(PriorityPolicy::Weighted, weights, None);
    for turn in 0..3_000 {
        for level in 0..LEVELS {
            simulation.send(level);
        }
        simulation.serve();
        if turn % 150 != 149 {
            continue;
        }
        for (level, weight) in weights.into_iter().enumerate() {
            let share = simulation.served_of(level) as f64 / simulation.served.len() as f64;
            let due = f64::from(weight) / 15.0;
            assert!((share / due - 1.0).abs() < 0.05, "level {level} got {share} of {due} by turn {turn}");
        }
    }
}

#[test]
fn the_lowest_level_waits_no_longer_than_it_may_and_a_turn_for_each_that_came_before() {
    let longest = Duration::from_secs(5);
    for policy in [PriorityPolicy::Strict, PriorityPolicy::Weighted] {
        let mut simulation = Simulation::new(policy, [100, 1, 100, 1], Some(longest));
        for turn in 0..20_000 {
            // The highest level alone takes all turns.
            simulation.send(0);
            if turn % 100 == 0 {
                simulation.send(LEVELS - 1);
            }
            simulation.serve();
        }
        let waited = simulation.longest_wait_ms(LEVELS - 1);
        assert!(waited <= 5_000 + 2 * TURN_MS, "{policy:?}: {waited} ms");
        assert!(simulation.served_of(LEVELS - 1) >= 190, "{policy:?}: all but the last have been served");
    }
    let mut starving = Simulation::new(PriorityPolicy::Strict, [1; LEVELS], None);
    starving.send(LEVELS - 1);
    for _ in 0..20_000 {
        starving.send(0);
        starving.serve();
    }
    assert_eq!(starving.served_of(LEVELS - 1), 0, "which is no matter of course");
}
