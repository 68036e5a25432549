//! The server over real sockets, with a backend that echoes. What is tested here is what clients can do to it.

use std::io::Write as _;

use super::*;
use crate::door::{Door, Status};

mod client;

use client::Server;

const GET: &str = "GET /q HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST /q?a=b HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Limits under which nothing ends by itself in a test.
fn patient() -> Limits {
    let hour = Duration::from_secs(3600);
    Limits { head: hour, body: hour, write: hour, idle: hour, body_bytes: 1000, ..Limits::default() }
}

const SOON: Duration = Duration::from_millis(150);

/// Sends a request on a new connection; the status and the body of its answer.
async fn check(server: &Server, request: &[u8], status: u16, body: &str) {
    let mut client = server.connect().await;
    client.send(request).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, status, "{}: {answer:?}", request.escape_ascii());
    assert!(answer.body.contains(body), "{}: {answer:?}", request.escape_ascii());
}

#[tokio::test]
async fn a_request_reaches_the_backend_as_sent_and_its_answer_comes_back() {
    let server = Server::start(patient(), &[]).await;
    check(&server, GET.as_bytes(), 200, "GET /q  http://localhost []").await;
    check(&server, &post("", b"hello"), 200, "POST /q a=b http://localhost [hello]").await;
    let chunked = b"POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    check(&server, chunked, 200, "POST /c  http://localhost [hello]").await;
    check(&server, b"GET / HTTP/1.0\r\n\r\n", 200, &format!("http://{}", server.address)).await;
}

#[tokio::test]
async fn a_connection_serves_many_requests_also_when_they_arrive_at_once() {
    let server = Server::start(patient(), &[]).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.send(&post("", b"one")).await;
        assert!(client.answer().await.body.contains("[one]"));
    }
    client.send(&[post("", b"first"), post("", b"second"), GET.as_bytes().to_vec()].concat()).await;
    for expected in ["[first]", "[second]", "[]"] {
        assert!(client.answer().await.body.contains(expected));
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off_on_every_request_of_a_connection() {
    let server = Server::start(Limits { head: SOON, ..patient() }, &[]).await;
    for requests_before in [0, 1, 2] {
        for rest in ["GET /q HTTP/1.1\r\nHost", "G"] {
            let mut client = server.connect().await;
            for _ in 0..requests_before {
                client.send(GET.as_bytes()).await;
                client.answer().await;
            }
            client.send(rest.as_bytes()).await;
            assert_eq!(client.closed().await, "");
        }
    }
}

#[tokio::test]
async fn one_byte_at_a_time_does_not_keep_a_second_head_alive() {
    let server = Server::start(Limits { head: SOON, ..patient() }, &[]).await;
    let mut client = server.connect().await;
    client.send(GET.as_bytes()).await;
    client.answer().await;
    client.send(b"GET /q HTTP/1.1\r\nA: ").await;
    assert_eq!(client.dribble_until_closed(b"x").await, "");
}

#[tokio::test]
async fn a_partial_head_behind_a_request_is_cut_off_as_well() {
    let server = Server::start(Limits { head: SOON, idle: SOON, ..patient() }, &[]).await;
    let mut client = server.connect().await;
    client.send(&[&post("", b"x")[..], b"GET /q HT"].concat()).await;
    client.answer().await;
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let server = Server::start(Limits { idle: SOON, ..patient() }, &[]).await;
    let mut client = server.connect().await;
    client.send(GET.as_bytes()).await;
    client.answer().await;
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn a_request_that_waits_outlives_all_other_limits() {
    let server =
        Server::start(Limits { head: SOON, body: SOON, write: SOON, idle: SOON, ..patient() }, &[]).await;
    let mut client = server.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.waiting(1).await;
    tokio::time::sleep(SOON * 4).await;
    server.release();
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_body_that_arrives_too_slowly_is_cut_off() {
    let server = Server::start(Limits { body: SOON, head: SOON, ..patient() }, &[]).await;
    for head in ["Content-Length: 900", "Transfer-Encoding: chunked"] {
        let mut client = server.connect().await;
        client.send(format!("POST / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n").as_bytes()).await;
        let seen = client.dribble_until_closed(b"1\r\nx\r\n").await;
        assert!(seen.starts_with("HTTP/1.1 408 "), "{seen}");
    }
    assert_eq!(server.answered(), 0);
}

#[tokio::test]
async fn a_body_that_ends_early_has_no_effect() {
    let server = Server::start(patient(), &[]).await;
    let whole = post("", b"hello");
    let chunked = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
    for truncated in [&whole[..whole.len() - 1], chunked] {
        let mut client = server.connect().await;
        client.send(truncated).await;
        client.finish().await;
        client.closed().await;
    }
    assert_eq!(server.answered(), 0);
}

#[tokio::test]
async fn the_size_of_a_body_is_limited_however_it_is_sent() {
    let server = Server::start(patient(), &[]).await;
    let chunk = [b"400\r\n", &[b'x'; 1024][..], b"\r\n0\r\n\r\n"].concat();
    let chunked =
        [b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", &chunk[..]].concat();
    for (request, status) in [
        (post("", &[b'x'; 1000]), 200),
        (post("", &[b'x'; 1001]), 413),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".to_vec(), 413),
        (chunked, 413),
        (post("Content-Encoding: gzip\r\n", &gzip(&[b'x'; 1000])), 200),
        (post("Content-Encoding: gzip\r\n", &gzip(&[b'x'; 1001])), 413),
        (post("Content-Encoding: gzip\r\n", &gzip(&vec![0; 900_000])), 413),
    ] {
        check(&server, &request, status, "").await;
    }
}

#[tokio::test]
async fn compressed_bodies_are_expanded_and_what_cannot_be_is_refused() {
    let server = Server::start(patient(), &[]).await;
    let whole = gzip(b"hello");
    for (encoding, body, status, answer) in [
        ("gzip", &whole[..], 200, "[hello]"),
        ("GZip", &whole, 200, "[hello]"),
        ("x-gzip", &[whole.clone(), gzip(b" again")].concat(), 200, "[hello again]"),
        ("identity", b"hello", 200, "[hello]"),
        ("gzip", b"hello", 400, "MalformedInput"),
        ("gzip", &whole[..whole.len() - 4], 400, "MalformedInput"),
        ("br", b"hello", 415, "UnsupportedMediaType"),
        ("gzip, gzip", &whole, 415, "UnsupportedMediaType"),
    ] {
        check(&server, &post(&format!("Content-Encoding: {encoding}\r\n"), body), status, answer).await;
    }
}

#[tokio::test]
async fn a_client_that_expects_100_continue_is_told_to_go_on() {
    let server = Server::start(patient(), &[]).await;
    let mut client = server.connect().await;
    let request = post("Expect: 100-continue\r\n", b"hello");
    let (head, body) = request.split_at(request.len() - 5);
    client.send(head).await;
    assert_eq!(client.line().await, "HTTP/1.1 100 Continue");
    client.line().await;
    client.send(body).await;
    assert!(client.answer().await.body.contains("[hello]"));
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_waiting_request_with_it() {
    let server = Server::start(patient(), &[]).await;
    for half in [true, false] {
        let mut client = server.connect().await;
        client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}").await;
        server.waiting(1).await;
        if half {
            client.finish().await
        } else {
            drop(client)
        }
        server.waiting(0).await;
    }
    assert_eq!(server.answered(), 0);
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_refused_in_the_format_of_the_protocol() {
    let server = Server::start(patient(), &[]).await;
    for (headers, status, body) in [
        ("Host: evil.com\r\n", 403, "<Code>AccessDenied</Code>"),
        ("Host: evil.com\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n", 403, "\"__type\":"),
        ("Host: evil.com\r\n", 403, "--allowed-hosts"),
        ("Host: localhost\r\nOrigin: http://evil.com\r\n", 403, "--cors-origins"),
        ("Host: localhost\r\nOrigin: http://localhost\r\n", 200, "POST"),
        ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 403, "--cors-origins"),
    ] {
        let request = format!("POST / HTTP/1.1\r\n{headers}Content-Length: 0\r\n\r\n");
        check(&server, request.as_bytes(), status, body).await;
    }
    check(&server, b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.com\r\n\r\n", 403, "")
        .await;
}

#[tokio::test]
async fn pages_of_allowed_origins_get_their_headers() {
    let server = Server::start(patient(), &[("cors-origins", "http://localhost:3000")]).await;
    let mut client = server.connect().await;
    let origin = "Host: localhost\r\nOrigin: http://localhost:3000\r\n";
    let asks = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-amz-target\r\n";
    client.send(format!("OPTIONS / HTTP/1.1\r\n{origin}{asks}\r\n").as_bytes()).await;
    let preflight = client.answer().await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization,x-amz-target"));
    assert_eq!(preflight.header("vary"), Some("origin"));
    client.send(format!("GET / HTTP/1.1\r\n{origin}\r\n").as_bytes()).await;
    let answer = client.answer().await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (200, Some("http://localhost:3000"))
    );
}

#[tokio::test]
async fn methods_that_no_operation_has_are_refused() {
    let server = Server::start(patient(), &[]).await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        check(&server, request.as_bytes(), 405, "MethodNotAllowed").await;
    }
}

#[tokio::test]
async fn health_and_readiness_are_told_under_any_name() {
    let server = Server::start(patient(), &[]).await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: hub.example.com\r\n\r\n").into_bytes();
    check(&server, &ask("/health"), 200, "\"status\":\"ok\"").await;
    check(&server, &ask("/ready"), 200, "\"status\":\"ready\"").await;
    server.set_status(Status::Starting { done_bytes: 3, total_bytes: 10 });
    let progress = "\"status\":\"starting\",\"done_bytes\":3,\"total_bytes\":10";
    check(&server, &ask("/health"), 200, progress).await;
    check(&server, &ask("/ready"), 503, progress).await;
    server.set_status(Status::Failed);
    check(&server, &ask("/health"), 503, "\"status\":\"failed\"").await;
    check(&server, &ask("/ready"), 503, env!("CARGO_PKG_VERSION")).await;
}

#[tokio::test]
async fn the_certificate_of_signatures_is_given_under_any_name() {
    let server = Server::start(patient(), &[]).await;
    let ask = |method: &str, name: &str| {
        format!("{method} /SimpleNotificationService-{name}.pem HTTP/1.1\r\nHost: hub.example.com\r\n\r\n")
            .into_bytes()
    };
    check(&server, &ask("GET", "0123"), 200, "a certificate").await;
    check(&server, &ask("GET", "4567"), 404, "no such certificate").await;
    check(&server, &ask("DELETE", "0123"), 405, "").await;
    server.set_status(Status::Starting { done_bytes: 3, total_bytes: 10 });
    check(&server, &ask("GET", "0123"), 503, "not now").await;
}

#[tokio::test]
async fn a_hub_that_is_starting_says_so_to_everybody() {
    let settings = crate::config::from_flags(&[("port", "0"), ("test-clock", "true")]).unwrap();
    let listener = listen(&settings).await.unwrap();
    let door = Door::closed(settings.clone());
    let running = start(Arc::clone(&door), listener, patient()).unwrap();
    let ask = async |request: &str, headers: &str, status: u16, text: &str| {
        let request = format!("{request} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let mut client = client::Client::connect(running.address).await;
        client.send(request.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        assert!(answer.body.contains(text), "{request}: {answer:?}");
    };
    let json = "X-Amz-Target: AmazonSQS.ListQueues\r\nContent-Length: 2\r\n\r\n{}";
    ask("GET /health", "", 200, "starting").await;
    ask("GET /ready", "", 503, "starting").await;
    ask("GET /_fanq/clock", "", 503, "The hub is starting").await;
    ask("GET /metrics", "", 503, "The hub is starting").await;
    ask("GET /?Action=ListTopics", "", 503, "<Code>ServiceUnavailable</Code>").await;
    ask("POST /", json, 503, "The hub is starting").await;
    ask("GET /topics/orders/events", "", 503, "The hub is starting").await;
    // A page would never ask again after an error.
    ask("GET /topics/orders/events", "Accept: text/event-stream\r\n", 200, ":\n\n").await;
    door.open(crate::hub::Hub::in_memory(settings).unwrap());
    ask("GET /ready", "", 200, "ready").await;
    ask("GET /_fanq/clock", "", 200, "now_ms").await;
    ask("POST /", json, 200, "{}").await;
    ask("GET /metrics", "", 200, "fanq_build_info").await;
    running.stop().await;
}

#[tokio::test]
async fn the_clock_is_turned_only_where_it_is_allowed_and_in_the_right_order() {
    let clock = |body: &str| {
        let length = body.len();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let head =
            format!("{method} /_fanq/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        format!("{head}{body}").into_bytes()
    };
    let server = Server::start(patient(), &[]).await;
    check(&server, &clock(""), 404, "--test-clock").await;
    let server = Server::start(patient(), &[("test-clock", "true")]).await;
    for (body, status, answer) in [
        ("", 200, r#"{"now_ms":1000,"frozen":false,"offset_ms":0}"#),
        (r#"{"freeze":true}"#, 200, r#"{"now_ms":1000,"frozen":true,"offset_ms":0}"#),
        (r#"{"freeze":false}"#, 200, r#"{"now_ms":1000,"frozen":false,"offset_ms":0}"#),
        (
            r#"{"resume":true,"advance_ms":500,"freeze":true}"#,
            200,
            r#"{"now_ms":1500,"frozen":false,"offset_ms":500}"#,
        ),
        (r#"{"advance_ms":-1}"#, 400, r#"{"error":"The body is not an object with any of"#),
        (r#"{"advance_ms":1.5}"#, 400, r#"{"error":"The body is not an object with any of"#),
        (r#"{"advance_ms":9007199254740993}"#, 400, r#"{"error":"advance_ms can be"#),
        (r#"{"advance":1}"#, 400, r#"{"error":"The body is not an object with any of"#),
        (r#"{"freeze":1}"#, 400, r#"{"error":"The body is not an object with any of"#),
        (r#"{"freeze":"#, 400, r#"{"error":"The body is no JSON"#),
        ("[]x", 400, r#"{"error":"#),
        ("", 200, r#"{"now_ms":1500,"frozen":false,"offset_ms":500}"#),
    ] {
        check(&server, &clock(body), status, answer).await;
    }
    let asked = b"GET /_fanq/clock?advance_ms=5 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    check(&server, asked, 400, "the clock has no parameters").await;
    check(&server, b"PUT /_fanq/clock HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "error").await;
}

#[tokio::test]
async fn the_last_places_are_not_for_answers_that_do_not_end() {
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let server = Server::start(Limits { connections: 8 * workers, ..patient() }, &[]).await;
    let events = b"GET /topics/orders/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    check(&server, events, 200, "events").await;
    let mut clients = Vec::new();
    for _ in 0..7 * workers {
        let mut client = server.connect().await;
        client.send(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        clients.push(client);
    }
    server.waiting(7 * workers).await;
    check(&server, events, 503, r#"{"error":"Too many connections are open."}"#).await;
    // A page would never ask again after an error.
    let by_page = "GET /topics/orders/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                   Accept: text/event-stream\r\n\r\n";
    check(&server, by_page.as_bytes(), 200, ":").await;
    check(&server, GET.as_bytes(), 200, "GET /q").await;
}

#[tokio::test]
async fn a_stop_lets_requests_finish_and_closes_what_is_idle() {
    let server = Server::start(patient(), &[]).await;
    let mut idle = server.connect().await;
    idle.send(GET.as_bytes()).await;
    idle.answer().await;
    let mut waiting = server.connect().await;
    waiting.send(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.waiting(1).await;
    let backend = Arc::clone(&server.backend);
    let stopped = tokio::spawn(server.stop());
    idle.closed().await;
    backend.release();
    assert_eq!(waiting.answer().await.status, 200);
    waiting.closed().await;
    client::in_time(stopped).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = listen(&crate::config::from_flags(&[("port", "0")]).unwrap()).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error =
        listen(&crate::config::from_flags(&[("port", &port.to_string())]).unwrap()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&format!("127.0.0.1:{port}: the port is taken; choose another with --port"))
    );
}
