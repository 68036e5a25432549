//! A hub that is killed while it fans out loses nothing of what it acknowledged, whatever the endpoint: twenty
//! subscriptions to queues and to receivers over HTTP, raw and in envelopes, with and without filters. Some answers of
//! the receivers are refusals that are worth another try.
//!
//! `FANQ_FANOUT_ROUNDS` says how many kills there are, `FANQ_FANOUT_SEED` where the randomness begins (it is printed).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fanq_tests::history::{Action, Delivery, Outcome, Sent, Text, body, read_body, token};
use fanq_tests::{Hub, TemporaryFolder};
use serde_json::{Value, json};

use crate::load::Shape;
use crate::load::client::Client;
use crate::load::random::Random;
use crate::load::shared::Shared;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:wide";
const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:";

const ROUNDS: u64 = 6;
const LOAD: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(900));
const PUBLISHERS: u64 = 2;

/// For all that was under way to arrive.
const PATIENCE: Duration = Duration::from_secs(90);

/// Longer than a delivery is kept back, for its receiver or for the hub that took it and is gone.
const STEP: Duration = Duration::from_secs(60);

const SHAPE: Shape = Shape { producers: 0, consumers: 0, backlog_max: i64::MAX, groups: 1, is_rough: false };

/// Where a subscription leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Queue,
    Http,
}

/// A subscription; what it gets is written down under its name.
struct Subscription {
    name: String,
    way: Way,
    is_raw: bool,
    is_filtered: bool,
}

/// Twenty: twelve queues and eight receivers.
fn subscriptions() -> Vec<Subscription> {
    let one = |number: usize| Subscription {
        name: format!("s{number}"),
        way: if number < 12 { Way::Queue } else { Way::Http },
        is_raw: number % 4 != 3,
        is_filtered: number % 5 == 4,
    };
    (0..20).map(one).collect()
}

#[test]
fn a_hub_that_is_killed_while_it_fans_out_loses_nothing() {
    let rounds = std::env::var("FANQ_FANOUT_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let seed = Random::seed("FANQ_FANOUT_SEED");
    println!("FANQ_FANOUT_SEED={seed} FANQ_FANOUT_ROUNDS={rounds}");
    let mut random = Random::new(seed);
    let folder = TemporaryFolder::new();
    let mut hub = Hub::start_in(folder.path(), &["--auto-confirm", "--test-clock"]);
    let all = subscriptions();
    let shared = Arc::new(Shared::new(hub.address, fanq_tests::history::History::new(), SHAPE));
    let receiver = receive_over_http(Arc::clone(&shared), random.fork());
    create(&all, hub.address, receiver);
    let publishers = (0..PUBLISHERS).map(|number| {
        let (shared, random) = (Arc::clone(&shared), random.fork());
        thread::spawn(move || publish(&shared, number, random))
    });
    let publishers: Vec<_> = publishers.collect();
    for _ in 0..rounds {
        shared.watch(random.time(LOAD.0, LOAD.1));
        hub.kill();
        shared.gone();
        hub = hub.restart();
        shared.back(hub.address);
    }
    shared.watch(LOAD.0);
    shared.stop();
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    drain_queues(&all, &shared, hub.address);
    await_receivers(&all, &shared, &hub);
    hub.kill();
    shared.gone();
    let ended = shared.finish();
    println!("{}", ended.summary);
    ended.assert_fine(&hub);
}

fn create(all: &[Subscription], address: SocketAddr, receiver: SocketAddr) {
    let mut client = Client::default();
    client.sns(address, &[("Action", "CreateTopic"), ("Name", "wide")]).expect();
    let patient = r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":100}}"#;
    for Subscription { name, way, is_raw, is_filtered } in all {
        let endpoint = match way {
            Way::Queue => {
                client.sqs(address, "CreateQueue", &json!({ "QueueName": name })).expect();
                format!("{QUEUE_ARN}{name}")
            }
            Way::Http => format!("http://{receiver}/{name}"),
        };
        let protocol = if *way == Way::Queue { "sqs" } else { "http" };
        let mut attributes = vec![("RawMessageDelivery", if *is_raw { "true" } else { "false" })];
        attributes.extend(is_filtered.then_some(("FilterPolicy", r#"{"kind": ["a"]}"#)));
        attributes.extend((*way == Way::Http).then_some(("DeliveryPolicy", patient)));
        let keys =
            (1..).flat_map(|number| ["key", "value"].map(|part| format!("Attributes.entry.{number}.{part}")));
        let values = attributes.into_iter().flat_map(|(name, value)| [name, value]);
        let pairs: Vec<_> = keys.zip(values).collect();
        let mut parameters = vec![
            ("Action", "Subscribe"),
            ("TopicArn", TOPIC),
            ("Protocol", protocol),
            ("Endpoint", &*endpoint),
        ];
        parameters.extend(pairs.iter().map(|(key, value)| (key.as_str(), *value)));
        client.sns(address, &parameters).expect();
    }
}

/// Publishes until the load stops. What nobody knows the end of is not repeated.
fn publish(shared: &Shared, number: u64, mut random: Random) {
    let _watched = shared.watched();
    let (mut client, all) = (Client::default(), subscriptions());
    for message in 0_u64.. {
        let Some((address, version)) = shared.address() else {
            return;
        };
        let kind = if random.percent(50) { "a" } else { "b" };
        let name = format!("p{number}-{message}");
        let text = body(&name, 20 + usize::try_from(random.below(2_000)).unwrap());
        let parameters = [
            ("Action", "Publish"),
            ("TopicArn", TOPIC),
            ("Message", &text),
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", kind),
        ];
        let reached = all.iter().filter(|subscription| !subscription.is_filtered || kind == "a");
        let queues = reached.map(|subscription| subscription.name.as_str().into()).collect();
        let invoked = shared.now();
        let outcome = client.sns(address, &parameters).outcome();
        shared.note(
            invoked,
            [(outcome, Action::Publish { topic: "wide".into(), queues, message: Sent::new(name) })],
        );
        if outcome != Outcome::Done {
            shared.await_change(version);
        }
    }
}

/// Takes what is pushed, and writes it down before it is answered: whoever is told twice of one message counts it twice.
fn receive_over_http(shared: Arc<Shared>, mut random: Random) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let receipts = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (shared, receipts, random) = (Arc::clone(&shared), Arc::clone(&receipts), random.fork());
            thread::spawn(move || serve(stream, &shared, &receipts, random));
        }
    });
    address
}

fn serve(stream: TcpStream, shared: &Shared, receipts: &AtomicU64, mut random: Random) {
    let mut stream = BufReader::new(stream);
    while let Some((path, text)) = read_request(&mut stream) {
        let status = if random.percent(3) {
            "503 Service Unavailable"
        } else {
            let content = read_body(&text);
            let delivery = Delivery {
                name: content.name.into(),
                intact: content.intact,
                receipt: receipts.fetch_add(1, Ordering::Relaxed),
                ..Delivery::default()
            };
            let (queue, name, receipt) = (Text::from(path), Text::clone(&delivery.name), delivery.receipt);
            let messages = vec![delivery];
            let received = Action::Receive { queue: Text::clone(&queue), visibility: 0, messages };
            // Nobody knows whether the hub will have read the answer.
            let deleted = Action::Delete { queue, name, receipt };
            shared.note(shared.now(), [(Outcome::Done, received), (Outcome::Unknown, deleted)]);
            "200 OK"
        };
        if write!(stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// The path of a request without its slash, and the message in it.
fn read_request(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut line = || {
        let mut line = String::new();
        (stream.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let mut length = 0;
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).ok()?;
    Some((path, message(&String::from_utf8(bytes).ok()?)))
}

/// A message as it is or out of its envelope.
fn message(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(envelope) => envelope["Message"].as_str().unwrap_or_default().to_owned(),
        Err(_) => text.to_owned(),
    }
}

/// Takes out all that the queues hold, which nobody has received before.
fn drain_queues(all: &[Subscription], shared: &Shared, address: SocketAddr) {
    let mut client = Client::default();
    for Subscription { name, .. } in all.iter().filter(|subscription| subscription.way == Way::Queue) {
        let input = json!({ "QueueUrl": name, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600 });
        loop {
            let invoked = shared.now();
            let answer = client.sqs(address, "ReceiveMessage", &input).expect();
            let messages = answer["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            let taken = messages.iter().map(|received| {
                let content = read_body(&message(received["Body"].as_str().unwrap()));
                let receipt = token(received["ReceiptHandle"].as_str().unwrap());
                Delivery { name: content.name.into(), intact: content.intact, receipt, ..Delivery::default() }
            });
            let (queue, taken) = (Text::from(name.as_str()), taken.collect::<Vec<_>>());
            let entries = messages.iter().enumerate();
            let entries = entries.map(
                |(id, message)| json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] }),
            );
            let delete = json!({ "QueueUrl": name, "Entries": entries.collect::<Vec<_>>() });
            let received = Action::Receive {
                queue: Text::clone(&queue),
                visibility: 600_000_000,
                messages: taken.clone(),
            };
            shared.note(invoked, [(Outcome::Done, received)]);
            let invoked = shared.now();
            client.sqs(address, "DeleteMessageBatch", &delete).expect();
            let deleted = taken.into_iter().map(|Delivery { name, receipt, .. }| {
                (Outcome::Done, Action::Delete { queue: Text::clone(&queue), name, receipt })
            });
            shared.note(invoked, deleted);
        }
        shared.note(shared.now(), [(Outcome::Done, Action::Drain { queue: name.as_str().into() })]);
    }
}

/// Waits until the receivers have all that was acknowledged, with the clock turned over what is kept back.
fn await_receivers(all: &[Subscription], shared: &Shared, hub: &Hub) {
    let receivers: BTreeSet<Text> =
        all.iter().filter(|one| one.way == Way::Http).map(|one| one.name.as_str().into()).collect();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let missing = shared.look(|history| {
            let mut missing = BTreeMap::<Text, BTreeSet<Text>>::new();
            for operation in history.operations().iter().filter(|operation| operation.is_done()) {
                if let Action::Publish { queues, message, .. } = &operation.action {
                    for queue in queues.iter().filter(|queue| receivers.contains(*queue)) {
                        missing.entry(Text::clone(queue)).or_default().insert(Text::clone(&message.name));
                    }
                }
            }
            for operation in history.operations() {
                if let Action::Receive { queue, messages, .. } = &operation.action
                    && let Some(missing) = missing.get_mut(queue)
                {
                    missing.retain(|name| messages.iter().all(|message| message.name != *name));
                }
            }
            missing
                .into_iter()
                .map(|(queue, names)| (queue, names.len()))
                .filter(|(_, count)| *count > 0)
                .collect()
        });
        let missing: Vec<(Text, usize)> = missing;
        if missing.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "messages that were not pushed: {missing:?}\n{}", hub.log());
        hub.advance(STEP);
        shared.watch(Duration::from_millis(200));
    }
    for queue in receivers {
        shared.note(shared.now(), [(Outcome::Done, Action::Drain { queue })]);
    }
}
