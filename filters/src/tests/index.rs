//! Asking many policies together comes to the same as asking each.

use proptest::prelude::*;

use super::total::{bodies, policies};
use crate::{Attribute, Index, Message, Policy, Scope};

/// Policies that want exact values, of which several may want the same, or the same values at several keys.
fn exact() -> impl Strategy<Value = String> {
    let value = || prop::sample::select(vec!["1", "1.0", "5.5", "\"a\"", "\"ab\"", "\"1\"", "null", "true"]);
    let key = || prop::sample::select(vec!["a", "b", "a.b", "c"]);
    let leaf = move || {
        (key(), prop::collection::vec(value(), 1..3))
            .prop_map(|(key, values)| format!("\"{key}\":[{}]", values.join(",")))
    };
    let either = prop::collection::vec(leaf(), 2..4).prop_map(|leaves| {
        let branches: Vec<_> = leaves.iter().map(|leaf| format!("{{{leaf}}}")).collect();
        format!("\"$or\":[{}]", branches.join(","))
    });
    prop::collection::vec(prop_oneof![3 => leaf(), 1 => either], 1..4)
        .prop_map(|members| format!("{{{}}}", members.join(",")))
}

/// Compiled policies of both scopes, and places without one.
fn lists() -> impl Strategy<Value = Vec<Option<Policy>>> {
    let scope = prop::sample::select(vec![Scope::MessageAttributes, Scope::MessageBody]);
    let policy = (prop_oneof![3 => exact().boxed(), 1 => policies().boxed()], scope);
    prop::collection::vec(policy.prop_map(|(text, scope)| Policy::compile(&text, scope).ok()), 0..12)
}

fn attributes() -> impl Strategy<Value = Vec<(&'static str, &'static str, &'static str)>> {
    let value = prop::sample::select(vec![
        ("String", "a"),
        ("String", "ab"),
        ("String", "1"),
        ("Number", "1"),
        ("Number", "55e-1"),
        ("Number.x", "one"),
        ("String.Array", r#"["a",1]"#),
        ("String.Array", "[]"),
    ]);
    let name = prop::sample::select(vec!["a", "b", "a.b", "c"]);
    prop::collection::vec((name, value).prop_map(|(name, (data_type, text))| (name, data_type, text)), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn an_index_finds_what_asking_each_policy_finds(
        list in lists(),
        body in bodies(),
        attributes in attributes(),
    ) {
        let attributes = attributes.iter().map(|(name, data_type, text)| {
            Attribute { name, data_type, text: Some(text) }
        });
        let message = Message::new(&body, attributes);
        let passes = |policy: &Option<Policy>| policy.as_ref().is_none_or(|policy| policy.matches(&message));
        let each: Vec<_> = (0..list.len()).filter(|place| passes(&list[*place])).collect();
        prop_assert_eq!(Index::new(list).matches(&message), each);
    }
}
