//! How the hub does with a long queue: memory per message, the time of a start after a kill, stalls while a checkpoint
//! is made, and the disk after everything is deleted. Prints what it measures.
//!
//! `scale [MESSAGES] [FLAGS OF THE HUB…]`, with 1,000,000 messages of 1 KiB unless another number is given.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "it measures for whoever runs it, and fails loudly"
)]

use fanq_tests::{Connection, Hub, Request, TemporaryFolder};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const BODY_BYTES: usize = 1024;
const BATCH: u64 = 10;
const CONNECTIONS: u64 = 4;

/// What the hub keeps of the end of its log in memory, unless it is told otherwise.
const BODY_CACHE_BYTES: u64 = 64 << 20;

/// For the disk to become what it stays.
const SETTLE: Duration = Duration::from_secs(60);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages = arguments.next().map_or(1_000_000, |text| text.parse().expect("a number of messages"));
    let flags: Vec<String> = arguments.collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let folder = TemporaryFolder::new();

    let started = Instant::now();
    let mut hub = Hub::start_in(folder.path(), &flags);
    say("start on an empty folder", &format!("{} ms", started.elapsed().as_millis()));
    let created = Request::json("CreateQueue", r#"{"QueueName": "long"}"#).send(&hub);
    assert_eq!(created.status, 200, "{created:?}");
    let empty_bytes = resident_bytes(hub.process());

    fill(&hub, messages);
    let full_bytes = resident_bytes(hub.process());
    let beyond = full_bytes.saturating_sub(empty_bytes).saturating_sub(BODY_CACHE_BYTES);
    say("resident, empty", &mebibytes(empty_bytes));
    say("resident, full", &mebibytes(full_bytes));
    say("resident per message beyond the body cache", &format!("{} B", beyond / messages));
    hub.kill();
    say("disk after the kill", &mebibytes(disk_bytes(folder.path())));

    let started = Instant::now();
    let hub = hub.restart();
    say("ready again after the kill", &format!("{:.2} s", started.elapsed().as_secs_f64()));
    say("resident after the start", &mebibytes(resident_bytes(hub.process())));
    let asked = r#"{"QueueUrl": "long", "AttributeNames": ["ApproximateNumberOfMessages"]}"#;
    let answer = Request::json("GetQueueAttributes", asked).send(&hub).text();
    say("messages in the queue", &answer);

    drain(&hub, messages);
    let started = Instant::now();
    let mut least = disk_bytes(folder.path());
    while started.elapsed() < SETTLE {
        std::thread::sleep(Duration::from_millis(500));
        least = disk_bytes(folder.path());
    }
    say("disk after everything was deleted", &mebibytes(least));
    let mut hub = hub;
    let stopping = Instant::now();
    hub.terminate();
    hub.wait(Duration::from_secs(30));
    say("clean stop", &format!("{:.2} s", stopping.elapsed().as_secs_f64()));
}

fn say(what: &str, value: &str) {
    println!("{what:<45} {value}");
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Sends all messages in batches, and beside them single ones, whose times are told.
fn fill(hub: &Hub, messages: u64) {
    let left = AtomicU64::new(messages.div_ceil(BATCH));
    let done = AtomicBool::new(false);
    let started = Instant::now();
    let body = "x".repeat(BODY_BYTES);
    let entries: Vec<_> =
        (0..BATCH).map(|id| format!(r#"{{"Id": "{id}", "MessageBody": "{body}"}}"#)).collect();
    let batch = format!(r#"{{"QueueUrl": "long", "Entries": [{}]}}"#, entries.join(", "));
    let batch = Request::json("SendMessageBatch", batch).bytes(hub);
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| probe(hub, &done));
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(hub);
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok()
                    {
                        connection.write(&batch);
                        let answer = connection.answer();
                        assert_eq!(answer.status, 200, "{answer:?}");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.join().expect("a sender");
        }
        let seconds = started.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        say("sent", &format!("{messages} in {seconds:.1} s, {:.0}/s", messages as f64 / seconds));
        probe.join().expect("the probe");
    });
}

/// Sends one message after the other, and tells how long that took, with and without a checkpoint under way.
fn probe(hub: &Hub, done: &AtomicBool) {
    let request = Request::json("SendMessage", r#"{"QueueUrl": "long", "MessageBody": "probe"}"#).bytes(hub);
    let mut connection = Connection::open(hub);
    let (mut beside, mut alone) = (Vec::new(), Vec::new());
    let mut child_bytes = 0;
    while !done.load(Ordering::Relaxed) {
        let child = child_of(hub.process());
        child_bytes = child.map_or(0, resident_bytes).max(child_bytes);
        let started = Instant::now();
        connection.write(&request);
        let answer = connection.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        if child.is_some() { &mut beside } else { &mut alone }.push(started.elapsed());
    }
    say("a send without a checkpoint beside it", &quantiles(alone));
    say("a send while a checkpoint is made", &quantiles(beside));
    say("the checkpoint's process, at most", &mebibytes(child_bytes));
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64) * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!(
        "{} times: p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

fn drain(hub: &Hub, messages: u64) {
    let started = Instant::now();
    let taken = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| drain_with(&mut Connection::open(hub), hub, &taken));
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    let taken = taken.into_inner();
    say("received and deleted", &format!("{taken} in {seconds:.1} s, {:.0}/s", taken as f64 / seconds));
    assert!(taken >= messages, "{taken} of {messages} were there");
}

fn drain_with(connection: &mut Connection, hub: &Hub, taken: &AtomicU64) {
    let receive =
        Request::json("ReceiveMessage", r#"{"QueueUrl": "long", "MaxNumberOfMessages": 10}"#).bytes(hub);
    loop {
        connection.write(&receive);
        let answer = connection.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = answer.text();
        let handles: Vec<_> = text
            .split(r#""ReceiptHandle":""#)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .enumerate()
            .map(|(id, handle)| format!(r#"{{"Id": "{id}", "ReceiptHandle": "{handle}"}}"#))
            .collect();
        if handles.is_empty() {
            return;
        }
        taken.fetch_add(handles.len() as u64, Ordering::Relaxed);
        let delete = format!(r#"{{"QueueUrl": "long", "Entries": [{}]}}"#, handles.join(", "));
        connection.write(&Request::json("DeleteMessageBatch", delete).bytes(hub));
        let answer = connection.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn child_of(process: u32) -> Option<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let mut children =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    children.find_map(|children| children.split_whitespace().next()?.parse().ok())
}

/// What the files take, not what they seem to.
fn disk_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    files.filter_map(|file| Some(file.ok()?.metadata().ok()?.blocks() * 512)).sum()
}
