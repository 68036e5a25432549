//! [`SendMessage`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html): puts a
//! message into a queue.

use crate::content::{digits, md5_of_body, sequence_number};
use crate::operation::{Context, Operation};
use crate::shape::attribute::AttributeValue;
use crate::shape::queue::command;
use crate::shape::queue::message::{self, Given, Place};
use crate::shape::queue::url::QueueUrl;
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SendMessage {
    #[serde(default)]
    queue_url: QueueUrl,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<Pairs<AttributeValue>>,
    message_system_attributes: Option<Pairs<AttributeValue>>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Sent {
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_message_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_system_attributes: Option<String>,
    pub(crate) message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sequence_number: Option<String>,
}

impl Operation for SendMessage {
    const NAME: &'static str = "SendMessage";
    type Output = Sent;

    async fn run(self, cx: &Context) -> Result<Sent, Fault> {
        let given = Given {
            body: self.message_body,
            delay_seconds: self.delay_seconds,
            attributes: self.message_attributes.unwrap_or_default(),
            system_attributes: self.message_system_attributes.unwrap_or_default(),
            deduplication_id: self.message_deduplication_id,
            group: self.message_group_id,
        };
        if !given.has_body() {
            return Err(Fault::missing_parameter(&Place::Alone.of_body()));
        }
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let mut ready = given.draft(Place::Alone, &queue)?.finish(&queue, cx)?;
        let accepted = command::send(cx, std::slice::from_mut(&mut ready)).await?;
        let accepted = accepted.into_iter().next().ok_or_else(Fault::internal)??;
        Ok(Sent {
            md5_of_message_body: ready.md5_of_body,
            md5_of_message_attributes: ready.md5_of_attributes,
            md5_of_message_system_attributes: ready.md5_of_system_attributes,
            message_id: message::id(&accepted),
            sequence_number: accepted.sequence.map(sequence_number),
        })
    }
}

impl SendMessage {
    /// A message as other protocols than AWS's bring it.
    pub(crate) fn to(queue: String, given: Given) -> Self {
        Self {
            queue_url: queue.into(),
            message_body: given.body,
            delay_seconds: given.delay_seconds,
            message_attributes: Some(given.attributes),
            message_system_attributes: Some(given.system_attributes),
            message_deduplication_id: given.deduplication_id,
            message_group_id: given.group,
        }
    }

    /// What is answered to a message that goes nowhere: the measure of what the rest costs.
    pub(crate) fn unsent(self, id: impl FnOnce() -> Uuid) -> Result<Sent, Fault> {
        let body = self.message_body.ok_or_else(|| Fault::missing_parameter(&Place::Alone.of_body()))?;
        Ok(Sent {
            md5_of_message_body: digits(md5_of_body(&body)),
            md5_of_message_attributes: None,
            md5_of_message_system_attributes: None,
            message_id: id().to_string(),
            sequence_number: None,
        })
    }
}
