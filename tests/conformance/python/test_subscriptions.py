"""Subscriptions of queues to topics, and their attributes."""

import json

import pytest

from checks import (
    UUID, arn_of, make_fifo, make_fifo_topic, make_queue, make_topic, receive, refused, subscribe, subscription_of,
)

NO_SUBSCRIPTION = ("NotFound", "Subscription does not exist")


@pytest.fixture
def topic(sns):
    return make_topic(sns)


@pytest.fixture
def inbox(queues):
    return arn_of(queues, make_queue(queues, "inbox"))


def change(sns, subscription, name, value=None):
    given = {} if value is None else {"AttributeValue": value}
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName=name, **given)


def refused_attribute(message):
    """The refusal of an attribute: Subscribe names the group before it, SetSubscriptionAttributes does not."""
    return (
        refused("InvalidParameter", f"Invalid parameter: Attributes Reason: {message}"),
        refused("InvalidParameter", f"Invalid parameter: {message}"),
    )


def test_a_subscription_of_a_queue_is_confirmed_at_once(sns, topic, inbox):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:") and UUID.fullmatch(arn.rsplit(":", 1)[1])


def test_a_new_subscription_shows_its_attributes(sns, topic, inbox, world):
    arn = subscribe(sns, topic, inbox)
    got = subscription_of(sns, arn)
    assert got.pop("SubscriptionPrincipal").startswith("arn:aws:")
    assert got == {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": inbox,
        "Owner": world.account,
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "false",
        "SubscriptionArn": arn,
        "TopicArn": topic,
    }


def test_subscribing_again_returns_the_same_arn(sns, topic, inbox):
    arn = subscribe(sns, topic, inbox, RawMessageDelivery="true")
    assert subscribe(sns, topic, inbox) == arn
    assert subscribe(sns, topic, inbox, RawMessageDelivery="true") == arn
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    with refused("InvalidParameter",
                 "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"):
        subscribe(sns, topic, inbox, RawMessageDelivery="false")


def test_attributes_can_be_given_with_subscribe(sns, queues, topic, inbox):
    dead = arn_of(queues, make_queue(queues, "dead"))
    policy = {"kind": ["book"]}
    arn = subscribe(sns, topic, inbox, RawMessageDelivery="true", FilterPolicy=policy,
                    FilterPolicyScope="MessageBody", RedrivePolicy={"deadLetterTargetArn": dead})
    got = subscription_of(sns, arn)
    assert got["RawMessageDelivery"] == "true"
    assert json.loads(got["FilterPolicy"]) == policy
    assert got["FilterPolicyScope"] == "MessageBody"
    assert json.loads(got["RedrivePolicy"]) == {"deadLetterTargetArn": dead}


def test_attributes_can_be_changed_and_removed(sns, topic, inbox):
    arn = subscribe(sns, topic, inbox)
    change(sns, arn, "RawMessageDelivery", "true")
    change(sns, arn, "FilterPolicy", '{"kind": ["book"]}')
    change(sns, arn, "RedrivePolicy", json.dumps({"deadLetterTargetArn": inbox}))
    got = subscription_of(sns, arn)
    assert (got["RawMessageDelivery"], got["FilterPolicyScope"]) == ("true", "MessageAttributes")
    change(sns, arn, "FilterPolicy", "{}")
    change(sns, arn, "RedrivePolicy")
    got = subscription_of(sns, arn)
    assert not {"FilterPolicy", "FilterPolicyScope", "RedrivePolicy"} & set(got)


def test_a_scope_without_a_policy_is_not_shown(sns, topic, inbox):
    arn = subscribe(sns, topic, inbox)
    change(sns, arn, "FilterPolicyScope", "MessageBody")
    assert "FilterPolicyScope" not in subscription_of(sns, arn)
    change(sns, arn, "FilterPolicy", '{"a": {"b": ["c"]}}')
    assert subscription_of(sns, arn)["FilterPolicyScope"] == "MessageBody"
    with refused("InvalidParameter",
                 "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"):
        change(sns, arn, "FilterPolicyScope", "MessageAttributes")


@pytest.mark.parametrize("name,value,message", [
    ("RawMessageDelivery", "maybe", "RawMessageDelivery: Invalid value [maybe]. Must be true or false."),
    ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
    ("FilterPolicyScope", "Body", "FilterPolicyScope: Invalid value [Body]. Please use either MessageBody or MessageAttributes"),
    ("RedrivePolicy", '{"deadLetterTargetArn": "nonsense"}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ("FilterPolicy", '{"a": {"b": ["c"]}}', "Filter policy scope MessageAttributes does not support nested filter policy"),
])
def test_wrong_attributes_are_refused_by_both_operations(sns, topic, inbox, name, value, message):
    on_subscribe, on_change = refused_attribute(message)
    with on_subscribe:
        subscribe(sns, topic, inbox, **{name: value})
    arn = subscribe(sns, topic, inbox)
    with on_change:
        change(sns, arn, name, value)


def test_an_unknown_attribute_is_refused(sns, topic, inbox):
    with refused("InvalidParameter"):
        subscribe(sns, topic, inbox, Colour="red")
    arn = subscribe(sns, topic, inbox)
    with refused("InvalidParameter", "Invalid parameter: AttributeName"):
        change(sns, arn, "Colour", "red")


def test_an_unknown_subscription_is_refused(sns, topic):
    arn = f"{topic}:00000000-0000-0000-0000-000000000000"
    with refused(*NO_SUBSCRIPTION, status=404):
        subscription_of(sns, arn)
    with refused(*NO_SUBSCRIPTION, status=404):
        change(sns, arn, "RawMessageDelivery", "true")
    sns.unsubscribe(SubscriptionArn=arn)


def test_what_a_queue_subscribes_by_is_its_arn(sns, queues, topic):
    with refused("InvalidParameter", "Invalid parameter: SQS endpoint ARN"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue(queues, "inbox"))


def test_an_unknown_protocol_is_refused(sns, topic, inbox):
    with refused("InvalidParameter", "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"):
        sns.subscribe(TopicArn=topic, Protocol="pigeon", Endpoint=inbox)


def test_a_fifo_queue_cannot_subscribe_to_a_standard_topic(sns, queues, topic):
    with refused("InvalidParameter", "Invalid parameter: Invalid parameter: Endpoint Reason: "
                 "FIFO SQS Queues can not be subscribed to standard SNS topics"):
        subscribe(sns, topic, arn_of(queues, make_fifo(queues, "inbox.fifo")))


def test_a_standard_queue_can_subscribe_to_a_fifo_topic(sns, inbox):
    subscribe(sns, make_fifo_topic(sns), inbox)


def test_a_queue_need_not_exist_when_it_is_subscribed(sns, topic, world):
    subscribe(sns, topic, f"arn:aws:sqs:us-east-1:{world.account}:later")


def test_an_unsubscribed_queue_gets_nothing_more(sns, queues, topic):
    url = make_queue(queues, "inbox")
    arn = subscribe(sns, topic, arn_of(queues, url))
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="x")
    assert receive(queues, url) == []
    with refused(*NO_SUBSCRIPTION, status=404):
        subscription_of(sns, arn)


def test_the_arn_of_a_topic_is_no_subscription(sns, topic):
    with refused("InvalidParameter", "Invalid parameter: SubscriptionId"):
        sns.unsubscribe(SubscriptionArn=topic)


def test_subscriptions_are_counted(sns, topic, queues):
    def counters():
        got = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        return got["SubscriptionsConfirmed"], got["SubscriptionsPending"], got["SubscriptionsDeleted"]

    arns = [subscribe(sns, topic, arn_of(queues, make_queue(queues, name))) for name in "abc"]
    assert counters() == ("3", "0", "0")
    sns.unsubscribe(SubscriptionArn=arns[0])
    assert counters() == ("2", "0", "1")


def test_subscriptions_are_listed_by_account_and_by_topic(sns, topic, inbox, world):
    other = make_topic(sns, "other")
    one, two = subscribe(sns, topic, inbox), subscribe(sns, other, inbox)
    listed = sns.list_subscriptions()["Subscriptions"]
    assert {subscription["SubscriptionArn"] for subscription in listed} == {one, two}
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [{
        "SubscriptionArn": one, "Owner": world.account, "Protocol": "sqs", "Endpoint": inbox, "TopicArn": topic,
    }]
    assert sns.list_subscriptions_by_topic(TopicArn=make_topic(sns, "empty"))["Subscriptions"] == []


def test_subscriptions_are_listed_in_pages_of_100(sns, topic, world):
    arns = {subscribe(sns, topic, f"arn:aws:sqs:us-east-1:{world.account}:q-{number}") for number in range(101)}
    for paginator, given in (("list_subscriptions", {}), ("list_subscriptions_by_topic", {"TopicArn": topic})):
        got = [
            [subscription["SubscriptionArn"] for subscription in page["Subscriptions"]]
            for page in sns.get_paginator(paginator).paginate(**given)
        ]
        assert [len(page) for page in got] == [100, 1]
        assert {arn for page in got for arn in page} == arns


def test_a_subscription_outlives_its_topic_and_its_queue(sns, queues, topic):
    url = make_queue(queues, "inbox")
    arn = subscribe(sns, topic, arn_of(queues, url))
    queues.delete_queue(QueueUrl=url)
    assert subscription_of(sns, arn)["TopicArn"] == topic
    sns.publish(TopicArn=topic, Message="to nobody")
