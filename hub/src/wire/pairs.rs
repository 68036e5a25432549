//! A map that keeps the order of its entries.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::list::{ELEMENTS_MAX, too_many};

/// A map as a list of pairs, in the order in which they came or are to be written.
///
/// Which of two wrong attributes is complained about, and in which order SNS lists attributes, both depend on
/// that order. Of two entries with one key the last counts. An entry whose value is null is absent. A map with more
/// entries than any operation needs is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pairs<V>(pub(crate) Vec<(String, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Pairs<V> {
    /// For `skip_serializing_if`: the JSON protocol leaves out empty maps.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn drop_overwritten(&mut self) {
        let mut seen = HashSet::new();
        let last = self.0.iter().rev().map(|(key, _)| seen.insert(key.as_str())).collect::<Vec<_>>();
        let mut last = last.into_iter().rev();
        self.0.retain(|_| last.next().unwrap_or(true));
    }
}

impl<V: Serialize> Serialize for Pairs<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Pairs<V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let (mut pairs, mut sent) = (Pairs::default(), 0);
                while sent < ELEMENTS_MAX
                    && let Some((key, value)) = map.next_entry::<String, Option<V>>()?
                {
                    pairs.0.extend(value.map(|value| (key, value)));
                    sent += 1;
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    sent += 1;
                }
                if sent > ELEMENTS_MAX {
                    return Err(too_many(sent));
                }
                if pairs.0.len() > 1 {
                    pairs.drop_overwritten();
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_keeps_its_order_and_the_last_value_of_each_key() {
        let cases = [
            ("{}", "{}"),
            (r#"{"b":"1","a":"2"}"#, r#"{"b":"1","a":"2"}"#),
            (r#"{"b":"1","a":null,"c":"3"}"#, r#"{"b":"1","c":"3"}"#),
            (r#"{"b":"1","a":"2","b":"3"}"#, r#"{"a":"2","b":"3"}"#),
        ];
        for (read, written) in cases {
            let pairs: Pairs<String> = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&pairs).unwrap(), written);
            assert_eq!(pairs.is_empty(), written == "{}");
        }
    }

    #[test]
    fn a_map_larger_than_any_operation_needs_is_refused() {
        let map = |entries: usize| {
            let entries: Vec<_> = (0..entries).map(|number| format!("\"{number}\":{{}}")).collect();
            format!("{{{}}}", entries.join(","))
        };
        let largest: Pairs<serde_json::Value> = serde_json::from_str(&map(ELEMENTS_MAX)).unwrap();
        assert_eq!(largest.0.len(), ELEMENTS_MAX);
        // What is beyond the limit is not read as what it should be, only counted.
        let beyond = map(ELEMENTS_MAX + 2).replace("\"1001\":{}", "\"1001\":[5]");
        let error = serde_json::from_str::<Pairs<std::collections::BTreeMap<String, String>>>(&beyond)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("It can have at most 1000 elements, not 1002."), "{error}");
    }
}
