"""What tests of queues and topics ask again and again."""

import contextlib
import hashlib
import json
import re
import struct
import time

import botocore.exceptions
import pytest


@contextlib.contextmanager
def refused(code, message=None, status=400):
    """The block is refused with this code, and this message if one is given."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    response = caught.value.response
    error = response["Error"]
    got = (error["Code"], response["ResponseMetadata"]["HTTPStatusCode"])
    assert got == (code, status), error
    if message is not None:
        assert error["Message"].removesuffix(" for this wsdl version.").removesuffix(".") == message.removesuffix(".")


def refused_value(message=None):
    return refused("InvalidParameterValue", message)


def no_such_queue():
    return refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist")


def make_queue(sqs, name="orders", **attributes):
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
    return sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]


def make_fifo(sqs, name="orders.fifo", **attributes):
    return make_queue(sqs, name, FifoQueue="true", **attributes)


def attributes_of(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get("Attributes", {})


def arn_of(sqs, url):
    return attributes_of(sqs, url, "QueueArn")["QueueArn"]


def counts(sqs, url):
    """Visible, in flight, delayed."""
    got = attributes_of(
        sqs,
        url,
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    return (
        int(got["ApproximateNumberOfMessages"]),
        int(got["ApproximateNumberOfMessagesNotVisible"]),
        int(got["ApproximateNumberOfMessagesDelayed"]),
    )


def send(sqs, url, body="hello", **more):
    return sqs.send_message(QueueUrl=url, MessageBody=body, **more)


def send_fifo(sqs, url, body, group="g", id=None):
    return send(sqs, url, body, MessageGroupId=group, MessageDeduplicationId=id or body)


def receive(sqs, url, most=10, **more):
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, **more)
    return answer.get("Messages", [])


def receive_one(sqs, url, **more):
    messages = receive(sqs, url, most=1, **more)
    assert len(messages) == 1, messages
    return messages[0]


def receive_all(sqs, url, number, **more):
    """Receives until there are so many messages; long polls wait for them."""
    messages = []
    deadline = time.monotonic() + 20
    while len(messages) < number and time.monotonic() < deadline:
        messages += receive(sqs, url, WaitTimeSeconds=1, **more)
    assert len(messages) == number, [message["Body"] for message in messages]
    return messages


def bodies(messages):
    return [message["Body"] for message in messages]


def delete(sqs, url, *messages):
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def redrive_policy(arn, count):
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count})


def text(value, kind="String"):
    return {"DataType": kind, "StringValue": value}


def binary(value, kind="Binary"):
    return {"DataType": kind, "BinaryValue": value}


def md5(value):
    return hashlib.md5(value.encode() if isinstance(value, str) else value).hexdigest()


def md5_of_attributes(attributes):
    """AWS's digest of message attributes, from its published description."""

    def part(data):
        return struct.pack(">I", len(data)) + data

    digest = hashlib.md5()
    for name in sorted(attributes):
        value = attributes[name]
        kind = value["DataType"]
        data = value["BinaryValue"] if kind.startswith("Binary") else value["StringValue"].encode()
        digest.update(part(name.encode()) + part(kind.encode()))
        digest.update((b"\x02" if kind.startswith("Binary") else b"\x01") + part(data))
    return digest.hexdigest()


def make_topic(sns, name="events", **attributes):
    return sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]


def make_fifo_topic(sns, name="events.fifo", **attributes):
    return make_topic(sns, name, FifoTopic="true", **attributes)


def subscribe(sns, topic, queue_arn, **attributes):
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
    return sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=given, ReturnSubscriptionArn=True
    )["SubscriptionArn"]


def subscription_of(sns, arn):
    return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def subscribed_queue(sns, queues, topic, name="inbox", **attributes):
    """A queue that is subscribed to a topic."""
    url = make_queue(queues, name, **({"FifoQueue": "true"} if name.endswith(".fifo") else {}))
    subscribe(sns, topic, arn_of(queues, url), **attributes)
    return url


def envelope(message):
    return json.loads(message["Body"])


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SEQUENCE_NUMBER = re.compile(r"[0-9]{20}")
