"""Traces and structured logs: what a hub tells a collector, and what it writes."""

import contextlib
import datetime
import json
import pathlib
import shutil
import socket
import ssl
import subprocess

import pytest

from checks import make_queue, make_topic, refused
from collector import Collector
from hub import REPOSITORY, Hub, binary
from world import World

PARENT = "00f067aa0ba902b7"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "20"}


@contextlib.contextmanager
def running(*flags, **variables):
    """A hub of the test's own. It ends well, or the test fails."""
    hub = Hub(*flags, variables=variables)
    try:
        yield hub
        assert hub.is_alive(), f"the hub died: {''.join(hub.log[-20:])}"
        assert hub.stop() == 0, "".join(hub.log[-20:])
    finally:
        hub.stop()


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def traced(collector):
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **SOON) as hub:
        yield World(hub)


class Within:
    """What a client calls within this is part of a trace."""

    def __init__(self, client, number, flags="01", state=None):
        self.client = client
        self.trace = f"{number:032x}"
        self.headers = {"traceparent": f"00-{self.trace}-{PARENT}-{flags}"} | ({"tracestate": state} if state else {})

    def __enter__(self):
        self.client.meta.events.register("request-created", self._add, unique_id="trace")
        return self.trace

    def __exit__(self, *_):
        self.client.meta.events.unregister("request-created", unique_id="trace")

    def _add(self, request, **_):
        for name, value in self.headers.items():
            request.headers[name] = value


def documented():
    """What the document shows as code."""
    text = (REPOSITORY / "docs" / "traces-and-logs.md").read_text()
    return set(text.split("`")[1::2])


def test_a_send_is_a_request_with_a_commit(traced, collector):
    sqs = traced.sqs()
    url = make_queue(sqs)
    with Within(sqs, 1, state="vendor=value") as trace:
        answer = sqs.send_message(QueueUrl=url, MessageBody="hello")
    spans = collector.of(trace)
    assert set(spans) == {"SQS.SendMessage", "commit"}
    request, commit = spans["SQS.SendMessage"], spans["commit"]
    assert (request.kind, request.parent, request.state) == ("server", PARENT, "vendor=value")
    assert request.attributes == {
        "rpc.system": "aws-api",
        "rpc.service": "SQS",
        "rpc.method": "SendMessage",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "aws.request_id": answer["ResponseMetadata"]["RequestId"],
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
    }
    assert not request.is_error
    assert (commit.kind, commit.parent) == ("internal", request.id)
    assert commit.attributes["fanq.bodies"] == 1
    assert commit.attributes["fanq.body_bytes"] >= len("hello")
    assert request.start <= commit.start <= commit.end <= request.end


def test_a_publish_fans_out_and_is_committed(traced, collector):
    sns, sqs = traced.sns(), traced.sqs()
    topic = make_topic(sns)
    for name, kind in [("all", None), ("digital", "digital"), ("physical", "physical")]:
        url = make_queue(sqs, name)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"FilterPolicy": json.dumps({"kind": [kind]})} if kind else {}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=policy)
    kind = {"kind": {"DataType": "String", "StringValue": "digital"}}
    entries = [
        {"Id": "a", "Message": "one", "MessageAttributes": kind},
        {"Id": "b", "Message": "two"},
    ]
    with Within(sns, 2) as trace:
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    spans = collector.of(trace)
    assert set(spans) == {"SNS.PublishBatch", "fan-out", "commit"}
    request, fan_out = spans["SNS.PublishBatch"], spans["fan-out"]
    assert (request.parent, request.attributes["messaging.system"]) == (PARENT, "aws.sns")
    assert {fan_out.parent, spans["commit"].parent} == {request.id}
    assert fan_out.attributes == {
        "messaging.destination.name": topic.rsplit(":", 1)[1],
        "messaging.batch.message_count": 2,
        "fanq.subscriptions": 3,
        "fanq.matches": 3,
    }
    assert fan_out.end <= spans["commit"].end


def test_a_receive_shows_its_wait_and_what_it_got(traced, collector):
    sqs, sender = traced.sqs(), traced.sqs()
    url = make_queue(sqs)
    with Within(sqs, 3) as trace:
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=5)
    waited = collector.of(trace)
    request, receive = waited["SQS.ReceiveMessage"], waited["receive"]
    assert receive.parent == request.id
    assert receive.attributes == {
        "fanq.messages_max": 5,
        "fanq.wait_ms_max": 1000,
        "messaging.batch.message_count": 0,
    }
    assert receive.end - receive.start >= 1_000_000_000
    sender.send_message(QueueUrl=url, MessageBody="hello")
    with Within(sqs, 4) as trace:
        sqs.receive_message(QueueUrl=url)
    assert collector.of(trace)["receive"].attributes["messaging.batch.message_count"] == 1


def test_a_request_without_a_trace_begins_one(traced, collector):
    sqs = traced.sqs()
    make_queue(sqs, "first")
    with Within(sqs, 5) as trace:
        make_queue(sqs, "last")
    collector.of(trace)
    (first,) = [span for span in collector.spans if span.name == "SQS.CreateQueue" and span.trace != trace]
    assert first.parent == ""
    assert [span.name for span in collector.spans if span.parent == first.id] == ["commit"]


def test_faults_and_unknown_actions_are_told(traced, collector):
    sqs = traced.sqs()
    missing = make_queue(sqs) + "-not"
    with Within(sqs, 6) as trace, refused("AWS.SimpleQueueService.NonExistentQueue"):
        sqs.send_message(QueueUrl=missing, MessageBody="hello")
    request = collector.of(trace)["SQS.SendMessage"]
    assert request.attributes["http.response.status_code"] == 400
    assert request.attributes["error.type"] == "QueueDoesNotExist"
    assert not request.is_error, "the client is at fault, not the hub"
    trace = f"{7:032x}"
    traced.post_form({"Action": "Invented"}, headers={"traceparent": f"00-{trace}-{PARENT}-01"})
    request = collector.of(trace)["SQS"]
    assert "rpc.method" not in request.attributes
    assert request.attributes["error.type"] == "InvalidAction"


def test_only_requests_of_aws_are_traced(traced, collector):
    for path in ["/health", "/ready"]:
        traced.send("GET", path, headers={"traceparent": f"00-{8:032x}-{PARENT}-01"}, sign=False)
    with Within(traced.sqs(), 9) as trace:
        pass
    sqs = traced.sqs()
    with Within(sqs, 9):
        sqs.list_queues()
    collector.of(trace)
    assert {span.trace for span in collector.spans} == {trace}


def test_every_attribute_and_span_is_documented(traced, collector):
    test_a_publish_fans_out_and_is_committed(traced, collector)
    test_faults_and_unknown_actions_are_told(traced, collector)
    sqs = traced.sqs()
    with Within(sqs, 10) as trace:
        sqs.receive_message(QueueUrl=make_queue(sqs, "last"))
    collector.of(trace)
    known = documented()
    assert {name for span in collector.spans for name in span.attributes} <= known
    assert {span.name for span in collector.spans if span.kind == "internal"} <= known
    assert {name for span in collector.spans for name in span.resource} <= known


def test_the_hub_says_who_it_is(collector):
    cases = [
        ({}, "fanq"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=hub,team=orders"}, "hub"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=hub,team=orders", "OTEL_SERVICE_NAME": "events"}, "events"),
    ]
    for number, (variables, name) in enumerate(cases, 20):
        with running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **SOON, **variables) as hub:
            sqs = World(hub).sqs()
            with Within(sqs, number) as trace:
                sqs.list_queues()
            resource = collector.of(trace)["SQS.ListQueues"].resource
        assert resource["service.name"] == name
        assert resource["service.version"]
        assert resource.get("team") == ("orders" if variables else None)


def test_what_is_not_sampled_is_not_sent(collector):
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint) as hub:
        sqs = World(hub).sqs()
        with Within(sqs, 30, flags="00"):
            make_queue(sqs)
        with Within(sqs, 31, flags="01"):
            make_queue(sqs)
    assert {int(span.trace, 16) for span in collector.spans} == {31}


def test_a_sampler_can_be_chosen(collector):
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_TRACES_SAMPLER="parentbased_always_off") as hub:
        sqs = World(hub).sqs()
        make_queue(sqs, "first")
        with Within(sqs, 32):
            make_queue(sqs, "second")
    assert {int(span.trace, 16) for span in collector.spans} == {32}


@pytest.mark.parametrize("variable", [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_traces_can_be_switched_off(collector, variable):
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **SOON, **dict([variable])) as hub:
        make_queue(World(hub).sqs())
    assert collector.requests == []
    assert not [line for line in hub.log if "WARN" in line]


def test_what_cannot_be_followed_is_a_warning(collector):
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc") as hub:
        make_queue(World(hub).sqs())
    (warning,) = [line for line in hub.log if "WARN" in line]
    assert "no traces are sent" in warning and "http/protobuf" in warning
    assert collector.requests == []


def test_a_stop_sends_what_is_left(collector):
    variables = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.endpoint}/somewhere",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20token",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    }
    with running(**variables) as hub:
        make_queue(World(hub).sqs())
        assert collector.requests == []
    ((path, headers),) = collector.requests
    assert path == "/somewhere"
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["content-encoding"] == "gzip"
    assert headers["authorization"] == "Bearer token"
    assert {span.name for span in collector.spans} == {"SQS.CreateQueue", "commit"}


def test_a_collector_that_never_answers_holds_nothing_up():
    silent = socket.create_server(("127.0.0.1", 0))
    silent.settimeout(30)
    endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
    hour = str(3600 * 1000)
    variables = {"OTEL_EXPORTER_OTLP_TIMEOUT": hour, "OTEL_BSP_MAX_QUEUE_SIZE": "10", **SOON}
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **variables) as hub:
        sqs = World(hub).sqs()
        url = make_queue(sqs)
        for _ in range(50):
            sqs.send_message(QueueUrl=url, MessageBody="hello")
        connection, _ = silent.accept()
    assert any("the last traces were not sent" in line for line in hub.log)
    connection.close()
    silent.close()


def test_a_collector_that_is_away_is_named_once_a_minute():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with running(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="1", **SOON) as hub:
        sqs = World(hub).sqs()
        for number in range(10):
            make_queue(sqs, f"queue-{number}")
    warnings = [line for line in hub.log if "does not take traces" in line]
    assert len(warnings) == 1 and endpoint in warnings[0]


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl to make a certificate with")
def test_traces_go_by_tls_with_certificates_that_are_named(tmp_path: pathlib.Path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=collector"]
        + ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    # The hub proves as well who it is.
    tls.load_verify_locations(certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    collector = Collector(tls)
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
    }
    with running(**variables) as hub:
        make_queue(World(hub).sqs())
    assert {span.name for span in collector.spans} == {"SQS.CreateQueue", "commit"}, "".join(hub.log)
    collector.close()


def test_logs_can_be_json_and_name_the_trace(collector):
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "FANQ_LOG_FORMAT": "json"}
    with running("--log", "fanq=debug", **variables) as hub:
        world = World(hub)
        sqs = world.sqs()
        with Within(sqs, 40, flags="00"):
            url = make_queue(sqs)
        with Within(sqs, 41) as trace:
            answer = sqs.send_message(QueueUrl=url, MessageBody="hello")
        with refused("AWS.SimpleQueueService.NonExistentQueue"):
            sqs.send_message(QueueUrl=url + "-not", MessageBody="hello")
    lines = [json.loads(line) for line in hub.log]
    for line in lines:
        assert datetime.datetime.fromisoformat(line["timestamp"]).tzinfo == datetime.timezone.utc
        assert line["level"] in {"ERROR", "WARN", "INFO", "DEBUG"}
        assert line["target"].startswith("fanq")
        assert line["message"]
    created, sent, failed = [line for line in lines if line["message"] == "answered"]
    assert (created["action"], "trace_id" in created) == ("CreateQueue", False)
    assert (failed["status"], failed["error"]) == (400, "QueueDoesNotExist")
    (span,) = [span for span in collector.spans if span.name == "SQS.SendMessage" and span.trace == trace]
    assert isinstance(sent.pop("duration_us"), int)
    del sent["timestamp"]
    assert sent == {
        "level": "DEBUG",
        "target": "fanq::wire::observed",
        "message": "answered",
        "service": "sqs",
        "action": "SendMessage",
        "account": world.account,
        "status": 200,
        "request_id": answer["ResponseMetadata"]["RequestId"],
        "trace_id": trace,
        "span_id": span.id,
    }


def test_requests_are_not_logged_unless_asked_for():
    with running("--log-format", "json") as hub:
        make_queue(World(hub).sqs())
    assert not [line for line in hub.log if json.loads(line)["message"] == "answered"]


@pytest.mark.parametrize("place", ["flag", "variable"])
def test_a_format_that_is_unknown_is_refused(place):
    flags = ["--log-format", "yaml"] if place == "flag" else []
    variables = {"FANQ_LOG_FORMAT": "yaml"} if place == "variable" else {}
    ended = subprocess.run([binary(), "serve", *flags], env=variables, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "text or json is expected" in ended.stderr
