"""Messages of standard queues: sending, receiving, hiding and deleting them, one by one and in batches."""

import concurrent.futures
import time

import pytest

from checks import (
    UUID, binary, bodies, counts, delete, make_queue, md5, md5_of_attributes, no_such_queue,
    receive, receive_all, receive_one, refused, refused_value, send, text,
)


# Sending


def test_what_was_sent_is_received(sqs):
    url = make_queue(sqs)
    sent = send(sqs, url, "hello")
    assert UUID.fullmatch(sent["MessageId"])
    assert sent["MD5OfMessageBody"] == md5("hello") == "5d41402abc4b2a76b9719d911017c592"
    got = receive_one(sqs, url)
    assert (got["MessageId"], got["Body"], got["MD5OfBody"]) == (sent["MessageId"], "hello", md5("hello"))
    assert set(got) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


@pytest.mark.parametrize("body", [
    "a", " ", "\t\n", "line\r\nline", "<&>\"'", "äöü€", "😀", "{\"a\": [1]}", "]]>", "&amp;", "%41+", "\ufffd", "\ud7ff\ue000",
])
def test_a_body_survives_the_way_there_and_back(sqs, body):
    url = make_queue(sqs)
    assert send(sqs, url, body)["MD5OfMessageBody"] == md5(body)
    got = receive_one(sqs, url)
    assert (got["Body"], got["MD5OfBody"]) == (body, md5(body))


@pytest.mark.parametrize("body", ["\x00", "a\x01", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_xml_forbids_are_refused(sqs, body):
    url = make_queue(sqs)
    with refused("InvalidMessageContents"):
        send(sqs, url, body)
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "bad", "MessageBody": body}, {"Id": "good", "MessageBody": "x"}])
    assert [entry["Code"] for entry in answer["Failed"]] == ["InvalidMessageContents"]
    assert bodies(receive(sqs, url)) == ["x"]


def test_a_message_is_as_large_as_its_queue_allows(sqs):
    url = make_queue(sqs, MaximumMessageSize="1024")
    send(sqs, url, "ü" * 512)
    message = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
    with refused_value(message):
        send(sqs, url, "ü" * 512 + "x")
    attributes = {"n": text("v")}
    send(sqs, url, "x" * (1024 - len("nStringv")), MessageAttributes=attributes)
    with refused_value(message):
        send(sqs, url, "x" * (1025 - len("nStringv")), MessageAttributes=attributes)


def test_a_message_of_one_mebibyte_passes(sqs):
    url = make_queue(sqs)
    body = "x" * 1048576
    send(sqs, url, body)
    assert receive_one(sqs, url)["Body"] == body
    with refused_value():
        send(sqs, url, body + "x")


def test_every_part_of_a_message_counts_but_its_system_attributes(sqs):
    url = make_queue(sqs, MaximumMessageSize="1024")
    attributes = {"euro": text("€", "String.money"), "raw": binary(bytes(10))}
    counted = len("euro€String.money".encode()) + len("rawBinary") + 10
    body = "x" * (1024 - counted)
    trace = {"AWSTraceHeader": text("Root=1-5759e988-bd862e3fe1be46a994272793")}
    send(sqs, url, body, MessageAttributes=attributes, MessageSystemAttributes=trace)
    with refused_value():
        send(sqs, url, body + "x", MessageAttributes=attributes, MessageSystemAttributes=trace)


def test_a_message_to_no_queue_is_refused(sqs, world):
    with no_such_queue():
        send(sqs, f"{world.hub.endpoint}/{world.account}/nothing")


# Message attributes


ATTRIBUTE_DIGESTS = [
    ({"Hello": text("World")}, "7db7fb1ba7f41366a8ea5eb18220b26d"),
    ({"UserId": text("1234567890123456789012", "Number.bigint")}, "797ab158d73dcb5242dedc4412c8e855"),
    ({"attr1": text("99.12", "Number"), "attr2": text("109.12", "Number")}, "9b720b3af309c1c4b0d395c53b08c502"),
    ({"data1": text("1", "Number"), "data2": text("2", "Number")}, "b53b5acf24e7fd9567705bd8027b1c76"),
    (
        {
            "Dummy1Name": text("dummy 1 value"),
            "Dummy2Name": text("dummy 2 value"),
            "Dummy3Name": binary(b"dummy 2 value"),
        },
        "c5c0d2c6f195fcbc91083c5465d8955f",
    ),
]


@pytest.mark.parametrize("attributes,digest", ATTRIBUTE_DIGESTS)
def test_message_attributes_come_back_with_their_digest(sqs, attributes, digest):
    assert md5_of_attributes(attributes) == digest
    url = make_queue(sqs)
    assert send(sqs, url, MessageAttributes=attributes)["MD5OfMessageAttributes"] == digest
    got = receive_one(sqs, url, MessageAttributeNames=["All"])
    assert (got["MessageAttributes"], got["MD5OfMessageAttributes"]) == (attributes, digest)


def test_binary_attributes_keep_every_byte(sqs):
    url = make_queue(sqs)
    attributes = {"raw": binary(bytes(range(256))), "labelled": binary(b"\x00", "Binary.png")}
    send(sqs, url, MessageAttributes=attributes)
    assert receive_one(sqs, url, MessageAttributeNames=["All"])["MessageAttributes"] == attributes


def test_without_attributes_there_is_no_digest_of_them(sqs):
    url = make_queue(sqs)
    assert "MD5OfMessageAttributes" not in send(sqs, url)
    assert not {"MessageAttributes", "MD5OfMessageAttributes"} & set(receive_one(sqs, url, MessageAttributeNames=["All"]))


SELECTIONS = [
    ([], set()),
    (["All"], {"Hello", "Help.Me", "Other"}),
    ([".*"], {"Hello", "Help.Me", "Other"}),
    (["*"], {"Hello", "Help.Me", "Other"}),
    (["Hel.*"], {"Hello", "Help.Me"}),
    (["Help.*"], {"Help.Me"}),
    (["Hello", "Unknown"], {"Hello"}),
    (["hello"], set()),
    (["Hello", "Oth.*"], {"Hello", "Other"}),
]


@pytest.mark.parametrize("names,expected", SELECTIONS)
def test_the_digest_covers_only_the_attributes_that_are_returned(sqs, names, expected):
    url = make_queue(sqs)
    attributes = {"Hello": text("1"), "Help.Me": text("2", "Number"), "Other": binary(b"3")}
    send(sqs, url, MessageAttributes=attributes)
    got = receive_one(sqs, url, MessageAttributeNames=names)
    assert set(got.get("MessageAttributes", {})) == expected
    if expected:
        assert got["MD5OfMessageAttributes"] == md5_of_attributes({name: attributes[name] for name in expected})
    else:
        assert not {"MessageAttributes", "MD5OfMessageAttributes"} & set(got)


WRONG_ATTRIBUTES = [
    {"": text("v")},
    {"AWS.x": text("v")},
    {"amazon.x": text("v")},
    {".x": text("v")},
    {"x.": text("v")},
    {"x..y": text("v")},
    {"x y": text("v")},
    {"n" * 257: text("v")},
    {"x": text("v", "Text")},
    {"x": text("v", "string")},
    {"x": text("v", "")},
    {"x": text("v", "String." + "l" * 250)},
    {"x": text("")},
    {"x": text("ten", "Number")},
    {"x": text("\x01")},
    {"x": binary(b"")},
    {"x": {"DataType": "String"}},
    {f"a{number}": text("v") for number in range(11)},
]


@pytest.mark.parametrize("attributes", WRONG_ATTRIBUTES, ids=range(len(WRONG_ATTRIBUTES)))
def test_wrong_attributes_are_refused(sqs, attributes):
    url = make_queue(sqs)
    with refused_value():
        send(sqs, url, MessageAttributes=attributes)
    assert counts(sqs, url) == (0, 0, 0)


@pytest.mark.parametrize("number,fits", [
    ("0", True), ("-1.50", True), ("+7", True), ("1e126", True), ("1e-128", True), ("9" * 38, True), ("00012", True),
    ("9" * 39, False), ("1e127", False), ("1e-129", False), ("", False), ("1,5", False), ("0x10", False), ("NaN", False),
])
def test_a_number_has_38_digits_and_keeps_its_form(sqs, number, fits):
    url = make_queue(sqs)
    attributes = {"n": text(number, "Number")}
    if not fits:
        with refused_value():
            send(sqs, url, MessageAttributes=attributes)
        return
    assert send(sqs, url, MessageAttributes=attributes)["MD5OfMessageAttributes"] == md5_of_attributes(attributes)
    assert receive_one(sqs, url, MessageAttributeNames=["n"])["MessageAttributes"] == attributes


def test_ten_attributes_of_the_longest_names_are_accepted(sqs):
    url = make_queue(sqs)
    attributes = {"n" * 255 + str(number): text("1e3", "Number.k") for number in range(10)}
    send(sqs, url, MessageAttributes=attributes)
    assert receive_one(sqs, url, MessageAttributeNames=["All"])["MessageAttributes"] == attributes


# System attributes


def test_a_trace_header_is_stored_and_returned(sqs):
    url = make_queue(sqs)
    sent = send(sqs, url, MessageSystemAttributes={"AWSTraceHeader": text("some-trace-id")})
    assert sent["MD5OfMessageSystemAttributes"] == "fdce4f2818803f2f73becc09a54792c0"
    got = receive_one(sqs, url, MessageSystemAttributeNames=["AWSTraceHeader"])
    assert got["Attributes"] == {"AWSTraceHeader": "some-trace-id"}


def test_entries_of_a_batch_have_trace_headers_of_their_own(sqs):
    url = make_queue(sqs)
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "a", "MessageBody": "a", "MessageSystemAttributes": {"AWSTraceHeader": text("some-trace-id")}},
        {"Id": "b", "MessageBody": "b"},
    ])
    digests = {entry["Id"]: entry.get("MD5OfMessageSystemAttributes") for entry in sent["Successful"]}
    assert digests == {"a": "fdce4f2818803f2f73becc09a54792c0", "b": None}
    got = {message["Body"]: message.get("Attributes") for message in receive(sqs, url, AttributeNames=["AWSTraceHeader"])}
    assert got == {"a": {"AWSTraceHeader": "some-trace-id"}, "b": None}


@pytest.mark.parametrize("value", [text("1", "Number"), binary(b"x"), text(""), text("x", "String.label"), text("\x01")])
def test_a_trace_header_is_a_text(sqs, value):
    with refused_value():
        send(sqs, make_queue(sqs), MessageSystemAttributes={"AWSTraceHeader": value})


def test_a_trace_header_of_the_request_is_stored_too(world, queues):
    url = make_queue(queues)
    trace = {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    answer = world.post_json("SendMessage", {"QueueUrl": url, "MessageBody": "x"}, headers=trace)
    assert answer.status == 200, answer.text
    assert "MD5OfMessageSystemAttributes" not in answer.json(), "there is no digest of what was not sent as one"
    got = receive_one(queues, url, MessageSystemAttributeNames=["AWSTraceHeader"])
    assert got["Attributes"] == {"AWSTraceHeader": trace["X-Amzn-Trace-Id"]}


def test_other_system_attributes_cannot_be_sent(sqs):
    with refused_value("Message system attribute name 'SenderId' is invalid."):
        send(sqs, make_queue(sqs), MessageSystemAttributes={"SenderId": text("me")})


def test_system_attributes_tell_the_life_of_a_message(sqs, clock):
    url = make_queue(sqs)
    sent_ms = clock.now_ms()
    send(sqs, url, MessageGroupId="tenant")
    clock.advance(5)
    first = receive_one(sqs, url, AttributeNames=["All"], VisibilityTimeout=10)["Attributes"]
    assert first.pop("SenderId")
    assert first == {
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": str(sent_ms + 5000),
        "SentTimestamp": str(sent_ms),
        "MessageGroupId": "tenant",
    }
    clock.advance(10)
    second = receive_one(sqs, url, AttributeNames=["All"])["Attributes"]
    assert (second["ApproximateReceiveCount"], second["ApproximateFirstReceiveTimestamp"]) == ("2", str(sent_ms + 5000))


@pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
def test_system_attributes_are_asked_for_by_their_old_and_their_new_name(sqs, parameter):
    url = make_queue(sqs)
    send(sqs, url)
    got = receive_one(sqs, url, **{parameter: ["ApproximateReceiveCount", "SequenceNumber"]})
    assert got["Attributes"] == {"ApproximateReceiveCount": "1"}


def test_both_names_of_system_attributes_together_are_a_union(queues):
    url = make_queue(queues)
    send(queues, url)
    got = receive_one(queues, url, AttributeNames=["SenderId"], MessageSystemAttributeNames=["SentTimestamp"])
    assert set(got["Attributes"]) == {"SenderId", "SentTimestamp"}


# Receiving and hiding


def test_an_empty_receive_has_no_messages_key(sqs):
    assert "Messages" not in sqs.receive_message(QueueUrl=make_queue(sqs))


def test_one_message_is_received_unless_more_are_asked_for(sqs):
    url = make_queue(sqs)
    for number in range(12):
        send(sqs, url, str(number))
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    assert len(receive(sqs, url, most=10)) == 10
    assert counts(sqs, url) == (1, 11, 0)


@pytest.mark.parametrize("wrong", [
    {"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"MaxNumberOfMessages": -1},
    {"WaitTimeSeconds": -1}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": -1}, {"VisibilityTimeout": 43201},
])
def test_parameters_of_a_receive_have_ranges(sqs, wrong):
    url = make_queue(sqs)
    (name, value), = wrong.items()
    with refused_value() as caught:
        sqs.receive_message(QueueUrl=url, **wrong)
    assert f"Value {value} for parameter {name} is invalid." in str(caught.value)


def test_a_message_stays_hidden_until_its_timeout(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url)
    first = receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(9.9)
    assert receive(sqs, url) == []
    clock.advance(0.1)
    second = receive_one(sqs, url)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]


def test_the_timeout_of_the_queue_is_the_default_of_a_receive(sqs, clock):
    url = make_queue(sqs, VisibilityTimeout="7")
    send(sqs, url)
    receive_one(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "600"})
    clock.advance(6.9)
    assert receive(sqs, url) == []
    clock.advance(0.1)
    receive_one(sqs, url)
    clock.advance(599)
    assert receive(sqs, url) == []


def test_a_timeout_of_zero_leaves_the_message_visible(sqs):
    url = make_queue(sqs)
    send(sqs, url)
    first = receive_one(sqs, url, VisibilityTimeout=0)
    again = receive_one(sqs, url, VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    delete(sqs, url, first)
    assert counts(sqs, url) == (0, 0, 0)


def test_the_visibility_of_a_message_can_be_extended_and_ended(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url)
    got = receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(5)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=20)
    clock.advance(19.9)
    assert receive(sqs, url) == [], "twenty seconds from the change, not from the receive"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    assert receive_one(sqs, url)["MessageId"] == got["MessageId"]


def test_a_message_made_visible_can_be_hidden_again_by_its_last_receiver(sqs):
    url = make_queue(sqs)
    send(sqs, url)
    handle = receive_one(sqs, url)["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=10)
    assert receive(sqs, url) == []


def test_a_message_is_hidden_for_12_hours_at_most(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url)
    handle = receive_one(sqs, url, VisibilityTimeout=43200)["ReceiptHandle"]
    clock.advance(60)
    with refused_value("Value 43200 for parameter VisibilityTimeout is invalid. "
                       "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43200)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43140)


@pytest.mark.parametrize("seconds", [43201, -1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**30])
def test_a_huge_visibility_timeout_is_refused_and_harms_nobody(world, queues, protocol, seconds):
    url = make_queue(queues)
    send(queues, url)
    handle = receive_one(queues, url)["ReceiptHandle"]
    change = {"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds}
    assert world.call("sqs", protocol, "ChangeMessageVisibility", change).fault().status == 400
    taken = {"QueueUrl": url, "VisibilityTimeout": seconds}
    assert world.call("sqs", protocol, "ReceiveMessage", taken).fault().status == 400
    assert counts(queues, url) == (0, 1, 0)


def test_the_visibility_of_a_deleted_message_cannot_be_changed(sqs):
    url = make_queue(sqs)
    send(sqs, url)
    got = receive_one(sqs, url)
    delete(sqs, url, got)
    handle = got["ReceiptHandle"]
    with refused_value(f"Value {handle} for parameter ReceiptHandle is invalid. "
                       "Reason: Message does not exist or is not available for visibility timeout change."):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)


def test_messages_arrive_in_about_the_order_they_were_sent(sqs):
    url = make_queue(sqs)
    sent = [str(number) for number in range(20)]
    for body in sent:
        send(sqs, url, body)
    assert bodies(receive(sqs, url)) + bodies(receive(sqs, url)) == sent


def test_messages_of_a_tenant_do_not_wait_for_each_other_on_a_standard_queue(sqs):
    url = make_queue(sqs)
    send(sqs, url, "a", MessageGroupId="tenant")
    send(sqs, url, "b", MessageGroupId="tenant")
    assert receive_one(sqs, url)["Body"] == "a"
    assert receive_one(sqs, url)["Body"] == "b"


# Delays


def test_a_delayed_message_comes_in_time_and_is_counted_until_then(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url, "later", DelaySeconds=30)
    assert counts(sqs, url) == (0, 0, 1)
    clock.advance(29.9)
    assert receive(sqs, url) == []
    clock.advance(0.1)
    assert counts(sqs, url) == (1, 0, 0)
    assert bodies(receive(sqs, url)) == ["later"]


def test_the_delay_of_the_queue_is_the_default_of_a_message(sqs, clock):
    url = make_queue(sqs, DelaySeconds="20")
    send(sqs, url, "default")
    send(sqs, url, "now", DelaySeconds=0)
    send(sqs, url, "sooner", DelaySeconds=10)
    assert bodies(receive(sqs, url)) == ["now"]
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["sooner"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    assert receive(sqs, url) == [], "a change does not reach messages that are already there"
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["default"]


@pytest.mark.parametrize("seconds", [-1, 901])
def test_a_delay_has_a_range(sqs, seconds):
    with refused_value(f"Value {seconds} for parameter DelaySeconds is invalid. "
                       "Reason: DelaySeconds must be >= 0 and <= 900."):
        send(sqs, make_queue(sqs), DelaySeconds=seconds)


# Retention


def test_a_message_expires_with_the_retention_of_its_queue(sqs, clock):
    url = make_queue(sqs, MessageRetentionPeriod="60")
    send(sqs, url, "old")
    clock.advance(30)
    send(sqs, url, "young")
    clock.advance(30)
    assert bodies(receive(sqs, url)) == ["young"]
    clock.advance(30)
    assert counts(sqs, url) == (0, 0, 0)


def test_a_shorter_retention_reaches_messages_that_are_already_there(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url)
    clock.advance(120)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    assert receive(sqs, url) == []


# Long polls


def test_a_long_poll_ends_with_the_message_that_arrives(sqs):
    url = make_queue(sqs)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        poll = pool.submit(receive, sqs, url, WaitTimeSeconds=20)
        started = time.monotonic()
        send(sqs, url, "wanted")
        assert bodies(poll.result()) == ["wanted"]
    assert time.monotonic() - started < 15


def test_a_long_poll_ends_empty_after_its_time(sqs):
    url = make_queue(sqs)
    started = time.monotonic()
    assert receive(sqs, url, WaitTimeSeconds=1) == []
    assert 0.9 < time.monotonic() - started < 10


def test_the_wait_of_the_queue_is_the_default_and_zero_is_a_short_poll(sqs):
    url = make_queue(sqs, ReceiveMessageWaitTimeSeconds="20")
    started = time.monotonic()
    assert receive(sqs, url, WaitTimeSeconds=0) == []
    assert time.monotonic() - started < 10
    with concurrent.futures.ThreadPoolExecutor() as pool:
        poll = pool.submit(receive, sqs, url)
        send(sqs, url, "wanted")
        assert bodies(poll.result()) == ["wanted"]


def test_a_long_poll_wakes_for_delays_and_timeouts(sqs, clock):
    url = make_queue(sqs)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        send(sqs, url, "delayed", DelaySeconds=60)
        poll = pool.submit(receive, sqs, url, WaitTimeSeconds=20, VisibilityTimeout=30)
        clock.advance(60)
        assert bodies(poll.result()) == ["delayed"]
        poll = pool.submit(receive, sqs, url, WaitTimeSeconds=20)
        clock.advance(30)
        assert bodies(poll.result()) == ["delayed"]


def test_a_long_poll_wakes_when_a_message_is_given_back(sqs):
    url = make_queue(sqs)
    send(sqs, url, "returned")
    handle = receive_one(sqs, url)["ReceiptHandle"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        poll = pool.submit(receive, sqs, url, WaitTimeSeconds=20)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        assert bodies(poll.result()) == ["returned"]


def test_each_of_many_waiting_receivers_gets_its_own_message(sqs):
    url = make_queue(sqs)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        polls = [pool.submit(receive, sqs, url, most=1, WaitTimeSeconds=20) for _ in range(8)]
        for number in range(8):
            send(sqs, url, str(number))
        got = [body for poll in polls for body in bodies(poll.result())]
    assert sorted(got) == [str(number) for number in range(8)]


def test_concurrent_receivers_never_share_a_message(sqs):
    url = make_queue(sqs)
    for start in range(0, 200, 10):
        entries = [{"Id": str(number), "MessageBody": str(start + number)} for number in range(10)]
        assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10

    def drain(_):
        got = []
        while messages := receive(sqs, url, most=3):
            delete(sqs, url, *messages)
            got += bodies(messages)
        return got

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        got = [body for part in pool.map(drain, range(6)) for body in part]
    assert sorted(got, key=int) == [str(number) for number in range(200)]
    assert counts(sqs, url) == (0, 0, 0)


# Deleting


def test_a_deleted_message_does_not_come_back(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url)
    got = receive_one(sqs, url)
    delete(sqs, url, got)
    delete(sqs, url, got)
    clock.advance(3600)
    assert receive(sqs, url) == []


def test_a_late_delete_of_a_standard_message_still_works(sqs, clock):
    url = make_queue(sqs)
    send(sqs, url)
    first = receive_one(sqs, url, VisibilityTimeout=5)
    clock.advance(6)
    delete(sqs, url, first)
    assert counts(sqs, url) == (0, 0, 0)


@pytest.mark.parametrize("handle", ["nonsense", "AQEB", "=" * 100, "x" * 1024])
def test_an_invalid_receipt_handle_is_refused(sqs, handle):
    url = make_queue(sqs)
    message = f'The input receipt handle "{handle}" is not a valid receipt handle.'
    with refused("ReceiptHandleIsInvalid", message, status=404) as caught:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert caught.type is sqs.exceptions.ReceiptHandleIsInvalid
    with refused("ReceiptHandleIsInvalid", message, status=404):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)
    for answer in (
        sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle}]),
        sqs.change_message_visibility_batch(
            QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 1}]
        ),
    ):
        failed, = answer["Failed"]
        assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("a", "ReceiptHandleIsInvalid", True)
        assert "Successful" not in answer or answer["Successful"] == []


def test_a_forged_or_foreign_receipt_handle_is_refused(sqs):
    url, other = make_queue(sqs), make_queue(sqs, "other")
    send(sqs, url)
    handle = receive_one(sqs, url)["ReceiptHandle"]
    for position in (0, len(handle) // 2, len(handle) - 5):
        forged = handle[:position] + ("A" if handle[position] != "A" else "B") + handle[position + 1:]
        with refused("ReceiptHandleIsInvalid", status=404):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=forged)
    with refused("ReceiptHandleIsInvalid", status=404):
        sqs.delete_message(QueueUrl=other, ReceiptHandle=handle)
    assert counts(sqs, url) == (0, 1, 0)


# Batches


def entries(number, **more):
    return [{"Id": str(index), "MessageBody": f"body {index}", **more} for index in range(number)]


def test_a_batch_sends_receives_hides_and_deletes_ten(sqs):
    url = make_queue(sqs)
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries(10))
    assert not sent.get("Failed")
    assert [entry["MD5OfMessageBody"] for entry in sent["Successful"]] == [md5(f"body {index}") for index in range(10)]
    got = receive_all(sqs, url, 10)
    assert bodies(got) == [f"body {index}" for index in range(10)]
    assert [message["MessageId"] for message in got] == [entry["MessageId"] for entry in sent["Successful"]]
    hide = [{"Id": message["Body"][5:], "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0} for message in got]
    hidden = sqs.change_message_visibility_batch(QueueUrl=url, Entries=hide)
    assert [entry["Id"] for entry in hidden["Successful"]] == [entry["Id"] for entry in hide]
    again = receive_all(sqs, url, 10)
    gone = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": message["Body"][5:], "ReceiptHandle": message["ReceiptHandle"]} for message in again]
    )
    assert len(gone["Successful"]) == 10 and not gone.get("Failed")
    assert counts(sqs, url) == (0, 0, 0)


def test_entries_of_a_batch_keep_their_own_attributes_and_delays(sqs, clock):
    url = make_queue(sqs)
    attributes = {"n": text("1", "Number")}
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "plain", "MessageBody": "plain"},
        {"Id": "attributes", "MessageBody": "attributes", "MessageAttributes": attributes},
        {"Id": "late", "MessageBody": "late", "DelaySeconds": 10},
    ])
    digests = {entry["Id"]: entry.get("MD5OfMessageAttributes") for entry in sent["Successful"]}
    assert digests == {"plain": None, "attributes": md5_of_attributes(attributes), "late": None}
    got = {message["Body"]: message.get("MessageAttributes") for message in receive(sqs, url, MessageAttributeNames=["All"])}
    assert got == {"plain": None, "attributes": attributes}
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["late"]


def batch_of(operation, url, handle, ids):
    if operation == "send_message_batch":
        return [{"Id": id, "MessageBody": "x"} for id in ids]
    if operation == "delete_message_batch":
        return [{"Id": id, "ReceiptHandle": handle} for id in ids]
    return [{"Id": id, "ReceiptHandle": handle, "VisibilityTimeout": 1} for id in ids]


BATCHES = ["send_message_batch", "delete_message_batch", "change_message_visibility_batch"]
PREFIX = "AWS.SimpleQueueService."


@pytest.mark.parametrize("operation", BATCHES)
@pytest.mark.parametrize("ids,code,message", [
    ([], "EmptyBatchRequest", None),
    ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest",
     "Maximum number of entries per request are 10. You have sent 11."),
    (["a", "b", "a"], "BatchEntryIdsNotDistinct", "Id a repeated."),
    ([""], "InvalidBatchEntryId", None),
    (["a b"], "InvalidBatchEntryId", None),
    (["a.b"], "InvalidBatchEntryId", None),
    (["a" * 81], "InvalidBatchEntryId", None),
], ids=["empty", "eleven", "twice", "no id", "space", "point", "long id"])
def test_a_wrong_batch_is_refused_as_a_whole(sqs, operation, ids, code, message):
    url = make_queue(sqs)
    send(sqs, url)
    handle = receive_one(sqs, url)["ReceiptHandle"]
    with refused(PREFIX + code, message):
        getattr(sqs, operation)(QueueUrl=url, Entries=batch_of(operation, url, handle, ids))
    assert counts(sqs, url) == (0, 1, 0)


def test_a_batch_has_a_size_of_its_own(sqs):
    url = make_queue(sqs)
    half = "x" * (1048576 // 2)
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": id, "MessageBody": half} for id in "ab"])
    message = "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
    with refused(PREFIX + "BatchRequestTooLong", message) as caught:
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": half}, {"Id": "b", "MessageBody": half + "x"}])
    assert caught.type is sqs.exceptions.BatchRequestTooLong
    with refused(PREFIX + "BatchRequestTooLong"):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(id), "MessageBody": 2 * half} for id in range(10)])
    assert counts(sqs, url) == (2, 0, 0)


def test_the_size_of_a_batch_is_that_of_all_its_parts_whatever_its_queue_allows(sqs):
    url = make_queue(sqs, MaximumMessageSize="1024")
    part = "x" * (1048576 // 2 - len("nString") - 1)
    entry = {"MessageBody": part, "MessageAttributes": {"n": text("v")}}
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a"} | entry, {"Id": "b"} | entry])
    assert [failed["Code"] for failed in answer["Failed"]] == ["InvalidParameterValue"] * 2, "each is too large for the queue"
    more = {"Id": "c", "MessageBody": "x"}
    message = "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
    with refused(PREFIX + "BatchRequestTooLong", message):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a"} | entry, {"Id": "b"} | entry, more])


def test_entries_that_fail_do_not_stop_the_others(sqs):
    url = make_queue(sqs, MaximumMessageSize="1024")
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "good", "MessageBody": "x"},
        {"Id": "large", "MessageBody": "x" * 1025},
        {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
    ])
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert {entry["Id"]: (entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]} == {
        "large": ("InvalidParameterValue", True),
        "late": ("InvalidParameterValue", True),
    }
    assert counts(sqs, url) == (1, 0, 0)


def test_operations_on_one_queue_are_atomic_under_concurrency(sqs):
    url = make_queue(sqs)

    def work(worker):
        got = []
        for number in range(10):
            send(sqs, url, f"{worker}-{number}")
            for message in receive(sqs, url, most=2):
                delete(sqs, url, message)
                got.append(message["Body"])
        return got

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = [body for part in pool.map(work, range(8)) for body in part]
    while messages := receive(sqs, url):
        delete(sqs, url, *messages)
        got += bodies(messages)
    assert sorted(got) == sorted(f"{worker}-{number}" for worker in range(8) for number in range(10))
    assert counts(sqs, url) == (0, 0, 0)


def test_a_null_in_json_is_absent(world, queues):
    url = make_queue(queues)
    body = {
        "QueueUrl": url, "MessageBody": "x", "DelaySeconds": None, "MessageAttributes": None,
        "MessageSystemAttributes": None, "MessageGroupId": None, "MessageDeduplicationId": None,
    }
    assert world.post_json("SendMessage", body).status == 200
    got = receive_one(queues, url, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert "MessageGroupId" not in got["Attributes"] and "MessageAttributes" not in got
    created = world.post_json("CreateQueue", {"QueueName": "nulls", "Attributes": None, "tags": None})
    assert created.status == 200
    assert "Tags" not in queues.list_queue_tags(QueueUrl=created.json()["QueueUrl"])
    changed = world.post_json("SendMessage", {"QueueUrl": url, "MessageBody": "y", "MessageAttributes": {
        "a": {"DataType": "String", "StringValue": "v", "BinaryValue": None}}})
    assert changed.status == 200, changed.text


@pytest.mark.flags("--max-state", "1MiB")
def test_a_batch_for_which_there_is_no_room_is_refused_as_a_whole(queues):
    url = make_queue(queues)
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]

    def fill():
        for _ in range(10_000):
            answer = queues.send_message_batch(QueueUrl=url, Entries=entries)
            assert "Failed" not in answer, "the SDKs repeat a request, and not an entry"

    with refused("ServiceUnavailable", status=503):
        fill()
