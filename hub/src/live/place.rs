//! [`Place`]: where a reader stands, as it tells others and is told when it comes back.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// An event of a topic, or a moment between the events of all topics. Its epoch says which of the two, and of which
/// ring: what a hub kept is gone with it, and so are the places in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) epoch: Arc<str>,
}

impl Place {
    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (epoch, offset) = text.trim().rsplit_once(':')?;
        let is_epoch = epoch.starts_with(EPOCH) && !epoch.contains(|one: char| !one.is_ascii_graphic());
        is_epoch.then_some(())?;
        Some(Self { offset: offset.parse().ok()?, epoch: epoch.into() })
    }
}

/// What every epoch begins with, so that no moment is taken for a place.
pub(super) const EPOCH: char = 'e';

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.epoch, self.offset)
    }
}
