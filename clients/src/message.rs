//! Messages and their attributes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A message as it was received.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Message {
    /// The same at every delivery.
    pub message_id: String,
    /// What this delivery is called when it is deleted or its visibility changed; another at every delivery.
    pub receipt_handle: String,
    /// What was sent. For a subscription without raw delivery, the envelope around it.
    #[serde(default)]
    pub body: String,
    /// What the hub says of the message, by the names that AWS gives it.
    #[serde(default, rename = "Attributes")]
    pub system_attributes: BTreeMap<String, String>,
    /// What the sender has attached to it.
    #[serde(default, rename = "MessageAttributes")]
    pub attributes: BTreeMap<String, MessageAttribute>,
}

impl Message {
    /// The body as a value in JSON.
    ///
    /// ```
    /// # use fanq_client::{Error, Message};
    /// #[derive(serde::Deserialize)]
    /// struct Order { teapots: u32 }
    ///
    /// fn teapots(message: &Message) -> Result<u32, Error> {
    ///     Ok(message.json::<Order>()?.teapots)
    /// }
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.body)
            .map_err(|source| Error::Body { message_id: self.message_id.clone(), source })
    }

    /// The group of a message of a FIFO queue.
    pub fn group(&self) -> Option<&str> {
        self.system_attributes.get("MessageGroupId").map(String::as_str)
    }

    /// How many times the message was received, this one included.
    pub fn receive_count(&self) -> Option<u32> {
        self.system_attributes.get("ApproximateReceiveCount")?.parse().ok()
    }

    /// The queue that the message came from, if it was moved to this one because it could not be processed.
    pub fn dead_letter_source(&self) -> Option<&str> {
        self.system_attributes.get("DeadLetterQueueSourceArn").map(String::as_str)
    }
}

/// A named value beside the body of a message, which filter policies can look at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, and perhaps a label of the sender's after a dot.
    pub data_type: String,
    /// The value itself.
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Of a `String` or a `Number`, the latter as it was written.
    Text(String),
    /// Of a `Binary`.
    Bytes(Vec<u8>),
}

impl MessageAttribute {
    /// A text.
    pub fn string(text: impl Into<String>) -> Self {
        Self { data_type: "String".to_owned(), value: AttributeValue::Text(text.into()) }
    }

    /// A number, which AWS transports as it is written.
    pub fn number(number: impl ToString) -> Self {
        Self { data_type: "Number".to_owned(), value: AttributeValue::Text(number.to_string()) }
    }

    /// Bytes.
    pub fn binary(bytes: impl Into<Vec<u8>>) -> Self {
        Self { data_type: "Binary".to_owned(), value: AttributeValue::Bytes(bytes.into()) }
    }

    /// What it counts of the size of its message, beside its name.
    pub(crate) fn bytes(&self) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Bytes(bytes) => bytes.len(),
        };
        self.data_type.len() + value
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// An attribute as AWS JSON has it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

impl TryFrom<Wire> for MessageAttribute {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let value = match (wire.string_value, wire.binary_value) {
            (Some(text), None) => AttributeValue::Text(text),
            (None, Some(text)) => {
                AttributeValue::Bytes(STANDARD.decode(text).map_err(|error| error.to_string())?)
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err("a message attribute has either a text or bytes".to_owned());
            }
        };
        Ok(Self { data_type: wire.data_type, value })
    }
}

impl From<MessageAttribute> for Wire {
    fn from(attribute: MessageAttribute) -> Self {
        let (string_value, binary_value) = match attribute.value {
            AttributeValue::Text(text) => (Some(text), None),
            AttributeValue::Bytes(bytes) => (None, Some(base64(&bytes))),
        };
        Self { data_type: attribute.data_type, string_value, binary_value }
    }
}
