//! `POST /topics/{name}/messages`: publishes one message by plain HTTP, or a CloudEvent.
//!
//! The body is the message. The query has `subject`, `group`, `deduplicationId` and `priority`.

use super::{Answer, Ask, Refusal, posted};
use crate::delivery::cloud_event::Event;
use crate::delivery::hops::{self, HOPS_MAX};
use crate::shape::publication::{self, Asked};
use actix_web::http::Method;
use queue_core::Name;

pub(super) async fn answer(topic: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if *ask.method != Method::POST {
        return Err(Refusal::only("POST"));
    }
    ask.takes(&["subject", "group", "deduplicationId", posted::PRIORITY])?;
    if hops::of(ask.cx.trace_header.as_deref()) > HOPS_MAX {
        let text =
            format!("The message was published again {HOPS_MAX} times by subscriptions: it goes round.");
        return Err(Refusal::bad(text));
    }
    let Event { message, attributes } = posted::read(ask)?;
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
    posted::taken(receipt.message_id, receipt.sequence_number)
}
