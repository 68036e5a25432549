//! A client's connection, with the deadlines that the HTTP library lacks.
//!
//! The library times only the head of the first request of a connection: on a connection that is kept open, a
//! client that sends its next head byte by byte would hold its place for ever. Nor does it time a client that
//! stops reading its answer. So the stream itself keeps both deadlines, whatever request it is: a head must be
//! complete within a time from its first byte, and a write must make progress. (A connection that sends nothing
//! at all between two requests is the library's keep-alive timer's business; a body is timed where it is read.)

use std::cell::{Cell, OnceCell};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::Request;
use actix_web::HttpRequest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::places::Place;
use super::stream::Stream;

/// What the stream and the request handler of one connection tell each other.
#[derive(Default)]
pub(super) struct Watch {
    /// Counts the heads that arrived in full, by the handlers that they started.
    heads: Cell<u64>,
    in_handler: Cell<bool>,
    /// The library has read that the client closed its end.
    has_gone: Cell<bool>,
    /// The stream, and the place among the connections that goes with it.
    kept: OnceCell<(Stream, Place)>,
}

impl Watch {
    /// Marks the connection of a request as busy for as long as the result lives.
    pub(super) fn enter(request: &HttpRequest) -> InHandler {
        Self::entered(request.conn_data::<Rc<Self>>())
    }

    /// The same for a connection that is not asked for anything else from now on.
    pub(super) fn enter_for_good(request: &Request) -> InHandler {
        Self::entered(request.conn_data::<Rc<Self>>())
    }

    fn entered(watch: Option<&Rc<Self>>) -> InHandler {
        let watch = watch.map(Rc::clone).unwrap_or_default();
        watch.heads.set(watch.heads.get().wrapping_add(1));
        watch.in_handler.set(true);
        InHandler(watch)
    }

    /// Lets handlers look at the stream, and keeps the connection's place for as long as it is there.
    pub(super) fn keep(&self, stream: Stream, place: Place) {
        // A connection has one stream, which was not given before.
        let _ = self.kept.set((stream, place));
    }

    fn client_has_gone(&self) -> bool {
        self.has_gone.get() || self.kept.get().is_some_and(|(stream, _)| stream.is_closed_by_client())
    }
}

/// Lives while a request is handled, and ends with it however it ends.
pub(super) struct InHandler(Rc<Watch>);

impl InHandler {
    /// Whether the connection should end with the answer, so that others find a place.
    pub(super) fn leaves_its_place(&self) -> bool {
        self.0.kept.get().is_some_and(|(_, place)| place.is_scarce())
    }

    /// Does work for the client as long as it is there. The library looks at its handlers once more after it has
    /// read that the client is gone, and drops them then; an answer that was ready in that moment would be written
    /// to nobody, with the messages in it. Nor does the library know at once: an answer may be ready between the
    /// client's end and the news of it, so a request that had to wait looks for itself before it goes on.
    /// (The work stays where it is: moved in here, a request that waits would have room for it twice.)
    pub(super) async fn unless_gone<F: Future>(&self, mut work: Pin<&mut F>) -> F::Output {
        let mut has_waited = false;
        poll_fn(|cx| {
            let is_gone = if has_waited { self.0.client_has_gone() } else { self.0.has_gone.get() };
            has_waited = true;
            if is_gone { Poll::Pending } else { work.as_mut().poll(cx) }
        })
        .await
    }
}

impl Drop for InHandler {
    fn drop(&mut self) {
        self.0.in_handler.set(false);
    }
}

/// A stream that fails with `TimedOut` once its client is too slow.
pub(super) struct Connection<S = Stream> {
    stream: S,
    watch: Rc<Watch>,
    heads_seen: u64,
    head: Deadline,
    write: Deadline,
}

impl<S> Connection<S> {
    /// Takes over an accepted stream. Its first head is due from now on.
    pub(super) fn new(stream: S, head_limit: Duration, write_limit: Duration) -> Self {
        let mut head = Deadline::new(head_limit);
        head.start();
        let write = Deadline::new(write_limit);
        Self { stream, watch: Rc::default(), heads_seen: 0, head, write }
    }

    pub(super) fn watch(&self) -> Rc<Watch> {
        Rc::clone(&self.watch)
    }

    /// Follows what the handlers did since the last look: the head that they were started for is no longer due.
    fn follow_handlers(&mut self) {
        let heads = self.watch.heads.get();
        if heads != self.heads_seen {
            self.heads_seen = heads;
            self.head.stop();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.follow_handlers();
        let filled_before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            // While a request is handled, what arrives is its body, or waits behind it.
            Poll::Pending if this.head.is_over(cx) => Poll::Ready(Err(too_slow("a request head"))),
            Poll::Ready(Ok(())) if buffer.filled().len() > filled_before && !this.watch.in_handler.get() => {
                this.head.start();
                // The client may be fast enough never to let this reach `Pending`.
                if this.head.has_passed() {
                    Poll::Ready(Err(too_slow("a request head")))
                } else {
                    Poll::Ready(Ok(()))
                }
            }
            Poll::Ready(Ok(())) if buffer.filled().len() == filled_before && buffer.remaining() > 0 => {
                this.watch.has_gone.set(true);
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(cx, bytes) {
            Poll::Pending => {
                this.write.start();
                if this.write.is_over(cx) {
                    Poll::Ready(Err(too_slow("reading its answer")))
                } else {
                    Poll::Pending
                }
            }
            ready => {
                this.write.stop();
                ready
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

fn too_slow(with: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("the client is too slow with {with}"))
}

/// A limit on how long something may take, for something that almost always takes much less: starting and
/// stopping only notes a time, and the timer is set again no more often than once per limit.
struct Deadline {
    limit: Duration,
    due: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn new(limit: Duration) -> Self {
        Self { limit, due: None, timer: None }
    }

    /// Starts, unless it runs already.
    fn start(&mut self) {
        if self.due.is_none() {
            self.due = Some(Instant::now() + self.limit);
        }
    }

    fn stop(&mut self) {
        self.due = None;
    }

    fn has_passed(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    /// Whether it runs and has passed; if not, the task is woken by then.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.due else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        while timer.as_mut().poll(cx).is_ready() {
            // The timer may have been set for an earlier request.
            if due <= Instant::now() {
                return true;
            }
            timer.as_mut().reset(due);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const HEAD: Duration = Duration::from_secs(10);
    const WRITE: Duration = Duration::from_secs(5);
    const STEP: Duration = Duration::from_secs(1);

    fn pair() -> (Connection<DuplexStream>, DuplexStream) {
        let (server, client) = duplex(8);
        (Connection::new(server, HEAD, WRITE), client)
    }

    /// Reads until the connection fails, while the client sends a byte per step; the seconds that it took.
    async fn seconds_until_cut(connection: &mut Connection<DuplexStream>, client: &mut DuplexStream) -> u64 {
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < HEAD * 9, "the connection was never cut");
            tokio::select! {
                read = connection.read_u8() => if read.is_err() { return start.elapsed().as_secs() },
                () = tokio::time::sleep(STEP) => client.write_u8(b'x').await.unwrap(),
            }
        }
    }

    fn enter(connection: &Connection<DuplexStream>) -> InHandler {
        let watch = connection.watch();
        watch.heads.set(watch.heads.get() + 1);
        watch.in_handler.set(true);
        InHandler(watch)
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_head_is_due_from_the_start() {
        let (mut connection, mut client) = pair();
        assert_eq!(seconds_until_cut(&mut connection, &mut client).await, HEAD.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_cut_as_well() {
        let (mut connection, _client) = pair();
        let error = connection.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_bytes_always_at_hand_is_cut_as_well() {
        let (mut connection, mut client) = pair();
        client.write_u8(b'x').await.unwrap();
        tokio::time::advance(HEAD).await;
        let error = connection.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_next_head_is_due_from_its_first_byte() {
        let (mut connection, mut client) = pair();
        client.write_u8(b'x').await.unwrap();
        connection.read_u8().await.unwrap();
        drop(enter(&connection));
        let mut wait = Box::pin(connection.read_u8());
        assert!(tokio::time::timeout(HEAD * 9, &mut wait).await.is_err(), "between requests, nothing is due");
        drop(wait);
        let seconds = seconds_until_cut(&mut connection, &mut client).await;
        assert_eq!(seconds, HEAD.as_secs() + STEP.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_handled_request_is_not_under_the_deadline_of_its_head() {
        let (mut connection, mut client) = pair();
        let in_handler = enter(&connection);
        for _ in 0..HEAD.as_secs() * 3 {
            tokio::time::sleep(STEP).await;
            client.write_u8(b'x').await.unwrap();
            connection.read_u8().await.unwrap();
        }
        drop(in_handler);
        assert_eq!(seconds_until_cut(&mut connection, &mut client).await, HEAD.as_secs() + STEP.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_reading_is_cut() {
        let (mut connection, mut client) = pair();
        let start = Instant::now();
        let sending = async {
            connection.write_all(&[0; 24]).await.unwrap_err();
            start.elapsed().as_secs()
        };
        let reading = async {
            tokio::time::sleep(WRITE - STEP).await;
            client.read_exact(&mut [0; 8]).await.unwrap();
            std::future::pending::<()>().await;
        };
        let seconds = tokio::select! { seconds = sending => seconds, () = reading => 0 };
        assert_eq!(seconds, (WRITE * 2 - STEP).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_done_for_a_client_that_has_gone() {
        let (mut connection, client) = pair();
        let in_handler = enter(&connection);
        assert_eq!(in_handler.unless_gone(pin!(async { 1 })).await, 1);
        drop(client);
        connection.read_u8().await.unwrap_err();
        let work = pin!(async { 2 });
        let work = in_handler.unless_gone(work);
        assert!(tokio::time::timeout(HEAD, work).await.is_err());
    }
}
