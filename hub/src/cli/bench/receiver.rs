//! Receivers over HTTP: the other end of `push`. They are all one server, which hands on what it gets.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a body.
type Take = Box<dyn Fn(&str) + Send>;

const HEADERS_MAX: usize = 64;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A server on a thread of its own.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    take: Arc<Mutex<Take>>,
}

/// An address where nobody listens.
pub(super) fn nobody() -> io::Result<SocketAddr> {
    StdListener::bind(("127.0.0.1", 0))?.local_addr()
}

impl Receiver {
    pub(super) fn start() -> io::Result<Self> {
        let listener = StdListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let take: Arc<Mutex<Take>> = Arc::new(Mutex::new(Box::new(|_| ())));
        let taken = Arc::clone(&take);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("receiver".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&taken)));
                }
            });
        })?;
        Ok(Self { address, take })
    }

    /// Has everything handed to somebody from now on.
    pub(super) fn give_to(&self, take: Take) {
        *self.take.lock().unwrap_or_else(PoisonError::into_inner) = take;
    }
}

/// Answers request after request, until the other side goes or says something that is none.
async fn serve(mut stream: TcpStream, take: Arc<Mutex<Take>>) {
    let mut bytes = Vec::with_capacity(4_096);
    loop {
        while let Some((body, end)) = request(&bytes) {
            if let Some(body) = bytes.get(body..end).and_then(|body| std::str::from_utf8(body).ok()) {
                (take.lock().unwrap_or_else(PoisonError::into_inner))(body);
            }
            bytes.drain(..end);
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Where the body of the first request begins and ends, if it is there as a whole.
fn request(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let body = match request.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) | Err(_) => return None,
    };
    let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok());
    let end = body.checked_add(length.unwrap_or(0))?;
    (end <= bytes.len()).then_some((body, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_there_when_its_body_is() {
        let whole = b"POST /1 HTTP/1.1\r\nHost: a\r\ncontent-length: 2\r\n\r\nab";
        let head = whole.len() - 2;
        assert_eq!(request(whole), Some((head, head + 2)));
        for part in 0..whole.len() {
            assert_eq!(request(&whole[..part]), None, "{part}");
        }
        assert_eq!(request(&[&whole[..], b"POST"].concat()), Some((head, head + 2)));
    }
}
