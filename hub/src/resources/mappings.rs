//! `/_fanq/mappings`: queues whose messages are posted to a URL, and URLs that stand for functions.
//!
//! `POST /_fanq/mappings` makes one and `GET` lists those of the caller's account; `GET`, `PATCH` and `DELETE
//! /_fanq/mappings/{id}` show, change and remove one. A mapping is shown with what became of it since the hub started.

mod members;

use super::{Answer, Ask, Refusal};
use crate::delivery::mapping::{self, Mapping, outlet::Counts};
use crate::operation::Context;
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Code, Fault};
use actix_web::http::{Method, StatusCode};
use queue_core::{Command, Record, SetRecord};
use reqwest::Url;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// How many mappings an account can have.
const MAPPINGS_MAX: usize = 1_000;

/// Answers a request for all of them.
pub(super) async fn all(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    ask.takes(&[])?;
    match *ask.method {
        Method::GET => {
            let shown: Vec<_> = own(&ask.cx).iter().filter_map(|record| show(record, &ask.cx)).collect();
            Answer::json(StatusCode::OK, &shown)
        }
        Method::POST => make(ask).await,
        _ => Err(Refusal::only("GET, POST")),
    }
}

/// Answers a request for one.
pub(super) async fn one(id: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    ask.takes(&[])?;
    match *ask.method {
        Method::GET => answer(StatusCode::OK, id, &ask.cx),
        Method::PATCH => amend(id, ask).await,
        Method::DELETE => remove(id, ask).await,
        _ => Err(Refusal::only("GET, PATCH, DELETE")),
    }
}

async fn make(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let cx = &ask.cx;
    let mut given = members::object(ask.body)?;
    let id = match given.remove("id").filter(|id| !id.is_null()) {
        Some(id) => members::id(&id)?,
        None => Uuid::new_v4().to_string(),
    };
    let mapping = members::read(&given, None, cx)?;
    let attempt = || {
        if find(&id, cx).is_ok() {
            return Err(members::wrong("There is a mapping with this id already."));
        }
        if own(cx).len() >= MAPPINGS_MAX {
            return Err(members::wrong(format!("There can be {MAPPINGS_MAX} mappings at most.")));
        }
        keep(&id, None, Some(&mapping), cx)
    };
    change(cx, &OF_TOPICS, attempt, reply::done).await?;
    answer(StatusCode::CREATED, &id, cx)
}

async fn amend(id: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let cx = &ask.cx;
    let changes = members::object(ask.body)?;
    if changes.contains_key("id") {
        return Err(Refusal::bad("The id of a mapping cannot be changed."));
    }
    let attempt = || {
        let record = find(id, cx)?;
        let before = Mapping::of(&record).ok_or_else(Fault::internal)?;
        let mut given = members::of(&before);
        given.extend(changes.clone());
        let after = members::read(&given, Some(&before), cx)?;
        keep(id, Some(&record), Some(&after), cx)
    };
    change(cx, &OF_TOPICS, attempt, reply::done).await?;
    answer(StatusCode::OK, id, cx)
}

async fn remove(id: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let cx = &ask.cx;
    let attempt = || {
        let record = find(id, cx)?;
        keep(id, Some(&record), None, cx)
    };
    change(cx, &OF_TOPICS, attempt, reply::done).await?;
    Ok(Answer::nothing())
}

fn keep(id: &str, seen: Option<&Record>, mapping: Option<&Mapping>, cx: &Context) -> Result<Step<()>, Fault> {
    let fields = mapping.map(|mapping| mapping.fields().ok_or_else(Fault::internal)).transpose()?;
    let key = mapping::key(&cx.caller.account, id);
    let seen = seen.map_or(0, |record| record.version);
    Ok(Step::Propose(Command::SetRecord(SetRecord { key, seen, fields }), Vec::new()))
}

fn own(cx: &Context) -> Vec<Arc<Record>> {
    let account = &cx.caller.account;
    let mut records = cx.hub.catalogue.records(&mapping::key(account, ""));
    records.retain(|record| *record.key.name.account == **account);
    records
}

fn find(id: &str, cx: &Context) -> Result<Arc<Record>, Fault> {
    let found = cx.hub.catalogue.record(&mapping::key(&cx.caller.account, id));
    found.ok_or_else(|| Fault::new(Code::NotFound, "There is no such mapping."))
}

fn answer(status: StatusCode, id: &str, cx: &Context) -> Result<Answer, Refusal> {
    let record = find(id, cx)?;
    let shown = show(&record, cx).ok_or_else(Fault::internal)?;
    Answer::json(status, &shown)
}

/// A mapping as it is shown, and how it stands.
fn show(record: &Record, cx: &Context) -> Option<Value> {
    let mapping = Mapping::of(record)?;
    let outlet = cx.hub.mappings.of(record.id, &mapping, &cx.hub.settings);
    let Counts { delivered, failed, filtered } = outlet.counts();
    let state = json!({
        "breaker": if outlet.breaker.is_open() { "open" } else { "closed" },
        "lastError": outlet.last_error(),
        "delivered": delivered,
        "failed": failed,
        "filtered": filtered,
    });
    let mut shown: Map<String, Value> =
        [("id".to_owned(), record.key.name.name.as_ref().into())].into_iter().collect();
    shown.extend(members::of(&Mapping { url: masked(&mapping.url), ..mapping }));
    shown.insert("state".to_owned(), state);
    Some(shown.into())
}

/// A URL without the password that may be in it.
fn masked(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    if parsed.password().is_none() || parsed.set_password(Some("****")).is_err() {
        return url.to_owned();
    }
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(masked("http://user:secret@host/a?b=c"), "http://user:****@host/a?b=c");
        assert_eq!(masked("http://user@host"), "http://user@host");
    }
}
