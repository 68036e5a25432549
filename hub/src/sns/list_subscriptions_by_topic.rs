//! [`ListSubscriptionsByTopic`](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html): the
//! subscriptions to a topic, in the order in which they were made.

use crate::operation::{Context, Operation};
use crate::shape::subscription::listed::{Listed, Page};
use crate::shape::topic::{list, reference};
use crate::wire::Fault;
use queue_core::SubscriptionId;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSubscriptionsByTopic {
    topic_arn: Option<String>,
    next_token: Option<String>,
}

impl Operation for ListSubscriptionsByTopic {
    const NAME: &'static str = "ListSubscriptionsByTopic";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let topic = reference::topic(Self::NAME, self.topic_arn.as_deref(), cx)?;
        let after = list::after::<SubscriptionId>(self.next_token.as_deref())?;
        let from = topic.subscriptions.partition_point(|subscription| Some(subscription.id) <= after);
        let mut found: Vec<_> = topic.subscriptions.iter().skip(from).take(list::LOOKED_FOR).collect();
        let next_token = list::cut(&mut found, |subscription| subscription.id);
        let subscriptions = found.into_iter().map(|subscription| Listed::from(&**subscription)).collect();
        Ok(Page { subscriptions, next_token })
    }
}
