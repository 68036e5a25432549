"""Topics read live, as server-sent events."""

import json
import os
import re
import threading
import time

import pytest

from checks import UUID, make_fifo_topic, make_topic, text
from events import WITHIN_S, Events, Refused
from hub import Hub
from world import World


def publish(sns, topic, *messages, **more):
    return [sns.publish(TopicArn=topic, Message=message, **more) for message in messages]


@pytest.fixture
def topic(sns):
    return make_topic(sns)


def eventually(is_there):
    """Asks again and again."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := is_there()):
        assert time.monotonic() < deadline, "it did not come about"
    return found


def test_what_is_published_comes_at_once_and_whole(world, sns, topic):
    with Events(world, "events") as events:
        assert events.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert events.headers["cache-control"] == "no-store"
        begin = events.begin()
        assert begin.data["recovered"] is True
        (published,) = publish(
            sns, topic, 'ä\n"b"', Subject="a subject", MessageAttributes={"kind": text("book"), "n": text("1", "Number")}
        )
        event = events.next()
    assert (event.name, event.id) == ("message", f"{event.data['epoch']}:{event.data['offset']}")
    when = event.data.pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", when)
    assert event.data.pop("epoch") and event.data.pop("offset") == 1
    assert event.data == {
        "topic": "events",
        "messageId": published["MessageId"],
        "message": 'ä\n"b"',
        "subject": "a subject",
        "attributes": {
            "kind": {"DataType": "String", "StringValue": "book"},
            "n": {"DataType": "Number", "StringValue": "1"},
        },
    }


def test_all_ways_of_publishing_are_seen_and_structured_messages_have_their_default(world, sns, topic):
    with Events(world, "events") as events:
        events.begin()
        entries = [{"Id": str(number), "Message": f"batch {number}"} for number in range(3)]
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        structured = json.dumps({"default": "for all", "sqs": "for queues"})
        publish(sns, topic, structured, MessageStructure="json")
        headers = {"Content-Type": "text/plain"}
        assert world.send("POST", "/topics/events/messages", "", headers, b"plain", service="sns").status == 200
        assert events.messages(5) == ["batch 0", "batch 1", "batch 2", "for all", "plain"]


def test_a_filter_lets_through_what_it_asks_for_and_leaves_no_gap(world, sns, topic):
    by_attribute = Events(world, "events", filter=json.dumps({"kind": ["paid"]}))
    by_body = Events(world, "events", filter=json.dumps({"total": [{"numeric": [">", 5]}]}), filterScope="MessageBody")
    with by_attribute, by_body:
        for events in (by_attribute, by_body):
            events.begin()
        for number in range(10):
            kind = text("paid" if number % 4 == 0 else "open")
            publish(sns, topic, json.dumps({"total": number}), MessageAttributes={"kind": kind})
        totals = lambda events, number: [json.loads(message)["total"] for message in events.messages(number)]
        assert totals(by_attribute, 3) == [0, 4, 8]
        assert totals(by_body, 4) == [6, 7, 8, 9]


def test_history_comes_first_also_if_nobody_was_reading(world, sns, topic):
    publish(sns, topic, *"abcdef")
    with Events(world, "events", last=3) as events:
        assert [(event.message, event.data["replay"]) for event in events.take(3)] == [(one, True) for one in "def"]
        assert events.begin().data["recovered"] is True
        publish(sns, topic, "g")
        event = events.next()
        assert event.message == "g" and "replay" not in event.data


@pytest.mark.flags("--live-history", "0")
def test_history_can_be_switched_off(world, sns, topic):
    publish(sns, topic, "a")
    with Events(world, "events", last=3) as events:
        assert events.begin().data["recovered"] is False
        publish(sns, topic, "b")
        assert events.next().data["offset"] == 2


def test_history_goes_back_to_a_time(hub, clock, world, sns):
    topic = make_topic(sns)
    clock.advance(60)
    publish(sns, topic, "a")
    clock.advance(60)
    moment = clock.now_ms()
    publish(sns, topic, "b", "c")
    with Events(world, "events", since=moment) as events:
        assert events.messages(2) == ["b", "c"]
        assert events.begin().data["recovered"] is True
    with Events(world, "events", since=moment - 86_400_000) as events:
        assert events.messages(3) == ["a", "b", "c"]
        assert events.begin().data["recovered"] is False


def test_who_comes_back_goes_on_where_he_was(world, sns, topic):
    with Events(world, "events") as events:
        at_the_beginning = events.begin().id
        publish(sns, topic, *"abc")
        last = events.take(2)[-1]
    publish(sns, topic, *"de")
    # As EventSource does it: with the same query as the first time.
    with Events(world, "events", headers={"Last-Event-ID": last.id}, last=1) as events:
        assert events.messages(3) == list("cde")
        assert events.begin().data["recovered"] is True
    with Events(world, "events", since=at_the_beginning) as events:
        assert events.messages(5) == list("abcde")


@pytest.mark.flags("--live-history", "3")
def test_what_is_not_kept_any_more_is_counted(world, sns, topic):
    with Events(world, "events") as events:
        events.begin()
        publish(sns, topic, "a")
        last = events.next()
    eventually(lambda: metric(world, "fanq_live_readers") == 0)
    publish(sns, topic, *"bcdefg")
    with Events(world, "events", headers={"Last-Event-ID": last.id}) as events:
        gap = events.next()
        epoch = gap.data.pop("epoch")
        assert (gap.name, gap.id, epoch) == ("gap", None, last.data["epoch"])
        assert gap.data == {"dropped": 3, "from": 2, "to": 4, "why": "retention", "topic": "events"}
        assert events.messages(3) == list("efg")
        assert events.begin().data["recovered"] is False
    assert metric(world, "fanq_live_dropped_events_total", 'why="retention"') == 3


def test_after_a_restart_nothing_is_recovered_and_all_new_events_come(tmp_path):
    hub = Hub(data_dir=tmp_path)
    world = World(hub)
    sns = world.sns()
    topic = make_topic(sns)
    with Events(world, "events") as events:
        events.begin()
        publish(sns, topic, "a")
        last = events.next()
    assert hub.stop() == 0
    hub = Hub(data_dir=tmp_path)
    world = World(hub, world.account)
    sns = world.sns()
    with Events(world, "events", headers={"Last-Event-ID": last.id}) as events:
        begin = events.begin()
        assert begin.data["recovered"] is False
        publish(sns, topic, "b")
        event = events.next()
        assert event.message == "b" and event.data["epoch"] != last.data["epoch"]
    assert hub.stop() == 0


def test_a_repetition_after_a_restart_is_no_event(tmp_path):
    hub = Hub(data_dir=tmp_path)
    world = World(hub)
    topic = make_fifo_topic(world.sns())
    names = [{"MessageGroupId": "g", "MessageDeduplicationId": name} for name in "ab"]
    publish(world.sns(), topic, "a", **names[0])
    assert hub.stop() == 0
    hub = Hub(data_dir=tmp_path)
    world = World(hub, world.account)
    with Events(world, "events.fifo") as events:
        events.begin()
        for message, name in [("again", names[0]), ("b", names[1]), ("again", names[0]), ("again", names[1])]:
            publish(world.sns(), topic, message, **name)
        publish(world.sns(), topic, "c", MessageGroupId="g", MessageDeduplicationId="c")
        assert events.messages(2) == ["b", "c"]
    assert hub.stop() == 0


def metric(world, name, labels=""):
    braces = f"{{{labels}}}" if labels else ""
    for line in world.send("GET", "/metrics", sign=False).text.splitlines():
        if line.startswith(f"{name}{braces} "):
            return float(line.split()[1])
    raise AssertionError(f"there is no {name}")


def overrun(world, sns, topic, number, **query):
    """What a reader gets that reads nothing until more was published than fits on the way."""
    payload = "x" * 200_000
    with Events(world, "events", receive_buffer=4096, **query) as events:
        events.begin()
        for one in range(number):
            publish(sns, topic, f"{one} {payload}")
        # Whatever is kept back is let go now.
        got = events.until(lambda event: event.name == "closed" or covers(event) == number)
    return got


def covers(event):
    return event.data["to"] if event.name == "gap" else event.data["offset"]


def offsets(events):
    return [event.data["offset"] for event in events if event.name == "message"]


@pytest.mark.flags("--live-history", "100")
@pytest.mark.parametrize("overflow", ["dropOldest", "dropNewest"])
def test_a_slow_reader_is_told_exactly_what_it_missed(world, sns, topic, overflow):
    number = 150
    got = overrun(world, sns, topic, number, buffer=10, overflow=overflow)
    gaps = [event.data for event in got if event.name == "gap"]
    assert gaps and all(gap["why"] == "overflow" for gap in gaps)
    missed = [offset for gap in gaps for offset in range(gap["from"], gap["to"] + 1)]
    assert len(missed) == sum(gap["dropped"] for gap in gaps)
    assert sorted(offsets(got) + missed) == list(range(1, number + 1))
    assert offsets(got) == sorted(offsets(got))
    last = got[-1]
    assert (last.name == "gap") == (overflow == "dropNewest")
    assert metric(world, "fanq_live_dropped_events_total", 'why="overflow"') == len(missed)


@pytest.mark.flags("--live-history", "100")
def test_a_slow_reader_can_ask_to_be_ended_and_go_on_later(world, sns, topic):
    got = overrun(world, sns, topic, 150, buffer=10, overflow="close")
    assert (got[-1].name, got[-1].data, got[-1].id) == ("closed", {"code": 4429}, None)
    assert offsets(got) == list(range(1, len(got)))
    with Events(world, "events", headers={"Last-Event-ID": got[-2].id}) as events:
        rest = events.until(lambda event: event.name == "live")
        assert offsets(got + rest[-2:])[-1] == 150


def test_a_frozen_reader_does_not_hold_up_others(world, sns, topic):
    with Events(world, "events", receive_buffer=4096) as frozen, Events(world, "events") as swift:
        frozen.begin(), swift.begin()
        for number in range(100):
            publish(sns, topic, f"{number} " + "x" * 200_000)
            assert swift.next().data["offset"] == number + 1


def test_a_rate_gives_the_latest_and_counts_the_rest(world, sns, topic):
    with Events(world, "events", maxRate=2) as events:
        events.begin()
        publish(sns, topic, *map(str, range(20)))
        got = events.until(lambda event: event.name == "message" and event.message == "19")
    messages = [event for event in got if event.name == "message"]
    gaps = [event.data for event in got if event.name == "gap"]
    assert {gap["why"] for gap in gaps} == {"sampled"}
    assert len(messages) + sum(gap["dropped"] for gap in gaps) == 20
    assert offsets(got) == sorted(offsets(got))


def test_conflation_gives_the_latest_of_each_key(world, sns, topic):
    with Events(world, "events", conflateBy="/order/id", maxRate=2) as events:
        events.begin()
        updates = [(number % 3, number) for number in range(12)]
        publish(sns, topic, *(json.dumps({"order": {"id": id}, "n": number}) for id, number in updates))
        got = events.until(lambda event: event.name == "message" and '"n": 11' in event.message)
    latest = {}
    for event in got:
        if event.name == "message":
            message = json.loads(event.message)
            latest[message["order"]["id"]] = message["n"]
    assert latest == {0: 9, 1: 10, 2: 11}
    gaps = [event for event in got if event.name == "gap"]
    # Who comes back goes on behind a message that he had.
    assert all(gap.id is None for gap in gaps)
    dropped = sum(gap.data["dropped"] for gap in gaps)
    assert dropped + len(offsets(got)) == 12


def test_a_pattern_follows_all_topics_of_the_account_also_later_ones(world, sns):
    orders = make_topic(sns, "orders-eu")
    make_topic(sns, "stock")
    other = world.elsewhere("999999999999").sns()
    with Events(world, "orders-*") as events:
        events.begin()
        later = make_topic(sns, "orders-us")
        publish(sns, orders, "a")
        publish(other, make_topic(other, "orders-eu"), "of somebody else")
        publish(sns, make_topic(sns, "stock"), "not meant")
        publish(sns, later, "b")
        publish(sns, orders, "c")
        got = events.take(3)
    assert [(event.data["topic"], event.message) for event in got] == [
        ("orders-eu", "a"), ("orders-us", "b"), ("orders-eu", "c")
    ]
    # One place is enough for all topics.
    with Events(world, "orders-*", headers={"Last-Event-ID": got[0].id}) as events:
        assert events.messages(2) == ["b", "c"]
        assert events.begin().data["recovered"] is True


def test_a_topic_that_is_deleted_and_made_anew_goes_on(world, sns, topic):
    with Events(world, "events") as events:
        events.begin()
        publish(sns, topic, "a")
        sns.delete_topic(TopicArn=topic)
        publish(sns, make_topic(sns), "b")
        one, other = events.take(2)
        assert [one.message, other.message] == ["a", "b"]
        assert one.data["epoch"] != other.data["epoch"]


def test_a_fifo_topic_is_seen_in_its_order_and_without_repetitions(world, sns):
    topic = make_fifo_topic(sns)
    accepted = []

    def batch(thread):
        client = world.sns()
        for number in range(0, 50, 10):
            entries = [
                {
                    "Id": str(one), "Message": f"{thread} {number + one}", "MessageGroupId": f"g{thread // 2}",
                    # Every message twice, by two threads.
                    "MessageDeduplicationId": f"{thread // 2}-{number + one}",
                }
                for one in range(10)
            ]
            answer = client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
            accepted.extend(entry["SequenceNumber"] for entry in answer["Successful"])

    with Events(world, "events.fifo") as events:
        events.begin()
        threads = [threading.Thread(target=batch, args=[thread]) for thread in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(accepted) == 200
        got = events.take(100)
        publish(sns, topic, "end", MessageGroupId="g", MessageDeduplicationId="end")
        assert events.next().message == "end"
    assert [event.data["sequenceNumber"] for event in got] == sorted(set(accepted))
    assert {event.data["groupId"] for event in got} == {"g0", "g1"}
    assert all(UUID.fullmatch(event.data["messageId"]) for event in got)


@pytest.mark.flags("--live-history", "100")
def test_who_hangs_up_leaves_nothing_behind(hub, world, sns, topic):
    files = lambda: len(os.listdir(f"/proc/{hub.process.pid}/fd"))
    metric(world, "fanq_live_readers")
    before = files()
    readers = [Events(world, "events") for _ in range(50)]
    for reader in readers:
        reader.begin()
    assert metric(world, "fanq_live_readers") == 50
    publish(sns, topic, "a")
    for reader in readers:
        assert reader.next().message == "a"
        reader.close()
    eventually(lambda: metric(world, "fanq_live_readers") == 0)
    eventually(lambda: files() <= before + 1)
    assert metric(world, "fanq_live_events_total") == 50


def test_a_stop_ends_all_readers_and_says_so(tmp_path):
    hub = Hub()
    world = World(hub)
    make_topic(world.sns())
    with Events(world, "events") as events:
        events.begin()
        stopped = threading.Thread(target=hub.stop)
        stopped.start()
        event = events.next()
        assert (event.name, event.data) == ("closed", {"code": 1001})
        assert events.next() is None
        stopped.join()
    assert hub.process.returncode == 0
    assert not [line for line in hub.log if "did not end in time" in line]


@pytest.mark.parametrize(
    "query, says",
    [
        ({"filter": "{"}, "filter Reason: "),
        ({"filter": "{}", "filterScope": "Body"}, "filterScope Reason: "),
        ({"buffer": "0"}, "buffer Reason: it is 1 to 10000"),
        ({"buffer": "x"}, "buffer is not a number"),
        ({"buffer": "10001"}, "buffer Reason: "),
        ({"overflow": "wait"}, "overflow Reason: "),
        ({"maxRate": "0"}, "maxRate Reason: "),
        ({"maxRate": "1e-300"}, "maxRate Reason: "),
        ({"maxRate": "NaN"}, "maxRate Reason: "),
        ({"conflateBy": "id"}, "conflateBy Reason: "),
        ({"since": "yesterday"}, "since Reason: "),
        ({"last": "-1"}, "last is not a number"),
        ({"filterPolicy": "{}"}, " here; those known are: filter, filterScope, last, since, "),
    ],
)
def test_what_cannot_be_is_refused(world, topic, query, says):
    with pytest.raises(Refused, match=re.escape(says)) as refused:
        Events(world, "events", **query)
    assert refused.value.status == 400


def test_only_a_topic_that_exists_and_only_get(world, topic):
    with pytest.raises(Refused) as refused:
        Events(world, "other")
    assert (refused.value.status, refused.value.body) == (404, '{"error":"Topic does not exist"}')
    answer = world.send("POST", "/topics/events/events", service="sns")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


@pytest.mark.flags("--cors-origins", "https://dash.example.com")
def test_pages_are_let_in_by_their_origin(world, topic):
    with Events(world, "events", headers={"Origin": "https://dash.example.com"}) as events:
        assert events.headers["access-control-allow-origin"] == "https://dash.example.com"
        events.begin()
    with Events(world, "events", headers={"Origin": world.hub.endpoint}) as events:
        events.begin()
    with pytest.raises(Refused) as refused:
        Events(world, "events", headers={"Origin": "https://elsewhere.example.com"})
    assert refused.value.status == 403
