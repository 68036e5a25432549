//! [`Range`]: the operand of `numeric`, one or two comparisons with numbers.

use std::fmt;
use std::ops::Bound;

use crate::json::{Scanner, Token};
use crate::number::Number;
use crate::{Error, ErrorKind};

/// The numbers that a `numeric` comparison accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    lower: Bound<Number>,
    upper: Bound<Number>,
}

/// Why a text is not a `numeric` comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumericError {
    /// The operand is not a list.
    NotAList,
    /// The list does not begin with an operator but with this.
    Member(String),
    /// It begins with an operator that does not exist.
    Operator(String),
    /// What follows `=` is not a number.
    Equals,
    /// What follows this operator is not a number.
    Operand(&'static str),
    /// Something follows a comparison that stands alone.
    TooManyElements,
    /// The second operator is none that sets an upper bound.
    RangeOperator(String),
    /// The second operator is not even a string.
    RangeValue(String),
    /// The lower bound is not below the upper one.
    EmptyRange,
    /// Something follows the upper bound.
    TooManyTerms,
}

impl Range {
    pub(crate) fn contains(&self, number: Number) -> bool {
        let above = match self.lower {
            Bound::Included(lower) => number >= lower,
            Bound::Excluded(lower) => number > lower,
            Bound::Unbounded => true,
        };
        above
            && match self.upper {
                Bound::Included(upper) => number <= upper,
                Bound::Excluded(upper) => number < upper,
                Bound::Unbounded => true,
            }
    }

    /// Reads `[op, number]` or `[lower op, number, upper op, number]`.
    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Result<Self, Error> {
        if scanner.token()? != Token::StartArray {
            return refuse(scanner, NumericError::NotAList);
        }
        let operator = match scanner.token()? {
            Token::Text(operator) => operator,
            other => return refuse(scanner, NumericError::Member(other.as_written())),
        };
        match operator.as_ref() {
            "=" => {
                let equal = Bound::Included(operand(scanner, NumericError::Equals)?);
                alone(scanner, Self { lower: equal, upper: equal })
            }
            "<" => {
                let upper = Bound::Excluded(operand(scanner, NumericError::Operand("<"))?);
                alone(scanner, Self { lower: Bound::Unbounded, upper })
            }
            "<=" => {
                let upper = Bound::Included(operand(scanner, NumericError::Operand("<="))?);
                alone(scanner, Self { lower: Bound::Unbounded, upper })
            }
            ">" => {
                let lower = operand(scanner, NumericError::Operand(">"))?;
                with_upper(scanner, lower, Bound::Excluded(lower))
            }
            ">=" => {
                let lower = operand(scanner, NumericError::Operand(">="))?;
                with_upper(scanner, lower, Bound::Included(lower))
            }
            other => refuse(scanner, NumericError::Operator(other.to_owned())),
        }
    }
}

/// The number that has to come next.
fn operand(scanner: &mut Scanner<'_>, otherwise: NumericError) -> Result<Number, Error> {
    if let Token::Number(text) = scanner.token()?
        && let Some(number) = Number::parse(text)
    {
        return Ok(number);
    }
    refuse(scanner, otherwise)
}

/// The end of the list after a comparison that takes no second one.
fn alone(scanner: &mut Scanner<'_>, range: Range) -> Result<Range, Error> {
    match scanner.token()? {
        Token::EndArray => Ok(range),
        _ => refuse(scanner, NumericError::TooManyElements),
    }
}

/// The end of the list after a lower bound, or the upper bound and then the end.
fn with_upper(scanner: &mut Scanner<'_>, least: Number, lower: Bound<Number>) -> Result<Range, Error> {
    let operator = match scanner.token()? {
        Token::EndArray => {
            return Ok(Range { lower, upper: Bound::Unbounded });
        }
        Token::Text(operator) => operator,
        other => return refuse(scanner, NumericError::RangeValue(other.as_written())),
    };
    let (most, upper) = match operator.as_ref() {
        "<" => {
            let most = operand(scanner, NumericError::Operand("<"))?;
            (most, Bound::Excluded(most))
        }
        "<=" => {
            let most = operand(scanner, NumericError::Operand("<="))?;
            (most, Bound::Included(most))
        }
        other => return refuse(scanner, NumericError::RangeOperator(other.to_owned())),
    };
    if least >= most {
        return refuse(scanner, NumericError::EmptyRange);
    }
    match scanner.token()? {
        Token::EndArray => Ok(Range { lower, upper }),
        _ => refuse(scanner, NumericError::TooManyTerms),
    }
}

fn refuse<T>(scanner: &Scanner<'_>, error: NumericError) -> Result<T, Error> {
    Err(scanner.error(ErrorKind::Numeric(error)))
}

impl fmt::Display for NumericError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAList => f.write_str("Value of numeric must be an array."),
            Self::Member(found) => write!(f, "Invalid member in numeric match: {found}"),
            Self::Operator(found) => write!(f, "Unrecognized numeric range operator: {found}"),
            Self::Equals => f.write_str("Value of equals must be numeric"),
            Self::Operand(operator) => write!(f, "Value of {operator} must be numeric"),
            Self::TooManyElements => f.write_str("Too many elements in numeric expression"),
            Self::RangeOperator(found) => write!(f, "Bad numeric range operator: {found}"),
            Self::RangeValue(found) => write!(f, "Bad value in numeric range: {found}"),
            Self::EmptyRange => f.write_str("Bottom must be less than top"),
            Self::TooManyTerms => f.write_str("Too many terms in numeric range expression"),
        }
    }
}
