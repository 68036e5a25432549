//! Who may reach a hub: hosts, origins, and web pages that somebody else wrote.

use fanq_tests::{Answer, Hub, Request};

const LIST: &str = "/?Action=ListQueues&Version=2012-11-05";

fn list(hub: &Hub, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(Request::get(LIST), |request, (name, value)| request.header(name, value));
    request.send(hub)
}

#[test]
fn names_that_an_attacker_cannot_own_are_answered() {
    let hub = Hub::start(&[]);
    for host in [
        "127.0.0.1",
        "127.0.0.1:4566",
        "[::1]:4566",
        "192.168.1.7",
        "localhost",
        "LOCALHOST:1",
        "orders.localhost",
        "fanq",
        "fanq:4566",
        "host.docker.internal",
        "hub.internal",
        "hub.local",
        "hub.test",
        "fanq.default.svc",
        "fanq.default.svc.cluster.local",
        "sqs.us-east-1.localhost.localstack.cloud:4566",
        "sqs.us-east-1.amazonaws.com",
    ] {
        assert_eq!(list(&hub, &[("Host", host)]).status, 200, "{host}");
    }
}

#[test]
fn names_that_an_attacker_can_own_are_refused_with_the_flag_that_allows_them() {
    let hub = Hub::start(&[]);
    for host in [
        "example.com",
        "evil.example.com:4566",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "internal.com",
        "a b",
        "",
    ] {
        let answer = list(&hub, &[("Host", host)]);
        assert!(matches!(answer.status, 400 | 403), "{host}: {answer:?}");
        if answer.status == 403 {
            assert!(answer.text().contains("--allowed-hosts"), "{host}: {}", answer.text());
        }
    }
    let hub = Hub::start(&[
        "--allowed-hosts",
        "hub.example.com,*.example.org",
        "--public-url",
        "https://queues.example.net",
    ]);
    for (host, status) in [
        ("hub.example.com", 200),
        ("a.b.example.org:1", 200),
        ("queues.example.net", 200),
        ("example.org", 403),
        ("other.example.com", 403),
    ] {
        assert_eq!(list(&hub, &[("Host", host)]).status, status, "{host}");
    }
}

#[test]
fn a_web_page_of_another_origin_is_refused_with_the_flag_that_allows_it() {
    let hub = Hub::start(&[]);
    for origin in ["http://example.com", "https://localhost:9999", "null", "file://", "http://127.0.0.1"] {
        let answer = list(&hub, &[("Origin", origin)]);
        assert_eq!(answer.status, 403, "{origin}");
        assert!(answer.text().contains("--cors-origins"), "{origin}: {}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
    }
    let own = hub.endpoint();
    assert_eq!(list(&hub, &[("Origin", &own)]).status, 200, "the hub's own page");
    let form = Request::query("/", &[("Action", "CreateQueue"), ("QueueName", "evil")])
        .header("Origin", "http://evil.test");
    assert_eq!(form.send(&hub).status, 403);
    assert!(!list(&hub, &[]).text().contains("evil"), "nothing was done");
}

#[test]
fn an_image_of_another_page_is_refused() {
    let hub = Hub::start(&[]);
    let marks = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")];
    assert_eq!(list(&hub, &marks).status, 403);
    assert_eq!(list(&hub, &[("Sec-Fetch-Site", "none")]).status, 200, "typed by a human");
}

#[test]
fn an_allowed_page_asks_first_and_gets_its_headers() {
    let hub = Hub::start(&["--cors-origins", "https://app.example.com"]);
    let origin = ("Origin", "https://app.example.com");
    let asked = Request::new("OPTIONS", "/")
        .header(origin.0, origin.1)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "x-amz-target,content-type,authorization")
        .send(&hub);
    assert!(matches!(asked.status, 200 | 204), "{asked:?}");
    assert_eq!(asked.header("access-control-allow-origin"), Some(origin.1));
    assert!(asked.header("access-control-allow-methods").unwrap().contains("POST"));
    let allowed = asked.header("access-control-allow-headers").unwrap();
    assert!(allowed == "*" || allowed.contains("x-amz-target"), "{allowed}");

    let answer = list(&hub, &[origin]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin.1));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("x-amzn-requestid"));
    assert!(answer.header("vary").unwrap().eq_ignore_ascii_case("origin"));

    let refused =
        Request::json("SendMessage", r#"{"QueueUrl": "nothing"}"#).header(origin.0, origin.1).send(&hub);
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (400, Some(origin.1)));

    let other = Request::new("OPTIONS", "/")
        .header("Origin", "https://example.com")
        .header("Access-Control-Request-Method", "POST")
        .send(&hub);
    assert_eq!((other.status, other.header("access-control-allow-origin")), (403, None));
}

#[test]
fn all_pages_are_allowed_by_a_star() {
    let hub = Hub::start(&["--cors-origins", "*"]);
    let answer = list(&hub, &[("Origin", "https://example.com")]);
    assert_eq!(answer.status, 200);
    assert!(answer.header("access-control-allow-origin").is_some());
}

#[test]
fn a_queue_url_begins_with_what_the_client_called() {
    let hub = Hub::start(&[]);
    let create = |headers: &[(&str, &str)]| {
        let request = Request::json("CreateQueue", r#"{"QueueName": "orders"}"#);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let body: serde_json::Value = serde_json::from_slice(&request.send(&hub).body).unwrap();
        body["QueueUrl"].as_str().unwrap().to_owned()
    };
    assert_eq!(create(&[]), format!("{}/000000000000/orders", hub.endpoint()));
    for host in ["localhost:4566", "fanq", "host.docker.internal:1234", "[::1]:80"] {
        assert_eq!(create(&[("Host", host)]), format!("http://{host}/000000000000/orders"));
    }
    let forwarded = [("X-Forwarded-Host", "queues.example.com"), ("X-Forwarded-Proto", "https")];
    assert_eq!(create(&forwarded), format!("{}/000000000000/orders", hub.endpoint()), "no proxy is trusted");
}

#[test]
fn whoever_watches_over_the_hub_may_call_it_by_any_name() {
    let hub = Hub::start(&[]);
    for path in ["/health", "/ready"] {
        let answer = Request::get(path).header("Host", "anything.example.com").send(&hub);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{path}");
    }
}

#[test]
fn the_clock_is_for_tests() {
    let hub = Hub::start_plain(&[]);
    assert_eq!(Request::post("/_fanq/clock").body(r#"{"freeze": true}"#).send(&hub).status, 404);
}
