//! The messages of a queue by number, close together in memory.
//!
//! Numbers ascend, so 64 neighbours share a chunk: one allocation for them all, in which those that are still there
//! stand in order. A tree with a node for every few messages would be half empty after ascending insertions.

use crate::codec::{Codec, DecodeError, Reader};
use crate::message::{Message, State};
use crate::planted::{self, Bug};
use crate::weight::in_tree;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Messages by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Messages {
    /// By the number of their first place, divided by 64; none is empty.
    chunks: BTreeMap<u64, Chunk>,
    length: usize,
    /// What the messages weigh beyond their size.
    texts: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Chunk {
    /// Which of the 64 places are taken.
    present: u64,
    /// The messages at these places. A consumer takes the first, which moves no others.
    messages: VecDeque<Message>,
}

/// The chunk of a number, and the place in it.
pub(super) fn split(number: u64) -> (u64, u32) {
    (number >> 6, (number & 63) as u32)
}

pub(super) fn join(chunk: u64, place: u32) -> u64 {
    (chunk << 6) | u64::from(place)
}

/// The bits of a word from a place on.
pub(super) fn from_place(bits: u64, place: u32) -> u64 {
    bits & (u64::MAX << place)
}

impl Messages {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Message> {
        let (chunk, place) = split(number);
        let chunk = self.chunks.get(&chunk)?;
        chunk.messages.get(chunk.find(place)?)
    }

    /// A message to be changed, but not its group nor where it came from, which have been weighed.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Message> {
        let (chunk, place) = split(number);
        let chunk = self.chunks.get_mut(&chunk)?;
        chunk.messages.get_mut(chunk.find(place)?)
    }

    /// Puts a message at a number that no other has.
    pub(crate) fn insert(&mut self, number: u64, message: Message) {
        let (chunk, place) = split(number);
        self.texts += message.weigh_texts();
        self.length += 1;
        self.chunks.entry(chunk).or_default().insert(place, message);
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Message> {
        let (index, place) = split(number);
        let chunk = self.chunks.get_mut(&index)?;
        let message = chunk.remove(place)?;
        if chunk.messages.is_empty() {
            self.chunks.remove(&index);
        } else if chunk.is_roomy() {
            let grows = self.chunks.last_key_value().is_some_and(|(last, _)| *last == index);
            self.chunks.get_mut(&index)?.shrink(grows);
        }
        self.length -= 1;
        self.texts = self.texts.saturating_sub(message.weigh_texts());
        Some(message)
    }

    pub(crate) fn first(&self) -> Option<(u64, &Message)> {
        let (index, chunk) = self.chunks.first_key_value()?;
        Some((join(*index, chunk.present.trailing_zeros()), chunk.messages.front()?))
    }

    pub(crate) fn last(&self) -> Option<(u64, &Message)> {
        let (index, chunk) = self.chunks.last_key_value()?;
        Some((join(*index, 63 - chunk.present.leading_zeros()), chunk.messages.back()?))
    }

    /// The first message with a number of at least `from`.
    pub(crate) fn next(&self, from: u64) -> Option<(u64, &Message)> {
        let (start, place) = split(from);
        self.chunks.range(start..).find_map(|(index, chunk)| {
            let bits = if *index == start { from_place(chunk.present, place) } else { chunk.present };
            let place = (bits != 0).then(|| bits.trailing_zeros())?;
            Some((join(*index, place), chunk.messages.get(chunk.find(place)?)?))
        })
    }

    pub(crate) fn pop_first(&mut self) -> Option<(u64, Message)> {
        let (number, _) = self.first()?;
        Some((number, self.remove(number)?))
    }

    /// All messages, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Message)> {
        self.chunks.iter().flat_map(|(index, chunk)| {
            places(chunk.present).map(|place| join(*index, place)).zip(&chunk.messages)
        })
    }

    /// About how much memory they take. Chunks of which messages were removed have some room to spare.
    pub(crate) fn weigh(&self) -> u64 {
        const CHUNK: u64 = in_tree(size_of::<(u64, Chunk)>());
        let messages = self.length as u64 * size_of::<Message>() as u64;
        // The first node and the room in the chunk that grows, which count where queues are many and small.
        let begun = if self.chunks.is_empty() { 0 } else { 380 };
        begun + messages + messages / 16 + self.chunks.len() as u64 * CHUNK + self.texts
    }
}

/// The places of the bits that are set, in ascending order.
pub(super) fn places(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(place)
    })
}

impl Chunk {
    /// How many messages stand before a place.
    fn before(&self, place: u32) -> usize {
        (self.present & !(u64::MAX << place)).count_ones() as usize
    }

    /// The index of the message at a place.
    fn find(&self, place: u32) -> Option<usize> {
        (self.present >> place & 1 == 1).then(|| self.before(place))
    }

    fn insert(&mut self, place: u32, message: Message) {
        self.messages.insert(self.before(place), message);
        self.present |= 1 << place;
    }

    fn remove(&mut self, place: u32) -> Option<Message> {
        let message = self.messages.remove(self.find(place)?);
        self.present &= !(1 << place);
        message
    }

    /// Whether a quarter of the room or more is empty.
    fn is_roomy(&self) -> bool {
        self.messages.len() * 4 <= self.messages.capacity() * 3
    }

    /// Gives up empty room: all of it, or of the chunk that still grows only what is far too much, so that a queue
    /// with a few messages that come and go does not allocate for each.
    fn shrink(&mut self, grows: bool) {
        if !grows || (self.messages.capacity() > 4 && self.messages.len() * 4 <= self.messages.capacity()) {
            self.messages.shrink_to_fit();
        }
    }
}

impl Codec for Messages {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.chunks.len() as u64).encode(out);
        for (index, chunk) in &self.chunks {
            index.encode(out);
            chunk.present.to_le_bytes().encode(out);
            for message in &chunk.messages {
                message.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut chunks = Vec::new();
        let mut next = 0;
        let (mut length, mut texts) = (0, 0);
        let mut source = None;
        for _ in 0..input.length()? {
            let (index, present) = decode_word(&mut next, input)?;
            let mut messages = VecDeque::with_capacity(present.count_ones() as usize);
            for _ in places(present) {
                let mut message = Message::decode(input)?;
                if planted::is(Bug::FifoLockLostAtRestart) && message.group.is_some() {
                    message.state = State::Visible;
                }
                share(&mut message.source, &mut source);
                texts += message.weigh_texts();
                messages.push_back(message);
            }
            length += messages.len();
            chunks.push((index, Chunk { present, messages }));
        }
        Ok(Self { chunks: chunks.into_iter().collect(), length, texts })
    }
}

/// Reads what says which of 64 neighbours are there, and whose neighbours; in ascending order, and at least one.
pub(super) fn decode_word(next: &mut u64, input: &mut Reader<'_>) -> Result<(u64, u64), DecodeError> {
    let index = u64::decode(input)?;
    let present = u64::from_le_bytes(Codec::decode(input)?);
    if index < *next || index > u64::MAX >> 6 || present == 0 {
        return Err(DecodeError::Malformed);
    }
    *next = index + 1;
    Ok((index, present))
}

/// Has neighbours that say the same say it in the same place.
fn share<T: PartialEq>(value: &mut Option<Arc<T>>, last: &mut Option<Arc<T>>) {
    if let (Some(value), Some(last)) = (value.as_mut(), last.as_ref())
        && value == last
    {
        *value = Arc::clone(last);
    } else if value.is_some() {
        last.clone_from(value);
    }
}
