//! Permissions: statements of a topic's policy that are added and removed by their label.
//!
//! The first that is added makes the policy explicit that every topic has; when only that one is left, the topic has
//! none of its own again.

use super::access_policy::{self, Flaw};
use super::attributes;
use crate::auth::is_account;
use crate::catalogue::TopicView;
use crate::shape::arn;
use crate::shape::statements::{Statements, allow};
use crate::wire::Fault;
use queue_core::{Command, SetTopicAttributes};

/// What a policy can allow to other accounts.
const ACTIONS: [&str; 8] = [
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];

/// What is to be allowed to whom.
pub(crate) struct Permission<'a> {
    pub(crate) label: &'a str,
    pub(crate) accounts: &'a [String],
    pub(crate) actions: &'a [String],
}

impl Permission<'_> {
    /// The change that adds this to the policy of a topic.
    pub(crate) fn add_to(&self, topic: &TopicView) -> Result<Command, Fault> {
        if self.label.is_empty() {
            return Err(Fault::invalid_parameter("Label"));
        }
        if !self.accounts.iter().all(|account| is_account(account)) {
            return Err(Fault::invalid_parameter(Flaw::PrincipalNotFound));
        }
        if !self.actions.iter().all(|action| ACTIONS.contains(&action.as_str())) {
            return Err(Fault::invalid_parameter(Flaw::ActionOutOfScope));
        }
        let mut statements = statements_of(topic)?;
        if statements.has(self.label) {
            return Err(Fault::invalid_parameter("Statement already exists"));
        }
        let actions = self.actions.iter().map(|action| format!("SNS:{action}"));
        statements.add(allow(self.label, self.accounts, actions, &arn::of_topic(&topic.name)));
        let text = statements.text();
        access_policy::check(&text, &topic.name).map_err(Fault::invalid_parameter)?;
        Ok(set(topic, &text))
    }
}

/// The change that takes the statement of that label out of the policy of a topic, if there is one.
pub(crate) fn remove_from(topic: &TopicView, label: &str) -> Result<Option<Command>, Fault> {
    let mut statements = statements_of(topic)?;
    if !statements.remove(label) {
        return Ok(None);
    }
    let is_default =
        Statements::parse(&access_policy::default_of(&topic.name)).is_ok_and(|it| it == statements);
    let rest = if is_default || statements.len() == 0 { String::new() } else { statements.text() };
    Ok(Some(set(topic, &rest)))
}

fn statements_of(topic: &TopicView) -> Result<Statements, Fault> {
    let own = attributes::value(&topic.attributes, "Policy");
    let policy = own.unwrap_or_else(|| access_policy::default_of(&topic.name));
    Statements::parse(&policy).map_err(|error| {
        tracing::error!(%error, topic = %topic.name.name, "a policy that was accepted cannot be read");
        Fault::internal()
    })
}

fn set(topic: &TopicView, policy: &str) -> Command {
    let mut wanted = topic.attributes.clone();
    attributes::keep(&mut wanted, "Policy", policy);
    Command::SetTopicAttributes(SetTopicAttributes {
        topic: topic.id,
        seen: topic.version,
        attributes: wanted,
    })
}
