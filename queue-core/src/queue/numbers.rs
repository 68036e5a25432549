//! A set of message numbers that takes about a bit for each, as long as they are close together.

use super::messages::{decode_word, from_place, join, places, split};
use crate::codec::{Codec, DecodeError, Reader};
use crate::weight::in_tree;
use std::collections::BTreeMap;

/// A set of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Numbers {
    /// One bit for each of 64 neighbours, by the first divided by 64; none is zero.
    words: BTreeMap<u64, u64>,
    length: usize,
}

impl Numbers {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn insert(&mut self, number: u64) {
        let (index, place) = split(number);
        let word = self.words.entry(index).or_default();
        let before = std::mem::replace(word, *word | 1 << place);
        self.length += usize::from(before != *word);
    }

    pub(crate) fn remove(&mut self, number: u64) {
        let (index, place) = split(number);
        let Some(word) = self.words.get_mut(&index) else {
            return;
        };
        let before = std::mem::replace(word, *word & !(1 << place));
        self.length -= usize::from(before != *word);
        if *word == 0 {
            self.words.remove(&index);
        }
    }

    /// The first number of at least `from`.
    pub(crate) fn next(&self, from: u64) -> Option<u64> {
        let (start, place) = split(from);
        self.words.range(start..).find_map(|(index, word)| {
            let bits = if *index == start { from_place(*word, place) } else { *word };
            (bits != 0).then(|| join(*index, bits.trailing_zeros()))
        })
    }

    /// All of them, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.words.iter().flat_map(|(index, word)| places(*word).map(|place| join(*index, place)))
    }

    pub(crate) fn pop_first(&mut self) -> Option<u64> {
        let number = self.next(0)?;
        self.remove(number);
        Some(number)
    }

    /// About how much memory it takes.
    pub(crate) fn weigh(&self) -> u64 {
        // The first node is there as a whole.
        let begun = if self.words.is_empty() { 0 } else { 120 };
        begun + self.words.len() as u64 * in_tree(size_of::<(u64, u64)>())
    }
}

impl Codec for Numbers {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.words.len() as u64).encode(out);
        for (index, word) in &self.words {
            index.encode(out);
            word.to_le_bytes().encode(out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.length()?;
        let mut next = 0;
        let words: BTreeMap<u64, u64> =
            (0..count).map(|_| decode_word(&mut next, input)).collect::<Result<_, _>>()?;
        let length = words.values().map(|word| word.count_ones() as usize).sum();
        Ok(Self { words, length })
    }
}
