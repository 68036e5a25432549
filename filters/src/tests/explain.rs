//! What a refusal says.

use crate::{Attribute, Message, Operator, Policy, Reason, Refusal, Scope};

fn check(policy: &str, body: &str, key: &str, operator: Operator, reason: Reason) {
    let compiled = Policy::compile(policy, Scope::MessageBody).unwrap();
    let expected = Refusal { key: key.to_owned(), operator, reason };
    assert_eq!(compiled.explain(&Message::new(body, [])), Err(expected), "{policy} on {body}");
}

#[test]
fn a_refusal_names_the_first_key_that_fails() {
    let policy = r#"{"a": {"b": [1]}, "c": [{"prefix": "x"}, "y"], "d": [{"exists": false}]}"#;
    check(policy, r#"{"c": "x"}"#, "a.b", Operator::Exact, Reason::KeyAbsent);
    check(policy, r#"{"a.b": 1, "c": "z"}"#, "c", Operator::Prefix, Reason::NoValueMatched);
    check(policy, r#"{"a.b": 1, "c": "xx", "d": 1}"#, "d", Operator::Exists, Reason::KeyPresent);
}

#[test]
fn a_refusal_tells_another_element_from_another_value() {
    let policy = r#"{"a": {"x": [1], "y": [{"numeric": ["=", 2]}]}}"#;
    check(policy, r#"{"a": [{"x": 1, "y": 0}, {"y": 2}]}"#, "a.y", Operator::Numeric, Reason::OtherElement);
    check(policy, r#"{"a": [{"x": 1, "y": 0}]}"#, "a.y", Operator::Numeric, Reason::NoValueMatched);
}

#[test]
fn of_several_branches_the_one_followed_furthest_is_explained() {
    let policy =
        r#"{"s": ["s"], "$or": [{"a": [1]}, {"b": [{"anything-but": 1}], "c": [{"cidr": "::/0"}]}]}"#;
    check(policy, r#"{"b": 1}"#, "s", Operator::Exact, Reason::KeyAbsent);
    check(policy, r#"{"s": "s", "b": 1}"#, "a", Operator::Exact, Reason::KeyAbsent);
    check(policy, r#"{"s": "s", "b": 2, "c": "x"}"#, "c", Operator::Cidr, Reason::NoValueMatched);
}

#[test]
fn a_message_without_the_part_that_is_asked_about_says_so() {
    check(r#"{"k": [1]}"#, "[1]", "k", Operator::Exact, Reason::NotAnObject);
    let policy = Policy::compile(r#"{"k": [{"exists": false}]}"#, Scope::MessageAttributes).unwrap();
    let binary = Attribute { name: "b", data_type: "Binary", text: None };
    let refusal = policy.explain(&Message::new("{}", [binary])).unwrap_err();
    assert_eq!(refusal.reason, Reason::NoAttributes);
    assert_eq!(refusal.to_string(), "k (exists): the message has no attributes");
}
