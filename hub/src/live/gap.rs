//! [`Gap`]: events that a reader did not get.

use serde::Serialize;
use std::sync::Arc;

/// Why events were not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Why {
    /// The reader was further behind than its buffer, or than what is kept.
    Overflow,
    /// What it asked for is not kept any more.
    Retention,
    /// It asked for fewer.
    Sampled,
}

impl Why {
    pub(crate) const ALL: [Self; 3] = [Self::Overflow, Self::Retention, Self::Sampled];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::Retention => "retention",
            Self::Sampled => "sampled",
        }
    }
}

/// Events of one topic that a reader did not get: so many, of those from one offset to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Gap {
    pub(crate) dropped: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) why: Why,
    pub(crate) topic: Arc<str>,
    pub(crate) epoch: Arc<str>,
}

impl Gap {
    /// Its members in JSON, without braces.
    pub(crate) fn json(&self) -> String {
        super::members(self)
    }
}
