"""The socket as a protocol: how it begins, what it refuses, and why it ends."""

import base64
import json
import socket
import urllib.request

import pytest
import websockets.exceptions

from checks import arn_of, counts, make_fifo, make_queue, make_topic, receive_one, send, subscribed_queue, text

PROTOCOL = "fanq.v1.json"


def test_a_client_is_told_with_whom_it_speaks(sockets):
    connected = sockets.connect(client={"name": "tests", "version": "1"}).connected
    assert connected["resumed"] is False and connected["session"] and connected["resume"]
    assert connected["heartbeat"] == 20
    assert connected["limits"] == {"frame": 2 << 20, "subs": 100, "credit": 1000}
    assert connected["server"]["name"] == "fanq"
    assert connected["clock"]["frozen"] in (True, False)


# Handshakes


def refused(hub, **headers):
    """Status and text of the answer to a request for a socket."""
    given = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(), "Sec-WebSocket-Protocol": PROTOCOL,
    }
    path = headers.pop("path", "/ws")
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    address = hub.endpoint.split("//")[1]
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    with socket.create_connection(address.split(":"), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{head}\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


def test_a_request_that_asks_wrongly_gets_an_ordinary_answer(hub):
    assert refused(hub, path="/other")[0] == 404
    assert refused(hub, Sec_WebSocket_Protocol="chat") == (400, "Sec-WebSocket-Protocol must offer fanq.v1.json.")
    assert refused(hub, Sec_WebSocket_Protocol=None)[0] == 400
    assert refused(hub, Sec_WebSocket_Key="short")[0] == 400
    assert refused(hub, Sec_WebSocket_Version="8")[0] == 426
    assert refused(hub, Upgrade=None, Connection="close") == (426, "This is the address of WebSockets.\n")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_origin_is_sent_away(sockets, origin):
    code, reason = sockets.bare(origin=origin).closed()
    assert code == 4403 and "--cors-origins" in reason


def test_the_hubs_own_pages_may_speak(sockets, hub):
    talk = sockets.bare(origin=hub.endpoint)
    assert talk.done("connect")["type"] == "connected"


def test_a_token_says_who_the_client_is(queues, sockets, world):
    url = make_queue(queues)
    token = base64.urlsafe_b64encode(world.account.encode()).decode().rstrip("=")
    talk = sockets.bare(protocols=(PROTOCOL, f"fanq.auth.{token}"))
    assert talk.socket.subprotocol == PROTOCOL
    talk.done("connect", region=world.region)
    talk.done("consume", sub="a", queue="orders")
    other = sockets.bare()
    other.done("connect", auth=f"{world.account}/20260101/{world.region}/sqs/aws4_request")
    other.done("consume", sub="a", queue=url)
    stranger = sockets.bare()
    stranger.done("connect", account="999999999999", region=world.region)
    stranger.refused("consume", "QueueDoesNotExist", sub="a", queue="orders")
    stranger.refused("consume", "AccessDeniedException", sub="a", queue=arn_of(queues, url))


def test_what_is_no_credential_is_not_authenticated(sockets):
    assert sockets.bare(protocols=(PROTOCOL, "fanq.auth.!")).closed()[0] == 4401
    talk = sockets.bare()
    talk.say("connect", id=1, auth="")
    assert talk.closed()[0] == 4401
    talk = sockets.bare()
    talk.say("ping")
    assert talk.closed() == (4401, "the first message is connect")


# Bad messages


@pytest.mark.parametrize("bad", ["", "nonsense", "[]", "5", '"connect"', "{", '{"type":}', b"{}", '{"type":"a"} {}'])
def test_what_is_no_message_ends_the_connection(sockets, bad):
    talk = sockets.connect()
    talk.say_text(bad)
    assert talk.closed()[0] == 4400


@pytest.mark.parametrize("frame", [
    b"\x81\x02{}", b"\xc1\x82\0\0\0\0{}", b"\x83\x82\0\0\0\0{}", b"\x80\x82\0\0\0\0{}", b"\x09\x80\0\0\0\0",
    b"\x81\x81\0\0\0\0\xff", b"GET / HTTP/1.1\r\n\r\n",
], ids=["unmasked", "reserved", "unknown", "without a beginning", "ping in parts", "not UTF-8", "HTTP"])
def test_bytes_that_are_no_frame_end_the_connection(sockets, frame):
    talk = sockets.connect()
    talk.socket.socket.sendall(frame)
    assert talk.closed()[0] == 4400


def test_a_message_may_come_in_parts(sockets):
    talk = sockets.connect()
    talk.say_text(iter(['{"type":', '"ping",', '"t":"parts"}']))
    assert talk.next("pong")["t"] == "parts"


def test_a_message_that_is_too_large_ends_the_connection(sockets):
    talk = sockets.connect()
    talk.say_text(json.dumps({"type": "ping", "pad": "x" * ((2 << 20) - 100)}))
    assert talk.next("pong")
    try:
        talk.say_text("{" + " " * (2 << 20))
    except websockets.exceptions.ConnectionClosed:
        pass
    assert talk.closed()[0] == 4413


def test_what_is_unknown_is_an_error_and_no_end(sockets):
    talk = sockets.connect()
    talk.refused("dance", "UnknownOperationException")
    talk.say_text('{"id": 7}')
    assert talk.next("error")["id"] == 7
    talk.say("credit", sub=5)
    assert talk.next("error")["code"] == "SerializationException"
    talk.refused("consume", "SerializationException", sub="a", queue="q", credit="many")
    talk.refused("connect", "InvalidParameterValueException")
    talk.say("consume", sub="a", queue="orders")
    assert talk.next("error")["code"] == "MissingRequiredParameterException"
    talk.say("publish", id=["x"], topic="t")
    assert "id" in talk.next("error")["message"]
    talk.say("ping", t=5)
    assert talk.next("pong")["t"] == 5


def test_what_is_asked_for_wrongly_is_refused_as_by_the_http_api(queues, sockets):
    make_queue(queues)
    talk = sockets.connect()
    for fields in [
        {"credit": 0}, {"credit": 1001}, {"lease": 0}, {"lease": 43201}, {"maxLease": 0}, {"maxBytes": 0},
        {"ackMode": "never"}, {"stats": 0}, {"sub": ""}, {"sub": "x" * 129},
    ]:
        talk.refused("consume", "InvalidParameterValueException", **({"sub": "a", "queue": "orders"} | fields))
    talk.refused("consume", "MissingRequiredParameterException", sub="a")
    talk.refused("consume", "QueueDoesNotExist", sub="a", queue="nothing")
    talk.done("consume", sub="a", queue="orders")
    talk.refused("consume", "InvalidParameterValueException", sub="a", queue="orders")
    talk.refused("nack", "InvalidParameterValueException", sub="a", tags=[], delay=43201)
    talk.refused("nack", "InvalidParameterValueException", sub="a", tags=[], delay=5, deadLetter=True)
    talk.refused("extend", "InvalidParameterValueException", sub="a", tags=[], lease=0)
    bare = sockets.bare()
    bare.refused("connect", "InvalidParameterValueException", resumeWindow=301)
    bare.refused("connect", "InvalidParameterValueException", account="me")
    assert bare.done("connect")["type"] == "connected"


def test_a_client_has_so_many_consumers(queues, sockets):
    make_queue(queues)
    talk = sockets.connect()
    for number in range(100):
        talk.done("consume", sub=str(number), queue="orders")
    talk.say("consume", id="last", sub="last", queue="orders")
    assert talk.closed()[0] == 4429


def test_a_client_that_floods_is_sent_away(sockets):
    talk = sockets.connect()
    with pytest.raises((websockets.exceptions.ConnectionClosed, OSError)):
        while True:
            talk.say("pong")
            for _ in range(2000):
                talk.socket.socket.sendall(FLOOD)
    assert talk.closed()[0] == 4429


def _masked(text):
    """A frame as a client sends it."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode()


FLOOD = _masked('{"type":"pong"}') * 100


# Publishing


def test_messages_are_published_and_sent_as_by_the_http_api(queues, sns, sockets):
    topic = make_topic(sns)
    url = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    talk = sockets.connect()
    done = talk.done("publish", topic="events", message="one", attributes={"kind": text("paid")})
    assert done["messageId"] and "sequenceNumber" not in done
    got = receive_one(queues, url, MessageAttributeNames=["All"])
    assert got["Body"] == "one" and got["MessageAttributes"]["kind"]["StringValue"] == "paid"
    done = talk.done("send", queue=url, body="two", attributes={"kind": text("paid")}, delay=0)
    got = receive_one(queues, url, MessageAttributeNames=["All"])
    assert (got["Body"], got["MessageId"]) == ("two", done["messageId"])
    fifo = make_fifo(queues)
    done = talk.done("send", queue="orders.fifo", body="three", groupId="g", dedupId="3")
    assert done["sequenceNumber"]
    talk.refused("send", "MissingRequiredParameterException", queue=fifo, body="four")
    talk.refused("send", "MissingRequiredParameterException", queue=url)
    talk.refused("publish", "NotFound", topic="nothing", message="five")
    talk.refused("publish", "ValidationError", topic=topic)
    talk.refused("publish", "InvalidParameter", message="six")


def test_messages_are_published_together(queues, sns, sockets):
    topic = make_topic(sns)
    url = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    talk = sockets.connect()
    entries = [{"id": "a", "message": "one"}, {"id": "b", "message": ""}, {"id": "c", "message": "three"}]
    done = talk.done("publish", topic=topic, entries=entries)
    assert [entry["id"] for entry in done["successful"]] == ["a", "c"]
    failed = done["failed"][0]
    assert (failed["id"], failed["code"], failed["retryable"]) == ("b", "InvalidParameter", False)
    assert counts(queues, url)[0] == 2
    many = [{"id": str(number), "message": "x"} for number in range(11)]
    talk.refused("publish", "ValidationError", topic=topic, entries=[])
    talk.refused("publish", "TooManyEntriesInBatchRequest", topic=topic, entries=many)
    twice = [{"id": "a", "message": "x"}] * 2
    talk.refused("publish", "BatchEntryIdsNotDistinct", topic=topic, entries=twice)


def test_what_is_sent_on_one_socket_keeps_its_order(queues, sockets):
    make_fifo(queues)
    talk = sockets.connect()
    for number in range(200):
        talk.say("send", id=number, queue="orders.fifo", body=str(number), groupId="g", dedupId=str(number))
    talk.done("consume", sub="a", queue="orders.fifo", credit=200)
    for number in range(200):
        message = talk.next()
        assert message["body"] == str(number)
        talk.say("ack", sub="a", tags=[message["tag"]])


# Metrics


def test_what_happens_on_sockets_is_measured(queues, sockets, clock):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    for _ in range(3):
        send(queues, url)
    talk.messages(3)
    talk.done("ack", sub="a", tags=[1])
    with urllib.request.urlopen(f"{sockets.hub.endpoint}/metrics") as answer:
        metrics = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
    shown = {name.removeprefix("fanq_socket_"): int(value) for name, value in metrics.items() if "socket" in name}
    assert shown == {"connections": 1, "consumers": 1, "unacknowledged_messages": 2, "pushed_messages_total": 3}
