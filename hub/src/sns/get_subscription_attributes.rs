//! [`GetSubscriptionAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html): how
//! a subscription is set up, in the order in which AWS shows it; for a while also that of a deleted topic.

use crate::catalogue::{Catalogue, SubscriptionView};
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::subscription::{attributes, endpoint, reference, replay};
use crate::wire::{Fault, Pairs};
use queue_core::Consent;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSubscriptionAttributes {
    subscription_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    attributes: Pairs<String>,
}

impl Operation for GetSubscriptionAttributes {
    const NAME: &'static str = "GetSubscriptionAttributes";
    type Output = Shown;

    async fn run(self, cx: &Context) -> Result<Shown, Fault> {
        let subscription = reference::subscription(Self::NAME, self.subscription_arn.as_deref(), cx)?;
        Ok(Shown { attributes: shown(&subscription, &cx.hub.catalogue) })
    }
}

fn shown(subscription: &SubscriptionView, catalogue: &Catalogue) -> Pairs<String> {
    let set = |name: &str| attributes::value(&subscription.attributes, name);
    let owner = &subscription.owner;
    let all = [
        ("SubscriptionPrincipal", Some(format!("arn:aws:iam::{owner}:root"))),
        ("Owner", Some(owner.to_string())),
        ("RawMessageDelivery", set("RawMessageDelivery")),
        ("FilterPolicy", set("FilterPolicy")),
        ("TopicArn", Some(arn::of_topic(&subscription.topic_name))),
        ("Endpoint", Some(endpoint::shown(&subscription.endpoint))),
        ("RedrivePolicy", set("RedrivePolicy")),
        ("FilterPolicyScope", set("FilterPolicyScope")),
        ("ReplayPolicy", set("ReplayPolicy")),
        ("ReplayStatus", replay::status(subscription, catalogue).map(str::to_owned)),
        ("Protocol", Some(endpoint::protocol(&subscription.endpoint).to_owned())),
        ("PendingConfirmation", Some(subscription.is_pending().to_string())),
        ("ConfirmationWasAuthenticated", Some((subscription.consent == Consent::Given(true)).to_string())),
        ("SubscriptionArn", Some(arn::of_subscription(&subscription.topic_name, subscription.uuid))),
    ];
    Pairs(all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}
