//! The attributes of queues.

use super::*;
use crate::config::ByteSize;

#[tokio::test]
async fn attributes_are_told_as_asked() {
    let fixture = Fixture::new().await;
    let get = |names: Value| json!({"QueueUrl": "orders", "AttributeNames": names});
    fixture.check("GetQueueAttributes", json!({"QueueUrl": "orders"}), json!({})).await;
    fixture.check("GetQueueAttributes", get(json!(["Policy", "FifoQueue"])), json!({})).await;
    let some = json!({"Attributes": {"QueueArn": arn("orders"), "DelaySeconds": "0"}});
    fixture.check("GetQueueAttributes", get(json!(["QueueArn", "DelaySeconds", "QueueArn"])), some).await;
    let all = json!({"Attributes": {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "CreatedTimestamp": "*",
        "DelaySeconds": "0",
        "LastModifiedTimestamp": "*",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": arn("orders"),
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }});
    fixture.check("GetQueueAttributes", get(json!(["All"])), all).await;
    let unknown = (400, "InvalidAttributeName", "Unknown Attribute Nonsense.");
    fixture.refuse("GetQueueAttributes", get(json!(["All", "Nonsense"])), unknown).await;
}

#[tokio::test]
async fn attributes_are_set_all_or_none() {
    let fixture = Fixture::new().await;
    let set = |attributes: Value| json!({"QueueUrl": "orders", "Attributes": attributes});
    let before = fixture.attribute("orders", "LastModifiedTimestamp").await.unwrap();
    fixture.later(5).await;
    let policy =
        r#"{"Version":"2012-10-17", "Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*"}]}"#;
    let given = json!({"VisibilityTimeout": "5", "Policy": policy, "KmsMasterKeyId": null});
    fixture.check("SetQueueAttributes", set(given), Value::Null).await;
    assert_eq!(fixture.attribute("orders", "Policy").await.as_deref(), Some(policy));
    assert_eq!(fixture.attribute("orders", "VisibilityTimeout").await.as_deref(), Some("5"));
    assert!(fixture.attribute("orders", "LastModifiedTimestamp").await.unwrap() > before);
    let wrong = json!({"VisibilityTimeout": "6", "DelaySeconds": "x"});
    let invalid = (400, "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds.");
    fixture.refuse("SetQueueAttributes", set(wrong), invalid).await;
    assert_eq!(fixture.attribute("orders", "VisibilityTimeout").await.as_deref(), Some("5"));
    let missing = (400, "MissingParameter", "The request must contain the parameter Attributes.");
    fixture.refuse("SetQueueAttributes", json!({"QueueUrl": "orders"}), missing).await;
    fixture.check("SetQueueAttributes", set(json!({"Policy": ""})), Value::Null).await;
    assert_eq!(fixture.attribute("orders", "Policy").await, None);
}

#[tokio::test]
async fn the_kind_of_a_queue_does_not_change() {
    let fixture = Fixture::new().await;
    fixture.create("a.fifo", json!({"FifoQueue": "true"})).await;
    let set = |queue: &str, fifo: &str| json!({"QueueUrl": queue, "Attributes": {"FifoQueue": fifo}});
    fixture.check("SetQueueAttributes", set("a.fifo", "true"), Value::Null).await;
    let message = "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.";
    let refusal = (400, "InvalidAttributeValue", message);
    fixture.refuse("SetQueueAttributes", set("a.fifo", "false"), refusal).await;
    let unknown = (400, "InvalidAttributeName", "Unknown Attribute FifoQueue.");
    fixture.refuse("SetQueueAttributes", set("orders", "true"), unknown).await;
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made() {
    let fixture = Fixture::new().await;
    let tag = |key: &str| json!({"QueueUrl": "orders", "Tags": {key: "x"}});
    let set = json!({"QueueUrl": "orders", "Attributes": {"DelaySeconds": "7"}});
    tokio::join!(
        fixture.check("TagQueue", tag("a"), Value::Null),
        fixture.check("TagQueue", tag("b"), Value::Null),
        fixture.check("SetQueueAttributes", set, Value::Null),
        fixture.check("TagQueue", tag("c"), Value::Null),
    );
    let tags = json!({"Tags": {"a": "x", "b": "x", "c": "x"}});
    fixture.check("ListQueueTags", json!({"QueueUrl": "orders"}), tags).await;
    assert_eq!(fixture.attribute("orders", "DelaySeconds").await.as_deref(), Some("7"));
}

#[tokio::test]
async fn what_adds_is_refused_while_the_state_is_full() {
    let max_state = Some(ByteSize(64 << 10));
    let fixture = Fixture::with(Settings { max_state, ..Settings::default() }).await;
    fixture.put("orders", &"x".repeat(64 << 10)).await;
    // The answer comes from the engine, which has weighed what it holds by then.
    let held = fixture.attribute("orders", "ApproximateNumberOfMessages").await;
    assert_eq!(held.as_deref(), Some("1"));
    let message = "The hub holds as much as --max-state allows: messages are refused until others are deleted. \
                   Receiving and deleting go on.";
    let full = (503, "ServiceUnavailable", message);
    let send = json!({"QueueUrl": "orders", "MessageBody": "a"});
    fixture.refuse("SendMessage", send, full).await;
    fixture.refuse("CreateQueue", json!({"QueueName": "more"}), full).await;
    let tags = json!({"QueueUrl": "orders", "Tags": {"a": "x"}});
    fixture.refuse("TagQueue", tags, full).await;
    assert_eq!(fixture.take("orders", json!({})).await.len(), 1);
    fixture.check("DeleteQueue", json!({"QueueUrl": "orders"}), Value::Null).await;
}
