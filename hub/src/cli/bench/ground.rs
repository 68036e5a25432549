//! The queues and the topic of a measurement, made before it and deleted after it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::connection::Connection;
use super::options::Options;
use super::receiver::{Receiver, nobody};
use super::request::Requests;
use super::scenario::Scenario;
use super::subject::Running;
use crate::cli::Error;

/// Attributes of a queue, by their names.
type Attributed = BTreeMap<String, String>;

pub(super) struct Ground {
    connection: Connection,
    requests: Requests,
    /// As the server names them.
    pub(super) queue_urls: Vec<String>,
    /// Of priority queues, if that is what these are.
    member_urls: Vec<String>,
    /// If the measurement has a topic, to which all the queues are subscribed.
    pub(super) topic_arn: Option<String>,
    /// Who gets what the topic pushes, if it does.
    pub(super) receiver: Option<Receiver>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    queue_arn: String,
}

impl Ground {
    /// Names are new each time, so that nobody's queues are touched.
    pub(super) async fn prepare(running: &Running, options: &Options) -> Result<Self, Error> {
        let connection = Connection::open(running.address)
            .await
            .map_err(|error| Error::Failed(format!("cannot connect to {}: {error}", running.address)))?;
        let requests = running.requests.clone();
        let (queue_urls, member_urls) = (Vec::new(), Vec::new());
        let mut ground =
            Self { connection, requests, queue_urls, member_urls, topic_arn: None, receiver: None };
        if options.scenario == Scenario::Floor {
            // It has no queues, and reads their names only.
            let url = |number| format!("http://{}/000000000000/floor-{number}", running.address);
            ground.queue_urls = (0..options.queues).map(url).collect();
            return Ok(ground);
        }
        let name = format!("fanq-bench-{}", uuid::Uuid::new_v4().simple());
        if options.scenario == Scenario::Push {
            ground.push_to_all(&name, options).await?;
            return Ok(ground);
        }
        if options.scenario.has_queues() {
            ground.create_queues(&name, options).await?;
        }
        if options.scenario.has_topic() {
            ground.subscribe_all(&name, options).await?;
        }
        Ok(ground)
    }

    async fn create_queues(&mut self, name: &str, options: &Options) -> Result<(), Error> {
        let (suffix, kind) = match options.groups {
            Some(_) => (".fifo", BTreeMap::from([("FifoQueue".to_owned(), "true".to_owned())])),
            None => ("", BTreeMap::new()),
        };
        for number in 0..options.queues {
            let mut attributes = kind.clone();
            if let Some(members) = options.members {
                let members: Vec<_> =
                    (0..members).map(|member| format!("{name}-{number}-{member}{suffix}")).collect();
                for member in &members {
                    let url = self.create_queue(member, &kind).await?;
                    self.member_urls.push(url);
                }
                let list = json!({ "policy": "strict", "members": members });
                attributes.insert("PriorityMembers".to_owned(), list.to_string());
            }
            let url = self.create_queue(&format!("{name}-{number}{suffix}"), &attributes).await?;
            self.queue_urls.push(url);
        }
        Ok(())
    }

    async fn create_queue(&mut self, name: &str, attributes: &Attributed) -> Result<String, Error> {
        let input = json!({ "QueueName": name, "Attributes": attributes });
        let created: Created = self.json("CreateQueue", &input).await?;
        Ok(created.queue_url)
    }

    /// Subscribes receivers, all in one place, of which some are not there.
    async fn push_to_all(&mut self, name: &str, options: &Options) -> Result<(), Error> {
        let failed = |error| Error::Failed(format!("cannot start a receiver: {error}"));
        let receiver = Receiver::start().map_err(failed)?;
        let nobody = nobody().map_err(failed)?;
        let answer = self.form("CreateTopic", &[("Name", name)]).await?;
        let topic_arn = element(&answer, "TopicArn").ok_or_else(|| unexpected("CreateTopic", &answer))?;
        for number in 0..options.queues {
            let address = if number < options.dead { nobody } else { receiver.address };
            let parameters = [
                ("TopicArn", topic_arn),
                ("Protocol", "http"),
                ("Endpoint", &format!("http://{address}/{number}")),
                ("Attributes.entry.1.key", "RawMessageDelivery"),
                ("Attributes.entry.1.value", if options.is_enveloped { "false" } else { "true" }),
            ];
            self.form("Subscribe", &parameters).await?;
        }
        self.topic_arn = Some(topic_arn.to_owned());
        self.receiver = Some(receiver);
        Ok(())
    }

    async fn subscribe_all(&mut self, name: &str, options: &Options) -> Result<(), Error> {
        let answer = self.form("CreateTopic", &[("Name", name)]).await?;
        let topic_arn = element(&answer, "TopicArn").ok_or_else(|| unexpected("CreateTopic", &answer))?;
        for (number, queue_url) in (0..).zip(self.queue_urls.clone()) {
            let input = json!({ "QueueUrl": queue_url, "AttributeNames": ["QueueArn"] });
            let described: Described = self.json("GetQueueAttributes", &input).await?;
            let filter = options.matching.map(|matching| filter(number / matching));
            let mut parameters = vec![
                ("TopicArn", topic_arn),
                ("Protocol", "sqs"),
                ("Endpoint", described.attributes.queue_arn.as_str()),
                ("Attributes.entry.1.key", "RawMessageDelivery"),
                ("Attributes.entry.1.value", if options.is_enveloped { "false" } else { "true" }),
            ];
            if let Some(filter) = &filter {
                parameters.push(("Attributes.entry.2.key", "FilterPolicy"));
                parameters.push(("Attributes.entry.2.value", filter));
            }
            self.form("Subscribe", &parameters).await?;
        }
        self.topic_arn = Some(topic_arn.to_owned());
        Ok(())
    }

    /// Deletes everything again, for the sake of a server that goes on.
    pub(super) async fn clear(mut self) -> Result<(), Error> {
        if let Some(topic_arn) = self.topic_arn.take() {
            self.form("DeleteTopic", &[("TopicArn", &topic_arn)]).await?;
        }
        // A member cannot be deleted before the priority queue.
        let queue_urls = std::mem::take(&mut self.queue_urls);
        for queue_url in queue_urls.into_iter().chain(std::mem::take(&mut self.member_urls)) {
            let request = self.requests.json("DeleteQueue", &json!({ "QueueUrl": queue_url }));
            self.call("DeleteQueue", &request).await?;
        }
        Ok(())
    }

    async fn json<T: for<'de> Deserialize<'de>>(
        &mut self,
        operation: &str,
        input: &serde_json::Value,
    ) -> Result<T, Error> {
        let request = self.requests.json(operation, input);
        let answer = self.call(operation, &request).await?;
        serde_json::from_str(&answer).map_err(|_| unexpected(operation, &answer))
    }

    async fn form(&mut self, action: &str, parameters: &[(&str, &str)]) -> Result<String, Error> {
        let request = self.requests.form(action, parameters);
        self.call(action, &request).await
    }

    async fn call(&mut self, operation: &str, request: &[u8]) -> Result<String, Error> {
        let read = |body: &[u8]| Ok(String::from_utf8_lossy(body).into_owned());
        let answer = tokio::time::timeout(ANSWER, self.connection.exchange(request, read)).await;
        let answer = answer
            .map_err(|_| Error::Failed(format!("{operation}: no answer within {} s", ANSWER.as_secs())))?;
        answer.map_err(|failure| Error::Failed(format!("{operation}: {failure}")))
    }
}

/// The filter of who wants the orders of one customer. The messages are about customer 0.
fn filter(customer: u32) -> String {
    json!({ "kind": ["order.paid"], "customer": [customer.to_string()] }).to_string()
}

/// What the filters look at.
pub(super) const ATTRIBUTES: [(&str, &str); 2] = [("kind", "order.paid"), ("customer", "0")];

fn unexpected(operation: &str, answer: &str) -> Error {
    Error::Failed(format!("{operation}: the answer cannot be read: {answer}"))
}

/// For the answer to a request that prepares or clears.
const ANSWER: Duration = Duration::from_secs(20);

/// The text of an element of XML in which nothing is escaped, as an ARN is.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_found_in_an_answer() {
        let xml = "<R xmlns=\"x\"><TopicArn>arn:aws:sns:us-east-1:0:t</TopicArn></R>";
        assert_eq!(element(xml, "TopicArn"), Some("arn:aws:sns:us-east-1:0:t"));
        assert_eq!(element(xml, "QueueArn"), None);
    }
}
