//! How many subscriptions and filter policies there can be.

use crate::catalogue::TopicView;
use crate::hub::Hub;
use crate::shape::topic::limits;
use crate::wire::{Code, Fault};
use queue_core::SubscriptionAttributes;

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
    hub: &Hub,
) -> Result<(), Fault> {
    let had_one = before.is_some_and(|before| before.filter.is_some());
    if wanted.filter.is_none() || had_one {
        return Ok(());
    }
    let per_topic = usize::try_from(hub.settings.filters_per_topic.0).unwrap_or(usize::MAX);
    // Topics that cannot have as many together as an account can.
    let few = limits::FILTERS_PER_ACCOUNT.checked_div(per_topic).unwrap_or(usize::MAX);
    let all_filters = || {
        let (account, region) = (&topic.name.account, &topic.name.region);
        if hub.catalogue.topics(account, region, None, few.saturating_add(1)).len() <= few {
            return 0;
        }
        hub.catalogue.topics(account, region, None, usize::MAX).iter().map(|topic| filters(topic)).sum()
    };
    if filters(topic) < per_topic && all_filters() < limits::FILTERS_PER_ACCOUNT {
        return Ok(());
    }
    Err(Fault::new(Code::FilterPolicyLimitExceeded, "Filter policy limit exceeded"))
}

fn filters(topic: &TopicView) -> usize {
    topic.subscriptions.iter().filter(|subscription| subscription.attributes.filter.is_some()).count()
}
