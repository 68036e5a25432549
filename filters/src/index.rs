//! [`Index`]: many policies, asked together.
//!
//! Most policies of a topic that has many want one of a few exact values somewhere: a customer, a kind of event. What
//! a message has there is looked up, and only the policies that this leads to are asked. An index never decides by
//! itself: it leaves out policies that cannot match, and asks the others.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::condition::{Alternative, Condition};
use crate::json::{Json, Members};
use crate::number::Number;
use crate::pattern::Pattern;
use crate::value::Value;
use crate::{Message, Policy, Scope};

/// A list of policies, with what it takes to leave most of them out.
#[derive(Debug)]
pub struct Index {
    policies: Vec<Option<Policy>>,
    /// The places in the list that every message has to ask.
    always: Vec<usize>,
    wanted: ByScope,
}

#[derive(Debug, Default)]
struct ByScope {
    attributes: Wanted,
    body: Wanted,
}

/// Which places in the list want an exact value, by path and value.
#[derive(Debug, Default)]
struct Wanted(BTreeMap<Box<str>, Wanters>);

#[derive(Debug, Default)]
struct Wanters {
    texts: BTreeMap<Box<str>, Vec<usize>>,
    numbers: BTreeMap<Number, Vec<usize>>,
}

/// A path, and exact values one of which it takes there.
type Need<'p> = (&'p str, &'p [Pattern]);

impl Index {
    /// The index of a list. Where there is no policy, everything passes.
    #[must_use]
    pub fn new(policies: Vec<Option<Policy>>) -> Self {
        let places = || policies.iter().enumerate();
        // Of what a policy needs the rarest is looked up, so it has to be known first how rare everything is.
        let mut all = ByScope::default();
        for (place, policy) in places().filter_map(|(place, policy)| Some((place, policy.as_ref()?))) {
            for need in policy.alternatives().iter().flat_map(needs) {
                all.of_mut(policy.scope()).add(need, place);
            }
        }
        let (mut always, mut wanted) = (Vec::new(), ByScope::default());
        for (place, policy) in places() {
            let chosen = policy.as_ref().and_then(|policy| Some((policy.scope(), rarest(policy, &all)?)));
            let Some((scope, chosen)) = chosen else {
                always.push(place);
                continue;
            };
            for need in chosen {
                wanted.of_mut(scope).add(need, place);
            }
        }
        Self { policies, always, wanted }
    }

    /// The places in the list whose policies a message passes, ascending.
    #[must_use]
    pub fn matches(&self, message: &Message<'_>) -> Vec<usize> {
        let mut places = Candidates::new(self.policies.len(), &self.always);
        self.wanted.attributes.in_attributes(message, &mut places);
        // Nobody parses a body that nobody asks about.
        if !self.wanted.body.0.is_empty()
            && let Some(members) = message.body()
        {
            self.wanted.body.in_members(members, &mut String::new(), &mut places);
        }
        let mut places = places.places;
        places.sort_unstable();
        let passes = |policy: &Option<Policy>| policy.as_ref().is_none_or(|policy| policy.matches(message));
        places.retain(|place| self.policies.get(*place).is_some_and(passes));
        places
    }
}

/// Places in the list, each once, however often a message leads to them.
struct Candidates {
    is_there: Vec<bool>,
    places: Vec<usize>,
}

impl Candidates {
    fn new(length: usize, always: &[usize]) -> Self {
        let mut new = Self { is_there: vec![false; length], places: Vec::new() };
        new.add_all(always);
        new
    }

    fn add_all(&mut self, places: &[usize]) {
        for place in places {
            if let Some(is_there) = self.is_there.get_mut(*place)
                && !std::mem::replace(is_there, true)
            {
                self.places.push(*place);
            }
        }
    }
}

/// What a way to satisfy a policy needs: each of these, and perhaps more.
fn needs(conditions: &Alternative) -> impl Iterator<Item = Need<'_>> {
    conditions.iter().flat_map(|condition| exact(condition).map(|values| (&*condition.path, values)))
}

/// The lists of a condition that name exact values only.
fn exact(condition: &Condition) -> impl Iterator<Item = &[Pattern]> {
    condition.all.iter().map(|any| &**any).filter(|any| any.iter().all(|pattern| pattern.exact().is_some()))
}

/// For each way to satisfy a policy what the fewest others want, too; nothing if one of them has no exact value.
fn rarest<'p>(policy: &'p Policy, all: &ByScope) -> Option<Vec<Need<'p>>> {
    let wanted = all.of(policy.scope());
    let rarest_of = |way: &'p Alternative| needs(way).min_by_key(|need| wanted.count(need));
    policy.alternatives().iter().map(rarest_of).collect()
}

impl ByScope {
    const fn of(&self, scope: Scope) -> &Wanted {
        match scope {
            Scope::MessageAttributes => &self.attributes,
            Scope::MessageBody => &self.body,
        }
    }

    const fn of_mut(&mut self, scope: Scope) -> &mut Wanted {
        match scope {
            Scope::MessageAttributes => &mut self.attributes,
            Scope::MessageBody => &mut self.body,
        }
    }
}

impl Wanted {
    fn add(&mut self, (path, values): Need<'_>, place: usize) {
        if !self.0.contains_key(path) {
            self.0.insert(path.into(), Wanters::default());
        }
        let Some(wanters) = self.0.get_mut(path) else { return };
        for value in values.iter().filter_map(Pattern::exact) {
            if let Some(places) = wanters.of_mut(value) {
                places.push(place);
            }
        }
    }

    /// How many want any of these values.
    fn count(&self, (path, values): &Need<'_>) -> usize {
        let Some(wanters) = self.0.get(*path) else { return 0 };
        values.iter().filter_map(Pattern::exact).map(|value| wanters.of(value).len()).sum()
    }

    fn in_attributes(&self, message: &Message<'_>, places: &mut Candidates) {
        for (name, values) in message.attributes() {
            if let Some(wanters) = self.0.get(name) {
                values.for_each(|value| places.add_all(wanters.of(value)));
            }
        }
    }

    /// Goes through a body once. `path` leads to the members, with a dot at its end unless it is empty.
    fn in_members(&self, members: &Members<'_>, path: &mut String, places: &mut Candidates) {
        let length = path.len();
        for (key, value) in members {
            path.push_str(key);
            self.in_value(value, path, places);
            path.truncate(length);
        }
    }

    fn in_value(&self, value: &Json<'_>, path: &mut String, places: &mut Candidates) {
        match value {
            Json::Object(members) => {
                path.push('.');
                if self.leads_through(path) {
                    self.in_members(members, path, places);
                }
                path.pop();
            }
            Json::List(elements) => {
                if self.leads_through(path) {
                    elements.iter().for_each(|element| self.in_value(element, path, places));
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                if let (Some(wanters), Some(scalar)) = (self.0.get(path.as_str()), Value::of(value)) {
                    places.add_all(wanters.of(scalar));
                }
            }
        }
    }

    /// Whether a path begins so.
    fn leads_through(&self, begin: &str) -> bool {
        let mut from = self.0.range::<str, _>((Bound::Included(begin), Bound::Unbounded));
        from.next().is_some_and(|(path, _)| path.starts_with(begin))
    }
}

impl Wanters {
    /// Who wants a value.
    fn of(&self, value: Value<'_>) -> &[usize] {
        let places = match value {
            Value::Text(text) => self.texts.get(text),
            Value::Number(number) => self.numbers.get(&number),
            Value::Null | Value::Bool(_) => None,
        };
        places.map_or(&[], Vec::as_slice)
    }

    fn of_mut(&mut self, value: Value<'_>) -> Option<&mut Vec<usize>> {
        match value {
            Value::Text(text) => Some(self.texts.entry(text.into()).or_default()),
            Value::Number(number) => Some(self.numbers.entry(number).or_default()),
            Value::Null | Value::Bool(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Index;
    use crate::{Attribute, Message, Policy, Scope};

    /// The policies that are asked about a message, whether they match it or not.
    fn asked(policies: &[&str], scope: Scope, message: &Message<'_>) -> Vec<usize> {
        let compiled = policies.iter().map(|text| Some(Policy::compile(text, scope).unwrap()));
        let index = Index::new(compiled.collect());
        let mut places = super::Candidates::new(policies.len(), &index.always);
        index.wanted.attributes.in_attributes(message, &mut places);
        if let Some(members) = message.body() {
            index.wanted.body.in_members(members, &mut String::new(), &mut places);
        }
        let mut places = places.places;
        places.sort_unstable();
        places
    }

    #[test]
    fn a_policy_is_asked_once_however_often_a_message_has_what_it_wants() {
        let policies = [r#"{"kind": ["a"]}"#, r#"{"kind": ["a", "b"]}"#];
        let body = format!(r#"{{"kind":["a","b"{}]}}"#, r#","a""#.repeat(1_000));
        let message = Message::new(&body, std::iter::empty());
        assert_eq!(asked(&policies, Scope::MessageBody, &message), [0, 1]);
    }

    #[test]
    fn the_rarest_of_several_exact_values_is_looked_up() {
        let policies = [
            r#"{"kind": ["paid"], "customer": ["a"]}"#,
            r#"{"kind": ["paid"], "customer": ["b"]}"#,
            r#"{"kind": ["paid"], "customer": [{"prefix": "a"}]}"#,
            r#"{"kind": ["sent"]}"#,
            r#"{"customer": [{"prefix": "b"}]}"#,
        ];
        let message = Message::new(r#"{"kind": "paid", "customer": "a"}"#, []);
        assert_eq!(asked(&policies, Scope::MessageBody, &message), [0, 2, 4]);
    }

    #[test]
    fn a_choice_is_looked_up_if_each_of_its_branches_can_be() {
        let policies = [
            r#"{"$or": [{"a": ["x"]}, {"b": [1, "y"]}]}"#,
            r#"{"$or": [{"a": ["x"]}, {"b": [{"exists": true}]}]}"#,
            r#"{"$or": [{"a": ["x"]}, {"b": ["z"]}], "c": [1]}"#,
        ];
        let attribute = Attribute { name: "b", data_type: "Number", text: Some("1.0") };
        let message = Message::new("", [attribute]);
        assert_eq!(asked(&policies, Scope::MessageAttributes, &message), [0, 1]);
    }
}
