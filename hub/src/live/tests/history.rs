//! What a reader is given of the time before it came.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn since(world: &World, since: Since) -> Vec<String> {
    take(&mut world.subscribe(Request { since, ..request(&["topic-1"]) }))
}

#[test]
fn the_last_events_are_kept_for_the_first_who_comes() {
    let mut world = World::new();
    assert_eq!(since(&world, Since::Last(3)), ["live"]);
    world.publish_many(1, 6);
    assert_eq!(since(&world, Since::Last(3)), ["(3)", "(4)", "(5)", "live"]);
    assert_eq!(since(&world, Since::Last(0)), ["live"]);
    assert_eq!(since(&world, Since::Last(4)), ["(2)", "(3)", "(4)", "(5)", "live"]);
    // As many as there are; that there were more is said.
    assert_eq!(since(&world, Since::Last(50)), ["(2)", "(3)", "(4)", "(5)", "live, not recovered"]);
    let mut none = World::with(Limits { history: 0, ..SMALL });
    none.publish(1);
    assert_eq!(since(&none, Since::Last(3)), ["live, not recovered"]);
}

#[test]
fn the_last_events_are_the_last_that_the_filter_lets_through() {
    let mut world = World::new();
    world.publish_many(1, 5);
    let last = |count| Request { since: Since::Last(count), filter: even(), ..request(&["topic-1"]) };
    assert_eq!(take(&mut world.subscribe(last(1))), ["(4)", "live"]);
    assert_eq!(take(&mut world.subscribe(last(2))), ["(2)", "(4)", "live"]);
}

#[test]
fn the_last_events_of_several_topics_are_the_last_of_all() {
    let mut world = World::new();
    for topic in [1, 1, 2, 1, 2, 3] {
        world.publish(topic);
    }
    let last = Request { since: Since::Last(3), ..request(&["topic-1", "topic-2"]) };
    assert_eq!(take(&mut world.subscribe(last)), ["(2)", "(3)", "(4)", "live"]);
    // The first topic has let go what was later than the end of what is wanted, or has not.
    world.publish_many(1, 4);
    let last = |count| Request { since: Since::Last(count), ..request(&["topic-1", "topic-2"]) };
    let told = |count| take(&mut world.subscribe(last(count))).pop().unwrap();
    assert_eq!((told(4), told(5)), ("live".to_owned(), "live, not recovered".to_owned()));
}

#[test]
fn history_is_given_whole_however_small_the_buffer() {
    let mut world = World::new();
    let _reads = world.subscribe(request(&["topic-1"]));
    world.publish_many(1, 10);
    let mut reader = world.subscribe(Request { since: Since::Last(10), buffer: 2, ..request(&["topic-1"]) });
    assert_eq!(take(&mut reader).len(), 11);
}

#[test]
fn a_time_is_remembered_as_far_as_events_are_there() {
    let mut world = World::new();
    world.publish_many(1, 2);
    assert_eq!(since(&world, Since::Time(Timestamp(1_000))), ["(0)", "(1)", "live"]);
    assert_eq!(since(&world, Since::Time(Timestamp(1_002))), ["(1)", "live"]);
    assert_eq!(since(&world, Since::Time(Timestamp(2_000))), ["live"]);
    let before_the_start = since(&world, Since::Time(Timestamp(999)));
    assert_eq!(before_the_start, ["(0)", "(1)", "live, not recovered"]);
    world.publish_many(1, 4);
    assert_eq!(since(&world, Since::Time(Timestamp(1_003))), ["(2)", "(3)", "(4)", "(5)", "live"]);
    assert_eq!(
        since(&world, Since::Time(Timestamp(1_002))),
        ["(2)", "(3)", "(4)", "(5)", "live, not recovered"]
    );
}

/// The rare events of the first topic, of which the last is far back.
fn rare(world: &mut World) -> Reader {
    world.publish_text(1, r#"{"kind":"rare"}"#, None);
    world.publish_many(1, 3 * u64::from(limits::LOOKS_PER_TURN));
    let filter = Policy::compile(r#"{"kind":["rare"]}"#, Scope::MessageBody).unwrap();
    world.subscribe(Request { since: Since::Last(1), filter: Some(filter), ..request(&["topic-1"]) })
}

#[test]
fn the_last_events_are_looked_for_in_turns_and_what_comes_meanwhile_is_news() {
    let mut world = World::with(Limits::new(10_000));
    let mut reader = rare(&mut world);
    for _ in 0..3 {
        assert!(reader.ready().is_none() && reader.place().is_none(), "others have their turn");
    }
    world.publish_text(1, r#"{"kind":"rare","is":"new"}"#, None);
    let taken: Vec<_> = (0..20).flat_map(|_| take(&mut reader)).collect();
    assert_eq!(taken, [r#"({"kind":"rare"})"#, "live", r#"{"kind":"rare","is":"new"}"#]);
}

#[test]
fn what_is_let_go_while_the_last_events_are_looked_for_is_counted() {
    let mut world = World::with(Limits { history: 10_000, events: 1_000, bytes: 1 << 20 });
    let mut reader = rare(&mut world);
    assert!(reader.ready().is_none());
    world.publish_many(1, 5_000);
    let taken: Vec<_> = (0..50).flat_map(|_| take(&mut reader)).collect();
    let before = 1 + 3 * u64::from(limits::LOOKS_PER_TURN);
    let lost = format!("-4000 {}..{} overflow", before + 1, before + 4_000);
    assert_eq!(taken, ["live, not recovered".to_owned(), lost]);
}

proptest! {
    #[test]
    fn the_last_are_the_last_of_all_topics_whatever_was_published(
        topics in vec(1_u64..5, 0..40),
        count in 0_usize..12,
        filtered: bool,
    ) {
        let mut world = World::with(Limits::new(100));
        topics.iter().for_each(|topic| world.publish(*topic));
        let filter = if filtered { even() } else { None };
        let last = Request { since: Since::Last(count), filter, ..request(&["topic-*"]) };
        let passing = (0..topics.len()).filter(|number| !filtered || number % 2 == 0);
        let mut expected: Vec<_> = passing.rev().take(count).map(|number| format!("({number})")).collect();
        expected.reverse();
        expected.push("live".to_owned());
        prop_assert_eq!(take(&mut world.subscribe(last)), expected);
    }
}
