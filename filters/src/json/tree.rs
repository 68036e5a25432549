//! [`Json`]: a whole text as a tree that borrows from it.
//!
//! Bodies are large and mostly not asked about, so strings without escapes are not copied, numbers are left as they
//! are written, and members are a list, since there is nothing to look up: whoever searches a body passes all of them.

use std::borrow::Cow;

use super::{Scanner, Token};
use crate::limits::BODY_DEPTH_MAX;

/// A JSON value.
///
/// Laid out like tokens, from which it is made.
#[derive(Debug, Clone, PartialEq)]
#[repr(u64)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Members<'a>),
}

/// The members of an object, in no order that means anything. No two have the same key.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// The value that a text is; none if it is no JSON, or nests deeper than [`BODY_DEPTH_MAX`].
pub(crate) fn read(text: &str) -> Option<Json<'_>> {
    let mut scanner = Scanner::new(text);
    let first = scanner.token().ok()?;
    let value = value(&mut scanner, first, 0)?;
    (scanner.token().ok()? == Token::End).then_some(value)
}

/// The value that begins with a token. It calls itself as deep as the text nests, which is bounded.
fn value<'a>(scanner: &mut Scanner<'a>, first: Token<'a>, depth: usize) -> Option<Json<'a>> {
    match first {
        Token::Null => Some(Json::Null),
        Token::Bool(value) => Some(Json::Bool(value)),
        Token::Number(text) => Some(Json::Number(text)),
        Token::Text(text) => Some(Json::Text(text)),
        Token::StartArray | Token::StartObject if depth >= BODY_DEPTH_MAX => None,
        Token::StartArray => {
            let mut elements = Vec::new();
            loop {
                match scanner.token().ok()? {
                    Token::EndArray => return Some(Json::List(elements)),
                    first => elements.push(value(scanner, first, depth + 1)?),
                }
            }
        }
        Token::StartObject => {
            let mut members = Members::new();
            while let Token::Key(key) = scanner.token().ok()? {
                let first = scanner.token().ok()?;
                members.push((key, value(scanner, first, depth + 1)?));
            }
            keep_last(&mut members);
            Some(Json::Object(members))
        }
        Token::EndObject | Token::EndArray | Token::Key(_) | Token::End => None,
    }
}

/// Of equal keys the last counts.
fn keep_last(members: &mut Members<'_>) {
    members.reverse();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members.dedup_by(|(one, _), (other, _)| one == other);
}

#[cfg(test)]
mod tests {
    use super::{Json, read};
    use crate::limits::BODY_DEPTH_MAX;
    use proptest::prelude::*;
    use std::borrow::Cow;

    /// The same, as another reader has it.
    fn converted(json: &Json<'_>) -> serde_json::Value {
        match json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(text) => serde_json::from_str(text).unwrap(),
            Json::Text(text) => text.as_ref().into(),
            Json::List(elements) => elements.iter().map(converted).collect(),
            Json::Object(members) => {
                let member = |(key, value): &(Cow<'_, str>, Json<'_>)| (key.to_string(), converted(value));
                serde_json::Value::Object(members.iter().map(member).collect())
            }
        }
    }

    #[test]
    fn a_text_nests_up_to_its_limit() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(BODY_DEPTH_MAX)).is_some());
        assert!(read(&nested(BODY_DEPTH_MAX + 1)).is_none());
    }

    #[test]
    fn a_text_is_read_to_its_end() {
        for (text, is_json) in [("{} ", true), ("{}{", false), ("{", false), ("", false), ("[1,]", false)] {
            assert_eq!(read(text).is_some(), is_json, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_tree_is_that_of_another_reader(
            text in prop::collection::vec(
                prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"a\"", "\"\\u0061\"", "1.5", "null", "true"]),
                0..9,
            ).prop_map(|pieces| pieces.concat()),
        ) {
            prop_assert_eq!(read(&text).as_ref().map(converted), serde_json::from_str(&text).ok());
        }

        #[test]
        fn of_equal_keys_the_last_counts(keys in prop::collection::vec("[ab]{1,2}", 0..30)) {
            let members: Vec<_> = keys.iter().enumerate().map(|(at, key)| format!("\"{key}\":{at}")).collect();
            let text = format!("{{{}}}", members.join(","));
            prop_assert_eq!(read(&text).as_ref().map(converted), serde_json::from_str(&text).ok());
        }
    }
}
