//! Messages on their way to a queue or a topic.

use std::time::Duration;

use serde::Serialize;

use crate::error::Error;
use crate::message::MessageAttribute;

/// A message to be sent to a queue or published to a topic. A text is one already:
///
/// ```
/// use fanq_client::{MessageAttribute, Outgoing};
///
/// #[derive(serde::Serialize)]
/// struct Order { teapots: u32 }
///
/// # fn main() -> Result<(), fanq_client::Error> {
/// let plain = Outgoing::from("one teapot");
/// let order = Outgoing::json(&Order { teapots: 1 })?
///     .attribute("kind", MessageAttribute::string("physical"))
///     .group("customer-7")
///     .deduplication("order-1");
/// assert_eq!(order.body, r#"{"teapots":1}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outgoing {
    /// What is sent.
    pub body: String,
    /// What stands beside it, in this order.
    pub attributes: Vec<(String, MessageAttribute)>,
    /// Its group, which every message of a FIFO queue or topic has.
    pub group: Option<String>,
    /// What two messages have in common that are the same one, in a FIFO queue or topic.
    pub deduplication: Option<String>,
    /// How long it stays hidden in a queue, in whole seconds (a fraction counts as one). Topics know no delay.
    pub delay: Option<Duration>,
    /// The subject, which only topics know.
    pub subject: Option<String>,
}

impl Outgoing {
    /// A message whose body is a value in JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_string(value).map_err(|error| Error::Setting(error.to_string()))?;
        Ok(Self { body, ..Self::default() })
    }

    /// With another attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: MessageAttribute) -> Self {
        self.attributes.push((name.into(), value));
        self
    }

    /// In a group.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// With an id by which a repetition is recognised.
    #[must_use]
    pub fn deduplication(mut self, id: impl Into<String>) -> Self {
        self.deduplication = Some(id.into());
        self
    }

    /// Hidden for so long.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// With a subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }
}

impl From<&str> for Outgoing {
    fn from(body: &str) -> Self {
        body.to_owned().into()
    }
}

impl From<&String> for Outgoing {
    fn from(body: &String) -> Self {
        body.to_owned().into()
    }
}

impl From<String> for Outgoing {
    fn from(body: String) -> Self {
        Self { body, ..Self::default() }
    }
}

/// What became of one message of a batch: its id, or why it was refused.
pub type Sent = Result<String, crate::Fault>;

/// A batch has at most so many messages, and so many bytes with names, types and values of their attributes.
const BATCH_COUNT: usize = 10;
const BATCH_BYTES: usize = 1024 * 1024;

/// Cuts messages into batches that the hub takes, in their order.
pub(crate) fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    let mut batches = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut total_bytes = 0;
        let fitting = rest.iter().take(BATCH_COUNT).take_while(|message| {
            total_bytes += bytes(message);
            total_bytes <= BATCH_BYTES
        });
        // One that is too large alone is for the hub to refuse.
        let (batch, later) = rest.split_at(fitting.count().max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

fn bytes(message: &Outgoing) -> usize {
    let attributes = message.attributes.iter().map(|(name, value)| name.len() + value.bytes());
    message.body.len() + attributes.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_ten_messages_and_a_mebibyte_at_most_and_keep_the_order() {
        let of = |sizes: &[usize]| {
            let messages = sizes.iter().map(|size| Outgoing::from("x".repeat(*size))).collect::<Vec<_>>();
            batches(&messages).iter().map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), [] as [usize; 0]);
        assert_eq!(of(&[1; 25]), [10, 10, 5]);
        assert_eq!(of(&[600_000, 448_576, 1, 5]), [2, 2]);
        assert_eq!(of(&[2_000_000, 1, 2_000_000]), [1, 1, 1]);
    }
}
