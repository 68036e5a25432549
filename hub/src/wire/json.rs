//! The input of AWS JSON 1.0, and what it says of a body that is not the input of the operation.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Code, Fault};

/// Reads the input of an operation. An empty body is an empty object.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = body.trim_ascii();
    match body.first() {
        None => serde_json::from_slice(b"{}"),
        Some(b'{') => serde_json::from_slice(body),
        // Serde would take a list for a struct whose fields are in order.
        Some(_) => return Err(Fault::new(Code::Serialization, "")),
    }
    .map_err(|error| Fault::new(Code::Serialization, explain(&error)))
}

/// Reads the body of a request for what only this hub has: an object of this form, which whoever misses it is told.
pub(crate) fn document<T: DeserializeOwned>(body: &[u8], form: &str) -> Result<T, String> {
    let other = || format!("The body is not {form}.");
    // Here, too, a list could pass for a struct.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(other());
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => other(),
        Category::Syntax | Category::Eof | Category::Io => {
            let (line, column) = (error.line(), error.column());
            format!("The body is no JSON: it cannot be read beyond line {line}, column {column}.")
        }
    })
}

/// AWS names the token that it found, and nothing about text that is no JSON.
///
/// Serde says the same in other words, `invalid type: string "x", expected i64`, and only as text.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let types = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    // The last such words: the value found may contain them, too.
    let Some((found, wanted)) = types.and_then(|types| types.rsplit_once(", expected ")) else {
        // A list in the place of a structure is read member by member until one is missing.
        if text.starts_with("invalid length ") {
            return LIST_FOUND.to_owned();
        }
        let is_data = error.classify() == Category::Data;
        return if is_data { without_place(&text).to_owned() } else { String::new() };
    };
    let Some(token) = token(found) else {
        let is_list = found.starts_with("sequence");
        return if is_list { LIST_FOUND } else { MAP_FOUND }.to_owned();
    };
    match without_place(wanted) {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => {
            format!("{token} can not be converted to an Integer")
        }
        "a boolean" => format!("{token} can not be converted to a Boolean"),
        "a string" => format!("{token} can not be converted to a String"),
        _ => "Unexpected field type".to_owned(),
    }
}

const LIST_FOUND: &str = "Start of list found where not expected";
const MAP_FOUND: &str = "Start of structure or map found where not expected.";

/// What AWS calls a scalar.
fn token(found: &str) -> Option<&'static str> {
    let tokens = [
        ("string", "STRING_VALUE"),
        ("integer", "NUMBER_VALUE"),
        ("floating point", "NUMBER_VALUE"),
        ("number", "NUMBER_VALUE"),
        ("boolean `true`", "TRUE_VALUE"),
        ("boolean `false`", "FALSE_VALUE"),
        ("null", "NULL_VALUE"),
    ];
    tokens.into_iter().find_map(|(start, token)| found.starts_with(start).then_some(token))
}

fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::super::sample::SendMessage;
    use super::*;

    fn check(body: &str, expected: Result<(), &str>) {
        let decoded = decode::<SendMessage>(body.as_bytes());
        match (decoded, expected) {
            (Ok(_), Ok(())) => {}
            (Err(fault), Err(message)) => {
                assert_eq!((fault.code(), fault.message()), (Code::Serialization, message), "{body}");
            }
            (decoded, _) => panic!("{body}: {decoded:?}"),
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_by_its_token() {
        check(r#"{"DelaySeconds":5}"#, Ok(()));
        check(r#"{"DelaySeconds":"5"}"#, Err("STRING_VALUE can not be converted to an Integer"));
        check(
            r#"{"DelaySeconds":", expected a string"}"#,
            Err("STRING_VALUE can not be converted to an Integer"),
        );
        check(r#"{"DelaySeconds":1.5}"#, Err("NUMBER_VALUE can not be converted to an Integer"));
        check(r#"{"DelaySeconds":true}"#, Err("TRUE_VALUE can not be converted to an Integer"));
        check(
            r#"{"DelaySeconds":99999999999999999999}"#,
            Err("NUMBER_VALUE can not be converted to an Integer"),
        );
        check(r#"{"DelaySeconds":{}}"#, Err(MAP_FOUND));
        check(r#"{"DelaySeconds":[5]}"#, Err(LIST_FOUND));
        check(r#"{"MessageBody":5}"#, Err("NUMBER_VALUE can not be converted to a String"));
        check(r#"{"MessageBody":false}"#, Err("FALSE_VALUE can not be converted to a String"));
        check(r#"{"MessageBody":{"a":1}}"#, Err(MAP_FOUND));
        check(r#"{"MessageBody":["a"]}"#, Err(LIST_FOUND));
        check(r#"{"MessageAttributes":"x"}"#, Err("Unexpected field type"));
        check(r#"{"MessageAttributes":[]}"#, Err(LIST_FOUND));
        check(
            r#"{"MessageAttributes":{"a":{"BinaryValue":1}}}"#,
            Err("NUMBER_VALUE can not be converted to a String"),
        );
        check(r#"{"MessageAttributes":{"a":{"BinaryValue":"?"}}}"#, Err("must be base64"));
    }

    #[test]
    fn a_document_of_another_form_is_told_what_it_should_be() {
        let read = |body: &str| document::<SendMessage>(body.as_bytes(), "a message").map(drop);
        assert_eq!(read(r#" {"MessageBody":"x"}"#), Ok(()));
        for other in ["", "5", r#"["x"]"#, "x", r#"{"MessageBody":5}"#, r#"{"DelaySeconds":1.5}"#] {
            assert_eq!(read(other), Err("The body is not a message.".to_owned()), "{other}");
        }
        for (broken, line, column) in [("{", 1, 1), (r#"{"MessageBody":"x"}}"#, 1, 20), ("{\n x", 2, 2)] {
            let said = format!("The body is no JSON: it cannot be read beyond line {line}, column {column}.");
            assert_eq!(read(broken), Err(said), "{broken}");
        }
    }

    #[test]
    fn nulls_and_unknown_members_are_absent() {
        check(r#"{"DelaySeconds":null,"MessageBody":null,"MessageAttributes":null}"#, Ok(()));
        check(r#"{"Nonsense":[{"a":[1.5,"\u0000"]}],"MessageAttributes":{"a":null}}"#, Ok(()));
        check("", Ok(()));
        check(" \r\n", Ok(()));
        check(" {} ", Ok(()));
    }

    #[test]
    fn what_is_not_a_json_object_has_no_message() {
        for body in
            ["{", "[]", "null", "5", r#""x""#, "{}{}", r#"{"MessageBody":"\ud800"}"#, "Action=SendMessage"]
        {
            check(body, Err(""));
        }
        check(&format!(r#"{{"x":{}"#, "[".repeat(100_000)), Err(""));
        assert_eq!(decode::<SendMessage>(b"{\"MessageBody\":\"\xff\"}").unwrap_err().message(), "");
    }
}
