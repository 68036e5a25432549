use super::{Kind, Story, VISIBILITY, in_group};
use crate::history::Outcome;

const LIST: &str = "all.fifo";
const HIGH: &str = "high.fifo";
const LOW: &str = "low.fifo";

/// `a` is sent to one member of a list and `b` to another, in one group.
fn two() -> Story {
    let mut story = Story::new();
    story.history.list(LIST, &[HIGH, LOW]);
    let story = story.send_message((1, 2), LOW, in_group("a", "g", "a"));
    story.send_message((3, 4), HIGH, in_group("b", "g", "b"))
}

#[test]
fn what_a_list_gives_comes_from_its_member() {
    let story = two().receive((5, 6), LIST, &["b"]).delete((7, 8), LIST, "b", 5);
    let story = story.receive((9, 10), LIST, &["a"]).delete((11, 12), LOW, "a", 9);
    let drained = story.drain(20, &[HIGH, LOW]);
    drained.is_fine();
    drained.receive((30, 31), HIGH, &["b"]).shows(Kind::Resurrected);
    two().receive((5, 6), LIST, &["c"]).shows(Kind::Unexpected);
    two().receive((5, 6), HIGH, &["a"]).shows(Kind::Unexpected);
    two().drain(20, &[HIGH, LOW]).shows(Kind::Lost);
}

#[test]
fn a_group_is_out_in_one_member_at_a_time() {
    let received = |again: u64| two().receive((5, 6), LIST, &["a"]).receive((7, again), LIST, &["b"]);
    received(VISIBILITY + 4).shows(Kind::Overlap);
    received(VISIBILITY + 5).is_fine();
    two().receive((5, 6), LIST, &["b", "a"]).shows(Kind::Overlap);
    two().receive((5, 9), LIST, &["a"]).receive((6, 8), LIST, &["b"]).shows(Kind::Overlap);
    let deleted = two().receive((5, 6), LIST, &["a"]).delete((7, 8), LIST, "a", 5);
    deleted.receive((8, 9), LIST, &["b"]).is_fine();
}

#[test]
fn who_receives_from_a_member_sees_that_member_alone() {
    two().receive((5, 6), LIST, &["a"]).receive((7, 8), HIGH, &["b"]).is_fine();
    two().receive((5, 6), LOW, &["a"]).receive((7, 8), LIST, &["b"]).shows(Kind::Overlap);
    // The one from the list may have been the first.
    two().receive((5, 9), LOW, &["a"]).receive((6, 8), LIST, &["b"]).is_fine();
}

#[test]
fn a_receive_without_an_answer_may_have_counted_in_each_member() {
    let count = |outcome: Outcome| {
        let story = two().ends(outcome).receive((5, 6), LIST, &[]);
        let give =
            |name, count| super::Delivery { count, group: Some("g".into()), ..super::delivery(name, 7) };
        let story = story.receive_messages((20_000, 20_001), HIGH, vec![give("b", 2)]);
        story.receive_messages((20_000, 20_001), LOW, vec![give("a", 2)])
    };
    count(Outcome::Unknown).is_fine();
    count(Outcome::Done).shows(Kind::Miscounted);
}
