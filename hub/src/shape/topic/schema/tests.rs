use super::*;
use serde_json::json;

fn rule(schema: Value) -> Result<Option<Rule>, String> {
    parse(&json!({ "schema": schema, "mode": "reject" }).to_string())
}

fn check_schema(schema: Value, expected: Result<(), &str>) {
    let shown = schema.to_string().chars().take(80).collect::<String>();
    assert_eq!(rule(schema).map(|_| ()), expected.map_err(str::to_owned), "{shown}");
}

fn check_message(schema: &Value, message: &str, expected: Result<(), &str>) {
    let rule = rule(schema.clone()).unwrap().unwrap();
    let checked = rule.check(message).map_err(|mismatch| mismatch.reason);
    assert_eq!(checked, expected.map_err(str::to_owned), "{message}");
}

#[test]
fn a_message_that_does_not_fit_is_told_what_and_where() {
    let schema = json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": { "$ref": "#/$defs/id" },
            "lines": { "items": { "properties": { "count": { "minimum": 1 } } } },
        },
        "$defs": { "id": { "type": "string", "pattern": "^[a-z]+$" } },
    });
    check_message(&schema, r#"{"id":"a"}"#, Ok(()));
    check_message(&schema, r#"{"id":"a","lines":[{"count":1}],"more":null}"#, Ok(()));
    check_message(&schema, "{}", Err(r#""id" is a required property at #"#));
    check_message(&schema, r#"{"id":7}"#, Err(r#"value is not of type "string" at #/id"#));
    check_message(&schema, r#"{"id":"A"}"#, Err(r#"value does not match "^[a-z]+$" at #/id"#));
    let count = "value is less than the minimum of 1 at #/lines/1/count";
    check_message(&schema, r#"{"id":"a","lines":[{},{"count":0}]}"#, Err(count));
    for message in ["", "hello", "{", r#"{"id":"a"} x"#] {
        check_message(&schema, message, Err("the message is no JSON at #"));
    }
}

#[test]
fn a_deep_message_does_not_fit() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    check_message(&json!(true), &nested(64), Ok(()));
    let deep = "the message is more than 64 levels deep at #";
    check_message(&json!(true), &nested(65), Err(deep));
    check_message(&json!(true), &nested(10_000), Err("the message is no JSON at #"));
}

#[test]
fn a_key_that_xml_cannot_carry_is_told_without_it() {
    let schema = json!({ "additionalProperties": { "type": "string" } });
    let expected = "value is not of type \"string\" at #/a\u{fffd}";
    check_message(&schema, r#"{"a\u0000":1}"#, Err(expected));
}

#[test]
fn references_stay_within_a_schema() {
    check_schema(json!({ "$ref": "#/$defs/a", "$defs": { "a": true } }), Ok(()));
    check_schema(json!({ "properties": { "child": { "$ref": "#" } } }), Ok(()));
    check_schema(json!({ "enum": [{ "$ref": "http://example.com/x" }] }), Ok(()));
    check_schema(json!({ "properties": { "$ref": { "type": "string" } } }), Ok(()));
    for reference in ["http://example.com/x", "file:///etc/hostname", "other.json", "#anchor", ""] {
        let said = format!("the reference {reference} does not lead into the schema itself (#/...)");
        check_schema(json!({ "items": { "$ref": reference } }), Err(&said));
    }
    check_schema(json!({ "$ref": "#/$defs/a" }), Err("the reference #/$defs/a leads nowhere"));
    check_schema(json!({ "$dynamicRef": "#a" }), Err("$dynamicRef is not supported"));
    check_schema(json!({ "$id": "http://example.com/x", "type": "object" }), Ok(()));
    check_schema(json!({ "items": { "$id": "http://example.com/x" } }), Err("$id can stand at the top only"));
}

#[test]
fn a_schema_that_leads_back_to_the_same_value_is_refused() {
    let circle = "references go round in a circle, or lead on more than 16 times";
    check_schema(json!({ "$ref": "#" }), Err(circle));
    check_schema(json!({ "allOf": [{ "$ref": "#" }] }), Err(circle));
    check_schema(json!({ "items": { "not": { "if": { "$ref": "#/items" } } } }), Err(circle));
    let chain = |links: usize| {
        let link =
            |number: usize| (format!("d{number}"), json!({ "$ref": format!("#/$defs/d{}", number + 1) }));
        let mut defs = (1..links).map(link).collect::<Map<_, _>>();
        defs.insert(format!("d{links}"), json!(true));
        json!({ "$ref": "#/$defs/d1", "$defs": defs })
    };
    check_schema(chain(15), Ok(()));
    check_schema(chain(16), Err(circle));
}

#[test]
fn a_schema_that_is_too_much_work_is_refused() {
    let doubling = |levels: usize| {
        let level = |number: usize| {
            let next = json!({ "$ref": format!("#/$defs/d{}", number + 1) });
            (format!("d{number}"), json!({ "allOf": [next, next] }))
        };
        let mut defs = (1..levels).map(level).collect::<Map<_, _>>();
        defs.insert(format!("d{levels}"), json!({ "type": "string" }));
        json!({ "$ref": "#/$defs/d1", "$defs": defs })
    };
    check_schema(doubling(7), Ok(()));
    check_schema(doubling(8), Ok(()));
    let list = json!({ "anyOf": vec![true; 41] });
    let wide = json!({ "anyOf": vec![json!({ "$ref": "#/$defs/b" }); 40], "$defs": {
        "a": list, "b": { "anyOf": vec![json!({ "$ref": "#/$defs/a" }); 40] },
    } });
    check_schema(wide, Err("more than 65536 parts are about one value"));
    let many = json!({ "prefixItems": vec![json!({ "$ref": "#/$defs/a" }); 257], "$defs": { "a": true } });
    check_schema(many, Err("there are more than 256 references"));
    let deep = (0..32).fold(json!(true), |inner, _| json!({ "items": inner }));
    check_schema(deep, Err("the schema is more than 32 levels deep"));
}

#[test]
fn where_the_work_doubles_with_each_level_messages_have_few() {
    let again = json!({ "properties": { "a": { "$ref": "#" } } });
    let doubling = json!({ "allOf": [again, again] });
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels - 1), "}".repeat(levels - 1));
    check_message(&doubling, &nested(14), Ok(()));
    check_message(&doubling, &nested(15), Err("the message is more than 14 levels deep at #"));
    let apart =
        json!({ "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" } }, "items": { "$ref": "#" } });
    check_message(&apart, &nested(64), Ok(()));
}

#[test]
fn the_deepest_message_fits_the_longest_chains() {
    let link = |number: usize| {
        (format!("d{number}"), json!({ "allOf": [{ "$ref": format!("#/$defs/d{}", number + 1) }] }))
    };
    let mut defs = (1..7).map(link).collect::<Map<_, _>>();
    defs.insert("d7".to_owned(), json!({ "items": { "$ref": "#/$defs/d1" } }));
    let schema = json!({ "$ref": "#/$defs/d1", "$defs": defs });
    let message = format!("{}{}", "[".repeat(64), "]".repeat(64));
    check_message(&schema, &message, Ok(()));
}

#[test]
fn a_long_way_through_references_can_be_compiled() {
    let link = |number: usize| {
        let next = json!({ "$ref": format!("#/$defs/d{}", (number + 1) % 250) });
        (format!("d{number}"), json!({ "properties": { "a": next } }))
    };
    let schema = json!({ "$ref": "#/$defs/d0", "$defs": (0..250).map(link).collect::<Map<_, _>>() });
    let message = format!("{}1{}", r#"{"a":"#.repeat(63), "}".repeat(63));
    check_message(&schema, &message, Ok(()));
}

#[test]
fn patterns_are_of_the_kind_that_takes_linear_time() {
    check_schema(json!({ "pattern": "^(a+)+$" }), Ok(()));
    for pattern in ["(?=a)b", r"(a)\1", "(", "(?:(?:a{100}){100}){100}"] {
        assert!(rule(json!({ "pattern": pattern })).is_err(), "{pattern}");
    }
}

#[test]
fn what_is_no_schema_is_refused() {
    check_schema(
        json!({ "type": "thing" }),
        Err("value is not valid under any of the schemas listed in the 'anyOf' keyword at #/type"),
    );
    assert!(rule(json!({ "$schema": "http://example.com/own" })).is_err());
    assert!(rule(json!(7)).is_err());
    let text = |length: usize| {
        let empty = r#"{"mode":"reject","schema":{"title":""}}"#;
        empty.replace(r#""""#, &format!(r#""{}""#, "x".repeat(length - empty.len())))
    };
    assert!(parse(&text(65_536)).is_ok());
    assert_eq!(parse(&text(65_537)).err().as_deref(), Some("must be at most 65536 bytes long"));
}

#[test]
fn a_mode_says_what_becomes_of_messages() {
    let queue = "arn:aws:sqs:us-east-1:000000000000:dead";
    let name = Name::new("000000000000", "us-east-1", "dead");
    let lone = "deadLetterTargetArn goes with mode deadletter only";
    for (given, expected) in [
        (json!({ "schema": true, "mode": "reject" }), Ok(Mode::Reject)),
        (json!({ "schema": true, "mode": "warn" }), Ok(Mode::Warn)),
        (
            json!({ "schema": true, "mode": "deadletter", "deadLetterTargetArn": queue }),
            Ok(Mode::DeadLetter(name)),
        ),
        (json!({ "schema": true, "mode": "deadletter" }), Err("mode deadletter needs a deadLetterTargetArn")),
        (json!({ "schema": true, "mode": "warn", "deadLetterTargetArn": queue }), Err(lone)),
        (
            json!({ "schema": true, "mode": "deadletter", "deadLetterTargetArn": "dead" }),
            Err("deadLetterTargetArn is an invalid arn"),
        ),
        (json!({ "mode": "warn" }), Err("it has no schema")),
        (json!({ "schema": true }), Err("mode must be reject, warn or deadletter")),
        (json!({ "schema": true, "mode": "stop" }), Err("mode must be reject, warn or deadletter")),
        (
            json!({ "schema": true, "mode": "warn", "colour": 1 }),
            Err(r#"it has schema, mode and deadLetterTargetArn, but no "colour""#),
        ),
    ] {
        let mode = parse(&given.to_string()).map(|rule| rule.unwrap().mode);
        assert_eq!(mode, expected.map_err(str::to_owned), "{given}");
    }
    assert!(parse("{}").unwrap().is_none());
    assert!(parse("[]").is_err() && parse("x").is_err());
}

#[test]
fn a_message_is_no_more_work_than_its_values_allow() {
    let tree = |wide: usize, part: &str| json!({ "anyOf": vec![json!({ "$ref": part }); wide] });
    let schema = json!({
        "items": { "not": { "$ref": "#/$defs/c" } },
        "$defs": { "a": { "enum": ["never"] }, "b": tree(39, "#/$defs/a"), "c": tree(39, "#/$defs/b") },
    });
    let rule = rule(schema).unwrap().unwrap();
    let list = |length: usize| serde_json::to_string(&vec![1; length]).unwrap();
    assert_eq!(rule.check(&list(100)), Ok(()));
    let reason = rule.check(&list(100_000)).unwrap_err().reason;
    assert_eq!(reason, "the message has too many values for this schema at #");
}

#[test]
fn patterns_are_few() {
    let part = |number: usize| json!({ "pattern": format!("^{number}$") });
    let parts = |length: usize| json!({ "anyOf": (0..length).map(part).collect::<Vec<_>>() });
    check_schema(parts(64), Ok(()));
    check_schema(parts(65), Err("there are more than 64 patterns"));
    let names =
        |length: usize| (0..length).map(|number| (format!("^{number}$"), json!({}))).collect::<Map<_, _>>();
    check_schema(json!({ "patternProperties": names(65) }), Err("there are more than 64 patterns"));
}
