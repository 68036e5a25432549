//! `GET /ws`: consumers that are pushed to, and publishers, over one WebSocket. The protocol is `fanq.v1.json`.
//!
//! A consumer is an ordinary receiver of its queue: a push is a ReceiveMessage, an acknowledgement a DeleteMessage, a
//! refusal a ChangeMessageVisibility. Nothing here has rules of its own about order, locks, receive counts or dead
//! letters; what there is besides is that leases are bound to a connection, and outlive it for a while.
//!
//! `handshake` turns a request into a connection, `frame` bytes into messages, `protocol` messages into requests.
//! `connection` is the loop of one connection, on the thread that accepted it; `client` does what is asked for.
//! `session` is what outlives a connection, `consumer` and `held` what is in it, and `keeper` lets time pass. By
//! `holders` a client hears of what others did with its messages.

mod client;
mod close;
mod connecting;
mod connection;
mod consumer;
mod consuming;
mod frame;
pub(crate) mod handshake;
mod held;
mod holders;
pub(crate) mod keeper;
mod limits;
mod outgoing;
mod protocol;
mod publisher;
mod remembered;
mod reply;
mod session;
mod settling;
mod subscriber;
mod taking;

pub(crate) use connection::{Pace, serve};

pub(crate) use holders::Stake;

use futures_util::task::AtomicWaker;
use holders::Holders;
use session::Session;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// All connections and sessions of a hub.
#[derive(Default)]
pub(crate) struct Sockets {
    connections: Mutex<HashMap<u64, Arc<AtomicWaker>>>,
    sessions: Mutex<HashMap<Uuid, Arc<Session>>>,
    holders: Arc<Holders>,
    connections_made: AtomicU64,
    stopping: AtomicBool,
    pushed: AtomicU64,
}

/// What can be measured of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) connections: usize,
    pub(crate) consumers: usize,
    pub(crate) unacknowledged: usize,
    pub(crate) pushed: u64,
}

impl Sockets {
    /// The hub is about to stop: clients are told, and nothing more is taken for them.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        for waker in lock(&self.connections).values() {
            waker.wake();
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures {
            connections: lock(&self.connections).len(),
            pushed: self.pushed.load(Ordering::Relaxed),
            ..Figures::default()
        };
        for session in self.sessions() {
            session.with(|state| {
                figures.consumers += state.consumers.len();
                figures.unacknowledged += state.held();
            });
        }
        figures
    }

    /// A connection has come; it is woken by this.
    fn enter(self: &Arc<Self>) -> Entered {
        let number = self.connections_made.fetch_add(1, Ordering::Relaxed);
        let waker = Arc::<AtomicWaker>::default();
        lock(&self.connections).insert(number, Arc::clone(&waker));
        Entered { sockets: Arc::clone(self), number, waker }
    }

    fn sessions(&self) -> Vec<Arc<Session>> {
        lock(&self.sessions).values().map(Arc::clone).collect()
    }

    fn session(&self, id: Uuid) -> Option<Arc<Session>> {
        lock(&self.sessions).get(&id).map(Arc::clone)
    }

    /// Keeps a session; false if there are too many.
    fn keep(&self, session: &Arc<Session>) -> bool {
        let mut sessions = lock(&self.sessions);
        let has_room = sessions.len() < limits::SESSIONS;
        if has_room {
            sessions.insert(session.id, Arc::clone(session));
        }
        has_room
    }

    /// A session has ended.
    fn forget(&self, session: Uuid) {
        lock(&self.sessions).remove(&session);
    }
}

/// A connection, for as long as it is there.
struct Entered {
    sockets: Arc<Sockets>,
    number: u64,
    waker: Arc<AtomicWaker>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        lock(&self.sockets.connections).remove(&self.number);
    }
}

/// What is behind these locks is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
