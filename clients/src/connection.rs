//! Requests and their answers, as bytes over HTTP.

#[cfg(all(feature = "tls", feature = "websocket"))]
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::uri::Scheme;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::error::Error;
#[cfg(feature = "tls")]
use crate::tls;

/// For the handshake of TCP.
const CONNECT: Duration = Duration::from_secs(5);

/// For an answer, beyond the time that the hub was asked to wait for.
const ANSWER: Duration = Duration::from_secs(30);

/// A connection that was not used for so long is closed; the hub would do so itself a little later, and the next
/// request would run into that.
const IDLE: Duration = Duration::from_secs(60);

/// Ten messages of 1 MiB, every byte of which JSON may write as six.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One request.
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    /// The service as the credential scope names it.
    pub(crate) service: &'static str,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// How long the hub was asked to wait before it answers.
    pub(crate) wait: Duration,
}

/// The headers in which the two protocols differ.
pub(crate) enum Headers {
    Json { target: String },
    Query,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// A pool of connections to one endpoint.
pub(crate) struct Connection {
    http: HttpClient<Connector, Full<Bytes>>,
    uri: Uri,
    account: String,
    region: String,
    #[cfg(all(feature = "tls", feature = "websocket"))]
    tls: Arc<rustls::ClientConfig>,
}

impl Connection {
    pub(crate) fn new(
        endpoint: &str,
        account: &str,
        region: &str,
        #[cfg(feature = "tls")] authorities: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let uri = parse_endpoint(endpoint)?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !is_account {
            return Err(Error::Setting(format!("{account:?} is not an account: it has 12 digits")));
        }
        let is_region =
            !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_region {
            return Err(Error::Setting(format!("{region:?} is not the name of a region")));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        #[cfg(feature = "tls")]
        let tls = tls::config(authorities)?;
        #[cfg(feature = "tls")]
        let connector = tls::connector(connector, &tls);
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        let (account, region) = (account.to_owned(), region.to_owned());
        Ok(Self {
            http,
            uri,
            account,
            region,
            #[cfg(all(feature = "tls", feature = "websocket"))]
            tls: Arc::new(tls),
        })
    }

    /// Whom the socket trusts.
    #[cfg(all(feature = "tls", feature = "websocket"))]
    pub(crate) fn tls(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.tls)
    }

    pub(crate) fn endpoint(&self) -> String {
        self.uri.to_string().trim_end_matches('/').to_owned()
    }

    #[cfg(feature = "websocket")]
    pub(crate) fn caller(&self) -> (&str, &str) {
        (&self.account, &self.region)
    }

    /// Sends a request and reads its answer, whatever its status.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, Error> {
        let operation = call.operation;
        let patience = ANSWER.saturating_add(call.wait);
        let request = self.request(call)?;
        match tokio::time::timeout(patience, self.exchange(operation, request)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout { operation, endpoint: self.endpoint(), patience }),
        }
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>, Error> {
        let unusable = |error: http::Error| Error::Setting(error.to_string());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .body(Full::new(Bytes::from(call.body)))
            .map_err(unusable)?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, header(&self.credential(call.service))?);
        match call.headers {
            Headers::Json { target } => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
                headers.insert(HeaderName::from_static("x-amz-target"), header(&target)?);
            }
            Headers::Query => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                // Otherwise the answer is XML.
                headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            }
        }
        Ok(request)
    }

    /// The scope of a signature without a signature. A hub without authentication takes account and region from
    /// it and looks no further, which is why the day does not matter.
    fn credential(&self, service: &str) -> String {
        let Self { account, region, .. } = self;
        let signature = "0".repeat(64);
        format!(
            "AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/{service}/aws4_request, \
             SignedHeaders=host, Signature={signature}"
        )
    }

    async fn exchange(
        &self,
        operation: &'static str,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Error> {
        let broken = |source| Error::Transport { operation, endpoint: self.endpoint(), source };
        let response = self.http.request(request).await.map_err(|error| broken(error.into()))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(broken)?;
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

fn header(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|error| Error::Setting(error.to_string()))
}

fn parse_endpoint(text: &str) -> Result<Uri, Error> {
    let unusable = |reason: &str| Error::Setting(format!("{text:?} is not the endpoint of a hub: {reason}"));
    let uri: Uri = text.parse().map_err(|error: http::uri::InvalidUri| unusable(&error.to_string()))?;
    let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
    if is_encrypted && cfg!(not(feature = "tls")) {
        return Err(unusable("this client was built without its feature `tls`"));
    }
    if !is_encrypted && uri.scheme() != Some(&Scheme::HTTP) {
        return Err(unusable("it begins with http://"));
    }
    if uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
        return Err(unusable("it is made of http://, a host and perhaps a port"));
    }
    Ok(uri)
}
