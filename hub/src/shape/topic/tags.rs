//! Tags of a topic, as requests bring them.

use crate::shape::queue::tag::is_reserved;
use crate::shape::topic::limits;
use crate::wire::{Code, Fault};
use queue_core::Tags;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// The shape `Tag`, in the order in which AWS writes its members.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Tag {
    value: Option<String>,
    key: Option<String>,
}

/// The tags of a request; no key may come twice.
pub(crate) fn parse(tags: &[Tag]) -> Result<Tags, Fault> {
    let mut parsed = Tags::new();
    for (number, tag) in (1..).zip(tags) {
        let missing = |member: &str| Fault::null_member(&format!("tags.{number}.member.{member}"));
        let key = tag.key.as_deref().ok_or_else(|| missing("key"))?;
        let value = tag.value.as_deref().ok_or_else(|| missing("value"))?;
        check_length(key, &limits::TAG_KEY, number, "key")?;
        check_length(value, &limits::TAG_VALUE, number, "value")?;
        if is_reserved(key) {
            return Err(Fault::invalid_parameter("Tag keys cannot start with the reserved prefix aws:."));
        }
        if parsed.insert(key.into(), value.into()).is_some() {
            return Err(Fault::invalid_parameter("Duplicated keys are not allowed."));
        }
    }
    within_quota(parsed)
}

fn check_length(
    text: &str,
    characters: &RangeInclusive<usize>,
    number: usize,
    member: &str,
) -> Result<(), Fault> {
    let length = text.chars().count();
    let (rule, bound) = match length {
        _ if length < *characters.start() => ("greater", characters.start()),
        _ if length > *characters.end() => ("less", characters.end()),
        _ => return Ok(()),
    };
    let rule = format!("Member must have length {rule} than or equal to {bound}");
    let place = format!("at 'tags.{number}.member.{member}' failed to satisfy constraint");
    let message = format!("1 validation error detected: Value '{text}' {place}: {rule}");
    Err(Fault::new(Code::ValidationError, message))
}

/// The tags, if a topic can have so many.
pub(crate) fn within_quota(tags: Tags) -> Result<Tags, Fault> {
    if tags.len() > limits::TAGS_MAX {
        let message = "Could not complete request: tag quota of per resource exceeded";
        return Err(Fault::new(Code::TagLimitExceeded, message));
    }
    Ok(tags)
}

/// The tags as an answer lists them.
pub(crate) fn shown(tags: &Tags) -> Vec<Tag> {
    let all =
        tags.iter().map(|(key, value)| Tag { value: Some(value.to_string()), key: Some(key.to_string()) });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tags: &[(Option<&str>, Option<&str>)], expected: Result<usize, &str>) {
        let tag = |(key, value): &(Option<&str>, Option<&str>)| Tag {
            value: value.map(str::to_owned),
            key: key.map(str::to_owned),
        };
        let tags: Vec<_> = tags.iter().map(tag).collect();
        let parsed = parse(&tags).map(|tags| tags.len()).map_err(|fault| fault.message().to_owned());
        assert_eq!(parsed, expected.map_err(str::to_owned));
    }

    #[test]
    fn tags_have_a_key_of_their_own_and_a_value_each() {
        check(&[], Ok(0));
        check(&[(Some("a"), Some("1")), (Some("b"), Some(""))], Ok(2));
        check(
            &[(Some("a"), Some("1")), (Some("a"), Some("2"))],
            Err("Invalid parameter: Duplicated keys are not allowed."),
        );
        let null = |path: &str| {
            let rule = "failed to satisfy constraint: Member must not be null";
            format!("1 validation error detected: Value null at '{path}' {rule}")
        };
        check(&[(Some("a"), Some("1")), (None, Some("2"))], Err(&null("tags.2.member.key")));
        check(&[(Some("a"), None)], Err(&null("tags.1.member.value")));
        let reserved = "Invalid parameter: Tag keys cannot start with the reserved prefix aws:.";
        check(&[(Some("Aws:k"), Some("1"))], Err(reserved));
    }

    #[test]
    fn keys_and_values_have_lengths() {
        let (key, value) = ("k".repeat(128), "v".repeat(256));
        check(&[(Some(&key), Some(&value))], Ok(1));
        let said = |text: &str, member: &str, rule: &str| {
            let place = format!("at 'tags.1.member.{member}' failed to satisfy constraint");
            format!("1 validation error detected: Value '{text}' {place}: Member must have length {rule}")
        };
        check(&[(Some(""), Some(""))], Err(&said("", "key", "greater than or equal to 1")));
        let long = format!("{key}k");
        check(&[(Some(&long), Some(""))], Err(&said(&long, "key", "less than or equal to 128")));
        let long = format!("{value}v");
        check(&[(Some("k"), Some(&long))], Err(&said(&long, "value", "less than or equal to 256")));
    }

    #[test]
    fn a_topic_has_fifty_tags_at_most() {
        let keys: Vec<_> = (0..51).map(|number| number.to_string()).collect();
        let tags: Vec<_> = keys.iter().map(|key| (Some(key.as_str()), Some("v"))).collect();
        check(&tags[..50], Ok(50));
        check(&tags, Err("Could not complete request: tag quota of per resource exceeded"));
    }
}
