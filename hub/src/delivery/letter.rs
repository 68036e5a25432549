//! What mailboxes, telephones, devices, functions and streams get of what is published to a topic.

use crate::catalogue::SubscriptionView;
use crate::content::{Attribute, Content, Notice, NoticeKind, Published, Value};
use crate::delivery::envelope::{Envelope, Signature, iso_8601};
use crate::delivery::outbox::Letter;
use crate::delivery::{enveloped, signature_of, signing};
use crate::engine::Delivery;
use crate::hub::Hub;
use crate::shape::platform::endpoint::{self, Unreachable};
use crate::shape::{arn, phone_number, sandbox, sms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use queue_core::codec::{Codec as _, DecodeError, Reader};
use queue_core::{Outside, Received, Topical};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The subject of a mail that was published without one.
const SUBJECT: &str = "AWS Notification Message";

/// Why there is no letter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("the holder of the number has opted out")]
    OptedOut,
    #[error("the account is in the sandbox of text messages, and the number is not verified")]
    NotVerified,
    #[error("the endpoint cannot be reached: {0:?}")]
    Unreachable(Unreachable),
    #[error("nothing is known of the protocol {0}")]
    Protocol(Box<str>),
    #[error("the body cannot be read")]
    Body(#[from] DecodeError),
    #[error(transparent)]
    Unsigned(#[from] signing::Error),
}

/// The letter to an endpoint that a message of its subscription's queue becomes.
pub(crate) async fn of(
    delivery: &Delivery,
    subscription: &SubscriptionView,
    endpoint: &Outside,
    hub: &Hub,
) -> Result<Letter, Error> {
    let content = Content::decode(&mut Reader::new(&delivery.body))?;
    let received = &delivery.message;
    let letter = match (content, &received.topical) {
        (Content::Published(published), Some(topical)) => Letter {
            subject: subject(&published, endpoint),
            message: Message { published, topical, received, subscription, endpoint }.text(hub).await?,
            message_id: Uuid::from_u128(topical.id).to_string(),
            ..blank(subscription, endpoint, hub)
        },
        (Content::Notice(notice), _) => Letter {
            subject: Some(subject_of(&notice).to_owned()),
            message: text_of(&notice, subscription, hub),
            message_id: Uuid::from_u128(received.id).to_string(),
            ..blank(subscription, endpoint, hub)
        },
        (Content::Sent(_), _) | (Content::Published(_), None) => return Err(DecodeError::Malformed.into()),
    };
    Ok(letter)
}

fn blank(subscription: &SubscriptionView, endpoint: &Outside, hub: &Hub) -> Letter {
    Letter {
        time: iso_8601(hub.now()),
        protocol: endpoint.protocol.clone(),
        to: endpoint.address.clone(),
        subject: None,
        message: String::new(),
        message_id: String::new(),
        topic_arn: Some(arn::of_topic(&subscription.topic_name)),
    }
}

/// A mail always has a subject.
fn subject(published: &Published, endpoint: &Outside) -> Option<String> {
    let given = published.subject.as_deref().map(str::to_owned);
    let is_mail = matches!(&*endpoint.protocol, "email" | "email-json");
    given.or_else(|| is_mail.then(|| SUBJECT.to_owned()))
}

/// A published message on its way to an endpoint.
struct Message<'m> {
    published: Published,
    topical: &'m Topical,
    received: &'m Received,
    subscription: &'m SubscriptionView,
    endpoint: &'m Outside,
}

impl Message<'_> {
    async fn text(&self, hub: &Hub) -> Result<String, Error> {
        let protocol = &*self.endpoint.protocol;
        match protocol {
            "email" => Ok(self.published.text_for(protocol).into_owned()),
            "email-json" => self.envelope(hub).await,
            "sms" => self.text_message(hub),
            "application" => self.notification(hub),
            "lambda" => self.event(hub).await,
            "firehose" if self.topical.raw => Ok(self.published.text_for(protocol).into_owned()),
            "firehose" => self.envelope(hub).await,
            _ => Err(Error::Protocol(self.endpoint.protocol.clone())),
        }
    }

    async fn envelope(&self, hub: &Hub) -> Result<String, Error> {
        let text = self.published.text_for(&self.endpoint.protocol);
        Ok(enveloped(&self.envelope_of(&text), hub).await?)
    }

    fn envelope_of<'a>(&'a self, text: &'a str) -> Envelope<'a> {
        let Self { published, topical, received, subscription, .. } = self;
        Envelope { published, text, topical, subscription: subscription.uuid, sent: received.sent }
    }

    fn text_message(&self, hub: &Hub) -> Result<String, Error> {
        let (account, region) = (&self.subscription.owner, &self.subscription.topic_name.region);
        // Both are kept by the number as it is written internationally, which the endpoint need not be.
        let number = phone_number::parse(&self.endpoint.address).unwrap_or_default();
        if sms::is_opted_out(&hub.catalogue, account, region, &number) {
            return Err(Error::OptedOut);
        }
        if sandbox::withholds(hub, account, region, &number) {
            return Err(Error::NotVerified);
        }
        Ok(self.published.text_for("sms").into_owned())
    }

    /// The text for the platform of the device.
    fn notification(&self, hub: &Hub) -> Result<String, Error> {
        let key = endpoint::subscribed(&self.endpoint.address);
        let platform = key.and_then(|key| endpoint::platform(&key, &hub.catalogue));
        Ok(self.published.text_for(&platform.map_err(Error::Unreachable)?).into_owned())
    }

    /// The event that a function is called with; see
    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>.
    async fn event(&self, hub: &Hub) -> Result<String, Error> {
        let Self { published, topical, received, subscription, .. } = self;
        let text = published.text_for("lambda");
        let signature = signature_of(&self.envelope_of(&text), hub).await?;
        let topic_arn = arn::of_topic(&published.topic);
        let subscription_arn = arn::of_subscription(&published.topic, subscription.uuid);
        let base_url = &published.base_url;
        let record = Record {
            event_version: "1.0",
            event_source: "aws:sns",
            sns: Sns {
                kind: "Notification",
                message_id: Uuid::from_u128(topical.id).to_string(),
                signature: signature.as_ref().map(SignatureShown::of),
                message: &text,
                subject: published.subject.as_deref(),
                timestamp: iso_8601(received.sent),
                unsubscribe_url: format!("{base_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"),
                topic_arn,
                message_attributes: published.attributes.iter().map(AttributeShown::named).collect(),
            },
            event_subscription_arn: subscription_arn,
        };
        Ok(serde_json::to_string(&Event { records: [record] }).unwrap_or_default())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'m> {
    records: [Record<'m>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'m> {
    event_version: &'static str,
    event_subscription_arn: String,
    event_source: &'static str,
    sns: Sns<'m>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Sns<'m> {
    #[serde(flatten)]
    signature: Option<SignatureShown<'m>>,
    timestamp: String,
    message_id: String,
    message: &'m str,
    message_attributes: BTreeMap<&'m str, AttributeShown>,
    #[serde(rename = "Type")]
    kind: &'static str,
    unsubscribe_url: String,
    topic_arn: String,
    subject: Option<&'m str>,
}

/// In an envelope the last of these is `SigningCertURL`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SignatureShown<'m> {
    signature_version: &'static str,
    signature: &'m str,
    signing_cert_url: &'m str,
}

impl<'m> SignatureShown<'m> {
    fn of(signature: &'m Signature) -> Self {
        let Signature { version, text, certificate_url } = signature;
        Self { signature_version: version.number(), signature: text, signing_cert_url: certificate_url }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeShown {
    #[serde(rename = "Type")]
    data_type: Box<str>,
    value: String,
}

impl AttributeShown {
    fn named(attribute: &Attribute) -> (&str, Self) {
        let value = match &attribute.value {
            Value::Text(text) => text.to_string(),
            Value::Binary(bytes) => STANDARD.encode(bytes),
        };
        (&attribute.name, Self { data_type: attribute.data_type.clone(), value })
    }
}

fn subject_of(notice: &Notice) -> &'static str {
    match notice.kind {
        NoticeKind::SubscriptionConfirmation => "AWS Notification - Subscription Confirmation",
        NoticeKind::UnsubscribeConfirmation => "AWS Notification - Unsubscribe Confirmation",
    }
}

/// What the holder of a mailbox is told of a subscription, in words for people.
fn text_of(notice: &Notice, subscription: &SubscriptionView, hub: &Hub) -> String {
    let topic = arn::of_topic(&subscription.topic_name);
    let token = hub.secrets.token(subscription.id);
    let base_url = &notice.base_url;
    let url = format!("{base_url}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}");
    let (news, wish) = match notice.kind {
        NoticeKind::SubscriptionConfirmation => {
            (format!("Somebody asked to subscribe this address to the topic\n{topic}"), "To agree")
        }
        NoticeKind::UnsubscribeConfirmation => (
            format!("This address is not subscribed any more to the topic\n{topic}"),
            "To subscribe it again",
        ),
    };
    format!(
        "{news}\n\n{wish}, visit\n{url}\n\nThe token in this link is\n{token}\n\nOtherwise there is nothing to do.\n"
    )
}
