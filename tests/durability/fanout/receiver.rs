//! The receiver over HTTP of all subscriptions and of the function. Each of its paths fails by itself: now and then for
//! one request, and sometimes for seconds.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fanq_tests::history::{Action, Delivery, Outcome, Text, read_body};

use super::world::{SUBSCRIPTIONS, Way, is_unwanted};
use crate::load::consumer::unwrapped;
use crate::load::random::Random;
use crate::load::shared::{Shared, micros};

/// Of a hundred requests, those that fail by themselves.
const FAILING: u64 = 3;
/// How long a path is sound between two outages, and how long it is down.
const SOUND: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(3_000));
const OUTAGE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(2_500));

pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    receipts: AtomicU64,
    /// By path, its last outage or the next one.
    outages: Mutex<BTreeMap<String, Range<u64>>>,
    /// Requests that failed, in outages and by themselves.
    failures_of_outages: AtomicU64,
    failures: AtomicU64,
}

/// What becomes of a request.
enum Fate {
    Taken,
    Unwanted,
    Failed,
    /// The connection ends without an answer.
    Dropped,
}

/// Takes what is pushed, and writes it down before it is answered: whoever is told twice of one message counts it twice.
pub(super) fn start(shared: &Arc<Shared>, mut random: Random) -> Arc<Receiver> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = Arc::new(Receiver {
        address: listener.local_addr().unwrap(),
        shared: Arc::clone(shared),
        receipts: AtomicU64::new(0),
        outages: Mutex::default(),
        failures_of_outages: AtomicU64::new(0),
        failures: AtomicU64::new(0),
    });
    let accepting = Arc::clone(&receiver);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (receiver, random) = (Arc::clone(&accepting), random.fork());
            thread::spawn(move || receiver.serve(stream, random));
        }
    });
    receiver
}

impl Receiver {
    fn serve(&self, stream: TcpStream, mut random: Random) {
        stream.set_nodelay(true).unwrap();
        let mut stream = BufReader::new(stream);
        while let Some((path, text)) = read_request(&mut stream) {
            let content = read_body(&unwrapped(&text));
            let status = match self.fate(&path, &content.name, &mut random) {
                Fate::Taken => {
                    self.note(path, content.name.into(), content.intact);
                    "200 OK"
                }
                Fate::Unwanted => "400 Bad Request",
                Fate::Failed => "503 Service Unavailable",
                Fate::Dropped => return,
            };
            // In one piece, for which nobody waits.
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn fate(&self, path: &str, name: &str, random: &mut Random) -> Fate {
        let is_down = self.is_down(path, self.shared.now(), random);
        let is_picky =
            SUBSCRIPTIONS.iter().any(|one| one.name == path && matches!(one.way, Way::Picky { .. }));
        if is_down || random.percent(FAILING) {
            let failures = if is_down { &self.failures_of_outages } else { &self.failures };
            failures.fetch_add(1, Ordering::Relaxed);
            if random.percent(50) { Fate::Failed } else { Fate::Dropped }
        } else if is_picky && is_unwanted(name) {
            Fate::Unwanted
        } else {
            Fate::Taken
        }
    }

    fn is_down(&self, path: &str, now: u64, random: &mut Random) -> bool {
        let mut outages = self.outages.lock().unwrap();
        let outage = outages.entry(path.to_owned()).or_default();
        if now >= outage.end {
            let begin = now + micros(random.time(SOUND.0, SOUND.1));
            *outage = begin..begin + micros(random.time(OUTAGE.0, OUTAGE.1));
        }
        outage.contains(&now)
    }

    fn note(&self, path: String, name: Text, intact: bool) {
        let receipt = self.receipts.fetch_add(1, Ordering::Relaxed);
        let messages = vec![Delivery { name: Text::clone(&name), intact, receipt, ..Delivery::default() }];
        let queue = Text::from(path);
        let received = Action::Receive { queue: Text::clone(&queue), visibility: 0, messages };
        // Nobody knows whether the hub will have read the answer.
        let deleted = Action::Delete { queue, name, receipt };
        self.shared.note(self.shared.now(), [(Outcome::Done, received), (Outcome::Unknown, deleted)]);
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (outages, alone) = (count(&self.failures_of_outages), count(&self.failures));
        write!(out, "requests that failed: {outages} in outages, {alone} by themselves")
    }
}

/// The path of a request without its slash, and its body.
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
    Some((path, String::from_utf8(bytes).ok()?))
}
