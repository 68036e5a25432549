//! Receiving: how many, for how long, and waiting.

use super::*;
use tokio::time::timeout;

/// Far longer than anything here takes, far less than the longest wait.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_receive_takes_one_message_or_as_many_as_it_says() {
    let fixture = Fixture::new().await;
    fixture.check("ReceiveMessage", json!({"QueueUrl": "orders"}), json!({})).await;
    for number in 0..12 {
        fixture.put("orders", &number.to_string()).await;
    }
    let plain = json!({"MessageId": "*", "ReceiptHandle": "*", "MD5OfBody": "*", "Body": "0"});
    fixture.check("ReceiveMessage", json!({"QueueUrl": "orders"}), json!({"Messages": [plain]})).await;
    assert_eq!(fixture.take("orders", json!({"MaxNumberOfMessages": 10})).await.len(), 10);
    assert_eq!(fixture.counts("orders").await, ["1", "11", "0"]);
}

#[tokio::test]
async fn parameters_have_ranges() {
    let fixture = Fixture::new().await;
    let cases = [
        ("MaxNumberOfMessages", vec![0, 11, -1], "Must be between 1 and 10, if provided."),
        ("WaitTimeSeconds", vec![-1, 21], "Must be >= 0 and <= 20, if provided."),
        ("VisibilityTimeout", vec![-1, 43_201, i64::MIN], "Must be >= 0 and <= 43200, if provided."),
    ];
    for (name, values, reason) in cases {
        for value in values {
            let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
            let input = json!({"QueueUrl": "orders", name: value});
            fixture.refuse("ReceiveMessage", input, (400, "InvalidParameterValue", &message)).await;
        }
    }
}

#[tokio::test]
async fn a_message_is_hidden_as_the_receive_or_else_the_queue_says() {
    let fixture = Fixture::new().await;
    fixture.create("short", json!({"VisibilityTimeout": "5"})).await;
    fixture.put("short", "x").await;
    for (input, seconds) in [(json!({}), 5), (json!({"VisibilityTimeout": 7}), 7)] {
        assert_eq!(bodies(&fixture.take("short", input).await), ["x"]);
        fixture.later(seconds - 1).await;
        assert!(fixture.take("short", json!({})).await.is_empty());
        fixture.later(1).await;
    }
    for _ in 0..2 {
        assert_eq!(bodies(&fixture.take("short", json!({"VisibilityTimeout": 0})).await), ["x"]);
    }
}

#[tokio::test]
async fn a_receive_waits_for_a_message() {
    let fixture = Fixture::new().await;
    let receive = fixture.take("orders", json!({"WaitTimeSeconds": 20}));
    let both = async { tokio::join!(receive, fixture.put("orders", "x")) };
    let (taken, ()) = timeout(SOON, both).await.unwrap();
    assert_eq!(bodies(&taken), ["x"]);
}

#[tokio::test]
async fn the_queue_says_how_long_a_receive_waits_unless_it_says_so_itself() {
    let fixture = Fixture::new().await;
    fixture.create("patient", json!({"ReceiveMessageWaitTimeSeconds": "20"})).await;
    let both = async { tokio::join!(fixture.take("patient", json!({})), fixture.put("patient", "x")) };
    let (taken, ()) = timeout(SOON, both).await.unwrap();
    assert_eq!(bodies(&taken), ["x"]);
    let at_once = timeout(SOON, fixture.take("patient", json!({"WaitTimeSeconds": 0}))).await;
    assert!(at_once.unwrap().is_empty());
}

#[tokio::test]
async fn a_receive_that_waits_gets_what_becomes_visible() {
    let fixture = Fixture::new().await;
    fixture.put("orders", "x").await;
    let handle = fixture.take("orders", json!({})).await[0].1.clone();
    let receive = fixture.take("orders", json!({"WaitTimeSeconds": 20}));
    let change = json!({"QueueUrl": "orders", "ReceiptHandle": handle, "VisibilityTimeout": 0});
    let both = async { tokio::join!(receive, fixture.check("ChangeMessageVisibility", change, Value::Null)) };
    let (taken, _) = timeout(SOON, both).await.unwrap();
    assert_eq!(bodies(&taken), ["x"]);
}

#[tokio::test]
async fn system_attributes_are_those_of_the_receive() {
    let fixture = Fixture::new().await;
    fixture.put("orders", "x").await;
    let receive = json!({"QueueUrl": "orders", "AttributeNames": ["All"], "VisibilityTimeout": 0});
    let first = fixture.json("ReceiveMessage", &receive).await.2["Messages"][0]["Attributes"].clone();
    fixture.later(3).await;
    let second = fixture.json("ReceiveMessage", &receive).await.2["Messages"][0]["Attributes"].clone();
    let number = |attributes: &Value, name: &str| attributes[name].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(number(&second, "ApproximateReceiveCount"), 2);
    for name in ["SentTimestamp", "ApproximateFirstReceiveTimestamp"] {
        assert_eq!(number(&first, name), number(&second, name), "{name}");
        assert!(number(&first, name) > 1_700_000_000_000, "{name} is in milliseconds");
    }
    assert_eq!(second.as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn a_message_ends_with_its_retention() {
    let fixture = Fixture::new().await;
    fixture.create("brief", json!({"MessageRetentionPeriod": "60"})).await;
    fixture.put("brief", "x").await;
    fixture.take("brief", json!({"VisibilityTimeout": 300})).await;
    fixture.put("brief", "y").await;
    fixture.later(60).await;
    assert_eq!(fixture.counts("brief").await, ["0", "0", "0"]);
}
