//! The parameter `ReceiptHandle`.

use crate::catalogue::QueueView;
use crate::operation::Context;
use crate::wire::{Code, Fault};
use queue_core::Receipt;

pub(crate) const NAME: &str = "ReceiptHandle";

/// What was given; `parameter` names it in the text about its absence.
pub(crate) fn required<'a>(given: Option<&'a str>, parameter: &str) -> Result<&'a str, Fault> {
    given.filter(|handle| !handle.is_empty()).ok_or_else(|| Fault::missing_parameter(parameter))
}

/// The receipt behind a handle. A handle of another queue is as bad as one that nobody gave out, also if that
/// queue had the same name. Handles of a priority queue are those of its members.
pub(crate) fn read(handle: &str, queue: &QueueView, cx: &Context) -> Result<Receipt, Fault> {
    let is_of = |receipt: &Receipt| match &queue.attributes.priority {
        None => receipt.queue == queue.id,
        Some(priority) => priority.members.iter().any(|member| member.queue == receipt.queue),
    };
    let receipt = cx.hub.secrets.receipt(handle).filter(is_of);
    receipt.ok_or_else(|| {
        let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        Fault::new(Code::ReceiptHandleIsInvalid, message)
    })
}
