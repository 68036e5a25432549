"""Messages published by plain HTTP, and as CloudEvents."""

import json
import re

import pytest

from checks import UUID, bodies, envelope, make_fifo_topic, make_topic, receive_all, receive_one, subscribed_queue, text

EVENT = {
    "specversion": "1.0", "id": "7", "source": "/shop", "type": "order.placed", "time": "2026-01-02T03:04:05Z",
}


@pytest.fixture
def topic(sns):
    return make_topic(sns)


@pytest.fixture
def inbox(sns, queues, topic):
    return subscribed_queue(sns, queues, topic, RawMessageDelivery="true")


def post(world, body, topic="events", query="", method="POST", path=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    body = body if isinstance(body, bytes) else body.encode()
    return world.send(method, path or f"/topics/{topic}/messages", query, headers, body, service="sns")


def take(queues, url):
    got = receive_one(queues, url, WaitTimeSeconds=10, MessageAttributeNames=["All"])
    return got["Body"], got.get("MessageAttributes")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8"])
def test_the_body_is_the_message(world, queues, topic, inbox, content_type):
    answer = post(world, '{"ä": 1}', Content_Type=content_type)
    assert answer.status == 200
    assert list(answer.json()) == ["messageId"] and UUID.fullmatch(answer.json()["messageId"])
    assert take(queues, inbox) == ('{"ä": 1}', None)


def test_headers_are_attributes_and_the_query_has_the_subject(world, sns, queues, topic):
    inbox = subscribed_queue(sns, queues, topic)
    answer = post(world, "hello", query="subject=a%20greeting", fanq_attribute_kind="book", Content_Type="text/plain")
    shown = envelope(receive_one(queues, inbox, WaitTimeSeconds=10))
    assert (shown["MessageId"], shown["Subject"]) == (answer.json()["messageId"], "a greeting")
    assert shown["MessageAttributes"] == {"kind": {"Type": "String", "Value": "book"}}


def test_a_fifo_topic_is_given_group_and_deduplication_id(world, sns, queues):
    topic = make_fifo_topic(sns)
    name = topic.split(":")[-1]
    inbox = subscribed_queue(sns, queues, topic, "inbox.fifo", RawMessageDelivery="true")
    first, again = [post(world, "x", name, "group=g&deduplicationId=d", Content_Type="text/plain") for _ in range(2)]
    assert first.json() == again.json()
    assert re.fullmatch(r"\d{20}", first.json()["sequenceNumber"])
    assert bodies(receive_all(queues, inbox, 1)) == ["x"]
    refused = post(world, "x", name, Content_Type="text/plain")
    assert (refused.status, refused.json()) == (
        400, {"error": "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"})


@pytest.mark.parametrize("status,error,request_of", [
    (404, "Topic does not exist", {"topic": "nothing"}),
    (404, "There is no such resource.", {"path": "/topics/events/more"}),
    (404, "There is no such resource.", {"path": "/topics/events"}),
    (405, "This resource takes POST.", {"method": "GET"}),
    (405, "This resource takes POST.", {"method": "DELETE"}),
    (415, "Messages are taken as application/json, text/plain and CloudEvents.", {"Content_Type": "image/png"}),
    (400, "A message is text, and this is not UTF-8.", {"body": b"\xff"}),
    (400, "Invalid parameter: Empty message", {"body": ""}),
    (400, "Invalid parameter: Message too long", {"body": "x" * 262145}),
    (400, "Invalid parameter: Subject", {"query": "subject="}),
], ids=range(10))
def test_what_cannot_be_published_is_refused_with_the_reason(world, topic, status, error, request_of):
    answer = post(world, **{"body": "x", "Content_Type": "text/plain"} | request_of)
    assert (answer.status, answer.json()) == (status, {"error": error})


def test_web_pages_of_others_cannot_publish(world, topic):
    assert post(world, "x", Content_Type="text/plain", Origin="http://evil.example").status == 403


# CloudEvents


CONTEXT = {f"ce-{name}": text(value) for name, value in EVENT.items()}


def test_an_event_in_headers_becomes_a_message(world, queues, topic, inbox):
    headers = {f"ce_{name}": value for name, value in EVENT.items()}
    answer = post(world, '{"n": 1}', Content_Type="application/json", ce_note="%C3%A4", **headers)
    assert answer.status == 200, answer.text
    assert take(queues, inbox) == (
        '{"n": 1}', CONTEXT | {"ce-datacontenttype": text("application/json"), "ce-note": text("ä")})


def test_an_event_in_one_document_becomes_a_message(world, queues, topic, inbox):
    document = json.dumps(EVENT)[:-1] + ', "count": 3, "urgent": true, "data": {"n": 1.10}}'
    assert post(world, document, Content_Type="application/cloudevents+json; charset=utf-8").status == 200
    assert take(queues, inbox) == ('{"n": 1.10}', CONTEXT | {
        "ce-count": text("3", "Number"), "ce-urgent": text("true", "String.Boolean")})


def test_a_filter_can_ask_for_the_type_of_an_event(world, sns, queues, topic):
    inbox = subscribed_queue(sns, queues, topic, RawMessageDelivery="true", FilterPolicy={"ce-type": ["order.placed"]})
    for kind in ("order.placed", "order.gone"):
        document = json.dumps(EVENT | {"type": kind, "data": kind})
        assert post(world, document, Content_Type="application/cloudevents+json").status == 200
    assert bodies(receive_all(queues, inbox, 1)) == ['"order.placed"']


@pytest.mark.parametrize("changes,reason", [
    ({"id": None}, "the attribute id is missing or empty"),
    ({"source": ""}, "the attribute source is missing or empty"),
    ({"specversion": "0.3"}, "only specversion 1.0 is known"),
    ({"time": "now"}, "the attribute time is not a time as RFC 3339 has it"),
    ({"Thing": "x"}, 'the attribute name "Thing" is not made of lower-case letters and digits'),
    ({"data_base64": "eA=="}, "an event has data or data_base64, not both"),
], ids=range(6))
def test_what_is_no_event_is_refused_with_the_reason(world, topic, changes, reason):
    answer = post(world, json.dumps(EVENT | {"data": 1} | changes), Content_Type="application/cloudevents+json")
    assert (answer.status, answer.json()) == (400, {"error": f"This is no CloudEvent: {reason}."})


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
def test_an_event_in_headers_has_all_that_an_event_needs(world, topic, missing):
    named = {"specversion": "1.0", "id": "1", "source": "/orders", "type": "order.placed"}
    headers = {f"ce-{name}": value for name, value in named.items() if name != missing}
    answer = post(world, "{}", Content_Type="application/json", **headers)
    assert (answer.status, missing in answer.json()["error"]) == (400, True), answer.json()
