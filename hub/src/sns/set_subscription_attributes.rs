//! [`SetSubscriptionAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html):
//! changes one attribute of a subscription.
//!
//! Differs from AWS: what is published next is already filtered by the new policy; AWS takes up to 15 minutes.

use crate::catalogue::SubscriptionView;
use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::subscription::redrive::Subscribed;
use crate::shape::subscription::{attributes, quota, reference, replay};
use crate::shape::through::Through;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::Fault;
use queue_core::{Command, SubscriptionAttributes};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetSubscriptionAttributes {
    subscription_arn: Option<String>,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
}

impl Operation for SetSubscriptionAttributes {
    const NAME: &'static str = "SetSubscriptionAttributes";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let arn = self.subscription_arn.as_deref().ok_or_else(|| Fault::null_member("subscriptionArn"))?;
        let name = self.attribute_name.as_deref().ok_or_else(|| Fault::null_member("attributeName"))?;
        // What is left out is as good as empty.
        let value = self.attribute_value.as_deref().unwrap_or_default();
        let attempt = || {
            let subscription = reference::subscription(Self::NAME, Some(arn), cx)?;
            let wanted = wanted(&subscription, name, value, cx)?;
            let set = queue_core::SetSubscriptionAttributes {
                subscription: subscription.id,
                seen: subscription.version,
                attributes: wanted,
            };
            Ok(Step::Propose(Command::SetSubscriptionAttributes(set), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}

fn wanted(
    subscription: &SubscriptionView,
    name: &str,
    value: &str,
    cx: &Context,
) -> Result<SubscriptionAttributes, Fault> {
    let topic =
        cx.hub.catalogue.topic(&subscription.topic_name).filter(|topic| topic.id == subscription.topic);
    let of = Subscribed {
        topic: &subscription.topic_name,
        topic_is_fifo: subscription.topic_name.name.ends_with(".fifo"),
        owner: &subscription.owner,
        endpoint: &subscription.endpoint,
        catalogue: &cx.hub.catalogue,
    };
    let mut wanted = subscription.attributes.clone();
    attributes::set(&mut wanted, [(name, value)].into_iter(), &of, Through::SetSubscriptionAttributes)?;
    if let Some(topic) = topic {
        quota::check_filters(&topic, Some(&subscription.attributes), &wanted, &cx.hub)?;
        replay::check(&topic, Some(&subscription.attributes), &wanted, &cx.hub)?;
    }
    Ok(wanted)
}
