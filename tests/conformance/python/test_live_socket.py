"""Topics read live over a socket. What a subscription gives is tested with server-sent events; this is about the frames."""

import json
import threading

import pytest

from checks import make_queue, make_topic, send, text
from hub import Hub
from socket_client import Sockets
from world import World


def publish(sns, topic, *messages, **more):
    return [sns.publish(TopicArn=topic, Message=message, **more) for message in messages]


def test_events_come_with_the_name_of_their_subscription(sns, sockets):
    topic = make_topic(sns)
    talk = sockets.connect()
    talk.done("subscribe", sub='a "b"', topic="events")
    begin = talk.next("live")
    assert (begin["sub"], begin["recovered"]) == ('a "b"', True)
    (published,) = publish(sns, topic, "hello", Subject="s", MessageAttributes={"kind": text("paid")})
    event = talk.next("event")
    assert {name: event.pop(name) for name in ("type", "sub", "offset", "topic", "messageId", "message", "subject")} == {
        "type": "event", "sub": 'a "b"', "offset": 1, "topic": "events", "messageId": published["MessageId"],
        "message": "hello", "subject": "s",
    }
    assert event.pop("attributes") == {"kind": {"DataType": "String", "StringValue": "paid"}}
    assert set(event) == {"epoch", "time"}


def test_several_subscriptions_and_a_consumer_share_a_connection(sns, sqs, sockets):
    topics = [make_topic(sns, name) for name in ("orders", "stock")]
    talk = sockets.connect()
    talk.done("subscribe", sub="paid", topic="orders", filter={"kind": ["paid"]})
    talk.done("subscribe", sub="all", topics=["orders", "stock"])
    talk.done("subscribe", sub="body", topic="*", filter={"n": [1]}, filterScope="MessageBody")
    talk.done("consume", sub="queue", queue=make_queue(sqs, "inbox"))
    publish(sns, topics[0], json.dumps({"n": 1}), MessageAttributes={"kind": text("open")})
    publish(sns, topics[0], json.dumps({"n": 2}), MessageAttributes={"kind": text("paid")})
    publish(sns, topics[1], json.dumps({"n": 3}))
    send(sqs, sqs.get_queue_url(QueueName="inbox")["QueueUrl"], "job")
    assert talk.next()["body"] == "job"
    got = [talk.next("event") for _ in range(5)]
    seen = lambda sub: [json.loads(event["message"])["n"] for event in got if event["sub"] == sub]
    assert (seen("paid"), seen("all"), seen("body")) == ([2], [1, 2, 3], [1])


def test_after_unsubscribing_nothing_comes(sns, sockets):
    topic = make_topic(sns)
    talk = sockets.connect()
    talk.done("subscribe", sub="a", topic="events")
    talk.next("live")
    talk.done("unsubscribe", sub="a")
    publish(sns, topic, "unseen")
    talk.nothing("event")
    talk.done("subscribe", sub="a", topic="events")


def test_who_comes_back_goes_on_where_he_was(sns, sockets):
    topic = make_topic(sns)
    talk = sockets.connect()
    talk.done("subscribe", sub="a", topic="events")
    publish(sns, topic, *"ab")
    last = [talk.next("event") for _ in range(2)][0]
    talk.cut()
    publish(sns, topic, "c")
    talk = sockets.again(talk)
    since = {"offset": last["offset"], "epoch": last["epoch"]}
    talk.done("subscribe", sub="a", topic="events", since=since)
    got = [talk.next("event") for _ in range(2)]
    assert [(event["message"], event["replay"]) for event in got] == [("b", True), ("c", True)]
    assert talk.next("live")["recovered"] is True
    talk.done("subscribe", sub="b", topic="events", since={"last": 1})
    assert talk.next("event")["message"] == "c"
    talk.done("subscribe", sub="c", topic="events", since={"time": "2020-01-01T00:00:00Z"})
    assert [talk.next("event")["message"] for _ in range(3)] == ["a", "b", "c"]
    assert talk.next(lambda said: said["type"] == "live" and said["sub"] == "c")["recovered"] is False


def test_whoever_asks_for_more_than_is_kept_is_told(sns, sockets):
    topic = make_topic(sns)
    talk = sockets.connect()
    for first in range(0, 110, 10):
        entries = [{"id": str(number), "message": str(number)} for number in range(first, first + 10)]
        talk.done("publish", topic=topic, entries=entries)
    for sub, last, first, recovered in (("a", 120, 10, False), ("b", 100, 10, True), ("c", 5, 105, True)):
        talk.done("subscribe", sub=sub, topic="events", since={"last": last})
        of_it = lambda type: lambda said: said["type"] == type and said["sub"] == sub
        got = [talk.next(of_it("event"))["message"] for _ in range(first, 110)]
        assert got == [str(number) for number in range(first, 110)]
        assert talk.next(of_it("live"))["recovered"] is recovered
    message = talk.refused("subscribe", "SerializationException", sub="d", topic="events", since={"first": 1})
    assert "since is" in message and "untagged" not in message


@pytest.mark.parametrize(
    "fields, code",
    [
        ({"topic": "events"}, "MissingRequiredParameterException"),
        ({"sub": "a"}, "InvalidParameter"),
        ({"sub": "a", "topic": "other"}, "NotFound"),
        ({"sub": "a", "topic": "events", "filter": {"a": 1}}, "InvalidParameter"),
        ({"sub": "a", "topic": "events", "since": "before"}, "InvalidParameter"),
        ({"sub": "a", "topic": "events", "overflow": "block"}, "InvalidParameter"),
        ({"sub": "taken", "topic": "events"}, "InvalidParameterValueException"),
    ],
)
def test_what_cannot_be_is_refused_and_the_connection_goes_on(sns, sockets, fields, code):
    make_topic(sns)
    talk = sockets.connect()
    talk.done("subscribe", sub="taken", topic="events")
    talk.refused("subscribe", code, **fields)
    talk.done("subscribe", sub="b", topic="events")


def overrun(sns, topic, talk, number, **fields):
    """Publishes more than fits on the way, while nothing is read."""
    talk.done("subscribe", sub="a", topic="events", **fields)
    talk.next("live")
    for one in range(number):
        publish(sns, topic, f"{one} " + "x" * 200_000)


def test_a_slow_client_is_told_what_it_missed(sns, sockets):
    topic = make_topic(sns)
    talk = sockets.connect()
    number = 150
    overrun(sns, topic, talk, number, buffer=10)
    given, missed = [], []
    while len(given) + len(missed) < number:
        said = talk.next(lambda said: said["type"] in ("event", "gap"))
        if said["type"] == "event":
            given.append(said["offset"])
        else:
            missed += range(said["from"], said["to"] + 1)
            assert said["dropped"] == said["to"] + 1 - said["from"] and said["why"] == "overflow"
    assert missed and sorted(given + missed) == list(range(1, number + 1))
    assert given == sorted(given)


def test_a_slow_client_can_ask_to_be_cut_off(sns, sockets):
    topic = make_topic(sns)
    talk = sockets.connect()
    overrun(sns, topic, talk, 150, buffer=10, overflow="close")
    assert talk.closed() == (4429, "a live subscription was not read fast enough")


def test_a_stop_is_told_once_and_readers_are_gone():
    hub = Hub()
    world = World(hub)
    make_topic(world.sns())
    sockets = Sockets(hub, world)
    talk = sockets.connect()
    talk.done("subscribe", sub="a", topic="events")
    talk.next("live")
    stopped = threading.Thread(target=hub.stop)
    stopped.start()
    assert talk.closed()[0] == 1001
    stopped.join()
    assert [said["type"] for said in talk.heard if said["type"] != "ping"] == ["draining"]
    sockets.end()
    assert hub.process.returncode == 0


def test_a_connection_that_breaks_leaves_no_reader(world, sns, sockets):
    make_topic(sns)
    count = lambda: next(
        float(line.split()[1])
        for line in world.send("GET", "/metrics", sign=False).text.splitlines()
        if line.startswith("fanq_live_readers ")
    )
    before = count()
    talk = sockets.connect()
    talk.done("subscribe", sub="a", topic="events")
    assert count() == before + 1
    talk.cut()
    while count() > before:
        pass
