//! Which characters texts can have.

use super::limits;
use crate::wire::Fault;

/// What is said of a text with a character that XML 1.0 cannot have.
pub(crate) const INVALID_CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
                                             #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";

/// Whether bodies and attributes may have all characters of a text.
pub(crate) fn is_valid(text: &str) -> bool {
    // By bytes and without a branch, so that many are compared at once: bodies are long, and most are plain.
    let is_control = |byte: u8| (byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    let any_control = |part: &[u8]| part.iter().fold(false, |any, byte| any | is_control(*byte));
    let (parts, rest) = text.as_bytes().as_chunks::<64>();
    let has_control = parts.iter().any(|part| any_control(part)) || any_control(rest);
    !has_control && (text.is_ascii() || !text.contains(['\u{fffe}', '\u{ffff}']))
}

/// Checks the id of a group, of a deduplication or of a receive attempt.
pub(crate) fn check_id(id: &str, parameter: &str) -> Result<(), Fault> {
    if limits::ID.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason =
        format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(Fault::invalid_value(id, parameter, &reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_characters_of_xml_are_valid() {
        for text in ["", "a\tb\r\nc", " ", "\u{d7ff}\u{e000}\u{fffd}", "\u{10000}\u{10ffff}", "\u{7f}"] {
            assert!(is_valid(text), "{text:?}");
        }
        let late = "x".repeat(100) + "\u{1f}";
        for text in ["\0", "\u{8}", "\u{b}", "a\u{1f}", "\u{fffe}", "ä\u{ffff}", &late] {
            assert!(!is_valid(text), "{text:?}");
        }
    }

    #[test]
    fn an_id_is_of_letters_digits_and_punctuation() {
        let longest = "~".repeat(128);
        for id in ["a", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &longest] {
            assert!(check_id(id, "MessageGroupId").is_ok(), "{id}");
        }
        let too_long = "~".repeat(129);
        for id in ["", "a b", "ä", "a\n", &too_long] {
            let fault = check_id(id, "MessageGroupId").unwrap_err();
            assert_eq!(
                fault.message(),
                format!(
                    "Value {id} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include \
                     alphanumeric and punctuation characters. 1 to 128 in length."
                ),
            );
        }
    }
}
