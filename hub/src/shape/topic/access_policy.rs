//! The topic attribute `Policy`: who may do what with a topic. Here it is only checked and kept.

use crate::shape::arn;
use crate::shape::principal::may_exist;
use crate::shape::topic::limits;
use queue_core::Name;
use serde_json::Value;
use std::fmt;

/// The actions that have a topic as their resource.
const ACTIONS: [&str; 16] = [
    "AddPermission",
    "ConfirmSubscription",
    "DeleteTopic",
    "GetDataProtectionPolicy",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "Publish",
    "PublishBatch",
    "PutDataProtectionPolicy",
    "Receive",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
    "TagResource",
    "UntagResource",
];

/// What is wrong with a policy, in the words that follow `Invalid parameter: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is not the JSON of a policy, too large, or of something else.
    Unreadable,
    /// A principal cannot be anybody.
    PrincipalNotFound,
    /// An action is not one of SNS.
    ActionOutOfScope,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "Policy Error: null",
            Self::PrincipalNotFound => "Policy Error: PrincipalNotFound",
            Self::ActionOutOfScope => "Policy statement action out of service scope!",
        })
    }
}

/// The policy of a topic that was not given one: its own account may do everything.
pub(crate) fn default_of(topic: &Name) -> String {
    let arn = arn::of_topic(topic);
    let account = &topic.account;
    format!(
        concat!(
            r#"{{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","#,
            r#""Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","#,
            r#""SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","#,
            r#""SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"{arn}","#,
            r#""Condition":{{"StringEquals":{{"AWS:SourceOwner":"{account}"}}}}}}]}}"#,
        ),
        arn = arn,
        account = account,
    )
}

/// Whether a text can be the policy of this topic.
pub(crate) fn check(text: &str, topic: &Name) -> Result<(), Flaw> {
    if text.len() > limits::POLICY_BYTES_MAX {
        return Err(Flaw::Unreadable);
    }
    let policy: Value = serde_json::from_str(text).map_err(|_| Flaw::Unreadable)?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if limits::POLICY_STATEMENTS.contains(&statements.len()) => {
            statements.as_slice()
        }
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return Err(Flaw::Unreadable),
    };
    let arn = arn::of_topic(topic);
    statements.iter().try_for_each(|statement| check_statement(statement, &arn))
}

fn check_statement(statement: &Value, topic_arn: &str) -> Result<(), Flaw> {
    let member = |names: [&str; 2]| names.into_iter().find_map(|name| statement.get(name));
    let is_effect = |effect: &Value| matches!(effect.as_str(), Some("Allow" | "Deny"));
    if !statement.get("Effect").is_some_and(is_effect) {
        return Err(Flaw::Unreadable);
    }
    check_principals(member(["Principal", "NotPrincipal"]).ok_or(Flaw::Unreadable)?)?;
    let actions = texts(member(["Action", "NotAction"]).ok_or(Flaw::Unreadable)?)?;
    if !actions.into_iter().all(is_of_topics) {
        return Err(Flaw::ActionOutOfScope);
    }
    let resources = texts(member(["Resource", "NotResource"]).ok_or(Flaw::Unreadable)?)?;
    let is_meant = |resource: &&str| *resource == topic_arn || resource.contains(['*', '?']);
    if resources.iter().all(is_meant) { Ok(()) } else { Err(Flaw::Unreadable) }
}

/// Whether an action of SNS can be about a topic. Patterns are taken as they are.
fn is_of_topics(action: &str) -> bool {
    let name = action.split_once(':').filter(|(service, _)| service.eq_ignore_ascii_case("sns"));
    name.is_some_and(|(_, name)| {
        name.contains(['*', '?']) || ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(name))
    })
}

fn check_principals(principals: &Value) -> Result<(), Flaw> {
    let by_kind = match principals {
        Value::String(text) if text == "*" => return Ok(()),
        Value::Object(by_kind) => by_kind,
        _ => return Err(Flaw::Unreadable),
    };
    let accounts = by_kind.get("AWS").map_or(Ok(Vec::new()), texts)?;
    if accounts.len() > limits::POLICY_PRINCIPALS_MAX {
        return Err(Flaw::Unreadable);
    }
    if accounts.into_iter().all(may_exist) { Ok(()) } else { Err(Flaw::PrincipalNotFound) }
}

/// One text or a list of some.
fn texts(value: &Value) -> Result<Vec<&str>, Flaw> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(texts) if !texts.is_empty() => {
            texts.iter().map(|text| text.as_str().ok_or(Flaw::Unreadable)).collect()
        }
        _ => Err(Flaw::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Name {
        Name::new("000000000000", "us-east-1", "orders")
    }

    fn check_all(cases: &[(&str, Result<(), Flaw>)]) {
        for (text, expected) in cases {
            assert_eq!(check(text, &orders()), *expected, "{text}");
        }
    }

    #[test]
    fn the_default_policy_is_one() {
        let text = default_of(&orders());
        assert!(
            text.starts_with(r#"{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"#)
        );
        assert!(text.contains(r#""Resource":"arn:aws:sns:us-east-1:000000000000:orders","Condition":{"#));
        assert!(text.ends_with(r#"{"StringEquals":{"AWS:SourceOwner":"000000000000"}}}]}"#));
        check_all(&[(&text, Ok(()))]);
    }

    #[test]
    fn a_policy_has_statements_about_sns() {
        let statement = |principal: &str, action: &str| {
            let head = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#;
            format!(r#"{head}"Principal":{principal},"Action":{action},"Resource":"*"}}]}}"#)
        };
        let publish = r#""SNS:Publish""#;
        check_all(&[
            ("", Err(Flaw::Unreadable)),
            ("{}", Err(Flaw::Unreadable)),
            (r#"{"Statement":[]}"#, Err(Flaw::Unreadable)),
            (&statement(r#""*""#, publish), Ok(())),
            (&statement(r#"{"Service":"s3.amazonaws.com"}"#, r#"["sns:Publish"]"#), Ok(())),
            (&statement(r#"{"AWS":"111122223333"}"#, publish), Ok(())),
            (&statement(r#"{"AWS":["arn:aws:iam::111122223333:root","*"]}"#, publish), Ok(())),
            (&statement(r#"{"AWS":"nobody"}"#, publish), Err(Flaw::PrincipalNotFound)),
            (&statement(r#"{"AWS":"arn:aws:iam::1:user/x"}"#, publish), Err(Flaw::PrincipalNotFound)),
            (&statement(r#""*""#, r#""sqs:SendMessage""#), Err(Flaw::ActionOutOfScope)),
            (&statement(r#""*""#, r#"["SNS:Publish","*"]"#), Err(Flaw::ActionOutOfScope)),
            (&statement(r#""*""#, r#"["SNS:*","sns:Get*","SNS:Receive"]"#), Ok(())),
            (&statement(r#""*""#, r#""SNS:CreateTopic""#), Err(Flaw::ActionOutOfScope)),
            (&statement(r#""*""#, r#""SNS:Foo""#), Err(Flaw::ActionOutOfScope)),
            (&statement(r#""*""#, "[]"), Err(Flaw::Unreadable)),
        ]);
    }

    #[test]
    fn a_policy_is_about_its_topic() {
        let on = |resource: &str| {
            let head = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"SNS:Publish""#;
            format!("{head}{resource}}}}}")
        };
        let arn = |name: &str| format!("arn:aws:sns:us-east-1:000000000000:{name}");
        check_all(&[
            (&on(&format!(r#","Resource":"{}""#, arn("orders"))), Ok(())),
            (&on(&format!(r#","Resource":["{}","*"]"#, arn("ord*"))), Ok(())),
            (&on(&format!(r#","Resource":"{}""#, arn("others"))), Err(Flaw::Unreadable)),
            (&on(&format!(r#","Resource":["*","{}"]"#, arn("others"))), Err(Flaw::Unreadable)),
            (&on(""), Err(Flaw::Unreadable)),
        ]);
    }

    #[test]
    fn a_statement_has_two_hundred_accounts_at_most() {
        let of = |count: u64| {
            let accounts: Vec<_> = (0..count).map(|number| format!("{number:012}")).collect();
            let statement = serde_json::json!({
                "Effect": "Allow", "Principal": {"AWS": accounts}, "Action": "SNS:Publish", "Resource": "*",
            });
            serde_json::json!({ "Statement": [statement] }).to_string()
        };
        check_all(&[(&of(200), Ok(())), (&of(201), Err(Flaw::Unreadable))]);
    }
}
