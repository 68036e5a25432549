//! Lists, told in another way: a body matches if it does with one element left of each list.
//!
//! Absence has no part in this: it is that of the whole body, not of a choice from it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{Message, Policy, Scope};

/// More bodies than this are not tried.
const CHOICES_MAX: usize = 3_000;

/// The value with each list replaced by one of its elements, in every possible way.
fn choices(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(elements) if elements.is_empty() => vec![value.clone()],
        Value::Array(elements) => elements.iter().flat_map(choices).collect(),
        Value::Object(members) => {
            let mut bodies = vec![Map::new()];
            for (key, member) in members {
                let options = choices(member);
                if bodies.len() * options.len() > CHOICES_MAX {
                    return Vec::new();
                }
                let with = |body: &Map<String, Value>, option: &Value| {
                    let mut body = body.clone();
                    body.insert(key.clone(), option.clone());
                    body
                };
                bodies =
                    bodies.iter().flat_map(|body| options.iter().map(|option| with(body, option))).collect();
            }
            bodies.into_iter().map(Value::Object).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![value.clone()],
    }
}

/// Policies whose keys share lists.
fn policies() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        r#"{"l": {"a": [1], "b": [1]}}"#,
        r#"{"l": {"a": [1], "m": {"a": [1], "b": [1]}}, "a": [1]}"#,
        r#"{"l.a": [1], "l": {"b": [0], "m.a": [1]}, "l.m.b": [1]}"#,
        r#"{"l": {"$or": [{"a": [1], "b": [0]}, {"m": {"a": [1], "b": [{"exists": true}]}}]}, "a": [1]}"#,
        r#"{"l": {"m": {"a": [1]}, "$or": [{"b": [1]}, {"m.b": [{"anything-but": 1}]}]}}"#,
    ])
}

/// What those policies ask for, alone, in a list, or in a list of lists; apart or together.
fn bodies() -> impl Strategy<Value = Value> {
    let scalar = || listed(prop::sample::select(vec![json!(0), json!(1)]).boxed());
    let inner = listed(record(vec![("a", scalar()), ("b", scalar())]));
    let outer =
        listed(record(vec![("a", scalar()), ("b", scalar()), ("m", inner.clone()), ("m.b", scalar())]));
    record(vec![("l", outer), ("a", scalar()), ("l.m", inner)])
}

/// An object with some of these members.
fn record(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(key, value)| prop::option::weighted(0.7, value).prop_map(move |value| (key.to_owned(), value)))
        .collect();
    members
        .prop_map(|members| {
            Value::Object(members.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
        })
        .boxed()
}

fn listed(value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let list = |of: BoxedStrategy<Value>| prop::collection::vec(of, 0..3).prop_map(Value::Array).boxed();
    prop_oneof![2 => value.clone(), 2 => list(value.clone()), 1 => list(list(value))].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_body_matches_if_some_choice_of_one_element_per_list_does(policy in policies(), body in bodies()) {
        let choices = choices(&body);
        prop_assume!(!choices.is_empty());
        let policy = Policy::compile(policy, Scope::MessageBody).unwrap();
        let matches = |body: &Value| policy.matches(&Message::new(&body.to_string(), []));
        prop_assert_eq!(matches(&body), choices.iter().any(matches));
    }
}
