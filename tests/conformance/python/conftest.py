"""Fixtures: a hub for the session, one of its own for a test that turns the clock, and an account per test."""

import pytest

from hub import Clock, Hub
from socket_client import Sockets
from world import World

pytest.register_assert_rewrite("checks")


@pytest.fixture(scope="session")
def shared_hub():
    hub = Hub()
    yield hub
    assert hub.is_alive(), f"the hub died: {''.join(hub.log[-20:])}"
    assert hub.stop() == 0


@pytest.fixture
def hub(request):
    """The hub that a test talks to. A test that turns the clock, or names flags, has one to itself."""
    flags = request.node.get_closest_marker("flags")
    if "clock" not in request.fixturenames and flags is None:
        yield request.getfixturevalue("shared_hub")
        return
    hub = Hub(*(flags.args if flags else ()))
    yield hub
    assert hub.is_alive(), f"the hub died: {''.join(hub.log[-20:])}"
    hub.stop()


@pytest.fixture
def clock(hub):
    return Clock(hub)


@pytest.fixture
def world(hub):
    return World(hub)


@pytest.fixture(params=["json", "query"])
def protocol(request):
    return request.param


@pytest.fixture
def sqs(world, protocol):
    """SQS, once in each of its protocols."""
    return world.sqs(protocol)


@pytest.fixture
def queues(world):
    """SQS in one protocol, for tests of something else."""
    return world.sqs()


@pytest.fixture
def sns(world):
    return world.sns()


def pytest_configure(config):
    config.addinivalue_line("markers", "flags(*flags): flags of the hub that this test needs")


@pytest.fixture
def sockets(hub, world):
    sockets = Sockets(hub, world)
    yield sockets
    sockets.end()
