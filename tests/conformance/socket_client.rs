//! The sockets of the Rust client against the hub.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fanq_client::{Client, Lost, MessageAttribute, Outgoing, Since, Socket, Update};
use fanq_tests::{Hub, Proxy};
use serde_json::json;
use tokio::task::JoinSet;

async fn socket(hub: &Hub) -> (Client, Socket) {
    let client = Client::new(hub.endpoint()).unwrap();
    let socket = client.socket().open().await.unwrap();
    (client, socket)
}

/// Waits until a queue is empty, with nothing in flight.
pub(crate) async fn emptied(queue: &fanq_client::Queue) {
    const COUNTS: [&str; 3] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ];
    while queue.attributes(&COUNTS).await.unwrap().values().any(|count| count != "0") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_sent_over_a_socket_is_pushed_over_it() {
    let hub = Hub::start(&[]);
    let (client, socket) = socket(&hub).await;
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    let topic = client.create_topic("orders").await.unwrap();
    topic.subscribe(&queue.arn().await.unwrap(), &[("RawMessageDelivery", "true")]).await.unwrap();
    let mut jobs = socket.consume("jobs").start().await.unwrap();

    let kind = MessageAttribute::string("physical");
    let sent = Outgoing::json(&json!({"teapots": 1})).unwrap().attribute("kind", kind.clone());
    let ids = [
        socket.send("jobs", sent.clone()).await.unwrap(),
        socket.publish("orders", sent.clone()).await.unwrap(),
        queue.send(sent).await.unwrap(),
    ];
    let mut pushed = Vec::new();
    for _ in &ids {
        let delivery = jobs.next().await.unwrap().unwrap();
        assert_eq!(delivery.json::<serde_json::Value>().unwrap(), json!({"teapots": 1}));
        assert_eq!((&delivery.attributes["kind"], delivery.receive_count()), (&kind, Some(1)));
        pushed.push(delivery.message_id.clone());
        delivery.ack().await.unwrap();
    }
    assert!(pushed.contains(&ids[0]) && pushed.contains(&ids[2]), "{ids:?} {pushed:?}");
    emptied(&queue).await;
    assert_eq!(socket.consume("nobody").start().await.unwrap_err().code(), Some("QueueDoesNotExist"));
    socket.close().await;
    assert!(jobs.next().await.is_none());
}

#[tokio::test]
async fn what_is_given_back_or_dropped_or_left_comes_again() {
    let hub = Hub::start(&[]);
    let (client, socket) = socket(&hub).await;
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    // A deletion by somebody else is noticed when the lease is renewed.
    let lease = Duration::from_secs(3);
    let mut jobs = socket.consume("jobs").credit(1).lease(lease).start().await.unwrap();
    queue.send("x").await.unwrap();
    jobs.next().await.unwrap().unwrap().nack(Duration::ZERO).await.unwrap();
    drop(jobs.next().await.unwrap().unwrap());
    let third = jobs.next().await.unwrap().unwrap();
    assert_eq!((third.receive_count(), third.is_redelivered()), (Some(3), true));
    queue.delete(&third.receipt_handle).await.unwrap();
    assert_eq!(third.lost().await, Lost::Deleted);

    queue.send("y").await.unwrap();
    let held = jobs.next().await.unwrap().unwrap();
    let other = client.socket().open().await.unwrap();
    let mut others = other.consume("jobs").start().await.unwrap();
    socket.close().await;
    assert_eq!(held.lost().await, Lost::GivenBack);
    let again = others.next().await.unwrap().unwrap();
    assert_eq!((again.body.as_str(), again.receive_count()), ("y", Some(2)));
    again.ack().await.unwrap();
    others.stop(Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_live_subscription_sees_what_is_published_and_what_was() {
    let hub = Hub::start(&[]);
    let proxy = Proxy::new(hub.address);
    let client = Client::new(proxy.endpoint()).unwrap();
    let publisher = Client::new(hub.endpoint()).unwrap().create_topic("orders-eu").await.unwrap();
    let socket = client.socket().open().await.unwrap();
    let mut events = socket.subscribe("orders-*").since(Since::Last(10)).start().await.unwrap();
    let mut seen = Vec::new();
    for round in 0..3 {
        for number in 0..5 {
            publisher.publish(format!("{round}-{number}")).await.unwrap();
        }
        while seen.len() < (round + 1) * 5 {
            match events.next().await.unwrap().unwrap() {
                Update::Event(event) => {
                    assert_eq!(event.topic, "orders-eu");
                    seen.push(event.message);
                }
                Update::Live(_) => {}
                Update::Gap(gap) => panic!("{gap:?}"),
            }
        }
        proxy.cut();
    }
    let expected = (0..3).flat_map(|round| (0..5).map(move |number| format!("{round}-{number}")));
    assert_eq!(seen, expected.collect::<Vec<_>>(), "each once, in order, across the breaks");
}

/// Twenty clients whose connections are cut fifty times each.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reconnects_with_resume_lose_nothing() {
    const CLIENTS: usize = 20;
    const CUTS: usize = 50;
    let hub = Hub::start_plain(&[]);
    let direct = Client::new(hub.endpoint()).unwrap();
    let queue = direct.create_queue("jobs", &[("VisibilityTimeout", "30")]).await.unwrap();
    let proxy = Proxy::new(hub.address);
    // How often each message was acknowledged.
    let done = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let mut consumers = JoinSet::new();
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS {
        let socket = Client::new(proxy.endpoint()).unwrap().socket().open().await.unwrap();
        let mut jobs = socket.consume("jobs").credit(4).start().await.unwrap();
        sockets.push(socket);
        let (done, count) = (Arc::clone(&done), Arc::clone(&count));
        consumers.spawn(async move {
            while let Some(delivery) = jobs.next().await {
                let delivery = delivery.unwrap();
                let body = delivery.body.clone();
                delivery.ack().await.unwrap();
                *done.lock().unwrap().entry(body).or_default() += 1;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut sent = 0;
    for _ in 0..CUTS {
        // Every client has work on its way when it is cut, and each comes back before the next cut.
        let messages = (0..CLIENTS * 2).map(|number| Outgoing::from((sent + number).to_string()));
        let messages = messages.collect::<Vec<_>>();
        let direct = queue.send_batch(&messages);
        let over_socket = async {
            for (number, socket) in sockets.iter().enumerate() {
                socket.send("jobs", (sent + messages.len() + number).to_string()).await.unwrap();
            }
        };
        let cut = async { proxy.cut() };
        let (direct, (), ()) = tokio::join!(direct, over_socket, cut);
        assert!(direct.unwrap().iter().all(Result::is_ok));
        sent += messages.len() + CLIENTS;
    }
    while count.load(Ordering::Relaxed) < sent {
        if let Some(ended) = consumers.try_join_next() {
            ended.unwrap();
        }
        tokio::task::yield_now().await;
    }
    emptied(&queue).await;
    for socket in sockets {
        socket.close().await;
    }
    while let Some(ended) = consumers.join_next().await {
        ended.unwrap();
    }
    let done = done.lock().unwrap();
    assert_eq!(done.len(), sent);
    let odd = done.iter().filter(|(_, times)| **times != 1).collect::<Vec<_>>();
    assert!(odd.is_empty(), "each is acknowledged once: {odd:?}");
}
