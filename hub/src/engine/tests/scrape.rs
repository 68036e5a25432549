//! What the engine tells whoever measures, whatever stands in its way.

use super::gate::Gated;
use super::*;
use crate::storage::room::Disk;

/// The messages of the only queue that is named: visible, in flight, delayed.
async fn counts(hub: &Fixture) -> (u64, u64, u64) {
    let scraped = hub.engine.scrape(1).await.unwrap();
    let counts = scraped.queues[0].counts;
    (counts.visible, counts.in_flight, counts.delayed)
}

#[tokio::test]
async fn what_is_due_is_done_before_it_is_measured() {
    let mut clock = None;
    let hub = fixture_with(|log_time| {
        clock = Some(Arc::clone(&log_time));
        Box::new(MemoryLog::new(log_time))
    });
    let clock = clock.unwrap();
    clock.turn(ClockChange::Freeze);
    let queue = hub.queue("orders").await;
    hub.send(queue, "a").await;
    hub.engine.receive(receiving(queue, LONG), Duration::ZERO).await.unwrap();
    assert_eq!(counts(&hub).await, (0, 1, 0));
    // Behind the engine's back, so that nothing tells it what is due.
    clock.turn(ClockChange::AdvanceBy(LONG));
    assert_eq!(counts(&hub).await, (1, 0, 0));
}

#[tokio::test]
async fn a_scrape_does_not_wait_for_the_log() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    gate.let_through(2);
    let queue = hub.queue("orders").await;
    let mut send = Box::pin(hub.try_send(queue, "a"));
    assert!(futures_util::FutureExt::now_or_never(&mut send).is_none());
    gate.proposed(3).await;
    assert_eq!(counts(hub).await, (0, 0, 0));
    gate.let_through(1);
    assert!(send.await.is_ok());
    assert_eq!(counts(hub).await, (1, 0, 0));
}

#[tokio::test]
async fn more_than_a_batch_waits_for_the_log_while_the_engine_sleeps_and_answers_others() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    gate.let_through(2);
    let queue = hub.queue("orders").await;
    let mut sends = futures_util::stream::FuturesUnordered::new();
    for _ in 0..3_000 {
        sends.push(hub.try_send(queue, "a"));
    }
    assert!(futures_util::FutureExt::now_or_never(futures_util::StreamExt::next(&mut sends)).is_none());
    gate.proposed(3).await;
    let asked = gate.asked();
    for _ in 0..3 {
        assert_eq!(counts(hub).await, (0, 0, 0));
    }
    let taken = hub.engine.receive(receiving(queue, LONG), Duration::from_millis(20)).await;
    assert!(taken.unwrap().is_empty());
    assert!(gate.asked() - asked < 30);
    gate.let_through(usize::MAX);
    while let Some(sent) = futures_util::StreamExt::next(&mut sends).await {
        assert!(sent.is_ok());
    }
    assert_eq!(counts(hub).await, (3_000, 0, 0));
}

#[tokio::test]
async fn a_full_disk_is_measured() {
    let hub = fixture();
    for (disk, is_full) in [(Disk::Enough, false), (Disk::Reserve, true), (Disk::Nothing, true)] {
        hub.room.set_disk(disk);
        assert_eq!(hub.engine.scrape(1).await.unwrap().is_disk_full, is_full);
    }
}

#[tokio::test]
async fn only_a_receive_that_ends_without_a_message_is_empty() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    let empty = async || hub.engine.scrape(1).await.unwrap().queues[0].totals.empty_receives;
    // This one waits, and is given what comes.
    let (taken, ()) = tokio::join!(hub.engine.receive(receiving(queue, LONG), LONG), hub.send(queue, "a"));
    assert_eq!((taken.unwrap().len(), empty().await), (1, 0));
    for wait in [Duration::ZERO, Duration::from_millis(5)] {
        assert!(hub.engine.receive(receiving(queue, LONG), wait).await.unwrap().is_empty());
    }
    assert_eq!(empty().await, 2);
}
