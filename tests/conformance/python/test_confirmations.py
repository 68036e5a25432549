"""Subscriptions of endpoints that are no queues: who is asked first, how an endpoint agrees, how it leaves."""

import json
import time

import pytest

from checks import UUID, make_fifo_topic, make_topic, refused, subscription_of
from hub import Hub
from receiver import Receiver
from world import World

URL = "http://shop.example.com/hook"
DAY_S = 24 * 60 * 60
ASKED = {
    "http": URL,
    "https": "https://shop.example.com/hook",
    "email": "somebody@example.com",
    "email-json": "somebody@example.com",
}
OWN = {
    "sms": "+12065550100",
    "application": "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/shop/1f",
    "lambda": "arn:aws:lambda:us-east-1:000000000000:function:bill",
}
NO_SUBSCRIPTION = ("NotFound", "Subscription does not exist")


@pytest.fixture
def topic(sns):
    return make_topic(sns)


def ask(sns, topic, protocol="http", endpoint=URL, **attributes):
    """Subscribes an endpoint, and gives the ARN of its subscription, whether it has agreed or not."""
    given = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes}
    return sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]


def listed(sns, topic):
    return sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]


def counted(sns, topic):
    """Confirmed, pending, deleted."""
    got = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    return tuple(int(got[f"Subscriptions{kind}"]) for kind in ("Confirmed", "Pending", "Deleted"))


def leave_by_link(world, arn):
    """Ends a subscription as the link in a message does."""
    return world.get({"Action": "Unsubscribe", "SubscriptionArn": arn}, sign=False)


def agree_by_link(world, topic, token):
    return world.get({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token}, sign=False)


@pytest.mark.parametrize("protocol,endpoint", ASKED.items())
def test_an_endpoint_of_somebody_else_is_asked_first(sns, topic, protocol, endpoint):
    answer = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert answer["SubscriptionArn"] == "pending confirmation"
    arn = ask(sns, topic, protocol, endpoint)
    assert arn.startswith(f"{topic}:") and UUID.fullmatch(arn.rsplit(":", 1)[1])
    got = subscription_of(sns, arn)
    assert (got["PendingConfirmation"], got["ConfirmationWasAuthenticated"]) == ("true", "false")
    assert [it["SubscriptionArn"] for it in listed(sns, topic)] == ["PendingConfirmation"]
    assert [it["SubscriptionArn"] for it in sns.list_subscriptions()["Subscriptions"]] == ["PendingConfirmation"]
    assert counted(sns, topic) == (0, 1, 0)


@pytest.mark.parametrize("protocol,endpoint", OWN.items())
def test_an_endpoint_of_the_account_is_subscribed_at_once(sns, topic, protocol, endpoint):
    arn = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)["SubscriptionArn"]
    got = subscription_of(sns, arn)
    assert (got["PendingConfirmation"], got["ConfirmationWasAuthenticated"]) == ("false", "true")
    assert counted(sns, topic) == (1, 0, 0)


def test_a_stream_is_written_to_in_a_role(sns, topic):
    stream, role = "arn:aws:firehose:us-east-1:000000000000:deliverystream/lake", "arn:aws:iam::000000000000:role/writer"
    with refused("InvalidParameter"):
        ask(sns, topic, "firehose", stream)
    arn = ask(sns, topic, "firehose", stream, SubscriptionRoleArn=role)
    assert subscription_of(sns, arn)["SubscriptionRoleArn"] == role


@pytest.mark.parametrize("protocol,endpoint,message", [
    ("http", "https://shop.example.com", "Invalid parameter: Endpoint must match the specified protocol"),
    ("https", "http://shop.example.com", "Invalid parameter: Endpoint must match the specified protocol"),
    ("sms", "NAA+15551234567", "Invalid SMS endpoint: NAA+15551234567"),
    ("lambda", "bill", "Invalid parameter: Lambda endpoint ARN"),
    ("email", "somebody", "Invalid parameter: Email address"),
])
def test_an_endpoint_fits_its_protocol(sns, topic, protocol, endpoint, message):
    with refused("InvalidParameter", message):
        ask(sns, topic, protocol, endpoint)
    with refused("InvalidParameter", "Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"):
        ask(sns, make_fifo_topic(sns, "events.fifo"), protocol, endpoint)


def test_an_unanswered_question_is_forgotten_after_two_days(sns, topic, clock):
    arn = ask(sns, topic)
    clock.advance(2 * DAY_S - 60)
    assert counted(sns, topic) == (0, 1, 0)
    clock.advance(60)
    assert (listed(sns, topic), counted(sns, topic)) == ([], (0, 0, 1))
    with refused(*NO_SUBSCRIPTION, status=404):
        subscription_of(sns, arn)


def test_a_subscription_that_waits_cannot_be_ended(sns, world, topic):
    arn = ask(sns, topic)
    message = ("Invalid parameter: SubscriptionArn Reason: "
               "Cannot unsubscribe a subscription that is pending confirmation")
    with refused("InvalidParameter", message):
        sns.unsubscribe(SubscriptionArn=arn)
    fault = leave_by_link(world, arn).fault()
    assert (fault.status, fault.code, fault.message) == (400, "InvalidParameter", message)


@pytest.mark.parametrize("named,token,message", [
    (None, "00" * 144, "Invalid parameter: Token"),
    (None, "x" * 288, "Invalid token"),
    (None, "00", "Invalid token"),
    ("events", "00" * 144, "Invalid parameter: Topic"),
    ("arn:aws:sqs:us-east-1:000000000000:events", "00" * 144, "Invalid parameter: Topic"),
])
def test_a_wrong_token_confirms_nothing(sns, world, topic, named, token, message):
    arn = ask(sns, topic)
    with refused("InvalidParameter", message):
        sns.confirm_subscription(TopicArn=named or topic, Token=token)
    fault = agree_by_link(world, named or topic, token).fault()
    assert (fault.status, fault.code, fault.message) == (400, "InvalidParameter", message)
    assert subscription_of(sns, arn)["PendingConfirmation"] == "true"


@pytest.mark.flags("--auto-confirm")
@pytest.mark.parametrize("protocol,endpoint", ASKED.items())
def test_nobody_is_asked_if_that_is_taken_for_granted(sns, world, topic, protocol, endpoint):
    arn = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)["SubscriptionArn"]
    got = subscription_of(sns, arn)
    assert (got["PendingConfirmation"], got["ConfirmationWasAuthenticated"]) == ("false", "false")
    assert leave_by_link(world, arn).status == 200
    assert leave_by_link(world, arn).status == 200
    assert (listed(sns, topic), counted(sns, topic)) == ([], (0, 0, 1))
    with refused(*NO_SUBSCRIPTION, status=404):
        subscription_of(sns, arn)


def test_who_was_asked_before_counts_as_agreed_after_a_start_that_takes_it_for_granted(tmp_path):
    first = Hub(data_dir=tmp_path)
    world = World(first)
    sns = world.sns()
    topic = make_topic(sns)
    arns = [ask(sns, topic, protocol, endpoint) for protocol, endpoint in ASKED.items()]
    assert counted(sns, topic) == (0, len(arns), 0)
    first.stop()
    second = Hub("--auto-confirm", data_dir=tmp_path)
    try:
        sns = World(second, account=world.account).sns()
        deadline = time.monotonic() + 20
        while counted(sns, topic)[1] and time.monotonic() < deadline:
            pass
        assert counted(sns, topic) == (len(arns), 0, 0)
        assert [subscription_of(sns, arn)["PendingConfirmation"] for arn in arns] == ["false"] * len(arns)
    finally:
        second.stop()


@pytest.mark.flags("--strict")
def test_with_strict_a_url_where_nobody_is_cannot_be_subscribed(sns, topic):
    receiver = Receiver()
    arn = ask(sns, topic, endpoint=receiver.url)
    receiver.confirm()
    receiver.stop()
    assert subscription_of(sns, arn)["PendingConfirmation"] == "false"
    with refused("InvalidParameter", "Invalid parameter: Unreachable Endpoint"):
        ask(sns, topic, endpoint="http://nobody.invalid/hook")
    assert ask(sns, topic, endpoint=receiver.url) == arn


def test_a_password_in_a_url_is_not_shown(sns, topic):
    arn = ask(sns, topic, endpoint="http://shop:secret@example.com/hook")
    assert ask(sns, topic, endpoint="http://shop:secret@example.com/hook") == arn
    shown = "http://shop:****@example.com/hook"
    assert subscription_of(sns, arn)["Endpoint"] == shown
    assert [it["Endpoint"] for it in listed(sns, topic)] == [shown]


@pytest.mark.flags("--host", "0.0.0.0")
@pytest.mark.parametrize("address", ["127.0.0.1:8080", "10.0.0.1", "[::1]", "169.254.169.254"])
def test_a_hub_that_others_reach_does_not_call_its_neighbours(sns, topic, address):
    with refused("AuthorizationError", "Not authorized to subscribe internal endpoints", status=403):
        ask(sns, topic, endpoint=f"http://{address}/hook")
    ask(sns, topic, endpoint="http://1.1.1.1/hook")


def test_a_url_has_a_delivery_policy_and_a_format(sns, topic):
    own = {"healthyRetryPolicy": {"numRetries": 5}}
    arn = ask(sns, topic, DeliveryPolicy=json.dumps(own), DeliveryFormat="cloudevents-binary", RawMessageDelivery="true")
    got = subscription_of(sns, arn)
    assert (got["DeliveryFormat"], got["RawMessageDelivery"]) == ("cloudevents-binary", "true")
    for policy in ("DeliveryPolicy", "EffectiveDeliveryPolicy"):
        assert json.loads(got[policy])["healthyRetryPolicy"]["numRetries"] == 5
    for name in ("DeliveryPolicy", "DeliveryFormat"):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue="")
    got = subscription_of(sns, arn)
    assert not {"DeliveryPolicy", "DeliveryFormat"} & set(got)
    assert json.loads(got["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"] == 3


@pytest.mark.parametrize("name,value,what", [
    ("RawMessageDelivery", "true", "raw message delivery"),
    ("DeliveryPolicy", "{}", "delivery policies"),
    ("DeliveryFormat", "sns", "delivery formats"),
    ("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/writer", "subscription roles"),
])
def test_some_attributes_are_not_for_every_protocol(sns, topic, name, value, what):
    message = f"{name}: Delivery protocol [lambda] does not support {what}."
    with refused("InvalidParameter", f"Invalid parameter: Attributes Reason: {message}"):
        ask(sns, topic, "lambda", OWN["lambda"], **{name: value})
    arn = ask(sns, topic, "lambda", OWN["lambda"])
    with refused("InvalidParameter", f"Invalid parameter: {message}"):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
