//! A hub that is killed while a hundred clients hold messages over sockets: they come back by themselves, and nothing
//! is lost, given to two at once, or overtaken in its group.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fanq_client::{Client, Delivery, Error, Outgoing, Queue};
use fanq_tests::history::{
    self, Action, History, NEVER, Operation, Outcome, Rules, Sent, Text, read_body, token,
};
use fanq_tests::{Hub, Proxy, TemporaryFolder};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CONSUMERS: usize = 100;
const CREDIT: u32 = 4;
const KILLS: u32 = 5;

/// What a killed hub leaves behind is visible again after this.
const LEASE: Duration = Duration::from_secs(2);

/// The clocks of the hub and of the history measure alike, but for this.
const TOLERANCE: Duration = Duration::from_millis(50);

const QUEUES: [&str; 2] = ["orders", "orders.fifo"];

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
    let notes = Arc::new(Notes { began, history: Mutex::default(), acknowledged: AtomicU64::new(0) });
    let client = Client::new(proxy.endpoint()).unwrap();
    client.create_queue("orders", &[]).await.unwrap();
    client.create_queue("orders.fifo", &[("FifoQueue", "true")]).await.unwrap();
    let mut consumers = JoinSet::new();
    for number in 0..CONSUMERS {
        let queue = QUEUES[number % 2];
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
    for queue in QUEUES {
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
        let queue = QUEUES[usize::try_from(count % 2).unwrap()];
        let name = Text::from(format!("p{number}-{count}"));
        let body = history::body(&name, 200);
        let mut message = Outgoing::from(body);
        let mut sent = Sent::new(Text::clone(&name));
        if queue == "orders.fifo" {
            let group = format!("g{}", count % 40);
            message = message.group(&group).deduplication(&*name);
            (sent.group, sent.deduplication) = (Some(group.into()), Some(name));
        }
        let invoked = notes.now();
        let outcome = match client.queue(queue).send(message).await {
            Ok(_) => Outcome::Done,
            Err(_) => Outcome::Unknown,
        };
        let finished = if outcome == Outcome::Done { notes.now() } else { NEVER };
        notes.note(invoked, finished, outcome, Action::Send { queue: queue.into(), message: sent });
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
        let outcome = match delivery.ack().await {
            Ok(()) => Outcome::Done,
            Err(Error::Lost(_)) => Outcome::Failed,
            Err(_) => Outcome::Unknown,
        };
        let finished = if outcome == Outcome::Unknown { NEVER } else { notes.now() };
        let history::Delivery { name, receipt, .. } = seen;
        notes.note(invoked, finished, outcome, Action::Delete { queue: queue.into(), name, receipt });
        if outcome == Outcome::Done {
            notes.acknowledged.fetch_add(1, Ordering::Relaxed);
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
