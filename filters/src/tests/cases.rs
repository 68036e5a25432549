//! The cases under `cases/`: policies with the service's verdict, each with the confidence in that verdict.

use serde_json::Value;

use crate::{Attribute, Error, ErrorKind, Message, Policy, Scope};

const ATTRIBUTES: &str = include_str!("../../cases/attributes.json");
const BODY: &str = include_str!("../../cases/body.json");
const REFUSALS: &str = include_str!("../../cases/refusals.json");

/// Cases of less than high confidence in which we differ on purpose, each with its reason.
const DIFFERENT: [(&str, &str); 0] = [];

/// Runs each case of a file and collects those that come out otherwise than expected.
fn check(cases: &str, expected_count: usize, outcome: fn(&Value) -> Result<(), String>) {
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    assert_eq!(cases.len(), expected_count);
    let mut failures = Vec::new();
    for case in &cases {
        let id = text(&case["id"]);
        let listed = DIFFERENT.iter().any(|(different, _)| *different == id);
        assert!(!listed || text(&case["confidence"]) != "high", "{id} is certain, and cannot be listed");
        match outcome(case) {
            Ok(()) if listed => failures.push(format!("{id} is listed as different, but is not")),
            Err(failure) if !listed => failures.push(format!("{id}: {failure}\n    {case}")),
            Ok(()) | Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn verdict(case: &Value, scope: Scope, message: &Message<'_>) -> Result<(), String> {
    let policy = Policy::compile(&case["policy"].to_string(), scope).map_err(|error| error.to_string())?;
    let explained = policy.explain(message);
    assert_eq!(policy.matches(message), explained.is_ok(), "explain and matches differ on {case}");
    match (text(&case["expect"]), explained) {
        ("accept", Ok(())) | ("reject", Err(_)) => Ok(()),
        ("accept", Err(refusal)) => Err(format!("rejected: {refusal}")),
        (expected, Ok(())) => Err(format!("accepted, expected {expected}")),
        (expected, Err(_)) => Err(format!("no such expectation: {expected}")),
    }
}

#[test]
fn messages_pass_or_not_by_their_attributes_as_the_service_says() {
    check(ATTRIBUTES, 67, |case| {
        let attributes = case["attributes"].as_object().unwrap().iter().map(|(name, attribute)| Attribute {
            name,
            data_type: text(&attribute[0]),
            text: attribute[1].as_str(),
        });
        verdict(case, Scope::MessageAttributes, &Message::new("ignored", attributes))
    });
}

#[test]
fn messages_pass_or_not_by_their_body_as_the_service_says() {
    check(BODY, 59, |case| verdict(case, Scope::MessageBody, &Message::new(text(&case["body"]), [])));
}

/// The whole first line of the answer, which differs with the operation.
fn answer(error: &Error, operation: &str) -> String {
    let attributes = if operation == "Subscribe" { "Attributes Reason: " } else { "" };
    let parameter = if error.kind == ErrorKind::NestedInAttributeScope { "" } else { "FilterPolicy: " };
    format!("Invalid parameter: {attributes}{parameter}{error}")
}

#[test]
fn policies_are_refused_in_the_words_of_the_service() {
    check(REFUSALS, 42, |case| {
        let scope = Scope::named(text(&case["scope"])).unwrap();
        let error = match (text(&case["expect"]), Policy::compile(text(&case["policy"]), scope)) {
            ("valid", Ok(_)) => return Ok(()),
            ("invalid", Err(error)) => error,
            (expected, compiled) => return Err(format!("expected {expected}, compiled to {compiled:?}")),
        };
        let answer = answer(&error, text(&case["api"]));
        match case["message"].as_str() {
            Some(expected) if expected != answer => return Err(format!("answered {answer}")),
            Some(_) | None => {}
        }
        match case["located"].as_bool() {
            Some(located) if located != error.location.is_some() => Err(format!("at {:?}", error.location)),
            Some(_) | None => Ok(()),
        }
    });
}
