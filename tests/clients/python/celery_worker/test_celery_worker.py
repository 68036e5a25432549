"""Celery: a worker of its own in a process of its own, whose broker is the hub."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import boto3
import celery
import kombu
import pytest

WITHIN_S = 120
FOLDER = os.path.dirname(__file__)


@pytest.fixture
def broker_url(hub, account):
    return f"sqs://{account}:fanq@{urllib.parse.urlsplit(hub.endpoint).netloc}"


@pytest.fixture
def predefined():
    """Queues that the app names; a test of these gives its own."""
    return {}


@pytest.fixture
def shop(broker_url, predefined, tmp_path, in_this_environment, monkeypatch):
    """The app, as a sender imports it."""
    monkeypatch.setenv("SHOP_BROKER_URL", broker_url)
    monkeypatch.setenv("SHOP_RESULT_BACKEND", f"db+sqlite:///{tmp_path}/results.sqlite")
    monkeypatch.setenv("SHOP_PREDEFINED_QUEUES", json.dumps(predefined))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    import shop

    # The tables of the results, before several processes want to make them.
    shop.app.backend.ResultSession().close()
    yield shop
    shop.app.close()


@pytest.fixture
def sqs(in_this_environment):
    return boto3.Session().client("sqs")


class Worker:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "shop", "worker", "--concurrency", "2", "--loglevel", "INFO",
             "--without-gossip", "--without-mingle", "--without-heartbeat", *arguments],
            cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )
        self._text, self._grown = "", threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._grown:
                self._text += line
                self._grown.notify_all()

    def log(self):
        return self._text

    def wait_for(self, text):
        """Until the worker has said this."""
        with self._grown:
            assert self._grown.wait_for(lambda: text in self._text, WITHIN_S), f"{text!r} is not in\n{self.log()}"

    def stop(self):
        """A warm shutdown: the worker takes no more tasks, and finishes those that run. The exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN_S)

    def kill(self):
        """The worker and its children, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WITHIN_S)
        self._reader.join()


@pytest.fixture
def start_worker(shop):
    workers = []

    def start(*arguments):
        workers.append(Worker(*arguments))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
        print(worker.log())


@pytest.fixture
def worker(start_worker):
    return start_worker()


@pytest.fixture
def door():
    """Where tasks report that they run, and wait for an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WITHIN_S)
        yield server


def port(door):
    return door.getsockname()[1]


def result(pending):
    return pending.get(timeout=WITHIN_S)


def lies_in(sqs, name):
    """Visible and in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def becomes(expected, look):
    """Looks until it is so; each look is a request, so this does not spin."""
    deadline = time.monotonic() + WITHIN_S
    while (found := look()) != expected and time.monotonic() < deadline:
        pass
    return found == expected


def test_tasks_give_results_alone_in_groups_and_in_chords(shop, worker, sqs):
    assert result(shop.add.delay(2, 3)) == 5
    assert result(celery.group(shop.add.s(number, number) for number in range(20))()) == [2 * n for n in range(20)]
    assert result(celery.chain(shop.add.s(1, 2), shop.add.s(10))()) == 13
    assert result(celery.chord(shop.add.s(number, 1) for number in range(5))(shop.total.s())) == 15
    assert becomes((0, 0), lambda: lies_in(sqs, "shop-tasks"))
    assert worker.stop() == 0


def test_the_queue_is_created_as_the_app_says(shop, worker, sqs):
    assert result(shop.add.delay(1, 1)) == 2
    assert [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]] == ["shop-tasks"]
    url = sqs.get_queue_url(QueueName="shop-tasks")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert found == {"VisibilityTimeout": "60"}
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "shop"}


def test_a_retry_and_a_countdown_come_when_they_are_due(shop, worker):
    assert result(shop.succeeds_at_the_third_attempt.delay()) == 2
    sent_at = time.time()
    assert result(shop.now.apply_async(countdown=2)) >= sent_at + 2


def test_a_message_that_sqs_delays_comes_later(shop, worker, hub):
    """`DelaySeconds` goes to SQS, which holds the message back; a countdown is held by the worker."""
    pending = shop.add.apply_async((1, 2), DelaySeconds=900)
    assert result(shop.add.delay(3, 4)) == 7
    assert not pending.ready()
    hub.turn_clock(advance_ms=900_000)
    assert result(pending) == 3


def test_a_task_whose_worker_was_killed_is_given_to_the_next(shop, start_worker, door, hub, sqs):
    first = start_worker()
    pending = shop.ask.delay(port(door))
    connection, _ = door.accept()
    with connection:
        first.kill()
    assert lies_in(sqs, "shop-tasks") == (0, 1)
    second = start_worker()
    assert result(shop.add.delay(1, 2)) == 3
    assert not pending.ready()

    hub.turn_clock(advance_ms=60_000)
    connection, _ = door.accept()
    with connection:
        connection.sendall(b"done at last\n")
    assert result(pending) == "done at last"
    assert becomes((0, 0), lambda: lies_in(sqs, "shop-tasks"))
    assert second.stop() == 0


def test_a_worker_that_is_told_to_stop_finishes_its_task(shop, worker, door):
    """Whether it still acknowledges a task that ends as the shutdown begins is Celery's affair; it may come again."""
    pending = shop.ask.delay(port(door))
    connection, _ = door.accept()
    with connection:
        worker.process.send_signal(signal.SIGTERM)
        worker.wait_for("Warm shutdown")
        connection.sendall(b"finished\n")
    assert worker.process.wait(WITHIN_S) == 0
    assert result(pending) == "finished"


class TestQueuesThatAreThere:
    """Queues made by somebody else, such as Terraform; the app names them and creates none."""

    @pytest.fixture
    def predefined(self, sqs):
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
        made = {
            "shop-tasks": {"VisibilityTimeout": "60", "RedrivePolicy": redrive},
            "shop-tasks.fifo": {"VisibilityTimeout": "60", "FifoQueue": "true"},
        }
        return {
            name: {"url": sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]}
            for name, attributes in made.items()
        }

    def test_a_fifo_queue_serves_as_well(self, shop, start_worker, sqs):
        worker = start_worker("--queues", "tasks.fifo")
        pending = [shop.add.apply_async((number, 1), queue="tasks.fifo") for number in range(5)]
        assert [result(it) for it in pending] == [1, 2, 3, 4, 5]
        assert becomes((0, 0), lambda: lies_in(sqs, "shop-tasks.fifo"))
        assert worker.stop() == 0

    def test_a_task_that_is_rejected_goes_to_the_dead_letter_queue(self, shop, start_worker, door, hub, sqs):
        worker = start_worker("--queues", "tasks")
        shop.refuse.delay(port(door))
        connection, _ = door.accept()
        with connection:
            connection.sendall(b"no\n")
        worker.wait_for("reject requeue=False")
        assert worker.stop() == 0
        assert lies_in(sqs, "shop-tasks") == (0, 1), "the worker leaves it to the redrive policy"

        hub.turn_clock(advance_ms=60_000)
        url = sqs.get_queue_url(QueueName="shop-tasks")["QueueUrl"]
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        assert lies_in(sqs, "shop-tasks") == (0, 0)
        assert lies_in(sqs, "dead") == (1, 0)


def test_a_fanout_exchange_of_kombu_is_a_topic(broker_url, in_this_environment):
    """What Celery itself does not use: the transport makes a topic, subscribes the queues and writes their policies."""
    exchange = kombu.Exchange("news", type="fanout")
    options = {"region": "us-east-1", "supports_fanout": True, "wait_time_seconds": 20, "polling_interval": 0}
    got = []
    with kombu.Connection(broker_url, transport_options=options) as connection:
        queues = [kombu.Queue(name, exchange) for name in ("desk", "web")]

        def keep(body, message):
            got.append((message.delivery_info["sqs_queue"].rsplit("/", 1)[1], body))
            message.ack()

        with connection.Consumer(queues, callbacks=[keep], accept=["json"]):
            connection.Producer().publish({"headline": "sold out"}, exchange=exchange, declare=queues)
            while len(got) < 2:
                connection.drain_events(timeout=WITHIN_S)
    assert sorted(got) == [(name, {"headline": "sold out"}) for name in ("desk", "web")]
