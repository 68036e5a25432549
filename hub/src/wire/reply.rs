//! The envelope of an answer, in each of the three formats.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::names::Names;
use super::request_id::RequestId;
use super::{Fault, Head, Protocol, Response, Service, xml};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// AWS JSON 1.0.
    Json,
    /// What Query is answered with.
    Xml,
    /// The same tree as JSON, for callers that ask for it.
    QueryJson,
}

impl Format {
    /// The format that a request expects. Only the first type that it accepts counts: HTTP libraries like to
    /// add JSON to a long list by themselves.
    pub(super) fn of(head: &Head<'_>, protocol: Protocol<'_>) -> Self {
        let accepts_json = || {
            let first = head.header(&ACCEPT).and_then(|types| types.split([',', ';']).next());
            first.is_some_and(|first| first.trim().eq_ignore_ascii_case("application/json"))
        };
        match protocol {
            Protocol::Json(_) => Self::Json,
            Protocol::Query if accepts_json() => Self::QueryJson,
            Protocol::Query => Self::Xml,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.0",
            Self::Xml => "text/xml",
            Self::QueryJson => "application/json",
        }
    }
}

/// The body of a success.
pub(super) fn body<T: Serialize>(
    format: Format,
    names: Names<'_>,
    id: &RequestId,
    output: &T,
) -> Result<Vec<u8>, Fault> {
    let body = match format {
        Format::Json => serde_json::to_vec(output).map(none_if_null).map_err(|error| error.to_string()),
        Format::Xml => success_xml(names, id, output).map_err(|error| error.to_string()),
        Format::QueryJson => success_json(names, id, output).map_err(|error| error.to_string()),
    };
    body.map_err(|error| {
        tracing::error!(action = names.action, error, "an output has a shape that cannot be written");
        Fault::internal()
    })
}

pub(super) fn success(format: Format, id: &RequestId, body: Vec<u8>) -> Response {
    response(StatusCode::OK, format, id, body)
}

/// The answer to a fault.
pub(super) fn fault(format: Format, service: Service, id: &RequestId, fault: &Fault) -> Response {
    let body = match format {
        Format::Json => fault_json(fault),
        Format::Xml => fault_xml(service, id, fault),
        Format::QueryJson => fault_query_json(service, id, fault),
    };
    let mut response = response(fault.code().status(), format, id, body);
    if format == Format::Json {
        let legacy = format!("{};{}", fault.code().query_code(service), side(fault));
        if let Ok(legacy) = HeaderValue::try_from(legacy) {
            response.headers.push((HeaderName::from_static("x-amzn-query-error"), legacy));
        }
    }
    response
}

/// The answer to a Query request without an action, which has a format of its own.
pub(super) fn no_action() -> Response {
    let body = b"<UnknownOperationException/>".to_vec();
    response(StatusCode::NOT_FOUND, Format::Xml, &RequestId::new(), body)
}

fn response(status: StatusCode, format: Format, id: &RequestId, body: Vec<u8>) -> Response {
    let id = HeaderValue::from_str(id.as_str()).unwrap_or(HeaderValue::from_static(""));
    let headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
        (HeaderName::from_static("x-amzn-requestid"), id),
    ];
    Response { status, headers, body: Bytes::from(body) }
}

/// `null` is what serde makes of no output: then there is no body at all.
fn none_if_null(json: Vec<u8>) -> Vec<u8> {
    if json == b"null" { Vec::new() } else { json }
}

fn side(fault: &Fault) -> &'static str {
    if fault.sender() { "Sender" } else { "Receiver" }
}

fn declaration(service: Service) -> &'static str {
    match service {
        Service::Sqs => r#"<?xml version="1.0"?>"#,
        Service::Sns | Service::Sts => "",
    }
}

/// Appends a start tag with the namespace of the service.
fn open_answer(out: &mut Vec<u8>, service: Service, tag: &[&str]) {
    let parts = [declaration(service), "<"].into_iter().chain(tag.iter().copied());
    for part in parts.chain([r#" xmlns=""#, service.namespace(), r#"">"#]) {
        out.extend_from_slice(part.as_bytes());
    }
}

fn append_element(out: &mut Vec<u8>, tag: &str, text: &str) {
    let opened = xml::open(out, tag);
    xml::append_text(out, text);
    xml::close(out, tag, opened);
}

fn success_xml<T: Serialize>(
    names: Names<'_>,
    id: &RequestId,
    output: &T,
) -> Result<Vec<u8>, xml::Unsupported> {
    let Names { service, action } = names;
    let mut out = Vec::with_capacity(512);
    open_answer(&mut out, service, &[action, "Response"]);
    xml::append(&mut out, &[action, "Result"].concat(), names, output)?;
    let metadata = xml::open(&mut out, "ResponseMetadata");
    append_element(&mut out, "RequestId", id.as_str());
    xml::close(&mut out, "ResponseMetadata", metadata);
    for part in ["</", action, "Response>"] {
        out.extend_from_slice(part.as_bytes());
    }
    Ok(out)
}

fn success_json<T: Serialize>(names: Names<'_>, id: &RequestId, output: &T) -> serde_json::Result<Vec<u8>> {
    let action = names.action;
    let mut answer = Map::new();
    let result = in_query_json(names, serde_json::to_value(output)?);
    if !result.is_null() {
        answer.insert(format!("{action}Result"), result);
    }
    answer.insert("ResponseMetadata".to_owned(), json!({ "RequestId": id.as_str() }));
    serde_json::to_vec(&Map::from_iter([(format!("{action}Response"), Value::Object(answer))]))
}

/// A part of an output as Query shows it in JSON: SQS has lists of entries there where AWS JSON has maps.
fn in_query_json(names: Names<'_>, value: Value) -> Value {
    match value {
        Value::Array(elements) => elements.into_iter().map(|element| in_query_json(names, element)).collect(),
        Value::Object(members) => {
            let member = |(member, value): (String, Value)| {
                let name = names.member(&member).to_owned();
                match value {
                    Value::Object(map) if names.is_listed_map(&member) => {
                        (name, entries(names, &member, map))
                    }
                    value => (name, in_query_json(names, value)),
                }
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn entries(names: Names<'_>, member: &str, map: Map<String, Value>) -> Value {
    let (key_name, value_name) = names.entry(member);
    map.into_iter().map(|(key, value)| json!({ key_name: key, value_name: value })).collect()
}

fn fault_json(fault: &Fault) -> Vec<u8> {
    let (namespace, shape) = fault.code().json_type();
    let message = Value::from(fault.message());
    format!(r#"{{"__type":"{namespace}#{shape}","message":{message}}}"#).into_bytes()
}

fn fault_xml(service: Service, id: &RequestId, fault: &Fault) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    open_answer(&mut out, service, &["ErrorResponse"]);
    let error = xml::open(&mut out, "Error");
    append_element(&mut out, "Type", side(fault));
    append_element(&mut out, "Code", fault.code().query_code(service));
    append_element(&mut out, "Message", &fault.query_message());
    if service == Service::Sqs {
        append_element(&mut out, "Detail", "");
    }
    xml::close(&mut out, "Error", error);
    append_element(&mut out, "RequestId", id.as_str());
    out.extend_from_slice(b"</ErrorResponse>");
    out
}

fn fault_query_json(service: Service, id: &RequestId, fault: &Fault) -> Vec<u8> {
    json!({
        "Error": {
            "Code": fault.code().query_code(service),
            "Message": fault.query_message(),
            "Type": side(fault),
        },
        "RequestId": id.as_str(),
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests;
