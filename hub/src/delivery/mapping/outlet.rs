//! [`Outlet`]: what is known of the URL of a mapping since the hub started.

use super::Mapping;
use crate::config::Settings;
use crate::delivery::addresses::AddressRules;
use crate::delivery::breaker::Breaker;
use crate::delivery::caller::{Answer, Caller, Failure, TIMEOUT};
use bytes::Bytes;
use queue_core::RecordId;
use reqwest::Url;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How much of an answer is read: what AWS lets a function answer.
const ANSWER_BYTES_MAX: usize = 6 << 20;

/// The outlets of all mappings, made when they are first needed.
pub(crate) struct Outlets {
    caller: OnceLock<Option<Caller>>,
    known: Mutex<HashMap<RecordId, Arc<Outlet>>>,
    /// How far the clock was turned ahead.
    advanced: watch::Receiver<Duration>,
}

/// The URL of a mapping, and what became of what was posted there.
pub(crate) struct Outlet {
    url: String,
    pub(crate) breaker: Breaker,
    pub(super) delivered: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) filtered: AtomicU64,
    last_error: Mutex<Option<String>>,
}

/// How often something happened to messages of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) filtered: u64,
}

impl Outlets {
    pub(crate) fn new(advanced: watch::Receiver<Duration>) -> Self {
        Self { caller: OnceLock::new(), known: Mutex::default(), advanced }
    }

    /// The outlet of a mapping. It begins anew when the mapping gets another URL.
    pub(crate) fn of(&self, id: RecordId, mapping: &Mapping, settings: &Settings) -> Arc<Outlet> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&id).filter(|outlet| outlet.url == mapping.url);
        if let Some(outlet) = found {
            return Arc::clone(outlet);
        }
        let pause = Duration::from_secs(settings.push_breaker_pause_s.0.into());
        let outlet = Arc::new(Outlet {
            url: mapping.url.clone(),
            breaker: Breaker::new(settings.push_breaker_failures.0, pause, self.advanced.clone()),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            filtered: AtomicU64::new(0),
            last_error: Mutex::new(None),
        });
        known.insert(id, Arc::clone(&outlet));
        outlet
    }

    /// Forgets the outlet of a mapping that is gone.
    pub(super) fn forget(&self, id: RecordId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Forgets the outlets of mappings that are gone.
    pub(super) fn keep(&self, is_there: impl Fn(RecordId) -> bool) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| is_there(*id));
    }

    /// Posts an event to the URL of a mapping.
    pub(super) async fn post(
        &self,
        mapping: &Mapping,
        event: String,
        settings: &Settings,
    ) -> Result<Answer, Failure> {
        let unusable = || Failure::Connection("nothing can be pushed by this hub".to_owned());
        let caller = self.caller.get_or_init(|| match Caller::new(AddressRules::of(settings), TIMEOUT) {
            Ok(caller) => Some(caller),
            Err(error) => {
                tracing::error!(%error, "nothing can be pushed to mappings");
                None
            }
        });
        let caller = caller.as_ref().ok_or_else(unusable)?;
        let url = Url::parse(&mapping.url).map_err(|error| Failure::Connection(error.to_string()))?;
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            // What is compressed would not be read.
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
            (USER_AGENT, HeaderValue::from_static("fanq")),
        ];
        let headers: HeaderMap = headers.into_iter().collect();
        caller.within(mapping.timeout(), ANSWER_BYTES_MAX).post(url, headers, Bytes::from(event)).await
    }
}

impl Outlet {
    pub(crate) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            filtered: read(&self.filtered),
        }
    }

    /// Why something was not delivered last.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note(&self, error: String) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

pub(super) fn count(counter: &AtomicU64, messages: usize) {
    counter.fetch_add(messages as u64, Ordering::Relaxed);
}
