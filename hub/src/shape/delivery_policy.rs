//! The attribute `DeliveryPolicy`: how often a delivery over HTTP is tried again, and when.
//!
//! See <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>. Topics and subscriptions write
//! the same sections in two forms. A policy is read whole, and written anew in one order; what its sections leave out
//! takes its default, and sections that it leaves out are those of the topic, or else the defaults.

mod effective;
mod retry;
mod sections;
mod subscription;
mod topic;

pub(crate) use effective::Effective;
pub(crate) use retry::{Backoff, Retry};
pub(crate) use subscription::SubscriptionPolicy;
pub(crate) use topic::TopicPolicy;

use serde_json::{Map, Value};

/// Why a text is not a delivery policy, in the words that follow the attribute's name.
pub(crate) type Flaw = String;

fn parsed(text: &str) -> Result<Value, Flaw> {
    serde_json::from_str(text).map_err(|_| "failed to parse JSON.".to_owned())
}

fn members<'v>(value: &'v Value, path: &str) -> Result<&'v Map<String, Value>, Flaw> {
    value.as_object().ok_or_else(|| match path {
        "" => "must be a JSON object".to_owned(),
        _ => format!("{path} must be a JSON object"),
    })
}

fn flag(value: &Value, path: &str) -> Result<bool, Flaw> {
    value.as_bool().ok_or_else(|| format!("{path} must be true or false"))
}

fn unexpected(name: &str) -> Flaw {
    format!("Unexpected JSON member: {name}")
}

#[cfg(test)]
mod tests;
