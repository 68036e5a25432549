//! The form in which a subscription has a delivery policy.

use super::sections::{Section, Sections};
use super::{Flaw, flag, members, parsed, unexpected};
use serde_json::json;

/// The delivery policy of a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SubscriptionPolicy {
    pub(super) sections: Sections,
    /// Kept and shown; AWS does not say what it is for.
    pub(super) guaranteed: bool,
}

impl SubscriptionPolicy {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let mut policy = Self::default();
        for (name, value) in members(&parsed(text)?, "")? {
            let section = match name.as_str() {
                "guaranteed" => {
                    policy.guaranteed = flag(value, name)?;
                    continue;
                }
                "healthyRetryPolicy" => Section::HealthyRetry,
                "sicklyRetryPolicy" => Section::SicklyRetry,
                "throttlePolicy" => Section::Throttle,
                "requestPolicy" => Section::Request,
                _ => return Err(unexpected(name)),
            };
            policy.sections.read(section, name, value, name)?;
        }
        Ok(policy)
    }

    /// The policy as it is kept and shown: sections that were not given are null.
    pub(crate) fn text(&self) -> String {
        json!({
            "healthyRetryPolicy": self.sections.retry(),
            "sicklyRetryPolicy": null,
            "throttlePolicy": self.sections.throttle(),
            "requestPolicy": self.sections.request(),
            "guaranteed": self.guaranteed,
        })
        .to_string()
    }
}
