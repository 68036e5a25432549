//! A client that can misbehave, and a server to do it to.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::sync::watch;

use super::*;
use crate::door::Status;
use crate::hub::Hub;
use crate::live::Reader;
use crate::storage::clock::{ClockChange, ClockState};
use crate::wire::{self, Head};

/// Long enough for the slowest machine; no test waits for it unless it fails.
const FAILED: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(10);

pub(super) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(FAILED, what).await.expect("this takes too long")
}

/// Echoes what it is asked; holds requests for `/wait` until they are released.
pub(super) struct Echo {
    settings: Settings,
    status: std::sync::Mutex<Status>,
    answered: AtomicUsize,
    waiting: watch::Sender<usize>,
    released: watch::Sender<bool>,
    clock: std::sync::Mutex<ClockState>,
}

impl Echo {
    pub(super) fn release(&self) {
        self.released.send_replace(true);
    }
}

struct Waiting<'a>(&'a watch::Sender<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Backend for Echo {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn status(&self) -> Status {
        *self.status.lock().unwrap()
    }

    async fn answer(self: &Arc<Self>, request: wire::Request<'_>) -> wire::Response {
        let Head { method, path, query, .. } = request.head;
        if path == "/wait" {
            self.waiting.send_modify(|count| *count += 1);
            let _waiting = Waiting(&self.waiting);
            let _ = self.released.subscribe().wait_for(|released| *released).await;
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        let body = String::from_utf8_lossy(&request.body);
        let text = format!("{method} {path} {query} {} [{body}]", request.base_url);
        wire::Response { status: StatusCode::OK, headers: Vec::new(), body: text.into() }
    }

    async fn resource(self: &Arc<Self>, request: wire::Request<'_>) -> wire::Response {
        let text = format!("resource {} {}", request.head.method, request.head.path);
        wire::Response { status: StatusCode::OK, headers: Vec::new(), body: text.into() }
    }

    fn subscribe(self: &Arc<Self>, _: wire::Request<'_>) -> Result<Reader, wire::Response> {
        let text = "events".into();
        Err(wire::Response { status: StatusCode::OK, headers: Vec::new(), body: text })
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        None
    }

    fn refuse(&self, head: &Head<'_>, fault: &wire::Fault) -> wire::Response {
        wire::refuse(head, fault, None)
    }

    fn certificate(&self, path: &str) -> Result<Option<String>, String> {
        match *self.status.lock().unwrap() {
            Status::Ready => Ok(path.ends_with("-0123.pem").then(|| "a certificate".to_owned())),
            Status::Starting { .. } | Status::Failed => Err("not now".to_owned()),
        }
    }

    async fn metrics(&self) -> Result<String, String> {
        match *self.status.lock().unwrap() {
            Status::Ready => Ok("fanq_things 1\n".to_owned()),
            Status::Starting { .. } | Status::Failed => Err("not now".to_owned()),
        }
    }

    fn clock(&self) -> Result<ClockState, String> {
        Ok(*self.clock.lock().unwrap())
    }

    async fn turn_clock(&self, changes: Vec<ClockChange>) -> Result<ClockState, String> {
        let mut clock = self.clock.lock().unwrap();
        for change in changes {
            match change {
                ClockChange::Freeze => clock.frozen = true,
                ClockChange::Resume => clock.frozen = false,
                ClockChange::AdvanceBy(by) => {
                    assert!(clock.frozen, "freezing comes before advancing");
                    let milliseconds = u64::try_from(by.as_millis()).unwrap();
                    clock.now_ms += milliseconds;
                    clock.offset_ms += milliseconds.cast_signed();
                }
            }
        }
        Ok(*clock)
    }
}

pub(super) struct Server {
    pub(super) backend: Arc<Echo>,
    pub(super) address: SocketAddr,
    running: Running,
}

impl Server {
    pub(super) async fn start(limits: Limits, flags: &[(&str, &str)]) -> Self {
        let settings = crate::config::from_flags(&[flags, &[("port", "0")]].concat()).unwrap();
        let listener = listen(&settings).await.unwrap();
        let backend = Arc::new(Echo {
            settings,
            status: std::sync::Mutex::new(Status::Ready),
            answered: AtomicUsize::new(0),
            waiting: watch::Sender::new(0),
            released: watch::Sender::new(false),
            clock: std::sync::Mutex::new(ClockState { now_ms: 1000, frozen: false, offset_ms: 0 }),
        });
        let running = start(Arc::clone(&backend), listener, limits).unwrap();
        Self { backend, address: running.address, running }
    }

    pub(super) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    pub(super) async fn waiting(&self, expected: usize) {
        let mut waiting = self.backend.waiting.subscribe();
        in_time(waiting.wait_for(|count| *count == expected)).await.unwrap();
    }

    pub(super) fn release(&self) {
        self.backend.release();
    }

    pub(super) fn answered(&self) -> usize {
        self.backend.answered.load(Ordering::Relaxed)
    }

    pub(super) fn set_status(&self, status: Status) {
        *self.backend.status.lock().unwrap() = status;
    }

    pub(super) async fn stop(self) {
        self.running.stop().await;
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub(super) struct Client(BufStream<TcpStream>);

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(BufStream::new(TcpStream::connect(address).await.unwrap()))
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Says that nothing more will be sent, and goes on listening.
    pub(super) async fn finish(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    pub(super) async fn line(&mut self) -> String {
        let mut line = String::new();
        in_time(self.0.read_line(&mut line)).await.unwrap();
        line.trim_end().to_owned()
    }

    pub(super) async fn answer(&mut self) -> Answer {
        let first = self.line().await;
        let status =
            first.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {first:?}")).parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        in_time(self.0.read_exact(&mut body)).await.unwrap();
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// Waits until the server has closed the connection; what it sent before.
    pub(super) async fn closed(&mut self) -> String {
        let mut seen = Vec::new();
        // A reset closes a connection as well as an end does.
        let _ = in_time(self.0.read_to_end(&mut seen)).await;
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// Sends bytes one at a time, over and over, until the server has closed the connection.
    pub(super) async fn dribble_until_closed(&mut self, bytes: &[u8]) -> String {
        let (mut reader, mut writer) = tokio::io::split(&mut self.0);
        let mut seen = Vec::new();
        let dribble = async {
            for byte in bytes.iter().cycle() {
                // What was already closed cannot be written to; the reader sees it.
                let _ = writer.write_u8(*byte).await;
                let _ = writer.flush().await;
                tokio::time::sleep(STEP).await;
            }
        };
        tokio::select! {
            _ = in_time(reader.read_to_end(&mut seen)) => {}
            () = dribble => {}
        }
        String::from_utf8_lossy(&seen).into_owned()
    }
}
