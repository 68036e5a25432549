//! Query parameters as a serde input format.
//!
//! A struct asks for its fields by name, and numbers are text, read as whatever the shape wants. A shape's depth,
//! not the caller's text, bounds how deep this goes. A shape cannot use `flatten`: it hides field names from
//! formats.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};

use super::names::Names;
use super::parameter::Parameters;
use node::Node;

mod node;

/// Reads the input of an operation.
pub(super) fn decode<T: DeserializeOwned>(parameters: &Parameters<'_>, names: Names<'_>) -> Result<T, Error> {
    T::deserialize(Node::root(parameters, names))
}

/// Why parameters are not the input of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Error {
    /// As the caller wrote it; empty if unknown.
    pub(super) parameter: String,
    pub(super) value: String,
    pub(super) reason: String,
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { reason: reason.to_string(), ..Self::default() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.parameter, self.reason)
    }
}

impl std::error::Error for Error {}

/// Methods that read a number.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.parse::<$type>("an integer")?)
        }
    )+};
}

/// Methods that read a text.
macro_rules! texts {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_str(self.scalar()?)
        }
    )+};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Error;

    numbers! {
        deserialize_i8 visit_i64 i64,
        deserialize_i16 visit_i64 i64,
        deserialize_i32 visit_i64 i64,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_i64 i64,
        deserialize_u16 visit_i64 i64,
        deserialize_u32 visit_i64 i64,
        deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f64 f64,
        deserialize_f64 visit_f64 f64,
    }

    texts! {
        deserialize_any deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.scalar()?.to_ascii_lowercase();
        let value = text.parse().map_err(|_| self.refuse("Must be true or false.".to_owned()))?;
        visitor.visit_bool(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(de::value::SeqDeserializer::new(self.elements().into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let (key, value) = self.names.entry(self.member);
        visitor.visit_map(Entries { left: self.entries().into_iter(), key, value, current: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { node: self, fields, next: 0, value: self })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text: StrDeserializer<'_, Error> = self.scalar()?.into_deserializer();
        visitor.visit_enum(text)
    }
}

impl<'de> IntoDeserializer<'de, Error> for Node<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The fields of a struct that the request has.
struct Fields<'p> {
    node: Node<'p>,
    fields: &'static [&'static str],
    next: usize,
    value: Node<'p>,
}

impl Fields<'_> {
    /// Two fields, or a field and its alias, may have one name in Query: the first one takes the value.
    fn is_taken(&self, name: &str, at: usize) -> bool {
        let earlier = self.fields.get(..at).unwrap_or_default();
        earlier.iter().any(|field| self.node.names.parameter(field) == name)
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some(&field) = self.fields.get(self.next) {
            let at = self.next;
            self.next += 1;
            let name = self.node.names.parameter(field);
            if let Some(value) = self.node.child(name)
                && (name == field || !self.is_taken(name, at))
            {
                self.value = value.named(field);
                let field: StrDeserializer<'_, Error> = field.into_deserializer();
                return seed.deserialize(field).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value).map_err(|error| self.value.at(error))
    }
}

/// The entries of a map.
struct Entries<'p> {
    left: std::vec::IntoIter<Node<'p>>,
    key: &'static str,
    value: &'static str,
    current: Node<'p>,
}

impl<'p> Entries<'p> {
    /// A part of the current entry; if it is not there, an empty one.
    fn part(&self, name: &str) -> Node<'p> {
        self.current.child(name).unwrap_or(self.current.empty())
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(entry) = self.left.next() else {
            return Ok(None);
        };
        self.current = entry;
        seed.deserialize(self.part(self.key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.part(self.value);
        seed.deserialize(value).map_err(|error| value.at(error))
    }
}

#[cfg(test)]
mod tests;
