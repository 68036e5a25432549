//! [`Policy`]: a filter policy that has been checked and can be asked.

use std::sync::Arc;

use crate::condition::{Alternative, alternatives};
use crate::evidence::Evidence;
use crate::limits::POLICY_BYTES_MAX;
use crate::{Error, ErrorKind, Message, Refusal, Scope, complexity, parse};

/// A filter policy that has been checked and can be asked, from any thread. A clone shares its contents.
#[derive(Debug, Clone)]
pub struct Policy {
    scope: Scope,
    alternatives: Arc<[Alternative]>,
}

/// Whether a text asks for no policy at all, which is how a subscription gets rid of one: nothing, or `{}`.
#[must_use]
pub fn is_no_policy(text: &str) -> bool {
    let text = text.trim();
    let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    text.is_empty() || inside.is_some_and(|inside| inside.trim().is_empty())
}

impl Policy {
    /// Reads and checks a policy for this scope.
    ///
    /// A text that [`is_no_policy`] becomes a policy that matches everything.
    ///
    /// # Errors
    ///
    /// The first mistake of the text, from left to right; if it has none, the first limit that the policy as a
    /// whole exceeds.
    pub fn compile(text: &str, scope: Scope) -> Result<Self, Error> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(ErrorKind::TooLarge.into());
        }
        let policy = parse::policy(if is_no_policy(text) { "{}" } else { text })?;
        complexity::check(&policy, scope)?;
        Ok(Self { scope, alternatives: alternatives(policy).into() })
    }

    /// The part of a message that this policy looks at.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The ways to satisfy it.
    pub(crate) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// Whether a message passes.
    #[must_use]
    pub fn matches(&self, message: &Message<'_>) -> bool {
        self.alternatives.iter().any(|conditions| {
            conditions.is_empty()
                || Evidence::find(conditions, self.scope, message)
                    .is_ok_and(|found| found.suffices(conditions))
        })
    }

    /// Whether a message passes, and if not, why.
    ///
    /// # Errors
    ///
    /// The first key that the message does not satisfy.
    pub fn explain(&self, message: &Message<'_>) -> Result<(), Refusal> {
        let mut furthest: Option<(usize, Refusal)> = None;
        for conditions in self.alternatives.iter() {
            let Some((reached, refusal)) = self.follow(conditions, message) else {
                return Ok(());
            };
            if furthest.as_ref().is_none_or(|(before, _)| reached > *before) {
                furthest = Some((reached, refusal));
            }
        }
        furthest.map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    /// How many conditions of an alternative hold, and why the next one does not; none if all of them hold.
    fn follow(&self, conditions: &Alternative, message: &Message<'_>) -> Option<(usize, Refusal)> {
        let first = conditions.first()?;
        match Evidence::find(conditions, self.scope, message) {
            Err(reason) => {
                Some((0, Refusal { key: first.path.to_string(), operator: first.operator(), reason }))
            }
            Ok(found) => {
                let position = found.first_failing(conditions)?;
                Some((position, found.refusal(position, conditions.get(position)?)))
            }
        }
    }
}
