//! [`Condition`]: what one path of a message has to be like; a policy is a choice between lists of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Operator;
use crate::parse::{Entry, Object};
use crate::pattern::Pattern;
use crate::value::Value;

/// What the values at one path have to be like.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// Dotted; `{"a": {"b": …}}` and `{"a.b": …}` are the same path.
    pub(crate) path: Arc<str>,
    /// Of each of these lists one pattern has to match. It is one list unless the policy names the path twice.
    pub(crate) all: Vec<Arc<[Pattern]>>,
}

/// Conditions that have to hold together: a policy with every `$or` decided. At most one per path.
pub(crate) type Alternative = Vec<Condition>;

impl Condition {
    pub(crate) fn matches(&self, value: Value<'_>) -> bool {
        self.all.iter().all(|any| any.iter().any(|pattern| pattern.matches(value)))
    }

    /// Whether it is satisfied by a message that has nothing at its path.
    pub(crate) fn matches_absence(&self) -> bool {
        self.all.iter().all(|any| any.iter().any(Pattern::matches_absence))
    }

    /// Whether absence is all that satisfies it.
    pub(crate) fn demands_absence(&self) -> bool {
        self.all.iter().any(|any| any.iter().all(Pattern::matches_absence))
    }

    /// The operator that the policy names first at this path.
    pub(crate) fn operator(&self) -> Operator {
        self.all.iter().flat_map(|any| any.iter()).next().map_or(Operator::Exact, Pattern::operator)
    }
}

/// Every way of deciding the `$or`s of a policy; one, without conditions, if the policy is empty.
///
/// Each way has at least one combination of its own, so the limit of those, checked before, bounds the ways too.
pub(crate) fn alternatives(policy: Object) -> Vec<Alternative> {
    expand(policy, &mut String::new(), &mut BTreeSet::new())
}

/// `prefix` is where the object stands, with a dot at its end; `paths` are those met so far, each stored once.
fn expand(object: Object, prefix: &mut String, paths: &mut BTreeSet<Arc<str>>) -> Vec<Alternative> {
    let length = prefix.len();
    let mut ways = vec![Vec::new()];
    for entry in object.entries {
        let options = match entry {
            Entry::Leaf { key, patterns } => {
                prefix.push_str(&key);
                vec![vec![Condition { path: stored(prefix, paths), all: vec![patterns.into()] }]]
            }
            Entry::Nested { key, inner } => {
                prefix.push_str(&key);
                prefix.push('.');
                expand(inner, prefix, paths)
            }
            Entry::Or { branches } => {
                branches.into_iter().flat_map(|branch| expand(branch, prefix, paths)).collect()
            }
        };
        prefix.truncate(length);
        ways = ways.iter().flat_map(|way| options.iter().map(|option| merged(way, option))).collect();
    }
    ways
}

fn stored(path: &str, paths: &mut BTreeSet<Arc<str>>) -> Arc<str> {
    if let Some(known) = paths.get(path) {
        return Arc::clone(known);
    }
    let path = Arc::from(path);
    paths.insert(Arc::clone(&path));
    path
}

/// The conditions of both, those on the same path as one.
fn merged(way: &Alternative, more: &Alternative) -> Alternative {
    let mut merged = way.clone();
    for condition in more {
        match merged.iter_mut().find(|known| known.path == condition.path) {
            Some(known) => known.all.extend(condition.all.iter().cloned()),
            None => merged.push(condition.clone()),
        }
    }
    merged
}
