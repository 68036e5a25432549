//! What reaches the engine's thread, and when the thread wakes for it.
//!
//! Waking a thread costs more than what most requests ask of it. So whoever sends something wakes the engine only if
//! it sleeps and said that it wants to know: while a batch is with the log, requests are left to gather until that is
//! back, or a moment has passed.

use super::Event;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What wakes the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Whatever arrives.
    Anything,
    /// News of the log, and what cannot wait for them.
    Pressing,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// There is news of the log, or an event that cannot wait.
    is_pressing: bool,
    /// The engine sleeps, and this wakes it.
    sleeps: Option<Until>,
    is_closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the change of a state, and wakes the engine if that is what it waits for.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wakes = match state.sleeps {
            Some(Until::Anything) => true,
            Some(Until::Pressing) => state.is_pressing,
            None => false,
        };
        if wakes {
            state.sleeps = None;
        }
        // Unlocked first: the engine wants the same lock as soon as it wakes.
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
    }
}

/// The engine has ended.
#[derive(Debug)]
pub(super) struct Closed;

/// The end for whoever has something for the engine.
#[derive(Clone)]
pub(super) struct Sender(Arc<Shared>);

impl Sender {
    pub(super) fn send(&self, event: Event) -> Result<(), Closed> {
        let mut state = self.0.lock();
        if state.is_closed {
            return Err(Closed);
        }
        state.is_pressing |= event.is_pressing();
        state.events.push_back(event);
        self.0.wake(state);
        Ok(())
    }

    /// The log has something to give.
    pub(super) fn send_news_of_the_log(&self) {
        let mut state = self.0.lock();
        state.is_pressing = true;
        self.0.wake(state);
    }
}

/// The engine's end. When it is dropped, whatever was not taken is dropped too.
pub(super) struct Inbox {
    shared: Arc<Shared>,
    /// Taken out of the shared part, in one go.
    taken: VecDeque<Event>,
}

impl Inbox {
    pub(super) fn new() -> (Sender, Self) {
        let shared = Arc::<Shared>::default();
        (Sender(Arc::clone(&shared)), Self { shared, taken: VecDeque::new() })
    }

    /// The next event, in the order of their arrival. Does not wait.
    pub(super) fn next(&mut self) -> Option<Event> {
        if self.taken.is_empty() {
            let mut state = self.shared.lock();
            std::mem::swap(&mut state.events, &mut self.taken);
        }
        self.taken.pop_front()
    }

    /// Sleeps until something has arrived that is worth waking for, but not longer than `most`.
    pub(super) fn wait(&mut self, until: Until, most: Option<Duration>) {
        if until == Until::Anything && !self.taken.is_empty() {
            return;
        }
        let end = most.map(|most| Instant::now() + most);
        let mut state = self.shared.lock();
        let has_come = |state: &State| match until {
            Until::Anything => state.is_pressing || !state.events.is_empty(),
            Until::Pressing => state.is_pressing,
        };
        while !has_come(&state) {
            state.sleeps = Some(until);
            let changed = &self.shared.changed;
            state = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => break,
                Some(left) => changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        state.sleeps = None;
        // Whoever has slept looks at everything next.
        state.is_pressing = false;
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let left = {
            let mut state = self.shared.lock();
            state.is_closed = true;
            std::mem::take(&mut state.events)
        };
        // Whoever waits for an answer is told by this; outside of the lock, because it may wake them.
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(event: &Event) -> Option<u64> {
        match event {
            Event::Gone { waiter, .. } => Some(*waiter),
            Event::Stop => None,
            _ => panic!("no other event was sent"),
        }
    }

    fn gone(waiter: u64) -> Event {
        Event::Gone { queue: queue_core::QueueId(1), waiter }
    }

    #[test]
    fn events_come_in_the_order_of_their_arrival() {
        let (sender, mut inbox) = Inbox::new();
        for waiter in 1..=3 {
            sender.send(gone(waiter)).unwrap();
        }
        assert_eq!(inbox.next().as_ref().and_then(number), Some(1));
        sender.send(gone(4)).unwrap();
        let rest = std::iter::from_fn(|| inbox.next()).map(|event| number(&event)).collect::<Vec<_>>();
        assert_eq!(rest, [Some(2), Some(3), Some(4)]);
    }

    #[test]
    fn only_what_is_pressing_wakes_an_engine_whose_batch_is_with_the_log() {
        let (sender, mut inbox) = Inbox::new();
        sender.send(gone(1)).unwrap();
        inbox.wait(Until::Anything, None);
        inbox.wait(Until::Pressing, Some(Duration::from_millis(1)));
        let thread = std::thread::spawn(move || {
            inbox.wait(Until::Pressing, None);
            std::iter::from_fn(|| inbox.next()).map(|event| number(&event)).collect::<Vec<_>>()
        });
        while sender.0.lock().sleeps != Some(Until::Pressing) {
            std::thread::yield_now();
        }
        sender.send(gone(2)).unwrap();
        assert_eq!(sender.0.lock().sleeps, Some(Until::Pressing), "a request lets it sleep");
        sender.send(Event::Stop).unwrap();
        assert_eq!(thread.join().unwrap(), [Some(1), Some(2), None]);
    }

    #[test]
    fn news_of_the_log_wake_it_and_are_not_forgotten_while_it_works() {
        let (sender, mut inbox) = Inbox::new();
        for until in [Until::Pressing, Until::Anything] {
            sender.send_news_of_the_log();
            assert!(inbox.next().is_none());
            inbox.wait(until, None);
            assert!(!sender.0.lock().is_pressing);
        }
    }

    #[test]
    fn nothing_can_be_sent_to_an_engine_that_has_ended() {
        let (sender, inbox) = Inbox::new();
        let (responder, mut response) = tokio::sync::oneshot::channel();
        sender.send(Event::Turn { changes: Vec::new(), responder }).unwrap();
        drop(inbox);
        assert!(response.try_recv().is_err());
        assert!(sender.send(Event::Stop).is_err());
    }
}
