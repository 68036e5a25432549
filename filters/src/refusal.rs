//! [`Refusal`]: why a policy does not match a message.

use std::fmt;

use crate::Operator;

/// The first thing in a policy that a message does not satisfy.
///
/// If the policy has an `$or`, it is that of the branch which the message follows furthest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The key, as a dotted path.
    pub key: String,
    /// How the first of its values compares.
    pub operator: Operator,
    /// Why it is not satisfied.
    pub reason: Reason,
}

/// Why a key of a policy is not satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The message has no value at this key.
    KeyAbsent,
    /// The message has a value at this key, which must not be there.
    KeyPresent,
    /// No value of the message at this key matches.
    NoValueMatched,
    /// A value matches, but in another element of a list than the values of the keys before.
    OtherElement,
    /// The body is not a JSON object.
    NotAnObject,
    /// The message has no attributes that a policy can see.
    NoAttributes,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.operator, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyAbsent => "the message has no such key",
            Self::KeyPresent => "the message has this key",
            Self::NoValueMatched => "no value of the message matches",
            Self::OtherElement => {
                "the matching value is in another element of a list than those of other keys"
            }
            Self::NotAnObject => "the body is not a JSON object",
            Self::NoAttributes => "the message has no attributes",
        })
    }
}
