//! What an endpoint outside is told of its subscription, and how long its answer is waited for.

use crate::content::{self, Content, NoticeKind};
use crate::engine;
use crate::operation::Context;
use crate::shape::topic::limits;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::Fault;
use queue_core::{BodyRef, Command, Error, Notice, Outgoing, QueueId, Send};

/// A notice, and its body. The links in it lead to where the request for it came in.
pub(crate) fn notice(kind: NoticeKind, cx: &Context) -> (Notice, Vec<u8>) {
    let (body, bytes) = written(kind, cx);
    (Notice { body, within: limits::CONFIRMATION_WITHIN }, bytes)
}

/// Asks an endpoint once more whether it agrees. That its time to answer ends does not change.
pub(crate) async fn ask_again(queue: QueueId, cx: &Context) -> Result<(), Fault> {
    let (body, bytes) = written(NoticeKind::SubscriptionConfirmation, cx);
    let question = Outgoing { body, delay: None, group: None, deduplication: None };
    let send = Command::Send(Send { queue, messages: vec![question] });
    match cx.hub.engine.execute(send, vec![bytes]).await {
        // The subscription has ended since it was looked at, and there is nobody to ask.
        Ok(_) | Err(engine::Error::Refused(Error::NoSuchQueue)) => Ok(()),
        Err(error) => Err((OF_TOPICS.fault)(error)),
    }
}

fn written(kind: NoticeKind, cx: &Context) -> (BodyRef, Vec<u8>) {
    Content::Notice(content::Notice { kind, base_url: cx.base_url.as_str().into() }).to_body()
}
