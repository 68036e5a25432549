//! The event that a function gets: messages of a queue, as
//! [AWS Lambda](https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html) writes them.

use crate::content::{Attribute, Value as Content, digits, md5_of_attributes};
use crate::delivery::Rendered;
use crate::shape::arn;
use crate::shape::queue::selection::SystemAttributeNames;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use queue_core::Name;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The record of one message.
pub(super) fn record(message: &Rendered, receipt_handle: &str, queue: &Name) -> Value {
    let system = SystemAttributeNames::parse([&"All".to_owned()]).of(message);
    let attributes: Map<String, Value> = message.attributes.iter().map(attribute).collect();
    let mut record = json!({
        "messageId": Uuid::from_u128(message.received.id).to_string(),
        "receiptHandle": receipt_handle,
        "body": message.body,
        "attributes": system,
        "messageAttributes": attributes,
    });
    let last = [
        ("md5OfMessageAttributes", md5_of_attributes(&message.attributes)),
        ("md5OfBody", Some(digits(message.body_md5))),
        ("eventSource", Some("aws:sqs".to_owned())),
        ("eventSourceARN", Some(arn::of_queue(queue))),
        ("awsRegion", Some(queue.region.to_string())),
    ];
    if let Some(members) = record.as_object_mut() {
        members.extend(last.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    }
    record
}

fn attribute(attribute: &Attribute) -> (String, Value) {
    let mut members = Map::new();
    match &attribute.value {
        Content::Text(text) => members.insert("stringValue".to_owned(), text.as_ref().into()),
        Content::Binary(bytes) => members.insert("binaryValue".to_owned(), STANDARD.encode(bytes).into()),
    };
    members.insert("stringListValues".to_owned(), json!([]));
    members.insert("binaryListValues".to_owned(), json!([]));
    members.insert("dataType".to_owned(), attribute.data_type.as_ref().into());
    (attribute.name.to_string(), members.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::md5_of_body;
    use queue_core::{BodyRef, Position, QueueId, Receipt, Received, Timestamp};

    #[test]
    fn a_record_has_the_members_of_aws() {
        let attribute = |name: &str, data_type: &str, value| Attribute {
            name: name.into(),
            data_type: data_type.into(),
            value,
        };
        let at = Timestamp(1_767_323_045_678);
        let message = Rendered {
            received: Received {
                receipt: Receipt { queue: QueueId(1), number: 1, receive: 2, at },
                id: 5,
                body: BodyRef { position: Position(0), bytes: 0 },
                sent: at,
                first_received: at,
                receives: 2,
                attempts: 2,
                sequence: None,
                source: None,
                topical: None,
            },
            body: "a text".to_owned(),
            body_md5: md5_of_body("a text"),
            attributes: vec![
                attribute("blob", "Binary", Content::Binary([1, 2][..].into())),
                attribute("kind", "String", Content::Text("book".into())),
            ],
            sender: "000000000000".into(),
            trace: None,
            group: None,
            deduplication_id: None,
        };
        let record = record(&message, "handle", &Name::new("000000000000", "us-east-1", "orders"));
        let expected = json!({
            "messageId": "00000000-0000-0000-0000-000000000005",
            "receiptHandle": "handle",
            "body": "a text",
            "attributes": {
                "SenderId": "000000000000",
                "SentTimestamp": "1767323045678",
                "ApproximateReceiveCount": "2",
                "ApproximateFirstReceiveTimestamp": "1767323045678",
            },
            "messageAttributes": {
                "blob": {
                    "binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary",
                },
                "kind": {
                    "stringValue": "book", "stringListValues": [], "binaryListValues": [], "dataType": "String",
                },
            },
            "md5OfMessageAttributes": md5_of_attributes(&message.attributes),
            "md5OfBody": digits(message.body_md5),
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
            "awsRegion": "us-east-1",
        });
        assert_eq!(record.to_string(), expected.to_string());
    }
}
