use super::*;
use crate::catalogue::news::Reader;
use crate::config::Settings;
use crate::shape::record;
use crate::shape::topic::attributes;
use futures_util::FutureExt as _;
use queue_core::{
    Command, CreateTopic, Endpoint, Name, Outside, RecordKey, Reply, Subscribe, SubscriptionAttributes, Tags,
    TopicId,
};

/// How much there is of each kind.
const MANY: usize = 100;

struct World {
    hub: Arc<Hub>,
    topic: TopicId,
}

impl World {
    async fn new() -> Self {
        let hub = Hub::in_memory(Settings::default()).unwrap();
        let mut world = Self { hub, topic: TopicId(0) };
        let name = Name::new("000000000000", "us-east-1", "orders");
        let create = CreateTopic { name, attributes: attributes::initial(false), tags: Tags::new() };
        let Reply::TopicCreated(topic) = world.execute(Command::CreateTopic(create)).await else {
            panic!("no topic");
        };
        world.topic = topic;
        for number in 0..MANY {
            world.subscribe("sms", &number.to_string()).await;
            world.subscribe("http", &format!("http://127.0.0.1/{number}")).await;
            world.keep(&mapping::key("000000000000", &number.to_string())).await;
            world.keep(&record::key("number", "", "", &number.to_string())).await;
        }
        world
    }

    async fn execute(&self, command: Command) -> Reply {
        self.hub.engine.execute(command, Vec::new()).await.unwrap()
    }

    async fn subscribe(&self, protocol: &str, address: &str) -> SubscriptionId {
        let subscribe = Subscribe {
            topic: self.topic,
            owner: "000000000000".into(),
            endpoint: Endpoint::Outside(Outside { protocol: protocol.into(), address: address.into() }),
            attributes: SubscriptionAttributes::default(),
            asked: None,
            is_owners: true,
        };
        match self.execute(Command::Subscribe(subscribe)).await {
            Reply::Subscribed(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Keeps a record anew.
    async fn keep(&self, key: &RecordKey) {
        let seen = self.hub.catalogue.record(key);
        let fields = record::fields([("any", "thing")]);
        self.execute(record::set(key.clone(), seen.as_deref(), Some(fields))).await;
    }

    async fn forget(&self, key: &RecordKey) {
        let seen = self.hub.catalogue.record(key);
        self.execute(record::set(key.clone(), seen.as_deref(), None)).await;
    }
}

/// A supervisor that has looked at everything, and what it is told.
fn supervisor(world: &World) -> (Supervisor, Reader) {
    let (_, stop) = tokio::sync::watch::channel(false);
    let mut supervisor = Supervisor::new(Arc::clone(&world.hub), stop);
    let mut news = world.hub.catalogue.news();
    look(&mut supervisor, &mut news, world);
    (supervisor, news)
}

/// Has a supervisor look at what it is told; says how many views it was shown for that.
fn look(supervisor: &mut Supervisor, news: &mut Reader, world: &World) -> usize {
    let before = world.hub.catalogue.handed_out();
    while let Some(told) = news.next().now_or_never() {
        supervisor.look(told);
    }
    world.hub.catalogue.handed_out() - before
}

#[tokio::test]
async fn a_change_is_looked_at_and_nothing_besides() {
    let world = World::new().await;
    let (mut supervisor, mut news) = supervisor(&world);
    assert_eq!(supervisor.served.len(), 2 * MANY);
    let mut looked = || look(&mut supervisor, &mut news, &world);
    assert_eq!(looked(), 0);
    for protocol in ["sms", "http"] {
        let subscription = world.subscribe(protocol, "http://127.0.0.1/more").await;
        assert_eq!(looked(), 1, "a subscription by {protocol} is made");
        world.execute(Command::Unsubscribe(subscription)).await;
        assert_eq!(looked(), 1, "a subscription by {protocol} is ended");
    }
    for key in [mapping::key("000000000000", "7"), record::key("number", "", "", "more")] {
        world.keep(&key).await;
        assert_eq!(looked(), 1, "{key:?} is set");
        world.forget(&key).await;
        assert_eq!(looked(), 1, "{key:?} is removed");
    }
}

#[tokio::test]
async fn what_a_supervisor_missed_is_seen_in_one_look() {
    let world = World::new().await;
    let (mut supervisor, mut news) = supervisor(&world);
    let subscription = world.subscribe("sms", "more").await;
    // Far more than is kept for a reader.
    let catalogue = &world.hub.catalogue;
    let record = catalogue.record(&record::key("number", "", "", "1")).unwrap();
    for _ in 0..10_000 {
        catalogue.tell(Change::Record(record.id));
    }
    let everything = look(&mut supervisor, &mut news, &world);
    // Each mapping is found in a list first.
    assert_eq!(everything, 2 * MANY + 1 + 2 * MANY);
    assert!(supervisor.served.contains(&Duty::Deliver(subscription)));
}
