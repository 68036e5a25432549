//! What a hub tells of itself at `/metrics`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use fanq_tests::{Connection, Hub, Request, TemporaryFolder, eventually, skip};
use serde_json::{Value, json};

use scrape::Scrape;

mod scrape;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:events";

/// An operation of SQS.
fn sqs(hub: &Hub, operation: &str, input: Value) -> Value {
    let answer = Request::json(operation, input.to_string()).send(hub);
    assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
    if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body).unwrap() }
}

/// An action of SNS; what its answer says in that element.
fn sns(hub: &Hub, parameters: &[(&str, &str)], element: &str) -> String {
    let request = Request::query("/", &[parameters, &[("Version", "2010-03-31")]].concat());
    let scope = "Credential=000000000000/20260101/us-east-1/sns/aws4_request";
    let signed = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
    let answer = request.header("Authorization", &signed).send(hub);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.element(element).unwrap_or_default()
}

fn create(hub: &Hub, queue: &str, attributes: Value) {
    sqs(hub, "CreateQueue", json!({ "QueueName": queue, "Attributes": attributes }));
}

fn send(hub: &Hub, queue: &str, bodies: &[&str]) {
    for body in bodies {
        sqs(hub, "SendMessage", json!({ "QueueUrl": queue, "MessageBody": body }));
    }
}

/// The receipt handles of up to so many messages.
fn receive(hub: &Hub, queue: &str, maximum: u32) -> Vec<String> {
    let got = sqs(hub, "ReceiveMessage", json!({ "QueueUrl": queue, "MaxNumberOfMessages": maximum }));
    let messages = got["Messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["ReceiptHandle"].as_str().unwrap().to_owned()).collect()
}

/// Subscribes a queue; the ARN of the subscription.
fn subscribe(hub: &Hub, queue: &str, scope: &str, policy: &str) -> String {
    let endpoint = format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
    let asked = [
        ("Action", "Subscribe"),
        ("TopicArn", TOPIC),
        ("Protocol", "sqs"),
        ("Endpoint", &endpoint),
        ("ReturnSubscriptionArn", "true"),
        ("Attributes.entry.1.key", "FilterPolicy"),
        ("Attributes.entry.1.value", policy),
        ("Attributes.entry.2.key", "FilterPolicyScope"),
        ("Attributes.entry.2.value", scope),
    ];
    sns(hub, &asked, "SubscriptionArn")
}

fn publish(hub: &Hub, message: &str, kind: Option<&str>) {
    let attribute = [
        ("MessageAttributes.entry.1.Name", "kind"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", kind.unwrap_or_default()),
    ];
    let attribute = if kind.is_some() { &attribute[..] } else { &[] };
    sns(
        hub,
        &[&[("Action", "Publish"), ("TopicArn", TOPIC), ("Message", message)], attribute].concat(),
        "MessageId",
    );
}

#[test]
fn what_happens_in_a_queue_is_counted_exactly() {
    let hub = Hub::start(&[]);
    hub.freeze();
    create(&hub, "orders", json!({ "VisibilityTimeout": "30", "MessageRetentionPeriod": "3600" }));
    Scrape::of(&hub).check_queue("orders", &[]);
    send(&hub, "orders", &["a", "b", "c"]);
    sqs(&hub, "SendMessage", json!({ "QueueUrl": "orders", "MessageBody": "later", "DelaySeconds": 60 }));
    hub.advance(Duration::from_secs(10));
    let taken = receive(&hub, "orders", 2);
    sqs(&hub, "DeleteMessage", json!({ "QueueUrl": "orders", "ReceiptHandle": taken[0] }));
    let scrape = Scrape::of(&hub);
    scrape.check_queue(
        "orders",
        &[
            ("messages_visible", 1.0),
            ("messages_in_flight", 1.0),
            ("messages_delayed", 1.0),
            ("oldest_message_age_seconds", 10.0),
            ("sent_messages_total", 4.0),
            ("received_messages_total", 2.0),
            ("deleted_messages_total", 1.0),
        ],
    );
    scrape.check(&[("fanq_queue_wait_seconds_count", 2.0), ("fanq_queue_wait_seconds_sum", 20.0)]);
    let labels = r#"{account="000000000000",region="us-east-1",queue="orders"}"#;
    let bytes = |what: &str| scrape.value(&format!("fanq_queue_{what}_bytes_total{labels}"));
    let each = bytes("received") / 2.0;
    assert!(each > 1.0);
    assert_eq!(bytes("sent"), 4.0 * each + 4.0, "the fourth is four letters longer");
    assert_eq!(scrape.value("fanq_body_bytes"), bytes("sent") - each, "one is deleted");

    // The timeout of the other ends, and so does the delay; then all of them expire.
    hub.advance(Duration::from_secs(50));
    receive(&hub, "orders", 10);
    receive(&hub, "orders", 10);
    hub.advance(Duration::from_secs(30));
    hub.advance(Duration::from_secs(3_570));
    Scrape::of(&hub).check_queue(
        "orders",
        &[
            ("sent_messages_total", 4.0),
            ("received_messages_total", 5.0),
            ("deleted_messages_total", 1.0),
            ("empty_receives_total", 1.0),
            ("visibility_timeouts_total", 4.0),
            ("expired_messages_total", 3.0),
        ],
    );
}

#[test]
fn what_is_moved_counts_where_it_leaves() {
    let hub = Hub::start(&[]);
    hub.freeze();
    create(&hub, "dead", json!({}));
    let policy =
        r#"{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1}"#;
    create(&hub, "orders", json!({ "VisibilityTimeout": "5", "RedrivePolicy": policy }));
    send(&hub, "orders", &["a"]);
    receive(&hub, "orders", 1);
    hub.advance(Duration::from_secs(5));
    receive(&hub, "orders", 1);
    let scrape = Scrape::of(&hub);
    scrape.check_queue("dead", &[("messages_visible", 1.0), ("oldest_message_age_seconds", 5.0)]);
    scrape.check_queue(
        "orders",
        &[
            ("sent_messages_total", 1.0),
            ("received_messages_total", 1.0),
            ("empty_receives_total", 1.0),
            ("visibility_timeouts_total", 1.0),
            ("dead_lettered_messages_total", 1.0),
        ],
    );

    // A move task sends it anew.
    sqs(&hub, "StartMessageMoveTask", json!({ "SourceArn": "arn:aws:sqs:us-east-1:000000000000:dead" }));
    hub.advance(Duration::from_secs(1));
    let scrape = Scrape::of(&hub);
    scrape.check_queue("dead", &[("moved_messages_total", 1.0)]);
    scrape.check_queue(
        "orders",
        &[
            ("messages_visible", 1.0),
            ("oldest_message_age_seconds", 1.0),
            ("sent_messages_total", 2.0),
            ("received_messages_total", 1.0),
            ("empty_receives_total", 1.0),
            ("visibility_timeouts_total", 1.0),
            ("dead_lettered_messages_total", 1.0),
        ],
    );
}

#[test]
fn a_delay_that_has_ended_does_not_show() {
    let hub = Hub::start_plain(&[]);
    create(&hub, "orders", json!({}));
    sqs(&hub, "SendMessage", json!({ "QueueUrl": "orders", "MessageBody": "a", "DelaySeconds": 1 }));
    let visible = r#"fanq_queue_messages_visible{account="000000000000",region="us-east-1",queue="orders"}"#;
    eventually("the message is visible", || Scrape::of(&hub).value(visible) == 1.0);
}

#[test]
fn what_filters_keep_away_is_counted_by_subscription_and_reason() {
    let hub = Hub::start(&[]);
    hub.freeze();
    sns(&hub, &[("Action", "CreateTopic"), ("Name", "events")], "TopicArn");
    let by_attributes = subscribe(&hub, "one", "MessageAttributes", r#"{"kind": ["a"]}"#);
    let by_body = subscribe(&hub, "two", "MessageBody", r#"{"kind": ["a"]}"#);
    create(&hub, "two", json!({}));
    publish(&hub, r#"{"kind": "a"}"#, Some("b"));
    publish(&hub, r#"{"kind": "b"}"#, Some("b"));
    publish(&hub, "no JSON", None);
    // This one passes both, and finds the first queue missing.
    publish(&hub, r#"{"kind": "a"}"#, Some("a"));
    let scrape = Scrape::of(&hub);
    let filtered = |arn: &str, reason: &str| {
        scrape.value(&format!("fanq_filtered_messages_total{{subscription=\"{arn}\",reason=\"{reason}\"}}"))
    };
    let reasons = ["message_attributes", "no_message_attributes", "message_body", "invalid_message_body"];
    assert_eq!(reasons.map(|reason| filtered(&by_attributes, reason)), [2.0, 1.0, 0.0, 0.0]);
    assert_eq!(reasons.map(|reason| filtered(&by_body, reason)), [0.0, 0.0, 1.0, 1.0]);
    let failed = |scrape: &Scrape, arn: &str| {
        scrape.find(&format!("fanq_failed_deliveries_total{{subscription=\"{arn}\"}}"))
    };
    assert_eq!(failed(&scrape, &by_attributes), Some(1.0));
    assert_eq!(failed(&scrape, &by_body), Some(0.0));
    scrape.check(&[("fanq_publish_enqueue_seconds_count", 4.0)]);
    scrape.check_queue("two", &[("messages_visible", 2.0), ("sent_messages_total", 2.0)]);
    sns(&hub, &[("Action", "Unsubscribe"), ("SubscriptionArn", &by_attributes)], "RequestId");
    let scrape = Scrape::of(&hub);
    assert_eq!((failed(&scrape, &by_attributes), failed(&scrape, &by_body)), (None, Some(0.0)));
    sns(&hub, &[("Action", "DeleteTopic"), ("TopicArn", TOPIC)], "RequestId");
    assert_eq!(failed(&Scrape::of(&hub), &by_body), None);
}

#[test]
fn requests_are_counted_by_action_and_result() {
    let hub = Hub::start(&[]);
    create(&hub, "orders", json!({}));
    send(&hub, "orders", &["a", "b"]);
    let refused = [
        Request::json("SendMessage", r#"{"QueueUrl": "missing", "MessageBody": "a"}"#),
        Request::json("SendMessage", "{"),
        Request::json("Invent\"ed", "{}"),
        Request::json("MakeCoffee", "{}"),
        Request::query("/", &[("Action", "Publish"), ("TopicArn", TOPIC), ("Message", "a")]),
        Request::query("/", &[("Version", "2010-03-31")]),
        Request::get("/?Action=ListQueues").header("Host", "example.com"),
        Request::new("PUT", "/"),
    ];
    for request in refused {
        let answer = request.send(&hub);
        assert!(answer.status >= 400, "{}", answer.text());
    }
    let requests = |service: &str, action: &str, result: &str| {
        format!("fanq_api_requests_total{{service=\"{service}\",action=\"{action}\",result=\"{result}\"}}")
    };
    let scrape = Scrape::of(&hub);
    scrape.check(&[
        (&requests("sqs", "CreateQueue", "ok"), 1.0),
        (&requests("sqs", "SendMessage", "ok"), 2.0),
        (&requests("sqs", "SendMessage", "QueueDoesNotExist"), 1.0),
        (&requests("sqs", "SendMessage", "SerializationException"), 1.0),
        (&requests("sqs", "unknown", "UnknownOperationException"), 2.0),
        (&requests("sqs", "unknown", "AccessDeniedException"), 1.0),
        (&requests("sqs", "unknown", "MethodNotAllowed"), 1.0),
        (&requests("sns", "Publish", "NotFoundException"), 1.0),
        (&requests("sns", "unknown", "UnknownOperationException"), 1.0),
        (r#"fanq_api_request_duration_seconds_count{service="sqs",action="SendMessage"}"#, 4.0),
        (r#"fanq_api_request_duration_seconds_bucket{service="sqs",action="SendMessage",le="+Inf"}"#, 4.0),
    ]);
    // What was never called has no series, nor has a scrape itself.
    assert_eq!(scrape.find(&requests("sqs", "DeleteQueue", "ok")), None);
    assert!(!scrape.text.contains("Invent"));
}

#[test]
fn only_so_many_queues_have_series_of_their_own() {
    let hub = Hub::start(&["--metrics-queues", "2"]);
    hub.freeze();
    for queue in ["a", "b", "c", "d"] {
        create(&hub, queue, json!({}));
        send(&hub, queue, &["message"]);
    }
    let one = [("messages_visible", 1.0), ("sent_messages_total", 1.0)];
    let scrape = Scrape::of(&hub);
    for (queue, expected) in [("a", &one[..]), ("b", &one), ("c", &[]), ("d", &[])] {
        scrape.check_queue(queue, expected);
    }
    scrape.check_queue("*", &[("messages_visible", 2.0), ("sent_messages_total", 2.0)]);
    assert!(!scrape.text.contains("queue=\"c\""));
    sqs(&hub, "DeleteQueue", json!({ "QueueUrl": "a" }));
    send(&hub, "c", &["message"]);
    let scrape = Scrape::of(&hub);
    // The place that has become free is taken by the next; what it had before stays with the others.
    assert!(!scrape.text.contains("queue=\"a\""));
    scrape.check_queue("c", &[("messages_visible", 2.0), ("sent_messages_total", 1.0)]);
    scrape.check_queue("*", &[("messages_visible", 1.0), ("sent_messages_total", 2.0)]);
}

#[test]
fn what_is_done_through_a_priority_queue_counts_for_its_members_alone() {
    let hub = Hub::start(&["--metrics-queues", "2"]);
    hub.freeze();
    // The list is older than the last member, and takes no place of one.
    create(&hub, "high", json!({}));
    create(&hub, "list", json!({ "PriorityMembers": r#"{"members": ["high"]}"# }));
    create(&hub, "low", json!({}));
    let members = json!({ "PriorityMembers": r#"{"members": ["high", "low"]}"# });
    sqs(&hub, "SetQueueAttributes", json!({ "QueueUrl": "list", "Attributes": members }));
    send(&hub, "list", &["a", "b"]);
    send(&hub, "high", &["c"]);
    let taken = receive(&hub, "list", 2);
    sqs(&hub, "DeleteMessage", json!({ "QueueUrl": "list", "ReceiptHandle": taken[0] }));
    receive(&hub, "list", 10);
    receive(&hub, "list", 10);
    let check = || {
        let scrape = Scrape::of(&hub);
        let (sent, received) = ("sent_messages_total", "received_messages_total");
        let deleted = ("deleted_messages_total", 1.0);
        scrape.check_queue("high", &[(sent, 1.0), (received, 1.0), deleted]);
        scrape.check_queue("low", &[("messages_in_flight", 2.0), (sent, 2.0), (received, 2.0)]);
        scrape.check_queue("*", &[]);
        assert!(!scrape.text.contains("queue=\"list\""), "{}", scrape.text);
    };
    check();
    sqs(&hub, "DeleteQueue", json!({ "QueueUrl": "list" }));
    check();
}

#[test]
fn receivers_that_wait_are_seen() {
    let hub = Hub::start(&[]);
    create(&hub, "orders", json!({}));
    let mut poll = Connection::open(&hub);
    poll.write(
        &Request::json("ReceiveMessage", r#"{"QueueUrl": "orders", "WaitTimeSeconds": 20}"#).bytes(&hub),
    );
    eventually("somebody waits", || Scrape::of(&hub).value("fanq_waiting_receivers") == 1.0);
    send(&hub, "orders", &["a"]);
    assert_eq!(poll.answer().status, 200);
    Scrape::of(&hub).check(&[("fanq_waiting_receivers", 0.0)]);
}

#[test]
fn a_log_on_disk_is_measured() {
    let folder = TemporaryFolder::new();
    let hub = Hub::start_in(&folder.path().join("data"), &["--max-state", "64MiB"]);
    create(&hub, "orders", json!({}));
    send(&hub, "orders", &["a", "b"]);
    let scrape = Scrape::of(&hub);
    scrape.check(&[
        ("fanq_state_limit_bytes", f64::from(64 << 20)),
        ("fanq_disk_full", 0.0),
        ("fanq_checkpoints_total", 0.0),
        ("fanq_checkpoint_bytes", 0.0),
    ]);
    // The log begins with a batch of its own.
    for (name, at_least) in [
        ("fanq_commit_seconds_count", 4.0),
        ("fanq_commit_commands_sum", 4.0),
        ("fanq_commit_bytes_sum", 100.0),
        ("fanq_sync_seconds_count", 4.0),
        ("fanq_log_bytes", f64::from(32 << 20)),
        ("fanq_state_bytes", 100.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
    ] {
        assert!(scrape.value(name) >= at_least, "{name}: {}", scrape.value(name));
    }
    // Counters begin anew with the next start, what is there does not.
    let scrape = Scrape::of(&hub.restart());
    let labels = r#"{account="000000000000",region="us-east-1",queue="orders"}"#;
    scrape.check(&[
        (&format!("fanq_queue_messages_visible{labels}"), 2.0),
        (&format!("fanq_queue_sent_messages_total{labels}"), 0.0),
    ]);
}

#[test]
fn metrics_are_for_those_who_may_call() {
    let hub = Hub::start(&[]);
    let answer = Request::get("/metrics").send(&hub);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for (request, status) in [
        (Request::get("/metrics?a=b"), 200),
        (Request::get("/metrics").header("Host", "example.com"), 403),
        (Request::get("/metrics").header("Origin", "https://example.com"), 403),
        (
            Request::get("/metrics")
                .header("Sec-Fetch-Site", "cross-site")
                .header("Sec-Fetch-Mode", "no-cors"),
            403,
        ),
        (Request::post("/metrics"), 405),
        (Request::new("HEAD", "/metrics"), 405),
        (Request::get("/metrics/"), 404),
    ] {
        assert_eq!(request.send(&hub).status, status, "{request:?}");
    }
}

#[test]
fn what_is_exposed_is_what_is_documented() {
    let hub = Hub::start(&[]);
    create(&hub, "orders", json!({}));
    let topic = sns(&hub, &[("Action", "CreateTopic"), ("Name", "events")], "TopicArn");
    subscribe(&hub, "orders", "MessageBody", r#"{"kind": ["a"]}"#);
    let pushed = [("Action", "Subscribe"), ("TopicArn", topic.as_str()), ("Protocol", "http")];
    sns(&hub, &[&pushed[..], &[("Endpoint", "http://127.0.0.1:9/")]].concat(), "SubscriptionArn");
    let mapping = r#"{"queue": "orders", "url": "http://127.0.0.1:9/"}"#;
    assert_eq!(Request::post("/_fanq/mappings").body(mapping).send(&hub).status, 201);
    let scrape = Scrape::of(&hub);
    let found: Vec<_> = (scrape.labels().into_iter())
        .map(|(family, labels)| (family, scrape.families[family].as_str(), labels))
        .collect();
    let document = include_str!("../../docs/metrics.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows = rows.filter(|(name, _)| name.starts_with("fanq_") || name.starts_with("process_"));
    let mut documented: Vec<_> = rows
        .map(|(name, rest)| {
            let mut cells = rest.split(" | ");
            let (kind, labels) = (cells.next().unwrap(), cells.next().unwrap());
            (name, kind, labels.split('`').skip(1).step_by(2).collect())
        })
        .collect();
    documented.sort_unstable();
    assert_eq!(found, documented);
    assert_eq!(found.len(), scrape.families.len(), "every family has series");
}

#[test]
fn prometheus_finds_nothing_to_object_to() {
    let hub = Hub::start(&["--metrics-queues", "1"]);
    create(&hub, "orders", json!({}));
    create(&hub, "others", json!({}));
    send(&hub, "orders", &["a"]);
    receive(&hub, "orders", 1);
    sns(&hub, &[("Action", "CreateTopic"), ("Name", "events")], "TopicArn");
    subscribe(&hub, "orders", "MessageBody", r#"{"kind": ["a"]}"#);
    publish(&hub, "{}", None);
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match promtool.spawn() {
        Ok(child) => child,
        Err(error) => return skip(&format!("metrics as Prometheus reads them: promtool: {error}")),
    };
    child.stdin.take().unwrap().write_all(Scrape::of(&hub).text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}
