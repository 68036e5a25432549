use super::{Action, Delivery, Kind, Sent, Story, VISIBILITY, delivery};
use crate::history::{Outcome, Text, body, read_body};

#[test]
fn a_message_that_nobody_sent_is_unexpected() {
    Story::new().receive((3, 4), "orders", &["a"]).shows(Kind::Unexpected);
    Story::new().send((1, 2), "other", "a").receive((3, 4), "orders", &["a"]).shows(Kind::Unexpected);
    let failed = Story::new().ends(Outcome::Failed).send((1, 2), "orders", "a");
    failed.receive((3, 4), "orders", &["a"]).shows(Kind::Unexpected);
    Story::new().send((5, 6), "orders", "a").receive((3, 4), "orders", &["a"]).shows(Kind::Unexpected);
}

#[test]
fn a_message_may_come_while_it_is_sent() {
    Story::new().send((1, 9), "orders", "a").receive((3, 4), "orders", &["a"]).is_fine();
    let unknown = Story::new().ends(Outcome::Unknown).send((1, 2), "orders", "a");
    unknown.receive((3, 4), "orders", &["a"]).is_fine();
}

#[test]
fn a_message_that_moved_may_come_where_it_was_not_sent() {
    let story = Story::with_dead_letters(1).send((1, 2), "orders", "a");
    story.receive((3, 4), "orders", &["a"]).receive((20_000, 20_001), "dead", &["a"]).is_fine();
}

#[test]
fn a_message_that_moves_too_early_is_miscounted() {
    let story = Story::with_dead_letters(2).send((1, 2), "orders", "a");
    let story = story.receive((3, 4), "orders", &["a"]).receive((20_000, 20_001), "dead", &["a"]);
    story.shows(Kind::Miscounted);
}

#[test]
fn a_message_that_comes_where_it_has_moved_on_from_is_in_two_places() {
    let received = |again: u64| {
        let story = Story::with_dead_letters(2).send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
        let story = story.ends(Outcome::Unknown).receive((15_000, 15_001), "orders", &[]);
        let story = story.receive((26_000, 26_005), "dead", &["a"]);
        story.receive((again, again + 1), "orders", &["a"])
    };
    received(26_006).shows(Kind::InTwoPlaces);
    // It may have been the one that took it last.
    received(26_005).is_fine();
}

#[test]
fn a_receive_without_an_answer_may_have_counted() {
    let story = Story::with_dead_letters(2).send((1, 2), "orders", "a");
    let story = story.receive((3, 4), "orders", &["a"]);
    let story = story.ends(Outcome::Unknown).receive((15_000, 15_001), "orders", &[]);
    story.receive((26_000, 26_001), "dead", &["a"]).is_fine();
}

#[test]
fn a_message_that_should_have_moved_is_miscounted() {
    let receives = |times: &[u64]| {
        let story = Story::with_dead_letters(2).send((1, 2), "orders", "a");
        let again = |story: Story, at: &u64| story.receive((*at, at + 1), "orders", &["a"]);
        times.iter().fold(story, again)
    };
    receives(&[3, 20_000, 40_000]).shows(Kind::Miscounted);
    receives(&[3, 20_000]).is_fine();
}

#[test]
fn receives_are_numbered_in_their_order() {
    let counts = |first: u32, second: u32| {
        let give = |receipt, count| vec![Delivery { count, ..delivery("a", receipt) }];
        let story = Story::new().send((1, 2), "orders", "a");
        let story = story.receive_messages((3, 4), "orders", give(3, first));
        story.receive_messages((20_000, 20_001), "orders", give(20_000, second))
    };
    counts(1, 2).is_fine();
    counts(1, 1).shows(Kind::Miscounted);
    counts(2, 1).shows(Kind::Miscounted);
    counts(1, 3).shows(Kind::Miscounted);
}

#[test]
fn a_message_that_comes_after_its_delete_is_resurrected() {
    let received = |from: u64| {
        let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
        let story = story.delete((VISIBILITY + 20, VISIBILITY + 30), "orders", "a", 3);
        story.receive((from, VISIBILITY + 40), "orders", &["a"])
    };
    received(VISIBILITY + 31).shows(Kind::Resurrected);
    received(VISIBILITY + 30).is_fine();
}

#[test]
fn a_message_may_come_after_a_delete_that_was_not_acknowledged() {
    for outcome in [Outcome::Failed, Outcome::Unknown] {
        let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
        let story = story.ends(outcome).delete((5, 6), "orders", "a", 3);
        story.receive((20_000, 20_001), "orders", &["a"]).is_fine();
    }
}

#[test]
fn a_message_that_was_deleted_in_time_does_not_move() {
    let deleted = |at: u64| {
        let story = Story::with_dead_letters(1).send((1, 2), "orders", "a");
        let story = story.receive((3, 4), "orders", &["a"]).delete((at, at + 1), "orders", "a", 3);
        story.receive((30_000, 30_001), "dead", &["a"])
    };
    deleted(5).shows(Kind::Resurrected);
    deleted(20_000).is_fine();
}

#[test]
fn a_message_that_comes_before_its_delay_has_ended_is_early() {
    let received = |at: u64| {
        let message = Sent { delay: 1_000, ..Sent::new("a") };
        let story = Story::new().send_message((1, 50), "orders", message);
        story.receive((at - 5, at), "orders", &["a"])
    };
    received(1_000).shows(Kind::Early);
    received(1_001).is_fine();
}

#[test]
fn a_message_that_two_hold_at_a_time_overlaps() {
    let received = |again: u64| {
        let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
        story.receive((5, again), "orders", &["a"])
    };
    received(VISIBILITY + 2).shows(Kind::Overlap);
    received(VISIBILITY + 3).is_fine();
    let together = Story::new().send((1, 2), "orders", "a").receive((3, 9), "orders", &["a"]);
    together.receive((4, 8), "orders", &["a"]).shows(Kind::Overlap);
}

#[test]
fn a_message_that_is_given_back_may_come_at_once() {
    let given_back = |timeout: u64| {
        let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
        story.hide((5, 6), "orders", "a", 3, timeout).receive((7, 9), "orders", &["a"])
    };
    given_back(0).is_fine();
    given_back(5).shows(Kind::Overlap);
}

#[test]
fn a_message_that_is_kept_longer_comes_later() {
    let kept = |outcome: Outcome| {
        let story = Story::new().send((1, 2), "orders", "a").receive((3, 4), "orders", &["a"]);
        let story = story.ends(outcome).hide((9_000, 9_001), "orders", "a", 3, VISIBILITY);
        story.receive((11_000, 11_001), "orders", &["a"])
    };
    kept(Outcome::Done).shows(Kind::Overlap);
    kept(Outcome::Unknown).is_fine();
}

#[test]
fn a_body_that_was_changed_is_wrong() {
    let story = |intact: bool| {
        let message = Delivery { intact, ..delivery("a", 3) };
        Story::new().send((1, 2), "orders", "a").receive_messages((3, 4), "orders", vec![message])
    };
    story(false).shows(Kind::WrongBody);
    story(true).is_fine();
}

#[test]
fn a_message_that_comes_in_another_group_is_wrong() {
    let message = Delivery { group: Some("g".into()), ..delivery("a", 3) };
    let story = Story::new().send((1, 2), "orders", "a");
    story.receive_messages((3, 4), "orders", vec![message]).shows(Kind::WrongBody);
}

#[test]
fn the_groups_of_a_fifo_topic_end_before_a_standard_queue() {
    let story = |topic: &str, queue: &str, group: Option<&str>| {
        let message = Sent { group: Some("g".into()), ..Sent::new("a") };
        let publish = Action::Publish { topic: topic.into(), queues: vec![queue.into()], message };
        let received = Delivery { group: group.map(Text::from), ..delivery("a", 3) };
        Story::new().act((1, 2), publish).receive_messages((3, 4), queue, vec![received])
    };
    story("news.fifo", "orders", None).is_fine();
    story("news.fifo", "orders", Some("g")).shows(Kind::WrongBody);
    story("news.fifo", "orders.fifo", Some("g")).is_fine();
    story("news.fifo", "orders.fifo", None).shows(Kind::WrongBody);
    story("news", "orders", Some("g")).is_fine();
    story("news", "orders", None).shows(Kind::WrongBody);
}

#[test]
fn every_change_of_a_body_shows() {
    let text = body("p1-17", 300);
    assert!(text.len() >= 300);
    assert!(read_body(&text).intact);
    assert_eq!(read_body(&text).name, "p1-17");
    for place in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[place] ^= 1;
        assert!(!read_body(&String::from_utf8(changed).unwrap()).intact, "byte {place}");
        assert!(!read_body(&text[..place]).intact, "cut at {place}");
    }
    assert!(!read_body(&format!("{text}0")).intact);
    assert!(!read_body("p1-17|99999999999999999999").intact);
}
