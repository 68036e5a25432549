//! `/queues/{name}/…`: sends, receives and deletes messages by plain HTTP. The name may be the queue's ARN.
//!
//! Each request is one of SQS's operations, with its rules and its words where it is refused; only what it looks like
//! is different.

use super::{Answer, Ask, Refusal, posted};
use crate::delivery::Rendered;
use crate::delivery::cloud_event::Event;
use crate::operation::{Context, Operation as _};
use crate::shape::attribute::AttributeValue;
use crate::shape::queue::message::Given;
use crate::shape::queue::selection::SystemAttributeNames;
use crate::sqs::{DeleteMessage, ReceiveMessage, SendMessage};
use crate::wire::{Code, Fault, Pairs};
use actix_web::http::header::{ACCEPT, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use serde::Serialize;
use uuid::Uuid;

static MESSAGE_ID: HeaderName = HeaderName::from_static("fanq-message-id");
static RECEIPT_HANDLE: HeaderName = HeaderName::from_static("fanq-receipt-handle");

/// A message as a receiver is shown it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    receipt_handle: String,
    /// The name of the queue that holds it: of a member, if it was asked of a priority queue.
    queue: String,
    body: String,
    attributes: Pairs<AttributeValue>,
    system: Pairs<String>,
    redelivered: bool,
}

#[derive(Serialize)]
struct Received {
    messages: Vec<Message>,
}

/// `POST ?group=&deduplicationId=&delay=&priority=` sends a message.
pub(super) async fn messages(queue: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if *ask.method != Method::POST {
        return Err(Refusal::only("POST"));
    }
    ask.takes(&["group", "deduplicationId", "delay", posted::PRIORITY])?;
    let Event { message, attributes } = posted::read(ask)?;
    let given = Given {
        body: Some(message),
        delay_seconds: number("delay", ask)?,
        attributes,
        system_attributes: Pairs::default(),
        deduplication_id: ask.parameters.first("deduplicationId").map(str::to_owned),
        group: ask.parameters.first("group").map(str::to_owned),
    };
    let sent = SendMessage::to(queue.to_owned(), given).run(&ask.cx).await.map_err(refusal)?;
    posted::taken(sent.message_id, sent.sequence_number)
}

/// `POST ?max=&wait=&visibility=` takes messages: as JSON, or one as the text that it is.
pub(super) async fn receive(queue: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if *ask.method != Method::POST {
        return Err(Refusal::only("POST"));
    }
    ask.takes(&["max", "wait", "visibility"])?;
    let maximum = number("max", ask)?;
    let as_text = wants_text(ask);
    if as_text && maximum.is_some_and(|maximum| maximum != 1) {
        return Err(Refusal::bad(
            "As text/plain there is one message at a time: leave out max, or ask for JSON.",
        ));
    }
    let receive = ReceiveMessage {
        queue_url: queue.to_owned().into(),
        max_number_of_messages: maximum,
        visibility_timeout: number("visibility", ask)?,
        wait_time_seconds: number("wait", ask)?,
        ..ReceiveMessage::default()
    };
    let taken = receive.take(&ask.cx).await.map_err(refusal)?;
    let mut messages = taken.into_iter().map(|rendered| Message::new(rendered, &ask.cx));
    if !as_text {
        return Answer::json(StatusCode::OK, &Received { messages: messages.collect() });
    }
    messages.next().map_or_else(|| Ok(Answer::nothing()), Message::into_text)
}

/// `DELETE` deletes a message that was received.
pub(super) async fn message(queue: &str, handle: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if *ask.method != Method::DELETE {
        return Err(Refusal::only("DELETE"));
    }
    ask.takes(&[])?;
    let delete =
        DeleteMessage { queue_url: queue.to_owned().into(), receipt_handle: Some(handle.to_owned()) };
    delete.run(&ask.cx).await.map_err(refusal)?;
    Ok(Answer::nothing())
}

impl Message {
    fn new(rendered: Rendered, cx: &Context) -> Self {
        let received = &rendered.received;
        let holder = cx.hub.catalogue.queue_by_id(received.receipt.queue);
        let attribute = |one: crate::content::Attribute| (one.name.to_string(), one.into());
        Self {
            message_id: Uuid::from_u128(received.id).to_string(),
            receipt_handle: cx.hub.secrets.handle(&received.receipt),
            // A queue that has just been deleted has no name any more.
            queue: holder.map(|queue| queue.name.name.to_string()).unwrap_or_default(),
            system: SystemAttributeNames::all().of(&rendered),
            redelivered: received.receives > 1,
            attributes: Pairs(rendered.attributes.into_iter().map(attribute).collect()),
            body: rendered.body,
        }
    }

    fn into_text(self) -> Result<Answer, Refusal> {
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Fault::internal());
        let id = (MESSAGE_ID.clone(), value(&self.message_id)?);
        let handle = (RECEIPT_HANDLE.clone(), value(&self.receipt_handle)?);
        Ok(Answer::text(self.body, [id, handle]))
    }
}

/// Whether text is what the client would like best.
fn wants_text(ask: &Ask<'_>) -> bool {
    let accepted = ask.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split([',', ';']).next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("text/plain")
}

fn number(name: &str, ask: &Ask<'_>) -> Result<Option<i64>, Refusal> {
    let Some(text) = ask.parameters.first(name) else {
        return Ok(None);
    };
    let wrong = |_| Refusal::bad(format!("{name} must be a whole number."));
    text.parse().map(Some).map_err(wrong)
}

/// A queue that is a part of the path is not found, where AWS calls the parameter a bad one.
fn refusal(fault: Fault) -> Refusal {
    match fault.code() {
        Code::QueueDoesNotExist => Refusal::new(StatusCode::NOT_FOUND, fault.message()),
        _ => fault.into(),
    }
}
