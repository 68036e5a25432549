//! Dead-letter queues.

use super::*;

fn redrive(target: &str, count: Value) -> String {
    json!({"deadLetterTargetArn": arn(target), "maxReceiveCount": count}).to_string()
}

#[tokio::test]
async fn a_message_dies_after_its_receives() {
    let fixture = Fixture::new().await;
    fixture.create("dead", json!({})).await;
    let attributes = json!({"RedrivePolicy": redrive("dead", json!("2")), "VisibilityTimeout": "0"});
    fixture.create("source", attributes).await;
    let shown = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":2}}"#, arn("dead"));
    assert_eq!(fixture.attribute("source", "RedrivePolicy").await, Some(shown));
    fixture.put("source", "poison").await;
    for expected in [vec!["poison"], vec!["poison"], vec![]] {
        assert_eq!(bodies(&fixture.take("source", json!({})).await), expected);
    }
    let names = ["ApproximateReceiveCount", "DeadLetterQueueSourceArn"];
    let receive = json!({"QueueUrl": "dead", "AttributeNames": names});
    let body = fixture.json("ReceiveMessage", &receive).await.2;
    let expected = json!({"ApproximateReceiveCount": "3", "DeadLetterQueueSourceArn": arn("source")});
    assert_eq!(body["Messages"][0]["Attributes"], expected);
}

#[tokio::test]
async fn the_sources_of_a_dead_letter_queue_are_listed() {
    let fixture = Fixture::new().await;
    fixture.create("dead", json!({})).await;
    let list = |more: Value| with(json!({"QueueUrl": "dead"}), more);
    fixture.check("ListDeadLetterSourceQueues", list(json!({})), json!({})).await;
    for name in ["s1", "s2", "s3"] {
        fixture.create(name, json!({"RedrivePolicy": redrive("dead", json!(3))})).await;
    }
    let all = json!({"queueUrls": [url("s1"), url("s2"), url("s3")]});
    fixture.check("ListDeadLetterSourceQueues", list(json!({})), all).await;
    let page = json!({"queueUrls": [url("s1"), url("s2")], "NextToken": "*"});
    let page = fixture.check("ListDeadLetterSourceQueues", list(json!({"MaxResults": 2})), page).await;
    let next = list(json!({"MaxResults": 2, "NextToken": page["NextToken"]}));
    fixture.check("ListDeadLetterSourceQueues", next, json!({"queueUrls": [url("s3")]})).await;
    let set = json!({"QueueUrl": "s3", "Attributes": {"RedrivePolicy": ""}});
    fixture.check("SetQueueAttributes", set, Value::Null).await;
    let left = json!({"queueUrls": [url("s1"), url("s2")]});
    fixture.check("ListDeadLetterSourceQueues", list(json!({})), left).await;
}

#[tokio::test]
async fn a_dead_letter_queue_must_exist_nearby_be_alike_and_allow_it() {
    let fixture = Fixture::new().await;
    fixture.create("dead.fifo", json!({"FifoQueue": "true"})).await;
    fixture.create("closed", json!({"RedriveAllowPolicy": r#"{"redrivePermission":"denyAll"}"#})).await;
    let by_queue = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("orders")]}).to_string();
    fixture.create("choosy", json!({"RedriveAllowPolicy": by_queue})).await;
    assert_eq!(fixture.attribute("choosy", "RedriveAllowPolicy").await, Some(by_queue));
    fixture.create("list", json!({"PriorityMembers": r#"{"members":["closed"]}"#})).await;
    let elsewhere = |region: &str, account: &str| {
        let target = format!("arn:aws:sqs:{region}:{account}:dead");
        json!({"deadLetterTargetArn": target, "maxReceiveCount": 1}).to_string()
    };
    let cases = [
        (redrive("missing", json!(1)), "Dead letter target does not exist."),
        (redrive("dead.fifo", json!(1)), "Dead-letter queue must be same type of queue as the source."),
        (redrive("list", json!(1)), "Dead-letter queue must not be a priority queue."),
        (redrive("closed", json!(1)), "Dead-letter target does not allow the source queue to use it."),
        (elsewhere("us-east-1", "000000000000"), "Dead-letter target must be in same region as the source."),
        (elsewhere("eu-west-1", "111122223333"), "Dead-letter target owner should be same as the source."),
        (
            redrive("closed", json!(0)),
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
    ];
    for (policy, reason) in cases {
        let message = format!("Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}");
        let refusal = (400, "InvalidParameterValue", message.as_str());
        let attributes = json!({"RedrivePolicy": policy});
        let set = json!({"QueueUrl": "orders", "Attributes": attributes});
        fixture.refuse("SetQueueAttributes", set, refusal).await;
        fixture.refuse("CreateQueue", json!({"QueueName": "new", "Attributes": attributes}), refusal).await;
    }
    let attributes = json!({"RedrivePolicy": redrive("choosy", json!(1))});
    let set = json!({"QueueUrl": "orders", "Attributes": attributes});
    fixture.check("SetQueueAttributes", set, Value::Null).await;
    let itself = json!({"RedrivePolicy": redrive("orders", json!(1))});
    let set = json!({"QueueUrl": "orders", "Attributes": itself});
    fixture.check("SetQueueAttributes", set, Value::Null).await;
}
