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
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let base_url = base_url(settings, "127.0.0.1:4566".parse().unwrap(), &map);
    admit(settings, &base_url, method, query, &map)
}

fn check_host(settings: &Settings, host: &str, allowed: bool) {
    let admission = ask(settings, &Method::POST, "", &[("host", host)]);
    let expected = if allowed { Ok(Admission::Plain) } else { Err(Refusal::Host(host.to_owned())) };
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
    let by_url =
        Settings { public_url: PublicUrl::parse("https://hub.example.com").ok(), ..Settings::default() };
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
    assert_eq!(ask(&Settings::default(), &Method::GET, "", &[]), Ok(Admission::Plain));
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
        (&listed, "localhost:4566", "https://app.example.com.evil.com", "refused"),
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
        ("cross-site", "navigate", Method::GET, "Action=ConfirmSubscription&Token=x", true),
        ("cross-site", "navigate", Method::GET, "Action=Unsubscribe&Action=DeleteTopic", false),
        ("cross-site", "navigate", Method::GET, "%41ction=DeleteQueue", false),
        ("cross-site", "navigate", Method::GET, "", true),
        ("cross-site", "navigate", Method::POST, "", false),
        ("same-origin", "cors", Method::POST, delete, true),
        ("none", "navigate", Method::GET, delete, true),
    ] {
        let headers = [("host", "localhost"), ("sec-fetch-site", site), ("sec-fetch-mode", mode)];
        let admission = ask(&settings, &method, query, &headers);
        let expected = if allowed { Ok(Admission::Plain) } else { Err(Refusal::Page) };
        assert_eq!(admission, expected, "{site} {mode} {method} {query}");
    }
}

/// A request without `Origin`: `headers` besides the host.
fn check_page(settings: &Settings, method: &Method, query: &str, headers: &[(&str, &str)], allowed: bool) {
    let mut all = vec![("host", "192.168.1.10:4566")];
    all.extend(headers);
    let expected = if allowed { Ok(Admission::Plain) } else { Err(Refusal::Page) };
    assert_eq!(ask(settings, method, query, &all), expected, "{method} {query} {headers:?}");
}

const DELETE: &str = "Action=DeleteQueue&QueueUrl=x";
const UNSUBSCRIBE: &str = "Action=Unsubscribe&SubscriptionArn=x";

#[test]
fn a_request_that_names_another_page_as_its_source_is_refused() {
    let plain = Settings::default();
    let listed = settings(&[("cors-origins", "http://localhost:3000")]);
    let all = settings(&[("cors-origins", "*")]);
    for (settings, query, referer, allowed) in [
        (&plain, DELETE, "http://evil.com/page", false),
        (&plain, DELETE, "http://evil.com", false),
        (&plain, DELETE, "http://192.168.1.10:4566.evil.com/", false),
        (&plain, DELETE, "http://evil.com/http://192.168.1.10:4566/", false),
        (&plain, DELETE, "http://192.168.1.10:3000/", false),
        (&plain, DELETE, "about:blank", false),
        (&plain, "", "http://evil.com/", true),
        (&plain, UNSUBSCRIBE, "https://mail.example.com/", true),
        (&plain, DELETE, "http://192.168.1.10:4566/console?x#y", true),
        (&plain, DELETE, "http://192.168.1.10:4566", true),
        (&plain, DELETE, "", true),
        (&listed, DELETE, "http://localhost:3000/a/b", true),
        (&listed, DELETE, "http://localhost:3001/", false),
        (&all, DELETE, "http://evil.com/", true),
    ] {
        check_page(settings, &Method::GET, query, &[("referer", referer)], allowed);
        if !query.is_empty() && query != UNSUBSCRIBE {
            check_page(settings, &Method::POST, query, &[("referer", referer)], allowed);
        }
    }
}

#[test]
fn an_action_that_a_browser_asks_for_without_saying_why_is_refused() {
    let settings = Settings::default();
    let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
    let signed = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sqs/aws4_request";
    let presigned = "Action=DeleteQueue&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fsqs%2Faws4_request";
    for (query, headers, allowed) in [
        (DELETE, vec![browser], false),
        (presigned, vec![browser], false),
        (DELETE, vec![browser, ("authorization", "Basic dGVzdDp0ZXN0")], false),
        (DELETE, vec![browser, ("authorization", signed)], true),
        (DELETE, vec![browser, ("sec-fetch-site", "none")], true),
        (DELETE, vec![browser, ("sec-fetch-site", "same-origin")], true),
        (DELETE, vec![browser, ("referer", "http://192.168.1.10:4566/")], true),
        (UNSUBSCRIBE, vec![browser], true),
        ("Action=ConfirmSubscription&Token=x", vec![browser], true),
        ("Action=Unsubscribe&Action=DeleteTopic", vec![browser], false),
        ("", vec![browser], true),
        (DELETE, vec![("user-agent", "curl/8.5.0")], true),
        (DELETE, vec![("user-agent", "aws-sdk-java/2.31.0 Mozilla/5.0")], true),
        (DELETE, vec![], true),
    ] {
        check_page(&settings, &Method::GET, query, &headers, allowed);
    }
    check_page(&settings, &Method::POST, DELETE, &[browser], true);
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
