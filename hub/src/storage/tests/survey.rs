//! What is made of the files in a folder.

use super::super::Error;
use super::super::files::simulated::SimulatedFiles;
use super::super::format::{SEGMENT_HEADER_BYTES, SegmentHeader, checkpoint_name, segment_name};
use super::super::survey::Survey;
use super::line::{Line, SEGMENT_BYTES, STORE};

/// A store of two runs.
fn store() -> SimulatedFiles {
    let mut line = Line::new();
    line.add(&[100]);
    let mut line = Line::open(&line.end());
    line.add(&[100]);
    line.end()
}

fn refusal(disk: &SimulatedFiles) -> Error {
    Survey::make(disk).unwrap_err()
}

#[test]
fn runs_are_found_with_their_ends() {
    let survey = Survey::make(&store()).unwrap();
    let runs = survey.runs();
    assert_eq!(
        runs.iter().map(|run| (run.number, run.begin)).collect::<Vec<_>>(),
        [(1, SEGMENT_HEADER_BYTES), (2, SEGMENT_BYTES + SEGMENT_HEADER_BYTES)]
    );
    assert!(runs[0].end.is_some_and(|end| end > runs[0].begin) && runs[1].end.is_none());
    assert_eq!(survey.next_start(SEGMENT_BYTES), 2 * SEGMENT_BYTES);
}

#[test]
fn files_of_other_kinds_are_left_alone() {
    let disk = store();
    for name in ["lock", "notes.txt", "0.log", "0000000000004000.log.damaged"] {
        disk.put(name, vec![1; 10]);
    }
    disk.put("0000000000009999.checkpoint.new", Vec::new());
    let survey = Survey::make(&disk).unwrap();
    assert_eq!(survey.segments.len(), 2);
    assert_eq!(survey.unfinished, ["0000000000009999.checkpoint.new"]);
}

#[test]
fn a_segment_of_another_version_or_store_is_refused() {
    let disk = store();
    disk.damage(&segment_name(0), |content| crate::storage::format::set_version(content, 9));
    assert!(matches!(refusal(&disk), Error::Version { version: 9, .. }));
    let disk = store();
    let other = SegmentHeader { store: STORE + 1, start: 0, bytes: SEGMENT_BYTES, run: 1, prior_end: 0 };
    disk.damage(&segment_name(0), |content| content[..SegmentHeader::BYTES].copy_from_slice(&other.encode()));
    assert!(matches!(refusal(&disk), Error::OtherStore { .. }));
}

#[test]
fn a_segment_under_the_name_of_another_place_is_damaged() {
    let disk = store();
    let content = disk.content(&segment_name(0));
    disk.put(&segment_name(8 * SEGMENT_BYTES), content);
    let survey = Survey::make(&disk).unwrap();
    assert!(survey.segments[&(8 * SEGMENT_BYTES)].header.is_err());
    assert_eq!(survey.next_start(SEGMENT_BYTES), 9 * SEGMENT_BYTES, "the place is not used again");
}

#[test]
fn a_store_without_its_file_is_refused_once_it_was_used() {
    let disk = store();
    disk.lose("store");
    assert!(matches!(refusal(&disk), Error::MissingFile { .. }));
    let mut line = Line::new();
    line.add(&[100]);
    let disk = line.end();
    disk.lose("store");
    assert!(
        matches!(Line::try_open(&disk).err(), Some(Error::MissingFile { .. })),
        "its first run had begun"
    );
    disk.put(&checkpoint_name(5_000), vec![0; 10]);
    assert!(matches!(refusal(&disk), Error::MissingFile { .. }));
}

#[test]
fn a_first_start_that_was_interrupted_can_be_repeated() {
    let disk = Line::new().end();
    disk.lose("store");
    let mut line = Line::open(&disk);
    line.add(&[100]);
    assert_eq!(line.writer.run(), 1);
}

#[test]
fn a_damaged_file_of_the_store_is_refused() {
    for offset in [0, 9, 13, 20] {
        let disk = store();
        disk.damage("store", |content| content[offset] ^= 4);
        assert!(matches!(refusal(&disk), Error::DamagedFile { .. } | Error::Version { .. }));
    }
    let disk = store();
    disk.damage("store", |content| content.truncate(10));
    assert!(matches!(refusal(&disk), Error::DamagedFile { .. }));
}

#[test]
fn a_last_run_without_segments_is_refused() {
    let disk = store();
    disk.lose(&segment_name(SEGMENT_BYTES));
    assert!(matches!(refusal(&disk), Error::MissingRun { run: 2 }));
}
