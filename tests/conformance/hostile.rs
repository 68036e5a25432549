//! Whatever a client sends, it gets an error, the process lives, and the next client is served.

use std::time::{Duration, Instant};

use fanq_tests::{Answer, Connection, Hub, Request, form};

/// A hub with a queue, and a check that it still serves.
struct Victim(Hub);

impl Victim {
    fn new() -> Self {
        let victim = Self(Hub::start(&[]));
        let answer = Request::json("CreateQueue", r#"{"QueueName": "orders"}"#).send(&victim.0);
        assert_eq!(answer.status, 200, "{answer:?}");
        victim
    }

    /// Another client sends a message and gets it back.
    fn still_serves(&mut self, after: &str) {
        self.0.assert_alive();
        let sent =
            Request::json("SendMessage", r#"{"QueueUrl": "orders", "MessageBody": "fine"}"#).send(&self.0);
        assert_eq!(sent.status, 200, "after {after}: {sent:?}");
        let got = Request::query("/000000000000/orders", &[("Action", "ReceiveMessage")]).send(&self.0);
        assert_eq!(got.element("Body").as_deref(), Some("fine"), "after {after}");
        let handle = got.element("ReceiptHandle").unwrap();
        let gone = Request::query(
            "/000000000000/orders",
            &[("Action", "DeleteMessage"), ("ReceiptHandle", &handle)],
        );
        assert_eq!(gone.send(&self.0).status, 200, "after {after}");
    }

    /// These bytes are answered with this status, and nothing has changed.
    fn check(&mut self, what: &str, bytes: &[u8], status: u16) {
        let mut connection = Connection::open(&self.0);
        // The hub may refuse before it has read all.
        let _ = connection.try_write(bytes);
        let answer = connection.try_answer().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        check_format(what, &answer);
        self.still_serves(what);
    }

    fn check_json(&mut self, operation: &str, body: &[u8], status: u16) {
        let what = format!("{operation} {}", String::from_utf8_lossy(body.get(..200).unwrap_or(body)));
        let bytes = Request::json(operation, body).bytes(&self.0);
        self.check(&what, &bytes, status);
    }
}

/// An error is in one of the two formats, and never shows the inside of the program.
fn check_format(what: &str, answer: &Answer) {
    let text = answer.text();
    let is_json =
        answer.header("x-amzn-query-error").is_some() && text.starts_with('{') && text.contains("\"__type\"");
    assert!(
        is_json || text.contains("<ErrorResponse") || text.contains("<UnknownOperationException"),
        "{what}: {answer:?}"
    );
    for inside in ["panicked", ".rs:", "RUST_BACKTRACE", "serde"] {
        assert!(!text.contains(inside), "{what}: {text}");
    }
}

#[test]
fn json_that_is_none_is_refused() {
    let mut victim = Victim::new();
    for body in [
        "",
        "{",
        "}",
        "[]",
        "null",
        "3",
        "\"x\"",
        "{\"a\": 1,}",
        "{'a': 1}",
        "{\"QueueUrl\": \"orders\"} x",
        "\u{feff}{}",
        "NaN",
    ] {
        victim.check_json("SendMessage", body.as_bytes(), 400);
    }
    victim.check_json("SendMessage", b"\xff\xfe\x00", 400);
    victim.check_json("SendMessage", b"{\"QueueUrl\": \"orders\", \"MessageBody\": \"\xff\xff\"}", 400);
    victim.check_json("SendMessage", b"{\"QueueUrl\": \"orders\", \"MessageBody\": \"\\ud800\"}", 400);
}

#[test]
fn deep_json_is_refused_without_harm() {
    let mut victim = Victim::new();
    for depth in [200, 100_000] {
        victim.check_json("SendMessage", "[".repeat(depth).as_bytes(), 400);
        let nested = format!("{{\"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        victim.check_json("SendMessage", nested.as_bytes(), 400);
        victim.check_json("SendMessage", "{\"a\":".repeat(depth).as_bytes(), 400);
    }
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    let mut victim = Victim::new();
    for wrong in ["3", "true", "[]", "{}", "1e400", "[{}]"] {
        let body = format!(r#"{{"QueueUrl": "orders", "MessageBody": {wrong}}}"#);
        victim.check_json("SendMessage", body.as_bytes(), 400);
        let body = format!(r#"{{"QueueUrl": {wrong}, "MessageBody": "x"}}"#);
        victim.check_json("SendMessage", body.as_bytes(), 400);
    }
    for wrong in
        [r#""5""#, "true", "[]", "{}", "1.5", "1e400", "99999999999999999999999999", "-99999999999999999999"]
    {
        let body = format!(r#"{{"QueueUrl": "orders", "MaxNumberOfMessages": {wrong}}}"#);
        victim.check_json("ReceiveMessage", body.as_bytes(), 400);
    }
    for wrong in [
        "3",
        r#""x""#,
        "[]",
        r#"{"a": 3}"#,
        r#"{"a": {"DataType": 3}}"#,
        r#"{"a": {"DataType": "Binary", "BinaryValue": "?"}}"#,
    ] {
        let body = format!(r#"{{"QueueUrl": "orders", "MessageBody": "x", "MessageAttributes": {wrong}}}"#);
        victim.check_json("SendMessage", body.as_bytes(), 400);
    }
}

#[test]
fn huge_numbers_are_refused_in_queries() {
    let mut victim = Victim::new();
    for number in
        ["2147483648", "-2147483649", "9223372036854775808", "1e9", "0x10", "", " 5", "5 ", "+5", "٣", "NaN"]
    {
        for name in ["MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds"] {
            let request =
                Request::query("/000000000000/orders", &[("Action", "ReceiveMessage"), (name, number)]);
            let answer = request.send(&victim.0);
            // A number that is empty may count as absent.
            assert!(
                answer.status == 400 || (number.is_empty() || number == "+5") && answer.status == 200,
                "{name}={number}: {answer:?}"
            );
            victim.0.assert_alive();
        }
    }
    victim.still_serves("huge numbers");
}

#[test]
fn forms_that_are_cut_or_wrong_are_refused() {
    let mut victim = Victim::new();
    for (body, status) in [
        ("Action=SendMessage&MessageBody=%", 400),
        ("Action=SendMessage&MessageBody=%4", 400),
        ("Action=SendMessage&MessageBody=%zz", 400),
        ("Action=SendMessage&Message", 400),
        ("Action=SendMessage", 400),
        ("Action", 400),
        ("&&&===&&&", 404),
        ("", 404),
        ("Action=&Action=", 400),
    ] {
        let request = Request::post("/000000000000/orders")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = request.send(&victim.0);
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert_eq!(Request::json("PurgeQueue", r#"{"QueueUrl": "orders"}"#).send(&victim.0).status, 200);
        victim.still_serves(body);
    }
}

#[test]
fn a_form_that_is_not_utf8_is_refused_or_read_with_replacements() {
    let mut victim = Victim::new();
    for body in
        [b"Action=SendMessage&MessageBody=%ff%fe".as_slice(), b"Action=SendMessage&MessageBody=\xff\xfe"]
    {
        let request = Request::post("/000000000000/orders")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = request.send(&victim.0);
        assert!(matches!(answer.status, 200 | 400), "{answer:?}");
        assert_eq!(Request::json("PurgeQueue", r#"{"QueueUrl": "orders"}"#).send(&victim.0).status, 200);
        victim.still_serves("a form that is not UTF-8");
    }
}

#[test]
fn unknown_actions_and_targets_are_refused() {
    let mut victim = Victim::new();
    victim.check_json("MakeCoffee", b"{}", 400);
    victim.check_json("", b"{}", 400);
    let odd = [
        Request::post("/")
            .header("X-Amz-Target", "Coffee.Make")
            .header("Content-Type", "application/x-amz-json-1.0")
            .body("{}"),
        Request::post("/")
            .header("X-Amz-Target", "")
            .header("Content-Type", "application/x-amz-json-1.0")
            .body("{}"),
        Request::post("/").header("Content-Type", "application/x-amz-json-1.0").body("{}"),
        Request::query("/", &[("Action", "MakeCoffee")]),
        Request::query("/", &[("Action", &"A".repeat(100_000))]),
        Request::get("/?Action=%00"),
    ];
    for request in odd {
        let bytes = request.bytes(&victim.0);
        victim.check("an odd action", &bytes, 400);
    }
}

#[test]
fn other_methods_and_paths_are_refused() {
    let mut victim = Victim::new();
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"] {
        let mut connection = Connection::open(&victim.0);
        connection.write(&Request::new(method, "/").bytes(&victim.0));
        let start = connection.line();
        assert!(start.contains(" 405 ") || start.contains(" 400 "), "{method}: {start}");
        victim.0.assert_alive();
    }
    for path in
        ["/nothing", "/a/b/c/d/e", "/%00", "/../../etc/passwd", "/000000000000", "//", "/_fanq/nothing"]
    {
        let answer = Request::get(path).send(&victim.0);
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    victim.still_serves("other methods and paths");
}

#[test]
fn an_oversized_body_is_refused_before_it_is_read() {
    let mut victim = Victim::new();
    let announced = Request::json("SendMessage", "").header("Content-Length", "1000000000000");
    victim.check("an announced terabyte", announced.head(&victim.0).as_bytes(), 413);
    let large = Request::json("SendMessage", vec![b' '; 17 * 1024 * 1024]).bytes(&victim.0);
    let mut connection = Connection::open(&victim.0);
    let _ = connection.try_write(&large);
    // Whoever is refused while he still writes may see the connection break instead of the answer.
    if let Ok(answer) = connection.try_answer() {
        assert_eq!(answer.status, 413, "{answer:?}");
    }
    victim.still_serves("seventeen mebibytes");
    let mut endless = Connection::open(&victim.0);
    let head = Request::json("SendMessage", "").header("Transfer-Encoding", "chunked").head(&victim.0);
    endless.write(head.as_bytes());
    let chunk = [b"100000\r\n".to_vec(), vec![b' '; 0x10_0000], b"\r\n".to_vec()].concat();
    let refused = (0..64).any(|_| endless.try_write(&chunk).is_err());
    let answered = endless.try_answer();
    assert!(
        refused || answered.is_ok_and(|answer| answer.status == 413),
        "an endless body is not read to its end"
    );
    victim.still_serves("an endless body");
}

#[test]
fn a_small_body_that_unpacks_to_a_large_one_is_refused() {
    let mut victim = Victim::new();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..256 {
        std::io::Write::write_all(&mut packed, &[b' '; 1024 * 1024]).unwrap();
    }
    let packed = packed.finish().unwrap();
    let bomb =
        Request::json("SendMessage", packed.clone()).header("Content-Encoding", "gzip").bytes(&victim.0);
    victim.check("a quarter of a gigabyte of spaces", &bomb, 413);
    let cut =
        Request::json("SendMessage", &packed[..100]).header("Content-Encoding", "gzip").bytes(&victim.0);
    victim.check("a packed body that is cut", &cut, 400);
    let none = Request::json("SendMessage", "{}").header("Content-Encoding", "gzip").bytes(&victim.0);
    victim.check("a packed body that is none", &none, 400);
    let unknown = Request::json("SendMessage", "{}").header("Content-Encoding", "br").bytes(&victim.0);
    victim.check("an encoding that nobody knows", &unknown, 415);
}

#[test]
fn ten_thousand_entries_are_too_many() {
    let mut victim = Victim::new();
    let entries = (0..10_000).map(|number| format!(r#"{{"Id": "e{number}", "MessageBody": "x"}}"#));
    let body = format!(r#"{{"QueueUrl": "orders", "Entries": [{}]}}"#, entries.collect::<Vec<_>>().join(","));
    victim.check_json("SendMessageBatch", body.as_bytes(), 400);
    let names = (1..=10_000).map(|number| format!("SendMessageBatchRequestEntry.{number}"));
    let names = names.flat_map(|name| {
        [(format!("{name}.Id"), format!("e{}", name.len())), (format!("{name}.MessageBody"), "x".into())]
    });
    let names =
        [("Action".to_owned(), "SendMessageBatch".to_owned())].into_iter().chain(names).collect::<Vec<_>>();
    let pairs = names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
    let bytes = Request::query("/000000000000/orders", &pairs).bytes(&victim.0);
    victim.check("ten thousand entries in a form", &bytes, 400);
    for index in ["4294967296", "99999999999999999999", "-1", "0", "x", ""] {
        let name = format!("SendMessageBatchRequestEntry.{index}.MessageBody");
        let request = Request::query("/000000000000/orders", &[("Action", "SendMessageBatch"), (&name, "x")]);
        let bytes = request.bytes(&victim.0);
        victim.check(&name, &bytes, 400);
    }
}

#[test]
fn heads_that_are_no_http_are_refused() {
    let mut victim = Victim::new();
    let host = victim.0.address;
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n").into_bytes(),
        format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx")
            .into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nbad header\r\n\r\n").into_bytes(),
        format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "x".repeat(1_000_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "X: y\r\n".repeat(100_000)).into_bytes(),
    ] {
        let mut connection = Connection::open(&victim.0);
        let _ = connection.try_write(&bytes);
        connection.finish();
        // Refused with an answer, or without one; but never taken.
        if let Ok(answer) = connection.try_answer() {
            assert!((400..500).contains(&answer.status) || answer.status == 505, "{answer:?}");
        }
        victim.still_serves("a head that is no HTTP");
    }
}

#[test]
fn a_request_that_is_cut_off_does_nothing() {
    let mut victim = Victim::new();
    let whole =
        Request::json("SendMessage", r#"{"QueueUrl": "orders", "MessageBody": "never"}"#).bytes(&victim.0);
    for length in (0..whole.len()).step_by(7) {
        let mut connection = Connection::open(&victim.0);
        connection.write(&whole[..length]);
        drop(connection);
    }
    victim.still_serves("requests that were cut off");
    let left = Request::json("ReceiveMessage", r#"{"QueueUrl": "orders"}"#).send(&victim.0);
    assert_eq!(left.text(), "{}");
}

#[test]
fn slow_and_silent_clients_do_not_keep_others_from_being_served() {
    let mut victim = Victim::new();
    let mut slow = (0..200).map(|_| Connection::open(&victim.0)).collect::<Vec<_>>();
    let whole =
        Request::json("SendMessage", r#"{"QueueUrl": "orders", "MessageBody": "slow"}"#).bytes(&victim.0);
    for (number, connection) in slow.iter_mut().enumerate() {
        connection.write(&whole[..number % whole.len()]);
    }
    let started = Instant::now();
    for _ in 0..20 {
        victim.still_serves("two hundred slow clients");
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    for (number, connection) in slow.iter_mut().enumerate() {
        connection.write(&whole[number % whole.len()..]);
        assert_eq!(connection.answer().status, 200, "slow, but in time");
    }
}

/// A client that sends one byte of a request each second, until the hub has had enough.
fn seconds_until_cut(hub: &Hub, bytes: &[u8]) -> u64 {
    let mut connection = Connection::open(hub);
    let started = Instant::now();
    for byte in bytes.iter().cycle() {
        if connection.try_write(&[*byte]).is_err() || started.elapsed() > Duration::from_secs(90) {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    started.elapsed().as_secs()
}

#[test]
#[ignore = "waits for the hub's own limits, a minute"]
fn a_client_that_sends_a_byte_a_second_is_cut_off_within_the_limits() {
    let mut victim = Victim::new();
    assert!(seconds_until_cut(&victim.0, b"X") <= 15 + 5, "a head has 15 seconds");
    let mut connection = Connection::open(&victim.0);
    let head = Request::json("SendMessage", "").header("Content-Length", "1000").head(&victim.0);
    connection.write(head.as_bytes());
    let started = Instant::now();
    while connection.try_write(b" ").is_ok() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(started.elapsed() <= Duration::from_secs(30 + 5), "a body has 30 seconds");
    victim.still_serves("a byte a second");
}

#[test]
fn names_with_markup_and_controls_do_not_leave_their_place() {
    let mut victim = Victim::new();
    for odd in ["<b>", "\"", "\r\nX-Evil: 1", "]]>", "\u{0}", "a\u{202e}b", "&lt;"] {
        let parameters = form(&[("Action", "GetQueueUrl"), ("QueueName", odd)]);
        let answer = Request::get(&format!("/?{parameters}")).send(&victim.0);
        assert_eq!(answer.status, 400, "{odd:?}: {answer:?}");
        assert_eq!(answer.header("x-evil"), None);
        check_format(odd, &answer);
        let body = serde_json::json!({ "QueueName": odd }).to_string();
        let answer = Request::json("CreateQueue", body).send(&victim.0);
        assert_eq!(answer.status, 400, "{odd:?}: {answer:?}");
    }
    victim.still_serves("odd names");
}
