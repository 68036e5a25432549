//! The queues and topics of the simulation.

use super::hub::Commands;
use queue_core::{
    Command, CreateQueue, CreateTopic, DeduplicationScope, Endpoint, Genesis, LEVEL, Machine, Name,
    QueueAttributes, QueueId, RedrivePolicy, Subscribe, SubscriptionAttributes, Tags, TopicAttributes,
    TopicId,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Nothing expires in the simulation, however far the clock jumps.
const RETENTION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How long one of the topics keeps what was published: long enough that bodies are carried, short enough that there is
/// room for others.
const ARCHIVED: Duration = Duration::from_secs(60);

/// A queue by its name, its own delay in seconds, and where its messages go after so many receives.
type Shape = (&'static str, u64, Option<(&'static str, u32)>);

pub(super) const QUEUES: [Shape; 8] = [
    ("dead", 0, None),
    ("work", 0, Some(("dead", 3))),
    ("later", 20, None),
    ("orders.fifo", 0, None),
    ("steps.fifo", 0, None),
    ("mail", 0, None),
    ("audit", 0, None),
    ("ledger.fifo", 0, None),
];

/// A topic by its name, and the queues that subscribed to it.
pub(super) const TOPICS: [(&str, &[&str]); 2] =
    [("news", &["mail", "audit"]), ("trades.fifo", &["ledger.fifo", "audit"])];

pub(super) fn name(name: &str) -> Name {
    Name::new("000000000000", "us-east-1", name)
}

pub(super) fn queue_id(machine: &Machine, queue: &str) -> QueueId {
    machine.queue_named(&name(queue)).unwrap().id
}

pub(super) fn topic_id(machine: &Machine, topic: &str) -> TopicId {
    machine.topic_named(&name(topic)).unwrap().id
}

/// What the machine has not got yet; none if it has everything. A crash may have come between.
pub(super) fn missing(machine: &Machine) -> Option<Commands> {
    let mut commands = Vec::new();
    if machine.genesis().is_none() {
        let genesis = Genesis { level: LEVEL, store: 7, handle_key: [1; 32], hash_key: [2; 32] };
        commands.push(Command::Genesis(genesis));
    }
    for (queue, delay, redrive) in QUEUES {
        if machine.queue_named(&name(queue)).is_none() {
            commands.push(create_queue(queue, delay, redrive));
        }
    }
    for (topic, subscribers) in TOPICS {
        match machine.topic_named(&name(topic)) {
            None => commands.push(create_topic(topic)),
            Some(found) if found.subscriptions.is_empty() => {
                commands.extend(subscribers.iter().map(|queue| subscribe(found.id, queue)));
            }
            Some(_) => {}
        }
    }
    if commands.is_empty() {
        None
    } else {
        Some(commands.into_iter().map(|command| (command, Vec::new())).collect())
    }
}

fn create_queue(queue: &str, delay: u64, redrive: Option<(&str, u32)>) -> Command {
    let attributes = QueueAttributes {
        fifo: queue.ends_with(".fifo"),
        delay: Duration::from_secs(delay),
        retention: RETENTION,
        redrive: redrive
            .map(|(target, maximum_receives)| RedrivePolicy { target: name(target), maximum_receives }),
        ..QueueAttributes::default()
    };
    let (name, tags) = (name(queue), Tags::new());
    Command::CreateQueue(CreateQueue { name, attributes, tags, hold_deleted_name: false })
}

fn create_topic(topic: &str) -> Command {
    let attributes = TopicAttributes {
        fifo: topic.ends_with(".fifo"),
        content_based_deduplication: false,
        deduplication_scope: DeduplicationScope::Everything,
        archive: (topic == "news").then_some(ARCHIVED),
        texts: BTreeMap::new(),
    };
    Command::CreateTopic(CreateTopic { name: name(topic), attributes, tags: Tags::new() })
}

fn subscribe(topic: TopicId, queue: &str) -> Command {
    Command::Subscribe(Subscribe {
        topic,
        owner: "000000000000".into(),
        endpoint: Endpoint::Queue(name(queue)),
        attributes: SubscriptionAttributes { raw: true, ..SubscriptionAttributes::default() },
        asked: None,
        is_owners: true,
    })
}
