use super::sample::{Received, SendMessage};
use super::*;
use crate::config::Settings;

/// A request as tests write it: `METHOD URL | header: value | … | body`.
struct Sent {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Sent {
    fn new(text: &str) -> Self {
        let mut parts = text.split(" | ").collect::<Vec<_>>();
        let (method, url) = parts.remove(0).split_once(' ').unwrap();
        let body = parts.pop().unwrap_or_default().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let headers = parts.into_iter().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
        });
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.collect(),
            body,
        }
    }

    fn head(&self) -> Head<'_> {
        Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }

    /// Reads the request up to its call.
    fn with_call<R>(&self, then: impl FnOnce(Result<&Call<'_>, Response>) -> R) -> R {
        let (head, body) = (self.head(), self.body.as_bytes());
        let protocol = Protocol::of(&head);
        let parameters = parameters(&head, protocol, body).unwrap();
        let credential = Credential::read(&head, &parameters);
        let call = read(&head, protocol, body, &parameters, credential, None);
        then(call.as_ref().map_err(|response| Response {
            status: response.status,
            headers: response.headers.clone(),
            body: response.body.clone(),
        }))
    }

    async fn answer(&self, hub: &Arc<Hub>) -> Response {
        let body = Bytes::from(self.body.clone());
        answer(hub, Request { head: self.head(), body, base_url: "http://localhost:4566".to_owned() }).await
    }
}

#[test]
fn protocol_and_service_follow_from_the_request() {
    let cases = [
        ("POST / | x-amz-target: AmazonSQS.X | content-type: application/x-amz-json-1.0 | {}", "sqs X Json"),
        ("POST / | x-amz-target: AmazonSQS.X | {}", "sqs X Json"),
        (
            "POST /000000000000/orders | x-amz-target: AmazonSQS.X | content-type: text/plain | {}",
            "sqs X Json",
        ),
        ("POST / | content-type: application/x-www-form-urlencoded; charset=utf-8 | Action=X", "sqs X Xml"),
        ("POST / | Action=X", "sqs X Xml"),
        ("POST / | content-type: text/plain | Action=X&Version=2010-03-31", "sns X Xml"),
        ("GET /?Action=X&Version=2010-03-31 | ", "sns X Xml"),
        ("GET /000000000000/orders?Action=X | Action=No", "sqs X Xml"),
        ("POST / | Action=GetCallerIdentity", "sts GetCallerIdentity Xml"),
        ("POST / | accept: application/json | Action=X", "sqs X QueryJson"),
        (
            "POST /?Action=X | authorization: AWS4-HMAC-SHA256 Credential=K/1/r/sns/aws4_request | Version=2012-11-05",
            "sns X Xml",
        ),
        ("GET /?Action=X&X-Amz-Credential=K%2F1%2Fr%2Fsns%2Faws4_request | ", "sns X Xml"),
    ];
    for (sent, expected) in cases {
        Sent::new(sent).with_call(|call| {
            let call = call.unwrap();
            let read = format!("{} {} {:?}", call.service.name(), call.action, call.format);
            assert_eq!(read, expected, "{sent}");
        });
    }
}

/// Status, and `content type, space, body`, of which a part must be as expected.
async fn check_answers(cases: &[(&str, u16, &str)]) {
    let hub = Hub::in_memory(Settings::default()).unwrap();
    for &(sent, status, expected) in cases {
        let response = Sent::new(sent).answer(&hub).await;
        let header = |name: &str| {
            let value = response.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            value.map_or("", |value| value.to_str().unwrap())
        };
        let answered = format!("{} {}", header("content-type"), str::from_utf8(&response.body).unwrap());
        assert_eq!(response.status.as_u16(), status, "{sent}: {answered}");
        assert!(answered.contains(expected), "{sent}: {answered}");
        assert_eq!(header("x-amzn-requestid").len(), 36, "{sent}");
        let is_json_error = status != 200 && header("content-type").starts_with("application/x-amz-json");
        let legacy = if is_json_error { "InvalidAction;Sender" } else { "" };
        assert_eq!(header("x-amzn-query-error"), legacy, "{sent}");
    }
}

#[tokio::test]
async fn an_action_that_is_not_served_is_refused_as_each_protocol_does() {
    let unknown =
        r#"json-1.0 {"__type":"com.amazon.coral.service#UnknownOperationException","message":"The action or"#;
    check_answers(&[
        ("GET / | ", 404, "text/xml <UnknownOperationException/>"),
        ("POST / | x-amz-target: Other.Do | {}", 404, "text/xml <UnknownOperationException/>"),
        ("POST / | content-type: application/x-amz-json-1.0 | {}", 400, unknown),
        ("POST / | x-amz-target: AmazonSQS.Fly | {}", 400, unknown),
        ("POST / | Action=GetFederationToken", 400, "<Message>The action GetFederationToken is not supported yet.</"),
        ("POST / | Action=Fly", 400, "<Message>The action Fly is not valid for this endpoint.</Message><Detail/>"),
        (
            "POST / | Action=Fly&Version=2010-03-31",
            400,
            "<Code>InvalidAction</Code><Message>Could not find operation Fly for version 2010-03-31</Message></Error>",
        ),
        (
            "POST /000000000000/orders | Action=CreateQueue&QueueName=x",
            400,
            "<Code>InvalidAction</Code><Message>The action CreateQueue is not valid for this endpoint.</Message>",
        ),
        (
            "GET /queue/orders?Action=ListQueues | ",
            400,
            "<Code>InvalidAction</Code><Message>The action ListQueues is not valid for this endpoint.</Message>",
        ),
    ])
    .await;
}

#[tokio::test]
async fn parameters_that_cannot_be_read_are_refused_by_the_service_that_signed() {
    let refusal = r#"<Error><Type>Sender</Type><Code>MalformedInput</Code>"#;
    check_answers(&[
        ("POST / | Action=%zz", 400, refusal),
        ("POST / | Action=%zz", 400, "http://queue.amazonaws.com/"),
        (
            "POST / | authorization: AWS4-HMAC-SHA256 Credential=K/1/r/sns/aws4_request | Action=%ff",
            400,
            "http://sns.amazonaws.com/",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_operation_is_performed_for_the_caller_in_his_format() {
    check_answers(&[
        (
            "POST / | authorization: AWS4-HMAC-SHA256 Credential=111122223333/1/r/sts/aws4_request | Action=GetCallerIdentity",
            200,
            "text/xml <GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><UserId>111122223333</UserId><Account>111122223333</Account>\
             <Arn>arn:aws:iam::111122223333:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>",
        ),
        (
            "GET /?Action=GetCallerIdentity | accept: application/json | ",
            200,
            r#"application/json {"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"UserId":"000000000000","#,
        ),
    ])
    .await;
}

#[test]
fn one_shape_reads_all_protocols() {
    let url = "http://h/000000000000/q";
    let form = format!("Action=SendMessage&QueueUrl={url}&MessageBody=a+b&DelaySeconds=3&X=1");
    let cases = [
        format!(
            r#"POST / | x-amz-target: AmazonSQS.SendMessage | {{"QueueUrl":"{url}","MessageBody":"a b","DelaySeconds":3,"X":1}}"#
        ),
        format!("POST / | {form}"),
        format!("GET /?{form} | "),
    ];
    let expected = || SendMessage {
        queue_url: Some(url.to_owned()),
        message_body: Some("a b".to_owned()),
        delay_seconds: Some(3),
        ..SendMessage::default()
    };
    for sent in cases {
        Sent::new(&sent)
            .with_call(|call| assert_eq!(call.unwrap().decode::<SendMessage>().unwrap(), expected()));
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_as_each_service_does() {
    let long = format!("POST / | Action=SendMessage&DelaySeconds={}", "ä".repeat(1000));
    let cases = [
        (
            r#"POST / | x-amz-target: AmazonSQS.SendMessage | {"DelaySeconds":"x"}"#,
            Fault::new(Code::Serialization, "STRING_VALUE can not be converted to an Integer"),
        ),
        (
            "POST / | Action=SendMessage&DelaySeconds=x",
            Fault::invalid_value("x", "DelaySeconds", "Must be an integer."),
        ),
        (
            "POST / | Action=Publish&Version=2010-03-31&DelaySeconds=x",
            Fault::invalid_parameter("DelaySeconds Reason: Must be an integer."),
        ),
        (&long, Fault::invalid_value("ä".repeat(256), "DelaySeconds", "Must be an integer.")),
    ];
    for (sent, expected) in cases {
        Sent::new(sent)
            .with_call(|call| assert_eq!(call.unwrap().decode::<SendMessage>().unwrap_err(), expected));
    }
}

#[test]
fn an_output_is_written_in_the_format_of_the_call() {
    let cases = [
        ("POST / | x-amz-target: AmazonSQS.ReceiveMessage | ", "{}"),
        ("POST / | Action=ReceiveMessage", "<ReceiveMessageResult/>"),
        ("POST / | accept: application/json | Action=ReceiveMessage", r#""ReceiveMessageResult":{}"#),
    ];
    for (sent, part) in cases {
        Sent::new(sent).with_call(|call| {
            let call = call.unwrap();
            let response = call.success(call.encode(&Received::default()).unwrap());
            assert_eq!(response.status, StatusCode::OK);
            assert!(str::from_utf8(&response.body).unwrap().contains(part), "{sent}");
        });
    }
}

#[test]
fn what_the_server_refuses_is_refused_in_the_format_of_the_request() {
    let fault = Fault::new(Code::RequestEntityTooLarge, "too large");
    let cases = [
        ("POST / | ", "<ErrorResponse xmlns=\"http://queue.amazonaws.com/"),
        ("POST / | x-amz-target: AmazonSQS.SendMessage | ", r#""message":"too large""#),
        (
            "POST / | authorization: AWS4-HMAC-SHA256 Credential=K/1/r/sns/aws4_request | ",
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/",
        ),
    ];
    for (sent, part) in cases {
        let response = refuse(&Sent::new(sent).head(), &fault, None);
        assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(str::from_utf8(&response.body).unwrap().contains(part), "{sent}");
    }
}
