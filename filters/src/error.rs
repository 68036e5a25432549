//! [`Error`]: why a text is not a filter policy.

use std::fmt;

use crate::{CidrError, NumericError, Operator, SyntaxError};

/// Why a text is not a filter policy.
///
/// It displays as the words that follow the name of the parameter in the service's answer. Mistakes found while
/// reading have a [`Location`], which that answer adds on a line of its own; mistakes of the policy as a whole
/// have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where reading stopped.
    pub location: Option<Location>,
}

/// A place in the text of a policy, both parts counted from one, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column, of the beginning of what was not understood.
    pub column: usize,
}

/// What is wrong with a filter policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// It is not JSON.
    Syntax(SyntaxError),
    /// It is JSON, but not an object.
    NotAnObject,
    /// The value of this key is a scalar, where a list of values or a nested policy belongs.
    NeitherObjectNorArray(String),
    /// A list without values.
    EmptyArray,
    /// A nested policy without keys.
    EmptyObject,
    /// A list inside a list of values.
    NestedArray,
    /// An object among the values names no operator.
    NoOperator,
    /// An object among the values names an operator that does not exist.
    UnknownOperator(String),
    /// An object among the values names more than one operator.
    SeveralOperators,
    /// The operand of this operator is not a string.
    NotAString(Operator),
    /// The operand of `exists` is not a boolean.
    NotABoolean,
    /// `anything-but` around an operator that cannot stand there.
    UnsupportedInAnythingBut(String),
    /// The operand of `anything-but` is a boolean or null.
    AnythingButOperand,
    /// A member of the list of `anything-but` is neither a string nor a number.
    AnythingButMember,
    /// The list of `anything-but` has strings and numbers.
    AnythingButMixed,
    /// The operand of `numeric` is not a comparison.
    Numeric(NumericError),
    /// The operand of `cidr` is not a block of addresses.
    Cidr(CidrError),
    /// Nested keys in a policy on attributes. The service's answer to this one does not name the parameter.
    NestedInAttributeScope,
    /// More than [`KEYS_MAX`](crate::limits::KEYS_MAX) keys.
    TooManyKeys,
    /// More combinations, wildcards, or levels than the limits allow.
    TooComplex,
    /// More than [`POLICY_BYTES_MAX`](crate::limits::POLICY_BYTES_MAX) bytes.
    TooLarge,
}

impl From<ErrorKind> for Error {
    /// An error of the policy as a whole, without a place.
    fn from(kind: ErrorKind) -> Self {
        Self { kind, location: None }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line: {}, column: {}", self.line, self.column)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "failed to parse JSON. {error}"),
            Self::NotAnObject => f.write_str("Filter is not an object"),
            Self::NeitherObjectNorArray(key) => write!(f, "\"{key}\" must be an object or an array"),
            Self::EmptyArray => f.write_str("Empty arrays are not allowed"),
            Self::EmptyObject => f.write_str("Empty objects are not allowed"),
            Self::NestedArray => f.write_str("Match value must be String, number, true, false, or null"),
            Self::NoOperator => f.write_str("Match expression name not found"),
            Self::UnknownOperator(name) => write!(f, "Unrecognized match type {name}"),
            Self::SeveralOperators => f.write_str("Only one key allowed in match expression"),
            // Recorded: the service speaks of a prefix here too.
            Self::NotAString(Operator::Cidr) => f.write_str("prefix match pattern must be a string"),
            Self::NotAString(operator) => write!(f, "{operator} match pattern must be a string"),
            Self::NotABoolean => f.write_str("exists match pattern must be either true or false."),
            Self::UnsupportedInAnythingBut(name) => write!(f, "Unsupported anything-but pattern: {name}"),
            Self::AnythingButOperand => {
                f.write_str("Value of anything-but must be an array or single string/number value.")
            }
            Self::AnythingButMember => {
                f.write_str("Inside anything but list, start|null|boolean is not supported.")
            }
            Self::AnythingButMixed => f.write_str(
                "Inside anything but list, either all values are number or string, mixed type is not supported",
            ),
            Self::Numeric(error) => error.fmt(f),
            Self::Cidr(error) => error.fmt(f),
            Self::NestedInAttributeScope => {
                f.write_str("Filter policy scope MessageAttributes does not support nested filter policy")
            }
            Self::TooManyKeys => write!(f, "Filter policy can not have more than {} keys", crate::limits::KEYS_MAX),
            Self::TooComplex => f.write_str("Filter policy is too complex"),
            Self::TooLarge => f.write_str("Filter policy is too large"),
        }
    }
}
