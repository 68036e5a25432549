//! The JSON document that wraps a published message unless its delivery is raw.
//!
//! Written as AWS writes it, member by member and indented; see
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>. The three members of a signature
//! are not there yet.

use crate::content::{Attribute, Published, Value, topic_sequence_number};
use crate::shape::arn;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use queue_core::{SubscriptionId, Timestamp, Topical};
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

/// The envelope of a message delivered to a queue.
pub(crate) fn notification(
    published: &Published,
    topical: &Topical,
    subscription: Uuid,
    sent: Timestamp,
) -> String {
    let topic = arn::of_topic(&published.topic);
    let mut members = Members::default();
    members.text("Type", "Notification");
    members.text("MessageId", &Uuid::from_u128(topical.id).to_string());
    if let Some(sequence) = topical.sequence {
        members.text("SequenceNumber", &topic_sequence_number(sequence));
    }
    members.text("TopicArn", &topic);
    if let Some(subject) = &published.subject {
        members.text("Subject", subject);
    }
    members.text("Message", &published.text_for("sqs"));
    members.text("Timestamp", &iso_8601(sent));
    let url = format!("{}/?Action=Unsubscribe&SubscriptionArn={topic}:{subscription}", published.base_url);
    members.text("UnsubscribeURL", &url);
    if !published.attributes.is_empty() {
        members.member("MessageAttributes", &attributes(&published.attributes));
    }
    if topical.replayed {
        members.member("Replayed", "true");
    }
    members.finish()
}

/// How long the envelope will be, in bytes, whichever subscription it is for.
pub(crate) fn length(published: &Published, replayed: bool) -> usize {
    // Only what goes to a FIFO topic has such an id, and only what it accepts a sequence number.
    let fifo = published.deduplication_id.is_some();
    let topical =
        Topical { subscription: SubscriptionId(0), raw: false, id: 0, sequence: fifo.then_some(0), replayed };
    notification(published, &topical, Uuid::nil(), Timestamp::default()).len()
}

/// A moment as AWS writes it: in UTC, with milliseconds.
pub(crate) fn iso_8601(moment: Timestamp) -> String {
    // The end of what the format can say, far beyond any clock.
    const LAST: u64 = 253_402_300_799_999;
    let since = Duration::from_millis(moment.milliseconds().min(LAST));
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

#[derive(Default)]
struct Members(String);

impl Members {
    fn text(&mut self, name: &str, value: &str) {
        self.member(name, &quoted(value));
    }

    fn member(&mut self, name: &str, json: &str) {
        self.0.push_str(if self.0.is_empty() { "{\n  " } else { ",\n  " });
        self.0.push_str(&quoted(name));
        self.0.push_str(" : ");
        self.0.push_str(json);
    }

    fn finish(mut self) -> String {
        self.0.push_str("\n}");
        self.0
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn attributes(attributes: &[Attribute]) -> String {
    let one = |attribute: &Attribute| {
        let value = match &attribute.value {
            Value::Text(text) => quoted(text),
            Value::Binary(bytes) => quoted(&STANDARD.encode(bytes)),
        };
        let data_type = quoted(&attribute.data_type);
        format!("    {} : {{\"Type\":{data_type},\"Value\":{value}}}", quoted(&attribute.name))
    };
    let all: Vec<_> = attributes.iter().map(one).collect();
    format!("{{\n{}\n  }}", all.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::Name;

    fn published() -> Published {
        let attribute = |name: &str, data_type: &str, value| Attribute {
            name: name.into(),
            data_type: data_type.into(),
            value,
        };
        Published {
            topic: Name::new("000000000000", "us-east-1", "orders"),
            message: "a \"quoted\" text\n".to_owned(),
            structured: false,
            subject: Some("New".into()),
            attributes: vec![
                attribute("blob", "Binary", Value::Binary([1, 2][..].into())),
                attribute("kind", "String", Value::Text("book".into())),
            ],
            trace: None,
            group: None,
            deduplication_id: None,
            base_url: "http://localhost:4566".into(),
        }
    }

    const TOPICAL: Topical =
        Topical { subscription: SubscriptionId(1), raw: false, id: 5, sequence: None, replayed: false };

    #[test]
    fn an_envelope_has_its_members_in_order() {
        let text = notification(&published(), &TOPICAL, Uuid::nil(), Timestamp(1_767_323_045_678));
        let expected = r#"{
  "Type" : "Notification",
  "MessageId" : "00000000-0000-0000-0000-000000000005",
  "TopicArn" : "arn:aws:sns:us-east-1:000000000000:orders",
  "Subject" : "New",
  "Message" : "a \"quoted\" text\n",
  "Timestamp" : "2026-01-02T03:04:05.678Z",
  "UnsubscribeURL" : "http://localhost:4566/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:000000000000:orders:00000000-0000-0000-0000-000000000000",
  "MessageAttributes" : {
    "blob" : {"Type":"Binary","Value":"AQI="},
    "kind" : {"Type":"String","Value":"book"}
  }
}"#;
        assert_eq!(text, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn the_length_of_an_envelope_is_known_beforehand() {
        let of_fifo = Published { deduplication_id: Some("d".into()), ..published() };
        for (sequence, published) in [(None, published()), (Some(12), of_fifo)] {
            for replayed in [false, true] {
                let topical = Topical { id: u128::MAX, sequence, replayed, ..TOPICAL };
                let moment = Timestamp(1_767_323_045_678);
                let text = notification(&published, &topical, Uuid::max(), moment);
                assert_eq!(text.len(), length(&published, replayed));
            }
        }
    }
}
