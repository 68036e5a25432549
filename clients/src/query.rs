//! The parameters of a request in AWS's Query protocol.

use form_urlencoded::byte_serialize;

use crate::message::AttributeValue;
use crate::outgoing::Outgoing;

/// The text so far. The library's own builder cannot be held while a future waits, since it is not `Send`.
#[derive(Default)]
pub(crate) struct Query(String);

impl Query {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    /// A map, as `Attributes.entry.1.key` and so on.
    pub(crate) fn with_map(self, name: &str, pairs: &[(&str, &str)]) -> Self {
        (1..).zip(pairs).fold(self, |query, (number, (key, value))| {
            query
                .with(&format!("{name}.entry.{number}.key"), key)
                .with(&format!("{name}.entry.{number}.value"), value)
        })
    }

    /// A message, each of whose parameters may stand in an entry of a batch.
    pub(crate) fn with_message(self, prefix: &str, message: &Outgoing) -> Self {
        let query = self.with(&format!("{prefix}Message"), &message.body);
        let optional = [
            ("Subject", &message.subject),
            ("MessageGroupId", &message.group),
            ("MessageDeduplicationId", &message.deduplication),
        ];
        let query = optional.into_iter().fold(query, |query, (name, value)| match value {
            Some(value) => query.with(&format!("{prefix}{name}"), value),
            None => query,
        });
        (1..).zip(&message.attributes).fold(query, |query, (number, (name, attribute))| {
            let prefix = format!("{prefix}MessageAttributes.entry.{number}");
            let query = query
                .with(&format!("{prefix}.Name"), name)
                .with(&format!("{prefix}.Value.DataType"), &attribute.data_type);
            match &attribute.value {
                AttributeValue::Text(text) => query.with(&format!("{prefix}.Value.StringValue"), text),
                AttributeValue::Bytes(bytes) => {
                    query.with(&format!("{prefix}.Value.BinaryValue"), &crate::message::base64(bytes))
                }
            }
        })
    }

    /// The finished text, with the name of the operation.
    pub(crate) fn finish(self, operation: &str) -> String {
        self.with("Action", operation).with("Version", "2010-03-31").0
    }
}
