//! One connection, from its first message to its end: a single task that reads, does what is asked for, takes messages
//! for consumers, and writes.
//!
//! It has no buffers of its own while it is idle, and one timer; ten thousand of them are cheap.

use super::Entered;
use super::client::Client;
use super::close::{Code, End};
use super::frame::{Bad, Decoder, Frame, put_close, put_ping, put_pong};
use super::handshake::Opening;
use super::limits;
use super::outgoing::Outgoing;
use super::protocol::{Draining, Said};
use crate::hub::Hub;
use bytes::BytesMut;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Bytes that are read at once.
const READ_BYTES: usize = 16 << 10;
/// Steps after which other connections have their turn.
const STEPS: usize = 32;
/// When clients are told to come back after a shutdown.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);
/// Heartbeats that may be missed.
const MISSED: u32 = 2;

/// What a connection may take of time, in real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// A client that says nothing for so long is asked whether it is there.
    pub(crate) heartbeat: Duration,
    /// For a client to take note that the connection ends.
    pub(crate) closing: Duration,
}

/// Serves a connection until it ends. `read` is what was read of it already.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    socket: S,
    read: BytesMut,
    opening: Opening,
    hub: Arc<Hub>,
    pace: Pace,
) {
    let entered = hub.sockets.enter();
    let mut connection = Connection::new(socket, read, opening, hub, entered, pace);
    let end = poll_fn(|cx| connection.poll(cx)).await;
    connection.finish(end).await;
}

struct Connection<S> {
    socket: S,
    incoming: BytesMut,
    decoder: Decoder,
    client: Client,
    pace: Pace,
    begun: Instant,
    /// When the client was heard last, or asked since.
    noted: Instant,
    /// How often it was asked since it was heard.
    asked: u32,
    /// When the hub gives up waiting for it, if the hub is stopping.
    draining_until: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(socket: S, read: BytesMut, opening: Opening, hub: Arc<Hub>, entered: Entered, pace: Pace) -> Self {
        let mut client = Client::new(hub, opening, entered, pace.heartbeat);
        let Client { opening, outgoing, .. } = &mut client;
        outgoing.put(|output| opening.put_answer(output));
        let begun = Instant::now();
        Self {
            socket,
            incoming: read,
            decoder: Decoder::default(),
            client,
            pace,
            begun,
            noted: begun,
            asked: 0,
            draining_until: None,
            timer: Box::pin(tokio::time::sleep(limits::CONNECT)),
        }
    }

    /// Goes on until nothing more can be done now.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Some(end) = self.client.opening.refusal.take() {
            return Poll::Ready(end);
        }
        self.client.entered.waker.register(cx.waker());
        for _ in 0..STEPS {
            match self.step(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(end) => return Poll::Ready(end),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether there is more to do.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if !self.client.hub.engine.is_running() {
            return Err(End::closed(Code::Internal, "the hub has failed"));
        }
        self.say_news()?;
        self.drain()?;
        self.beat(cx)?;
        let mut has_moved = self.listen(cx)?;
        self.write(cx)?;
        has_moved |= self.client.poll_takers(cx);
        has_moved |= self.client.poll_subscribers(cx)?;
        self.write(cx)?;
        Ok(has_moved)
    }

    /// What others have to say to the client.
    fn say_news(&mut self) -> Result<(), End> {
        let Some(attached) = self.client.attached() else { return Ok(()) };
        let news =
            attached.session.with(|state| state.is_attached(attached.number).then(|| state.take_outbox()));
        let Some(news) = news else {
            return Err(End::closed(Code::TakenOver, "the session goes on with another connection"));
        };
        for text in news {
            self.client.outgoing.say(&text);
        }
        self.client.end_consumers();
        Ok(())
    }

    /// Once the hub stops the client is told, and has a moment for what it holds.
    fn drain(&mut self) -> Result<(), End> {
        if !self.client.hub.sockets.is_stopping() {
            return Ok(());
        }
        let until = match self.draining_until {
            Some(until) => until,
            None => {
                let until = Instant::now() + limits::DRAINING;
                self.draining_until = Some(until);
                self.timer.as_mut().reset(until);
                self.client.stop_taking();
                let reconnect_after = u64::try_from(RECONNECT_AFTER.as_millis()).unwrap_or(u64::MAX);
                let draining = Draining { reason: "shutdown", reconnect_after };
                self.client.outgoing.say(&Said::Draining(draining).to_text());
                until
            }
        };
        if self.client.has_settled() && self.client.is_idle() || until <= Instant::now() {
            return Err(End::closed(Code::Shutdown, "the hub stops"));
        }
        Ok(())
    }

    /// Asks whether a client is there that says nothing.
    fn beat(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let due = match self.client.attached() {
                None if now >= self.begun + limits::CONNECT => {
                    return Err(End::closed(Code::Timeout, "the client did not say who it is"));
                }
                None => self.begun + limits::CONNECT,
                Some(_) => {
                    if now >= self.noted + self.pace.heartbeat {
                        if self.asked >= MISSED {
                            return Err(End::closed(Code::Timeout, "the client did not answer"));
                        }
                        // From now on, however late this is, the client has its time to answer.
                        (self.asked, self.noted) = (self.asked + 1, now);
                        self.client.outgoing.put(put_ping);
                        self.client.outgoing.say(&Said::Ping {}.to_text());
                    }
                    self.noted + self.pace.heartbeat
                }
            };
            let due = self.draining_until.map_or(due, |until| until.min(due));
            self.timer.as_mut().reset(due);
            if due <= now {
                // Only the end of a hub that stops can be due already; the next step sees to it.
                cx.waker().wake_by_ref();
                return Ok(());
            }
        }
        Ok(())
    }

    /// The client is there.
    fn hear(&mut self) {
        (self.asked, self.noted) = (0, Instant::now());
    }

    /// Reads and does what is asked for.
    fn listen(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut has_moved = self.obey()?;
        if self.client.is_listened_to() {
            match self.read(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(0)) => return Err(End::Broken),
                Poll::Ready(Ok(_)) => {
                    has_moved = true;
                    let was_new = self.client.attached().is_none();
                    self.obey()?;
                    if was_new && self.client.attached().is_some() {
                        self.timer.as_mut().reset(Instant::now() + self.pace.heartbeat);
                    }
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "a connection broke");
                    return Err(End::Broken);
                }
            }
        }
        Ok(has_moved)
    }

    /// Does what has been read, as far as the client is listened to.
    fn obey(&mut self) -> Result<bool, End> {
        let mut has_obeyed = false;
        while self.client.is_listened_to() {
            let bytes_max = match self.client.attached() {
                Some(_) => limits::FRAME_BYTES,
                None => limits::FIRST_BYTES,
            };
            let frame = self.decoder.next(&mut self.incoming, bytes_max).map_err(|bad| match bad {
                Bad::Malformed(reason) => End::closed(Code::BadFrame, reason),
                Bad::TooLarge => {
                    End::closed(Code::TooLarge, format!("a message has more than {bytes_max} bytes"))
                }
            })?;
            let Some(frame) = frame else { break };
            has_obeyed = true;
            match frame {
                Frame::Text(text) => self.client.hear(&text)?,
                Frame::Ping(content) => self.client.outgoing.put(|output| put_pong(output, &content)),
                Frame::Pong => {}
                Frame::Close => return Err(End::Orderly),
            }
        }
        self.client.settle_acks();
        if self.incoming.is_empty() {
            self.incoming = BytesMut::new();
        }
        Ok(has_obeyed)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        self.incoming.extend_from_slice(buffer.filled());
        self.hear();
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let (was_stuck, bytes) = (self.client.outgoing.is_stuck(), self.client.outgoing.bytes());
        let written = self.client.outgoing.poll_write(Pin::new(&mut self.socket), cx);
        // A client that makes room is there, however slowly it reads.
        if was_stuck && self.client.outgoing.bytes() < bytes {
            self.hear();
        }
        match written {
            Poll::Pending | Poll::Ready(Ok(())) => Ok(()),
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "a connection broke");
                Err(End::Broken)
            }
        }
    }

    /// Lets the client know that it is over, and leaves its session.
    async fn finish(self, end: End) {
        let Self { mut socket, mut client, pace, .. } = self;
        let farewell = match &end {
            End::Broken => None,
            // The answer to the client's own farewell.
            End::Orderly => Some((1000, "")),
            End::Closed(code, reason) => Some((code.number(), reason.as_str())),
        };
        if let End::Closed(code, reason) = &end {
            tracing::debug!(code = code.number(), reason, "a connection is closed");
        }
        // Before the farewell: whoever has heard it finds that it is so.
        client.leave(end.is_orderly()).await;
        if let Some((code, reason)) = farewell {
            // What has been said is said in full.
            client.outgoing.put(|output| put_close(output, code, reason));
            let closing = close(&mut socket, &mut client.outgoing);
            let _ = tokio::time::timeout(pace.closing, closing).await;
        }
    }
}

/// Writes what is left, and waits for the client to go.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S, outgoing: &mut Outgoing) -> io::Result<()> {
    poll_fn(|cx| outgoing.poll_write(Pin::new(&mut *socket), cx)).await?;
    poll_fn(|cx| Pin::new(&mut *socket).poll_shutdown(cx)).await?;
    let mut rest = [0; 1024];
    loop {
        let mut buffer = ReadBuf::new(&mut rest);
        poll_fn(|cx| Pin::new(&mut *socket).poll_read(cx, &mut buffer)).await?;
        if buffer.filled().is_empty() {
            return Ok(());
        }
    }
}
