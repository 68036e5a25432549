//! A connection by itself, on virtual time: how it begins, what it makes of silence, and how it ends.

use super::handshake::{Opening, Refusal};
use super::*;
use crate::config::Settings;
use crate::hub::Hub;
use crate::wire::Head;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::BytesMut;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::Instant;

/// The example of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const PACE: Pace = Pace { heartbeat: Duration::from_secs(20), closing: Duration::from_secs(2) };

fn open(headers: &[(&'static str, &str)], query: &str) -> Result<Opening, Refusal> {
    let mut all = HeaderMap::new();
    let usual = [
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-protocol", "other, fanq.v1.json"),
    ];
    for (name, value) in usual.iter().chain(headers) {
        all.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let head = Head { method: &Method::GET, path: "/ws", query, headers: &all };
    Opening::read(&head, &Settings::default(), "http://localhost".to_owned(), None)
}

#[test]
fn a_request_is_answered_with_what_proves_that_it_was_understood() {
    let mut answer = BytesMut::new();
    open(&[], "").unwrap().put_answer(&mut answer);
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 101 ") && answer.contains("accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
    );
    for headers in [
        ("upgrade", "h2c"),
        ("sec-websocket-key", "dGhlIHNhbXBsZQ=="),
        ("sec-websocket-protocol", "fanq.v2.json"),
    ] {
        assert!(matches!(open(&[headers], ""), Err(Refusal::Malformed(_))), "{headers:?}");
    }
    assert!(matches!(open(&[("sec-websocket-version", "8")], ""), Err(Refusal::Version)));
}

#[test]
fn who_asks_is_said_by_a_signature_or_a_token() {
    let signed =
        open(&[], "X-Amz-Credential=111122223333%2F20260101%2Feu-west-1%2Fsqs%2Faws4_request").unwrap();
    assert_eq!(
        (signed.caller.account.as_str(), signed.caller.region.as_str()),
        ("111122223333", "eu-west-1")
    );
    let with = |protocols| open(&[("sec-websocket-protocol", protocols)], "").unwrap();
    let opening = with("fanq.v1.json, fanq.auth.MTExMTIyMjIzMzMz");
    assert_eq!((opening.token.as_deref(), opening.refusal), (Some("111122223333"), None));
    let opening = with("fanq.v1.json, fanq.auth.*");
    assert_eq!(
        opening.refusal.map(|end| matches!(end, close::End::Closed(close::Code::NotAuthenticated, _))),
        Some(true)
    );
}

/// A client on a connection to a hub in memory.
struct Client {
    hub: Arc<Hub>,
    stream: DuplexStream,
    serving: JoinHandle<()>,
}

/// What a client gets.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Said(Value),
    Ping,
    Closed(u16),
    End,
}

impl Client {
    fn begin(hub: &Arc<Hub>) -> Self {
        let (stream, server) = duplex(1 << 20);
        let serving =
            spawn_local(serve(server, BytesMut::new(), open(&[], "").unwrap(), Arc::clone(hub), PACE));
        Self { hub: Arc::clone(hub), stream, serving }
    }

    async fn connected(hub: &Arc<Hub>, more: Value) -> (Self, Value) {
        let mut client = Self::begin(hub);
        client.answered().await;
        let mut connect = json!({"type": "connect", "id": 1});
        connect.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.say(&connect).await;
        let Got::Said(connected) = client.next().await else { panic!("it is not connected") };
        assert_eq!(connected["type"], "connected");
        (client, connected)
    }

    /// Skips the head of the answer.
    async fn answered(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
    }

    async fn say(&mut self, message: &Value) {
        let text = message.to_string();
        let length = u8::try_from(text.len()).unwrap();
        let head = if length < 126 { vec![0x81, 0x80 | length] } else { vec![0x81, 0xfe, 0, length] };
        self.stream.write_all(&[&head, &[0; 4][..], text.as_bytes()].concat()).await.unwrap();
    }

    async fn next(&mut self) -> Got {
        let Ok(kind) = self.stream.read_u8().await else { return Got::End };
        let length = match self.stream.read_u8().await.unwrap() {
            126 => usize::from(self.stream.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut content = vec![0; length];
        self.stream.read_exact(&mut content).await.unwrap();
        match kind & 0x0f {
            1 => Got::Said(serde_json::from_slice(&content).unwrap()),
            9 => Got::Ping,
            8 => Got::Closed(u16::from_be_bytes([content[0], content[1]])),
            kind => panic!("a frame of the kind {kind}"),
        }
    }

    async fn expect(&mut self, expected: &[Got]) {
        for one in expected {
            assert_eq!(self.next().await, *one);
        }
    }
}

async fn on_a_worker<R>(work: impl Future<Output = R>) -> R {
    LocalSet::new().run_until(work).await
}

fn hub() -> Arc<Hub> {
    Hub::in_memory(Settings::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_asked_twice_and_then_given_up() {
    on_a_worker(async {
        let (mut client, _) = Client::connected(&hub(), json!({})).await;
        let begun = Instant::now();
        let asked = || [Got::Ping, Got::Said(json!({"type": "ping"}))];
        client.expect(&asked()).await;
        assert_eq!(begun.elapsed().as_secs(), 20);
        client.expect(&asked()).await;
        assert_eq!(begun.elapsed().as_secs(), 40);
        client.say(&json!({"type": "pong"})).await;
        client.expect(&asked()).await;
        client.expect(&asked()).await;
        client.expect(&[Got::Closed(4408), Got::End]).await;
        assert_eq!(begun.elapsed().as_secs(), 40 + 60);
        drop(client.stream);
        client.serving.await.unwrap();
        let waiting = client.hub.sockets.sessions().len();
        assert_eq!((waiting, client.hub.sockets.figures().connections), (1, 0), "its session waits for it");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_slept_gives_its_clients_the_time_to_answer() {
    on_a_worker(async {
        let (mut client, _) = Client::connected(&hub(), json!({})).await;
        let begun = Instant::now();
        let asked = || [Got::Ping, Got::Said(json!({"type": "ping"}))];
        tokio::time::advance(Duration::from_secs(45)).await;
        for seconds in [45, 65] {
            client.expect(&asked()).await;
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
        client.expect(&[Got::Closed(4408), Got::End]).await;
        assert_eq!(begun.elapsed().as_secs(), 85);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whatever_else_a_client_says_it_has_to_say_who_it_is() {
    on_a_worker(async {
        let mut client = Client::begin(&hub());
        let begun = Instant::now();
        client.answered().await;
        let (mut from_hub, mut to_hub) = tokio::io::split(client.stream);
        // A pong every five seconds.
        let talking = spawn_local(async move {
            while to_hub.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        let mut farewell = [0; 4];
        from_hub.read_exact(&mut farewell).await.unwrap();
        assert_eq!((farewell[0], u16::from_be_bytes([farewell[2], farewell[3]])), (0x88, 4408));
        assert_eq!(begun.elapsed(), limits::CONNECT);
        talking.abort();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_says_much_before_who_it_is() {
    on_a_worker(async {
        let mut client = Client::begin(&hub());
        client.answered().await;
        let length = u16::try_from(limits::FIRST_BYTES + 1).unwrap().to_be_bytes();
        client.stream.write_all(&[0x81, 0xfe, length[0], length[1]]).await.unwrap();
        client.expect(&[Got::Closed(4413)]).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_say_who_it_is_is_given_up() {
    on_a_worker(async {
        let mut client = Client::begin(&hub());
        let begun = Instant::now();
        client.answered().await;
        client.expect(&[Got::Closed(4408), Got::End]).await;
        assert_eq!(begun.elapsed(), limits::CONNECT);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_cut_off_leaves_a_session_that_can_be_resumed() {
    on_a_worker(async {
        let hub = hub();
        let (client, connected) = Client::connected(&hub, json!({})).await;
        client.serving.abort();
        assert!(client.serving.await.unwrap_err().is_cancelled());
        let session = json!({"session": connected["session"], "resume": connected["resume"]});
        let (_, again) = Client::connected(&hub, session).await;
        assert_eq!((&again["resumed"], &again["session"]), (&json!(true), &connected["session"]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_has_failed_says_so() {
    on_a_worker(async {
        let hub = hub();
        let (mut client, _) = Client::connected(&hub, json!({})).await;
        hub.engine.stop();
        client.say(&json!({"type": "ping"})).await;
        client.expect(&[Got::Closed(4500), Got::End]).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_stops_takes_leave() {
    on_a_worker(async {
        let hub = hub();
        let (mut client, _) = Client::connected(&hub, json!({})).await;
        hub.begin_shutdown();
        let draining = json!({"type": "draining", "reason": "shutdown", "reconnectAfter": 1000});
        client.expect(&[Got::Said(draining), Got::Closed(1001), Got::End]).await;
        drop(client.stream);
        client.serving.await.unwrap();
        assert_eq!(hub.sockets.sessions().len(), 0, "nobody comes back to a hub that has stopped");
    })
    .await;
}
