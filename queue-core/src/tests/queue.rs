//! What can be read and set of a queue.

use super::player::commands::name;
use super::world::{START, World};
use crate::{
    Command, CreateQueue, DeduplicationScope, Machine, Name, Queue, QueueAttributes, QueueId, Reply,
    SetQueueAttributes, SetQueueTags, Tags, Timestamp,
};
use std::time::Duration;

fn world_with(attributes: QueueAttributes) -> (World, QueueId) {
    let mut world = World::new();
    let command = Command::CreateQueue(CreateQueue {
        name: name("orders"),
        attributes,
        tags: Tags::from([("team".into(), "blue".into())]),
        hold_deleted_name: true,
    });
    let replies = world.apply(START, vec![(command, Vec::new())]);
    let Ok(Reply::QueueCreated(id)) = replies[0] else {
        panic!("{replies:?}");
    };
    (world, id)
}

fn later(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

fn set(world: &mut World, at: Timestamp, queue: &Queue, attributes: QueueAttributes) {
    let command =
        Command::SetQueueAttributes(SetQueueAttributes { queue: queue.id, seen: queue.version, attributes });
    assert_eq!(world.apply(at, vec![(command, Vec::new())]), [Ok(Reply::Done)]);
}

fn queue(machine: &Machine, id: QueueId) -> Queue {
    machine.queue(id).unwrap().clone()
}

#[test]
fn a_change_of_attributes_is_a_version_and_a_modification() {
    let (mut world, id) = world_with(QueueAttributes::default());
    let before = queue(&world.machine, id);
    assert_eq!((before.version, before.created, before.modified), (1, START, START));
    let attributes = QueueAttributes { delay: Duration::from_secs(5), ..before.attributes.clone() };
    set(&mut world, later(5), &before, attributes.clone());
    let after = queue(&world.machine, id);
    assert_eq!((after.version, after.created, after.modified), (2, START, later(5)));
    assert_eq!(after.attributes, attributes);
    assert_eq!(after.tags, before.tags);
    world.finish();
}

#[test]
fn a_change_of_tags_is_a_version_and_no_modification() {
    let (mut world, id) = world_with(QueueAttributes::default());
    let tags = Tags::from([("team".into(), "red".into())]);
    let command = Command::SetQueueTags(SetQueueTags { queue: id, seen: 1, tags: tags.clone() });
    world.apply(later(5), vec![(command, Vec::new())]);
    let after = queue(&world.machine, id);
    assert_eq!((after.version, after.modified), (2, START));
    assert_eq!(after.tags, tags);
    world.finish();
}

#[test]
fn a_queue_stays_of_its_kind_and_shows_the_scope_that_was_set() {
    let fifo = QueueAttributes { fifo: true, ..QueueAttributes::default() };
    let (mut world, id) = world_with(fifo);
    let before = queue(&world.machine, id);
    let attributes = QueueAttributes {
        fifo: false,
        deduplication_scope: DeduplicationScope::Group,
        ..before.attributes.clone()
    };
    set(&mut world, later(1), &before, attributes);
    let after = queue(&world.machine, id);
    assert!(after.attributes.fifo);
    assert_eq!(after.attributes.deduplication_scope, DeduplicationScope::Group);
    world.finish();
}

#[test]
fn resources_are_found_by_name_in_their_account_and_region() {
    let (world, id) = world_with(QueueAttributes::default());
    let found = |account, region, name| {
        let name = Name::new(account, region, name);
        world.machine.queue_named(&name).map(|queue| queue.id)
    };
    assert_eq!(found("000000000000", "local", "orders"), Some(id));
    assert_eq!(found("000000000001", "local", "orders"), None);
    assert_eq!(found("000000000000", "remote", "orders"), None);
    assert_eq!(world.machine.topic_named(&name("orders")), None);
    world.finish();
}

#[test]
fn a_message_takes_no_more_memory_than_was_promised() {
    assert!(size_of::<crate::message::Message>() <= 128);
}

#[test]
fn a_log_begins_once() {
    let mut world = World::new();
    let genesis = world.machine.genesis().unwrap().clone();
    let again = vec![(Command::Genesis(genesis.clone()), Vec::new())];
    assert_eq!(world.apply(START, again), [Err(crate::Error::GenesisTwice)]);
    assert_eq!(world.machine.genesis(), Some(&genesis));
    world.finish();
}
