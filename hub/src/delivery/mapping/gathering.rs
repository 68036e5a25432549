//! Takes messages of a queue until they make a batch.

use super::batch::{Item, Site};
use super::event;
use super::filter::Filter;
use super::outlet::count;
use crate::catalogue::QueueView;
use crate::content::Attribute;
use crate::delivery::{Rendered, render};
use crate::engine::{self, Delivery};
use queue_core::{ChangeVisibility, Command, Receive, Reply};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// How long a receive waits for the first message.
const POLL: Duration = Duration::from_secs(20);

/// How much the messages of one event have together at most; one message alone has no more.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// How many messages are received at once: as long as nothing is known of their size, and when they are small.
const RECEIVED_FIRST: usize = 10;
const RECEIVED_MAX: usize = 100;

/// Messages on their way into batches. It can be left at any time without losing one.
pub(super) struct Gathering {
    pub(super) site: Arc<Site>,
    pub(super) filter: Filter,
    /// Tells when the mapping is to end.
    pub(super) halt: watch::Receiver<bool>,
    /// What was received and is in no batch yet.
    kept: Vec<Item>,
}

impl Gathering {
    pub(super) fn new(site: Arc<Site>, filter: Filter, halt: watch::Receiver<bool>) -> Self {
        Self { site, filter, halt, kept: Vec::new() }
    }

    /// Whether messages were received that are in no batch yet.
    pub(super) fn holds(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Receives until there is enough for a batch, or its time is over, or the mapping ends or pauses.
    pub(super) async fn gather(&mut self, queue: &QueueView) -> Result<(), engine::Error> {
        // What is left of the last time has waited long enough.
        let mut until = self.holds().then(Instant::now);
        while let Some(asked) = self.room() {
            let wait = until.map_or(POLL, |until| until.saturating_duration_since(Instant::now()));
            let Some(deliveries) = self.receive(queue, asked, wait).await? else {
                break;
            };
            let taken = deliveries.len();
            self.keep(queue, deliveries).await;
            if taken == 0 || wait.is_zero() && taken < asked {
                break;
            }
            until.get_or_insert_with(|| Instant::now() + self.site.mapping.window());
        }
        Ok(())
    }

    /// How many messages still fit, as far as the others let guess; none if the batch is full.
    fn room(&self) -> Option<usize> {
        let held = self.kept.len();
        let free = self.batch_size().checked_sub(held).filter(|free| *free > 0)?;
        let bytes: usize = self.kept.iter().map(|item| item.bytes).sum();
        let bytes_free = EVENT_BYTES_MAX.checked_sub(bytes).filter(|free| *free > 0)?;
        let fitting = match bytes.checked_div(held) {
            None => RECEIVED_FIRST,
            Some(mean) => (bytes_free / mean.max(1)).clamp(1, RECEIVED_MAX),
        };
        Some(free.min(fitting))
    }

    fn batch_size(&self) -> usize {
        self.site.mapping.batch_size as usize
    }

    /// None if it is time to leave.
    async fn receive(
        &mut self,
        queue: &QueueView,
        asked: usize,
        wait: Duration,
    ) -> Result<Option<Vec<Delivery>>, engine::Error> {
        let maximum = u32::try_from(asked).unwrap_or(u32::MAX);
        let receive = Receive { queue: queue.id, maximum, visibility: self.hidden(queue), attempt: None };
        let received = tokio::select! {
            biased;
            _ = self.halt.wait_for(|halt| *halt) => return Ok(None),
            () = self.site.opened.notified() => return Ok(None),
            received = self.site.hub.engine.receive(receive, wait) => received,
        };
        match received {
            Ok(deliveries) => Ok(Some(deliveries)),
            // As many are in flight as can be.
            Err(engine::Error::Refused(queue_core::Error::OverLimit)) => Ok(Some(Vec::new())),
            Err(error) => Err(error),
        }
    }

    /// How long messages stay hidden: through the window, and then for as long as the queue says.
    fn hidden(&self, queue: &QueueView) -> Duration {
        let mapping = &self.site.mapping;
        queue.attributes.visibility_timeout.max(mapping.timeout()) + mapping.window()
    }

    /// Keeps what the filter lets through, and deletes the rest.
    async fn keep(&mut self, queue: &QueueView, deliveries: Vec<Delivery>) {
        let mut unwanted = Vec::new();
        for delivery in deliveries {
            let receipt = delivery.message.receipt;
            match self.item(queue, delivery).await {
                Some((item, true)) => self.kept.push(item),
                Some((_, false)) => unwanted.push(receipt),
                None => {}
            }
        }
        count(&self.site.outlet.filtered, unwanted.len());
        self.site.delete(queue.id, unwanted).await;
    }

    /// A message as it is posted, and whether it is to be. One that cannot be read stays hidden until its timeout.
    async fn item(&self, queue: &QueueView, delivery: Delivery) -> Option<(Item, bool)> {
        let message = render(delivery, &self.site.hub)
            .await
            .inspect_err(|error| {
                tracing::error!(?error, queue = %queue.name.name, "a message cannot be shown");
            })
            .ok()?;
        let handle = self.site.hub.secrets.handle(&message.received.receipt);
        let record = event::record(&message, &handle, &queue.name);
        let is_wanted = self.filter.passes(&record);
        Some((Item::new(&message, record.to_string()), is_wanted))
    }

    /// The next batch of what was gathered, empty if there is none.
    pub(super) fn cut(&mut self) -> Vec<Item> {
        let mut bytes = 0;
        let fits = |item: &&Item| {
            let is_first = bytes == 0;
            bytes += item.bytes;
            is_first || bytes <= EVENT_BYTES_MAX
        };
        let length = self.kept.iter().take(self.batch_size()).take_while(fits).count();
        self.kept.drain(..length).collect()
    }

    /// Has messages stay hidden for the whole time again that have waited for those before them; what has become
    /// visible meanwhile is not in the batch any more.
    pub(super) async fn renew(&self, queue: &QueueView, batch: Vec<Item>) -> Vec<Item> {
        let hidden = self.hidden(queue);
        let changes = batch.iter().map(|item| (item.receipt, hidden)).collect();
        let command = Command::ChangeVisibility(ChangeVisibility { queue: queue.id, changes });
        match self.site.hub.engine.execute(command, Vec::new()).await {
            Ok(Reply::Each(each)) => batch
                .into_iter()
                .zip(each)
                .filter_map(|(item, renewed)| renewed.ok().map(|()| item))
                .collect(),
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    /// Makes visible again what is in no batch.
    pub(super) async fn give_back(&mut self, queue: &QueueView) {
        let kept = std::mem::take(&mut self.kept);
        self.site.give_back(queue.id, &kept).await;
    }
}

impl Item {
    fn new(message: &Rendered, record: String) -> Self {
        let attributes: usize = message.attributes.iter().map(Attribute::bytes).sum();
        Self {
            id: Uuid::from_u128(message.received.id).to_string(),
            receipt: message.received.receipt,
            receives: message.received.receives,
            bytes: message.body.len() + attributes,
            record,
        }
    }
}
