//! The program: how it starts, what it says, and how it ends.

use std::process::Output;
use std::time::{Duration, Instant};

use fanq_tests::{Connection, Hub, Request, run};

/// The longest that a stop may take.
const STOP: Duration = Duration::from_secs(8);

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_stop_answers_whoever_waits_and_ends_well() {
    let mut hub = Hub::start(&[]);
    assert_eq!(Request::json("CreateQueue", r#"{"QueueName": "orders"}"#).send(&hub).status, 200);
    let poll = Request::json("ReceiveMessage", r#"{"QueueUrl": "orders", "WaitTimeSeconds": 20}"#);
    let mut waiting = (0..10).map(|_| Connection::open(&hub)).collect::<Vec<_>>();
    for connection in &mut waiting {
        connection.write(&poll.bytes(&hub));
    }
    // The connections are served in turn, so one that is answered after them shows that they have been read.
    let started = Instant::now();
    assert_eq!(Request::get("/health").send(&hub).status, 200);
    hub.terminate();
    for connection in &mut waiting {
        if let Ok(answer) = connection.try_answer() {
            assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
        }
    }
    assert_eq!(hub.wait(STOP).code(), Some(0), "{}", hub.log());
    assert!(started.elapsed() < STOP);
}

#[test]
fn a_poll_that_waits_is_answered_when_the_hub_stops() {
    let mut hub = Hub::start(&[]);
    assert_eq!(Request::json("CreateQueue", r#"{"QueueName": "orders"}"#).send(&hub).status, 200);
    let mut connection = Connection::open(&hub);
    // On one connection requests are handled in turn: the answer to the first shows that the second is being read.
    connection.write(&Request::get("/health").bytes(&hub));
    connection.write(
        &Request::json("ReceiveMessage", r#"{"QueueUrl": "orders", "WaitTimeSeconds": 2}"#).bytes(&hub),
    );
    assert_eq!(connection.answer().status, 200);
    hub.terminate();
    let answer = connection.answer();
    assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
    assert_eq!(hub.wait(STOP).code(), Some(0), "{}", hub.log());
}

#[test]
fn an_idle_hub_stops_at_once_even_with_open_connections() {
    let mut hub = Hub::start(&[]);
    let mut idle = Connection::open(&hub);
    idle.write(&Request::get("/health").bytes(&hub));
    assert_eq!(idle.answer().status, 200);
    hub.terminate();
    assert_eq!(hub.wait(STOP).code(), Some(0), "{}", hub.log());
}

#[test]
fn a_hub_is_healthy_and_ready() {
    let hub = Hub::start(&[]);
    for path in ["/health", "/ready"] {
        assert_eq!(Request::get(path).send(&hub).status, 200, "{path}");
    }
    let endpoint = hub.endpoint();
    for flags in
        [["health", "--endpoint", &endpoint].as_slice(), &["health", "--ready", "--endpoint", &endpoint]]
    {
        let (code, _, errors) = said(&run(flags));
        assert_eq!(code, Some(0), "{errors}");
    }
}

#[test]
fn health_of_a_hub_that_is_not_there_is_a_failure() {
    let endpoint = {
        let hub = Hub::start(&[]);
        hub.endpoint()
    };
    let (code, _, errors) = said(&run(&["health", "--endpoint", &endpoint]));
    assert_eq!(code, Some(1));
    assert!(errors.contains("does not answer"), "{errors}");
}

#[test]
fn help_explains_every_flag_on_standard_output() {
    let (code, text, errors) = said(&run(&["serve", "--help"]));
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    for flag in [
        "--host",
        "--port",
        "--region",
        "--in-memory",
        "--strict",
        "--test-clock",
        "--public-url",
        "--trust-proxy",
        "--cors-origins",
        "--allowed-hosts",
        "--config",
    ] {
        assert!(text.contains(flag), "{flag} in {text}");
    }
    let (code, text, _) = said(&run(&["--version"]));
    assert_eq!(code, Some(0));
    assert!(text.starts_with("fanq "), "{text}");
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_meant() {
    for (arguments, hint) in [
        (["serve", "--prot", "1"].as_slice(), "--port"),
        (&["serv"], "serve"),
        (&["serve", "--port", "no"], "--port"),
        (&["serve", "--region", "No Region"], "--region"),
        (&["serve", "--public-url", "ftp://x"], "--public-url"),
        (&["serve", "--config", "/nothing/fanq.toml"], "/nothing/fanq.toml"),
    ] {
        let (code, text, errors) = said(&run(arguments));
        assert_eq!((code, text.as_str()), (Some(2), ""), "{arguments:?}: {errors}");
        assert!(errors.contains(hint), "{arguments:?}: {errors}");
    }
}

#[test]
fn an_unknown_key_of_a_file_is_an_error_with_its_place_and_a_suggestion() {
    let file = std::env::temp_dir().join(format!("fanq-test-{}.toml", std::process::id()));
    let path = file.to_str().unwrap();
    for (content, expected) in [
        ("[server]\nprot = 1\n", ":2: server.prot is not a known setting; did you mean port?"),
        ("port = 1\n", "did you mean port in [server]?"),
        ("[server]\nport = \"no\"\n", "port"),
        ("[server\n", ":1"),
    ] {
        std::fs::write(&file, content).unwrap();
        let (code, _, errors) = said(&run(&["serve", "--config", path]));
        assert_eq!(code, Some(2), "{content}: {errors}");
        assert!(errors.contains(expected), "{content}: {errors}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_port_that_is_taken_is_a_failure_that_names_the_flag() {
    let hub = Hub::start(&[]);
    let port = hub.address.port().to_string();
    let (code, text, errors) = said(&run(&["serve", "--in-memory", "--port", &port]));
    assert_eq!((code, text.as_str()), (Some(1), ""));
    assert!(errors.contains("--port"), "{errors}");
}

#[test]
fn the_demo_checks_itself() {
    let (code, text, errors) = said(&run(&["demo"]));
    assert_eq!(code, Some(0), "{text}\n{errors}");
    assert!(!text.is_empty());
}
