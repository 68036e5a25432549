//! Tests of live subscriptions without a hub: a test appends, and reads.

mod books;
mod history;
mod pace;
mod resume;

use super::request::{Overflow, Request, Since};
use super::topics::Topics;
use super::*;
use crate::content::{Attribute, Draft, Published, Value};
use filters::{Policy, Scope};
use queue_core::{Accepted, Machine, TopicId};

/// Rings small enough to be overrun: ten events while somebody reads, four else.
const SMALL: Limits = Limits { history: 4, events: 10, bytes: 1 << 20 };

struct World {
    live: Arc<Live>,
    recorder: Recorder,
    /// What was published; the message of an event is its place here.
    published: u64,
}

fn name(topic: u64) -> Name {
    Name::new("000000000000", "us-east-1", &format!("topic-{topic}"))
}

/// What is asked of readers most of the time: one topic, from now on.
fn request(topics: &[&str]) -> Request {
    let named = |text: &&&str| Name::new("000000000000", "us-east-1", text);
    let (patterns, names) = topics.iter().partition::<Vec<_>, _>(|text| text.contains('*'));
    Request {
        topics: Topics {
            names: names.iter().map(named).collect(),
            patterns: patterns.iter().map(named).collect(),
        },
        filter: None,
        since: Since::Now,
        buffer: 1_000,
        overflow: Overflow::DropOldest,
        interval: None,
        conflate_by: None,
    }
}

/// Lets every second event through.
fn even() -> Option<Policy> {
    Some(Policy::compile(r#"{"even": ["true"]}"#, Scope::MessageAttributes).unwrap())
}

impl World {
    fn new() -> Self {
        Self::with(SMALL)
    }

    fn with(limits: Limits) -> Self {
        let live = Arc::new(Live::with(limits, Timestamp(1_000)));
        Self { recorder: Recorder::new(Arc::clone(&live), &Machine::default()), live, published: 0 }
    }

    fn publish(&mut self, topic: u64) {
        let text = self.published.to_string();
        self.publish_text(topic, &text, None);
    }

    /// Publishes, one millisecond after the last time, and wakes whoever reads.
    fn publish_text(&mut self, topic: u64, text: &str, sequence: Option<u64>) {
        let even = Attribute {
            name: "even".into(),
            data_type: "String".into(),
            value: Value::Text(self.published.is_multiple_of(2).to_string().into()),
        };
        let published = Published {
            topic: name(topic),
            message: text.to_owned(),
            structured: false,
            subject: None,
            attributes: vec![even],
            trace: None,
            group: None,
            deduplication_id: None,
            base_url: "http://localhost".into(),
        };
        let tap = Tap { topic: TopicId(topic), drafts: vec![Draft { published, texts: None }] };
        let accepted = Accepted { id: u128::from(self.published), sequence };
        self.published += 1;
        self.recorder.record(tap, &[accepted], Timestamp(1_000 + self.published));
        self.recorder.announce();
        self.live.cry();
    }

    fn publish_many(&mut self, topic: u64, count: u64) {
        (0..count).for_each(|_| self.publish(topic));
    }

    fn subscribe(&self, request: Request) -> Reader {
        self.live.subscribe(request)
    }

    fn listeners(&self) -> usize {
        self.live.read().rings.values().map(|ring| ring.listeners()).sum()
    }
}

/// Everything that is there, as words: a message, `(a message)` of history, `-n from..to why` for a gap, `live`, and
/// what follows from `recovered`.
fn take(reader: &mut Reader) -> Vec<String> {
    std::iter::from_fn(|| reader.ready()).take_while(|item| !is_end(item)).map(|item| word(&item)).collect()
}

fn is_end(item: &Item) -> bool {
    matches!(item, Item::Closed(_))
}

fn word(item: &Item) -> String {
    match item {
        Item::Event { event, replay: false } => event.text().to_owned(),
        Item::Event { event, replay: true } => format!("({})", event.text()),
        Item::Gap(Gap { dropped, from, to, why, .. }) => format!("-{dropped} {from}..{to} {}", why.word()),
        Item::Live(Beginning { recovered: true, .. }) => "live".to_owned(),
        Item::Live(Beginning { recovered: false, .. }) => "live, not recovered".to_owned(),
        Item::Closed(close) => format!("closed {}", close.code()),
    }
}

#[test]
fn a_reader_sees_what_comes_and_nothing_else() {
    let mut world = World::new();
    world.publish(1);
    let mut reader = world.subscribe(request(&["topic-1"]));
    world.publish_many(1, 2);
    world.publish(2);
    assert_eq!(take(&mut reader), ["live", "1", "2"]);
    world.publish(1);
    assert_eq!(take(&mut reader), ["4"]);
}

#[test]
fn a_pattern_follows_topics_that_come_later_in_the_order_of_all() {
    let mut world = World::new();
    world.publish(1);
    let mut reader = world.subscribe(request(&["topic-*"]));
    for topic in [2, 1, 3, 2, 1] {
        world.publish(topic);
    }
    assert_eq!(take(&mut reader), ["live", "1", "2", "3", "4", "5"]);
}

#[test]
fn a_topic_that_is_made_anew_goes_on_with_another_epoch() {
    let mut world = World::new();
    let mut reader = world.subscribe(request(&["topic-1"]));
    world.publish(1);
    world.recorder.forget(TopicId(1));
    let mut other = world.subscribe(Request { since: Since::Last(9), ..request(&["topic-1"]) });
    assert_eq!(take(&mut other), ["live"]);
    world.publish(1);
    assert_eq!(take(&mut reader), ["live", "0", "1"]);
    assert_eq!(reader.cursors.len(), 1, "the ring of the topic that is gone is let go");
    assert_eq!(take(&mut other), ["1"]);
}

#[test]
fn a_repeated_publish_to_a_fifo_topic_is_no_event() {
    let mut world = World::new();
    let mut reader = world.subscribe(request(&["topic-1"]));
    for (text, sequence) in [("a", 7), ("b", 8), ("again", 7), ("c", 9), ("again", 9)] {
        world.publish_text(1, text, Some(sequence));
    }
    assert_eq!(take(&mut reader), ["live", "a", "b", "c"]);
}

#[test]
fn an_event_is_one_text_for_all() {
    let mut world = World::new();
    let mut readers = [0, 1].map(|_| world.subscribe(request(&["topic-1"])));
    world.publish_text(1, "{\"ä\": \"\n\"}", Some(3));
    let mut texts = readers.iter_mut().filter_map(|reader| match reader.ready().zip(reader.ready()) {
        Some((Item::Live(_), Item::Event { event, .. })) => Some(event),
        _ => None,
    });
    let (one, other) = (texts.next().unwrap(), texts.next().unwrap());
    assert!(std::ptr::eq(one.json(), other.json()));
    let epoch = &one.epoch;
    let expected = format!(
        r#""offset":1,"epoch":"{epoch}","topic":"topic-1","messageId":"00000000-0000-0000-0000-000000000000","#
    ) + r#""message":"{\"ä\": \"\n\"}","attributes":{"even":{"StringValue":"true","DataType":"String"}},"#
        + r#""time":"1970-01-01T00:00:01.001Z","sequenceNumber":"10000000000000000003""#;
    assert_eq!(one.json(), expected);
}

#[test]
fn a_reader_that_goes_leaves_nothing_behind() {
    let mut world = World::new();
    world.publish_many(1, 3);
    let readers: Vec<_> = (0..5).map(|_| world.subscribe(request(&["topic-*", "topic-1"]))).collect();
    world.publish_many(2, 9);
    assert_eq!((world.listeners(), world.live.read().bells.len()), (10, 5));
    let ring = Arc::clone(world.live.read().rings.values().last().unwrap());
    assert_eq!(ring.next() - ring.read().first, 9);
    drop(readers);
    assert_eq!((world.listeners(), world.live.read().bells.len()), (0, 0));
    assert_eq!(ring.next() - ring.read().first, 4, "without readers less is kept");
}

#[tokio::test]
async fn who_waits_is_woken_by_an_event_and_by_the_end() {
    let mut world = World::new();
    let mut reader = world.subscribe(request(&["topic-1"]));
    assert_eq!(word(&reader.next().await), "live");
    let (item, ()) = tokio::join!(reader.next(), async { world.publish(1) });
    assert_eq!(word(&item), "0");
    let live = Arc::clone(&world.live);
    let (item, ()) = tokio::join!(reader.next(), async { live.close() });
    assert_eq!(word(&item), "closed 1001");
    assert_eq!(word(&reader.next().await), "closed 1001");
}

#[test]
fn all_topics_together_have_a_limit_and_the_one_of_longest_ago_gives_way() {
    const TEXT_BYTES: usize = 250_000;
    let mut world = World::with(Limits::new(100));
    let text = "x".repeat(TEXT_BYTES);
    let mut slow = world.subscribe(request(&["topic-0"]));
    for topic in 0..200 {
        world.publish_text(topic, &text, None);
        assert!(world.live.bytes.load(Ordering::Relaxed) <= limits::ALL_BYTES_MAX);
    }
    let kept = |topic: u64| {
        let found = world.live.read().rings.values().find(|ring| ring.topic == name(topic)).map(Arc::clone);
        found.is_some_and(|ring| ring.read().events().next().is_some())
    };
    assert_eq!(take(&mut slow), ["live", "-1 1..1 overflow"]);
    assert!(!kept(0) && !kept(60) && kept(150) && kept(199));
    for topic in 0..200 {
        world.recorder.forget(TopicId(topic));
    }
    assert_eq!(world.live.bytes.load(Ordering::Relaxed), 0);
    assert!(world.live.read().rings.is_empty());
}

#[test]
fn what_readers_still_have_to_see_of_topics_that_are_gone_counts_until_they_have_seen_it() {
    const TEXT_BYTES: usize = 250_000;
    let mut world = World::with(Limits::new(100));
    let text = "x".repeat(TEXT_BYTES);
    let mut readers = [0, 1].map(|_| world.subscribe(request(&["*"])));
    let mut rings = Vec::new();
    for topic in 0..200 {
        world.publish_text(topic, &text, None);
        rings.extend(world.live.read().rings.values().map(Arc::clone));
        world.recorder.forget(TopicId(topic));
        assert!(world.live.bytes.load(Ordering::Relaxed) <= limits::ALL_BYTES_MAX);
    }
    let weigh = |ring: &Arc<Ring>| ring.read().events().map(|event| event.weight()).sum::<usize>();
    let kept: usize = rings.iter().map(weigh).sum();
    assert!(kept > limits::ALL_BYTES_MAX / 2);
    assert_eq!((weigh(&rings[0]), weigh(&rings[199]) > 0), (0, true), "the oldest gives way");
    assert_eq!(kept, world.live.bytes.load(Ordering::Relaxed), "what is counted is what is there");
    let taken = take(&mut readers[0]);
    assert_eq!(taken.len(), 201, "each is given or counted");
    assert_eq!((taken[1].as_str(), taken[200].as_str()), ("-1 1..1 overflow", text.as_str()));
    assert_eq!(kept, world.live.bytes.load(Ordering::Relaxed), "the other reader has seen nothing");
    assert_eq!(take(&mut readers[1]).len(), 201);
    assert_eq!((world.live.bytes.load(Ordering::Relaxed), rings.iter().map(weigh).sum()), (0, 0_usize));
}
