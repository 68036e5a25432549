//! [`Subscribe`](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html): has what is published to a topic
//! delivered to an endpoint.
//!
//! The endpoints of some protocols are asked first. Subscribing one that has not answered asks it again; its time to
//! answer stays that of the first question.
//!
//! Differs from AWS: every queue, function, stream, push endpoint and telephone number counts as one of the caller, so
//! its subscription is confirmed at once. Whether a URL can be connected to is tried by a strict hub alone: a receiver
//! often starts after the hub. One with an address that the hub does not call is refused.

use crate::catalogue::{SubscriptionView, TopicView};
use crate::content::NoticeKind;
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::subscription::notice::{self, ask_again};
use crate::shape::subscription::protocol::Protocol;
use crate::shape::subscription::redrive::Subscribed;
use crate::shape::subscription::{attributes, endpoint, quota, replay};
use crate::shape::through::Through;
use crate::shape::topic::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Fault, Pairs};
use queue_core::{Command, Endpoint, Name, QueueId, SubscriptionAttributes};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is answered instead of the ARN of a subscription whose endpoint has not agreed.
const PENDING: &str = "pending confirmation";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscribe {
    topic_arn: Option<String>,
    protocol: Option<String>,
    endpoint: Option<String>,
    #[serde(default)]
    attributes: Pairs<String>,
    return_subscription_arn: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscription {
    subscription_arn: String,
}

/// The subscription that there is in the end.
struct Found {
    uuid: Uuid,
    is_pending: bool,
    /// Where its endpoint is asked once more.
    ask_again: Option<QueueId>,
}

impl Operation for Subscribe {
    const NAME: &'static str = "Subscribe";
    type Output = Subscription;

    async fn run(self, cx: &Context) -> Result<Subscription, Fault> {
        let topic_arn = self.topic_arn.as_deref().ok_or_else(|| Fault::null_member("topicArn"))?;
        let protocol = self.protocol.as_deref().ok_or_else(|| Fault::null_member("protocol"))?;
        let topic_name = reference::name("TopicArn", topic_arn, &cx.caller)?;
        if cx.hub.settings.strict {
            self.check_connection(&topic_name, protocol, cx).await?;
        }
        let asks_first = asks_first(protocol, cx);
        let attempt = || {
            let topic = reference::find(Self::NAME, &topic_name, cx)?;
            let endpoint = endpoint::parse(protocol, self.endpoint.as_deref(), &topic, cx)?;
            let wanted = self.wanted(&topic, &endpoint, cx)?;
            if let Some(existing) = existing(&topic, &endpoint) {
                self.compare(existing, &wanted)?;
                return Ok(Step::Answer(Found::from(existing)));
            }
            quota::check_subscriptions(&topic)?;
            quota::check_filters(&topic, None, &wanted, &cx.hub)?;
            replay::check(&topic, None, &wanted, &cx.hub)?;
            let (asked, bodies) =
                asks_first.then(|| notice::notice(NoticeKind::SubscriptionConfirmation, cx)).unzip();
            let subscribe = queue_core::Subscribe {
                topic: topic.id,
                owner: cx.caller.account.as_str().into(),
                is_owners: !Protocol::of(&endpoint).is_some_and(Protocol::asks_first),
                endpoint,
                attributes: wanted,
                asked,
            };
            Ok(Step::Propose(Command::Subscribe(subscribe), Vec::from_iter(bodies)))
        };
        let settle = |reply| {
            let uuid = cx.hub.secrets.subscription(reply::subscribed(reply)?);
            Ok(Found { uuid, is_pending: asks_first, ask_again: None })
        };
        let found = change(cx, &OF_TOPICS, attempt, settle).await?;
        if let Some(queue) = found.ask_again {
            ask_again(queue, cx).await?;
        }
        let is_kept_back = found.is_pending && self.return_subscription_arn != Some(true);
        let arn = || arn::of_subscription(&topic_name, found.uuid);
        Ok(Subscription { subscription_arn: if is_kept_back { PENDING.to_owned() } else { arn() } })
    }
}

impl Subscribe {
    /// Refuses the endpoint of a new subscription if it is not there. What else can be wrong comes first.
    async fn check_connection(&self, topic: &Name, protocol: &str, cx: &Context) -> Result<(), Fault> {
        let topic = reference::find(Self::NAME, topic, cx)?;
        let endpoint = endpoint::parse(protocol, self.endpoint.as_deref(), &topic, cx)?;
        self.wanted(&topic, &endpoint, cx)?;
        if existing(&topic, &endpoint).is_some() {
            return Ok(());
        }
        endpoint::check_connection(&endpoint, cx).await
    }

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
            catalogue: &cx.hub.catalogue,
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

/// Whether endpoints of that protocol have to agree before they are subscribed.
fn asks_first(protocol: &str, cx: &Context) -> bool {
    Protocol::named(protocol).is_some_and(Protocol::asks_first) && !cx.hub.settings.auto_confirm
}

impl From<&SubscriptionView> for Found {
    fn from(view: &SubscriptionView) -> Self {
        let is_pending = view.is_pending();
        Self { uuid: view.uuid, is_pending, ask_again: view.queue.filter(|_| is_pending) }
    }
}
