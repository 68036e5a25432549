//! One connection to whatever hub there is, which says exactly how far a request got.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use fanq_tests::history::Outcome;
use serde_json::Value;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a hub says that has no room for more.
const FULL: &str = "messages are refused until";

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It was done.
    Done(Value),
    /// It was refused: nothing happened.
    Refused(String),
    /// It was refused for want of space: nothing happened, and later it may be done.
    Full,
    /// It was not sent.
    NotSent,
    /// Nobody knows: the connection broke, or the hub says that something went wrong.
    Unknown,
}

/// A client that speaks AWS JSON to queues and Query to topics, on one connection at a time.
#[derive(Default)]
pub(crate) struct Client {
    connection: Option<(SocketAddr, BufReader<TcpStream>)>,
}

impl Client {
    /// An operation of SQS.
    pub(crate) fn sqs(&mut self, address: SocketAddr, operation: &str, input: &Value) -> Reply {
        self.call(address, &sqs_kind(operation), &input.to_string())
    }

    /// An operation of SNS, with its name among the parameters.
    pub(crate) fn sns(&mut self, address: SocketAddr, parameters: &[(&str, &str)]) -> Reply {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n";
        self.call(address, kind, &fanq_tests::form(parameters))
    }

    /// Asks, and hangs up at some moment of the next: before the answer has come, or with the answer unread.
    pub(crate) fn sqs_cut(
        &mut self,
        address: SocketAddr,
        operation: &str,
        input: &Value,
        within: Duration,
    ) -> Reply {
        self.connection = None;
        let Ok(mut stream) = open(address) else {
            return Reply::NotSent;
        };
        let request = request(address, &sqs_kind(operation), &input.to_string());
        let stream = stream.get_mut();
        let wrote = stream.write_all(request.as_bytes());
        let waited =
            wrote.and_then(|()| stream.set_read_timeout(Some(within))).and_then(|()| stream.peek(&mut [0]));
        // Whatever came, the client that was to have it is gone.
        drop(waited);
        Reply::Unknown
    }

    fn call(&mut self, address: SocketAddr, kind: &str, body: &str) -> Reply {
        let request = request(address, kind, body);
        let connection = self.connection.take().filter(|(open, _)| *open == address);
        let mut stream = match connection {
            Some((_, stream)) => stream,
            None => match open(address) {
                Ok(stream) => stream,
                Err(_) => return Reply::NotSent,
            },
        };
        let answer = stream.get_mut().write_all(request.as_bytes()).and_then(|()| read(&mut stream));
        let Ok((status, body)) = answer else {
            return Reply::Unknown;
        };
        self.connection = Some((address, stream));
        let text = String::from_utf8_lossy(&body);
        match status {
            200 if body.is_empty() => Reply::Done(Value::Null),
            200 => Reply::Done(serde_json::from_slice(&body).unwrap_or_else(|_| panic!("no JSON: {text}"))),
            400..500 => Reply::Refused(text.into_owned()),
            503 if text.contains(FULL) => Reply::Full,
            _ => {
                eprintln!("an answer of status {status}: {text}");
                Reply::Unknown
            }
        }
    }
}

impl Reply {
    /// The outcome of a call that a sound hub never refuses.
    pub(crate) fn outcome(&self) -> Outcome {
        if let Self::Refused(why) = self {
            panic!("a call was refused: {why}");
        }
        self.outcome_or_refusal()
    }

    /// The outcome of a call that may come too late.
    pub(crate) fn outcome_or_refusal(&self) -> Outcome {
        match self {
            Self::Done(_) => Outcome::Done,
            Self::NotSent | Self::Refused(_) | Self::Full => Outcome::Failed,
            Self::Unknown => Outcome::Unknown,
        }
    }

    /// What was answered; for calls that must succeed.
    pub(crate) fn expect(self) -> Value {
        match self {
            Self::Done(value) => value,
            Self::Refused(why) => panic!("a call was refused: {why}"),
            Self::Full | Self::NotSent | Self::Unknown => panic!("a call failed: {self:?}"),
        }
    }
}

fn sqs_kind(operation: &str) -> String {
    format!("Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{operation}\r\n")
}

fn request(address: SocketAddr, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nHost: {address}\r\n{kind}Content-Length: {length}\r\n\r\n{body}")
}

fn open(address: SocketAddr) -> std::io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

/// Reads the status and body of an answer.
fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<(u16, Vec<u8>)> {
    let broken = |what: &str| std::io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let start = line(stream)?;
    let status = start.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| broken(&start))?;
    let mut length = 0;
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| broken(&line))?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((status, body))
}

fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}
