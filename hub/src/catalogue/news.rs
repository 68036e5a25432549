//! [`News`]: which subscriptions and records have changed, told to whoever works for them.
//!
//! What changed is told one by one, so that a change costs its readers as much as it is, however much there is
//! besides. Nobody waits for a slow reader: one that has fallen behind is told to look at everything once instead.

use queue_core::Change;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Changes that are kept for a reader that is busy.
const KEPT: usize = 4_096;

/// Where changes are told.
pub(crate) struct News(broadcast::Sender<Change>);

/// Somebody who is told.
pub(crate) struct Reader {
    changes: broadcast::Receiver<Change>,
    is_new: bool,
}

/// What a reader is to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Everything: it is new, or has missed something.
    All,
    One(Change),
}

impl Default for News {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT))
    }
}

impl News {
    pub(super) fn tell(&self, change: Change) {
        // There may be nobody who wants to know.
        let _ = self.0.send(change);
    }

    pub(super) fn reader(&self) -> Reader {
        Reader { changes: self.0.subscribe(), is_new: true }
    }
}

impl Reader {
    /// What is to be looked at next, when there is something. Nothing is lost if nobody waits for the answer.
    pub(crate) async fn next(&mut self) -> Told {
        if std::mem::take(&mut self.is_new) {
            return Told::All;
        }
        match self.changes.recv().await {
            Ok(change) => Told::One(change),
            Err(RecvError::Lagged(_)) => {
                // What is still kept is seen with everything.
                self.changes = self.changes.resubscribe();
                Told::All
            }
            // The catalogue is gone, and nothing changes any more.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use queue_core::RecordId;

    fn told(reader: &mut Reader) -> Vec<Told> {
        std::iter::from_fn(|| reader.next().now_or_never()).collect()
    }

    #[test]
    fn a_reader_looks_at_everything_once_and_then_at_what_changes() {
        let news = News::default();
        news.tell(Change::Record(RecordId(1)));
        let mut reader = news.reader();
        assert_eq!(told(&mut reader), [Told::All]);
        news.tell(Change::Record(RecordId(2)));
        news.tell(Change::Record(RecordId(3)));
        assert_eq!(told(&mut reader), [2, 3].map(|id| Told::One(Change::Record(RecordId(id)))));
    }

    #[test]
    fn a_reader_that_comes_late_looks_at_everything_once() {
        let news = News::default();
        let mut reader = news.reader();
        assert_eq!(told(&mut reader), [Told::All]);
        for id in 0..=KEPT as u64 {
            news.tell(Change::Record(RecordId(id)));
        }
        assert_eq!(told(&mut reader), [Told::All]);
        news.tell(Change::Record(RecordId(7)));
        assert_eq!(told(&mut reader), [Told::One(Change::Record(RecordId(7)))]);
    }
}
