//! A disk that fills up, by the hub's own log or by somebody else's files, and a state that has reached its limit:
//! messages are refused with the cause, everything else goes on, and nothing that was acknowledged is lost.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use fanq_tests::{Hub, Request, TemporaryFolder, eventually};

use crate::machine::{Mount, skip};
use store::Store;

mod store;

const DISK: &str = "The hub is out of disk space: messages are refused until space is free. \
                    Receiving and deleting go on for as long as they can.";

const MEMORY: &str = "The hub holds as much as --max-state allows: messages are refused until others are deleted. \
                      Receiving and deleting go on.";

/// The disk of these tests. It has room for two segments in use, one that is ready, the reserve, and some more.
const DISK_MEBIBYTES: u64 = 400;

/// For a hub that was asked to stop.
const STOP: Duration = Duration::from_secs(15);

/// A disk of its own.
fn disk() -> Option<Mount> {
    Mount::memory(DISK_MEBIBYTES).map_err(|why| skip(&format!("full disks: {why}"))).ok()
}

#[test]
fn a_full_disk_refuses_messages_until_enough_is_deleted() {
    let Some(disk) = disk() else { return };
    let mut store = Store::new(Hub::start_in(&disk.data(), &[]));
    store.send_until_refused();
    assert_refuses(&store, DISK);
    assert_measured(&store, true);
    store.take(50);
    assert_refuses(&store, DISK);
    let sent = store.sent();
    assert!(sent > 500, "{sent} messages are not much for such a disk");
    // In the middle of it a checkpoint is made, without which nothing would come back.
    store.take(sent / 2);
    store.assert_accepts_again();
    assert_has_checkpoint(&disk.data());
    assert_measured(&store, false);
    assert_checkpoints_measured(&store);
    store.send_until_refused();
    store.take_all();
    store.assert_accepts_again();
    store.take_all();
    store.assert_nothing_lost();
}

#[test]
fn a_hub_starts_on_a_full_disk() {
    let Some(disk) = disk() else { return };
    let mut store = Store::new(Hub::start_in(&disk.data(), &[]));
    store.send_until_refused();
    // Each start takes a segment, and the reserve has two.
    for _ in 0..2 {
        store.restart_after_kill();
        store.take(10);
        store.send_until_refused();
        assert_refuses(&store, DISK);
    }
    store.take(store.sent() / 2);
    store.assert_accepts_again();
    store.send_until_refused();
    store.hub().terminate();
    let status = store.hub_mut().wait(STOP);
    assert!(status.success(), "{status}\n{}", store.hub().log());
    store.restart_after_kill();
    store.take(10);
    store.send_until_refused();
    assert_refuses(&store, DISK);
    store.take_all();
    store.assert_accepts_again();
    store.take_all();
    store.assert_nothing_lost();
}

#[test]
fn a_hub_starts_on_a_disk_that_somebody_else_has_filled() {
    let Some(disk) = disk() else { return };
    let mut store = Store::new(Hub::start_in(&disk.data(), &[]));
    store.send(100);
    store.hub_mut().kill();
    let other = disk.path().join("other");
    fill(&other);
    store.restart_after_kill();
    store.take(10);
    store.restart_after_kill();
    store.take(10);
    std::fs::remove_file(&other).unwrap();
    store.assert_accepts_again();
    store.take_all();
    store.assert_nothing_lost();
}

#[test]
fn a_disk_that_somebody_else_fills_is_used_again_when_he_has_gone() {
    let Some(disk) = disk() else { return };
    let mut store = Store::new(Hub::start_in(&disk.data(), &[]));
    store.send(100);
    let other = disk.path().join("other");
    fill(&other);
    store.send_until_refused();
    assert_refuses(&store, DISK);
    store.take(50);
    std::fs::remove_file(&other).unwrap();
    store.assert_accepts_again();
    store.send(100);
    store.take_all();
    store.assert_nothing_lost();
}

#[test]
fn a_state_that_has_reached_its_limit_grows_no_more_until_something_is_deleted() {
    let folder = TemporaryFolder::new();
    let mut store = Store::new(Hub::start_in(folder.path(), &["--max-state=32KiB"]));
    store.send_until_refused();
    assert_refuses(&store, MEMORY);
    store.take(3);
    store.restart_after_kill();
    store.send_until_refused();
    assert_refuses(&store, MEMORY);
    store.take(store.sent() / 2);
    store.assert_accepts_again();
    store.take_all();
    store.assert_nothing_lost();
}

/// Sends and publishes are refused with this text in every protocol; and the hub is well.
fn assert_refuses(store: &Store, text: &str) {
    let hub = store.hub();
    let body = "x".repeat(1_000);
    let input = format!(r#"{{"QueueUrl": "orders", "MessageBody": "{body}"}}"#);
    let answer = Request::json("SendMessage", input).send(hub);
    assert_eq!(answer.status, 503, "{answer:?}");
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["__type"], "com.amazon.coral.service#ServiceUnavailableException");
    assert_eq!(json["message"], text);
    let topic = "arn:aws:sns:us-east-1:000000000000:events";
    for parameters in [
        [("Action", "SendMessage"), ("QueueUrl", "orders"), ("MessageBody", &*body)],
        [("Action", "Publish"), ("TopicArn", topic), ("Message", &*body)],
    ] {
        let answer = Request::query("/", &parameters).send(hub);
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.element("Code").as_deref(), Some("ServiceUnavailable"));
        assert_eq!(answer.element("Message").as_deref(), Some(text));
    }
    for path in ["/health", "/ready"] {
        assert_eq!(Request::get(path).send(hub).status, 200, "{path}");
    }
}

/// What can be measured is told in any state, and says whether the disk is full.
fn assert_measured(store: &Store, is_full: bool) {
    let answer = Request::get("/metrics").send(store.hub());
    let expected = format!("\nfanq_disk_full {}\n", u8::from(is_full));
    assert!(answer.status == 200 && answer.text().contains(&expected), "{}", answer.text());
}

/// Checkpoints were made, and the last one is of some size.
fn assert_checkpoints_measured(store: &Store) {
    let text = Request::get("/metrics").send(store.hub()).text();
    for name in ["fanq_checkpoints_total", "fanq_checkpoint_bytes"] {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        assert!(value.is_some_and(|value| value >= 1.0), "{name} {value:?}");
    }
}

fn assert_has_checkpoint(data: &Path) {
    eventually("a checkpoint", || {
        let names = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name());
        names.into_iter().any(|name| name.to_string_lossy().ends_with(".checkpoint"))
    });
}

/// Makes a file of all the space that there is.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut part = vec![7; 1 << 20];
    while !part.is_empty() {
        match file.write_all(&part) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => part.truncate(part.len() / 2),
            Err(error) => panic!("{error}"),
        }
    }
}
