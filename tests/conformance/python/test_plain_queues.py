"""Messages sent, received and deleted by plain HTTP, and what the guide to it shows."""

import gzip
import json
import re
import shutil
import socket
import subprocess
import threading
import urllib.parse

import pytest

from checks import (
    SEQUENCE_NUMBER, UUID, arn_of, binary, bodies, counts, make_fifo, make_queue, make_topic, receive, receive_one,
    send, text,
)
from hub import REPOSITORY
from world import World

PLAIN = {"Content-Type": "text/plain"}


@pytest.fixture
def url(queues):
    return make_queue(queues)


class Plain:
    """A queue by plain HTTP."""

    def __init__(self, world, name="orders"):
        self.world, self.path = world, f"/queues/{name}"

    def send(self, body, query="", **headers):
        headers = PLAIN | {name.replace("_", "-"): value for name, value in headers.items()}
        body = body if isinstance(body, bytes) else body.encode()
        return self.world.send("POST", f"{self.path}/messages", query, headers, body)

    def receive(self, query="", **headers):
        return self.world.send("POST", f"{self.path}/receive", query, headers)

    def take(self, query=""):
        answer = self.receive(query)
        assert answer.status == 200, answer.text
        return answer.json()["messages"]

    def delete(self, handle, query=""):
        return self.world.send("DELETE", f"{self.path}/messages/{handle}", query)


@pytest.fixture
def plain(world, url):
    return Plain(world)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8"])
def test_what_is_sent_is_received_by_any_client(plain, queues, url, content_type):
    answer = plain.send('{"ä": 1}', Content_Type=content_type, fanq_attribute_kind="böok".encode().decode("latin-1"))
    assert (answer.status, list(answer.json())) == (200, ["messageId"])
    got = receive_one(queues, url, MessageAttributeNames=["All"])
    assert (got["MessageId"], got["Body"]) == (answer.json()["messageId"], '{"ä": 1}')
    assert got["MessageAttributes"] == {"kind": text("böok")}


def test_what_any_client_sends_is_received_whole(plain, queues, url):
    attributes = {"kind": text("book"), "price": text("9.5", "Number.EUR"), "cover": binary(b"\x00\xff")}
    sent = send(queues, url, "ä\n", MessageAttributes=attributes)
    (got,) = plain.take("max=10&wait=5")
    assert UUID.fullmatch(got["messageId"]) and got["messageId"] == sent["MessageId"]
    assert (got["body"], got["queue"], got["redelivered"]) == ("ä\n", "orders", False)
    assert got["attributes"] == {
        "cover": {"BinaryValue": "AP8=", "DataType": "Binary"},
        "kind": {"StringValue": "book", "DataType": "String"},
        "price": {"StringValue": "9.5", "DataType": "Number.EUR"},
    }
    system = got["system"]
    assert (system["SenderId"], system["ApproximateReceiveCount"]) == (plain.world.account, "1")
    assert system["SentTimestamp"].isdecimal() and system["ApproximateFirstReceiveTimestamp"].isdecimal()
    queues.delete_message(QueueUrl=url, ReceiptHandle=got["receiptHandle"])
    assert counts(queues, url) == (0, 0, 0)


def test_one_message_is_taken_if_nothing_else_is_said_and_ten_at_most(plain):
    for number in range(12):
        plain.send(str(number))
    assert len(plain.take()) == 1
    assert len(plain.take("max=10")) == 10
    assert len(plain.take("max=10")) == 1
    assert plain.take() == []


def test_a_received_message_can_be_deleted_again_and_again(plain, queues, url):
    plain.send("a")
    (got,) = plain.take()
    assert re.fullmatch(r"[A-Za-z0-9._]+", got["receiptHandle"])
    for _ in range(2):
        answer = plain.delete(got["receiptHandle"])
        assert (answer.status, answer.body) == (204, b"")
    assert counts(queues, url) == (0, 0, 0)


def test_a_handle_of_an_sdk_can_stand_in_the_path(plain, queues, url):
    send(queues, url, "a")
    assert plain.delete(receive_one(queues, url)["ReceiptHandle"]).status == 204
    assert counts(queues, url) == (0, 0, 0)


def test_a_message_can_be_taken_as_the_text_that_it_is(plain):
    assert plain.receive(Accept="text/plain").status == 204
    sent = plain.send("grüße\n\n").json()
    answer = plain.receive("max=1", Accept="text/plain, application/json;q=0.5")
    assert (answer.status, answer.text) == (200, "grüße\n\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["fanq-message-id"] == sent["messageId"]
    assert plain.delete(answer.headers["fanq-receipt-handle"]).status == 204


def test_a_message_is_hidden_for_as_long_as_was_asked(world, queues, clock):
    make_queue(queues)
    plain = Plain(world)
    plain.send("a")
    assert bodies_of(plain.take("visibility=100")) == ["a"]
    clock.advance(99)
    assert plain.take() == []
    clock.advance(1)
    (again,) = plain.take("visibility=0")
    assert (again["redelivered"], again["system"]["ApproximateReceiveCount"]) == (True, "2")
    assert bodies_of(plain.take()) == ["a"]


def test_a_delayed_message_comes_when_its_time_has_come(world, queues, clock):
    make_queue(queues, DelaySeconds="60")
    plain = Plain(world)
    plain.send("late", "delay=90")
    plain.send("as the queue has it")
    plain.send("now", "delay=0")
    assert bodies_of(plain.take("max=10&visibility=900")) == ["now"]
    clock.advance(60)
    assert bodies_of(plain.take("max=10&visibility=900")) == ["as the queue has it"]
    clock.advance(30)
    assert bodies_of(plain.take("max=10")) == ["late"]


def bodies_of(messages):
    return [message["body"] for message in messages]


def test_a_receive_waits_for_a_message(plain):
    got = []
    waiting = threading.Thread(target=lambda: got.extend(plain.take("wait=20")))
    waiting.start()
    assert plain.send("a").status == 200
    waiting.join(20)
    assert bodies_of(got) == ["a"]


def test_a_receiver_that_goes_away_takes_nothing(world, plain, queues, url):
    where = urllib.parse.urlsplit(world.hub.endpoint)
    credential = f"Credential={world.account}/20260101/{world.region}/sqs/aws4_request"
    with socket.create_connection((where.hostname, where.port)) as gone:
        head = f"Host: {where.netloc}\r\nContent-Length: 0\r\nAuthorization: AWS4-HMAC-SHA256 {credential}\r\n"
        gone.sendall(f"POST {plain.path}/receive?wait=20 HTTP/1.1\r\n{head}\r\n".encode())
    plain.send("a")
    assert counts(queues, url) == (1, 0, 0)


def test_a_fifo_queue_is_given_group_and_deduplication_id(world, queues):
    url = make_fifo(queues)
    plain = Plain(world, "orders.fifo")
    first, again = [plain.send("x", "group=g&deduplicationId=d") for _ in range(2)]
    assert first.json() == again.json()
    assert SEQUENCE_NUMBER.fullmatch(first.json()["sequenceNumber"])
    (got,) = plain.take("max=10")
    system = got["system"]
    assert (system["MessageGroupId"], system["MessageDeduplicationId"]) == ("g", "d")
    assert system["SequenceNumber"] == first.json()["sequenceNumber"]
    plain.send("y", "group=g&deduplicationId=e")
    assert plain.take() == [], "the group is held"
    assert plain.delete(got["receiptHandle"]).status == 204
    assert bodies(receive(queues, url)) == ["y"]
    refused = plain.send("x", "deduplicationId=f")
    assert (refused.status, refused.json()) == (
        400, {"error": "The request must contain the parameter MessageGroupId."})


def test_a_priority_queue_is_a_queue_here_too(world, queues):
    for name in ("high", "low"):
        make_queue(queues, name)
    url = make_queue(queues, PriorityMembers={"policy": "strict", "members": ["high", "low"]})
    plain = Plain(world)
    plain.send("can wait")
    plain.send("urgent", "priority=high")
    plain.send("urgent too", "priority=0")
    got = plain.take("max=10")
    assert [(one["body"], one["queue"]) for one in got] == [
        ("urgent", "high"), ("urgent too", "high"), ("can wait", "low")]
    assert got[0]["attributes"] == {"Priority": text("high")}
    assert [plain.delete(one["receiptHandle"]).status for one in got] == [204] * 3
    assert counts(queues, url) == (0, 0, 0)
    assert plain.send("x", "priority=higher").status == 400


def test_a_topic_hands_priorities_on(world, sns, queues):
    for name in ("high", "low"):
        make_queue(queues, name)
    url = make_queue(queues, PriorityMembers={"members": ["high", "low"]})
    sns.subscribe(TopicArn=make_topic(sns), Protocol="sqs", Endpoint=arn_of(queues, url),
                  Attributes={"RawMessageDelivery": "true"})
    assert world.send("POST", "/topics/events/messages", "priority=high", PLAIN, b"x", service="sns").status == 200
    assert [one["queue"] for one in Plain(world).take("wait=20")] == ["high"]


def test_an_event_becomes_a_message_of_a_queue(plain, queues, url):
    event = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "order.placed", "data": {"n": 1}}
    answer = plain.send(json.dumps(event), Content_Type="application/cloudevents+json")
    assert answer.status == 200, answer.text
    got = receive_one(queues, url, MessageAttributeNames=["All"])
    assert (got["Body"], got["MessageAttributes"]["ce-type"]) == ('{"n": 1}', text("order.placed"))


def test_the_arn_of_a_queue_will_do(world, plain, queues, url):
    by_arn = Plain(world, arn_of(queues, url))
    assert by_arn.send("a").status == 200
    assert bodies_of(by_arn.take()) == ["a"]


NO_QUEUE = "The specified queue does not exist."
BAD_MAX = "Value {} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."


@pytest.mark.parametrize("status,error,request_of", [
    (404, NO_QUEUE, "POST /queues/nothing/messages"),
    (404, NO_QUEUE, "POST /queues/nothing/receive"),
    (404, NO_QUEUE, "DELETE /queues/nothing/messages/x"),
    (404, NO_QUEUE, "POST /queues//messages"),
    (404, "There is no such resource.", "GET /queues/orders"),
    (404, "There is no such resource.", "POST /queues/orders/messages/x/y"),
    (404, 'The input receipt handle "x" is not a valid receipt handle.', "DELETE /queues/orders/messages/x"),
    (405, "This resource takes POST.", "GET /queues/orders/messages"),
    (405, "This resource takes POST.", "GET /queues/orders/receive"),
    (405, "This resource takes DELETE.", "POST /queues/orders/messages/x"),
    (400, BAD_MAX.format(0), "POST /queues/orders/receive?max=0"),
    (400, BAD_MAX.format(11), "POST /queues/orders/receive?max=11"),
    (400, "max must be a whole number.", "POST /queues/orders/receive?max=ten"),
    (400, "wait must be a whole number.", "POST /queues/orders/receive?wait="),
    (400, "delay must be a whole number.", "POST /queues/orders/messages?delay=1.5"),
    (400, 'There is no parameter "limit" here; those known are: max, wait, visibility.',
     "POST /queues/orders/receive?limit=1"),
    (400, 'There is no parameter "subject" here; those known are: group, deduplicationId, delay, priority.',
     "POST /queues/orders/messages?subject=x"),
    (400, 'There is no parameter "max" here; those known are: none.', "DELETE /queues/orders/messages/x?max=1"),
], ids=range(18))
def test_what_cannot_be_done_is_refused_with_the_reason(world, url, status, error, request_of):
    method, path = request_of.split(" ")
    path, _, query = path.partition("?")
    answer = world.send(method, path, query, PLAIN, b"x")
    assert (answer.status, answer.json()) == (status, {"error": error})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("status,error,given", [
    (400, "The request must contain the parameter MessageBody.", {"body": ""}),
    (400, "A message is text, and this is not UTF-8.", {"body": b"\xff"}),
    (415, "Messages are taken as application/json, text/plain and CloudEvents.", {"Content_Type": "image/png"}),
    (400, "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
     {"query": "delay=901"}),
    (400, "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
     {"body": "x" * 1048577}),
], ids=range(5))
def test_what_cannot_be_sent_is_refused_with_the_reason(plain, status, error, given):
    answer = plain.send(**{"body": "x"} | given)
    assert (answer.status, answer.json()) == (status, {"error": error})


def test_text_is_one_message_at_a_time(plain, queues, url):
    plain.send("a")
    assert plain.receive("max=2", Accept="text/plain").status == 400
    assert counts(queues, url) == (1, 0, 0), "nothing was taken"


def test_a_body_that_is_too_large_is_refused_in_json(plain):
    answer = plain.send(gzip.compress(bytes(17 * 1024 * 1024)), Content_Encoding="gzip")
    assert (answer.status, answer.json()) == (413, {"error": "The request is larger than this hub accepts."})


def test_no_answer_is_kept_by_anybody_on_the_way(plain):
    for answer in (plain.send("a"), plain.receive(), plain.receive(Accept="text/plain"), plain.delete("x")):
        assert answer.headers["cache-control"] == "no-store"


def test_web_pages_of_others_cannot_take_messages(plain, queues, url):
    plain.send("a")
    answer = plain.receive(Origin="http://evil.example")
    assert answer.status == 403 and "evil.example" in answer.json()["error"]
    assert counts(queues, url) == (1, 0, 0)


def test_other_accounts_are_refused_and_a_policy_lets_them_in(world, plain, queues, url):
    other = Plain(world.elsewhere(account="111122223333"), arn_of(queues, url))
    assert (other.send("x").status, other.receive().status) == (403, 403)
    queues.add_permission(QueueUrl=url, Label="all", AWSAccountIds=["111122223333"], Actions=["*"])
    assert other.send("x").status == 200
    assert bodies_of(other.take()) == ["x"]


# The guide


GUIDE = (REPOSITORY / "docs" / "plain-http.md").read_text()
SHOWN = re.findall(r"^```sh\n(.*?)^```\n\n```json\n(.*?)\n```", GUIDE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
@pytest.mark.flags()
def test_what_the_guide_shows_is_so(hub, tmp_path):
    world = World(hub, account="000000000000")
    make_queue(world.sqs())
    make_topic(world.sns(), "orders")
    assert len(SHOWN) == 4
    for commands, expected in SHOWN:
        commands = commands.replace("http://127.0.0.1:4566", hub.endpoint)
        ran = subprocess.run(["bash", "-eu", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        pattern = ".+".join(re.escape(part) for part in expected.split("…"))
        assert ran.returncode == 0 and re.fullmatch(pattern, ran.stdout), (commands, ran.stdout, ran.stderr)
