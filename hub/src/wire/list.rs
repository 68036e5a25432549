//! Lists that are read no further than a request can need.
//!
//! A list of `{}` becomes a hundred times as large when it is read, so how many elements are kept must not be up
//! to whoever sends it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Elements of a list and entries of a map. No operation has a use for more.
pub(super) const ELEMENTS_MAX: usize = 1_000;

/// The first elements of a list, and how many were sent: for lists of whose length AWS complains with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted<T, const KEPT: usize> {
    kept: Vec<T>,
    sent: usize,
}

impl<T, const KEPT: usize> Counted<T, KEPT> {
    /// How many elements were sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent
    }

    /// The elements, as far as they were kept.
    pub(crate) fn kept(&self) -> &[T] {
        &self.kept
    }

    pub(crate) fn into_kept(self) -> Vec<T> {
        self.kept
    }
}

impl<T, const KEPT: usize> Default for Counted<T, KEPT> {
    fn default() -> Self {
        Self { kept: Vec::new(), sent: 0 }
    }
}

impl<'de, T: Deserialize<'de>, const KEPT: usize> Deserialize<'de> for Counted<T, KEPT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const KEPT: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const KEPT: usize> Visitor<'de> for Elements<T, KEPT> {
            type Value = Counted<T, KEPT>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                // The words of serde's own visitor for lists: an error about the type reads the same.
                out.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < KEPT {
                    let Some(element) = list.next_element()? else {
                        break;
                    };
                    kept.push(element);
                }
                let mut sent = kept.len();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    sent += 1;
                }
                Ok(Counted { kept, sent })
            }
        }
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

/// A list that is refused if it is longer than any operation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Counted { kept, sent } = Counted::<T, ELEMENTS_MAX>::deserialize(deserializer)?;
        if sent > kept.len() {
            return Err(too_many(sent));
        }
        Ok(Self(kept))
    }
}

/// What is said of a list or map with more elements than any operation needs.
pub(super) fn too_many<E: Error>(sent: usize) -> E {
    E::custom(format_args!("It can have at most {ELEMENTS_MAX} elements, not {sent}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_counted_and_not_read() {
        let cases = [
            ("[]", vec![], 0),
            ("[1]", vec![1], 1),
            ("[1,2]", vec![1, 2], 2),
            (r#"[1,2,3,"x",{},[[]],null]"#, vec![1, 2], 7),
        ];
        for (text, kept, sent) in cases {
            let read: Counted<u32, 2> = serde_json::from_str(text).unwrap();
            assert_eq!((read.kept(), read.sent()), (kept.as_slice(), sent), "{text}");
        }
    }

    #[test]
    fn a_list_longer_than_any_operation_needs_is_refused() {
        let list = |length: usize| format!("[{}1]", "1,".repeat(length - 1));
        let read: List<u32> = serde_json::from_str(&list(ELEMENTS_MAX)).unwrap();
        assert_eq!(read.len(), ELEMENTS_MAX);
        let error = serde_json::from_str::<List<u32>>(&list(ELEMENTS_MAX + 1)).unwrap_err();
        assert!(error.to_string().starts_with("It can have at most 1000 elements, not 1001."), "{error}");
    }

    #[test]
    fn what_is_no_list_is_refused_in_the_words_of_serde() {
        let error = serde_json::from_str::<List<u32>>("5").unwrap_err().to_string();
        let of_serde = serde_json::from_str::<Vec<u32>>("5").unwrap_err().to_string();
        assert_eq!(error, of_serde);
    }
}
