"""Why a message goes to some subscriptions of a topic and not to others: asked of the hub, and of the program."""

import base64
import json
import subprocess
import urllib.parse

import pytest

from checks import arn_of, bodies, make_fifo_topic, make_queue, make_topic, receive_all, subscribe, text
from hub import binary as program

INVALID = "The message attribute 'kind' must contain non-empty message attribute value"


def ask(world, topic, message, **more):
    path = f"/_fanq/topics/{urllib.parse.quote(topic, safe='')}/explain"
    return world.send(path=path, body=json.dumps({"message": message, **more}).encode(), service="sns")


def explain(world, topic, message, **more):
    answer = ask(world, topic, message, **more)
    assert answer.status == 200, answer.text
    return answer.json()["subscriptions"]


def refusals(explained):
    """What refused, in the order of the subscriptions; nothing where the message matched."""
    assert all(one["matched"] == ("failed" not in one) for one in explained)
    return [tuple(one["failed"].values()) if "failed" in one else None for one in explained]


@pytest.fixture
def topic(sns):
    return make_topic(sns)


@pytest.fixture
def subscribed(sns, queues, topic):
    """Subscribes a queue of its own, with a filter if there is one."""
    numbers = iter(range(100))

    def subscribed(policy=None, scope="MessageAttributes"):
        url = make_queue(queues, f"queue-{next(numbers)}")
        given = {"FilterPolicy": policy, "FilterPolicyScope": scope} if policy else {}
        return url, subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true", **given)

    return subscribed


def test_each_subscription_is_explained(world, queues, topic, subscribed):
    (all_url, all_arn), (some_url, some_arn) = subscribed(), subscribed({"kind": ["book"], "price": [{"numeric": ["<", 9]}]})
    answer = ask(world, topic, "m", messageAttributes={"kind": text("book"), "price": text("9.5", "Number")})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "topicArn": topic,
        "subscriptions": [
            {"subscriptionArn": all_arn, "protocol": "sqs", "endpoint": arn_of(queues, all_url), "live": True, "matched": True},
            {
                "subscriptionArn": some_arn,
                "protocol": "sqs",
                "endpoint": arn_of(queues, some_url),
                "live": True,
                "matched": False,
                "scope": "MessageAttributes",
                "failed": {"key": "price", "operator": "numeric", "reason": "no value of the message matches"},
            },
        ],
    }


def test_the_first_key_that_fails_is_named_with_its_operator(world, topic, subscribed):
    policies = [
        {"detail": {"kind": ["a"]}, "late": ["b"]},
        {"name": [{"prefix": "x"}]},
        {"name": [{"anything-but": ["abc"]}]},
        {"name": [{"exists": False}]},
        {"address": [{"cidr": "10.0.0.0/8"}]},
        {"name": [{"wildcard": "*z"}]},
        {"$or": [{"name": ["abc"], "detail": {"kind": ["a"]}}, {"missing": ["a"]}]},
        {"name": ["abc"]},
    ]
    for policy in policies:
        subscribed(policy, "MessageBody")
    body = {"name": "abc", "detail": {"kind": "b"}, "address": "192.168.0.1"}
    differs, there = "no value of the message matches", "the message has this key"
    assert refusals(explain(world, topic, json.dumps(body))) == [
        ("detail.kind", "exact", differs),
        ("name", "prefix", differs),
        ("name", "anything-but", differs),
        ("name", "exists", there),
        ("address", "cidr", differs),
        ("name", "wildcard", differs),
        ("detail.kind", "exact", differs),
        None,
    ]
    no_object = "the body is not a JSON object"
    assert refusals(explain(world, topic, "[1]"))[1] == ("name", "prefix", no_object)


def test_attributes_that_no_filter_sees_are_none(world, topic, subscribed):
    subscribed({"kind": ["book"]})
    encoded = {"DataType": "Binary", "BinaryValue": base64.b64encode(b"book").decode()}
    explained = explain(world, topic, "m", messageAttributes={"kind": encoded})
    assert refusals(explained) == [("kind", "exact", "the message has no attributes")]


def test_a_filter_of_bodies_looks_at_the_text_of_its_protocol(world, topic, subscribed):
    subscribed({"kind": ["book"]}, "MessageBody")
    texts = {"default": json.dumps({"kind": "film"}), "sqs": json.dumps({"kind": "book"})}
    assert refusals(explain(world, topic, json.dumps(texts), messageStructure="json")) == [None]
    assert refusals(explain(world, topic, json.dumps(texts))) == [("kind", "exact", "the message has no such key")]
    del texts["sqs"]
    explained = explain(world, topic, json.dumps(texts), messageStructure="json")
    assert refusals(explained) == [("kind", "exact", "no value of the message matches")]


def test_what_is_explained_is_what_happens_and_nothing_is_published(world, sns, queues, topic, subscribed):
    made = [subscribed({"kind": [kind]}) for kind in ("a", "b")] + [subscribed()]
    attributes = {"kind": text("b")}
    explained = explain(world, topic, "explained", messageAttributes=attributes)
    sns.publish(TopicArn=topic, Message="published", MessageAttributes=attributes)
    got = [bodies(receive_all(queues, url, 1)) if one["matched"] else [] for one, (url, _) in zip(explained, made)]
    assert got == [[], ["published"], ["published"]]


def test_a_topic_is_named_by_its_name_or_its_arn(world, sns, topic):
    fifo = make_fifo_topic(sns)
    for name in ("events", topic, fifo):
        assert explain(world, name, "m") == []
    elsewhere = world.elsewhere(region="eu-west-1")
    assert ask(elsewhere, "events", "m").status == 404


def test_what_cannot_be_explained_is_refused(world, topic):
    def refused(status, said, path=None, **more):
        answer = ask(world, path or topic, **more)
        assert (answer.status, said in answer.json()["error"]) == (status, True), answer.text

    refused(404, "Topic does not exist", path="missing", message="m")
    refused(400, "Empty message", message="")
    refused(400, INVALID, message="m", messageAttributes={"kind": text("")})
    refused(400, "No default entry", message="{}", messageStructure="json")
    refused(400, "The body is not an object with a text", message="m", text="m")
    refused(400, "Subject", message="m", subject="\n")
    got = world.send("GET", "/_fanq/topics/events/explain", service="sns")
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert world.send(path="/_fanq/topics/events/explained", service="sns").status == 404


# fanq filter test


@pytest.fixture
def test_filter(tmp_path):
    """Runs the program on files with these contents, or on its standard input."""

    def run(stdin="", scope=None, **contents):
        line = [program(), "filter", "test", *(["--scope", scope] if scope else [])]
        for name, content in contents.items():
            if content != "-":
                file = tmp_path / name
                file.write_text(content)
                content = str(file)
            line += [f"--{name}", content]
        done = subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_program_tells_a_match_from_the_first_key_that_fails(test_filter):
    policy = json.dumps({"kind": ["book"], "price": [{"numeric": ["<", 10]}]})
    attributes = json.dumps({"kind": text("book"), "price": text("12", "Number")})
    matched = (0, "matched\n", "")
    said = "refused: price (numeric): no value of the message matches\n"
    assert test_filter(policy=policy, message="m", attributes=attributes) == (1, said, "")
    assert test_filter(policy=policy, message="m", attributes=attributes.replace("12", "2")) == matched
    body = '{"kind": "book", "price": 2}\n'
    assert test_filter(body, "MessageBody", policy=policy, message="-") == matched
    assert test_filter(policy, "MessageBody", policy="-", message=body) == matched
    said = "refused: kind (exact): the body is not a JSON object\n"
    assert test_filter(scope="MessageBody", policy=policy, message="book") == (1, said, "")
    said = "refused: kind (exact): the message has no attributes\n"
    assert test_filter(policy=policy, message=body) == (1, said, "")


def test_the_program_refuses_what_aws_refuses_in_its_words(test_filter, sns, topic, subscribed):
    _, subscription = subscribed()
    for policy in ('{"kind": "book"}', '{"kind": [{"like": "b"}]}', "{", '{"a": {"b": ["c"]}}', '{"kind": []}'):
        with pytest.raises(sns.exceptions.InvalidParameterException) as caught:
            sns.set_subscription_attributes(
                SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue=policy
            )
        error = caught.value.response["Error"]["Message"]
        assert test_filter(policy=policy, message="m") == (2, "", f"fanq: {error}\n")


def test_the_program_refuses_wrong_usage(test_filter):
    for said, contents in [
        ("only one FILE can be standard input", {"policy": "-", "message": "-"}),
        ("the attributes cannot be read", {"policy": "{}", "message": "m", "attributes": "[]"}),
        (INVALID, {"policy": "{}", "message": "m", "attributes": json.dumps({"kind": text("")})}),
        ("--message <FILE>", {"policy": "{}"}),
    ]:
        code, out, error = test_filter(**contents)
        assert (code, out, said in error) == (2, "", True), error
