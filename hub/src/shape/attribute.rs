//! The value of a message attribute as SQS and SNS take and give it.

use crate::content::{Attribute, Value};
use crate::wire::{Blob, Counted};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// A list that must not be there. What is in it does not matter.
type Reserved = Counted<IgnoredAny, 0>;

/// The input and output shape `MessageAttributeValue`. What is missing or superfluous is for the operations to
/// judge, since SQS and SNS say it differently.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttributeValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<Blob>,
    /// Reserved by AWS; using it is an error.
    #[serde(default, skip_serializing)]
    pub(crate) string_list_values: Option<Reserved>,
    /// Reserved by AWS; using it is an error.
    #[serde(default, skip_serializing)]
    pub(crate) binary_list_values: Option<Reserved>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_type: Option<String>,
}

impl From<Attribute> for AttributeValue {
    fn from(attribute: Attribute) -> Self {
        let (string_value, binary_value) = match attribute.value {
            Value::Text(text) => (Some(text.into()), None),
            Value::Binary(bytes) => (None, Some(Blob(bytes.into_vec()))),
        };
        Self { string_value, binary_value, data_type: Some(attribute.data_type.into()), ..Self::default() }
    }
}
