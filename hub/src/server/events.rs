//! Server-sent events: a live subscription as the answer to a request, for `EventSource` and `curl`.
//!
//! The answer is written as fast as the client reads it. A client that does not read is one that is behind: what it
//! misses is counted where it is read from, and nothing waits for it here.

use std::fmt::Write as _;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::Stream;
use futures_util::stream;

use super::request::into_http;
use crate::live::{Item, Place, Reader};
use crate::wire;

const MEDIA_TYPE: &str = "text/event-stream";

/// How long nothing is said at most, so that everybody on the way knows that the connection is alive.
const SILENCE: Duration = Duration::from_secs(15);

/// What is written at once, if there is so much.
const CHUNK_BYTES: usize = 16 * 1024;

/// The answer that shows what a reader is given.
pub(super) fn answer(reader: Reader) -> HttpResponse {
    begin().streaming(chunks(reader))
}

/// The answer to who cannot read now. `EventSource` asks again after a stream that has ended, and never after an error.
pub(super) fn refuse(headers: &HeaderMap, refusal: wire::Response) -> HttpResponse {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE && accepts.contains(MEDIA_TYPE) {
        return begin().body(":\n\n");
    }
    into_http(refusal)
}

fn begin() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, format!("{MEDIA_TYPE}; charset=utf-8")))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Proxies that gather answers would hold events back.
        .insert_header(("x-accel-buffering", "no"));
    answer
}

fn chunks(reader: Reader) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        let mut text = String::new();
        let mut goes_on = true;
        match tokio::time::timeout(SILENCE, reader.next()).await {
            Ok(item) => goes_on = write(&item, &mut text),
            Err(_) => write_place(reader.place(), &mut text),
        }
        while goes_on
            && text.len() < CHUNK_BYTES
            && let Some(item) = reader.ready()
        {
            goes_on = write(&item, &mut text);
        }
        // An empty chunk would end the answer for some clients before its time.
        (goes_on || !text.is_empty()).then(|| (Ok(text.into()), goes_on.then_some(reader)))
    })
}

/// Writes one item; says whether there will be more.
fn write(item: &Item, out: &mut String) -> bool {
    // Writing to a text cannot fail.
    let mut event = |name: &str, id: Place, members: &str, more: &str| {
        let _ = write!(out, "id: {id}\nevent: {name}\ndata: {{{members}{more}}}\n\n");
    };
    match item {
        Item::Event { event: one, replay } => {
            event("message", one.place(), one.json(), if *replay { ",\"replay\":true" } else { "" });
        }
        Item::Gap(gap) => {
            // Without a place: events may come behind it that are older than what it counts.
            let _ = write!(out, "event: gap\ndata: {{{}}}\n\n", gap.json());
        }
        Item::Live(beginning) => event("live", beginning.place.clone(), &beginning.json(), ""),
        Item::Closed(close) => {
            // Without a place: who comes back goes on where he was.
            let _ = write!(out, "event: closed\ndata: {{\"code\":{}}}\n\n", close.code());
            return false;
        }
    }
    true
}

/// A sign of life, with where the reader stands: one whose filter lets little through can go on from there.
fn write_place(place: Option<Place>, out: &mut String) {
    out.push_str(":\n");
    if let Some(place) = place {
        let _ = writeln!(out, "id: {place}");
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Beginning, Gap, Why};

    #[test]
    fn a_gap_is_no_place_to_come_back_to() {
        let epoch: std::sync::Arc<str> = "e1-1".into();
        let (topic, why) = ("orders".into(), Why::Overflow);
        let gap = Gap { dropped: 2, from: 7, to: 8, why, topic, epoch: std::sync::Arc::clone(&epoch) };
        let mut out = String::new();
        assert!(write(&Item::Gap(gap), &mut out));
        let data = r#"{"dropped":2,"from":7,"to":8,"why":"overflow","topic":"orders","epoch":"e1-1"}"#;
        assert_eq!(out, format!("event: gap\ndata: {data}\n\n"));
        out.clear();
        let beginning = Beginning { recovered: true, place: Place { offset: 6, epoch } };
        assert!(write(&Item::Live(beginning), &mut out));
        assert!(out.starts_with("id: e1-1:6\nevent: live\n"));
    }
}
