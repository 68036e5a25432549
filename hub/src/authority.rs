//! A host and a port as URLs and `Host` headers write them: `hub:4566`, `[::1]:80`, `example.com`.
//!
//! What a client sends here ends up in URLs that the hub hands out and decides whether a request is let in, so
//! it is read once, strictly, and only the parsed form goes further.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// The host of a machine: an address, or a name in lower case without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Name(String),
}

impl Host {
    /// Reads a host without a port; an IPv6 address may stand in brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(bracketed) = text.strip_prefix('[') {
            return bracketed.strip_suffix(']')?.parse().ok().map(Self::V6);
        }
        match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => Some(Self::V4(address)),
            Ok(IpAddr::V6(address)) => Some(Self::V6(address)),
            Err(_) => Self::parse_name(text),
        }
    }

    fn parse_name(text: &str) -> Option<Self> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let valid = name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label);
        valid.then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

/// The underscore is no part of a DNS name, but container networks name services with it.
fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(out, "{address}"),
            Self::V6(address) => write!(out, "[{address}]"),
            Self::Name(name) => out.write_str(name),
        }
    }
}

/// A host with the port that was written behind it, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port` or `[address]:port`. User names, paths and port 0 are refused.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let after_host = match text.rfind(']') {
            Some(end) => end + 1,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (host, rest) = text.split_at_checked(after_host)?;
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            None => return None,
            Some("") => None,
            Some(digits) => Some(parse_port(digits)?),
        };
        Some(Self { host: Host::parse(host)?, port })
    }
}

/// Reads a port; a sign, which Rust's own parser takes, is refused.
pub(crate) fn parse_port(digits: &str) -> Option<u16> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port != 0)
}

impl fmt::Display for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(out, "{}:{port}", self.host),
            None => write!(out, "{}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let read = Authority::parse(text).map(|authority| authority.to_string());
        assert_eq!(read.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn an_authority_is_read_as_sent_and_written_in_one_form() {
        for (text, expected) in [
            ("localhost", "localhost"),
            ("localhost:4566", "localhost:4566"),
            ("LocalHost.:4566", "localhost:4566"),
            ("my_hub:80", "my_hub:80"),
            ("127.0.0.1:4566", "127.0.0.1:4566"),
            ("[::1]:4566", "[::1]:4566"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("hub:", "hub"),
            ("sqs.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"),
        ] {
            check(text, Some(expected));
        }
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        let long_label = "a".repeat(64);
        for text in [
            "",
            ":80",
            "::1",
            "[::1",
            "[::1]x",
            "[hub]",
            "hub:+80",
            "hub:0",
            "hub:65536",
            "hub:80:80",
            "a..b",
            ".",
            "..",
            "user@hub",
            "hub/path",
            "hub?x",
            "hub#x",
            "h ub",
            "hub\"",
            "hüb",
            "[fe80::1%eth0]",
            &long_label,
        ] {
            check(text, None);
        }
    }
}
