//! Telephone numbers, written as E.164 has them: a plus sign, and up to fifteen digits of which the first is not 0.

use crate::shape::topic::limits;
use crate::wire::Fault;

/// The number, with its plus sign, which may be left out in the text; none if it is none.
pub(crate) fn parse(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = limits::PHONE_NUMBER_DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("+{digits}"))
}

/// The number that an operation needs. `member` is what its shape calls it.
pub(crate) fn required(text: Option<&str>, member: &str) -> Result<String, Fault> {
    let text = text.ok_or_else(|| Fault::null_member(member))?;
    let wrong = || Fault::invalid_parameter("PhoneNumber Reason: input incorrectly formatted");
    parse(text).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_international() {
        for (text, number) in
            [("+12065550100", "+12065550100"), ("12065550100", "+12065550100"), ("+49", "+49")]
        {
            assert_eq!(parse(text).as_deref(), Some(number));
        }
        for text in ["", "+", "+0123", "NAA+15551234567", "+1 206 555 0100", "1234567890123456"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
