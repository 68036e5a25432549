//! `/_fanq/clock`: reads and turns the hub's clock, for tests of what happens after minutes or days.
//!
//! `GET` answers `{"now_ms", "frozen", "offset_ms"}`. `POST` takes an object with any of `"freeze": true`
//! (or `false`, which resumes), `"advance_ms": n` and `"resume": true`, does them in this order, and answers the clock as
//! it is then; what the advance made due has happened by that time.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use actix_web::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::backend::Backend;
use crate::storage::clock::{ClockChange, ClockState};
use crate::wire;

/// No test needs more than a century at once; more would leave the range of timestamps.
const ADVANCE_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// What is asked for.
const FORM: &str = r#"an object with any of "freeze", "advance_ms" (a whole number) and "resume""#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    freeze: Option<bool>,
    advance_ms: Option<u64>,
    #[serde(default)]
    resume: bool,
}

impl Turn {
    fn changes(&self) -> Result<Vec<ClockChange>, String> {
        let advance = self.advance_ms.map(Duration::from_millis);
        if advance.is_some_and(|by| by > ADVANCE_MAX) {
            return Err(format!("advance_ms can be {} at most", ADVANCE_MAX.as_millis()));
        }
        let freeze = self.freeze.map(|freeze| if freeze { ClockChange::Freeze } else { ClockChange::Resume });
        let resume = self.resume.then_some(ClockChange::Resume);
        Ok(freeze.into_iter().chain(advance.map(ClockChange::AdvanceBy)).chain(resume).collect())
    }
}

/// Answers a request to the clock whose body has been read.
pub(super) async fn answer<B: Backend>(
    backend: &B,
    method: &Method,
    query: &str,
    body: &[u8],
) -> HttpResponse {
    if !query.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "the clock has no parameters");
    }
    match *method {
        Method::GET => show(backend.clock()),
        Method::POST => {
            let turn = wire::document::<Turn>(body, FORM);
            let changes = match turn.and_then(|turn| turn.changes()) {
                Ok(changes) => changes,
                Err(error) => return refuse(StatusCode::BAD_REQUEST, &error),
            };
            show(backend.turn_clock(changes).await)
        }
        _ => {
            let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "the clock takes GET and POST");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            response
        }
    }
}

fn show(state: Result<ClockState, String>) -> HttpResponse {
    match state {
        Ok(ClockState { now_ms, frozen, offset_ms }) => {
            let state = json!({ "now_ms": now_ms, "frozen": frozen, "offset_ms": offset_ms });
            HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(state)
        }
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}

fn refuse(status: StatusCode, error: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "error": error }))
}
