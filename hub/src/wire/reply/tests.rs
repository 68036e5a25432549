use actix_web::http::Method;
use actix_web::http::header::HeaderMap;

use super::super::Code;
use super::super::sample::{
    AttributeValue, Attributes, Done, Message, Queues, Received, Subscriptions, pairs,
};
use super::*;

const ID: &str = "00000000-0000-4000-8000-000000000000";

fn id() -> RequestId {
    RequestId(ID.as_bytes().try_into().unwrap())
}

fn check<T: Serialize>(format: Format, service: Service, action: &str, output: &T, expected: &str) {
    let body = body(format, Names { service, action }, &id(), output).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), expected.replace("ID", ID));
}

fn done() -> Done {
    Done { id: "a".to_owned(), sequence_number: None }
}

#[test]
fn json_is_the_output_and_nothing_else() {
    check(Format::Json, Service::Sqs, "SendMessage", &done(), r#"{"Id":"a"}"#);
    check(Format::Json, Service::Sqs, "ReceiveMessage", &Received::default(), "{}");
    check(Format::Json, Service::Sqs, "DeleteMessage", &(), "");
}

#[test]
fn xml_is_an_envelope_of_result_and_metadata() {
    check(
        Format::Xml,
        Service::Sqs,
        "SendMessage",
        &done(),
        "<?xml version=\"1.0\"?><SendMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\
         <SendMessageResult><Id>a</Id></SendMessageResult>\
         <ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></SendMessageResponse>",
    );
    check(
        Format::Xml,
        Service::Sqs,
        "DeleteMessage",
        &(),
        "<?xml version=\"1.0\"?><DeleteMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\
         <ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></DeleteMessageResponse>",
    );
    check(
        Format::Xml,
        Service::Sns,
        "ListSubscriptions",
        &Subscriptions::default(),
        "<ListSubscriptionsResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
         <ListSubscriptionsResult><Subscriptions/></ListSubscriptionsResult>\
         <ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ListSubscriptionsResponse>",
    );
}

#[test]
fn query_answers_can_be_had_as_json() {
    check(
        Format::QueryJson,
        Service::Sqs,
        "SendMessage",
        &done(),
        r#"{"SendMessageResponse":{"SendMessageResult":{"Id":"a"},"ResponseMetadata":{"RequestId":"ID"}}}"#,
    );
    check(
        Format::QueryJson,
        Service::Sns,
        "DeleteTopic",
        &(),
        r#"{"DeleteTopicResponse":{"ResponseMetadata":{"RequestId":"ID"}}}"#,
    );
}

#[test]
fn sqs_lists_the_entries_of_its_maps_in_that_json_and_sns_does_not() {
    let message = Message {
        attributes: pairs([("SenderId", "me".to_owned())]),
        message_attributes: pairs([("a", AttributeValue::string("v"))]),
        ..Message::default()
    };
    check(
        Format::QueryJson,
        Service::Sqs,
        "ReceiveMessage",
        &Received { messages: vec![message] },
        concat!(
            r#"{"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":[{"MessageId":"","MD5OfBody":"","#,
            r#""Body":"","Attributes":[{"Name":"SenderId","Value":"me"}],"MessageAttributes":[{"Name":"a","#,
            r#""Value":{"StringValue":"v","DataType":"String"}}]}]},"ResponseMetadata":{"RequestId":"ID"}}}"#,
        ),
    );
    check(
        Format::QueryJson,
        Service::Sqs,
        "ListQueues",
        &Queues { urls: vec!["u".to_owned()], tags: pairs([("k", "v".to_owned())]) },
        concat!(
            r#"{"ListQueuesResponse":{"ListQueuesResult":{"queueUrls":["u"],"Tags":[{"Key":"k","Value":"v"}]},"#,
            r#""ResponseMetadata":{"RequestId":"ID"}}}"#,
        ),
    );
    check(
        Format::QueryJson,
        Service::Sns,
        "GetTopicAttributes",
        &Attributes { attributes: pairs([("Owner", "me".to_owned())]) },
        concat!(
            r#"{"GetTopicAttributesResponse":{"GetTopicAttributesResult":{"Attributes":{"Owner":"me"}},"#,
            r#""ResponseMetadata":{"RequestId":"ID"}}}"#,
        ),
    );
}

fn check_fault(
    format: Format,
    service: Service,
    given: &Fault,
    status: u16,
    query_error: Option<&str>,
    body: &str,
) {
    let response = fault(format, service, &id(), given);
    let header = |name: &str| {
        let value = response.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        value.map(|value| value.to_str().unwrap())
    };
    assert_eq!(response.status.as_u16(), status);
    assert_eq!(header("x-amzn-query-error"), query_error);
    assert_eq!(header("x-amzn-requestid"), Some(ID));
    assert_eq!(header("content-type"), Some(format.content_type()));
    assert_eq!(str::from_utf8(&response.body).unwrap(), body.replace("ID", ID));
}

#[test]
fn faults_are_said_in_the_format_of_the_caller() {
    let missing = Fault::queue_does_not_exist();
    check_fault(
        Format::Json,
        Service::Sqs,
        &missing,
        400,
        Some("AWS.SimpleQueueService.NonExistentQueue;Sender"),
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#,
    );
    check_fault(
        Format::Xml,
        Service::Sqs,
        &missing,
        400,
        None,
        "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>\
         <Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>\
         <Message>The specified queue does not exist for this wsdl version.</Message><Detail/></Error>\
         <RequestId>ID</RequestId></ErrorResponse>",
    );
    check_fault(
        Format::QueryJson,
        Service::Sqs,
        &missing,
        400,
        None,
        "{\"Error\":{\"Code\":\"AWS.SimpleQueueService.NonExistentQueue\",\
         \"Message\":\"The specified queue does not exist for this wsdl version.\",\"Type\":\"Sender\"},\
         \"RequestId\":\"ID\"}",
    );
    check_fault(
        Format::Xml,
        Service::Sns,
        &Fault::new(Code::NotFound, "Topic does not exist"),
        404,
        None,
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>ID</RequestId></ErrorResponse>",
    );
    check_fault(
        Format::Json,
        Service::Sqs,
        &Fault::new(Code::InternalFailure, "a \"quoted\"\nreason"),
        500,
        Some("InternalFailure;Receiver"),
        r#"{"__type":"com.amazon.coral.service#InternalFailure","message":"a \"quoted\"\nreason"}"#,
    );
    check_fault(
        Format::Json,
        Service::Sqs,
        &Fault::new(Code::ReceiptHandleIsInvalid, "x"),
        404,
        Some("ReceiptHandleIsInvalid;Sender"),
        r#"{"__type":"com.amazonaws.sqs#ReceiptHandleIsInvalid","message":"x"}"#,
    );
}

#[test]
fn the_first_accepted_type_decides_how_query_is_answered() {
    let cases = [
        (None, false, Format::Xml),
        (Some("*/*"), false, Format::Xml),
        (Some("application/json"), false, Format::QueryJson),
        (Some("application/JSON;q=0.9, text/xml"), false, Format::QueryJson),
        (Some("text/xml, application/json"), false, Format::Xml),
        (Some("application/json"), true, Format::Json),
        (None, true, Format::Json),
    ];
    for (accept, is_json, expected) in cases {
        let mut headers = HeaderMap::new();
        if let Some(types) = accept {
            headers.insert(ACCEPT, HeaderValue::from_static(types));
        }
        let head = Head { method: &Method::POST, path: "/", query: "", headers: &headers };
        let protocol = if is_json { Protocol::Json(None) } else { Protocol::Query };
        assert_eq!(Format::of(&head, protocol), expected, "{accept:?}");
    }
}
