//! Networks that fall silent: nobody ends the connection, and nobody answers on it.

use std::collections::BTreeSet;
use std::time::Duration;

use fanq_client::{Client, Lost, Queue};
use fanq_tests::{Hub, Proxy, Request, eventually};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Raw;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::socket_client::emptied;

/// The hub asks twice, and ends what does not answer: after 4408, as it is on the wire.
const FAREWELL: &[u8] = b"\x88\x1b\x11\x38the client did not answer";

/// A client that says no more than it is told to, and holds one message.
async fn holding(endpoint: &str) -> (WebSocketStream<MaybeTlsStream<TcpStream>>, Value) {
    let mut request = format!("{endpoint}/ws").replacen("http", "ws", 1).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "fanq.v1.json".parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let said = [
        json!({"type": "connect", "id": 1}),
        json!({"type": "consume", "id": 2, "sub": "a", "queue": "jobs", "credit": 1}),
    ];
    for frame in said {
        socket.send(Raw::text(frame.to_string())).await.unwrap();
    }
    loop {
        let frame = socket.next().await.unwrap().unwrap();
        let said: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        if said["type"] == "message" {
            return (socket, said);
        }
    }
}

fn metric(hub: &Hub, name: &str) -> u64 {
    let text = Request::get("/metrics").send(hub).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    line.parse().unwrap()
}

async fn in_flight(queue: &Queue) -> String {
    const COUNT: &str = "ApproximateNumberOfMessagesNotVisible";
    queue.attributes(&[COUNT]).await.unwrap().remove(COUNT).unwrap()
}

#[tokio::test]
#[ignore = "waits for two missed heartbeats, a minute"]
async fn clients_that_vanish_are_let_go_and_others_do_their_work() {
    let hub = Hub::start(&["--log", "fanq=debug"]);
    hub.freeze();
    let client = Client::new(hub.endpoint()).unwrap();
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    // Somebody who is there, and has nothing to do.
    let there = client.socket().open().await.unwrap();
    let files = metric(&hub, "process_open_fds");
    let expected = ["cut off", "deaf"];
    for body in expected {
        queue.send(body).await.unwrap();
    }
    // One is behind a network that falls silent; the other keeps its end of the connection and never looks at it.
    let proxy = Proxy::new(hub.address);
    let (_cut_off, _) = holding(&proxy.endpoint()).await;
    let (deaf, _) = holding(&hub.endpoint()).await;
    proxy.fall_silent();
    let mut jobs = there.consume("jobs").start().await.unwrap();

    let MaybeTlsStream::Plain(mut stream) = deaf.into_inner() else { panic!("it is not encrypted") };
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    drop(stream);
    let pings = heard.windows(2).filter(|bytes| *bytes == b"\x89\x00").count();
    assert!(
        pings == 2 && heard.ends_with(FAREWELL),
        "{pings} pings, then {:?}",
        heard.escape_ascii().to_string()
    );
    eventually("both are let go", || metric(&hub, "fanq_socket_connections") == 1);
    let farewells = hub.log().lines().filter(|line| line.contains("code=4408")).count();
    assert_eq!(farewells, 2, "{}", hub.log());

    // Their sessions wait for them, and renew their leases, for as long as was agreed.
    assert_eq!(metric(&hub, "fanq_socket_consumers"), 3);
    for _ in 0..3 {
        hub.advance(Duration::from_secs(9));
        assert_eq!(in_flight(&queue).await, "2");
    }
    hub.advance(Duration::from_secs(4));
    let mut got = BTreeSet::new();
    for _ in expected {
        let job = jobs.next().await.unwrap().unwrap();
        assert_eq!((job.receive_count(), job.is_redelivered()), (Some(2), true));
        got.insert(job.body.clone());
        job.ack().await.unwrap();
    }
    assert_eq!(got, BTreeSet::from(expected.map(str::to_owned)));
    emptied(&queue).await;
    assert_eq!(metric(&hub, "fanq_socket_consumers"), 1);
    assert_eq!(metric(&hub, "fanq_socket_unacknowledged_messages"), 0);
    eventually("no file is left open", || metric(&hub, "process_open_fds") <= files);
}

#[tokio::test]
#[ignore = "waits until a client finds the hub silent, a minute"]
async fn a_client_that_hears_nothing_comes_back_by_itself() {
    let hub = Hub::start(&[]);
    let proxy = Proxy::new(hub.address);
    let queue = Client::new(hub.endpoint()).unwrap().create_queue("jobs", &[]).await.unwrap();
    let socket = Client::new(proxy.endpoint()).unwrap().socket().open().await.unwrap();
    let mut jobs = socket.consume("jobs").start().await.unwrap();
    queue.send("held").await.unwrap();
    let held = jobs.next().await.unwrap().unwrap();
    proxy.fall_silent();
    // It is pushed into the silence.
    queue.send("missed").await.unwrap();
    let missed = jobs.next().await.unwrap().unwrap();
    assert_eq!((missed.body.as_str(), missed.receive_count()), ("missed", Some(1)));
    assert_eq!(held.is_lost(), None::<Lost>, "the session went on");
    held.ack().await.unwrap();
    missed.ack().await.unwrap();
    emptied(&queue).await;
    eventually("the silent connection is let go", || metric(&hub, "fanq_socket_connections") == 1);
}
