//! Coming back.

use super::*;

/// Where a reader of the first topic stands after everything that there is.
fn place(world: &World, followed: &str) -> Place {
    let mut reader = world.subscribe(request(&[followed]));
    take(&mut reader);
    reader.place().unwrap()
}

fn back(world: &World, place: &Place, followed: &str) -> Vec<String> {
    let since = Since::Place(Place::parse(&place.to_string()).unwrap());
    take(&mut world.subscribe(Request { since, ..request(&[followed]) }))
}

#[test]
fn who_comes_back_gets_what_came_since() {
    let mut world = World::new();
    for followed in ["topic-1", "topic-*"] {
        let place = place(&world, followed);
        assert_eq!(back(&world, &place, followed), ["live"]);
        let number = world.published;
        world.publish_many(1, 2);
        let expected = [format!("({number})"), format!("({})", number + 1), "live".to_owned()];
        assert_eq!(back(&world, &place, followed), expected);
    }
}

#[test]
fn what_is_not_kept_any_more_is_counted() {
    let mut world = World::new();
    world.publish(1);
    let place = place(&world, "topic-1");
    world.publish_many(1, 4);
    assert_eq!(back(&world, &place, "topic-1"), ["(1)", "(2)", "(3)", "(4)", "live"]);
    world.publish_many(1, 2);
    let expected = ["-2 2..3 retention", "(3)", "(4)", "(5)", "(6)", "live, not recovered"];
    assert_eq!(back(&world, &place, "topic-1"), expected);
}

#[test]
fn a_place_of_another_life_is_not_recovered() {
    let (mut world, mut other) = (World::new(), World::new());
    other.publish(1);
    let place = place(&other, "topic-1");
    assert_eq!(back(&world, &place, "topic-1"), ["live, not recovered"]);
    world.publish_many(1, 2);
    assert_eq!(back(&world, &place, "topic-1"), ["(0)", "(1)", "live, not recovered"]);
    // Nor is one that no event has had yet.
    let epoch = Arc::clone(&world.live.read().rings.values().next().unwrap().epoch);
    let future = Place { offset: 99, epoch };
    assert_eq!(back(&world, &future, "topic-1"), ["(0)", "(1)", "live, not recovered"]);
}

#[test]
fn a_place_in_one_topic_is_one_in_all() {
    let mut world = World::new();
    for topic in [1, 2, 1, 3, 2] {
        world.publish(topic);
    }
    let epoch = Arc::clone(&world.live.read().rings.values().next().unwrap().epoch);
    let second_of_the_first = Place { offset: 2, epoch };
    assert_eq!(back(&world, &second_of_the_first, "topic-*"), ["(3)", "(4)", "live"]);
    world.publish_many(2, 4);
    // Of the second topic something is missing, and how much is not known.
    let expected = ["(3)", "(5)", "(6)", "(7)", "(8)", "live, not recovered"];
    assert_eq!(back(&world, &second_of_the_first, "topic-*"), expected);
}

#[test]
fn a_place_is_read_as_it_is_written() {
    for text in ["e12-3:45", " e0:0 "] {
        assert_eq!(Place::parse(text).unwrap().to_string(), text.trim());
    }
    for text in ["", "e12-3", "12:3", "e1:x", "e 1:2", "e1:-1", "2026-01-02T03:04:05Z", "e\u{e9}:1"] {
        assert_eq!(Place::parse(text), None, "{text}");
    }
}
