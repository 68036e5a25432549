//! The attributes of a message to be published.

use super::check_characters;
use crate::content::{Attribute, Value};
use crate::shape::attribute::{AttributeValue, is_number};
use crate::shape::topic::limits;
use crate::wire::{Code, Fault, Pairs};

/// What a value can be, as the first part of its type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Binary,
}

/// Checks attributes; gives them in the order of their names. `path` leads to them in faults.
pub(crate) fn parse(attributes: &Pairs<AttributeValue>, path: &str) -> Result<Vec<Attribute>, Fault> {
    let mut parsed = Vec::with_capacity(attributes.0.len());
    for (name, value) in &attributes.0 {
        check_name(name)?;
        let null = || Fault::null_member(&format!("{path}messageAttributes.{name}.member.dataType"));
        let data_type = value.data_type.as_deref().ok_or_else(null)?;
        let value = parse_value(name, data_type, value)?;
        parsed.push(Attribute { name: name.as_str().into(), data_type: data_type.into(), value });
    }
    parsed.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    // A form can say a name twice; no receiver could make sense of it.
    let twice = parsed.windows(2).find_map(|pair| match pair {
        [one, other] if one.name == other.name => Some(&one.name),
        _ => None,
    });
    match twice {
        Some(name) => Err(invalid(format!("The message attribute '{name}' is given twice."))),
        None => Ok(parsed),
    }
}

fn parse_value(name: &str, data_type: &str, value: &AttributeValue) -> Result<Value, Fault> {
    let Some(kind) = kind(data_type) else {
        let types = "the set of supported type prefixes is Binary, Number, and String.";
        return Err(invalid(format!(
            "The message attribute '{name}' has an invalid message attribute type, {types}"
        )));
    };
    check_characters("MessageAttributes", data_type)?;
    let text = value.string_value.as_deref();
    check_characters("MessageAttributes", text.unwrap_or_default())?;
    let bytes = value.binary_value.as_ref().map(|blob| blob.0.as_slice());
    let found = match kind {
        Kind::Text | Kind::Number if text.is_none() && bytes.is_some() => {
            return Err(other_field(name, data_type, "String"));
        }
        Kind::Binary if bytes.is_none() && text.is_some() => {
            return Err(other_field(name, data_type, "Binary"));
        }
        Kind::Number if text.is_some_and(|text| !text.is_empty() && !is_number(text)) => {
            return Err(invalid(format!("Could not cast message attribute '{name}' value to number.")));
        }
        Kind::Text | Kind::Number => {
            text.filter(|text| !text.is_empty()).map(|text| Value::Text(text.into()))
        }
        Kind::Binary => bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| Value::Binary(bytes.into())),
    };
    found.ok_or_else(|| {
        let what = format!("message attribute value for message attribute type '{data_type}'.");
        invalid(format!("The message attribute '{name}' must contain non-empty {what}"))
    })
}

/// A type has a label behind a dot, or none.
fn kind(data_type: &str) -> Option<Kind> {
    match data_type.split_once('.') {
        Some((_, "")) => None,
        Some((prefix, _)) => kind_of_prefix(prefix),
        None => kind_of_prefix(data_type),
    }
}

fn kind_of_prefix(prefix: &str) -> Option<Kind> {
    match prefix {
        "String" => Some(Kind::Text),
        "Number" => Some(Kind::Number),
        "Binary" => Some(Kind::Binary),
        _ => None,
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.len() > limits::MESSAGE_ATTRIBUTE_NAME_BYTES_MAX {
        return Err(invalid("Length of message attribute name must be less than 256 bytes.".to_owned()));
    }
    if name.is_empty() {
        return Err(invalid("Message attribute name can not be empty.".to_owned()));
    }
    if name.starts_with('.') {
        return Err(invalid(
            "Invalid message attribute name starting with character '.' was found.".to_owned(),
        ));
    }
    if name.ends_with('.') {
        return Err(invalid(
            "Invalid message attribute name ending with character '.' was found.".to_owned(),
        ));
    }
    let is_allowed =
        |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if let Some(other) = name.chars().find(|character| !is_allowed(character)) {
        let code = u32::from(other);
        let rule = "Can only include alphanumeric characters, hyphens, underscores, or dots.";
        return Err(invalid(format!(
            "Invalid non-alphanumeric character '#x{code:X}' was found in the message attribute name. {rule}"
        )));
    }
    if name.contains("..") {
        return Err(invalid("Message attribute name can not have successive '.' character.".to_owned()));
    }
    Ok(())
}

fn other_field(name: &str, data_type: &str, field: &str) -> Fault {
    invalid(format!("The message attribute '{name}' with type '{data_type}' must use field '{field}'."))
}

fn invalid(message: String) -> Fault {
    Fault::new(Code::ParameterValueInvalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Blob;

    fn check(name: &str, data_type: Option<&str>, text: Option<&str>, bytes: Option<&[u8]>, expected: &str) {
        let value = AttributeValue {
            string_value: text.map(str::to_owned),
            binary_value: bytes.map(|bytes| Blob(bytes.to_vec())),
            data_type: data_type.map(str::to_owned),
            ..AttributeValue::default()
        };
        let parsed = parse(&Pairs(vec![(name.to_owned(), value)]), "");
        let said = parsed.map_or_else(|fault| fault.message().to_owned(), |_| "fine".to_owned());
        assert_eq!(said, expected, "{name} {data_type:?}");
    }

    #[test]
    fn an_attribute_has_a_type_and_a_value_of_it() {
        for data_type in ["String", "String.Array", "String.any.thing", "Number", "Number.bigint"] {
            check("a", Some(data_type), Some("1"), None, "fine");
        }
        check("a", Some("Binary"), None, Some(b"x"), "fine");
        check("a", Some("Binary.png"), None, Some(b"x"), "fine");
        let null = "1 validation error detected: Value null at 'messageAttributes.a.member.dataType' \
                    failed to satisfy constraint: Member must not be null";
        check("a", None, Some("1"), None, null);
        for data_type in ["", "string", "Strings", "String.", "Boolean", ".String"] {
            let types = "the set of supported type prefixes is Binary, Number, and String.";
            let said = format!("The message attribute 'a' has an invalid message attribute type, {types}");
            check("a", Some(data_type), Some("1"), None, &said);
        }
        for (data_type, text, bytes) in
            [("String", Some(""), None), ("Number.x", None, None), ("Binary", None, Some(&b""[..]))]
        {
            let said = format!(
                "The message attribute 'a' must contain non-empty message attribute value \
                 for message attribute type '{data_type}'."
            );
            check("a", Some(data_type), text, bytes, &said);
        }
        let field = "The message attribute 'a' with type 'Number' must use field 'String'.";
        check("a", Some("Number"), None, Some(b"x"), field);
        let field = "The message attribute 'a' with type 'Binary' must use field 'Binary'.";
        check("a", Some("Binary"), Some("x"), None, field);
        let characters = format!(
            "Invalid parameter: MessageAttributes Reason: {}",
            crate::shape::queue::text::INVALID_CHARACTERS
        );
        check("a", Some("String"), Some("a\u{0}"), None, &characters);
        check("a", Some("String.\u{b}"), Some("a"), None, &characters);
        check("a", Some("String"), Some("\t\u{10ffff}"), None, "fine");
    }

    #[test]
    fn a_name_is_made_of_few_characters() {
        let character = |code: &str| {
            format!(
                "Invalid non-alphanumeric character '#x{code}' was found in the message attribute name. \
                 Can only include alphanumeric characters, hyphens, underscores, or dots."
            )
        };
        let long = "n".repeat(256);
        for (name, expected) in [
            ("a-b_c.D9", "fine"),
            (&long, "fine"),
            (&format!("{long}n"), "Length of message attribute name must be less than 256 bytes."),
            (".a", "Invalid message attribute name starting with character '.' was found."),
            ("a.", "Invalid message attribute name ending with character '.' was found."),
            ("a..b", "Message attribute name can not have successive '.' character."),
            ("a b", &character("20")),
            ("a:b", &character("3A")),
            ("é", &character("E9")),
        ] {
            check(name, Some("String"), Some("1"), None, expected);
        }
    }

    #[test]
    fn attributes_are_kept_in_the_order_of_their_names() {
        let value = || AttributeValue {
            string_value: Some("1".to_owned()),
            data_type: Some("String".to_owned()),
            ..AttributeValue::default()
        };
        let names = ["b", "a.b", "a", "C"].map(|name| (name.to_owned(), value()));
        let parsed = parse(&Pairs(names.into()), "").unwrap();
        let names: Vec<_> = parsed.iter().map(|attribute| &*attribute.name).collect();
        assert_eq!(names, ["C", "a", "a.b", "b"]);
    }

    #[test]
    fn a_name_is_given_once() {
        let value = || AttributeValue {
            string_value: Some("1".to_owned()),
            data_type: Some("String".to_owned()),
            ..AttributeValue::default()
        };
        let twice = ["a", "b", "a"].map(|name| (name.to_owned(), value()));
        let fault = parse(&Pairs(twice.into()), "").unwrap_err();
        assert_eq!(fault.message(), "The message attribute 'a' is given twice.");
    }
}
