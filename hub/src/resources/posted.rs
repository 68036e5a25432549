//! A message that is the body of a request, or a CloudEvent, and what is answered when it has been taken.
//!
//! A header `fanq-attribute-<name>` is a message attribute of the type String, whose name is in lower case as names of
//! headers are. The one attribute that the hub itself asks for, `Priority`, is a parameter.

use super::{Answer, Ask, Refusal};
use crate::delivery::cloud_event::{self, Event};
use crate::shape::attribute::AttributeValue;
use crate::shape::priority;
use crate::wire::Pairs;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use serde::Serialize;

const ATTRIBUTE: &str = "fanq-attribute-";
/// The headers that every event in binary mode has. Whoever sends one of them means an event.
const REQUIRED: [&str; 4] = ["ce-specversion", "ce-id", "ce-source", "ce-type"];
/// The parameter for the attribute whose name is not in lower case.
pub(super) const PRIORITY: &str = "priority";

/// What a message was taken as.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

/// The answer to a message that has been taken.
pub(super) fn taken(message_id: String, sequence_number: Option<String>) -> Result<Answer, Refusal> {
    Answer::json(StatusCode::OK, &Taken { message_id, sequence_number })
}

/// The message and its attributes, in whichever of the forms they came.
pub(super) fn read(ask: &Ask<'_>) -> Result<Event, Refusal> {
    let content_type = ask.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let kind =
        content_type.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let headers = || ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let wrong = |reason| Refusal::bad(format!("This is no CloudEvent: {reason}."));
    let mut event = match kind.as_deref() {
        Some(cloud_event::STRUCTURED) => cloud_event::from_structured(ask.body).map_err(wrong)?,
        _ if REQUIRED.iter().any(|name| ask.headers.contains_key(*name)) => {
            cloud_event::from_binary(headers(), ask.body).map_err(wrong)?
        }
        None | Some("application/json" | "text/plain") => {
            let message = String::from_utf8(ask.body.to_vec());
            let message = message.map_err(|_| Refusal::bad("A message is text, and this is not UTF-8."))?;
            Event { message, attributes: Pairs::default() }
        }
        Some(_) => {
            let types = "application/json, text/plain and CloudEvents";
            let text = format!("Messages are taken as {types}.");
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
        }
    };
    for (name, value) in headers() {
        if let Some(name) = name.strip_prefix(ATTRIBUTE) {
            let text = str::from_utf8(value);
            let text = text.map_err(|_| Refusal::bad(format!("The attribute {name} is not UTF-8.")))?;
            event.attributes.0.push((name.to_owned(), attribute(text)));
        }
    }
    if let Some(priority) = ask.parameters.first(PRIORITY) {
        event.attributes.0.push((priority::ATTRIBUTE.to_owned(), attribute(priority)));
    }
    Ok(event)
}

fn attribute(text: &str) -> AttributeValue {
    AttributeValue {
        string_value: Some(text.to_owned()),
        data_type: Some("String".to_owned()),
        ..AttributeValue::default()
    }
}
