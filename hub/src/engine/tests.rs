//! Tests of the engine: order, waiting, and what happens when a receiver goes away.

mod durable;
mod gate;
mod room;
mod scrape;
mod start;
mod stored;

use super::*;
use crate::storage::memory::MemoryLog;
use futures_util::FutureExt as _;
use queue_core::{
    BodyRef, ChangeVisibility, CreateQueue, DeduplicationKeys, Delete, Name, Outgoing, Position,
    QueueAttributes, Send, Timestamp,
};

struct Fixture {
    engine: Arc<Engine>,
    catalogue: Arc<Catalogue>,
    room: Arc<Room>,
}

fn fixture() -> Fixture {
    fixture_with(|clock| Box::new(MemoryLog::new(clock)))
}

/// An engine on a log of a test's own.
fn fixture_with(log: impl FnOnce(Arc<LogClock>) -> Box<dyn Log>) -> Fixture {
    started(log, Machine::default(), u64::MAX)
}

/// An engine that begins with a state.
fn started(
    log: impl FnOnce(Arc<LogClock>) -> Box<dyn Log>,
    machine: Machine,
    max_state_bytes: u64,
) -> Fixture {
    let clock = LogClock::starting_now();
    let genesis = Secrets::genesis();
    let (catalogue, room) = (Arc::new(Catalogue::default()), Arc::new(Room::default()));
    let engine = Engine::start(Start {
        log: log(Arc::clone(&clock)),
        machine,
        run: 1,
        clock,
        catalogue: Arc::clone(&catalogue),
        secrets: Arc::new(Secrets::new(&genesis)),
        room: Arc::clone(&room),
        metrics: Arc::default(),
        live: Arc::new(Live::new(0, Timestamp(0))),
        max_state_bytes,
        genesis: Some(genesis),
    });
    Fixture { engine: Arc::new(engine.unwrap()), catalogue, room }
}

impl Fixture {
    async fn queue(&self, name: &str) -> QueueId {
        let create = CreateQueue {
            name: Name::new("000000000000", "us-east-1", name),
            attributes: QueueAttributes { fifo: name.ends_with(".fifo"), ..QueueAttributes::default() },
            tags: Default::default(),
            hold_deleted_name: false,
        };
        match self.engine.execute(Command::CreateQueue(create), Vec::new()).await {
            Ok(Reply::QueueCreated(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    async fn send(&self, queue: QueueId, body: &str) {
        self.try_send(queue, body).await.unwrap();
    }

    async fn try_send(&self, queue: QueueId, body: &str) -> Result<Reply, Error> {
        let message = Outgoing {
            body: BodyRef { position: Position(0), bytes: body.len() as u32 },
            delay: None,
            group: Some("group".into()),
            deduplication: Some(DeduplicationKeys { overall: 1, in_group: 1 }),
        };
        let send = Command::Send(Send { queue, messages: vec![message] });
        self.engine.execute(send, vec![body.as_bytes().to_vec()]).await
    }

    async fn delete(&self, queue: QueueId, taken: &[Delivery]) -> Result<Reply, Error> {
        let receipts = taken.iter().map(|delivery| delivery.message.receipt).collect();
        self.engine.execute(Command::Delete(Delete { queue, receipts }), Vec::new()).await
    }

    /// How many receivers the engine has under way or waiting, seen from the machine's thread.
    async fn in_flight(&self, queue: QueueId) -> u64 {
        self.engine
            .read(Some(queue), move |machine| machine.queue(queue).unwrap().counts().in_flight)
            .await
            .unwrap()
    }
}

fn receiving(queue: QueueId, visibility: Duration) -> Receive {
    Receive { queue, maximum: 10, visibility, attempt: None }
}

const LONG: Duration = Duration::from_secs(20);

fn bodies(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| std::str::from_utf8(&delivery.body).unwrap()).collect()
}

#[tokio::test]
async fn a_message_is_received_with_its_body_and_deleted() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    let taken = hub.engine.receive(receiving(queue, LONG), Duration::ZERO).await.unwrap();
    assert_eq!(bodies(&taken), ["a"]);
    assert_eq!(hub.in_flight(queue).await, 1);
    assert_eq!(hub.delete(queue, &taken).await, Ok(Reply::Each(vec![Ok(())])));
    assert_eq!(hub.in_flight(queue).await, 0);
}

#[tokio::test]
async fn an_empty_receive_answers_at_once_when_it_does_not_wait() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    assert!(hub.engine.receive(receiving(queue, LONG), Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_message_wakes_one_waiter_and_the_others_wait_on() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let mut waiting = futures_util::stream::FuturesUnordered::new();
    for _ in 0..3 {
        waiting.push(hub.engine.receive(receiving(queue, LONG), LONG));
    }
    for round in ["a", "b", "c"] {
        // The waiters are polled before the send, so they are all there when it arrives.
        let (taken, ()) = tokio::join!(futures_util::StreamExt::next(&mut waiting), hub.send(queue, round));
        assert_eq!(bodies(&taken.unwrap().unwrap()), [round]);
    }
    assert_eq!(hub.in_flight(queue).await, 3);
}

#[tokio::test]
async fn a_waiter_that_has_gone_gets_nothing() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let engine = Arc::clone(&hub.engine);
    let gone = tokio::spawn(async move { engine.receive(receiving(queue, LONG), LONG).await });
    hub.in_flight(queue).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    hub.send(queue, "a").await;
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(bodies(&taken), ["a"]);
}

#[tokio::test]
async fn waiters_are_answered_when_waiting_stops_and_when_their_queue_is_deleted() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let (taken, deleted) = tokio::join!(
        hub.engine.receive(receiving(queue, LONG), LONG),
        hub.engine.execute(Command::DeleteQueue(queue), Vec::new())
    );
    assert_eq!(deleted, Ok(Reply::Done));
    assert_eq!(taken.map(|taken| taken.len()), Err(Error::Refused(queue_core::Error::NoSuchQueue)));
    let queue = hub.queue("orders").await;
    let (taken, ()) =
        tokio::join!(hub.engine.receive(receiving(queue, LONG), LONG), async { hub.engine.stop_waiting() });
    assert!(taken.unwrap().is_empty());
}

#[tokio::test]
async fn a_waiter_sees_a_message_become_visible_when_the_clock_is_turned() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    hub.engine.turn_clock(vec![ClockChange::Freeze]).await.unwrap();
    let hour = Duration::from_secs(3_600);
    hub.engine.receive(receiving(queue, hour), Duration::ZERO).await.unwrap();
    let (taken, state) = tokio::join!(
        hub.engine.receive(receiving(queue, LONG), LONG),
        hub.engine.turn_clock(vec![ClockChange::AdvanceBy(hour)])
    );
    assert_eq!(taken.unwrap()[0].message.receives, 2);
    assert!(state.unwrap().frozen);
}

#[tokio::test]
async fn making_a_message_visible_wakes_a_waiter() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    let taken = hub.engine.receive(receiving(queue, LONG), Duration::ZERO).await.unwrap();
    let back = ChangeVisibility { queue, changes: vec![(taken[0].message.receipt, Duration::ZERO)] };
    let (again, _) = tokio::join!(
        hub.engine.receive(receiving(queue, LONG), LONG),
        hub.engine.execute(Command::ChangeVisibility(back), Vec::new())
    );
    assert_eq!(bodies(&again.unwrap()), ["a"]);
}

#[tokio::test]
async fn a_view_is_there_when_the_command_that_made_it_is_answered() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let name = Name::new("000000000000", "us-east-1", "orders");
    assert_eq!(hub.catalogue.queue(&name).unwrap().id, queue);
    hub.engine.execute(Command::DeleteQueue(queue), Vec::new()).await.unwrap();
    assert!(hub.catalogue.queue(&name).is_none());
}

#[tokio::test]
async fn a_wait_ends_emptily_at_its_deadline() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let taken = hub.engine.receive(receiving(queue, LONG), Duration::from_millis(5)).await.unwrap();
    assert!(taken.is_empty());
}

#[tokio::test]
async fn a_receiver_that_goes_before_it_looks_at_its_messages_takes_nothing_with_it() {
    for wait in [Duration::ZERO, LONG] {
        let hub = fixture();
        let queue = hub.queue("orders").await;
        hub.send(queue, "a").await;
        let mut receive = Box::pin(hub.engine.receive(receiving(queue, LONG), wait));
        let looked = std::future::poll_fn(|cx| std::task::Poll::Ready(receive.as_mut().poll(cx).is_ready()));
        let looked = looked.await;
        // Applied after the receive, so the message has been handed over by now.
        hub.send(queue, "b").await;
        drop(receive);
        let expected = if looked { ["b"].as_slice() } else { &["a", "b"] };
        let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
        assert_eq!(bodies(&taken), expected);
        assert!(taken.iter().all(|delivery| delivery.message.receives == 1), "nobody has received them");
    }
}

#[tokio::test]
async fn a_receiver_that_goes_finds_what_it_took_by_the_id_of_its_attempt() {
    let hub = fixture();
    let queue = hub.queue("orders.fifo").await;
    let attempt = |id| Receive { attempt: Some(id), ..receiving(queue, LONG) };
    let mut gone = Box::pin(hub.engine.receive(attempt(7), LONG));
    let looked = std::future::poll_fn(|cx| std::task::Poll::Ready(gone.as_mut().poll(cx).is_ready()));
    assert!(!looked.await);
    hub.send(queue, "a").await;
    while hub.in_flight(queue).await == 0 {
        tokio::task::yield_now().await;
    }
    drop(gone);
    let others = hub.engine.receive(attempt(8), Duration::ZERO).await.unwrap();
    assert!(others.is_empty());
    let again = hub.engine.receive(attempt(7), Duration::ZERO).await.unwrap();
    assert_eq!((bodies(&again), again[0].message.receives), (vec!["a"], 1));
}

#[tokio::test]
async fn a_receiver_that_asks_again_before_its_first_end_is_noticed_gets_what_that_took() {
    let hub = fixture();
    let queue = hub.queue("orders.fifo").await;
    let attempt = || Receive { attempt: Some(7), ..receiving(queue, LONG) };
    let polls = [(); 2].map(|()| hub.engine.receive(attempt(), LONG));
    let [mut gone, mut again] = polls.map(Box::pin);
    assert!((&mut gone).now_or_never().is_none() && (&mut again).now_or_never().is_none());
    hub.send(queue, "a").await;
    while hub.in_flight(queue).await == 0 {
        tokio::task::yield_now().await;
    }
    drop(gone);
    let again = again.await.unwrap();
    assert_eq!((bodies(&again), again[0].message.receives), (vec!["a"], 1));
}

#[tokio::test]
async fn a_receiver_takes_as_much_as_it_has_room_for_by_then() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let room = Arc::new(AtomicU32::new(1));
    let one = Receive { maximum: 1, ..receiving(queue, LONG) };
    let mut poll = Box::pin(hub.engine.receive_growing(one, Arc::clone(&room), LONG));
    assert!((&mut poll).now_or_never().is_none());
    room.store(3, Ordering::Relaxed);
    let bodies = ["a", "b"].map(|body| body.as_bytes().to_vec());
    let message = |body: &Vec<u8>| Outgoing {
        body: BodyRef { position: Position(0), bytes: body.len() as u32 },
        delay: None,
        group: None,
        deduplication: None,
    };
    let send = Send { queue, messages: bodies.iter().map(message).collect() };
    hub.engine.execute(Command::Send(send), bodies.to_vec()).await.unwrap();
    assert_eq!(poll.await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_falls_due_is_for_those_who_came_first() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    hub.engine.turn_clock(vec![ClockChange::Freeze]).await.unwrap();
    let hour = Duration::from_secs(3_600);
    hub.engine.receive(receiving(queue, hour), Duration::ZERO).await.unwrap();
    let (first, _, newcomer) = tokio::join!(
        hub.engine.receive(receiving(queue, LONG), LONG),
        hub.engine.turn_clock(vec![ClockChange::AdvanceBy(hour)]),
        hub.engine.receive(receiving(queue, LONG), Duration::ZERO)
    );
    assert_eq!(bodies(&first.unwrap()), ["a"]);
    assert!(newcomer.unwrap().is_empty());
}
