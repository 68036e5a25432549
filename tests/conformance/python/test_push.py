"""Deliveries over HTTP, to a receiver that agrees, verifies, fails, hangs, and comes back."""

import json
import threading
import urllib.request

import pytest

import signatures
from checks import arn_of, counts, envelope, make_queue, make_topic, receive_one, subscribed_queue
from receiver import Receiver
from world import World

AUTO_CONFIRM = pytest.mark.flags("--auto-confirm")
AT_ONCE = {"healthyRetryPolicy": {"numRetries": 3, "numNoDelayRetries": 3}}


@pytest.fixture
def receivers():
    """Starts receivers; they end with the test."""
    started = []

    def start(*answer):
        started.append(Receiver(*answer))
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop()


@pytest.fixture
def topic(sns):
    return make_topic(sns)


@pytest.fixture
def dead(queues):
    return make_queue(queues, "dead")


def subscribe(sns, topic, url, **attributes):
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()}
    return sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=url, Attributes=given, ReturnSubscriptionArn=True
    )["SubscriptionArn"]


def redrive(queues, url):
    return {"deadLetterTargetArn": arn_of(queues, url)}


def metric(hub, name, **labels):
    """The sum of the series of that name that have these labels."""
    with urllib.request.urlopen(f"{hub.endpoint}/metrics") as answer:
        lines = [line for line in answer.read().decode().splitlines() if line.startswith(name + "{")]
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in wanted))


def turn_until(clock, receiver, number, kind="Notification"):
    """Turns the clock in small steps until so many requests of a kind have come."""
    for _ in range(400):
        if receiver.has(number, within_s=0.25, kind=kind):
            return
        clock.advance(5)
    raise AssertionError(f"the receiver did not get {number} requests of the kind {kind}")


# Confirmations


@pytest.mark.parametrize("version", [None, "2"])
def test_an_endpoint_agrees_is_told_and_can_come_back(sns, receivers, version):
    topic = make_topic(sns, **({"SignatureVersion": version} if version else {}))
    receiver = receivers()
    subscription = subscribe(sns, topic, receiver.url)
    asked = receiver.first("SubscriptionConfirmation")
    assert asked.headers["x-amz-sns-topic-arn"] == asked.json()["TopicArn"] == topic
    assert asked.headers["x-amz-sns-message-id"] == asked.json()["MessageId"]
    assert "x-amz-sns-subscription-arn" not in asked.headers
    members = ["Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp"]
    assert list(asked.json()) == members + ["SignatureVersion", "Signature", "SigningCertURL"]
    receiver.confirm()

    sns.publish(TopicArn=topic, Message="hello", Subject="greeting")
    told = receiver.first()
    assert told.headers["x-amz-sns-subscription-arn"] == subscription
    assert (told.json()["Message"], told.json()["Subject"]) == ("hello", "greeting")

    urllib.request.urlopen(told.json()["UnsubscribeURL"]).close()
    ended = receiver.first("UnsubscribeConfirmation")
    assert subscription in ended.json()["Message"]
    sns.publish(TopicArn=topic, Message="to nobody")
    urllib.request.urlopen(ended.json()["SubscribeURL"]).close()
    sns.publish(TopicArn=topic, Message="back")
    receiver.count(2)
    told = [post.json()["Message"] for post in receiver.posts if post.kind == "Notification"]
    assert told == ["hello", "back"]
    for post in receiver.posts:
        assert post.json()["SignatureVersion"] == (version or "1")
        signatures.verify(post.json())


def test_an_endpoint_that_has_not_agreed_gets_nothing_else(sns, topic, receivers):
    pending, agreed = receivers(), receivers()
    for receiver in (pending, agreed):
        subscribe(sns, topic, receiver.url)
    agreed.confirm()
    sns.publish(TopicArn=topic, Message="hello")
    agreed.first()
    assert pending.first("SubscriptionConfirmation")
    assert {post.kind for post in pending.posts} == {"SubscriptionConfirmation"}


def test_a_confirmation_is_repeated_until_the_endpoint_answers(sns, topic, receivers, clock):
    receiver = receivers(lambda post: 200 if len(receiver.posts) > 2 else 503)
    subscribe(sns, topic, receiver.url)
    turn_until(clock, receiver, 3, "SubscriptionConfirmation")
    receiver.confirm()


# Requests


@AUTO_CONFIRM
def test_a_raw_message_is_its_text_alone(sns, topic, receivers):
    receiver = receivers()
    policy = {"requestPolicy": {"headerContentType": "application/json"}}
    subscribe(sns, topic, receiver.url, RawMessageDelivery="true", DeliveryPolicy=policy)
    sns.publish(
        TopicArn=topic, Message='{"a": 1}', Subject="lost",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "lost"}},
    )
    told = receiver.first()
    assert told.body == '{"a": 1}'
    assert told.headers["x-amz-sns-rawdelivery"] == "true"
    assert told.headers["content-type"] == "application/json"


@AUTO_CONFIRM
def test_a_url_may_hold_a_name_and_a_password(sns, topic, receivers):
    receiver = receivers()
    subscribe(sns, topic, receiver.url.replace("http://", "http://user:secret@") + "?a=b")
    sns.publish(TopicArn=topic, Message="hello")
    told = receiver.first()
    assert told.headers["authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert (told.path, told.headers["host"]) == ("/inbox?a=b", f"127.0.0.1:{receiver.port}")


@AUTO_CONFIRM
def test_each_protocol_has_its_own_text(sns, topic, receivers):
    receiver = receivers()
    subscribe(sns, topic, receiver.url)
    texts = {"default": "for all", "http": "for http", "sqs": "for queues"}
    sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
    assert receiver.first().json()["Message"] == "for http"
    signatures.verify(receiver.first().json())


@AUTO_CONFIRM
def test_messages_can_be_events(sns, topic, receivers):
    binary, structured = receivers(), receivers()
    subscribe(sns, topic, binary.url, DeliveryFormat="cloudevents-binary")
    subscribe(sns, topic, structured.url, DeliveryFormat="cloudevents-structured")
    sent = sns.publish(TopicArn=topic, Message='{"a": 1}')["MessageId"]
    event = binary.first()
    assert (event.headers["ce-specversion"], event.headers["ce-id"], event.body) == ("1.0", sent, '{"a": 1}')
    document = structured.first()
    assert document.headers["content-type"].startswith("application/cloudevents+json")
    assert (document.json()["id"], document.json()["data"]) == (sent, {"a": 1})


# Failures


@AUTO_CONFIRM
def test_a_delivery_that_failed_is_repeated(sns, topic, receivers, hub):
    answers = iter([500, 429, 302])
    receiver = receivers(lambda post: next(answers, 200))
    subscription = subscribe(sns, topic, receiver.url, DeliveryPolicy=AT_ONCE)
    sns.publish(TopicArn=topic, Message="hello")
    receiver.count(4)
    assert len({post.body for post in receiver.posts}) == 1
    sns.publish(TopicArn=topic, Message="next")
    receiver.count(5)
    assert metric(hub, "fanq_pushes_total", subscription=subscription, result="failed") == 3


@AUTO_CONFIRM
@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_refusal_is_not_repeated(sns, queues, topic, dead, receivers, status):
    receiver = receivers(lambda post: status)
    subscribe(sns, topic, receiver.url, RedrivePolicy=redrive(queues, dead), DeliveryPolicy=AT_ONCE)
    sns.publish(TopicArn=topic, Message="hello", Subject="greeting")
    assert envelope(receive_one(queues, dead, WaitTimeSeconds=20)) == receiver.first().json()
    assert len(receiver.posts) == 1


@AUTO_CONFIRM
def test_without_a_policy_there_are_four_attempts_20_seconds_apart(sns, queues, topic, dead, receivers, clock):
    receiver = receivers(lambda post: 503)
    subscribe(sns, topic, receiver.url, RedrivePolicy=redrive(queues, dead))
    begun = clock.now_ms()
    sns.publish(TopicArn=topic, Message="hello")
    for number in (1, 2, 3, 4):
        turn_until(clock, receiver, number)
        assert clock.now_ms() - begun >= (number - 1) * 20_000
    assert envelope(receive_one(queues, dead, WaitTimeSeconds=20)) == receiver.first().json()
    assert len(receiver.posts) == 4


@AUTO_CONFIRM
def test_a_redirect_is_not_followed(sns, queues, topic, dead, receivers):
    elsewhere = receivers()
    receiver = receivers(lambda post: (302, {"Location": elsewhere.url}))
    subscribe(sns, topic, receiver.url, RedrivePolicy=redrive(queues, dead), DeliveryPolicy=AT_ONCE)
    sns.publish(TopicArn=topic, Message="hello")
    assert envelope(receive_one(queues, dead, WaitTimeSeconds=20))["Message"] == "hello"
    assert (len(receiver.posts), elsewhere.posts) == (4, [])


@AUTO_CONFIRM
def test_an_endpoint_that_hangs_keeps_nothing_from_others(sns, topic, receivers):
    released = threading.Event()
    hanging = receivers(lambda post: released.wait() and 200)
    alive = receivers()
    for receiver in (hanging, alive):
        subscribe(sns, topic, receiver.url, RawMessageDelivery="true")
    for number in range(50):
        sns.publish(TopicArn=topic, Message=str(number))
    assert sorted(int(post.body) for post in alive.wait_for(lambda posts: len(posts) == 50 and posts)) == [*range(50)]
    released.set()
    hanging.wait_for(lambda posts: {post.body for post in posts} == {str(number) for number in range(50)})


@pytest.mark.flags("--auto-confirm", "--push-breaker-failures", "2", "--push-breaker-pause-s", "1")
def test_messages_outlast_an_outage(sns, queues, topic, dead, receivers, hub):
    is_well = threading.Event()
    receiver = receivers(lambda post: 200 if is_well.is_set() else 500)
    policy = {"healthyRetryPolicy": {"numRetries": 50, "numNoDelayRetries": 50}}
    subscription = subscribe(sns, topic, receiver.url, DeliveryPolicy=policy, RedrivePolicy=redrive(queues, dead))
    for number in range(5):
        sns.publish(TopicArn=topic, Message=str(number))
    # The first ones fail, and after a pause of a second each so do probes, one at a time.
    receiver.count(10)
    assert metric(hub, "fanq_push_breaker_open", subscription=subscription) == 1
    is_well.set()
    receiver.wait_for(lambda posts: len({post.json()["Message"] for post in posts[10:]}) == 5)
    sns.publish(TopicArn=topic, Message="last")
    receiver.wait_for(lambda posts: posts[-1].json()["Message"] == "last")
    failed = metric(hub, "fanq_pushes_total", subscription=subscription, result="failed")
    assert 2 <= failed <= 20, "without a pause each message would have failed 51 times"
    assert metric(hub, "fanq_push_breaker_open", subscription=subscription) == 0
    assert "Messages" not in queues.receive_message(QueueUrl=dead)


@pytest.mark.flags("--auto-confirm", "--push-breaker-failures", "2", "--push-breaker-pause-s", "3600")
def test_a_pause_passes_when_the_clock_is_turned(sns, topic, receivers, clock):
    receiver = receivers(lambda post: 200 if receiver.is_well else 500)
    receiver.is_well = False
    subscribe(sns, topic, receiver.url, DeliveryPolicy={"healthyRetryPolicy": {"numRetries": 9, "numNoDelayRetries": 9}})
    sns.publish(TopicArn=topic, Message="hello")
    receiver.count(2)
    receiver.is_well = True
    clock.advance(3600)
    receiver.count(3)


@pytest.mark.flags("--auto-confirm", "--push-deny", "127.0.0.0/8,::1")
def test_what_is_denied_is_not_called(sns, queues, topic, dead, receivers):
    receiver = receivers()
    subscribe(sns, topic, receiver.url.replace("127.0.0.1", "localhost"), RedrivePolicy=redrive(queues, dead))
    sns.publish(TopicArn=topic, Message="hello")
    assert envelope(receive_one(queues, dead, WaitTimeSeconds=20))["Message"] == "hello"
    assert receiver.posts == []


@AUTO_CONFIRM
@pytest.mark.parametrize("attributes", [
    {"RawMessageDelivery": "true"},
    {"DeliveryFormat": "cloudevents-binary"},
    {"DeliveryFormat": "cloudevents-structured"},
])
def test_a_topic_that_is_subscribed_to_its_own_address_does_not_go_round_for_ever(hub, attributes):
    # Whoever does not sign is this account.
    world = World(hub, account="000000000000")
    sns, queues = world.sns(), world.sqs()
    topic, dead = make_topic(sns), make_queue(queues, "dead")
    inbox = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    subscribe(sns, topic, f"{hub.endpoint}/topics/events/messages", RedrivePolicy=redrive(queues, dead), **attributes)
    trace = {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    given = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": '"round"'}
    assert world.post_form(given, service="sns", headers=trace).status == 200
    last = receive_one(queues, dead, WaitTimeSeconds=20, MessageSystemAttributeNames=["AWSTraceHeader"])
    assert last["Attributes"]["AWSTraceHeader"] == trace["X-Amzn-Trace-Id"] + ";fanq-hops=8"
    assert counts(queues, inbox) == (9, 0, 0)
