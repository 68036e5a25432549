//! Copies of stores, of which some are written to meanwhile.

use super::super::check::tests::store::Store;
use super::super::files::real::RealFiles;
use super::super::folder::Lock;
use super::super::format::{checkpoint_name, checkpoint_position, segment_name};
use super::super::store::{self, Progress};
use super::super::{Error, check};
use super::{Copied, Failure, backup, restore};
use fanq_tests::TemporaryFolder;
use queue_core::Machine;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// The state that a hub would start with.
fn open(folder: &Path) -> Machine {
    let files: Arc<dyn super::super::files::Files> = Arc::new(RealFiles::new(folder));
    store::begin(&files, 1 << 20, 1, &Progress::default(), |_| Ok::<_, Error>(())).unwrap().machine
}

fn messages(machine: &Machine) -> u64 {
    machine.queues().map(|queue| queue.counts().visible + queue.counts().in_flight).sum()
}

fn copy(store: &Store, to: &Path) -> Result<Copied, Failure> {
    backup(store.folder.path(), to, &|_, _| {})
}

#[test]
fn a_copy_is_a_store_with_the_same_state_and_not_more_than_it_needs() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    store.send(30);
    store.checkpoint();
    store.delete(10);
    store.delete(10);
    store.checkpoint();
    store.send(5);
    let to = place.path().join("copy");
    let copied = copy(&store, &to).unwrap();
    assert_eq!(copied.messages, 15);
    assert_eq!(copied.position, store.writer().end());
    assert!(!to.join(segment_name(0)).exists(), "nothing needs the first segment");
    let report = check::examine(&RealFiles::new(&to)).unwrap().unwrap().report;
    assert_eq!(report.problems, []);
    assert_eq!(report.checkpoints.len(), 1);
    assert_eq!(open(&to).digest(), store.machine.digest());
}

#[test]
fn a_copy_holds_nothing_of_what_is_written_after_its_end() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    store.send(3);
    let to = place.path().join("copy");
    copy(&store, &to).unwrap();
    let state = store.machine.digest();
    store.send(3);
    assert_eq!(open(&to).digest(), state);
    assert_eq!(messages(&open(&to)), 3);
}

#[test]
fn a_copy_can_be_copied_and_restored() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    store.send(30);
    store.recycle();
    store.send(3);
    let (first, second, restored) =
        (place.path().join("first"), place.path().join("second"), place.path().join("restored"));
    copy(&store, &first).unwrap();
    backup(&first, &second, &|_, _| {}).unwrap();
    let copied = restore(&second, &restored, &|_, _| {}).unwrap();
    assert_eq!((copied.messages, copied.position), (33, store.writer().end()));
    assert_eq!(open(&restored).digest(), store.machine.digest());
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    store.send(1);
    let to = place.path().join("copy");
    std::fs::create_dir(&to).unwrap();
    assert!(matches!(copy(&store, &to), Err(Failure::Exists(_))));
    std::fs::remove_dir(&to).unwrap();
    let begun = place.path().join("copy.new");
    std::fs::create_dir(&begun).unwrap();
    assert!(matches!(copy(&store, &to), Err(Failure::Unfinished(_))));
    std::fs::remove_dir(&begun).unwrap();
    copy(&store, &to).unwrap();
    std::fs::write(place.path().join("notes.txt"), "of somebody").unwrap();
    assert!(matches!(restore(&to, place.path(), &|_, _| {}), Err(Failure::NotEmpty(_))));
    let empty = TemporaryFolder::new();
    restore(&to, empty.path(), &|_, _| {}).unwrap();
    assert!(matches!(copy(&store, Path::new("/dev/null")), Err(Failure::Exists(_))));
    let nothing = TemporaryFolder::new();
    assert!(matches!(
        backup(nothing.path(), &place.path().join("other"), &|_, _| {}),
        Err(Failure::NoStore(_))
    ));
    assert_eq!(std::fs::read_dir(nothing.path()).unwrap().count(), 0, "a look leaves nothing behind");
}

#[test]
fn a_damaged_store_is_not_restored() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    store.send(5);
    let (to, restored) = (place.path().join("copy"), place.path().join("restored"));
    copy(&store, &to).unwrap();
    let file = to.join(segment_name(0));
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(8).position(|window| window == b"xxxxxxxx").unwrap();
    bytes[at] = b'y';
    std::fs::write(file, bytes).unwrap();
    let failure = restore(&to, &restored, &|_, _| {}).unwrap_err();
    assert!(failure.to_string().contains("is damaged: "), "{failure}");
    assert!(!restored.exists());
}

#[test]
fn a_hub_removes_nothing_while_it_is_copied() {
    let mut store = Store::new();
    store.send(30);
    store.recycle();
    store.delete(10);
    store.recycle();
    store.delete(10);
    store.delete(10);
    let before = store.files.list().unwrap();
    let held = Lock::hold(store.folder.path()).unwrap();
    store.recycle();
    let missing = |names: &[String]| before.iter().filter(|name| !names.contains(name)).count();
    assert_eq!(missing(&store.files.list().unwrap()), 0);
    drop(held);
    store.recycle();
    assert!(missing(&store.files.list().unwrap()) > 0);
}

#[test]
fn a_store_is_copied_while_it_is_written_to_and_its_segments_are_used_anew() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    let folder = store.folder.path().to_owned();
    let (acknowledged, deleted) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                store.send(20);
                acknowledged.fetch_add(20, Ordering::Release);
                deleted.fetch_add(10, Ordering::Release);
                store.delete(10);
                store.writer().mark().unwrap();
                if acknowledged.load(Ordering::Relaxed) % 100 == 0 {
                    store.recycle();
                }
            }
        });
        for number in 0..20 {
            let to = place.path().join(number.to_string());
            let at_least = acknowledged.load(Ordering::Acquire);
            let copied = backup(&folder, &to, &|_, _| {});
            let gone = deleted.load(Ordering::Acquire);
            let copied = copied.inspect_err(|_| done.store(true, Ordering::Release)).unwrap();
            assert!(
                copied.messages + gone >= at_least,
                "{copied:?}: {at_least} sent before, {gone} deleted by then"
            );
            assert_eq!(messages(&open(&to)), copied.messages);
            std::fs::remove_dir_all(&to).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    let names = store.files.list().unwrap();
    assert!(names.iter().filter_map(|name| checkpoint_position(name)).count() >= 2);
    assert!(
        !names.contains(&checkpoint_name(0)) && !names.contains(&segment_name(0)),
        "segments were used anew"
    );
}

#[test]
fn a_damaged_store_is_not_copied_and_nothing_is_left_of_the_attempt() {
    let place = TemporaryFolder::new();
    let mut store = Store::new();
    store.send(5);
    let file = store.folder.path().join(segment_name(0));
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(8).position(|window| window == b"xxxxxxxx").unwrap();
    bytes[at] = b'y';
    std::fs::write(file, bytes).unwrap();
    let failure = copy(&store, &place.path().join("copy/")).unwrap_err();
    assert!(failure.to_string().contains("1 damaged body"), "{failure}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
