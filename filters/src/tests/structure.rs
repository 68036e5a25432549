//! What the structure of policies and bodies means, beyond the recorded cases.

use crate::{Attribute, ErrorKind, Message, Policy, Scope, is_no_policy};

fn check(policy: &str, body: &str, expected: bool) {
    let compiled = Policy::compile(policy, Scope::MessageBody).unwrap();
    assert_eq!(compiled.matches(&Message::new(body, [])), expected, "{policy} on {body}");
}

fn check_attribute(policy: &str, data_type: &str, text: &str, expected: bool) {
    let compiled = Policy::compile(policy, Scope::MessageAttributes).unwrap();
    let message = Message::new("", [Attribute { name: "k", data_type, text: Some(text) }]);
    assert_eq!(compiled.matches(&message), expected, "{policy} on {data_type} {text}");
}

fn check_refused(policy: &str, expected: ErrorKind) {
    assert_eq!(Policy::compile(policy, Scope::MessageBody).unwrap_err().kind, expected, "{policy}");
}

#[test]
fn no_policy_matches_everything() {
    for text in ["", "{}", " { }\n"] {
        assert!(is_no_policy(text));
        for scope in [Scope::MessageAttributes, Scope::MessageBody] {
            assert!(Policy::compile(text, scope).unwrap().matches(&Message::new("text", [])));
        }
    }
    assert!(!is_no_policy(r#"{"k": ["v"]}"#));
    assert!(!is_no_policy("{"));
}

#[test]
fn fields_of_a_list_have_to_be_those_of_one_element() {
    let policy = r#"{"a": {"x": [1], "y": [2]}}"#;
    check(policy, r#"{"a": [{"x": 1, "y": 2}]}"#, true);
    check(policy, r#"{"a": [{"x": 0}, {"x": 1, "y": [0, 2]}]}"#, true);
    check(policy, r#"{"a": [{"x": 1, "y": 0}, {"x": 0, "y": 2}]}"#, false);
    check(policy, r#"{"a": [[{"x": 1}], [{"y": 2}]]}"#, false);
    check(policy, r#"{"a": [[{"x": 1, "y": 2}], []]}"#, true);
    check(policy, r#"{"a": {"x": [0, 1], "y": [2, 3]}}"#, true);
}

#[test]
fn lists_beside_each_other_are_independent() {
    let policy = r#"{"a": {"x": [1]}, "b": {"y": [2]}, "c": [3]}"#;
    check(policy, r#"{"a": [{"x": 0}, {"x": 1}], "b": [{"y": 2}, {"y": 0}], "c": [3, 4]}"#, true);
    check(policy, r#"{"a": [{"x": 0}, {"x": 1}], "b": [{"y": 0}, {"y": 0}], "c": [3, 4]}"#, false);
}

#[test]
fn a_list_in_a_list_of_records_belongs_to_its_record() {
    let policy = r#"{"r": {"id": [1], "tags": {"k": ["a"], "v": ["b"]}}}"#;
    let right = r#"{"r": [{"id": 1, "tags": [{"k": "a", "v": "c"}, {"k": "a", "v": "b"}]}]}"#;
    check(policy, right, true);
    check(policy, &right.replace(r#""v": "b""#, r#""v": "c""#), false);
    check(policy, r#"{"r": [{"id": 1, "tags": []}, {"id": 2, "tags": [{"k": "a", "v": "b"}]}]}"#, false);
}

#[test]
fn dotted_and_nested_keys_are_one_path_on_both_sides() {
    for policy in [
        r#"{"a": {"b": {"c": [1]}}}"#,
        r#"{"a.b": {"c": [1]}}"#,
        r#"{"a": {"b.c": [1]}}"#,
        r#"{"a.b.c": [1]}"#,
    ] {
        for body in
            [r#"{"a": {"b": {"c": 1}}}"#, r#"{"a.b": {"c": 1}}"#, r#"{"a": [{"b.c": 1}]}"#, r#"{"a.b.c": 1}"#]
        {
            check(policy, body, true);
        }
        check(policy, r#"{"a": {"b": 1}, "ab": {"c": 1}, "b": {"c": 1}, "c": 1}"#, false);
        check(policy, r#"{"a": {"b": {"c": {"d": 1}}}}"#, false);
        check(policy, r#"{"": {"a.b.c": 1}}"#, false);
    }
    check(r#"{"": {"a": [1]}}"#, r#"{"": {"a": 1}}"#, true);
    check(r#"{"": {"a": [1]}}"#, r#"{"a": 1}"#, false);
}

#[test]
fn a_path_named_twice_has_to_satisfy_both() {
    let policy = r#"{"a": {"b": [{"prefix": "x"}]}, "a.b": [{"suffix": "y"}]}"#;
    check(policy, r#"{"a": {"b": "xy"}}"#, true);
    check(policy, r#"{"a": {"b": "xx"}}"#, false);
    check(policy, r#"{"a": {"b": ["xx", "yy"]}}"#, false);
}

#[test]
fn of_two_equal_keys_the_last_counts() {
    check(r#"{"a": [1], "b": [1], "a": [2]}"#, r#"{"a": 2, "b": 1}"#, true);
    check(r#"{"a": [1], "b": [1], "a": [2]}"#, r#"{"a": 1, "b": 1}"#, false);
    check(r#"{"a": [1]}"#, r#"{"a": 1, "a": 2}"#, false);
}

#[test]
fn absence_is_that_of_the_path_in_the_whole_body() {
    let policy = r#"{"a": {"x": [1], "y": [{"exists": false}]}}"#;
    check(policy, r#"{"a": [{"x": 1}, {"x": 2}]}"#, true);
    check(policy, r#"{"a": [{"x": 1}, {"x": 2, "y": 1}]}"#, false);
    check(policy, r#"{"a": [{"x": 1, "y": []}, {"x": 2, "y": {}}]}"#, true);
    check(r#"{"a": [{"exists": false}]}"#, r#"{"a": null}"#, false);
    check(r#"{"a": [{"exists": true}, null]}"#, r#"{"a": null}"#, true);
    check(r#"{"a": [{"exists": true}]}"#, r#"{"a": ""}"#, true);
}

#[test]
fn or_is_an_operator_only_over_objects_without_operators() {
    check(r#"{"$or": [{"a": [1]}, {"b": [2]}]}"#, r#"{"b": 2}"#, true);
    check(r#"{"$or": [{"a": [1]}, {"b": [2]}]}"#, r#"{"a": 2, "b": 1}"#, false);
    check(r#"{"$or": [{"prefix": "a"}, {"suffix": "b"}]}"#, r#"{"$or": "b"}"#, true);
    check(r#"{"$or": {"a": [1]}}"#, r#"{"$or": {"a": 1}}"#, true);
    check_refused(r#"{"$or": [{"a": [1]}]}"#, ErrorKind::UnknownOperator("a".to_owned()));
    check_refused(r#"{"$or": [{"a": [1]}, {"prefix": [2]}]}"#, ErrorKind::UnknownOperator("a".to_owned()));
    check_refused(r#"{"$or": [{"a": [1]}, {}]}"#, ErrorKind::EmptyObject);
    check_refused(r#"{"$or": [{"a": [1]}, {"b": 2}]}"#, ErrorKind::NeitherObjectNorArray("b".to_owned()));
}

#[test]
fn branches_keep_to_one_element_too() {
    let policy = r#"{"a": {"x": [1], "$or": [{"y": [2]}, {"z": [3]}]}}"#;
    check(policy, r#"{"a": [{"x": 1, "z": 3}]}"#, true);
    check(policy, r#"{"a": [{"x": 1}, {"y": 2, "z": 3}]}"#, false);
}

#[test]
fn anything_but_is_satisfied_by_another_type_but_not_by_null() {
    for policy in [r#"{"k": [{"anything-but": "a"}]}"#, r#"{"k": [{"anything-but": {"prefix": "a"}}]}"#] {
        check(policy, r#"{"k": 1}"#, true);
        check(policy, r#"{"k": true}"#, true);
        check(policy, r#"{"k": null}"#, false);
        check(policy, r#"{"k": {"l": 1}}"#, false);
    }
    let list = r#"{"k": [{"anything-but": {"suffix": ["a", "b"]}}]}"#;
    check(list, r#"{"k": "xb"}"#, false);
    check(list, r#"{"k": "xc"}"#, true);
}

#[test]
fn case_is_ignored_in_every_script() {
    check(r#"{"k": [{"equals-ignore-case": "STRAßE Ж"}]}"#, r#"{"k": "straße ж"}"#, true);
    check(r#"{"k": ["a"]}"#, r#"{"k": "A"}"#, false);
}

#[test]
fn a_string_pattern_does_not_match_a_number() {
    check_attribute(r#"{"k": ["5"]}"#, "Number", "5", false);
    check_attribute(r#"{"k": [{"prefix": "5"}]}"#, "Number", "5", false);
    check_attribute(r#"{"k": [5]}"#, "Number", "5.0", true);
}

#[test]
fn a_label_does_not_change_the_type() {
    check_attribute(r#"{"k": [5]}"#, "Number.price", "5", true);
    check_attribute(r#"{"k": ["5"]}"#, "String.label", "5", true);
    check_attribute(r#"{"k": [{"exists": true}]}"#, "Binary.png", "5", false);
}

#[test]
fn an_attribute_that_is_not_of_its_type_matches_nothing() {
    for (data_type, text) in
        [("Number", "five"), ("String.Array", "[1"), ("String.Array", "[[1]]"), ("String.Array", "5")]
    {
        check_attribute(
            r#"{"k": [5, "five", {"exists": true}, {"exists": false}, {"anything-but": 6}]}"#,
            data_type,
            text,
            false,
        );
    }
}

#[test]
fn an_empty_list_is_an_absent_attribute() {
    check_attribute(r#"{"k": [{"exists": false}]}"#, "String.Array", "[]", true);
    check_attribute(r#"{"k": [{"exists": true}]}"#, "String.Array", "[]", false);
}

#[test]
fn an_attribute_is_found_by_its_whole_name() {
    let policy = Policy::compile(r#"{"a.b": ["1"]}"#, Scope::MessageAttributes).unwrap();
    let named = |name| Message::new("", [Attribute { name, data_type: "String", text: Some("1") }]);
    assert!(policy.matches(&named("a.b")));
    assert!(!policy.matches(&named("a")));
}
