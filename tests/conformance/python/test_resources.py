"""What the hub's own resources have in common."""

import json

import pytest

from checks import make_topic

MESSAGES = "/topics/events/messages"
NAMES = {
    "GET /_fanq/outbox": "protocol, to, limit",
    "DELETE /_fanq/outbox": "none",
    "GET /_fanq/mappings": "none",
    "POST /_fanq/mappings": "none",
    "DELETE /_fanq/mappings/a": "none",
    "PUT /_fanq/opted-out-numbers/+12065550100": "none",
    "POST /_fanq/topics/events/explain": "none",
    "POST /_fanq/topics/events/replay": "none",
    f"POST {MESSAGES}": "subject, group, deduplicationId, priority",
    "GET /openapi.json": "none",
}


@pytest.mark.parametrize("resource", NAMES)
def test_a_parameter_that_is_not_known_is_refused(world, sns, resource):
    make_topic(sns)
    method, path = resource.split(" ")
    answer = world.send(method, path, "limt=1", body=b"{}" if method == "POST" else b"")
    error = f'There is no parameter "limt" here; those known are: {NAMES[resource]}.'
    assert (answer.status, answer.json()) == (400, {"error": error})


@pytest.mark.flags()
def test_nothing_is_removed_by_a_request_that_wants_to_choose(world, sns):
    sns.publish(PhoneNumber="+49300000001", Message="a")
    assert world.send("DELETE", "/_fanq/outbox", "protocol=email").status == 400
    assert len(world.send("GET", "/_fanq/outbox").json()) == 1


@pytest.mark.parametrize("sign", [True, "query", False])
def test_a_resource_can_be_asked_with_a_signature_in_the_query(world, sign):
    assert world.send("GET", "/_fanq/outbox", "limit=1", sign=sign).status == 200


QUESTION = 'an object with a text "message", and perhaps "subject", "messageStructure" and "messageAttributes"'
REPLAY = 'an object with "from", "queue" or "subscription", and perhaps "to", "filter" and "filterScope"'


@pytest.mark.parametrize("path,form", [
    ("/_fanq/topics/events/explain", QUESTION),
    ("/_fanq/topics/events/replay", REPLAY),
    ("/_fanq/mappings", "an object with the members of a mapping"),
])
def test_a_body_of_another_form_is_told_what_it_should_be(world, sns, path, form):
    make_topic(sns, ArchivePolicy=json.dumps({"MessageRetentionPeriod": "1"}))
    refused = [f"The body is not {form}."] * 2 + ["The body is no JSON: it cannot be read beyond line 1, column 1."]
    for body, error in zip([b"", b'["x"]', b"{"], refused):
        answer = world.send("POST", path, body=body)
        assert (answer.status, answer.json()) == (400, {"error": error}), body


@pytest.mark.parametrize("given", [{"message": 1}, {"message": "x", "colour": 1}, {"subject": "x"}])
def test_a_member_that_is_wrong_makes_another_form(world, sns, given):
    make_topic(sns)
    answer = world.send("POST", "/_fanq/topics/events/explain", body=json.dumps(given).encode())
    assert (answer.status, answer.json()) == (400, {"error": f"The body is not {QUESTION}."})
