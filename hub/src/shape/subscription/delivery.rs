//! The attributes `DeliveryPolicy` and `EffectiveDeliveryPolicy` of a subscription over HTTP.

use crate::shape::delivery_policy::{Effective, SubscriptionPolicy};
use crate::shape::through::Through;
use crate::shape::topic::attributes;
use crate::wire::Fault;
use queue_core::TopicAttributes;

/// The text to keep of a policy that is to be set: written anew, or none if it is to be removed.
pub(crate) fn parse(value: &str, through: Through) -> Result<Option<Box<str>>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    let policy = SubscriptionPolicy::parse(value);
    let policy = policy.map_err(|flaw| through.wrong(format_args!("DeliveryPolicy: {flaw}")))?;
    Ok(Some(policy.text().into()))
}

/// What holds in the end, from the text that was kept and the attributes of the topic.
pub(crate) fn effective(kept: Option<&str>, topic: &TopicAttributes) -> Effective {
    let own = kept.and_then(|text| SubscriptionPolicy::parse(text).ok()).unwrap_or_default();
    Effective::of(&attributes::delivery_policy(topic), &own)
}

/// The value of `EffectiveDeliveryPolicy`.
pub(crate) fn effective_text(kept: Option<&str>, topic: &TopicAttributes) -> String {
    effective(kept, topic).text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_kept_as_it_will_be_shown() {
        let set = |value| parse(value, Through::SetSubscriptionAttributes);
        assert_eq!(set(""), Ok(None));
        let kept = set(r#"{"healthyRetryPolicy": {"numRetries": 5}}"#).unwrap().unwrap();
        assert!(kept.starts_with(r#"{"healthyRetryPolicy":{"minDelayTarget":20,"#), "{kept}");
        assert_eq!(set(&kept), Ok(Some(kept)));
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_said_as_each_operation_says_it() {
        let detail = "DeliveryPolicy: Unexpected JSON member: retries";
        for (through, expected) in [
            (Through::Subscribe, format!("Invalid parameter: Attributes Reason: {detail}")),
            (Through::SetSubscriptionAttributes, format!("Invalid parameter: {detail}")),
        ] {
            assert_eq!(parse(r#"{"retries":1}"#, through).unwrap_err().message(), expected);
        }
    }

    #[test]
    fn the_topic_speaks_for_a_subscription_that_says_nothing() {
        let mut topic = attributes::initial(false);
        let policy = r#"{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":4}}}"#;
        let name = queue_core::Name::new("000000000000", "us-east-1", "orders");
        attributes::set(&mut topic, &name, "DeliveryPolicy", policy, Through::SetTopicAttributes).unwrap();
        let own = parse(r#"{"throttlePolicy":{"maxReceivesPerSecond":2}}"#, Through::Subscribe).unwrap();
        for (kept, expected) in [(None, 4), (own.as_deref(), 2)] {
            assert_eq!(effective(kept, &topic).receives_per_second, Some(expected));
            let shown = format!(r#""throttlePolicy":{{"maxReceivesPerSecond":{expected}}}"#);
            assert!(effective_text(kept, &topic).contains(&shown));
        }
    }
}
