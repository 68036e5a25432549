//! The attribute `RedriveAllowPolicy`: which queues may have this one as their dead-letter queue. It is kept as it
//! was sent.

use super::attribute::Attribute;
use super::limits;
use crate::wire::{Code, Counted, Fault};
use queue_core::QueueAttributes;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Policy {
    redrive_permission: Permission,
    source_queue_arns: Option<Counted<String, { limits::SOURCE_QUEUE_ARNS }>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Permission {
    AllowAll,
    DenyAll,
    ByQueue,
}

/// Checks a policy.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    let refuse = |reason: &str| {
        let reason = format!("Amazon SQS can't create the redrive allow policy. {reason}");
        Err(Fault::invalid_value(text, "RedriveAllowPolicy", &reason))
    };
    let Some(policy) = parse(text) else {
        return Err(Fault::new(
            Code::InvalidAttributeValue,
            "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow \
             policy, as it’s in an unsupported format.",
        ));
    };
    let sources = policy.source_queue_arns.as_ref().map(Counted::sent);
    match (policy.redrive_permission, sources) {
        (Permission::AllowAll | Permission::DenyAll, None) => Ok(()),
        (Permission::AllowAll | Permission::DenyAll, Some(_)) => {
            refuse("To specify one or more source queue ARNs, you must set redrivePermission to byQueue.")
        }
        (Permission::ByQueue, None | Some(0)) => refuse(
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (Permission::ByQueue, Some(sources)) if sources > limits::SOURCE_QUEUE_ARNS => {
            refuse("The maximum number of source queue ARNs you can specify is 10.")
        }
        (Permission::ByQueue, Some(_)) => Ok(()),
    }
}

/// Whether a queue with these attributes lets that one use it as its dead-letter queue.
pub(crate) fn allows(attributes: &QueueAttributes, source: &str) -> bool {
    let Some(policy) = Attribute::RedriveAllowPolicy.stored(attributes).and_then(parse) else {
        return true;
    };
    match policy.redrive_permission {
        Permission::AllowAll => true,
        Permission::DenyAll => false,
        Permission::ByQueue => {
            policy.source_queue_arns.iter().flat_map(Counted::kept).any(|arn| arn == source)
        }
    }
}

fn parse(text: &str) -> Option<Policy> {
    // Serde would take a list for a struct whose fields are in order.
    serde_json::from_str(text).ok().filter(|_| text.trim_start().starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "arn:aws:sqs:us-east-1:000000000000:orders";

    #[test]
    fn a_policy_allows_all_none_or_those_it_lists() {
        let by_queue = format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{SOURCE}"]}}"#);
        let cases = [
            (None, SOURCE, true),
            (Some(r#"{"redrivePermission":"allowAll"}"#), SOURCE, true),
            (Some(r#"{"redrivePermission":"denyAll"}"#), SOURCE, false),
            (Some(by_queue.as_str()), SOURCE, true),
            (Some(by_queue.as_str()), "arn:aws:sqs:us-east-1:000000000000:others", false),
        ];
        for (text, source, expected) in cases {
            let mut attributes = QueueAttributes::default();
            if let Some(text) = text {
                assert_eq!(check(text), Ok(()), "{text}");
                attributes.texts.insert("RedriveAllowPolicy".into(), text.into());
            }
            assert_eq!(allows(&attributes, source), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        const FORMAT: &str = "unsupported format";
        let cases = [
            ("x", FORMAT),
            ("[]", FORMAT),
            (r#"["allowAll"]"#, FORMAT),
            ("{}", FORMAT),
            (r#"{"redrivePermission":"all"}"#, FORMAT),
            (r#"{"redrivePermission":"allowAll","more":1}"#, FORMAT),
            (r#"{"redrivePermission":"byQueue","sourceQueueArns":"a"}"#, FORMAT),
            (r#"{"redrivePermission":"byQueue"}"#, "one or more sourceQueueArns values."),
            (
                r#"{"redrivePermission":"byQueue","sourceQueueArns":[]}"#,
                "one or more sourceQueueArns values.",
            ),
            (
                r#"{"redrivePermission":"denyAll","sourceQueueArns":["a"]}"#,
                "you must set redrivePermission to byQueue.",
            ),
            (
                r#"{"redrivePermission":"byQueue","sourceQueueArns":["1","2","3","4","5","6","7","8","9","10","11"]}"#,
                "The maximum number of source queue ARNs you can specify is 10.",
            ),
        ];
        for (text, part) in cases {
            let fault = check(text).unwrap_err();
            let code = if part == FORMAT { Code::InvalidAttributeValue } else { Code::InvalidParameterValue };
            assert_eq!(fault.code(), code, "{text}");
            assert!(fault.message().contains(part), "{fault}");
        }
    }
}
