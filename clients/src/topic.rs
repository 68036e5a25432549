//! What can be done with a topic.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::message::MessageAttribute;
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
    pub async fn publish(
        &self,
        message: &str,
        attributes: &[(&str, MessageAttribute)],
    ) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            message_id: String,
        }
        let query = Query::default()
            .with("TopicArn", &self.arn)
            .with("Message", message)
            .with_message_attributes(attributes);
        let output: Output = self.client.sns("Publish", query).await?;
        Ok(output.message_id)
    }
}
