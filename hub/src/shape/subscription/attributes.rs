//! The attributes of a subscription: which there are, and what values they can have.

use crate::shape::arn::Arn;
use crate::shape::subscription::protocol::Protocol;
use crate::shape::subscription::redrive::{self, Subscribed};
use crate::shape::subscription::{delivery, endpoint, replay};
use crate::shape::through::Through;
use crate::shape::topic::limits;
use crate::wire::Fault;
use filters::{ErrorKind, Policy, Scope, is_no_policy};
use queue_core::{FilterScope, SubscriptionAttributes};

/// The forms in which messages are written to a URL: AWS's, and the two of CloudEvents. AWS has no such attribute.
const DELIVERY_FORMATS: [&str; 3] = ["sns", "cloudevents-binary", "cloudevents-structured"];

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
    check_role(attributes, of, through)?;
    check_filter(attributes, through)
}

fn set_one(
    attributes: &mut SubscriptionAttributes,
    name: &str,
    value: &str,
    of: &Subscribed<'_>,
    through: Through,
) -> Result<(), Fault> {
    let protocol = Protocol::of(of.endpoint);
    let is_posted = protocol.is_some_and(Protocol::posts);
    let unsupported = |what: &str| {
        let protocol = endpoint::protocol(of.endpoint);
        Err(through.wrong(format_args!("{name}: Delivery protocol [{protocol}] does not support {what}.")))
    };
    match name {
        "FilterPolicy" if is_no_policy(value) => {
            attributes.filter = None;
            attributes.filter_scope = None;
        }
        "FilterPolicy" => attributes.filter = Some(value.into()),
        "FilterPolicyScope" => attributes.filter_scope = Some(scope(value, through)?),
        "RawMessageDelivery" => {
            let raw = through.flag(name, value)?;
            if raw && !protocol.is_some_and(Protocol::takes_raw) {
                return unsupported("raw message delivery");
            }
            attributes.raw = raw;
        }
        "RedrivePolicy" if value.is_empty() => attributes.dead_letters = None,
        "RedrivePolicy" => {
            let flaw = |flaw: String| through.wrong(format_args!("RedrivePolicy: {flaw}"));
            attributes.dead_letters = Some(redrive::parse(value, of).map_err(flaw)?);
        }
        "ReplayPolicy" => replay::set(attributes, value)?,
        "DeliveryPolicy" if is_posted || value.is_empty() => {
            keep(attributes, name, delivery::parse(value, through)?);
        }
        "DeliveryPolicy" => return unsupported("delivery policies"),
        "DeliveryFormat" | "SubscriptionRoleArn" if value.is_empty() => keep(attributes, name, None),
        "DeliveryFormat" if is_posted => keep(attributes, name, Some(delivery_format(value, through)?)),
        "DeliveryFormat" => return unsupported("delivery formats"),
        "SubscriptionRoleArn" if protocol == Some(Protocol::Firehose) => {
            keep(attributes, name, Some(role(value, through)?));
        }
        "SubscriptionRoleArn" => return unsupported("subscription roles"),
        _ => return Err(through.unknown(name)),
    }
    Ok(())
}

/// Keeps the text of an attribute that is only kept, or forgets it.
fn keep(attributes: &mut SubscriptionAttributes, name: &str, text: Option<Box<str>>) {
    match text {
        Some(text) => attributes.texts.insert(name.into(), text),
        None => attributes.texts.remove(name),
    };
}

fn delivery_format(value: &str, through: Through) -> Result<Box<str>, Fault> {
    if DELIVERY_FORMATS.contains(&value) {
        return Ok(value.into());
    }
    let [first, second, third] = DELIVERY_FORMATS;
    let rule = format_args!("Please use either {first}, {second} or {third}");
    Err(through.wrong(format_args!("DeliveryFormat: Invalid value [{value}]. {rule}")))
}

fn role(value: &str, through: Through) -> Result<Box<str>, Fault> {
    let is_role = |arn: Arn<'_>| arn.service == "iam" && arn.resource.starts_with("role/");
    if value.len() <= limits::ATTRIBUTE_BYTES_MAX && Arn::parse(value).is_some_and(is_role) {
        return Ok(value.into());
    }
    Err(through
        .wrong(format_args!("SubscriptionRoleArn: Invalid value [{value}]. Must be the ARN of a role.")))
}

/// What writes to a stream needs a role to do so.
fn check_role(
    attributes: &SubscriptionAttributes,
    of: &Subscribed<'_>,
    through: Through,
) -> Result<(), Fault> {
    let is_needed = Protocol::of(of.endpoint) == Some(Protocol::Firehose);
    if is_needed && !attributes.texts.contains_key("SubscriptionRoleArn") {
        let what = "SubscriptionRoleArn: Delivery protocol [firehose] requires a subscription role.";
        return Err(through.wrong(what));
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
        _ => attributes.texts.get(name).map(ToString::to_string),
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
    use crate::catalogue::Catalogue;
    use queue_core::{Endpoint, Name, Outside};

    fn set_all(pairs: &[(&str, &str)], through: Through) -> Result<SubscriptionAttributes, Fault> {
        let queue = Endpoint::Queue(Name::new("000000000000", "us-east-1", "invoices"));
        set_of(&queue, pairs, through)
    }

    fn set_outside(protocol: &str, pairs: &[(&str, &str)]) -> Result<SubscriptionAttributes, String> {
        let outside = Outside { protocol: protocol.into(), address: "there".into() };
        let set = set_of(&Endpoint::Outside(outside), pairs, Through::SetSubscriptionAttributes);
        set.map_err(|fault| fault.message().trim_start_matches("Invalid parameter: ").to_owned())
    }

    fn set_of(
        endpoint: &Endpoint,
        pairs: &[(&str, &str)],
        through: Through,
    ) -> Result<SubscriptionAttributes, Fault> {
        let topic = &Name::new("000000000000", "us-east-1", "orders");
        let catalogue = &Catalogue::default();
        let of = Subscribed { topic, topic_is_fifo: false, owner: "000000000000", endpoint, catalogue };
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

    const ROLE: (&str, &str) = ("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/writer");

    #[test]
    fn some_attributes_are_only_for_some_protocols() {
        let raw = ("RawMessageDelivery", "true");
        let policy = ("DeliveryPolicy", r#"{"throttlePolicy":{"maxReceivesPerSecond":1}}"#);
        let format = ("DeliveryFormat", "cloudevents-structured");
        // Whether each of them can be set: raw, policy, format, role.
        for (protocol, expected) in [
            ("http", [true, true, true, false]),
            ("https", [true, true, true, false]),
            ("email", [false, false, false, false]),
            ("lambda", [false, false, false, false]),
            ("firehose", [true, false, false, true]),
        ] {
            let needed = if protocol == "firehose" { &[ROLE][..] } else { &[] };
            let is_set = |pair| set_outside(protocol, &[needed, &[pair]].concat()).is_ok();
            assert_eq!([raw, policy, format, ROLE].map(is_set), expected, "{protocol}");
            // To leave out what there cannot be is no mistake.
            let left_out = [(raw.0, "false"), (policy.0, ""), (format.0, "")];
            assert!(left_out.into_iter().all(is_set), "{protocol}");
        }
        let refused = |pair| set_outside("lambda", &[pair]).unwrap_err();
        let support = "Delivery protocol [lambda] does not support";
        assert_eq!(refused(raw), format!("RawMessageDelivery: {support} raw message delivery."));
        assert_eq!(refused(format), format!("DeliveryFormat: {support} delivery formats."));
        assert_eq!(refused(ROLE), format!("SubscriptionRoleArn: {support} subscription roles."));
    }

    #[test]
    fn attributes_that_are_only_kept_are_checked_and_can_be_removed() {
        let name = "DeliveryFormat";
        let kept = set_outside("http", &[(name, "sns")]).unwrap();
        assert_eq!(value(&kept, name).as_deref(), Some("sns"));
        let removed = set_outside("http", &[(name, "sns"), (name, "")]).unwrap();
        assert_eq!(value(&removed, name), None);
        let rule = "Please use either sns, cloudevents-binary or cloudevents-structured";
        let expected = format!("DeliveryFormat: Invalid value [xml]. {rule}");
        assert_eq!(set_outside("http", &[(name, "xml")]), Err(expected));
        let required = "SubscriptionRoleArn: Delivery protocol [firehose] requires a subscription role.";
        for pairs in [&[][..], &[ROLE, (ROLE.0, "")]] {
            assert_eq!(set_outside("firehose", pairs), Err(required.to_owned()));
        }
        let wrong = "SubscriptionRoleArn: Invalid value [writer]. Must be the ARN of a role.";
        assert_eq!(set_outside("firehose", &[(ROLE.0, "writer")]), Err(wrong.to_owned()));
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
