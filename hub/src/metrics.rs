//! What can be measured of a hub, in the text format of Prometheus.
//!
//! `table` names all metrics. What is counted lies where it is counted: in `queues` what the engine's thread counts, in
//! `subscriptions` and `api` what the workers do; `histogram` is for all that is measured. Nothing is looked up by a
//! label while requests are served: labels are made when somebody asks. `exposition` writes the text, `process` asks
//! the system.
//!
//! The number of series is bounded whatever clients do: so many queues and subscriptions, the oldest, have series of
//! their own, and the others share one; of actions and errors only names that the hub knows are labels.

mod api;
mod exposition;
pub(crate) mod filtered;
pub(crate) mod histogram;
pub(crate) mod live;
pub(crate) mod mappings;
pub(crate) mod process;
pub(crate) mod queues;
pub(crate) mod schemas;
pub(crate) mod subscriptions;
mod table;

use crate::engine::Scraped;
use crate::socket;
use api::Api;
use exposition::{Labels, Page};
use histogram::Histogram;
use queues::QueueSeries;
use schemas::Schemas;
use subscriptions::SubscriptionSeries;
use table as of;

/// What stands for all that has no series of its own. No queue, account, region or subscription can be called that.
const OTHERS: &str = "*";

/// What one hub measures outside of its engine and its log.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) api: Api,
    /// From the decoded publish until its messages are in their queues, durably.
    pub(crate) publish_enqueue: Histogram,
    /// From the sending of a message to its first receive, in log time.
    pub(crate) queue_wait: Histogram,
    /// What a request to an endpoint takes.
    pub(crate) push: Histogram,
    /// From when a batch is proposed until it comes back.
    pub(crate) commit: Histogram,
    pub(crate) commit_commands: Histogram,
    pub(crate) commit_bytes: Histogram,
    pub(crate) schemas: Schemas,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            api: Api::default(),
            publish_enqueue: Histogram::of_seconds(histogram::SHORT),
            queue_wait: Histogram::of_seconds(histogram::LONG),
            push: Histogram::of_seconds(histogram::SHORT),
            commit: Histogram::of_seconds(histogram::SHORT),
            commit_commands: Histogram::of_numbers(histogram::COUNTS),
            commit_bytes: Histogram::of_numbers(histogram::BYTES),
            schemas: Schemas::default(),
        }
    }
}

impl Metrics {
    /// Everything, as text.
    pub(crate) fn expose(
        &self,
        scraped: &Scraped,
        subscriptions: &[SubscriptionSeries],
        sockets: &socket::Figures,
    ) -> String {
        let mut page = Page::default();
        let version = Labels::of(&["version"], &[env!("CARGO_PKG_VERSION")]);
        page.family(&of::BUILD_INFO, [(&version, 1)]);
        self.expose_requests(&mut page);
        expose_queues(&scraped.queues, &mut page);
        expose_filtered(subscriptions, &mut page);
        self.expose_pushes(subscriptions, &mut page);
        expose_failed(subscriptions, &mut page);
        self.expose_schemas(&mut page);
        expose_sockets(sockets, &mut page);
        self.expose_commits(scraped, &mut page);
        page.one(&of::WAITING_RECEIVERS, scraped.waiting_receivers);
        page.one(&of::STATE_BYTES, scraped.state_bytes);
        page.one(&of::STATE_LIMIT_BYTES, scraped.state_limit_bytes);
        page.one(&of::BODY_BYTES, scraped.body_bytes);
        page.one(&of::LOG_BYTES, scraped.log.log_bytes);
        page.one(&of::DISK_FULL, u8::from(scraped.is_disk_full));
        page.one(&of::CHECKPOINTS, scraped.log.checkpoints);
        page.one(&of::CHECKPOINT_BYTES, scraped.log.checkpoint_bytes);
        process::expose(&mut page);
        page.into_text()
    }

    fn expose_requests(&self, page: &mut Page) {
        page.family(&of::API_REQUESTS, self.api.requests().iter().map(|(labels, count)| (labels, count)));
        page.histograms(&of::API_REQUEST_DURATION, &self.api.durations());
        page.histogram(&of::PUBLISH_ENQUEUE, self.publish_enqueue.read());
        page.histogram(&of::QUEUE_WAIT, self.queue_wait.read());
    }

    fn expose_schemas(&self, page: &mut Page) {
        let counts = self.schemas.counts().map(|(word, count)| (Labels::of(&["outcome"], &[word]), count));
        page.family(&of::SCHEMA_MISMATCHES, counts.iter().map(|(labels, count)| (labels, count)));
    }

    fn expose_pushes(&self, subscriptions: &[SubscriptionSeries], page: &mut Page) {
        let (mut pushes, mut paused) = (Vec::new(), Vec::new());
        let (mut visible, mut in_flight) = (Vec::new(), Vec::new());
        for series in subscriptions.iter().filter(|series| series.is_pushed()) {
            for (result, count) in series.pushes.named() {
                pushes.push((Labels::of(&["subscription", "result"], &[series.arn(), result]), count));
            }
            let labels = Labels::of(&["subscription"], &[series.arn()]);
            visible.push((labels.clone(), series.queue.visible));
            in_flight.push((labels.clone(), series.queue.in_flight));
            paused.push((labels, series.paused));
        }
        page.family(&of::PUSHES, pushes.iter().map(|(labels, count)| (labels, count)));
        page.histogram(&of::PUSH_DURATION, self.push.read());
        for (family, series) in
            [(&of::PUSH_BREAKER_OPEN, paused), (&of::PUSH_VISIBLE, visible), (&of::PUSH_IN_FLIGHT, in_flight)]
        {
            page.family(family, series.iter().map(|(labels, count)| (labels, count)));
        }
    }

    fn expose_commits(&self, scraped: &Scraped, page: &mut Page) {
        page.histogram(&of::COMMIT, self.commit.read());
        page.histogram(&of::COMMIT_COMMANDS, self.commit_commands.read());
        page.histogram(&of::COMMIT_BYTES, self.commit_bytes.read());
        page.histogram(&of::SYNC, scraped.log.syncs.clone());
    }
}

fn expose_queues(queues: &[QueueSeries], page: &mut Page) {
    let labels = |series: &QueueSeries| {
        const NAMES: [&str; 3] = ["account", "region", "queue"];
        match &series.name {
            Some(name) => Labels::of(&NAMES, &[&*name.account, &*name.region, &*name.name]),
            None => Labels::of(&NAMES, &[OTHERS; 3]),
        }
    };
    let labels: Vec<_> = queues.iter().map(labels).collect();
    let series = || labels.iter().zip(queues);
    page.family(&of::QUEUE_VISIBLE, series().map(|(labels, queue)| (labels, queue.counts.visible)));
    page.family(&of::QUEUE_IN_FLIGHT, series().map(|(labels, queue)| (labels, queue.counts.in_flight)));
    page.family(&of::QUEUE_DELAYED, series().map(|(labels, queue)| (labels, queue.counts.delayed)));
    let ages = series().map(|(labels, queue)| (labels, queue.oldest_age.as_secs_f64()));
    page.family(&of::QUEUE_OLDEST_AGE, ages);
    let mut totals = |family, of: fn(&queues::QueueTotals) -> u64| {
        page.family(family, series().map(|(labels, queue)| (labels, of(&queue.totals))));
    };
    totals(&of::QUEUE_SENT, |totals| totals.sent);
    totals(&of::QUEUE_SENT_BYTES, |totals| totals.sent_bytes);
    totals(&of::QUEUE_RECEIVED, |totals| totals.received);
    totals(&of::QUEUE_RECEIVED_BYTES, |totals| totals.received_bytes);
    totals(&of::QUEUE_EMPTY_RECEIVES, |totals| totals.empty_receives);
    totals(&of::QUEUE_DELETED, |totals| totals.deleted);
    totals(&of::QUEUE_TIMEOUTS, |totals| totals.timed_out);
    totals(&of::QUEUE_DEAD_LETTERED, |totals| totals.buried);
    totals(&of::QUEUE_MOVED, |totals| totals.moved);
    totals(&of::QUEUE_EXPIRED, |totals| totals.expired);
}

fn expose_sockets(sockets: &socket::Figures, page: &mut Page) {
    page.one(&of::SOCKET_CONNECTIONS, sockets.connections);
    page.one(&of::SOCKET_CONSUMERS, sockets.consumers);
    page.one(&of::SOCKET_UNACKNOWLEDGED, sockets.unacknowledged);
    page.one(&of::SOCKET_PUSHED, sockets.pushed);
}

fn expose_filtered(subscriptions: &[SubscriptionSeries], page: &mut Page) {
    let mut filtered = Vec::new();
    for series in subscriptions.iter().filter(|series| series.is_filtered()) {
        for (reason, count) in series.filtered.named() {
            let labels = Labels::of(&["subscription", "reason"], &[series.arn(), reason]);
            filtered.push((labels, count));
        }
    }
    page.family(&of::FILTERED, filtered.iter().map(|(labels, count)| (labels, count)));
}

fn expose_failed(subscriptions: &[SubscriptionSeries], page: &mut Page) {
    let failed =
        |series: &SubscriptionSeries| (Labels::of(&["subscription"], &[series.arn()]), series.failed);
    let failed: Vec<_> = subscriptions.iter().map(failed).collect();
    page.family(&of::FAILED_DELIVERIES, failed.iter().map(|(labels, count)| (labels, count)));
}
