//! The collections that keep messages and their numbers close together, against those of the standard library.

use crate::codec::{Codec, DecodeError, Reader};
use crate::message::Message;
use crate::queue::messages::Messages;
use crate::queue::numbers::Numbers;
use crate::{BodyRef, Position, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
enum Step {
    /// At the end, as far behind the last as that.
    Append(u64),
    Insert(u64),
    Remove(u64),
    RemoveFirst(usize),
    Change(u64),
    Revive,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || 0_u64..400;
    let step = prop_oneof![
        30 => Just(Step::Append(1)),
        1 => prop_oneof![1_u64..10, 50_u64..300].prop_map(Step::Append),
        3 => number().prop_map(Step::Insert),
        12 => number().prop_map(Step::Remove),
        3 => (1_usize..80).prop_map(Step::RemoveFirst),
        3 => number().prop_map(Step::Change),
        1 => Just(Step::Revive),
    ];
    vec(step, 0..400)
}

fn message(id: u64) -> Message {
    let body = BodyRef { position: Position(id), bytes: 1 };
    let group = id.is_multiple_of(3).then(|| "x".repeat((id % 40) as usize).into());
    Message::new(u128::from(id), body, None, group, Timestamp(id))
}

fn revive<T: Codec>(value: &T) -> T {
    let bytes = value.to_bytes();
    let mut input = Reader::new(&bytes);
    let revived = T::decode(&mut input).unwrap();
    assert_eq!(input.remaining(), 0);
    assert_eq!(revived.to_bytes(), bytes);
    revived
}

fn assert_same(messages: &Messages, expected: &BTreeMap<u64, Message>) {
    assert_eq!(messages.len(), expected.len());
    assert_eq!(messages.is_empty(), expected.is_empty());
    assert!(messages.iter().eq(expected.iter().map(|(number, message)| (*number, message))));
    assert_eq!(messages.first(), expected.first_key_value().map(|(number, message)| (*number, message)));
    assert_eq!(messages.last(), expected.last_key_value().map(|(number, message)| (*number, message)));
    for number in (0..500).step_by(7) {
        assert_eq!(messages.get(number), expected.get(&number));
        let next = expected.range(number..).next();
        assert_eq!(messages.next(number), next.map(|(number, message)| (*number, message)));
    }
    let anew: Messages = collect(expected.iter().map(|(number, message)| (*number, message.clone())));
    assert_eq!(messages.weigh(), anew.weigh(), "the weight does not depend on the history");
    assert_eq!(messages, &anew, "nor does anything else");
}

fn collect(from: impl Iterator<Item = (u64, Message)>) -> Messages {
    let mut messages = Messages::default();
    from.for_each(|(number, message)| messages.insert(number, message));
    messages
}

proptest! {
    #[test]
    fn messages_are_a_map_by_number(steps in steps()) {
        let (mut messages, mut expected) = (Messages::default(), BTreeMap::new());
        let mut last = 0;
        for (id, step) in (1_u64..).zip(steps) {
            match step {
                Step::Append(gap) => {
                    last += gap;
                    messages.insert(last, message(id));
                    expected.insert(last, message(id));
                }
                Step::Insert(number) if !expected.contains_key(&number) => {
                    last = last.max(number);
                    messages.insert(number, message(id));
                    expected.insert(number, message(id));
                }
                Step::Insert(number) | Step::Remove(number) => {
                    prop_assert_eq!(messages.remove(number), expected.remove(&number));
                }
                Step::RemoveFirst(count) => {
                    for _ in 0..count {
                        prop_assert_eq!(messages.pop_first(), expected.pop_first());
                    }
                }
                Step::Change(number) => {
                    let (found, known) = (messages.get_mut(number), expected.get_mut(&number));
                    prop_assert_eq!(&found, &known);
                    found.into_iter().chain(known).for_each(|message| message.receives += 1);
                }
                Step::Revive => messages = revive(&messages),
            }
        }
        assert_same(&messages, &expected);
        assert_same(&revive(&messages), &expected);
    }

    #[test]
    fn numbers_are_a_set(steps in steps()) {
        let (mut numbers, mut expected) = (Numbers::default(), BTreeSet::new());
        let mut last = 0;
        for step in steps {
            match step {
                Step::Append(gap) => {
                    last += gap;
                    numbers.insert(last);
                    expected.insert(last);
                }
                Step::Insert(number) | Step::Change(number) => {
                    last = last.max(number);
                    numbers.insert(number);
                    expected.insert(number);
                }
                Step::Remove(number) => {
                    numbers.remove(number);
                    expected.remove(&number);
                }
                Step::RemoveFirst(count) => {
                    for _ in 0..count {
                        prop_assert_eq!(numbers.pop_first(), expected.pop_first());
                    }
                }
                Step::Revive => numbers = revive(&numbers),
            }
            prop_assert_eq!(numbers.len(), expected.len());
            prop_assert_eq!(numbers.is_empty(), expected.is_empty());
        }
        for from in 0..500 {
            prop_assert_eq!(numbers.next(from), expected.range(from..).next().copied());
        }
        prop_assert!(numbers.iter().eq(expected.iter().copied()));
        let mut anew = Numbers::default();
        expected.iter().for_each(|number| anew.insert(*number));
        prop_assert_eq!(&numbers, &anew);
        prop_assert_eq!(&revive(&numbers), &anew);
    }
}

#[test]
fn places_out_of_order_or_empty_are_refused() {
    let words = |words: &[(u64, u64)]| {
        let mut bytes = (words.len() as u64).to_bytes();
        for (index, word) in words {
            bytes.extend(index.to_bytes());
            bytes.extend(word.to_le_bytes());
        }
        Numbers::decode(&mut Reader::new(&bytes)).map(|numbers| numbers.len())
    };
    assert_eq!(words(&[(0, 3), (7, 1)]), Ok(3));
    assert_eq!(words(&[(u64::MAX >> 6, 1 << 63)]), Ok(1));
    assert_eq!(words(&[(7, 1), (0, 3)]), Err(DecodeError::Malformed));
    assert_eq!(words(&[(7, 1), (7, 2)]), Err(DecodeError::Malformed));
    assert_eq!(words(&[(7, 0)]), Err(DecodeError::Malformed));
    assert_eq!(words(&[(1 << 58, 1)]), Err(DecodeError::Malformed));
    let unknown_messages = [1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(Messages::decode(&mut Reader::new(&unknown_messages)), Err(DecodeError::Truncated));
}

#[test]
fn the_last_number_of_all_has_a_place() {
    let mut numbers = Numbers::default();
    numbers.insert(u64::MAX);
    assert_eq!(numbers.next(u64::MAX), Some(u64::MAX));
    assert_eq!(
        collect([(u64::MAX, message(1))].into_iter()).last().map(|(number, _)| number),
        Some(u64::MAX)
    );
}
