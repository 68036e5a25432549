//! Who may call: the rules that keep web pages away from a hub on somebody's own machine.
//!
//! A browser sends a form to any address, and the Query protocol is a form; so without a rule every page that a
//! developer visits could delete queues. A request that says it comes from a web page is therefore refused unless
//! the page is the hub's own or named in `--cors-origins`. A page can also point a name of its own at 127.0.0.1
//! and so become "the hub's own" in the eyes of the browser; so only hosts that an attacker cannot own are
//! accepted, which are all that container networks use, and others by `--allowed-hosts`.

use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN, REFERER, USER_AGENT};

use crate::authority::{Authority, Host};
use crate::config::{CorsOrigin, Settings, is_under};

/// Names below these are not for sale, or belong to a cloud or a tool that resolves them for its own users.
const SAFE_SUFFIXES: [&str; 8] = [
    "localhost",
    "internal",
    "local",
    "test",
    "svc",
    "cluster.local",
    "localhost.localstack.cloud",
    "amazonaws.com",
];

/// A name with a dot that is safe itself, not only what is below it.
const SAFE_NAME: &str = "localhost.localstack.cloud";

/// What a request that may come in is answered with, besides its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// No web page is involved, or it is the hub's own.
    Plain,
    /// A page of another origin that is allowed; its browser needs CORS headers.
    Cors { origin: String },
}

/// Why a request may not come in; the text names the flag that would let it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "The host name {0:?} is not one that this hub answers to. If it is yours, start the hub with \
         --allowed-hosts (or set --public-url)."
    )]
    Host(String),
    #[error(
        "Requests from web pages of the origin {0:?} are not allowed. If that page is yours, start the hub with \
         --cors-origins."
    )]
    Origin(String),
    #[error(
        "Requests that web pages of other origins make are not allowed. If that page is yours, start the hub with \
         --cors-origins."
    )]
    Page,
}

/// Decides whether a request may come in, by its head alone. `base_url` is the URL that it reached the hub by.
pub(crate) fn admit(
    settings: &Settings,
    base_url: &str,
    method: &Method,
    query: &str,
    headers: &HeaderMap,
) -> Result<Admission, Refusal> {
    let host = headers.get(HOST).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let authority = match &host {
        Some(host) => Some(
            Authority::parse(host)
                .filter(|authority| is_known_host(settings, &authority.host))
                .ok_or_else(|| Refusal::Host(host.to_string()))?,
        ),
        None => None,
    };
    let Some(origin) = headers.get(ORIGIN) else {
        let is_known = |origin: &str| {
            is_own_origin(origin, authority.as_ref(), base_url) || is_allowed_origin(settings, origin)
        };
        let is_foreign =
            !is_harmless_link(method, query, headers) && is_foreign_page(method, query, headers, is_known);
        return if is_foreign && !settings.cors_origins.contains(&CorsOrigin::Any) {
            Err(Refusal::Page)
        } else {
            Ok(Admission::Plain)
        };
    };
    let origin = String::from_utf8_lossy(origin.as_bytes());
    if is_own_origin(&origin, authority.as_ref(), base_url) {
        return Ok(Admission::Plain);
    }
    if is_allowed_origin(settings, &origin) {
        Ok(Admission::Cors { origin: origin.into_owned() })
    } else {
        Err(Refusal::Origin(origin.into_owned()))
    }
}

fn is_known_host(settings: &Settings, host: &Host) -> bool {
    let by_itself = match host {
        Host::V4(_) | Host::V6(_) => true,
        Host::Name(name) => {
            !name.contains('.')
                || name == SAFE_NAME
                || SAFE_SUFFIXES.into_iter().any(|suffix| is_under(name, suffix))
        }
    };
    by_itself
        || settings.public_url.as_ref().is_some_and(|url| url.host() == host)
        || settings.allowed_hosts.iter().any(|pattern| pattern.matches(host))
}

/// The hub's own pages have the origin under which they were called; a proxy in front may have added TLS.
fn is_own_origin(origin: &str, authority: Option<&Authority>, base_url: &str) -> bool {
    if origin.eq_ignore_ascii_case(base_url) {
        return true;
    }
    let sent = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    match (sent.and_then(|(_, rest)| Authority::parse(rest)), authority) {
        (Some(origin), Some(authority)) => origin == *authority,
        (Some(_) | None, _) => false,
    }
}

fn is_allowed_origin(settings: &Settings, origin: &str) -> bool {
    settings.cors_origins.iter().any(|allowed| match allowed {
        CorsOrigin::Any => true,
        CorsOrigin::One(allowed) => origin.eq_ignore_ascii_case(allowed),
    })
}

/// An image or a link of a page is fetched with GET and without `Origin`, and a GET can be an action too. Towards
/// loopback and TLS browsers mark such requests, and no other client does. Towards an address such as 192.168.1.10
/// they say at most which page they come from, and pages can keep that back; so an action that only a browser asks
/// for, without a signature, counts as a page's as well.
fn is_foreign_page(
    method: &Method,
    query: &str,
    headers: &HeaderMap,
    is_known: impl Fn(&str) -> bool,
) -> bool {
    if is(headers, "sec-fetch-site", &["cross-site", "same-site"]) {
        return true;
    }
    let referer = headers.get(REFERER).map(|value| String::from_utf8_lossy(value.as_bytes()));
    if let Some(referer) = referer.filter(|referer| !referer.is_empty()) {
        return !is_known(origin_of(&referer));
    }
    let is_browser = starts(headers, USER_AGENT, "Mozilla/");
    // A signature in the URL proves nothing: the page wrote the URL.
    let is_signed = starts(headers, AUTHORIZATION, "AWS4-HMAC-SHA256");
    let is_marked = is(headers, "sec-fetch-site", &["same-origin", "none"]);
    *method == Method::GET && actions(query).next().is_some() && is_browser && !is_signed && !is_marked
}

/// Links that people follow on purpose, from a mail that asks them to confirm or end a subscription for instance.
fn is_harmless_link(method: &Method, query: &str, headers: &HeaderMap) -> bool {
    let is_followed = !headers.contains_key("sec-fetch-mode") || is(headers, "sec-fetch-mode", &["navigate"]);
    let is_harmless = |action: String| matches!(action.as_str(), "ConfirmSubscription" | "Unsubscribe");
    *method == Method::GET && is_followed && actions(query).all(is_harmless)
}

/// The values of all parameters `Action`.
fn actions(query: &str) -> impl Iterator<Item = String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "Action")
        .map(|(_, action)| action.into_owned())
}

/// Scheme and authority of a URL, as an `Origin` has them.
fn origin_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + "://".len());
    let length = url
        .get(authority..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |length| authority + length);
    url.get(..length).unwrap_or(url)
}

fn is(headers: &HeaderMap, name: &str, expected: &[&str]) -> bool {
    headers.get(name).is_some_and(|value| expected.iter().any(|text| value.as_bytes() == text.as_bytes()))
}

fn starts(headers: &HeaderMap, name: HeaderName, start: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes().starts_with(start.as_bytes()))
}

#[cfg(test)]
#[path = "exposure/tests.rs"]
mod tests;
