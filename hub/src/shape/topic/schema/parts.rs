//! The parts of a schema: how deep they lie, where they refer to, and how often they are asked about one value.
//!
//! A reference leads from one part to another about the same value, as `allOf` and its kind do. In a circle of these
//! a validator would not come to an end, so there can be none. Where two of them lead back to a part around them, the
//! work doubles with every level of a message, so such a schema is asked about messages of few levels only.

use super::limits;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// How deep values lie within each other; a text or number is one level.
pub(super) fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    deepest.unwrap_or_default().saturating_add(1)
}

/// How many values a message has that lie in it, itself among them.
pub(super) fn count(value: &Value) -> usize {
    let within: usize = match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    within.saturating_add(1)
}

/// How many parts of this schema are asked about any one value of a message, at most, by how deep the message is; deeper
/// ones it is not asked about. A schema that is too deep itself, refers to something outside of itself, or is too much
/// work for any message is refused.
pub(super) fn visits_by_depth(schema: &Value) -> Result<Vec<usize>, String> {
    if depth(schema) > limits::SCHEMA_DEPTH_MAX {
        return Err(format!("the schema is more than {} levels deep", limits::SCHEMA_DEPTH_MAX));
    }
    let mut all = Vec::new();
    collect(schema, &mut all);
    if all.iter().skip(1).any(|part| part.get("$id").is_some_and(Value::is_string)) {
        return Err("$id can stand at the top only".to_owned());
    }
    let patterns = all.iter().map(|part| {
        let by_name = part.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
        by_name + usize::from(part.get("pattern").is_some_and(Value::is_string))
    });
    if patterns.sum::<usize>() > limits::SCHEMA_PATTERNS_MAX {
        return Err(format!("there are more than {} patterns", limits::SCHEMA_PATTERNS_MAX));
    }
    let references = all.iter().filter_map(|part| part.get("$ref")).filter(|target| target.is_string());
    if references.count() > limits::SCHEMA_REFERENCES_MAX {
        return Err(format!("there are more than {} references", limits::SCHEMA_REFERENCES_MAX));
    }
    let mut parts = Parts { schema, chains: HashMap::new(), visits: HashMap::new() };
    for part in all {
        parts.chain(part, limits::SCHEMA_CHAIN_MAX)?;
    }
    let mut by_depth = Vec::new();
    for levels in 1..=limits::MESSAGE_DEPTH_MAX {
        let visits = parts.visits(schema, levels)?;
        if visits > limits::SCHEMA_VISITS_MAX {
            break;
        }
        by_depth.push(visits);
    }
    let maximum = limits::SCHEMA_VISITS_MAX;
    if by_depth.is_empty() {
        Err(format!("more than {maximum} parts are about one value"))
    } else {
        Ok(by_depth)
    }
}

/// All objects that can be parts of a schema. What stands there as a value is none.
fn collect<'s>(value: &'s Value, all: &mut Vec<&'s Value>) {
    match value {
        Value::Object(members) => {
            all.push(value);
            let is_value = |name: &str| matches!(name, "const" | "default" | "enum" | "examples");
            let parts = members.iter().filter(|(name, _)| !is_value(name));
            parts.for_each(|(_, part)| collect(part, all));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is known of the parts, by where each lies in memory: they have no names.
struct Parts<'s> {
    schema: &'s Value,
    /// How many parts follow upon each other about the same value.
    chains: HashMap<*const Value, usize>,
    /// How many parts are asked on the way to one value that lies so many levels down.
    visits: HashMap<(*const Value, usize), usize>,
}

impl<'s> Parts<'s> {
    /// The longest chain that begins with a part, which is to have so many links at most.
    fn chain(&mut self, part: &'s Value, links_max: usize) -> Result<usize, String> {
        let key = std::ptr::from_ref(part);
        let known = self.chains.get(&key).copied();
        if links_max == 0 || known.is_some_and(|links| links > links_max) {
            let maximum = limits::SCHEMA_CHAIN_MAX;
            return Err(format!("references go round in a circle, or lead on more than {maximum} times"));
        }
        if let Some(links) = known {
            return Ok(links);
        }
        let mut longest = 0;
        for next in self.beside(part)? {
            longest = longest.max(self.chain(next, links_max.saturating_sub(1))?);
        }
        let links = longest.saturating_add(1);
        self.chains.insert(key, links);
        Ok(links)
    }

    /// How many parts are asked, at most, about a value that is so many levels deep and about one that lies in it,
    /// in one that lies in that, and so on.
    fn visits(&mut self, part: &'s Value, levels: usize) -> Result<usize, String> {
        if levels == 0 {
            return Ok(0);
        }
        let key = (std::ptr::from_ref(part), levels);
        if let Some(visits) = self.visits.get(&key) {
            return Ok(*visits);
        }
        let mut visits: usize = 1;
        for next in self.beside(part)? {
            visits = visits.saturating_add(self.visits(next, levels)?);
        }
        // A value has members or items, not both.
        let mut below = 0;
        for (one_of, and_all) in [members_of(part), items_of(part)] {
            let mut of_kind = 0;
            for next in one_of {
                of_kind = of_kind.max(self.visits(next, levels.saturating_sub(1))?);
            }
            for next in and_all {
                of_kind = of_kind.saturating_add(self.visits(next, levels.saturating_sub(1))?);
            }
            below = below.max(of_kind);
        }
        visits = visits.saturating_add(below);
        // What has nothing below it is found as quickly as it is remembered.
        if visits > 1 {
            self.visits.insert(key, visits);
        }
        Ok(visits)
    }

    /// The parts that are about the same value as this one.
    fn beside(&self, part: &'s Value) -> Result<Vec<&'s Value>, String> {
        let mut beside = Vec::new();
        let Value::Object(members) = part else {
            return Ok(beside);
        };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("$ref", Value::String(target)) => beside.push(self.target(target)?),
                ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                    return Err(format!("{name} is not supported"));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => beside.extend(parts),
                ("not" | "if" | "then" | "else", part) => beside.push(part),
                ("dependentSchemas" | "dependencies", Value::Object(parts)) => beside.extend(parts.values()),
                _ => {}
            }
        }
        Ok(beside)
    }

    fn target(&self, reference: &str) -> Result<&'s Value, String> {
        let pointer = reference.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let outside = || format!("the reference {reference} does not lead into the schema itself (#/...)");
        let pointer = pointer.ok_or_else(outside)?;
        self.schema.pointer(pointer).ok_or_else(|| format!("the reference {reference} leads nowhere"))
    }
}

/// Parts of which one is asked about a value below, and parts that all are.
type Below<'s> = (Vec<&'s Value>, Vec<&'s Value>);

/// The parts that are about the members of a value.
fn members_of(part: &Value) -> Below<'_> {
    let named =
        part.get("properties").and_then(Value::as_object).into_iter().flat_map(|parts| parts.values());
    let patterns = part.get("patternProperties").and_then(Value::as_object);
    let patterns = patterns.into_iter().flat_map(|parts| parts.values());
    let others = ["propertyNames", "unevaluatedProperties"].into_iter().filter_map(|name| part.get(name));
    (named.chain(part.get("additionalProperties")).collect(), patterns.chain(others).collect())
}

/// The parts that are about the items of a value.
fn items_of(part: &Value) -> Below<'_> {
    let mut one_of: Vec<_> = part.get("additionalItems").into_iter().collect();
    for items in ["items", "prefixItems"].into_iter().filter_map(|name| part.get(name)) {
        match items {
            Value::Array(parts) => one_of.extend(parts),
            part => one_of.push(part),
        }
    }
    let all = ["contains", "unevaluatedItems"].into_iter().filter_map(|name| part.get(name));
    (one_of, all.collect())
}
