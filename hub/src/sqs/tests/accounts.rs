//! Callers of another account than that of the queue.

use super::*;
use queue_core::Name;

const FOREIGN: &str = "AWS4-HMAC-SHA256 Credential=222222222222/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0";

impl Fixture {
    /// Calls an operation in JSON as another account; gives status, code and message.
    async fn foreign(&self, operation: &str, input: &Value) -> (u16, String, String) {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("authorization", FOREIGN)];
        let (status, code, body) = self.send("/", &headers, &input.to_string()).await;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let message = body["message"].as_str().unwrap_or_default().to_owned();
        (status, code.unwrap_or_default(), message)
    }
}

/// What only the owner of a queue may do, and what it takes.
fn owner_actions() -> [(&'static str, Value); 5] {
    [
        ("DeleteQueue", json!({})),
        ("ListQueueTags", json!({})),
        ("SetQueueAttributes", json!({"Attributes": {"Nonsense": "1"}})),
        ("TagQueue", json!({"Tags": {"": "v"}})),
        ("UntagQueue", json!({"TagKeys": [""]})),
    ]
}

#[tokio::test]
async fn another_account_cannot_manage_a_queue() {
    let fixture = Fixture::new().await;
    for (operation, input) in owner_actions() {
        let action = format!("sqs:{}", operation.to_lowercase());
        let message = format!(
            "User: arn:aws:iam::222222222222:root is not authorized to perform: {action} on resource: {} because no \
             identity-based policy allows the {action} action",
            arn("orders")
        );
        let refused = fixture.foreign(operation, &with(input, json!({"QueueUrl": url("orders")}))).await;
        assert_eq!(refused, (403, "AccessDenied".to_owned(), message));
    }
    assert_eq!(fixture.counts("orders").await, ["0", "0", "0"]);
}

#[tokio::test]
async fn another_account_cannot_move_messages() {
    let fixture = Fixture::new().await;
    let handle = crate::shape::queue::move_task::handle(1, &Name::new("000000000000", "eu-west-1", "orders"));
    for (operation, input) in [
        ("StartMessageMoveTask", json!({"SourceArn": arn("orders")})),
        ("ListMessageMoveTasks", json!({"SourceArn": arn("orders")})),
        ("CancelMessageMoveTask", json!({"TaskHandle": handle})),
    ] {
        let (status, code, _) = fixture.foreign(operation, &input).await;
        assert_eq!((status, code.as_str()), (403, "AccessDenied"), "{operation}");
    }
}

#[tokio::test]
async fn it_is_refused_in_the_words_of_query_as_well() {
    let fixture = Fixture::new().await;
    let (status, _, body) =
        fixture.send("/000000000000/orders", &[("authorization", FOREIGN)], "Action=DeleteQueue").await;
    let error = "<Type>Sender</Type><Code>AccessDenied</Code><Message>Access to the resource \
                 http://hub:4566/000000000000/orders is denied.</Message>";
    assert!(status == 403 && body.contains(error), "{body}");
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_said_not_to_exist() {
    let fixture = Fixture::new().await;
    for (operation, input) in owner_actions() {
        let (status, code, message) =
            fixture.foreign(operation, &with(input, json!({"QueueUrl": url("missing")}))).await;
        assert_eq!((status, code.as_str(), message.as_str()), NO_QUEUE, "{operation}");
    }
    let (_, code, _) = fixture.foreign("TagQueue", &json!({"QueueUrl": url("orders")})).await;
    assert_eq!(code, "MissingParameter");
}

#[tokio::test]
async fn another_account_can_use_a_queue_only_if_it_has_a_policy() {
    let fixture = Fixture::new().await;
    let orders = json!({"QueueUrl": url("orders")});
    let by_name = json!({"QueueName": "orders", "QueueOwnerAWSAccountId": "000000000000"});
    let uses = [
        ("GetQueueUrl", by_name),
        ("SendMessage", json!({"MessageBody": "x"})),
        ("ReceiveMessage", json!({})),
        ("GetQueueAttributes", json!({"AttributeNames": ["All"]})),
        ("PurgeQueue", json!({})),
    ];
    for (operation, more) in &uses {
        let (status, code, _) = fixture.foreign(operation, &with(orders.clone(), more.clone())).await;
        assert_eq!((status, code.as_str()), (403, "AccessDenied"), "{operation}");
    }
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}"#;
    let open = with(orders.clone(), json!({"Attributes": {"Policy": policy}}));
    fixture.check("SetQueueAttributes", open, Value::Null).await;
    for (operation, more) in uses {
        let answered = fixture.foreign(operation, &with(orders.clone(), more)).await;
        assert_eq!(answered, (200, String::new(), String::new()), "{operation}");
    }
    // Its own queue of the same name is another one.
    let (status, ..) = fixture.foreign("CreateQueue", &json!({"QueueName": "orders"})).await;
    let own = json!({"QueueUrl": "orders"});
    let (deleted, ..) = fixture.foreign("DeleteQueue", &own).await;
    assert_eq!((status, deleted), (200, 200));
    assert_eq!(fixture.counts("orders").await, ["0", "0", "0"]);
}

#[tokio::test]
async fn whoever_does_not_sign_is_of_the_default_account() {
    let fixture = Fixture::new().await;
    let headers = [("x-amz-target", "AmazonSQS.DeleteQueue"), ("authorization", "")];
    // Without a signature the region is that of the hub.
    let input = json!({"QueueUrl": arn("orders")}).to_string();
    let (status, _, body) = fixture.send("/", &headers, &input).await;
    assert_eq!((status, body.as_str()), (200, ""));
}
