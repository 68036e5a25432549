//! The parameters `MessageAttributes` and `MessageSystemAttributes` of a message.
//!
//! See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.

use super::{limits, text};
use crate::content::{Attribute, Value};
use crate::shape::attribute::{AttributeValue, is_number};
use crate::wire::{Code, Fault, Pairs};

/// The only system attribute that can be sent.
const TRACE: &str = "AWSTraceHeader";

/// What the names of attributes cannot begin with, in any case.
const RESERVED: [&str; 2] = ["AWS.", "Amazon."];

/// Reads message attributes; they come out in the order of their names.
pub(crate) fn parse(given: &Pairs<AttributeValue>) -> Result<Vec<Attribute>, Fault> {
    let count = given.0.len();
    if count > limits::MESSAGE_ATTRIBUTES {
        return Err(invalid(format!(
            "Number of message attributes [{count}] exceeds the allowed maximum [10]."
        )));
    }
    let mut attributes =
        given.0.iter().map(|(name, value)| parse_one(name, value)).collect::<Result<Vec<_>, _>>()?;
    attributes.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(attributes)
}

/// How much the attributes count toward the size of a message, in bytes.
pub(crate) fn bytes(given: &Pairs<AttributeValue>) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let one = |(name, value): &(String, AttributeValue)| {
        let binary = value.binary_value.as_ref().map_or(0, |bytes| bytes.0.len());
        name.len() + text(&value.data_type) + text(&value.string_value) + binary
    };
    given.0.iter().map(one).sum()
}

/// Reads system attributes.
pub(crate) fn parse_system(given: &Pairs<AttributeValue>) -> Result<Option<Attribute>, Fault> {
    if let Some((name, _)) = given.0.iter().find(|(name, _)| name != TRACE) {
        return Err(invalid(format!("Message system attribute name '{name}' is invalid.")));
    }
    let Some((name, value)) = given.0.first() else {
        return Ok(None);
    };
    if value.data_type.as_deref() != Some("String") {
        return Err(invalid(format!(
            "The type of message system attribute '{name}' is invalid. It must be String."
        )));
    }
    let text = value.string_value.as_deref().filter(|text| !text.is_empty() && text::is_valid(text));
    let text = text.ok_or_else(|| {
        invalid(format!("Message system attribute '{name}' must contain a non-empty value of type 'String'."))
    })?;
    Ok(Some(Attribute {
        name: name.as_str().into(),
        data_type: "String".into(),
        value: Value::Text(text.into()),
    }))
}

fn parse_one(name: &str, given: &AttributeValue) -> Result<Attribute, Fault> {
    check_name(name)?;
    if has_list(given) {
        return Err(Fault::new(
            Code::UnsupportedOperation,
            "Message attribute list values in SendMessage operation are not supported.",
        ));
    }
    let data_type = given.data_type.as_deref().unwrap_or_default();
    if data_type.is_empty() {
        return Err(invalid(if given.string_value.is_none() && given.binary_value.is_none() {
            format!("The message (user) attribute '{name}' must contain a non-empty message attribute value.")
        } else {
            format!("Message (user) attribute '{name}' must contain a non-empty attribute type.")
        }));
    }
    if data_type.len() > limits::MESSAGE_ATTRIBUTE_TYPE_BYTES {
        return Err(invalid("Message (user) attribute types must be shorter than 256 Bytes".to_owned()));
    }
    let value = parse_value(name, data_type, given)?;
    Ok(Attribute { name: name.into(), data_type: data_type.into(), value })
}

fn has_list(given: &AttributeValue) -> bool {
    [&given.string_list_values, &given.binary_list_values].into_iter().flatten().any(|list| list.sent() > 0)
}

fn parse_value(name: &str, data_type: &str, given: &AttributeValue) -> Result<Value, Fault> {
    let empty = || {
        invalid(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
        ))
    };
    let string = || given.string_value.as_deref().filter(|text| !text.is_empty()).ok_or_else(empty);
    let kind = data_type.split_once('.').map_or(data_type, |(kind, _)| kind);
    match kind {
        "String" => string().and_then(|value| {
            if text::is_valid(value) {
                Ok(Value::Text(value.into()))
            } else {
                Err(invalid(text::INVALID_CHARACTERS.to_owned()))
            }
        }),
        "Number" => string().and_then(|value| {
            let cannot =
                || invalid(format!("Can't cast the value of message (user) attribute '{name}' to a number."));
            if is_number(value) { Ok(Value::Text(value.into())) } else { Err(cannot()) }
        }),
        "Binary" => {
            let bytes = given.binary_value.as_ref().filter(|bytes| !bytes.0.is_empty()).ok_or_else(empty)?;
            Ok(Value::Binary(bytes.0.as_slice().into()))
        }
        _ => Err(invalid(format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type \
             prefixes: Binary, Number, String."
        ))),
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_reserved =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let dots_are_right = !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
    let text = if name.is_empty() {
        "The request must contain non-empty message (user) attribute names."
    } else if name.len() > limits::MESSAGE_ATTRIBUTE_NAME_BYTES {
        "Message (user) attribute names must be shorter than 256 Bytes"
    } else if RESERVED.iter().any(is_reserved) {
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for \
         internal use."
    } else if !dots_are_right || !name.bytes().all(is_allowed) {
        "Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and \
         underscores. "
    } else {
        return Ok(());
    };
    Err(invalid(text.to_owned()))
}

fn invalid(text: String) -> Fault {
    Fault::new(Code::InvalidParameterValue, text)
}

#[cfg(test)]
mod tests;
