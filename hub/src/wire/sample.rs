//! Shapes for tests, with every kind of member that operations have.

use serde::{Deserialize, Serialize};

use super::{Blob, Pairs};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SendMessage {
    pub(super) queue_url: Option<String>,
    pub(super) message_body: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: Option<Pairs<AttributeValue>>,
    pub(super) message_system_attributes: Option<Pairs<AttributeValue>>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AttributeValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<Blob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_type: Option<String>,
}

impl AttributeValue {
    pub(super) fn string(value: &str) -> Self {
        Self { string_value: Some(value.to_owned()), data_type: Some("String".to_owned()), ..Self::default() }
    }

    pub(super) fn binary(value: &[u8]) -> Self {
        Self {
            binary_value: Some(Blob(value.to_owned())),
            data_type: Some("Binary".to_owned()),
            ..Self::default()
        }
    }
}

/// Lists and maps of SQS and SNS in one input.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Everything {
    pub(super) attributes: Option<Pairs<String>>,
    #[serde(rename = "tags", alias = "Tags")]
    pub(super) tags: Option<Pairs<String>>,
    pub(super) attribute_names: Option<Vec<String>>,
    pub(super) message_system_attribute_names: Option<Vec<String>>,
    pub(super) tag_keys: Option<Vec<String>>,
    pub(super) entries: Option<Vec<Entry>>,
    pub(super) publish_batch_request_entries: Option<Vec<Entry>>,
    pub(super) return_subscription_arn: Option<bool>,
    pub(super) color: Option<Color>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) id: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: Option<Pairs<AttributeValue>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Color {
    Red,
    Blue,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<Message>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    pub(super) message_id: String,
    #[serde(rename = "MD5OfBody")]
    pub(super) md5_of_body: String,
    pub(super) body: String,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    pub(super) attributes: Pairs<String>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    pub(super) message_attributes: Pairs<AttributeValue>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) successful: Vec<Done>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<NotDone>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<u64>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NotDone {
    pub(super) id: String,
    pub(super) sender_fault: bool,
    pub(super) code: String,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscriptions {
    pub(super) subscriptions: Vec<Subscription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscription {
    pub(super) topic_arn: String,
    pub(super) endpoint: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    pub(super) attributes: Pairs<String>,
}

#[derive(Default, Serialize)]
pub(super) struct Queues {
    #[serde(rename = "QueueUrls", skip_serializing_if = "Vec::is_empty")]
    pub(super) urls: Vec<String>,
    #[serde(rename = "Tags", skip_serializing_if = "Pairs::is_empty")]
    pub(super) tags: Pairs<String>,
}

pub(super) fn pairs<V>(pairs: impl IntoIterator<Item = (&'static str, V)>) -> Pairs<V> {
    Pairs(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
