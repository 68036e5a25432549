//! How commands and state become bytes and come back.
//!
//! The encoding is compact and has one form for each value: integers are little-endian base-128 varints, text and
//! lists carry their length, maps are written in key order, an enum starts with its tag. Fields have no names, so
//! a change of shape is a change of format.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Why bytes could not be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end before the value does.
    Truncated,
    /// A tag that this version does not know; such a log must not be skipped over.
    UnknownTag(u64),
    /// A log that was begun with behaviour that this version does not know.
    UnknownLevel(u32),
    /// Text that is not UTF-8, or an integer outside its type.
    Malformed,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated => f.write_str("the bytes end too early"),
            Self::UnknownTag(tag) => write!(f, "tag {tag} is not known to this version"),
            Self::UnknownLevel(level) => write!(f, "level {level} is not known to this version"),
            Self::Malformed => f.write_str("the bytes are malformed"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// What is left of the bytes being read.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The number of bytes not yet read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.0.len()
    }

    /// Takes the next `count` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    /// A length prefix; no more than the bytes that are left, since every element takes at least one.
    pub(crate) fn length(&mut self) -> Result<usize, DecodeError> {
        let length = usize::try_from(u64::decode(self)?).map_err(|_| DecodeError::Malformed)?;
        if length > self.0.len() { Err(DecodeError::Truncated) } else { Ok(length) }
    }
}

/// A value with one encoding.
pub trait Codec: Sized {
    /// Appends the value to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a value back.
    ///
    /// # Errors
    /// If the bytes are not those of a value of this type.
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The value alone, as bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// Declares structs and enums together with their encoding, so that the two cannot drift apart.
///
/// A struct is written field by field; an enum as its explicit tag and then its one field, if it has one.
#[macro_export]
macro_rules! encoded {
    () => {};
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $type:ty),* $(,)?
    } $($rest:tt)*) => {
        $(#[$meta])* $vis struct $name { $($(#[$field_meta])* $field_vis $field: $type),* }
        impl $crate::codec::Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $($crate::codec::Codec::encode(&self.$field, out);)*
            }
            fn decode(input: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                Ok(Self { $($field: $crate::codec::Codec::decode(input)?),* })
            }
        }
        $crate::encoded! { $($rest)* }
    };
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$variant_meta:meta])* $tag:literal => $variant:ident $(($type:ty))?),* $(,)?
    } $($rest:tt)*) => {
        $(#[$meta])* $vis enum $name { $($(#[$variant_meta])* $variant $(($type))?),* }
        impl $crate::codec::Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $($crate::encoded!(@pattern $variant value $(($type))?) => {
                        $crate::codec::Codec::encode(&($tag as u64), out);
                        $($crate::encoded!(@encode value out $type);)?
                    })*
                }
            }
            fn decode(input: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                match <u64 as $crate::codec::Codec>::decode(input)? {
                    $($tag => Ok(Self::$variant $((<$type as $crate::codec::Codec>::decode(input)?))?),)*
                    tag => Err($crate::codec::DecodeError::UnknownTag(tag)),
                }
            }
        }
        $crate::encoded! { $($rest)* }
    };
    (@pattern $variant:ident $value:ident) => { Self::$variant };
    (@pattern $variant:ident $value:ident ($type:ty)) => { Self::$variant($value) };
    (@encode $value:ident $out:ident $type:ty) => { $crate::codec::Codec::encode($value, $out) };
}

impl Codec for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push((rest as u8) | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut value: Self = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = input.array()?;
            let bits = Self::from(byte & 0x7f);
            let overlong = byte == 0 && shift > 0;
            if overlong || (shift == 63 && bits > 1) {
                return Err(DecodeError::Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Malformed)
    }
}

macro_rules! narrow_integers {
    ($($type:ty),*) => {$(
        impl Codec for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                u64::from(*self).encode(out);
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Self::try_from(u64::decode(input)?).map_err(|_| DecodeError::Malformed)
            }
        }
    )*};
}

narrow_integers!(u8, u16, u32);

impl Codec for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cast_unsigned().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u64::decode(input).map(u64::cast_signed)
    }
}

impl Codec for u128 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self::from_le_bytes(input.array()?))
    }
}

impl<const N: usize> Codec for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array()
    }
}

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(DecodeError::Malformed),
        }
    }
}

impl Codec for Duration {
    /// In whole milliseconds.
    fn encode(&self, out: &mut Vec<u8>) {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX).encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u64::decode(input).map(Self::from_millis)
    }
}

impl Codec for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_text(self, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        decode_text(input).map(Self::from)
    }
}

macro_rules! shared_text {
    ($($type:ty),*) => {$(
        impl Codec for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                encode_text(self, out);
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                decode_text(input).map(Self::from)
            }
        }
    )*};
}

shared_text!(Box<str>, Arc<str>);

fn encode_text(text: &str, out: &mut Vec<u8>) {
    (text.len() as u64).encode(out);
    out.extend_from_slice(text.as_bytes());
}

fn decode_text<'a>(input: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let length = input.length()?;
    std::str::from_utf8(input.take(length)?).map_err(|_| DecodeError::Malformed)
}

impl Codec for Box<[u8]> {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u64).encode(out);
        out.extend_from_slice(self);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = input.length()?;
        input.take(length).map(Self::from)
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::decode(input)? { Some(T::decode(input)?) } else { None })
    }
}

macro_rules! pointers {
    ($($type:ident),*) => {$(
        impl<T: Codec> Codec for $type<T> {
            fn encode(&self, out: &mut Vec<u8>) {
                (**self).encode(out);
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                T::decode(input).map(Self::new)
            }
        }
    )*};
}

pointers!(Box, Arc);

macro_rules! tuples {
    ($($first:ident $($rest:ident)*),*) => {$(
        impl<$first: Codec, $($rest: Codec),*> Codec for ($first, $($rest),*) {
            #[expect(non_snake_case, reason = "the type parameters name the fields")]
            fn encode(&self, out: &mut Vec<u8>) {
                let ($first, $($rest),*) = self;
                $first.encode(out);
                $($rest.encode(out);)*
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(($first::decode(input)?, $($rest::decode(input)?),*))
            }
        }
    )*};
}

tuples!(A B, A B C);

macro_rules! sequences {
    ($($type:ident<$($parameter:ident: $bound:path),*> of $item:ty),* $(,)?) => {$(
        impl<$($parameter: Codec + $bound),*> Codec for $type<$($parameter),*> {
            fn encode(&self, out: &mut Vec<u8>) {
                (self.len() as u64).encode(out);
                for item in self {
                    item.encode(out);
                }
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let length = input.length()?;
                (0..length).map(|_| <$item>::decode(input)).collect()
            }
        }
    )*};
}

sequences!(Vec<T: Sized> of T, VecDeque<T: Sized> of T, BTreeSet<T: Ord> of T);

impl<K: Codec + Ord, V: Codec> Codec for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u64).encode(out);
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = input.length()?;
        (0..length).map(|_| Ok((K::decode(input)?, V::decode(input)?))).collect()
    }
}
