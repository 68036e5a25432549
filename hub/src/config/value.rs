//! The types of settings: each is read from text once, and afterwards right.

use std::fmt;

mod mail;
mod push;
mod storage;

pub(crate) use mail::SmtpUrl;
pub(crate) use storage::ByteSize;

use crate::auth::REGION_BYTES_MAX;
use crate::authority::{Authority, Host};
use crate::base_url::default_port;

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// On or off; the bare flag means on.
    Switch,
    /// One value, shown as this placeholder.
    One(&'static str),
    /// Values separated by commas; in a file also an array.
    List(&'static str),
}

/// A type that a setting can have. The error of `parse` completes the sentence "`text` is not …".
pub(super) trait Value: Sized {
    const SHAPE: Shape;
    fn parse(text: &str) -> Result<Self, String>;
    fn show(&self) -> String;
}

impl Value for bool {
    const SHAPE: Shape = Shape::Switch;

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("true or false".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for u16 {
    const SHAPE: Shape = Shape::One("PORT");

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a port number from 0 to 65535".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// How many of something there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u32);

impl Value for Count {
    const SHAPE: Shape = Shape::One("COUNT");

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("a number from 0 to {}", u32::MAX))
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Host {
    const SHAPE: Shape = Shape::One("ADDRESS");

    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "an IP address or a host name".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// The name of a region: lower-case words and digits with hyphens between them, as in `eu-central-1`. Names that
/// AWS does not have are fine, since nothing here is looked up by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Region(String);

impl Region {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Value for Region {
    const SHAPE: Shape = Shape::One("REGION");

    fn parse(text: &str) -> Result<Self, String> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let valid = text.len() <= REGION_BYTES_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.split('-').all(is_word);
        if valid { Ok(Self(text.to_owned())) } else { Err("a region such as us-east-1".to_owned()) }
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// The address of the hub as its users know it: scheme and authority, nothing behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    scheme: &'static str,
    authority: Authority,
}

impl PublicUrl {
    /// Reads `http://host[:port]` or the same with `https`; one final slash is dropped.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let split = |scheme: &'static str| Some((scheme, text.strip_prefix(scheme)?.strip_prefix("://")?));
        let Some((scheme, rest)) = split("http").or_else(|| split("https")) else {
            return Err("a URL that begins with http:// or https://".to_owned());
        };
        match Authority::parse(rest.strip_suffix('/').unwrap_or(rest)) {
            Some(authority) => Ok(Self { scheme, authority }),
            None => Err("a URL of only a host and a port, without path or user".to_owned()),
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.authority.host
    }

    pub(crate) fn scheme(&self) -> &'static str {
        self.scheme
    }

    pub(crate) fn port(&self) -> u16 {
        self.authority.port.unwrap_or(default_port(self.scheme))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.authority)
    }
}

impl Value for Option<PublicUrl> {
    const SHAPE: Shape = Shape::One("URL");

    fn parse(text: &str) -> Result<Self, String> {
        PublicUrl::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// Web pages that may call the hub: an origin as browsers write it, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CorsOrigin {
    Any,
    One(String),
}

impl CorsOrigin {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let wrong = || "an origin such as https://example.com, or *".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let scheme = scheme.to_ascii_lowercase();
        let known = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let mut authority = Authority::parse(rest.strip_suffix('/').unwrap_or(rest)).ok_or_else(wrong)?;
        // Browsers leave the port out where it goes without saying.
        if matches!(scheme.as_str(), "http" | "https") && authority.port == Some(default_port(&scheme)) {
            authority.port = None;
        }
        if known { Ok(Self::One(format!("{scheme}://{authority}"))) } else { Err(wrong()) }
    }
}

impl Value for Vec<CorsOrigin> {
    const SHAPE: Shape = Shape::List("ORIGINS");

    fn parse(text: &str) -> Result<Self, String> {
        parse_list(text, CorsOrigin::parse)
    }

    fn show(&self) -> String {
        let texts = self.iter().map(|origin| match origin {
            CorsOrigin::Any => "*",
            CorsOrigin::One(origin) => origin,
        });
        texts.collect::<Vec<_>>().join(",")
    }
}

/// Host names under which the hub may be called: one host, or `*.example.com` for all names below another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPattern {
    Exact(Host),
    Under(String),
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a host name without a port, or a pattern such as *.example.com".to_owned();
        match text.strip_prefix("*.") {
            None => Host::parse(text).map(Self::Exact).ok_or_else(wrong),
            Some(parent) => match Host::parse(parent) {
                Some(Host::Name(name)) => Ok(Self::Under(name)),
                Some(Host::V4(_) | Host::V6(_)) | None => Err(wrong()),
            },
        }
    }

    pub(crate) fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exact(exact), host) => exact == host,
            (Self::Under(parent), Host::Name(name)) => is_under(name, parent),
            (Self::Under(_), Host::V4(_) | Host::V6(_)) => false,
        }
    }
}

/// Whether a name is below another, at whatever depth; no name is below itself.
pub(crate) fn is_under(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.is_empty())
}

impl Value for Vec<HostPattern> {
    const SHAPE: Shape = Shape::List("HOSTS");

    fn parse(text: &str) -> Result<Self, String> {
        parse_list(text, HostPattern::parse)
    }

    fn show(&self) -> String {
        let texts = self.iter().map(|pattern| match pattern {
            HostPattern::Exact(host) => host.to_string(),
            HostPattern::Under(parent) => format!("*.{parent}"),
        });
        texts.collect::<Vec<_>>().join(",")
    }
}

fn parse_list<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| parse(item).map_err(|expected| format!("a list whose every item is {expected}")))
        .collect()
}

#[cfg(test)]
mod tests;
