"""Queues whose messages are posted to a URL."""

import json
import threading
import time

import pytest
from cryptography.exceptions import InvalidSignature

import signatures
from checks import (
    arn_of, counts, make_fifo, make_queue, make_topic, md5, md5_of_attributes, receive_all, redrive_policy, send,
    send_fifo, text,
)
from function import Function
from hub import Hub
from world import World

WITHIN_S = 30


@pytest.fixture
def function():
    function = Function()
    yield function
    function.close()


class Mappings:
    """The mappings of an account."""

    def __init__(self, world):
        self.world = world

    def ask(self, method, id=None, body=None):
        path = "/_fanq/mappings" + (f"/{id}" if id else "")
        return self.world.send(method, path, body=b"" if body is None else json.dumps(body).encode())

    def make(self, **members):
        answer = self.ask("POST", body=members)
        assert answer.status == 201, answer.text
        return answer.json()

    def change(self, id, **members):
        answer = self.ask("PATCH", id, members)
        assert answer.status == 200, answer.text
        return answer.json()

    def show(self, id):
        answer = self.ask("GET", id)
        assert answer.status == 200, answer.text
        return answer.json()

    def refused(self, status=400, method="POST", at=None, **members):
        answer = self.ask(method, at, members)
        assert answer.status == status, answer.text
        return answer.json()["error"]


@pytest.fixture
def mappings(world):
    return Mappings(world)


def eventually(is_there):
    """Asks the hub again and again."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := is_there()):
        assert time.monotonic() < deadline, "it did not come about"
    return found


def fail(*bodies):
    """What a function answers that fails at these."""

    def answer(event):
        failed = [record["messageId"] for record in event["Records"] if record["body"] in bodies]
        return 200, {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}

    return answer


def test_a_function_gets_the_messages_of_a_queue_as_lambda_hands_them_over(mappings, queues, function):
    url = make_queue(queues)
    attributes = {"kind": text("book"), "blob": {"DataType": "Binary", "BinaryValue": b"\1\2"}}
    sent = send(queues, url, "hello", MessageAttributes=attributes)
    made = mappings.make(queue=url, url=function.url)
    [event] = function.wait(lambda: function.events)
    [record] = event["Records"]
    system = record.pop("attributes")
    assert record.pop("receiptHandle")
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hello",
        "messageAttributes": {
            "blob": {"binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
            "kind": {"stringValue": "book", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
        },
        "md5OfBody": md5("hello"),
        "md5OfMessageAttributes": md5_of_attributes(attributes),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn_of(queues, url),
        "awsRegion": "us-east-1",
    }
    assert set(system) == {
        "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
    }
    assert system["ApproximateReceiveCount"] == "1"
    assert function.headers[0]["content-type"] == "application/json"
    eventually(lambda: counts(queues, url) == (0, 0, 0))
    eventually(lambda: mappings.show(made["id"])["state"]["delivered"] == 1)


def test_what_failed_comes_again_and_the_rest_is_done(mappings, queues, function):
    url = make_queue(queues)
    for body in ["a", "b", "c"]:
        send(queues, url, body)
    calls = []

    def answer(event):
        calls.append(event)
        return fail("b")(event) if len(calls) == 1 else (200, b"")

    function.answer = answer
    made = mappings.make(queue=url, url=function.url, concurrency=1)
    function.wait(lambda: len(function.events) == 2)
    assert function.batches() == [["a", "b", "c"], ["b"]]
    assert function.events[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
    eventually(lambda: counts(queues, url) == (0, 0, 0))
    state = eventually(lambda: (state := mappings.show(made["id"])["state"])["delivered"] == 3 and state)
    assert state["failed"] == 1 and state["lastError"] == "The answer names 1 messages that failed."


@pytest.mark.parametrize("answer", [
    (200, b"OK"),
    (200, {"batchItemFailures": [{"itemIdentifier": ""}]}),
    (200, {"batchItemFailures": [{"itemIdentifier": "unknown"}]}),
    (200, {"errorType": "Error", "errorMessage": "no"}),
    (500, b""),
    (302, b""),
])
def test_an_answer_that_is_no_success_fails_the_batch(mappings, queues, function, answer):
    url = make_queue(queues)
    for body in ["a", "b"]:
        send(queues, url, body)
    calls = []

    def first_fails(event):
        calls.append(event)
        return answer if len(calls) == 1 else (200, b"")

    function.answer = first_fails
    mappings.make(queue=url, url=function.url, concurrency=1)
    function.wait(lambda: len(function.events) == 2)
    assert function.batches() == [["a", "b"], ["a", "b"]]
    eventually(lambda: counts(queues, url) == (0, 0, 0))


def test_what_fails_too_often_goes_to_the_dead_letter_queue(mappings, queues, function):
    dead = make_queue(queues, "dead")
    url = make_queue(queues, RedrivePolicy=redrive_policy(arn_of(queues, dead), 2))
    function.answer = lambda event: (500, b"")
    made = mappings.make(queue=url, url=function.url)
    send(queues, url, "poison")
    [message] = receive_all(queues, dead, 1, AttributeNames=["All"])
    assert message["Body"] == "poison"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(queues, url)
    assert function.batches() == [["poison"], ["poison"]]
    assert mappings.show(made["id"])["state"]["lastError"] == "The answer was 500."


def test_in_a_fifo_queue_nothing_overtakes_what_failed(mappings, queues, function):
    url = make_fifo(queues)
    for body in ["a", "b", "c", "d"]:
        send_fifo(queues, url, body)
    calls = []

    def answer(event):
        calls.append(event)
        return fail("b")(event) if len(calls) == 1 else (200, b"")

    function.answer = answer
    mappings.make(queue=url, url=function.url)
    function.wait(lambda: len(function.events) == 2)
    assert function.batches() == [["a", "b", "c", "d"], ["b", "c", "d"]]
    eventually(lambda: counts(queues, url) == (0, 0, 0))


def test_large_messages_of_a_group_are_posted_one_event_after_another(mappings, queues, function):
    url = make_fifo(queues)
    bodies = [letter * 600_000 for letter in "abcd"]
    for body in bodies:
        send_fifo(queues, url, body, id=body[0])
    mappings.make(queue=url, url=function.url)
    function.wait(lambda: len(function.events) == 4)
    assert function.batches() == [[body] for body in bodies]
    eventually(lambda: counts(queues, url) == (0, 0, 0))


def test_an_event_has_no_more_than_a_mebibyte(mappings, queues, function):
    url = make_queue(queues)
    body = "x" * (300 << 10)
    for _ in range(10):
        send(queues, url, body)
    send(queues, url, "y" * (1 << 20))
    mappings.make(queue=url, url=function.url, concurrency=2)
    function.wait(lambda: len(function.bodies()) == 11)
    sizes = [sum(map(len, batch)) for batch in function.batches()]
    assert max(sizes) == 1 << 20 and len(sizes) >= 5
    eventually(lambda: counts(queues, url) == (0, 0, 0))


def test_a_batch_waits_for_its_window_to_fill(mappings, queues, function):
    url = make_queue(queues)
    mappings.make(queue=url, url=function.url, batchSize=500, windowSeconds=300)
    for start in range(0, 500, 10):
        entries = [{"Id": str(n), "MessageBody": f"{start + n}"} for n in range(10)]
        assert not queues.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    function.wait(lambda: function.events)
    [batch] = function.batches()
    assert sorted(map(int, batch)) == list(range(500))
    eventually(lambda: counts(queues, url) == (0, 0, 0))


def test_a_window_ends_though_the_batch_is_not_full(mappings, queues, function):
    url = make_queue(queues)
    mappings.make(queue=url, url=function.url, batchSize=500, windowSeconds=1)
    for body in ["a", "b"]:
        send(queues, url, body)
    function.wait(lambda: function.events)
    assert sorted(function.bodies()) == ["a", "b"]


def test_only_so_many_batches_are_under_way(mappings, queues, function):
    url = make_queue(queues)
    go = threading.Event()
    function.answer = lambda event: (200, b"") if go.wait(WITHIN_S) else (500, b"")
    mappings.make(queue=url, url=function.url, batchSize=1, concurrency=2)
    for body in "abcd":
        send(queues, url, body)
    function.wait(lambda: len(function.events) == 2)
    assert counts(queues, url) == (2, 2, 0) and len(function.events) == 2
    go.set()
    function.wait(lambda: len(function.events) == 4)
    eventually(lambda: counts(queues, url) == (0, 0, 0))


def test_what_a_filter_does_not_let_through_is_deleted(mappings, queues, function):
    url = make_queue(queues)
    patterns = [{"body": {"kind": ["book"]}}, {"messageAttributes": {"vip": {"stringValue": ["yes"]}}}]
    given = {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}
    made = mappings.make(queue=url, url=function.url, filter=given)
    assert made["filter"] == given
    book = json.dumps({"kind": "book"})
    send(queues, url, json.dumps({"kind": "pen"}))
    send(queues, url, "book")
    send(queues, url, book)
    send(queues, url, "plain", MessageAttributes={"vip": text("yes")})
    function.wait(lambda: len(function.bodies()) == 2)
    eventually(lambda: counts(queues, url) == (0, 0, 0))
    assert sorted(function.bodies()) == ["plain", book]
    eventually(lambda: mappings.show(made["id"])["state"]["filtered"] == 2)
    metrics = mappings.world.send("GET", "/metrics", sign=False).text
    labels = f'account="{mappings.world.account}",mapping="{made["id"]}"'
    assert f'fanq_mapping_messages_total{{{labels},result="filtered"}} 2\n' in metrics
    assert f"fanq_mapping_breaker_open{{{labels}}} 0\n" in metrics


def test_a_mapping_is_made_shown_changed_and_removed(mappings, queues, function):
    url = make_queue(queues)
    arn = arn_of(queues, url)
    made = mappings.make(id="orders", queue="orders", url=function.url, enabled=False)
    assert made == {
        "id": "orders",
        "queue": arn,
        "url": function.url,
        "batchSize": 10,
        "windowSeconds": 0,
        "concurrency": 5,
        "timeoutSeconds": 30,
        "enabled": False,
        "state": {"breaker": "closed", "lastError": None, "delivered": 0, "failed": 0, "filtered": 0},
    }
    assert mappings.ask("GET").json() == [made] == [mappings.show("orders")]
    assert mappings.world.elsewhere(account="999999999999").send("GET", "/_fanq/mappings").json() == []
    assert mappings.refused(id="orders", queue="orders", url=function.url).startswith("There is a mapping with this id")
    changed = mappings.change("orders", batchSize=2, functionArn="arn:aws:lambda:us-east-1:000000000000:function:f")
    assert (changed["batchSize"], changed["queue"]) == (2, arn) and "functionArn" in changed
    assert "functionArn" not in mappings.change("orders", functionArn=None)
    assert mappings.ask("DELETE", "orders").status == 204
    assert mappings.ask("GET").json() == []
    for method in ["GET", "PATCH", "DELETE"]:
        assert mappings.refused(404, method, "orders") == "There is no such mapping."
    assert mappings.ask("PUT").status == 405


def test_a_mapping_works_only_while_it_is_enabled(mappings, queues, function):
    url = make_queue(queues)
    made = mappings.make(queue=url, url=function.url, enabled=False)
    send(queues, url, "a")
    assert counts(queues, url) == (1, 0, 0)
    mappings.change(made["id"], enabled=True)
    function.wait(lambda: function.bodies() == ["a"])
    eventually(lambda: counts(queues, url) == (0, 0, 0))
    mappings.change(made["id"], enabled=False)
    # A receive that waits longer than the worker may need to end finds the message.
    send(queues, url, "b")
    assert receive_all(queues, url, 1)[0]["Body"] == "b"
    assert function.bodies() == ["a"]


def test_a_mapping_is_checked(mappings, queues):
    make_queue(queues, VisibilityTimeout="60")
    make_fifo(queues)
    url = "http://127.0.0.1:1/"
    whole = {
        "batchSize": "batchSize is a whole number from 1 to 10000.",
        "windowSeconds": "windowSeconds is a whole number from 0 to 300.",
        "concurrency": "concurrency is a whole number from 1 to 1000.",
        "timeoutSeconds": "timeoutSeconds is a whole number from 1 to 900.",
    }
    for name, sentence in whole.items():
        for value in [-1, 10_001, 1.5, "1"]:
            assert mappings.refused(queue="orders", url=url, **{name: value}) == sentence
    given = [
        ({"queue": "orders"}, "A mapping has a url."),
        ({"queue": "orders", "url": "ftp://host/"}, "url is a URL of http or https with 2048 bytes at most."),
        ({"queue": "orders", "url": 1}, "url is a text."),
        ({"url": url}, "A mapping has a queue, a functionArn, or both."),
        ({"queue": "pens", "url": url}, "The specified queue does not exist."),
        ({"queue": "orders", "url": url, "size": 1}, 'A mapping has no member "size".'),
        ({"queue": "orders", "url": url, "enabled": "yes"}, "enabled is true or false."),
        ({"queue": "orders", "url": url, "id": "a b"}, "id has 1 to 80 letters, digits, hyphens and underscores."),
        (
            {"queue": "orders", "url": url, "timeoutSeconds": 61},
            "timeoutSeconds is 61, more than the queue's visibility timeout of 60 seconds: a message would be received "
            "again while its function works.",
        ),
        ({"queue": "orders.fifo", "url": url, "batchSize": 11}, "batchSize is 10 at most for a FIFO queue."),
        ({"queue": "orders.fifo", "url": url, "windowSeconds": 1}, "windowSeconds is 0 for a FIFO queue."),
    ]
    for members, sentence in given:
        assert mappings.refused(**members) == sentence
    for wrong in [[], {"Filters": 1}, {"Filters": [{"pattern": "{}"}]}]:
        assert mappings.refused(queue="orders", url=url, filter=wrong).startswith("filter is an object such as ")
    wrong = {"Filters": [{"Pattern": '{"body": "a"}'}]}
    assert mappings.refused(queue="orders", url=url, filter=wrong).startswith("A pattern of filter is not valid: ")
    arn = mappings.refused(url=url, functionArn="arn:aws:sns:us-east-1:000000000000:f")
    assert arn.startswith("functionArn is the ARN of a function: ")
    assert mappings.world.send("POST", "/_fanq/mappings", body=b"[]").status == 400


@pytest.mark.flags("--push-breaker-failures", "2", "--push-breaker-pause-s", "1")
def test_a_url_that_fails_is_spared_for_a_while(mappings, queues, function):
    url = make_queue(queues)
    healthy = threading.Event()
    function.answer = lambda event: (200, b"") if healthy.is_set() else (503, b"")
    made = mappings.make(queue=url, url=function.url, batchSize=1, concurrency=1)
    for body in "abc":
        send(queues, url, body)
    eventually(lambda: mappings.show(made["id"])["state"]["breaker"] == "open")
    failed = len(function.events)
    # While it is open nothing is received: what waits is there for others, and not counted as received.
    assert counts(queues, url)[1] <= 1
    healthy.set()
    function.wait(lambda: len(function.bodies()) >= failed + 3)
    eventually(lambda: counts(queues, url) == (0, 0, 0))
    assert mappings.show(made["id"])["state"]["breaker"] == "closed"


def test_a_mapping_waits_for_a_queue_that_was_deleted(mappings, queues, function):
    url = make_queue(queues)
    made = mappings.make(queue=url, url=function.url)
    queues.delete_queue(QueueUrl=url)
    eventually(lambda: mappings.show(made["id"])["state"]["lastError"] == "The queue does not exist.")
    make_queue(queues)
    send(queues, url, "a")
    function.wait(lambda: function.bodies() == ["a"])


def test_a_function_that_is_subscribed_to_a_topic_is_called_where_a_mapping_says(mappings, sns, function):
    account = mappings.world.account
    arn = f"arn:aws:lambda:us-east-1:{account}:function:orders"
    topic = make_topic(sns)
    # To an event of a topic no answer is expected.
    function.answer = lambda event: (200, b'"stored"')
    made = mappings.make(functionArn=arn, url=function.url)
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, ReturnSubscriptionArn=True)
    attributes = {"kind": {"DataType": "String", "StringValue": "book"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="news", MessageAttributes=attributes)
    [event] = function.wait(lambda: function.events)
    [record] = event["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription["SubscriptionArn"]
    message = record["Sns"]
    assert message["MessageAttributes"] == {"kind": {"Type": "String", "Value": "book"}}
    given = [message[name] for name in ["Type", "MessageId", "TopicArn", "Subject", "Message"]]
    assert given == ["Notification", sent["MessageId"], topic, "news", "hello"]
    eventually(lambda: mappings.show(made["id"])["state"]["delivered"] == 1)


def subscribed_function(mappings, sns, topics):
    """The ARN of a function that is subscribed to topics."""
    arn = f"arn:aws:lambda:us-east-1:{mappings.world.account}:function:orders"
    for topic in topics:
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    return arn


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "news"}])
def test_what_a_function_is_told_of_a_topic_is_signed(mappings, sns, function, version, subject):
    topic = make_topic(sns, SignatureVersion=version)
    mappings.make(functionArn=subscribed_function(mappings, sns, [topic]), url=function.url)
    sns.publish(TopicArn=topic, Message="hello", **subject)
    [event] = function.wait(lambda: function.events)
    message = event["Records"][0]["Sns"]
    assert message["SignatureVersion"] == version
    # In a record it has another name than in an envelope, and what there is none of is null.
    told = {name: value for name, value in message.items() if value is not None}
    told["SigningCertURL"] = told.pop("SigningCertUrl")
    signatures.verify(told)
    with pytest.raises(InvalidSignature):
        signatures.verify(told | {"Message": "hallo"})


def test_a_function_is_called_as_often_at_a_time_as_its_mapping_says(mappings, sns, function):
    topics = [make_topic(sns, name) for name in ["one", "two"]]
    together, lock, under_way = threading.Barrier(3), threading.Lock(), [0, 0]

    def answer(event):
        with lock:
            under_way[0] += 1
            under_way[1] = max(under_way)
        together.wait(WITHIN_S)
        with lock:
            under_way[0] -= 1
        return 200, b""

    function.answer = answer
    arn = subscribed_function(mappings, sns, topics)
    made = mappings.make(functionArn=arn, url=function.url, concurrency=3)
    for number in range(6):
        for topic in topics:
            sns.publish(TopicArn=topic, Message=str(number))
    eventually(lambda: mappings.show(made["id"])["state"]["delivered"] == 12)
    assert under_way == [0, 3] and len(function.events) == 12


def test_a_message_for_a_function_is_done_when_its_own_call_ends(mappings, sns, function, clock):
    topic = make_topic(sns)
    go, calls = threading.Event(), []

    def answer(event):
        calls.append(message := event["Records"][0]["Sns"]["Message"])
        is_slow = message == "slow" and calls.count("slow") == 1
        return (200, b"") if not is_slow or go.wait(WITHIN_S) else (500, b"")

    function.answer = answer
    arn = subscribed_function(mappings, sns, [topic])
    made = mappings.make(functionArn=arn, url=function.url, concurrency=2)
    done = lambda number: eventually(lambda: mappings.show(made["id"])["state"]["delivered"] == number)
    for message in ["slow", "a", "b"]:
        sns.publish(TopicArn=topic, Message=message)
    done(2)
    # Nobody waits for an answer for so long, so what is not done is taken again.
    clock.advance(20 * 60)
    done(3)
    go.set()
    done(4)
    assert sorted(calls) == ["a", "b", "slow", "slow"]


def test_a_function_that_cannot_be_reached_is_called_again(mappings, sns, function):
    arn = f"arn:aws:lambda:us-east-1:{mappings.world.account}:function:orders"
    topic = make_topic(sns)
    calls = []

    def answer(event):
        calls.append(event)
        return (503, b"") if len(calls) == 1 else (200, b"")

    function.answer = answer
    mappings.make(functionArn=arn, url=function.url)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    first, second = function.wait(lambda: len(function.events) == 2)
    assert first == second


def test_a_mapping_outlives_a_restart(function, tmp_path):
    hub = Hub(data_dir=tmp_path / "data")
    world = World(hub)
    url = make_queue(world.sqs())
    made = Mappings(world).make(queue=url, url=function.url)
    send(world.sqs(), url, "a")
    function.wait(lambda: function.bodies() == ["a"])
    assert hub.stop() == 0
    hub = Hub(data_dir=tmp_path / "data")
    world = World(hub, account=world.account)
    shown = Mappings(world).show(made["id"])
    assert {**shown, "state": None} == {**made, "state": None}
    send(world.sqs(), "orders", "b")
    function.wait(lambda: function.bodies() == ["a", "b"])
    assert hub.stop() == 0


def test_a_hub_stops_though_a_function_does_not_answer(function):
    hub = Hub()
    world = World(hub)
    url = make_queue(world.sqs())
    never = threading.Event()
    function.answer = lambda event: (200, b"") if never.wait(WITHIN_S) else (500, b"")
    Mappings(world).make(queue=url, url=function.url)
    send(world.sqs(), url, "a")
    function.wait(lambda: function.events)
    assert hub.stop() == 0
    never.set()
