//! The wire: reads a request of any protocol into an operation's input and writes its output or fault back.
//!
//! SQS speaks two protocols and SNS one of them, and each can be answered in XML or JSON. An operation knows
//! none of this: its two shapes are plain serde types. Query parameters are a serde input format (`query`), XML
//! is a serde output format (`xml`), and the few members that are called differently there are in one table
//! (`names`). What remains is here: which protocol and service a request means, and who asks.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use bytes::Bytes;
use tracing::Instrument;

use crate::auth::{self, Credential};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::operation::{Context, Operation};
use crate::sqs::ReceiveMessage;

mod blob;
mod call;
mod fault;
mod json;
mod list;
mod names;
mod observed;
mod pairs;
mod parameter;
mod query;
mod reply;
mod request_id;
#[cfg(test)]
mod sample;
mod service;
mod xml;

pub(crate) use blob::Blob;
pub(crate) use call::Call;
pub(crate) use fault::{Code, Fault};
pub(crate) use json::decode as decode_json;
pub(crate) use json::document;
pub(crate) use list::{Counted, List};
pub(crate) use pairs::Pairs;
pub(crate) use service::{Service, is_queue_path};

use call::Input;
use observed::Observed;
pub(crate) use parameter::{Parameters, decode_part};
use reply::Format;
use request_id::RequestId;

static TARGET: HeaderName = HeaderName::from_static("x-amz-target");
static TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What a request says before its body. Borrowed: copying the headers of every request would cost more than
/// reading them.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> From<&'a HttpRequest> for Head<'a> {
    fn from(request: &'a HttpRequest) -> Self {
        Self {
            method: request.method(),
            path: request.path(),
            query: request.query_string(),
            headers: request.headers(),
        }
    }
}

impl<'a> Head<'a> {
    /// A header, if it is there once at least and is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether messages may be taken for whoever asks. Who asks for something else says so before the body.
    pub(crate) fn may_take(&self) -> bool {
        match Protocol::of(self) {
            Protocol::Json(action) => action.is_none_or(|action| action == ReceiveMessage::NAME),
            Protocol::Query => true,
        }
    }
}

/// A request as it came, its body whole and decompressed.
pub(crate) struct Request<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) body: Bytes,
    /// Scheme and authority for the URLs in the answer, without a final slash.
    pub(crate) base_url: String,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// The protocol that a request speaks.
#[derive(Clone, Copy)]
enum Protocol<'a> {
    /// AWS JSON 1.0, and the operation of SQS that the target names, if it names one.
    Json(Option<&'a str>),
    /// Everything else, whatever its content type says.
    Query,
}

impl<'a> Protocol<'a> {
    fn of(head: &Head<'a>) -> Self {
        const JSON: &str = "application/x-amz-json-1.0";
        let is_json =
            |kind: &str| kind.get(..JSON.len()).is_some_and(|start| start.eq_ignore_ascii_case(JSON));
        let action = head.header(&TARGET).and_then(|target| target.strip_prefix("AmazonSQS."));
        if action.is_some() || head.header(&CONTENT_TYPE).is_some_and(is_json) {
            Self::Json(action)
        } else {
            Self::Query
        }
    }
}

/// Whether messages are asked for in AWS JSON, as nearly all clients do that wait for them.
pub(crate) fn asks_to_receive(headers: &HeaderMap) -> bool {
    let action = headers.get(&TARGET).and_then(|target| target.as_bytes().strip_prefix(b"AmazonSQS."));
    action == Some(ReceiveMessage::NAME.as_bytes())
}

/// Answers one request. Every outcome is an answer: what cannot be read is refused in the format that the
/// caller would have got.
pub(crate) async fn answer(hub: &Arc<Hub>, request: Request<'_>) -> Response {
    let Request { head, body, base_url } = request;
    let (metrics, begun) = (&hub.metrics, Instant::now());
    let protocol = Protocol::of(&head);
    let parameters = match parameters(&head, protocol, &body) {
        Ok(parameters) => parameters,
        Err(fault) => return refuse(&head, &fault, Some(metrics)),
    };
    let credential = Credential::read(&head, &parameters);
    let call = match read(&head, protocol, &body, &parameters, credential, Some(metrics)) {
        Ok(call) => call,
        Err(response) => return response,
    };
    let caller = auth::authenticate(credential, hub.settings.region.as_str());
    let observed = Observed::begin(&call, &head, caller.as_ref().ok());
    let done = match caller {
        Ok(caller) => {
            let context = Context {
                hub: Arc::clone(hub),
                caller,
                base_url,
                queue_path: is_queue_path(head.path).then(|| head.path.to_owned()),
                trace_header: trace_header(&head),
                span: observed.span.clone(),
            };
            perform(&call, &context).instrument(observed.span.clone()).await
        }
        Err(fault) => Err(fault),
    };
    let fault = done.as_ref().err();
    metrics.api.count(call.service, call.action, fault.map(|fault| fault.code().name()), begun.elapsed());
    observed.end(&call, fault);
    match done {
        Ok(body) => call.success(body),
        Err(fault) => call.fault(&fault),
    }
}

/// The trace that a request says it is part of.
pub(crate) fn trace_header(head: &Head<'_>) -> Option<String> {
    head.header(&TRACE_ID).map(str::to_owned)
}

/// The parameters of the URL, and of the body if it is a form.
fn parameters<'a>(head: &Head<'a>, protocol: Protocol<'_>, body: &'a [u8]) -> Result<Parameters<'a>, Fault> {
    let form = match protocol {
        Protocol::Query if head.method == Method::POST => body,
        Protocol::Query | Protocol::Json(_) => &[],
    };
    Parameters::parse(&[head.query.as_bytes(), form]).map_err(Fault::from)
}

/// Tells which operation of which service is called.
fn read<'a>(
    head: &Head<'a>,
    protocol: Protocol<'a>,
    body: &'a [u8],
    parameters: &'a Parameters<'a>,
    credential: Option<Credential<'_>>,
    metrics: Option<&Metrics>,
) -> Result<Call<'a>, Response> {
    let (service, action, input) = match protocol {
        Protocol::Json(Some(action)) => (Service::Sqs, action, Input::Json(body)),
        Protocol::Json(None) => return Err(refuse(head, &Fault::unknown_operation(), metrics)),
        Protocol::Query => {
            let action = parameters.first("Action");
            let scope = credential.map(|it| it.service);
            let version = parameters.first("Version");
            let service = Service::of(scope, version, head.path, action.unwrap_or_default());
            let Some(action) = action else {
                count_refused(metrics, service, Code::InvalidAction);
                return Err(reply::no_action());
            };
            (service, action, Input::Query(parameters))
        }
    };
    Ok(Call { service, action, input, format: Format::of(head, protocol), id: RequestId::new() })
}

/// Tells which operation a request of AWS JSON calls; one of another protocol is refused. Nobody asks who calls.
pub(crate) fn read_json<'a>(
    head: &Head<'a>,
    body: &'a [u8],
    unread: &'a Parameters<'a>,
) -> Result<Call<'a>, Response> {
    read(head, Protocol::of(head), body, unread, None, None)
}

/// Runs the operation that a call names.
async fn perform(call: &Call<'_>, context: &Context) -> Result<Vec<u8>, Fault> {
    call.check_endpoint(context.queue_path.is_some())?;
    match call.service {
        Service::Sns => crate::sns::dispatch(call, context).await,
        Service::Sqs => crate::sqs::dispatch(call, context).await,
        Service::Sts => crate::sts::dispatch(call, context).await,
    }
}

/// Refuses a request whose operation is not known (yet), in the format that this request would expect, and counts it
/// if there is a hub already.
pub(crate) fn refuse(head: &Head<'_>, fault: &Fault, metrics: Option<&Metrics>) -> Response {
    let protocol = Protocol::of(head);
    let service = match protocol {
        Protocol::Json(_) => Service::Sqs,
        Protocol::Query => {
            let unread = Parameters::default();
            let scope = Credential::read(head, &unread).map(|it| it.service);
            Service::of(scope, None, head.path, "")
        }
    };
    count_refused(metrics, service, fault.code());
    reply::fault(Format::of(head, protocol), service, &RequestId::new(), fault)
}

/// There may be no hub yet that counts.
fn count_refused(metrics: Option<&Metrics>, service: Service, code: Code) {
    if let Some(metrics) = metrics {
        metrics.api.count_refused(service, code.name());
    }
}

#[cfg(test)]
mod tests;
