//! [`Scope`]: which part of a message a policy looks at.

use std::fmt;

/// Which part of a message a policy looks at, as `FilterPolicyScope` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The message attributes. What a subscription has that names no scope.
    #[default]
    MessageAttributes,
    /// The body, as this subscription would receive it, if it is a JSON object.
    MessageBody,
}

impl Scope {
    /// The scope of this name, if there is one. Names are case-sensitive.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::MessageAttributes, Self::MessageBody].into_iter().find(|scope| scope.as_str() == name)
    }

    /// Its name in the subscription attribute `FilterPolicyScope`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessageAttributes => "MessageAttributes",
            Self::MessageBody => "MessageBody",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
