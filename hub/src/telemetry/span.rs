//! The spans that the hub makes, with their names and attributes, which are documented in `docs/traces-and-logs.md`.
//!
//! All have one target, by which traces tell them from everything else. Where nobody collects traces a span is disabled
//! at the place that makes it: its attributes are not computed.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::wire::{Fault, Service};

/// What marks a span as one of these.
pub(super) const TARGET: &str = "fanq::span";

/// What the span of a request begins with.
pub(crate) struct Request<'a> {
    pub(crate) service: Service,
    /// As the client wrote it.
    pub(crate) action: &'a str,
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// A request of one of AWS's protocols, a child of the span that its headers name.
pub(crate) fn request(request: &Request<'_>) -> Span {
    let span = info_span!(
        target: TARGET,
        "request",
        otel.name = request.name(),
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "aws-api",
        rpc.service = request.service.title(),
        rpc.method = request.known_action(),
        http.request.method = request.method,
        http.response.status_code = Empty,
        aws.request_id = request.id,
        messaging.system = request.service.messaging_system(),
        messaging.destination.name = Empty,
        "error.type" = Empty,
    );
    if !span.is_disabled() && request.headers.contains_key("traceparent") {
        let carrier = Carrier(request.headers);
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        // The span has not been entered yet, which is all that could be wrong.
        let _ = span.set_parent(parent);
    }
    span
}

/// A request that a client of the socket made, a child of the span that it names.
pub(crate) fn said(action: &'static str, traceparent: Option<&str>) -> Span {
    let span = info_span!(
        target: TARGET,
        "request",
        otel.name = format_args!("SNS.{action}"),
        otel.kind = "server",
        messaging.system = Service::Sns.messaging_system(),
        messaging.destination.name = Empty,
    );
    let value = traceparent.filter(|_| !span.is_disabled()).and_then(|text| HeaderValue::from_str(text).ok());
    if let Some(value) = value {
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(HeaderName::from_static("traceparent"), value);
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Carrier(&headers));
        // The span has not been entered yet, which is all that could be wrong.
        let _ = span.set_parent(parent);
    }
    span
}

/// Notes the queue or topic that a request is about.
pub(crate) fn about(request: &Span, name: &str) {
    request.record("messaging.destination.name", name);
}

/// Notes what a request was answered.
pub(crate) fn answered(request: &Span, fault: Option<&Fault>) {
    if request.is_disabled() {
        return;
    }
    let Some(fault) = fault else {
        request.record("http.response.status_code", 200_i64);
        return;
    };
    let status = fault.code().status();
    request.record("http.response.status_code", i64::from(status.as_u16()));
    request.record("error.type", tracing::field::debug(fault.code()));
    if status.is_server_error() {
        request.record("otel.status_code", "ERROR");
    }
}

/// A command, from its way to the engine until it is durable and applied.
pub(crate) fn commit(bodies: &[Vec<u8>]) -> Span {
    info_span!(
        target: TARGET,
        "commit",
        fanq.bodies = number(bodies.len()),
        fanq.body_bytes = number(bodies.iter().map(Vec::len).sum()),
    )
}

/// What a publish means for each subscription: its filter, and whether it gets the messages.
pub(crate) fn fan_out(topic: &str, subscriptions: usize, messages: usize) -> Span {
    info_span!(
        target: TARGET,
        "fan-out",
        messaging.destination.name = topic,
        messaging.batch.message_count = number(messages),
        fanq.subscriptions = number(subscriptions),
        fanq.matches = Empty,
    )
}

/// Notes how many subscriptions get a message, summed over the messages.
pub(crate) fn matched(fan_out: &Span, matches: impl Iterator<Item = usize>) {
    if !fan_out.is_disabled() {
        fan_out.record("fanq.matches", number(matches.sum()));
    }
}

/// A receive in the engine, its wait for messages included.
pub(crate) fn receive(messages_max: u32, wait: Duration) -> Span {
    info_span!(
        target: TARGET,
        "receive",
        fanq.messages_max = i64::from(messages_max),
        fanq.wait_ms_max = wait.as_millis().try_into().unwrap_or(i64::MAX),
        messaging.batch.message_count = Empty,
    )
}

/// Notes how many messages a receive came to.
pub(crate) fn received(receive: &Span, messages: usize) {
    receive.record("messaging.batch.message_count", number(messages));
}

impl Request<'_> {
    /// An action that nobody has is left out: names of spans are few, and not for clients to choose.
    fn known_action(&self) -> Option<&str> {
        self.service.knows(self.action).then_some(self.action)
    }

    fn name(&self) -> String {
        let service = self.service.title();
        self.known_action().map_or_else(|| service.to_owned(), |action| format!("{service}.{action}"))
    }
}

/// A number as traces have them; any other would become a text.
fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The headers of a request, as the standard's reader wants them.
struct Carrier<'a>(&'a HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
