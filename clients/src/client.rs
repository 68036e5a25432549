//! The client itself, and how both protocols are spoken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connection::{Answer, Call, Connection, Headers};
use crate::error::{Error, Fault};
use crate::query::Query;
use crate::queue::Queue;
use crate::topic::Topic;

/// A client of one hub, for one account and region. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    connection: Arc<Connection>,
}

/// Says who is calling, where that matters.
#[derive(Clone, Debug)]
pub struct Builder {
    endpoint: String,
    account: String,
    region: String,
    #[cfg(feature = "tls")]
    authorities: Option<Vec<u8>>,
}

impl Builder {
    /// The account whose topics and queues are meant, 12 digits; `000000000000` by default.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// The region whose topics and queues are meant; `us-east-1` by default.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Whose certificates the hub may have, as certificates in PEM: these authorities alone instead of Mozilla's.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(pem.into());
        self
    }

    /// Makes the client. Nothing is connected before the first call.
    pub fn build(self) -> Result<Client, Error> {
        let connection = Connection::new(
            &self.endpoint,
            &self.account,
            &self.region,
            #[cfg(feature = "tls")]
            self.authorities.as_deref(),
        )?;
        Ok(Client { connection: Arc::new(connection) })
    }
}

impl Client {
    /// A client of the hub at an address such as `http://127.0.0.1:4566`.
    pub fn new(endpoint: impl Into<String>) -> Result<Self, Error> {
        Self::builder(endpoint).build()
    }

    /// A client for another account or region than the default.
    pub fn builder(endpoint: impl Into<String>) -> Builder {
        Builder {
            endpoint: endpoint.into(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            #[cfg(feature = "tls")]
            authorities: None,
        }
    }

    /// Creates a queue with attributes named as AWS names them, or finds the one that has this name and the same
    /// attributes.
    pub async fn create_queue(&self, name: &str, attributes: &[(&str, &str)]) -> Result<Queue, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input<'a> {
            queue_name: &'a str,
            attributes: BTreeMap<&'a str, &'a str>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            queue_url: String,
        }
        let input = Input { queue_name: name, attributes: attributes.iter().copied().collect() };
        let output: Output = self.sqs("CreateQueue", &input, Duration::ZERO).await?;
        Ok(self.queue(output.queue_url))
    }

    /// A queue that exists, by its URL or name. Nothing is asked of the hub.
    pub fn queue(&self, url: impl Into<String>) -> Queue {
        Queue::new(self.clone(), url.into())
    }

    /// Creates a topic, or finds the one that has this name.
    pub async fn create_topic(&self, name: &str) -> Result<Topic, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            topic_arn: String,
        }
        let output: Output = self.sns("CreateTopic", Query::default().with("Name", name)).await?;
        Ok(self.topic(output.topic_arn))
    }

    /// A topic that exists, by its ARN. Nothing is asked of the hub.
    pub fn topic(&self, arn: impl Into<String>) -> Topic {
        Topic::new(self.clone(), arn.into())
    }

    /// Calls an operation of SQS; `wait` is how long the hub may take because it was asked to.
    pub(crate) async fn sqs<I: Serialize, O: DeserializeOwned>(
        &self,
        operation: &'static str,
        input: &I,
        wait: Duration,
    ) -> Result<O, Error> {
        let body = serde_json::to_vec(input).map_err(|error| Error::Setting(error.to_string()))?;
        let headers = Headers::Json { target: format!("AmazonSQS.{operation}") };
        let call = Call { operation, service: "sqs", headers, body, wait };
        let answer = self.connection.call(call).await?;
        if !answer.status.is_success() {
            return Err(self.json_fault(operation, &answer));
        }
        // An operation that has nothing to say answers with nothing.
        let body: &[u8] = if answer.body.is_empty() { b"null" } else { &answer.body };
        serde_json::from_slice(body).map_err(|error| self.unreadable(operation, &answer, &error.to_string()))
    }

    /// Calls an operation of SQS that has no output.
    pub(crate) async fn sqs_done<I: Serialize>(
        &self,
        operation: &'static str,
        input: &I,
    ) -> Result<(), Error> {
        self.sqs::<I, IgnoredAny>(operation, input, Duration::ZERO).await.map(|_| ())
    }

    /// Calls an operation of SNS.
    pub(crate) async fn sns<O: DeserializeOwned>(
        &self,
        operation: &'static str,
        query: Query,
    ) -> Result<O, Error> {
        let body = query.finish(operation).into_bytes();
        let headers = Headers::Query;
        let call = Call { operation, service: "sns", headers, body, wait: Duration::ZERO };
        let answer = self.connection.call(call).await?;
        if !answer.status.is_success() {
            return Err(self.query_fault(operation, &answer));
        }
        let mut value: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| self.unreadable(operation, &answer, &error.to_string()))?;
        let result = value
            .get_mut(format!("{operation}Response"))
            .and_then(|value| value.get_mut(format!("{operation}Result")))
            .map_or(Value::Null, Value::take);
        serde_json::from_value(result)
            .map_err(|error| self.unreadable(operation, &answer, &error.to_string()))
    }

    fn json_fault(&self, operation: &'static str, answer: &Answer) -> Error {
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "__type")]
            shape: String,
            #[serde(default, alias = "Message")]
            message: String,
        }
        let Ok(body) = serde_json::from_slice::<Body>(&answer.body) else {
            return self.unreadable(operation, answer, "it is not an error of SQS");
        };
        let code = match body.shape.rsplit_once('#') {
            Some((_, name)) => name.to_owned(),
            None => body.shape,
        };
        self.fault(operation, answer, code, body.message)
    }

    fn query_fault(&self, operation: &'static str, answer: &Answer) -> Error {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            error: Inner,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Inner {
            code: String,
            #[serde(default)]
            message: String,
        }
        match serde_json::from_slice::<Body>(&answer.body) {
            Ok(body) => self.fault(operation, answer, body.error.code, body.error.message),
            Err(_) => self.unreadable(operation, answer, "it is not an error of SNS"),
        }
    }

    fn fault(&self, operation: &'static str, answer: &Answer, code: String, message: String) -> Error {
        let request_id =
            answer.headers.get("x-amzn-requestid").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = answer.status.as_u16();
        Error::Fault(Fault { operation, code, message, status, request_id })
    }

    /// An answer that was read, but lacks what every hub says.
    pub(crate) fn incomplete(&self, operation: &'static str, lacks: &str) -> Error {
        Error::Answer {
            operation,
            endpoint: self.connection.endpoint(),
            status: 200,
            reason: format!("{lacks} is not in it"),
        }
    }

    /// Who is called.
    #[cfg(feature = "websocket")]
    pub(crate) fn endpoint(&self) -> String {
        self.connection.endpoint()
    }

    /// Whom its socket trusts.
    #[cfg(all(feature = "tls", feature = "websocket"))]
    pub(crate) fn tls(&self) -> Arc<rustls::ClientConfig> {
        self.connection.tls()
    }

    /// Who calls: account and region.
    #[cfg(feature = "websocket")]
    pub(crate) fn caller(&self) -> (&str, &str) {
        self.connection.caller()
    }

    /// The socket has ended.
    #[cfg(feature = "websocket")]
    pub(crate) fn closed(&self, code: Option<u16>, reason: &str) -> Error {
        Error::Closed { endpoint: self.connection.endpoint(), code, reason: reason.to_owned() }
    }

    /// Nobody knows whether it was done.
    #[cfg(feature = "websocket")]
    pub(crate) fn broken(&self, operation: &'static str, reason: &'static str) -> Error {
        Error::Transport { operation, endpoint: self.connection.endpoint(), source: reason.into() }
    }

    fn unreadable(&self, operation: &'static str, answer: &Answer, reason: &str) -> Error {
        Error::Answer {
            operation,
            endpoint: self.connection.endpoint(),
            status: answer.status.as_u16(),
            reason: reason.to_owned(),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Client({})", self.connection.endpoint())
    }
}
