//! The attributes of a subscription: which there are, and what values they can have.

use crate::shape::subscription::endpoint;
use crate::shape::subscription::redrive::{self, Subscribed};
use crate::shape::subscription::replay;
use crate::shape::through::Through;
use crate::wire::Fault;
use filters::{ErrorKind, Policy, Scope, is_no_policy};
use queue_core::{FilterScope, SubscriptionAttributes};

/// Sets attributes, each from a name and a value, which is empty if the attribute is to be removed.
pub(crate) fn set<'p>(
    attributes: &mut SubscriptionAttributes,
    pairs: impl Iterator<Item = (&'p str, &'p str)> + Clone,
    of: &Subscribed<'_>,
    through: Through,
) -> Result<(), Fault> {
    // A filter policy without a key takes the scope with it, so the scope goes first, whatever the order is.
    let is_scope = |(name, _): &(&str, &str)| *name == "FilterPolicyScope";
    for (name, value) in pairs.clone().filter(is_scope).chain(pairs.filter(|pair| !is_scope(pair))) {
        set_one(attributes, name, value, of, through)?;
    }
    check_filter(attributes, through)
}

fn set_one(
    attributes: &mut SubscriptionAttributes,
    name: &str,
    value: &str,
    of: &Subscribed<'_>,
    through: Through,
) -> Result<(), Fault> {
    let protocol = endpoint::protocol(of.endpoint);
    let unsupported = |what: &str| {
        Err(through.wrong(format_args!("{name}: Delivery protocol [{protocol}] does not support {what}.")))
    };
    match name {
        "FilterPolicy" if is_no_policy(value) => {
            attributes.filter = None;
            attributes.filter_scope = None;
        }
        "FilterPolicy" => attributes.filter = Some(value.into()),
        "FilterPolicyScope" => attributes.filter_scope = Some(scope(value, through)?),
        "RawMessageDelivery" => attributes.raw = through.flag(name, value)?,
        "RedrivePolicy" if value.is_empty() => attributes.dead_letters = None,
        "RedrivePolicy" => {
            let flaw = |flaw: String| through.wrong(format_args!("RedrivePolicy: {flaw}"));
            attributes.dead_letters = Some(redrive::parse(value, of).map_err(flaw)?);
        }
        "ReplayPolicy" => replay::set(attributes, value)?,
        "DeliveryPolicy" | "SubscriptionRoleArn" if value.is_empty() => {}
        "DeliveryPolicy" => return unsupported("delivery policies"),
        "SubscriptionRoleArn" => return unsupported("subscription roles"),
        _ => return Err(through.unknown(name)),
    }
    Ok(())
}

fn scope(value: &str, through: Through) -> Result<FilterScope, Fault> {
    match Scope::named(value) {
        Some(Scope::MessageAttributes) => Ok(FilterScope::Attributes),
        Some(Scope::MessageBody) => Ok(FilterScope::Body),
        None => {
            // Recorded in this order, and without a full stop.
            let [one, other] = [Scope::MessageBody, Scope::MessageAttributes];
            through.one_of("FilterPolicyScope", value, [one.as_str(), other.as_str()])?;
            Ok(FilterScope::Attributes)
        }
    }
}

/// A filter policy and its scope have to go together, whichever of them was set last.
fn check_filter(attributes: &SubscriptionAttributes, through: Through) -> Result<(), Fault> {
    let Some(text) = &attributes.filter else {
        return Ok(());
    };
    policy(text, scope_of(attributes), through).map(drop)
}

/// A filter policy, or what AWS says is wrong with it.
pub(crate) fn policy(text: &str, scope: Scope, through: Through) -> Result<Policy, Fault> {
    Policy::compile(text, scope).map_err(|error| {
        // The only mistake that AWS does not call one of the policy.
        if error.kind == ErrorKind::NestedInAttributeScope {
            through.wrong(error)
        } else {
            through.wrong(format_args!("FilterPolicy: {}", located(&error)))
        }
    })
}

/// An error with the place where reading stopped, in the words of the library that AWS reads JSON with.
pub(crate) fn located(error: &filters::Error) -> String {
    let source = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";
    match error.location {
        Some(location) => format!("{error}\n at [Source: {source}; {location}]"),
        None => error.to_string(),
    }
}

fn scope_of(attributes: &SubscriptionAttributes) -> Scope {
    match attributes.filter_scope {
        Some(FilterScope::Attributes) | None => Scope::MessageAttributes,
        Some(FilterScope::Body) => Scope::MessageBody,
    }
}

/// The value of an attribute as it is shown; none if it is not set.
pub(crate) fn value(attributes: &SubscriptionAttributes, name: &str) -> Option<String> {
    match name {
        "FilterPolicy" => attributes.filter.as_deref().map(str::to_owned),
        // A scope is not shown before there is something that it is the scope of.
        "FilterPolicyScope" => attributes.filter.as_ref().map(|_| scope_of(attributes).as_str().to_owned()),
        "RawMessageDelivery" => Some(attributes.raw.to_string()),
        "RedrivePolicy" => attributes.dead_letters.as_ref().map(redrive::text),
        "ReplayPolicy" => attributes.texts.get(name).map(ToString::to_string),
        _ => None,
    }
}

/// Whether an attribute has one value in two subscriptions. Policies may be spaced differently.
pub(crate) fn agrees(one: &SubscriptionAttributes, other: &SubscriptionAttributes, name: &str) -> bool {
    if name == "FilterPolicyScope" {
        return scope_of(one) == scope_of(other);
    }
    let (one, other) = (value(one, name), value(other, name));
    let json = |text: &Option<String>| serde_json::from_str::<serde_json::Value>(text.as_deref()?).ok();
    one == other || json(&one).is_some_and(|json_of_one| json(&other) == Some(json_of_one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::{Endpoint, Name};

    fn set_all(pairs: &[(&str, &str)], through: Through) -> Result<SubscriptionAttributes, Fault> {
        let name = |name: &str| Name::new("000000000000", "us-east-1", name);
        let of = Subscribed {
            topic: &name("orders"),
            topic_is_fifo: false,
            owner: "000000000000",
            endpoint: &Endpoint::Queue(name("invoices")),
        };
        let mut attributes = SubscriptionAttributes::default();
        set(&mut attributes, pairs.iter().copied(), &of, through).map(|()| attributes)
    }

    fn check(pairs: &[(&str, &str)], expected: [Option<&str>; 4]) {
        let attributes = set_all(pairs, Through::Subscribe).unwrap();
        let names = ["FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"];
        let shown = names.map(|name| value(&attributes, name));
        assert_eq!(shown.each_ref().map(Option::as_deref), expected, "{pairs:?}");
    }

    fn check_refused(pairs: &[(&str, &str)], at_subscribe: &str, afterwards: &str) {
        let cases = [(Through::Subscribe, at_subscribe), (Through::SetSubscriptionAttributes, afterwards)];
        for (through, expected) in cases {
            let fault = set_all(pairs, through).unwrap_err();
            assert_eq!(fault.message(), format!("Invalid parameter: {expected}"), "{pairs:?}");
        }
    }

    #[test]
    fn attributes_are_shown_as_they_were_set() {
        let raw = Some("false");
        check(&[], [None, None, raw, None]);
        check(&[("RawMessageDelivery", "True")], [None, None, Some("true"), None]);
        check(
            &[("FilterPolicy", r#"{"a": ["b"]}"#)],
            [Some(r#"{"a": ["b"]}"#), Some("MessageAttributes"), raw, None],
        );
        let dead = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"}"#;
        check(&[("RedrivePolicy", dead)], [None, None, raw, Some(dead)]);
        check(&[("RedrivePolicy", dead), ("RedrivePolicy", "")], [None, None, raw, None]);
    }

    #[test]
    fn a_filter_and_its_scope_may_come_in_any_order() {
        let (filter, scope) =
            (("FilterPolicy", r#"{"a":{"b":["c"]}}"#), ("FilterPolicyScope", "MessageBody"));
        for pairs in [[filter, scope], [scope, filter]] {
            check(&pairs, [Some(filter.1), Some("MessageBody"), Some("false"), None]);
        }
        check(&[scope], [None, None, Some("false"), None]);
        for nothing in ["{}", "", " { } "] {
            check(&[scope, ("FilterPolicy", nothing)], [None, None, Some("false"), None]);
        }
    }

    #[test]
    fn what_is_wrong_is_said_as_each_operation_says_it() {
        let both = |text: &str| (format!("Attributes Reason: {text}"), text.to_owned());
        for (name, value, text) in [
            ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
            (
                "FilterPolicyScope",
                "Body",
                "FilterPolicyScope: Invalid value [Body]. Please use either MessageBody or MessageAttributes",
            ),
            (
                "FilterPolicy",
                r#"{"a":{"b":["c"]}}"#,
                "Filter policy scope MessageAttributes does not support nested filter policy",
            ),
            ("RedrivePolicy", "{}", "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
            (
                "DeliveryPolicy",
                "{}",
                "DeliveryPolicy: Delivery protocol [sqs] does not support delivery policies.",
            ),
        ] {
            let (at_subscribe, afterwards) = both(text);
            check_refused(&[(name, value)], &at_subscribe, &afterwards);
        }
        let replay = "ReplayPolicy: JSON is missing required fields";
        check_refused(&[("ReplayPolicy", r#"{"PointType":"Timestamp"}"#)], replay, replay);
        check_refused(&[("Colour", "red")], "Attributes Reason: Unknown attribute: Colour", "AttributeName");
    }

    #[test]
    fn attributes_agree_if_they_mean_the_same() {
        let policy = |text| set_all(&[("FilterPolicy", text)], Through::Subscribe).unwrap();
        let (one, same, other) =
            (policy(r#"{"a":["b"]}"#), policy(r#"{ "a": [ "b" ] }"#), policy(r#"{"a":["c"]}"#));
        assert!(agrees(&one, &same, "FilterPolicy"));
        assert!(!agrees(&one, &other, "FilterPolicy"));
        assert!(!agrees(&one, &SubscriptionAttributes::default(), "FilterPolicy"));
        assert!(agrees(&one, &SubscriptionAttributes::default(), "FilterPolicyScope"));
        assert!(agrees(&one, &other, "RawMessageDelivery"));
    }
}
