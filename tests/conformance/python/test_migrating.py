"""What the guide to migrating shows is run as it stands there, but for the endpoints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from checks import arn_of, attributes_of, bodies, counts, make_queue, make_topic, receive, send, subscribe
from hub import REPOSITORY, Hub, binary
from world import World

GUIDE = (REPOSITORY / "docs" / "migrating.md").read_text()
DEFAULT = "000000000000"
OTHER = {"account": "111122223333", "region": "eu-west-1"}


def snippets():
    """The shell and Python of each section, by its heading."""
    found = {}
    for section in GUIDE.split("\n## "):
        heading = section.split("\n", 1)[0].removeprefix("# ")
        for language, code in re.findall(r"^```(sh|python)\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL):
            found.setdefault(heading, {"sh": "", "python": ""})[language] += code
    return found


SNIPPETS = snippets()


class Sides:
    """Two hubs, of which the old one stands for what the reader comes from, and a folder to call commands in."""

    def __init__(self, old, new, folder):
        self.old, self.new, self.folder = old, new, folder
        tools = folder / "tools"
        tools.mkdir()
        (tools / "fanq").symlink_to(binary())
        (tools / "python").symlink_to(sys.executable)
        (folder / "examples").symlink_to(REPOSITORY / "examples")
        (folder / "config").write_text(
            f"[profile production]\naws_access_key_id = {OTHER['account']}\naws_secret_access_key = secret\n"
        )
        # Programs of the environment that runs this, then our names for the rest.
        self.path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"

    def placed(self, code):
        code = code.replace("http://localhost:4566", self.new.endpoint)
        # Nobody reads from AWS here.
        code = code.replace("--profile production", f"--profile production --endpoint {self.old.endpoint}")
        return code.replace("http://localhost:9324", self.old.endpoint)

    def shell(self, section):
        """Runs the commands of a section; what they wrote."""
        if "aws " in SNIPPETS[section]["sh"] and not shutil.which("aws", path=self.path):
            pytest.skip("there is no AWS CLI (pip install awscli)")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FANQ_"))}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.placed(SNIPPETS[section]["sh"])],
            cwd=self.folder, capture_output=True, text=True, timeout=120,
            env=inherited | {"PATH": self.path, "AWS_CONFIG_FILE": str(self.folder / "config"), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, section):
        """Runs the Python of a section; what it defines."""
        names = {}
        exec(compile(self.placed(SNIPPETS[section]["python"]), section, "exec"), names)
        return names


@pytest.fixture
def sides(hub, tmp_path):
    new = Hub()
    yield Sides(hub, new, tmp_path)
    assert new.stop() == 0


@pytest.fixture
def aws_is_the_old_hub(hub, monkeypatch):
    """What a client does that is told no endpoint."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", hub.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OTHER["account"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def the_beginning(sides):
    assert f'"Account": "{DEFAULT}"' in sides.shell("Moving to fanq")


def from_sqs(sides):
    old, new = World(sides.old, **OTHER), World(sides.new, **OTHER)
    queue = make_queue(old.sqs(), VisibilityTimeout="77")
    topic = make_topic(old.sns())
    subscribe(old.sns(), topic, arn_of(old.sqs(), queue))
    sides.shell("From SQS and SNS")
    assert attributes_of(new.sqs(), "orders")["VisibilityTimeout"] == "77"
    assert [each["TopicArn"] for each in new.sns().list_subscriptions()["Subscriptions"]] == [topic]
    # The URL of old, as a program may have it stored.
    send(new.sqs(), "https://sqs.eu-west-1.amazonaws.com/111122223333/orders")
    assert counts(new.sqs(), "orders") == (1, 0, 0)


def from_localstack(sides):
    world = World(sides.new, account="test")
    for _ in range(2):
        sides.shell("From LocalStack")
    assert '"maxReceiveCount":3' in attributes_of(world.sqs(), "orders")["RedrivePolicy"]
    world.sns().publish(TopicArn=f"arn:aws:sns:us-east-1:{DEFAULT}:events", Message="hello")
    assert len(receive(world.sqs(), "orders")) == 1


def from_elasticmq(sides):
    sqs = World(sides.new, account=DEFAULT).sqs()
    sides.shell("From ElasticMQ")
    orders, payments = attributes_of(sqs, "orders"), attributes_of(sqs, "payments.fifo")
    assert (orders["VisibilityTimeout"], orders["DelaySeconds"]) == ("10", "5")
    assert "orders-dead" in orders["RedrivePolicy"]
    assert sqs.list_queue_tags(QueueUrl="orders")["Tags"] == {"team": "shop"}
    assert (payments["FifoQueue"], payments["ContentBasedDeduplication"]) == ("true", "true")


def from_rabbitmq(sides):
    section = "From RabbitMQ"
    sides.shell(section)
    names = sides.python(section)
    topic, url = f"arn:aws:sns:us-east-1:{DEFAULT}:events", f"{sides.new.endpoint}/{DEFAULT}/invoices"
    names["publish"](topic, "user.created", "for others")
    names["publish"](topic, "order.paid", "for us")
    handled = []
    for answer in (False, True):
        names["consume"](url, lambda body, routing_key: handled.append((body, routing_key)) or answer)
    assert handled == [("for us", "order.paid")] * 2
    assert counts(names["sqs"], url) == (0, 0, 0)


def side_by_side(sides):
    section = "Side by side"
    sqs = {}
    for hub in (sides.old, sides.new):
        world = World(hub, **OTHER)
        sqs[hub] = world.sqs()
        subscribe(world.sns(), make_topic(world.sns()), arn_of(sqs[hub], make_queue(sqs[hub])), RawMessageDelivery="true")
    events = sides.python(section)["events"]
    topic = "arn:aws:sns:eu-west-1:111122223333:events"
    events.publish(TopicArn=topic, Message="both")
    World(sides.new, **OTHER).sns().delete_topic(TopicArn=topic)
    events.publish(TopicArn=topic, Message="the first alone")
    assert sorted(bodies(receive(sqs[sides.old], "orders"))) == ["both", "the first alone"]
    assert bodies(receive(sqs[sides.new], "orders")) == ["both"]
    assert '"ApproximateNumberOfMessagesNotVisible": "1"' in sides.shell(section)


def moving_a_backlog(sides):
    old, new = World(sides.old, account=DEFAULT).sqs(), World(sides.new, account=DEFAULT).sqs()
    source = make_queue(old)
    send(old, source, "hello")
    make_queue(new)
    assert "messages moved: 1, none left" in sides.shell("Moving a backlog")
    assert (bodies(receive(new, "orders")), counts(old, source)) == (["hello"], (0, 0, 0))
    old.delete_queue(QueueUrl=source)


CHECKS = {
    "Moving to fanq": the_beginning,
    "From SQS and SNS": from_sqs,
    "From LocalStack": from_localstack,
    "From ElasticMQ": from_elasticmq,
    "From RabbitMQ": from_rabbitmq,
    "Side by side": side_by_side,
    "Moving a backlog": moving_a_backlog,
}


def test_every_section_with_commands_is_run():
    assert list(SNIPPETS) == list(CHECKS)


@pytest.mark.flags()
@pytest.mark.parametrize("section", CHECKS)
def test_what_the_guide_shows_works(section, sides, aws_is_the_old_hub):
    CHECKS[section](sides)
