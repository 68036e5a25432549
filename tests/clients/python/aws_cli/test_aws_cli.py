"""The AWS CLI, as scripts and people use it."""

import json

import pytest

from program import version_2

BODY = "naïve <&> \"quoted\"\nand a second line"


def test_version_2_is_tried_as_well():
    if version_2() is None:
        pytest.skip("version 2 of the AWS CLI is not on the PATH, and no registry offers it")


def make(aws, name, *more):
    return aws("sqs", "create-queue", "--queue-name", name, *more)["QueueUrl"]


def attributes(aws, url, *names):
    named = names or ("All",)
    return aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", *named).get("Attributes", {})


def arn_of(aws, url):
    return attributes(aws, url, "QueueArn")["QueueArn"]


def receive(aws, url, *more):
    return aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "20", *more).get("Messages", [])


def test_a_queue_is_created_with_attributes_and_tags_changed_and_listed(aws):
    url = make(aws, "orders", "--attributes", "VisibilityTimeout=45,DelaySeconds=0", "--tags", "team=shop,stage=test")
    assert attributes(aws, url, "VisibilityTimeout", "DelaySeconds") == {"VisibilityTimeout": "45", "DelaySeconds": "0"}
    assert aws("sqs", "list-queue-tags", "--queue-url", url)["Tags"] == {"team": "shop", "stage": "test"}

    aws("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", '{"VisibilityTimeout": "60"}')
    aws("sqs", "untag-queue", "--queue-url", url, "--tag-keys", "stage")
    assert attributes(aws, url, "VisibilityTimeout") == {"VisibilityTimeout": "60"}
    assert aws("sqs", "list-queue-tags", "--queue-url", url)["Tags"] == {"team": "shop"}

    assert aws("sqs", "get-queue-url", "--queue-name", "orders")["QueueUrl"] == url
    assert aws("sqs", "list-queues", "--queue-name-prefix", "ord")["QueueUrls"] == [url]


def test_a_message_is_sent_from_a_file_received_put_off_and_deleted(aws):
    url = make(aws, "orders")
    (aws.folder / "body.txt").write_text(BODY)
    kinds = {
        "kind": {"DataType": "String", "StringValue": "physical"},
        "weight": {"DataType": "Number", "StringValue": "3"},
    }
    (aws.folder / "attributes.json").write_text(json.dumps(kinds))
    sent = aws(
        "sqs", "send-message", "--queue-url", url, "--message-body", "file://body.txt",
        "--message-attributes", "file://attributes.json",
    )

    [message] = receive(
        aws, url, "--message-attribute-names", "All", "--attribute-names", "All", "--visibility-timeout", "600"
    )
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], BODY)
    assert message["MessageAttributes"] == kinds
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"

    handle = message["ReceiptHandle"]
    aws("sqs", "change-message-visibility", "--queue-url", url, "--receipt-handle", handle, "--visibility-timeout", "0")
    [again] = receive(aws, url, "--attribute-names", "ApproximateReceiveCount")
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", again["ReceiptHandle"])
    assert attributes(aws, url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible") == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
    }


def test_batches_come_from_files_and_a_purge_empties_the_queue(aws):
    url = make(aws, "orders")
    entries = [{"Id": f"e{number}", "MessageBody": f"order {number}"} for number in range(3)]
    (aws.folder / "entries.json").write_text(json.dumps(entries))
    sent = aws("sqs", "send-message-batch", "--queue-url", url, "--entries", "file://entries.json")
    assert [entry["Id"] for entry in sent["Successful"]] == ["e0", "e1", "e2"]

    messages = receive(aws, url, "--max-number-of-messages", "10")
    assert sorted(message["Body"] for message in messages) == ["order 0", "order 1", "order 2"]
    handles = [{"Id": f"h{number}", "ReceiptHandle": it["ReceiptHandle"]} for number, it in enumerate(messages)]
    (aws.folder / "visible.json").write_text(json.dumps([entry | {"VisibilityTimeout": 0} for entry in handles]))
    (aws.folder / "done.json").write_text(json.dumps([handles[0], {"Id": "bad", "ReceiptHandle": "nonsense"}]))
    aws("sqs", "change-message-visibility-batch", "--queue-url", url, "--entries", "file://visible.json")
    deleted = aws("sqs", "delete-message-batch", "--queue-url", url, "--entries", "file://done.json")
    assert [entry["Id"] for entry in deleted["Successful"]] == ["h0"]
    assert [(entry["Id"], entry["Code"]) for entry in deleted["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]

    assert attributes(aws, url, "ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "2"}
    aws("sqs", "purge-queue", "--queue-url", url)
    assert attributes(aws, url, "ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "0"}


def test_a_redrive_policy_from_the_command_line_moves_a_message(aws):
    dead = make(aws, "orders-dead")
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of(aws, dead), "maxReceiveCount": 1})}
    (aws.folder / "redrive.json").write_text(json.dumps(policy))
    url = make(aws, "orders", "--attributes", "file://redrive.json")
    assert aws("sqs", "list-dead-letter-source-queues", "--queue-url", dead)["queueUrls"] == [url]

    aws("sqs", "send-message", "--queue-url", url, "--message-body", "poison")
    assert len(receive(aws, url, "--visibility-timeout", "0")) == 1
    assert aws("sqs", "receive-message", "--queue-url", url) == {}
    [moved] = receive(aws, dead, "--attribute-names", "DeadLetterQueueSourceArn")
    assert moved["Attributes"] == {"DeadLetterQueueSourceArn": arn_of(aws, url)}


def test_a_fifo_queue_keeps_the_order_and_sends_once(aws):
    url = make(aws, "orders.fifo", "--attributes", "FifoQueue=true,ContentBasedDeduplication=true")
    sent = [
        aws("sqs", "send-message", "--queue-url", url, "--message-body", body, "--message-group-id", "shop")
        for body in ("first", "second", "second")
    ]
    assert sent[1]["SequenceNumber"] == sent[2]["SequenceNumber"] > sent[0]["SequenceNumber"]
    messages = receive(aws, url, "--max-number-of-messages", "10", "--attribute-names", "All")
    assert [message["Body"] for message in messages] == ["first", "second"]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"shop"}


def test_text_is_for_scripts(aws):
    url = make(aws, "orders")
    assert aws.text("sqs", "get-queue-url", "--queue-name", "orders", "--output", "text") == f"{url}\n"
    aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    body = aws.text(
        "sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "20",
        "--query", "Messages[0].Body", "--output", "text",
    )
    assert body == "hello\n"
    shown = aws.text(
        "sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "VisibilityTimeout", "--output", "text"
    )
    assert shown == "ATTRIBUTES\t30\n"


def test_lists_are_read_page_by_page(aws):
    urls = [make(aws, f"queue-{number}") for number in range(3)]
    assert aws("sqs", "list-queues", "--page-size", "1")["QueueUrls"] == urls
    first = aws("sqs", "list-queues", "--max-items", "2")
    assert first["QueueUrls"] == urls[:2]
    assert aws("sqs", "list-queues", "--starting-token", first["NextToken"])["QueueUrls"] == urls[2:]


def test_a_refusal_shows_the_code_and_the_message_of_aws(aws):
    assert aws.refused("sqs", "get-queue-url", "--queue-name", "none") == (
        "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation: "
        "The specified queue does not exist."
    )
    url = make(aws, "orders")
    said = aws.refused("sqs", "delete-message", "--queue-url", url, "--receipt-handle", "nonsense")
    assert said.startswith("An error occurred (ReceiptHandleIsInvalid) when calling the DeleteMessage operation: ")
    said = aws.refused("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", "VisibilityTimeout=99999")
    assert said.startswith("An error occurred (InvalidAttributeValue) when calling the SetQueueAttributes operation: ")
    said = aws.refused("sns", "publish", "--topic-arn", "arn:aws:sns:us-east-1:000000000000:none", "--message", "hello")
    assert said.startswith("An error occurred (NotFound) when calling the Publish operation: ")


def test_a_topic_delivers_what_the_filter_lets_through(aws):
    topic = aws("sns", "create-topic", "--name", "orders")["TopicArn"]
    url = make(aws, "shipping")
    given = {"FilterPolicy": json.dumps({"kind": ["physical"]}), "RawMessageDelivery": "true"}
    aws(
        "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs",
        "--notification-endpoint", arn_of(aws, url), "--attributes", json.dumps(given),
    )
    for kind in ("digital", "physical"):
        attribute = {"kind": {"DataType": "String", "StringValue": kind}}
        aws("sns", "publish", "--topic-arn", topic, "--message", kind, "--message-attributes", json.dumps(attribute))
    [message] = receive(aws, url, "--max-number-of-messages", "10")
    assert message["Body"] == "physical"
    assert aws("sns", "list-topics")["Topics"] == [{"TopicArn": topic}]
    assert len(aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]) == 1
