//! An engine that goes on where a log ended.

use super::gate::{Call, Gated};
use super::*;
use queue_core::{
    CreateTopic, DeduplicationScope, Endpoint, Entry, Header, Subscribe, SubscriptionAttributes, Timestamp,
    TopicAttributes, TopicId, Vouch,
};

/// What an earlier run led to: a queue that is subscribed to a topic.
fn recovered() -> Machine {
    let name = |name: &str| Name::new("000000000000", "us-east-1", name);
    let commands = vec![
        Command::Genesis(Secrets::genesis()),
        Command::CreateQueue(CreateQueue {
            name: name("orders"),
            attributes: QueueAttributes::default(),
            tags: Default::default(),
            hold_deleted_name: false,
        }),
        Command::CreateTopic(CreateTopic {
            name: name("news"),
            attributes: TopicAttributes {
                fifo: false,
                content_based_deduplication: false,
                deduplication_scope: DeduplicationScope::Everything,
                archive: None,
                texts: Default::default(),
            },
            tags: Default::default(),
        }),
        Command::Subscribe(Subscribe {
            topic: TopicId(2),
            owner: "000000000000".into(),
            endpoint: Endpoint::Queue(name("orders")),
            attributes: SubscriptionAttributes::default(),
            asked: None,
            is_owners: true,
        }),
    ];
    let header = Header { time: Timestamp(1), seed: 1, run: 1, batch: 1 };
    let mut machine = Machine::default();
    let applied = machine.apply(&Entry { header, commands });
    assert!(applied.replies.iter().all(Result::is_ok), "{:?}", applied.replies);
    machine
}

#[tokio::test]
async fn an_engine_shows_what_was_recovered_and_begins_no_second_log() {
    let gated = Gated::new(recovered());
    let (hub, gate) = (&gated.hub, &gated.gate);
    let name = |name: &str| Name::new("000000000000", "us-east-1", name);
    let queue = hub.catalogue.queue(&name("orders")).unwrap();
    let topic = hub.catalogue.topic(&name("news")).unwrap();
    assert_eq!(topic.subscriptions.len(), 1);
    assert!(hub.catalogue.subscription(topic.subscriptions[0].uuid).is_some());
    assert_eq!(gate.calls(), []);
    gate.let_through(1);
    hub.send(queue.id, "a").await;
    gated.handled().await;
    assert_eq!(gate.calls(), [Call::Propose(1), Call::Applied]);
}

#[tokio::test]
async fn a_state_that_is_not_what_the_log_says_ends_the_engine() {
    let hub = fixture();
    let queue = hub.queue("orders").await;
    // Where the first entry of a log in memory lies.
    let after = Position(1);
    let vouch = Command::Vouch(Vouch { after, fingerprint: 0 });
    assert_eq!(hub.engine.execute(vouch, Vec::new()).await, Err(Error::Stopped));
    hub.engine.ended().await;
    assert_eq!(hub.try_send(queue, "a").await, Err(Error::Stopped));
}

#[tokio::test]
async fn a_state_is_vouched_for_while_the_log_grows() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    gate.let_through(usize::MAX);
    let queue = hub.queue("orders").await;
    let body = "x".repeat(1 << 20);
    for _ in 0..40 {
        hub.send(queue, &body).await;
    }
    // The first command of the log, the queue, the messages, and one that vouches.
    gate.proposed_commands(43).await;
    hub.send(queue, "a").await;
}

#[tokio::test]
async fn a_thread_of_its_own_can_propose_and_does_not_wait() {
    let gated = Gated::new(Machine::default());
    let (hub, gate) = (&gated.hub, &gated.gate);
    let propose = hub.engine.proposer();
    assert!(propose(Command::Tick, Vec::new()));
    gate.let_through(2);
    gate.proposed(2).await;
    gate.let_through(usize::MAX);
    hub.engine.stop();
    assert!(!propose(Command::Tick, Vec::new()));
    assert_eq!(gate.calls().last(), Some(&Call::Close));
}
