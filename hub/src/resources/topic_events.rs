//! `GET /topics/{name}/events`: what is published to a topic, live. The name may be a pattern with `*`.
//!
//! The query has what a live subscription can be asked for: `filter`, `filterScope`, `last` or `since`, `buffer`,
//! `overflow`, `maxRate` and `conflateBy`. Who comes back says in `Last-Event-ID` where he was, and that counts first.

use super::{Ask, Refusal};
use crate::live::{Asked, AskedSince, Reader};
use actix_web::http::Method;
use serde_json::Value;
use std::fmt::Display;
use std::str::FromStr;

const PREFIX: &str = "/topics/";
const SUFFIX: &str = "/events";
const LAST_EVENT_ID: &str = "last-event-id";
const KNOWN: [&str; 8] =
    ["filter", "filterScope", "last", "since", "buffer", "overflow", "maxRate", "conflateBy"];

/// The name in a path, if it is one of events.
pub(super) fn name(path: &str) -> Option<&str> {
    let name = path.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (!name.contains('/')).then_some(name)
}

/// Begins a live subscription.
pub(super) fn subscribe(topic: &str, ask: &Ask<'_>) -> Result<Reader, Refusal> {
    if *ask.method != Method::GET {
        return Err(Refusal::only("GET"));
    }
    ask.takes(&KNOWN)?;
    let text = |name| ask.parameters.first(name).map(str::to_owned);
    // A text stands for a policy as well as an object does.
    let filter = text("filter").map(Value::String);
    let asked = Asked {
        topic: Some(topic.to_owned()),
        topics: Vec::new(),
        filter,
        filter_scope: text("filterScope"),
        since: since(ask)?,
        buffer: number("buffer", ask)?,
        overflow: text("overflow"),
        max_rate: number("maxRate", ask)?,
        conflate_by: text("conflateBy"),
    };
    let request = asked.check(&ask.cx)?;
    Ok(ask.cx.hub.live.subscribe(request))
}

fn since(ask: &Ask<'_>) -> Result<Option<AskedSince>, Refusal> {
    let id = ask.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        return Ok(Some(AskedSince::Word(id.to_owned())));
    }
    let last = number("last", ask)?.map(|last| AskedSince::Last { last });
    Ok(last.or_else(|| ask.parameters.first("since").map(|text| AskedSince::Word(text.to_owned()))))
}

fn number<T: FromStr<Err: Display>>(name: &str, ask: &Ask<'_>) -> Result<Option<T>, Refusal> {
    let Some(text) = ask.parameters.first(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| Refusal::bad(format!("{name} is not a number: {error}.")))
}
