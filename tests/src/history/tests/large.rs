use std::time::{Duration, Instant};

use super::{Delivery, Kind, Story, delivery, in_group};

/// Enough for a build without optimisation on a slow machine; what is quadratic takes hours.
const PATIENCE: Duration = Duration::from_secs(60);

/// A FIFO queue with long groups and large answers: sends, receives of ten, deletes.
fn long_story(messages: u64, groups: u64) -> Story {
    let mut story = Story::new();
    let queue = "orders.fifo";
    for number in 0..messages {
        let (name, group) = (format!("m{number}"), format!("g{}", number % groups));
        story = story.send_message((number * 2, number * 2 + 1), queue, in_group(&name, &group, &name));
    }
    let mut at = messages * 2 + 10;
    for group in 0..groups {
        let mut numbers = (0..messages).filter(|number| number % groups == group).peekable();
        while numbers.peek().is_some() {
            let taken = numbers.by_ref().take(10).collect::<Vec<_>>();
            let give = |number: &u64| Delivery {
                group: Some(format!("g{group}").into()),
                sequence: Some(u128::from(*number)),
                identity: u128::from(*number) + 1,
                count: 1,
                ..delivery(&format!("m{number}"), *number)
            };
            story = story.receive_messages((at, at + 1), queue, taken.iter().map(give).collect());
            for number in taken {
                story = story.delete((at + 2, at + 3), queue, &format!("m{number}"), number);
            }
            at += 5;
        }
    }
    story.drain(at, &[queue])
}

#[test]
fn half_a_million_operations_are_checked_in_time() {
    let story = long_story(240_000, 7);
    assert!(story.history.operations().len() > 500_000);
    let started = Instant::now();
    story.is_fine();
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}

#[test]
fn one_delete_that_is_taken_out_of_a_long_history_shows() {
    let mut story = long_story(2_000, 3);
    let operations = story.history.operations_mut();
    let delete = operations.len() - 2;
    operations.remove(delete);
    story.shows(Kind::Lost);
}
