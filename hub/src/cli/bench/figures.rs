//! What came of a measurement, as JSON and as text.

use indicatif::{BinaryBytes, HumanCount};
use serde::Serialize;

use super::crew::Stretch;
use super::options::{Options, Subject};

/// The figures of one measurement, or the medians of several.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    pub(super) scenario: &'static str,
    pub(super) requests_per_s: f64,
    pub(super) messages_per_s: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) p999_ms: f64,
    pub(super) max_ms: f64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    /// Of the server; none if it is not ours.
    pub(super) cpu_us_per_request: Option<f64>,
    pub(super) rss_bytes: Option<u64>,
    /// Memory of the server that each connection takes, where that is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes_per_connection: Option<u64>,
    pub(super) connections: u32,
    pub(super) body_bytes: u32,
    pub(super) batch: u32,
    pub(super) queues: u32,
    pub(super) backlog: u32,
    /// Subscriptions whose filters let the messages through; none if they have no filters.
    pub(super) matching: Option<u32>,
    /// Whether deliveries are in an envelope.
    pub(super) enveloped: bool,
    /// Receivers that are not there.
    pub(super) dead: u32,
    /// Subscribers that read nothing.
    pub(super) frozen: u32,
    /// Members of priority queues; none of plain ones.
    pub(super) members: Option<u32>,
    /// Message groups of FIFO queues; none of standard ones.
    pub(super) groups: Option<u32>,
    /// Publishes or sends per second that were asked for, where that is so.
    pub(super) rate: Option<u32>,
    pub(super) durability: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) duration_s: f64,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "counts of hours of requests have fewer than 53 bits")]
    pub(super) fn new(options: &Options, stretch: &Stretch, rss_bytes: Option<u64>) -> Self {
        let (tally, seconds) = (&stretch.tally, stretch.time.as_secs_f64());
        let per_request = |time: std::time::Duration| time.as_secs_f64() * 1e6 / tally.requests as f64;
        let (durability, endpoint) = match &options.subject {
            Subject::Endpoint(endpoint) => (None, Some(format!("http://{endpoint}"))),
            Subject::Hub { durability, .. } => (Some(durability.clone()), None),
            Subject::Floor { .. } => (None, None),
        };
        Self {
            scenario: options.scenario.name(),
            requests_per_s: rounded(tally.requests as f64 / seconds),
            messages_per_s: rounded(tally.messages as f64 / seconds),
            p50_ms: tally.quantile_ms(0.5),
            p99_ms: tally.quantile_ms(0.99),
            p999_ms: tally.quantile_ms(0.999),
            max_ms: tally.max_ms(),
            errors: tally.errors,
            first_error: tally.first_error.clone(),
            cpu_us_per_request: stretch.cpu.map(per_request).map(rounded),
            rss_bytes,
            bytes_per_connection: stretch.bytes_per_connection,
            connections: options.connections,
            body_bytes: options.body_bytes,
            batch: options.batch,
            queues: options.queues,
            backlog: options.backlog,
            matching: options.matching,
            enveloped: options.is_enveloped,
            dead: options.dead,
            frozen: options.frozen,
            members: options.members,
            groups: options.groups,
            rate: options.scenario.has_rate().then_some(options.rate),
            durability,
            endpoint,
            duration_s: rounded(seconds),
        }
    }

    /// Whether there was clearly less load than was asked for.
    pub(super) fn has_missed_its_rate(&self) -> bool {
        self.rate.is_some_and(|rate| self.requests_per_s < 0.9 * f64::from(rate))
    }

    /// What was asked for, in one line.
    pub(super) fn title(&self) -> String {
        let Self { scenario, connections, body_bytes, batch, queues, backlog, .. } = self;
        let mut title = format!("{scenario} --connections {connections} --body-bytes {body_bytes}");
        let counts = [
            ("batch", batch, 1),
            ("queues", queues, 1),
            ("members", &self.members.unwrap_or(0), 0),
            ("backlog", backlog, 0),
            ("dead", &self.dead, 0),
            ("frozen", &self.frozen, 0),
        ];
        for (flag, value, default) in counts {
            if *value != default {
                title.push_str(&format!(" --{flag} {value}"));
            }
        }
        if self.enveloped {
            title.push_str(" --enveloped");
        }
        if let Some(matching) = self.matching {
            title.push_str(&format!(" --matching {matching}"));
        }
        if let Some(groups) = self.groups {
            title.push_str(&format!(" --fifo --groups {groups}"));
        }
        for (flag, value) in [("durability", &self.durability), ("endpoint", &self.endpoint)] {
            if let Some(value) = value {
                title.push_str(&format!(" --{flag} {value}"));
            }
        }
        title
    }

    /// The rows of the table: a name, and the value as it is shown.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let unknown = || "-".to_owned();
        let bytes = |bytes: u64| BinaryBytes(bytes).to_string();
        let mut rows = vec![
            ("requests/s", whole(self.requests_per_s)),
            ("messages/s", whole(self.messages_per_s)),
            ("median", format!("{:.3} ms", self.p50_ms)),
            ("p99", format!("{:.3} ms", self.p99_ms)),
            ("p99.9", format!("{:.3} ms", self.p999_ms)),
            ("longest", format!("{:.3} ms", self.max_ms)),
            ("errors", HumanCount(self.errors).to_string()),
            ("CPU per request", self.cpu_us_per_request.map_or_else(unknown, |us| format!("{us:.1} µs"))),
            ("memory", self.rss_bytes.map_or_else(unknown, bytes)),
        ];
        rows.extend(self.bytes_per_connection.map(|each| ("memory for each", bytes(each))));
        rows
    }
}

/// Digits behind these are noise.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is a small positive number"
)]
fn whole(value: f64) -> String {
    HumanCount(value.round() as u64).to_string()
}
