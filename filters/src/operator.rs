//! [`Operator`]: the ways in which a value of a policy can be compared.

use std::fmt;

/// The way in which a value of a policy is compared with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// A bare string, number, `true`, `false`, or `null`.
    Exact,
    /// `{"prefix": …}`
    Prefix,
    /// `{"suffix": …}`
    Suffix,
    /// `{"equals-ignore-case": …}`
    EqualsIgnoreCase,
    /// `{"wildcard": …}`
    Wildcard,
    /// `{"anything-but": …}`
    AnythingBut,
    /// `{"numeric": …}`
    Numeric,
    /// `{"exists": …}`
    Exists,
    /// `{"cidr": …}`
    Cidr,
}

impl Operator {
    /// What a policy can write; [`Operator::Exact`] is the absence of a name.
    const WRITTEN: [Self; 8] = [
        Self::Prefix,
        Self::Suffix,
        Self::EqualsIgnoreCase,
        Self::Wildcard,
        Self::AnythingBut,
        Self::Numeric,
        Self::Exists,
        Self::Cidr,
    ];

    /// The operator that a policy writes with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::WRITTEN.into_iter().find(|operator| operator.as_str() == name)
    }

    /// Its name in a policy, or `exact` for a bare value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
            Self::EqualsIgnoreCase => "equals-ignore-case",
            Self::Wildcard => "wildcard",
            Self::AnythingBut => "anything-but",
            Self::Numeric => "numeric",
            Self::Exists => "exists",
            Self::Cidr => "cidr",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
