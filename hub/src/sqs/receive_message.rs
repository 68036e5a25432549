//! [`ReceiveMessage`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html):
//! takes messages, hiding them for a while.
//!
//! Differs from AWS: a short poll finds every message that is there. A queue that is deleted while a receive waits
//! is said not to exist.

use crate::catalogue::QueueView;
use crate::content::{digits, md5_of_attributes};
use crate::delivery::{Rendered, render};
use crate::operation::{Context, Operation};
use crate::shape::attribute::AttributeValue;
use crate::shape::queue::refusal::About;
use crate::shape::queue::selection::{MessageAttributeNames, SystemAttributeNames};
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{limits, number, text};
use crate::wire::{Fault, List, Pairs};
use queue_core::Receive;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReceiveMessage {
    #[serde(default)]
    pub(crate) queue_url: QueueUrl,
    /// The old name of the next one.
    pub(crate) attribute_names: Option<List<String>>,
    pub(crate) message_system_attribute_names: Option<List<String>>,
    pub(crate) message_attribute_names: Option<List<String>>,
    pub(crate) max_number_of_messages: Option<i64>,
    pub(crate) visibility_timeout: Option<i64>,
    pub(crate) wait_time_seconds: Option<i64>,
    pub(crate) receive_request_attempt_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    message_id: String,
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: String,
    body: String,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    attributes: Pairs<String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    message_attributes: Pairs<AttributeValue>,
}

impl Operation for ReceiveMessage {
    const NAME: &'static str = "ReceiveMessage";
    type Output = Received;

    async fn run(self, cx: &Context) -> Result<Received, Fault> {
        let taken = self.take(cx).await?;
        let old_and_new = [&self.attribute_names, &self.message_system_attribute_names];
        let system = SystemAttributeNames::parse(old_and_new.into_iter().flatten().flatten());
        let names = MessageAttributeNames(self.message_attribute_names.as_deref().unwrap_or_default());
        let messages = taken.into_iter().map(|rendered| Message::new(rendered, &system, names, cx));
        Ok(Received { messages: messages.collect() })
    }
}

impl ReceiveMessage {
    /// Takes the messages, whole; what a receiver is shown of them is not decided here.
    pub(crate) async fn take(&self, cx: &Context) -> Result<Vec<Rendered>, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let (receive, wait) = (self.receive(&queue, cx)?, self.wait(&queue)?);
        let deliveries = cx.hub.engine.receive(receive, wait).await;
        let deliveries = deliveries.map_err(|error| About::default().fault(error))?;
        let mut taken = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            taken.push(render(delivery, &cx.hub).await.map_err(|error| {
                tracing::error!(?error, queue = %queue.name.name, "a message cannot be shown");
                Fault::internal()
            })?);
        }
        Ok(taken)
    }

    fn receive(&self, queue: &QueueView, cx: &Context) -> Result<Receive, Fault> {
        const ATTEMPT: &str = "ReceiveRequestAttemptId";
        let maximum = self.max_number_of_messages.map_or(Ok(1), |maximum| {
            let reason = "Must be between 1 and 10, if provided.";
            number::check(maximum, &limits::RECEIVED, "MaxNumberOfMessages", reason)
        })?;
        let visibility =
            self.visibility_timeout.map_or(Ok(queue.attributes.visibility_timeout), |timeout| {
                let reason = "Must be >= 0 and <= 43200, if provided.";
                number::check(timeout, &limits::VISIBILITY, "VisibilityTimeout", reason).map(seconds)
            })?;
        let attempt = self.receive_request_attempt_id.as_deref().filter(|_| queue.attributes.fifo);
        attempt.map(|id| text::check_id(id, ATTEMPT)).transpose()?;
        let attempt = attempt.map(|id| cx.hub.secrets.attempt(id));
        Ok(Receive { queue: queue.id, maximum, visibility, attempt })
    }

    /// Zero is a wait as well: it overrides that of the queue.
    fn wait(&self, queue: &QueueView) -> Result<Duration, Fault> {
        self.wait_time_seconds.map_or(Ok(queue.attributes.receive_wait), |wait| {
            let reason = "Must be >= 0 and <= 20, if provided.";
            number::check(wait, &limits::WAIT, "WaitTimeSeconds", reason).map(seconds)
        })
    }
}

impl Message {
    fn new(
        rendered: Rendered,
        system: &SystemAttributeNames,
        names: MessageAttributeNames<'_>,
        cx: &Context,
    ) -> Self {
        let attributes = system.of(&rendered);
        let selected = names.select(rendered.attributes);
        Self {
            message_id: Uuid::from_u128(rendered.received.id).to_string(),
            receipt_handle: cx.hub.secrets.handle(&rendered.received.receipt),
            md5_of_body: digits(rendered.body_md5),
            body: rendered.body,
            attributes,
            // Of those that are shown, not of all.
            md5_of_message_attributes: md5_of_attributes(&selected),
            message_attributes: Pairs(
                selected.into_iter().map(|one| (one.name.to_string(), one.into())).collect(),
            ),
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}
