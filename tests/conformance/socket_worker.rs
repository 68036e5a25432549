//! Workers of the Rust client against the hub.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fanq_client::{Client, FileStore, MemoryStore, Outgoing};
use fanq_tests::{Hub, TemporaryFolder};
use tokio::sync::oneshot;

use crate::socket_client::emptied;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_worker_does_all_and_stops_when_it_is_told() {
    let hub = Hub::start(&[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    let messages = (0..200).map(|number| Outgoing::from(number.to_string())).collect::<Vec<_>>();
    queue.send_batch(&messages).await.unwrap();
    let socket = client.socket().open().await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let handler = move |message: fanq_client::Message| {
        let noted = Arc::clone(&noted);
        async move {
            noted.lock().unwrap().push(message.json::<u32>()?);
            Ok::<_, fanq_client::Error>(())
        }
    };
    let ended = socket.worker("jobs").concurrency(2..=8).run(handler, emptied(&queue)).await.unwrap();
    assert_eq!((ended.done, ended.failed, ended.lost), (200, 0, 0));
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn work_that_has_begun_is_finished_and_the_rest_given_back() {
    let hub = Hub::start(&[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs.fifo", &[("FifoQueue", "true")]).await.unwrap();
    let messages = ["a", "b", "c"].map(|id| Outgoing::from(id).group("g").deduplication(id));
    queue.send_batch(&messages).await.unwrap();
    let socket = client.socket().open().await.unwrap();
    let (begun, stop) = oneshot::channel();
    let begun = Mutex::new(Some(begun));
    let handler = move |_| {
        if let Some(begun) = begun.lock().unwrap().take() {
            begun.send(()).unwrap();
        }
        async { Ok::<_, String>(()) }
    };
    let stop = async { stop.await.unwrap() };
    let ended = socket.worker("jobs.fifo").concurrency(4..=4).run(handler, stop).await.unwrap();
    assert!(ended.done >= 1 && ended.failed == 0 && ended.lost == 0, "{ended:?}");
    socket.close().await;
    let left = queue.receive(fanq_client::Receive::default()).await.unwrap();
    let left = left.iter().map(|message| message.body.as_str()).collect::<Vec<_>>();
    let done = usize::try_from(ended.done).unwrap();
    assert_eq!(left, ["a", "b", "c"][done..], "in its order, and at once");
}

#[tokio::test]
async fn a_group_goes_on_where_it_failed() {
    let hub = Hub::start(&[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs.fifo", &[("FifoQueue", "true")]).await.unwrap();
    let messages = ["a", "b", "c", "d"].map(|id| Outgoing::from(id).group("g").deduplication(id));
    queue.send_batch(&messages).await.unwrap();
    let socket = client.socket().open().await.unwrap();
    let (seen, has_failed) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicBool::new(false)));
    let noted = Arc::clone(&seen);
    let handler = move |message: fanq_client::Message| {
        let is_bad = message.body == "b" && !has_failed.swap(true, Ordering::Relaxed);
        noted.lock().unwrap().push_str(&message.body);
        async move { if is_bad { Err("once") } else { Ok(()) } }
    };
    let worker = socket.worker("jobs.fifo").concurrency(4..=4).retry(Duration::ZERO, Duration::ZERO);
    let ended = worker.run(handler, emptied(&queue)).await.unwrap();
    assert_eq!((ended.done, ended.failed), (4, 1));
    assert_eq!(*seen.lock().unwrap(), "abbcd");
}

#[tokio::test]
async fn what_is_done_once_is_not_done_again() {
    let hub = Hub::start(&[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    let folder = TemporaryFolder::new();
    let path = folder.path().join("done");
    let calls = Arc::new(AtomicUsize::new(0));
    for round in 0..3 {
        let messages = ["order 1", "order 2"].map(Outgoing::from);
        queue.send_batch(&messages).await.unwrap();
        let socket = client.socket().open().await.unwrap();
        let counted = Arc::clone(&calls);
        let handler = move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, String>(()) }
        };
        let worker = socket.worker("jobs");
        // The second knows from the file what the first has done; the third knows neither of them.
        let worker = if round < 2 {
            worker.once_by(FileStore::open(&path, HOUR, 100).unwrap(), |message| message.body.clone())
        } else {
            worker.once(MemoryStore::new(HOUR, 100))
        };
        let ended = worker.run(handler, emptied(&queue)).await.unwrap();
        let expected = if round == 1 { (0, 2) } else { (2, 0) };
        assert_eq!((ended.done, ended.repeated), expected, "{round}");
        socket.close().await;
    }
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_service_that_is_down_makes_no_dead_letters() {
    let hub = Hub::start(&[]);
    let client = Client::new(hub.endpoint()).unwrap();
    let dead = client.create_queue("dead", &[]).await.unwrap();
    let arn = dead.arn().await.unwrap();
    let redrive = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"5"}}"#);
    let queue = client.create_queue("jobs", &[("RedrivePolicy", &redrive)]).await.unwrap();
    let messages = (0..20).map(|number| Outgoing::from(number.to_string())).collect::<Vec<_>>();
    queue.send_batch(&messages).await.unwrap();
    let socket = client.socket().open().await.unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    // Down for the first six calls.
    let handler = move |_| {
        let call = counted.fetch_add(1, Ordering::Relaxed);
        async move { if call < 6 { Err("down") } else { Ok(()) } }
    };
    let worker = socket
        .worker("jobs")
        .concurrency(4..=4)
        .retry(Duration::ZERO, Duration::ZERO)
        .breaker(3, Duration::from_millis(20));
    let ended = worker.run(handler, emptied(&queue)).await.unwrap();
    assert_eq!((ended.done, ended.failed, ended.lost), (20, 6, 0));
    emptied(&dead).await;
}
