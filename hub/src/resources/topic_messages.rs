//! `POST /topics/{name}/messages`: publishes one message by plain HTTP, or a CloudEvent.
//!
//! The body is the message. The query has `subject`, `group` and `deduplicationId`; a header `fanq-attribute-<name>` is
//! a message attribute of the type String, whose name is in lower case as names of headers are.

use super::{Answer, Ask, Refusal};
use crate::delivery::cloud_event::{self, Event};
use crate::delivery::hops::{self, HOPS_MAX};
use crate::shape::attribute::AttributeValue;
use crate::shape::publication::{self, Asked};
use crate::wire::Pairs;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::{Method, StatusCode};
use queue_core::Name;
use serde::Serialize;

const PREFIX: &str = "/topics/";
const ATTRIBUTE: &str = "fanq-attribute-";
/// What an event in binary mode cannot be without.
const VERSION: &str = "ce-specversion";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

/// Whether a path belongs to a topic.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Answers a request for what belongs to a topic.
pub(super) async fn answer(path: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let path = path.strip_prefix(PREFIX).and_then(|path| path.split_once('/'));
    let Some((topic, "messages")) = path else {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "There is no such resource."));
    };
    if *ask.method != Method::POST {
        return Err(Refusal::only("POST"));
    }
    ask.takes(&["subject", "group", "deduplicationId"])?;
    if hops::of(ask.cx.trace_header.as_deref()) > HOPS_MAX {
        let text =
            format!("The message was published again {HOPS_MAX} times by subscriptions: it goes round.");
        return Err(Refusal::bad(text));
    }
    let Event { message, attributes } = read(ask)?;
    let asked = Asked {
        path: "",
        message: Some(&message),
        subject: ask.parameters.first("subject"),
        structure: None,
        attributes: &attributes,
        group: ask.parameters.first("group"),
        deduplication_id: ask.parameters.first("deduplicationId"),
    };
    let name = Name::new(&ask.cx.caller.account, &ask.cx.caller.region, topic);
    let receipt = publication::publish_one(&ask.cx, &name, &asked).await?;
    let published = Published { message_id: receipt.message_id, sequence_number: receipt.sequence_number };
    Answer::json(StatusCode::OK, &published)
}

/// The message and its attributes, in whichever of the forms they came.
fn read(ask: &Ask<'_>) -> Result<Event, Refusal> {
    let content_type = ask.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let kind =
        content_type.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let headers = || ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let wrong = |reason| Refusal::bad(format!("This is no CloudEvent: {reason}."));
    let mut event = match kind.as_deref() {
        Some(cloud_event::STRUCTURED) => cloud_event::from_structured(ask.body).map_err(wrong)?,
        _ if ask.headers.contains_key(VERSION) => {
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
            event.attributes.0.push((name.to_owned(), attribute(name, value)?));
        }
    }
    Ok(event)
}

fn attribute(name: &str, value: &[u8]) -> Result<AttributeValue, Refusal> {
    let text = String::from_utf8(value.to_vec());
    let text = text.map_err(|_| Refusal::bad(format!("The attribute {name} is not UTF-8.")))?;
    Ok(AttributeValue {
        string_value: Some(text),
        data_type: Some("String".to_owned()),
        ..AttributeValue::default()
    })
}
