//! What lands in the outbox. That is memory, so each life of the hub has its own: what is published and acknowledged in
//! it appears in it, and what had been put into the outbox before a kill may be gone.

use std::collections::BTreeSet;

use fanq_tests::history::{Action, Delivery, Outcome, Text, read_body};
use fanq_tests::{Hub, Request, eventually};
use serde_json::Value;

use super::world::{SUBSCRIPTIONS, Way};
use crate::load::consumer::unwrapped;
use crate::load::shared::Shared;

/// What the outbox keeps. With so many letters in it nobody knows what is missing.
const KEPT_MAX: usize = 1_000;

/// Waits until the outbox has all letters that were published since `started` and acknowledged by now, and writes down
/// what is in it.
pub(super) fn take(shared: &Shared, hub: &Hub, started: u64) {
    let expected = published(shared, started);
    let mut letters = Vec::new();
    eventually("all letters are in the outbox", || {
        letters = read(hub);
        assert!(letters.len() < KEPT_MAX, "{} letters", letters.len());
        let there: BTreeSet<_> = letters
            .iter()
            .map(|(protocol, delivery)| (Text::clone(protocol), Text::clone(&delivery.name)))
            .collect();
        expected.is_subset(&there)
    });
    let invoked = shared.now();
    let taken = letters.into_iter().map(|(queue, delivery)| {
        (Outcome::Done, Action::Receive { queue, visibility: 0, messages: vec![delivery] })
    });
    shared.note(invoked, taken);
}

/// The protocols and names of the letters that were published since then.
fn published(shared: &Shared, started: u64) -> BTreeSet<(Text, Text)> {
    let is_letter = |queue: &&Text| {
        SUBSCRIPTIONS.iter().any(|one| one.name == &***queue && matches!(one.way, Way::Outbox { .. }))
    };
    shared.look(|history| {
        let since = history.operations().iter().filter(|one| one.is_done() && one.invoked >= started);
        let letters = since.filter_map(|operation| match &operation.action {
            Action::Publish { queues, message, .. } => Some((queues, &message.name)),
            Action::Send { .. }
            | Action::Receive { .. }
            | Action::Delete { .. }
            | Action::Hide { .. }
            | Action::Drain { .. } => None,
        });
        let letters = letters.flat_map(|(queues, name)| {
            queues.iter().filter(is_letter).map(move |queue| (Text::clone(queue), Text::clone(name)))
        });
        letters.collect()
    })
}

/// The letters in the outbox with their protocols.
fn read(hub: &Hub) -> Vec<(Text, Delivery)> {
    let answer = Request::get(&format!("/_fanq/outbox?limit={KEPT_MAX}")).send(hub);
    let letters: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    let read = |letter: &Value| {
        let content = read_body(&unwrapped(letter["message"].as_str().unwrap()));
        let name = content.name.into();
        let delivery = Delivery { name, intact: content.intact, ..Delivery::default() };
        (letter["protocol"].as_str().unwrap().into(), delivery)
    };
    letters.iter().map(read).collect()
}
