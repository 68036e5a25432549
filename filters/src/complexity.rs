//! The limits of a policy as a whole, checked in the order in which the service is assumed to check them.

use crate::limits::{COMBINATIONS_MAX, KEYS_MAX, WILDCARD_POINTS_MAX, WILDCARDS_MAX};
use crate::parse::{Entry, Object};
use crate::pattern::Pattern;
use crate::{ErrorKind, Operator, Scope};

/// Refuses a policy that is not for this scope, or larger than a policy may be.
pub(crate) fn check(policy: &Object, scope: Scope) -> Result<(), ErrorKind> {
    if scope == Scope::MessageAttributes && nests(policy) {
        return Err(ErrorKind::NestedInAttributeScope);
    }
    let mut paths = Vec::new();
    if !count_keys(policy, &mut String::new(), &mut paths) {
        return Err(ErrorKind::TooManyKeys);
    }
    let complex = combinations(policy, 1) > COMBINATIONS_MAX
        || !wildcards_allowed(policy)
        || wildcard_points(policy) > WILDCARD_POINTS_MAX;
    if complex { Err(ErrorKind::TooComplex) } else { Ok(()) }
}

/// Whether any key has keys below it.
fn nests(object: &Object) -> bool {
    object.entries.iter().any(|entry| match entry {
        Entry::Leaf { .. } => false,
        Entry::Nested { .. } => true,
        Entry::Or { branches } => branches.iter().any(nests),
    })
}

/// Collects the distinct paths that have values; false as soon as there are too many.
///
/// `prefix` is where the object stands, with a dot at its end. It is one buffer for all of them: below a long key
/// there may be thousands.
fn count_keys(object: &Object, prefix: &mut String, found: &mut Vec<String>) -> bool {
    let length = prefix.len();
    object.entries.iter().all(|entry| {
        let few = match entry {
            Entry::Leaf { key, .. } => {
                prefix.push_str(key);
                if !found.iter().any(|known| known == prefix) {
                    found.push(prefix.clone());
                }
                found.len() <= KEYS_MAX
            }
            Entry::Nested { key, inner } => {
                prefix.push_str(key);
                prefix.push('.');
                count_keys(inner, prefix, found)
            }
            Entry::Or { branches } => branches.iter().all(|branch| count_keys(branch, prefix, found)),
        };
        prefix.truncate(length);
        few
    })
}

/// The values of a policy multiplied over its keys, those of a nested key as often as it is deep; the branches of
/// an `$or` are added.
fn combinations(object: &Object, depth: u64) -> u64 {
    object
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::Leaf { patterns, .. } => depth.saturating_mul(patterns.len() as u64),
            Entry::Nested { inner, .. } => combinations(inner, depth + 1),
            Entry::Or { branches } => {
                branches.iter().map(|branch| combinations(branch, depth)).fold(0, u64::saturating_add)
            }
        })
        .fold(1, u64::saturating_mul)
}

fn wildcards_allowed(object: &Object) -> bool {
    object.entries.iter().all(|entry| match entry {
        Entry::Leaf { patterns, .. } => {
            patterns.iter().filter_map(Pattern::stars).all(|stars| stars <= WILDCARDS_MAX)
        }
        Entry::Nested { inner, .. } => wildcards_allowed(inner),
        Entry::Or { branches } => branches.iter().all(wildcards_allowed),
    })
}

/// The points of each key, summed.
fn wildcard_points(object: &Object) -> u64 {
    object
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::Leaf { patterns, .. } => points(patterns),
            Entry::Nested { inner, .. } => wildcard_points(inner),
            Entry::Or { branches } => branches.iter().map(wildcard_points).fold(0, u64::saturating_add),
        })
        .fold(0, u64::saturating_add)
}

/// The points of the patterns of one key, times the number of those that have any.
///
/// A wildcard with one `*` has one point, with more three; an `anything-but` has one. A key without any wildcard
/// has none: AWS states the rule for wildcards, and other lists are bounded by their combinations already.
fn points(patterns: &[Pattern]) -> u64 {
    if patterns.iter().all(|pattern| pattern.stars().is_none()) {
        return 0;
    }
    let worth = patterns.iter().filter_map(|pattern| match (pattern.operator(), pattern.stars()) {
        (Operator::AnythingBut, _) | (_, Some(0 | 1)) => Some(1),
        (_, Some(_)) => Some(3),
        (_, None) => None,
    });
    let (count, points) = worth.fold((0_u64, 0_u64), |(count, points), worth| (count + 1, points + worth));
    points.saturating_mul(count)
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, Policy, Scope};

    fn check(text: &str, scope: Scope, expected: Option<ErrorKind>) {
        assert_eq!(Policy::compile(text, scope).err().map(|error| error.kind), expected, "{text}");
    }

    #[test]
    fn a_key_is_counted_once_however_often_and_in_whichever_spelling_it_stands() {
        let same = r#"{"$or": [{"a": {"b": ["1"]}}, {"a.b": ["2"]}], "c": ["1"], "d": ["1"], "e": ["1"], "f": ["1"]}"#;
        check(same, Scope::MessageBody, None);
        let different = same.replace("a.b", "a.c");
        check(&different, Scope::MessageBody, Some(ErrorKind::TooManyKeys));
    }

    #[test]
    fn nesting_is_found_before_keys_and_keys_before_combinations() {
        let values = format!("[{}]", ["1"; 151].join(","));
        let keys = format!(r#"{{"a":{values},"b":[1],"c":[1],"d":[1],"e":[1],"f":{{"g":[1]}}}}"#);
        check(&keys, Scope::MessageAttributes, Some(ErrorKind::NestedInAttributeScope));
        check(&keys, Scope::MessageBody, Some(ErrorKind::TooManyKeys));
        check(&format!(r#"{{"a":{values}}}"#), Scope::MessageBody, Some(ErrorKind::TooComplex));
    }

    #[test]
    fn nesting_inside_a_branch_is_nesting() {
        let text = r#"{"$or": [{"a": ["1"]}, {"b": {"c": ["1"]}}]}"#;
        check(text, Scope::MessageBody, None);
        check(text, Scope::MessageAttributes, Some(ErrorKind::NestedInAttributeScope));
    }

    #[test]
    fn wildcards_are_paid_for_per_key() {
        let key = |pattern: &str, count: usize| {
            let patterns = vec![format!(r#"{{"wildcard": "{pattern}"}}"#); count];
            format!(r#"{{"k": [{}]}}"#, patterns.join(","))
        };
        check(&key("a*", 10), Scope::MessageBody, None);
        check(&key("a*", 11), Scope::MessageBody, Some(ErrorKind::TooComplex));
        check(&key("a*b*", 5), Scope::MessageBody, None);
        check(&key("a*b*", 6), Scope::MessageBody, Some(ErrorKind::TooComplex));
        check(&key("a*b*c*", 1), Scope::MessageBody, None);
        check(&key("a*b*c*d*", 1), Scope::MessageBody, Some(ErrorKind::TooComplex));
    }

    #[test]
    fn a_policy_without_wildcards_has_no_wildcard_points() {
        let patterns = vec![r#"{"anything-but": "a"}"#; 150];
        check(&format!(r#"{{"k": [{}]}}"#, patterns.join(",")), Scope::MessageBody, None);
    }
}
