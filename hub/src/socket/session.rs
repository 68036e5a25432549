//! A client's session: what outlives its connection for a while.
//!
//! The connection works on it from its thread and the keeper from another, each for no longer than a step takes.

use super::consumer::Consumer;
use super::held::Renewal;
use super::outgoing::Unwritten;
use super::protocol::{Loss, Resumed, Said};
use super::remembered::Remembered;
use super::settling::Returned;
use crate::auth::Caller;
use futures_util::task::AtomicWaker;
use queue_core::{QueueId, Receipt, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

pub(super) struct Session {
    pub(super) id: Uuid,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) caller: Caller,
    /// How long it waits for its client to come back.
    pub(super) window: Duration,
    pub(super) consumers: BTreeMap<Box<str>, Consumer>,
    pub(super) remembered: Remembered,
    /// With it the session is resumed; each connection gets another.
    pub(super) token: Uuid,
    /// The last connection that wrote everything again: what older ones did not write is no concern of theirs any more.
    pub(super) repeated_by: u64,
    connection: Connection,
    consumers_made: u64,
    /// What the connection has not said yet.
    outbox: Vec<Vec<u8>>,
}

/// Who speaks for a session.
enum Connection {
    There {
        number: u64,
        waker: Arc<AtomicWaker>,
    },
    /// Nobody; it ends at that time.
    Gone {
        last: u64,
        until: Timestamp,
    },
    /// The session has ended.
    Over,
}

/// What is due in a session.
#[derive(Default)]
pub(super) struct Due {
    pub(super) renewals: Vec<(Box<str>, u64, Renewal)>,
    pub(super) reports: Vec<(Box<str>, QueueId)>,
    /// The session has ended, and gives these back.
    pub(super) ended: Option<Vec<Receipt>>,
}

impl Session {
    /// A session whose first connection has the number 1.
    pub(super) fn new(caller: Caller, window: Duration, waker: Arc<AtomicWaker>) -> Self {
        let state = State {
            caller,
            window,
            consumers: BTreeMap::new(),
            remembered: Remembered::default(),
            token: Uuid::new_v4(),
            repeated_by: 0,
            connection: Connection::There { number: 1, waker },
            consumers_made: 0,
            outbox: Vec::new(),
        };
        Self { id: Uuid::new_v4(), state: Mutex::new(state) }
    }

    pub(super) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        // Every step leaves the state whole.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the connection say something, if there is one.
    pub(super) fn say(&self, said: &Said<'_>) {
        self.say_text(said.to_text());
    }

    pub(super) fn say_text(&self, text: Vec<u8>) {
        self.with(|state| state.say_text(text));
    }
}

impl State {
    /// Takes the session over for a new connection, which gets a number; the one that was there is woken, and finds
    /// that it is not. None if the session has ended.
    pub(super) fn attach(&mut self, waker: Arc<AtomicWaker>) -> Option<u64> {
        let number = match self.connection {
            Connection::There { number, .. } => number + 1,
            Connection::Gone { last, .. } => last + 1,
            Connection::Over => return None,
        };
        self.wake();
        self.connection = Connection::There { number, waker };
        self.token = Uuid::new_v4();
        Some(number)
    }

    /// Whether that connection speaks for the session.
    pub(super) fn is_attached(&self, connection: u64) -> bool {
        match self.connection {
            Connection::There { number, .. } => number == connection,
            Connection::Gone { .. } | Connection::Over => false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.connection, Connection::Over)
    }

    /// A connection has gone. What it was to write for the first time and did not is given back, unless another has
    /// taken that over, and so is everything else if nobody will come back for it.
    pub(super) fn detach(
        &mut self,
        connection: u64,
        unwritten: &Unwritten,
        is_orderly: bool,
        now: Timestamp,
    ) -> Returned {
        let is_attached = self.is_attached(connection);
        let is_repeated = connection < self.repeated_by;
        let mut returned = Returned::default();
        let mut lost = BTreeMap::<_, Vec<_>>::new();
        let begun = unwritten.begun.iter().map(|mark| (mark, true));
        let all = begun.chain(unwritten.whole.iter().map(|mark| (mark, false)));
        for ((sub, number, tag), may_be_seen) in all.filter(|_| !is_repeated) {
            let lease = self.consumer(sub, *number).and_then(|consumer| consumer.held.take(*tag));
            if let Some(lease) = lease {
                if may_be_seen { &mut returned.seen } else { &mut returned.unseen }.push(lease.receipt());
                lost.entry(sub).or_default().push(*tag);
            }
        }
        if !is_attached {
            // Whoever has taken over was told that these are held.
            for (sub, tags) in lost {
                self.say_lost(sub, &tags, Loss::Expired);
            }
        } else {
            // What was said to nobody is of no use to whoever comes next.
            self.outbox.clear();
            if is_orderly || self.window.is_zero() {
                returned.seen.extend(self.end());
            } else {
                self.connection = Connection::Gone { last: connection, until: now.after(self.window) };
            }
        }
        returned
    }

    /// Ends the session; what it held is to be given back.
    fn end(&mut self) -> Vec<Receipt> {
        self.connection = Connection::Over;
        std::mem::take(&mut self.consumers)
            .into_values()
            .flat_map(|mut consumer| consumer.held.take_all())
            .collect()
    }

    pub(super) fn next_consumer(&mut self) -> u64 {
        self.consumers_made += 1;
        self.consumers_made
    }

    /// The consumer of that name, if it is still the same one.
    pub(super) fn consumer(&mut self, sub: &str, number: u64) -> Option<&mut Consumer> {
        self.consumers.get_mut(sub).filter(|consumer| consumer.number == number)
    }

    pub(super) fn say(&mut self, said: &Said<'_>) {
        self.say_text(said.to_text());
    }

    fn say_text(&mut self, text: Vec<u8>) {
        if let Connection::There { .. } = self.connection {
            self.outbox.push(text);
            self.wake();
        }
    }

    /// Tells the client to give up work. Also whoever comes later is told.
    pub(super) fn say_lost(&mut self, sub: &str, tags: &[u64], why: Loss) {
        if !tags.is_empty() {
            self.outbox.push(Said::Lost { sub, tags, why }.to_text());
            self.wake();
        }
    }

    fn wake(&self) {
        if let Connection::There { waker, .. } = &self.connection {
            waker.wake();
        }
    }

    /// What is to be said, once.
    pub(super) fn take_outbox(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.outbox)
    }

    /// How the consumers stand, for a client that comes back.
    pub(super) fn resumed(&self) -> Vec<Resumed> {
        let resumed = |sub: &str, consumer: &Consumer| Resumed {
            sub: sub.to_string(),
            tag: consumer.held.last_tag(),
            unacked: consumer.held.tags().collect(),
        };
        self.consumers.iter().map(|(sub, consumer)| resumed(sub, consumer)).collect()
    }

    /// How many messages are held.
    pub(super) fn held(&self) -> usize {
        self.consumers.values().map(|consumer| consumer.held.len()).sum()
    }

    /// Whether the keeper has something to do with it.
    pub(super) fn due(&mut self, now: Timestamp, real: Instant) -> Due {
        let mut due = Due::default();
        match self.connection {
            Connection::Gone { until, .. } if until <= now => {
                due.ended = Some(self.end());
                return due;
            }
            Connection::There { .. } | Connection::Gone { .. } | Connection::Over => {}
        }
        self.remembered.forget(now, self.window);
        let mut lost = Vec::new();
        let mut is_waited_for = false;
        for (sub, consumer) in &mut self.consumers {
            let (renewals, over) = consumer.held.due(now);
            for tag in &over {
                consumer.held.take(*tag);
            }
            due.renewals.extend(renewals.into_iter().map(|renewal| (sub.clone(), consumer.number, renewal)));
            if !over.is_empty() {
                lost.push((sub.clone(), over));
            }
            if consumer.is_report_due(real) {
                due.reports.push((sub.clone(), consumer.queue));
            }
            is_waited_for |= consumer.has_ended(now);
        }
        for (sub, tags) in lost {
            self.say_lost(&sub, &tags, Loss::Expired);
        }
        if is_waited_for {
            self.wake();
        }
        due
    }
}
