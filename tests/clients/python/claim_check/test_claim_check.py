"""Claim check: AWS's extended client keeps large bodies in S3 and sends where they are. S3 alone comes from moto."""

import json

import boto3
import botocore.session
import pytest
from moto.server import ThreadedMotoServer
from sqs_extended_client import SQSExtendedClientSession

BUCKET = "claims"
LARGE = "päckchen " * (5 * 1024 * 1024 // 10)
LARGE_BYTES = len(LARGE.encode())


@pytest.fixture(scope="session")
def s3_endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(in_this_environment, s3_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    client = boto3.Session().client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for key in keys(client):
        client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def extended(s3):
    client = SQSExtendedClientSession().client("sqs")
    client.large_payload_support = BUCKET
    client.delete_payload_from_s3 = True
    return client


@pytest.fixture
def plain(in_this_environment):
    """What a client sees that knows nothing of claims. Not a session of boto3: the extended client bends them all."""
    return botocore.session.Session().create_client("sqs")


@pytest.fixture
def url(plain):
    return plain.create_queue(QueueName="parcels")["QueueUrl"]


def keys(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def receive(client, url, **more):
    answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20, **more)
    return answer.get("Messages", [])


def is_empty(client, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return found == {name: "0" for name in names}


def test_five_mebibytes_are_sent_received_and_deleted(extended, plain, s3, url):
    assert LARGE_BYTES >= 5 * 1024 * 1024
    kind = {"kind": {"DataType": "String", "StringValue": "parcel"}}
    extended.send_message(QueueUrl=url, MessageBody=LARGE, MessageAttributes=dict(kind))
    [key] = keys(s3)
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == LARGE_BYTES

    [claim] = receive(plain, url, MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert json.loads(claim["Body"])[1] == {"s3BucketName": BUCKET, "s3Key": key}
    size = {"ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(LARGE_BYTES)}}
    assert claim["MessageAttributes"] == kind | size

    [message] = receive(extended, url, MessageAttributeNames=["All"])
    assert message["Body"] == LARGE
    assert message["MessageAttributes"] == kind
    extended.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert keys(s3) == [] and is_empty(plain, url)


def test_a_small_body_stays_in_the_message(extended, plain, s3, url):
    extended.send_message(QueueUrl=url, MessageBody="small")
    assert keys(s3) == []
    [message] = receive(extended, url)
    assert message["Body"] == "small" and "MessageAttributes" not in message
    extended.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert is_empty(plain, url)


def test_every_handle_survives_being_cut_off_its_claim(extended, plain, s3, url):
    """The client puts bucket and key before the handle, and takes what is behind the last `-` as the handle."""
    extended.always_through_s3 = True
    entries = [{"Id": str(number), "MessageBody": f"parcel {number}"} for number in range(10)]
    for _ in range(5):
        extended.send_message_batch(QueueUrl=url, Entries=[dict(entry) for entry in entries])
        assert len(keys(s3)) == 10
        messages = receive(extended, url)
        assert sorted(message["Body"] for message in messages) == [entry["MessageBody"] for entry in entries]
        handles = [{"Id": str(number), "ReceiptHandle": it["ReceiptHandle"]} for number, it in enumerate(messages)]
        longer = [entry | {"VisibilityTimeout": 600} for entry in handles]
        assert "Failed" not in extended.change_message_visibility_batch(QueueUrl=url, Entries=longer)
        assert "Failed" not in extended.delete_message_batch(QueueUrl=url, Entries=handles)
        assert keys(s3) == [] and is_empty(plain, url)
