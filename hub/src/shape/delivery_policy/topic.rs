//! The form in which a topic has a delivery policy.

use super::sections::{Section, Sections};
use super::{Effective, Flaw, SubscriptionPolicy, flag, members, parsed, unexpected};
use serde_json::{Map, Value, json};

/// The delivery policy of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TopicPolicy {
    pub(super) sections: Sections,
    pub(super) overrides_disabled: Option<bool>,
}

impl TopicPolicy {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let mut policy = Self::default();
        for (name, value) in members(&parsed(text)?, "")? {
            match name.as_str() {
                "http" => policy.read(value)?,
                _ => return Err(unexpected(name)),
            }
        }
        Ok(policy)
    }

    fn read(&mut self, http: &Value) -> Result<(), Flaw> {
        for (name, value) in members(http, "http")? {
            let path = format!("http.{name}");
            let section = match name.as_str() {
                "disableSubscriptionOverrides" => {
                    self.overrides_disabled = Some(flag(value, &path)?);
                    continue;
                }
                "defaultHealthyRetryPolicy" => Section::HealthyRetry,
                "defaultSicklyRetryPolicy" => Section::SicklyRetry,
                "defaultThrottlePolicy" => Section::Throttle,
                "defaultRequestPolicy" => Section::Request,
                _ => return Err(unexpected(name)),
            };
            self.sections.read(section, name, value, &path)?;
        }
        Ok(())
    }

    /// The policy as it is kept and shown: sections that were not given are left out.
    pub(crate) fn text(&self) -> String {
        let members = [
            ("defaultHealthyRetryPolicy", self.sections.retry()),
            ("disableSubscriptionOverrides", self.overrides_disabled.map(Value::from)),
            ("defaultThrottlePolicy", self.sections.throttle()),
            ("defaultRequestPolicy", self.sections.request()),
        ];
        let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        json!({ "http": present.collect::<Map<_, _>>() }).to_string()
    }

    /// What holds in the end for a subscription without a policy, as a topic shows it.
    pub(crate) fn effective_text(&self) -> String {
        let sections = Effective::of(self, &SubscriptionPolicy::default()).into_sections();
        Self { sections, overrides_disabled: Some(self.overrides_disabled.unwrap_or(false)) }.text()
    }
}
