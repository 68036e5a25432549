//! A worker that takes out what is in order, and leaves some of it lying for a while.

use super::world::CONSUMED;
use crate::load::consumer::{Ask, Consumer};
use crate::load::random::Random;
use crate::load::shared::Shared;

/// Of a hundred receives, those whose messages nobody deletes: they come again, before all else of their groups.
const LEFT: u64 = 5;

/// Works until the load stops.
pub(super) fn run(shared: &Shared, mut random: Random) {
    let _watched = shared.watched();
    let mut consumer = Consumer::new(shared, random.fork());
    while let Some((address, version)) = shared.address() {
        let queue = random.pick(&CONSUMED);
        let ask = Ask { count: 10, wait_seconds: 0, visibility_seconds: queue.visibility_seconds };
        let messages = consumer.receive(address, queue.name, ask).unwrap_or_default();
        if messages.is_empty() {
            shared.await_change(version);
        } else if !random.percent(LEFT) {
            consumer.delete_all(queue.name, &messages);
        }
    }
}
