//! The outbox: what AWS would hand to a carrier, a device or a mailbox, for people and tests to look at.
//!
//! It is in memory and bounded: what is old goes first, and a restart empties it.

use crate::delivery::envelope::iso_8601;
use queue_core::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// How many letters are kept.
pub(crate) const LETTERS_MAX: usize = 1_000;

/// How much they may take together, in bytes.
const BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// What would have left the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Letter {
    pub(crate) time: String,
    pub(crate) protocol: Box<str>,
    pub(crate) to: Box<str>,
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    pub(crate) message_id: String,
    pub(crate) topic_arn: Option<String>,
}

impl Letter {
    /// One that no topic is behind.
    pub(crate) fn alone(
        protocol: &str,
        to: &str,
        subject: Option<&str>,
        message: String,
        now: Timestamp,
    ) -> Self {
        Self {
            time: iso_8601(now),
            protocol: protocol.into(),
            to: to.into(),
            subject: subject.map(str::to_owned),
            message,
            message_id: Uuid::new_v4().to_string(),
            topic_arn: None,
        }
    }

    fn bytes(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let texts = self.time.len() + self.protocol.len() + self.to.len() + self.message.len();
        size_of::<Self>()
            + texts
            + self.message_id.len()
            + optional(&self.subject)
            + optional(&self.topic_arn)
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) protocol: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) limit: usize,
}

#[derive(Default)]
pub(crate) struct Outbox(Mutex<Letters>);

#[derive(Default)]
struct Letters {
    /// The newest first.
    all: VecDeque<Arc<Letter>>,
    bytes: usize,
}

impl Outbox {
    fn letters(&self) -> MutexGuard<'_, Letters> {
        // A list of letters is one at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, letter: Letter) {
        let mut letters = self.letters();
        letters.bytes += letter.bytes();
        letters.all.push_front(Arc::new(letter));
        while letters.all.len() > LETTERS_MAX || letters.bytes > BYTES_MAX {
            let Some(oldest) = letters.all.pop_back() else {
                break;
            };
            letters.bytes -= oldest.bytes();
        }
    }

    /// The newest first.
    pub(crate) fn list(&self, wanted: Wanted<'_>) -> Vec<Arc<Letter>> {
        let is_wanted = |letter: &&Arc<Letter>| {
            wanted.protocol.is_none_or(|protocol| *letter.protocol == *protocol)
                && wanted.to.is_none_or(|to| *letter.to == *to)
        };
        self.letters().all.iter().filter(is_wanted).take(wanted.limit).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.letters() = Letters::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted<'_> = Wanted { protocol: None, to: None, limit: LETTERS_MAX };

    fn letter(protocol: &str, to: &str, message: &str) -> Letter {
        Letter::alone(protocol, to, None, message.to_owned(), Timestamp(1_767_323_045_678))
    }

    fn messages(outbox: &Outbox, wanted: Wanted<'_>) -> Vec<String> {
        outbox.list(wanted).iter().map(|letter| letter.message.clone()).collect()
    }

    #[test]
    fn the_newest_letters_come_first_and_can_be_chosen() {
        let outbox = Outbox::default();
        for (protocol, to, message) in [("sms", "+49", "a"), ("email", "ann", "b"), ("sms", "+1", "c")] {
            outbox.put(letter(protocol, to, message));
        }
        assert_eq!(messages(&outbox, ALL), ["c", "b", "a"]);
        assert_eq!(messages(&outbox, Wanted { protocol: Some("sms"), ..ALL }), ["c", "a"]);
        assert_eq!(messages(&outbox, Wanted { to: Some("ann"), ..ALL }), ["b"]);
        assert_eq!(messages(&outbox, Wanted { limit: 2, ..ALL }), ["c", "b"]);
        outbox.clear();
        assert!(messages(&outbox, ALL).is_empty());
    }

    #[test]
    fn a_thousand_letters_are_kept_and_no_more_than_fit() {
        let outbox = Outbox::default();
        for number in 0..LETTERS_MAX + 2 {
            outbox.put(letter("sms", "+49", &number.to_string()));
        }
        let kept = messages(&outbox, ALL);
        assert_eq!((kept.len(), kept.last().map(String::as_str)), (LETTERS_MAX, Some("2")));
        let large = "x".repeat(BYTES_MAX / 3);
        for _ in 0..4 {
            outbox.put(letter("email", "ann", &large));
        }
        assert_eq!(messages(&outbox, ALL).len(), 2);
    }

    #[test]
    fn a_letter_shows_what_it_lacks_as_null() {
        let letter = Letter { message_id: "1".to_owned(), ..letter("sms", "+49", "hello") };
        let expected = r#"{"time":"2026-01-02T03:04:05.678Z","protocol":"sms","to":"+49","subject":null,"message":"hello","messageId":"1","topicArn":null}"#;
        assert_eq!(serde_json::to_string(&letter).unwrap(), expected);
    }
}
