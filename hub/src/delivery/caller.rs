//! One HTTP request to a subscriber's endpoint, with everything that limits it.
//!
//! An endpoint belongs to a stranger: it may lead to where the hub must not go, never answer, or answer without end.
//! The rules for addresses hold for what is really connected to: names are resolved here, and what may not be called
//! is left out of the answer; addresses in URLs are looked at before. No redirect is followed, and no proxy of the
//! environment is used, since either would connect to another place.

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};

use tokio::sync::Semaphore;

use super::addresses::AddressRules;

/// How long everything may take, from looking up the name to the end of the answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// How much of an answer is read, unless it is said otherwise.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Connections to one endpoint that are kept for the next request, and for how long: each takes a file.
const IDLE_PER_HOST: usize = 8;
const IDLE: Duration = Duration::from_secs(15);

/// Names that are looked up at a time. Each takes a thread, also after nobody waits for it any more.
const LOOKUPS_MAX: usize = 32;

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

fn builder(rules: &Arc<AddressRules>) -> ClientBuilder {
    let resolver = Resolver { rules: Arc::clone(rules), lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)) };
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
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(deeper) = cause {
        if let Some(Denied(name)) = deeper.downcast_ref() {
            return Failure::Denied(name.clone());
        }
        text = deeper.to_string();
        cause = deeper.source();
    }
    // The deepest cause alone: the others repeat it, and name the URL with its password.
    Failure::Connection(text)
}

/// Looks names up, and leaves out what may not be called.
struct Resolver {
    rules: Arc<AddressRules>,
    lookups: Arc<Semaphore>,
}

/// Everything that a name leads to was left out.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to addresses that this hub does not push to")]
struct Denied(String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, lookups) = (Arc::clone(&self.rules), Arc::clone(&self.lookups));
        Box::pin(async move {
            let place = lookups.acquire_owned().await?;
            let text = name.as_str().to_owned();
            // In a task of its own, which keeps its place until the system has answered.
            let looking = tokio::spawn(async move {
                let found = tokio::net::lookup_host((text, 0)).await.map(Vec::from_iter);
                drop(place);
                found
            });
            let found = looking.await??.into_iter();
            let allowed = found.filter(|address| rules.allows(address.ip())).collect::<Vec<SocketAddr>>();
            if allowed.is_empty() {
                return Err(Denied(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
