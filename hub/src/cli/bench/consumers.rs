//! Consumers over WebSockets that get messages as fast as they come and acknowledge them: the work of `ws drain`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::connection::Failure;
use super::crew::Worker;
use super::messages::Work;
use super::socket::{Said, Socket, acknowledgement, consume};

/// Messages that are fewer than a batch are acknowledged when nothing has come for so long.
const PAUSE: Duration = Duration::from_millis(1);

/// What consumers know of each other.
#[derive(Debug)]
pub(super) struct Consumers {
    work: Work,
    /// Messages whose acknowledgement is not confirmed yet.
    left: AtomicU64,
    over: watch::Sender<bool>,
}

/// An acknowledgement under way.
struct Asked {
    id: u64,
    messages: u64,
    at: Instant,
}

impl Consumers {
    /// For so many messages of each queue as there are in the quota.
    pub(super) fn new(work: Work) -> Self {
        let left = AtomicU64::new(work.quota.total());
        Self { work, left, over: watch::Sender::new(false) }
    }

    pub(super) async fn work(self: Arc<Self>, mut worker: Worker<Socket>) {
        if let Err(failure) = self.consume(&mut worker).await {
            worker.give_up(&failure);
            self.over.send_replace(true);
        }
    }

    async fn consume(&self, worker: &mut Worker<Socket>) -> Result<(), Failure> {
        let queue = self.work.queue(worker);
        worker.connection.say(consume(self.work.url(queue)).to_string().as_bytes());
        let mut over = self.over.subscribe();
        let (mut tags, mut asked, mut last_id) = (Vec::new(), VecDeque::new(), 0);
        let batch = usize::try_from(self.work.batch).unwrap_or(1);
        loop {
            let are_all = tokio::select! {
                more = worker.connection.more() => more.map(|()| false)?,
                () = tokio::time::sleep(PAUSE), if !tags.is_empty() => true,
                _ = over.wait_for(|over| *over) => return Ok(()),
            };
            self.hear(worker, &mut tags, &mut asked)?;
            let least = if are_all { 1 } else { batch };
            while tags.len() >= least {
                let rest = tags.split_off(batch.min(tags.len()));
                let mut own = std::mem::replace(&mut tags, rest);
                // What is beyond the quota stays in the queue.
                let wanted = u32::try_from(own.len()).unwrap_or(u32::MAX);
                own.truncate(usize::try_from(self.work.quota.take(queue, wanted)).unwrap_or(usize::MAX));
                if own.is_empty() {
                    continue;
                }
                last_id += 1;
                worker.connection.say(&acknowledgement(&own, Some(last_id)));
                asked.push_back(Asked { id: last_id, messages: own.len() as u64, at: Instant::now() });
            }
        }
    }

    /// Takes all that has come.
    fn hear(
        &self,
        worker: &mut Worker<Socket>,
        tags: &mut Vec<u64>,
        asked: &mut VecDeque<Asked>,
    ) -> Result<(), Failure> {
        while let Some(text) = worker.connection.next()? {
            let said = Said::read(text)?;
            match (said.kind.as_ref(), said.id) {
                ("message", _) => tags.push(said.tag),
                ("ok", Some(0)) | ("ping", _) => {}
                ("ok", Some(id)) if said.unknown.is_empty() => {
                    let place = asked.iter().position(|asked| asked.id == id);
                    if let Some(done) = place.and_then(|place| asked.remove(place)) {
                        self.confirmed(worker, &done);
                    }
                }
                _ => return Err(Failure::Unreadable(Said::unexpected(text))),
            }
        }
        Ok(())
    }

    fn confirmed(&self, worker: &Worker<Socket>, done: &Asked) {
        let mut tally = worker.tally();
        tally.took(done.at.elapsed());
        tally.requests += 1;
        tally.messages += done.messages;
        drop(tally);
        if self.left.fetch_sub(done.messages, Ordering::Relaxed) == done.messages {
            self.over.send_replace(true);
        }
    }
}
