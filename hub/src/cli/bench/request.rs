//! Requests as bytes, made before they are needed: nothing of them is work while something is measured.

use serde::Serialize;
use serde_json::json;

use crate::authority::Authority;

/// Makes the requests for one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    host: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage<'a> {
    queue_url: &'a str,
    #[serde(flatten)]
    message: Message<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entries<'a, E> {
    queue_url: &'a str,
    entries: Vec<E>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendEntry<'a> {
    id: String,
    #[serde(flatten)]
    message: Message<'a>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    message_body: &'a str,
    #[serde(flatten)]
    fifo: Option<Fifo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_attributes: Option<&'a serde_json::Value>,
}

/// What a message of a FIFO queue has besides.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Fifo<'a> {
    #[serde(rename = "MessageGroupId")]
    pub(super) group: &'a str,
    #[serde(rename = "MessageDeduplicationId")]
    pub(super) id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteEntry<'a> {
    id: String,
    receipt_handle: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Receive<'a> {
    queue_url: &'a str,
    max_number_of_messages: u32,
    wait_time_seconds: u32,
}

impl Requests {
    pub(super) fn new(endpoint: &Authority) -> Self {
        Self { host: endpoint.to_string() }
    }

    /// An operation of SQS, in AWS JSON.
    pub(super) fn json(&self, operation: &str, input: &impl Serialize) -> Vec<u8> {
        let body = serde_json::to_vec(input).unwrap_or_default();
        self.post("sqs", &format!("application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{operation}"), &body)
    }

    /// An operation of SNS, as a form.
    pub(super) fn form(&self, action: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("Action", action).append_pair("Version", "2010-03-31").extend_pairs(parameters);
        self.post("sns", "application/x-www-form-urlencoded", body.finish().as_bytes())
    }

    /// With the headers that an SDK sends. The signature is none: hubs that do not verify it read account and region.
    fn post(&self, service: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
        let (host, length, signed) = (&self.host, body.len(), signed(service));
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n{signed}Content-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    }

    /// The handshake of a WebSocket, by the same caller.
    pub(super) fn upgrade(&self) -> Vec<u8> {
        let (host, signed) = (&self.host, signed("sqs"));
        let head = format!(
            "GET /ws HTTP/1.1\r\nHost: {host}\r\n{signed}Upgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Sec-WebSocket-Protocol: fanq.v1.json\r\n\r\n"
        );
        head.into_bytes()
    }

    /// Sends one message, or several as a batch, all of them the same; to a priority queue with the level that they have
    /// there.
    pub(super) fn send(
        &self,
        queue_url: &str,
        message_body: &str,
        batch: u32,
        fifo: Option<Fifo<'_>>,
        level: Option<u32>,
    ) -> Vec<u8> {
        let value = |level: u32| json!({ "DataType": "String", "StringValue": level.to_string() });
        let attributes = level.map(|level| json!({ "Priority": value(level) }));
        let message = Message { message_body, fifo, message_attributes: attributes.as_ref() };
        if batch == 1 {
            return self.json("SendMessage", &SendMessage { queue_url, message });
        }
        let entries = (0..batch).map(|number| SendEntry { id: number.to_string(), message }).collect();
        self.json("SendMessageBatch", &Entries { queue_url, entries })
    }

    pub(super) fn receive(&self, queue_url: &str, batch: u32, wait_time_seconds: u32) -> Vec<u8> {
        let input = Receive { queue_url, max_number_of_messages: batch, wait_time_seconds };
        self.json("ReceiveMessage", &input)
    }

    pub(super) fn delete<'a>(
        &self,
        queue_url: &str,
        receipt_handles: impl Iterator<Item = &'a str>,
    ) -> Vec<u8> {
        let entry = |(number, receipt_handle): (usize, &'a str)| DeleteEntry {
            id: number.to_string(),
            receipt_handle,
        };
        let entries = receipt_handles.enumerate().map(entry).collect();
        self.json("DeleteMessageBatch", &Entries { queue_url, entries })
    }

    pub(super) fn publish(&self, topic_arn: &str, message: &str, attributes: &[(&str, &str)]) -> Vec<u8> {
        let mut parameters = vec![("TopicArn".to_owned(), topic_arn), ("Message".to_owned(), message)];
        for (number, (name, value)) in (1..).zip(attributes) {
            let entry = |member: &str| format!("MessageAttributes.entry.{number}.{member}");
            parameters.push((entry("Name"), name));
            parameters.push((entry("Value.DataType"), "String"));
            parameters.push((entry("Value.StringValue"), value));
        }
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.form("Publish", &parameters)
    }
}

/// The headers of a signature.
fn signed(service: &str) -> String {
    let signature = "0".repeat(64);
    format!(
        "X-Amz-Date: 20260101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Requests {
        Requests::new(&Authority::parse("hub:4566").unwrap())
    }

    #[test]
    fn a_request_is_whole() {
        let request =
            String::from_utf8(requests().send("http://hub:4566/0/q", "x\"", 1, None, None)).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, r#"{"QueueUrl":"http://hub:4566/0/q","MessageBody":"x\""}"#);
        assert!(head.starts_with("POST / HTTP/1.1\r\nHost: hub:4566\r\n"), "{head}");
        assert!(head.contains("X-Amz-Target: AmazonSQS.SendMessage\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
    }

    #[test]
    fn a_batch_has_as_many_entries_as_asked_for() {
        let request = String::from_utf8(requests().send("q", "x", 2, None, None)).unwrap();
        let entries = r#""Entries":[{"Id":"0","MessageBody":"x"},{"Id":"1","MessageBody":"x"}]}"#;
        assert!(request.ends_with(entries), "{request}");
        let request = String::from_utf8(requests().delete("q", ["a", "b"].into_iter())).unwrap();
        let entries = r#""Entries":[{"Id":"0","ReceiptHandle":"a"},{"Id":"1","ReceiptHandle":"b"}]}"#;
        assert!(request.ends_with(entries), "{request}");
    }

    #[test]
    fn a_message_of_a_priority_queue_has_its_level() {
        let request = String::from_utf8(requests().send("q", "x", 1, None, Some(3))).unwrap();
        let expected = r#""MessageAttributes":{"Priority":{"DataType":"String","StringValue":"3"}}}"#;
        assert!(request.ends_with(expected), "{request}");
    }

    #[test]
    fn a_form_is_encoded() {
        let request = String::from_utf8(requests().publish("arn:t", "a b", &[])).unwrap();
        let body = "\r\n\r\nAction=Publish&Version=2010-03-31&TopicArn=arn%3At&Message=a+b";
        assert!(request.ends_with(body), "{request}");
    }

    #[test]
    fn a_message_has_its_attributes() {
        let request = String::from_utf8(requests().publish("arn:t", "a", &[("k", "v"), ("l", "w")])).unwrap();
        let second = "MessageAttributes.entry.2.";
        let expected = format!("&{second}Name=l&{second}Value.DataType=String&{second}Value.StringValue=w");
        assert!(request.ends_with(&expected), "{request}");
    }
}
