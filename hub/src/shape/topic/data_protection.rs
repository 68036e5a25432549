//! The data protection policy of a topic: kept among its texts, under a name that no operation on attributes knows.
//! What it says is not acted on.

use super::attributes::{agrees, keep, value};
use super::limits;
use crate::wire::Fault;
use queue_core::TopicAttributes;

const NAME: &str = "DataProtectionPolicy";

/// The policy, if there is one.
pub(crate) fn policy(attributes: &TopicAttributes) -> Option<String> {
    value(attributes, NAME)
}

/// Sets the policy; an empty one is none.
pub(crate) fn set(attributes: &mut TopicAttributes, policy: &str) -> Result<(), Fault> {
    let wrong = |what: &str| Fault::invalid_parameter(format_args!("{NAME} Reason: {what}"));
    if policy.chars().count() > limits::DATA_PROTECTION_POLICY_CHARACTERS_MAX {
        let maximum = limits::DATA_PROTECTION_POLICY_CHARACTERS_MAX;
        return Err(wrong(&format!("must be at most {maximum} characters long")));
    }
    let is_object = || serde_json::from_str::<serde_json::Map<_, _>>(policy).is_ok();
    if !policy.is_empty() && !is_object() {
        return Err(wrong("must be a JSON object"));
    }
    keep(attributes, NAME, policy);
    Ok(())
}

/// Whether two topics have the same policy.
pub(crate) fn is_same(one: &TopicAttributes, other: &TopicAttributes) -> bool {
    agrees(one, other, NAME)
}
