//! Parameters that are whole numbers within a range.

use crate::wire::Fault;
use std::ops::RangeInclusive;

/// The number, if it is in the range.
pub(crate) fn check(
    number: i64,
    range: &RangeInclusive<u32>,
    parameter: &str,
    reason: &str,
) -> Result<u32, Fault> {
    let checked = u32::try_from(number).ok().filter(|number| range.contains(number));
    checked.ok_or_else(|| Fault::invalid_value(number, parameter, reason))
}
