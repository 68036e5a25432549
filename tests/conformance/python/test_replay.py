"""Archives of topics, and what is delivered from them again, as clients of SNS see it."""

import datetime
import json
import time

import pytest

from checks import (
    arn_of, bodies, envelope, make_fifo, make_fifo_topic, make_queue, make_topic, receive, refused, send, subscribe,
    subscription_of,
)

ARCHIVE = json.dumps({"MessageRetentionPeriod": "30"})
LATE = {"EndingPoint": "2099-01-01T00:00:00.000Z"}


def everything(ago_s=0, **more):
    """The policy that asks for all that an archive has which was just begun."""
    point = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago_s)
    return {"PointType": "Timestamp", "StartingPoint": point.strftime("%Y-%m-%dT%H:%M:%SZ")} | more


def publish(sns, topic, message, **more):
    if topic.endswith(".fifo"):
        more = {"MessageGroupId": "g", "MessageDeduplicationId": message} | more
    return sns.publish(TopicArn=topic, Message=message, **more)["MessageId"]


def take_all(sqs, url, number):
    """Receives and deletes until there are so many: in a FIFO queue what comes later waits for what is in flight."""
    messages = []
    deadline = time.monotonic() + 20
    while len(messages) < number and time.monotonic() < deadline:
        received = receive(sqs, url, WaitTimeSeconds=1)
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        messages += received
    assert len(messages) == number, bodies(messages)
    return messages


def replay(world, topic, **asked):
    answer = world.send(path=f"/_fanq/topics/{topic}/replay", body=json.dumps(asked).encode(), service="sns")
    return answer.status, answer.json()


def test_an_archive_policy_is_shown_with_the_beginning_of_the_archive(sns):
    topic = make_fifo_topic(sns, ArchivePolicy=ARCHIVE)
    shown = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert json.loads(shown["ArchivePolicy"]) == {"MessageRetentionPeriod": "30"}
    assert shown["BeginningArchiveTime"].endswith("Z")
    with refused("InvalidState", "Invalid parameter: Cannot delete a topic with an ArchivePolicy"):
        sns.delete_topic(TopicArn=topic)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    shown = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert "ArchivePolicy" not in shown and "BeginningArchiveTime" not in shown
    sns.delete_topic(TopicArn=topic)


def test_standard_topics_can_have_archives(sns, queues):
    wanted = everything()
    topic = make_topic(sns, ArchivePolicy=ARCHIVE)
    published = publish(sns, topic, "before")
    url = make_queue(queues, "inbox")
    subscribe(sns, topic, arn_of(queues, url), ReplayPolicy=wanted)
    [message] = take_all(queues, url, 1)
    got = envelope(message)
    assert (got["Message"], got["MessageId"], got["Replayed"]) == ("before", published, True)


@pytest.mark.parametrize("scope,policy,expected", [
    ("MessageAttributes", {"kind": ["b"]}, ["2"]),
    ("MessageBody", {"number": [1]}, []),
    (None, None, ["1", "2"]),
])
def test_a_replay_goes_through_the_filter(sns, queues, scope, policy, expected):
    wanted = everything()
    topic = make_fifo_topic(sns, ArchivePolicy=ARCHIVE)
    for number, kind in (("1", "a"), ("2", "b")):
        publish(sns, topic, number, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    url = make_fifo(queues, "inbox.fifo")
    filtered = {"FilterPolicy": policy, "FilterPolicyScope": scope} if scope else {}
    arn = subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true", ReplayPolicy=wanted, **filtered)
    publish(sns, topic, "3", MessageAttributes={"kind": {"DataType": "String", "StringValue": "b"}})
    live = ["3"] if scope != "MessageBody" else []
    assert bodies(take_all(queues, url, len(expected + live))) == expected + live
    assert subscription_of(sns, arn)["ReplayStatus"] in ("Completed", "In progress", "Pending")


def test_a_replay_policy_is_shown_as_it_was_set_and_can_be_removed(sns, queues):
    topic = make_fifo_topic(sns, ArchivePolicy=ARCHIVE)
    wanted = everything(**LATE)
    arn = subscribe(sns, topic, arn_of(queues, make_fifo(queues, "inbox.fifo")), ReplayPolicy=wanted)
    shown = subscription_of(sns, arn)
    assert json.loads(shown["ReplayPolicy"]) == wanted
    assert shown["ReplayStatus"] == "Pending"
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="ReplayPolicy")
    shown = subscription_of(sns, arn)
    assert "ReplayPolicy" not in shown and "ReplayStatus" not in shown


@pytest.mark.parametrize("policy,detail", [
    ("x", "Unable to parse JSON"),
    ({"PointType": "Timestamp"}, "JSON is missing required fields"),
    (everything(PointType="Number"), "Invalid PointType"),
    (everything(StartingPoint="x"), "Invalid StartingPoint value"),
    (everything(StartingPoint="2020-01-01T00:00:00.000Z"), "Invalid StartingPoint value"),
    (everything(EndingPoint="x"), "Invalid EndingPoint value"),
])
def test_a_malformed_replay_policy_is_refused(sns, queues, policy, detail):
    topic = make_fifo_topic(sns, ArchivePolicy=ARCHIVE)
    queue = arn_of(queues, make_fifo(queues, "inbox.fifo"))
    with refused("InvalidParameter", f"Invalid parameter: ReplayPolicy: {detail}"):
        subscribe(sns, topic, queue, ReplayPolicy=policy)
    arn = subscribe(sns, topic, queue)
    text = policy if isinstance(policy, str) else json.dumps(policy)
    with refused("InvalidParameter", f"Invalid parameter: ReplayPolicy: {detail}"):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="ReplayPolicy", AttributeValue=text)


def test_a_replay_can_start_where_the_archive_says_that_it_begins(sns, queues, clock):
    topic = make_fifo_topic(sns, ArchivePolicy=json.dumps({"MessageRetentionPeriod": "1"}))
    arn = subscribe(sns, topic, arn_of(queues, make_fifo(queues, "inbox.fifo")))

    def start(point):
        policy = json.dumps({"PointType": "Timestamp", "StartingPoint": point})
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="ReplayPolicy", AttributeValue=policy)

    def begin():
        return sns.get_topic_attributes(TopicArn=topic)["Attributes"]["BeginningArchiveTime"]

    first = begin()
    start(first)
    clock.advance(36 * 3600)
    assert begin() > first
    # The policy that it has stays right; a new one cannot begin there any more.
    start(first)
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="ReplayPolicy")
    with refused("InvalidParameter", "Invalid parameter: ReplayPolicy: Invalid StartingPoint value"):
        start(first)
    begun = begin()
    clock.advance(30)
    start(begun)


def test_what_is_published_before_the_start_of_a_replay_is_not_delivered(sns, queues, clock):
    topic = make_fifo_topic(sns, ArchivePolicy=ARCHIVE)
    url = make_fifo(queues, "inbox.fifo")
    arn = subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true", ReplayPolicy=everything(ago_s=-3600))
    publish(sns, topic, "before")
    assert subscription_of(sns, arn)["ReplayStatus"] == "Pending"
    clock.advance(2 * 3600)
    publish(sns, topic, "after")
    assert bodies(take_all(queues, url, 1)) == ["after"]
    assert receive(queues, url) == []


def test_a_replay_of_what_is_no_time_of_the_archive_is_refused_with_a_sentence(world, sns, queues):
    make_topic(sns, ArchivePolicy=ARCHIVE)
    make_queue(queues, "copy")
    for asked, sentence in (
        ({"from": 0}, "The archive does not reach back so far: see the topic's BeginningArchiveTime, or leave out "
                      "from for all that there is."),
        ({"from": "2099-01-01T00:00:00Z"}, "The moment to begin at is still to come."),
        ({"to": 0}, "The end comes before the beginning."),
    ):
        assert replay(world, "events", **asked, queue="copy") == (400, {"error": sentence})


def test_an_archive_forgets_what_is_older_than_it_says(world, sns, queues, clock):
    topic = make_topic(sns, ArchivePolicy=json.dumps({"MessageRetentionPeriod": "1"}))
    url = make_queue(queues, "copy")
    publish(sns, topic, "old")
    clock.advance(12 * 3600)
    publish(sns, topic, "new")
    clock.advance(12 * 3600 + 1)
    assert replay(world, "events", queue="copy") == (200, {"replayed": 1, "filtered": 0, "dropped": 0})
    assert bodies(take_all(queues, url, 1)) == ["new"]


def test_a_part_of_an_archive_can_be_replayed_to_any_queue(world, sns, queues, clock):
    topic = make_topic(sns, ArchivePolicy=ARCHIVE)
    url = make_queue(queues, "copy")
    send(queues, url, "other")
    begin = clock.now_ms()
    for hour in range(5):
        publish(sns, topic, f"{hour}")
        clock.advance(3600)
    asked = {"from": begin + 3600_000, "to": begin + 3 * 3600_000, "queue": arn_of(queues, url)}
    assert replay(world, "events", **asked) == (200, {"replayed": 3, "filtered": 0, "dropped": 0})
    assert sorted(bodies(take_all(queues, url, 4))) == ["1", "2", "3", "other"]


def test_a_replay_of_nothing_is_refused_with_a_sentence(world, sns):
    make_topic(sns)
    missing = {"error": "Topic does not exist"}
    assert replay(world, "nowhere", queue="q") == (404, missing)
    none = {"error": "The topic events has no archive: give it an ArchivePolicy first."}
    assert replay(world, "events", queue="q") == (409, none)
