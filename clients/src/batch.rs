//! What the hub says of the entries of a batch.

use serde::Deserialize;

use crate::error::Fault;
use crate::outgoing::Sent;

/// An entry that was taken.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Successful {
    id: String,
    message_id: String,
}

/// An entry that was refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Failed {
    id: String,
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    sender_fault: bool,
}

/// What became of each entry, in the order of the entries, whose ids are their indices; nothing if one is missing.
pub(crate) fn in_order(
    operation: &'static str,
    count: usize,
    successful: Vec<Successful>,
    failed: Vec<Failed>,
) -> Option<Vec<Sent>> {
    let mut sent = vec![None; count];
    for entry in successful {
        *sent.get_mut(entry.id.parse::<usize>().ok()?)? = Some(Ok(entry.message_id));
    }
    for Failed { id, code, message, sender_fault } in failed {
        let status = if sender_fault { 400 } else { 500 };
        let fault = Fault { operation, code, message, status, request_id: None };
        *sent.get_mut(id.parse::<usize>().ok()?)? = Some(Err(fault));
    }
    sent.into_iter().collect()
}
