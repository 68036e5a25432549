//! [`Evidence`]: how far a message goes towards one alternative of a policy.

use crate::condition::Condition;
use crate::message::Message;
use crate::refusal::{Reason, Refusal};
use crate::together::{Conditions, Together};
use crate::{Scope, body};

/// What looking for the conditions of an alternative in a message has found.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// Conditions whose path has a value, matching or not.
    pub(crate) present: Conditions,
    /// Conditions that values of the message satisfy.
    pub(crate) together: Together,
}

impl Evidence {
    /// Looks in the part of the message that the scope names; an error if it has no such part.
    pub(crate) fn find(
        conditions: &[Condition],
        scope: Scope,
        message: &Message<'_>,
    ) -> Result<Self, Reason> {
        match scope {
            Scope::MessageAttributes if message.has_attributes() => Ok(in_attributes(conditions, message)),
            Scope::MessageAttributes => Err(Reason::NoAttributes),
            Scope::MessageBody => match message.body() {
                Some(members) => Ok(body::search(members, conditions)),
                None => Err(Reason::NotAnObject),
            },
        }
    }

    /// Whether all conditions hold.
    pub(crate) fn suffices(&self, conditions: &[Condition]) -> bool {
        self.holds(conditions, Conditions::first(conditions.len()))
    }

    /// The position of the first condition that does not hold together with those before it.
    pub(crate) fn first_failing(&self, conditions: &[Condition]) -> Option<usize> {
        (0..conditions.len()).find(|position| !self.holds(conditions, Conditions::first(position + 1)))
    }

    /// Why the condition at this position does not hold.
    pub(crate) fn refusal(&self, position: usize, condition: &Condition) -> Refusal {
        let reason = if !self.present.contains(position) {
            Reason::KeyAbsent
        } else if self.together.cover(Conditions::only(position)) {
            Reason::OtherElement
        } else if condition.demands_absence() {
            Reason::KeyPresent
        } else {
            Reason::NoValueMatched
        };
        Refusal { key: condition.path.to_string(), operator: condition.operator(), reason }
    }

    fn holds(&self, conditions: &[Condition], which: Conditions) -> bool {
        let mut content = Conditions::default();
        for (position, condition) in conditions.iter().enumerate() {
            if !self.present.contains(position) && condition.matches_absence() {
                content.insert(position);
            }
        }
        self.together.cover(which.without(content))
    }
}

/// Attributes have no structure: each condition has the attribute of its name to itself.
fn in_attributes(conditions: &[Condition], message: &Message<'_>) -> Evidence {
    let mut present = Conditions::default();
    let mut satisfied = Conditions::default();
    for (position, condition) in conditions.iter().enumerate() {
        let Some(attribute) = message.attribute(&condition.path) else {
            continue;
        };
        if attribute.is_empty() {
            continue;
        }
        present.insert(position);
        if attribute.any(|value| condition.matches(value)) {
            satisfied.insert(position);
        }
    }
    Evidence { present, together: Together::exactly(satisfied) }
}
