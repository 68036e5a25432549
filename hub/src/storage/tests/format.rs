//! The bytes of headers and records.

use super::super::format::{
    BadHeader, CheckpointHeader, Kind, RECORD_HEADER_BYTES, RecordHeader, SegmentHeader, StoreHeader,
    checkpoint_name, checkpoint_position, is_sealed, record_key, seal, segment_name, segment_start,
    set_version,
};
use std::fmt::Debug;

/// No bit of a header can change without being noticed.
fn check_header<H: PartialEq + Debug>(bytes: &[u8], header: &H, decode: fn(&[u8]) -> Result<H, BadHeader>) {
    assert_eq!(decode(bytes).as_ref(), Ok(header));
    assert_eq!(decode(&[bytes, &[0; 99]].concat()).as_ref(), Ok(header), "what follows does not matter");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode(&flipped), Err(BadHeader::Damaged), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert_eq!(decode(&bytes[..length]), Err(BadHeader::Damaged), "the first {length} bytes");
        let torn = [&bytes[..length], &[0; 200]].concat();
        assert!(decode(&torn).as_ref() == Ok(header) || decode(&torn) == Err(BadHeader::Damaged));
    }
}

#[test]
fn a_changed_bit_in_a_header_is_noticed() {
    let store = StoreHeader { store: u128::MAX / 3, run: 5, segment_bytes: 1 << 25 };
    check_header(&store.encode(), &store, StoreHeader::decode);
    let segment = SegmentHeader { store: 3, start: 1 << 40, bytes: 1 << 25, run: 9, prior_end: u64::MAX };
    check_header(&segment.encode(), &segment, SegmentHeader::decode);
    let checkpoint =
        CheckpointHeader { store: 3, position: 77, run: 2, state_bytes: 1_000, state_sum: 0xdead_beef };
    check_header(&checkpoint.encode(), &checkpoint, CheckpointHeader::decode);
}

#[test]
fn another_version_is_told_from_damage() {
    let mut bytes = StoreHeader { store: 1, run: 1, segment_bytes: 1 }.encode();
    set_version(&mut bytes, 9);
    assert_eq!(StoreHeader::decode(&bytes), Err(BadHeader::Version(9)));
}

#[test]
fn names_of_files_are_their_positions() {
    for position in [0, 1, 0xabc_def, 1 << 60] {
        assert_eq!(segment_start(&segment_name(position)), Some(position));
        assert_eq!(checkpoint_position(&checkpoint_name(position)), Some(position));
        assert_eq!(segment_start(&checkpoint_name(position)), None);
    }
    for name in ["", ".log", "1.log", "00000000000000001.log", "000000000000000A.log", "+00000000000000f.log"]
    {
        assert_eq!(segment_start(name), None, "{name}");
    }
}

fn record(key: u32) -> (RecordHeader, Vec<u8>) {
    let header = RecordHeader {
        kind: Kind::Entry,
        head_bytes: 21,
        body_bytes: 14,
        position: 4_096,
        run: 3,
        durable_to: 4_000,
    };
    let mut bytes = vec![b'x'; RECORD_HEADER_BYTES + 21 + 14];
    bytes.resize(usize::try_from(header.bytes()).unwrap(), 0);
    header.write(key, &mut bytes);
    (header, bytes)
}

#[test]
fn a_changed_bit_in_a_record_is_noticed() {
    let key = record_key(9);
    let (header, bytes) = record(key);
    assert_eq!(RecordHeader::read(key, 4_096, &bytes), Some(header));
    let covered = RECORD_HEADER_BYTES + 21;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Bodies have checksums of their own.
        assert_eq!(RecordHeader::read(key, 4_096, &flipped).is_some(), bit / 8 >= covered, "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert_eq!(RecordHeader::read(key, 4_096, &bytes[..length]), None, "the first {length} bytes");
    }
}

#[test]
fn a_record_counts_only_in_its_place_and_store() {
    let (_, bytes) = record(record_key(9));
    assert_eq!(RecordHeader::read(record_key(9), 4_104, &bytes), None);
    assert_eq!(RecordHeader::read(record_key(10), 4_096, &bytes), None);
}

#[test]
fn a_body_is_followed_by_its_checksum() {
    let sealed = [b"body".as_slice(), &seal(b"body")].concat();
    assert_eq!(is_sealed(&sealed), Some(4));
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(is_sealed(&flipped), None, "bit {bit}");
    }
    assert_eq!(is_sealed(&[]), None);
    assert_eq!(is_sealed(b"abc"), None);
}
