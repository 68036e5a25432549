//! Mappings: queues whose messages the hub posts to a URL in batches, and URLs that stand for functions, both in the
//! form in which AWS Lambda hands events to a function.
//!
//! What a mapping is to do is kept as a record, so it outlives restarts. For each one with a queue a worker takes the
//! messages like any consumer: it has no more rights to them than others, and the queue's own rules (visibility
//! timeout, order of groups, dead-letter queue) hold for what it does.

mod answer;
mod batch;
mod event;
pub(crate) mod filter;
pub(crate) mod function;
mod gathering;
pub(crate) mod outlet;
mod worker;
mod workers;

pub(crate) use outlet::Outlets;
pub(crate) use workers::{Workers, records, series};

use crate::shape::arn::Arn;
use filter::Criteria;
use queue_core::{Name, Record, RecordKey, Tags};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const KIND: &str = "mapping";
const FIELD: &str = "mapping";

/// What a mapping is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mapping {
    /// The ARN of the queue. Without one, it only says where a function is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) queue: Option<String>,
    pub(crate) url: String,
    /// The function that the URL stands for, to subscriptions of topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) function_arn: Option<String>,
    /// How many messages are posted together at most.
    pub(crate) batch_size: u32,
    /// How long a batch waits to become full.
    pub(crate) window_seconds: u32,
    /// How many batches are under way at most.
    pub(crate) concurrency: u32,
    /// How long an answer is waited for.
    pub(crate) timeout_seconds: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Criteria>,
    pub(crate) enabled: bool,
}

impl Mapping {
    /// What a record says; none if it is not what [`Self::fields`] makes.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        let text = record.fields.get(FIELD)?;
        serde_json::from_str(text)
            .inspect_err(
                |error| tracing::error!(%error, id = %record.key.name.name, "a mapping cannot be read"),
            )
            .ok()
    }

    /// What is kept of it.
    pub(crate) fn fields(&self) -> Option<Tags> {
        let text = serde_json::to_string(self).ok()?;
        Some([(FIELD.into(), text.into())].into_iter().collect())
    }

    /// The queue.
    pub(crate) fn queue_name(&self) -> Option<Name> {
        self.queue.as_deref().and_then(Arn::queue)
    }

    fn window(&self) -> Duration {
        Duration::from_secs(self.window_seconds.into())
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}

/// What the mapping of an account is found by.
pub(crate) fn key(account: &str, id: &str) -> RecordKey {
    RecordKey { kind: KIND.into(), name: Name::new(account, "", id) }
}
