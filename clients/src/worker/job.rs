//! What is done with one message.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Key;
use super::store::Store;
use crate::message::Message;
use crate::socket::{Delivery, Lost};

/// A message whose like is being worked on comes again after this.
const MEANWHILE: Duration = Duration::from_secs(1);

/// The function, and what keeps it from being called twice.
pub(super) struct Job<H> {
    handler: H,
    once: Option<Once>,
}

struct Once {
    store: Arc<dyn Store>,
    key: Key,
    /// The keys that are being worked on.
    taken: Arc<Mutex<BTreeSet<String>>>,
}

/// How it went.
#[derive(Debug)]
pub(super) enum Outcome {
    Done {
        group: Option<String>,
        working: Duration,
    },
    /// It is for the caller to give the message back, when it has taken in that there was a failure.
    Failed {
        delivery: Box<Delivery>,
        reason: String,
    },
    Repeated {
        group: Option<String>,
    },
    /// Nothing was done, and the message comes again.
    Later {
        group: Option<String>,
    },
    Lost {
        group: Option<String>,
    },
}

impl<H> Job<H> {
    pub(super) fn new(handler: H, once: Option<(Arc<dyn Store>, Key)>) -> Self {
        let once = once.map(|(store, key)| Once { store, key, taken: Arc::default() });
        Self { handler, once }
    }

    pub(super) async fn work<F, E>(self: Arc<Self>, delivery: Delivery) -> Outcome
    where
        H: Fn(Message) -> F,
        F: Future<Output = Result<(), E>>,
        E: fmt::Display,
    {
        let group = delivery.group().map(str::to_owned);
        let claim = match &self.once {
            None => None,
            Some(once) => {
                let Some(claim) = once.claim(&delivery) else {
                    let _ = delivery.nack_group(MEANWHILE).await;
                    return Outcome::Later { group };
                };
                if claim.store.is_done(&claim.key) {
                    let _ = delivery.ack().await;
                    return Outcome::Repeated { group };
                }
                Some(claim)
            }
        };
        let begun = Instant::now();
        let result = tokio::select! {
            result = (self.handler)(delivery.message().clone()) => result,
            () = gone(&delivery) => return Outcome::Lost { group },
        };
        let working = begun.elapsed();
        if let Err(error) = result {
            let reason = error.to_string();
            return Outcome::Failed { delivery: Box::new(delivery), reason };
        }
        if let Some(claim) = claim
            && let Err(reason) = claim.done().await
        {
            return Outcome::Failed { delivery: Box::new(delivery), reason };
        }
        match delivery.ack().await {
            Ok(()) => Outcome::Done { group, working },
            Err(_) => Outcome::Lost { group },
        }
    }
}

/// Waits until there is no use in going on. A hub that was started anew still takes the acknowledgement.
async fn gone(delivery: &Delivery) {
    match delivery.lost().await {
        Lost::Forgotten => std::future::pending().await,
        Lost::Expired | Lost::Deleted | Lost::Purged | Lost::Moved | Lost::GivenBack => {}
    }
}

/// A key that nobody else works on for as long as this is there.
struct Claim {
    key: String,
    store: Arc<dyn Store>,
    taken: Arc<Mutex<BTreeSet<String>>>,
}

impl Once {
    fn claim(&self, message: &Message) -> Option<Claim> {
        let key = (self.key)(message);
        let is_free = self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        is_free.then(|| Claim { key, store: Arc::clone(&self.store), taken: Arc::clone(&self.taken) })
    }
}

impl Claim {
    /// Remembers the key before anybody hears that the message is done.
    async fn done(&self) -> Result<(), String> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        let written = tokio::task::spawn_blocking(move || store.remember(&key)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("it cannot be remembered that this was done: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
