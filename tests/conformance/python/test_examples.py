"""The examples in Python, as their guide says how to run them; those that move to a hub have tests of their own."""

import os
import subprocess
import sys

import boto3
import pytest

from hub import REPOSITORY

FOLDER = REPOSITORY / "examples" / "python"
LAST_LINES = {
    "orders": "dead letters:  3 orders, ok",
    "chain": "5 orders were reserved, paid and shipped once each; 1 duplicate was recognised",
    "images": "6 images have their thumbnails; image-3 took longer than the 3 s that its message was hidden at first",
    "logs": "1012 lines of 4 programs are written down once each; 10 that came twice were recognised",
    "priorities": "20 normal and 8 urgent orders were handled; no normal one while an urgent one waited",
    "breaker": "10 orders were charged once each; the breaker let 4 calls fail, where 50 failed without it",
}
# What the examples share, and the tools.
OTHERS = {"shop", "definitions", "backlog"}


def run(name, endpoint):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, f"examples/python/{name}.py", endpoint],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300,
    )


def there(endpoint):
    """The queues and topics of the account that the examples use."""
    options = {
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "aws_access_key_id": "000000000000",
        "aws_secret_access_key": "example",
    }
    queues = boto3.client("sqs", **options).list_queues().get("QueueUrls", [])
    return queues + boto3.client("sns", **options).list_topics()["Topics"]


@pytest.mark.parametrize("name", LAST_LINES)
def test_an_example_ends_with_what_it_has_checked_and_leaves_nothing(name, hub):
    before = there(hub.endpoint)
    done = run(name, hub.endpoint)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == LAST_LINES[name], done.stdout
    assert there(hub.endpoint) == before


def test_each_example_is_run_here_and_in_the_guide():
    names = {path.stem for path in FOLDER.glob("*.py")} - OTHERS
    assert names == set(LAST_LINES)
    guide = (FOLDER.parent / "README.md").read_text()
    assert [name for name in names if f"`python examples/python/{name}.py`" not in guide] == []
