//! The same over WebSockets: the work of `ws live` and of `ws consume`.
//!
//! Publishes are said when it is time, whether the last was answered or not: a server that stalls is not asked less.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::timeout;

use super::{ARRIVAL, Flow};
use crate::cli::bench::connection::Failure;
use crate::cli::bench::crew::Worker;
use crate::cli::bench::socket::{SUB, Said, Socket, acknowledgement, consume};

/// What listens.
#[derive(Clone, Debug)]
pub(in crate::cli::bench) enum Listening {
    /// Subscribers of a topic, of which the first so many read nothing.
    ToTopic { arn: String, frozen: usize },
    /// Consumers of queues, spread over these.
    ToQueues { urls: Vec<String> },
}

impl Listening {
    /// Has a socket listen. The first is there to publish.
    pub(in crate::cli::bench) async fn begin(
        &self,
        index: usize,
        socket: &mut Socket,
    ) -> Result<(), Failure> {
        let Some(listener) = index.checked_sub(1) else {
            return Ok(());
        };
        let request = match self {
            Self::ToTopic { arn, .. } => json!({ "type": "subscribe", "id": 0, "sub": SUB, "topic": arn }),
            Self::ToQueues { urls } => {
                let url = listener.checked_rem(urls.len()).and_then(|queue| urls.get(queue));
                consume(url.map(String::as_str).unwrap_or_default())
            }
        };
        socket.ask(&request).await
    }

    fn is_frozen(&self, index: usize) -> bool {
        match self {
            Self::ToTopic { frozen, .. } => index <= *frozen,
            Self::ToQueues { .. } => false,
        }
    }
}

/// What a publisher knows of what it has said.
#[derive(Default)]
struct Published {
    said: u64,
    /// With whatever answer.
    answered: u64,
    accepted: u64,
}

impl Flow {
    /// The first connection publishes, the others listen.
    pub(in crate::cli::bench) async fn stream(
        self: Arc<Self>,
        listening: Arc<Listening>,
        mut worker: Worker<Socket>,
    ) {
        let done = match worker.index {
            0 => self.publish_on(&mut worker).await,
            index if listening.is_frozen(index) => {
                let _ = self.over.subscribe().wait_for(|over| *over).await;
                Ok(())
            }
            _ => self.listen(&mut worker).await,
        };
        if let Err(failure) = done {
            worker.give_up(&failure);
        }
        if worker.index == 0 {
            self.over.send_replace(true);
        }
    }

    async fn publish_on(&self, worker: &mut Worker<Socket>) -> Result<(), Failure> {
        let mut published = Published::default();
        let mut next = Instant::now();
        let step = Duration::from_secs(1).checked_div(self.rate).unwrap_or_default();
        while !worker.is_over() {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(next.into()) => {
                    next += step;
                    published.said += 1;
                    let publish = json!({
                        "type": "publish", "id": published.said, "topic": self.topic_arn, "message": self.body(),
                    });
                    worker.connection.say(publish.to_string().as_bytes());
                    worker.connection.flush().await?;
                }
                more = worker.connection.more() => {
                    more?;
                    answered(worker, &mut published)?;
                }
            }
        }
        let waiting = Instant::now();
        let reached = |published: &Published| published.accepted * self.reached;
        while waiting.elapsed() < ARRIVAL
            && (published.answered < published.said
                || self.received.load(Ordering::Relaxed) < reached(&published))
        {
            if let Ok(more) = timeout(super::LOOK, worker.connection.more()).await {
                more?;
                answered(worker, &mut published)?;
            }
        }
        let missing = reached(&published).saturating_sub(self.received.load(Ordering::Relaxed));
        if missing > 0 {
            worker.tally().fail(missing, || format!("{missing} messages did not arrive"));
        }
        let unanswered = published.said - published.answered;
        if unanswered > 0 {
            worker.tally().fail(unanswered, || format!("{unanswered} publishes were not answered"));
        }
        Ok(())
    }

    async fn listen(&self, worker: &mut Worker<Socket>) -> Result<(), Failure> {
        let mut over = self.over.subscribe();
        let (mut latencies, mut tags) = (Vec::new(), Vec::new());
        loop {
            tokio::select! {
                more = worker.connection.more() => more?,
                _ = over.wait_for(|over| *over) => return Ok(()),
            }
            let arrived = self.now_us();
            while let Some(text) = worker.connection.next()? {
                let said = Said::read(text)?;
                let body = match said.kind.as_ref() {
                    "event" => &said.message,
                    "message" => {
                        tags.push(said.tag);
                        &said.body
                    }
                    "live" | "stats" | "ping" => continue,
                    _ => return Err(Failure::Unreadable(Said::unexpected(text))),
                };
                let published = self.published_us(body);
                latencies.extend(published.map(|sent| Duration::from_micros(arrived.saturating_sub(sent))));
            }
            self.count(worker.tally(), &latencies);
            latencies.clear();
            if !tags.is_empty() {
                worker.connection.say(&acknowledgement(&tags, None));
                tags.clear();
            }
        }
    }
}

/// Reads what the publisher was told.
fn answered(worker: &mut Worker<Socket>, published: &mut Published) -> Result<(), Failure> {
    loop {
        let Some(text) = worker.connection.next()? else {
            return Ok(());
        };
        let refused = match Said::read(text)?.kind.as_ref() {
            "ok" => None,
            "error" => Some(Said::unexpected(text)),
            "ping" => continue,
            _ => return Err(Failure::Unreadable(Said::unexpected(text))),
        };
        published.answered += 1;
        match refused {
            Some(error) => worker.tally().fail(1, || error),
            None => {
                published.accepted += 1;
                worker.tally().requests += 1;
            }
        }
    }
}
