//! What live readers may take, all of them together and each.

/// Events of a topic that are kept while somebody reads.
pub(super) const EVENTS_MAX: usize = 10_000;
/// Bytes of them.
const BYTES_MAX: usize = 16 << 20;
/// Bytes that are kept of a topic while nobody reads.
const HISTORY_BYTES_MAX: usize = 1 << 20;
/// Bytes of all topics. The topic that was published to longest ago gives way first.
pub(super) const ALL_BYTES_MAX: usize = 64 << 20;

/// Events that a reader may be behind.
pub(super) const BUFFER_MAX: u32 = EVENTS_MAX as u32;
/// The same, if it does not say.
pub(super) const BUFFER: u32 = 1_000;
/// Events per second that a reader can ask for at most.
pub(super) const RATE_MAX: f64 = 10_000.0;
/// Names and patterns that a reader can follow.
pub(super) const TOPICS_MAX: usize = 100;
/// Bytes of one of them.
pub(super) const TOPIC_BYTES_MAX: usize = 1_024;
/// Bytes of a JSON pointer.
pub(super) const POINTER_BYTES_MAX: usize = 1_024;
/// Bytes that a reader with a pace of its own holds back.
pub(super) const HELD_BYTES_MAX: usize = 4 << 20;
/// Events that a reader looks at before others have their turn.
pub(super) const LOOKS_PER_TURN: u32 = 256;

/// How much a ring keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Events of a topic that nobody reads.
    pub(super) history: usize,
    /// Events and bytes of one that somebody reads.
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Limits {
    /// Nothing at all.
    pub(super) const NOTHING: Self = Self { history: 0, events: 0, bytes: 0 };

    pub(super) fn new(history: usize) -> Self {
        Self { history, events: EVENTS_MAX, bytes: BYTES_MAX }
    }

    /// The events and bytes that a ring keeps.
    pub(super) fn of_a_ring(&self, is_read: bool) -> (usize, usize) {
        if is_read {
            (self.events, self.bytes)
        } else {
            (self.history.min(self.events), HISTORY_BYTES_MAX.min(self.bytes))
        }
    }
}
