"""JSON Schema on topics: what fits is published; what does not is refused, let through or set aside."""

import json
import re

import pytest

from checks import (
    arn_of, bodies, envelope, make_fifo, make_fifo_topic, make_queue, make_topic, receive, receive_all, receive_one,
    refused, subscribed_queue, text,
)

ORDER = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "lines"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+-[0-9]+$"},
        "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {"line": {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}}},
}
GOOD = json.dumps({"id": "a-1", "lines": [{"count": 1}]})
BAD = json.dumps({"id": "a-1", "lines": [{"count": 1}, {"count": 0}]})


def schema(mode, schema=ORDER, **more):
    return json.dumps({"schema": schema, "mode": mode} | more)


def set_schema(sns, topic, value):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="MessageSchema", AttributeValue=value)


def test_a_message_that_does_not_fit_is_refused_with_the_place_that_failed(sns, queues):
    topic = make_topic(sns, MessageSchema=schema("reject"))
    inbox = subscribed_queue(sns, queues, topic)
    sns.publish(TopicArn=topic, Message=GOOD)
    for message, reason in (
        (BAD, "value is less than the minimum of 1 at #/lines/1/count"),
        ('{"id": "a-1"}', '"lines" is a required property at #'),
        ("hello", "the message is no JSON at #"),
    ):
        with refused("InvalidParameter", f"Invalid parameter: Message Reason: {reason}"):
            sns.publish(TopicArn=topic, Message=message)
    assert [envelope(message)["Message"] for message in receive_all(queues, inbox, 1)] == [GOOD]


def test_entries_of_a_batch_that_do_not_fit_fail_by_themselves(sns, queues):
    topic = make_topic(sns, MessageSchema=schema("reject"))
    inbox = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "bad", "Message": BAD}, {"Id": "good", "Message": GOOD}, {"Id": "text", "Message": "x"},
    ])
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("bad", "InvalidParameter", True), ("text", "InvalidParameter", True)]
    assert answer["Failed"][0]["Message"].endswith(" at #/lines/1/count")
    assert bodies(receive_all(queues, inbox, 1)) == [GOOD]


def test_a_schema_that_warns_lets_everything_through(sns, queues):
    topic = make_topic(sns, MessageSchema=schema("warn"))
    inbox = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    for message in (GOOD, BAD, "x"):
        sns.publish(TopicArn=topic, Message=message)
    assert bodies(receive_all(queues, inbox, 3)) == [GOOD, BAD, "x"]


def test_what_does_not_fit_is_set_aside_with_its_attributes(sns, queues):
    dead = make_queue(queues, "dead")
    topic = make_topic(sns, MessageSchema=schema("deadletter", deadLetterTargetArn=arn_of(queues, dead)))
    inbox = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    attributes = {"kind": text("order")}
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "bad", "Message": BAD, "MessageAttributes": attributes}, {"Id": "good", "Message": GOOD},
    ])
    assert sorted(entry["Id"] for entry in answer["Successful"]) == ["bad", "good"]
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 2
    got = receive_one(queues, dead, MessageAttributeNames=["All"])
    assert (got["Body"], got["MessageAttributes"]) == (BAD, attributes)
    assert bodies(receive_all(queues, inbox, 1)) == [GOOD]
    assert receive(queues, inbox) == []


def test_dead_letters_of_a_fifo_topic_stay_in_order(sns, queues):
    dead = make_fifo(queues, "dead.fifo")
    topic = make_fifo_topic(
        sns, MessageSchema=schema("deadletter", deadLetterTargetArn=arn_of(queues, dead)), ContentBasedDeduplication="true")
    for number in range(5):
        assert "SequenceNumber" not in sns.publish(TopicArn=topic, Message=str(number), MessageGroupId="g")
    got = receive_all(queues, dead, 5, AttributeNames=["All"])
    assert bodies(got) == [str(number) for number in range(5)]
    assert {message["Attributes"]["MessageGroupId"] for message in got} == {"g"}


@pytest.mark.flags()
def test_what_did_not_fit_is_counted_by_what_became_of_it(hub, world):
    sns = world.sns()
    nowhere = f"arn:aws:sqs:us-east-1:{world.account}:nowhere"
    for mode, more in (("reject", {}), ("warn", {}), ("deadletter", {"deadLetterTargetArn": nowhere})):
        topic = make_topic(sns, mode, MessageSchema=schema(mode, **more))
        sns.publish(TopicArn=topic, Message=GOOD)
        if mode == "reject":
            with refused("InvalidParameter"):
                sns.publish(TopicArn=topic, Message=BAD)
        else:
            assert sns.publish(TopicArn=topic, Message=BAD)["MessageId"]
    page = world.send("GET", "/metrics", sign=False).text
    counted = dict(re.findall(r'^fanq_schema_mismatches_total\{outcome="(\w+)"\} (\d+)$', page, re.MULTILINE))
    assert counted == {"rejected": "1", "warned": "1", "dead_lettered": "0", "dropped": "1"}


def test_a_schema_is_shown_as_it_was_set_and_removed(sns):
    topic = make_topic(sns)
    attributes = lambda: sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    for nothing in ("", "{}"):
        assert "MessageSchema" not in attributes()
        given = "  " + schema("reject")
        set_schema(sns, topic, given)
        assert attributes()["MessageSchema"] == given
        set_schema(sns, topic, nothing)
        sns.publish(TopicArn=topic, Message="anything")
    set_schema(sns, topic, schema("warn"))
    assert make_topic(sns, MessageSchema=schema("warn").replace(" ", "")) == topic, "compared by value"
    with refused("InvalidParameter"):
        make_topic(sns, MessageSchema=schema("reject"))


@pytest.mark.parametrize("wrong", [
    "nonsense", "[]", '{"mode": "reject"}', schema("stop"), schema("deadletter"), schema("reject", colour="red"),
    schema("deadletter", deadLetterTargetArn="arn:aws:sqs:us-east-1:000000000001:dead"),
    schema("deadletter", deadLetterTargetArn="nonsense"),
    schema("reject", 3), schema("reject", {"type": "thing"}), schema("reject", {"pattern": "(?=a)"}),
    schema("reject", {"$ref": "http://127.0.0.1/x"}), schema("reject", {"$ref": "#"}),
    schema("reject", {"$ref": "#/nowhere"}), schema("reject", {"title": "x" * 65536}),
    schema("reject", json.loads('{"not":' * 40 + "{}" + "}" * 40)),
], ids=range(16))
def test_what_is_no_schema_is_refused(sns, wrong):
    topic = make_topic(sns)
    with refused("InvalidParameter") as caught:
        set_schema(sns, topic, wrong)
    assert caught.value.response["Error"]["Message"].startswith("Invalid parameter: MessageSchema: ")
    with refused("InvalidParameter"):
        make_topic(sns, "other", MessageSchema=wrong)
    sns.publish(TopicArn=topic, Message="anything")


def test_a_deep_message_is_refused_and_harms_nobody(sns):
    topic = make_topic(sns, MessageSchema=schema("reject", {"items": {"$ref": "#"}}))
    sns.publish(TopicArn=topic, Message="[" * 64 + "]" * 64)
    for depth in (65, 1000, 100000):
        with refused("InvalidParameter"):
            sns.publish(TopicArn=topic, Message="[" * depth + "]" * depth)
