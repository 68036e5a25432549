//! FIFO queues.

use super::*;

async fn fixture(more: Value) -> Fixture {
    let fixture = Fixture::new().await;
    let attributes = with(json!({"FifoQueue": "true"}), more);
    fixture.create("a.fifo", attributes).await;
    fixture
}

fn message(body: &str, group: &str, id: &str) -> Value {
    json!({"QueueUrl": "a.fifo", "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": id})
}

#[tokio::test]
async fn a_duplicate_is_accepted_as_the_original() {
    let fixture = fixture(json!({})).await;
    let accepted = json!({"MessageId": "*", "MD5OfMessageBody": "*", "SequenceNumber": "*"});
    let first = fixture.check("SendMessage", message("1", "g", "id"), accepted.clone()).await;
    let again = fixture.check("SendMessage", message("2", "other", "id"), accepted.clone()).await;
    assert_eq!(first["MessageId"], again["MessageId"]);
    assert_eq!(first["SequenceNumber"], again["SequenceNumber"]);
    assert_eq!(again["MD5OfMessageBody"], "c81e728d9d4c2f636f067f89cc14862c");
    assert_eq!(first["SequenceNumber"].as_str().unwrap().len(), 20);
    let handle = fixture.take("a.fifo", json!({})).await[0].1.clone();
    fixture.check("DeleteMessage", json!({"QueueUrl": "a.fifo", "ReceiptHandle": handle}), Value::Null).await;
    fixture.check("SendMessage", message("3", "g", "id"), accepted.clone()).await;
    assert_eq!(fixture.counts("a.fifo").await, ["0", "0", "0"]);
    fixture.later(300).await;
    fixture.check("SendMessage", message("4", "g", "id"), accepted).await;
    assert_eq!(fixture.counts("a.fifo").await, ["1", "0", "0"]);
}

#[tokio::test]
async fn content_can_identify_a_message() {
    let fixture = fixture(json!({"ContentBasedDeduplication": "true"})).await;
    let send = json!({"QueueUrl": "a.fifo", "MessageBody": "Test", "MessageGroupId": "g"});
    for _ in 0..2 {
        assert_eq!(fixture.json("SendMessage", &send).await.0, 200);
    }
    let receive = json!({"QueueUrl": "a.fifo", "MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
    let messages = fixture.json("ReceiveMessage", &receive).await.2["Messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 1);
    let expected = json!({
        "SenderId": "*",
        "SentTimestamp": "*",
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "*",
        "SequenceNumber": "*",
        "MessageDeduplicationId": "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25",
        "MessageGroupId": "g",
    });
    assert!(matches(&expected, &messages[0]["Attributes"]), "{messages}");
}

#[tokio::test]
async fn a_message_needs_a_group_and_something_that_identifies_it() {
    let fixture = fixture(json!({})).await;
    let no_group = "The request must contain the parameter MessageGroupId.";
    let no_id = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly";
    let bad_id = "Value a b for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only \
                  include alphanumeric and punctuation characters. 1 to 128 in length.";
    let delay = "Value 5 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid \
                 for this queue type.";
    let entry = |more: Value| with(json!({"Id": "e", "MessageBody": "x"}), more);
    let (bare, grouped) = (json!({}), json!({"MessageGroupId": "g"}));
    let spaced = json!({"MessageGroupId": "g", "MessageDeduplicationId": "a b"});
    let delayed = json!({"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 5});
    for (more, alone, in_batch) in [
        (bare, (400, "MissingParameter", no_group), invalid(no_group)),
        (grouped, invalid(no_id), invalid(no_id)),
        (spaced, invalid(bad_id), invalid(bad_id)),
    ] {
        let mut single = entry(more.clone());
        single["QueueUrl"] = json!("a.fifo");
        fixture.refuse("SendMessage", single, alone).await;
        let batch = json!({"QueueUrl": "a.fifo", "Entries": [entry(more)]});
        fixture.refuse("SendMessageBatch", batch, in_batch).await;
    }
    let failed = json!([{"Id": "e", "SenderFault": true, "Code": "InvalidParameterValue", "Message": delay}]);
    let batch = json!({"QueueUrl": "a.fifo", "Entries": [entry(delayed)]});
    fixture.check("SendMessageBatch", batch, json!({"Failed": failed})).await;
    let mut zero = message("x", "g", "d");
    zero["DelaySeconds"] = json!(0);
    assert_eq!(fixture.json("SendMessage", &zero).await.0, 200);
}

#[tokio::test]
async fn a_group_keeps_its_order_and_waits_for_what_is_in_flight() {
    let fixture = fixture(json!({})).await;
    let entry =
        |id: &str| json!({"Id": id, "MessageBody": id, "MessageGroupId": "g", "MessageDeduplicationId": id});
    let entries: Vec<_> = ["a", "b", "c"].map(entry).into();
    let batch = json!({"QueueUrl": "a.fifo", "Entries": entries});
    let sent = fixture.json("SendMessageBatch", &batch).await.2["Successful"].clone();
    let numbers: Vec<_> =
        sent.as_array().unwrap().iter().map(|one| one["SequenceNumber"].to_string()).collect();
    assert!(numbers.is_sorted() && numbers.len() == 3, "{numbers:?}");
    let first = fixture.take("a.fifo", json!({"MaxNumberOfMessages": 2, "VisibilityTimeout": 10})).await;
    assert_eq!(bodies(&first), ["a", "b"]);
    assert!(fixture.take("a.fifo", json!({})).await.is_empty());
    let delete = |handle: &str| json!({"QueueUrl": "a.fifo", "ReceiptHandle": handle});
    fixture.check("DeleteMessage", delete(&first[1].1), Value::Null).await;
    fixture.later(10).await;
    let expired = format!(
        "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        first[0].1
    );
    let refusal = (400, "InvalidParameterValue", expired.as_str());
    fixture.refuse("DeleteMessage", delete(&first[0].1), refusal).await;
    let change = json!({"QueueUrl": "a.fifo", "ReceiptHandle": first[0].1, "VisibilityTimeout": 5});
    fixture.refuse("ChangeMessageVisibility", change, refusal).await;
    let entries = json!([{"Id": "1", "ReceiptHandle": first[0].1}]);
    let failed =
        json!([{"Id": "1", "SenderFault": true, "Code": "InvalidParameterValue", "Message": expired}]);
    let batch = json!({"QueueUrl": "a.fifo", "Entries": entries});
    fixture.check("DeleteMessageBatch", batch, json!({"Failed": failed})).await;
    assert_eq!(bodies(&fixture.take("a.fifo", json!({})).await), ["a", "c"]);
}

#[tokio::test]
async fn a_receive_attempt_can_be_repeated() {
    let fixture = fixture(json!({})).await;
    for id in ["a", "b"] {
        fixture.json("SendMessage", &message(id, "g", id)).await;
    }
    let attempt = json!({"ReceiveRequestAttemptId": "once"});
    let first = fixture.take("a.fifo", attempt.clone()).await;
    assert_eq!(bodies(&first), ["a", "b"]);
    assert_eq!(fixture.take("a.fifo", attempt).await, first);
    assert!(fixture.take("a.fifo", json!({"ReceiveRequestAttemptId": "twice"})).await.is_empty());
    let bad = "Value a b for parameter ReceiveRequestAttemptId is invalid. Reason: ReceiveRequestAttemptId can only \
               include alphanumeric and punctuation characters. 1 to 128 in length.";
    let input = |queue: &str| json!({"QueueUrl": queue, "ReceiveRequestAttemptId": "a b"});
    fixture.refuse("ReceiveMessage", input("a.fifo"), (400, "InvalidParameterValue", bad)).await;
    fixture.check("ReceiveMessage", input("orders"), json!({})).await;
}
