//! `/metrics`: what can be measured, for Prometheus. Unlike `/health` it is for those alone who may call the hub: the
//! names of queues are no business of web pages.

use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};

use super::backend::Backend;

/// The text format that every version of Prometheus reads.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn answer<B: Backend>(backend: &B, method: &Method) -> HttpResponse {
    if method != Method::GET {
        return HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET")).finish();
    }
    match backend.metrics().await {
        Ok(text) => HttpResponse::Ok().insert_header((CONTENT_TYPE, FORMAT)).body(text),
        Err(error) => HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).body(error),
    }
}
