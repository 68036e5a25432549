//! Permissions: statements of a queue's policy that are added and removed by their label.
//!
//! The policy is the attribute `Policy` itself, so what was added is shown with it at once, and what was set there can
//! be removed by its `Sid`.

use super::attribute::Attribute;
use super::{limits, policy};
use crate::auth::{is_account, is_owners_alone};
use crate::catalogue::QueueView;
use crate::shape::arn;
use crate::shape::statements::{Statements, allow};
use crate::wire::{Code, Fault};
use queue_core::{Command, SetQueueAttributes};
use serde_json::{Map, json};

/// The parameter `Label`, which has to be there.
pub(crate) fn label(given: Option<String>) -> Result<String, Fault> {
    given.filter(|label| !label.is_empty()).ok_or_else(|| Fault::missing_parameter("Label"))
}

/// What is to be allowed to whom.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Permission<'a> {
    label: &'a str,
    accounts: &'a [String],
    /// As a policy names them.
    actions: Vec<String>,
}

impl<'a> Permission<'a> {
    /// Reads what is to be allowed.
    pub(crate) fn parse(label: &'a str, accounts: &'a [String], actions: &[String]) -> Result<Self, Fault> {
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
        let actions = actions.iter().map(|action| action_in_policy(action)).collect::<Result<_, _>>()?;
        Ok(Self { label, accounts, actions })
    }

    /// The change that adds this to the policy of a queue.
    pub(crate) fn add_to(&self, queue: &QueueView) -> Result<Command, Fault> {
        let arn = arn::of_queue(&queue.name);
        let mut statements = statements_of(queue)?.unwrap_or_else(|| none_yet(&arn));
        if statements.has(self.label) {
            return Err(Fault::invalid_value(self.label, "Label", "Already exists."));
        }
        statements.add(allow(self.label, self.accounts, self.actions.iter().cloned(), &arn));
        if statements.len() > limits::POLICY_STATEMENTS {
            return Err(over_limit(statements.len(), "Statements", limits::POLICY_STATEMENTS));
        }
        let text = statements.text();
        let before = Attribute::Policy.stored(&queue.attributes);
        // What another version accepted is not refused now, but for what is added.
        if !policy::is_valid(&text) && before.is_none_or(policy::is_valid) {
            let (bytes, principals) = (limits::POLICY_BYTES, limits::POLICY_PRINCIPALS);
            let message = format!("A policy can have at most {bytes} bytes and {principals} principals.");
            return Err(Fault::new(Code::OverLimit, message));
        }
        Ok(set(queue, Some(text)))
    }
}

/// The change that takes the statement of that label out of the policy of a queue.
pub(crate) fn remove_from(queue: &QueueView, label: &str) -> Result<Command, Fault> {
    let unknown = || Fault::invalid_value(label, "Label", "can't find label.");
    let mut statements = statements_of(queue)?.ok_or_else(unknown)?;
    if !statements.remove(label) {
        return Err(unknown());
    }
    let rest = (statements.len() > 0).then(|| statements.text());
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

fn over_limit(found: usize, what: &str, maximum: usize) -> Fault {
    Fault::new(Code::OverLimit, format!("{found} {what} were found, maximum allowed is {maximum}."))
}

fn none_yet(arn: &str) -> Statements {
    let id = format!("{arn}/SQSDefaultPolicy");
    let members = [("Version".to_owned(), json!("2008-10-17")), ("Id".to_owned(), json!(id))];
    Statements::of(Map::from_iter(members))
}

fn statements_of(queue: &QueueView) -> Result<Option<Statements>, Fault> {
    let text = Attribute::Policy.stored(&queue.attributes);
    text.map(Statements::parse).transpose().map_err(|error| {
        tracing::error!(%error, queue = %queue.name.name, "a policy that was accepted cannot be read");
        Fault::internal()
    })
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
