//! HTTP/1.1 as exact bytes: what a test writes is what the hub reads.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::hub::Hub;

/// No answer takes longer, not even that of a long poll.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that is written as it stands here.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request with any method.
    #[must_use]
    pub fn new(method: &'static str, target: &str) -> Self {
        Self { method, target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST.
    #[must_use]
    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// An operation of SQS in AWS JSON 1.0.
    #[must_use]
    pub fn json(operation: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::post("/")
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", &format!("AmazonSQS.{operation}"))
            .body(body)
    }

    /// A form, in which an action of SQS or SNS is asked for.
    #[must_use]
    pub fn query(target: &str, parameters: &[(&str, &str)]) -> Self {
        Self::post(target).header("Content-Type", "application/x-www-form-urlencoded").body(form(parameters))
    }

    /// Adds a header; one that is added twice is sent twice.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body. Its length is announced unless a header of the request says something else about it.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// What is written to the socket.
    #[must_use]
    pub fn bytes(&self, hub: &Hub) -> Vec<u8> {
        let mut bytes = self.head(hub).into_bytes();
        bytes.extend(&self.body);
        bytes
    }

    /// The same without the body.
    #[must_use]
    pub fn head(&self, hub: &Hub) -> String {
        let has = |name: &str| self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !has("host") {
            let _ = write!(head, "Host: {}\r\n", hub.address);
        }
        if !has("content-length") && !has("transfer-encoding") && self.method != "GET" {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head
    }

    /// Sends it on a connection of its own.
    #[must_use]
    pub fn send(&self, hub: &Hub) -> Answer {
        let mut connection = Connection::open(hub);
        connection.write(&self.bytes(hub));
        connection.answer()
    }
}

/// Parameters as a form has them.
#[must_use]
pub fn form(parameters: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let mut out = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    };
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A connection to a hub.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Opens one.
    #[must_use]
    pub fn open(hub: &Hub) -> Self {
        let stream = TcpStream::connect(hub.address).expect("the hub accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    /// Writes all of these bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).expect("the hub reads");
    }

    /// Writes these bytes, to a hub that may have had enough.
    pub fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be written.
    pub fn finish(&mut self) {
        let _ = self.stream.get_mut().shutdown(Shutdown::Write);
    }

    /// Reads one line of the answer, without its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the hub answers");
        line.trim_end().to_owned()
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> Answer {
        self.try_answer().expect("the hub answers")
    }

    /// Reads one answer, or learns that there is none.
    pub fn try_answer(&mut self) -> Result<Answer, String> {
        let start = self.try_line()?;
        let status = start.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status =
            status.and_then(|code| code.parse().ok()).ok_or_else(|| format!("no status: {start:?}"))?;
        let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.try_line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        answer.body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut answer.body).map_err(|error| error.to_string())?;
        Ok(answer)
    }

    /// Whether some of an answer has arrived.
    pub fn has_answer(&mut self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).expect("a look without waiting");
        let has_arrived = stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0);
        stream.set_nonblocking(false).expect("reads that wait");
        has_arrived || !self.stream.buffer().is_empty()
    }

    fn try_line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Err("the connection was closed".to_owned()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether the hub closes the connection.
    pub fn is_closed_by_hub(&mut self) -> bool {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).is_ok()
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, if it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What stands in the first element of this name, where the body is XML.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (inside, _) = rest.split_once(&format!("</{name}>"))?;
        Some(inside.to_owned())
    }
}
