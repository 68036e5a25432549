//! Bodies that are not in memory: read by whoever receives them, and put back or left out if that fails.

use super::*;
use crate::storage::{Batch, Body, Error as LogError, Figures};
use futures_util::FutureExt as _;
use queue_core::{Applied, DeduplicationKeys, Entry};
use tokio::sync::watch;

/// A disk whose reads wait for a test, find some bodies damaged, and fail for others.
struct Disk {
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    is_slow: bool,
    reads: usize,
    damaged: Vec<&'static str>,
    failing: Vec<&'static str>,
}

impl Disk {
    fn damage(&self, bodies: &[&'static str]) {
        self.state.send_modify(|state| state.damaged.extend(bodies));
    }

    /// Has the reads of these bodies fail for a reason that is not theirs; no others from now on.
    fn fail(&self, bodies: &[&'static str]) {
        self.state.send_modify(|state| state.failing = bodies.to_vec());
    }

    fn set_slow(&self, is_slow: bool) {
        self.state.send_modify(|state| state.is_slow = is_slow);
    }

    /// Waits until so many reads have begun.
    async fn reading(&self, reads: usize) {
        self.state.subscribe().wait_for(|state| state.reads >= reads).await.unwrap();
    }

    fn read(&self, body: BodyRef, bytes: Bytes) -> Result<Bytes, LogError> {
        self.state.send_modify(|state| state.reads += 1);
        let mut state = self.state.subscribe();
        tokio::runtime::Handle::current().block_on(state.wait_for(|state| !state.is_slow)).unwrap();
        if self.state.borrow().failing.iter().any(|failing| bytes == *failing) {
            let source = io::Error::other("too many open files");
            return Err(LogError::File { path: "segment".into(), source });
        }
        let is_damaged = self.state.borrow().damaged.iter().any(|damaged| bytes == *damaged);
        let BodyRef { position, bytes: length } = body;
        if is_damaged { Err(LogError::Body { position, bytes: length }) } else { Ok(bytes) }
    }
}

/// A log that has no body at hand.
struct StoredLog {
    inner: MemoryLog,
    disk: Arc<Disk>,
}

impl Log for StoredLog {
    fn wake_with(&mut self, wake: Box<dyn Fn() + std::marker::Send>) {
        self.inner.wake_with(wake);
    }

    fn propose(&mut self, batch: Batch, proposals: &[Proposal]) {
        self.inner.propose(batch, proposals);
    }

    fn next(&mut self) -> Option<Result<(Position, Entry), LogError>> {
        self.inner.next()
    }

    fn body(&self, body: BodyRef) -> Body {
        let Body::AtHand(bytes) = self.inner.body(body) else { panic!("{body:?} is there") };
        let disk = Arc::clone(&self.disk);
        Body::Stored(Box::new(move || disk.read(body, bytes)))
    }

    fn applied(&mut self, position: Position, applied: &Applied, machine: &Machine) {
        self.inner.applied(position, applied, machine);
    }

    fn memory(&self) -> u64 {
        0
    }

    fn figures(&self) -> Figures {
        self.inner.figures()
    }

    fn close(&mut self, _machine: &Machine) {}
}

fn on_disk() -> (Fixture, Arc<Disk>) {
    let disk = Arc::new(Disk { state: watch::Sender::default() });
    let its = Arc::clone(&disk);
    let hub = fixture_with(|clock| Box::new(StoredLog { inner: MemoryLog::new(clock), disk: its }));
    (hub, disk)
}

/// An engine with a queue that holds these messages on a disk.
async fn stored(bodies: &[&str]) -> (Fixture, QueueId, Arc<Disk>) {
    let (hub, disk) = on_disk();
    let queue = hub.queue("orders").await;
    for body in bodies {
        hub.send(queue, body).await;
    }
    (hub, queue, disk)
}

#[tokio::test]
async fn bodies_are_read_away_from_the_engine() {
    let (hub, queue, disk) = stored(&["a", "b"]).await;
    disk.set_slow(true);
    let mut receive = Box::pin(hub.engine.receive(receiving(queue, LONG), LONG));
    let polled = async {
        disk.reading(1).await;
        assert_eq!(hub.in_flight(queue).await, 2);
        disk.set_slow(false);
    };
    let (taken, ()) = tokio::join!(&mut receive, polled);
    assert_eq!(bodies(&taken.unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn a_receiver_that_goes_while_its_bodies_are_read_takes_nothing_with_it() {
    let (hub, queue, disk) = stored(&["a", "b"]).await;
    disk.set_slow(true);
    let mut receive = Box::pin(hub.engine.receive(receiving(queue, LONG), Duration::ZERO));
    while (&mut receive).now_or_never().is_none() && disk.state.borrow().reads == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hub.in_flight(queue).await, 2);
    drop(receive);
    disk.set_slow(false);
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(bodies(&taken), ["a", "b"]);
    assert!(taken.iter().all(|delivery| delivery.message.receives == 1), "nobody has received them");
}

#[tokio::test]
async fn a_message_whose_body_is_damaged_is_left_out_and_stays_in_flight() {
    let (hub, queue, disk) = stored(&["a", "b", "c"]).await;
    disk.damage(&["a", "c"]);
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(bodies(&taken), ["b"]);
    assert_eq!(hub.in_flight(queue).await, 3);
    assert_eq!(hub.delete(queue, &taken).await, Ok(Reply::Each(vec![Ok(())])));
}

#[tokio::test]
async fn a_receive_of_nothing_but_damaged_bodies_fails_and_the_engine_goes_on() {
    let (hub, queue, disk) = stored(&["a"]).await;
    disk.damage(&["a"]);
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await;
    assert_eq!(taken.map(|taken| taken.len()), Err(Error::Damaged));
    assert_eq!(hub.in_flight(queue).await, 1);
    hub.send(queue, "b").await;
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(bodies(&taken), ["b"]);
}

/// The same with a FIFO queue; the group of a message is the first letter of its body.
async fn stored_in_order(bodies: &[&str]) -> (Fixture, QueueId, Arc<Disk>) {
    let (hub, disk) = on_disk();
    let create = CreateQueue {
        name: Name::new("000000000000", "us-east-1", "orders.fifo"),
        attributes: QueueAttributes { fifo: true, ..QueueAttributes::default() },
        tags: Default::default(),
        hold_deleted_name: false,
    };
    let created = hub.engine.execute(Command::CreateQueue(create), Vec::new()).await;
    let Ok(Reply::QueueCreated(queue)) = created else { panic!("{created:?}") };
    for (number, body) in (1..).zip(bodies) {
        let message = Outgoing {
            body: BodyRef { position: Position(0), bytes: body.len() as u32 },
            delay: None,
            group: Some(body[..1].into()),
            deduplication: Some(DeduplicationKeys { overall: number, in_group: number }),
        };
        let send = Command::Send(Send { queue, messages: vec![message] });
        hub.engine.execute(send, vec![body.as_bytes().to_vec()]).await.unwrap();
    }
    (hub, queue, disk)
}

impl Fixture {
    /// Receives what there is; an error, or the bodies.
    async fn take(&self, queue: QueueId, visibility: Duration) -> Result<Vec<String>, Error> {
        let taken = self.engine.receive(receiving(queue, visibility), Duration::ZERO).await;
        // What was given back is so when a later command has been applied.
        self.engine.execute(Command::Tick, Vec::new()).await.unwrap();
        Ok(bodies(&taken?).into_iter().map(str::to_owned).collect())
    }

    async fn advance(&self, time: Duration) {
        self.engine.turn_clock(vec![ClockChange::AdvanceBy(time)]).await.unwrap();
    }
}

fn texts(bodies: &[&str]) -> Result<Vec<String>, Error> {
    Ok(bodies.iter().map(|body| (*body).to_owned()).collect())
}

#[tokio::test]
async fn nothing_overtakes_a_message_of_its_group_whose_body_is_damaged() {
    const HOUR: Duration = Duration::from_secs(3_600);
    for (damaged, first, left) in [
        ("a1", Err(Error::Damaged), &["b1", "b2"][..]),
        ("a2", texts(&["a1"]), &["b1", "b2"]),
        ("b1", texts(&["a1", "a2", "a3"]), &[]),
        ("b2", texts(&["a1", "a2", "a3", "b1"]), &[]),
    ] {
        let (hub, queue, disk) = stored_in_order(&["a1", "a2", "a3", "b1", "b2"]).await;
        disk.damage(&[damaged]);
        assert_eq!(hub.take(queue, HOUR).await, first, "{damaged}");
        // Its group waits behind it, others do not.
        assert_eq!(hub.take(queue, HOUR).await, texts(left), "{damaged}");
        let given = first.map_or(0, |bodies| bodies.len());
        assert_eq!(hub.in_flight(queue).await, (given + 1 + left.len()) as u64, "{damaged}");
    }
}

#[tokio::test]
async fn a_group_goes_on_behind_a_damaged_message_that_is_readable_again() {
    let (hub, queue, disk) = stored_in_order(&["a1", "a2", "a3"]).await;
    disk.damage(&["a1"]);
    assert_eq!(hub.take(queue, LONG).await, Err(Error::Damaged));
    disk.state.send_modify(|state| state.damaged.clear());
    hub.advance(LONG).await;
    assert_eq!(hub.take(queue, LONG).await, texts(&["a1", "a2", "a3"]));
}

#[tokio::test]
async fn a_receive_whose_bodies_cannot_be_read_now_gives_everything_back() {
    for failing in ["a1", "a2", "a3"] {
        for (hub, queue, disk) in
            [stored(&["a1", "a2", "a3"]).await, stored_in_order(&["a1", "a2", "a3"]).await]
        {
            disk.fail(&[failing]);
            assert_eq!(hub.take(queue, LONG).await, Err(Error::Damaged), "{failing}");
            assert_eq!(hub.in_flight(queue).await, 0, "{failing}");
            disk.fail(&[]);
            assert_eq!(hub.take(queue, LONG).await, texts(&["a1", "a2", "a3"]), "{failing}");
        }
    }
}
