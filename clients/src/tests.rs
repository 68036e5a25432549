//! The client against a server that says what it is told to and shows what it was asked.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{AttributeValue, Client, Error, MessageAttribute, Outgoing, Receive};

/// Answers one request with the given bytes and returns the request.
async fn server(answer: &str) -> (Client, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder(endpoint).account("111122223333").region("eu-central-1").build().unwrap();
    let answer = answer.to_owned();
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !is_whole(&read) {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the client hung up");
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(read).unwrap()
    });
    (client, request)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nx-amzn-RequestId: request-1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn sqs_is_called_in_json_with_account_and_region_in_the_scope() {
    let (client, request) = server(&answer("200 OK", r#"{"QueueUrl":"http://x/1/jobs"}"#)).await;
    let queue = client.create_queue("jobs", &[("DelaySeconds", "1")]).await.unwrap();
    assert_eq!(queue.url(), "http://x/1/jobs");
    let request = request.await.unwrap();
    for expected in [
        "POST / HTTP/1.1\r\n",
        "x-amz-target: AmazonSQS.CreateQueue\r\n",
        "content-type: application/x-amz-json-1.0\r\n",
        "Credential=111122223333/20260101/eu-central-1/sqs/aws4_request,",
        r#"{"QueueName":"jobs","Attributes":{"DelaySeconds":"1"}}"#,
    ] {
        assert!(request.contains(expected), "{expected} is not in {request}");
    }
}

#[tokio::test]
async fn sns_is_called_in_query_and_answers_in_json() {
    let body = r#"{"PublishResponse":{"PublishResult":{"MessageId":"m-1"},"ResponseMetadata":{}}}"#;
    let (client, request) = server(&answer("200 OK", body)).await;
    let message = Outgoing::from("a&b")
        .attribute("kind", MessageAttribute::string("physical"))
        .attribute("bytes", MessageAttribute::binary(*b"\0\x01"))
        .group("g")
        .subject("news");
    let id = client.topic("arn:x").publish(message).await.unwrap();
    assert_eq!(id, "m-1");
    let request = request.await.unwrap();
    for expected in [
        "accept: application/json\r\n",
        "/sns/aws4_request,",
        "TopicArn=arn%3Ax&Message=a%26b&Subject=news&MessageGroupId=g&MessageAttributes.entry.1.Name=kind&",
        "MessageAttributes.entry.1.Value.StringValue=physical",
        "MessageAttributes.entry.2.Value.BinaryValue=AAE%3D",
        "&Action=Publish&Version=2010-03-31",
    ] {
        assert!(request.contains(expected), "{expected} is not in {request}");
    }
}

#[tokio::test]
async fn a_message_is_sent_with_all_that_belongs_to_it() {
    let (client, request) = server(&answer("200 OK", r#"{"MessageId":"m-1"}"#)).await;
    let message = Outgoing::json(&[1])
        .unwrap()
        .attribute("n", MessageAttribute::number(2))
        .group("g")
        .deduplication("d")
        .delay(Duration::from_millis(500));
    assert_eq!(client.queue("jobs").send(message).await.unwrap(), "m-1");
    let expected = concat!(
        r#"{"QueueUrl":"jobs","MessageBody":"[1]","#,
        r#""MessageAttributes":{"n":{"DataType":"Number","StringValue":"2"}},"#,
        r#""DelaySeconds":1,"MessageGroupId":"g","MessageDeduplicationId":"d"}"#
    );
    let request = request.await.unwrap();
    assert!(request.ends_with(expected), "{request}");
}

#[tokio::test]
async fn what_became_of_a_batch_is_told_in_its_order() {
    let body = r#"{"Successful":[{"Id":"1","MessageId":"m-1"}],
        "Failed":[{"Id":"0","Code":"InvalidMessageContents","Message":"Bad.","SenderFault":true}]}"#;
    let (client, _request) = server(&answer("200 OK", body)).await;
    let messages = [Outgoing::from("a"), Outgoing::from("b")];
    let sent = client.queue("jobs").send_batch(&messages).await.unwrap();
    assert_eq!(sent[0].as_ref().unwrap_err().code, "InvalidMessageContents");
    assert_eq!(sent[1].as_deref(), Ok("m-1"));
    let (client, _request) = server(&answer("200 OK", r#"{"Successful":[],"Failed":[]}"#)).await;
    let error = client.queue("jobs").send_batch(&messages).await.unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error}");

    let body = r#"{"PublishBatchResponse":{"PublishBatchResult":{"Failed":[],
        "Successful":[{"Id":"0","MessageId":"m-0"},{"Id":"1","MessageId":"m-1"}]}}}"#;
    let (client, request) = server(&answer("200 OK", body)).await;
    let sent = client.topic("arn:x").publish_batch(&messages).await.unwrap();
    assert_eq!(sent, [Ok("m-0".to_owned()), Ok("m-1".to_owned())]);
    let request = request.await.unwrap();
    let entry = "PublishBatchRequestEntries.member.2.Id=1&PublishBatchRequestEntries.member.2.Message=b";
    assert!(request.contains(entry), "{request}");
}

#[tokio::test]
async fn a_message_that_is_not_what_it_is_read_as_is_named() {
    let body = r#"{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"[1,2]"}]}"#;
    let (client, _request) = server(&answer("200 OK", body)).await;
    let mut incoming = client.queue("jobs").incoming(Receive::default());
    let message = incoming.next().await.unwrap();
    assert_eq!(message.json::<Vec<u8>>().unwrap(), [1, 2]);
    let error = message.json::<String>().unwrap_err().to_string();
    assert!(error.starts_with("the body of message m cannot be read: "), "{error}");
}

#[tokio::test]
async fn a_received_message_has_all_that_is_known_of_it() {
    let body = r#"{"Messages":[{"MessageId":"m","ReceiptHandle":"r","MD5OfBody":"x","Body":"b",
        "Attributes":{"ApproximateReceiveCount":"4","DeadLetterQueueSourceArn":"arn:q"},
        "MessageAttributes":{"n":{"DataType":"Number.int","StringValue":"1"},
                             "b":{"DataType":"Binary","BinaryValue":"AAE="}}}]}"#;
    let (client, request) = server(&answer("200 OK", body)).await;
    let receive = Receive { wait: Duration::from_millis(1500), ..Receive::default() };
    let messages = client.queue("jobs").receive(receive).await.unwrap();
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message.receive_count(), Some(4));
    assert_eq!(message.dead_letter_source(), Some("arn:q"));
    assert_eq!(message.attributes["n"].data_type, "Number.int");
    assert_eq!(message.attributes["b"].value, AttributeValue::Bytes(vec![0, 1]));
    assert!(request.await.unwrap().contains(r#""WaitTimeSeconds":2"#));
}

#[tokio::test]
async fn an_answer_without_content_is_no_message_or_done() {
    for body in ["{}", ""] {
        let (client, _request) = server(&answer("200 OK", body)).await;
        let messages = client.queue("jobs").receive(Receive::default()).await.unwrap();
        assert!(messages.is_empty());
        let (client, _request) = server(&answer("200 OK", body)).await;
        client.queue("jobs").delete("r").await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_has_code_message_and_status() {
    let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"No such queue."}"#;
    let (client, _request) = server(&answer("400 Bad Request", body)).await;
    let error = client.queue("jobs").arn().await.unwrap_err();
    assert_eq!(error.to_string(), "GetQueueAttributes: QueueDoesNotExist (400): No such queue.");

    let body = r#"{"Error":{"Code":"NotFound","Message":"No such topic","Type":"Sender"},"RequestId":"r"}"#;
    let (client, _request) = server(&answer("404 Not Found", body)).await;
    let error = client.topic("arn:x").publish("m").await.unwrap_err();
    assert_eq!(error.code(), Some("NotFound"));
    let Error::Fault(fault) = error else { panic!("{error}") };
    assert_eq!(fault.status, 404);
    assert_eq!(fault.request_id.as_deref(), Some("request-1"));
}

#[tokio::test]
async fn what_is_no_hub_is_told_apart() {
    for (status, body) in [("200 OK", "<html>"), ("502 Bad Gateway", "<html>"), ("200 OK", "{}")] {
        let (client, _request) = server(&answer(status, body)).await;
        let error = client.create_queue("jobs", &[]).await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error}");
        let (client, _request) = server(&answer(status, body)).await;
        let error = client.create_topic("orders").await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_transport_error() {
    for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let (client, _request) = server(reply).await;
        let error = client.queue("jobs").arn().await.unwrap_err();
        assert!(matches!(error, Error::Transport { .. }), "{error}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::new(endpoint).unwrap().create_topic("t").await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let error = Client::new(endpoint).unwrap().create_topic("t").await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. } | Error::Transport { .. }), "{error}");
}

/// Whoever listens cannot show a certificate; what matters is how the client begins.
#[cfg(feature = "tls")]
#[tokio::test]
async fn an_endpoint_with_https_is_spoken_to_in_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let hello = async || {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap()
    };
    let queue = client.queue("jobs");
    let (error, first) = tokio::join!(queue.delete("r"), hello());
    assert!(matches!(error, Err(Error::Transport { .. })), "{error:?}");
    assert_eq!(first, 0x16, "a record of a handshake");
    #[cfg(feature = "websocket")]
    {
        let (error, first) = tokio::join!(client.socket().open(), hello());
        assert!(matches!(error, Err(Error::Closed { .. })), "{error:?}");
        assert_eq!(first, 0x16, "a record of a handshake");
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_is_for_those_who_want_it() {
    let error = Client::new("https://hub").unwrap_err().to_string();
    assert!(error.ends_with("without its feature `tls`"), "{error}");
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    for endpoint in ["", "hub", "127.0.0.1:4566", "ftp://hub", "http://", "http://h?a=b", "/x"] {
        let result = Client::new(endpoint);
        assert!(matches!(result, Err(Error::Setting(_))), "{endpoint}");
    }
    for account in ["", "1", "1234567890123", "12345678901x"] {
        assert!(Client::builder("http://h").account(account).build().is_err(), "{account}");
    }
    for region in ["", "a/b", "a\r\nb", "é"] {
        assert!(Client::builder("http://h").region(region).build().is_err(), "{region}");
    }
}

#[test]
fn every_call_can_run_in_a_task_of_its_own() {
    fn is_send(_: impl Send) {}
    let client = Client::new("http://h").unwrap();
    let (topic, queue) = (client.topic("t"), client.queue("q"));
    is_send(client.create_queue("q", &[]));
    is_send(client.create_topic("t"));
    is_send(topic.subscribe("arn", &[]));
    is_send(topic.publish("m"));
    is_send(queue.send("m"));
    is_send(queue.receive(Receive::default()));
    is_send(queue.delete("r"));
    is_send(queue.change_visibility("r", Duration::ZERO));
    is_send(queue.arn());
}
