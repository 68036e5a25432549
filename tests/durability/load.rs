//! Clients that send, publish, receive and delete as fast as they can, and write down what they did and saw.
//!
//! A load outlives the hub that it is put on: while none is there its workers wait, and when one is there again they
//! go on, repeating what they do not know the end of. It is used in this order: [`Load::begin`] with a hub, then
//! [`Load::run_for`], [`Load::gone`] and [`Load::back`] as often as hubs come and go, and [`Load::end`], which takes out
//! all that is left and gives the history.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use fanq_tests::Hub;
use fanq_tests::history::{History, Rules};

pub(crate) mod client;
pub(crate) mod consumer;
pub(crate) mod drain;
pub(crate) mod producer;
pub(crate) mod random;
pub(crate) mod shared;
pub(crate) mod world;

use random::Random;
use shared::Shared;
pub(crate) use shared::micros;

/// What a load is like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Workers that send and publish.
    pub(crate) producers: u64,
    /// Workers that receive.
    pub(crate) consumers: u64,
    /// With more messages than this in the queues, producers wait: what is kept is drained after each run.
    pub(crate) backlog_max: i64,
    /// Message groups of each FIFO queue.
    pub(crate) groups: u64,
    /// Whether consumers vanish, cut connections, and come back with receipts of long ago.
    pub(crate) is_rough: bool,
}

/// Few workers, and few groups, so that most are locked most of the time.
const ORDINARY: Shape = Shape { producers: 4, consumers: 4, backlog_max: 4_000, groups: 6, is_rough: false };

/// Where nobody receives, more messages come together.
const SENDING: Shape = Shape { consumers: 0, backlog_max: 15_000, ..ORDINARY };

/// What the clock of the hub and that of the workers may differ by: the hub reads the clock of the machine at each
/// start, and that clock may be set.
const TOLERANCE: Duration = Duration::from_millis(200);

/// The rules of these histories, whose times are in microseconds.
pub(crate) fn rules() -> Rules {
    Rules { tolerance: micros(TOLERANCE), ..Rules::per_second(1_000_000) }
}

/// Workers and what they have seen.
pub(crate) struct Load {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// What a load has come to.
pub(crate) struct Ended {
    pub(crate) history: History,
    /// How many answers of each kind there were, for people.
    pub(crate) summary: String,
}

impl Load {
    /// Makes queues, topics and subscriptions, and starts the workers.
    pub(crate) fn begin(address: SocketAddr, seed: u64) -> Self {
        Self::begin_as(ORDINARY, address, seed)
    }

    /// The same with another load.
    pub(crate) fn begin_as(shape: Shape, address: SocketAddr, seed: u64) -> Self {
        world::create(address);
        Self::work(shape, address, seed)
    }

    /// Starts workers that only send and publish, to queues and topics that are there.
    pub(crate) fn sending(address: SocketAddr, seed: u64) -> Self {
        Self::work(SENDING, address, seed)
    }

    fn work(shape: Shape, address: SocketAddr, seed: u64) -> Self {
        let shared = Arc::new(Shared::new(address, world::history(), shape));
        let mut random = Random::new(seed);
        let mut workers = Vec::new();
        for number in 0..shape.producers {
            let (shared, random) = (Arc::clone(&shared), random.fork());
            workers.push(thread::spawn(move || producer::run(&shared, number, random)));
        }
        for _ in 0..shape.consumers {
            let (shared, random) = (Arc::clone(&shared), random.fork());
            workers.push(thread::spawn(move || consumer::run(&shared, random)));
        }
        Self { shared, workers }
    }

    /// The time of the history.
    pub(crate) fn now(&self) -> u64 {
        self.shared.now()
    }

    /// The time of the history at a time of the machine's clock.
    pub(crate) fn time_at(&self, clock: SystemTime) -> u64 {
        self.shared.time_at(clock)
    }

    /// Lets the workers work for so long. Fails as soon as one of them fails.
    pub(crate) fn run_for(&self, time: Duration) {
        self.shared.watch(time);
    }

    /// Says that the process has ended: nothing that it was asked has an effect any more.
    pub(crate) fn gone(&self) {
        self.shared.gone();
    }

    /// Says where the next hub is.
    pub(crate) fn back(&self, address: SocketAddr) {
        self.shared.back(address);
    }

    /// Stops the workers, takes out all that is in the queues, ends the hub, and returns what was done and seen.
    pub(crate) fn end(self, hub: &mut Hub) -> Ended {
        self.shared.stop();
        for worker in self.workers {
            worker.join().expect("a worker that has not failed");
        }
        drain::run(&self.shared, hub.address, &world::MEMBERS);
        drain::run(&self.shared, hub.address, &world::QUEUES);
        // Now what is still unknown has no effect any more.
        hub.kill();
        self.shared.gone();
        self.shared.finish()
    }
}

impl Ended {
    /// Fails if a promise was broken.
    pub(crate) fn assert_fine(&self, hub: &Hub) {
        let violations = self.history.check(rules());
        assert!(violations.is_empty(), "{}\n{}", self.history.explain(&violations), hub.log());
    }
}
