//! How a request for a resource is answered: in JSON, also where it is refused. No answer is good for a second request.

use crate::wire::{Fault, Response};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

const NO_STORE: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
const JSON: (HeaderName, HeaderValue) = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
const TEXT: (HeaderName, HeaderValue) = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));

impl Answer {
    /// It is done, and this is what there is to say.
    pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(value).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "The answer cannot be written.")
        })?;
        Ok(Self { status, headers: vec![NO_STORE, JSON], body: body.into() })
    }

    /// It is done, and there is nothing to say.
    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: vec![NO_STORE], body: Bytes::new() }
    }

    /// It is done, and this text is the answer, of which the headers say more.
    pub(crate) fn text(text: String, more: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        let headers = [NO_STORE, TEXT].into_iter().chain(more).collect();
        Self { status: StatusCode::OK, headers, body: text.into() }
    }

    pub(crate) fn into_response(self) -> Response {
        Response { status: self.status, headers: self.headers, body: self.body }
    }
}

/// Why a request is not done: a status, and a sentence for whoever asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), header: None }
    }

    /// The request is not one that can be answered.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The resource takes these methods only.
    pub(crate) fn only(methods: &'static str) -> Self {
        let text = format!("This resource takes {methods}.");
        let header = Some((ALLOW, HeaderValue::from_static(methods)));
        Self { status: StatusCode::METHOD_NOT_ALLOWED, text, header }
    }

    pub(crate) fn into_response(self) -> Response {
        let mut headers = vec![NO_STORE, JSON];
        headers.extend(self.header);
        Response { status: self.status, headers, body: json!({ "error": self.text }).to_string().into() }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code().status(), fault.message())
    }
}
