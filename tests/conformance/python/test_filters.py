"""Filters that are accepted are filters that are applied: the cases of the filter crate, over the wire.

Each case subscribes a queue with its policy, publishes its message and one that has no filter to pass, and looks at
what arrived. What a policy means is tested in that crate; here, that it is asked.
"""

import json
import pathlib

import pytest

from checks import arn_of, bodies, make_queue, make_topic, receive, receive_all, refused, subscribe, text

CASES = pathlib.Path(__file__).resolve().parents[3] / "filters" / "cases"


def cases(name):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((CASES / f"{name}.json").read_text())
        if case["confidence"] == "high"
    ]


def attribute(kind, value):
    if kind.startswith("Binary"):
        return {"DataType": kind, "BinaryValue": value.encode()}
    return text(value, kind)


def check(queues, sns, case, scope, message):
    topic = make_topic(sns)
    inbox, witness = (make_queue(queues, name) for name in ("inbox", "witness"))
    subscribe(sns, topic, arn_of(queues, inbox), RawMessageDelivery="true", FilterPolicyScope=scope,
              FilterPolicy=json.dumps(case["policy"]))
    subscribe(sns, topic, arn_of(queues, witness), RawMessageDelivery="true")
    sns.publish(TopicArn=topic, **message)
    # A publish is in all its queues or in none: once the witness has it, so has the inbox, or never.
    expected = bodies(receive_all(queues, witness, 1))
    got = bodies(receive(queues, inbox))
    assert got == (expected if case["expect"] == "accept" else []), case


@pytest.mark.parametrize("case", cases("attributes"))
def test_a_policy_on_attributes(queues, sns, case):
    attributes = {name: attribute(*given) for name, given in case["attributes"].items()}
    check(queues, sns, case, "MessageAttributes", {"Message": "hello", "MessageAttributes": attributes})


@pytest.mark.parametrize("case", cases("body"))
def test_a_policy_on_the_body(queues, sns, case):
    check(queues, sns, case, "MessageBody", {"Message": case["body"]})


@pytest.mark.parametrize("case", cases("refusals"))
def test_a_wrong_policy_is_refused(queues, sns, case):
    topic = make_topic(sns)
    inbox = arn_of(queues, make_queue(queues, "inbox"))
    scope = case.get("scope") or "MessageAttributes"

    def subscribe_with_policy():
        subscribe(sns, topic, inbox, FilterPolicyScope=scope, FilterPolicy=case["policy"])

    if case["expect"] == "valid":
        subscribe_with_policy()
        return
    with refused("InvalidParameter") as caught:
        if case.get("api") == "SetSubscriptionAttributes":
            arn = subscribe(sns, topic, inbox, FilterPolicyScope=scope)
            sns.set_subscription_attributes(
                SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=case["policy"]
            )
        else:
            subscribe_with_policy()
    first_line = caught.value.response["Error"]["Message"].split("\n")[0]
    assert first_line == case["message"].split("\n")[0]


def test_a_change_of_a_policy_counts_from_the_next_publish(queues, sns):
    topic = make_topic(sns)
    url = make_queue(queues, "inbox")
    arn = subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true", FilterPolicy={"kind": ["a"]})
    publish = lambda kind: sns.publish(TopicArn=topic, Message=kind, MessageAttributes={"kind": text(kind)})
    publish("a")
    publish("b")
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue='{"kind": ["b"]}')
    publish("a")
    publish("b")
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{}")
    publish("c")
    assert bodies(receive_all(queues, url, 3)) == ["a", "b", "c"]
    assert receive(queues, url) == []


def test_each_entry_of_a_batch_is_filtered_alone(queues, sns):
    topic = make_topic(sns)
    url = make_queue(queues, "inbox")
    subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true", FilterPolicy={"kind": ["a"]})
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": str(number), "Message": str(number), "MessageAttributes": {"kind": text("ab"[number % 2])}}
        for number in range(6)
    ])
    assert bodies(receive_all(queues, url, 3)) == ["0", "2", "4"]
    assert receive(queues, url) == []


def test_a_body_filter_sees_the_text_that_the_queue_would_get(queues, sns):
    topic = make_topic(sns)
    url = make_queue(queues, "inbox")
    subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true", FilterPolicyScope="MessageBody",
              FilterPolicy={"to": ["queues"]})
    message = {"default": '{"to": "all"}', "sqs": '{"to": "queues"}'}
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps(message))
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": '{"to": "all"}'}))
    assert bodies(receive_all(queues, url, 1)) == ['{"to": "queues"}']
    assert receive(queues, url) == []


def test_a_filtered_message_is_no_failure(queues, sns):
    topic = make_topic(sns)
    url, dead = make_queue(queues, "inbox"), make_queue(queues, "dead")
    subscribe(sns, topic, arn_of(queues, url), FilterPolicy={"kind": ["a"]},
              RedrivePolicy={"deadLetterTargetArn": arn_of(queues, dead)})
    sns.publish(TopicArn=topic, Message="x", MessageAttributes={"kind": text("b")})
    assert receive(queues, url) == [] and receive(queues, dead) == []
