//! What the body of a message holds in the log: its text, its attributes, and what else a receiver is shown.

use md5::{Digest as _, Md5};
use queue_core::codec::Codec;
use queue_core::{BodyRef, Name, Position, encoded};
use std::borrow::Cow;

mod texts;

pub(crate) use texts::{Draft, Texts};

encoded! {
    /// The bytes that the log stores as the body of a message.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Content {
        /// Sent to a queue.
        0 => Sent(Sent),
        /// Published to a topic.
        1 => Published(Published),
        /// Said to an endpoint outside about its subscription.
        2 => Notice(Notice),
    }

    /// What an endpoint outside is told of its subscription. Which subscription that is, and what follows from it, is
    /// known from the queue where it is.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Notice {
        pub(crate) kind: NoticeKind,
        /// Where the links in it lead, without a slash at the end.
        pub(crate) base_url: Box<str>,
    }

    /// What an endpoint can be told.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum NoticeKind {
        /// Somebody wants it to be subscribed.
        0 => SubscriptionConfirmation,
        /// It is not subscribed any more.
        1 => UnsubscribeConfirmation,
    }

    /// A message as it was sent to a queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Sent {
        pub(crate) body: String,
        /// Of the body.
        pub(crate) md5: [u8; 16],
        /// In the order of their names.
        pub(crate) attributes: Vec<Attribute>,
        /// The account that sent it.
        pub(crate) sender: Box<str>,
        /// AWSTraceHeader.
        pub(crate) trace: Option<Box<str>>,
        pub(crate) group: Option<Box<str>>,
        pub(crate) deduplication_id: Option<Box<str>>,
    }

    /// A message as it was published to a topic; what each queue shows of it is made from this.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Published {
        pub(crate) topic: Name,
        pub(crate) message: String,
        /// Whether the message is a JSON object with a text for each protocol.
        pub(crate) structured: bool,
        pub(crate) subject: Option<Box<str>>,
        /// In the order of their names.
        pub(crate) attributes: Vec<Attribute>,
        /// AWSTraceHeader.
        pub(crate) trace: Option<Box<str>>,
        pub(crate) group: Option<Box<str>>,
        /// As given, or the hash of the message; only in FIFO topics.
        pub(crate) deduplication_id: Option<Box<str>>,
        /// Where the links in an envelope lead, without a slash at the end.
        pub(crate) base_url: Box<str>,
    }

    /// A message attribute.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Attribute {
        pub(crate) name: Box<str>,
        /// Custom label included.
        pub(crate) data_type: Box<str>,
        pub(crate) value: Value,
    }

    /// The value of a message attribute.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Value {
        /// Of the types String and Number, as sent.
        0 => Text(Box<str>),
        /// Of the type Binary.
        1 => Binary(Box<[u8]>),
    }
}

impl Content {
    /// The bytes to be logged, and the reference for the command that brings them.
    pub(crate) fn to_body(&self) -> (BodyRef, Vec<u8>) {
        /// What most messages have besides their text, and the log puts behind it.
        const BESIDES_BYTES: usize = 256;
        let text_bytes = match self {
            Self::Sent(sent) => sent.body.len(),
            Self::Published(published) => published.message.len(),
            Self::Notice(_) => 0,
        };
        let mut bytes = Vec::with_capacity(text_bytes + BESIDES_BYTES);
        self.encode(&mut bytes);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        (BodyRef { position: Position(0), bytes: length }, bytes)
    }

    /// What was published, if it was.
    pub(crate) fn into_published(self) -> Option<Published> {
        match self {
            Self::Published(published) => Some(published),
            Self::Sent(_) | Self::Notice(_) => None,
        }
    }
}

impl Published {
    /// The text for a protocol: its own if the message is structured and has one, else the default.
    pub(crate) fn text_for(&self, protocol: &str) -> Cow<'_, str> {
        if !self.structured {
            return Cow::Borrowed(&self.message);
        }
        Cow::Owned(Texts::parse(&self.message).unwrap_or_default().into_text(protocol))
    }
}

impl Attribute {
    /// How much the attribute counts toward the size of a message, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let value = match &self.value {
            Value::Text(text) => text.len(),
            Value::Binary(bytes) => bytes.len(),
        };
        self.name.len() + self.data_type.len() + value
    }
}

/// The MD5 of a body.
pub(crate) fn md5_of_body(body: &str) -> [u8; 16] {
    Md5::digest(body.as_bytes()).into()
}

/// A hash in hexadecimal digits.
pub(crate) fn digits(hash: impl AsRef<[u8]>) -> String {
    let mut digits = vec![0; hash.as_ref().len() * 2];
    // The digits have just the space that they take; `hex::encode` makes them one by one.
    let made = hex::encode_to_slice(hash, &mut digits);
    made.ok().and_then(|()| String::from_utf8(digits).ok()).unwrap_or_default()
}

/// The deduplication id of a message that has none of its own: the SHA-256 of its text, in hexadecimal digits.
pub(crate) fn content_id(text: &str) -> String {
    digits(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()))
}

/// The MD5 of attributes as AWS defines it (*Calculating the MD5 message digest for message attributes*, SQS
/// developer guide); none of none. The attributes must be in the order of their names.
pub(crate) fn md5_of_attributes(attributes: &[Attribute]) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut hash = Md5::new();
    let mut part = |tag: Option<u8>, bytes: &[u8]| {
        hash.update(tag.as_slice());
        hash.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(bytes);
    };
    for attribute in attributes {
        part(None, attribute.name.as_bytes());
        part(None, attribute.data_type.as_bytes());
        match &attribute.value {
            Value::Text(text) => part(Some(1), text.as_bytes()),
            Value::Binary(bytes) => part(Some(2), bytes),
        }
    }
    Some(digits(hash.finalize()))
}

/// The sequence number of a message in a FIFO queue as AWS writes it: twenty digits.
pub(crate) fn sequence_number(number: u64) -> String {
    const FIRST: u64 = 18_000_000_000_000_000_000;
    FIRST.saturating_add(number).to_string()
}

/// The sequence number of a message in a FIFO topic, likewise. It begins elsewhere, so that nobody takes one for the
/// other.
pub(crate) fn topic_sequence_number(number: u64) -> String {
    const FIRST: u64 = 10_000_000_000_000_000_000;
    FIRST.saturating_add(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, data_type: &str, value: &str) -> Attribute {
        Attribute { name: name.into(), data_type: data_type.into(), value: Value::Text(value.into()) }
    }

    #[test]
    fn the_digest_of_attributes_is_that_of_aws() {
        let binary = Attribute {
            name: "Dummy3Name".into(),
            data_type: "Binary".into(),
            value: Value::Binary(b"dummy 2 value"[..].into()),
        };
        let cases = [
            (vec![text("Hello", "String", "World")], "7db7fb1ba7f41366a8ea5eb18220b26d"),
            (
                vec![text("UserId", "Number.bigint", "1234567890123456789012")],
                "797ab158d73dcb5242dedc4412c8e855",
            ),
            (
                vec![text("attr1", "Number", "99.12"), text("attr2", "Number", "109.12")],
                "9b720b3af309c1c4b0d395c53b08c502",
            ),
            (
                vec![text("data1", "Number", "1"), text("data2", "Number", "2")],
                "b53b5acf24e7fd9567705bd8027b1c76",
            ),
            (
                vec![
                    text("Dummy1Name", "String", "dummy 1 value"),
                    text("Dummy2Name", "String", "dummy 2 value"),
                    binary,
                ],
                "c5c0d2c6f195fcbc91083c5465d8955f",
            ),
            (vec![text("AWSTraceHeader", "String", "some-trace-id")], "fdce4f2818803f2f73becc09a54792c0"),
        ];
        for (attributes, digest) in cases {
            assert_eq!(md5_of_attributes(&attributes).as_deref(), Some(digest), "{attributes:?}");
        }
        assert_eq!(md5_of_attributes(&[]), None);
    }

    #[test]
    fn content_is_identified_by_its_digest() {
        assert_eq!(content_id("Test"), "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25");
    }

    #[test]
    fn sequence_numbers_have_twenty_digits_and_rise_as_text() {
        for written in [sequence_number, topic_sequence_number] {
            let numbers = [1, 9, 10, 1_000_000].map(written);
            assert!(numbers.iter().all(|number| number.len() == 20));
            assert!(numbers.is_sorted());
        }
        assert_ne!(sequence_number(1), topic_sequence_number(1));
    }
}
