use super::{Delivery, Kind, Sent, Story, VISIBILITY, delivery, in_group};
use crate::history::{NEVER, Outcome};

#[test]
fn an_acknowledged_message_that_never_comes_is_lost() {
    Story::new().send((1, 2), "orders", "a").drain(9, &["orders"]).shows(Kind::Lost);
}

#[test]
fn an_acknowledged_message_that_is_received_and_deleted_is_not_lost() {
    let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
    story.delete((5, 6), "orders", "a", 3).drain(9, &["orders"]).is_fine();
}

#[test]
fn a_message_is_not_missed_before_a_drain() {
    Story::new().send((1, 2), "orders", "a").is_fine();
    Story::new().send((1, 9), "orders", "a").drain(8, &["orders"]).is_fine();
}

#[test]
fn a_send_that_failed_or_is_unknown_is_not_missed() {
    for outcome in [Outcome::Failed, Outcome::Unknown] {
        Story::new().ends(outcome).send((1, 2), "orders", "a").drain(9, &["orders"]).is_fine();
    }
}

#[test]
fn a_message_that_is_received_and_then_gone_is_lost() {
    let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
    story.drain(VISIBILITY * 2, &["orders"]).shows(Kind::Lost);
}

#[test]
fn a_delete_that_is_unknown_may_have_taken_the_message() {
    let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
    let story = story.ends(Outcome::Unknown).delete((5, 6), "orders", "a", 3);
    story.drain(VISIBILITY * 2, &["orders"]).is_fine();
}

#[test]
fn a_delete_that_failed_has_not_taken_the_message() {
    let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
    let story = story.ends(Outcome::Failed).delete((5, 6), "orders", "a", 3);
    story.drain(VISIBILITY * 2, &["orders"]).shows(Kind::Lost);
}

#[test]
fn a_message_that_moved_is_looked_for_where_it_moved() {
    let story = || {
        let story = Story::with_dead_letters(1).send((1, 2), "orders", "a");
        story.receive((3, 4), "orders", &["a"]).receive((20_000, 20_001), "dead", &["a"])
    };
    story().delete((20_002, 20_003), "dead", "a", 20_000).drain(30_000, &["orders", "dead"]).is_fine();
    story().drain(30_000, &["orders"]).is_fine();
    story().drain(40_000, &["orders", "dead"]).shows(Kind::Lost);
}

#[test]
fn a_publish_that_reaches_one_of_two_queues_is_partial() {
    for outcome in [Outcome::Done, Outcome::Unknown] {
        let story = Story::new().ends(outcome).publish((1, 2), &["left", "right"], "a");
        let story = story.receive((3, 4), "left", &["a"]).delete((5, 6), "left", "a", 3);
        story.drain(9, &["left", "right"]).shows(Kind::PartialPublish);
    }
}

#[test]
fn a_publish_that_is_unknown_may_reach_both_queues_or_none() {
    let story = || Story::new().ends(Outcome::Unknown).publish((1, 2), &["left", "right"], "a");
    story().drain(9, &["left", "right"]).is_fine();
    let story = story().receive((3, 4), "left", &["a"]).delete((5, 6), "left", "a", 3);
    let story = story.receive((3, 4), "right", &["a"]).delete((5, 6), "right", "a", 3);
    story.drain(9, &["left", "right"]).is_fine();
}

#[test]
fn an_acknowledged_publish_that_reaches_no_queue_is_lost() {
    let story = Story::new().publish((1, 2), &["left", "right"], "a");
    story.drain(9, &["left", "right"]).shows(Kind::Lost);
}

#[test]
fn a_publish_that_may_still_happen_is_not_partial() {
    let story = Story::new().ends(Outcome::Unknown).publish((1, NEVER), &["left", "right"], "a");
    let story = story.receive((3, 4), "left", &["a"]).delete((5, 6), "left", "a", 3);
    story.drain(9, &["left", "right"]).is_fine();
}

#[test]
fn two_messages_of_one_deduplication_id_are_one_too_many() {
    let received = |second: u64| {
        let story = Story::new().send_message((1, 2), "orders.fifo", in_group("a", "g", "same"));
        let story = story.send_message((second - 1, second), "orders.fifo", in_group("b", "g", "same"));
        let story = story.receive((second + 3, second + 4), "orders.fifo", &["a", "b"]);
        let story = story.delete((second + 5, second + 6), "orders.fifo", "a", second + 3);
        story.delete((second + 5, second + 6), "orders.fifo", "b", second + 3)
    };
    received(300_000).shows(Kind::AcceptedTwice);
    received(300_001).is_fine();
}

#[test]
fn a_duplicate_that_never_comes_was_refused_as_it_should_be() {
    let story = Story::new().send_message((1, 2), "orders.fifo", in_group("a", "g", "same"));
    let story = story.send_message((3, 4), "orders.fifo", in_group("b", "g", "same"));
    story.receive((5, 6), "orders.fifo", &["a"]).is_fine();
}

#[test]
fn a_send_that_is_repeated_is_one_message() {
    let give = |identity: u128, receipt: u64| Delivery {
        identity,
        group: Some("g".into()),
        ..delivery("a", receipt)
    };
    let received = |second: u128| {
        let sent = || in_group("a", "g", "a");
        let story = Story::new().ends(Outcome::Unknown).send_message((1, 2), "orders.fifo", sent());
        let story = story.send_message((3, 4), "orders.fifo", sent());
        let story = story.receive_messages((5, 6), "orders.fifo", vec![give(1, 5)]);
        story.receive_messages((20_000, 20_001), "orders.fifo", vec![give(second, 20_000)])
    };
    received(2).shows(Kind::AcceptedTwice);
    received(1).is_fine();
}

#[test]
fn one_send_is_not_two_messages() {
    let give = |identity: u128| Delivery { identity, ..delivery("a", identity as u64) };
    let story = || Story::new().ends(Outcome::Unknown).send_message((1, 2), "orders", Sent::new("a"));
    story().receive_messages((3, 4), "orders", vec![give(1), give(2)]).shows(Kind::AcceptedTwice);
    let story = story().send((3, 4), "orders", "a");
    story.receive_messages((3, 4), "orders", vec![give(1), give(2)]).is_fine();
}
