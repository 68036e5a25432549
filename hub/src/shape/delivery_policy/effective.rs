//! What holds in the end for a subscription: its own policy, that of its topic, and defaults for the rest.

use super::sections::Sections;
use super::{Retry, SubscriptionPolicy, TopicPolicy};

const DEFAULT_CONTENT_TYPE: &str = "text/plain; charset=UTF-8";

/// A delivery policy that leaves nothing open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) retry: Retry,
    /// How many messages the endpoint gets in a second at most.
    pub(crate) receives_per_second: Option<u64>,
    /// Of notifications; confirmations are always plain text.
    pub(crate) content_type: String,
    guaranteed: bool,
}

impl Effective {
    /// Section by section the subscription's, unless the topic does not let it; else the topic's; else the default.
    pub(crate) fn of(topic: &TopicPolicy, subscription: &SubscriptionPolicy) -> Self {
        let nothing = Sections::default();
        let own = if topic.overrides_disabled == Some(true) { &nothing } else { &subscription.sections };
        let general = &topic.sections;
        let content_type = own.content_type.as_ref().or(general.content_type.as_ref());
        Self {
            retry: own.retry.as_ref().or(general.retry.as_ref()).cloned().unwrap_or_default(),
            receives_per_second: own.receives_per_second.or(general.receives_per_second),
            content_type: content_type.map_or_else(|| DEFAULT_CONTENT_TYPE.to_owned(), String::clone),
            guaranteed: subscription.guaranteed,
        }
    }

    /// As a subscription shows it.
    pub(crate) fn text(&self) -> String {
        SubscriptionPolicy { guaranteed: self.guaranteed, sections: self.clone().into_sections() }.text()
    }

    pub(super) fn into_sections(self) -> Sections {
        Sections {
            retry: Some(self.retry),
            receives_per_second: self.receives_per_second,
            content_type: Some(self.content_type),
        }
    }
}
