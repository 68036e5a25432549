//! The attributes of a topic: which there are, and what values they can have.
//!
//! What the hub acts on has a field of its own in [`TopicAttributes`]; the rest is kept as text and given back.
//! An attribute with an empty value is as good as none.

use crate::shape::delivery_policy::TopicPolicy;
use crate::shape::through::Through;
use crate::shape::topic::access_policy;
use crate::shape::topic::limits;
use crate::shape::topic::schema;
use crate::wire::Fault;
use queue_core::{DeduplicationScope, Name, TopicAttributes};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How deliveries are reported, which only AWS's own logs can show. In the order in which they are listed.
pub(crate) const FEEDBACK: [&str; 15] = [
    "HTTPSuccessFeedbackRoleArn",
    "HTTPSuccessFeedbackSampleRate",
    "HTTPFailureFeedbackRoleArn",
    "LambdaSuccessFeedbackRoleArn",
    "LambdaSuccessFeedbackSampleRate",
    "LambdaFailureFeedbackRoleArn",
    "SQSSuccessFeedbackRoleArn",
    "SQSSuccessFeedbackSampleRate",
    "SQSFailureFeedbackRoleArn",
    "FirehoseSuccessFeedbackRoleArn",
    "FirehoseSuccessFeedbackSampleRate",
    "FirehoseFailureFeedbackRoleArn",
    "ApplicationSuccessFeedbackRoleArn",
    "ApplicationSuccessFeedbackSampleRate",
    "ApplicationFailureFeedbackRoleArn",
];

/// The attributes of a topic that has none set.
pub(crate) fn initial(fifo: bool) -> TopicAttributes {
    TopicAttributes {
        fifo,
        content_based_deduplication: false,
        deduplication_scope: DeduplicationScope::Everything,
        archive: None,
        texts: BTreeMap::new(),
    }
}

/// Sets one attribute of a topic.
pub(crate) fn set(
    attributes: &mut TopicAttributes,
    topic: &Name,
    name: &str,
    value: &str,
    through: Through,
) -> Result<(), Fault> {
    let fifo = attributes.fifo;
    let wrong = |what: &str| through.wrong(format_args!("{name}: {what}"));
    let has_own_limit = matches!(name, "DeliveryPolicy" | "DisplayName" | "MessageSchema" | "Policy");
    if value.len() > limits::ATTRIBUTE_BYTES_MAX && !has_own_limit {
        return Err(wrong(&format!("must be at most {} bytes long", limits::ATTRIBUTE_BYTES_MAX)));
    }
    let kept = match name {
        "ArchivePolicy" => return set_archive(attributes, value),
        "ContentBasedDeduplication" if fifo => {
            attributes.content_based_deduplication = through.flag(name, value)?;
            return Ok(());
        }
        "DeliveryPolicy" if value.is_empty() => String::new(),
        "DeliveryPolicy" => TopicPolicy::parse(value).map_err(|flaw| wrong(&flaw))?.text(),
        "DisplayName" if value.chars().count() > limits::DISPLAY_NAME_CHARACTERS_MAX => {
            return Err(wrong(&format!(
                "must be at most {} characters long",
                limits::DISPLAY_NAME_CHARACTERS_MAX
            )));
        }
        "FifoThroughputScope" if fifo => {
            through.one_of(name, value, ["Topic", "MessageGroup"])?;
            attributes.deduplication_scope =
                if value == "Topic" { DeduplicationScope::Everything } else { DeduplicationScope::Group };
            value.to_owned()
        }
        // Which of the two a topic is cannot be changed, and is known before all other attributes.
        "FifoTopic" if through == Through::CreateTopic => return Ok(()),
        "MessageSchema" => {
            let is_none = value.is_empty() || schema::parse(value).map_err(|flaw| wrong(&flaw))?.is_none();
            if is_none { String::new() } else { value.to_owned() }
        }
        "MaximumMessageSize" => integer(value, &limits::MESSAGE_BYTES).map_err(|rule| wrong(&rule))?,
        "Policy" => {
            access_policy::check(value, topic).map_err(|flaw| through.wrong(flaw))?;
            value.to_owned()
        }
        "SignatureVersion" => {
            through.one_of(name, value, ["1", "2"])?;
            value.to_owned()
        }
        "TracingConfig" if !fifo => {
            through.one_of(name, value, ["PassThrough", "Active"])?;
            value.to_owned()
        }
        "DisplayName" | "KmsMasterKeyId" => value.to_owned(),
        _ if FEEDBACK.contains(&name) => {
            if name.ends_with("SampleRate") && !value.is_empty() {
                integer(value, &limits::SAMPLE_RATE).map_err(|rule| wrong(&rule))?
            } else {
                value.to_owned()
            }
        }
        _ => return Err(through.unknown(name)),
    };
    keep(attributes, name, &kept);
    Ok(())
}

/// The value of an attribute as it is shown; none if it is not set.
pub(crate) fn value(attributes: &TopicAttributes, name: &str) -> Option<String> {
    match name {
        "FifoTopic" => Some(attributes.fifo.to_string()),
        "ContentBasedDeduplication" => Some(attributes.content_based_deduplication.to_string()),
        "DisplayName" => Some(text(attributes, name).unwrap_or_default().to_owned()),
        _ => text(attributes, name).map(str::to_owned),
    }
}

/// Whether an attribute has one value in two topics. Policies may be spaced differently.
pub(crate) fn agrees(one: &TopicAttributes, other: &TopicAttributes, name: &str) -> bool {
    let (one, other) = (value(one, name), value(other, name));
    let json = |text: &Option<String>| serde_json::from_str::<serde_json::Value>(text.as_deref()?).ok();
    one == other || json(&one).is_some_and(|json_of_one| json(&other) == Some(json_of_one))
}

/// How large a message may be, its attributes included.
pub(crate) fn message_bytes_max(attributes: &TopicAttributes) -> usize {
    let given = text(attributes, "MaximumMessageSize").and_then(|text| text.parse().ok());
    given.unwrap_or(limits::MESSAGE_BYTES_DEFAULT)
}

/// Whether messages may be larger than subscriptions beyond [`limits::SUBSCRIPTIONS_OF_LARGE`] allow.
pub(crate) fn is_large(attributes: &TopicAttributes) -> bool {
    message_bytes_max(attributes) > limits::MESSAGE_BYTES_DEFAULT
}

/// The delivery policy of the topic; one that says nothing if it has none.
pub(crate) fn delivery_policy(attributes: &TopicAttributes) -> TopicPolicy {
    let own = text(attributes, "DeliveryPolicy").and_then(|text| TopicPolicy::parse(text).ok());
    own.unwrap_or_default()
}

fn text<'a>(attributes: &'a TopicAttributes, name: &str) -> Option<&'a str> {
    attributes.texts.get(name).map(Box::as_ref)
}

/// Keeps the text of an attribute; an empty one is none.
pub(crate) fn keep(attributes: &mut TopicAttributes, name: &str, value: &str) {
    if value.is_empty() {
        attributes.texts.remove(name);
    } else {
        attributes.texts.insert(name.into(), value.into());
    }
}

/// The policy of an archive says for how many days it keeps messages; an empty one ends it.
fn set_archive(attributes: &mut TopicAttributes, value: &str) -> Result<(), Fault> {
    // AWS says this in the same words for both operations.
    let flaw = || {
        Fault::invalid_parameter("Attributes Reason: ArchivePolicy: MessageRetentionPeriod value is invalid")
    };
    let policy = match value {
        "" => serde_json::Map::new(),
        _ => serde_json::from_str(value).map_err(|_| flaw())?,
    };
    if policy.is_empty() {
        attributes.archive = None;
        keep(attributes, "ArchivePolicy", "");
        return Ok(());
    }
    let days = policy.get("MessageRetentionPeriod").and_then(|days| match days {
        serde_json::Value::String(text) => text.parse().ok(),
        serde_json::Value::Number(number) => number.as_u64().and_then(|days| u32::try_from(days).ok()),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    });
    let days =
        days.filter(|days| policy.len() == 1 && limits::ARCHIVE_DAYS.contains(days)).ok_or_else(flaw)?;
    attributes.archive = Some(DAY * days);
    keep(attributes, "ArchivePolicy", value);
    Ok(())
}

fn integer<N>(value: &str, range: &RangeInclusive<N>) -> Result<String, String>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let number = value.parse::<N>().ok().filter(|number| range.contains(number));
    let rule =
        || format!("Invalid value [{value}]. Must be an integer from {} to {}.", range.start(), range.end());
    number.map(|number| number.to_string()).ok_or_else(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Name {
        Name::new("000000000000", "us-east-1", "orders")
    }

    fn check(fifo: bool, name: &str, value: &str, expected: Result<Option<&str>, &str>) {
        let mut attributes = initial(fifo);
        let set = set(&mut attributes, &orders(), name, value, Through::SetTopicAttributes);
        let shown = set.map(|()| super::value(&attributes, name)).map_err(|fault| fault.message().to_owned());
        let expected = expected.map(|text| text.map(str::to_owned));
        assert_eq!(shown, expected.map_err(|text| format!("Invalid parameter: {text}")), "{name}={value}");
    }

    #[test]
    fn attributes_are_given_back_as_they_were_set() {
        check(false, "DisplayName", "Orders", Ok(Some("Orders")));
        check(false, "DisplayName", "", Ok(Some("")));
        check(false, "KmsMasterKeyId", "alias/aws/sns", Ok(Some("alias/aws/sns")));
        check(false, "KmsMasterKeyId", "", Ok(None));
        check(false, "SignatureVersion", "2", Ok(Some("2")));
        check(false, "TracingConfig", "Active", Ok(Some("Active")));
        check(false, "MaximumMessageSize", "1024", Ok(Some("1024")));
        check(false, "DeliveryPolicy", "", Ok(None));
        check(false, "SQSSuccessFeedbackSampleRate", "100", Ok(Some("100")));
        check(
            false,
            "SQSFailureFeedbackRoleArn",
            "arn:aws:iam::000000000000:role/x",
            Ok(Some("arn:aws:iam::000000000000:role/x")),
        );
        check(true, "ContentBasedDeduplication", "true", Ok(Some("true")));
        check(true, "FifoThroughputScope", "MessageGroup", Ok(Some("MessageGroup")));
        check(
            true,
            "ArchivePolicy",
            r#"{"MessageRetentionPeriod":"30"}"#,
            Ok(Some(r#"{"MessageRetentionPeriod":"30"}"#)),
        );
        check(false, "ArchivePolicy", "{}", Ok(None));
    }

    #[test]
    fn values_that_an_attribute_cannot_have_are_refused() {
        check(
            false,
            "DisplayName",
            &"x".repeat(101),
            Err("DisplayName: must be at most 100 characters long"),
        );
        check(
            false,
            "KmsMasterKeyId",
            &"x".repeat(2_049),
            Err("KmsMasterKeyId: must be at most 2048 bytes long"),
        );
        check(
            false,
            "SignatureVersion",
            "3",
            Err("SignatureVersion: Invalid value [3]. Please use either 1 or 2"),
        );
        check(
            false,
            "TracingConfig",
            "On",
            Err("TracingConfig: Invalid value [On]. Please use either PassThrough or Active"),
        );
        let size = "MaximumMessageSize: Invalid value [1023]. Must be an integer from 1024 to 1048576.";
        check(false, "MaximumMessageSize", "1023", Err(size));
        check(false, "Policy", "", Err("Policy Error: null"));
        check(false, "DeliveryPolicy", r#"{"x":1}"#, Err("DeliveryPolicy: Unexpected JSON member: x"));
        check(
            true,
            "ContentBasedDeduplication",
            "yes",
            Err("ContentBasedDeduplication: Invalid value [yes]. Must be true or false."),
        );
        let archive = "Attributes Reason: ArchivePolicy: MessageRetentionPeriod value is invalid";
        for policy in [
            "x",
            "[]",
            r#"{"MessageRetentionPeriod":"366"}"#,
            r#"{"MessageRetentionPeriod":"0"}"#,
            r#"{"a":1}"#,
        ] {
            check(true, "ArchivePolicy", policy, Err(archive));
        }
    }

    #[test]
    fn some_attributes_are_of_one_kind_of_topic_only() {
        for name in ["ContentBasedDeduplication", "FifoThroughputScope", "FifoTopic", "Colour"] {
            check(false, name, "true", Err("AttributeName"));
        }
        check(true, "TracingConfig", "Active", Err("AttributeName"));
        check(true, "FifoTopic", "true", Err("AttributeName"));
    }

    #[test]
    fn an_archive_is_kept_for_days_until_its_policy_is_empty() {
        let mut attributes = initial(false);
        for (policy, days) in [
            (r#"{"MessageRetentionPeriod":"30"}"#, Some(30)),
            (r#"{"MessageRetentionPeriod":365}"#, Some(365)),
            ("{}", None),
            (r#"{"MessageRetentionPeriod":"1"}"#, Some(1)),
            ("", None),
        ] {
            set(&mut attributes, &orders(), "ArchivePolicy", policy, Through::SetTopicAttributes).unwrap();
            assert_eq!(attributes.archive, days.map(|days| DAY * days), "{policy}");
            assert_eq!(value(&attributes, "ArchivePolicy").as_deref(), days.map(|_| policy));
        }
    }
}
