//! A subscription as lists show it.

use crate::catalogue::SubscriptionView;
use crate::shape::{arn, subscription::endpoint};
use serde::Serialize;

/// What lists show instead of the ARN of a subscription whose endpoint has not agreed.
const PENDING: &str = "PendingConfirmation";

/// The shape `Subscription`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Listed {
    subscription_arn: String,
    owner: String,
    protocol: String,
    endpoint: String,
    topic_arn: String,
}

impl From<&SubscriptionView> for Listed {
    fn from(view: &SubscriptionView) -> Self {
        Self {
            subscription_arn: if view.is_pending() {
                PENDING.to_owned()
            } else {
                arn::of_subscription(&view.topic_name, view.uuid)
            },
            owner: view.owner.to_string(),
            protocol: endpoint::protocol(&view.endpoint).to_owned(),
            endpoint: endpoint::shown(&view.endpoint),
            topic_arn: arn::of_topic(&view.topic_name),
        }
    }
}

/// A page of subscriptions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    pub(crate) subscriptions: Vec<Listed>,
    pub(crate) next_token: Option<String>,
}
