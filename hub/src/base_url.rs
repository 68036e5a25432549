//! The URL under which a caller reaches the hub: it begins every queue URL and every link that is handed out.
//!
//! Some SDKs use a queue URL as their endpoint, so it must be an address that works where the caller is. The best
//! witness is the request itself: inside a container network, on the host and behind a proxy the same hub has
//! different names. Only text that parses as an authority gets into a URL.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HOST, HeaderMap};

use crate::authority::{Authority, Host, parse_port};
use crate::config::Settings;

/// The base URL for one request, without a final slash.
///
/// `--public-url` if set; else what a trusted proxy says; else plain HTTP and the `Host` header; else, for the
/// rare client without one, the address that the hub listens on.
pub(crate) fn base_url(settings: &Settings, listen: SocketAddr, headers: &HeaderMap) -> String {
    if let Some(url) = &settings.public_url {
        return url.to_string();
    }
    let sent = text(headers, HOST.as_str()).and_then(Authority::parse);
    let forwarded = if settings.trust_proxy { Forwarded::read(headers) } else { Forwarded::default() };
    let scheme = forwarded.scheme.unwrap_or("http");
    let mut authority = forwarded.authority.or(sent).unwrap_or_else(|| local_authority(listen));
    if authority.port.is_none() {
        authority.port = forwarded.port.filter(|port| *port != default_port(scheme));
    }
    format!("{scheme}://{authority}")
}

/// How this machine reaches a listening address: the unspecified address is no destination, loopback is.
pub(crate) fn local_authority(listen: SocketAddr) -> Authority {
    let host = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Host::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => Host::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V4(address) => Host::V4(address),
        IpAddr::V6(address) => Host::V6(address),
    };
    Authority { host, port: Some(listen.port()) }
}

pub(crate) fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

/// What a proxy says about the request that it received.
#[derive(Default)]
struct Forwarded {
    scheme: Option<&'static str>,
    authority: Option<Authority>,
    port: Option<u16>,
}

impl Forwarded {
    /// `Forwarded` (RFC 7239) if there is one, else the `X-Forwarded-*` family. In both, the first element was
    /// added by the proxy nearest to the client.
    fn read(headers: &HeaderMap) -> Self {
        let Some(elements) = text(headers, "forwarded") else {
            return Self {
                scheme: first(headers, "x-forwarded-proto").and_then(known_scheme),
                authority: first(headers, "x-forwarded-host").and_then(Authority::parse),
                port: first(headers, "x-forwarded-port").and_then(parse_port),
            };
        };
        let mut forwarded = Self::default();
        for pair in elements.split(',').next().unwrap_or_default().split(';') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "proto" => forwarded.scheme = known_scheme(value),
                "host" => forwarded.authority = Authority::parse(value),
                _ => {}
            }
        }
        forwarded
    }
}

fn known_scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    text(headers, name).and_then(|list| list.split(',').next()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    const LISTEN: &str = "127.0.0.1:4566";

    fn check(settings: &Settings, headers: &[(&str, &str)], expected: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(base_url(settings, LISTEN.parse().unwrap(), &map), expected, "{headers:?}");
    }

    #[test]
    fn the_base_url_is_how_the_client_reached_the_hub() {
        let settings = Settings::default();
        for (headers, expected) in [
            (&[("host", "hub:4566")][..], "http://hub:4566"),
            (&[("host", "hub")], "http://hub"),
            (&[("host", "[::1]:4567")], "http://[::1]:4567"),
            (&[], "http://127.0.0.1:4566"),
            (&[("host", "")], "http://127.0.0.1:4566"),
            (&[("host", "hub/x\"><script>")], "http://127.0.0.1:4566"),
            (&[("host", "user:password@hub")], "http://127.0.0.1:4566"),
        ] {
            check(&settings, headers, expected);
        }
    }

    #[test]
    fn forwarding_headers_count_only_from_a_trusted_proxy() {
        let host = ("host", "hub:4566");
        let forwarded =
            ("forwarded", "for=1.2.3.4;proto=https;host=\"hub.example.com:8443\", for=5.6.7.8;host=x");
        let proto = ("x-forwarded-proto", "https, http");
        let name = ("x-forwarded-host", "hub.example.com, proxy");
        let trusting = Settings { trust_proxy: true, ..Settings::default() };
        for headers in [&[host, forwarded][..], &[host, proto, name]] {
            check(&Settings::default(), headers, "http://hub:4566");
        }
        for (headers, expected) in [
            (&[host][..], "http://hub:4566"),
            (&[host, forwarded], "https://hub.example.com:8443"),
            (&[host, forwarded, name], "https://hub.example.com:8443"),
            (&[host, ("forwarded", "Proto=HTTPS")], "https://hub:4566"),
            (&[host, ("forwarded", "host=<bad>;proto=ftp")], "http://hub:4566"),
            (&[host, proto], "https://hub:4566"),
            (&[host, proto, name], "https://hub.example.com"),
            (&[host, proto, name, ("x-forwarded-port", "443")], "https://hub.example.com"),
            (&[host, proto, name, ("x-forwarded-port", "8443")], "https://hub.example.com:8443"),
            (&[("host", "hub"), ("x-forwarded-port", "8080")], "http://hub:8080"),
            (&[host, ("x-forwarded-port", "8080")], "http://hub:4566"),
            (&[host, ("x-forwarded-host", "a b")], "http://hub:4566"),
        ] {
            check(&trusting, headers, expected);
        }
    }

    #[test]
    fn a_public_url_is_used_whatever_the_request_says() {
        let settings = Settings {
            public_url: crate::config::PublicUrl::parse("https://hub.example.com/").ok(),
            trust_proxy: true,
            ..Settings::default()
        };
        for headers in [&[][..], &[("host", "hub")], &[("x-forwarded-host", "other")]] {
            check(&settings, headers, "https://hub.example.com");
        }
    }

    #[test]
    fn an_unspecified_address_is_reached_over_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:4566", "127.0.0.1:4566"),
            ("[::]:4566", "127.0.0.1:4566"),
            ("[::1]:4566", "[::1]:4566"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(local_authority(listen.parse().unwrap()).to_string(), expected);
        }
    }
}
