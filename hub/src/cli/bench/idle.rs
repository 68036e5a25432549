//! WebSockets that say nothing but what keeps them: the work of `ws idle`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::connection::Failure;
use super::crew::Worker;
use super::request::Requests;
use super::socket::{Said, Socket};

/// A socket that was opened, and how long that took.
pub(super) struct Opened {
    socket: Socket,
    took: Duration,
}

impl Opened {
    pub(super) async fn open(address: std::net::SocketAddr, requests: &Requests) -> Result<Self, Failure> {
        let began = Instant::now();
        let socket = Socket::open(address, requests).await?;
        Ok(Self { socket, took: began.elapsed() })
    }
}

/// When all are there, and when they may go.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) opened: watch::Sender<bool>,
    pub(super) over: watch::Sender<bool>,
}

impl Idle {
    pub(super) fn new() -> Self {
        Self { opened: watch::Sender::new(false), over: watch::Sender::new(false) }
    }

    /// Counts the opening as a request, and heartbeats as messages: whoever waits sees that something goes on.
    pub(super) async fn work(self: Arc<Self>, mut worker: Worker<Opened>) {
        {
            let mut tally = worker.tally();
            tally.took(worker.connection.took);
            tally.requests += 1;
        }
        // Work begins when all are open.
        self.opened.send_replace(true);
        let mut over = self.over.subscribe();
        loop {
            let more = tokio::select! {
                more = worker.connection.socket.more() => more,
                _ = over.wait_for(|over| *over) => return,
            };
            if let Err(failure) = more.and_then(|()| hear(&mut worker)) {
                return worker.give_up(&failure);
            }
        }
    }
}

fn hear(worker: &mut Worker<Opened>) -> Result<(), Failure> {
    while let Some(text) = worker.connection.socket.next()? {
        match Said::read(text)?.kind.as_ref() {
            "ping" => worker.tally().messages += 1,
            _ => return Err(Failure::Unreadable(Said::unexpected(text))),
        }
    }
    Ok(())
}
