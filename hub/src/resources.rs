//! What the hub offers beside AWS's protocols, as plain HTTP with JSON: `/_fanq/…`, one file per resource, and
//! `/topics/…`, where messages are published and read live.
//!
//! The clock is not among them: it is the server's own, and answers before there is a hub.
//! `/queues/…` is where messages are sent and received, and `/openapi.json` describes all of it.

mod answer;
mod explain;
mod mappings;
mod openapi;
mod opted_out_numbers;
mod outbox;
mod posted;
mod queue_messages;
mod replay;
mod topic_events;
mod topic_messages;

pub(crate) use answer::{Answer, Refusal};

use crate::auth::{self, Credential};
use crate::catalogue::TopicView;
use crate::hub::Hub;
use crate::live::Reader;
use crate::operation::Context;
use crate::shape::topic::reference;
use crate::wire::{self, Fault, Parameters};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use bytes::Bytes;
use queue_core::Name;
use std::sync::Arc;
use tracing::Span;

/// What stands before the first part of every path.
const PREFIX: &str = "/";

/// The first parts of the paths that are resources', and not of AWS's protocols.
const STARTS: [&str; 3] = ["/_fanq/", "/queues/", "/topics/"];

/// A request for a resource.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) parameters: &'a Parameters<'a>,
    pub(crate) body: &'a Bytes,
    /// Who asks, and the hub.
    pub(crate) cx: Context,
}

impl Ask<'_> {
    /// Refuses parameters that the resource does not have: what is misspelled is not to be taken for absent.
    fn takes(&self, known: &[&str]) -> Result<(), Refusal> {
        let Some(other) = self.parameters.other_than(known) else {
            return Ok(());
        };
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Refusal::bad(format!("There is no parameter {other:?} here; those known are: {known}.")))
    }
}

/// Whether a path is that of a resource, whether there is such a one or not.
pub(crate) fn is_path(path: &str) -> bool {
    path == openapi::PATH || STARTS.iter().any(|start| path.starts_with(start))
}

/// Whether a path is one of live events, whose answer does not end.
pub(crate) fn is_path_of_events(path: &str) -> bool {
    topic_events::name(path).is_some()
}

/// Begins the live subscription that a request asks for.
pub(crate) fn subscribe(hub: &Arc<Hub>, request: wire::Request<'_>) -> Result<Reader, wire::Response> {
    let wire::Request { head, body, base_url } = request;
    let begun = || {
        let parameters = Parameters::parse(&[head.query.as_bytes()]).map_err(Fault::from)?;
        let cx = context(hub, &head, &parameters, base_url)?;
        let topic = topic_events::name(head.path).unwrap_or_default();
        let topic = wire::decode_part(topic).map_err(Fault::from)?;
        let ask =
            Ask { method: head.method, headers: head.headers, parameters: &parameters, body: &body, cx };
        topic_events::subscribe(&topic, &ask)
    };
    begun().map_err(Refusal::into_response)
}

fn context(
    hub: &Arc<Hub>,
    head: &wire::Head<'_>,
    parameters: &Parameters<'_>,
    base_url: String,
) -> Result<Context, Fault> {
    Ok(Context {
        hub: Arc::clone(hub),
        caller: auth::authenticate(Credential::read(head, parameters), hub.settings.region.as_str())?,
        base_url,
        queue_path: None,
        trace_header: wire::trace_header(head),
        span: Span::none(),
    })
}

/// Answers a request for a resource.
pub(crate) async fn answer(hub: &Arc<Hub>, request: wire::Request<'_>) -> wire::Response {
    let wire::Request { head, body, base_url } = request;
    let head = &head;
    let answered = async {
        let parameters = Parameters::parse(&[head.query.as_bytes()]).map_err(Fault::from)?;
        let cx = context(hub, head, &parameters, base_url)?;
        let path = head.path.strip_prefix(PREFIX).unwrap_or_default().split('/');
        let path = path.map(wire::decode_part).collect::<Result<Vec<_>, _>>().map_err(Fault::from)?;
        let path: Vec<_> = path.iter().map(|part| &**part).collect();
        let ask =
            Ask { method: head.method, headers: head.headers, parameters: &parameters, body: &body, cx };
        route(&path, &ask).await
    };
    match answered.await {
        Ok(answer) => answer.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The topic that a path names, for an action that the caller may perform on it: by its name, for one of the caller's,
/// or by its ARN.
fn topic(action: &'static str, text: &str, cx: &Context) -> Result<Arc<TopicView>, Fault> {
    let name = if text.contains(':') {
        reference::name("TopicArn", text, &cx.caller)?
    } else {
        Name::new(&cx.caller.account, &cx.caller.region, text)
    };
    reference::find(action, &name, cx)
}

/// Passes a request on to its resource.
async fn route(path: &[&str], ask: &Ask<'_>) -> Result<Answer, Refusal> {
    match path {
        ["openapi.json"] => openapi::answer(ask),
        ["queues", queue, "messages"] => queue_messages::messages(queue, ask).await,
        ["queues", queue, "messages", receipt_handle] => {
            queue_messages::message(queue, receipt_handle, ask).await
        }
        ["queues", queue, "receive"] => queue_messages::receive(queue, ask).await,
        ["topics", topic, "messages"] => topic_messages::answer(topic, ask).await,
        ["_fanq", "opted-out-numbers", number] => opted_out_numbers::answer(number, ask).await,
        ["_fanq", "outbox"] => outbox::answer(ask),
        ["_fanq", "topics", topic, "explain"] => explain::answer(topic, ask),
        ["_fanq", "topics", topic, "replay"] => replay::answer(topic, ask).await,
        ["_fanq", "mappings"] => mappings::all(ask).await,
        ["_fanq", "mappings", id] => mappings::one(id, ask).await,
        _ => Err(Refusal::new(StatusCode::NOT_FOUND, "There is no such resource.")),
    }
}
