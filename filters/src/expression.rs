//! Reads the values of one key: bare scalars and match expressions such as `{"prefix": "a"}`.

use crate::cidr::Cidr;
use crate::json::{Scanner, Token};
use crate::number::Number;
use crate::numeric::Range;
use crate::pattern::{Pattern, Unwanted};
use crate::wildcard::Wildcard;
use crate::{Error, ErrorKind, Operator};

/// Reads a list of values whose opening bracket has been read.
pub(crate) fn values(scanner: &mut Scanner<'_>) -> Result<Vec<Pattern>, Error> {
    let mut patterns = Vec::new();
    loop {
        patterns.push(match scanner.token()? {
            Token::EndArray if patterns.is_empty() => return refuse(scanner, ErrorKind::EmptyArray),
            Token::EndArray => return Ok(patterns),
            Token::StartObject => expression(scanner)?,
            Token::Text(text) => Pattern::Text(text.into_owned()),
            Token::Number(text) => Pattern::Number(number(scanner, text)?),
            Token::Bool(value) => Pattern::Bool(value),
            Token::Null => Pattern::Null,
            Token::StartArray | Token::EndObject | Token::Key(_) | Token::End => {
                return refuse(scanner, ErrorKind::NestedArray);
            }
        });
    }
}

/// Reads a match expression whose opening brace has been read.
fn expression(scanner: &mut Scanner<'_>) -> Result<Pattern, Error> {
    let Token::Key(name) = scanner.token()? else {
        return refuse(scanner, ErrorKind::NoOperator);
    };
    let Some(operator) = Operator::named(&name) else {
        return refuse(scanner, ErrorKind::UnknownOperator(name.into_owned()));
    };
    let pattern = match operator {
        // Has no name, so it cannot be the operator found by one.
        Operator::Exact => return refuse(scanner, ErrorKind::UnknownOperator(name.into_owned())),
        Operator::Prefix => Pattern::Prefix(string(scanner, operator)?),
        Operator::Suffix => Pattern::Suffix(string(scanner, operator)?),
        Operator::EqualsIgnoreCase => Pattern::EqualsIgnoreCase(string(scanner, operator)?),
        Operator::Wildcard => Pattern::Wildcard(Wildcard::parse(&string(scanner, operator)?)),
        Operator::AnythingBut => Pattern::AnythingBut(anything_but(scanner)?),
        Operator::Numeric => Pattern::Numeric(Range::read(scanner)?),
        Operator::Exists => match scanner.token()? {
            Token::Bool(expected) => Pattern::Exists(expected),
            _ => return refuse(scanner, ErrorKind::NotABoolean),
        },
        // A block that cannot be read is answered without a place.
        Operator::Cidr => Pattern::Cidr(
            Cidr::parse(&string(scanner, operator)?).map_err(|error| Error::from(ErrorKind::Cidr(error)))?,
        ),
    };
    end_of_expression(scanner)?;
    Ok(pattern)
}

fn anything_but(scanner: &mut Scanner<'_>) -> Result<Unwanted, Error> {
    match scanner.token()? {
        Token::Text(text) => Ok(Unwanted::Texts(vec![text.into_owned()])),
        Token::Number(text) => Ok(Unwanted::Numbers(vec![number(scanner, text)?])),
        Token::StartArray => unwanted_list(scanner),
        Token::StartObject => unwanted_expression(scanner),
        Token::Bool(_) | Token::Null | Token::EndObject | Token::EndArray | Token::Key(_) | Token::End => {
            refuse(scanner, ErrorKind::AnythingButOperand)
        }
    }
}

/// Reads strings, or numbers, up to the closing bracket.
fn unwanted_list(scanner: &mut Scanner<'_>) -> Result<Unwanted, Error> {
    let mut texts = Vec::new();
    let mut numbers = Vec::new();
    loop {
        match scanner.token()? {
            Token::EndArray => break,
            Token::Text(text) => texts.push(text.into_owned()),
            Token::Number(text) => numbers.push(number(scanner, text)?),
            _ => return refuse(scanner, ErrorKind::AnythingButMember),
        }
        if !texts.is_empty() && !numbers.is_empty() {
            return refuse(scanner, ErrorKind::AnythingButMixed);
        }
    }
    match (texts.is_empty(), numbers.is_empty()) {
        (true, true) => refuse(scanner, ErrorKind::EmptyArray),
        (false, _) => Ok(Unwanted::Texts(texts)),
        (true, false) => Ok(Unwanted::Numbers(numbers)),
    }
}

/// Reads the match expression inside an `anything-but`.
fn unwanted_expression(scanner: &mut Scanner<'_>) -> Result<Unwanted, Error> {
    let Token::Key(name) = scanner.token()? else {
        return refuse(scanner, ErrorKind::NoOperator);
    };
    let unwanted = match Operator::named(&name) {
        Some(operator @ Operator::Prefix) => Unwanted::Prefixes(strings(scanner, operator)?),
        Some(operator @ Operator::Suffix) => Unwanted::Suffixes(strings(scanner, operator)?),
        Some(operator @ Operator::Wildcard) => {
            let patterns = strings(scanner, operator)?;
            Unwanted::Wildcards(patterns.iter().map(|pattern| Wildcard::parse(pattern)).collect())
        }
        None
        | Some(
            Operator::Exact
            | Operator::EqualsIgnoreCase
            | Operator::AnythingBut
            | Operator::Numeric
            | Operator::Exists
            | Operator::Cidr,
        ) => return refuse(scanner, ErrorKind::UnsupportedInAnythingBut(name.into_owned())),
    };
    end_of_expression(scanner)?;
    Ok(unwanted)
}

fn string(scanner: &mut Scanner<'_>, operator: Operator) -> Result<String, Error> {
    match scanner.token()? {
        Token::Text(text) => Ok(text.into_owned()),
        _ => refuse(scanner, ErrorKind::NotAString(operator)),
    }
}

/// One string or a list of them. AWS documents only the single one; its open-source engine takes both.
fn strings(scanner: &mut Scanner<'_>, operator: Operator) -> Result<Vec<String>, Error> {
    match scanner.token()? {
        Token::Text(text) => return Ok(vec![text.into_owned()]),
        Token::StartArray => {}
        _ => return refuse(scanner, ErrorKind::NotAString(operator)),
    }
    let mut texts = Vec::new();
    loop {
        match scanner.token()? {
            Token::EndArray if texts.is_empty() => return refuse(scanner, ErrorKind::EmptyArray),
            Token::EndArray => return Ok(texts),
            Token::Text(text) => texts.push(text.into_owned()),
            _ => return refuse(scanner, ErrorKind::NotAString(operator)),
        }
    }
}

/// The scanner has checked how the number is written, so there is one.
fn number(scanner: &Scanner<'_>, text: &str) -> Result<Number, Error> {
    Number::parse(text).map_or_else(|| refuse(scanner, ErrorKind::NestedArray), Ok)
}

fn end_of_expression(scanner: &mut Scanner<'_>) -> Result<(), Error> {
    match scanner.token()? {
        Token::EndObject => Ok(()),
        _ => refuse(scanner, ErrorKind::SeveralOperators),
    }
}

fn refuse<T>(scanner: &Scanner<'_>, kind: ErrorKind) -> Result<T, Error> {
    Err(scanner.error(kind))
}
