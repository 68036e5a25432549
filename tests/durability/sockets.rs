//! A hub that is killed while a hundred clients hold messages over sockets: they come back by themselves, and nothing
//! is lost, given to two at once, or overtaken in its group.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fanq_client::{Client, Delivery, Error, MessageAttribute, Outgoing, Queue};
use fanq_tests::history::{
    self, Action, History, NEVER, Operation, Outcome, Rules, Sent, Text, read_body, token,
};
use fanq_tests::{Hub, Proxy, TemporaryFolder};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CONSUMERS: usize = 100;
const CREDIT: u32 = 4;
const KILLS: u32 = 5;

/// So few that a group often has messages in both levels at a time.
const GROUPS: usize = 6;

/// What a killed hub leaves behind is visible again after this.
const LEASE: Duration = Duration::from_secs(2);

/// The clocks of the hub and of the history measure alike, but for this.
const TOLERANCE: Duration = Duration::from_millis(50);

/// What is consumed.
const QUEUES: [&str; 3] = ["orders", "orders.fifo", LIST];

/// A list of queues, the highest first.
const LIST: &str = "levels.fifo";
const LEVELS: [&str; 2] = ["urgent.fifo", "normal.fifo"];

/// What was done and seen, in microseconds since the beginning.
struct Notes {
    began: Instant,
    history: Mutex<History>,
    acknowledged: AtomicU64,
}

impl Notes {
    fn now(&self) -> u64 {
        micros(self.began.elapsed())
    }

    fn note(&self, invoked: u64, finished: u64, outcome: Outcome, action: Action) {
        self.history.lock().unwrap().push(Operation { invoked, finished, outcome, action });
    }

    /// Notes what nobody may ever hear the end of; gives its number.
    fn begin(&self, invoked: u64, action: Action) -> usize {
        let (finished, outcome) = (NEVER, Outcome::Unknown);
        self.history.lock().unwrap().push(Operation { invoked, finished, outcome, action })
    }

    fn end(&self, number: usize, outcome: Outcome) {
        let mut history = self.history.lock().unwrap();
        let operation = &mut history.operations_mut()[number];
        (operation.finished, operation.outcome) = (self.now(), outcome);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_consumers_come_back_to_a_hub_that_was_killed() {
    let folder = TemporaryFolder::new();
    let mut hub = Hub::start_in(folder.path(), &[]);
    let proxy = Proxy::new(hub.address);
    let began = Instant::now();
    let mut history = History::new();
    history.list(LIST, &LEVELS);
    let notes = Arc::new(Notes { began, history: Mutex::new(history), acknowledged: AtomicU64::new(0) });
    let client = Client::new(proxy.endpoint()).unwrap();
    client.create_queue("orders", &[]).await.unwrap();
    for queue in [&["orders.fifo"][..], &LEVELS].concat() {
        client.create_queue(queue, &[("FifoQueue", "true")]).await.unwrap();
    }
    let members = serde_json::json!({ "members": LEVELS }).to_string();
    client.create_queue(LIST, &[("FifoQueue", "true"), ("PriorityMembers", &members)]).await.unwrap();
    let mut consumers = JoinSet::new();
    for number in 0..CONSUMERS {
        let queue = QUEUES[number % QUEUES.len()];
        consumers.spawn(consume(Arc::clone(&notes), proxy.address, queue));
    }
    let mut producers = JoinSet::new();
    let (stop, stopped) = watch::channel(false);
    for number in 0..4 {
        producers.spawn(produce(Arc::clone(&notes), client.clone(), number, stopped.clone()));
    }
    for _ in 0..KILLS {
        // There is work under way when it is killed.
        let goal = notes.acknowledged.load(Ordering::Relaxed) + 200;
        while notes.acknowledged.load(Ordering::Relaxed) < goal {
            hub.assert_alive();
            tokio::task::yield_now().await;
        }
        hub.kill();
        proxy.cut();
        // Of what was pushed and did not arrive, nobody knows.
        let at = notes.now();
        for queue in QUEUES {
            for _ in 0..CONSUMERS {
                let action = Action::Receive { queue: queue.into(), visibility: 0, messages: Vec::new() };
                notes.note(0, at, Outcome::Unknown, action);
            }
        }
        hub = tokio::task::spawn_blocking(|| hub.restart()).await.unwrap();
        proxy.turn_to(hub.address);
    }
    stop.send(true).unwrap();
    while let Some(ended) = producers.join_next().await {
        ended.unwrap();
    }
    for queue in QUEUES.iter().chain(&LEVELS).copied() {
        let invoked = notes.now();
        emptied(&client.queue(queue)).await;
        notes.note(invoked, notes.now(), Outcome::Done, Action::Drain { queue: queue.into() });
    }
    consumers.shutdown().await;
    println!("{} messages, {KILLS} kills", notes.acknowledged.load(Ordering::Relaxed));
    let history = notes.history.lock().unwrap();
    let violations = history.check(Rules { tolerance: micros(TOLERANCE), ..Rules::per_second(1_000_000) });
    assert!(violations.is_empty(), "{}\n{}", history.explain(&violations), hub.log());
}

/// Sends until it is told to stop; what may have been sent when the hub went is not sent again.
async fn produce(notes: Arc<Notes>, client: Client, number: u64, stopped: watch::Receiver<bool>) {
    for count in 0_u64.. {
        if *stopped.borrow() {
            return;
        }
        let turn = usize::try_from(count).unwrap();
        let queue = QUEUES[turn % QUEUES.len()];
        let mut home = queue;
        let name = Text::from(format!("p{number}-{count}"));
        let body = history::body(&name, 200);
        let mut message = Outgoing::from(body);
        let mut sent = Sent::new(Text::clone(&name));
        if queue == LIST {
            home = LEVELS[turn / QUEUES.len() % LEVELS.len()];
            message = message.attribute("Priority", MessageAttribute::string(home));
        }
        if home.ends_with(".fifo") {
            // Each group has messages in all levels.
            let group = format!("g{}", turn / (QUEUES.len() * LEVELS.len()) % GROUPS);
            message = message.group(&group).deduplication(&*name);
            (sent.group, sent.deduplication) = (Some(group.into()), Some(name));
        }
        let invoked = notes.now();
        let outcome = match client.queue(queue).send(message).await {
            Ok(_) => Outcome::Done,
            Err(_) => Outcome::Unknown,
        };
        let finished = if outcome == Outcome::Done { notes.now() } else { NEVER };
        notes.note(invoked, finished, outcome, Action::Send { queue: home.into(), message: sent });
        if outcome == Outcome::Unknown {
            tokio::task::yield_now().await;
        }
    }
}

/// Consumes until it is ended.
async fn consume(notes: Arc<Notes>, address: SocketAddr, queue: &'static str) {
    let client = Client::new(format!("http://{address}")).unwrap();
    let socket = client.socket().open().await.unwrap();
    let mut pushed = socket.consume(queue).credit(CREDIT).lease(LEASE).start().await.unwrap();
    // A message cannot have been leased before there was credit for it: before the last but so many was settled.
    let mut settled = VecDeque::from(vec![notes.now(); usize::try_from(CREDIT).unwrap()]);
    while let Some(delivery) = pushed.next().await {
        let delivery = delivery.unwrap();
        let seen = read(&delivery);
        let invoked = settled.pop_front().unwrap();
        let messages = vec![seen.clone()];
        let action = Action::Receive { queue: queue.into(), visibility: micros(LEASE), messages };
        notes.note(invoked, notes.now(), Outcome::Done, action);
        let invoked = notes.now();
        settled.push_back(invoked);
        let history::Delivery { name, receipt, .. } = seen;
        // A client that has not found the hub again may still wait for the answer when all is over.
        let delete = notes.begin(invoked, Action::Delete { queue: queue.into(), name, receipt });
        match delivery.ack().await {
            Ok(()) => {
                notes.end(delete, Outcome::Done);
                notes.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(Error::Lost(_)) => notes.end(delete, Outcome::Failed),
            Err(_) => {}
        }
    }
}

/// A delivery as the history has it.
fn read(delivery: &Delivery) -> history::Delivery {
    let content = read_body(&delivery.body);
    history::Delivery {
        name: content.name.into(),
        intact: content.intact,
        receipt: token(&delivery.receipt_handle),
        count: delivery.receive_count().unwrap(),
        group: delivery.group().map(Text::from),
        identity: u128::from_str_radix(&delivery.message_id.replace('-', ""), 16).unwrap(),
        sequence: delivery.system_attributes.get("SequenceNumber").map(|number| number.parse().unwrap()),
    }
}

/// Waits until nothing is left in a queue.
async fn emptied(queue: &Queue) {
    const COUNTS: [&str; 2] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    loop {
        if let Ok(counts) = queue.attributes(&COUNTS).await
            && counts.values().all(|count| count == "0")
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}
