//! [`GetSubscriptionAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html): how
//! a subscription is set up, in the order in which AWS shows it; for a while also that of a deleted topic.

use crate::catalogue::{Catalogue, SubscriptionView, TopicView};
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::subscription::protocol::Protocol;
use crate::shape::subscription::{attributes, delivery, endpoint, reference, replay};
use crate::shape::topic::attributes::initial;
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
        let topic = cx.hub.catalogue.topic(&subscription.topic_name);
        let topic = topic.filter(|topic| topic.id == subscription.topic);
        Ok(Shown { attributes: shown(&subscription, topic.as_deref(), &cx.hub.catalogue) })
    }
}

/// The topic may be gone; then it says nothing of deliveries.
fn shown(subscription: &SubscriptionView, topic: Option<&TopicView>, catalogue: &Catalogue) -> Pairs<String> {
    let set = |name: &str| attributes::value(&subscription.attributes, name);
    let owner = &subscription.owner;
    let effective_policy = || {
        let kept = subscription.attributes.texts.get("DeliveryPolicy").map(AsRef::as_ref);
        let silent = initial(false);
        delivery::effective_text(kept, topic.map_or(&silent, |topic| &topic.attributes))
    };
    let is_posted = Protocol::of(&subscription.endpoint).is_some_and(Protocol::posts);
    let all = [
        ("SubscriptionPrincipal", Some(format!("arn:aws:iam::{owner}:root"))),
        ("Owner", Some(owner.to_string())),
        ("RawMessageDelivery", set("RawMessageDelivery")),
        ("FilterPolicy", set("FilterPolicy")),
        ("TopicArn", Some(arn::of_topic(&subscription.topic_name))),
        ("Endpoint", Some(endpoint::shown(&subscription.endpoint))),
        ("EffectiveDeliveryPolicy", is_posted.then(effective_policy)),
        ("DeliveryPolicy", set("DeliveryPolicy")),
        ("RedrivePolicy", set("RedrivePolicy")),
        ("FilterPolicyScope", set("FilterPolicyScope")),
        ("SubscriptionRoleArn", set("SubscriptionRoleArn")),
        ("ReplayPolicy", set("ReplayPolicy")),
        ("ReplayStatus", replay::status(subscription, catalogue).map(str::to_owned)),
        ("DeliveryFormat", set("DeliveryFormat")),
        ("Protocol", Some(endpoint::protocol(&subscription.endpoint).to_owned())),
        ("PendingConfirmation", Some(subscription.is_pending().to_string())),
        ("ConfirmationWasAuthenticated", Some((subscription.consent == Consent::Given(true)).to_string())),
        ("SubscriptionArn", Some(arn::of_subscription(&subscription.topic_name, subscription.uuid))),
    ];
    Pairs(all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}
