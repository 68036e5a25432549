//! Copies of the data folder of a hub that goes on working.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use fanq_tests::{Hub, TemporaryFolder, eventually};
use serde_json::json;

use crate::check::{STOP, fanq, receive, receive_all, said};
use crate::load::client::Client;

const PRODUCERS: usize = 3;

/// Queues that every producer sends to, by turns.
const QUEUES: [&str; 2] = ["orders", "orders.fifo"];

/// Bytes of log after which a hub makes a checkpoint.
const INTERVAL_BYTES: u64 = 256 << 20;

/// Producers who each count their messages, and how many of them were acknowledged.
#[derive(Default)]
struct Producers {
    acknowledged: [AtomicU64; PRODUCERS],
    stop: AtomicBool,
}

impl Producers {
    fn counts(&self) -> [u64; PRODUCERS] {
        std::array::from_fn(|number| self.acknowledged[number].load(Ordering::Acquire))
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    fn has_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Sends until told to stop; some receive and delete as much as they send.
    fn produce(&self, address: SocketAddr, number: usize, body_bytes: usize, consumes: bool) {
        let mut client = Client::default();
        let filler = "x".repeat(body_bytes);
        while !self.has_stopped() {
            let count = self.acknowledged[number].load(Ordering::Relaxed);
            for queue in QUEUES {
                let mut input =
                    json!({ "QueueUrl": queue, "MessageBody": format!("{number} {count} {filler}") });
                if queue.ends_with(".fifo") {
                    input["MessageGroupId"] = json!(number.to_string());
                    input["MessageDeduplicationId"] = json!(format!("{number}-{count}"));
                }
                client.sqs(address, "SendMessage", &input).expect();
                if consumes {
                    receive(&mut client, address, queue);
                }
            }
            self.acknowledged[number].store(count + 1, Ordering::Release);
        }
    }
}

/// Stops the producers, also when a test fails, which would wait for them.
struct Stopper<'a>(&'a Producers);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn create_queues(address: SocketAddr) {
    let mut client = Client::default();
    for queue in QUEUES {
        let attributes = if queue.ends_with(".fifo") { json!({ "FifoQueue": "true" }) } else { json!({}) };
        client.sqs(address, "CreateQueue", &json!({ "QueueName": queue, "Attributes": attributes })).expect();
    }
}

/// What each producer's messages in a queue are numbered, in the order of their receipt.
fn drain(address: SocketAddr, queue: &str) -> BTreeMap<usize, Vec<u64>> {
    let mut received = BTreeMap::<usize, Vec<u64>>::new();
    for message in receive_all(address, queue) {
        let mut words = message["Body"].as_str().unwrap().split(' ');
        let producer = words.next().unwrap().parse().unwrap();
        received.entry(producer).or_default().push(words.next().unwrap().parse().unwrap());
    }
    received
}

fn copy(command: &str, from: &Path, to: &Path) -> String {
    let output = fanq_tests::run(&[command, from.to_str().unwrap(), to.to_str().unwrap()]);
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn assert_sound(folder: &Path) {
    let (text, code) = said(&fanq(&["check"], folder));
    assert_eq!((code, text.lines().last()), (0, Some("sound")), "{text}");
    assert!(!text.contains("PROBLEM") && !text.contains("note "), "{text}");
}

#[test]
fn a_copy_of_a_busy_hub_holds_all_that_was_acknowledged_before_and_can_be_restored() {
    let place = TemporaryFolder::new();
    let (data, to, restored) =
        (place.path().join("data"), place.path().join("copy"), place.path().join("restored"));
    let mut hub = Hub::start_in(&data, &[]);
    create_queues(hub.address);
    let producers = Producers::default();
    let (before, after) = thread::scope(|scope| {
        let _stopper = Stopper(&producers);
        for number in 0..PRODUCERS {
            let (producers, address) = (&producers, hub.address);
            scope.spawn(move || producers.produce(address, number, 200, false));
        }
        eventually("every producer has sent", || producers.counts().iter().all(|count| *count > 50));
        let before = producers.counts();
        let line = copy("backup", &data, &to);
        let after = producers.counts();
        assert!(
            line.starts_with(&format!("{}: ", to.display())) && line.contains(" of the log, in "),
            "{line}"
        );
        (before, after)
    });
    hub.assert_alive();
    let refused = fanq_tests::run(&["backup", data.to_str().unwrap(), to.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert_sound(&to);
    copy("restore", &to, &restored);
    assert_sound(&restored);
    let hub = Hub::start_in(&restored, &[]);
    for queue in QUEUES {
        let received = drain(hub.address, queue);
        for (number, mut sequence) in received {
            if !queue.ends_with(".fifo") {
                sequence.sort_unstable();
            }
            let count = u64::try_from(sequence.len()).unwrap();
            assert_eq!(sequence, (0..count).collect::<Vec<_>>(), "{queue}, producer {number}");
            assert!(
                count >= before[number] && count <= after[number] + 1,
                "{count} of {before:?} to {after:?}"
            );
        }
    }
}

#[test]
fn a_copy_of_a_hub_that_has_stopped_is_what_it_had() {
    let place = TemporaryFolder::new();
    let (data, to) = (place.path().join("data"), place.path().join("copy"));
    let mut hub = Hub::start_in(&data, &[]);
    create_queues(hub.address);
    let mut client = Client::default();
    for number in 0..30 {
        let input = json!({ "QueueUrl": "orders", "MessageBody": format!("0 {number}") });
        client.sqs(hub.address, "SendMessage", &input).expect();
    }
    hub.terminate();
    assert!(hub.wait(STOP).success());
    copy("backup", &data, &to);
    assert_sound(&to);
    let hub = Hub::start_in(&to, &[]);
    assert_eq!(drain(hub.address, "orders")[&0].len(), 30);
}

/// Writes some hundred mebibytes, so it is for those who have the time.
#[test]
fn a_hub_is_copied_again_and_again_while_it_makes_checkpoints_and_uses_its_segments_anew() {
    if std::env::var_os("FANQ_LONG").is_none() {
        println!("SKIPPED copies during checkpoints: FANQ_LONG is not set");
        return;
    }
    let place = TemporaryFolder::new();
    let data = place.path().join("data");
    let hub = Hub::start_in(&data, &["--durability", "none"]);
    create_queues(hub.address);
    let producers = Producers::default();
    let copies = thread::scope(|scope| {
        let _stopper = Stopper(&producers);
        for number in 0..PRODUCERS {
            let (producers, address) = (&producers, hub.address);
            scope.spawn(move || producers.produce(address, number, 100_000, true));
        }
        let mut copies = 0;
        let first = data.join("0000000000000000.log");
        while first.exists() || copies < 3 {
            let sent = producers.counts().iter().sum::<u64>() * 200_000;
            assert!(sent < 20 * INTERVAL_BYTES, "the first segment is never used anew\n{}", hub.log());
            let to = place.path().join("copy");
            copy("backup", &data, &to);
            assert_sound(&to);
            std::fs::remove_dir_all(&to).unwrap();
            copies += 1;
        }
        copies
    });
    println!("{copies} copies");
}
