//! Archives, a page at a time. The engine only says where the bodies are: whoever wants them waits for the disk.

use super::{Engine, Error};
use crate::storage::Body;
use queue_core::{ArchivedMessage, Timestamp, TopicId};

/// The messages of an archive that were published within these times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) topic: TopicId,
    pub(crate) from: Timestamp,
    pub(crate) to: Option<Timestamp>,
}

/// A message of an archive, whose body may still have to be read.
pub(crate) struct Archived {
    pub(crate) message: ArchivedMessage,
    pub(crate) body: Body,
}

impl Engine {
    /// The messages of a span that come after a number: so many at most, and one alone if it is longer than so many
    /// bytes.
    pub(crate) async fn archived(
        &self,
        span: Span,
        after: u64,
        messages_max: usize,
        bytes_max: u64,
    ) -> Result<Vec<Archived>, Error> {
        self.look(None, move |machine, log| {
            let mut bytes = 0;
            let fits = |message: &ArchivedMessage| {
                let is_first = bytes == 0;
                bytes += u64::from(message.body.bytes);
                is_first || bytes <= bytes_max
            };
            let found = machine.archived(span.topic, after, span.from, span.to).take(messages_max);
            let found = found.take_while(fits);
            found.map(|message| Archived { body: log.body(message.body), message }).collect()
        })
        .await
    }
}
