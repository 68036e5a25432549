//! The simulated disk forgets what it may forget, and nothing else.

use super::{Crash, SimulatedFiles, Stop};
use crate::storage::files::Files;
use std::collections::BTreeSet;
use std::io::ErrorKind;

/// A disk with a file of two sectors, of which the first hundred bytes are synced.
fn disk(seed: u64) -> SimulatedFiles {
    let disk = SimulatedFiles::new(seed);
    let file = disk.create("a", 1024).unwrap();
    file.write_at(0, &[&[1; 60], &[1; 40]]).unwrap();
    file.sync().unwrap();
    disk.sync_folder().unwrap();
    disk
}

/// What different power losses leave of the same disk.
fn left(prepare: impl Fn(&SimulatedFiles)) -> BTreeSet<Option<Vec<u8>>> {
    let after = |seed| {
        let disk = disk(seed);
        prepare(&disk);
        disk.crash(Crash::PowerLoss);
        disk.names().contains(&"a".to_owned()).then(|| disk.content("a"))
    };
    (0..200).map(after).collect()
}

#[test]
fn what_was_synced_is_kept() {
    let left = left(|_| {});
    assert_eq!(left.len(), 1);
    assert_eq!(left.first().unwrap().as_ref().unwrap()[..100], [1; 100]);
}

#[test]
fn each_sector_that_was_not_synced_is_anything_by_itself() {
    let left = left(|disk| disk.open("a").unwrap().write_at(100, &[&[2; 900]]).unwrap());
    let contents: Vec<_> = left.into_iter().flatten().collect();
    assert!(contents.iter().all(|content| content[..100] == [1; 100]), "what no write changed is not harmed");
    assert!(contents.iter().all(|content| content[1000..] == [0; 24]), "nor behind it");
    let has = |first: u8, second: u8| {
        let is = |content: &[u8], value: u8| content.iter().all(|byte| *byte == value);
        contents.iter().any(|content| is(&content[100..512], first) && is(&content[512..1000], second))
    };
    assert!(has(0, 0) && has(2, 2) && has(0, 2) && has(2, 0), "also the end without the beginning");
    let is_torn = |content: &Vec<u8>| content[100] == 2 && content[511] == 0;
    let is_garbage = |content: &Vec<u8>| content[100..512].iter().any(|byte| *byte > 2);
    assert!(contents.iter().any(is_torn) && contents.iter().any(is_garbage));
}

#[test]
fn names_are_kept_by_a_sync_of_the_folder_alone() {
    let removed = left(|disk| disk.remove("a").unwrap());
    assert!(removed.len() == 2 && removed.contains(&None));
    let synced = left(|disk| {
        disk.remove("a").unwrap();
        disk.sync_folder().unwrap();
    });
    assert_eq!(synced, [None].into());
    let renamed = |seed| {
        let disk = disk(seed);
        disk.rename("a", "b").unwrap();
        disk.crash(Crash::PowerLoss);
        disk.names()
    };
    let names: BTreeSet<_> = (0..100).map(renamed).collect();
    assert_eq!(names, [vec!["a".to_owned()], vec!["b".to_owned()]].into());
}

#[test]
fn a_new_size_is_there_or_not() {
    let left = left(|disk| disk.open("a").unwrap().resize(5_000).unwrap());
    assert_eq!(left.iter().flatten().map(Vec::len).collect::<Vec<_>>(), [1_024, 5_000]);
}

#[test]
fn a_killed_process_loses_nothing_that_it_had_written() {
    let disk = disk(1);
    let file = disk.open("a").unwrap();
    file.write_at(0, &[b"new"]).unwrap();
    disk.crash(Crash::Kill);
    assert_eq!(disk.content("a")[..3], *b"new");
    assert!(file.sync().is_err(), "what it had open is closed");
}

#[test]
fn the_machine_stops_at_the_call_that_was_said() {
    for (stop, expected) in [(Stop::Before, 1), (Stop::After, 2)] {
        let disk = disk(1);
        let file = disk.open("a").unwrap();
        disk.stop_at(disk.calls() + 1, stop);
        assert!(file.write_at(0, &[&[2]]).is_err() && disk.is_stopped());
        assert!(file.read_at(0, &mut [0]).is_err() && disk.list().is_err() && disk.open("a").is_err());
        disk.crash(Crash::Kill);
        assert_eq!(disk.content("a")[0], expected);
    }
}

#[test]
fn after_a_sync_that_failed_another_one_proves_nothing() {
    let is_lost = |seed| {
        let disk = disk(seed);
        let file = disk.open("a").unwrap();
        file.write_at(0, &[&[2; 50]]).unwrap();
        disk.fail_at(disk.calls() + 1);
        assert!(file.sync().is_err());
        file.sync().unwrap();
        assert_eq!(disk.content("a")[..50], [2; 50], "the system shows it");
        disk.crash(Crash::PowerLoss);
        disk.content("a")[0] == 1
    };
    assert!((0..50).any(is_lost) && !(0..50).all(is_lost));
    let is_lost_when_written_again = |seed| {
        let disk = disk(seed);
        let file = disk.open("a").unwrap();
        file.write_at(0, &[&[2; 50]]).unwrap();
        disk.fail_at(disk.calls() + 1);
        assert!(file.sync().is_err());
        file.write_at(0, &[&[2; 50]]).unwrap();
        file.sync().unwrap();
        disk.crash(Crash::PowerLoss);
        disk.content("a")[0] == 1
    };
    assert!(!(0..50).any(is_lost_when_written_again));
}

#[test]
fn a_full_disk_refuses_and_changes_nothing() {
    let disk = disk(1);
    disk.set_capacity(2_000);
    assert_eq!(disk.create("b", 1_000).err().unwrap().kind(), ErrorKind::StorageFull);
    assert_eq!(disk.names(), ["a"]);
    disk.create("b", 900).unwrap();
    assert_eq!(disk.open("a").unwrap().resize(2_000).unwrap_err().kind(), ErrorKind::StorageFull);
    disk.create("a", 1_100).unwrap();
    assert_eq!(disk.used_bytes(), 2_000);
}

#[test]
fn the_same_seed_has_the_same_fate() {
    let fate = |seed| {
        let disk = disk(seed);
        disk.open("a").unwrap().write_at(300, &[&[7; 600]]).unwrap();
        let fork = disk.fork(9);
        disk.crash(Crash::PowerLoss);
        fork.crash(Crash::PowerLoss);
        (disk.content("a"), fork.content("a"))
    };
    assert_eq!(fate(3), fate(3));
    assert_eq!(fate(3).1, fate(4).1);
}
