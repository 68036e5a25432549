//! The attribute `Policy`, which is kept as it was sent.

use super::limits;
use serde_json::{Map, Value};

/// Whether a text has the form of a policy of a queue. Whether the principals that it names exist cannot be known.
pub(crate) fn is_valid(text: &str) -> bool {
    if text.len() > limits::POLICY_BYTES {
        return false;
    }
    let statements = match serde_json::from_str(text) {
        Ok(Value::Object(mut policy)) if is_version(policy.get("Version")) => policy.remove("Statement"),
        _ => None,
    };
    let statements = match statements {
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    (1..=limits::POLICY_STATEMENTS).contains(&statements.len())
        && statements.iter().all(|statement| statement.as_object().is_some_and(is_statement))
}

fn is_version(version: Option<&Value>) -> bool {
    let version = version.map(Value::as_str);
    matches!(version, None | Some(Some("2008-10-17" | "2012-10-17")))
}

fn is_statement(statement: &Map<String, Value>) -> bool {
    let effect = statement.get("Effect").and_then(Value::as_str);
    let one_of = |name: &str, opposite: &str| match (statement.get(name), statement.get(opposite)) {
        (Some(value), None) | (None, Some(value)) => Some(value),
        (Some(_), Some(_)) | (None, None) => None,
    };
    matches!(effect, Some("Allow" | "Deny"))
        && one_of("Principal", "NotPrincipal").is_some_and(is_principal)
        && one_of("Action", "NotAction").is_some_and(is_texts)
        && statement.get("Resource").is_none_or(is_texts)
        && statement.get("Condition").is_none_or(Value::is_object)
}

fn is_principal(principal: &Value) -> bool {
    match principal {
        Value::String(text) => text == "*",
        Value::Object(kinds) => !kinds.is_empty() && kinds.values().all(is_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}

fn is_texts(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(texts) => !texts.is_empty() && texts.iter().all(Value::is_string),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: &str = r#"{"Sid":"1","Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},
        "Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn"}}}"#;

    #[test]
    fn a_policy_has_statements() {
        let many = format!(r#"{{"Statement":[{}]}}"#, [STATEMENT; 21].join(","));
        let large = format!(r#"{{"Id":"{}","Statement":{STATEMENT}}}"#, "x".repeat(8_192));
        let cases = [
            (format!(r#"{{"Version":"2012-10-17","Statement":[{STATEMENT}]}}"#), true),
            (format!(r#"{{"Version":"2008-10-17","Id":"x","Statement":{STATEMENT}}}"#), true),
            (r#"{"Statement":{"Effect":"Deny","Principal":"*","NotAction":["sqs:*"]}}"#.to_owned(), true),
            (
                r#"{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":["1","2"]},"Action":"*"}}"#
                    .to_owned(),
                true,
            ),
            (format!(r#"{{"Version":"2020-10-17","Statement":[{STATEMENT}]}}"#), false),
            (r#"{"Statement":{"Effect":"Maybe","Principal":"*","Action":"*"}}"#.to_owned(), false),
            (r#"{"Statement":{"Effect":"Allow","Principal":"me","Action":"*"}}"#.to_owned(), false),
            (r#"{"Statement":{"Effect":"Allow","Principal":"*"}}"#.to_owned(), false),
            (r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#.to_owned(), false),
            (r#"{"Statement":[]}"#.to_owned(), false),
            (r#"{"Statement":["x"]}"#.to_owned(), false),
            ("{}".to_owned(), false),
            ("[]".to_owned(), false),
            ("policy".to_owned(), false),
            (many, false),
            (large, false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_valid(&text), expected, "{text}");
        }
    }
}
