//! What goes on, and what is refused, when there is no room.

use super::gate::{Call, Gated};
use super::*;
use crate::storage::room::Disk;
use futures_util::FutureExt as _;

const NOW: Duration = Duration::ZERO;

fn tags() -> Command {
    Command::SetQueueTags(queue_core::SetQueueTags { queue: QueueId(1), seen: 0, tags: Default::default() })
}

#[tokio::test]
async fn from_the_reserve_messages_are_received_and_deleted_but_nothing_is_added() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    hub.room.set_disk(Disk::Reserve);
    let full = Err(Error::Full(Lack::Disk));
    assert_eq!(hub.try_send(queue, "b").await, full);
    assert_eq!(hub.engine.execute(tags(), Vec::new()).await, full);
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(bodies(&taken), ["a"]);
    assert_eq!(hub.delete(queue, &taken).await, Ok(Reply::Each(vec![Ok(())])));
    hub.room.set_disk(Disk::Enough);
    assert!(hub.try_send(queue, "b").await.is_ok());
}

#[tokio::test]
async fn without_a_reserve_only_what_needs_no_entry_is_answered() {
    let hub = fixture();
    let (queue, empty) = (hub.queue("orders").await, hub.queue("empty").await);
    hub.send(queue, "a").await;
    hub.room.set_disk(Disk::Nothing);
    let full = Error::Full(Lack::Disk);
    assert_eq!(hub.engine.receive(receiving(queue, LONG), LONG).await.err(), Some(full));
    assert_eq!(hub.delete(queue, &[]).await, Err(full));
    assert_eq!(hub.engine.turn_clock(Vec::new()).await, Err(full));
    assert!(hub.engine.receive(receiving(empty, LONG), NOW).await.unwrap().is_empty());
    assert_eq!(hub.in_flight(queue).await, 0);
    hub.room.set_disk(Disk::Enough);
    assert_eq!(bodies(&hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap()), ["a"]);
}

#[tokio::test]
async fn the_engine_sleeps_while_nothing_can_be_written_and_goes_on_by_itself() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    gate.let_through(usize::MAX);
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    hub.engine.receive(receiving(queue, Duration::from_millis(20)), NOW).await.unwrap();
    hub.room.set_disk(Disk::Nothing);
    let asked = gate.asked();
    // The message is due within this wait, and cannot be given.
    let taken = hub.engine.receive(receiving(queue, LONG), Duration::from_millis(100)).await;
    assert!(taken.is_err() || taken.unwrap().is_empty());
    assert!(gate.asked() - asked < 20, "{}", gate.asked() - asked);
    hub.room.set_disk(Disk::Enough);
    let taken = hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!(taken[0].message.receives, 2);
}

#[tokio::test]
async fn who_waits_behind_a_refused_receiver_is_served_when_there_is_room_again() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    gate.let_through(3);
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    let mut held = Box::pin(hub.engine.turn_clock(Vec::new()));
    assert!((&mut held).now_or_never().is_none());
    gate.proposed(4).await;
    let mut polls = [(); 2].map(|()| Box::pin(hub.engine.receive(receiving(queue, LONG), LONG)));
    for poll in &mut polls {
        assert!(poll.now_or_never().is_none());
    }
    gated.handled().await;
    hub.room.set_disk(Disk::Nothing);
    gate.let_through(1);
    let [first, second] = polls;
    assert_eq!(first.await.err(), Some(Error::Full(Lack::Disk)));
    hub.room.set_disk(Disk::Enough);
    gate.let_through(usize::MAX);
    assert_eq!(bodies(&second.await.unwrap()), ["a"]);
}

#[tokio::test]
async fn without_room_nothing_of_the_upkeep_is_written_but_a_tick() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    gate.let_through(2);
    let queue = hub.queue("orders").await;
    let mut held = Box::pin(hub.send(queue, "a"));
    assert!((&mut held).now_or_never().is_none());
    gate.proposed(3).await;
    let mut refused = Box::pin(hub.engine.execute(Command::DeleteQueue(queue), Vec::new()));
    assert!((&mut refused).now_or_never().is_none());
    let propose = hub.engine.proposer();
    assert!(propose(Command::Carry(queue_core::Carry { bodies: Vec::new() }), Vec::new()));
    assert!(propose(Command::Tick, Vec::new()));
    gated.handled().await;
    hub.room.set_disk(Disk::Nothing);
    gate.let_through(1);
    held.await;
    assert_eq!(refused.await, Err(Error::Full(Lack::Disk)));
    gate.let_through(1);
    gate.applied(4).await;
    assert!(propose(Command::Carry(queue_core::Carry { bodies: Vec::new() }), Vec::new()));
    gated.handled().await;
    // What was handled is proposed or refused before the next event is.
    gated.handled().await;
    let after_queue = [Call::Propose(1), Call::Propose(1), Call::Applied, Call::Applied];
    assert_eq!(gate.calls()[4..], after_queue);
}

#[tokio::test]
async fn a_full_memory_refuses_what_adds_until_something_is_deleted() {
    const MOST: u64 = 256 << 10;
    let hub = started(|clock| Box::new(MemoryLog::new(clock)), Machine::default(), MOST);
    let queue = hub.queue("orders").await;
    let body = "x".repeat(8 << 10);
    let mut sent = 0;
    // The engine weighs what it holds after it has answered, so each answer is followed by a look at it.
    while hub.try_send(queue, &body).await.is_ok() {
        sent += 1;
        assert!(sent < 40, "the state has a limit");
        hub.in_flight(queue).await;
    }
    assert!(sent > 20);
    assert_eq!(hub.try_send(queue, "b").await, Err(Error::Full(Lack::Memory)));
    let taken = hub.engine.receive(receiving(queue, LONG), NOW).await.unwrap();
    assert_eq!(hub.delete(queue, &taken).await, Ok(Reply::Each(vec![Ok(()); 10])));
    hub.in_flight(queue).await;
    assert!(hub.try_send(queue, "b").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_adds_waits_where_the_store_cannot_keep_up() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let pause = Duration::from_secs(2);
    hub.room.set_pause(pause);
    let started = tokio::time::Instant::now();
    hub.send(queue, "a").await;
    assert!(started.elapsed() >= pause);
    let started = tokio::time::Instant::now();
    let taken = hub.engine.receive(receiving(queue, LONG), NOW).await.unwrap();
    hub.delete(queue, &taken).await.unwrap();
    assert!(started.elapsed() < pause);
}
