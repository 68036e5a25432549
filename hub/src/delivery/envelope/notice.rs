//! What an endpoint is told of its subscription, with the link by which it answers.

use super::members::Members;
use super::{Signature, iso_8601};
use crate::content::{Notice, NoticeKind};
use crate::delivery::signature::text::{Confirmation, ConfirmationKind};
use crate::shape::arn;
use queue_core::{Name, Timestamp};
use uuid::Uuid;

/// A notice on its way to an endpoint.
pub(crate) struct Told {
    kind: ConfirmationKind,
    message_id: String,
    token: String,
    topic: String,
    message: String,
    subscribe_url: String,
    timestamp: String,
}

impl Told {
    pub(crate) fn new(
        notice: &Notice,
        id: u128,
        sent: Timestamp,
        topic: &Name,
        subscription: Uuid,
        token: String,
    ) -> Self {
        let subscription = arn::of_subscription(topic, subscription);
        let topic = arn::of_topic(topic);
        let (kind, message) = match notice.kind {
            NoticeKind::SubscriptionConfirmation => (
                ConfirmationKind::Subscription,
                format!(
                    "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the \
                     SubscribeURL included in this message."
                ),
            ),
            NoticeKind::UnsubscribeConfirmation => (
                ConfirmationKind::Unsubscribe,
                format!(
                    "You have chosen to deactivate subscription {subscription}.\nTo cancel this operation and restore \
                     the subscription, visit the SubscribeURL included in this message."
                ),
            ),
        };
        let base_url = &notice.base_url;
        Self {
            kind,
            message_id: Uuid::from_u128(id).to_string(),
            subscribe_url: format!("{base_url}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"),
            token,
            topic,
            message,
            timestamp: iso_8601(sent),
        }
    }

    /// The type of the message.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind.name()
    }

    /// What is signed of it.
    pub(crate) fn signed_text(&self) -> String {
        let confirmation = Confirmation {
            kind: self.kind,
            message: &self.message,
            message_id: &self.message_id,
            subscribe_url: &self.subscribe_url,
            timestamp: &self.timestamp,
            token: &self.token,
            topic_arn: &self.topic,
        };
        confirmation.text()
    }

    /// The document.
    pub(crate) fn document(&self, signature: &Signature) -> String {
        let mut members = Members::default();
        members.text("Type", self.kind());
        members.text("MessageId", &self.message_id);
        members.text("Token", &self.token);
        members.text("TopicArn", &self.topic);
        members.text("Message", &self.message);
        members.text("SubscribeURL", &self.subscribe_url);
        members.text("Timestamp", &self.timestamp);
        members.signature(signature);
        members.finish()
    }
}
