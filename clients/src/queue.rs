//! What can be done with a queue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::message::{Message, MessageAttribute};

/// A queue of a hub. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// How messages are received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receive {
    /// At most so many messages at once, 1 to 10.
    pub count: u8,
    /// How long the hub may wait for a first message, in whole seconds (a fraction counts as one) up to 20.
    pub wait: Duration,
    /// How long nobody else receives the messages, in whole seconds; without it, as the queue says.
    pub visibility: Option<Duration>,
}

impl Default for Receive {
    /// Up to ten messages, those that are there.
    fn default() -> Self {
        Self { count: 10, wait: Duration::ZERO, visibility: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    queue_url: &'a str,
    attribute_names: &'a [&'a str],
}

impl Queue {
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// The URL by which SDKs name the queue.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a message and returns its id.
    pub async fn send(&self, body: &str, attributes: &[(&str, MessageAttribute)]) -> Result<String, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_url: &'a str,
            message_body: &'a str,
            message_attributes: BTreeMap<&'a str, &'a MessageAttribute>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            message_id: String,
        }
        let input = Input {
            queue_url: &self.url,
            message_body: body,
            message_attributes: attributes.iter().map(|(name, value)| (*name, value)).collect(),
        };
        let output: Output = self.client.sqs("SendMessage", &input, Duration::ZERO).await?;
        Ok(output.message_id)
    }

    /// Receives messages, with all that is known of them. No message in time is an empty list.
    pub async fn receive(&self, receive: Receive) -> Result<Vec<Message>, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_url: &'a str,
            max_number_of_messages: u8,
            wait_time_seconds: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            visibility_timeout: Option<u64>,
            message_system_attribute_names: [&'static str; 1],
            message_attribute_names: [&'static str; 1],
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            #[serde(default)]
            messages: Vec<Message>,
        }
        let input = Input {
            queue_url: &self.url,
            max_number_of_messages: receive.count,
            wait_time_seconds: whole_seconds(receive.wait),
            visibility_timeout: receive.visibility.map(whole_seconds),
            message_system_attribute_names: ["All"],
            message_attribute_names: ["All"],
        };
        let output: Option<Output> = self.client.sqs("ReceiveMessage", &input, receive.wait).await?;
        Ok(output.unwrap_or_default().messages)
    }

    /// Says that a message was processed: it does not come again.
    pub async fn delete(&self, receipt_handle: &str) -> Result<(), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_url: &'a str,
            receipt_handle: &'a str,
        }
        let input = Input { queue_url: &self.url, receipt_handle };
        self.client.sqs_done("DeleteMessage", &input).await
    }

    /// Hides a received message for so long from now on, in whole seconds; zero lets it come again at once.
    pub async fn change_visibility(&self, receipt_handle: &str, timeout: Duration) -> Result<(), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_url: &'a str,
            receipt_handle: &'a str,
            visibility_timeout: u64,
        }
        let input =
            Input { queue_url: &self.url, receipt_handle, visibility_timeout: whole_seconds(timeout) };
        self.client.sqs_done("ChangeMessageVisibility", &input).await
    }

    /// Attributes of the queue by the names that AWS gives them; `All` names all of them.
    pub async fn attributes(&self, names: &[&str]) -> Result<BTreeMap<String, String>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            #[serde(default)]
            attributes: BTreeMap<String, String>,
        }
        let input = Named { queue_url: &self.url, attribute_names: names };
        let output: Option<Output> = self.client.sqs("GetQueueAttributes", &input, Duration::ZERO).await?;
        Ok(output.unwrap_or_default().attributes)
    }

    /// The ARN of the queue, by which subscriptions and redrive policies name it.
    pub async fn arn(&self) -> Result<String, Error> {
        const NAME: &str = "QueueArn";
        let mut attributes = self.attributes(&[NAME]).await?;
        attributes.remove(NAME).ok_or_else(|| self.client.incomplete("GetQueueAttributes", NAME))
    }
}

/// The protocol has whole seconds; rounding down would make no wait of a short one.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}
