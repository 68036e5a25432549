//! WebSocket connections to the hub, and the first words on each.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
#[cfg(not(feature = "tls"))]
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message as Raw, protocol::WebSocketConfig};
#[cfg(feature = "tls")]
use tokio_tungstenite::{Connector, connect_async_tls_with_config};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::frame::{Connected, Said};
use crate::client::Client;

/// An open connection.
pub(super) type Transport = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// For everything until the hub has said who the client is.
const CONNECT: Duration = Duration::from_secs(15);

/// What a client says of itself, so that it can be connected again.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub(super) client: Client,
    pub(super) auth: Option<String>,
    pub(super) resume_window: Duration,
    /// The session to be resumed, with its token.
    pub(super) session: Option<(String, String)>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) reason: String,
    /// The close code, if the hub has closed it.
    pub(super) code: Option<u16>,
    /// Whether the next attempt may succeed.
    pub(super) is_passing: bool,
}

impl Broken {
    pub(super) fn passing(reason: &str) -> Self {
        Self { reason: reason.to_owned(), code: None, is_passing: true }
    }

    fn closed(code: u16, reason: &str) -> Self {
        // A frame that the hub cannot read, a stranger, a taken session and what is too large stay what they are.
        let is_passing = !matches!(code, 4400 | 4401 | 4403 | 4409 | 4413);
        Self { reason: format!("{reason} (close code {code})"), code: Some(code), is_passing }
    }
}

impl From<SocketError> for Broken {
    fn from(error: SocketError) -> Self {
        let is_passing = match &error {
            SocketError::Http(response) => response.status().is_server_error(),
            SocketError::Url(_) | SocketError::Tls(_) | SocketError::HttpFormat(_) => false,
            // The network, in one way or another.
            _ => true,
        };
        Self { reason: error.to_string(), code: None, is_passing }
    }
}

impl Dial {
    /// Connects and says who is there.
    pub(super) async fn connect(&self) -> Result<(Transport, Connected), Broken> {
        match tokio::time::timeout(CONNECT, self.introduce()).await {
            Ok(result) => result,
            Err(_) => Err(Broken::passing("the hub does not answer")),
        }
    }

    async fn introduce(&self) -> Result<(Transport, Connected), Broken> {
        // http becomes ws and https wss.
        let url = format!("{}/ws", self.client.endpoint().replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        let protocol = HeaderValue::from_static("fanq.v1.json");
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        let settings = WebSocketConfig::default();
        #[cfg(feature = "tls")]
        let opening = {
            let trust = Some(Connector::Rustls(self.client.tls()));
            connect_async_tls_with_config(request, Some(settings), true, trust)
        };
        #[cfg(not(feature = "tls"))]
        let opening = connect_async_with_config(request, Some(settings), true);
        let (mut transport, _) = opening.await?;
        transport.send(Raw::text(self.hello().to_string())).await?;
        loop {
            match said(transport.next().await)? {
                Some(Said::Connected(connected)) => return Ok((transport, connected)),
                Some(Said::Error(refusal)) => {
                    let is_passing = refusal.retryable;
                    let reason = refusal.into_fault("connect").to_string();
                    return Err(Broken { reason, code: None, is_passing });
                }
                Some(_) | None => {}
            }
        }
    }

    fn hello(&self) -> Value {
        let (account, region) = self.client.caller();
        let (session, resume) = self.session.clone().unzip();
        // What is null is as if it were not there.
        json!({
            "type": "connect",
            "id": 0,
            "auth": self.auth,
            "account": account,
            "region": region,
            "client": {"name": "fanq-client", "version": env!("CARGO_PKG_VERSION")},
            "session": session,
            "resume": resume,
            "resumeWindow": self.resume_window.as_secs(),
            // What was on its way when the connection broke; what did arrive is known by its tag.
            "resendUnacked": true,
        })
    }
}

/// The next frame of the hub.
pub(super) async fn next(frames: &mut SplitStream<Transport>) -> Result<Said, Broken> {
    loop {
        if let Some(said) = said(frames.next().await)? {
            return Ok(said);
        }
    }
}

/// What was said, if anything. WebSocket pings are answered by the library, and show that the hub is there.
fn said(frame: Option<Result<Raw, SocketError>>) -> Result<Option<Said>, Broken> {
    match frame {
        None => Err(Broken::passing("the connection has ended")),
        Some(Err(error)) => Err(error.into()),
        Some(Ok(Raw::Text(text))) => match serde_json::from_str(&text) {
            Ok(said) => Ok(Some(said)),
            Err(error) => Err(Broken {
                reason: format!("the hub has said what cannot be read: {error}"),
                code: None,
                is_passing: false,
            }),
        },
        Some(Ok(Raw::Ping(_) | Raw::Pong(_))) => Ok(Some(Said::Other)),
        Some(Ok(Raw::Close(Some(close)))) => Err(Broken::closed(close.code.into(), &close.reason)),
        Some(Ok(Raw::Close(None))) => Err(Broken::passing("the hub has closed the connection")),
        Some(Ok(Raw::Binary(_) | Raw::Frame(_))) => Ok(None),
    }
}

/// Writes what it is given, as many at once as there are, and closes when there is no more to come.
pub(super) async fn write_all(
    mut sink: SplitSink<Transport, Raw>,
    mut to_write: mpsc::UnboundedReceiver<String>,
) {
    let mut batch = Vec::new();
    while to_write.recv_many(&mut batch, 256).await > 0 {
        for frame in batch.drain(..) {
            if sink.feed(Raw::text(frame)).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
    let _ = sink.close().await;
}
