//! One HTTP request to a subscriber's endpoint, with everything that limits it.
//!
//! An endpoint belongs to a stranger: it may lead to where the hub must not go, never answer, or answer without end.
//! The rules for addresses hold for what is really connected to: names are resolved here, and what may not be called
//! is left out of the answer; addresses in URLs are looked at before. No redirect is followed, and no proxy of the
//! environment is used, since either would connect to another place.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::addresses::AddressRules;

/// How long everything may take, from looking up the name to the end of the answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// How much of an answer is read, unless it is said otherwise.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Connections to one endpoint that are kept for the next request, and for how long: each takes a file.
const IDLE_PER_HOST: usize = 8;
const IDLE: Duration = Duration::from_secs(15);

/// How long it may take to look up a name and to connect, if nothing more is wanted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Places for names that are looked up. Each takes a thread, also after nobody waits for it any more.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

/// As AWS calls itself.
const USER_AGENT: &str = "Amazon Simple Notification Service Agent";
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip,deflate");

/// Calls endpoints. Cheap to clone; all clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client: Client,
    rules: Arc<AddressRules>,
    timeout: Duration,
    answer_bytes_max: usize,
}

/// What an endpoint answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The beginning of it, as far as it is read.
    pub(crate) body: Bytes,
    /// Whether there was, or should have been, more of it.
    pub(crate) is_cut: bool,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The endpoint is at an address that may not be called.
    #[error("{0} is at an address that this hub does not push to")]
    Denied(String),
    #[error("no answer came in time")]
    Timeout,
    /// No connection, or none that held, in the words of whoever tried.
    #[error("{0}")]
    Connection(String),
}

impl Caller {
    /// A caller under rules, with the certificates that the system trusts.
    pub(crate) fn new(rules: AddressRules, timeout: Duration) -> Result<Self, reqwest::Error> {
        // Another provider would have been installed by ourselves as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let rules = Arc::new(rules);
        let client = builder(&rules).build().or_else(|error| {
            tracing::warn!(%error, "no certificates are trusted, so nothing can be pushed to https endpoints");
            builder(&rules).tls_certs_only([]).build()
        })?;
        Ok(Self { client, rules, timeout, answer_bytes_max: ANSWER_BYTES_MAX })
    }

    /// The same, with other limits.
    pub(crate) fn within(&self, timeout: Duration, answer_bytes_max: usize) -> Self {
        Self { timeout, answer_bytes_max, ..self.clone() }
    }

    /// Posts a body to a URL; a name and a password in the URL become Basic authentication.
    pub(crate) async fn post(&self, url: Url, headers: HeaderMap, body: Bytes) -> Result<Answer, Failure> {
        if let Some(address) = literal(&url)
            && !self.rules.allows(address)
        {
            return Err(Failure::Denied(address.to_string()));
        }
        let request = self.client.post(url).timeout(self.timeout).headers(headers).body(body);
        let response = request.send().await.map_err(|error| failure(&error))?;
        Ok(read(response, self.answer_bytes_max).await)
    }
}

/// Connects to where a URL leads, and says nothing there.
pub(crate) async fn connect(url: &Url, rules: &AddressRules) -> Result<(), Failure> {
    let connecting = async {
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses = match literal(url) {
            Some(address) if rules.allows(address) => vec![SocketAddr::new(address, port)],
            Some(address) => return Err(Failure::Denied(address.to_string())),
            None => {
                let found = look_up(url.host_str().unwrap_or_default(), port, rules).await;
                found.map_err(|error| deepest(&*error))?
            }
        };
        let connected = TcpStream::connect(&*addresses).await;
        connected.map(drop).map_err(|error| Failure::Connection(error.to_string()))
    };
    timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or(Err(Failure::Timeout))
}

fn builder(rules: &Arc<AddressRules>) -> ClientBuilder {
    let resolver = Resolver { rules: Arc::clone(rules) };
    Client::builder()
        .dns_resolver(Arc::new(resolver))
        .no_proxy()
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none())
        .user_agent(USER_AGENT)
        .default_headers([(ACCEPT_ENCODING, ENCODINGS)].into_iter().collect())
}

/// The address that stands in a URL in place of a name; nothing is looked up for it.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Reads an answer as far as it is wanted; the connection of one that goes on is closed.
async fn read(mut response: Response, bytes_max: usize) -> Answer {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            // The status is an answer; whoever needs the rest sees that it is missing.
            Err(_) => return Answer { status, body: body.into(), is_cut: true },
        };
        let free = bytes_max - body.len();
        if let Some(part) = chunk.get(..free)
            && part.len() < chunk.len()
        {
            body.extend_from_slice(part);
            return Answer { status, body: body.into(), is_cut: true };
        }
        body.extend_from_slice(&chunk);
    }
    Answer { status, body: body.into(), is_cut: false }
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout;
    }
    deepest(error)
}

/// The deepest cause alone: the others repeat it, and name the URL with its password.
fn deepest(error: &(dyn Error + 'static)) -> Failure {
    if let Some(Denied(name)) = error.downcast_ref() {
        return Failure::Denied(name.clone());
    }
    match error.source() {
        Some(deeper) => deepest(deeper),
        None => Failure::Connection(error.to_string()),
    }
}

/// Looks names up, and leaves out what may not be called.
struct Resolver {
    rules: Arc<AddressRules>,
}

/// Why nothing was found.
type Unresolved = Box<dyn Error + Send + Sync>;

/// Everything that a name leads to was left out.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to addresses that this hub does not push to")]
struct Denied(String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.rules);
        Box::pin(async move {
            let found = look_up(name.as_str(), 0, &rules).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that may be called.
async fn look_up(name: &str, port: u16, rules: &AddressRules) -> Result<Vec<SocketAddr>, Unresolved> {
    let place = LOOKUPS.acquire().await?;
    let text = name.to_owned();
    // In a task of its own, which keeps its place until the system has answered.
    let looking = tokio::spawn(async move {
        let found = tokio::net::lookup_host((text, port)).await.map(Vec::from_iter);
        drop(place);
        found
    });
    let mut found = looking.await??;
    found.retain(|address| rules.allows(address.ip()));
    if found.is_empty() { Err(Denied(name.to_owned()).into()) } else { Ok(found) }
}

#[cfg(test)]
mod tests;
