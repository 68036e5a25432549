//! Real bytes of every format there was: what was written once can be read for ever.
//!
//! `fixtures/v4/whole` is a store of two runs, killed when it was idle. `fixtures/v4/broken` has single files that stand
//! in for one of them. (`fixtures/v1` and `fixtures/v2` are
//! of formats that were never released, and are refused.) The ignored test at the end writes them; that is done once
//! for each new format, and never to make a test pass.

use super::super::Error;
use super::super::files::simulated::random::Random;
use super::super::files::simulated::{Crash, SimulatedFiles};
use super::super::store::OpenError;
use super::hub::{Commands, Hub};
use super::time::Time;
use super::world::{missing, name, queue_id, topic_id};
use fanq_tests::history::{body, read_body};
use queue_core::{
    BodyRef, ChangeVisibility, Command, DeduplicationKeys, Delete, Machine, Outbound, Outgoing, Position,
    Publish, Receive, Reply, Send, StartMove,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SEGMENT_BYTES: u64 = 20 << 10;

/// The state that the store has.
const DIGEST: u128 = 0x21a0_4a92_d5a8_eb07_6d1c_606d_e120_8d83;

/// The messages that are in it.
const MESSAGES: [&str; 7] = ["early", "late", "first", "second", "story", "large", "larger"];

fn folder() -> PathBuf {
    fixtures().join("v4")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage/tests/fixtures")
}

fn sending(machine: &Machine, queue: &str, name: &str, bytes: usize) -> Commands {
    let content = body(name, bytes).into_bytes();
    let is_fifo = queue.ends_with(".fifo");
    let key = content.len() as u128;
    let message = Outgoing {
        body: place(&content),
        delay: (name == "late").then_some(Duration::from_secs(600)),
        group: is_fifo.then(|| "group".into()),
        deduplication: is_fifo.then_some(DeduplicationKeys { overall: key, in_group: key + 1 }),
    };
    vec![(Command::Send(Send { queue: queue_id(machine, queue), messages: vec![message] }), vec![content])]
}

fn place(content: &[u8]) -> BodyRef {
    BodyRef { position: Position(0), bytes: u32::try_from(content.len()).unwrap() }
}

fn publishing(machine: &Machine, name: &str) -> Commands {
    let content = body(name, 300).into_bytes();
    let topic = machine.topic(topic_id(machine, "news")).unwrap();
    let outbound = Outbound {
        body: place(&content),
        matches: topic.subscriptions.iter().copied().collect(),
        group: None,
        priority: None,
        deduplication: None,
        raw_bytes: 300,
        envelope_bytes: 700,
        attributes: 1,
    };
    let publish = Publish { topic: topic.id, seen: topic.subscriptions_version, messages: vec![outbound] };
    vec![(Command::Publish(publish), vec![content])]
}

fn put(hub: &mut Hub, commands: Commands) -> Vec<Reply> {
    hub.supply().unwrap();
    hub.write(vec![commands]).unwrap();
    hub.writer.sync().unwrap();
    let mut replies = Vec::new();
    for (_, applied, _) in hub.acknowledge() {
        replies.extend(applied.replies.into_iter().map(|reply| reply.unwrap()));
    }
    replies
}

fn take(hub: &mut Hub, queue: &str) -> queue_core::Receipt {
    let queue = queue_id(&hub.machine, queue);
    let visibility = Duration::from_secs(30);
    let receive = Command::Receive(Receive { queue, maximum: 1, visibility, attempt: None });
    match put(hub, vec![(receive, Vec::new())]).remove(0) {
        Reply::Received(messages) => messages[0].receipt,
        reply => panic!("{reply:?}"),
    }
}

fn started(disk: &SimulatedFiles, time: &Time) -> Result<Hub, OpenError> {
    time.pass(1_000);
    Hub::start(disk.files(), time, SEGMENT_BYTES, Random::new(time.elapsed_ms()))
}

/// Writes the store, with everything that a format has: two runs, a seal, a mark, a checkpoint.
fn write() -> SimulatedFiles {
    let (disk, time) = (SimulatedFiles::new(0), Time::default());
    let mut hub = started(&disk, &time).unwrap();
    while let Some(commands) = missing(&hub.machine) {
        put(&mut hub, commands);
    }
    for (queue, name, bytes) in [
        ("work", "gone", 500),
        ("work", "early", 20),
        ("later", "late", 100),
        ("orders.fifo", "first", 40),
        ("orders.fifo", "second", 41),
        ("work", "large", 5_000),
    ] {
        let commands = sending(&hub.machine, queue, name, bytes);
        put(&mut hub, commands);
    }
    let gone = take(&mut hub, "work");
    put(&mut hub, vec![(Command::Delete(Delete { queue: gone.queue, receipts: vec![gone] }), Vec::new())]);
    // It waits for the message that is delayed.
    let (source, destination) = (queue_id(&hub.machine, "later"), Some(name("audit")));
    let start = StartMove { source, destination, per_second: Some(1) };
    put(&mut hub, vec![(Command::StartMove(start), Vec::new())]);
    hub.checkpoint().unwrap();
    let commands = publishing(&hub.machine, "story");
    put(&mut hub, commands);
    hub.writer.mark().unwrap();
    drop(hub);
    disk.crash(Crash::Kill);

    let mut hub = started(&disk, &time).unwrap();
    let held = take(&mut hub, "orders.fifo");
    let changes = vec![(held, Duration::from_secs(300))];
    put(
        &mut hub,
        vec![(Command::ChangeVisibility(ChangeVisibility { queue: held.queue, changes }), Vec::new())],
    );
    let commands = sending(&hub.machine, "work", "larger", 9_000);
    put(&mut hub, commands);
    put(&mut hub, vec![(Command::Tick, Vec::new())]);
    hub.writer.mark().unwrap();
    drop(hub);
    disk.crash(Crash::Kill);
    disk.write_back();
    disk
}

fn read(folder: &Path, disk: &SimulatedFiles) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        disk.put(path.file_name().unwrap().to_str().unwrap(), std::fs::read(&path).unwrap());
    }
}

fn whole() -> SimulatedFiles {
    let disk = SimulatedFiles::new(0);
    read(&folder().join("whole"), &disk);
    disk
}

#[test]
fn a_store_of_the_third_format_opens_with_all_it_holds() {
    let hub = started(&whole(), &Time::default()).unwrap();
    assert_eq!(hub.machine.digest(), DIGEST);
    let mut messages = BTreeSet::new();
    for (_, body) in hub.machine.live_bodies() {
        let content = read_body(std::str::from_utf8(&hub.read(body).unwrap()).unwrap());
        assert!(content.intact);
        messages.insert(content.name);
    }
    assert_eq!(messages, MESSAGES.map(str::to_owned).into());
}

#[test]
fn the_same_input_is_written_as_the_same_bytes_as_ever() {
    let (written, kept) = (write(), whole());
    assert_eq!(written.names(), kept.names());
    for name in kept.names() {
        assert!(written.content(&name) == kept.content(&name), "{name} has other bytes");
    }
}

/// The whole store with a broken file in place of one.
fn refusal(case: &str) -> Error {
    let disk = whole();
    read(&folder().join("broken").join(case), &disk);
    refused(&disk)
}

fn refused(disk: &SimulatedFiles) -> Error {
    match started(disk, &Time::default()) {
        Err(OpenError::Log(error)) => error,
        Err(OpenError::Clock(error)) => panic!("{error}"),
        Ok(_) => panic!("it is opened"),
    }
}

#[test]
fn a_store_of_an_earlier_format_is_refused_by_its_version() {
    for earlier in [1, 2, 3] {
        let disk = SimulatedFiles::new(0);
        read(&fixtures().join(format!("v{earlier}/whole")), &disk);
        assert!(matches!(refused(&disk), Error::Version { version, .. } if version == earlier));
    }
}

#[test]
fn broken_files_of_the_fourth_format_are_refused() {
    assert!(matches!(refusal("store_of_version_5"), Error::Version { version: 5, .. }));
    assert!(matches!(refusal("segment_of_version_5"), Error::Version { version: 5, .. }));
    assert!(matches!(refusal("store_with_a_flipped_bit"), Error::DamagedFile { .. }));
    assert!(matches!(refusal("segment_with_a_flipped_bit"), Error::Damaged { .. }));
}

/// Writes the fixtures of today's format, if it is asked to.
#[test]
#[ignore = "writes files into the sources, with FANQ_WRITE_FIXTURES=1"]
fn the_fixtures_are_written() {
    if std::env::var_os("FANQ_WRITE_FIXTURES").is_none() {
        return;
    }
    let disk = write();
    let second = disk.names().into_iter().filter(|name| name.ends_with(".log")).nth(1).unwrap();
    let save = |case: &str, name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let folder = folder().join(case);
        std::fs::create_dir_all(&folder).unwrap();
        let mut content = disk.content(name);
        change(&mut content);
        std::fs::write(folder.join(name), content).unwrap();
    };
    for name in disk.names() {
        save("whole", &name, &|_| {});
    }
    save("broken/store_of_version_5", "store", &|content| crate::storage::format::set_version(content, 5));
    save("broken/segment_of_version_5", &second, &|content| crate::storage::format::set_version(content, 5));
    save("broken/store_with_a_flipped_bit", "store", &|content| content[20] ^= 1);
    save("broken/segment_with_a_flipped_bit", &second, &|content| content[20] ^= 1);
    println!("DIGEST: {:#x}", started(&disk, &Time::default()).unwrap().machine.digest());
}
