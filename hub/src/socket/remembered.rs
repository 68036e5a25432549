//! Which requests of a session were done: a client that did not hear the answer asks again, and is told the first one.

use super::limits;
use queue_core::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

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
    fates: HashMap<Box<str>, Fate>,
    /// Those that are done, in order.
    done: VecDeque<(Timestamp, Box<str>)>,
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
        self.fates.insert(id.into(), Fate::Done(said.into()));
        self.done.push_back((now, id.into()));
    }

    /// It was refused: asked for again, it is tried again.
    pub(super) fn refused(&mut self, id: &str) {
        self.fates.remove(id);
    }

    fn forget(&mut self, now: Timestamp, window: Duration) {
        let is_old = |at: Timestamp| now.since(at) > window;
        while let Some((at, _)) = self.done.front()
            && (is_old(*at) || self.done.len() >= limits::REMEMBERED)
        {
            if let Some((_, id)) = self.done.pop_front() {
                self.fates.remove(&id);
            }
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
}
