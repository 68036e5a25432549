//! [`SyntaxError`]: why a text is not JSON.

use std::fmt;

/// Why a text is not JSON. The characters are those found in the place of something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxError {
    /// A word that is none of `true`, `false`, and `null`.
    UnknownWord(String),
    /// Not the beginning of a value.
    NoValue(char),
    /// Not the beginning of the name of a member.
    NoKey(char),
    /// No colon after the name of a member.
    NoColon(char),
    /// No comma between two members.
    NoCommaInObject(char),
    /// No comma between two elements.
    NoCommaInArray(char),
    /// Something follows the value.
    AfterTheEnd(char),
    /// A control character in a string, which has to be escaped there.
    ControlCharacter(char),
    /// A backslash before a character that cannot follow one.
    Escape(char),
    /// `\u` without four hexadecimal digits, or half of a surrogate pair.
    UnicodeEscape,
    /// A number that begins with a superfluous zero.
    LeadingZero,
    /// A number without a digit where one belongs.
    NoDigit(char),
    /// The text ends in the middle of a value.
    EndOfInput,
}

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unexpected = |f: &mut fmt::Formatter<'_>, found: char, expected: fmt::Arguments<'_>| {
            write!(f, "Unexpected character ('{found}' (code {})){expected}", u32::from(found))
        };
        match self {
            Self::UnknownWord(word) => write!(f, "Unrecognized token '{word}': was expecting {VALUES}"),
            Self::NoValue(found) => unexpected(f, *found, format_args!(": expected a valid value {VALUES}")),
            Self::NoKey(found) => {
                unexpected(f, *found, format_args!(": was expecting double-quote to start field name"))
            }
            Self::NoColon(found) => unexpected(
                f,
                *found,
                format_args!(": was expecting a colon to separate field name and value"),
            ),
            Self::NoCommaInObject(found) => {
                unexpected(f, *found, format_args!(": was expecting comma to separate Object entries"))
            }
            Self::NoCommaInArray(found) => {
                unexpected(f, *found, format_args!(": was expecting comma to separate Array entries"))
            }
            Self::AfterTheEnd(found) => unexpected(f, *found, format_args!(": was expecting end of input")),
            Self::ControlCharacter(found) => write!(
                f,
                "Illegal unquoted character ((CTRL-CHAR, code {})): \
                 has to be escaped using backslash to be included in string value",
                u32::from(*found)
            ),
            Self::Escape(found) => {
                write!(f, "Unrecognized character escape '{found}' (code {})", u32::from(*found))
            }
            Self::UnicodeEscape => f.write_str("Unrecognized unicode escape in string value"),
            Self::LeadingZero => f.write_str("Invalid numeric value: Leading zeroes not allowed"),
            Self::NoDigit(found) => {
                unexpected(f, *found, format_args!(" in numeric value: was expecting a digit"))
            }
            Self::EndOfInput => f.write_str("Unexpected end-of-input"),
        }
    }
}
