//! [`Message`]: what a policy is asked about.

use std::cell::OnceCell;

use crate::Scope;
use crate::json::{self, Json, Members};
use crate::number::Number;
use crate::value::Value;

/// A message attribute, as published.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type: `String`, `String.Array`, `Number`, or `Binary`, the last ones perhaps with a label (`Number.price`).
    pub data_type: &'a str,
    /// Its value; none if it is binary.
    pub text: Option<&'a str>,
}

/// What a policy is asked about: the body that a subscription would receive, and the attributes.
///
/// Built once per published message and shown to all policies of its topic, so whatever is the same for all of
/// them is done once: attributes are read when it is built, the body is read when the first policy asks for it.
#[derive(Debug)]
pub struct Message<'a> {
    body: &'a str,
    members: OnceCell<Option<Members<'a>>>,
    attributes: Vec<(&'a str, Values<'a>)>,
}

/// The values that an attribute has.
#[derive(Debug)]
pub(crate) enum Values<'a> {
    One(Value<'a>),
    /// The elements of a `String.Array`, all of them scalars.
    Many(Vec<Json<'a>>),
    /// The attribute is there, but its text is not of its type: no pattern matches.
    Unreadable,
}

impl<'a> Message<'a> {
    /// A message with this body and these attributes. Attributes of other types than strings and numbers are left
    /// out: to a policy they do not exist.
    pub fn new(body: &'a str, attributes: impl IntoIterator<Item = Attribute<'a>>) -> Self {
        let attributes = attributes
            .into_iter()
            .filter_map(|attribute| {
                Some((attribute.name, Values::read(attribute.data_type, attribute.text?)?))
            })
            .collect();
        Self { body, members: OnceCell::new(), attributes }
    }

    /// The members of the body, if it is a JSON object. One that nests too deep is none.
    pub(crate) fn body(&self) -> Option<&Members<'a>> {
        let members = || match json::read(self.body)? {
            Json::Object(members) => Some(members),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => None,
        };
        self.members.get_or_init(members).as_ref()
    }

    /// Whether it has what a policy of this scope looks at: attributes that a policy can see, or a body that is a JSON
    /// object.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        match scope {
            Scope::MessageAttributes => self.has_attributes(),
            Scope::MessageBody => self.body().is_some(),
        }
    }

    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'a str, &Values<'a>)> {
        self.attributes.iter().map(|(name, values)| (*name, values))
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Values<'a>> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, values)| values)
    }
}

impl<'a> Values<'a> {
    /// A label after the type, as in `Number.price`, says nothing about how the value is compared.
    fn read(data_type: &str, text: &'a str) -> Option<Self> {
        if data_type == "String.Array" {
            return Some(elements(text).map_or(Self::Unreadable, Self::Many));
        }
        match data_type.split('.').next() {
            Some("String") => Some(Self::One(Value::Text(text))),
            Some("Number") => {
                Some(Number::parse(text).map_or(Self::Unreadable, |number| Self::One(Value::Number(number))))
            }
            _ => None,
        }
    }

    /// Whether it has no value at all, as an empty list: as if the attribute were absent.
    pub(crate) const fn is_empty(&self) -> bool {
        match self {
            Self::Many(elements) => elements.is_empty(),
            Self::One(_) | Self::Unreadable => false,
        }
    }

    pub(crate) fn for_each(&self, mut look: impl FnMut(Value<'_>)) {
        match self {
            Self::One(value) => look(*value),
            Self::Many(elements) => elements.iter().filter_map(Value::of).for_each(look),
            Self::Unreadable => {}
        }
    }

    pub(crate) fn any(&self, matches: impl Fn(Value<'_>) -> bool) -> bool {
        match self {
            Self::One(value) => matches(*value),
            Self::Many(elements) => elements.iter().filter_map(Value::of).any(matches),
            Self::Unreadable => false,
        }
    }
}

/// The elements of a JSON list of scalars.
fn elements(text: &str) -> Option<Vec<Json<'_>>> {
    match json::read(text)? {
        Json::List(elements) => elements.iter().all(|one| Value::of(one).is_some()).then_some(elements),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => None,
    }
}
