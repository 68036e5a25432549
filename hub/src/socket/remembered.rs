//! Which requests of a session were done: a client that did not hear the answer asks again, and is told the first one.

use super::limits;
use queue_core::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Room for so many is kept once they are forgotten.
const KEPT: usize = 64;

/// What became of a request.
#[derive(Debug)]
enum Fate {
    UnderWay,
    /// With what was said.
    Done(Box<[u8]>),
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is new.
    Do,
    /// The answer will come.
    Wait,
    /// It was answered.
    Say(Vec<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Remembered {
    fates: HashMap<Arc<str>, Fate>,
    /// Those that are done, in order.
    done: VecDeque<(Timestamp, Arc<str>)>,
    /// Of what was said to those, and their ids.
    bytes: usize,
}

impl Remembered {
    /// Looks at a request; one that is new counts as under way from now on.
    pub(super) fn begin(&mut self, id: &str, now: Timestamp, window: Duration) -> Verdict {
        self.forget(now, window);
        match self.fates.get(id) {
            Some(Fate::UnderWay) => Verdict::Wait,
            Some(Fate::Done(said)) => Verdict::Say(said.to_vec()),
            None => {
                self.fates.insert(id.into(), Fate::UnderWay);
                Verdict::Do
            }
        }
    }

    /// It was done.
    pub(super) fn done(&mut self, id: &str, said: &[u8], now: Timestamp) {
        let id = Arc::<str>::from(id);
        self.bytes += id.len() + said.len();
        self.fates.insert(Arc::clone(&id), Fate::Done(said.into()));
        self.done.push_back((now, id));
    }

    /// It was refused: asked for again, it is tried again.
    pub(super) fn refused(&mut self, id: &str) {
        self.fates.remove(id);
    }

    /// Forgets what was done longer ago than the window, or is too much.
    pub(super) fn forget(&mut self, now: Timestamp, window: Duration) {
        let is_old = |at: Timestamp| now.since(at) > window;
        while let Some((at, _)) = self.done.front()
            && (is_old(*at) || self.done.len() >= limits::REMEMBERED || self.bytes > limits::REMEMBERED_BYTES)
        {
            let Some((_, id)) = self.done.pop_front() else { break };
            if let Some(Fate::Done(said)) = self.fates.remove(&id) {
                self.bytes -= id.len() + said.len();
            }
        }
        if self.done.capacity() > KEPT.max(4 * self.done.len()) {
            self.done.shrink_to(2 * self.done.len());
            self.fates.shrink_to(2 * self.fates.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_done_once_within_the_window() {
        let window = Duration::from_secs(30);
        let at = |seconds| Timestamp::default().after(Duration::from_secs(seconds));
        let mut remembered = Remembered::default();
        assert_eq!(remembered.begin("1", at(0), window), Verdict::Do);
        assert_eq!(remembered.begin("1", at(1), window), Verdict::Wait);
        assert_eq!(remembered.begin("2", at(1), window), Verdict::Do);
        remembered.done("1", b"ok", at(2));
        remembered.refused("2");
        assert_eq!(remembered.begin("1", at(32), window), Verdict::Say(b"ok".to_vec()));
        assert_eq!(remembered.begin("2", at(32), window), Verdict::Do);
        assert_eq!(remembered.begin("1", at(33), window), Verdict::Do);
    }
    #[test]
    fn what_is_too_old_or_too_much_takes_no_room() {
        let window = Duration::from_secs(30);
        let at = |seconds| Timestamp::default().after(Duration::from_secs(seconds));
        let mut remembered = Remembered::default();
        for number in 0..1_000 {
            remembered.done(&number.to_string(), b"ok", at(0));
        }
        remembered.forget(at(30), window);
        assert_eq!(remembered.done.len(), 1_000);
        remembered.forget(at(31), window);
        assert_eq!((remembered.fates.len(), remembered.bytes), (0, 0));
        assert!(remembered.done.capacity() <= KEPT && remembered.fates.capacity() <= KEPT);
        let half = vec![b'x'; limits::REMEMBERED_BYTES / 2];
        for id in ["1", "2", "3"] {
            remembered.done(id, &half, at(40));
        }
        remembered.forget(at(40), window);
        assert_eq!((remembered.done.len(), remembered.bytes), (1, half.len() + 1));
    }
}
