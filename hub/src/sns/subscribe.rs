//! [`Subscribe`](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html): has what is published to a topic
//! delivered to an endpoint.
//!
//! Differs from AWS: endpoints are queues so far; other protocols are refused, since nothing would come of them.
//! Every queue counts as one of the caller, so its subscription is confirmed at once.

use crate::catalogue::{SubscriptionView, TopicView};
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::subscription::redrive::Subscribed;
use crate::shape::subscription::{attributes, endpoint, quota, replay};
use crate::shape::through::Through;
use crate::shape::topic::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Fault, Pairs};
use queue_core::{Command, Endpoint, SubscriptionAttributes};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscribe {
    topic_arn: Option<String>,
    protocol: Option<String>,
    endpoint: Option<String>,
    #[serde(default)]
    attributes: Pairs<String>,
    /// Only an ARN that waits for a confirmation would be kept back without this.
    #[serde(rename = "ReturnSubscriptionArn")]
    _return_subscription_arn: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscription {
    subscription_arn: String,
}

impl Operation for Subscribe {
    const NAME: &'static str = "Subscribe";
    type Output = Subscription;

    async fn run(self, cx: &Context) -> Result<Subscription, Fault> {
        let topic_arn = self.topic_arn.as_deref().ok_or_else(|| Fault::null_member("topicArn"))?;
        let protocol = self.protocol.as_deref().ok_or_else(|| Fault::null_member("protocol"))?;
        let topic_name = reference::name("TopicArn", topic_arn, &cx.caller)?;
        let subscription = |uuid| Subscription { subscription_arn: arn::of_subscription(&topic_name, uuid) };
        let attempt = || {
            let topic = reference::find(Self::NAME, &topic_name, cx)?;
            let endpoint = endpoint::parse(protocol, self.endpoint.as_deref(), &topic, cx)?;
            let wanted = self.wanted(&topic, &endpoint, cx)?;
            if let Some(existing) = existing(&topic, &endpoint) {
                self.compare(existing, &wanted)?;
                return Ok(Step::Answer(subscription(existing.uuid)));
            }
            quota::check_subscriptions(&topic)?;
            quota::check_filters(&topic, None, &wanted, &cx.hub)?;
            replay::check(&topic, None, &wanted, &cx.hub.catalogue)?;
            let owner = cx.caller.account.as_str().into();
            let subscribe = queue_core::Subscribe {
                topic: topic.id,
                owner,
                endpoint,
                attributes: wanted,
                asked: None,
                is_owners: true,
            };
            Ok(Step::Propose(Command::Subscribe(subscribe), Vec::new()))
        };
        let settle = |reply| reply::subscribed(reply).map(|id| subscription(cx.hub.secrets.subscription(id)));
        change(cx, &OF_TOPICS, attempt, settle).await
    }
}

impl Subscribe {
    fn wanted(
        &self,
        topic: &TopicView,
        endpoint: &Endpoint,
        cx: &Context,
    ) -> Result<SubscriptionAttributes, Fault> {
        let mut wanted = SubscriptionAttributes::default();
        let of = Subscribed {
            topic: &topic.name,
            topic_is_fifo: topic.attributes.fifo,
            owner: &cx.caller.account,
            endpoint,
        };
        let pairs = self.attributes.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        attributes::set(&mut wanted, pairs, &of, Through::Subscribe)?;
        Ok(wanted)
    }

    /// An existing subscription is as good as a new one if it has all that was asked for.
    fn compare(&self, existing: &SubscriptionView, wanted: &SubscriptionAttributes) -> Result<(), Fault> {
        let agrees = |(name, _): &(String, String)| attributes::agrees(wanted, &existing.attributes, name);
        if self.attributes.0.iter().all(agrees) {
            return Ok(());
        }
        Err(Through::Subscribe.wrong("Subscription already exists with different attributes"))
    }
}

fn existing<'t>(topic: &'t TopicView, endpoint: &Endpoint) -> Option<&'t SubscriptionView> {
    let found = topic.subscriptions.iter().find(|subscription| subscription.endpoint == *endpoint);
    found.map(AsRef::as_ref)
}
