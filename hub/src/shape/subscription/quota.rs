//! How many subscriptions and filter policies there can be.

use crate::catalogue::{Catalogue, TopicView};
use crate::shape::topic::limits;
use crate::wire::{Code, Fault};
use queue_core::SubscriptionAttributes;

/// Topics that cannot have as many filter policies as an account can.
const TOPICS_WITHIN_ACCOUNT: usize = limits::FILTERS_PER_ACCOUNT / limits::FILTERS_PER_TOPIC;

/// Refuses one subscription more than a topic can have.
pub(crate) fn check_subscriptions(topic: &TopicView) -> Result<(), Fault> {
    let maximum = if topic.attributes.fifo {
        limits::SUBSCRIPTIONS_PER_FIFO_TOPIC
    } else {
        limits::SUBSCRIPTIONS_PER_TOPIC
    };
    if topic.subscriptions.len() < maximum {
        return Ok(());
    }
    Err(Fault::new(Code::SubscriptionLimitExceeded, "Subscription limit exceeded"))
}

/// Refuses one filter policy more than a topic or an account can have. `before` is what the subscription has, if it
/// exists.
pub(crate) fn check_filters(
    topic: &TopicView,
    before: Option<&SubscriptionAttributes>,
    wanted: &SubscriptionAttributes,
    catalogue: &Catalogue,
) -> Result<(), Fault> {
    let had_one = before.is_some_and(|before| before.filter.is_some());
    if wanted.filter.is_none() || had_one {
        return Ok(());
    }
    let all_filters = || {
        let (account, region) = (&topic.name.account, &topic.name.region);
        if catalogue.topics(account, region, None, TOPICS_WITHIN_ACCOUNT + 1).len() <= TOPICS_WITHIN_ACCOUNT {
            return 0;
        }
        catalogue.topics(account, region, None, usize::MAX).iter().map(|topic| filters(topic)).sum()
    };
    if filters(topic) < limits::FILTERS_PER_TOPIC && all_filters() < limits::FILTERS_PER_ACCOUNT {
        return Ok(());
    }
    Err(Fault::new(Code::FilterPolicyLimitExceeded, "Filter policy limit exceeded"))
}

fn filters(topic: &TopicView) -> usize {
    topic.subscriptions.iter().filter(|subscription| subscription.attributes.filter.is_some()).count()
}
