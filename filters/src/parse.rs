//! Reads the text of a policy into an [`Object`]; mistakes are found in the order in which they stand.

use std::collections::BTreeMap;

use crate::json::{Scanner, Token};
use crate::limits::COMBINATIONS_MAX;
use crate::pattern::Pattern;
use crate::{Error, ErrorKind, Operator, expression};

/// A policy, or a nested part of one, as written.
#[derive(Debug)]
pub(crate) struct Object {
    /// All of these have to hold.
    pub(crate) entries: Vec<Entry>,
}

#[derive(Debug)]
pub(crate) enum Entry {
    /// A key with values, of which any may match.
    Leaf { key: String, patterns: Vec<Pattern> },
    /// A key with a policy on what is below it.
    Nested { key: String, inner: Object },
    /// `$or`: any of these may hold.
    Or { branches: Vec<Object> },
}

const OR: &str = "$or";

/// Reads a whole text.
pub(crate) fn policy(text: &str) -> Result<Object, Error> {
    let mut scanner = Scanner::new(text);
    if scanner.token()? != Token::StartObject {
        return Err(scanner.error(ErrorKind::NotAnObject));
    }
    let object = object(&mut scanner, 1)?;
    // Anything after the policy is refused by the scanner itself.
    scanner.token()?;
    Ok(object)
}

/// Reads the entries after an opening brace. This and [`or`] are the only functions that call themselves.
///
/// Every level counts at least once in the combinations, so a policy with more levels than that is too complex
/// whatever else it says; stopping here keeps the stack small.
fn object(scanner: &mut Scanner<'_>, level: u64) -> Result<Object, Error> {
    if level > COMBINATIONS_MAX {
        return Err(ErrorKind::TooComplex.into());
    }
    let mut entries = Vec::new();
    // Where each key stands: of two equal keys the last counts.
    let mut places = BTreeMap::new();
    while let Token::Key(key) = scanner.token()? {
        let key = key.into_owned();
        let place = *places.entry(key.clone()).or_insert(entries.len());
        let entry = match scanner.token()? {
            Token::StartArray if key == OR && begins_branches(scanner.clone()) => {
                Entry::Or { branches: or(scanner, level)? }
            }
            Token::StartArray => Entry::Leaf { key, patterns: expression::values(scanner)? },
            Token::StartObject => {
                let inner = object(scanner, level + 1)?;
                if inner.entries.is_empty() {
                    return Err(scanner.error(ErrorKind::EmptyObject));
                }
                Entry::Nested { key, inner }
            }
            _ => return Err(scanner.error(ErrorKind::NeitherObjectNorArray(key))),
        };
        match entries.get_mut(place) {
            Some(earlier) => *earlier = entry,
            None => entries.push(entry),
        }
    }
    Ok(Object { entries })
}

/// Reads the branches after an opening bracket.
fn or(scanner: &mut Scanner<'_>, level: u64) -> Result<Vec<Object>, Error> {
    let mut branches = Vec::new();
    while scanner.token()? == Token::StartObject {
        let branch = object(scanner, level + 1)?;
        if branch.entries.is_empty() {
            return Err(scanner.error(ErrorKind::EmptyObject));
        }
        branches.push(branch);
    }
    Ok(branches)
}

/// Whether the list that has just been opened under `$or` is one of branches: two objects or more, none of which
/// has the name of an operator as a key. Otherwise `$or` is a key like any other.
///
/// A list that stops being JSON counts as what it was until then; reading it properly finds the mistake.
fn begins_branches(mut scanner: Scanner<'_>) -> bool {
    let mut objects = 0;
    let mut depth = 0_usize;
    loop {
        match scanner.token() {
            Err(_) | Ok(Token::End) => return true,
            Ok(Token::EndArray) if depth == 0 => return objects >= 2,
            Ok(Token::StartObject) => {
                objects += usize::from(depth == 0);
                depth += 1;
            }
            Ok(_) if depth == 0 => return false,
            Ok(Token::Key(key)) if depth == 1 && Operator::named(&key).is_some() => return false,
            Ok(Token::StartArray) => depth += 1,
            Ok(Token::EndObject | Token::EndArray) => depth -= 1,
            Ok(Token::Key(_) | Token::Text(_) | Token::Number(_) | Token::Bool(_) | Token::Null) => {}
        }
    }
}
