//! What is on its way to a client: bytes that its socket has not taken yet, and which messages are among them.

use super::frame;
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// A buffer that has grown beyond this is given back once it is empty.
const KEPT_BYTES: usize = 4 << 10;

/// A message of a queue: the name and number of its consumer, and its tag.
pub(super) type Mark = (Box<str>, u64, u64);

/// Messages that were on their way when it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unwritten {
    /// Its client may get it.
    pub(super) begun: Option<Mark>,
    /// Their client never gets them.
    pub(super) whole: Vec<Mark>,
}

#[derive(Default)]
pub(super) struct Outgoing {
    buffer: BytesMut,
    /// All bytes that were ever put here.
    put_bytes: u64,
    /// Messages that are not written in full, with where they begin and end among those bytes.
    marks: VecDeque<(Range<u64>, Mark)>,
    /// The socket takes nothing more at the moment.
    is_stuck: bool,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.is_stuck
    }

    pub(super) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn put(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let before = self.buffer.len();
        write(&mut self.buffer);
        self.put_bytes += (self.buffer.len() - before) as u64;
    }

    pub(super) fn say(&mut self, text: &[u8]) {
        self.put(|buffer| frame::put_text(buffer, text));
    }

    /// Puts a message of a queue that its client was not given before. It counts as not written until its last byte
    /// is.
    pub(super) fn push(&mut self, text: &[u8], mark: Mark) {
        let start = self.put_bytes;
        self.say(text);
        self.marks.push_back((start..self.put_bytes, mark));
    }

    /// Takes back the messages that are not written, and all that was to come behind them. One that is written in part
    /// stays, and can still be written in full.
    pub(super) fn take_back(&mut self) -> Unwritten {
        let written_bytes = self.written_bytes();
        let mut unwritten = Unwritten::default();
        for (place, mark) in std::mem::take(&mut self.marks) {
            if place.start < written_bytes {
                unwritten.begun = Some(mark);
                continue;
            }
            let kept = usize::try_from(place.start - written_bytes).unwrap_or(usize::MAX);
            self.buffer.truncate(kept);
            unwritten.whole.push(mark);
        }
        unwritten
    }

    fn written_bytes(&self) -> u64 {
        self.put_bytes - self.buffer.len() as u64
    }

    /// Writes as much as the socket takes.
    pub(super) fn poll_write(
        &mut self,
        mut socket: Pin<&mut (impl AsyncWrite + ?Sized)>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.buffer.is_empty() {
            match socket.as_mut().poll_write(cx, &self.buffer) {
                Poll::Pending => {
                    self.is_stuck = true;
                    return Poll::Pending;
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.buffer.advance(count);
                    self.forget_written();
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        self.is_stuck = false;
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }

    fn forget_written(&mut self) {
        let written_bytes = self.written_bytes();
        while self.marks.front().is_some_and(|(place, _)| place.end <= written_bytes) {
            self.marks.pop_front();
        }
        if self.marks.is_empty() {
            self.marks = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, duplex};

    #[tokio::test]
    async fn a_message_is_written_with_its_last_byte() {
        let (mut socket, mut client) = duplex(10);
        let mut outgoing = Outgoing::default();
        let mark = |tag| ("a".into(), 1, tag);
        for tag in 1..=4 {
            outgoing.push(b"12345678", mark(tag));
        }
        let mut write = poll_fn(|cx| outgoing.poll_write(Pin::new(&mut socket), cx));
        assert!((&mut write).now_or_never().is_none());
        client.read_exact(&mut [0; 9]).await.unwrap();
        assert!((&mut write).now_or_never().is_none());
        assert!(outgoing.is_stuck() && outgoing.bytes() == 21);
        let expected = Unwritten { begun: Some(mark(2)), whole: vec![mark(3), mark(4)] };
        assert_eq!(outgoing.take_back(), expected);
        assert_eq!(outgoing.bytes(), 1, "what was begun ends, and nothing comes behind it");
        assert_eq!(outgoing.take_back(), Unwritten::default());
    }
}
