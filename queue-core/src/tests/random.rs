//! Any commands at all: what they look like, and that none of them breaks the machine.

use super::player::commands::name;
use super::world::{Bearing, START, World};
use crate::{
    BodyRef, Bury, CancelMove, Carried, Carry, ChangeVisibility, Clock, Command, Confirm, CreateQueue,
    CreateTopic, DeduplicationKeys, DeduplicationScope, Delete, Discard, Endpoint, FilterScope, Genesis,
    GiveBack, Holder, Machine, Name, Notice, Outbound, Outcome, Outgoing, Outside, Position, Progress,
    Publish, PurgeQueue, QueueAttributes, QueueId, Receipt, Receive, RecordKey, Redeliver, RedrivePolicy,
    Renew, ReplayPolicy, Send, SetQueueAttributes, SetQueueTags, SetRecord, SetSubscriptionAttributes,
    SetTopicAttributes, SetTopicTags, Settle, StartMove, Subscribe, SubscriptionAttributes, SubscriptionId,
    Tags, Target, Timestamp, TopicAttributes, TopicId, Vouch, Withdraw,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// Commands over a handful of queues, topics and subscriptions, some of which exist.
pub(super) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => (any::<u128>(), any::<[u8; 32]>()).prop_map(|(store, key)| {
            Command::Genesis(Genesis { level: crate::LEVEL, store, handle_key: key, hash_key: key })
        }),
        1 => Just(Command::Tick),
        1 => (any::<bool>(), duration(), duration())
            .prop_map(|(frozen, ahead, behind)| Command::SetClock(Clock { frozen, ahead, behind })),
        10 => queue_command(),
        10 => message_command(),
        10 => topic_command(),
        4 => outside_command(),
        6 => body_command(),
    ]
}

fn body_command() -> impl Strategy<Value = Command> {
    let carried =
        (holder(), position(), body()).prop_map(|(holder, from, body)| Carried { holder, from, body });
    prop_oneof![
        4 => vec(carried, 0..6).prop_map(|bodies| Command::Carry(Carry { bodies })),
        1 => (position(), any::<u64>())
            .prop_map(|(after, fingerprint)| Command::Vouch(Vouch { after, fingerprint })),
        1 => vec(holder(), 0..3).prop_map(|holders| Command::Discard(Discard { holders })),
    ]
}

fn position() -> impl Strategy<Value = Position> {
    (0_u64..100).prop_map(Position)
}

fn holder() -> impl Strategy<Value = Holder> {
    prop_oneof![(queue(), 1_u64..20).prop_map(Holder::Message), position().prop_map(Holder::Publication),]
}

fn queue_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        (any_name(), queue_attributes(), tags(), any::<bool>()).prop_map(
            |(name, attributes, tags, hold_deleted_name)| {
                Command::CreateQueue(CreateQueue { name, attributes, tags, hold_deleted_name })
            }
        ),
        (queue(), version(), queue_attributes()).prop_map(|(queue, seen, attributes)| {
            Command::SetQueueAttributes(SetQueueAttributes { queue, seen, attributes })
        }),
        (queue(), version(), tags()).prop_map(|(queue, seen, tags)| Command::SetQueueTags(SetQueueTags {
            queue,
            seen,
            tags
        })),
        queue().prop_map(Command::DeleteQueue),
        (queue(), duration())
            .prop_map(|(queue, not_within)| Command::PurgeQueue(PurgeQueue { queue, not_within })),
    ]
}

fn message_command() -> impl Strategy<Value = Command> {
    let outgoing = (body(), option::of(duration()), group(), keys())
        .prop_map(|(body, delay, group, deduplication)| Outgoing { body, delay, group, deduplication });
    prop_oneof![
        3 => (queue(), vec(outgoing, 0..4)).prop_map(|(queue, messages)| Command::Send(Send { queue, messages })),
        3 => (queue(), 0_u32..12, duration(), option::of(0_u128..3)).prop_map(
            |(queue, maximum, visibility, attempt)| {
                Command::Receive(Receive { queue, maximum, visibility, attempt })
            }
        ),
        1 => (queue(), vec(receipt(), 0..4))
            .prop_map(|(queue, receipts)| Command::Delete(Delete { queue, receipts })),
        1 => (queue(), vec((receipt(), duration()), 0..4))
            .prop_map(|(queue, changes)| Command::ChangeVisibility(ChangeVisibility { queue, changes })),
        1 => (queue(), vec(receipt(), 0..4), duration())
            .prop_map(|(queue, receipts, visibility)| Command::Renew(Renew { queue, receipts, visibility })),
        1 => (queue(), vec(receipt(), 0..4))
            .prop_map(|(queue, receipts)| Command::Bury(Bury { queue, receipts })),
        1 => (queue(), vec(receipt(), 0..4))
            .prop_map(|(queue, receipts)| Command::GiveBack(GiveBack { queue, receipts })),
        1 => (queue(), option::of(any_name()), option::of(0_u32..4)).prop_map(
            |(source, destination, per_second)| {
                Command::StartMove(StartMove { source, destination, per_second })
            }
        ),
        1 => (queue(), any::<u128>())
            .prop_map(|(source, task)| Command::CancelMove(CancelMove { source, task })),
    ]
}

fn topic_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => (any_name(), topic_attributes(), tags())
            .prop_map(|(name, attributes, tags)| Command::CreateTopic(CreateTopic { name, attributes, tags })),
        1 => (topic(), version(), topic_attributes()).prop_map(|(topic, seen, attributes)| {
            Command::SetTopicAttributes(SetTopicAttributes { topic, seen, attributes })
        }),
        1 => (topic(), version(), tags())
            .prop_map(|(topic, seen, tags)| Command::SetTopicTags(SetTopicTags { topic, seen, tags })),
        1 => topic().prop_map(Command::DeleteTopic),
        4 => (topic(), endpoint(), subscription_attributes(), option::of(notice()), any::<bool>()).prop_map(
            |(topic, endpoint, attributes, asked, is_owners)| {
                let owner = "000000000000".into();
                Command::Subscribe(Subscribe { topic, owner, endpoint, attributes, asked, is_owners })
            }
        ),
        1 => (subscription(), version(), subscription_attributes()).prop_map(|(subscription, seen, attributes)| {
            Command::SetSubscriptionAttributes(SetSubscriptionAttributes { subscription, seen, attributes })
        }),
        1 => subscription().prop_map(Command::Unsubscribe),
        8 => (topic(), version(), vec(outbound(), 0..4))
            .prop_map(|(topic, seen, messages)| Command::Publish(Publish { topic, seen, messages })),
    ]
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let outside =
        |number: u8| Outside { protocol: "http".into(), address: format!("http://{number}").into() };
    prop_oneof![
        2 => any_name().prop_map(Endpoint::Queue),
        1 => (0_u8..3).prop_map(move |number| Endpoint::Outside(outside(number))),
    ]
}

fn notice() -> impl Strategy<Value = Notice> {
    (body(), duration()).prop_map(|(body, within)| Notice { body, within })
}

/// What concerns endpoints outside, archives and records.
fn outside_command() -> impl Strategy<Value = Command> {
    let outcome = prop_oneof![
        Just(Outcome::Delivered),
        duration().prop_map(Outcome::Retry),
        duration().prop_map(Outcome::Untried),
        Just(Outcome::Failed),
    ];
    let target = prop_oneof![
        (subscription(), version(), 0_u64..6, 0_u64..6).prop_map(|(subscription, version, seen, reached)| {
            Target::Policy(Progress { subscription, version, seen, reached })
        }),
        subscription().prop_map(Target::Subscription),
        any_name().prop_map(Target::Queue),
    ];
    prop_oneof![
        2 => (subscription(), any::<bool>()).prop_map(|(subscription, authenticated)| {
            Command::Confirm(Confirm { subscription, authenticated })
        }),
        1 => (subscription(), notice())
            .prop_map(|(subscription, notice)| Command::Withdraw(Withdraw { subscription, notice })),
        3 => (queue(), vec((receipt(), outcome), 0..4))
            .prop_map(|(queue, outcomes)| Command::Settle(Settle { queue, outcomes })),
        3 => (topic(), target, vec(outbound(), 0..4))
            .prop_map(|(topic, target, messages)| Command::Redeliver(Redeliver { topic, target, messages })),
        2 => (any_name(), version(), option::of(tags())).prop_map(|(name, seen, fields)| {
            let key = RecordKey { kind: "kind".into(), name };
            Command::SetRecord(SetRecord { key, seen: seen - 1, fields })
        }),
    ]
}

fn outbound() -> impl Strategy<Value = Outbound> {
    (body(), vec(subscription(), 0..6), group(), keys(), 0_u32..1_200, 0_u32..13).prop_map(
        |(body, matches, group, deduplication, bytes, attributes)| Outbound {
            body,
            matches,
            group,
            priority: None,
            deduplication,
            raw_bytes: bytes,
            envelope_bytes: bytes + 500,
            attributes,
        },
    )
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        2 => Just(Duration::ZERO),
        6 => (0_u64..400_000).prop_map(Duration::from_millis),
        1 => any::<u64>().prop_map(Duration::from_millis),
        1 => Just(Duration::from_millis(u64::MAX)),
    ]
}

fn queue() -> impl Strategy<Value = QueueId> {
    (1_u64..12).prop_map(QueueId)
}

fn topic() -> impl Strategy<Value = TopicId> {
    (1_u64..12).prop_map(TopicId)
}

fn subscription() -> impl Strategy<Value = SubscriptionId> {
    (1_u64..20).prop_map(SubscriptionId)
}

fn version() -> impl Strategy<Value = u64> {
    1_u64..4
}

fn any_name() -> impl Strategy<Value = Name> {
    (0..5).prop_map(|number| name(&format!("n{number}")))
}

fn tags() -> impl Strategy<Value = Tags> {
    btree_map("[a-c]é?", ".{0,3}", 0..3).prop_map(|tags| {
        tags.into_iter().map(|(key, value)| (key.into_boxed_str(), value.into_boxed_str())).collect()
    })
}

fn body() -> impl Strategy<Value = BodyRef> {
    (any::<u64>(), 1_u32..40).prop_map(|(position, bytes)| BodyRef { position: Position(position), bytes })
}

fn group() -> impl Strategy<Value = Option<Arc<str>>> {
    option::weighted(0.9, (0..3).prop_map(|group| Arc::from(format!("g{group}"))))
}

fn keys() -> impl Strategy<Value = Option<DeduplicationKeys>> {
    let keys = |(overall, in_group)| DeduplicationKeys { overall, in_group };
    option::weighted(0.9, (0_u128..30, 0_u128..30).prop_map(keys))
}

fn scope() -> impl Strategy<Value = DeduplicationScope> {
    prop_oneof![Just(DeduplicationScope::Everything), Just(DeduplicationScope::Group)]
}

fn receipt() -> impl Strategy<Value = Receipt> {
    (queue(), 1_u64..20, 0_u32..4, 0_u64..500_000).prop_map(|(queue, number, receive, at)| Receipt {
        queue,
        number,
        receive,
        at: Timestamp(START.0 + at),
    })
}

fn queue_attributes() -> impl Strategy<Value = QueueAttributes> {
    let redrive = (any_name(), 0_u32..3)
        .prop_map(|(target, maximum_receives)| RedrivePolicy { target, maximum_receives });
    let times = (duration(), duration(), duration(), duration());
    (any::<bool>(), times, 0_u32..2_000, option::of(redrive), any::<bool>(), scope(), tags()).prop_map(
        |(fifo, times, maximum_message_bytes, redrive, content_based_deduplication, scope, texts)| {
            QueueAttributes {
                fifo,
                delay: times.0,
                retention: times.1,
                visibility_timeout: times.2,
                receive_wait: times.3,
                maximum_message_bytes,
                redrive,
                content_based_deduplication,
                deduplication_scope: scope,
                priority: None,
                texts,
            }
        },
    )
}

fn topic_attributes() -> impl Strategy<Value = TopicAttributes> {
    (any::<bool>(), any::<bool>(), scope(), option::of(duration()), tags()).prop_map(
        |(fifo, content_based_deduplication, deduplication_scope, archive, texts)| TopicAttributes {
            fifo,
            content_based_deduplication,
            deduplication_scope,
            archive,
            texts,
        },
    )
}

fn subscription_attributes() -> impl Strategy<Value = SubscriptionAttributes> {
    let filter_scope = prop_oneof![Just(FilterScope::Attributes), Just(FilterScope::Body)];
    let moment = || (0_u64..500_000).prop_map(|at| Timestamp(START.0 + at));
    let replay = (moment(), option::of(moment())).prop_map(|(from, to)| ReplayPolicy { from, to });
    let replay = option::weighted(0.3, replay);
    let filter = option::of(".{0,9}");
    (any::<bool>(), filter, option::of(filter_scope), option::of(any_name()), replay, tags()).prop_map(
        |(raw, filter, filter_scope, dead_letters, replay, texts)| SubscriptionAttributes {
            raw,
            filter: filter.map(String::into_boxed_str),
            filter_scope,
            dead_letters,
            replay,
            texts,
        },
    )
}

/// Has two of three bodies that the command speaks of be ones that there are, the last move task be meant, and records
/// and replays be where they are.
fn aim(world: &World, mut command: Command) -> Command {
    let machine = &world.machine;
    if let Command::SetRecord(set) = &mut command
        && set.seen > 1
    {
        set.seen = machine.records().find(|record| record.key == set.key).map_or(0, |record| record.version);
    }
    if let Command::Redeliver(redeliver) = &mut command {
        aim_replay(machine, redeliver);
    }
    let live: Vec<_> = world.machine.live_bodies().collect();
    let aimed = |holder: Holder| {
        let (Holder::Message((_, number)) | Holder::Publication(Position(number))) = holder;
        let number = usize::try_from(number).unwrap();
        (!number.is_multiple_of(3) && !live.is_empty()).then(|| live[number % live.len()])
    };
    if let Command::Carry(carry) = &mut command {
        for carried in &mut carry.bodies {
            if let Some((holder, body)) = aimed(carried.holder) {
                *carried = Carried { holder, from: body.position, body };
            }
        }
    }
    if let Command::Discard(discard) = &mut command {
        for holder in &mut discard.holders {
            *holder = aimed(*holder).map_or(*holder, |(holder, _)| holder);
        }
    }
    if let Command::CancelMove(cancel) = &mut command
        && let Some(task) = world.machine.move_tasks(cancel.source).next()
    {
        cancel.task = task.id;
    }
    command
}

fn aim_replay(machine: &Machine, redeliver: &mut Redeliver) {
    if let Target::Policy(progress) = &mut redeliver.target
        && let Some(subscription) = machine.subscriptions().find(|subscription| subscription.is_replaying())
    {
        redeliver.topic = subscription.topic;
        progress.subscription = subscription.id;
        progress.version = subscription.version;
        progress.seen = subscription.replay.map_or(0, |replay| replay.reached);
        progress.reached = progress.reached.max(progress.seen);
    }
    let archived = machine.archived(redeliver.topic, 0, Timestamp(0), None);
    for (message, archived) in redeliver.messages.iter_mut().zip(archived) {
        message.body = BodyRef { position: archived.publication, bytes: archived.body.bytes };
    }
}

/// The command with bodies of the lengths that it speaks of.
pub(super) fn bearing(mut command: Command) -> Bearing {
    let bodies = command.bodies_mut().iter().map(|body| vec![b'x'; body.bytes as usize]).collect();
    (command, bodies)
}

proptest! {
    #[test]
    fn no_command_breaks_the_machine(
        entries in vec((prop_oneof![8 => 0_u64..2_000, 4 => 0_u64..100_000], vec(command(), 0..5)), 0..80),
        last in vec(command(), 0..20),
    ) {
        let mut world = World::new();
        let mut time = START;
        for (wait, commands) in entries {
            time = Timestamp(time.0 + wait);
            let commands = commands.into_iter().map(|command| bearing(aim(&world, command)));
            let commands = commands.collect();
            world.apply(time, commands);
        }
        // Whatever the time.
        world.apply(Timestamp(u64::MAX), last.iter().cloned().map(bearing).collect());
        world.apply(Timestamp(0), last.into_iter().map(bearing).collect());
        world.finish();
    }
}
