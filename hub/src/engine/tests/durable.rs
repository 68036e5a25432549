//! The engine on a log that answers later: nothing is said before it is durable, and nothing stands still meanwhile.

use super::gate::{Call, Gated};
use super::*;
use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};
use std::sync::mpsc::channel;

/// An engine with a queue, whose log lets nothing through from now on.
async fn gated_with_queue() -> (Gated, QueueId) {
    let gated = Gated::new(Machine::default());
    gated.gate.let_through(2);
    let queue = gated.hub.queue("orders").await;
    (gated, queue)
}

#[tokio::test]
async fn nothing_is_answered_before_it_is_durable() {
    let (gated, queue) = gated_with_queue().await;
    let mut send = Box::pin(gated.hub.send(queue, "a"));
    assert!((&mut send).now_or_never().is_none());
    gated.gate.proposed(3).await;
    gated.handled().await;
    assert!((&mut send).now_or_never().is_none());
    let visible = |machine: &Machine| machine.queues().next().unwrap().counts().visible;
    assert_eq!(gated.hub.engine.read(None, visible).await, Ok(0));
    gated.gate.let_through(1);
    send.await;
    assert_eq!(gated.hub.engine.read(None, visible).await, Ok(1));
}

#[tokio::test]
async fn what_arrives_while_a_batch_is_under_way_becomes_one_batch() {
    let (gated, queue) = gated_with_queue().await;
    let mut first = Box::pin(gated.hub.send(queue, "a"));
    assert!((&mut first).now_or_never().is_none());
    gated.gate.proposed(3).await;
    let mut others = Box::pin(join_all(["b", "c", "d", "e"].map(|body| gated.hub.send(queue, body))));
    assert!((&mut others).now_or_never().is_none());
    gated.handled().await;
    gated.gate.let_through(2);
    join(first, others).await;
    gated.handled().await;
    assert_eq!(gated.gate.calls()[4..], [Call::Propose(1), Call::Propose(4), Call::Applied, Call::Applied]);
}

#[tokio::test]
async fn the_next_batch_is_proposed_before_the_last_one_is_answered() {
    let (gated, queue) = gated_with_queue().await;
    let mut first = Box::pin(gated.hub.send(queue, "a"));
    assert!((&mut first).now_or_never().is_none());
    gated.gate.proposed(3).await;
    let mut second = Box::pin(gated.hub.send(queue, "b"));
    assert!((&mut second).now_or_never().is_none());
    gated.handled().await;
    gated.gate.let_through(1);
    first.await;
    gated.handled().await;
    assert_eq!(gated.gate.calls()[4..], [Call::Propose(1), Call::Propose(1), Call::Applied]);
    assert!((&mut second).now_or_never().is_none());
    gated.gate.let_through(1);
    second.await;
}

#[tokio::test]
async fn the_deadline_of_a_poll_is_kept_while_the_log_hangs_and_the_engine_sleeps() {
    let (gated, queue) = gated_with_queue().await;
    let mut send = Box::pin(gated.hub.send(queue, "a"));
    assert!((&mut send).now_or_never().is_none());
    gated.gate.proposed(3).await;
    let asked = gated.gate.asked();
    let taken = gated.hub.engine.receive(receiving(queue, LONG), Duration::from_millis(20)).await;
    assert!(taken.unwrap().is_empty());
    assert!(gated.gate.asked() - asked < 10);
    gated.gate.let_through(1);
    send.await;
}

#[tokio::test]
async fn one_message_wakes_one_waiter_also_while_receives_are_under_way() {
    let (gated, queue) = gated_with_queue().await;
    let mut polls = futures_util::stream::FuturesUnordered::new();
    for _ in 0..3 {
        polls.push(gated.hub.engine.receive(receiving(queue, LONG), LONG));
    }
    gated.gate.let_through(usize::MAX);
    for round in ["a", "b", "c"] {
        let (taken, ()) =
            tokio::join!(futures_util::StreamExt::next(&mut polls), gated.hub.send(queue, round));
        assert_eq!(bodies(&taken.unwrap().unwrap()), [round]);
    }
    assert_eq!(gated.hub.in_flight(queue).await, 3);
}

#[tokio::test]
async fn a_receiver_that_goes_while_its_receive_is_under_way_takes_nothing_with_it() {
    let (gated, queue) = gated_with_queue().await;
    gated.gate.let_through(1);
    gated.hub.send(queue, "a").await;
    let mut receive = Box::pin(gated.hub.engine.receive(receiving(queue, LONG), LONG));
    assert!((&mut receive).now_or_never().is_none());
    gated.gate.proposed(4).await;
    drop(receive);
    gated.gate.let_through(usize::MAX);
    let taken = gated.hub.engine.receive(receiving(queue, LONG), LONG).await.unwrap();
    assert_eq!((bodies(&taken), taken[0].message.receives), (vec!["a"], 1));
}

#[tokio::test]
async fn turning_the_clock_twice_while_a_batch_is_under_way_keeps_both_turns() {
    let (gated, queue) = gated_with_queue().await;
    let mut send = Box::pin(gated.hub.send(queue, "a"));
    assert!((&mut send).now_or_never().is_none());
    gated.gate.proposed(3).await;
    let engine = &gated.hub.engine;
    let turns = [vec![ClockChange::Freeze], Vec::new()].map(|changes| engine.turn_clock(changes));
    let mut turns = Box::pin(join_all(turns));
    assert!((&mut turns).now_or_never().is_none());
    gated.handled().await;
    gated.gate.let_through(usize::MAX);
    join(send, turns).await;
    assert!(engine.read(None, |machine| machine.clock().frozen).await.unwrap());
}

#[tokio::test]
async fn a_stop_waits_for_the_batch_under_way_and_closes_the_log() {
    let (gated, queue) = gated_with_queue().await;
    let mut send = Box::pin(gated.hub.send(queue, "a"));
    assert!((&mut send).now_or_never().is_none());
    gated.gate.proposed(3).await;
    let engine = Arc::clone(&gated.hub.engine);
    let stopping = tokio::task::spawn_blocking(move || engine.stop());
    gated.gate.let_through(1);
    send.await;
    stopping.await.unwrap();
    assert_eq!(gated.gate.calls()[4..], [Call::Propose(1), Call::Applied, Call::Close]);
}

#[tokio::test]
async fn a_log_that_fails_ends_the_engine_and_answers_nobody() {
    let (gated, queue) = gated_with_queue().await;
    let create = gated.hub.engine.execute(Command::DeleteQueue(queue), Vec::new());
    let mut create = Box::pin(create);
    assert!((&mut create).now_or_never().is_none());
    gated.gate.proposed(3).await;
    gated.gate.fail();
    assert_eq!(create.await, Err(Error::Stopped));
    gated.hub.engine.ended().await;
    assert!(!gated.hub.engine.is_running());
    assert!(!gated.gate.calls().contains(&Call::Close));
}

#[tokio::test]
async fn the_log_is_looked_at_however_many_reads_arrive() {
    const READS: usize = 10_000;
    let (gated, _) = gated_with_queue().await;
    let (release, held) = channel::<()>();
    let hold = Box::new(move |_: &Machine, _: &dyn Log| held.recv().unwrap());
    gated.hub.engine.send(Event::Read { queue: None, read: hold }).unwrap();
    let asked = gated.gate.asked();
    for _ in 0..READS {
        gated.hub.engine.send(Event::Read { queue: None, read: Box::new(|_, _| {}) }).unwrap();
    }
    let gate = Arc::clone(&gated.gate);
    let last = gated.hub.engine.read(None, move |_| gate.asked());
    let mut last = Box::pin(last);
    assert!((&mut last).now_or_never().is_none());
    release.send(()).unwrap();
    assert!(last.await.unwrap() - asked >= 2);
}
