//! [`GetTopicAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html): how a topic is
//! set up, in the order in which AWS shows it.

use crate::catalogue::TopicView;
use crate::delivery::envelope::iso_8601;
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::topic::{access_policy, attributes, reference};
use crate::wire::{Fault, Pairs};
use queue_core::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTopicAttributes {
    topic_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    attributes: Pairs<String>,
}

impl Operation for GetTopicAttributes {
    const NAME: &'static str = "GetTopicAttributes";
    type Output = Shown;

    async fn run(self, cx: &Context) -> Result<Shown, Fault> {
        let topic = reference::topic(Self::NAME, self.topic_arn.as_deref(), cx)?;
        Ok(Shown { attributes: shown(&topic, cx.hub.now()) })
    }
}

fn shown(topic: &TopicView, now: Timestamp) -> Pairs<String> {
    let set = |name: &str| attributes::value(&topic.attributes, name);
    let on_fifo = |name: &str| set(name).filter(|_| topic.attributes.fifo);
    let policy = set("Policy").unwrap_or_else(|| access_policy::default_of(&topic.name));
    let effective = attributes::delivery_policy(&topic.attributes).effective_text();
    let pending = topic.subscriptions.iter().filter(|subscription| subscription.is_pending()).count();
    let first = [
        ("Policy", Some(policy)),
        ("SignatureVersion", set("SignatureVersion")),
        ("Owner", Some(topic.name.account.to_string())),
        ("SubscriptionsPending", Some(pending.to_string())),
        ("KmsMasterKeyId", set("KmsMasterKeyId")),
        ("TopicArn", Some(arn::of_topic(&topic.name))),
        ("TracingConfig", set("TracingConfig")),
        ("MaximumMessageSize", set("MaximumMessageSize")),
        ("EffectiveDeliveryPolicy", Some(effective)),
        ("SubscriptionsConfirmed", Some((topic.subscriptions.len() - pending).to_string())),
        ("DisplayName", set("DisplayName")),
        ("DeliveryPolicy", set("DeliveryPolicy")),
        ("SubscriptionsDeleted", Some(topic.subscriptions_deleted.to_string())),
        ("FifoTopic", on_fifo("FifoTopic")),
        ("ContentBasedDeduplication", on_fifo("ContentBasedDeduplication")),
        ("FifoThroughputScope", set("FifoThroughputScope")),
        ("ArchivePolicy", set("ArchivePolicy")),
        ("BeginningArchiveTime", topic.archived_since(now).map(iso_8601)),
        ("MessageSchema", set("MessageSchema")),
    ];
    let feedback = attributes::FEEDBACK.map(|name| (name, set(name)));
    let all = first.into_iter().chain(feedback);
    Pairs(all.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}
