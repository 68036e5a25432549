//! [`Texts`]: what a structured message says by each protocol, read once; and [`Draft`], a message that is about to be
//! published, with them.

use super::Published;
use std::collections::BTreeMap;

/// The texts of a structured message, by their keys. What is no text in it does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Texts(BTreeMap<String, String>);

impl Texts {
    /// Reads the object that such a message is.
    pub(crate) fn parse(message: &str) -> Result<Self, serde_json::Error> {
        let members: serde_json::Map<_, _> = serde_json::from_str(message)?;
        let text = |(key, value)| match value {
            serde_json::Value::String(text) => Some((key, text)),
            _ => None,
        };
        Ok(Self(members.into_iter().filter_map(text).collect()))
    }

    pub(crate) fn has_default(&self) -> bool {
        self.0.contains_key("default")
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The text under a key, else the default.
    pub(crate) fn under(&self, key: &str) -> &str {
        self.0.get(key).or_else(|| self.0.get("default")).map_or("", String::as_str)
    }

    /// The same, and nothing else is wanted any more.
    pub(crate) fn into_text(mut self, key: &str) -> String {
        self.0.remove(key).or_else(|| self.0.remove("default")).unwrap_or_default()
    }
}

/// A message that was checked and is not in the log yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) published: Published,
    /// If it is structured.
    pub(crate) texts: Option<Texts>,
}

impl Draft {
    /// The text for a protocol.
    pub(crate) fn text_for(&self, protocol: &str) -> &str {
        self.texts.as_ref().map_or(&self.published.message, |texts| texts.under(protocol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_text_or_the_default() {
        let texts = Texts::parse(r#"{"default": "d", "sqs": "q", "http": 1, "sms": null}"#).unwrap();
        for (key, expected) in [("sqs", "q"), ("http", "d"), ("sms", "d"), ("email", "d"), ("default", "d")] {
            assert_eq!(texts.under(key), expected, "{key}");
            assert_eq!(texts.clone().into_text(key), expected, "{key}");
        }
        assert!(texts.has_default());
        assert_eq!(texts.all().collect::<Vec<_>>(), ["d", "q"]);
        assert!(!Texts::parse(r#"{"default": 1}"#).unwrap().has_default());
        assert!(Texts::parse("[]").is_err());
    }
}
