"""What is on purpose not as at AWS, as far as no other test shows it; docs/migrating.md has the whole list."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks import attributes_of, bodies, counts, delete, make_fifo, make_queue, receive, receive_one, refused, send, send_fifo


def test_requests_are_not_throttled(queues):
    url = make_fifo(queues)

    def send_some(worker):
        return [send_fifo(queues, url, f"{worker}-{number}", group=f"{worker}") for number in range(150)]

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send_some, range(8)))
    assert len({answer["MessageId"] for answer in itertools.chain(*sent)}) == 1200


def test_a_kms_key_is_kept_and_never_looked_up(sqs):
    url = make_queue(sqs, KmsMasterKeyId="alias/nowhere", KmsDataKeyReusePeriodSeconds="60")
    send(sqs, url)
    assert bodies(receive(sqs, url)) == ["hello"]
    got = attributes_of(sqs, url, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")
    assert got == {"KmsMasterKeyId": "alias/nowhere", "KmsDataKeyReusePeriodSeconds": "60"}


@pytest.mark.parametrize("service,code,status,call", [
    ("cloudwatch", "InvalidAction", 400, lambda client: client.list_metrics(Namespace="AWS/SQS")),
    ("iam", "InvalidAction", 400, lambda client: client.list_users()),
    ("sts", "InvalidAction", 400, lambda client: client.get_session_token()),
    ("kms", "404", 404, lambda client: client.list_keys()),
])
def test_other_services_are_not_offered(world, service, code, status, call):
    with refused(code, status=status):
        call(world.client(service))


def test_a_request_without_a_signature_is_one_of_the_default_account(world):
    created = world.parsed("sqs", "CreateQueue", world.post_json("CreateQueue", {"QueueName": "unsigned"}, sign=False))
    assert created["QueueUrl"] == f"{world.hub.endpoint}/000000000000/unsigned"
    assert "QueueUrls" not in world.sqs().list_queues(QueueNamePrefix="unsigned")


def test_the_sender_of_a_message_is_its_account(world, sqs):
    url = make_queue(sqs)
    send(sqs, url)
    assert receive_one(sqs, url, AttributeNames=["SenderId"])["Attributes"] == {"SenderId": world.account}


def test_a_short_poll_finds_what_was_just_sent(sqs):
    url = make_queue(sqs)
    for number in range(20):
        send(sqs, url, f"{number}")
        message = receive_one(sqs, url, WaitTimeSeconds=0)
        assert message["Body"] == f"{number}"
        delete(sqs, url, message)


def test_counters_are_exact_at_once(sqs):
    url = make_queue(sqs)
    for sent in range(1, 6):
        send(sqs, url)
        send(sqs, url, DelaySeconds=900)
        assert counts(sqs, url) == (sent, 0, sent)
    delete(sqs, url, receive_one(sqs, url))
    receive_one(sqs, url)
    assert counts(sqs, url) == (3, 1, 5)


def test_a_message_received_in_vain_keeps_its_place(sqs):
    url = make_queue(sqs)
    for body in "abc":
        send(sqs, url, body)
    for _ in range(5):
        assert receive_one(sqs, url, VisibilityTimeout=0)["Body"] == "a"
    assert bodies(receive(sqs, url)) == ["a", "b", "c"]
