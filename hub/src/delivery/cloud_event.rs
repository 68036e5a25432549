//! [CloudEvents](https://github.com/cloudevents/spec/tree/v1.0.2) as messages, and messages as CloudEvents.
//!
//! The data of an event is the text of a message, and each of its context attributes is a message attribute of the same
//! name behind `ce-`, so filters can ask for them and an event comes out as it went in. What a message does not say is
//! made up from what SNS says of it: see [`Message`].

use super::envelope::iso_8601;
use crate::content::{Published, Value as Kept};
use crate::shape::arn;
use crate::shape::attribute::AttributeValue;
use crate::wire::Pairs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use queue_core::Timestamp;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// What stands before the name of a context attribute, in headers and in message attributes.
pub(crate) const PREFIX: &str = "ce-";

/// The media type of an event that is one document.
pub(crate) const STRUCTURED: &str = "application/cloudevents+json";

const VERSION: &str = "1.0";
const JSON: &str = "application/json";
/// The label of the type of a message attribute that is true or false in JSON.
const FLAG: &str = "String.Boolean";

/// An event that came in.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) message: String,
    pub(crate) attributes: Pairs<AttributeValue>,
}

/// Reads an event whose context attributes are headers. Names of headers are in lower case.
pub(crate) fn from_binary<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
) -> Result<Event, String> {
    let mut context = Map::new();
    for (name, value) in headers {
        if let Some(name) = name.strip_prefix(PREFIX) {
            let text = decoded(value).ok_or_else(|| format!("the attribute {name} is not UTF-8"))?;
            context.insert(name.to_owned(), text.into());
        } else if name == "content-type" {
            let text = String::from_utf8_lossy(value);
            context.insert("datacontenttype".to_owned(), text.into());
        }
    }
    event(context, text(body)?)
}

/// Reads an event that is one JSON document.
pub(crate) fn from_structured(document: &[u8]) -> Result<Event, String> {
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(document).map_err(|_| "the event is no JSON object".to_owned())?;
    let (data, encoded) = (members.remove("data"), members.remove("data_base64"));
    let read = |(name, raw): (String, Box<RawValue>)| Some((name, serde_json::from_str(raw.get()).ok()?));
    let context: Map<_, _> = members.into_iter().filter_map(read).collect();
    let content_type = context.get("datacontenttype").and_then(Value::as_str);
    let message = match (data, encoded) {
        (Some(_), Some(_)) => return Err("an event has data or data_base64, not both".to_owned()),
        (None, None) => return Err("the event has no data, and a message needs some".to_owned()),
        (Some(raw), None) if content_type.is_none_or(is_json) => raw.get().to_owned(),
        (Some(raw), None) => serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned()),
        (None, Some(raw)) => {
            let encoded: String = serde_json::from_str(raw.get()).unwrap_or_default();
            let bytes = STANDARD.decode(encoded).map_err(|_| "data_base64 is not base64".to_owned())?;
            text(&bytes)?
        }
    };
    event(context, message)
}

fn event(context: Map<String, Value>, message: String) -> Result<Event, String> {
    for name in ["specversion", "id", "source", "type"] {
        if context.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("the attribute {name} is missing or empty"));
        }
    }
    if context.get("specversion").and_then(Value::as_str) != Some(VERSION) {
        return Err(format!("only specversion {VERSION} is known"));
    }
    if context.get("time").is_some_and(|time| !time.is_null() && !time.as_str().is_some_and(is_time)) {
        return Err("the attribute time is not a time as RFC 3339 has it".to_owned());
    }
    let mut attributes = Vec::with_capacity(context.len());
    for (name, value) in context {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(format!("the attribute name {name:?} is not made of lower-case letters and digits"));
        }
        let (data_type, text) = match value {
            // Null is what is not there, and a message attribute cannot be empty.
            Value::Null => continue,
            Value::String(text) if text.is_empty() => continue,
            Value::String(text) => ("String", text),
            Value::Bool(flag) => (FLAG, flag.to_string()),
            Value::Number(number) if number.is_i64() => ("Number", number.to_string()),
            Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(format!(
                    "the attribute {name} is neither text nor a whole number, true or false"
                ));
            }
        };
        let value = AttributeValue {
            string_value: Some(text),
            data_type: Some(data_type.to_owned()),
            ..AttributeValue::default()
        };
        attributes.push((format!("{PREFIX}{name}"), value));
    }
    Ok(Event { message, attributes: Pairs(attributes) })
}

/// A message that goes out as an event.
///
/// Unless its attributes say otherwise, it has its own id, the ARN of its topic as source, the type `fanq.message`, the
/// time at which it was published, and its subject. Attributes that were not an event's are no part of it.
pub(crate) struct Message<'a> {
    pub(crate) published: &'a Published,
    /// The text for the protocol by which it goes.
    pub(crate) text: &'a str,
    pub(crate) id: Uuid,
    pub(crate) sent: Timestamp,
}

impl Message<'_> {
    /// The headers of the event, its content type among them; its text is the body.
    pub(crate) fn to_binary(&self) -> Vec<(String, String)> {
        let header = |(name, value): (String, Value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if name == "datacontenttype" {
                ("content-type".to_owned(), text)
            } else {
                (format!("{PREFIX}{name}"), encoded(&text))
            }
        };
        self.context().into_iter().map(header).collect()
    }

    /// The event as one JSON document.
    pub(crate) fn to_structured(&self) -> String {
        let context = self.context();
        let is_json = context.get("datacontenttype").and_then(Value::as_str).is_some_and(is_json);
        // JSON stays as it was written; a text that only says that it is JSON goes as a text.
        let is_json = is_json && is_valid(self.text);
        let data = if is_json { self.text.to_owned() } else { json!(self.text).to_string() };
        let mut document = Value::Object(context).to_string();
        document.pop();
        document.push_str(",\"data\":");
        document.push_str(&data);
        document.push('}');
        document
    }

    fn context(&self) -> Map<String, Value> {
        let Self { published, text, id, sent } = self;
        let mut context = Map::new();
        let mut say = |name: &str, value: Value| context.insert(name.to_owned(), value);
        say("specversion", VERSION.into());
        say("id", id.to_string().into());
        say("source", arn::of_topic(&published.topic).into());
        say("type", "fanq.message".into());
        if let Some(subject) = &published.subject {
            say("subject", (**subject).into());
        }
        say("time", iso_8601(*sent).into());
        say("datacontenttype", if is_valid(text) { JSON } else { "text/plain" }.into());
        for attribute in &published.attributes {
            let name = attribute.name.strip_prefix(PREFIX);
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let is_context = |name: &&str| !matches!(*name, "" | "data") && name.bytes().all(is_name);
            let name = name.filter(is_context);
            if let (Some(name), Kept::Text(text)) = (name, &attribute.value) {
                let is_text = matches!(name, "id" | "source" | "type");
                say(name, if is_text { (**text).into() } else { value_of(&attribute.data_type, text) });
            }
        }
        context.insert("specversion".to_owned(), VERSION.into());
        context
    }
}

/// The value of a message attribute as JSON has it.
fn value_of(data_type: &str, text: &str) -> Value {
    match (data_type, text, text.parse::<i64>()) {
        ("Number", _, Ok(number)) => number.into(),
        (FLAG, "true" | "false", _) => (text == "true").into(),
        _ => text.into(),
    }
}

fn is_valid(json: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(json).is_ok()
}

fn is_json(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.ends_with("/json") || kind.ends_with("+json")
}

/// Whether a text is a moment, in any zone.
fn is_time(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let zone = |rest: &str| match rest.as_bytes() {
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let in_zone = || upper.len().checked_sub(6).and_then(|at| upper.split_at_checked(at));
    let local =
        upper.strip_suffix('Z').or_else(|| in_zone().filter(|(_, rest)| zone(rest)).map(|(local, _)| local));
    local.is_some_and(|local| humantime::parse_rfc3339(&format!("{local}Z")).is_ok())
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| "the data of the event is not UTF-8, and a message is text".to_owned())
}

/// A text as the value of a header: what is not plain ASCII is written as its bytes.
fn encoded(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%') {
            value.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(value, "%{byte:02X}");
        }
    }
    value
}

/// The text that the value of a header stands for; a `%` before anything but two digits is itself.
fn decoded(value: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| hex::decode(digits).ok());
        match (digits.as_deref(), tail) {
            (Some([byte]), [_, _, after @ ..]) => {
                bytes.push(*byte);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
