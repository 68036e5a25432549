//! Bodies that are not in memory: read by whoever receives them, and put back or left out if that fails.

use super::*;
use crate::storage::{Batch, Body, Error as LogError};
use futures_util::FutureExt as _;
use queue_core::{Applied, Entry};
use tokio::sync::watch;

/// A disk whose reads wait for a test, and find some bodies damaged.
struct Disk {
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    is_slow: bool,
    reads: usize,
    damaged: Vec<&'static str>,
}

impl Disk {
    fn damage(&self, bodies: &[&'static str]) {
        self.state.send_modify(|state| state.damaged.extend(bodies));
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

    fn close(&mut self, _machine: &Machine) {}
}

/// An engine with a queue that holds these messages on a disk.
async fn stored(bodies: &[&str]) -> (Fixture, QueueId, Arc<Disk>) {
    let disk = Arc::new(Disk { state: watch::Sender::default() });
    let its = Arc::clone(&disk);
    let hub = fixture_with(|clock| Box::new(StoredLog { inner: MemoryLog::new(clock), disk: its }));
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
    drop(receive);
    disk.set_slow(false);
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(bodies(&taken), ["a", "b"]);
    assert!(taken.iter().all(|delivery| delivery.message.receives == 2));
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
