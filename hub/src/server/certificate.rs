//! The certificate by which receivers verify signatures. Like `/health` it is for everybody, by whatever name:
//! receivers fetch it without a word about themselves, and there is nothing secret in it.

use actix_web::HttpResponse;
use actix_web::http::header::ALLOW;
use actix_web::http::{Method, StatusCode};

use super::backend::Backend;

/// What stands before the name of every certificate.
const PREFIX: &str = "/SimpleNotificationService-";
const MEDIA_TYPE: &str = "application/x-pem-file";

/// Whether a path is that of a certificate, whether there is such a one or not.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with(PREFIX)
}

pub(super) fn answer<B: Backend>(backend: &B, method: &Method, path: &str) -> HttpResponse {
    if method != Method::GET {
        return HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET")).finish();
    }
    match backend.certificate(path) {
        Ok(Some(text)) => HttpResponse::Ok().content_type(MEDIA_TYPE).body(text),
        Ok(None) => HttpResponse::NotFound().body("There is no such certificate."),
        Err(error) => HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).body(error),
    }
}
