//! Message move tasks.

use super::*;

const FULL: [&str; 3] = ["a", "b", "c"];

impl Fixture {
    /// A hub where `source` has given up three messages to `dead`.
    async fn with_dead_letters() -> Self {
        let fixture = Self::new().await;
        fixture.create("dead", json!({})).await;
        let policy = json!({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1}).to_string();
        fixture.create("source", json!({"RedrivePolicy": policy, "VisibilityTimeout": "0"})).await;
        for body in FULL {
            fixture.put("source", body).await;
        }
        assert_eq!(bodies(&fixture.take("source", json!({})).await), FULL);
        assert_eq!(bodies(&fixture.take("source", json!({})).await), [""; 0]);
        fixture
    }

    /// Starts a task; gives its handle.
    async fn start(&self, more: Value) -> String {
        let input = with(json!({"SourceArn": arn("dead")}), more);
        let started = self.check("StartMessageMoveTask", input, json!({"TaskHandle": "*"})).await;
        started["TaskHandle"].as_str().unwrap().to_owned()
    }

    async fn check_tasks(&self, expected: Value) {
        let input = json!({"SourceArn": arn("dead"), "MaxResults": 10});
        self.check("ListMessageMoveTasks", input, json!({"Results": expected})).await;
    }

    fn now_ms(&self) -> u64 {
        self.hub.engine.clock().now_ms
    }
}

#[tokio::test]
async fn dead_letters_go_back_to_where_they_came_from() {
    let fixture = Fixture::with_dead_letters().await;
    let before = fixture.json("ReceiveMessage", &json!({"QueueUrl": "dead", "VisibilityTimeout": 0})).await.2;
    fixture.start(json!({})).await;
    fixture.later(0).await;
    assert_eq!(fixture.counts("dead").await, ["0", "0", "0"]);
    let receive = json!({"QueueUrl": "source", "AttributeNames": ["All"], "VisibilityTimeout": 30});
    let body = fixture.json("ReceiveMessage", &receive).await.2;
    let message = &body["Messages"][0];
    let now = fixture.now_ms().to_string();
    let attributes = json!({
        "ApproximateFirstReceiveTimestamp": now,
        "ApproximateReceiveCount": "1",
        "SenderId": "*",
        "SentTimestamp": now,
    });
    assert!(matches(&attributes, &message["Attributes"]), "{message}");
    assert_eq!(message["Body"], before["Messages"][0]["Body"]);
    assert_ne!(message["MessageId"], before["Messages"][0]["MessageId"]);
    fixture
        .check_tasks(json!([{
            "Status": "COMPLETED",
            "SourceArn": arn("dead"),
            "ApproximateNumberOfMessagesMoved": 3,
            "ApproximateNumberOfMessagesToMove": 3,
            "StartedTimestamp": fixture.now_ms(),
        }]))
        .await;
}

#[tokio::test]
async fn a_task_keeps_its_rate_and_can_be_cancelled() {
    let fixture = Fixture::with_dead_letters().await;
    let started = fixture.now_ms();
    let options = json!({"DestinationArn": arn("orders"), "MaxNumberOfMessagesPerSecond": 1});
    let handle = fixture.start(options).await;
    fixture.later(0).await;
    let running = |moved: u32| {
        json!({
            "TaskHandle": handle,
            "Status": "RUNNING",
            "SourceArn": arn("dead"),
            "DestinationArn": arn("orders"),
            "MaxNumberOfMessagesPerSecond": 1,
            "ApproximateNumberOfMessagesMoved": moved,
            "ApproximateNumberOfMessagesToMove": 3,
            "StartedTimestamp": started,
        })
    };
    fixture.check_tasks(json!([running(1)])).await;
    fixture.later(1).await;
    fixture.check_tasks(json!([running(2)])).await;
    let cancelled = json!({"ApproximateNumberOfMessagesMoved": 2});
    fixture.check("CancelMessageMoveTask", json!({"TaskHandle": handle}), cancelled).await;
    fixture.later(60).await;
    let mut ended = running(2);
    ended["Status"] = "CANCELLED".into();
    ended.as_object_mut().unwrap().remove("TaskHandle");
    fixture.check_tasks(json!([ended])).await;
    assert_eq!(bodies(&fixture.take("orders", json!({})).await), ["a", "b"]);
    assert_eq!(fixture.counts("dead").await, ["1", "0", "0"]);
    let gone = (404, "ResourceNotFoundException", "Task does not exist.");
    fixture.refuse("CancelMessageMoveTask", json!({"TaskHandle": handle}), gone).await;
}

#[tokio::test]
async fn the_newest_task_is_listed_first_and_alone_if_nothing_is_said() {
    let fixture = Fixture::with_dead_letters().await;
    fixture.check("ListMessageMoveTasks", json!({"SourceArn": arn("dead")}), json!({"Results": []})).await;
    fixture.start(json!({"MaxNumberOfMessagesPerSecond": 500})).await;
    fixture.later(1).await;
    fixture.start(json!({"DestinationArn": arn("orders")})).await;
    fixture.later(0).await;
    let statuses = |body: &Value| {
        let results = body["Results"].as_array().unwrap();
        results
            .iter()
            .map(|task| task["ApproximateNumberOfMessagesToMove"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let list = |more: Value| with(json!({"SourceArn": arn("dead")}), more);
    let one = fixture.json("ListMessageMoveTasks", &list(json!({}))).await.2;
    let all = fixture.json("ListMessageMoveTasks", &list(json!({"MaxResults": 10}))).await.2;
    assert_eq!((statuses(&one), statuses(&all)), (vec![0], vec![0, 3]));
}

#[tokio::test]
async fn a_task_that_cannot_go_on_says_why_and_loses_nothing() {
    let fixture = Fixture::with_dead_letters().await;
    fixture.create("gone", json!({})).await;
    fixture.start(json!({"DestinationArn": arn("gone"), "MaxNumberOfMessagesPerSecond": 1})).await;
    fixture.later(0).await;
    fixture.check("DeleteQueue", json!({"QueueUrl": "gone"}), Value::Null).await;
    fixture.later(1).await;
    fixture.put("dead", "never anywhere else").await;
    fixture.start(json!({})).await;
    fixture.later(0).await;
    let input = json!({"SourceArn": arn("dead"), "MaxResults": 2});
    let body = fixture.json("ListMessageMoveTasks", &input).await.2;
    let told = |task: usize, member: &str| body["Results"][task][member].clone();
    assert_eq!((told(0, "Status"), told(1, "Status")), (json!("FAILED"), json!("FAILED")));
    assert_eq!(told(0, "FailureReason"), json!("CouldNotDetermineMessageSource"));
    assert_eq!(told(1, "FailureReason"), json!("AWS.SimpleQueueService.NonExistentQueue"));
    assert_eq!(bodies(&fixture.take("source", json!({})).await), ["b", "c"]);
    assert_eq!(bodies(&fixture.take("dead", json!({})).await), ["never anywhere else"]);
}

#[tokio::test]
async fn tasks_are_refused_as_on_aws() {
    let fixture = Fixture::with_dead_letters().await;
    fixture.create("orders.fifo", json!({"FifoQueue": "true"})).await;
    let start = |more: Value| with(json!({"SourceArn": arn("dead")}), more);
    let format = |name: &str| {
        let format = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>";
        format!("You must use this format to specify the {name}: {format}")
    };
    let missing =
        |name: &str| format!("The resource that you specified for the {name} parameter doesn't exist.");
    let rate = "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a value that is \
                between 1 and 500.";
    let no_dead_letter_queue = "Source queue must be configured as a Dead Letter Queue.";
    let (source_format, target_format) = (format("SourceArn"), format("DestinationArn"));
    let (no_source, no_target) = (missing("SourceArn"), missing("DestinationArn"));
    let other_kind = (
        400,
        "AWS.SimpleQueueService.UnsupportedOperation",
        "Source and destination queues must be of the same type.",
    );
    let absent = (400, "MissingParameter", "The request must contain the parameter SourceArn.");
    let cases = [
        (json!({}), absent),
        (json!({"SourceArn": "dead"}), invalid(&source_format)),
        (json!({"SourceArn": arn("nothing")}), (404, "ResourceNotFoundException", no_source.as_str())),
        (json!({"SourceArn": arn("source")}), invalid(no_dead_letter_queue)),
        (start(json!({"DestinationArn": ""})), invalid(&target_format)),
        (
            start(json!({"DestinationArn": arn("nothing")})),
            (404, "ResourceNotFoundException", no_target.as_str()),
        ),
        (start(json!({"DestinationArn": arn("orders.fifo")})), other_kind),
        (start(json!({"MaxNumberOfMessagesPerSecond": 0})), invalid(rate)),
        (start(json!({"MaxNumberOfMessagesPerSecond": 501})), invalid(rate)),
        (start(json!({"MaxNumberOfMessagesPerSecond": -1})), invalid(rate)),
    ];
    for (input, refusal) in cases {
        fixture.refuse("StartMessageMoveTask", input, refusal).await;
    }
    let list = json!({"SourceArn": arn("dead"), "MaxResults": 11});
    let most =
        "Value for parameter MaxResults is invalid. Reason: You must enter a value that is between 1 and 10.";
    fixture.refuse("ListMessageMoveTasks", list, invalid(most)).await;
    fixture.refuse("ListMessageMoveTasks", json!({}), absent).await;
    let no_list = (404, "ResourceNotFoundException", no_source.as_str());
    fixture.refuse("ListMessageMoveTasks", json!({"SourceArn": arn("nothing")}), no_list).await;
    let no_handle = "Value for parameter TaskHandle is invalid.";
    fixture.refuse("CancelMessageMoveTask", json!({"TaskHandle": "x"}), invalid(no_handle)).await;
    let running = "There is already a task running. Only one active task is allowed for a source queue arn at a \
                   given time.";
    let handle = fixture.start(json!({"MaxNumberOfMessagesPerSecond": 1})).await;
    fixture.refuse("StartMessageMoveTask", start(json!({})), invalid(running)).await;
    fixture.check("DeleteQueue", json!({"QueueUrl": "dead"}), Value::Null).await;
    let no_source = (404, "ResourceNotFoundException", no_source.as_str());
    fixture.refuse("CancelMessageMoveTask", json!({"TaskHandle": handle}), no_source).await;
}

#[tokio::test]
async fn query_has_tasks_as_well() {
    let fixture = Fixture::with_dead_letters().await;
    let dead = format!("SourceArn={}", arn("dead"));
    let none = Ok("<ListMessageMoveTasksResult/>");
    fixture.query("/", &format!("Action=ListMessageMoveTasks&{dead}"), none).await;
    let handle = fixture.start(json!({"MaxNumberOfMessagesPerSecond": 2})).await;
    fixture.later(0).await;
    let listed = format!(
        "<ListMessageMoveTasksResult><ListMessageMoveTasksResultEntry><TaskHandle>{handle}</TaskHandle>\
         <Status>RUNNING</Status><SourceArn>{}</SourceArn>\
         <MaxNumberOfMessagesPerSecond>2</MaxNumberOfMessagesPerSecond>\
         <ApproximateNumberOfMessagesMoved>2</ApproximateNumberOfMessagesMoved>\
         <ApproximateNumberOfMessagesToMove>3</ApproximateNumberOfMessagesToMove>\
         <StartedTimestamp>{}</StartedTimestamp></ListMessageMoveTasksResultEntry></ListMessageMoveTasksResult>",
        arn("dead"),
        fixture.now_ms(),
    );
    fixture.query("/", &format!("Action=ListMessageMoveTasks&{dead}&MaxResults=10"), Ok(&listed)).await;
    let handle = handle.replace('=', "%3D").replace('+', "%2B");
    let cancelled = "<CancelMessageMoveTaskResult><ApproximateNumberOfMessagesMoved>2\
                     </ApproximateNumberOfMessagesMoved></CancelMessageMoveTaskResult>";
    fixture.query("/", &format!("Action=CancelMessageMoveTask&TaskHandle={handle}"), Ok(cancelled)).await;
}
