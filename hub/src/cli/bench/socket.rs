//! One WebSocket: messages go out in masked frames, and come in frames that are whole.
//!
//! It is as much of RFC 6455 as a client needs that knows its server: no extensions are offered, so frames are plain, and
//! the mask is zero, since masks keep scripts from fooling proxies, and here is neither.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connection::{Failure, connect};
use super::request::Requests;

/// What a connection begins with; it grows where one read fills it.
const BUFFER_BYTES: usize = 4 << 10;

/// More headers than the answer to a handshake has.
const HEADERS_MAX: usize = 32;

/// More than a message of 1 MiB takes, every byte of which JSON may write as six.
const FRAME_BYTES_MAX: u64 = 8 << 20;

/// The name of the one consumer or subscription that a socket has.
pub(super) const SUB: &str = "bench";

/// Most messages that a consumer can have unacknowledged: what is on its way to a client, and back.
const CREDIT: u32 = 100;

const SWITCHING_PROTOCOLS: u16 = 101;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// In the first byte of a frame: nothing of the message follows in another.
const LAST: u8 = 0x80;
/// In the second.
const MASKED: u8 = 0x80;
/// In the second as well: the length stands in so many bytes behind it.
const IN_TWO_BYTES: u8 = 126;
const IN_EIGHT_BYTES: u8 = 127;

pub(super) struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
    /// So much of that was taken.
    taken_bytes: usize,
    unsent: Vec<u8>,
}

/// What the server says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Said<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    pub(super) id: Option<u64>,
    /// Of a message of a queue.
    #[serde(default)]
    pub(super) tag: u64,
    #[serde(borrow, default)]
    pub(super) body: Cow<'a, str>,
    /// Of an event, or what is wrong.
    #[serde(borrow, default)]
    pub(super) message: Cow<'a, str>,
    /// Tags that were acknowledged and not held.
    #[serde(default)]
    pub(super) unknown: Vec<u64>,
}

impl<'a> Said<'a> {
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Failure> {
        serde_json::from_slice(text)
            .map_err(|error| Failure::Unreadable(format!("a message cannot be read: {error}")))
    }

    /// It as an error: a kind of message that was not to be expected.
    pub(super) fn unexpected(text: &[u8]) -> String {
        const CHARACTERS_MAX: usize = 300;
        String::from_utf8_lossy(text).chars().take(CHARACTERS_MAX).collect()
    }
}

impl Socket {
    /// Connects, and says who it is. Its session ends with it.
    pub(super) async fn open(address: SocketAddr, requests: &Requests) -> Result<Self, Failure> {
        let stream = connect(address).await?;
        let received = Vec::with_capacity(BUFFER_BYTES);
        let mut socket = Self { stream, received, taken_bytes: 0, unsent: Vec::new() };
        socket.unsent.extend_from_slice(&requests.upgrade());
        socket.flush().await?;
        socket.taken_bytes = loop {
            socket.read().await?;
            if let Some(head_bytes) = upgraded(&socket.received)? {
                break head_bytes;
            }
        };
        socket.ask(&json!({ "type": "connect", "id": 0, "resumeWindow": 0 })).await?;
        Ok(socket)
    }

    /// Says something and waits until it is done. Whatever else comes meanwhile is passed over.
    pub(super) async fn ask(&mut self, request: &serde_json::Value) -> Result<(), Failure> {
        self.say(request.to_string().as_bytes());
        loop {
            self.more().await?;
            while let Some(text) = self.next()? {
                match Said::read(text)?.kind.as_ref() {
                    "ok" | "connected" => return Ok(()),
                    "error" => return Err(Failure::Unreadable(Said::unexpected(text))),
                    _ => {}
                }
            }
        }
    }

    /// Puts a message behind what is to be sent.
    pub(super) fn say(&mut self, text: &[u8]) {
        put(&mut self.unsent, TEXT, text);
    }

    /// Sends what was said. Dropped in between, it goes on the next time.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            let written = self.stream.write(&self.unsent).await?;
            self.unsent.drain(..written);
        }
        Ok(())
    }

    /// Sends what was said, and waits until something comes. Nothing is lost if it is dropped.
    pub(super) async fn more(&mut self) -> Result<(), Failure> {
        self.flush().await?;
        Ok(self.read().await?)
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.received.len() == self.received.capacity() {
            self.received.reserve(self.received.len().max(BUFFER_BYTES));
        }
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The next message, if it is there as a whole. Pings are answered with what is said next.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        loop {
            let rest = self.received.get(self.taken_bytes..).unwrap_or_default();
            let Some((opcode, payload)) = frame(rest).map_err(Failure::Unreadable)? else {
                self.received.drain(..self.taken_bytes);
                self.taken_bytes = 0;
                return Ok(None);
            };
            let payload = payload.start + self.taken_bytes..payload.end + self.taken_bytes;
            self.taken_bytes = payload.end;
            match opcode {
                TEXT => return Ok(self.received.get(payload)),
                PING => put(&mut self.unsent, PONG, self.received.get(payload).unwrap_or_default()),
                PONG => {}
                CLOSE => return Err(closed(self.received.get(payload).unwrap_or_default())),
                _ => return Err(Failure::Unreadable(format!("a frame has the opcode {opcode}"))),
            }
        }
    }
}

/// A request to be pushed the messages of a queue.
pub(super) fn consume(queue_url: &str) -> serde_json::Value {
    json!({ "type": "consume", "id": 0, "sub": SUB, "queue": queue_url, "credit": CREDIT })
}

/// A message that says that others were consumed; with an id, it is answered when they are deleted.
pub(super) fn acknowledgement(tags: &[u64], id: Option<u64>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Acknowledgement<'a> {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        sub: &'static str,
        tags: &'a [u64],
    }
    serde_json::to_vec(&Acknowledgement { r#type: "ack", id, sub: SUB, tags }).unwrap_or_default()
}

/// How long the head is that agrees to a handshake, once it is there.
fn upgraded(bytes: &[u8]) -> Result<Option<usize>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    match head.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => match head.code.unwrap_or_default() {
            SWITCHING_PROTOCOLS => Ok(Some(head_bytes)),
            status => Err(Failure::Refused { status, body: "no WebSocket".to_owned() }),
        },
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(Failure::Unreadable(format!("the answer is not HTTP/1.1: {error}"))),
    }
}

/// Why the server ends a connection, in its own words.
fn closed(payload: &[u8]) -> Failure {
    let (code, reason) = match payload {
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        _ => (0, &[][..]),
    };
    Failure::Unreadable(format!("closed with {code}: {}", String::from_utf8_lossy(reason)))
}

/// The opcode of the first frame of these bytes, and where its payload is; none if it is not all there yet.
fn frame(bytes: &[u8]) -> Result<Option<(u8, Range<usize>)>, String> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & LAST == 0 || second & MASKED != 0 {
        return Err("a frame is masked, or a part of a message".to_owned());
    }
    let (length, length_bytes) = match *second {
        IN_TWO_BYTES => (rest.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into()), 2),
        IN_EIGHT_BYTES => (rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes)), 8),
        length => (Some(length.into()), 0),
    };
    let Some(length) = length else {
        return Ok(None);
    };
    let length = usize::try_from(length).ok().filter(|_| length <= FRAME_BYTES_MAX);
    let length = length.ok_or_else(|| format!("a frame is larger than {} MiB", FRAME_BYTES_MAX >> 20))?;
    let start = 2 + length_bytes;
    let payload = start..start + length;
    Ok((payload.end <= bytes.len()).then_some((first & 0x0f, payload)))
}

/// Puts a whole frame behind others.
fn put(bytes: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    bytes.push(LAST | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..IN_TWO_BYTES), _) => bytes.push(MASKED | length),
        (_, Ok(length)) => {
            bytes.push(MASKED | IN_TWO_BYTES);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            bytes.push(MASKED | IN_EIGHT_BYTES);
            bytes.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a server would write what we have put.
    fn from_server(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, TEXT, payload);
        let mask = bytes.len() - payload.len() - 4;
        bytes.drain(mask..mask + 4);
        bytes[1] &= !MASKED;
        bytes
    }

    #[test]
    fn a_frame_is_found_when_it_is_whole() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let bytes = from_server(&payload);
            for end in (0..bytes.len().min(20)).chain(bytes.len().saturating_sub(1)..bytes.len()) {
                assert_eq!(frame(&bytes[..end]), Ok(None), "{length}: {end}");
            }
            let (opcode, found) = frame(&[&bytes[..], b"more"].concat()).unwrap().unwrap();
            assert_eq!((opcode, &bytes[found]), (TEXT, &payload[..]), "{length}");
        }
    }

    #[test]
    fn what_is_said_is_read_as_far_as_it_matters() {
        let check = |text: &str, kind: &str, tag: u64, id: Option<u64>, words: [&str; 2]| {
            let said = Said::read(text.as_bytes()).unwrap();
            assert_eq!(
                (&*said.kind, said.tag, said.id, [&*said.body, &*said.message]),
                (kind, tag, id, words)
            );
        };
        check(
            r#"{"type":"message","sub":"s","tag":7,"body":"b\"","attributes":{},"redelivered":false}"#,
            "message",
            7,
            None,
            ["b\"", ""],
        );
        check(
            r#"{"type":"event","sub":"s","offset":1,"message":"m","subject":"t"}"#,
            "event",
            0,
            None,
            ["", "m"],
        );
        check(r#"{"type":"ok","id":3,"unknown":[1]}"#, "ok", 0, Some(3), ["", ""]);
        assert!(Said::read(b"{}").is_err());
        let said = acknowledgement(&[1, 2], Some(3));
        assert_eq!(said, br#"{"type":"ack","id":3,"sub":"bench","tags":[1,2]}"#);
        assert_eq!(acknowledgement(&[1], None), br#"{"type":"ack","sub":"bench","tags":[1]}"#);
    }

    #[test]
    fn what_no_hub_sends_is_refused() {
        for (bytes, expected) in [
            (&[TEXT, 0][..], "a part of a message"),
            (&[LAST | TEXT, MASKED, 0, 0, 0, 0], "masked"),
            (&[LAST | TEXT, IN_EIGHT_BYTES, 0, 0, 0, 1, 0, 0, 0, 0], "larger than 8 MiB"),
        ] {
            assert!(frame(bytes).unwrap_err().contains(expected), "{bytes:?}");
        }
        assert_eq!(closed(b"\x11\x4dtoo slow").to_string(), "closed with 4429: too slow");
    }

    #[test]
    fn a_handshake_is_agreed_to_or_not() {
        let head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n";
        assert_eq!(upgraded(&[&head[..], b"\x81\x00"].concat()).unwrap(), Some(head.len()));
        assert_eq!(upgraded(&head[..20]).unwrap(), None);
        let refused = upgraded(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap_err();
        assert_eq!(refused.to_string(), "status 404: no WebSocket");
    }
}
