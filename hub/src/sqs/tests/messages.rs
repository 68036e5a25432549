//! Sending, deleting and hiding single messages.

use super::*;

const INVALID_CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to \
                                  #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";

#[tokio::test]
async fn a_group_on_a_standard_queue_is_kept_and_shown() {
    let fixture = Fixture::new().await;
    for group in ["busy", "quiet"] {
        let send = json!({"QueueUrl": "orders", "MessageBody": "x", "MessageGroupId": group});
        let sent = json!({"MessageId": "*", "MD5OfMessageBody": "*"});
        fixture.check("SendMessage", send, sent).await;
    }
    let receive =
        json!({"QueueUrl": "orders", "MaxNumberOfMessages": 10, "AttributeNames": ["MessageGroupId"]});
    let message = |group: &str| {
        json!({
            "MessageId": "*",
            "ReceiptHandle": "*",
            "MD5OfBody": "*",
            "Body": "x",
            "Attributes": {"MessageGroupId": group},
        })
    };
    let both = json!({"Messages": [message("busy"), message("quiet")]});
    fixture.check("ReceiveMessage", receive, both).await;
}

#[tokio::test]
async fn a_message_is_sent_and_received() {
    let fixture = Fixture::new().await;
    let attributes = json!({
        "Hello": {"DataType": "String", "StringValue": "World"},
        "Blob": {"DataType": "Binary", "BinaryValue": "AAE="},
    });
    let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "some-trace-id"}});
    let send = json!({
        "QueueUrl": "orders",
        "MessageBody": "Test \u{1f600}\r\n<&>",
        "MessageAttributes": attributes,
        "MessageSystemAttributes": trace,
        "DelaySeconds": null,
        "MessageGroupId": "tenant",
    });
    let sent = json!({
        "MessageId": "*",
        "MD5OfMessageBody": "*",
        "MD5OfMessageAttributes": "*",
        "MD5OfMessageSystemAttributes": "fdce4f2818803f2f73becc09a54792c0",
    });
    let sent = fixture.check("SendMessage", send, sent).await;
    let receive = json!({
        "QueueUrl": "orders",
        "AttributeNames": ["SenderId", "MessageGroupId", "SequenceNumber"],
        "MessageSystemAttributeNames": ["ApproximateReceiveCount", "AWSTraceHeader"],
        "MessageAttributeNames": ["Hel.*", "Missing"],
    });
    let message = json!({
        "MessageId": sent["MessageId"],
        "ReceiptHandle": "*",
        "MD5OfBody": sent["MD5OfMessageBody"],
        "Body": "Test \u{1f600}\r\n<&>",
        "Attributes": {
            "SenderId": "000000000000",
            "MessageGroupId": "tenant",
            "ApproximateReceiveCount": "1",
            "AWSTraceHeader": "some-trace-id",
        },
        "MD5OfMessageAttributes": "7db7fb1ba7f41366a8ea5eb18220b26d",
        "MessageAttributes": {"Hello": {"StringValue": "World", "DataType": "String"}},
    });
    fixture.check("ReceiveMessage", receive, json!({"Messages": [message]})).await;
}

#[tokio::test]
async fn the_trace_of_a_request_is_that_of_its_message() {
    let fixture = Fixture::new().await;
    let headers = [("x-amz-target", "AmazonSQS.SendMessage"), ("x-amzn-trace-id", "Root=1-2-3")];
    let (status, _, body) = fixture.send("/", &headers, r#"{"QueueUrl":"orders","MessageBody":"x"}"#).await;
    assert!(status == 200 && !body.contains("MD5OfMessageSystemAttributes"), "{body}");
    let receive = json!({"QueueUrl": "orders", "AttributeNames": ["AWSTraceHeader"]});
    let body = fixture.json("ReceiveMessage", &receive).await.2;
    assert_eq!(body["Messages"][0]["Attributes"]["AWSTraceHeader"], "Root=1-2-3");
}

/// Sends a message that says something wrong.
async fn refuse(fixture: &Fixture, wrong: Value, expected: Refusal<'_>) {
    let message = with(json!({"QueueUrl": "orders", "MessageBody": "x"}), wrong);
    fixture.refuse("SendMessage", message, expected).await;
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let fixture = Fixture::new().await;
    fixture.create("small", json!({"MaximumMessageSize": "1024"})).await;
    let missing = (400, "MissingParameter", "The request must contain the parameter MessageBody.");
    let size = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.";
    let group = "Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric \
                 and punctuation characters. 1 to 128 in length.";
    let id = "Value d for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that \
              is not valid for this queue type.";
    let cases = [
        (json!({"QueueUrl": "nowhere", "MessageBody": null}), missing),
        (json!({"MessageBody": ""}), missing),
        (json!({"QueueUrl": "nowhere"}), NO_QUEUE),
        (json!({"MessageBody": "a\u{0}"}), (400, "InvalidMessageContents", INVALID_CHARACTERS)),
        (json!({"QueueUrl": "small", "MessageBody": "a".repeat(1025)}), invalid(size)),
        (json!({"MessageGroupId": ""}), invalid(group)),
        (json!({"MessageDeduplicationId": "d"}), invalid(id)),
    ];
    for (wrong, expected) in cases {
        refuse(&fixture, wrong, expected).await;
    }
    for delay in [-1, 901, i64::MAX] {
        let reason = "DelaySeconds must be >= 0 and <= 900.";
        let message = format!("Value {delay} for parameter DelaySeconds is invalid. Reason: {reason}");
        refuse(&fixture, json!({"DelaySeconds": delay}), invalid(&message)).await;
    }
}

#[tokio::test]
async fn wrong_attributes_are_refused() {
    let fixture = Fixture::new().await;
    let number = json!({"a": {"DataType": "Number", "StringValue": "five"}});
    let list = json!({"a": {"DataType": "String", "StringListValues": ["x"]}});
    let other = json!({"Other": {"DataType": "String", "StringValue": "x"}});
    let lists = "Message attribute list values in SendMessage operation are not supported.";
    let cases = [
        (
            "MessageAttributes",
            number,
            invalid("Can't cast the value of message (user) attribute 'a' to a number."),
        ),
        ("MessageAttributes", list, (400, "AWS.SimpleQueueService.UnsupportedOperation", lists)),
        ("MessageSystemAttributes", other, invalid("Message system attribute name 'Other' is invalid.")),
    ];
    for (member, wrong, expected) in cases {
        refuse(&fixture, json!({member: wrong}), expected).await;
    }
}

#[tokio::test]
async fn attributes_count_toward_the_size() {
    let fixture = Fixture::new().await;
    fixture.create("small", json!({"MaximumMessageSize": "1024"})).await;
    let send = |length: usize| {
        let attributes = json!({"name": {"DataType": "String", "StringValue": "value"}});
        json!({"QueueUrl": "small", "MessageBody": "a".repeat(length), "MessageAttributes": attributes})
    };
    let attribute_bytes = "name".len() + "String".len() + "value".len();
    let (status, ..) = fixture.json("SendMessage", &send(1024 - attribute_bytes)).await;
    assert_eq!(status, 200);
    let too_large = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.";
    let refusal = (400, "InvalidParameterValue", too_large);
    fixture.refuse("SendMessage", send(1025 - attribute_bytes), refusal).await;
}

#[tokio::test]
async fn a_delay_is_that_of_the_message_or_else_of_the_queue() {
    let fixture = Fixture::new().await;
    fixture.create("slow", json!({"DelaySeconds": "10"})).await;
    for (body, delay) in [("queue", Value::Null), ("none", json!(0)), ("own", json!(20))] {
        let send = json!({"QueueUrl": "slow", "MessageBody": body, "DelaySeconds": delay});
        assert_eq!(fixture.json("SendMessage", &send).await.0, 200);
    }
    assert_eq!(fixture.counts("slow").await, ["1", "0", "2"]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(fixture.take("slow", json!({})).await);
        fixture.later(10).await;
    }
    let seen: Vec<_> = seen.iter().map(|taken| bodies(taken)).collect();
    assert_eq!(seen, [["none"], ["queue"], ["own"]]);
}

#[tokio::test]
async fn any_receive_of_a_message_deletes_it() {
    let fixture = Fixture::new().await;
    fixture.put("orders", "x").await;
    let first = fixture.take("orders", json!({"VisibilityTimeout": 0})).await;
    let second = fixture.take("orders", json!({})).await;
    assert_ne!(first[0].1, second[0].1);
    let delete = |handle: &str| json!({"QueueUrl": "orders", "ReceiptHandle": handle});
    for _ in 0..2 {
        fixture.check("DeleteMessage", delete(&first[0].1), Value::Null).await;
        assert_eq!(fixture.counts("orders").await, ["0", "0", "0"]);
    }
}

#[tokio::test]
async fn what_is_no_receipt_handle_is_refused() {
    let fixture = Fixture::new().await;
    fixture.create("other", json!({})).await;
    fixture.put("other", "x").await;
    let foreign = fixture.take("other", json!({})).await[0].1.clone();
    for handle in ["garbage", &foreign] {
        let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        let input = json!({"QueueUrl": "orders", "ReceiptHandle": handle, "VisibilityTimeout": 1});
        for operation in ["DeleteMessage", "ChangeMessageVisibility"] {
            fixture.refuse(operation, input.clone(), (404, "ReceiptHandleIsInvalid", &message)).await;
        }
    }
    let missing = (400, "MissingParameter", "The request must contain the parameter ReceiptHandle.");
    for input in [json!({"QueueUrl": "orders"}), json!({"QueueUrl": "orders", "ReceiptHandle": ""})] {
        fixture.refuse("DeleteMessage", input.clone(), missing).await;
        fixture.refuse("ChangeMessageVisibility", input, missing).await;
    }
}

#[tokio::test]
async fn a_visibility_timeout_runs_from_its_change() {
    let fixture = Fixture::new().await;
    fixture.put("orders", "x").await;
    let handle = fixture.take("orders", json!({"VisibilityTimeout": 10})).await[0].1.clone();
    let change =
        |timeout: Value| json!({"QueueUrl": "orders", "ReceiptHandle": handle, "VisibilityTimeout": timeout});
    fixture.later(9).await;
    fixture.check("ChangeMessageVisibility", change(json!(5)), Value::Null).await;
    fixture.later(4).await;
    assert_eq!(fixture.counts("orders").await, ["0", "1", "0"]);
    fixture.later(1).await;
    assert_eq!(fixture.counts("orders").await, ["1", "0", "0"]);
    fixture.check("ChangeMessageVisibility", change(json!(10)), Value::Null).await;
    assert_eq!(fixture.counts("orders").await, ["0", "1", "0"]);
    fixture.check("ChangeMessageVisibility", change(json!(0)), Value::Null).await;
    assert_eq!(fixture.counts("orders").await, ["1", "0", "0"]);

    let range = "VisibilityTimeout must be an integer between 0 and 43200.";
    for timeout in [-1, 43_201, i64::MAX] {
        let message = format!("Value {timeout} for parameter VisibilityTimeout is invalid. Reason: {range}");
        fixture.refuse("ChangeMessageVisibility", change(json!(timeout)), invalid(&message)).await;
    }
    let total = "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
                 message is beyond the limit [43200 seconds].";
    fixture.refuse("ChangeMessageVisibility", change(json!(43_200)), invalid(total)).await;
    let missing = (400, "MissingParameter", "The request must contain the parameter VisibilityTimeout.");
    fixture.refuse("ChangeMessageVisibility", change(Value::Null), missing).await;
    fixture.check("DeleteMessage", json!({"QueueUrl": "orders", "ReceiptHandle": handle}), Value::Null).await;
    let gone = format!(
        "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
         visibility timeout change.",
    );
    fixture.refuse("ChangeMessageVisibility", change(json!(1)), invalid(&gone)).await;
}
