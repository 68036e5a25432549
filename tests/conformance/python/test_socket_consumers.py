"""Durable consumers over the socket: what is pushed, and what becomes of it."""

from checks import (
    arn_of, bodies, counts, delete, make_fifo, make_queue, receive, receive_one, redrive_policy, send, send_fifo, text,
)


def test_a_message_is_pushed_as_a_receiver_is_shown_it(queues, sockets):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    sent = send(queues, url, "hello", MessageAttributes={"kind": text("paid")})
    message = talk.next()
    assert (message["sub"], message["tag"], message["body"]) == ("a", 1, "hello")
    assert message["messageId"] == sent["MessageId"]
    assert message["attributes"] == {"kind": {"DataType": "String", "StringValue": "paid"}}
    assert message["queue"] == "orders" and message["redelivered"] is False
    assert message["system"]["ApproximateReceiveCount"] == "1"
    assert abs(message["leaseUntil"] - talk.connected["now"] - 30_000) < 20_000
    assert counts(queues, url) == (0, 1, 0)
    answer = talk.done("ack", sub="a", tags=[1])
    assert "unknown" not in answer
    assert counts(queues, url) == (0, 0, 0)


def test_a_receipt_handle_is_good_for_the_http_api_too(queues, sockets):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue=url)
    send(queues, url)
    queues.delete_message(QueueUrl=url, ReceiptHandle=talk.next()["receiptHandle"])
    assert counts(queues, url) == (0, 0, 0)


def test_no_more_is_leased_than_there_is_credit_for(queues, sockets):
    url = make_queue(queues)
    for number in range(5):
        send(queues, url, str(number))
    talk = sockets.connect()
    talk.done("consume", sub="a", queue=arn_of(queues, url), credit=2)
    assert [message["body"] for message in talk.messages(2)] == ["0", "1"]
    assert counts(queues, url) == (3, 2, 0)
    talk.done("ack", sub="a", tags=[1])
    assert talk.next()["body"] == "2"
    talk.done("credit", sub="a", credit=0)
    talk.done("ack", sub="a", upTo=3)
    talk.nothing()
    assert counts(queues, url) == (2, 0, 0)
    talk.say("credit", sub="a", credit=10)
    assert [message["tag"] for message in talk.messages(2)] == [4, 5]


def test_unacknowledged_bytes_are_limited_as_well(queues, sockets):
    url = make_queue(queues)
    for _ in range(30):
        send(queues, url, "x")
    for _ in range(3):
        send(queues, url, "x" * 900_000)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=100, maxBytes=1_000_000)
    assert [len(message["body"]) for message in talk.messages(31)] == [1] * 30 + [900_000]
    talk.nothing()
    assert counts(queues, url) == (2, 31, 0)
    talk.done("ack", sub="a", upTo=30)
    talk.nothing()
    for tag in (31, 32):
        talk.done("ack", sub="a", tags=[tag])
        assert talk.next()["tag"] == tag + 1
    talk.done("ack", sub="a", tags=[33])
    assert counts(queues, url) == (0, 0, 0)


def test_one_message_is_never_too_large(queues, sockets):
    url = make_queue(queues)
    for _ in range(2):
        send(queues, url, "x" * 1000)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", maxBytes=1)
    assert talk.next()["tag"] == 1
    talk.nothing()
    talk.done("ack", sub="a", tags=[1])
    assert talk.next()["tag"] == 2


def test_what_does_not_fit_is_not_overtaken_by_its_group(queues, sockets):
    url = make_fifo(queues)
    wanted = ["a", "b" * 600, "c" * 600, "d"]
    for number, body in enumerate(wanted):
        send_fifo(queues, url, body, id=str(number))
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders.fifo", maxBytes=1000)
    got = talk.messages(2)
    talk.nothing()
    talk.done("ack", sub="a", upTo=2)
    while len(got) < len(wanted):
        got.append(talk.next())
        talk.done("ack", sub="a", tags=[got[-1]["tag"]])
    assert [message["body"] for message in got] == wanted
    # What did not fit was not received.
    assert {message["system"]["ApproximateReceiveCount"] for message in got} == {"1"}


def test_as_many_of_a_group_are_held_as_there_is_credit_for(queues, sockets):
    url = make_fifo(queues)
    for number in range(6):
        send_fifo(queues, url, str(number), id=str(number))
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders.fifo", credit=3)
    assert [message["body"] for message in talk.messages(3)] == ["0", "1", "2"]
    for tag in (1, 2):
        talk.done("ack", sub="a", tags=[tag])
        talk.nothing()
    talk.done("ack", sub="a", tags=[3])
    # Whatever room there was when it began to wait.
    assert [message["body"] for message in talk.messages(3)] == ["3", "4", "5"]
    for settled in ("ack", "nack", "extend"):
        talk.refused(settled, "MissingRequiredParameterException", sub="a", lease=30)


def test_a_refused_message_comes_back_at_once_or_later(queues, sockets, clock):
    url = make_queue(queues)
    send(queues, url)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    assert talk.next()["tag"] == 1
    talk.done("nack", sub="a", tags=[1], reason="not now")
    again = talk.next()
    assert (again["tag"], again["redelivered"], again["system"]["ApproximateReceiveCount"]) == (2, True, "2")
    talk.done("nack", sub="a", tags=[2], delay=60)
    clock.advance(59)
    talk.nothing()
    clock.advance(1)
    assert talk.next()["tag"] == 3


def test_a_refused_message_can_go_to_the_dead_letters_at_once(queues, sockets):
    dead = make_queue(queues, "dead")
    make_queue(queues, RedrivePolicy=redrive_policy(arn_of(queues, dead), 10))
    lone = make_queue(queues, "lone")
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    send(queues, lone.replace("lone", "orders"), "bad")
    talk.next()
    talk.done("nack", sub="a", tags=[1], deadLetter=True)
    assert bodies(receive(queues, dead)) == ["bad"]
    talk.done("consume", sub="b", queue="lone")
    send(queues, lone, "kept")
    talk.next()
    talk.refused("nack", "InvalidParameterValueException", sub="b", tags=[1], deadLetter=True)
    talk.done("ack", sub="b", tags=[1])
    assert counts(queues, lone) == (0, 0, 0)


def test_what_is_acknowledged_twice_or_unknown_is_told(queues, sockets):
    url = make_queue(queues)
    send(queues, url)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    talk.next()
    talk.say("ack", sub="a", tags=[1])
    assert talk.done("ack", sub="a", tags=[1, 7])["unknown"] == [1, 7]
    talk.refused("ack", "InvalidParameterValueException", sub="nobody", tags=[1])
    talk.say("ack", sub="nobody", tags=[1])
    assert talk.next("error")["sub"] == "nobody"


def test_what_acknowledges_itself_is_gone_when_it_arrives(queues, sockets):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", ackMode="auto", credit=1)
    for number in range(5):
        send(queues, url, str(number))
    assert [message["body"] for message in talk.messages(5)] == list("01234")
    assert counts(queues, url) == (0, 0, 0)


def test_a_group_is_pushed_in_order_and_not_to_two(queues, sockets):
    url = make_fifo(queues)
    for letter in "abcd":
        send_fifo(queues, url, letter)
    one, other = sockets.connect(), sockets.connect()
    one.done("consume", sub="a", queue="orders.fifo", credit=2)
    assert [message["body"] for message in one.messages(2)] == ["a", "b"]
    other.done("consume", sub="a", queue="orders.fifo", credit=10)
    other.nothing()
    one.done("credit", sub="a", credit=0)
    one.done("nack", sub="a", tags=[1])
    first = other.next()
    assert (first["body"], first["redelivered"]) == ("a", True)
    assert first["system"]["MessageGroupId"] == "g"
    other.nothing()
    one.done("ack", sub="a", tags=[2])
    other.done("ack", sub="a", tags=[first["tag"]])
    assert [message["body"] for message in other.messages(2)] == ["c", "d"]


def test_a_priority_queue_is_consumed_like_any_other(queues, sockets, clock):
    high, low = make_queue(queues, "high"), make_queue(queues, "low")
    make_queue(queues, "all", PriorityMembers={"policy": "strict", "members": ["high", "low"]})
    talk = sockets.connect()
    talk.done("send", queue="all", body="later")
    talk.done("send", queue="all", body="now", attributes={"Priority": text("high")})
    talk.done("consume", sub="a", queue="all", credit=2, stats=1)
    got = talk.messages(2)
    assert [(message["body"], message["queue"]) for message in got] == [("now", "high"), ("later", "low")]
    assert talk.next("stats")["inflight"] == 2
    for _ in range(3):
        clock.advance(20)
    talk.nothing("lost")
    talk.done("nack", sub="a", tags=[2])
    assert talk.next()["body"] == "later"
    talk.done("ack", sub="a", upTo=3)
    assert (counts(queues, high), counts(queues, low)) == ((0, 0, 0), (0, 0, 0))


def test_a_slow_reader_gets_everything(queues, sockets):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=1000, maxBytes=200_000_000)
    # Far more than sockets buffer, which the client does not look at before all of it is there.
    for number in range(60):
        send(queues, url, f"{number}:" + "x" * 500_000)
    assert counts(queues, url)[0] > 0, "a full socket stops leasing"
    got = {message["body"].split(":")[0] for message in talk.messages(60)}
    assert len(got) == 60
    talk.done("ack", sub="a", upTo=60)
    assert counts(queues, url) == (0, 0, 0)


def test_a_consumer_ends_and_gives_back_what_it_holds(queues, sockets, clock):
    url = make_queue(queues)
    for _ in range(2):
        send(queues, url)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    talk.messages(2)
    talk.done("unsubscribe", sub="a")
    assert counts(queues, url) == (2, 0, 0)
    talk.done("consume", sub="a", queue="orders")
    talk.messages(2)
    talk.say("unsubscribe", sub="a", id="end", drain=60)
    talk.done("ack", sub="a", tags=[1])
    talk.nothing("ok")
    send(queues, url)
    talk.nothing()
    clock.advance(60)
    assert talk.next("ok")["id"] == "end"
    assert counts(queues, url) == (2, 0, 0)
    talk.done("consume", sub="a", queue="orders", credit=2)
    assert {message["tag"] for message in talk.messages(2)} == {1, 2}
    talk.say("unsubscribe", sub="a", id="end", drain=60)
    talk.done("ack", sub="a", upTo=2)
    assert talk.next("ok")["id"] == "end"


def test_a_queue_that_is_deleted_ends_its_consumers(queues, sockets):
    url = make_queue(queues)
    send(queues, url)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders")
    talk.next()
    queues.delete_queue(QueueUrl=url)
    assert talk.next("lost") == {"type": "lost", "sub": "a", "tags": [1], "why": "deleted"}
    error = talk.next("error")
    assert (error["sub"], error["code"], error["retryable"]) == ("a", "QueueDoesNotExist", False)
    talk.refused("consume", "QueueDoesNotExist", sub="a", queue="orders")


def test_a_client_is_told_how_its_queue_stands(queues, sockets):
    url = make_queue(queues)
    for _ in range(3):
        send(queues, url)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=1, stats=1)
    stats = talk.next("stats")
    assert (stats["sub"], stats["ready"], stats["inflight"]) == ("a", 2, 1)
    assert stats["oldestAge"] >= 0


def test_many_messages_of_all_sizes_arrive_once_each(queues, sockets):
    url = make_queue(queues)
    talk = sockets.connect()
    talk.done("consume", sub="a", queue="orders", credit=50)
    wanted = {}
    for number in range(60):
        body = f"{number}:" + "ü\n\"" * (number * number * 10)
        wanted[number] = body
        send(queues, url, body)
    for _ in wanted.copy():
        message = talk.next()
        number = int(message["body"].split(":")[0])
        assert wanted.pop(number) == message["body"]
        talk.say("ack", sub="a", tags=[message["tag"]])
    talk.done("ack", sub="a", tags=[])
    assert counts(queues, url) == (0, 0, 0)
