use super::{Delivery, Kind, Story, VISIBILITY, delivery, in_group};
use crate::history::{Outcome, Text};

const QUEUE: &str = "orders.fifo";

/// `a` is acknowledged before `b` is sent, in one group.
fn two() -> Story {
    let story = Story::new().send_message((1, 2), QUEUE, in_group("a", "g", "a"));
    story.send_message((3, 4), QUEUE, in_group("b", "g", "b"))
}

fn numbered(name: &str, receipt: u64, sequence: u128) -> Delivery {
    Delivery { group: Some(Text::from("g")), sequence: Some(sequence), ..delivery(name, receipt) }
}

#[test]
fn a_later_message_that_comes_first_is_out_of_order() {
    two().receive((5, 6), QUEUE, &["b"]).receive((7, 8), QUEUE, &["a"]).shows(Kind::Order);
    two().receive((5, 6), QUEUE, &["b"]).shows(Kind::Order);
    two().receive((5, 6), QUEUE, &["b", "a"]).shows(Kind::Order);
}

#[test]
fn messages_in_their_order_are_fine() {
    two().receive((5, 6), QUEUE, &["a", "b"]).is_fine();
    let story = two().receive((5, 6), QUEUE, &["a"]).delete((7, 8), QUEUE, "a", 5);
    story.receive((7, 8), QUEUE, &["b"]).is_fine();
}

#[test]
fn sends_at_the_same_time_have_no_order() {
    let story = Story::new().send_message((1, 3), QUEUE, in_group("a", "g", "a"));
    let story = story.send_message((3, 4), QUEUE, in_group("b", "g", "b"));
    story.receive((5, 6), QUEUE, &["b", "a"]).is_fine();
}

#[test]
fn a_send_that_is_unknown_may_never_have_been_in_front() {
    let story = Story::new().ends(Outcome::Unknown).send_message((1, 2), QUEUE, in_group("a", "g", "a"));
    let story = story.send_message((3, 4), QUEUE, in_group("b", "g", "b"));
    story.receive((5, 6), QUEUE, &["b"]).is_fine();
}

#[test]
fn groups_have_nothing_to_do_with_each_other() {
    let story = Story::new().send_message((1, 2), QUEUE, in_group("a", "other", "a"));
    let story = story.send_message((3, 4), QUEUE, in_group("b", "g", "b"));
    story.receive((5, 6), QUEUE, &["b"]).is_fine();
}

#[test]
fn sequence_numbers_say_the_order_of_sends_at_the_same_time() {
    let received = |first: u128, second: u128| {
        let story = Story::new().send_message((1, 4), QUEUE, in_group("a", "g", "a"));
        let story = story.ends(Outcome::Unknown).send_message((2, 3), QUEUE, in_group("b", "g", "b"));
        let story = story.receive_messages((5, 6), QUEUE, vec![numbered("b", 5, second)]);
        let story = story.delete((7, 8), QUEUE, "b", 5);
        story.receive_messages((9, 10), QUEUE, vec![numbered("a", 9, first)])
    };
    received(1, 2).shows(Kind::Order);
    received(2, 1).is_fine();
}

#[test]
fn sequence_numbers_ascend_with_the_sends() {
    let received = |first: u128, second: u128| {
        let story = two().receive_messages((5, 6), QUEUE, vec![numbered("a", 5, first)]);
        let story = story.delete((7, 8), QUEUE, "a", 5);
        story.receive_messages((9, 10), QUEUE, vec![numbered("b", 9, second)])
    };
    received(2, 1).shows(Kind::Order);
    received(1, 2).is_fine();
}

#[test]
fn a_group_of_which_somebody_holds_a_message_is_locked() {
    let received = |at: u64| {
        let story = two().receive((5, 6), QUEUE, &["a"]);
        story.receive((at, at + 1), QUEUE, &["b"])
    };
    received(7).shows(Kind::Overlap);
    // Its time has passed; but then it is first in its place.
    received(VISIBILITY + 100).shows(Kind::Order);
}

#[test]
fn a_group_is_free_after_a_delete_that_may_have_happened() {
    for outcome in [Outcome::Done, Outcome::Unknown] {
        let story = two().receive((5, 6), QUEUE, &["a"]);
        let story = story.ends(outcome).delete((9, 20), QUEUE, "a", 5);
        story.receive((8, 9), QUEUE, &["b"]).is_fine();
    }
    let story = two().receive((5, 6), QUEUE, &["a"]);
    let story = story.ends(Outcome::Failed).delete((9, 20), QUEUE, "a", 5);
    story.receive((8, 9), QUEUE, &["b"]).shows(Kind::Overlap);
}

#[test]
fn a_group_is_free_when_its_first_message_has_moved_on() {
    let received = |receives: u32| {
        let mut story = two();
        story.history.redrive(QUEUE, "dead.fifo", receives);
        let story = story.receive((5, 6), QUEUE, &["a"]);
        story.receive((20_000, 20_001), QUEUE, &["b"])
    };
    received(1).is_fine();
    received(2).shows(Kind::Order);
}

#[test]
fn a_first_message_that_is_given_back_may_come_while_a_later_one_is_held() {
    let story = two().receive((5, 6), QUEUE, &["a", "b"]).hide((7, 8), QUEUE, "a", 5, 0);
    story.receive((9, 10), QUEUE, &["a"]).is_fine();
}

#[test]
fn a_standard_queue_has_no_order() {
    let sent = |name| crate::history::Sent { deduplication: None, ..in_group(name, "g", name) };
    let story = Story::new().send_message((1, 2), "orders", sent("a"));
    let story = story.send_message((3, 4), "orders", sent("b"));
    let message = Delivery { group: Some("g".into()), ..delivery("b", 5) };
    story.receive_messages((5, 6), "orders", vec![message]).is_fine();
}
