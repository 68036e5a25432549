//! Tags and text.

/// Appends text. `"` and CR are written as references, as AWS does: parsers would turn a CR into a line feed.
/// What XML cannot hold in any form becomes the replacement character, lest one message makes an answer unreadable.
pub(in crate::wire) fn append_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let (escaped, length): (&str, usize) = match byte {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'"' => ("&quot;", 1),
            b'\r' => ("&#xD;", 1),
            b'\t' | b'\n' => continue,
            0..0x20 => ("\u{fffd}", 1),
            // U+FFFE and U+FFFF.
            0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => ("\u{fffd}", 3),
            _ => continue,
        };
        out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        out.extend_from_slice(escaped.as_bytes());
        done = at + length;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
}

/// Appends a start tag; what follows is closed by `close` with the position that this returns.
pub(in crate::wire) fn open(out: &mut Vec<u8>, tag: &str) -> usize {
    out.push(b'<');
    out.extend_from_slice(tag.as_bytes());
    out.push(b'>');
    out.len()
}

/// Appends an end tag, or makes an element without content an empty one.
pub(in crate::wire) fn close(out: &mut Vec<u8>, tag: &str, opened: usize) {
    if out.len() == opened {
        out.pop();
        out.extend_from_slice(b"/>");
    } else {
        out.extend_from_slice(b"</");
        out.extend_from_slice(tag.as_bytes());
        out.push(b'>');
    }
}
