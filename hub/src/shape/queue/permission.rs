//! Permissions: statements of a queue's policy that are added and removed by their label.
//!
//! The policy is the attribute `Policy` itself, so what was added is shown with it at once, and what was set there can
//! be removed by its `Sid`. Other statements stay as they are; only space between their words is lost.

use super::attribute::Attribute;
use super::{limits, policy};
use crate::auth::{is_account, is_owners_alone};
use crate::catalogue::QueueView;
use crate::shape::arn;
use crate::wire::{Code, Fault};
use queue_core::{Command, SetQueueAttributes};
use serde_json::{Map, Value, json};

/// The parameter `Label`, which has to be there.
pub(crate) fn label(given: Option<String>) -> Result<String, Fault> {
    given.filter(|label| !label.is_empty()).ok_or_else(|| Fault::missing_parameter("Label"))
}

/// What is to be allowed to whom.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Permission<'a> {
    label: &'a str,
    /// ARNs of the owners of accounts.
    principals: Vec<String>,
    /// As a policy names them.
    actions: Vec<String>,
}

impl<'a> Permission<'a> {
    /// Reads what is to be allowed. Who or what is named twice counts once.
    pub(crate) fn parse(label: &'a str, accounts: &[String], actions: &[String]) -> Result<Self, Fault> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !limits::LABEL.contains(&label.len()) || !label.bytes().all(is_allowed) {
            let reason =
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
            return Err(Fault::invalid_value(label, "Label", reason));
        }
        if actions.len() > limits::PERMISSION_ACTIONS {
            return Err(over_limit(actions.len(), "Actions", limits::PERMISSION_ACTIONS));
        }
        let unknown = accounts.iter().filter(|account| !is_account(account)).map(String::as_str);
        let unknown = unknown.collect::<Vec<_>>();
        if accounts.is_empty() || !unknown.is_empty() {
            let shown = format!("[{}]", unknown.join(", "));
            return Err(Fault::invalid_value(shown, "PrincipalId", "Unable to verify."));
        }
        let mut permission = Self { label, principals: Vec::new(), actions: Vec::new() };
        for action in actions {
            add_once(&mut permission.actions, action_in_policy(action)?);
        }
        for account in accounts {
            add_once(&mut permission.principals, format!("arn:aws:iam::{account}:root"));
        }
        Ok(permission)
    }

    /// The change that adds this to the policy of a queue.
    pub(crate) fn add_to(&self, queue: &QueueView) -> Result<Command, Fault> {
        let arn = arn::of_queue(&queue.name);
        let mut policy = policy_of(queue)?.unwrap_or_else(|| new_policy(&arn));
        let mut statements = take_statements(&mut policy);
        if statements.iter().any(|statement| is_labelled(statement, self.label)) {
            return Err(Fault::invalid_value(self.label, "Label", "Already exists."));
        }
        statements.push(self.statement(&arn));
        if statements.len() > limits::POLICY_STATEMENTS {
            return Err(over_limit(statements.len(), "Statements", limits::POLICY_STATEMENTS));
        }
        let text = put_statements(policy, statements);
        let before = Attribute::Policy.stored(&queue.attributes);
        // What another version accepted is not refused now, but for what is added.
        if !policy::is_valid(&text) && before.is_none_or(policy::is_valid) {
            let (bytes, principals) = (limits::POLICY_BYTES, limits::POLICY_PRINCIPALS);
            let message = format!("A policy can have at most {bytes} bytes and {principals} principals.");
            return Err(Fault::new(Code::OverLimit, message));
        }
        Ok(set(queue, Some(text)))
    }

    fn statement(&self, arn: &str) -> Value {
        json!({
            "Sid": self.label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_list(&self.principals) },
            "Action": one_or_list(&self.actions),
            "Resource": arn,
        })
    }
}

/// The change that takes the statement of that label out of the policy of a queue.
pub(crate) fn remove_from(queue: &QueueView, label: &str) -> Result<Command, Fault> {
    let unknown = || Fault::invalid_value(label, "Label", "can't find label.");
    let mut policy = policy_of(queue)?.ok_or_else(unknown)?;
    let mut statements = take_statements(&mut policy);
    let before = statements.len();
    statements.retain(|statement| !is_labelled(statement, label));
    if statements.len() == before {
        return Err(unknown());
    }
    let rest = (!statements.is_empty()).then(|| put_statements(policy, statements));
    Ok(set(queue, rest))
}

/// An action as a policy names it. A batch is allowed with its single action.
fn action_in_policy(action: &str) -> Result<String, Fault> {
    let refuse = |reason: &str| Err(Fault::invalid_value(format!("SQS:{action}"), "ActionName", reason));
    if action == "*" {
        return Ok("SQS:*".to_owned());
    }
    if !crate::sqs::knows(action) {
        return refuse("Please refer to the appropriate WSDL for a list of valid actions. ");
    }
    if is_owners_alone(action) {
        return refuse("Only the queue owner is allowed to invoke this action.");
    }
    Ok(format!("SQS:{}", action.strip_suffix("Batch").unwrap_or(action)))
}

fn add_once(texts: &mut Vec<String>, text: String) {
    if !texts.contains(&text) {
        texts.push(text);
    }
}

fn over_limit(found: usize, what: &str, maximum: usize) -> Fault {
    Fault::new(Code::OverLimit, format!("{found} {what} were found, maximum allowed is {maximum}."))
}

/// A policy writes one of something without a list around it.
fn one_or_list(texts: &[String]) -> Value {
    match texts {
        [one] => json!(one),
        texts => json!(texts),
    }
}

fn new_policy(arn: &str) -> Map<String, Value> {
    let id = format!("{arn}/SQSDefaultPolicy");
    Map::from_iter([("Version".to_owned(), json!("2008-10-17")), ("Id".to_owned(), json!(id))])
}

fn policy_of(queue: &QueueView) -> Result<Option<Map<String, Value>>, Fault> {
    let text = Attribute::Policy.stored(&queue.attributes);
    text.map(serde_json::from_str).transpose().map_err(|error| {
        tracing::error!(%error, queue = %queue.name.name, "a policy that was accepted cannot be read");
        Fault::internal()
    })
}

fn take_statements(policy: &mut Map<String, Value>) -> Vec<Value> {
    match policy.get_mut("Statement").map(Value::take) {
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}

fn put_statements(mut policy: Map<String, Value>, statements: Vec<Value>) -> String {
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Value::Object(policy).to_string()
}

fn is_labelled(statement: &Value, label: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(label)
}

fn set(queue: &QueueView, policy: Option<String>) -> Command {
    let mut attributes = queue.attributes.clone();
    let name = Attribute::Policy.name();
    match policy {
        Some(text) => attributes.texts.insert(name.into(), text.into()),
        None => attributes.texts.remove(name),
    };
    Command::SetQueueAttributes(SetQueueAttributes { queue: queue.id, seen: queue.version, attributes })
}

#[cfg(test)]
mod tests;
