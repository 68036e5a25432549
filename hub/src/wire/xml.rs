//! XML as a serde output format.

use std::fmt::{self, Display};
use std::io::Write;

use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::names::Names;

mod markup;

pub(super) use markup::{append_text, close, open};

/// Appends a value as the element of this name. A unit is no element at all.
pub(super) fn append<T: Serialize>(
    out: &mut Vec<u8>,
    tag: &str,
    names: Names<'_>,
    value: &T,
) -> Result<(), Unsupported> {
    value.serialize(Element { out, tag, member: tag, names })
}

/// A shape has something that XML answers do not have: a mistake in the shape.
#[derive(Debug)]
pub(super) struct Unsupported(String);

impl ser::Error for Unsupported {
    fn custom<T: Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

impl Display for Unsupported {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} cannot be written as XML", self.0)
    }
}

impl std::error::Error for Unsupported {}

/// An element that may be written: `None` is none, a flattened list is one for each of its own.
struct Element<'w> {
    out: &'w mut Vec<u8>,
    tag: &'w str,
    /// The name of the shape's member, of which the tag is the wire's form.
    member: &'w str,
    names: Names<'w>,
}

impl Element<'_> {
    fn text(self, text: &str) -> Result<(), Unsupported> {
        let opened = open(self.out, self.tag);
        append_text(self.out, text);
        close(self.out, self.tag, opened);
        Ok(())
    }

    /// For values whose text needs no escaping.
    fn plain(self, value: impl Display) -> Result<(), Unsupported> {
        let opened = open(self.out, self.tag);
        write!(self.out, "{value}").map_err(ser::Error::custom)?;
        close(self.out, self.tag, opened);
        Ok(())
    }
}

impl<'w> Element<'w> {
    fn structure(self) -> Structure<'w> {
        Structure { opened: open(self.out, self.tag), out: self.out, tag: self.tag, names: self.names }
    }

    /// `within` surrounds each item; without it, items bear the tag themselves.
    fn items(self, within: Option<&'static str>) -> Items<'w> {
        let list = within.map(|_| (self.tag, open(self.out, self.tag)));
        let (key, value) = self.names.entry(self.member);
        let item = within.unwrap_or(self.tag);
        Items { out: self.out, list, item, key, value, opened: 0, member: self.member, names: self.names }
    }
}

/// Methods that write a value by its text.
macro_rules! plain {
    ($($method:ident $type:ty,)+) => {$(
        fn $method(self, value: $type) -> Result<(), Unsupported> {
            self.plain(value)
        }
    )+};
}

impl<'w> Serializer for Element<'w> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Impossible<(), Unsupported>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Items<'w>;
    type SerializeStruct = Structure<'w>;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    plain! {
        serialize_bool bool,
        serialize_i8 i8,
        serialize_i16 i16,
        serialize_i32 i32,
        serialize_i64 i64,
        serialize_u8 u8,
        serialize_u16 u16,
        serialize_u32 u32,
        serialize_u64 u64,
        serialize_f32 f32,
        serialize_f64 f64,
    }

    fn serialize_char(self, value: char) -> Result<(), Unsupported> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unsupported> {
        self.text(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unsupported> {
        Err(ser::Error::custom("a byte string"))
    }

    fn serialize_none(self) -> Result<(), Unsupported> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unsupported> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unsupported> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unsupported> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unsupported> {
        Err(ser::Error::custom(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w>, Unsupported> {
        let within = self.names.list();
        Ok(self.items(within))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unsupported> {
        Err(ser::Error::custom("a tuple"))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTuple, Unsupported> {
        Err(ser::Error::custom(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTuple, Unsupported> {
        Err(ser::Error::custom(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'w>, Unsupported> {
        let within = self.names.map();
        Ok(self.items(within))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Structure<'w>, Unsupported> {
        Ok(self.structure())
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTuple, Unsupported> {
        Err(ser::Error::custom(name))
    }
}

/// A struct under way.
struct Structure<'w> {
    out: &'w mut Vec<u8>,
    tag: &'w str,
    opened: usize,
    names: Names<'w>,
}

impl SerializeStruct for Structure<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        member: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        let tag = self.names.element(member);
        value.serialize(Element { out: self.out, tag, member, names: self.names })
    }

    fn end(self) -> Result<(), Unsupported> {
        close(self.out, self.tag, self.opened);
        Ok(())
    }
}

/// A list or map under way.
struct Items<'w> {
    out: &'w mut Vec<u8>,
    /// The element around all items, where there is one.
    list: Option<(&'w str, usize)>,
    item: &'w str,
    key: &'static str,
    value: &'static str,
    /// Where the content of the current entry begins.
    opened: usize,
    member: &'w str,
    names: Names<'w>,
}

impl Items<'_> {
    fn end(self) -> Result<(), Unsupported> {
        if let Some((tag, opened)) = self.list {
            close(self.out, tag, opened);
        }
        Ok(())
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        value.serialize(Element { out: self.out, tag: self.item, member: self.member, names: self.names })
    }

    fn end(self) -> Result<(), Unsupported> {
        self.end()
    }
}

impl SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsupported> {
        self.opened = open(self.out, self.item);
        key.serialize(Element { out: self.out, tag: self.key, member: self.member, names: self.names })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        value.serialize(Element {
            out: self.out,
            tag: self.value,
            member: self.member,
            names: self.names,
        })?;
        close(self.out, self.item, self.opened);
        Ok(())
    }

    fn end(self) -> Result<(), Unsupported> {
        self.end()
    }
}

#[cfg(test)]
mod tests;
