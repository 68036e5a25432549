//! SQS and SNS as bytes: callers without an SDK, and the formats of answers.

use fanq_tests::{Answer, Connection, Hub, Request, form};

const NAMESPACE: &str = r#"xmlns="http://queue.amazonaws.com/doc/2012-11-05/""#;

/// A hub with a queue `orders` in the account of requests that are not signed.
fn hub_with_queue() -> Hub {
    let hub = Hub::start(&[]);
    let answer = Request::query("/", &[("Action", "CreateQueue"), ("QueueName", "orders")]).send(&hub);
    assert_eq!(answer.status, 200, "{answer:?}");
    let url = format!("{}/000000000000/orders", hub.endpoint());
    assert_eq!(answer.element("QueueUrl"), Some(url));
    hub
}

fn received(hub: &Hub) -> Option<String> {
    let answer = Request::query("/000000000000/orders", &[("Action", "ReceiveMessage")]).send(hub);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.element("Body")
}

fn check_id(answer: &Answer) {
    let id = answer.header("x-amzn-requestid").unwrap_or_default();
    assert_eq!(id.len(), 36, "{answer:?}");
    assert_eq!(answer.header("x-amzn-errortype"), None);
}

#[test]
fn a_query_caller_posts_or_gets_on_the_root_or_on_the_queue() {
    let hub = hub_with_queue();
    let send = [("Action", "SendMessage"), ("Version", "2012-11-05"), ("MessageBody", "a b&c=ü+")];
    let by_name = [send.as_slice(), &[("QueueUrl", "http://elsewhere/000000000000/orders")]].concat();
    for (what, request) in [
        ("post on the root", Request::query("/", &by_name)),
        ("post on the queue", Request::query("/000000000000/orders", &send)),
        ("get on the root", Request::get(&format!("/?{}", form(&by_name)))),
        ("get on the queue", Request::get(&format!("/000000000000/orders?{}", form(&send)))),
        ("in both places", Request::query(&format!("/?{}", form(&by_name[..2])), &by_name[2..])),
    ] {
        let answer = request.send(&hub);
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        check_id(&answer);
        let start = format!(r#"<?xml version="1.0"?><SendMessageResponse {NAMESPACE}><SendMessageResult>"#);
        assert!(answer.text().starts_with(&start), "{what}: {}", answer.text());
        assert_eq!(answer.element("RequestId").as_deref(), answer.header("x-amzn-requestid"), "{what}");
        assert_eq!(received(&hub).as_deref(), Some("a b&amp;c=ü+"), "{what}");
    }
    assert_eq!(received(&hub), None);
}

#[test]
fn an_error_over_query_is_an_error_response() {
    let hub = hub_with_queue();
    let answer = Request::query("/000000000000/nothing", &[("Action", "ReceiveMessage")]).send(&hub);
    assert_eq!(answer.status, 400);
    check_id(&answer);
    assert!(answer.header("content-type").unwrap().starts_with("text/xml"), "{answer:?}");
    let id = answer.header("x-amzn-requestid").unwrap();
    let expected = format!(
        "<?xml version=\"1.0\"?><ErrorResponse {NAMESPACE}><Error><Type>Sender</Type>\
         <Code>AWS.SimpleQueueService.NonExistentQueue</Code>\
         <Message>The specified queue does not exist for this wsdl version.</Message><Detail/></Error>\
         <RequestId>{id}</RequestId></ErrorResponse>"
    );
    assert_eq!(answer.text().replace('\n', ""), expected);
}

#[test]
fn an_error_over_json_has_its_type_and_the_code_of_old() {
    let hub = hub_with_queue();
    let answer = Request::json("ReceiveMessage", r#"{"QueueUrl": "nothing"}"#).send(&hub);
    assert_eq!(answer.status, 400);
    check_id(&answer);
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(answer.header("x-amzn-query-error"), Some("AWS.SimpleQueueService.NonExistentQueue;Sender"));
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
    assert_eq!(body["message"], "The specified queue does not exist.");
}

#[test]
fn an_error_of_a_topic_has_the_namespace_of_topics() {
    let hub = Hub::start(&[]);
    let parameters = [
        ("Action", "GetTopicAttributes"),
        ("Version", "2010-03-31"),
        ("TopicArn", "arn:aws:sns:us-east-1:000000000000:nothing"),
    ];
    let answer = Request::query("/", &parameters).send(&hub);
    assert_eq!(answer.status, 404);
    check_id(&answer);
    assert!(
        answer.text().contains(r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">"#),
        "{answer:?}"
    );
    assert_eq!(answer.element("Code").as_deref(), Some("NotFound"));
    assert_eq!(answer.element("Type").as_deref(), Some("Sender"));
}

#[test]
fn an_empty_receive_says_nothing_in_both_protocols() {
    let hub = hub_with_queue();
    let xml = Request::query("/000000000000/orders", &[("Action", "ReceiveMessage")]).send(&hub);
    assert!(xml.text().contains("<ReceiveMessageResult/>"), "{}", xml.text());
    let json = Request::json("ReceiveMessage", r#"{"QueueUrl": "orders"}"#).send(&hub);
    assert_eq!(json.text(), "{}");
}

#[test]
fn a_connection_carries_many_requests() {
    let hub = hub_with_queue();
    let mut connection = Connection::open(&hub);
    for number in 0..200 {
        let body = format!(r#"{{"QueueUrl": "orders", "MessageBody": "{number}"}}"#);
        connection.write(&Request::json("SendMessage", body).bytes(&hub));
        assert_eq!(connection.answer().status, 200);
        let request = if number % 2 == 0 {
            Request::query("/000000000000/orders", &[("Action", "ReceiveMessage")])
        } else {
            Request::get("/000000000000/orders?Action=ReceiveMessage")
        };
        connection.write(&request.bytes(&hub));
        assert_eq!(connection.answer().element("Body"), Some(number.to_string()));
        connection.write(&Request::json("SendMessage", "{").bytes(&hub));
        assert_eq!(connection.answer().status, 400, "an error does not end the connection");
    }
}

#[test]
fn requests_that_are_sent_without_waiting_are_answered_in_order() {
    let hub = hub_with_queue();
    let mut connection = Connection::open(&hub);
    let all = (0..10).flat_map(|number| {
        let body = format!(r#"{{"QueueUrl": "orders", "MessageBody": "{number}"}}"#);
        let mut bytes = Request::json("SendMessage", body).bytes(&hub);
        bytes.extend(Request::json("ReceiveMessage", r#"{"QueueUrl": "orders"}"#).bytes(&hub));
        bytes
    });
    connection.write(&all.collect::<Vec<_>>());
    for number in 0..10 {
        assert_eq!(connection.answer().status, 200);
        let body: serde_json::Value = serde_json::from_slice(&connection.answer().body).unwrap();
        assert_eq!(body["Messages"][0]["Body"], number.to_string());
    }
}

#[test]
fn a_client_that_expects_to_be_asked_is_asked_for_its_body() {
    let hub = hub_with_queue();
    let request = Request::json("SendMessage", r#"{"QueueUrl": "orders", "MessageBody": "x"}"#)
        .header("Expect", "100-continue");
    let mut connection = Connection::open(&hub);
    let bytes = request.bytes(&hub);
    let (head, body) = bytes.split_at(request.head(&hub).len());
    connection.write(head);
    assert_eq!(connection.line(), "HTTP/1.1 100 Continue");
    assert_eq!(connection.line(), "");
    connection.write(body);
    assert_eq!(connection.answer().status, 200);
    assert_eq!(received(&hub).as_deref(), Some("x"));
}

#[test]
fn a_body_may_come_in_chunks_or_compressed() {
    let hub = hub_with_queue();
    let chunks = [r#"{"QueueUrl": "or"#, r#"ders", "MessageBody": "x"}"#, ""];
    let chunks = chunks.map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).concat();
    let chunks = Request::json("SendMessage", chunks).header("Transfer-Encoding", "chunked");
    assert_eq!(chunks.send(&hub).status, 200);
    assert_eq!(received(&hub).as_deref(), Some("x"));
    let plain = form(&[("Action", "SendMessage"), ("MessageBody", "y")]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, plain.as_bytes()).unwrap();
    let packed = Request::post("/000000000000/orders")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Content-Encoding", "gzip")
        .body(packed.finish().unwrap());
    assert_eq!(packed.send(&hub).status, 200);
    assert_eq!(received(&hub).as_deref(), Some("y"));
}

#[test]
fn an_old_client_is_answered_and_the_connection_closed() {
    let hub = hub_with_queue();
    let mut connection = Connection::open(&hub);
    let target = "/?Action=ListQueues&Version=2012-11-05";
    connection.write(
        format!("GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", hub.address).as_bytes(),
    );
    assert_eq!(connection.answer().status, 200);
    assert!(connection.is_closed_by_hub());
}
