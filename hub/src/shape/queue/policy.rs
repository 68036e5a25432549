//! The attribute `Policy`, which is kept as it was sent.

use super::limits;
use crate::shape::principal;
use serde_json::{Map, Value};

/// Whether a text has the form of a policy of a queue.
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
    let statements = statements.iter().map(|statement| statement.as_object().filter(|it| is_statement(it)));
    let Some(statements) = statements.collect::<Option<Vec<_>>>() else {
        return false;
    };
    let total =
        |count: fn(&Map<String, Value>) -> usize| statements.iter().copied().map(count).sum::<usize>();
    (1..=limits::POLICY_STATEMENTS).contains(&statements.len())
        && total(principals) <= limits::POLICY_PRINCIPALS
        && total(conditions) <= limits::POLICY_CONDITIONS
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
    let of_kind = |(kind, names): (&String, &Value)| {
        is_texts(names) && (kind != "AWS" || texts(names).all(principal::may_exist))
    };
    match principal {
        Value::String(text) => text == "*",
        Value::Object(kinds) => !kinds.is_empty() && kinds.iter().all(of_kind),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}

fn principals(statement: &Map<String, Value>) -> usize {
    let named = [statement.get("Principal"), statement.get("NotPrincipal")].into_iter().flatten();
    named
        .map(|principal| principal.as_object().map_or(1, |kinds| kinds.values().flat_map(texts).count()))
        .sum()
}

fn conditions(statement: &Map<String, Value>) -> usize {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.map(|(_, keys)| keys.as_object().map_or(1, Map::len)).sum()
}

/// One text, or those of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
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
        let principals = |count: usize| {
            let names = vec![r#""111122223333""#; count].join(",");
            format!(r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":[{names}]}},"Action":"*"}}}}"#)
        };
        let conditions = |count: usize| {
            let keys = (0..count).map(|key| format!(r#""aws:{key}":"x""#)).collect::<Vec<_>>().join(",");
            let condition = format!(r#"{{"StringEquals":{{{keys}}}}}"#);
            format!(
                r#"{{"Statement":{{"Effect":"Deny","Principal":"*","Action":"*","Condition":{condition}}}}}"#
            )
        };
        let large = format!(r#"{{"Id":"{}","Statement":{STATEMENT}}}"#, "x".repeat(8_192));
        let cases = [
            (format!(r#"{{"Version":"2012-10-17","Statement":[{STATEMENT}]}}"#), true),
            (format!(r#"{{"Version":"2008-10-17","Id":"x","Statement":{STATEMENT}}}"#), true),
            (r#"{"Statement":{"Effect":"Deny","Principal":"*","NotAction":["sqs:*"]}}"#.to_owned(), true),
            (
                r#"{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":["111122223333","*"]},"Action":"*"}}"#
                    .to_owned(),
                true,
            ),
            (principals(50), true),
            (principals(51), false),
            (conditions(10), true),
            (conditions(11), false),
            (r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"nobody"},"Action":"*"}}"#.to_owned(), false),
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
