//! What is counted of mappings, as it is shown. It is counted where it happens, by their outlets.

use super::exposition::{Labels, Page};
use super::table as of;

/// The series of a mapping.
#[derive(Debug)]
pub(crate) struct MappingSeries {
    pub(crate) account: String,
    pub(crate) id: String,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) filtered: u64,
    pub(crate) is_paused: bool,
}

/// The series of mappings, as text.
pub(crate) fn expose(mappings: &[MappingSeries]) -> String {
    let (mut messages, mut paused) = (Vec::new(), Vec::new());
    for MappingSeries { account, id, delivered, failed, filtered, is_paused } in mappings {
        for (result, count) in [("delivered", delivered), ("failed", failed), ("filtered", filtered)] {
            messages.push((Labels::of(&["account", "mapping", "result"], &[account, id, result]), count));
        }
        paused.push((Labels::of(&["account", "mapping"], &[account, id]), u8::from(*is_paused)));
    }
    let mut page = Page::default();
    page.family(&of::MAPPING_MESSAGES, messages.iter().map(|(labels, count)| (labels, count)));
    page.family(&of::MAPPING_BREAKER_OPEN, paused.iter().map(|(labels, is_paused)| (labels, is_paused)));
    page.into_text()
}
