//! Stores that are damaged in one way or another: what is said of them, and what is left after a cut.

pub(in crate::storage) mod store;

use super::super::files::real::RealFiles;
use super::super::format::{
    CheckpointHeader, RECORD_HEADER_BYTES, STORE_FILE, SegmentHeader, checkpoint_name, segment_name,
};
use super::super::segments::Claim;
use super::{Cut, Examined, Remedy, cut, examine};
use fanq_tests::TemporaryFolder;
use queue_core::{Command, Entry, Header, Timestamp};
use std::fs;
use store::{SEGMENT_BYTES, Store};

impl Store {
    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.folder.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    fn flip(&self, name: &str, offset: u64) {
        self.change(name, |bytes| bytes[usize::try_from(offset).unwrap()] ^= 0x10);
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// Damages the record of an entry.
    fn flip_record(&self, record: usize) {
        let (start, offset) = place(self.records[record]);
        self.flip(&segment_name(start), offset + 20);
    }

    /// Damages the body of a message.
    fn flip_body(&self, record: usize) {
        let (start, offset) = place(self.records[record]);
        self.flip(&segment_name(start), offset + 500);
    }

    fn examine(&self) -> Examined {
        examine(&*self.files).unwrap().unwrap()
    }

    /// What is wrong, but for what is harmless.
    fn problems(&self) -> Vec<String> {
        let report = self.examine().report;
        report.problems.iter().filter(|problem| !problem.is_harmless()).map(ToString::to_string).collect()
    }

    fn notes(&self) -> Vec<String> {
        let report = self.examine().report;
        report.problems.iter().filter(|problem| problem.is_harmless()).map(ToString::to_string).collect()
    }

    /// Cuts, and makes sure that nothing is wrong afterwards; the messages that are left.
    fn cut(&mut self) -> u64 {
        assert!(matches!(cut(&self.files, self.examine()).unwrap(), Cut::Done(_)));
        assert_eq!(self.problems(), [""; 0]);
        assert!(matches!(cut(&self.files, self.examine()).unwrap(), Cut::Sound));
        let left = self.examine().report.state.unwrap().messages;
        self.start().unwrap();
        assert_eq!(self.messages(), left);
        self.stop();
        left
    }

    fn messages(&self) -> u64 {
        self.machine.queues().map(|queue| queue.counts().visible).sum()
    }
}

/// The segment of a position, and the offset there.
fn place(position: u64) -> (u64, u64) {
    let start = position - position % SEGMENT_BYTES;
    (start, position - start)
}

/// Ten messages under the older checkpoint, twenty more under the newer, ten behind it.
fn with_checkpoints() -> (Store, [u64; 2]) {
    let mut store = Store::new();
    store.send(10);
    let older = store.checkpoint();
    store.send(20);
    let newer = store.checkpoint();
    store.send(10);
    store.stop();
    (store, [older, newer])
}

#[test]
fn a_sound_store_has_no_problem_and_is_not_written_to() {
    let (mut store, [older, _]) = with_checkpoints();
    let before = fs::read_dir(store.folder.path()).unwrap().count();
    let report = store.examine().report;
    assert_eq!(store.problems(), [""; 0]);
    assert_eq!(store.notes(), [""; 0]);
    assert_eq!((report.state.unwrap().messages, report.bodies.unwrap().sound), (40, 40));
    let log = report.log.unwrap();
    assert_eq!((log.from, log.entries), (older, 30));
    assert_eq!(report.checkpoints.len(), 2);
    assert_eq!(fs::read_dir(store.folder.path()).unwrap().count(), before);
    store.start().unwrap();
    assert_eq!(store.messages(), 40);
}

#[test]
fn a_folder_without_a_store_is_none() {
    let folder = TemporaryFolder::new();
    fs::write(folder.path().join("notes.txt"), "of somebody else").unwrap();
    assert!(examine(&RealFiles::new(folder.path())).unwrap().is_none());
}

#[test]
fn a_first_start_that_ended_early_is_harmless() {
    let folder = TemporaryFolder::new();
    let header = SegmentHeader { store: 7, start: 0, bytes: SEGMENT_BYTES, run: 1, prior_end: 0 };
    let mut bytes = header.encode();
    bytes.resize(usize::try_from(SEGMENT_BYTES).unwrap(), 0);
    fs::write(folder.path().join(segment_name(0)), bytes).unwrap();
    let report = examine(&RealFiles::new(folder.path())).unwrap().unwrap().report;
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn damage_between_the_checkpoints_heals_and_the_log_behind_the_newer_is_read_all_the_same() {
    let (mut store, _) = with_checkpoints();
    let damaged = 2 + 15;
    store.flip_record(damaged);
    let (start, offset) = place(store.records[damaged]);
    let (from, to) = (store.records[damaged], store.records[damaged + 1]);
    let expected = format!(
        "{}, bytes {offset} to {} (positions {from} to {to}): damaged log that had been acknowledged; \
         heals itself, the next start does not need it",
        segment_name(start),
        offset + (to - from),
    );
    assert_eq!(store.problems(), [expected]);
    assert_eq!(store.examine().report.state.unwrap().messages, 40);
    store.start().unwrap();
    assert_eq!(store.messages(), 40);
    store.stop();
    assert_eq!(store.cut(), 40);
}

#[test]
fn damage_behind_the_newest_checkpoint_is_cut_with_all_that_follows() {
    let (mut store, _) = with_checkpoints();
    let damaged = 2 + 30 + 4;
    store.flip_record(damaged);
    let problems = store.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].ends_with(
            "damaged log that had been acknowledged, and 5 sound entries behind it mean nothing without it; \
             fanq check --cut"
        ),
        "{problems:?}"
    );
    assert!(store.start().is_err());
    assert_eq!(store.cut(), 34);
}

#[test]
fn all_damage_is_found_not_only_the_first() {
    let (mut store, [older, newer]) = with_checkpoints();
    store.flip_body(2 + 3);
    for record in [2 + 14, 2 + 18, 2 + 31, 2 + 35] {
        store.flip_record(record);
    }
    store.flip(&checkpoint_name(older), 200);
    let report = store.examine().report;
    let places: Vec<_> = report.problems.iter().map(|problem| (problem.remedy, problem.positions)).collect();
    let at = |record: usize| store.records[record];
    let found = |remedy: Remedy, from: u64| {
        places.iter().any(|(is, span)| *is == remedy && span.is_some_and(|span| span.from == from))
    };
    // With the older checkpoint the log before the newer one is of no use to anybody.
    assert!(found(Remedy::Cut, at(2 + 31)) && found(Remedy::Cut, at(2 + 35)), "{places:?}");
    assert!(report.problems.iter().any(|problem| problem.file == Some(checkpoint_name(older))));
    assert!(report.problems.iter().any(|problem| {
        let body = at(2 + 3);
        problem.affected.len() == 1
            && problem.positions.is_some_and(|span| span.from > body && span.to < at(2 + 4) + 8)
    }));
    store.flip(&checkpoint_name(newer), 200);
    let report = store.examine().report;
    let found: Vec<_> =
        report.problems.iter().filter_map(|problem| problem.positions).map(|span| span.from).collect();
    for record in [2 + 14, 2 + 18, 2 + 31, 2 + 35] {
        assert!(found.contains(&at(record)), "{record}: {found:?}");
    }
    assert_eq!(store.cut(), 13);
}

#[test]
fn a_damaged_body_takes_its_message_along_and_nothing_else() {
    let (mut store, _) = with_checkpoints();
    store.flip_body(2 + 3);
    store.flip_body(2 + 33);
    let problems = store.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    for problem in &problems {
        let end = "1 damaged body; 1 message of arn:aws:sqs:us-east-1:000000000000:orders; fanq check --cut";
        assert!(problem.ends_with(end), "{problem}");
    }
    assert_eq!(store.cut(), 38);
    assert_eq!(store.examine().report.bodies.unwrap().sound, 38);
}

#[test]
fn a_damaged_body_of_an_archive_is_missed_there() {
    let mut store = Store::new();
    store.send(10);
    store.archive(3);
    store.stop();
    store.flip_body(store.records.len() - 2);
    let problems = store.problems();
    let end = "1 damaged body; 1 message of arn:aws:sns:us-east-1:000000000000:news; fanq check --cut";
    assert!(problems.len() == 1 && problems[0].ends_with(end), "{problems:?}");
    assert_eq!(store.cut(), 10);
    assert_eq!(store.examine().report.bodies.unwrap().sound, 12);
}

#[test]
fn a_damaged_body_that_nothing_needs_is_harmless() {
    let (mut store, _) = with_checkpoints();
    store.flip_body(2 + 33);
    store.cut();
    let notes = store.notes();
    assert!(
        notes.iter().any(|note| note.contains("a damaged body that no message needs any more")),
        "{notes:?}"
    );
}

#[test]
fn a_missing_segment_takes_its_bodies_and_the_log_behind_it_along() {
    let (mut store, [_, newer]) = with_checkpoints();
    // One that the newer checkpoint does not need for its log.
    let (first, _) = place(store.records[2 + 3]);
    assert!(first + SEGMENT_BYTES < newer);
    store.remove(&segment_name(first));
    let lost = store.records[2..].iter().filter(|record| place(**record).0 == first).count() as u64;
    let problems = store.problems();
    assert!(
        problems.iter().any(|problem| problem.contains(&format!("missing, with {lost} bodies"))),
        "{problems:?}"
    );
    assert_eq!(store.cut(), 40 - lost);
}

#[test]
fn the_segment_of_the_newest_checkpoint_may_be_missing() {
    let (mut store, [_, newer]) = with_checkpoints();
    let (start, _) = place(newer);
    store.remove(&segment_name(start));
    assert!(store.start().is_err());
    let before = store.records[2..32].iter().filter(|record| place(**record).0 != start).count() as u64;
    assert_eq!(store.cut(), before);
}

#[test]
fn a_damaged_header_of_a_segment_is_written_again_and_nothing_is_lost() {
    for run_begins in [false, true] {
        let (mut store, _) = with_checkpoints();
        if run_begins {
            store.start().unwrap();
            store.send(5);
            store.stop();
        }
        let last = *store.records.last().unwrap();
        let (start, _) = place(last);
        store.flip(&segment_name(start), 30);
        let expected = format!(
            "{}, bytes 0 to 64 (positions {start} to {}): its header is damaged; what it said follows from the rest \
             of the log; fanq check --cut",
            segment_name(start),
            start + 64
        );
        assert_eq!(store.problems(), [expected]);
        assert!(store.start().is_err());
        assert_eq!(store.cut(), if run_begins { 45 } else { 40 });
    }
}

#[test]
fn the_file_store_is_written_again() {
    let (mut store, _) = with_checkpoints();
    store.flip(STORE_FILE, 20);
    let damaged = "store, bytes 0 to 48: the file that says who the store is is damaged; it can be written anew; \
                   fanq check --cut";
    assert_eq!(store.problems(), [damaged]);
    assert_eq!(store.cut(), 40);
    store.remove(STORE_FILE);
    let missing =
        "store: the file that says who the store is is missing; it can be written anew; fanq check --cut";
    assert_eq!(store.problems(), [missing]);
    assert_eq!(store.cut(), 40);
}

#[test]
fn a_segment_that_is_cut_short_loses_what_was_in_its_end() {
    let (mut store, _) = with_checkpoints();
    let (start, offset) = place(store.records[2 + 37]);
    store.change(&segment_name(start), |bytes| bytes.truncate(usize::try_from(offset).unwrap() + 100));
    let missing = SEGMENT_BYTES - offset - 100;
    let problems = store.problems();
    let what = format!(
        "is {missing} bytes shorter than it should be, and the log in them is gone; fanq check --cut"
    );
    assert!(problems[0].ends_with(&what), "{problems:?}");
    // What is left of the record is sound, but for the body.
    assert!(problems.len() == 2 && problems[1].contains("1 damaged body"), "{problems:?}");
    assert!(store.start().is_err());
    assert_eq!(store.cut(), 37);
}

#[test]
fn a_file_of_another_version_is_left_alone() {
    let (store, [_, newer]) = with_checkpoints();
    for name in [checkpoint_name(newer), segment_name(0), STORE_FILE.to_owned()] {
        let path = store.folder.path().join(&name);
        let before = fs::read(&path).unwrap();
        store.change(&name, |bytes| crate::storage::format::set_version(bytes, 9));
        let expected = format!(
            "{name}: has version 9 of its format, which this version of the program does not know; \
             needs another version of the program"
        );
        assert!(store.problems().contains(&expected), "{:?}", store.problems());
        assert!(matches!(cut(&store.files, store.examine()).unwrap(), Cut::Refused(Remedy::Version)));
        fs::write(path, before).unwrap();
    }
    assert_eq!(store.problems(), [""; 0]);
}

#[test]
fn without_a_checkpoint_and_the_beginning_of_the_log_nothing_helps() {
    let (store, positions) = with_checkpoints();
    for position in positions {
        store.flip(&checkpoint_name(position), CheckpointHeader::BYTES as u64 + 5);
    }
    store.remove(&segment_name(0));
    let problems = store.problems();
    assert!(
        problems.iter().any(|problem| problem.ends_with("cannot be mended, restore a backup")),
        "{problems:?}"
    );
    assert!(matches!(cut(&store.files, store.examine()).unwrap(), Cut::Refused(Remedy::Backup)));
}

#[test]
fn a_checkpoint_that_is_not_what_the_log_leads_to_is_found() {
    let mut store = Store::new();
    store.send(3);
    store.checkpoint();
    store.send(3);
    let right = store.machine.clone();
    let queue = right.queues().next().unwrap().id;
    store.machine.apply(&Entry {
        header: Header { time: Timestamp(9000), seed: 1, run: 1, batch: 99 },
        commands: vec![Command::DeleteQueue(queue)],
    });
    let newer = store.checkpoint();
    store.stop();
    let problems = store.problems();
    let expected =
        "this checkpoint is not what the log before it leads to; needs another version of the program";
    assert!(problems.len() == 1 && problems[0].ends_with(expected), "{problems:?}");
    assert!(problems[0].starts_with(&checkpoint_name(newer)));
}

#[test]
fn what_a_crash_leaves_behind_is_harmless() {
    let (mut store, _) = with_checkpoints();
    store.start().unwrap();
    let end = store.writer().end();
    store.send(1);
    let (start, offset) = place(end);
    store.writer = None;
    // The last record has not come to the disk as a whole, and there is no idle mark behind it.
    store.flip(&segment_name(start), offset + RECORD_HEADER_BYTES as u64 + 5);
    fs::write(store.folder.path().join("0000000000ffffff.checkpoint.new"), "half").unwrap();
    fs::write(store.folder.path().join("notes.txt"), "of somebody else").unwrap();
    assert_eq!(store.problems(), [""; 0]);
    let notes = store.notes();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("the end of the log is torn: ")), "{notes:?}");
    assert!(notes.contains(&"notes.txt: is no file of a store; harmless".to_owned()), "{notes:?}");
    store.start().unwrap();
    assert_eq!(store.messages(), 40);
}

#[test]
fn files_of_another_store_are_put_aside() {
    let (mut store, _) = with_checkpoints();
    let header = SegmentHeader { store: 8, start: 1 << 40, bytes: SEGMENT_BYTES, run: 9, prior_end: 0 };
    let mut bytes = header.encode();
    bytes.resize(usize::try_from(SEGMENT_BYTES).unwrap(), 0);
    fs::write(store.folder.path().join(segment_name(1 << 40)), bytes).unwrap();
    let expected =
        format!("{}: belongs to another store; a cut puts it aside; fanq check --cut", segment_name(1 << 40));
    assert_eq!(store.problems(), [expected]);
    assert!(store.start().is_err());
    assert_eq!(store.cut(), 40);
}

#[test]
fn a_state_of_long_ago_is_not_taken_for_the_best_one() {
    let (mut store, _) = with_checkpoints();
    store.start().unwrap();
    // The first segment stays because of a body, those behind it are used anew.
    let (second, _) = place(store.records[2 + 15]);
    store.stop();
    store.remove(&segment_name(second));
    for name in store.files.list().unwrap().iter().filter(|name| name.ends_with(".checkpoint")) {
        store.flip(name, CheckpointHeader::BYTES as u64 + 5);
    }
    let problems = store.problems();
    assert!(
        problems.iter().any(|problem| problem.contains("there is no checkpoint that can be read")),
        "{problems:?}"
    );
    assert!(matches!(cut(&store.files, store.examine()).unwrap(), Cut::Refused(Remedy::Backup)));
}

#[test]
fn a_damaged_header_of_the_first_segment_does_not_make_an_empty_store() {
    let mut store = Store::new();
    store.send(5);
    let run = store.writer().run();
    let segments = std::sync::Arc::clone(store.writer().segments());
    segments.make(run, SegmentHeader::CONTINUES, Claim::Written).unwrap();
    store.stop();
    store.flip(&segment_name(0), 30);
    assert!(store.start().is_err());
    assert_eq!(store.cut(), 5);
}
