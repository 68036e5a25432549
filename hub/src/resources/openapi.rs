//! `GET /openapi.json`: what the hub offers beside AWS's protocols, as [OpenAPI](https://spec.openapis.org/oas/v3.1.1)
//! describes it.
//!
//! The description is written by hand; a test asks the hub everything that it says.

use super::{Answer, Ask, Refusal};
use crate::wire::Fault;
use actix_web::http::{Method, StatusCode};
use serde_json::Value;

pub(super) const PATH: &str = "/openapi.json";

const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) fn answer(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if *ask.method != Method::GET {
        return Err(Refusal::only("GET"));
    }
    ask.takes(&[])?;
    let mut description: Value = serde_json::from_str(DESCRIPTION).map_err(|error| {
        tracing::error!(%error, "the description of the hub's own resources cannot be read");
        Fault::internal()
    })?;
    if let Some(info) = description.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    }
    Answer::json(StatusCode::OK, &description)
}
