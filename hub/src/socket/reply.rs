//! To whom a request is answered, and how.

use super::limits;
use super::protocol::{Done, Refused, Said};
use super::session::Session;
use crate::wire::{Code, Fault};
use serde_json::value::RawValue;

/// To whom a request is answered.
#[derive(Clone)]
pub(super) struct Reply {
    id: Option<Box<RawValue>>,
    /// What a failure is about that nobody waits for.
    sub: Option<Box<str>>,
}

impl Reply {
    pub(super) fn new(id: Option<Box<RawValue>>, sub: Option<&str>) -> Self {
        Self { id, sub: sub.map(Into::into) }
    }

    pub(super) fn unawaited(sub: &str) -> Self {
        Self { id: None, sub: Some(sub.into()) }
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.id.is_some()
    }

    pub(super) fn into_id(self) -> Option<Box<RawValue>> {
        self.id
    }

    /// The id as it is written.
    pub(super) fn id(&self) -> Option<&RawValue> {
        self.id.as_deref()
    }

    /// What is said; nothing if nobody asked and nothing went wrong.
    pub(super) fn text(&self, outcome: Result<Done<'_>, &Fault>) -> Option<Vec<u8>> {
        let id = self.id.as_deref();
        match outcome {
            Ok(done) => id.map(|id| Said::Ok(Done { id: Some(id), ..done }).to_text()),
            Err(fault) => {
                let sub = self.sub.as_deref().filter(|_| id.is_none());
                Some(Said::Error(Refused::new(id, sub, fault)).to_text())
            }
        }
    }

    pub(super) fn say(&self, session: &Session, outcome: Result<Done<'_>, &Fault>) {
        if let Some(text) = self.text(outcome) {
            session.say_text(text);
        }
    }

    /// Messages were settled, but for those that were not held.
    pub(super) fn settled(&self, session: &Session, outcome: Result<Vec<u64>, Fault>) {
        let done = |unknown| Done { unknown, ..Done::default() };
        self.say(session, outcome.as_ref().map(|unknown| done(unknown.clone())));
    }

    /// For an id that cannot be repeated.
    pub(super) fn without_id(self) -> Self {
        Self { id: None, ..self }
    }

    /// An id is a text or a number, and short.
    pub(super) fn check_id(&self) -> Result<(), Fault> {
        let is_one = |id: &RawValue| {
            let text = id.get();
            let begins = |first: char| first == '"' || first == '-' || first.is_ascii_digit();
            text.len() <= limits::ID_BYTES && text.starts_with(begins)
        };
        if self.id().is_none_or(is_one) {
            return Ok(());
        }
        let message = format!("id is a text or a number of at most {} characters.", limits::ID_BYTES - 2);
        Err(Fault::new(Code::InvalidParameterValue, message))
    }
}
