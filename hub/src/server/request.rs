//! One request, from its head to its answer.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::backend::Backend;
use super::connection::{InHandler, Watch};
use super::{Limits, body, certificate, clock, events, metrics};
use crate::base_url::base_url;
use crate::door::Status;
use crate::exposure::{self, Admission};
use crate::resources;
use crate::socket;
use crate::wire::{self, Code, Fault, Head};

/// What every worker knows.
pub(super) struct Site<B> {
    pub(super) backend: Arc<B>,
    pub(super) limits: Limits,
    pub(super) address: SocketAddr,
}

impl<B> Clone for Site<B> {
    fn clone(&self) -> Self {
        Self { backend: Arc::clone(&self.backend), limits: self.limits, address: self.address }
    }
}

/// Keeps the headers of a receive, which may wait for long, in a map of their size: the library's has room for 28, and
/// 5 KiB for each of ten thousand that wait are much. Others are gone too soon for that to be worth the work.
pub(super) fn make_small(request: &mut actix_http::Request) {
    let headers = request.headers_mut();
    if wire::asks_to_receive(headers) {
        let small = HeaderMap::with_capacity(headers.len_keys());
        for (name, value) in std::mem::replace(headers, small) {
            headers.append(name, value);
        }
    }
}

/// Answers a request, whatever it is.
pub(super) async fn answer<B: Backend>(
    site: &Site<B>,
    request: &HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let in_handler = Watch::enter(request);
    let mut response = respond(site, request, payload, &in_handler).await;
    if in_handler.leaves_its_place() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

async fn respond<B: Backend>(
    site: &Site<B>,
    request: &HttpRequest,
    payload: Payload,
    in_handler: &InHandler,
) -> HttpResponse {
    // Whoever watches over the hub calls it by whatever name he has, and learns nothing but that it is there.
    match request.path() {
        "/health" => return health(site.backend.status()),
        "/ready" => return readiness(site.backend.status()),
        path if certificate::is_path(path) => {
            return certificate::answer(&*site.backend, request.method(), path);
        }
        _ => {}
    }
    let settings = site.backend.settings();
    let base_url = base_url(settings, site.address, request.headers());
    let admitted =
        exposure::admit(settings, &base_url, request.method(), request.query_string(), request.headers());
    let admission = match admitted {
        Ok(admission) => admission,
        Err(refusal) => {
            return refuse(site, request, Code::AccessDenied, refusal.to_string());
        }
    };
    let mut response = match &admission {
        Admission::Cors { .. } if is_preflight(request) => preflight(request.headers()),
        Admission::Cors { .. } | Admission::Plain => {
            route(site, request, payload, base_url, in_handler).await
        }
    };
    if let Admission::Cors { origin } = admission {
        add_cors(response.headers_mut(), &origin);
    }
    response
}

/// Whether the process is well, which it is also while it starts.
fn health(status: Status) -> HttpResponse {
    let code = match status {
        Status::Starting { .. } | Status::Ready => StatusCode::OK,
        Status::Failed => StatusCode::SERVICE_UNAVAILABLE,
    };
    tell(code, status, "ok")
}

/// Whether requests are served.
fn readiness(status: Status) -> HttpResponse {
    let code = match status {
        Status::Ready => StatusCode::OK,
        Status::Starting { .. } | Status::Failed => StatusCode::SERVICE_UNAVAILABLE,
    };
    tell(code, status, "ready")
}

fn tell(code: StatusCode, status: Status, if_ready: &str) -> HttpResponse {
    let version = env!("CARGO_PKG_VERSION");
    HttpResponse::build(code).json(match status {
        Status::Starting { done_bytes, total_bytes } => json!({
            "status": "starting", "done_bytes": done_bytes, "total_bytes": total_bytes, "version": version,
        }),
        Status::Ready => json!({ "status": if_ready, "version": version }),
        Status::Failed => json!({ "status": "failed", "version": version }),
    })
}

/// Reads the body and passes the request on to whom it is for.
async fn route<B: Backend>(
    site: &Site<B>,
    request: &HttpRequest,
    payload: Payload,
    base_url: String,
    in_handler: &InHandler,
) -> HttpResponse {
    if request.path() == socket::handshake::PATH {
        let mut response = HttpResponse::build(StatusCode::UPGRADE_REQUIRED);
        return response
            .insert_header((header::UPGRADE, "websocket"))
            .body("This is the address of WebSockets.\n");
    }
    if request.path() == "/metrics" {
        return metrics::answer(&*site.backend, request.method()).await;
    }
    let settings = site.backend.settings();
    let is_clock = request.path() == "/_fanq/clock";
    if is_clock && !settings.test_clock {
        let message = "The clock can be turned only if the hub was started with --test-clock.";
        return HttpResponse::NotFound().json(json!({ "error": message }));
    }
    let is_resource = !is_clock && resources::is_path(request.path());
    let is_any = is_clock || is_resource;
    if !is_any && !matches!(*request.method(), Method::GET | Method::POST) {
        let message = format!("The method {} is not allowed.", request.method());
        let mut response = refuse(site, request, Code::MethodNotAllowed, message);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
        return response;
    }
    let limits = body::Limits { time: site.limits.body, bytes: site.limits.body_bytes };
    let body = match body::read(payload, request.headers(), limits).await {
        Ok(body) => body,
        Err(error) => return refuse_body(site, request, error),
    };
    if is_clock {
        return clock::answer(&*site.backend, request.method(), request.query_string(), &body).await;
    }
    let head = Head::from(request);
    if resources::is_path_of_events(request.path()) {
        if in_handler.leaves_its_place() {
            // Such an answer does not end, and the places that are left are for requests that do.
            let text = "Too many connections are open.";
            let refusal = resources::Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response();
            return events::refuse(request.headers(), refusal);
        }
        let begun = site.backend.subscribe(wire::Request { head, body, base_url });
        return begun.map_or_else(|refusal| events::refuse(request.headers(), refusal), events::answer);
    }
    if is_resource {
        let answer = pin!(site.backend.resource(wire::Request { head, body, base_url }));
        return into_http(in_handler.unless_gone(answer).await);
    }
    let answer = pin!(site.backend.answer(wire::Request { head, body, base_url }));
    let answer = if head.may_take() { in_handler.unless_gone(answer).await } else { answer.await };
    into_http(answer)
}

/// An answer as the HTTP library has it.
pub(crate) fn into_http(answer: wire::Response) -> HttpResponse {
    let mut response = HttpResponse::with_body(answer.status, answer.body).map_into_boxed_body();
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// An error in the format of the protocol that the request speaks, or of resources.
fn refuse<B: Backend>(site: &Site<B>, request: &HttpRequest, code: Code, message: String) -> HttpResponse {
    let fault = Fault::new(code, message);
    if resources::is_path(request.path()) {
        return into_http(resources::Refusal::from(fault).into_response());
    }
    into_http(site.backend.refuse(&Head::from(request), &fault))
}

/// After a body that was not read to its end, the next request cannot be found: the connection is closed.
fn refuse_body<B: Backend>(site: &Site<B>, request: &HttpRequest, error: body::Error) -> HttpResponse {
    let code = match error {
        body::Error::TooLarge => Code::RequestEntityTooLarge,
        body::Error::TooSlow => Code::RequestTimeout,
        body::Error::Incomplete => Code::IncompleteBody,
        body::Error::Malformed => Code::Serialization,
        body::Error::UnknownEncoding => Code::UnsupportedMediaType,
    };
    let mut response = refuse(site, request, code, error.to_string());
    response.head_mut().set_connection_type(ConnectionType::Close);
    response
}

fn is_preflight(request: &HttpRequest) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Tells a browser that the page may send what it wants to send.
fn preflight(asked: &HeaderMap) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone()));
    }
    // Asked by browsers when a public page calls an address of a private network.
    if asked.contains_key("access-control-request-private-network") {
        response.insert_header(("access-control-allow-private-network", "true"));
    }
    response.finish()
}

fn add_cors(headers: &mut HeaderMap, origin: &str) {
    const EXPOSED: &str = "x-amzn-requestid, x-amzn-query-error, x-amz-request-id, date";
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
