//! What is posted to an endpoint: a notification in its envelope, its text alone or as an event, or a notice.
//!
//! See <https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html>.

use crate::catalogue::SubscriptionView;
use crate::content::{Content, Notice, NoticeKind, Published};
use crate::delivery::envelope::Envelope;
use crate::delivery::envelope::notice::Told;
use crate::delivery::{Error, cloud_event, enveloped, hops};
use crate::engine::Delivery;
use crate::hub::Hub;
use crate::shape::arn;
use crate::shape::subscription::endpoint;
use bytes::Bytes;
use queue_core::codec::{Codec as _, DecodeError, Reader};
use queue_core::{Received, Topical};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

const MESSAGE_TYPE: HeaderName = HeaderName::from_static("x-amz-sns-message-type");
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-amz-sns-message-id");
const TOPIC_ARN: HeaderName = HeaderName::from_static("x-amz-sns-topic-arn");
const SUBSCRIPTION_ARN: HeaderName = HeaderName::from_static("x-amz-sns-subscription-arn");
const RAW: HeaderName = HeaderName::from_static("x-amz-sns-rawdelivery");
const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

const PLAIN_TEXT: &str = "text/plain; charset=UTF-8";

/// A request without its URL.
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// How a subscription wants its notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Envelope,
    Raw,
    BinaryEvent,
    StructuredEvent,
}

impl Form {
    /// By the attribute `DeliveryFormat`, which goes before `RawMessageDelivery`.
    fn of(view: &SubscriptionView, topical: &Topical) -> Self {
        match view.attributes.texts.get("DeliveryFormat").map(|text| &**text) {
            Some("cloudevents-binary") => Self::BinaryEvent,
            Some("cloudevents-structured") => Self::StructuredEvent,
            _ if topical.raw => Self::Raw,
            _ => Self::Envelope,
        }
    }
}

/// Makes a request of what the internal queue of a subscription held, unless that has become pointless. Notifications
/// have this content type.
pub(super) async fn compose(
    delivery: &Delivery,
    view: &SubscriptionView,
    content_type: &str,
    hub: &Hub,
) -> Result<Option<Request>, Error> {
    let received = &delivery.message;
    let content = Content::decode(&mut Reader::new(&delivery.body)).map_err(Error::Unreadable)?;
    match (content, &received.topical) {
        (Content::Published(published), Some(topical)) => {
            notification(&published, topical, received, view, content_type, hub).await.map(Some)
        }
        (Content::Notice(notice), _) if !stands(&notice, view) => Ok(None),
        (Content::Notice(notice), _) => told(&notice, received, view, hub).await.map(Some),
        // Nobody sends to the queue of a subscription.
        (Content::Published(_), None) | (Content::Sent(_), _) => {
            Err(Error::Unreadable(DecodeError::Malformed))
        }
    }
}

async fn notification(
    published: &Published,
    topical: &Topical,
    received: &Received,
    view: &SubscriptionView,
    content_type: &str,
    hub: &Hub,
) -> Result<Request, Error> {
    let (id, sent) = (Uuid::from_u128(topical.id), received.sent);
    let mut headers = about("Notification", id, view);
    set(&mut headers, SUBSCRIPTION_ARN, &arn::of_subscription(&view.topic_name, view.uuid));
    set(&mut headers, CONTENT_TYPE, content_type);
    set(&mut headers, TRACE, &hops::onward(published.trace.as_deref()));
    let text = published.text_for(endpoint::protocol(&view.endpoint));
    let event = cloud_event::Message { published, text: &text, id, sent };
    let body = match Form::of(view, topical) {
        Form::Envelope => {
            let envelope = Envelope { published, text: &text, topical, subscription: view.uuid, sent };
            enveloped(&envelope, hub).await.map_err(Error::Unsigned)?
        }
        Form::Raw => {
            set(&mut headers, RAW, "true");
            text.into_owned()
        }
        Form::BinaryEvent => {
            for (name, value) in event.to_binary() {
                if let Ok(name) = HeaderName::try_from(name) {
                    set(&mut headers, name, &value);
                }
            }
            text.into_owned()
        }
        Form::StructuredEvent => {
            set(&mut headers, CONTENT_TYPE, &format!("{}; charset=UTF-8", cloud_event::STRUCTURED));
            event.to_structured()
        }
    };
    Ok(Request { headers, body: body.into() })
}

/// Whether the endpoint can still answer: it may have done so while the notice waited to be repeated.
fn stands(notice: &Notice, view: &SubscriptionView) -> bool {
    match notice.kind {
        NoticeKind::SubscriptionConfirmation => view.is_pending(),
        NoticeKind::UnsubscribeConfirmation => view.is_withdrawn(),
    }
}

/// Always an envelope, whatever the subscription wants of notifications.
async fn told(
    notice: &Notice,
    received: &Received,
    view: &SubscriptionView,
    hub: &Hub,
) -> Result<Request, Error> {
    let (topic, token) = (&view.topic_name, hub.secrets.token(view.id));
    let told = Told::new(notice, received.id, received.sent, topic, view.uuid, token);
    let signature = hub.sign(topic, told.signed_text(), &notice.base_url).await.map_err(Error::Unsigned)?;
    let mut headers = about(told.kind(), Uuid::from_u128(received.id), view);
    if view.is_withdrawn() {
        set(&mut headers, SUBSCRIPTION_ARN, &arn::of_subscription(topic, view.uuid));
    }
    set(&mut headers, CONTENT_TYPE, PLAIN_TEXT);
    Ok(Request { headers, body: told.document(&signature).into() })
}

fn about(kind: &str, id: Uuid, view: &SubscriptionView) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, MESSAGE_TYPE, kind);
    set(&mut headers, MESSAGE_ID, &id.to_string());
    set(&mut headers, TOPIC_ARN, &arn::of_topic(&view.topic_name));
    headers
}

/// What cannot be the value of a header is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
