//! Readers that cannot keep up, and those that do not want to.

use super::*;
use std::time::Duration;

fn reader(world: &World, buffer: u32, overflow: Overflow) -> Reader {
    let mut reader = world.subscribe(Request { buffer, overflow, ..request(&["topic-1"]) });
    assert_eq!(take(&mut reader), ["live"]);
    reader
}

#[test]
fn who_is_behind_loses_the_oldest_the_newest_or_all() {
    let mut world = World::new();
    let mut oldest = reader(&world, 3, Overflow::DropOldest);
    let mut newest = reader(&world, 3, Overflow::DropNewest);
    let mut all = reader(&world, 3, Overflow::Close);
    world.publish_many(1, 3);
    for reader in [&mut oldest, &mut newest, &mut all] {
        assert_eq!(take(reader), ["0", "1", "2"]);
    }
    world.publish_many(1, 5);
    assert_eq!(take(&mut oldest), ["-2 4..5 overflow", "5", "6", "7"]);
    assert_eq!(take(&mut newest), ["3", "4", "5", "-2 7..8 overflow"]);
    assert_eq!(word(&all.ready().unwrap()), "closed 4429");
}

#[test]
fn a_frozen_reader_is_told_what_the_ring_could_not_keep_and_others_are_not_concerned() {
    let mut world = World::new();
    let mut frozen = reader(&world, 1_000, Overflow::DropOldest);
    let mut swift = reader(&world, 1_000, Overflow::DropOldest);
    for number in 0..100 {
        world.publish(1);
        assert_eq!(take(&mut swift), [number.to_string()]);
    }
    let taken = take(&mut frozen);
    assert_eq!(taken[..2], ["-90 1..90 overflow", "90"]);
    assert_eq!(taken.len(), 11);
}

#[test]
fn what_the_filter_keeps_back_is_no_loss() {
    let mut world = World::new();
    let mut reader = world.subscribe(Request { buffer: 3, filter: even(), ..request(&["topic-1"]) });
    world.publish_many(1, 9);
    assert_eq!(take(&mut reader), ["live", "-3 1..6 overflow", "6", "8"]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_leaves_out_what_is_too_much_and_gives_the_latest() {
    let mut world = World::new();
    world.publish_many(1, 2);
    let interval = Some(Duration::from_millis(100));
    let mut reader = world.subscribe(Request { interval, since: Since::Last(2), ..request(&["topic-1"]) });
    // History is what was asked for.
    assert_eq!(take(&mut reader), ["(0)", "(1)", "live"]);
    let begun = tokio::time::Instant::now();
    world.publish(1);
    assert_eq!(word(&reader.next().await), "2");
    world.publish_many(1, 3);
    assert_eq!(take(&mut reader), Vec::<String>::new());
    world.publish(1);
    assert_eq!([word(&reader.next().await), word(&reader.next().await)], ["-3 4..6 sampled", "6"]);
    assert_eq!(begun.elapsed().as_millis(), 100);
    tokio::time::advance(Duration::from_secs(1)).await;
    world.publish(1);
    assert_eq!(word(&reader.next().await), "7");
}

fn keyed(world: &World, buffer: u32, overflow: Overflow) -> Reader {
    let conflate_by = Some("/k".to_owned());
    world.subscribe(Request { buffer, overflow, conflate_by, ..request(&["topic-1"]) })
}

fn message(key: &str, number: u64) -> String {
    format!("{{\"k\":{key},\"n\":{number}}}")
}

#[test]
fn the_latest_of_each_key_is_given_in_the_order_in_which_they_came() {
    let mut world = World::new();
    let mut reader = keyed(&world, 1_000, Overflow::DropOldest);
    assert_eq!(take(&mut reader), ["live"]);
    for (key, number) in [("1", 0), ("\"1\"", 1), ("1", 2), ("{\"a\":[1]}", 3), ("{\"a\":[1]}", 4)] {
        world.publish_text(1, &message(key, number), None);
    }
    for text in ["{}", "no JSON", "{}"] {
        world.publish_text(1, text, None);
    }
    let expected = [
        "-2 1..4 sampled".to_owned(),
        message("\"1\"", 1),
        message("1", 2),
        message("{\"a\":[1]}", 4),
        "{}".to_owned(),
        "no JSON".to_owned(),
        "{}".to_owned(),
    ];
    assert_eq!(take(&mut reader), expected);
}

#[test]
fn more_keys_than_the_buffer_holds_are_an_overflow() {
    let publish = |world: &mut World, numbers: std::ops::Range<u64>| {
        numbers.for_each(|number| world.publish_text(1, &message(&number.to_string(), number), None));
    };
    let messages =
        |numbers: &[u64]| numbers.iter().map(|number| message(&number.to_string(), *number)).collect();
    let with = |first: &str, rest: Vec<String>| [vec![first.to_owned()], rest].concat();
    let cases = [
        (Overflow::DropOldest, with("-2 2..3 overflow", messages(&[3, 4, 5, 6]))),
        (Overflow::DropNewest, with("-2 6..7 overflow", messages(&[1, 2, 3, 4]))),
        (Overflow::Close, Vec::new()),
    ];
    for (overflow, expected) in cases {
        let mut world = World::new();
        let mut reader = keyed(&world, 4, overflow);
        publish(&mut world, 0..4);
        let begun = [(); 2].map(|()| word(&reader.ready().unwrap()));
        assert_eq!(begun, ["live".to_owned(), message("0", 0)]);
        publish(&mut world, 4..7);
        assert_eq!(take(&mut reader), expected, "{overflow:?}");
    }
}

#[test]
fn what_is_held_back_has_a_limit_of_bytes() {
    let mut world = World::with(Limits::new(0));
    let mut reader = keyed(&world, 1_000, Overflow::DropOldest);
    assert_eq!(take(&mut reader), ["live"]);
    let padding = "x".repeat(500_000);
    for number in 0..10 {
        world.publish_text(1, &format!("{{\"k\":{number},\"p\":\"{padding}\"}}"), None);
    }
    let taken = take(&mut reader);
    assert_eq!((taken[0].as_str(), taken.len()), ("-6 1..6 overflow", 5));
}
