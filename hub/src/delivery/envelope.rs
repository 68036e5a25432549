//! The JSON documents that subscribers get unless their delivery is raw: a published message, and what an endpoint is
//! told of its subscription.
//!
//! Written as AWS writes them, member by member and indented; see
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>. Messages of FIFO topics are not
//! signed, as with AWS.

mod members;
pub(crate) mod notice;

use crate::content::{Attribute, Published, Value, topic_sequence_number};
use crate::delivery::signature::{Version, text};
use crate::shape::arn;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use members::{Members, quoted};
use queue_core::{SubscriptionId, Timestamp, Topical};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

/// A signature with what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) version: Version,
    /// In base64.
    pub(crate) text: Arc<str>,
    pub(crate) certificate_url: String,
}

/// A published message on its way to a subscriber.
pub(crate) struct Envelope<'m> {
    pub(crate) published: &'m Published,
    /// The text for the protocol by which it goes.
    pub(crate) text: &'m str,
    pub(crate) topical: &'m Topical,
    /// The last part of the ARN of the subscription.
    pub(crate) subscription: Uuid,
    pub(crate) sent: Timestamp,
}

impl Envelope<'_> {
    /// What is signed of it; nothing in FIFO topics.
    pub(crate) fn signed_text(&self) -> Option<String> {
        let notification = text::Notification {
            message: self.text,
            message_id: &Uuid::from_u128(self.topical.id).to_string(),
            subject: self.published.subject.as_deref(),
            timestamp: &iso_8601(self.sent),
            topic_arn: &arn::of_topic(&self.published.topic),
        };
        self.topical.sequence.is_none().then(|| notification.text())
    }

    /// The document.
    pub(crate) fn document(&self, signature: Option<&Signature>) -> String {
        let Self { published, text, topical, subscription, sent } = self;
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
        members.text("Message", text);
        members.text("Timestamp", &iso_8601(*sent));
        if let Some(signature) = signature {
            members.signature(signature);
        }
        let base_url = &published.base_url;
        let url = format!("{base_url}/?Action=Unsubscribe&SubscriptionArn={topic}:{subscription}");
        members.text("UnsubscribeURL", &url);
        if !published.attributes.is_empty() {
            members.member("MessageAttributes", &attributes(&published.attributes));
        }
        if topical.replayed {
            members.member("Replayed", "true");
        }
        members.finish()
    }
}

/// How long the envelope of a text will be, in bytes, whichever subscription it is for and whenever it is made.
pub(crate) fn length(published: &Published, text: &str, replayed: bool) -> usize {
    // Only what goes to a FIFO topic has such an id, and only what it accepts a sequence number.
    let fifo = published.deduplication_id.is_some();
    let topical =
        Topical { subscription: SubscriptionId(0), raw: false, id: 0, sequence: fifo.then_some(0), replayed };
    let (subscription, sent) = (Uuid::nil(), Timestamp::default());
    let envelope = Envelope { published, text, topical: &topical, subscription, sent };
    let signature = (!fifo).then(|| Signature::standing_in(&published.base_url));
    envelope.document(signature.as_ref()).len()
}

impl Signature {
    /// What is as long as any signature.
    fn standing_in(base_url: &str) -> Self {
        /// 2,048 bits in base64.
        const SIGNATURE_BYTES: usize = 344;
        const PATH: &str = "/SimpleNotificationService-00000000000000000000000000000000.pem";
        Self {
            version: Version::One,
            text: "=".repeat(SIGNATURE_BYTES).into(),
            certificate_url: format!("{base_url}{PATH}"),
        }
    }
}

/// A moment as AWS writes it: in UTC, with milliseconds.
pub(crate) fn iso_8601(moment: Timestamp) -> String {
    // The end of what the format can say, far beyond any clock.
    const LAST: u64 = 253_402_300_799_999;
    let since = Duration::from_millis(moment.milliseconds().min(LAST));
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
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
mod tests;
