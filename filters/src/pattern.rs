//! [`Pattern`]: one value of a policy, and whether a value of a message satisfies it.

use crate::Operator;
use crate::cidr::Cidr;
use crate::number::Number;
use crate::numeric::Range;
use crate::value::Value;
use crate::wildcard::Wildcard;

/// One value of a policy. Types are strict: a string never equals a number, whatever its text.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Prefix(String),
    Suffix(String),
    EqualsIgnoreCase(String),
    Wildcard(Wildcard),
    AnythingBut(Unwanted),
    Numeric(Range),
    Exists(bool),
    Cidr(Cidr),
}

/// What `anything-but` excludes.
#[derive(Debug, Clone)]
pub(crate) enum Unwanted {
    Texts(Vec<String>),
    Numbers(Vec<Number>),
    Prefixes(Vec<String>),
    Suffixes(Vec<String>),
    Wildcards(Vec<Wildcard>),
}

impl Pattern {
    pub(crate) const fn operator(&self) -> Operator {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Operator::Exact,
            Self::Prefix(_) => Operator::Prefix,
            Self::Suffix(_) => Operator::Suffix,
            Self::EqualsIgnoreCase(_) => Operator::EqualsIgnoreCase,
            Self::Wildcard(_) => Operator::Wildcard,
            Self::AnythingBut(_) => Operator::AnythingBut,
            Self::Numeric(_) => Operator::Numeric,
            Self::Exists(_) => Operator::Exists,
            Self::Cidr(_) => Operator::Cidr,
        }
    }

    pub(crate) fn matches(&self, value: Value<'_>) -> bool {
        match self {
            Self::Null => value == Value::Null,
            Self::Bool(expected) => value == Value::Bool(*expected),
            Self::Number(expected) => value == Value::Number(*expected),
            Self::Text(expected) => value == Value::Text(expected),
            Self::Prefix(prefix) => text(value).is_some_and(|text| text.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => text(value).is_some_and(|text| text.ends_with(suffix.as_str())),
            Self::EqualsIgnoreCase(expected) => {
                text(value).is_some_and(|text| equals_ignore_case(text, expected))
            }
            Self::Wildcard(wildcard) => text(value).is_some_and(|text| wildcard.matches(text)),
            Self::AnythingBut(unwanted) => unwanted.spares(value),
            Self::Numeric(range) => matches!(value, Value::Number(number) if range.contains(number)),
            // A null is a key without a value: it neither exists nor is it absent.
            Self::Exists(expected) => *expected && value != Value::Null,
            Self::Cidr(block) => text(value).is_some_and(|text| block.contains(text)),
        }
    }

    /// The value that it wants exactly, if it is one that many policies may tell apart by: a text or a number.
    pub(crate) const fn exact(&self) -> Option<Value<'_>> {
        match self {
            Self::Text(text) => Some(Value::Text(text.as_str())),
            Self::Number(number) => Some(Value::Number(*number)),
            Self::Null
            | Self::Bool(_)
            | Self::Prefix(_)
            | Self::Suffix(_)
            | Self::EqualsIgnoreCase(_)
            | Self::Wildcard(_)
            | Self::AnythingBut(_)
            | Self::Numeric(_)
            | Self::Exists(_)
            | Self::Cidr(_) => None,
        }
    }

    /// The most `*` that one of its wildcards has; none if it has no wildcard.
    pub(crate) fn stars(&self) -> Option<usize> {
        match self {
            Self::Wildcard(wildcard) => Some(wildcard.stars()),
            Self::AnythingBut(Unwanted::Wildcards(wildcards)) => wildcards.iter().map(Wildcard::stars).max(),
            Self::AnythingBut(
                Unwanted::Texts(_) | Unwanted::Numbers(_) | Unwanted::Prefixes(_) | Unwanted::Suffixes(_),
            )
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Prefix(_)
            | Self::Suffix(_)
            | Self::EqualsIgnoreCase(_)
            | Self::Numeric(_)
            | Self::Exists(_)
            | Self::Cidr(_) => None,
        }
    }

    /// Whether it is satisfied by a message that has no value for its key.
    pub(crate) const fn matches_absence(&self) -> bool {
        matches!(self, Self::Exists(false))
    }
}

impl Unwanted {
    /// Whether a value is none of those excluded. One of another type is not, but a null is no value.
    fn spares(&self, value: Value<'_>) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(_) => true,
            Value::Number(number) => !matches!(self, Self::Numbers(numbers) if numbers.contains(&number)),
            Value::Text(text) => !match self {
                Self::Texts(texts) => texts.iter().any(|unwanted| unwanted == text),
                Self::Numbers(_) => false,
                Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())),
                Self::Suffixes(suffixes) => suffixes.iter().any(|suffix| text.ends_with(suffix.as_str())),
                Self::Wildcards(wildcards) => wildcards.iter().any(|wildcard| wildcard.matches(text)),
            },
        }
    }
}

const fn text<'a>(value: Value<'a>) -> Option<&'a str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Letters of every script have case, not only the Latin ones.
fn equals_ignore_case(left: &str, right: &str) -> bool {
    left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}
