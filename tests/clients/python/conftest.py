"""Fixtures for every client: a hub for the session, an account per test, and what a program is told of both.

Each folder here is a client with requirements of its own, since they clash; its tests run with the interpreter in
which those are installed, and so import nothing but what all of them have.
"""

import itertools
import os

import pytest

from hub import Hub

REGION = "us-east-1"
_accounts = itertools.count(100000000001)


@pytest.fixture(scope="session")
def hub():
    hub = Hub()
    yield hub
    assert hub.is_alive(), f"the hub died: {''.join(hub.log[-20:])}"
    assert hub.stop() == 0


@pytest.fixture
def account():
    return str(next(_accounts))


@pytest.fixture
def environment(hub, account, tmp_path):
    """The environment of a program that talks to the hub: the four variables that the hub prints, and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = str(tmp_path / "none")
    return others | {
        "AWS_ENDPOINT_URL": hub.endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "fanq",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Whoever runs the tests may have settings of his own.
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
    }


@pytest.fixture
def in_this_environment(environment, monkeypatch):
    """The same for a client in this process."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
