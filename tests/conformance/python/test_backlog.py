"""The example that moves a backlog, between two hubs."""

import itertools
import subprocess
import sys

import pytest

from checks import (
    attributes_of,
    binary,
    bodies,
    counts,
    delete,
    make_fifo,
    make_queue,
    receive,
    receive_all,
    send,
    send_fifo,
    text,
)
from hub import REPOSITORY, Hub
from world import World

SCRIPT = REPOSITORY / "examples" / "python" / "backlog.py"


@pytest.fixture
def old_clock(clock):
    """That of the hub which messages leave."""
    return clock


@pytest.fixture
def old(hub, old_clock):
    return World(hub).sqs()


@pytest.fixture
def new():
    hub = Hub()
    yield World(hub).sqs()
    assert hub.stop() == 0


def start(source, destination, folder, *flags):
    """The example, in a folder of its own for its journal."""
    return subprocess.Popen(
        [sys.executable, SCRIPT, source, destination, *flags],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def move(*asked):
    """Its exit code, and what it said."""
    process = start(*asked)
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


def received(sqs, url, number):
    """So many messages with everything, which are deleted then."""
    got = []
    while messages := receive(sqs, url, AttributeNames=["All"], MessageAttributeNames=["All"]):
        delete(sqs, url, *messages)
        got += messages
    assert len(got) == number, bodies(got)
    return got


def test_a_backlog_moves_with_all_that_belongs_to_its_messages(old, new, tmp_path):
    source, destination = make_queue(old), make_queue(new, DelaySeconds="900")
    attributes = {"kind": text("physical"), "photo": binary(bytes(range(256)), "Binary.png"), "price": text("1.50", "Number.eur")}
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    send(
        old, source, "with everything", MessageAttributes=attributes, MessageGroupId="tenant",
        MessageSystemAttributes={"AWSTraceHeader": text(trace)},
    )
    for number in range(250):
        send(old, source, f"{number}")
    code, said = move(source, destination, tmp_path)
    assert code == 0, said
    assert f"messages in {source}: 251\n" in said and "messages moved: 251, none left" in said
    assert counts(old, source) == (0, 0, 0)
    assert counts(new, destination) == (251, 0, 0)
    got = {message["Body"]: message for message in received(new, destination, 251)}
    assert set(got) == {f"{number}" for number in range(250)} | {"with everything"}
    whole = got["with everything"]
    assert whole["MessageAttributes"] == attributes
    assert (whole["Attributes"]["AWSTraceHeader"], whole["Attributes"]["MessageGroupId"]) == (trace, "tenant")
    assert list(tmp_path.iterdir()) == [], "the journal is removed"


def test_groups_keep_their_order_and_messages_their_ids(old, new, tmp_path):
    source, destination = make_fifo(old), make_fifo(new)
    sent = list(itertools.product("abc", range(30)))
    for group, number in sent:
        send_fifo(old, source, f"{group}{number}", group=group)
    code, said = move(source, destination, tmp_path)
    assert code == 0, said
    # What a producer repeats is still recognised.
    send_fifo(new, destination, "a0", group="a")
    got = received(new, destination, len(sent))
    for wanted in "abc":
        of_group = [message for message in got if message["Attributes"]["MessageGroupId"] == wanted]
        assert bodies(of_group) == [f"{wanted}{number}" for number in range(30)]
    assert all(message["Attributes"]["MessageDeduplicationId"] == message["Body"] for message in got)


def test_messages_with_one_deduplication_id_all_arrive(old, old_clock, new, tmp_path):
    source, destination = make_fifo(old), make_fifo(new)
    for number in range(3):
        send_fifo(old, source, f"{number}", id="same")
        old_clock.advance(301)
    code, said = move(source, destination, tmp_path)
    assert code == 0, said
    assert bodies(received(new, destination, 3)) == ["0", "1", "2"]


@pytest.mark.parametrize("kind", [make_queue, make_fifo])
def test_what_the_destination_refuses_stays_and_nothing_is_moved_twice(old, old_clock, new, tmp_path, kind):
    source, destination = kind(old), kind(new, MaximumMessageSize="1024")
    for number in range(20):
        more = {"MessageGroupId": "g", "MessageDeduplicationId": f"{number}"} if kind is make_fifo else {}
        send(old, source, f"{number:02}" + ("x" * 2000 if number == 10 else ""), **more)
    code, said = move(source, destination, tmp_path)
    assert code == 1 and "InvalidParameterValue" in said and "call this again" in said, said
    left = sum(counts(old, source))
    assert 1 <= left <= 20 and left + sum(counts(new, destination)) == 20
    new.set_queue_attributes(QueueUrl=destination, Attributes={"MaximumMessageSize": "4096"})
    old_clock.advance(60)
    code, said = move(source, destination, tmp_path)
    assert code == 0, said
    got = [body[:2] for body in bodies(received(new, destination, 20))]
    assert (got if kind is make_fifo else sorted(got)) == [f"{number:02}" for number in range(20)]


def test_a_move_that_is_killed_goes_on(old, old_clock, new, tmp_path):
    source, destination = make_queue(old), make_queue(new)
    for _ in range(200):
        entries = [{"Id": f"{number}", "MessageBody": f"{number}"} for number in range(10)]
        old.send_message_batch(QueueUrl=source, Entries=entries)
    process = start(source, destination, tmp_path, "--workers", "1")
    process.stdout.readline()
    process.stdout.readline()
    process.kill()
    process.communicate()
    left = sum(counts(old, source))
    assert 0 < left < 2000
    old_clock.advance(60)
    code, said = move(source, destination, tmp_path)
    assert code == 0, said
    assert counts(old, source) == (0, 0, 0)
    # The one that was accepted just then, and not noted, may be there twice.
    assert sum(counts(new, destination)) in (2000, 2001)


def test_what_was_noted_as_accepted_is_not_sent_again(old, new, tmp_path):
    source, destination = make_queue(old), make_queue(new)
    accepted = send(old, source, "accepted")["MessageId"]
    send(old, source, "new")
    journal = tmp_path / "noted"
    journal.write_text(f"{accepted} 11111111-2222-3333-4444-555555555555\n{accepted[:9]}")
    code, said = move(source, destination, tmp_path, "--journal", str(journal))
    assert code == 0, said
    assert bodies(received(new, destination, 1)) == ["new"]


def test_a_bridge_forwards_what_arrives_until_it_is_stopped(old, new, tmp_path):
    source, destination = make_queue(old), make_queue(new)
    process = start(source, destination, tmp_path, "--follow")
    try:
        for number in range(3):
            send(old, source, f"{number}")
            assert bodies(receive_all(new, destination, 1)) == [f"{number}"]
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_fifo_queue_and_a_standard_queue_do_not_stand_for_each_other(old, new, tmp_path):
    code, said = move(make_fifo(old), make_queue(new), tmp_path)
    assert code == 1 and "FAILED" in said, said
    assert attributes_of(new, make_queue(new))["ApproximateNumberOfMessages"] == "0"
