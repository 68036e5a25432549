//! From a received message to what its receiver is shown.

pub(crate) mod addresses;
pub(crate) mod assent;
pub(crate) mod breaker;
pub(crate) mod caller;
pub(crate) mod cloud_event;
pub(crate) mod courier;
pub(crate) mod envelope;
pub(crate) mod hops;
mod letter;
pub(crate) mod mail;
pub(crate) mod mapping;
pub(crate) mod outbox;
pub(crate) mod push;
pub(crate) mod replay;
pub(crate) mod schedule;
pub(crate) mod signature;
pub(crate) mod signing;
pub(crate) mod supervisor;

use crate::content::{Attribute, Content, Published, Sent, md5_of_body};
use crate::engine::Delivery;
use crate::hub::Hub;
use crate::shape::subscription::endpoint;
use envelope::{Envelope, Signature};
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

/// Why a message cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// Its body is not what a message has.
    Unreadable(DecodeError),
    Unsigned(signing::Error),
}

/// Makes a message from what the log holds of it; an envelope is made and signed here, it is not stored.
pub(crate) async fn render(delivery: Delivery, hub: &Hub) -> Result<Rendered, Error> {
    let content = Content::decode(&mut Reader::new(&delivery.body)).map_err(Error::Unreadable)?;
    let received = delivery.message;
    match (content, received.topical) {
        (Content::Sent(sent), _) => Ok(render_sent(sent, received)),
        (Content::Published(published), Some(topical)) => {
            render_published(published, received, topical, hub).await.map_err(Error::Unsigned)
        }
        // No user's queue holds what an endpoint is told of its subscription.
        (Content::Published(_), None) | (Content::Notice(_), _) => {
            Err(Error::Unreadable(DecodeError::Malformed))
        }
    }
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

async fn render_published(
    published: Published,
    received: Received,
    topical: Topical,
    hub: &Hub,
) -> Result<Rendered, signing::Error> {
    // What groups and orders in a FIFO topic means nothing in a standard queue, and is not shown there.
    let shown = received.sequence.is_some() || topical.sequence.is_none();
    let subscription = hub.secrets.subscription(topical.subscription);
    // A dead-letter queue holds what the endpoint would have got.
    let view = published.structured.then(|| hub.catalogue.subscription(subscription)).flatten();
    let text = published.text_for(view.as_ref().map_or("sqs", |view| endpoint::protocol(&view.endpoint)));
    let (body, attributes) = if topical.raw {
        (text.into_owned(), published.attributes)
    } else {
        let envelope = Envelope {
            published: &published,
            text: &text,
            topical: &topical,
            subscription,
            sent: received.sent,
        };
        (enveloped(&envelope, hub).await?, Vec::new())
    };
    Ok(Rendered {
        body_md5: md5_of_body(&body),
        received,
        body,
        attributes,
        sender: SNS_SENDER.into(),
        trace: published.trace,
        group: published.group.filter(|_| shown),
        deduplication_id: published.deduplication_id.filter(|_| shown),
    })
}

/// The document of an envelope, signed if it is to be.
pub(crate) async fn enveloped(envelope: &Envelope<'_>, hub: &Hub) -> Result<String, signing::Error> {
    Ok(envelope.document(signature_of(envelope, hub).await?.as_ref()))
}

/// The signature of what an envelope says, in whatever form it says it; none in FIFO topics.
async fn signature_of(envelope: &Envelope<'_>, hub: &Hub) -> Result<Option<Signature>, signing::Error> {
    let Published { topic, base_url, .. } = envelope.published;
    match envelope.signed_text() {
        Some(text) => hub.sign(topic, text, base_url).await.map(Some),
        None => Ok(None),
    }
}
