//! One connection: a request goes out, its answer comes back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::Answer;

/// For the handshake of TCP.
const CONNECT: Duration = Duration::from_secs(10);

/// Most answers fit in this, so that one call reads one.
const BUFFER_BYTES: usize = 16 << 10;

pub(super) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    received: Vec<u8>,
    /// Whether the stream cannot be used again.
    is_over: bool,
}

/// Why there is no success.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the connection failed: {0}")]
    Lost(#[from] io::Error),
    #[error("{0}")]
    Unreadable(String),
    #[error("status {status}: {body}")]
    Refused { status: u16, body: String },
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = connect(address).await?;
        Ok(Self { address, stream, received: Vec::with_capacity(BUFFER_BYTES), is_over: false })
    }

    /// Sends a request and gives the body of its answer to `read`. The error of `read` is a sentence.
    pub(super) async fn exchange<T>(
        &mut self,
        request: &[u8],
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if self.is_over {
            self.stream = connect(self.address).await?;
        }
        // Until the answer is whole; this also holds if the future is dropped in between.
        self.is_over = true;
        self.stream.write_all(request).await?;
        self.received.clear();
        let answer = loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(Failure::Lost(io::ErrorKind::UnexpectedEof.into()));
            }
            if let Some(answer) = Answer::parse(&self.received).map_err(Failure::Unreadable)? {
                break answer;
            }
            // So that a large answer does not take a call for each small piece.
            if self.received.len() == self.received.capacity() {
                self.received.reserve(self.received.len());
            }
        };
        self.is_over = answer.closes;
        if !(200..300).contains(&answer.status) {
            let body = shortened(&answer.body);
            return Err(Failure::Refused { status: answer.status, body });
        }
        read(&answer.body).map_err(Failure::Unreadable)
    }
}

/// Without waiting for more when there is something to send.
pub(super) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A body as it is shown.
fn shortened(body: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 300;
    String::from_utf8_lossy(body).trim().chars().take(CHARACTERS_MAX).collect()
}
