//! The parameter `VisibilityTimeout` where it is required.

use super::{limits, number};
use crate::wire::Fault;

pub(crate) const NAME: &str = "VisibilityTimeout";

/// What was given; `parameter` names it in the text about its absence.
pub(crate) fn required(given: Option<i64>, parameter: &str) -> Result<i64, Fault> {
    given.ok_or_else(|| Fault::missing_parameter(parameter))
}

/// The timeout, in seconds.
pub(crate) fn check(given: i64) -> Result<u32, Fault> {
    number::check(
        given,
        &limits::VISIBILITY,
        NAME,
        "VisibilityTimeout must be an integer between 0 and 43200.",
    )
}
