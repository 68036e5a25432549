//! Bodies that follow from the name of their message, so that a changed byte shows.

use std::fmt::Write as _;

/// What stands between the parts of a body.
const SEPARATOR: char = '|';

/// What a body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The name of the message, or what stands in its place.
    pub name: String,
    /// Whether this is, to the last byte, the body of the message of that name.
    pub intact: bool,
}

/// The body of a message of this name, about as long as asked for. A name has no `|` in it.
#[must_use]
pub fn body(name: &str, bytes: usize) -> String {
    let mut text = format!("{name}{SEPARATOR}{bytes}{SEPARATOR}");
    let mut state = token(&text);
    while text.len() < bytes {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        let _ = write!(text, "{:016x}", state ^ (state >> 29));
    }
    let check = token(&text);
    let _ = write!(text, "{SEPARATOR}{check:016x}");
    text
}

/// Reads the name out of a body, and whether all the rest is as [`body`] would make it.
#[must_use]
pub fn read_body(text: &str) -> Content {
    let mut parts = text.split(SEPARATOR);
    let name = parts.next().unwrap_or_default();
    let bytes = parts.next().and_then(|bytes| bytes.parse().ok());
    // A damaged length must not make this build gigabytes.
    let bytes = bytes.filter(|bytes| *bytes <= text.len());
    // The name goes into reports, and a damaged one may be anything.
    let shown = name.chars().take(200).collect();
    Content { name: shown, intact: bytes.is_some_and(|bytes| body(name, bytes) == text) }
}

/// A number for a text that is too long to be kept, such as a receipt handle.
#[must_use]
pub fn token(text: &str) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash ^ (hash >> 32)
}
