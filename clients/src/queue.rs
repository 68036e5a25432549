//! What can be done with a queue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::batch;
use crate::client::Client;
use crate::error::Error;
use crate::incoming::Incoming;
use crate::message::{Message, MessageAttribute};
use crate::outgoing::{Outgoing, Sent, batches};

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

/// A message as SendMessage and the entries of a batch have it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters<'a> {
    message_body: &'a str,
    message_attributes: BTreeMap<&'a str, &'a MessageAttribute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_deduplication_id: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn new(message: &'a Outgoing) -> Self {
        Self {
            message_body: &message.body,
            message_attributes: message
                .attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect(),
            delay_seconds: message.delay.map(whole_seconds),
            message_group_id: message.group.as_deref(),
            message_deduplication_id: message.deduplication.as_deref(),
        }
    }
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
    pub async fn send(&self, message: impl Into<Outgoing>) -> Result<String, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_url: &'a str,
            #[serde(flatten)]
            message: Parameters<'a>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            message_id: String,
        }
        let message = message.into();
        let input = Input { queue_url: &self.url, message: Parameters::new(&message) };
        let output: Output = self.client.sqs("SendMessage", &input, Duration::ZERO).await?;
        Ok(output.message_id)
    }

    /// Sends any number of messages, ten at a time and in their order, and returns what became of each. If a batch
    /// fails as a whole, what came before it was sent.
    pub async fn send_batch(&self, messages: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_url: &'a str,
            entries: Vec<Entry<'a>>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Entry<'a> {
            id: String,
            #[serde(flatten)]
            message: Parameters<'a>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            #[serde(default)]
            successful: Vec<batch::Successful>,
            #[serde(default)]
            failed: Vec<batch::Failed>,
        }
        const OPERATION: &str = "SendMessageBatch";
        let mut sent = Vec::with_capacity(messages.len());
        for batch in batches(messages) {
            let entries = batch.iter().enumerate();
            let entries = entries
                .map(|(index, message)| Entry { id: index.to_string(), message: Parameters::new(message) });
            let input = Input { queue_url: &self.url, entries: entries.collect() };
            let output: Output = self.client.sqs(OPERATION, &input, Duration::ZERO).await?;
            let became = batch::in_order(OPERATION, batch.len(), output.successful, output.failed);
            sent.extend(became.ok_or_else(|| self.client.incomplete(OPERATION, "an entry"))?);
        }
        Ok(sent)
    }

    /// Receives messages one after the other for as long as the caller asks for them.
    pub fn incoming(&self, receive: Receive) -> Incoming {
        Incoming::new(self.clone(), receive)
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
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}
