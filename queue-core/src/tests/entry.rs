//! Entries: where their bodies lie, and the identities that they give.

use super::player::commands::{body, name};
use super::random::command;
use super::world::seal;
use crate::codec::DecodeError;
use crate::{
    Command, CreateQueue, Entry, Header, Machine, Outgoing, Position, Proposal, QueueAttributes, QueueId,
    Reply, SEAL_BYTES, Send, Tags, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn header(seed: u128) -> Header {
    Header { time: Timestamp(5), seed, run: 1, batch: 2 }
}

fn send(texts: &[&str]) -> Proposal {
    let messages =
        texts.iter().map(|text| Outgoing { body: body(text), delay: None, group: None, deduplication: None });
    let command = Command::Send(Send { queue: QueueId(1), messages: messages.collect() });
    Proposal::new(&command, texts.iter().map(|text| text.as_bytes().to_vec()).collect(), seal)
}

fn encode(header: &Header, proposals: &[Proposal]) -> Vec<u8> {
    let mut out = Vec::new();
    Entry::encode(header, proposals, &mut out);
    out
}

fn places(position: Position, bytes: &[u8]) -> Vec<(u64, u32)> {
    let mut entry = Entry::decode(position, bytes).unwrap();
    let bodies = entry.commands.iter_mut().flat_map(Command::bodies_mut);
    bodies.map(|body| (body.position.0, body.bytes)).collect()
}

#[test]
fn bodies_lie_behind_the_commands_in_their_order() {
    let tick = Proposal::new(&Command::Tick, Vec::new(), seal);
    let bytes = encode(&header(0), &[send(&["one", "three"]), tick, send(&["five"])]);
    let bodies =
        ["one", "three", "five"].map(|text| [text.as_bytes(), &seal(text.as_bytes())].concat()).concat();
    assert!(bytes.ends_with(&bodies), "each is followed by its seal");
    let first = (bytes.len() - bodies.len()) as u64;
    let gap = SEAL_BYTES as u64;
    assert_eq!(places(Position(0), &bytes), [(first, 3), (first + 3 + gap, 5), (first + 8 + 2 * gap, 4)]);
    assert_eq!(places(Position(1_000), &bytes)[1], (1_000 + first + 3 + gap, 5));
}

#[test]
fn an_entry_is_appended_and_says_where_its_bodies_begin() {
    let mut out = b"frame".to_vec();
    let head = Entry::encode(&header(0), &[send(&["one"])], &mut out);
    assert!(out.starts_with(b"frame"));
    assert_eq!(out[5..], encode(&header(0), &[send(&["one"])]));
    assert!(out[5 + head..].starts_with(b"one"));
    assert_eq!(out.len(), 5 + head + 3 + SEAL_BYTES);
}

#[test]
fn an_empty_body_has_a_place_of_its_own() {
    let bytes = encode(&header(0), &[send(&["", "", "x"])]);
    let places = places(Position(0), &bytes);
    assert_eq!(places.iter().map(|(_, length)| *length).collect::<Vec<_>>(), [0, 0, 1]);
    assert!(places.is_sorted_by(|before, after| before.0 < after.0));
}

#[test]
fn a_proposal_knows_how_much_it_adds() {
    let empty = encode(&header(0), &[]);
    let proposal = send(&["one", "three"]);
    let full = encode(&header(0), std::slice::from_ref(&proposal));
    assert_eq!(full.len() - empty.len(), proposal.bytes());
}

#[test]
fn an_entry_with_too_few_or_too_many_bytes_is_none() {
    let bytes = encode(&header(0), &[send(&["one"])]);
    for length in 0..bytes.len() {
        assert_eq!(Entry::decode(Position(0), &bytes[..length]), Err(DecodeError::Truncated));
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert_eq!(Entry::decode(Position(0), &longer), Err(DecodeError::Truncated));
}

#[test]
fn a_place_past_the_end_of_numbers_is_none() {
    let bytes = encode(&header(0), &[send(&["one"])]);
    assert_eq!(Entry::decode(Position(u64::MAX), &bytes), Err(DecodeError::Malformed));
}

/// The identities that entries with these seeds give to their messages.
fn identities(seeds: &[u128]) -> Vec<u128> {
    let mut machine = Machine::default();
    let create = Command::CreateQueue(CreateQueue {
        name: name("orders"),
        attributes: QueueAttributes::default(),
        tags: Tags::new(),
        hold_deleted_name: false,
    });
    let bytes = encode(&header(0), &[Proposal::new(&create, Vec::new(), seal)]);
    machine.apply(&Entry::decode(Position(0), &bytes).unwrap());
    let mut all = Vec::new();
    for seed in seeds {
        let bytes = encode(&header(*seed), &[send(&["x"; 200]), send(&["y"; 100])]);
        for reply in machine.apply(&Entry::decode(Position(0), &bytes).unwrap()).replies {
            let Ok(Reply::Sent(accepted)) = reply else {
                panic!("{reply:?}");
            };
            all.extend(accepted.iter().map(|accepted| accepted.id));
        }
    }
    all
}

#[test]
fn identities_are_distinct_also_of_neighbouring_seeds() {
    let seeds: Vec<u128> =
        (0..100).chain(u128::MAX - 100..=u128::MAX).chain((0..64).map(|bit| 1 << (64 + bit))).collect();
    let given = identities(&seeds);
    let distinct: BTreeSet<_> = given.iter().collect();
    assert_eq!(distinct.len(), given.len());
}

#[test]
fn identities_are_random_uuids() {
    for id in identities(&[0, 1, u128::MAX]) {
        assert_eq!(id >> 76 & 0xf, 4, "version 4: {id:032x}");
        assert_eq!(id >> 62 & 0x3, 2, "the variant of RFC 9562: {id:032x}");
    }
}

#[test]
fn the_same_seed_gives_the_same_identities() {
    assert_eq!(identities(&[7, 8]), identities(&[7, 8]));
}

proptest! {
    #[test]
    fn an_entry_keeps_its_header_and_its_commands(commands in vec(command(), 0..6), position in 0_u64..1 << 60) {
        let proposals: Vec<_> = commands
            .iter()
            .cloned()
            .map(super::random::bearing)
            .map(|(command, bodies)| Proposal::new(&command, bodies, seal))
            .collect();
        let bytes = encode(&header(9), &proposals);
        let mut entry = Entry::decode(Position(position), &bytes).unwrap();
        prop_assert_eq!(entry.header, header(9));
        prop_assert_eq!(entry.commands.len(), commands.len());
        let mut commands = commands;
        for command in commands.iter_mut().chain(&mut entry.commands) {
            command.bodies_mut().into_iter().for_each(|body| body.position = Position(0));
        }
        prop_assert_eq!(entry.commands, commands);
    }
}
