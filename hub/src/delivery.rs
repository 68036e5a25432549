//! From a received message to what its receiver is shown.

pub(crate) mod addresses;
#[cfg_attr(not(test), expect(dead_code, reason = "the delivery worker uses it"))]
pub(crate) mod caller;
pub(crate) mod cloud_event;
pub(crate) mod courier;
pub(crate) mod envelope;
mod letter;
pub(crate) mod mail;
pub(crate) mod outbox;
pub(crate) mod replay;
#[cfg_attr(not(test), expect(dead_code, reason = "the delivery worker uses it"))]
pub(crate) mod schedule;
#[cfg_attr(not(test), expect(dead_code, reason = "the delivery worker uses it"))]
pub(crate) mod signature;

use crate::content::{Attribute, Content, Published, Sent, md5_of_body};
use crate::engine::Delivery;
use crate::secrets::Secrets;
use queue_core::codec::{Codec as _, DecodeError, Reader};
use queue_core::{Received, Topical};

/// The id of the principal in whose name SNS sends, as AWS shows it in SenderId.
pub(crate) const SNS_SENDER: &str = "AIDAIT2UOQQY3AUEKVGXU";

/// A message as a receiver is shown it.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) received: Received,
    pub(crate) body: String,
    pub(crate) body_md5: [u8; 16],
    /// In the order of their names.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) sender: Box<str>,
    pub(crate) trace: Option<Box<str>>,
    pub(crate) group: Option<Box<str>>,
    pub(crate) deduplication_id: Option<Box<str>>,
}

/// Makes a message from what the log holds of it; an envelope is made here, it is not stored.
pub(crate) fn render(delivery: Delivery, secrets: &Secrets) -> Result<Rendered, DecodeError> {
    let content = Content::decode(&mut Reader::new(&delivery.body))?;
    let received = delivery.message;
    Ok(match (content, received.topical) {
        (Content::Sent(sent), _) => render_sent(sent, received),
        (Content::Published(published), Some(topical)) => {
            render_published(published, received, topical, secrets)
        }
        // No user's queue holds what an endpoint is told of its subscription.
        (Content::Published(_), None) | (Content::Notice(_), _) => return Err(DecodeError::Malformed),
    })
}

fn render_sent(sent: Sent, received: Received) -> Rendered {
    Rendered {
        received,
        body: sent.body,
        body_md5: sent.md5,
        attributes: sent.attributes,
        sender: sent.sender,
        trace: sent.trace,
        group: sent.group,
        deduplication_id: sent.deduplication_id,
    }
}

fn render_published(
    published: Published,
    received: Received,
    topical: Topical,
    secrets: &Secrets,
) -> Rendered {
    // What groups and orders in a FIFO topic means nothing in a standard queue, and is not shown there.
    let shown = received.sequence.is_some() || topical.sequence.is_none();
    let (body, attributes) = if topical.raw {
        (published.text_for("sqs").into_owned(), published.attributes)
    } else {
        let subscription = secrets.subscription(topical.subscription);
        (envelope::notification(&published, &topical, subscription, received.sent), Vec::new())
    };
    Rendered {
        body_md5: md5_of_body(&body),
        received,
        body,
        attributes,
        sender: SNS_SENDER.into(),
        trace: published.trace,
        group: published.group.filter(|_| shown),
        deduplication_id: published.deduplication_id.filter(|_| shown),
    }
}
