//! From a request to a connection: whether it asks for one, and what it says before the first message.

use super::close::{Code, End};
use super::protocol::{NAME, TOKEN};
use crate::auth::{self, Caller, Credential};
use crate::config::Settings;
use crate::wire::{Head, Parameters};
use actix_web::http::Method;
use actix_web::http::header::{
    HeaderMap, HeaderName, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::BytesMut;

/// Where connections are asked for.
pub(crate) const PATH: &str = "/ws";

/// The version of the protocol below ours, the only one there is.
const VERSION: &str = "13";

/// What the protocol below ours adds to a key (RFC 6455, section 1.3).
const ADDED_TO_KEY: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A connection that can begin.
pub(crate) struct Opening {
    /// What proves that the request was understood.
    accept: String,
    pub(super) base_url: String,
    /// Who the request says it is from.
    pub(super) caller: Caller,
    /// What came instead of a signature.
    pub(super) token: Option<String>,
    /// It ends at once, and the client is told why.
    pub(super) refusal: Option<End>,
}

/// Why a request gets an ordinary answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It does not ask for a connection as it should.
    Malformed(&'static str),
    /// It asks in a version that is not spoken.
    Version,
}

impl Opening {
    /// Reads a request. One that may not come in is told so on a connection that ends at once: pages learn nothing of a
    /// refusal before.
    pub(crate) fn read(
        head: &Head<'_>,
        settings: &Settings,
        base_url: String,
        forbidden: Option<&'static str>,
    ) -> Result<Self, Refusal> {
        if *head.method != Method::GET
            || !lists(head.headers, &UPGRADE).any(|one| one.eq_ignore_ascii_case("websocket"))
        {
            return Err(Refusal::Malformed("This is the address of WebSockets."));
        }
        if head.header(&SEC_WEBSOCKET_VERSION).map(str::trim) != Some(VERSION) {
            return Err(Refusal::Version);
        }
        let key = head.header(&SEC_WEBSOCKET_KEY).map(str::trim).filter(|key| is_key(key));
        let key = key.ok_or(Refusal::Malformed("Sec-WebSocket-Key is missing, or is no key."))?;
        if !lists(head.headers, &SEC_WEBSOCKET_PROTOCOL).any(|one| one == NAME) {
            return Err(Refusal::Malformed("Sec-WebSocket-Protocol must offer fanq.v1.json."));
        }
        let accept =
            STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), ADDED_TO_KEY].concat()));
        let token = lists(head.headers, &SEC_WEBSOCKET_PROTOCOL).find_map(|one| one.strip_prefix(TOKEN));
        let (token, bad_token) = match token.map(read_token) {
            None => (None, None),
            Some(Some(token)) => (Some(token), None),
            Some(None) => (None, Some(End::closed(Code::NotAuthenticated, "the token is no base64url"))),
        };
        let parameters = Parameters::parse(&[head.query.as_bytes()]).unwrap_or_default();
        let credential = Credential::read(head, &parameters);
        let caller = auth::authenticate(credential, settings.region.as_str());
        let caller = caller.map_err(|_| Refusal::Malformed("The credential cannot be read."))?;
        let refusal = forbidden.map(|reason| End::closed(Code::Forbidden, reason)).or(bad_token);
        Ok(Self { accept, base_url, caller, token, refusal })
    }

    /// The answer with which the connection begins.
    pub(super) fn put_answer(&self, output: &mut BytesMut) {
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-accept: {}\r\nsec-websocket-protocol: {NAME}\r\n\r\n",
            self.accept
        );
        output.extend_from_slice(answer.as_bytes());
    }
}

/// The elements of a header that is a list, however often it is there.
fn lists<'a>(headers: &'a HeaderMap, name: &'a HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Sixteen bytes in base64.
fn is_key(key: &str) -> bool {
    STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

fn read_token(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()
}
