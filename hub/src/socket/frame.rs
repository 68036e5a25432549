//! The frames of the WebSocket protocol (RFC 6455): bytes to messages and back.
//!
//! Lengths are believed no further than the limit: a frame that says it is longer is refused by its head, before any
//! of it is kept.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes of a control frame's content.
const CONTROL_BYTES: usize = 125;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// All frames of a message together. Nothing says yet that it is UTF-8.
    Text(Bytes),
    Ping(Bytes),
    Pong,
    /// The client ends the connection.
    Close,
}

/// Why what a client sent is no frame that it may send. The connection cannot go on: where the next one begins is not
/// known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    Malformed(&'static str),
    TooLarge,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What is said before the content of a frame.
struct Head {
    is_last: bool,
    kind: u8,
    mask: [u8; 4],
    /// Of the head itself.
    bytes: usize,
    content_bytes: usize,
}

impl Head {
    /// None if it is not there in full.
    fn read(input: &[u8], bytes_max: usize) -> Result<Option<Self>, Bad> {
        let [first, second, rest @ ..] = input else { return Ok(None) };
        let (is_last, kind) = (first & 0x80 != 0, first & 0x0f);
        if first & 0x70 != 0 {
            return Err(Bad::Malformed("no extension was agreed upon"));
        }
        if second & 0x80 == 0 {
            return Err(Bad::Malformed("frames of clients are masked"));
        }
        let (length, rest) = match second & 0x7f {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            length => (u64::from(length), rest),
        };
        let content_bytes = usize::try_from(length).ok().filter(|bytes| *bytes <= bytes_max);
        let content_bytes = content_bytes.ok_or(Bad::TooLarge)?;
        if kind >= CLOSE && (!is_last || content_bytes > CONTROL_BYTES) {
            return Err(Bad::Malformed("a control frame is whole and short"));
        }
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let bytes = input.len() - rest.len();
        Ok(Some(Self { is_last, kind, mask: *mask, bytes, content_bytes }))
    }
}

/// Reads frames, and puts those of one message together.
#[derive(Default)]
pub(super) struct Decoder {
    /// What has come of a message in parts.
    begun: Option<BytesMut>,
}

impl Decoder {
    /// The next message or control frame, if it is there in full. No message has more than so many bytes.
    pub(super) fn next(&mut self, input: &mut BytesMut, bytes_max: usize) -> Result<Option<Frame>, Bad> {
        loop {
            let Some(head) = Head::read(input, bytes_max)? else { return Ok(None) };
            let begun_bytes = self.begun.as_ref().map_or(0, BytesMut::len);
            if head.kind < CLOSE && begun_bytes + head.content_bytes > bytes_max {
                return Err(Bad::TooLarge);
            }
            if input.len() < head.bytes + head.content_bytes {
                return Ok(None);
            }
            input.advance(head.bytes);
            let mut content = input.split_to(head.content_bytes);
            unmask(&mut content, head.mask);
            if let Some(frame) = self.take(&head, content)? {
                return Ok(Some(frame));
            }
        }
    }

    /// What a frame completes, if it completes something.
    fn take(&mut self, head: &Head, content: BytesMut) -> Result<Option<Frame>, Bad> {
        let whole = match (head.kind, self.begun.take()) {
            (TEXT, None) => content,
            (CONTINUATION, Some(mut begun)) => {
                begun.unsplit(content);
                begun
            }
            (TEXT, Some(_)) => return Err(Bad::Malformed("a message begins within another")),
            (CONTINUATION, None) => return Err(Bad::Malformed("a message goes on that did not begin")),
            (BINARY, _) => return Err(Bad::Malformed("messages are text")),
            (kind, begun) => {
                self.begun = begun;
                return match kind {
                    CLOSE => Ok(Some(Frame::Close)),
                    PING => Ok(Some(Frame::Ping(content.freeze()))),
                    PONG => Ok(Some(Frame::Pong)),
                    _ => Err(Bad::Malformed("no frame is of this kind")),
                };
            }
        };
        if head.is_last {
            return Ok(Some(Frame::Text(whole.freeze())));
        }
        self.begun = Some(whole);
        Ok(None)
    }
}

fn unmask(content: &mut [u8], mask: [u8; 4]) {
    for chunk in content.chunks_mut(mask.len()) {
        for (byte, key) in chunk.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
}

/// Writes a message.
pub(super) fn put_text(output: &mut BytesMut, text: &[u8]) {
    put(output, TEXT, text);
}

pub(super) fn put_ping(output: &mut BytesMut) {
    put(output, PING, &[]);
}

pub(super) fn put_pong(output: &mut BytesMut, content: &[u8]) {
    put(output, PONG, content);
}

/// Writes the end of a connection, with as much of the reason as fits.
pub(super) fn put_close(output: &mut BytesMut, code: u16, reason: &str) {
    let mut end = reason.len().min(CONTROL_BYTES - size_of::<u16>());
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let content = [&code.to_be_bytes(), reason.as_bytes().get(..end).unwrap_or_default()].concat();
    put(output, CLOSE, &content);
}

fn put(output: &mut BytesMut, kind: u8, content: &[u8]) {
    const HEAD_BYTES_MAX: usize = 10;
    output.reserve(HEAD_BYTES_MAX + content.len());
    output.put_u8(0x80 | kind);
    match (u8::try_from(content.len()), u16::try_from(content.len())) {
        (Ok(length @ 0..=125), _) => output.put_u8(length),
        (_, Ok(length)) => {
            output.put_u8(126);
            output.put_u16(length);
        }
        (_, Err(_)) => {
            output.put_u8(127);
            output.put_u64(content.len() as u64);
        }
    }
    output.put_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::limits::FRAME_BYTES;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    /// A frame as a client sends it.
    fn client(first: u8, content: &[u8]) -> Vec<u8> {
        let mut plain = BytesMut::new();
        put(&mut plain, 0, content);
        let length_bytes = plain.len() - content.len() - 1;
        let mut frame = vec![first, plain[1] | 0x80];
        frame.extend_from_slice(&plain[2..=length_bytes]);
        frame.extend_from_slice(&MASK);
        let mut content = content.to_vec();
        unmask(&mut content, MASK);
        frame.extend_from_slice(&content);
        frame
    }

    /// All that comes of some bytes, whether they arrive at once or one by one.
    fn check(bytes: &[u8], expected: &[Result<Frame, Bad>]) {
        for step in [bytes.len().max(1), 1] {
            let (mut decoder, mut input, mut found) = (Decoder::default(), BytesMut::new(), Vec::new());
            'all: for chunk in bytes.chunks(step) {
                input.extend_from_slice(chunk);
                loop {
                    match decoder.next(&mut input, FRAME_BYTES) {
                        Ok(None) => break,
                        Ok(Some(frame)) => found.push(Ok(frame)),
                        Err(bad) => {
                            found.push(Err(bad));
                            break 'all;
                        }
                    }
                }
            }
            assert_eq!(found, expected, "{:?}", bytes.escape_ascii().to_string());
        }
    }

    fn text(text: &str) -> Result<Frame, Bad> {
        Ok(Frame::Text(Bytes::copy_from_slice(text.as_bytes())))
    }

    #[test]
    fn messages_come_whole_and_in_parts_with_control_frames_between() {
        check(&client(0x81, b"hello"), &[text("hello")]);
        check(&client(0x81, b""), &[text("")]);
        for length in [125, 126, 300, 65_535, 65_536] {
            let long = "x".repeat(length);
            check(&client(0x81, long.as_bytes()), &[text(&long)]);
        }
        let parts =
            [client(0x01, b"hel"), client(0x89, b"?"), client(0x00, b"l"), client(0x80, b"o")].concat();
        check(&parts, &[Ok(Frame::Ping(Bytes::from_static(b"?"))), text("hello")]);
        let both = [client(0x8a, b""), client(0x88, &[3, 232])].concat();
        check(&both, &[Ok(Frame::Pong), Ok(Frame::Close)]);
    }

    #[test]
    fn what_the_protocol_forbids_is_refused() {
        let malformed = [
            client(0xc1, b"x"),
            client(0x82, b"x"),
            client(0x83, b"x"),
            client(0x80, b"x"),
            client(0x8b, b"x"),
            client(0x09, b"x"),
            client(0x89, &[0; 126]),
            [client(0x01, b"x"), client(0x81, b"x")].concat(),
            vec![0x81, 1, b'x'],
        ];
        for bytes in malformed {
            let (mut decoder, mut input) = (Decoder::default(), BytesMut::from(&bytes[..]));
            assert!(
                matches!(decoder.next(&mut input, FRAME_BYTES), Err(Bad::Malformed(_))),
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn a_message_that_says_it_is_too_large_is_refused_by_its_head() {
        let half = vec![b'x'; FRAME_BYTES / 2 + 1];
        let mut head = client(0x81, &[b'x'; 70_000]);
        head.truncate(10);
        head[2..10].copy_from_slice(&(FRAME_BYTES as u64 + 1).to_be_bytes());
        check(&head, &[Err(Bad::TooLarge)]);
        let mut input = BytesMut::from(&[client(0x01, &half), client(0x80, &half)].concat()[..]);
        assert_eq!(Decoder::default().next(&mut input, FRAME_BYTES), Err(Bad::TooLarge));
    }

    #[test]
    fn a_reason_is_cut_where_a_character_ends() {
        let mut output = BytesMut::new();
        put_close(&mut output, 4400, &"ü".repeat(100));
        assert_eq!(output.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&output[4..]).is_ok());
    }
}
