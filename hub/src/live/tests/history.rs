//! What a reader is given of the time before it came.

use super::*;

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
    // As many as there are; nobody was promised more.
    assert_eq!(since(&world, Since::Last(50)), ["(2)", "(3)", "(4)", "(5)", "live"]);
    let mut none = World::with(Limits { history: 0, ..SMALL });
    none.publish(1);
    assert_eq!(since(&none, Since::Last(3)), ["live"]);
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
