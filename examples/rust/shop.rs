//! What both examples need: clients of the official SDKs, topics, queues, and a loop that consumes.

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use serde_json::{Value, json};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A consumer that has heard nothing for so long believes that there is nothing more to come.
const SILENCE_SECONDS: i32 = 2;

/// A queue by its two names.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) url: String,
    pub(crate) arn: String,
}

/// Clients, and what was created with them.
pub(crate) struct Shop {
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    /// Makes the names of this run its own.
    run: String,
    topics: Vec<String>,
    queues: Vec<String>,
}

impl Shop {
    /// Connects to the hub at the address that is the first argument, or `AWS_ENDPOINT_URL`, or the usual one.
    pub(crate) fn connect() -> Result<Self> {
        let endpoint = std::env::args()
            .nth(1)
            .or_else(|| std::env::var("AWS_ENDPOINT_URL").ok())
            .unwrap_or_else(|| "http://127.0.0.1:4566".to_owned());
        println!("The hub is {endpoint}");
        // Your own keys are nothing that a hub on your machine has to see.
        let credentials = Credentials::from_keys("000000000000", "example", None);
        let http = aws_smithy_http_client::Builder::new().build_http();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(credentials.clone())
            .http_client(http.clone())
            .build();
        let sns = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(credentials)
            .http_client(http)
            .build();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Self {
            sqs: aws_sdk_sqs::Client::from_conf(sqs),
            sns: aws_sdk_sns::Client::from_conf(sns),
            run: format!("{}-{}", now.as_secs(), std::process::id()),
            topics: Vec::new(),
            queues: Vec::new(),
        })
    }

    pub(crate) async fn topic(&mut self, name: &str) -> Result<String> {
        let name = format!("{name}-{}", self.run);
        let topic = self.sns.create_topic().name(name).send().await?;
        let arn = topic.topic_arn.ok_or("the topic has no ARN")?;
        self.topics.push(arn.clone());
        Ok(arn)
    }

    /// Creates a queue; with another one for what was received in vain three times, if that is given.
    pub(crate) async fn queue(&mut self, name: &str, dead_letters: Option<&Queue>) -> Result<Queue> {
        let mut request = self.sqs.create_queue().queue_name(format!("{name}-{}", self.run));
        if let Some(dead_letters) = dead_letters {
            let redrive = json!({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 3});
            request = request.attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        }
        let url = request.send().await?.queue_url.ok_or("the queue has no URL")?;
        self.queues.push(url.clone());
        let attributes = self
            .sqs
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await?;
        let arn = attributes
            .attributes()
            .and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn))
            .ok_or("the queue has no ARN")?
            .clone();
        Ok(Queue { url, arn })
    }

    /// Subscribes a queue to a topic. Messages come as they were published, without an envelope.
    pub(crate) async fn subscribe(
        &self,
        topic: &str,
        queue: &Queue,
        scope: &str,
        filter: &Value,
    ) -> Result<()> {
        // The topic may send to the queue. AWS insists on it.
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }],
        });
        self.sqs
            .set_queue_attributes()
            .queue_url(&queue.url)
            .attributes(QueueAttributeName::Policy, policy.to_string())
            .send()
            .await?;
        self.sns
            .subscribe()
            .topic_arn(topic)
            .protocol("sqs")
            .endpoint(&queue.arn)
            .attributes("RawMessageDelivery", "true")
            .attributes("FilterPolicyScope", scope)
            .attributes("FilterPolicy", filter.to_string())
            .send()
            .await?;
        Ok(())
    }

    /// Hands each message to `handle` and deletes it if that says so, until there are no more.
    pub(crate) async fn consume(
        &self,
        queue: &Queue,
        mut handle: impl AsyncFnMut(&Message) -> Result<Done>,
    ) -> Result<()> {
        loop {
            let received = self
                .sqs
                .receive_message()
                .queue_url(&queue.url)
                .max_number_of_messages(10)
                .wait_time_seconds(SILENCE_SECONDS)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await?;
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(());
            }
            for message in messages {
                let receipt = message.receipt_handle().unwrap_or_default();
                match handle(&message).await? {
                    Done::Yes => {
                        let request = self.sqs.delete_message().queue_url(&queue.url);
                        request.receipt_handle(receipt).send().await?;
                    }
                    Done::No => {
                        // The message is there for others again, at once instead of after its timeout.
                        let request = self.sqs.change_message_visibility().queue_url(&queue.url);
                        let request = request.receipt_handle(receipt).visibility_timeout(0);
                        request.send().await?;
                    }
                }
            }
        }
    }

    /// Deletes what this run has created; a topic takes its subscriptions with it.
    pub(crate) async fn tidy(&self) -> Result<()> {
        for topic in &self.topics {
            self.sns.delete_topic().topic_arn(topic).send().await?;
        }
        for queue in &self.queues {
            self.sqs.delete_queue().queue_url(queue).send().await?;
        }
        Ok(())
    }
}

/// What becomes of a message that was handled.
pub(crate) enum Done {
    Yes,
    No,
}

/// The number of the order that a message is about, and the rest of what it says.
pub(crate) fn read(message: &Message) -> Result<(String, Value)> {
    let body: Value = serde_json::from_str(message.body().ok_or("the message has no body")?)?;
    let order = body.get("order").and_then(Value::as_str);
    Ok((order.ok_or("the message has no order")?.to_owned(), body))
}

/// What the queue itself says of a message.
pub(crate) fn told<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> &'a str {
    let attributes = message.attributes();
    attributes.and_then(|attributes| attributes.get(name)).map_or("unknown", String::as_str)
}

/// Ends the program. The SDK's errors say little by themselves; what caused them says more.
pub(crate) fn finish(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    eprintln!("FAILED: {text}");
    ExitCode::FAILURE
}
