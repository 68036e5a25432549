"""The description of the hub's own resources, held against the hub."""

import gzip
import json
import re
import urllib.parse
from dataclasses import dataclass, field

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator

from checks import arn_of, make_fifo, make_fifo_topic, make_queue, make_topic, send, send_fifo, subscribe, text
from events import Events
from hub import REPOSITORY, Hub

METHODS = ("get", "post", "put", "patch", "delete")
NUMBER = "+12065550100"
URL = "http://127.0.0.1:1/"
ARCHIVED = {"ArchivePolicy": json.dumps({"MessageRetentionPeriod": "1"})}


@pytest.fixture(scope="module")
def hub():
    """One of its own: the outbox is emptied."""
    hub = Hub()
    yield hub
    assert hub.is_alive(), f"the hub died: {''.join(hub.log[-20:])}"
    hub.stop()


@pytest.fixture
def document(world):
    return world.send("GET", "/openapi.json").json()


def operations(document):
    """Each operation: its path, its method, and what is said of it."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                said = item[method] | {"parameters": item.get("parameters", []) + item[method].get("parameters", [])}
                yield path, method.upper(), said


def named(document, operation):
    (found,) = [found for found in operations(document) if found[2]["operationId"] == operation]
    return found


def check(document, schema, value):
    Draft202012Validator({**schema, "components": document["components"]},
                         format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


# What is asked


@dataclass
class Case:
    """A request for an operation, by the names of its description, and the status that is to come."""

    operation: str
    status: int
    path: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    body: object = None

    def __str__(self):
        return f"{self.operation}-{self.status}"


def cases(operation, *given, **path):
    return [Case(operation, status, **more | {"path": path | more.get("path", {})}) for status, more in given]


UNKNOWN = (400, {"query": {"colour": "red"}})
PLAIN, TEXT = {"Content-Type": "text/plain"}, {"Accept": "text/plain"}
LARGE = (413, {"headers": {"Content-Encoding": "gzip"}, "body": gzip.compress(bytes(17 * 1024 * 1024))})
OTHER = (415, {"headers": {"Content-Type": "image/png"}, "body": b"x"})
NOWHERE = {"path": {"name": "nowhere"}}
EVENT = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "order.placed", "data": {"n": 1}}
QUESTION = {"message": "m", "messageAttributes": {"kind": text("cup")}}

CASES = [
    *cases("describe", (200, {}), UNKNOWN),
    *cases("tellHealth", (200, {})),
    *cases("tellReadiness", (200, {})),
    *cases("tellMetrics", (200, {})),
    *cases("sendMessage",
           (200, {"headers": PLAIN | {"fanq-attribute-kind": "book"}, "body": b"x", "query": {"delay": 0, "priority": "a"}}),
           (200, {"body": {"n": 1}}),
           (200, {"headers": {"Content-Type": "application/cloudevents+json"}, "body": EVENT}),
           (200, {"path": {"name": "orders.fifo"}, "query": {"group": "g", "deduplicationId": "d"}, "body": {"n": 1}}),
           (400, {"query": {"delay": 901}, "body": {"n": 1}}), (404, NOWHERE | {"body": {"n": 1}}), LARGE, OTHER,
           name="orders"),
    *cases("receiveMessages",
           (200, {"query": {"max": 10, "wait": 1, "visibility": 60}}),
           (200, {"headers": TEXT}),
           (200, {"path": {"name": "orders.fifo"}}),
           (200, {"path": {"name": "empty"}}),
           (204, {"path": {"name": "empty"}, "headers": TEXT}),
           (400, {"query": {"max": 11}}), (404, NOWHERE), name="orders"),
    *cases("deleteMessage", (204, {}), UNKNOWN, (404, {"path": {"receiptHandle": "x"}}), name="orders"),
    *cases("publishMessage",
           (200, {"query": {"subject": "s", "priority": "1"}, "body": {"n": 1}}),
           (200, {"path": {"name": "events.fifo"}, "query": {"group": "g", "deduplicationId": "d"}, "body": {"n": 1}}),
           (400, {"query": {"subject": ""}, "body": {"n": 1}}), (404, NOWHERE | {"body": {"n": 1}}), LARGE, OTHER,
           name="events"),
    *cases("readEvents", (200, {"query": {"last": 1, "buffer": 10, "overflow": "close", "maxRate": 5}}),
           (400, {"query": {"buffer": 0}}), (404, NOWHERE), name="events"),
    *cases("readClock", (200, {}), UNKNOWN),
    *cases("turnClock", (200, {"body": {"advance_ms": 1}}), (400, {"body": {"advance_s": 1}})),
    *cases("listOutbox", (200, {"query": {"protocol": "sms", "limit": 10}}), (400, {"query": {"limit": 0}})),
    *cases("emptyOutbox", (204, {}), UNKNOWN),
    *cases("optOut", (204, {}), (400, {"path": {"number": "ann"}}), number=NUMBER),
    *cases("optIn", (204, {}), (400, {"path": {"number": "ann"}}), number=NUMBER),
    *cases("explainMessage", (200, {"body": QUESTION}), (400, {"body": {}}), (404, NOWHERE | {"body": QUESTION}),
           name="events"),
    *cases("replayTopic", (200, {"body": {"queue": "empty", "filter": {"kind": ["book"]}}}), (400, {"body": {}}),
           (404, NOWHERE | {"body": {"queue": "empty"}}),
           (409, {"path": {"name": "events.fifo"}, "body": {"queue": "orders.fifo"}}), name="events"),
    *cases("listMappings", (200, {}), UNKNOWN),
    *cases("makeMapping", (201, {"body": {"id": "b", "queue": "empty", "url": URL, "enabled": False,
                                          "filter": {"Filters": [{"Pattern": '{"body": {"n": [1]}}'}]}}}),
           (400, {"body": {"queue": "nowhere", "url": URL}})),
    *cases("showMapping", (200, {}), UNKNOWN, (404, {"path": {"id": "z"}}), id="a"),
    *cases("changeMapping", (200, {"body": {"batchSize": 5, "filter": None}}), (400, {"body": {"batchSize": 0}}),
           (404, {"path": {"id": "z"}, "body": {"batchSize": 5}}), id="a"),
    *cases("removeMapping", (204, {}), UNKNOWN, (404, {"path": {"id": "z"}}), id="a"),
]

# A hub that starts or has failed answers so, and one whose clock cannot be turned.
NOT_HERE = {("tellHealth", "503"), ("tellReadiness", "503"), ("tellMetrics", "503"), ("readClock", "404"),
            ("turnClock", "404")}


@pytest.fixture
def stage(world, queues, sns):
    """What the requests speak of."""
    url = make_queue(queues)
    make_queue(queues, "empty")
    send(queues, url, "x", MessageAttributes={"kind": text("book")})
    send_fifo(queues, make_fifo(queues), "x")
    topic = make_topic(sns, **ARCHIVED)
    make_fifo_topic(sns)
    subscribe(sns, topic, arn_of(queues, url), FilterPolicy={"kind": ["book"]})
    sns.publish(TopicArn=topic, Message="{}")
    sns.publish(PhoneNumber=NUMBER, Message="hello")
    body = json.dumps({"id": "a", "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f", "url": URL})
    assert world.send("POST", "/_fanq/mappings", body=body.encode()).status == 201


def ask(world, method, path, case):
    given = dict(case.path)
    if "{receiptHandle}" in path and "receiptHandle" not in given:
        got = world.send("POST", f"/queues/{given['name']}/receive").json()["messages"]
        given["receiptHandle"] = got[0]["receiptHandle"]
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", urllib.parse.quote(value, safe=""))
    is_json = case.body is not None and not isinstance(case.body, bytes)
    body = json.dumps(case.body).encode() if is_json else case.body or b""
    headers = ({"Content-Type": "application/json"} if is_json else {}) | case.headers
    return world.send(method, path, urllib.parse.urlencode(case.query), headers, body)


def check_request(document, said, case):
    """What is answered as wished was asked as the description says."""
    known = {parameter["name"]: parameter["schema"] for parameter in said["parameters"] if parameter["in"] != "header"}
    for name, value in (case.path | case.query).items():
        check(document, known[name], value)
    if case.body is not None:
        kind = case.headers.get("Content-Type", "application/json")
        value = case.body.decode() if isinstance(case.body, bytes) else case.body
        check(document, said["requestBody"]["content"][kind]["schema"], value)


def check_answer(document, response, status, headers, body):
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    content = response.get("content", {})
    if not content:
        assert (body, "content-type" in headers) == (b"", False), status
        return
    kind = headers["content-type"].split(";")[0]
    value = json.loads(body) if kind == "application/json" else body.decode()
    check(document, content[kind]["schema"], value)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_operation_answers_as_it_is_described(world, document, stage, case):
    path, method, said = named(document, case.operation)
    if case.status < 300:
        check_request(document, said, case)
    if case.operation == "readEvents" and case.status == 200:
        with Events(world, case.path["name"], **case.query) as events:
            assert list(said["responses"]["200"]["content"]) == [events.headers["content-type"].split(";")[0]]
            assert events.next().name == "message"
        return
    answer = ask(world, method, path, case)
    assert answer.status == case.status, answer.text
    check_answer(document, said["responses"][str(case.status)], answer.status, answer.headers, answer.body)


def test_every_answer_that_is_described_is_shown(document):
    said = {(one["operationId"], status) for _, _, one in operations(document) for status in one["responses"]}
    shown = {(case.operation, str(case.status)) for case in CASES}
    assert {one for one in said if one[1] != "default"} == shown | NOT_HERE


def test_what_is_refused_before_it_is_read_is_refused_as_described(world, document):
    for path, method, said in operations(document):
        if "default" in said["responses"]:
            answer = world.send(method, path.replace("{", "").replace("}", ""), headers={"Origin": "http://evil.example"})
            assert answer.status == 403, path
            check_answer(document, said["responses"]["default"], 403, answer.headers, answer.body)


def test_the_methods_of_a_path_are_those_that_are_described(world, document, stage):
    for path, item in document["paths"].items():
        if path in ("/health", "/ready"):
            continue
        own = {method.upper() for method in METHODS if method in item}
        filled = path.replace("{name}", "events").replace("{id}", "a").replace("{number}", NUMBER)
        answer = world.send("PUT" if "PATCH" in own else "PATCH", filled)
        assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, own), path


def test_every_path_of_the_hub_is_described(document):
    """Those of the resources, and what the server answers by itself."""
    source = REPOSITORY / "hub" / "src"
    arms = re.findall(r"^        \[(.+)\] =>", (source / "resources.rs").read_text(), flags=re.MULTILINE)
    parts = [[part.strip('"') if part.startswith('"') else "{}" for part in arm.split(", ")] for arm in arms]
    routed = {"/" + "/".join(each) for each in parts}
    served = set(re.findall(r'"(/[a-z_/]+)"', (source / "server" / "request.rs").read_text()))
    assert len(routed) > 10 and len(served) == 4, (routed, served)
    described = {re.sub(r"{\w+}", "{}", path) for path in document["paths"]}
    assert described == routed | served | {"/topics/{}/events"}


def test_the_description_is_one_and_of_this_version(world, document):
    openapi_spec_validator.validate(document)
    assert document["info"]["version"] == world.send("GET", "/health").json()["version"]
    identities = [said["operationId"] for _, _, said in operations(document)]
    assert len(set(identities)) == len(identities) > 20
