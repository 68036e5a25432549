//! The subscription attribute `RedrivePolicy`: where deliveries go that fail.
//!
//! See <https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>.

use crate::catalogue::Catalogue;
use crate::shape::arn::{self, Arn};
use crate::shape::subscription::endpoint::{can_exist, is_fifo};
use queue_core::{Endpoint, Name};
use serde_json::Value;

/// What a subscription is, as far as its dead-letter queue has to be of its kind.
pub(crate) struct Subscribed<'a> {
    pub(crate) topic: &'a Name,
    pub(crate) topic_is_fifo: bool,
    pub(crate) owner: &'a str,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) catalogue: &'a Catalogue,
}

/// The queue that a policy names, which need not exist, but is no priority queue; else what is wrong, in the words that
/// follow `RedrivePolicy: `.
pub(crate) fn parse(text: &str, of: &Subscribed<'_>) -> Result<Name, String> {
    filters::check_json(text).map_err(|error| super::attributes::located(&error))?;
    let policy: Value = serde_json::from_str(text).unwrap_or_default();
    let target = policy.get("deadLetterTargetArn").and_then(Value::as_str).and_then(Arn::queue);
    let is_near =
        |name: &Name| *name.account == *of.owner && name.region == of.topic.region && can_exist(name);
    let target = target.filter(is_near).ok_or("deadLetterTargetArn is an invalid arn")?;
    if of.catalogue.is_priority_queue(&target) {
        return Err("must not use a priority queue as DLQ.".to_owned());
    }
    let endpoint_is_fifo = match of.endpoint {
        Endpoint::Queue(endpoint) => is_fifo(endpoint),
        Endpoint::Outside(_) => false,
    };
    match (of.topic_is_fifo && endpoint_is_fifo, is_fifo(&target)) {
        (true, false) => {
            Err("must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.".to_owned())
        }
        // A FIFO queue takes nothing without a group, which only messages of FIFO topics have for certain.
        (false, true) if !of.topic_is_fifo => {
            Err("must use a standard queue as DLQ for a Subscription to a standard Topic.".to_owned())
        }
        (true, true) | (false, _) => Ok(target),
    }
}

/// The policy as it is shown.
pub(crate) fn text(target: &Name) -> String {
    format!(r#"{{"deadLetterTargetArn":"{}"}}"#, arn::of_queue(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(topic: &str, endpoint: &str, policy: &str, expected: Result<&str, &str>) {
        let name = |name: &str| Name::new("000000000000", "us-east-1", name);
        let of = Subscribed {
            topic: &name(topic),
            topic_is_fifo: topic.ends_with(".fifo"),
            owner: "000000000000",
            endpoint: &Endpoint::Queue(name(endpoint)),
            catalogue: &Catalogue::default(),
        };
        let parsed = parse(policy, &of).map(|name| name.name.to_string());
        assert_eq!(parsed.as_deref().map_err(String::as_str), expected, "{policy}");
    }

    fn policy(queue: &str) -> String {
        text(&Name::new("000000000000", "us-east-1", queue))
    }

    #[test]
    fn a_policy_names_a_queue_of_the_right_kind() {
        check("t", "q", &policy("dead"), Ok("dead"));
        check("t.fifo", "q.fifo", &policy("dead.fifo"), Ok("dead.fifo"));
        check("t.fifo", "q", &policy("dead"), Ok("dead"));
        let fifo = "must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.";
        check("t.fifo", "q.fifo", &policy("dead"), Err(fifo));
        let standard = "must use a standard queue as DLQ for a Subscription to a standard Topic.";
        check("t", "q", &policy("dead.fifo"), Err(standard));
    }

    #[test]
    fn a_policy_that_names_no_queue_nearby_is_refused() {
        let invalid = "deadLetterTargetArn is an invalid arn";
        for policy in [
            "{}",
            "[]",
            r#""x""#,
            r#"{"deadLetterTargetArn":1}"#,
            r#"{"deadLetterTargetArn":"dead"}"#,
            r#"{"deadLetterTargetArn":"arn:aws:sns:us-east-1:000000000000:dead"}"#,
            r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead"}"#,
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111122223333:dead"}"#,
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:de ad"}"#,
        ] {
            check("t", "q", policy, Err(invalid));
        }
    }

    #[test]
    fn a_policy_that_is_no_json_is_refused_with_its_place() {
        let place = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: ";
        let word = "failed to parse JSON. Unrecognized token 'invalid': was expecting \
                    (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        check("t", "q", "invalid", Err(&format!("{word}{place}1]")));
        let key = "failed to parse JSON. Unexpected character ('i' (code 105)): \
                   was expecting double-quote to start field name";
        check("t", "q", "{invalid", Err(&format!("{key}{place}2]")));
    }
}
