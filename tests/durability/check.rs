//! What `fanq check` says of a data folder that a hub left behind, whole or damaged, and what a cut leaves.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use fanq_tests::{Hub, TemporaryFolder};
use serde_json::{Value, json};

use crate::load::client::Client;

/// For a hub that was asked to stop.
pub(crate) const STOP: Duration = Duration::from_secs(15);

const MESSAGES: usize = 20;
const SEGMENT_BYTES: usize = 32 << 20;
const FIRST_SEGMENT: &str = "0000000000000000.log";
const ORDERS: &str = "arn:aws:sqs:us-east-1:000000000000:orders";

/// How a hub ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Asked,
    Killed,
}

/// Runs a hub that takes messages, numbered from `first`.
fn serve(folder: &Path, first: usize, count: usize, end: End) {
    let mut hub = Hub::start_in(folder, &[]);
    let mut client = Client::default();
    client.sqs(hub.address, "CreateQueue", &json!({ "QueueName": "orders" })).expect();
    for number in first..first + count {
        let body = format!("order {number:04} {}", "x".repeat(300));
        let input = json!({ "QueueUrl": "orders", "MessageBody": body });
        client.sqs(hub.address, "SendMessage", &input).expect();
    }
    match end {
        End::Killed => hub.kill(),
        End::Asked => {
            hub.terminate();
            assert!(hub.wait(STOP).success());
        }
    }
}

/// What a hub still has in that folder: the numbers of the messages.
fn left(folder: &Path) -> Vec<usize> {
    let hub = Hub::start_in(folder, &[]);
    let mut numbers = receive_all(hub.address, "orders")
        .iter()
        .map(|message| message["Body"].as_str().unwrap()[6..10].parse().unwrap())
        .collect::<Vec<_>>();
    numbers.sort_unstable();
    numbers
}

/// Takes all that is there.
pub(crate) fn receive_all(address: SocketAddr, queue: &str) -> Vec<Value> {
    let mut client = Client::default();
    let mut all = Vec::new();
    loop {
        let messages = receive(&mut client, address, queue);
        if messages.is_empty() {
            return all;
        }
        all.extend(messages);
    }
}

/// Takes some of what is there.
pub(crate) fn receive(client: &mut Client, address: SocketAddr, queue: &str) -> Vec<Value> {
    let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
    let answer = client.sqs(address, "ReceiveMessage", &input).expect();
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    for message in &messages {
        let input = json!({ "QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"] });
        client.sqs(address, "DeleteMessage", &input).expect();
    }
    messages
}

/// Runs a command on a folder.
pub(crate) fn fanq(arguments: &[&str], folder: &Path) -> Output {
    let mut all = arguments.to_vec();
    all.push(folder.to_str().unwrap());
    fanq_tests::run(&all)
}

/// What it printed, and its exit code.
pub(crate) fn said(output: &Output) -> (String, i32) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap())
}

/// The lines about what is wrong.
fn problems(folder: &Path) -> Vec<String> {
    let (text, code) = said(&fanq(&["check"], folder));
    let lines =
        text.lines().filter_map(|line| line.strip_prefix("PROBLEM")).map(|line| line.trim().to_owned());
    let lines = lines.collect::<Vec<_>>();
    assert_eq!(code, i32::from(!lines.is_empty()), "{text}");
    lines
}

/// Where the records of the first segment lie: each position, and the one behind it.
fn records(folder: &Path) -> Vec<(usize, usize)> {
    let bytes = fs::read(folder.join(FIRST_SEGMENT)).unwrap();
    let starts = (4096..bytes.len() - 48).step_by(8).filter(|at| bytes[*at..].starts_with(b"FANR"));
    let starts = starts.collect::<Vec<_>>();
    starts.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn change(folder: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join(name);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// The bytes of a message's body in the first segment, with its attributes and its checksum.
fn body(folder: &Path, number: usize) -> usize {
    let bytes = fs::read(folder.join(FIRST_SEGMENT)).unwrap();
    let text = format!("order {number:04}");
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

/// The record that holds that byte.
fn record_of(folder: &Path, at: usize) -> (usize, usize) {
    records(folder).into_iter().find(|(from, to)| (*from..*to).contains(&at)).unwrap()
}

/// A folder that a killed hub left, in which a first one was damaged.
fn damaged(damage: impl FnOnce(&Path)) -> TemporaryFolder {
    let folder = TemporaryFolder::new();
    serve(folder.path(), 0, MESSAGES, End::Killed);
    damage(folder.path());
    folder
}

/// Cuts, and makes sure that all is well then.
fn cut(folder: &Path) -> String {
    let (text, code) = said(&fanq(&["check", "--cut"], folder));
    assert_eq!(code, 0, "{text}");
    assert_eq!(problems(folder), [""; 0]);
    text
}

#[test]
fn a_folder_is_sound_however_its_hub_ended() {
    let folder = TemporaryFolder::new();
    for (round, end) in
        [End::Killed, End::Asked, End::Killed, End::Killed, End::Asked].into_iter().enumerate()
    {
        serve(folder.path(), round * MESSAGES, MESSAGES, end);
        let (text, code) = said(&fanq(&["check"], folder.path()));
        assert_eq!((code, text.lines().last()), (0, Some("sound")), "{text}");
        let count = (round + 1) * MESSAGES;
        assert!(text.contains(&format!("1 queue, 0 topics, 0 subscriptions, {count} messages")), "{text}");
        assert!(text.contains(&format!("{count} sound, ")), "{text}");
    }
    let (text, code) = said(&fanq(&["check", "--json"], folder.path()));
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["sound"], &report["state"]["messages"]), (0, &json!(true), &json!(100)));
    assert_eq!(left(folder.path()).len(), 100);
}

#[test]
fn a_folder_that_a_hub_uses_is_not_looked_at() {
    let folder = TemporaryFolder::new();
    let hub = Hub::start_in(folder.path(), &[]);
    for arguments in [&["check"][..], &["check", "--cut"]] {
        let output = fanq(arguments, folder.path());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("another process uses"), "{error}");
        assert_eq!(output.status.code(), Some(1));
    }
    drop(hub);
    let empty = TemporaryFolder::new();
    let output = fanq(&["check"], empty.path());
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no store in"));
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_body_is_named_and_its_message_given_up() {
    let folder = damaged(|folder| {
        let at = body(folder, 7);
        change(folder, FIRST_SEGMENT, |bytes| bytes[at + 100] ^= 1);
    });
    let folder = folder.path();
    let found = problems(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    let (from, to) = span(&found[0]);
    let at = body(folder, 7);
    let (record, end) = record_of(folder, at);
    assert!(record < from && from <= at && at + 311 <= to && to <= end, "{found:?}");
    let expected = format!(
        "{FIRST_SEGMENT}, bytes {from} to {to} (positions {from} to {to}): 1 damaged body; 1 message of {ORDERS}; \
         fanq check --cut"
    );
    assert_eq!(found[0], expected);
    let (text, _) = said(&fanq(&["check", "-v"], folder));
    assert_eq!(text.lines().filter(|line| line.trim().starts_with(ORDERS)).count(), 1, "{text}");
    refuses_to_start(folder);
    assert!(cut(folder).contains("given up     1 damaged body and its messages"));
    let mut expected = (0..MESSAGES).collect::<Vec<_>>();
    expected.remove(7);
    assert_eq!(left(folder), expected);
}

/// The byte range that a line names.
fn span(line: &str) -> (usize, usize) {
    let (_, rest) = line.split_once(", bytes ").unwrap();
    let mut words = rest.split([' ', ':', ')']);
    let from = words.next().unwrap().parse().unwrap();
    (from, words.nth(1).unwrap().parse().unwrap())
}

fn refuses_to_start(folder: &Path) {
    let refused = Hub::starting_in(folder, &[]).ready();
    assert!(refused.is_err(), "a hub starts on what is damaged");
}

#[test]
fn a_damaged_record_is_named_and_the_log_is_cut_there() {
    let folder = damaged(|folder| {
        let (record, _) = record_of(folder, body(folder, 12));
        change(folder, FIRST_SEGMENT, |bytes| bytes[record + 50] ^= 1);
    });
    let folder = folder.path();
    let (from, to) = record_of(folder, body(folder, 12));
    let expected = format!(
        "{FIRST_SEGMENT}, bytes {from} to {to} (positions {from} to {to}): damaged log that had been acknowledged, \
         and 7 sound entries behind it mean nothing without it; fanq check --cut"
    );
    assert_eq!(problems(folder), [expected]);
    refuses_to_start(folder);
    cut(folder);
    assert_eq!(left(folder), (0..12).collect::<Vec<_>>());
}

#[test]
fn a_segment_that_was_cut_short_is_named() {
    let folder = damaged(|folder| {
        let (record, _) = record_of(folder, body(folder, 12));
        change(folder, FIRST_SEGMENT, |bytes| bytes.truncate(record + 60));
    });
    let folder = folder.path();
    let there = fs::metadata(folder.join(FIRST_SEGMENT)).unwrap().len();
    let missing = SEGMENT_BYTES as u64 - there;
    let found = problems(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    let begin = format!("{FIRST_SEGMENT}, bytes {there} to {SEGMENT_BYTES} (positions ");
    // How far the log reached is known if the hub had been idle for a moment.
    let what = format!("is {missing} bytes shorter than it should be, and ");
    assert!(found[0].starts_with(&begin) && found[0].contains(&what), "{found:?}");
    assert!(found[0].ends_with("gone; fanq check --cut"), "{found:?}");
    refuses_to_start(folder);
    cut(folder);
    assert_eq!(left(folder), (0..12).collect::<Vec<_>>());
}

#[test]
fn a_damaged_header_costs_nothing() {
    let folder = damaged(|folder| change(folder, FIRST_SEGMENT, |bytes| bytes[30] ^= 1));
    let folder = folder.path();
    let expected = format!(
        "{FIRST_SEGMENT}, bytes 0 to 64 (positions 0 to 64): its header is damaged; what it said follows from the \
         rest of the log; fanq check --cut"
    );
    assert_eq!(problems(folder), [expected]);
    refuses_to_start(folder);
    cut(folder);
    assert_eq!(left(folder), (0..MESSAGES).collect::<Vec<_>>());
}

#[test]
fn a_damaged_or_missing_store_file_costs_nothing() {
    let folder = damaged(|folder| change(folder, "store", |bytes| bytes[20] ^= 1));
    let folder = folder.path();
    let damaged = "store, bytes 0 to 48: the file that says who the store is is damaged; it can be written anew; \
                   fanq check --cut";
    assert_eq!(problems(folder), [damaged]);
    refuses_to_start(folder);
    assert!(cut(folder).contains("put aside    store.cut-2"));
    fs::remove_file(folder.join("store")).unwrap();
    let missing =
        "store: the file that says who the store is is missing; it can be written anew; fanq check --cut";
    assert_eq!(problems(folder), [missing]);
    refuses_to_start(folder);
    cut(folder);
    assert_eq!(left(folder), (0..MESSAGES).collect::<Vec<_>>());
}

/// A folder with a checkpoint, and messages before and behind it.
fn with_checkpoint() -> (TemporaryFolder, String) {
    let folder = TemporaryFolder::new();
    serve(folder.path(), 0, MESSAGES, End::Killed);
    serve(folder.path(), MESSAGES, 0, End::Asked);
    serve(folder.path(), MESSAGES, 5, End::Killed);
    let names =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let checkpoint = names.into_iter().find(|name| name.ends_with(".checkpoint")).unwrap();
    (folder, checkpoint)
}

#[test]
fn a_damaged_checkpoint_heals_by_itself_as_long_as_the_log_before_it_is_there() {
    let (folder, checkpoint) = with_checkpoint();
    let folder = folder.path();
    change(folder, &checkpoint, |bytes| bytes[100] ^= 1);
    let size = fs::metadata(folder.join(&checkpoint)).unwrap().len();
    let expected = format!(
        "{checkpoint}, bytes 0 to {size}: damaged checkpoint; heals itself, the next start does not need it"
    );
    assert_eq!(problems(folder), [expected]);
    assert_eq!(left(folder), (0..MESSAGES + 5).collect::<Vec<_>>());
    assert_eq!(problems(folder), [""; 0]);
}

#[test]
fn a_missing_segment_with_bodies_costs_the_messages_in_it_and_no_others() {
    let (folder, _) = with_checkpoint();
    let folder = folder.path();
    fs::remove_file(folder.join(FIRST_SEGMENT)).unwrap();
    let found = problems(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    let end =
        format!("missing, with {MESSAGES} bodies in it; {MESSAGES} messages of {ORDERS}; fanq check --cut");
    assert!(
        found[0].starts_with(&format!("{FIRST_SEGMENT}, bytes ")) && found[0].ends_with(&end),
        "{found:?}"
    );
    refuses_to_start(folder);
    cut(folder);
    assert_eq!(left(folder), (MESSAGES..MESSAGES + 5).collect::<Vec<_>>());
}

#[test]
fn without_a_checkpoint_and_the_first_segment_nothing_is_changed() {
    let (folder, checkpoint) = with_checkpoint();
    let folder = folder.path();
    change(folder, &checkpoint, |bytes| bytes[100] ^= 1);
    fs::remove_file(folder.join(FIRST_SEGMENT)).unwrap();
    let before = fs::read_dir(folder).unwrap().count();
    let found = problems(folder);
    assert!(found.iter().any(|line| line.ends_with("cannot be mended, restore a backup")), "{found:?}");
    let output = fanq(&["check", "--cut"], folder);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was cut"));
    assert_eq!(fs::read_dir(folder).unwrap().count(), before);
}
