use super::*;
use crate::base_url::base_url;
use crate::config::PublicUrl;
use actix_web::http::header::{HeaderName, HeaderValue};

fn settings(flags: &[(&str, &str)]) -> Settings {
    crate::config::from_flags(flags).unwrap()
}

fn ask(
    settings: &Settings,
    method: &Method,
    query: &str,
    headers: &[(&str, &str)],
) -> Result<Admission, Refusal> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let base_url = base_url(settings, "127.0.0.1:4566".parse().unwrap(), &map);
    admit(settings, &base_url, method, query, &map)
}

fn check_host(settings: &Settings, host: &str, allowed: bool) {
    let admission = ask(settings, &Method::POST, "", &[("host", host)]);
    let expected = if allowed {
        Ok(Admission::Plain)
    } else {
        Err(Refusal::Host(host.to_owned()))
    };
    assert_eq!(admission, expected, "{host}");
}

#[test]
fn hosts_that_nobody_can_own_are_let_in() {
    let settings = Settings::default();
    for host in [
        "127.0.0.1:4566",
        "10.1.2.3",
        "203.0.113.9:80",
        "[::1]:4566",
        "[2001:db8::1]",
        "localhost:4566",
        "LOCALHOST",
        "localhost.",
        "fanq",
        "my_hub:4566",
        "sns.localhost:4566",
        "host.docker.internal:4566",
        "hub.internal",
        "laptop.local",
        "hub.test",
        "fanq.default.svc",
        "fanq.default.svc.cluster.local:4566",
        "localhost.localstack.cloud:4566",
        "sqs.us-east-1.localhost.localstack.cloud:4566",
        "sqs.us-east-1.amazonaws.com",
        "queue.amazonaws.com",
    ] {
        check_host(&settings, host, true);
    }
}

#[test]
fn hosts_that_an_attacker_could_own_are_refused() {
    let settings = Settings::default();
    for host in [
        "evil.example",
        "evil.com:4566",
        "localhost.evil.com",
        "127.0.0.1.evil.com",
        "evillocalhost.com",
        "amazonaws.com.evil.com",
        "evilamazonaws.com",
        "localstack.cloud",
        "evil.localstack.cloud",
        "127.1",
        "",
        "a b",
        "evil.com@localhost",
        "localhost:4566:80",
    ] {
        check_host(&settings, host, false);
    }
}

#[test]
fn own_names_are_let_in_by_flag() {
    let by_list = settings(&[("allowed-hosts", "hub.example.com,*.example.org")]);
    let by_url = Settings {
        public_url: PublicUrl::parse("https://hub.example.com").ok(),
        ..Settings::default()
    };
    for (settings, host, allowed) in [
        (&by_list, "hub.example.com:4566", true),
        (&by_list, "a.hub.example.com", false),
        (&by_list, "a.b.example.org", true),
        (&by_list, "example.org", false),
        (&by_list, "localhost", true),
        (&by_url, "hub.example.com", true),
        (&by_url, "www.example.com", false),
    ] {
        check_host(settings, host, allowed);
    }
}

#[test]
fn a_request_without_a_host_header_passes() {
    assert_eq!(
        ask(&Settings::default(), &Method::GET, "", &[]),
        Ok(Admission::Plain)
    );
}

fn check_origin(settings: &Settings, host: &str, origin: &str, expected: &str) {
    let admission = ask(settings, &Method::POST, "", &[("host", host), ("origin", origin)]);
    let seen = match &admission {
        Ok(Admission::Plain) => "own",
        Ok(Admission::Cors { origin: echoed }) => {
            assert_eq!(echoed, origin);
            "cors"
        }
        Err(Refusal::Origin(_)) => "refused",
        Err(Refusal::Host(_) | Refusal::Page) => "refused for another reason",
    };
    assert_eq!(seen, expected, "{origin} at {host}");
}

#[test]
fn only_pages_of_the_hub_and_listed_origins_are_let_in() {
    let plain = Settings::default();
    let listed = settings(&[("cors-origins", "http://localhost:3000,https://app.example.com")]);
    let all = settings(&[("cors-origins", "*")]);
    let public = settings(&[("public-url", "https://hub.example.com")]);
    for (settings, host, origin, expected) in [
        (&plain, "localhost:4566", "http://localhost:4566", "own"),
        (&plain, "localhost:4566", "https://localhost:4566", "own"),
        (&plain, "localhost:4566", "http://localhost:3000", "refused"),
        (&plain, "localhost:4566", "http://127.0.0.1:4566", "refused"),
        (&plain, "localhost:4566", "http://evil.com", "refused"),
        (&plain, "localhost:4566", "null", "refused"),
        (&plain, "localhost:4566", "", "refused"),
        (&plain, "localhost:4566", "file://localhost:4566", "refused"),
        (&listed, "localhost:4566", "http://localhost:3000", "cors"),
        (&listed, "localhost:4566", "https://app.example.com", "cors"),
        (&listed, "localhost:4566", "http://app.example.com", "refused"),
        (
            &listed,
            "localhost:4566",
            "https://app.example.com.evil.com",
            "refused",
        ),
        (&all, "localhost:4566", "https://anything.example", "cors"),
        (&all, "localhost:4566", "null", "cors"),
        (&all, "evil.com", "http://evil.com", "refused for another reason"),
        (&public, "fanq:4566", "https://hub.example.com", "own"),
    ] {
        check_origin(settings, host, origin, expected);
    }
}

#[test]
fn requests_that_browsers_mark_as_another_sites_are_refused_but_for_links() {
    let settings = Settings::default();
    let delete = "Action=DeleteQueue&QueueUrl=x";
    for (site, mode, method, query, allowed) in [
        ("cross-site", "no-cors", Method::GET, delete, false),
        ("same-site", "no-cors", Method::GET, delete, false),
        ("cross-site", "navigate", Method::GET, delete, false),
        (
            "cross-site",
            "navigate",
            Method::GET,
            "Action=ConfirmSubscription&Token=x",
            true,
        ),
        (
            "cross-site",
            "navigate",
            Method::GET,
            "Action=Unsubscribe&Action=DeleteTopic",
            false,
        ),
        (
            "cross-site",
            "navigate",
            Method::GET,
            "%41ction=DeleteQueue",
            false,
        ),
        ("cross-site", "navigate", Method::GET, "", true),
        ("cross-site", "navigate", Method::POST, "", false),
        ("same-origin", "cors", Method::POST, delete, true),
        ("none", "navigate", Method::GET, delete, true),
    ] {
        let headers = [
            ("host", "localhost"),
            ("sec-fetch-site", site),
            ("sec-fetch-mode", mode),
        ];
        let admission = ask(&settings, &method, query, &headers);
        let expected = if allowed {
            Ok(Admission::Plain)
        } else {
            Err(Refusal::Page)
        };
        assert_eq!(admission, expected, "{site} {mode} {method} {query}");
    }
}

#[test]
fn a_refusal_names_the_flag() {
    for (refusal, flag) in [
        (Refusal::Host("evil.com".to_owned()), "--allowed-hosts"),
        (Refusal::Origin("http://evil.com".to_owned()), "--cors-origins"),
        (Refusal::Page, "--cors-origins"),
    ] {
        assert!(refusal.to_string().contains(flag), "{refusal}");
    }
}
