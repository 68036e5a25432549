//! The encoding: everything comes back, and bytes that are none are refused without harm.

use super::random::{bearing, command};
use super::world::seal;
use crate::codec::{Codec, DecodeError, Reader};
use crate::{
    BodyRef, Bury, CancelMove, Carried, Carry, Command, Discard, Endpoint, Entry, FilterScope, GiveBack,
    Header, Holder, Machine, Outgoing, Position, Proposal, QueueId, Receipt, Renew, Send, StartMove,
    Timestamp, Vouch,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn decode<T: Codec>(bytes: &[u8]) -> Result<T, DecodeError> {
    T::decode(&mut Reader::new(bytes))
}

/// The value has these bytes and no others, and they are all needed.
fn check<T: Codec + PartialEq + std::fmt::Debug>(value: T, bytes: &[u8]) {
    assert_eq!(value.to_bytes(), bytes, "{value:?}");
    let mut input = Reader::new(bytes);
    assert_eq!(T::decode(&mut input).as_ref(), Ok(&value));
    assert_eq!(input.remaining(), 0);
    for length in 0..bytes.len() {
        assert_eq!(decode::<T>(&bytes[..length]), Err(DecodeError::Truncated), "{value:?} cut at {length}");
    }
}

#[test]
fn values_have_the_bytes_that_logs_hold() {
    check(0_u64, &[0]);
    check(127_u64, &[0x7f]);
    check(128_u64, &[0x80, 1]);
    check(16_383_u64, &[0xff, 0x7f]);
    check(16_384_u64, &[0x80, 0x80, 1]);
    check(u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    check(255_u8, &[0xff, 1]);
    check(u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    check(0x0102_u128, &[2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    check(true, &[1]);
    check(Duration::from_secs(1), &[0xe8, 7]);
    check(-1_i64, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    check(Timestamp(300), &[0xac, 2]);
    check(String::from("é"), &[2, 0xc3, 0xa9]);
    check(None::<u64>, &[0]);
    check(Some(5_u64), &[1, 5]);
    check(vec![1_u64, 2], &[2, 1, 2]);
    check(BTreeSet::from([2_u64, 1]), &[2, 1, 2]);
    check(BTreeMap::from([(2_u64, false), (1, true)]), &[2, 1, 1, 2, 0]);
    check((1_u64, true, [7_u8, 8]), &[1, 1, 7, 8]);
    check(FilterScope::Body, &[1]);
    let message = Outgoing {
        body: BodyRef { position: Position(9), bytes: 4 },
        delay: Some(Duration::ZERO),
        group: Some("g".into()),
        deduplication: None,
    };
    let send = Send { queue: QueueId(3), messages: vec![message] };
    check(Command::Send(send), &[8, 3, 1, 9, 4, 1, 0, 1, 1, b'g', 0]);
    let message = Holder::Message((QueueId(3), 300));
    let carried =
        Carried { holder: message, from: Position(5), body: BodyRef { position: Position(9), bytes: 4 } };
    check(Command::Carry(Carry { bodies: vec![carried] }), &[20, 1, 0, 3, 0xac, 2, 5, 9, 4]);
    check(Command::Vouch(Vouch { after: Position(5), fingerprint: 128 }), &[21, 5, 0x80, 1]);
    let holders = vec![Holder::Publication(Position(7)), message];
    check(Command::Discard(Discard { holders }), &[22, 2, 1, 7, 0, 3, 0xac, 2]);
    let start = StartMove { source: QueueId(3), destination: None, per_second: Some(300) };
    check(Command::StartMove(start), &[23, 3, 0, 1, 0xac, 2]);
    let cancel = CancelMove { source: QueueId(3), task: 0x0102 };
    let receipt = Receipt { queue: QueueId(3), number: 1, receive: 2, at: Timestamp(4) };
    let renew = Renew { queue: QueueId(3), receipts: vec![receipt], visibility: Duration::from_millis(5) };
    check(Command::Renew(renew), &[30, 3, 1, 3, 1, 2, 4, 5]);
    let bury = Bury { queue: QueueId(3), receipts: vec![receipt] };
    check(Command::Bury(bury), &[31, 3, 1, 3, 1, 2, 4]);
    let back = GiveBack { queue: QueueId(3), receipts: vec![receipt] };
    check(Command::GiveBack(back), &[32, 3, 1, 3, 1, 2, 4]);
    check(Command::CancelMove(cancel), &[24, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn an_integer_has_one_form_and_a_range() {
    let eleven = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1];
    assert_eq!(decode::<u64>(&eleven), Err(DecodeError::Malformed));
    let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
    assert_eq!(decode::<u64>(&too_large), Err(DecodeError::Malformed));
    assert_eq!(decode::<u64>(&[0x80, 0]), Err(DecodeError::Malformed), "a longer zero");
    assert_eq!(decode::<u64>(&[0xff, 0x80, 0]), Err(DecodeError::Malformed), "a longer 127");
    assert_eq!(decode::<u8>(&[0x80, 2]), Err(DecodeError::Malformed));
    assert_eq!(decode::<u16>(&[0x80, 0x80, 4]), Err(DecodeError::Malformed));
    assert_eq!(decode::<u32>(&[0x80, 0x80, 0x80, 0x80, 0x10]), Err(DecodeError::Malformed));
    assert_eq!(decode::<bool>(&[2]), Err(DecodeError::Malformed));
    assert_eq!(decode::<String>(&[1, 0xff]), Err(DecodeError::Malformed));
}

#[test]
fn an_unknown_tag_is_refused_by_its_number() {
    assert_eq!(decode::<Command>(&[33, 0, 0, 0]), Err(DecodeError::UnknownTag(33)));
    assert_eq!(decode::<Command>(&[0xac, 2]), Err(DecodeError::UnknownTag(300)));
    assert_eq!(decode::<Holder>(&[2, 0]), Err(DecodeError::UnknownTag(2)));
    assert_eq!(decode::<Endpoint>(&[2, 0]), Err(DecodeError::UnknownTag(2)));
    assert_eq!(DecodeError::UnknownTag(20).to_string(), "tag 20 is not known to this version");
}

#[test]
fn a_length_beyond_the_bytes_is_refused_before_anything_is_made() {
    for length in [3_u64, 1 << 20, 1 << 40, u64::MAX] {
        let mut bytes = length.to_bytes();
        bytes.extend([0, 0]);
        assert_eq!(decode::<String>(&bytes), Err(DecodeError::Truncated));
        assert_eq!(decode::<Vec<u128>>(&bytes), Err(DecodeError::Truncated));
        assert_eq!(decode::<Vec<Command>>(&bytes), Err(DecodeError::Truncated));
        assert_eq!(decode::<BTreeSet<u64>>(&bytes), Err(DecodeError::Truncated));
        assert_eq!(decode::<BTreeMap<u64, u64>>(&bytes), Err(DecodeError::Truncated));
    }
}

/// The tags of a log are for ever. A new command takes the next one.
fn tag(command: &Command) -> u8 {
    match command {
        Command::Genesis(_) => 0,
        Command::Tick => 1,
        Command::SetClock(_) => 2,
        Command::CreateQueue(_) => 3,
        Command::SetQueueAttributes(_) => 4,
        Command::SetQueueTags(_) => 5,
        Command::DeleteQueue(_) => 6,
        Command::PurgeQueue(_) => 7,
        Command::Send(_) => 8,
        Command::Receive(_) => 9,
        Command::Delete(_) => 10,
        Command::ChangeVisibility(_) => 11,
        Command::CreateTopic(_) => 12,
        Command::SetTopicAttributes(_) => 13,
        Command::SetTopicTags(_) => 14,
        Command::DeleteTopic(_) => 15,
        Command::Subscribe(_) => 16,
        Command::SetSubscriptionAttributes(_) => 17,
        Command::Unsubscribe(_) => 18,
        Command::Publish(_) => 19,
        Command::Carry(_) => 20,
        Command::Vouch(_) => 21,
        Command::Discard(_) => 22,
        Command::StartMove(_) => 23,
        Command::CancelMove(_) => 24,
        Command::Confirm(_) => 25,
        Command::Withdraw(_) => 26,
        Command::Settle(_) => 27,
        Command::Redeliver(_) => 28,
        Command::SetRecord(_) => 29,
        Command::Renew(_) => 30,
        Command::Bury(_) => 31,
        Command::GiveBack(_) => 32,
    }
}

fn entry(commands: Vec<Command>) -> Vec<u8> {
    let header = Header { time: Timestamp(1), seed: 2, run: 3, batch: 4 };
    let proposals: Vec<_> = commands
        .into_iter()
        .map(bearing)
        .map(|(command, bodies)| Proposal::new(&command, bodies, seal))
        .collect();
    let mut out = Vec::new();
    Entry::encode(&header, &proposals, &mut out);
    out
}

proptest! {
    #[test]
    fn every_command_comes_back_from_its_bytes(command in command()) {
        let bytes = command.to_bytes();
        prop_assert_eq!(bytes[0], tag(&command));
        check(command, &bytes);
    }

    #[test]
    fn any_bytes_are_refused_or_understood(bytes in vec(prop_oneof![any::<u8>(), 0_u8..24], 0..300)) {
        let _ = Entry::decode(Position(1), &bytes);
        let _ = decode::<Machine>(&bytes);
        if let Ok(command) = decode::<Command>(&bytes) {
            let again = command.to_bytes();
            prop_assert_eq!(decode::<Command>(&again), Ok(command));
        }
    }

    #[test]
    fn a_damaged_entry_is_refused_or_does_no_harm(
        commands in vec(command(), 1..6),
        damage in vec((any::<prop::sample::Index>(), 1_u8..=255), 1..4),
    ) {
        let mut bytes = entry(commands);
        for (at, change) in damage {
            let at = at.index(bytes.len());
            bytes[at] ^= change;
        }
        if let Ok(entry) = Entry::decode(Position(u64::MAX / 2), &bytes) {
            Machine::default().apply(&entry);
        }
    }

    #[test]
    fn a_damaged_state_is_refused_or_read(
        commands in vec(command(), 1..30),
        at in any::<prop::sample::Index>(),
        change in 1_u8..=255,
    ) {
        let mut machine = Machine::default();
        machine.apply(&Entry::decode(Position(0), &entry(commands)).unwrap());
        let mut bytes = machine.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let _ = decode::<Machine>(&bytes);
    }
}
