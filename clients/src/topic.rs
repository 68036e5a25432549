//! What can be done with a topic.

use serde::Deserialize;

use crate::batch;
use crate::client::Client;
use crate::error::Error;
use crate::outgoing::{Outgoing, Sent, batches};
use crate::query::Query;

/// A topic of a hub. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    pub(crate) fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// The name of the topic for all of AWS.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Subscribes a queue, with attributes such as `FilterPolicy`, and returns the ARN of the subscription.
    pub async fn subscribe(&self, queue_arn: &str, attributes: &[(&str, &str)]) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            subscription_arn: String,
        }
        let query = Query::default()
            .with("TopicArn", &self.arn)
            .with("Protocol", "sqs")
            .with("Endpoint", queue_arn)
            .with("ReturnSubscriptionArn", "true")
            .with_map("Attributes", attributes);
        let output: Output = self.client.sns("Subscribe", query).await?;
        Ok(output.subscription_arn)
    }

    /// Publishes a message to all subscriptions whose filters let it pass, and returns its id.
    pub async fn publish(&self, message: impl Into<Outgoing>) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            message_id: String,
        }
        let message = message.into();
        let query = Query::default().with("TopicArn", &self.arn).with_message("", &message);
        let output: Output = self.client.sns("Publish", query).await?;
        Ok(output.message_id)
    }

    /// Publishes any number of messages, ten at a time and in their order, and returns what became of each. If a
    /// batch fails as a whole, what came before it was published.
    pub async fn publish_batch(&self, messages: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "PascalCase")]
        struct Output {
            successful: Vec<batch::Successful>,
            failed: Vec<batch::Failed>,
        }
        const OPERATION: &str = "PublishBatch";
        let mut sent = Vec::with_capacity(messages.len());
        for batch in batches(messages) {
            let query = Query::default().with("TopicArn", &self.arn);
            let query = batch.iter().enumerate().fold(query, |query, (index, message)| {
                let prefix = format!("PublishBatchRequestEntries.member.{}.", index + 1);
                query.with(&format!("{prefix}Id"), &index.to_string()).with_message(&prefix, message)
            });
            let output: Output = self.client.sns(OPERATION, query).await?;
            let became = batch::in_order(OPERATION, batch.len(), output.successful, output.failed);
            sent.extend(became.ok_or_else(|| self.client.incomplete(OPERATION, "an entry"))?);
        }
        Ok(sent)
    }
}
