//! [`Recorder`]: the engine's side. It alone appends, so the order of events is the order of what was done.

use super::ring::News;
use super::{Live, Ring, limits};
use crate::content::Draft;
use queue_core::{Accepted, Machine, Timestamp, TopicId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

/// What a publish shows to whoever reads the topic live, once it has come about.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) topic: TopicId,
    pub(crate) drafts: Vec<Draft>,
}

/// A ring, and what the recorder knows of it.
struct Recorded {
    ring: Arc<Ring>,
    /// The order of its last event.
    last: u64,
    /// Of a FIFO topic, the last sequence number that it has given; 0 otherwise.
    last_sequence: u64,
}

/// Appends events to rings.
pub(crate) struct Recorder {
    live: Arc<Live>,
    rings: HashMap<TopicId, Recorded>,
    /// The last sequence numbers of FIFO topics that were there at the start and were not published to since.
    before: HashMap<TopicId, u64>,
    /// By their last events.
    oldest: BTreeMap<u64, TopicId>,
    /// Of topics that are gone, as long as somebody reads them.
    ended: VecDeque<Weak<Ring>>,
    order: u64,
    /// Rings that somebody reads, and has not been told of.
    heard: Vec<Arc<Ring>>,
}

impl Recorder {
    /// From the state with which the engine begins.
    pub(crate) fn new(live: Arc<Live>, machine: &Machine) -> Self {
        let sequences = machine.topics().map(|topic| (topic.id, topic.last_sequence()));
        let before = sequences.filter(|(_, sequence)| *sequence > 0).collect();
        let (rings, oldest) = (HashMap::new(), BTreeMap::new());
        Self { live, rings, before, oldest, ended: VecDeque::new(), order: 0, heard: Vec::new() }
    }

    /// A publish has come about at that time, and was answered so.
    pub(crate) fn record(&mut self, tap: Tap, accepted: &[Accepted], time: Timestamp) {
        for (draft, accepted) in tap.drafts.into_iter().zip(accepted) {
            self.append(tap.topic, *accepted, draft, time);
        }
        self.make_room();
    }

    fn append(&mut self, topic: TopicId, accepted: Accepted, draft: Draft, time: Timestamp) {
        let recorded = self.rings.entry(topic).or_insert_with(|| {
            let ring = self.live.make_ring(&draft.published.topic);
            Recorded { ring, last: 0, last_sequence: self.before.remove(&topic).unwrap_or_default() }
        });
        if let Some(sequence) = accepted.sequence {
            // A repetition is answered with the number of the first.
            if sequence <= recorded.last_sequence {
                return;
            }
            recorded.last_sequence = sequence;
        }
        self.order += 1;
        let news = News { accepted, draft, order: self.order, time };
        let changed = recorded.ring.append(news, &self.live.limits);
        self.oldest.remove(&recorded.last);
        self.oldest.insert(self.order, topic);
        recorded.last = self.order;
        // From here on readers may count on finding it.
        self.live.order.store(self.order, Ordering::Release);
        self.live.weigh(&changed);
        if changed.is_heard && !self.heard.last().is_some_and(|last| Arc::ptr_eq(last, &recorded.ring)) {
            self.heard.push(Arc::clone(&recorded.ring));
        }
    }

    /// Where all together is too much, lets go what is left of topics that are gone, then what was published longest
    /// ago, topic by topic.
    fn make_room(&mut self) {
        while self.live.bytes.load(Ordering::Relaxed) > limits::ALL_BYTES_MAX {
            if let Some(ring) = self.ended.pop_front() {
                if let Some(ring) = ring.upgrade() {
                    self.live.weigh(&ring.clear());
                }
            } else if let Some((_, topic)) = self.oldest.pop_first() {
                if let Some(recorded) = self.rings.get(&topic) {
                    self.live.weigh(&recorded.ring.clear());
                }
            } else {
                return;
            }
        }
    }

    /// A topic is gone.
    pub(crate) fn forget(&mut self, topic: TopicId) {
        self.before.remove(&topic);
        if let Some(recorded) = self.rings.remove(&topic) {
            self.oldest.remove(&recorded.last);
            if self.live.drop_ring(&recorded.ring) {
                self.ended.retain(|ring| ring.strong_count() > 0);
                self.ended.push_back(Arc::downgrade(&recorded.ring));
            }
        }
    }

    /// Has those told who read what was appended.
    pub(crate) fn announce(&mut self) {
        self.live.announce(&mut self.heard);
    }
}
