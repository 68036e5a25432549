//! A message that does not fit the schema of its topic, on its way into a dead-letter queue: as it was published, with
//! its attributes and without an envelope.

use crate::content::{Attribute, Content, Published, Sent, md5_of_body};
use crate::delivery::SNS_SENDER;
use crate::engine;
use crate::operation::Context;
use crate::shape::queue::priority;
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::Fault;
use queue_core::{Command, Name, Outgoing, Send};
use uuid::Uuid;

/// Sends a message to a queue, and gives the identity that it has there; none if there is no such queue, or it does
/// not take messages of that size.
pub(super) async fn send(published: Published, queue: &Name, cx: &Context) -> Result<Option<Uuid>, Fault> {
    let catalogue = &cx.hub.catalogue;
    // A priority queue that has the name by now takes it as one that asks for no member.
    let home = |queue| priority::destination(&queue, &[], catalogue).ok();
    let Some(queue) = catalogue.queue(queue).and_then(home) else {
        return Ok(None);
    };
    let bytes = published.message.len() + published.attributes.iter().map(Attribute::bytes).sum::<usize>();
    if !u32::try_from(bytes).is_ok_and(|bytes| bytes <= queue.attributes.maximum_message_bytes) {
        return Ok(None);
    }
    let keys = published.group.as_deref().zip(published.deduplication_id.as_deref());
    let deduplication = keys.map(|(group, id)| cx.hub.secrets.deduplication(group, id));
    let group = published.group.as_deref().map(Into::into);
    let content = Content::Sent(Sent {
        md5: md5_of_body(&published.message),
        body: published.message,
        attributes: published.attributes,
        sender: SNS_SENDER.into(),
        trace: published.trace,
        group: published.group,
        deduplication_id: published.deduplication_id,
    });
    let (body, bytes) = content.to_body();
    let message = Outgoing { body, delay: None, group, deduplication };
    let send = Send { queue: queue.id, messages: vec![message] };
    match cx.hub.engine.execute(Command::Send(send), vec![bytes]).await {
        Ok(reply) => Ok(reply::sent(reply)?.first().map(|accepted| Uuid::from_u128(accepted.id))),
        // The queue has just gone.
        Err(engine::Error::Refused(_)) => Ok(None),
        Err(error) => Err((OF_TOPICS.fault)(error)),
    }
}
