//! Tags of a topic, as requests bring them.

use crate::wire::{Code, Fault};
use queue_core::Tags;
use serde::{Deserialize, Serialize};

/// Tags that one topic can have.
const TAGS_MAX: usize = 50;

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
        if parsed.insert(key.into(), value.into()).is_some() {
            return Err(Fault::invalid_parameter("Duplicated keys are not allowed."));
        }
    }
    within_quota(parsed)
}

/// The tags, if a topic can have so many.
pub(crate) fn within_quota(tags: Tags) -> Result<Tags, Fault> {
    if tags.len() > TAGS_MAX {
        let message = "Could not complete request: tag quota of per resource exceeded";
        return Err(Fault::new(Code::TagLimitExceeded, message));
    }
    Ok(tags)
}

/// The tags as an answer lists them.
pub(crate) fn shown(tags: &Tags) -> Vec<Tag> {
    let one = |(key, value): (&Box<str>, &Box<str>)| Tag {
        value: Some(value.clone().into()),
        key: Some(key.clone().into()),
    };
    tags.iter().map(one).collect()
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
    }

    #[test]
    fn a_topic_has_fifty_tags_at_most() {
        let keys: Vec<_> = (0..51).map(|number| number.to_string()).collect();
        let tags: Vec<_> = keys.iter().map(|key| (Some(key.as_str()), Some("v"))).collect();
        check(&tags[..50], Ok(50));
        check(&tags, Err("Could not complete request: tag quota of per resource exceeded"));
    }
}
