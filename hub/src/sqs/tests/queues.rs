//! Creating, finding, listing, tagging, purging and deleting queues.

use super::*;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn a_queue_is_created_once() {
    let fixture = Fixture::new().await;
    let create = |attributes: Value| json!({"QueueName": "orders", "Attributes": attributes});
    let same = json!({"QueueUrl": url("orders")});
    fixture.check("CreateQueue", create(json!({})), same.clone()).await;
    fixture.check("CreateQueue", create(json!({"VisibilityTimeout": "30"})), same.clone()).await;
    let with_tags = json!({"QueueName": "orders", "tags": {"a": "b"}, "Attributes": null});
    fixture.check("CreateQueue", with_tags, same).await;
    fixture.check("ListQueueTags", json!({"QueueUrl": url("orders")}), json!({})).await;
    let message =
        "A queue already exists with the same name and a different value for attribute DelaySeconds";
    let different = create(json!({"VisibilityTimeout": "30", "DelaySeconds": "1"}));
    fixture.refuse("CreateQueue", different, (400, "QueueAlreadyExists", message)).await;
}

#[tokio::test]
async fn a_queue_that_cannot_be_is_not_created() {
    let fixture = Fixture::new().await;
    let name = |name: &str| json!({"QueueName": name});
    let fifo = |name: &str, fifo: &str| json!({"QueueName": name, "Attributes": {"FifoQueue": fifo}});
    let characters = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    let fifo_name = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must \
                     end with .fifo suffix and be 1 to 80 in length";
    let cases = [
        (json!({}), invalid("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")),
        (name(""), invalid("Queue name cannot be empty")),
        (name("a b"), invalid(characters)),
        (name("a.fifo"), invalid(characters)),
        (fifo("a.fifo", "false"), invalid(characters)),
        (fifo("a", "true"), invalid(fifo_name)),
        (fifo("a", "false"), (400, "InvalidAttributeName", "Unknown Attribute FifoQueue.")),
        (
            json!({"QueueName": "a", "Attributes": {"Nonsense": "1"}}),
            (400, "InvalidAttributeName", "Unknown Attribute Nonsense."),
        ),
        (
            json!({"QueueName": "a", "Attributes": {"DelaySeconds": "901"}}),
            (400, "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds."),
        ),
        (
            json!({"QueueName": "a", "tags": {"": "x"}}),
            invalid("Tag keys must be between 1 and 128 characters in length."),
        ),
        (
            json!({"QueueName": "a", "Attributes": {"DelaySeconds": 5}}),
            (400, "MalformedInput", "NUMBER_VALUE can not be converted to a String"),
        ),
    ];
    for (input, expected) in cases {
        fixture.refuse("CreateQueue", input, expected).await;
    }
    fixture.check("ListQueues", json!({}), json!({"QueueUrls": [url("orders")]})).await;
}

#[tokio::test]
async fn a_queue_is_found_by_its_name() {
    let fixture = Fixture::new().await;
    let found = json!({"QueueUrl": url("orders")});
    fixture.check("GetQueueUrl", json!({"QueueName": "orders"}), found.clone()).await;
    let owned = |owner: &str| json!({"QueueName": "orders", "QueueOwnerAWSAccountId": owner});
    fixture.check("GetQueueUrl", owned("000000000000"), found).await;
    fixture.refuse("GetQueueUrl", owned("111122223333"), NO_QUEUE).await;
    fixture.refuse("GetQueueUrl", json!({"QueueName": "Orders"}), NO_QUEUE).await;
    let missing = "Value for parameter QueueName is invalid. Reason: Must specify a queue name.";
    for input in [json!({}), json!({"QueueName": ""}), json!({"QueueName": null})] {
        fixture.refuse("GetQueueUrl", input, (400, "InvalidParameterValue", missing)).await;
    }
}

#[tokio::test]
async fn a_queue_is_named_by_url_name_or_arn() {
    let fixture = Fixture::new().await;
    for name in [&url("orders"), "https://queue.amazonaws.com/000000000000/orders", "orders", &arn("orders")]
    {
        fixture.check("ListQueueTags", json!({"QueueUrl": name}), json!({})).await;
    }
    let elsewhere = "arn:aws:sqs:us-east-1:000000000000:orders";
    for input in [
        json!({}),
        json!({"QueueUrl": ""}),
        json!({"QueueUrl": "http://hub"}),
        json!({"QueueUrl": elsewhere}),
    ] {
        fixture.refuse("ListQueueTags", input, NO_QUEUE).await;
    }
}

#[tokio::test]
async fn queues_are_listed_in_pages_that_do_not_shift() {
    let fixture = Fixture::new().await;
    for name in ["b1", "b2", "b3"] {
        fixture.create(name, json!({})).await;
    }
    let all = json!({"QueueUrls": [url("b1"), url("b2"), url("b3"), url("orders")]});
    fixture.check("ListQueues", json!({}), all).await;
    fixture.check("ListQueues", json!({"QueueNamePrefix": "B"}), json!({})).await;
    let first = json!({"QueueNamePrefix": "b", "MaxResults": 2});
    let page = json!({"QueueUrls": [url("b1"), url("b2")], "NextToken": "*"});
    let token = fixture.check("ListQueues", first, page).await["NextToken"].clone();
    fixture.check("DeleteQueue", json!({"QueueUrl": "b2"}), Value::Null).await;
    fixture.create("a", json!({})).await;
    let next = json!({"QueueNamePrefix": "b", "MaxResults": 2, "NextToken": token});
    fixture.check("ListQueues", next, json!({"QueueUrls": [url("b3")]})).await;
    let range = "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.";
    fixture.refuse("ListQueues", json!({"MaxResults": 0}), (400, "InvalidParameterValue", range)).await;
    let token = (400, "InvalidParameterValue", "Invalid or expired next token.");
    fixture.refuse("ListQueues", json!({"NextToken": "x"}), token).await;
}

#[tokio::test]
async fn tags_come_and_go() {
    let fixture = Fixture::new().await;
    let queue = url("orders");
    let tagged = |tags: Value| json!({"QueueUrl": queue, "Tags": tags});
    fixture.check("TagQueue", tagged(json!({"a": "1", "b": ""})), Value::Null).await;
    fixture.check("TagQueue", tagged(json!({"a": "2"})), Value::Null).await;
    fixture.check("ListQueueTags", json!({"QueueUrl": queue}), json!({"Tags": {"a": "2", "b": ""}})).await;
    fixture.check("UntagQueue", json!({"QueueUrl": queue, "TagKeys": ["a", "z"]}), Value::Null).await;
    fixture.check("ListQueueTags", json!({"QueueUrl": queue}), json!({"Tags": {"b": ""}})).await;
    let missing = (400, "MissingParameter", "The request must contain the parameter Tags.");
    fixture.refuse("TagQueue", tagged(json!({})), missing).await;
    let keys = (400, "InvalidParameterValue", "Tag keys must be between 1 and 128 characters in length.");
    fixture.refuse("TagQueue", tagged(json!({"": "x"})), keys).await;
    fixture.refuse("UntagQueue", json!({"QueueUrl": queue}), keys).await;
    let many: serde_json::Map<_, _> = (0..51).map(|at| (format!("k{at}"), json!(""))).collect();
    let too_many = (400, "InvalidParameterValue", "Too many tags added for queue orders.");
    fixture.refuse("TagQueue", tagged(Value::Object(many)), too_many).await;
    fixture
        .check("CreateQueue", json!({"QueueName": "b", "tags": {"x": "y"}}), json!({"QueueUrl": url("b")}))
        .await;
    fixture.check("ListQueueTags", json!({"QueueUrl": "b"}), json!({"Tags": {"x": "y"}})).await;
}

#[tokio::test]
async fn a_deleted_queue_is_gone_at_once() {
    let fixture = Fixture::new().await;
    let queue = json!({"QueueUrl": url("orders")});
    fixture.put("orders", "x").await;
    let taken = fixture.take("orders", json!({})).await;
    fixture.check("DeleteQueue", queue.clone(), Value::Null).await;
    for operation in
        ["DeleteQueue", "PurgeQueue", "GetQueueAttributes", "ReceiveMessage", "ListDeadLetterSourceQueues"]
    {
        fixture.refuse(operation, queue.clone(), NO_QUEUE).await;
    }
    fixture.create("orders", json!({})).await;
    assert_eq!(fixture.counts("orders").await, ["0", "0", "0"]);
    let handle = &taken[0].1;
    let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
    let input = json!({"QueueUrl": "orders", "ReceiptHandle": handle});
    fixture.refuse("DeleteMessage", input, (404, "ReceiptHandleIsInvalid", &message)).await;
}

#[tokio::test]
async fn a_purged_queue_is_empty() {
    let fixture = Fixture::new().await;
    for _ in 0..2 {
        fixture.put("orders", "x").await;
        fixture.put("orders", "y").await;
        fixture.take("orders", json!({"MaxNumberOfMessages": 1})).await;
        let delayed = json!({"QueueUrl": "orders", "MessageBody": "z", "DelaySeconds": 5});
        fixture.json("SendMessage", &delayed).await;
        assert_eq!(fixture.counts("orders").await, ["1", "1", "1"]);
        fixture.check("PurgeQueue", json!({"QueueUrl": "orders"}), Value::Null).await;
        assert_eq!(fixture.counts("orders").await, ["0", "0", "0"]);
    }
}

#[tokio::test]
async fn a_strict_hub_wants_sixty_seconds() {
    let fixture = Fixture::with(Settings { strict: true, ..Settings::default() }).await;
    let queue = json!({"QueueUrl": "orders"});
    let message = "Only one PurgeQueue operation on orders is allowed every 60 seconds.";
    let in_progress = (403, "AWS.SimpleQueueService.PurgeQueueInProgress", message);
    fixture.check("PurgeQueue", queue.clone(), Value::Null).await;
    fixture.later(59).await;
    fixture.refuse("PurgeQueue", queue.clone(), in_progress).await;
    fixture.later(1).await;
    fixture.check("PurgeQueue", queue.clone(), Value::Null).await;

    fixture.check("DeleteQueue", queue, Value::Null).await;
    let message =
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
    let recently = (400, "AWS.SimpleQueueService.QueueDeletedRecently", message);
    fixture.later(59).await;
    fixture.refuse("CreateQueue", json!({"QueueName": "orders"}), recently).await;
    fixture.later(1).await;
    fixture.create("orders", json!({})).await;
}

#[tokio::test]
async fn a_receive_that_waits_is_told_of_the_deletion() {
    let fixture = Fixture::new().await;
    let queue = json!({"QueueUrl": "orders", "WaitTimeSeconds": 20});
    let receive = fixture.refuse("ReceiveMessage", queue, NO_QUEUE);
    let delete = fixture.check("DeleteQueue", json!({"QueueUrl": "orders"}), Value::Null);
    timeout(Duration::from_secs(10), async { tokio::join!(receive, delete) }).await.unwrap();
}
