"""boto3 of the time when it spoke Query to SQS, which many still run."""

import json

import boto3
import botocore.exceptions
import pytest


@pytest.fixture
def wire():
    """Every request that leaves, as (content type, body)."""
    return []


@pytest.fixture
def sqs(in_this_environment, wire):
    """A client whose requests all went out as forms."""
    client = boto3.Session().client("sqs")
    assert client.meta.service_model.protocol == "query"
    client.meta.events.register("before-send.sqs", lambda request, **_: wire.append((request.headers, request.body)))
    yield client
    assert wire, "nothing was sent"
    for headers, body in wire:
        assert headers["Content-Type"] == b"application/x-www-form-urlencoded; charset=utf-8", headers
        assert "Action=" in body and "Version=2012-11-05" in body, body
        assert "X-Amz-Target" not in headers


def make(sqs, name="orders", **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})


def receive(sqs, url, **more):
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20, **more)
    return answer.get("Messages", [])


def bodies(messages):
    return [message["Body"] for message in messages]


def test_a_message_comes_back_as_it_was_sent(sqs):
    """The SDK compares the MD5 of body and attributes itself, and raises if they differ."""
    url = make(sqs)
    body = 'naïve <&> "quoted"\r\n\tline 2 🦀'
    given = {
        "kind": {"DataType": "String", "StringValue": "physical & <heavy>"},
        "weight": {"DataType": "Number.kg", "StringValue": "3.50"},
        "label": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=given)
    [message] = receive(sqs, url, MessageAttributeNames=["All"], AttributeNames=["All"])
    assert (message["MessageId"], message["Body"], message["MessageAttributes"]) == (sent["MessageId"], body, given)
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"

    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    [again] = receive(sqs, url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    in_flight = "ApproximateNumberOfMessagesNotVisible"
    assert attributes(sqs, url, in_flight) == {in_flight: "0"}


def test_batches_answer_entry_by_entry(sqs):
    url = make(sqs)
    numbered = {"n": {"DataType": "Number", "StringValue": "1"}}
    entries = [
        {"Id": f"e{number}", "MessageBody": f"order {number}", "MessageAttributes": numbered} for number in range(3)
    ]
    entries.append({"Id": "bad", "MessageBody": "late", "DelaySeconds": 901})
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == ["e0", "e1", "e2"]
    [failed] = sent["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameterValue", True)

    messages = receive(sqs, url, MessageAttributeNames=["n"])
    assert sorted(bodies(messages)) == ["order 0", "order 1", "order 2"]
    handles = [{"Id": str(number), "ReceiptHandle": it["ReceiptHandle"]} for number, it in enumerate(messages)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[entry | {"VisibilityTimeout": 600} for entry in handles]
    )
    assert len(changed["Successful"]) == 3
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    assert len(deleted["Successful"]) == 3 and "Failed" not in deleted


def test_queues_are_listed_tagged_changed_purged_and_deleted(sqs):
    urls = [make(sqs, f"queue-{number}") for number in range(3)]
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 2})
    assert [page["QueueUrls"] for page in pages] == [urls[:2], urls[2:]]
    url = urls[0]
    assert sqs.get_queue_url(QueueName="queue-0")["QueueUrl"] == url

    sqs.tag_queue(QueueUrl=url, Tags={"team": "shop", "stage": "test & try"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test & try"}

    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "45", "DelaySeconds": "0"})
    assert attributes(sqs, url, "VisibilityTimeout", "DelaySeconds") == {"VisibilityTimeout": "45", "DelaySeconds": "0"}
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    sqs.purge_queue(QueueUrl=url)
    assert attributes(sqs, url, "ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "0"}
    sqs.delete_queue(QueueUrl=url)
    assert sqs.list_queues()["QueueUrls"] == urls[1:]


def test_a_fifo_queue_keeps_the_order_of_each_group(sqs):
    url = make(sqs, "orders.fifo", FifoQueue="true")
    for body, group in [("a1", "a"), ("b1", "b"), ("a2", "a")]:
        sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)
    again = sqs.send_message(QueueUrl=url, MessageBody="other", MessageGroupId="a", MessageDeduplicationId="a2")
    assert again["SequenceNumber"] == sent["SequenceNumber"]

    messages = receive(sqs, url, AttributeNames=["All"], ReceiveRequestAttemptId="attempt")
    assert sorted(bodies(messages)) == ["a1", "a2", "b1"]
    assert [body for body in bodies(messages) if body.startswith("a")] == ["a1", "a2"]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"a", "b"}
    assert receive(sqs, url, ReceiveRequestAttemptId="attempt") == receive(
        sqs, url, ReceiveRequestAttemptId="attempt"
    ), "the same attempt gets the same messages"


def test_a_message_that_was_received_too_often_moves(sqs):
    dead = make(sqs, "orders-dead")
    dead_arn = attributes(sqs, dead, "QueueArn")["QueueArn"]
    url = make(sqs, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2}))
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert bodies(receive(sqs, url, VisibilityTimeout=0)) == ["poison"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    [moved] = receive(sqs, dead, AttributeNames=["All"])
    assert moved["Attributes"]["DeadLetterQueueSourceArn"] == attributes(sqs, url, "QueueArn")["QueueArn"]


def test_errors_have_the_codes_of_query(sqs):
    make(sqs, VisibilityTimeout="30")
    url = make(sqs, "orders")
    fifo = make(sqs, "orders.fifo", FifoQueue="true")
    twice = [{"Id": "one", "MessageBody": "hello"}] * 2
    eleven = [{"Id": str(number), "MessageBody": "hello"} for number in range(11)]
    batch = lambda entries: sqs.send_message_batch(QueueUrl=url, Entries=entries)
    negative = {"VisibilityTimeout": "-1"}
    for code, call in [
        ("AWS.SimpleQueueService.NonExistentQueue", lambda: sqs.get_queue_url(QueueName="none")),
        ("QueueAlreadyExists", lambda: make(sqs, VisibilityTimeout="31")),
        ("InvalidParameterValue", lambda: sqs.create_queue(QueueName="no spaces")),
        ("InvalidAttributeName", lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Nonsense"])),
        ("InvalidAttributeValue", lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=negative)),
        ("ReceiptHandleIsInvalid", lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense")),
        ("MissingParameter", lambda: sqs.send_message(QueueUrl=fifo, MessageBody="hello")),
        ("InvalidMessageContents", lambda: sqs.send_message(QueueUrl=url, MessageBody="\0")),
        ("AWS.SimpleQueueService.EmptyBatchRequest", lambda: batch([])),
        ("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", lambda: batch(twice)),
        ("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", lambda: batch(eleven)),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call()
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["Error"]["Type"]) == (code, "Sender"), answer
        status = 404 if code == "ReceiptHandleIsInvalid" else 400
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="none")
