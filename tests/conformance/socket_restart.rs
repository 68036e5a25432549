//! Hubs that are asked to stop while the Rust client consumes, and started again in their place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fanq_client::{Client, Ended, Lost, MemoryStore, Message, Outgoing, Queue};
use fanq_tests::{Hub, TemporaryFolder, eventually};
use tokio::sync::{Semaphore, oneshot};

use crate::socket_client::emptied;

const MESSAGES: usize = 20;

/// The longest that a stop may take.
const STOP: Duration = Duration::from_secs(8);

/// Asks a hub to stop, and returns when it lets its clients finish.
fn ask_to_stop(hub: &Hub) {
    hub.terminate();
    eventually("the hub stops", || hub.log().contains("stopping;"));
}

/// Waits until a hub that was asked to stop has stopped.
async fn stopped(mut hub: Hub) -> Hub {
    let wait = move || {
        assert_eq!(hub.wait(STOP).code(), Some(0), "{}", hub.log());
        hub
    };
    tokio::task::spawn_blocking(wait).await.unwrap()
}

async fn restarted(hub: Hub) -> Hub {
    tokio::task::spawn_blocking(|| hub.restart_in_its_place()).await.unwrap()
}

async fn fill(queue: &Queue, messages: usize) {
    let numbered = (0..messages).map(|number| Outgoing::from(number.to_string())).collect::<Vec<_>>();
    assert!(queue.send_batch(&numbered).await.unwrap().iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_consumer_goes_on_with_a_hub_that_was_stopped_and_started() {
    let folder = TemporaryFolder::new();
    let hub = Hub::start_in(folder.path(), &[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    fill(&queue, MESSAGES).await;
    let socket = client.socket().open().await.unwrap();
    let mut jobs = socket.consume("jobs").credit(4).start().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(jobs.next().await.unwrap().unwrap());
    }
    let (kept, late) = (held.pop().unwrap(), held.pop().unwrap());

    ask_to_stop(&hub);
    let mut done = BTreeSet::new();
    for job in held {
        assert!(done.insert(job.body.clone()));
        job.ack().await.unwrap();
    }
    let hub = stopped(hub).await;
    // What is said while there is no hub is said to the next one.
    let late_body = late.body.clone();
    let late = tokio::spawn(late.ack());
    let hub = restarted(hub).await;
    late.await.unwrap().unwrap();
    assert_eq!(kept.lost().await, Lost::Forgotten);

    while done.len() < MESSAGES - 1 {
        let job = jobs.next().await.unwrap().unwrap();
        // It may have come again before its acknowledgement was said.
        if job.body == late_body {
            continue;
        }
        let times = if job.body == kept.body { 2 } else { 1 };
        assert_eq!(job.receive_count(), Some(times), "nothing more was pushed by the hub that stopped");
        assert!(done.insert(job.body.clone()), "{} was acknowledged", job.body);
        job.ack().await.unwrap();
    }
    emptied(&queue).await;
    socket.send("jobs", "after all").await.unwrap();
    let last = loop {
        let job = jobs.next().await.unwrap().unwrap();
        if job.body != late_body {
            break job;
        }
    };
    assert_eq!(last.body, "after all");
    last.ack().await.unwrap();
    emptied(&queue).await;
    socket.close().await;
    drop(hub);
}

/// What a worker was called for, and what it has worked on to the end.
#[derive(Default)]
struct Works {
    calls: Mutex<BTreeMap<String, u32>>,
    ended: Mutex<Vec<String>>,
}

/// A worker whose hub is stopped and started while it works on eight messages, of which it ends five before the hub is
/// gone. Returns these, how often it was called for each, and what it says itself.
async fn work_across_a_restart(is_once: bool) -> (Vec<String>, BTreeMap<String, u32>, Ended) {
    let folder = TemporaryFolder::new();
    let hub = Hub::start_in(folder.path(), &[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    fill(&queue, MESSAGES).await;
    let socket = client.socket().open().await.unwrap();
    let mut worker = socket.worker("jobs").concurrency(8..=8);
    if is_once {
        worker = worker.once(MemoryStore::new(Duration::from_secs(3600), 1000));
    }
    let (works, gate) = (Arc::<Works>::default(), Arc::new(Semaphore::new(0)));
    let (noted, passed) = (Arc::clone(&works), Arc::clone(&gate));
    let handler = move |message: Message| {
        let (noted, passed) = (Arc::clone(&noted), Arc::clone(&passed));
        async move {
            *noted.calls.lock().unwrap().entry(message.body.clone()).or_default() += 1;
            passed.acquire().await.unwrap().forget();
            noted.ended.lock().unwrap().push(message.body);
            Ok::<_, String>(())
        }
    };
    let (stop, told) = oneshot::channel();
    let worker = async move { worker.run(handler, async { told.await.unwrap() }).await.unwrap() };
    let worker = tokio::spawn(worker);
    let have_begun = async |most: usize| {
        while works.calls.lock().unwrap().len() < most {
            tokio::task::yield_now().await;
        }
    };
    have_begun(8).await;

    ask_to_stop(&hub);
    gate.add_permits(5);
    let hub = restarted(stopped(hub).await).await;
    let early = works.ended.lock().unwrap().clone();
    // It has connected again, and takes more.
    have_begun(9).await;
    gate.add_permits(2 * MESSAGES);
    emptied(&queue).await;
    stop.send(()).unwrap();
    let ended = worker.await.unwrap();
    drop(hub);
    let calls = works.calls.lock().unwrap().clone();
    (early, calls, ended)
}

#[tokio::test]
async fn a_worker_goes_on_with_a_hub_that_was_stopped_and_started() {
    let (early, calls, ended) = work_across_a_restart(false).await;
    assert_eq!((early.len(), calls.len(), ended.failed), (5, MESSAGES, 0), "{ended:?}");
    // What was under way when the hub went was given back by it, and may have been worked on by two.
    let twice = calls.iter().filter(|(_, times)| **times > 1).map(|(body, _)| body).collect::<Vec<_>>();
    assert!(twice.len() <= 3 && early.iter().all(|body| calls[body] == 1), "{early:?} {twice:?}");
}

#[tokio::test]
async fn a_worker_that_remembers_does_all_once_across_a_restart() {
    let (early, calls, ended) = work_across_a_restart(true).await;
    assert_eq!((early.len(), calls.len()), (5, MESSAGES));
    assert!(calls.values().all(|times| *times == 1), "{calls:?}");
    assert_eq!((ended.done, ended.failed), (MESSAGES as u64, 0), "{ended:?}");
}
