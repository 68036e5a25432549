//! Reads an answer of HTTP/1.1 out of what has arrived so far.

use std::borrow::Cow;

/// More headers than any of these services sends.
const HEADERS_MAX: usize = 64;

/// Ten messages of 1 MiB, every byte of which JSON may write as six.
pub(super) const ANSWER_BYTES_MAX: usize = 64 << 20;

/// An answer that has arrived whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: Cow<'a, [u8]>,
    /// Whether the server ends the connection after it.
    pub(super) closes: bool,
}

/// What a head says of the body behind it.
enum Length {
    Bytes(usize),
    Chunked,
}

impl<'a> Answer<'a> {
    /// The answer that these bytes begin with; none if it is not all there yet. The error is a sentence.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, String> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        let head_bytes = match head.parse(bytes) {
            Ok(httparse::Status::Complete(bytes)) => bytes,
            Ok(httparse::Status::Partial) => return within_limit(bytes),
            Err(error) => return Err(format!("the answer is not HTTP/1.1: {error}")),
        };
        let status = head.code.unwrap_or_default();
        let rest = bytes.get(head_bytes..).unwrap_or_default();
        let (length, closes) = framing(status, head.headers)?;
        let body = match length {
            Length::Bytes(length) if length > ANSWER_BYTES_MAX => return Err(too_large()),
            Length::Bytes(length) => rest.get(..length).map(Cow::Borrowed),
            Length::Chunked => joined(rest)?.map(Cow::Owned),
        };
        match body {
            Some(body) => Ok(Some(Self { status, body, closes })),
            None => within_limit(bytes),
        }
    }
}

fn within_limit<T>(bytes: &[u8]) -> Result<Option<T>, String> {
    if bytes.len() > ANSWER_BYTES_MAX { Err(too_large()) } else { Ok(None) }
}

fn too_large() -> String {
    format!("the answer is larger than {} MiB", ANSWER_BYTES_MAX >> 20)
}

fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Result<(Length, bool), String> {
    let is = |value: &[u8], word: &str| value.trim_ascii().eq_ignore_ascii_case(word.as_bytes());
    let (mut length, mut closes) = (None, false);
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = str::from_utf8(header.value).unwrap_or_default().trim();
            let bytes = text.parse().map_err(|_| format!("Content-Length is {text:?}"))?;
            length = length.or(Some(Length::Bytes(bytes)));
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") && is(header.value, "chunked") {
            length = Some(Length::Chunked);
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = is(header.value, "close");
        }
    }
    match length {
        // These have no body, whatever the headers say.
        _ if matches!(status, 100..=199 | 204 | 304) => Ok((Length::Bytes(0), closes)),
        Some(length) => Ok((length, closes)),
        None => Err("the answer does not say how long it is".to_owned()),
    }
}

/// A body in chunks, joined; none if the last chunk is not there yet.
fn joined(mut rest: &[u8]) -> Result<Option<Vec<u8>>, String> {
    const LINE_END: &[u8] = b"\r\n";
    let mut body = Vec::new();
    loop {
        let (start, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("the answer's chunks cannot be read".to_owned()),
        };
        let Ok(length) = usize::try_from(length) else {
            return Err(too_large());
        };
        if body.len().saturating_add(length) > ANSWER_BYTES_MAX {
            return Err(too_large());
        }
        let after = rest.get(start..).unwrap_or_default();
        if length == 0 {
            // No trailers are expected: the line that ends the body.
            return Ok(after.starts_with(LINE_END).then_some(body));
        }
        let Some(chunk) = after.get(..length) else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        let Some(next) = after.get(length.saturating_add(LINE_END.len())..) else {
            return Ok(None);
        };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever piece of it arrives first, the answer is found when it is whole, and not before.
    fn check(text: &str, status: u16, body: &str, closes: bool) {
        let bytes = text.as_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Answer::parse(&bytes[..end]), Ok(None), "{:?}", &text[..end]);
        }
        let expected = Answer { status, body: Cow::Borrowed(body.as_bytes()), closes };
        assert_eq!(Answer::parse(bytes), Ok(Some(expected)), "{text:?}");
    }

    #[test]
    fn an_answer_is_found_in_whatever_pieces_it_arrives() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false);
        check(
            "HTTP/1.1 400 Bad Request\r\nconnection: Close\r\ncontent-length: 2\r\n\r\n{}",
            400,
            "{}",
            true,
        );
        check("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", false);
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nB;x=y\r\n, big world\r\n0\r\n\r\n",
            200,
            "hello, big world",
            false,
        );
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for (text, expected) in [
            ("SSH-2.0 OpenSSH\r\n\r\n", "not HTTP/1.1"),
            ("HTTP/1.1 200 OK\r\n\r\n", "does not say how long"),
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "Content-Length is"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "larger than"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunks"),
        ] {
            let error = Answer::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
