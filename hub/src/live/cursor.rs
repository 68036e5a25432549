//! [`Cursor`]: where a reader stands in one ring, and what it passes over.

use super::event::Event;
use super::gap::{Gap, Why};
use super::limits::LOOKS_PER_TURN;
use super::request::Overflow;
use super::ring::Ring;
use filters::Policy;
use std::sync::Arc;

/// What a reader does with what it finds.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) filter: Option<Policy>,
    /// How many events of a topic it may be behind.
    pub(super) buffer: u64,
    pub(super) overflow: Overflow,
}

impl Rules {
    pub(super) fn pass(&self, event: &Event) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(&event.message()))
    }
}

/// Events that are passed over, up to but without the last.
#[derive(Debug)]
struct Skip {
    from: u64,
    until: u64,
    /// Those of them that the filter would have let through, or that nobody can ask any more.
    dropped: u64,
}

/// A reader's place in one ring.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) ring: Arc<Ring>,
    /// The offset that it looks at next.
    pub(super) next: u64,
    skip: Option<Skip>,
    /// Up to here it is what the reader asked for, however much that is.
    history_to: u64,
    /// Where its buffer was full, so that what came then is dropped.
    full_at: Option<u64>,
    /// What it found last, and has not been given.
    pub(super) head: Option<Arc<Event>>,
}

/// What a cursor came to.
#[derive(Debug)]
pub(super) enum Step {
    /// There is nothing, or nothing more than the head that it has.
    Nothing,
    /// It has a head now.
    Head,
    Gap(Gap),
    /// It is further behind than its reader wants to be.
    Full,
    /// It has looked at many events, and found nothing yet.
    Later,
}

impl Cursor {
    /// Begins at an offset. What is there by now is history.
    pub(super) fn at(ring: Arc<Ring>, next: u64) -> Self {
        let history_to = ring.next();
        Self { ring, next, skip: None, history_to, full_at: None, head: None }
    }

    /// Begins in a ring that was made for news.
    pub(super) fn new(ring: Arc<Ring>) -> Self {
        Self { ring, next: 1, skip: None, history_to: 1, full_at: None, head: None }
    }

    /// Whether it has looked at all that was there before its reader came.
    pub(super) fn is_past_history(&self) -> bool {
        self.next >= self.history_to
    }

    /// Whether it has neither an event nor a loss that its reader was not told of.
    pub(super) fn is_between(&self) -> bool {
        self.head.is_none() && self.skip.is_none()
    }

    /// Whether there will be nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.is_between() && self.ring.has_ended() && self.next >= self.ring.next()
    }

    /// Looks for the next event, if it has none.
    pub(super) fn step(&mut self, rules: &Rules) -> Step {
        if self.head.is_some() || (self.next >= self.ring.next() && self.skip.is_none()) {
            return Step::Nothing;
        }
        for _ in 0..LOOKS_PER_TURN {
            let look = self.ring.look(self.next);
            if look.first > self.next {
                if rules.overflow == Overflow::Close {
                    return Step::Full;
                }
                self.lose_until(look.first);
                continue;
            }
            if self.falls_behind(look.next, rules) {
                return Step::Full;
            }
            if let Some(skip) = self.skip.take_if(|skip| self.next >= skip.until)
                && skip.dropped > 0
            {
                return Step::Gap(self.gap(&skip));
            }
            let Some(event) = look.event else {
                return Step::Nothing;
            };
            self.next += 1;
            if rules.pass(&event) {
                if let Some(skip) = &mut self.skip {
                    skip.dropped += 1;
                } else {
                    self.head = Some(event);
                    return Step::Head;
                }
            }
        }
        Step::Later
    }

    /// What the ring has let go before it was looked at is lost, and no filter can be asked about it.
    fn lose_until(&mut self, first: u64) {
        let next = self.next;
        let skip = self.skip.get_or_insert(Skip { from: next, until: first, dropped: 0 });
        skip.until = skip.until.max(first);
        skip.dropped += first - next;
        self.next = first;
        self.full_at = self.full_at.filter(|at| *at >= first);
    }

    /// Decides what is passed over, if anything is. Says whether the reader wants to end instead.
    fn falls_behind(&mut self, next: u64, rules: &Rules) -> bool {
        let is_free = self.skip.is_none() && self.full_at.is_none() && self.is_past_history();
        if is_free && next - self.next > rules.buffer {
            match rules.overflow {
                Overflow::DropOldest => {
                    self.skip = Some(Skip { from: self.next, until: next - rules.buffer, dropped: 0 });
                }
                Overflow::DropNewest => self.full_at = Some(self.next + rules.buffer),
                Overflow::Close => return true,
            }
        }
        if self.full_at.take_if(|at| *at <= self.next).is_some() {
            let from = self.next;
            let skip = self.skip.get_or_insert(Skip { from, until: next, dropped: 0 });
            skip.until = next;
        }
        false
    }

    fn gap(&self, skip: &Skip) -> Gap {
        Gap {
            dropped: skip.dropped,
            from: skip.from,
            to: skip.until - 1,
            why: Why::Overflow,
            topic: Arc::clone(&self.ring.topic.name),
            epoch: Arc::clone(&self.ring.epoch),
        }
    }
}
