//! The three batches.

use super::*;

fn send(queue: &str, entries: Value) -> Value {
    json!({"QueueUrl": queue, "Entries": entries})
}

#[tokio::test]
async fn each_entry_of_a_batch_has_its_own_outcome() {
    let fixture = Fixture::new().await;
    fixture.create("small", json!({"MaximumMessageSize": "1024"})).await;
    let attributes = json!({"Hello": {"DataType": "String", "StringValue": "World"}});
    let entries = json!([
        {"Id": "first", "MessageBody": "1"},
        {"Id": "empty"},
        {"Id": "large", "MessageBody": "a".repeat(1025)},
        {"Id": "zero", "MessageBody": "\u{0}"},
        {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
        {"Id": "last", "MessageBody": "2", "MessageAttributes": attributes},
    ]);
    let characters = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 \
                      to #xFFFD | #x10000 to #x10FFFF";
    let large =
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.";
    let late =
        "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.";
    let empty = "The request must contain the parameter SendMessageBatchRequestEntry.2.MessageBody.";
    let failed = |id: &str, code: &str, message: &str| json!({"Id": id, "SenderFault": true, "Code": code, "Message": message});
    let outcomes = json!({
        "Successful": [
            {"Id": "first", "MessageId": "*", "MD5OfMessageBody": "c4ca4238a0b923820dcc509a6f75849b"},
            {
                "Id": "last",
                "MessageId": "*",
                "MD5OfMessageBody": "c81e728d9d4c2f636f067f89cc14862c",
                "MD5OfMessageAttributes": "7db7fb1ba7f41366a8ea5eb18220b26d",
            },
        ],
        "Failed": [
            failed("empty", "MissingParameter", empty),
            failed("large", "InvalidParameterValue", large),
            failed("zero", "InvalidMessageContents", characters),
            failed("late", "InvalidParameterValue", late),
        ],
    });
    fixture.check("SendMessageBatch", send("small", entries), outcomes).await;
    assert_eq!(bodies(&fixture.take("small", json!({})).await), ["1", "2"]);
}

#[tokio::test]
async fn a_batch_of_nothing_but_failures_is_answered_as_well() {
    let fixture = Fixture::new().await;
    let message = "The request must contain the parameter SendMessageBatchRequestEntry.1.MessageBody.";
    let failed = json!([{"Id": "a", "SenderFault": true, "Code": "MissingParameter", "Message": message}]);
    let entries = json!([{"Id": "a", "MessageBody": ""}]);
    fixture.check("SendMessageBatch", send("orders", entries), json!({"Failed": failed})).await;
}

const EMPTY: &str = "AWS.SimpleQueueService.EmptyBatchRequest";

#[tokio::test]
async fn some_mistakes_spoil_the_whole_batch() {
    const MANY: &str = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
    const REPEATED: &str = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
    const LONG: &str = "AWS.SimpleQueueService.BatchRequestTooLong";
    let fixture = Fixture::new().await;
    let entry = |id: &str| json!({"Id": id, "MessageBody": "x"});
    let eleven: Vec<_> = (0..11).map(|at| entry(&at.to_string())).collect();
    let half = "a".repeat(524_288);
    let large = json!([{"Id": "1", "MessageBody": half}, {"Id": "2", "MessageBody": half}, entry("3")]);
    let number = json!({"n": {"DataType": "Number", "StringValue": "x"}});
    let with_number = json!([entry("a"), {"Id": "b", "MessageBody": "x", "MessageAttributes": number}]);
    let cases = [
        (
            json!([]),
            (400, EMPTY, "There should be at least one SendMessageBatchRequestEntry in the request."),
        ),
        (json!(eleven), (400, MANY, "Maximum number of entries per request are 10. You have sent 11.")),
        (json!([entry("a"), entry("a")]), (400, REPEATED, "Id a repeated.")),
        (
            large,
            (400, LONG, "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."),
        ),
        (with_number, invalid("Can't cast the value of message (user) attribute 'n' to a number.")),
    ];
    for (entries, expected) in cases {
        fixture.refuse("SendMessageBatch", send("orders", entries), expected).await;
    }
    assert_eq!(fixture.counts("orders").await, ["0", "0", "0"]);
}

#[tokio::test]
async fn a_batch_has_entries() {
    let fixture = Fixture::new().await;
    for operation in ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        let message = format!("There should be at least one {operation}RequestEntry in the request.");
        fixture.refuse(operation, json!({"QueueUrl": "orders"}), (400, EMPTY, &message)).await;
    }
}

#[tokio::test]
async fn receives_end_one_by_one() {
    let fixture = Fixture::new().await;
    for body in ["a", "b", "c"] {
        fixture.put("orders", body).await;
    }
    let taken = fixture.take("orders", json!({})).await;
    let bad_handle = "The input receipt handle \"garbage\" is not a valid receipt handle.";
    let range = "Value 43201 for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer \
                 between 0 and 43200.";
    let failed = |id: &str, code: &str, message: &str| json!({"Id": id, "SenderFault": true, "Code": code, "Message": message});
    let change = json!([
        {"Id": "1", "ReceiptHandle": taken[0].1, "VisibilityTimeout": 0},
        {"Id": "2", "ReceiptHandle": "garbage", "VisibilityTimeout": 0},
        {"Id": "3", "ReceiptHandle": taken[1].1, "VisibilityTimeout": 43_201},
        {"Id": "4", "ReceiptHandle": taken[2].1, "VisibilityTimeout": 40},
    ]);
    let outcomes = json!({
        "Successful": [{"Id": "1"}, {"Id": "4"}],
        "Failed": [
            failed("2", "ReceiptHandleIsInvalid", bad_handle),
            failed("3", "InvalidParameterValue", range),
        ],
    });
    let input = json!({"QueueUrl": "orders", "Entries": change});
    fixture.check("ChangeMessageVisibilityBatch", input, outcomes).await;
    assert_eq!(fixture.counts("orders").await, ["1", "2", "0"]);

    let missing = "The request must contain the parameter DeleteMessageBatchRequestEntry.3.ReceiptHandle.";
    let delete = json!([
        {"Id": "1", "ReceiptHandle": taken[0].1},
        {"Id": "2", "ReceiptHandle": "garbage"},
        {"Id": "3"},
        {"Id": "4", "ReceiptHandle": taken[2].1},
    ]);
    let outcomes = json!({
        "Successful": [{"Id": "1"}, {"Id": "4"}],
        "Failed": [
            failed("2", "ReceiptHandleIsInvalid", bad_handle),
            failed("3", "MissingParameter", missing),
        ],
    });
    fixture.check("DeleteMessageBatch", json!({"QueueUrl": "orders", "Entries": delete}), outcomes).await;
    assert_eq!(fixture.counts("orders").await, ["0", "1", "0"]);
}

#[tokio::test]
async fn the_entries_of_a_batch_are_counted_however_many_there_are() {
    let fixture = Fixture::new().await;
    let entries = json!(vec![json!({}); 10_000]);
    let message = "Maximum number of entries per request are 10. You have sent 10000.";
    let refusal = (400, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", message);
    for operation in ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        fixture.refuse(operation, send("orders", entries.clone()), refusal).await;
    }
    let entries = (1..=11).fold(String::new(), |entries, number| {
        entries + &format!("&SendMessageBatchRequestEntry.{number}.Id=a")
    });
    let message = "Maximum number of entries per request are 10. You have sent 11.";
    fixture
        .query(
            "/000000000000/orders",
            &format!("Action=SendMessageBatch{entries}"),
            Err((400, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", message)),
        )
        .await;
}
