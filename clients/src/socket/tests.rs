//! Sockets against a hub that says what it is told to and shows what it was asked.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Raw;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::{Client, Consumer, Error, Lost, Since, Socket, Update};

/// The hub's side.
struct Hub {
    listener: TcpListener,
}

/// One connection, as the hub sees it.
struct Peer(WebSocketStream<TcpStream>);

impl Hub {
    async fn new() -> (Self, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        (Self { listener }, client)
    }

    /// The next connection, and its first words.
    async fn accept(&self) -> (Peer, Value) {
        let (stream, _) = self.listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let agree = |request: &Request, mut response: Response| {
            let protocol = request.headers()["sec-websocket-protocol"].clone();
            assert_eq!(protocol, "fanq.v1.json");
            response.headers_mut().insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        let mut peer = Peer(tokio_tungstenite::accept_hdr_async(stream, agree).await.unwrap());
        let hello = peer.hear().await;
        assert_eq!(hello["type"], "connect");
        (peer, hello)
    }

    /// The next connection in the session of before, or a new one.
    async fn welcome(&self, connected: Value) -> (Peer, Value) {
        let (mut peer, hello) = self.accept().await;
        let mut said = json!({"type": "connected", "session": "s", "resume": "r", "heartbeat": 20.0});
        said.as_object_mut().unwrap().extend(connected.as_object().unwrap().clone());
        peer.say(said).await;
        (peer, hello)
    }

    /// A socket with one consumer.
    async fn consuming(&self, client: &Client) -> (Socket, Consumer, Peer) {
        let opened = async { client.socket().open().await.unwrap() };
        let (socket, (mut peer, _)) = tokio::join!(opened, self.welcome(json!({})));
        let started = async { socket.consume("jobs").start().await.unwrap() };
        let (consumer, request) = tokio::join!(started, peer.agree());
        assert_eq!(
            (&request["type"], &request["queue"], &request["credit"]),
            (&json!("consume"), &json!("jobs"), &json!(16))
        );
        (socket, consumer, peer)
    }
}

impl Peer {
    async fn say(&mut self, said: Value) {
        self.0.send(Raw::text(said.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Raw::Text(text) => return serde_json::from_str(&text).unwrap(),
                Raw::Ping(_) | Raw::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Hears a request and says that it is done.
    async fn agree(&mut self) -> Value {
        let request = self.hear().await;
        self.say(json!({"type": "ok", "id": request["id"], "messageId": "m"})).await;
        request
    }

    async fn push(&mut self, tag: u64, group: Option<&str>) {
        let mut system = json!({"ApproximateReceiveCount": "1"});
        if let Some(group) = group {
            system["MessageGroupId"] = group.into();
        }
        self.say(json!({
            "type": "message", "sub": "0", "tag": tag, "messageId": format!("m-{tag}"), "body": tag.to_string(),
            "attributes": {}, "system": system, "queue": "jobs", "receiptHandle": format!("r-{tag}"),
            "leaseUntil": 0, "redelivered": false
        }))
        .await;
    }

    async fn close(mut self, code: u16) {
        let _ = self.0.close(Some(CloseFrame { code: code.into(), reason: "because".into() })).await;
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

#[tokio::test]
async fn a_message_is_pushed_and_acknowledged() {
    let (hub, client) = Hub::new().await;
    let (_socket, mut consumer, mut peer) = hub.consuming(&client).await;
    peer.push(1, None).await;
    let delivery = consumer.next().await.unwrap().unwrap();
    assert_eq!((delivery.body.as_str(), delivery.queue(), delivery.receive_count()), ("1", "jobs", Some(1)));
    assert_eq!(delivery.json::<u32>().unwrap(), 1);
    let (acked, request) = tokio::join!(delivery.ack(), peer.agree());
    acked.unwrap();
    assert_eq!((&request["type"], &request["tags"]), (&json!("ack"), &json!([1])));
}

#[tokio::test]
async fn what_is_dropped_comes_back_and_what_is_lost_says_why() {
    let (hub, client) = Hub::new().await;
    let (_socket, mut consumer, mut peer) = hub.consuming(&client).await;
    peer.push(1, None).await;
    drop(consumer.next().await.unwrap().unwrap());
    let request = peer.agree().await;
    assert_eq!(
        (&request["type"], &request["tags"], &request["delay"]),
        (&json!("nack"), &json!([1]), &json!(0))
    );

    peer.push(2, None).await;
    let delivery = consumer.next().await.unwrap().unwrap();
    assert_eq!(delivery.is_lost(), None);
    peer.say(json!({"type": "lost", "sub": "0", "tags": [2], "why": "purged"})).await;
    assert_eq!(delivery.lost().await, Lost::Purged);
    let error = delivery.ack().await.unwrap_err();
    assert!(matches!(error, Error::Lost(Lost::Purged)), "{error}");
}

#[tokio::test]
async fn a_group_is_given_back_whole() {
    let (hub, client) = Hub::new().await;
    let (_socket, mut consumer, mut peer) = hub.consuming(&client).await;
    let mut deliveries = Vec::new();
    for (tag, group) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
        peer.push(tag, Some(group)).await;
        deliveries.push(consumer.next().await.unwrap().unwrap());
    }
    let third = deliveries.remove(2);
    let (given_back, request) = tokio::join!(third.nack_group(Duration::from_secs(5)), peer.agree());
    given_back.unwrap();
    assert_eq!((&request["tags"], &request["delay"]), (&json!([3, 4]), &json!(5)));
    let lost = deliveries.iter().map(crate::Delivery::is_lost).collect::<Vec<_>>();
    assert_eq!(lost, [None, None, Some(Lost::GivenBack)]);
}

#[tokio::test]
async fn a_resumed_session_goes_on_where_it_was() {
    let (hub, client) = Hub::new().await;
    let (socket, mut consumer, mut peer) = hub.consuming(&client).await;
    let mut deliveries = Vec::new();
    for tag in 1..=3 {
        peer.push(tag, None).await;
        deliveries.push(consumer.next().await.unwrap().unwrap());
    }
    let first = tokio::spawn(deliveries.remove(0).ack());
    let sent = tokio::spawn(async move { socket.send("jobs", "x").await });
    let (mut heard, ids) = (Vec::new(), ["ack", "send"]);
    while heard.len() < 2 {
        heard.push(peer.hear().await);
    }
    drop(peer);

    let kept = json!([{"sub": "0", "tag": 4, "unacked": [1, 2, 4]}]);
    let (mut peer, hello) = hub.welcome(json!({"resumed": true, "subs": kept, "resume": "r2"})).await;
    assert_eq!((&hello["session"], &hello["resume"]), (&json!("s"), &json!("r")));
    let mut again = Vec::new();
    while again.len() < 3 {
        let request = peer.hear().await;
        if request.get("id").is_some() {
            peer.say(json!({"type": "ok", "id": request["id"], "messageId": "m"})).await;
        }
        again.push(request);
    }
    for kind in ids {
        let of = |heard: &[Value]| heard.iter().find(|heard| heard["type"] == kind).cloned();
        assert_eq!(of(&heard), of(&again), "{kind} is said again with its id");
    }
    assert!(again.iter().any(|request| request["type"] == "credit"), "{again:?}");
    first.await.unwrap().unwrap();
    assert_eq!(sent.await.unwrap().unwrap(), "m");
    assert_eq!(deliveries[0].is_lost(), None);
    assert_eq!(deliveries[1].lost().await, Lost::Expired, "the hub does not hold it any more");

    // What is known is not delivered twice; what had been missed is.
    peer.push(2, None).await;
    peer.push(4, None).await;
    assert_eq!(consumer.next().await.unwrap().unwrap().body, "4");
}

#[tokio::test]
async fn a_hub_that_has_forgotten_is_told_everything_anew() {
    let (hub, client) = Hub::new().await;
    let (socket, mut consumer, mut peer) = hub.consuming(&client).await;
    let started = async { socket.subscribe("orders").since(Since::Last(5)).start().await.unwrap() };
    let (mut events, request) = tokio::join!(started, peer.agree());
    assert_eq!((&request["topics"], &request["since"]), (&json!(["orders"]), &json!({"last": 5})));
    let event = json!({"type": "event", "sub": "1", "offset": 7, "epoch": "e", "topic": "orders",
        "messageId": "m", "message": "x", "attributes": {}, "time": "2026-01-01T00:00:00Z"});
    peer.say(event).await;
    assert!(matches!(events.next().await, Some(Ok(Update::Event(event))) if event.message == "x"));
    peer.push(1, None).await;
    let held = consumer.next().await.unwrap().unwrap();
    let asked = socket.clone();
    let sent = tokio::spawn(async move { asked.send("jobs", "x").await });
    peer.hear().await;
    peer.close(1001).await;

    let (mut peer, _) = hub.welcome(json!({"resumed": false})).await;
    let (consume, subscribe) = (peer.agree().await, peer.agree().await);
    assert_eq!((&consume["type"], &consume["sub"]), (&json!("consume"), &json!("0")));
    assert_eq!(subscribe["since"], json!({"offset": 7, "epoch": "e"}));
    assert_eq!(held.lost().await, Lost::Forgotten);
    let error = sent.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "nobody knows whether it was sent: {error}");
    // The tags begin anew.
    peer.push(1, None).await;
    let delivery = consumer.next().await.unwrap().unwrap();
    let (acked, _) = tokio::join!(delivery.ack(), peer.agree());
    acked.unwrap();
}

#[tokio::test]
async fn what_cannot_be_mended_ends_everything_and_says_why() {
    for code in [4400, 4401, 4403, 4409] {
        let (hub, client) = Hub::new().await;
        let (socket, mut consumer, peer) = hub.consuming(&client).await;
        peer.close(code).await;
        let error = consumer.next().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Closed { code: Some(closed), .. } if closed == code), "{error}");
        assert!(consumer.next().await.is_none());
        assert!(matches!(socket.send("jobs", "x").await, Err(Error::Closed { .. })));
    }
}

#[tokio::test]
async fn a_refusal_is_for_whoever_asked() {
    let (hub, client) = Hub::new().await;
    let (socket, mut consumer, mut peer) = hub.consuming(&client).await;
    peer.push(1, None).await;
    let delivery = consumer.next().await.unwrap().unwrap();
    let hub_side = async {
        let request = peer.hear().await;
        assert_eq!((&request["deadLetter"], &request["reason"]), (&json!(true), &json!("odd")));
        peer.say(
            json!({"type": "error", "id": request["id"], "code": "NoDeadLetterQueue", "message": "none"}),
        )
        .await;
        assert_eq!(peer.hear().await["type"], "nack", "nobody has it in hand any more");
        let request = peer.hear().await;
        peer.say(
            json!({"type": "error", "id": request["id"], "code": "QueueDoesNotExist", "message": "none"}),
        )
        .await;
    };
    let client_side = async {
        let error = delivery.dead_letter("odd").await.unwrap_err();
        assert_eq!(error.code(), Some("NoDeadLetterQueue"));
        let error = socket.consume("other").start().await.unwrap_err();
        assert_eq!(error.code(), Some("QueueDoesNotExist"));
    };
    tokio::join!(hub_side, client_side);
}

#[tokio::test]
async fn closing_waits_for_what_was_asked_and_is_said() {
    let (hub, client) = Hub::new().await;
    let (socket, mut consumer, mut peer) = hub.consuming(&client).await;
    peer.push(1, None).await;
    let delivery = consumer.next().await.unwrap().unwrap();
    let hub_side = async {
        let request = peer.agree().await;
        assert_eq!(request["type"], "ack");
        assert!(matches!(peer.0.next().await, Some(Ok(Raw::Close(_)))));
        while let Some(Ok(_)) = peer.0.next().await {}
    };
    let acked = tokio::spawn(delivery.ack());
    tokio::task::yield_now().await;
    tokio::join!(hub_side, socket.close());
    acked.await.unwrap().unwrap();
    assert!(consumer.next().await.is_none());
}

#[tokio::test]
async fn a_hub_that_falls_silent_is_left() {
    let (hub, client) = Hub::new().await;
    let opened = async { client.socket().open().await.unwrap() };
    let (_socket, (_silent, _)) = tokio::join!(opened, hub.welcome(json!({"heartbeat": 0.01})));
    let (_peer, hello) = hub.welcome(json!({"resumed": true})).await;
    assert_eq!(hello["session"], "s");
}

#[tokio::test]
async fn what_is_no_hub_is_an_error_at_once() {
    let (hub, client) = Hub::new().await;
    let endpoint = hub.listener;
    drop(endpoint);
    let error = client.socket().open().await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
}
