//! Where the log ends, and what is damage.

use super::super::Error;
use super::super::files::simulated::SimulatedFiles;
use super::super::format::{RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, segment_name};
use super::super::writer::Placed;
use super::line::{Found, Line, SEGMENT_BYTES, STORE, overwrite, range, walk};

fn position(placed: &[Placed]) -> u64 {
    placed[0].header.position
}

fn zeros(bytes: usize) -> Vec<u8> {
    vec![0; bytes]
}

/// A log of two entries that are on the disk, and one or more that need not be.
fn with_a_tail(bodies: &[u32]) -> (SimulatedFiles, Vec<Placed>) {
    let mut line = Line::new();
    line.add(&[10]);
    line.add(&[700]);
    let tail = line.write(bodies);
    (line.end(), tail)
}

#[test]
fn a_log_is_read_in_its_order_over_segments_and_runs() {
    let mut line = Line::new();
    for _ in 0..20 {
        line.add(&[10, 2_000]);
    }
    let disk = line.end();
    let mut line = Line::open(&disk);
    line.add(&[1, 1, 1]);
    let end = line.writer.end();
    let found = walk(&line.end()).unwrap();
    let entries: Vec<_> = (1_001..=1_040).chain(2_001..=2_003).collect();
    assert_eq!(found, Found { entries, damaged: 0, end });
}

/// Harms the last record, of which nothing says that it was on the disk, and looks whether the log ends before it.
fn check_torn(what: &str, body: u32, harm: impl Fn(&mut Vec<u8>)) {
    let (disk, tail) = with_a_tail(&[body]);
    let mut record = tail[0].record.to_vec();
    harm(&mut record);
    overwrite(&disk, position(&tail), &record);
    let expected = Found { entries: vec![1_001, 1_002], damaged: 0, end: position(&tail) };
    assert_eq!(walk(&disk).unwrap(), expected, "{what}");
    let again = Line::open(&disk);
    assert_eq!(walk(&again.end()).unwrap().entries, [1_001, 1_002], "{what}, after another start");
}

#[test]
fn a_torn_end_is_cut_off_in_whatever_way_it_is_torn() {
    check_torn("nothing of it", 900, |record| record.fill(0));
    check_torn("garbage", 900, |record| {
        record.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 7) as u8)
    });
    check_torn("the beginning of the header", 900, |record| record[20..].fill(0));
    check_torn("the header alone", 900, |record| record[RECORD_HEADER_BYTES..].fill(0));
    check_torn("all but the end of the body", 900, |record| {
        let end = record.len() - 100;
        record[end..].fill(0);
    });
    check_torn("the first sector", 3_000, |record| record[400..].fill(0));
    check_torn("all but the first sector", 3_000, |record| record[..400].fill(0));
    check_torn("a sector in the middle", 3_000, |record| record[1_000..1_512].fill(0xff));
    check_torn("one bit of the body", 900, |record| record[500] ^= 1);
    check_torn("one bit of the header", 900, |record| record[9] ^= 1);
}

#[test]
fn what_stands_behind_a_torn_record_of_its_batch_does_not_count() {
    for torn in 0..3 {
        let (disk, tail) = with_a_tail(&[300, 300, 300]);
        overwrite(&disk, tail[torn].header.position + 8, &zeros(64));
        let entries: Vec<_> = (1_001..=1_002 + torn as u64).collect();
        assert_eq!(walk(&disk).unwrap(), Found { entries, damaged: 0, end: tail[torn].header.position });
    }
}

#[test]
fn damage_before_what_is_known_to_be_durable_is_refused_with_its_range() {
    let mut line = Line::new();
    let first = line.add(&[50, 600]);
    let second = line.add(&[70]);
    let last = line.add(&[90]);
    let disk = line.end();
    let records = [&first[0], &first[1], &second[0]];
    let next = [first[1].header.position, position(&second), position(&last)];
    for (record, next) in records.iter().zip(next) {
        let start = record.header.position;
        for offset in (0..RECORD_HEADER_BYTES as u64 + u64::from(record.header.head_bytes)).step_by(5) {
            let harmed = disk.fork(2);
            let byte = record.record[usize::try_from(offset).unwrap()];
            overwrite(&harmed, start + offset, &[byte ^ 0x10]);
            assert_eq!(range(walk(&harmed)), (start, next), "byte {offset} of the record at {start}");
        }
    }
}

#[test]
fn a_damaged_body_does_not_stop_the_log() {
    let mut line = Line::new();
    let first = line.add(&[600]);
    line.add(&[1]);
    let disk = line.end();
    let body = first[0].header.position + RECORD_HEADER_BYTES as u64 + u64::from(first[0].header.head_bytes);
    for offset in [0, 300, 599, 600, 603] {
        let harmed = disk.fork(2);
        overwrite(&harmed, body + offset, b"?");
        let found = walk(&harmed).unwrap();
        assert_eq!((found.entries, found.damaged), (vec![1_001, 1_002], 1));
    }
}

#[test]
fn what_was_written_before_the_log_was_idle_is_not_taken_for_torn() {
    let mut line = Line::new();
    line.add(&[50]);
    let last = line.add(&[900]);
    line.writer.mark().unwrap();
    let end = line.writer.end();
    let disk = line.end();
    let harmed = disk.fork(2);
    overwrite(&harmed, position(&last), &zeros(last[0].record.len()));
    assert_eq!(range(walk(&harmed)), (position(&last), end));
    let page = position(&last) / 4096 * 4096;
    let harmed = disk.fork(2);
    overwrite(&harmed, page, &zeros(4096));
    assert_eq!(range(walk(&harmed)).1, end, "a page with all that was written");
}

#[test]
fn whatever_an_earlier_run_wrote_was_durable() {
    let mut line = Line::new();
    line.add(&[50]);
    let last = line.add(&[900]);
    let end = line.writer.end();
    let disk = line.end();
    let disk = Line::open(&disk).end();
    overwrite(&disk, position(&last), &zeros(last[0].record.len()));
    assert_eq!(range(walk(&disk)), (position(&last), end));
}

#[test]
fn records_of_another_use_of_a_file_do_not_exist() {
    let mut line = Line::new();
    for _ in 0..12 {
        line.add(&[1_000]);
    }
    let disk = line.end();
    let line = Line::open(&disk);
    let start = line.writer.end() - SEGMENT_HEADER_BYTES;
    let disk = line.end();
    let expected = walk(&disk).unwrap();
    // The segment of the new run is made from the first one, whose records are all still there.
    let mut content = disk.content(&segment_name(0));
    let header = SegmentHeader::decode(&disk.content(&segment_name(start))).unwrap();
    content[..SegmentHeader::BYTES].copy_from_slice(&header.encode());
    disk.put(&segment_name(start), content);
    assert_eq!(walk(&disk).unwrap(), expected);
}

#[test]
fn records_of_another_run_do_not_exist() {
    let mut line = Line::new();
    line.add(&[100]);
    let stale = line.add(&[100]);
    let disk = line.end();
    let header = SegmentHeader { store: STORE, start: 0, bytes: SEGMENT_BYTES, run: 2, prior_end: 0 };
    overwrite(&disk, 0, &header.encode());
    overwrite(&disk, SEGMENT_HEADER_BYTES, &stale[0].record);
    disk.damage("store", |content| {
        let store = super::super::format::StoreHeader::decode(content).unwrap();
        *content = super::super::format::StoreHeader { run: 2, ..store }.encode();
    });
    let expected = Found { entries: Vec::new(), damaged: 0, end: SEGMENT_HEADER_BYTES };
    assert_eq!(walk(&disk).unwrap(), expected);
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let mut line = Line::new();
    line.add(&[100]);
    let disk = line.end();
    for length in [SEGMENT_BYTES - 1, 8_000, SEGMENT_HEADER_BYTES, 100] {
        let harmed = disk.fork(2);
        harmed.damage(&segment_name(0), |content| content.truncate(usize::try_from(length).unwrap()));
        assert_eq!(range(walk(&harmed)), (length, SEGMENT_BYTES));
    }
}

#[test]
fn a_segment_that_is_gone_is_refused() {
    let mut line = Line::new();
    for _ in 0..30 {
        line.add(&[1_000]);
    }
    let disk = line.end();
    let harmed = disk.fork(2);
    harmed.lose(&segment_name(SEGMENT_BYTES));
    let missing = walk(&harmed).unwrap_err();
    assert!(matches!(missing, Error::Missing { position } if position.0 == SEGMENT_BYTES), "{missing}");
}

#[test]
fn a_run_whose_beginning_is_gone_is_refused() {
    let mut line = Line::new();
    line.add(&[100]);
    let end = line.writer.end();
    let mut line = Line::open(&line.end());
    let start = line.writer.end() - SEGMENT_HEADER_BYTES;
    for _ in 0..15 {
        line.add(&[1_000]);
    }
    let disk = line.end();
    disk.damage(&segment_name(start), |content| content[20] ^= 1);
    let (from, to) = range(walk(&disk));
    assert!(from == end && to > start, "{from} to {to}");
}

#[test]
fn a_log_without_its_beginning_is_refused_while_there_is_no_checkpoint() {
    let mut line = Line::new();
    for _ in 0..15 {
        line.add(&[1_000]);
    }
    let disk = line.end();
    for offset in 0..SegmentHeader::BYTES {
        let harmed = disk.fork(2);
        harmed.damage(&segment_name(0), |content| content[offset] ^= 8);
        assert!(Line::try_open(&harmed).is_err(), "the second segment is not the beginning");
    }
    disk.lose(&segment_name(0));
    assert!(matches!(Line::try_open(&disk).err(), Some(Error::NoCheckpoint)));
}

#[test]
fn a_seal_that_was_lost_ends_the_log() {
    let mut line = Line::new();
    let first = line.add(&[5_000, 5_000]);
    let seal = line.writer.end();
    // The next record goes into the next segment, and gets to the disk without the seal before it.
    line.write(&[5_000]);
    let disk = line.end();
    assert_eq!(walk(&disk).unwrap().entries, [1_001, 1_002, 1_003]);
    overwrite(&disk, seal, &zeros(56));
    assert_eq!(walk(&disk).unwrap(), Found { entries: vec![1_001, 1_002], damaged: 0, end: seal });
    drop(first);
}
