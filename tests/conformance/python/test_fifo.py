"""FIFO queues: order, groups and deduplication."""

import concurrent.futures

import pytest

from checks import (
    SEQUENCE_NUMBER, arn_of, attributes_of, bodies, counts, delete, make_fifo, make_fifo_topic, make_queue, md5,
    receive, receive_one, refused, refused_value, send, send_fifo, subscribe,
)


def letters(sqs, url, text, group="g"):
    """Sends each letter as a message of one group."""
    return [send_fifo(sqs, url, letter, group) for letter in text]


def hide(sqs, url, message, seconds):
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds)


# Order


def test_one_group_is_received_in_order(sqs):
    url = make_fifo(sqs)
    letters(sqs, url, "abcdefghijkl")
    first = receive(sqs, url)
    assert bodies(first) == list("abcdefghij"), "up to ten of one group in one receive"
    assert receive(sqs, url) == [], "the rest of the group waits for them"
    delete(sqs, url, *first)
    assert bodies(receive(sqs, url)) == ["k", "l"]


def test_a_batch_keeps_its_order_and_every_entry_gets_a_sequence_number(sqs):
    url = make_fifo(sqs)
    entries = [
        {"Id": f"e{number}", "MessageBody": str(number), "MessageGroupId": "g", "MessageDeduplicationId": str(number)}
        for number in range(10)
    ]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    numbers = [entry["SequenceNumber"] for entry in sent]
    assert all(SEQUENCE_NUMBER.fullmatch(number) for number in numbers)
    assert numbers == sorted(set(numbers))
    got = receive(sqs, url, AttributeNames=["SequenceNumber"])
    assert bodies(got) == [str(number) for number in range(10)]
    assert [message["Attributes"]["SequenceNumber"] for message in got] == numbers


def test_sequence_numbers_rise_across_direct_sends_and_deliveries_from_a_topic(queues, sns):
    url = make_fifo(queues)
    topic = make_fifo_topic(sns)
    subscribe(sns, topic, arn_of(queues, url), RawMessageDelivery="true")
    send_fifo(queues, url, "1")
    sns.publish(TopicArn=topic, Message="2", MessageGroupId="g", MessageDeduplicationId="2")
    send_fifo(queues, url, "3")
    sns.publish(TopicArn=topic, Message="4", MessageGroupId="g", MessageDeduplicationId="4")
    got = receive(queues, url, AttributeNames=["SequenceNumber"], WaitTimeSeconds=5)
    assert bodies(got) == ["1", "2", "3", "4"]
    numbers = [message["Attributes"]["SequenceNumber"] for message in got]
    assert numbers == sorted(set(numbers))
    assert all(SEQUENCE_NUMBER.fullmatch(number) for number in numbers)


def test_one_receive_may_take_from_several_groups_and_keeps_the_order_of_each(sqs):
    url = make_fifo(sqs)
    for number in range(3):
        for group in "xy":
            send_fifo(sqs, url, f"{group}{number}", group)
    got = bodies(receive(sqs, url))
    assert sorted(got) == ["x0", "x1", "x2", "y0", "y1", "y2"]
    for group in "xy":
        assert [body for body in got if body[0] == group] == [f"{group}{number}" for number in range(3)]


def test_a_group_in_flight_does_not_hold_back_another(sqs):
    url = make_fifo(sqs)
    letters(sqs, url, "ab", "x")
    letters(sqs, url, "cd", "y")
    assert receive_one(sqs, url)["Body"] == "a"
    assert bodies(receive(sqs, url)) == ["c", "d"]


def test_messages_of_one_receive_can_be_deleted_in_any_order(sqs):
    url = make_fifo(sqs)
    letters(sqs, url, "abcd")
    a, b, c = receive(sqs, url, most=3)
    delete(sqs, url, c, a)
    assert receive(sqs, url) == []
    delete(sqs, url, b)
    assert bodies(receive(sqs, url)) == ["d"]


def test_a_message_that_becomes_visible_again_returns_to_its_place(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "abc")
    receive(sqs, url, most=1, VisibilityTimeout=10)
    letters(sqs, url, "d")
    clock.advance(10)
    first = receive(sqs, url, most=2)
    assert bodies(first) == ["a", "b"]
    for message in first:
        hide(sqs, url, message, 0)
    assert bodies(receive(sqs, url)) == ["a", "b", "c", "d"]


def test_extending_a_message_holds_back_what_is_behind_it_but_not_what_is_before(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "abc")
    _, b, _ = receive(sqs, url, VisibilityTimeout=10)
    hide(sqs, url, b, 60)
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["a"]


def test_extending_the_first_message_holds_back_the_group(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "abc")
    a, _, _ = receive(sqs, url, VisibilityTimeout=10)
    hide(sqs, url, a, 60)
    clock.advance(10)
    assert receive(sqs, url) == []


def test_extending_the_last_message_lets_the_others_return(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "abc")
    _, _, c = receive(sqs, url, VisibilityTimeout=10)
    hide(sqs, url, c, 60)
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["a", "b"]


def test_a_message_given_back_waits_for_none_behind_it_and_those_behind_others_stay_locked(sqs):
    url = make_fifo(sqs)
    letters(sqs, url, "abcd")
    a, b, c = receive(sqs, url, most=3)
    hide(sqs, url, c, 0)
    assert receive(sqs, url) == []
    hide(sqs, url, a, 0)
    again = receive_one(sqs, url)
    assert again["Body"] == "a"
    assert receive(sqs, url) == []
    delete(sqs, url, b, again)
    assert bodies(receive(sqs, url)) == ["c", "d"]


def test_a_long_poll_wakes_when_its_group_is_unlocked(sqs):
    url = make_fifo(sqs)
    letters(sqs, url, "ab")
    first = receive_one(sqs, url)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        poll = pool.submit(receive, sqs, url, WaitTimeSeconds=20)
        delete(sqs, url, first)
        assert bodies(poll.result()) == ["b"]


def test_a_group_goes_on_when_a_message_of_it_expires(sqs, clock):
    url = make_fifo(sqs, MessageRetentionPeriod="60")
    letters(sqs, url, "a")
    clock.advance(50)
    letters(sqs, url, "b")
    receive_one(sqs, url, VisibilityTimeout=43200)
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["b"]


# Receipt handles


def test_deleting_with_an_expired_handle_fails_and_leaves_the_redelivered_message(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "a")
    late = receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(11)
    message = f"Value {late['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    with refused_value(message):
        delete(sqs, url, late)
    again = receive_one(sqs, url)
    with refused_value():
        delete(sqs, url, late)
    batch = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "late", "ReceiptHandle": late["ReceiptHandle"]}])
    assert [entry["Code"] for entry in batch["Failed"]] == ["InvalidParameterValue"]
    assert counts(sqs, url) == (0, 1, 0)
    delete(sqs, url, again)
    assert counts(sqs, url) == (0, 0, 0)


def test_deleting_within_an_extended_timeout_works(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "a")
    got = receive_one(sqs, url, VisibilityTimeout=10)
    hide(sqs, url, got, 60)
    clock.advance(50)
    delete(sqs, url, got)
    assert counts(sqs, url) == (0, 0, 0)


def test_the_visibility_of_an_expired_receive_cannot_be_changed(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "a")
    late = receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(10)
    message = f"Value {late['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    with refused_value(message):
        hide(sqs, url, late, 30)
    entry = {"Id": "late", "ReceiptHandle": late["ReceiptHandle"], "VisibilityTimeout": 30}
    batch = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])
    assert [entry["Code"] for entry in batch["Failed"]] == ["InvalidParameterValue"]
    assert counts(sqs, url) == (1, 0, 0)


def test_a_receive_without_a_timeout_cannot_delete(sqs):
    url = make_fifo(sqs)
    letters(sqs, url, "a")
    got = receive_one(sqs, url, VisibilityTimeout=0)
    with refused_value():
        delete(sqs, url, got)
    assert counts(sqs, url) == (1, 0, 0)


# Receive attempts


def attempt(sqs, url, id="once", **more):
    return receive(sqs, url, ReceiveRequestAttemptId=id, **more)


def handles(messages):
    return [message["ReceiptHandle"] for message in messages]


def test_a_repeated_attempt_gets_the_same_messages_with_the_same_handles_hidden_anew(sqs, clock):
    url = make_fifo(sqs)
    letters(sqs, url, "abc")
    first = attempt(sqs, url, most=2, VisibilityTimeout=30, AttributeNames=["ApproximateReceiveCount"])
    assert bodies(first) == ["a", "b"]
    clock.advance(20)
    again = attempt(sqs, url, most=2, VisibilityTimeout=30, AttributeNames=["ApproximateReceiveCount"])
    assert (bodies(again), handles(again)) == (["a", "b"], handles(first))
    assert [message["Attributes"] for message in again] == [{"ApproximateReceiveCount": "1"}] * 2
    clock.advance(20)
    assert receive(sqs, url) == []
    delete(sqs, url, *first)
    assert bodies(receive(sqs, url)) == ["c"]


def test_an_attempt_counts_no_more_once_a_message_of_it_is_deleted_or_changed(sqs):
    url = make_fifo(sqs)
    for group in "xyz":
        send_fifo(sqs, url, group, group)
    x, _ = attempt(sqs, url, most=2)
    delete(sqs, url, x)
    z, = attempt(sqs, url, most=2)
    assert z["Body"] == "z"
    hide(sqs, url, z, 60)
    assert attempt(sqs, url) == []


def test_an_attempt_is_remembered_for_five_minutes(sqs, clock):
    url = make_fifo(sqs)
    for group in "xy":
        send_fifo(sqs, url, group, group)
    first = attempt(sqs, url, most=1, VisibilityTimeout=3600)
    clock.advance(299)
    assert handles(attempt(sqs, url, most=1, VisibilityTimeout=3600)) == handles(first)
    clock.advance(1.1)
    assert bodies(attempt(sqs, url, most=1, VisibilityTimeout=3600)) == ["y"]


@pytest.mark.parametrize("id", ["a b", "ü", "a" * 129])
def test_the_id_of_an_attempt_is_128_letters_digits_and_punctuation(sqs, id):
    with refused_value(f"Value {id} for parameter ReceiveRequestAttemptId is invalid. Reason: ReceiveRequestAttemptId "
                       "can only include alphanumeric and punctuation characters. 1 to 128 in length."):
        attempt(sqs, make_fifo(sqs), id)


def test_a_standard_queue_knows_no_attempts(sqs):
    url = make_queue(sqs)
    send(sqs, url, "a")
    send(sqs, url, "b")
    assert bodies(attempt(sqs, url, most=1)) == ["a"]
    assert bodies(attempt(sqs, url, most=1)) == ["b"]


# Deduplication


def test_a_duplicate_returns_the_original_id_and_number_with_the_digest_of_its_own_body(sqs):
    url = make_fifo(sqs)
    first = send_fifo(sqs, url, "first", id="same")
    second = send_fifo(sqs, url, "second", id="same")
    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert second["MD5OfMessageBody"] == md5("second")
    assert bodies(receive(sqs, url)) == ["first"]


def test_the_window_of_deduplication_is_five_minutes_from_the_first_send(sqs, clock):
    url = make_fifo(sqs)
    send_fifo(sqs, url, "first", id="same")
    clock.advance(200)
    send_fifo(sqs, url, "second", id="same")
    clock.advance(99.9)
    send_fifo(sqs, url, "third", id="same")
    assert counts(sqs, url) == (1, 0, 0)
    clock.advance(0.2)
    send_fifo(sqs, url, "fourth", id="same")
    assert bodies(receive(sqs, url)) == ["first", "fourth"]


def test_the_window_survives_the_deletion_of_the_message(sqs):
    url = make_fifo(sqs)
    first = send_fifo(sqs, url, "first", id="same")
    delete(sqs, url, receive_one(sqs, url))
    assert send_fifo(sqs, url, "second", id="same")["MessageId"] == first["MessageId"]
    assert counts(sqs, url) == (0, 0, 0)


def test_deduplication_by_content_hashes_the_body_and_not_the_attributes(sqs):
    url = make_fifo(sqs, ContentBasedDeduplication="true")
    send(sqs, url, "Test", MessageGroupId="g", MessageAttributes={"n": {"DataType": "String", "StringValue": "1"}})
    send(sqs, url, "Test", MessageGroupId="g", MessageAttributes={"n": {"DataType": "String", "StringValue": "2"}})
    got, = receive(sqs, url, AttributeNames=["All"])
    digest = "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25"
    assert got["Attributes"]["MessageDeduplicationId"] == digest
    send(sqs, url, "Test", MessageGroupId="g", MessageDeduplicationId="of-its-own")
    assert counts(sqs, url) == (1, 1, 0), "an id of its own wins over the content"


def test_within_a_queue_an_id_is_a_duplicate_in_every_group(sqs):
    url = make_fifo(sqs)
    send_fifo(sqs, url, "a", "x", id="same")
    send_fifo(sqs, url, "b", "y", id="same")
    assert bodies(receive(sqs, url)) == ["a"]


def test_with_scope_message_group_an_id_is_a_duplicate_in_its_group_only(sqs):
    url = make_fifo(sqs, DeduplicationScope="messageGroup")
    send_fifo(sqs, url, "a", "x", id="same")
    send_fifo(sqs, url, "b", "y", id="same")
    send_fifo(sqs, url, "c", "x", id="same")
    assert sorted(bodies(receive(sqs, url))) == ["a", "b"]


def test_the_scope_in_force_is_the_one_at_creation(sqs):
    url = make_fifo(sqs)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DeduplicationScope": "messageGroup"})
    assert attributes_of(sqs, url, "DeduplicationScope") == {"DeduplicationScope": "messageGroup"}
    send_fifo(sqs, url, "a", "x", id="same")
    send_fifo(sqs, url, "b", "y", id="same")
    assert bodies(receive(sqs, url)) == ["a"]


def test_a_scope_of_groups_stays_in_force_whatever_is_shown_later(sqs):
    url = make_fifo(sqs, DeduplicationScope="messageGroup")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DeduplicationScope": "queue"})
    assert attributes_of(sqs, url, "DeduplicationScope") == {"DeduplicationScope": "queue"}
    send_fifo(sqs, url, "a", "x", id="same")
    send_fifo(sqs, url, "b", "y", id="same")
    assert sorted(bodies(receive(sqs, url))) == ["a", "b"]


def test_a_queue_of_high_throughput_deduplicates_within_groups(sqs):
    url = make_fifo(sqs, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    first = send_fifo(sqs, url, "a", "x", id="same")
    assert send_fifo(sqs, url, "b", "y", id="same")["MessageId"] != first["MessageId"]
    assert send_fifo(sqs, url, "c", "x", id="same")["MessageId"] == first["MessageId"]
    assert bodies(receive(sqs, url)) == ["a", "b"]


def test_duplicates_within_a_batch_are_swallowed(sqs):
    url = make_fifo(sqs)
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": id, "MessageBody": id, "MessageGroupId": "g", "MessageDeduplicationId": "same"} for id in "ab"
    ])["Successful"]
    assert len({entry["MessageId"] for entry in sent}) == 1
    assert bodies(receive(sqs, url)) == ["a"]


# Delays


def test_the_delay_of_a_fifo_queue_holds_its_messages_back_in_order(sqs, clock):
    url = make_fifo(sqs, DelaySeconds="10")
    letters(sqs, url, "a")
    clock.advance(5)
    letters(sqs, url, "b")
    assert counts(sqs, url) == (0, 0, 2)
    clock.advance(5)
    assert bodies(receive(sqs, url, VisibilityTimeout=0)) == ["a"]
    clock.advance(5)
    assert bodies(receive(sqs, url)) == ["a", "b"]


def test_a_delayed_head_does_not_block_other_groups(sqs, clock):
    url = make_fifo(sqs, DelaySeconds="10")
    letters(sqs, url, "a", "x")
    clock.advance(5)
    letters(sqs, url, "b", "y")
    clock.advance(5)
    assert bodies(receive(sqs, url)) == ["a"]


def test_a_delayed_head_is_not_overtaken_by_its_group(sqs, clock):
    url = make_fifo(sqs, DelaySeconds="10")
    letters(sqs, url, "a")
    clock.advance(9)
    letters(sqs, url, "b")
    assert receive(sqs, url) == []
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    letters(sqs, url, "c")
    assert bodies(receive(sqs, url)) == ["a", "b", "c"], "a change of the delay reaches the messages that wait"


def test_a_delay_of_a_single_fifo_message_is_refused_and_zero_means_that_of_the_queue(sqs):
    url = make_fifo(sqs, DelaySeconds="10")
    with refused_value("Value 5 for parameter DelaySeconds is invalid. "
                       "Reason: The request include parameter that is not valid for this queue type."):
        send(sqs, url, MessageGroupId="g", MessageDeduplicationId="1", DelaySeconds=5)
    send(sqs, url, MessageGroupId="g", MessageDeduplicationId="2", DelaySeconds=0)
    assert counts(sqs, url) == (0, 0, 1)
    batch = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(delay), "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": f"d{delay}",
         "DelaySeconds": delay} for delay in (0, 5)
    ])
    assert [entry["Id"] for entry in batch["Successful"]] == ["0"]
    assert [(entry["Id"], entry["Code"]) for entry in batch["Failed"]] == [("5", "InvalidParameterValue")]
    assert counts(sqs, url) == (0, 0, 2)


# What a message of a FIFO queue needs


def test_a_group_is_required(sqs):
    with refused("MissingParameter", "The request must contain the parameter MessageGroupId."):
        send(sqs, make_fifo(sqs), MessageDeduplicationId="1")


def test_a_deduplication_id_is_required_unless_the_content_serves(sqs):
    with refused_value("The queue should either have ContentBasedDeduplication enabled or "
                       "MessageDeduplicationId provided explicitly"):
        send(sqs, make_fifo(sqs), MessageGroupId="g")


@pytest.mark.parametrize("id", ["", "a b", "ü", "a" * 129])
@pytest.mark.parametrize("name", ["MessageGroupId", "MessageDeduplicationId"])
def test_ids_are_128_letters_digits_and_punctuation(sqs, name, id):
    ids = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} | {name: id}
    with refused_value():
        send(sqs, make_fifo(sqs), **ids)


def test_every_punctuation_is_accepted_in_ids(sqs):
    url = make_fifo(sqs)
    id = "aZ09!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    send(sqs, url, MessageGroupId=id, MessageDeduplicationId=id)
    got = receive_one(sqs, url, AttributeNames=["All"])["Attributes"]
    assert (got["MessageGroupId"], got["MessageDeduplicationId"]) == (id, id)


def test_a_deduplication_id_is_refused_on_a_standard_queue(sqs):
    with refused_value():
        send(sqs, make_queue(sqs), MessageDeduplicationId="1")


def test_one_entry_without_a_group_fails_the_batch(sqs):
    url = make_fifo(sqs)
    with refused_value("The request must contain the parameter MessageGroupId."):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": "a", "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
            {"Id": "b", "MessageBody": "b", "MessageDeduplicationId": "2"},
        ])
    assert counts(sqs, url) == (0, 0, 0)
