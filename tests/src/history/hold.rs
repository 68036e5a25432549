//! How long a message is surely in the hands of who received it.

use super::NEVER;
use super::index::{Change, Given, Index, Life};

/// The time until which nobody else can receive the message after this delivery, beginning with its receive; as
/// long as nobody has given it back, and whatever moments the operations took effect at.
pub(super) fn held_until(index: &Index<'_>, life: &Life<'_>, given: &Given<'_>) -> u64 {
    let tolerance = index.rules.tolerance;
    let until = |from: u64, timeout: u64| from.saturating_add(timeout).saturating_sub(tolerance);
    let mut end = until(given.invoked, given.visibility);
    // When the latest change that counts had taken effect.
    let mut settled = given.invoked;
    for change in &life.changes {
        if change.invoked >= end {
            break;
        }
        if change.finished < given.invoked {
            continue;
        }
        let counts = change.done && change.receipt == given.delivery.receipt;
        let is_certain = counts && change.finished < end && change.invoked > settled;
        match change.timeout {
            Some(timeout) if is_certain => {
                end = until(change.invoked, timeout);
                settled = change.finished;
            }
            // Before it, nothing has changed.
            Some(_) | None => return end.min(change.invoked),
        }
    }
    end
}

/// Whether a delete surely found the message where this delivery had taken it to, so that it is gone from
/// everywhere. A delete that comes later finds it moved on, or gone.
pub(super) fn has_removed(index: &Index<'_>, life: &Life<'_>, given: &Given<'_>, delete: &Change) -> bool {
    let is_its_delete = delete.done && delete.receipt == given.delivery.receipt && delete.timeout.is_none();
    if !is_its_delete || delete.finished == NEVER {
        return false;
    }
    let mut others = life.changes.iter().filter(|other| other.operation != delete.operation);
    let undisturbed = others.all(|other| other.invoked > delete.finished);
    let end = given.invoked.saturating_add(given.visibility).saturating_sub(index.rules.tolerance);
    undisturbed && delete.finished < end && given.finished <= delete.invoked
}
