//! Publishing and sending: the operations of AWS, asked for in other words. What is asked for twice with the same id is
//! done once.

use super::client::Client;
use super::protocol::{Accepted, Done, Entry, Failed, Publication, Publish, Send};
use super::reply::Reply;
use crate::operation::{Context, Operation as _};
use crate::shape::attribute::AttributeValue;
use crate::shape::publication::{self, Asked};
use crate::shape::queue::message::Given;
use crate::shape::topic::{limits, reference};
use crate::sns::{Batch, BatchEntry};
use crate::sqs::SendMessage;
use crate::telemetry::span;
use crate::wire::{Fault, Pairs};
use queue_core::Name;
use tracing::Instrument as _;

/// Messages that can be published together.
pub(super) const ENTRIES: usize = limits::BATCH_ENTRIES;

impl Client {
    pub(super) fn publish(&mut self, reply: Reply, publish: Publish) -> Result<(), Fault> {
        let mut cx = self.context()?;
        cx.span = span::said("Publish", publish.traceparent.as_deref());
        let within = cx.span.clone();
        self.start_once(reply, async move { publish_all(&cx, publish).await }.instrument(within))
    }

    pub(super) fn send(&mut self, reply: Reply, send: Send) -> Result<(), Fault> {
        let cx = self.context()?;
        self.start_once(reply, async move {
            let Send { queue, body, attributes, delay, group_id, dedup_id } = send;
            let given = Given {
                body,
                delay_seconds: delay,
                attributes: attributes.unwrap_or_default(),
                system_attributes: Pairs::default(),
                deduplication_id: dedup_id,
                group: group_id,
            };
            let sent = SendMessage::to(queue.unwrap_or_default(), given).run(&cx).await?;
            let (message_id, sequence_number) = (Some(sent.message_id), sent.sequence_number);
            Ok(Done { message_id, sequence_number, ..Done::default() })
        })
    }
}

async fn publish_all(cx: &Context, publish: Publish) -> Result<Done<'static>, Fault> {
    let topic = publish
        .topic
        .as_deref()
        .ok_or_else(|| Fault::invalid_parameter("topic Reason: no value for required parameter"))?;
    let name = match topic.contains(':') {
        true => reference::name("topic", topic, &cx.caller)?,
        false => Name::new(&cx.caller.account, &cx.caller.region, topic),
    };
    let none = Pairs::default();
    let Some(entries) = publish.entries else {
        let asked = asked(&publish.message, "", &none);
        if asked.message.is_none() {
            return Err(Fault::null_member("message"));
        }
        let receipt = publication::publish_one(cx, &name, &asked).await?;
        let (message_id, sequence_number) = (Some(receipt.message_id), receipt.sequence_number);
        return Ok(Done { message_id, sequence_number, ..Done::default() });
    };
    if entries.sent() == 0 {
        return Err(Fault::null_member("entries"));
    }
    let paths: Vec<_> = (1..=entries.kept().len()).map(Batch::path).collect();
    let kept = entries.kept().iter().zip(&paths);
    let kept = kept.map(|(Entry { id, message }, path)| BatchEntry {
        id: id.as_deref(),
        asked: asked(message, path, &none),
    });
    let batch = Batch { sent: entries.sent(), entries: kept.collect() };
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, outcome) in batch.publish(&name, cx).await? {
        match outcome {
            Ok(receipt) => {
                let (message_id, sequence_number) = (receipt.message_id, receipt.sequence_number);
                successful.push(Accepted { id, message_id, sequence_number });
            }
            Err(fault) => {
                let (code, message) = (fault.code().plain(), fault.message().to_owned());
                failed.push(Failed { id, code, message, retryable: !fault.sender() });
            }
        }
    }
    Ok(Done { successful: Some(successful), failed: Some(failed), ..Done::default() })
}

fn asked<'a>(publication: &'a Publication, path: &'a str, none: &'a Pairs<AttributeValue>) -> Asked<'a> {
    Asked {
        path,
        message: publication.message.as_deref(),
        subject: publication.subject.as_deref(),
        structure: publication.structure.as_deref(),
        attributes: publication.attributes.as_ref().unwrap_or(none),
        group: publication.group_id.as_deref(),
        deduplication_id: publication.dedup_id.as_deref(),
    }
}
