use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Scanner, SyntaxError, Token, check_json};
use crate::{Error, ErrorKind, Location};

/// Everything that a text has, as a tree.
fn read(text: &str) -> Result<Value, Error> {
    fn value(scanner: &mut Scanner<'_>, token: Token<'_>) -> Result<Value, Error> {
        Ok(match token {
            Token::StartObject => {
                let mut members = Map::new();
                while let Token::Key(key) = scanner.token()? {
                    let token = scanner.token()?;
                    members.insert(key.into_owned(), value(scanner, token)?);
                }
                Value::Object(members)
            }
            Token::StartArray => {
                let mut elements = Vec::new();
                loop {
                    match scanner.token()? {
                        Token::EndArray => break Value::Array(elements),
                        token => elements.push(value(scanner, token)?),
                    }
                }
            }
            Token::Text(text) => Value::String(text.into_owned()),
            Token::Number(text) => serde_json::from_str(text).unwrap(),
            Token::Bool(value) => Value::Bool(value),
            Token::Null => Value::Null,
            Token::EndObject | Token::EndArray | Token::Key(_) | Token::End => {
                panic!("not a value: {token:?}")
            }
        })
    }
    let mut scanner = Scanner::new(text);
    let token = scanner.token()?;
    let tree = value(&mut scanner, token)?;
    assert_eq!(scanner.token()?, Token::End);
    Ok(tree)
}

fn check(text: &str, expected: SyntaxError, line: usize, column: usize) {
    let location = Some(Location { line, column });
    assert_eq!(read(text), Err(Error { kind: ErrorKind::Syntax(expected), location }), "{text}");
}

#[test]
fn a_text_that_is_not_json_is_refused_where_it_stops_being_json() {
    check("", SyntaxError::EndOfInput, 1, 1);
    check("{invalid", SyntaxError::NoKey('i'), 1, 2);
    check("invalid", SyntaxError::UnknownWord("invalid".to_owned()), 1, 1);
    check("{\n  \"k\" [1]}", SyntaxError::NoColon('['), 2, 7);
    check(r#"{"k":["ü" "b"]}"#, SyntaxError::NoCommaInArray('"'), 1, 11);
    check(r#"{"k":1 "l":2}"#, SyntaxError::NoCommaInObject('"'), 1, 8);
    check(r#"{"k":1,}"#, SyntaxError::NoKey('}'), 1, 8);
    check("[1,]", SyntaxError::NoValue(']'), 1, 4);
    check("{} x", SyntaxError::AfterTheEnd('x'), 1, 4);
    check("[1", SyntaxError::EndOfInput, 1, 3);
    check(r#"["a"#, SyntaxError::EndOfInput, 1, 4);
    check("[\"a\nb\"]", SyntaxError::ControlCharacter('\n'), 1, 4);
    check(r#"["\x"]"#, SyntaxError::Escape('x'), 1, 4);
    check(r#"["\u12"]"#, SyntaxError::UnicodeEscape, 1, 2);
    check(r#"["\ud800"]"#, SyntaxError::UnicodeEscape, 1, 2);
    check("[01]", SyntaxError::LeadingZero, 1, 2);
    check("[1.]", SyntaxError::NoDigit(']'), 1, 4);
}

#[test]
fn escapes_stand_for_their_characters() {
    let text = r#"["\"\\\/\b\f\n\r\t", "\u00fc", "\ud83d\ude00", "a\u0000b"]"#;
    assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}

/// Texts made of the pieces of JSON, some of which are JSON.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"k\"",
        "\"\\u00e9\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"\\q\"",
        "\"",
        "1",
        "-0.5e+3",
        "01",
        "1.",
        "-",
        "true",
        "null",
        "nul",
        " ",
        "\n",
        "{\"a\":1}",
        "[2,3]",
        "[]",
        "{}",
        "ü",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Trees of every kind of value, with strings that need escapes.
fn trees() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_back(tree in trees()) {
        prop_assert_eq!(read(&tree.to_string()).unwrap(), tree.clone());
        prop_assert_eq!(read(&format!("{tree:#}")).unwrap(), tree);
    }

    #[test]
    fn it_reads_what_serde_json_reads_and_refuses_what_it_refuses(text in pieces()) {
        let theirs = serde_json::from_str::<Value>(&text);
        // A number beyond what a float holds is a number here as well; whoever uses it judges its size.
        let is_beyond = |error: &serde_json::Error| error.to_string().starts_with("number out of range");
        prop_assume!(!theirs.as_ref().is_err_and(is_beyond));
        prop_assert_eq!(read(&text).ok(), theirs.ok(), "{}", text);
        prop_assert_eq!(check_json(&text).err(), read(&text).err(), "{}", text);
    }

    #[test]
    fn any_text_is_json_or_not(text in ".*") {
        let _ = read(&text);
    }
}
