//! Every event is given or counted in a gap, once, whatever happens in between.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Act {
    Publish { topic: u64, count: u64 },
    Read(usize),
}

fn act(topics: u64) -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (1..=topics, 1_u64..8).prop_map(|(topic, count)| Act::Publish { topic, count }),
        1 => (1..=topics, 8_u64..30).prop_map(|(topic, count)| Act::Publish { topic, count }),
        3 => (0_usize..9).prop_map(Act::Read),
        1 => Just(Act::Read(usize::MAX)),
    ]
}

/// What became of the events of one topic, by their offsets.
#[derive(Default)]
struct Book {
    /// The numbers of what was published, in order.
    published: Vec<u64>,
    given: Vec<u64>,
    gaps: Vec<(u64, u64, u64)>,
}

impl Book {
    /// Every event is accounted for once, in order.
    fn check(&self, filtered: bool) {
        let mut expected = 0_usize;
        let mut given = self.given.iter().peekable();
        for (from, to, dropped) in self.gaps.iter().copied().chain([(u64::MAX, u64::MAX, 0)]) {
            while let Some(offset) = given.next_if(|offset| **offset < from) {
                expected = self.skip_filtered(expected, *offset, filtered);
                assert_eq!(expected as u64 + 1, *offset, "neither given nor counted");
                expected += 1;
            }
            if from == u64::MAX {
                break;
            }
            expected = self.skip_filtered(expected, from, filtered);
            assert_eq!(expected as u64 + 1, from, "a gap begins where giving ended");
            let inside = self.published[expected..to as usize].iter();
            let passing = inside.filter(|number| !filtered || *number % 2 == 0).count() as u64;
            // What a ring has let go cannot be asked any more.
            let range = passing..=if filtered { to - from + 1 } else { passing };
            assert!(range.contains(&dropped), "{dropped} of {range:?}");
            expected = to as usize;
        }
        assert_eq!(given.next(), None);
        let end = self.skip_filtered(expected, u64::MAX, filtered);
        assert_eq!(end, self.published.len());
    }

    fn skip_filtered(&self, mut from: usize, offset: u64, filtered: bool) -> usize {
        while filtered
            && (from as u64) + 1 < offset
            && self.published.get(from).is_some_and(|number| number % 2 == 1)
        {
            from += 1;
        }
        from
    }
}

struct Reading {
    world: World,
    reader: Reader,
    books: Vec<Book>,
    last: Option<u64>,
}

impl Reading {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Publish { topic, count } => {
                for _ in 0..count {
                    self.books[topic as usize].published.push(self.world.published);
                    self.world.publish(topic);
                }
            }
            Act::Read(most) => {
                for _ in 0..most {
                    let Some(item) = self.reader.ready() else { break };
                    self.note(&item);
                }
            }
        }
    }

    fn note(&mut self, item: &Item) {
        let book = |topic: &str| topic.strip_prefix("topic-").unwrap().parse::<usize>().unwrap();
        match item {
            Item::Event { event, replay } => {
                assert!(!replay);
                let number = event.text().parse().unwrap();
                assert!(self.last.is_none_or(|last| last < number), "in the order of all topics");
                self.last = Some(number);
                self.books[book(event.topic())].given.push(event.offset);
            }
            Item::Gap(gap) => {
                assert_eq!(gap.why, Why::Overflow);
                self.books[book(&gap.topic)].gaps.push((gap.from, gap.to, gap.dropped));
            }
            Item::Live(beginning) => assert!(beginning.recovered),
            Item::Closed(_) => panic!("nobody asked for that"),
        }
    }
}

proptest! {
    #[test]
    fn every_event_is_given_or_counted_once(
        acts in vec(act(1), 0..60),
        overflow in prop_oneof![Just(Overflow::DropOldest), Just(Overflow::DropNewest)],
        buffer in 1_u32..14,
        filtered: bool,
    ) {
        let world = World::new();
        let filter = if filtered { even() } else { None };
        let reader = world.subscribe(Request { buffer, overflow, filter, ..request(&["topic-1"]) });
        let books = vec![Book::default(), Book::default()];
        let mut reading = Reading { world, reader, books, last: None };
        acts.iter().chain([&Act::Read(usize::MAX)]).for_each(|act| reading.act(act));
        reading.books[1].check(filtered);
    }

    #[test]
    fn the_same_holds_for_several_topics_together(
        acts in vec(act(4), 0..60),
        buffer in 1_u32..14,
    ) {
        let world = World::new();
        let reader = world.subscribe(Request { buffer, ..request(&["topic-*"]) });
        let books = (0..5).map(|_| Book::default()).collect();
        let mut reading = Reading { world, reader, books, last: None };
        acts.iter().chain([&Act::Read(usize::MAX)]).for_each(|act| reading.act(act));
        reading.books.iter().for_each(|book| book.check(false));
    }

    #[test]
    fn who_comes_back_misses_nothing_that_he_is_not_told_of(
        before in 0_u64..25,
        read in 0_usize..25,
        topics in vec(1_u64..4, 0..25),
        is_one: bool,
    ) {
        let mut world = World::new();
        let followed = if is_one { ["topic-1"] } else { ["topic-*"] };
        let mut reader = world.subscribe(Request { buffer: 10, ..request(&followed) });
        (0..before.min(10)).for_each(|number| world.publish(number % 3 + 1));
        let mut place = None;
        let mut seen: Vec<u64> = Vec::new();
        for item in std::iter::from_fn(|| reader.ready()).take(read + 1) {
            match item {
                Item::Event { event, .. } => {
                    seen.push(event.text().parse().unwrap());
                    place = Some(event.place());
                }
                Item::Live(beginning) => place = Some(beginning.place),
                Item::Gap(_) | Item::Closed(_) => panic!("nothing is lost here"),
            }
        }
        drop(reader);
        let is_followed = |topic: u64| !is_one || topic == 1;
        let mut expected: Vec<u64> =
            (0..before.min(10)).filter(|number| is_followed(number % 3 + 1)).collect();
        for topic in topics {
            if is_followed(topic) {
                expected.push(world.published);
            }
            world.publish(topic);
        }
        let since = Since::Place(place.unwrap());
        let mut reader = world.subscribe(Request { since, buffer: 10, ..request(&followed) });
        let mut recovered = None;
        let mut lost = 0;
        for item in std::iter::from_fn(|| reader.ready()) {
            match item {
                Item::Event { event, replay } => {
                    assert!(replay);
                    seen.push(event.text().parse().unwrap());
                }
                Item::Gap(gap) => {
                    assert_eq!(gap.why, Why::Retention);
                    lost += gap.dropped;
                }
                Item::Live(beginning) => recovered = Some(beginning.recovered),
                Item::Closed(_) => panic!("nobody asked for that"),
            }
        }
        if recovered.unwrap() {
            assert_eq!((seen, lost), (expected, 0));
        } else if is_one {
            assert!(seen.is_sorted());
            assert_eq!(seen.len() as u64 + lost, expected.len() as u64);
        } else {
            // Some may come again, but what is still there comes.
            let rings: Vec<_> = world.live.read().rings.values().map(Arc::clone).collect();
            for ring in rings {
                let kept: Vec<u64> =
                    ring.read().events().map(|event| event.text().parse().unwrap()).collect();
                assert!(kept.iter().filter(|number| expected.contains(number)).all(|number| seen.contains(number)));
            }
        }
    }
}
