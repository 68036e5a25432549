//! What holds for any input: an answer, soon.

use proptest::prelude::*;

use crate::limits::POLICY_BYTES_MAX;
use crate::{Attribute, ErrorKind, Message, Policy, Reason, Scope};

const SCOPES: [Scope; 2] = [Scope::MessageAttributes, Scope::MessageBody];

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let check = |opening: &str, expected: fn(&ErrorKind) -> bool| {
        let text = opening.repeat(POLICY_BYTES_MAX / opening.len());
        let kind = Policy::compile(&text, Scope::MessageBody).unwrap_err().kind;
        assert!(expected(&kind), "{opening}: {kind:?}");
    };
    check("[", |kind| *kind == ErrorKind::NotAnObject);
    check(r#"{"k":["#, |kind| *kind == ErrorKind::UnknownOperator("k".to_owned()));
    check(r#"{"k":[["#, |kind| *kind == ErrorKind::NestedArray);
    check(r#"{"k":"#, |kind| *kind == ErrorKind::TooComplex);
    check(r#"{"$or":[{"a":[1]},"#, |kind| *kind == ErrorKind::TooComplex);
    assert!(Policy::compile(&"[".repeat(100_000), Scope::MessageBody).is_err());
}

#[test]
fn a_policy_of_more_than_its_bytes_is_refused() {
    let text = format!(r#"{{"k":["{}"]}}"#, "a".repeat(POLICY_BYTES_MAX));
    assert_eq!(Policy::compile(&text, Scope::MessageBody).unwrap_err().kind, ErrorKind::TooLarge);
}

#[test]
fn a_body_that_nests_too_deep_does_not_match() {
    let policy = Policy::compile(r#"{"k": [{"exists": false}]}"#, Scope::MessageBody).unwrap();
    for opening in ["[", r#"{"k":"#, r#"{"k":["#] {
        assert!(!policy.matches(&Message::new(&opening.repeat(100_000), [])));
    }
}

/// Five keys that match in a thousand elements each, and never in the same one.
#[test]
fn lists_of_many_elements_do_not_multiply() {
    let policy =
        Policy::compile(r#"{"l": {"a": [1], "b": [1], "c": [1], "d": [1], "e": [1]}}"#, Scope::MessageBody);
    let elements: Vec<String> =
        (0..5_000).map(|index| format!(r#"{{"{}": 1}}"#, ["a", "b", "c", "d", "e"][index % 5])).collect();
    let nested = format!(r#"{{"l": [{}]}}"#, elements.join(","));
    assert!(!policy.unwrap().matches(&Message::new(&nested, [])));
}

/// Texts made of the pieces of policies, some of which are policies.
pub(super) fn policies() -> impl Strategy<Value = String> {
    let pattern = prop::sample::select(vec![
        "1",
        "\"a\"",
        "null",
        "true",
        r#"{"prefix":"a"}"#,
        r#"{"suffix":"a"}"#,
        r#"{"wildcard":"*a*b"}"#,
        r#"{"exists":true}"#,
        r#"{"exists":false}"#,
        r#"{"anything-but":["a","b"]}"#,
        r#"{"anything-but":1}"#,
        r#"{"numeric":[">",0,"<=",5]}"#,
        r#"{"cidr":"10.0.0.0/8"}"#,
        r#"{"equals-ignore-case":"A"}"#,
    ]);
    let leaf = prop::collection::vec(pattern, 1..3).prop_map(|patterns| format!("[{}]", patterns.join(",")));
    let key = || prop::sample::select(vec!["a", "b", "a.b", "$or", ""]);
    let object = move |inner: BoxedStrategy<String>| {
        prop::collection::vec((key(), inner), 1..4).prop_map(|entries| {
            let entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", entries.join(","))
        })
    };
    let value = leaf.boxed().prop_recursive(3, 12, 3, move |inner| {
        let branches =
            prop::collection::vec(object(inner.clone()), 2..3).prop_map(|all| format!("[{}]", all.join(",")));
        prop_oneof![2 => object(inner), 1 => branches]
    });
    object(value.boxed())
}

/// Bodies with the keys of those policies.
pub(super) fn bodies() -> impl Strategy<Value = String> {
    let scalar =
        prop::sample::select(vec!["1", "5.5", "\"a\"", "\"ab\"", "\"10.1.2.3\"", "null", "true", "[]", "{}"]);
    let value = scalar.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
        let key = prop::sample::select(vec!["a", "b", "a.b", "$or", ""]);
        let object = prop::collection::vec((key, inner.clone()), 0..4).prop_map(|members| {
            let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        });
        let list =
            prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(",")));
        prop_oneof![object, list]
    });
    prop_oneof![4 => value.prop_map(|value| format!("{{\"a\":{value},\"b\":[{value},1]}}")), 1 => ".*"]
}

proptest! {
    #[test]
    fn any_text_is_a_policy_or_not(text in ".*") {
        for scope in SCOPES {
            let _ = Policy::compile(&text, scope);
        }
    }

    #[test]
    fn any_piece_of_a_policy_is_a_policy_or_not(text in policies(), end in any::<prop::sample::Index>()) {
        let end = end.index(text.len() + 1);
        for scope in SCOPES {
            let _ = Policy::compile(&text[..end], scope);
        }
    }

    #[test]
    fn a_message_matches_unless_there_is_a_reason(policy in policies(), body in bodies()) {
        let message = Message::new(&body, []);
        if let Ok(policy) = Policy::compile(&policy, Scope::MessageBody) {
            let explained = policy.explain(&message);
            prop_assert_eq!(policy.matches(&message), explained.is_ok());
            let has_no_object = explained.is_err_and(|refusal| refusal.reason == Reason::NotAnObject);
            prop_assert_eq!(has_no_object, !message.has(Scope::MessageBody));
        }
    }

    #[test]
    fn any_attribute_matches_or_not(
        policy in policies(),
        data_type in prop::sample::select(vec!["String", "String.Array", "Number", "Number.x", "Binary", ""]),
        text in prop_oneof![".*", "-?[0-9.e]{0,5}", r#"\[("a",|1,|null,)*1\]"#],
    ) {
        let message = Message::new("", ["a", "b"].map(|name| Attribute { name, data_type, text: Some(&text) }));
        if let Ok(policy) = Policy::compile(&policy, Scope::MessageAttributes) {
            prop_assert_eq!(policy.matches(&message), policy.explain(&message).is_ok());
        }
    }
}
