//! [`Value`]: what a message offers to be compared.

use crate::json::Json;
use crate::number::Number;

/// One scalar of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// The scalar that a JSON value is; none if it is a list or an object.
    pub(crate) fn of(value: &'a Json<'_>) -> Option<Self> {
        match value {
            Json::Null => Some(Self::Null),
            Json::Bool(value) => Some(Self::Bool(*value)),
            Json::Number(text) => Number::parse(text).map(Self::Number),
            Json::Text(text) => Some(Self::Text(text)),
            Json::List(_) | Json::Object(_) => None,
        }
    }
}
