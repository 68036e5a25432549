//! A client's TCP stream, which its request handlers can look at while the HTTP library owns it.

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// One stream with several holders. Reading and writing are the first holder's; the others look.
///
/// It is borrowed for no longer than a call into it, which calls nothing back, so the borrows never meet.
#[derive(Clone)]
pub(super) struct Stream(Rc<RefCell<TcpStream>>);

impl Stream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Rc::new(RefCell::new(stream)))
    }

    /// Whether the client has closed its end, also if the runtime has not heard of it yet. Behind bytes that have
    /// not been read, the end cannot be seen.
    pub(super) fn is_closed_by_client(&self) -> bool {
        let Ok(stream) = self.0.try_borrow() else { return false };
        match SockRef::from(&*stream).peek(&mut [MaybeUninit::uninit()]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Does something with the stream itself.
    fn with<T>(&self, work: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match self.0.try_borrow_mut() {
            Ok(mut stream) => work(Pin::new(&mut *stream)),
            Err(error) => Poll::Ready(Err(io::Error::other(error))),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| Poll::Ready(SockRef::from(&*stream).shutdown(Shutdown::Write)))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Stream::new(listener.accept().await.unwrap().0), client)
    }

    #[tokio::test]
    async fn bytes_go_both_ways() {
        let (mut stream, mut client) = pair().await;
        client.write_all(b"question").await.unwrap();
        let mut read = [0; 8];
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"question");
        // More than the system takes at once.
        let answer = vec![7; 8 << 20];
        let mut arrived = Vec::new();
        let (written, count) = tokio::join!(
            async {
                stream.write_all(&answer).await?;
                stream.shutdown().await
            },
            client.read_to_end(&mut arrived)
        );
        written.unwrap();
        assert_eq!((count.unwrap(), arrived == answer), (answer.len(), true));
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_is_seen_before_the_runtime_tells() {
        for is_abrupt in [false, true] {
            let (stream, client) = pair().await;
            assert!(!stream.is_closed_by_client());
            if is_abrupt {
                SockRef::from(&client).set_linger(Some(std::time::Duration::ZERO)).unwrap();
            }
            drop(client);
            assert!(stream.is_closed_by_client());
        }
    }

    #[tokio::test]
    async fn a_client_that_has_sent_more_is_there() {
        let (stream, mut client) = pair().await;
        client.write_all(b"more").await.unwrap();
        assert!(!stream.is_closed_by_client());
    }
}
