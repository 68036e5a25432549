//! [`Room`]: what the messages that are being pushed may take together, in memory and in connections.
//!
//! It is claimed before a message is read, by the size that the message has in the log. A message that finds no room is
//! put back unread, and its consumer takes nothing more before there is room for it.
//!
//! Slow endpoints may have all of it. So half is set apart for one delivery of each subscription, its first, which no
//! number of others can keep waiting.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What messages may take in each half.
const HALF_KIB: u32 = 32 << 10;

/// Deliveries that are not the first of their subscription; each takes a file, and so counts for this much at least.
const OTHERS_MAX: u32 = 1_024;

/// Room for the messages of all subscriptions.
#[derive(Debug)]
pub(super) struct Room {
    firsts: Half,
    others: Half,
}

#[derive(Debug)]
struct Half {
    kib: Arc<Semaphore>,
    /// What the smallest message counts for.
    least_kib: u32,
}

/// Room that is taken, for as long as this lives.
#[derive(Debug)]
pub(super) struct Held(OwnedSemaphorePermit);

impl Held {
    /// Whether it is enough for a message of so many bytes.
    pub(super) fn is_enough_for(&self, bytes: u32) -> bool {
        self.0.num_permits() >= kib(bytes) as usize
    }
}

impl Room {
    pub(super) fn new() -> Self {
        let half = |least_kib| Half { kib: Arc::new(Semaphore::new(HALF_KIB as usize)), least_kib };
        Self { firsts: half(1), others: half(HALF_KIB / OTHERS_MAX) }
    }

    /// Takes room for a message of so many bytes, if there is any.
    pub(super) fn claim(&self, bytes: u32, is_first: bool) -> Option<Held> {
        let half = self.half(is_first);
        Arc::clone(&half.kib).try_acquire_many_owned(half.cost_kib(bytes)).ok().map(Held)
    }

    /// Takes room for a message of so many bytes when it comes to its turn.
    pub(super) async fn wait(&self, bytes: u32, is_first: bool) -> Option<Held> {
        let half = self.half(is_first);
        Arc::clone(&half.kib).acquire_many_owned(half.cost_kib(bytes)).await.ok().map(Held)
    }

    /// How many messages of so many bytes would find room now that are not the first of their subscription.
    pub(super) fn fitting(&self, bytes: u32) -> u32 {
        let free_kib = u32::try_from(self.others.kib.available_permits()).unwrap_or(u32::MAX);
        free_kib / self.others.cost_kib(bytes)
    }

    fn half(&self, is_first: bool) -> &Half {
        if is_first { &self.firsts } else { &self.others }
    }
}

impl Half {
    fn cost_kib(&self, bytes: u32) -> u32 {
        kib(bytes).max(self.least_kib)
    }
}

/// What a message of so many bytes takes. One that is larger than all there is takes all of it, so that it passes alone.
fn kib(bytes: u32) -> u32 {
    bytes.div_ceil(1 << 10).min(HALF_KIB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const MIB: u32 = 1 << 20;

    /// How many messages of so many bytes find room together.
    fn check(bytes: u32, is_first: bool, expected: usize) {
        let room = Room::new();
        let held: Vec<_> = std::iter::from_fn(|| room.claim(bytes, is_first)).collect();
        assert_eq!(held.len(), expected, "{bytes} {is_first}");
        assert!(room.claim(MIB, !is_first).is_some(), "the other half is free");
        drop(held);
        assert!(room.claim(u32::MAX, is_first).is_some(), "nothing is left over");
    }

    #[test]
    fn there_is_room_for_so_many_bytes_and_so_many_messages() {
        check(MIB, true, 32);
        check(MIB, false, 32);
        check(10, true, 32 << 10);
        check(10, false, 1_024);
        check(100 << 20, true, 1);
        check(100 << 20, false, 1);
    }

    #[test]
    fn whoever_waits_for_room_gets_it_before_those_who_come_later() {
        let room = Room::new();
        let held = room.claim(31 * MIB, false).unwrap();
        assert_eq!((room.fitting(MIB), room.fitting(10), room.fitting(2 * MIB)), (1, 32, 0));
        let mut waiting = Box::pin(room.wait(2 * MIB, false));
        assert!((&mut waiting).now_or_never().is_none());
        assert!(room.claim(10, false).is_none());
        drop(held);
        let held = waiting.now_or_never().flatten().unwrap();
        assert!(held.is_enough_for(2 * MIB) && !held.is_enough_for(2 * MIB + 1));
        assert!(room.claim(10, false).is_some());
    }
}
