//! The attribute `RedrivePolicy`: when a message is dead, and where it goes then.

use super::{limits, redrive_allow_policy};
use crate::catalogue::Catalogue;
use crate::shape::arn::{self, Arn};
use crate::wire::{Code, Fault};
use queue_core::{Name, RedrivePolicy};
use serde_json::Value;

const TARGET: &str = "deadLetterTargetArn";
const COUNT: &str = "maxReceiveCount";

/// A policy as it was sent, for texts about it, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    text: Box<str>,
    pub(crate) policy: RedrivePolicy,
}

impl Given {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let refuse = |reason: &str| Fault::invalid_value(text, "RedrivePolicy", reason);
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return Err(Fault::new(
                Code::InvalidAttributeValue,
                "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
            ));
        };
        let member = |name: &str| {
            let reason = format!("Redrive policy does not contain mandatory attribute: {name}.");
            members.get(name).filter(|value| !value.is_null()).ok_or_else(|| refuse(&reason))
        };
        let (target, count) = (member(TARGET)?, member(COUNT)?);
        if members.keys().any(|name| name != TARGET && name != COUNT) {
            return Err(refuse(
                "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].",
            ));
        }
        let arn = target.as_str().and_then(Arn::parse).filter(|arn| !arn.resource.is_empty());
        let arn = arn.ok_or_else(|| refuse("Invalid value for deadLetterTargetArn."))?;
        if arn.service != "sqs" {
            return Err(refuse("Only SQS queues are valid resources for deadLetterTargetArn."));
        }
        let maximum_receives = self::count(count).ok_or_else(|| {
            let shown = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
            let range = "valid values are from 1 to 1000 both inclusive.";
            refuse(&format!("Invalid value for maxReceiveCount: {shown}, {range}"))
        })?;
        Ok(Self { text: text.into(), policy: RedrivePolicy { target: arn.name(), maximum_receives } })
    }

    /// Checks the policy against what there is: a queue of the same kind that lets this one use it.
    pub(crate) fn check(&self, source: &Name, fifo: bool, catalogue: &Catalogue) -> Result<(), Fault> {
        let target = &self.policy.target;
        let refuse = |reason: &str| Err(Fault::invalid_value(&self.text, "RedrivePolicy", reason));
        if target.account != source.account {
            return refuse("Dead-letter target owner should be same as the source.");
        }
        if target.region != source.region {
            return refuse("Dead-letter target must be in same region as the source.");
        }
        let Some(queue) = catalogue.queue(target) else {
            return refuse("Dead letter target does not exist.");
        };
        if queue.attributes.priority.is_some() {
            return refuse("Dead-letter queue must not be a priority queue.");
        }
        if queue.attributes.fifo != fifo {
            return refuse("Dead-letter queue must be same type of queue as the source.");
        }
        if !redrive_allow_policy::allows(&queue.attributes, &arn::of_queue(source)) {
            return refuse("Dead-letter target does not allow the source queue to use it.");
        }
        Ok(())
    }
}

/// A policy as AWS shows it, however it was sent.
pub(crate) fn show(policy: &RedrivePolicy) -> String {
    let target = Value::from(arn::of_queue(&policy.target));
    format!(r#"{{"{TARGET}":{target},"{COUNT}":{}}}"#, policy.maximum_receives)
}

/// A count is a number or a text that is one.
fn count(value: &Value) -> Option<u32> {
    let count = match value {
        Value::Number(number) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    count.filter(|count| limits::RECEIVE_COUNT.contains(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:dead";

    #[test]
    fn a_policy_is_shown_in_one_form() {
        let shown = format!(r#"{{"deadLetterTargetArn":"{ARN}","maxReceiveCount":5}}"#);
        let spaced = format!(r#"{{ "maxReceiveCount" : "5", "deadLetterTargetArn" : "{ARN}" }}"#);
        for text in [&shown, &spaced] {
            assert_eq!(show(&Given::parse(text).unwrap().policy), shown);
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let full = |target: &str, count: &str| {
            format!(r#"{{"deadLetterTargetArn":{target},"maxReceiveCount":{count}}}"#)
        };
        let arn = format!("\"{ARN}\"");
        let bad_count = |count: &str| {
            format!(
                "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
            )
        };
        const NO_TARGET: &str = "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.";
        const NO_COUNT: &str = "Redrive policy does not contain mandatory attribute: maxReceiveCount.";
        const BAD_TARGET: &str = "Invalid value for deadLetterTargetArn.";
        const TOPIC: &str = r#""arn:aws:sns:us-east-1:000000000000:dead""#;
        let more = format!(r#"{{"deadLetterTargetArn":{arn},"maxReceiveCount":1,"more":1}}"#);
        let cases = [
            (r#"{"maxReceiveCount":1}"#.to_owned(), NO_TARGET),
            ("{}".to_owned(), NO_TARGET),
            (format!(r#"{{"deadLetterTargetArn":{arn}}}"#), NO_COUNT),
            (full(&arn, "null"), NO_COUNT),
            (more, "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount]."),
            (full("\"dead\"", "1"), BAD_TARGET),
            (full("5", "1"), BAD_TARGET),
            (full(TOPIC, "1"), "Only SQS queues are valid resources for deadLetterTargetArn."),
            (full(&arn, "0"), &bad_count("0")),
            (full(&arn, "1001"), &bad_count("1001")),
            (full(&arn, "-1"), &bad_count("-1")),
            (full(&arn, "1.5"), &bad_count("1.5")),
            (full(&arn, "\"x\""), &bad_count("x")),
        ];
        for (text, reason) in cases {
            let fault = Given::parse(&text).unwrap_err();
            let expected = format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}");
            assert_eq!((fault.code(), fault.message()), (Code::InvalidParameterValue, expected.as_str()));
        }
        for text in ["[]", "x", "5", "null", &format!("{:?}", full(&arn, "1"))] {
            let fault = Given::parse(text).unwrap_err();
            assert_eq!(fault.code(), Code::InvalidAttributeValue, "{text}");
        }
    }
}
