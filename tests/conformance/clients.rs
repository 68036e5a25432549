//! Clients of the official SDKs, as a program makes them.

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::Region;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use fanq_tests::Hub;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn sqs(hub: &Hub) -> aws_sdk_sqs::Client {
    sqs_of(hub, ACCOUNT, REGION)
}

pub(crate) fn sns(hub: &Hub) -> aws_sdk_sns::Client {
    sns_of(hub, ACCOUNT, REGION)
}

pub(crate) fn sqs_of(hub: &Hub, account: &str, region: &'static str) -> aws_sdk_sqs::Client {
    let settings = aws_sdk_sqs::Config::builder()
        .endpoint_url(hub.endpoint())
        .region(Region::new(region))
        .credentials_provider(Credentials::from_keys(account, "secret", None))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_sqs::Client::from_conf(settings)
}

pub(crate) fn sns_of(hub: &Hub, account: &str, region: &'static str) -> aws_sdk_sns::Client {
    let settings = aws_sdk_sns::Config::builder()
        .endpoint_url(hub.endpoint())
        .region(Region::new(region))
        .credentials_provider(Credentials::from_keys(account, "secret", None))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_sns::Client::from_conf(settings)
}

/// Creates a queue, and answers its URL.
pub(crate) async fn queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
    attributes: &[(QueueAttributeName, &str)],
) -> String {
    let mut asked = sqs.create_queue().queue_name(name);
    for (attribute, value) in attributes {
        asked = asked.attributes(attribute.clone(), *value);
    }
    asked.send().await.unwrap().queue_url.unwrap()
}

/// Creates a FIFO queue, and answers its URL.
pub(crate) async fn fifo_queue(sqs: &aws_sdk_sqs::Client, name: &str) -> String {
    queue(sqs, name, &[(QueueAttributeName::FifoQueue, "true")]).await
}

pub(crate) async fn attribute(sqs: &aws_sdk_sqs::Client, url: &str, name: QueueAttributeName) -> String {
    let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    asked.send().await.unwrap().attributes.unwrap()[&name].clone()
}

pub(crate) async fn arn(sqs: &aws_sdk_sqs::Client, url: &str) -> String {
    attribute(sqs, url, QueueAttributeName::QueueArn).await
}

/// Up to ten messages, without waiting.
pub(crate) async fn receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    receive_within(sqs, url, 0).await
}

/// Up to ten messages, waiting up to so many seconds for the first.
pub(crate) async fn receive_within(sqs: &aws_sdk_sqs::Client, url: &str, seconds: i32) -> Vec<Message> {
    let asked = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(seconds);
    asked.send().await.unwrap().messages.unwrap_or_default()
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

pub(crate) async fn send(sqs: &aws_sdk_sqs::Client, url: &str, body: &str) {
    sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
}

pub(crate) async fn delete(sqs: &aws_sdk_sqs::Client, url: &str, message: &Message) {
    sqs.delete_message()
        .queue_url(url)
        .receipt_handle(message.receipt_handle().unwrap())
        .send()
        .await
        .unwrap();
}

/// Subscribes a queue to a topic with attributes, and answers the ARN of the subscription.
pub(crate) async fn subscribe(
    sns: &aws_sdk_sns::Client,
    topic: &str,
    queue_arn: &str,
    attributes: &[(&str, &str)],
) -> String {
    let mut asked =
        sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue_arn).return_subscription_arn(true);
    for (name, value) in attributes {
        asked = asked.attributes(*name, *value);
    }
    asked.send().await.unwrap().subscription_arn.unwrap()
}
