//! Telephone numbers, in the international form of E.164.

use crate::shape::topic::limits;

/// Whether a text has the form of a telephone number, with or without its plus sign.
pub(crate) fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    limits::PHONE_NUMBER_DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_international() {
        for number in ["+12065550100", "12065550100", "+49"] {
            assert!(is_phone_number(number), "{number}");
        }
        for text in ["", "+", "+0123", "NAA+15551234567", "+1 206 555 0100", "1234567890123456"] {
            assert!(!is_phone_number(text), "{text}");
        }
    }
}
