"""Sessions of the socket: leases that are bound to a connection, and clients that come back."""

import threading
import urllib.request

import pytest

from checks import arn_of, counts, make_queue, receive, receive_one, redrive_policy, send
from hub import Hub
from socket_client import Sockets, eventually
from world import World


def pushed(queues, sockets, *, messages=1, session=None, **consume):
    """A connection whose consumer `a` holds messages of a queue `orders`, and the queue."""
    url = make_queue(queues)
    talk = sockets.connect(**(session or {}))
    talk.done("consume", sub="a", queue="orders", **consume)
    for number in range(messages):
        send(queues, url, str(number))
    talk.messages(messages)
    return talk, url


# Leases


def test_a_lease_is_renewed_for_as_long_as_its_connection_is_there(queues, sockets, clock):
    talk, url = pushed(queues, sockets, messages=2)
    for _ in range(10):
        clock.advance(20)
        assert counts(queues, url) == (0, 2, 0)
    talk.nothing("lost")
    talk.done("ack", sub="a", upTo=2)
    assert counts(queues, url) == (0, 0, 0)


def test_no_lease_is_renewed_past_the_longest(queues, sockets, clock):
    talk, url = pushed(queues, sockets, maxLease=50)
    for _ in range(4):
        clock.advance(12)
        assert counts(queues, url) == (0, 1, 0)
    talk.done("credit", sub="a", credit=0)
    clock.advance(2)
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [1], "why": "expired"}
    assert counts(queues, url) == (1, 0, 0)


def test_a_client_that_extends_itself_loses_what_it_forgets(queues, sockets, clock):
    talk, url = pushed(queues, sockets, messages=2, lease=40, autoExtend=False)
    talk.done("credit", sub="a", credit=0)
    clock.advance(30)
    talk.done("extend", sub="a", tags=[2], lease=100)
    clock.advance(10)
    assert talk.next("lost")["tags"] == [1]
    assert counts(queues, url) == (1, 1, 0)
    clock.advance(89)
    assert counts(queues, url) == (1, 1, 0)
    clock.advance(1)
    assert talk.next("lost")["tags"] == [2]


def test_a_lease_of_a_queue_is_its_visibility_timeout(queues, sockets, clock):
    make_queue(queues, VisibilityTimeout="300")
    talk = sockets.connect()
    talk.done("consume", sub="own", queue="orders", autoExtend=False, credit=1)
    talk.done("consume", sub="renewed", queue="orders", credit=1)
    for _ in range(2):
        send(queues, queues.get_queue_url(QueueName="orders")["QueueUrl"])
    now = clock.now_ms()
    leases = {message["sub"]: message["leaseUntil"] - now for message in talk.messages(2)}
    assert leases == {"own": 300_000, "renewed": 30_000}


def test_a_client_is_told_what_it_has_lost(queues, sockets, clock):
    talk, url = pushed(queues, sockets, messages=2)
    held = receive(queues, url)
    assert held == []
    # What somebody else deletes, who got hold of its handle.
    send(queues, url)
    handle = talk.next()["receiptHandle"]
    queues.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [3], "why": "deleted"}
    queues.purge_queue(QueueUrl=url)
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [1, 2], "why": "purged"}


def test_what_is_settled_over_http_makes_room_for_more(queues, sockets):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=1, autoExtend=False)
    for body in "abc":
        send(queues, url, body)
    handle = talk.next()["receiptHandle"]
    entry = {"Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 60}
    queues.change_message_visibility_batch(QueueUrl=url, Entries=[entry])
    talk.nothing("lost")
    queues.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [1], "why": "expired"}
    again = talk.next()
    assert (again["tag"], again["body"], again["redelivered"]) == (2, "a", True)
    # A handle of old is good for that in a standard queue, and for nothing else.
    queues.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    talk.nothing("lost")
    queues.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": handle}])
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [2], "why": "deleted"}
    assert talk.next()["body"] == "b"


def test_who_consumes_a_priority_queue_is_told_what_was_done_in_its_members(queues, sockets):
    high, low = make_queue(queues, "high"), make_queue(queues, "low")
    every = make_queue(queues, "all", PriorityMembers={"policy": "strict", "members": ["high", "low"]})
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="all", credit=4)
    for _ in range(2):
        send(queues, high)
        send(queues, low)
    held = talk.messages(4)
    [first, *_] = [message for message in held if message["queue"] == "high"]
    queues.delete_message(QueueUrl=every, ReceiptHandle=first["receiptHandle"])
    assert talk.next("lost")["tags"] == [first["tag"]]
    queues.purge_queue(QueueUrl=low)
    lost = talk.next("lost")
    assert (lost["why"], lost["tags"]) == ("purged", [message["tag"] for message in held if message["queue"] == "low"])
    queues.purge_queue(QueueUrl=every)
    assert (lost := talk.next("lost"))["why"] == "purged" and len(lost["tags"]) == 1


def test_what_went_to_the_dead_letters_meanwhile_has_moved(queues, sockets, clock):
    dead = make_queue(queues, "dead")
    url = make_queue(queues, RedrivePolicy=redrive_policy(arn_of(queues, dead), 1))
    send(queues, url)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    talk.next()
    waiting = sockets.connect()
    waiting.done("consume", sub="a", queue="orders")
    # As if the hub had slept for longer than the lease.
    clock.advance(60)
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [1], "why": "moved"}
    assert counts(queues, dead) == (1, 0, 0)


# Ends


def test_an_orderly_end_makes_messages_visible_at_once(queues, sockets):
    talk, url = pushed(queues, sockets, messages=3)
    talk.say("ack", sub="a", tags=[2])
    talk.leave()
    assert counts(queues, url) == (2, 0, 0)


def test_a_broken_connection_keeps_its_messages_for_a_while(queues, sockets, clock):
    talk, url = pushed(queues, sockets, session={"resumeWindow": 60})
    broken(talk, sockets)
    for _ in range(5):
        clock.advance(11)
        assert counts(queues, url) == (0, 1, 0)
    clock.advance(5)
    assert counts(queues, url) == (1, 0, 0)


def test_without_a_window_messages_are_visible_when_the_connection_breaks(queues, sockets):
    talk, url = pushed(queues, sockets, session={"resumeWindow": 0})
    broken(talk, sockets)
    assert receive_one(queues, url, WaitTimeSeconds=20)["Body"] == "0"


def broken(talk, sockets):
    """Breaks a connection, and waits until the hub knows."""
    before = metric(sockets.hub, "fanq_socket_connections")
    talk.cut()
    eventually(lambda: metric(sockets.hub, "fanq_socket_connections") < before)


def metric(hub, name):
    with urllib.request.urlopen(f"{hub.endpoint}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return int(next(line for line in lines if line.startswith(name + " ")).split()[1])


# Resuming


def test_a_client_goes_on_where_it_was(queues, sockets, clock):
    talk, url = pushed(queues, sockets, messages=3)
    broken(talk, sockets)
    send(queues, url, "later")
    again = sockets.again(talk)
    assert again.connected["resumed"] is True
    assert again.connected["resume"] != talk.connected["resume"]
    assert again.connected["subs"] == [{"sub": "a", "tag": 3, "unacked": [1, 2, 3]}]
    later = again.next()
    assert (later["tag"], later["body"]) == (4, "later")
    again.nothing()
    again.done("ack", sub="a", tags=[1, 2, 3, 4])
    assert counts(queues, url) == (0, 0, 0)


def test_what_was_held_is_pushed_again_on_request(queues, sockets, clock):
    talk, url = pushed(queues, sockets, messages=3)
    talk.done("ack", sub="a", tags=[2])
    broken(talk, sockets)
    again = sockets.again(talk, resendUnacked=True)
    got = again.messages(2)
    assert [(message["tag"], message["body"], message["redelivered"]) for message in got] == [
        (1, "0", True), (3, "2", True),
    ]
    assert {message["system"]["ApproximateReceiveCount"] for message in got} == {"1"}
    again.done("ack", sub="a", tags=[1, 3])
    assert counts(queues, url) == (0, 0, 0)


def test_a_session_that_waited_long_enough_is_not_resumed(queues, sockets, clock):
    talk, url = pushed(queues, sockets)
    broken(talk, sockets)
    clock.advance(31)
    again = sockets.again(talk)
    assert again.connected["resumed"] is False and "subs" not in again.connected
    assert again.connected["session"] != talk.connected["session"]


def test_only_the_last_token_resumes_and_only_for_the_same_account(queues, sockets, clock):
    talk, _ = pushed(queues, sockets)
    broken(talk, sockets)
    session = {"session": talk.connected["session"], "resume": talk.connected["resume"]}
    other = sockets.bare()
    assert other.done("connect", account="999999999999", **session)["resumed"] is False
    again = sockets.again(talk)
    assert again.connected["resumed"] is True
    assert sockets.again(talk).connected["resumed"] is False
    assert sockets.again(again).connected["resumed"] is True


def test_a_session_has_one_connection(queues, sockets, clock):
    talk, url = pushed(queues, sockets, messages=2)
    again = sockets.again(talk)
    assert again.connected["resumed"] is True
    assert talk.closed()[0] == 4409
    send(queues, url, "next")
    assert again.next()["body"] == "next"
    again.done("ack", sub="a", upTo=3)
    assert counts(queues, url) == (0, 0, 0)


LARGE = 40


def frozen(queues, sockets):
    """A connection whose client has stopped to read, among messages that are far more than sockets buffer."""
    url = make_queue(queues)
    for number in range(LARGE):
        send(queues, url, f"{number}:" + "x" * 1_000_000)
    # The library reads no further than its own buffer.
    talk = sockets.bare(max_queue=1)
    talk.connected = talk.done("connect", account=sockets.world.account, region=sockets.world.region)
    talk.done("consume", sub="a", queue="orders", credit=1000, maxBytes=200_000_000)
    eventually(lambda: counts(queues, url)[1] > 0)
    return talk, url


def name(message):
    return int(message["body"].split(":")[0])


def test_a_full_socket_leaves_the_work_to_others(queues, sockets):
    talk, url = frozen(queues, sockets)
    assert counts(queues, url)[0] > LARGE / 2, "a full socket stops leasing"
    other = sockets.connect()
    other.done("consume", sub="b", queue="orders", credit=1)
    assert other.next()["body"].endswith("x"), "others get the work"
    talk.cut()


@pytest.mark.parametrize("is_cut", [True, False], ids=["cut", "half-open"])
def test_a_client_that_froze_is_pushed_everything_once(queues, sockets, clock, is_cut):
    talk, url = frozen(queues, sockets)
    if is_cut:
        broken(talk, sockets)
    again = sockets.again(talk, resendUnacked=True)
    if not is_cut:
        assert talk.closed()[0] == 4409
    got = again.messages(LARGE)
    assert sorted(map(name, got)) == list(range(LARGE))
    assert "unknown" not in again.done("ack", sub="a", tags=[message["tag"] for message in got])
    again.nothing()
    again.nothing("lost")
    assert counts(queues, url) == (0, 0, 0)


@pytest.mark.parametrize("is_cut", [True, False], ids=["cut", "half-open"])
def test_what_a_client_holds_is_its_own_however_often_it_is_cut_off_while_it_is_pushed_again(
    queues, sockets, clock, is_cut
):
    url = make_queue(queues)
    for number in range(LARGE):
        send(queues, url, f"{number}:" + "x" * 1_000_000)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=1000, maxBytes=200_000_000)
    held = {message["tag"]: name(message) for message in talk.messages(LARGE)}
    broken(talk, sockets)
    for _ in range(3):
        # It does not read, so most is not written again.
        again = sockets.bare(max_queue=1)
        session = {"session": talk.connected["session"], "resume": talk.connected["resume"]}
        who = {"account": sockets.world.account, "region": sockets.world.region}
        again.connected = again.done("connect", **who, **session, resendUnacked=True)
        [consumer] = again.connected["subs"]
        assert consumer["unacked"] == list(held)
        talk = again
        if is_cut:
            broken(talk, sockets)
    again = sockets.again(talk, resendUnacked=True)
    assert {message["tag"]: name(message) for message in again.messages(LARGE)} == held
    assert "unknown" not in again.done("ack", sub="a", tags=list(held))
    again.nothing()
    again.nothing("lost")
    assert counts(queues, url) == (0, 0, 0)


def test_what_was_not_written_before_a_takeover_is_lost_and_pushed_anew(queues, sockets, clock):
    talk, url = frozen(queues, sockets)
    again = sockets.again(talk)
    assert talk.closed()[0] == 4409
    held = {message["tag"]: name(message) for message in talk.heard if message["type"] == "message"}
    again.done("ack", sub="a", tags=[])
    lost = {tag for said in again.heard if said["type"] == "lost" for tag in said["tags"]}
    [consumer] = again.connected["subs"]
    held = {tag: held[tag] for tag in consumer["unacked"] if tag not in lost}
    assert held and lost
    heard = {message["tag"] for message in talk.heard if message["type"] == "message"}
    assert len(lost & heard) <= 1, "what was begun is written to its end, and nothing behind it"
    receives = []
    for message in again.messages(LARGE - len(held)):
        held[message["tag"]] = name(message)
        receives.append(message["system"]["ApproximateReceiveCount"])
    assert receives.count("1") >= len(receives) - 1, "what the first could not write nobody has received"
    assert sorted(held.values()) == list(range(LARGE))
    assert "unknown" not in again.done("ack", sub="a", tags=list(held))
    assert counts(queues, url) == (0, 0, 0)


def test_a_thousand_reconnects_lose_nothing_and_leave_nothing_behind(queues, sockets, clock):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=5)
    files = metric(sockets.hub, "process_open_fds")
    got = set()
    for number in range(1000):
        send(queues, url, str(number))
        message = talk.next()
        got.add(message["body"])
        talk.cut()
        talk = sockets.again(talk, resendUnacked=True)
        assert talk.connected["resumed"] is True
        again = talk.next()
        assert (again["body"], again["tag"]) == (message["body"], message["tag"])
        talk.say("ack", sub="a", tags=[again["tag"]])
    talk.done("ack", sub="a", tags=[])
    assert got == {str(number) for number in range(1000)}
    assert counts(queues, url) == (0, 0, 0)
    eventually(lambda: metric(sockets.hub, "fanq_socket_connections") == 1)
    assert metric(sockets.hub, "process_open_fds") <= files + 3
    assert metric(sockets.hub, "fanq_socket_consumers") == 1


# Publishing


def test_a_publish_is_done_once_however_often_it_is_asked_for(queues, sns, sockets, clock):
    url = make_queue(queues)
    talk = sockets.connect()
    first = talk.done("send", id="one", queue="orders", body="hello")
    assert talk.done("send", id="one", queue="orders", body="hello") == first
    broken(talk, sockets)
    again = sockets.again(talk)
    assert again.done("send", id="one", queue="orders", body="hello") == first
    assert counts(queues, url) == (1, 0, 0)
    clock.advance(31)
    assert again.done("send", id="one", queue="orders", body="hello") != first
    assert counts(queues, url) == (2, 0, 0)


# The end of the hub


def test_a_hub_that_stops_lets_clients_finish_and_gives_back_the_rest(tmp_path):
    hub = Hub(data_dir=tmp_path)
    world = World(hub)
    queues, sockets = world.sqs(), Sockets(hub, world)
    talk, url = pushed(queues, sockets, messages=2)
    idle = sockets.connect()
    send(queues, url, "not taken any more")
    talk.next()
    ended = threading.Thread(target=hub.stop)
    ended.start()
    draining = talk.next("draining")
    assert draining["reason"] == "shutdown" and draining["reconnectAfter"] > 0
    talk.done("ack", sub="a", tags=[1])
    assert idle.closed()[0] == 1001
    assert talk.closed()[0] == 1001
    ended.join()
    hub = Hub(data_dir=tmp_path)
    try:
        world = World(hub, world.account)
        assert counts(world.sqs(), url.replace(url.split("/")[2], hub.endpoint.split("/")[2])) == (2, 0, 0)
        talk = Sockets(hub, world).connect(session=talk.connected["session"], resume=talk.connected["resume"])
        assert talk.connected["resumed"] is False
        talk.leave()
    finally:
        hub.stop()
