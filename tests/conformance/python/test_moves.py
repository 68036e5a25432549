"""Message move tasks: dead letters go back."""

import base64
import json

from checks import (
    arn_of, bodies, counts, delete, make_fifo, make_queue, receive, receive_all, receive_one, redrive_policy, refused,
    send, send_fifo, text,
)


def with_dead_letters(sqs, number):
    """A queue, and its dead-letter queue with so many messages of it."""
    dead = make_queue(sqs, "dead")
    url = make_queue(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    for place in range(number):
        send(sqs, url, str(place), MessageAttributes={"n": text(str(place))})
    while receive(sqs, url, VisibilityTimeout=0):
        pass
    assert counts(sqs, dead) == (number, 0, 0)
    return url, dead


def start(sqs, dead, **more):
    return sqs.start_message_move_task(SourceArn=arn_of(sqs, dead), **more)["TaskHandle"]


def tasks(sqs, dead, most=10):
    return sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead), MaxResults=most).get("Results", [])


def ended(task):
    """What a task shows when it has ended, without the time of its start."""
    assert isinstance(task.pop("StartedTimestamp"), int)
    return task


def test_messages_go_back_to_their_queue_as_new_ones(sqs):
    url, dead = with_dead_letters(sqs, 12)
    old = receive_one(sqs, dead, AttributeNames=["All"], VisibilityTimeout=0)
    handle = start(sqs, dead)
    source = json.loads(base64.b64decode(handle))["sourceArn"]
    assert source == arn_of(sqs, dead)
    got = receive_all(sqs, url, 12, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=60)
    assert sorted(bodies(got), key=int) == [str(place) for place in range(12)]
    for message in got:
        assert message["MessageAttributes"] == {"n": text(message["Body"])}
        assert message["Attributes"]["ApproximateReceiveCount"] == "1"
        assert "DeadLetterQueueSourceArn" not in message["Attributes"]
        assert message["Attributes"]["SentTimestamp"] >= old["Attributes"]["SentTimestamp"]
        assert message["MessageId"] != old["MessageId"]
    delete(sqs, url, *got)
    assert counts(sqs, dead) == (0, 0, 0)
    assert [ended(task) for task in tasks(sqs, dead)] == [{
        "Status": "COMPLETED", "SourceArn": arn_of(sqs, dead),
        "ApproximateNumberOfMessagesMoved": 12, "ApproximateNumberOfMessagesToMove": 12,
    }]


def test_a_rate_is_honoured_and_a_task_can_be_cancelled(sqs, clock):
    _, dead = with_dead_letters(sqs, 20)
    other = make_queue(sqs, "other")
    started = clock.now_ms()
    handle = start(sqs, dead, DestinationArn=arn_of(sqs, other), MaxNumberOfMessagesPerSecond=2)
    clock.advance(0)
    shown = {
        "TaskHandle": handle, "Status": "RUNNING", "SourceArn": arn_of(sqs, dead),
        "DestinationArn": arn_of(sqs, other), "MaxNumberOfMessagesPerSecond": 2,
        "ApproximateNumberOfMessagesMoved": 2, "ApproximateNumberOfMessagesToMove": 20, "StartedTimestamp": started,
    }
    assert tasks(sqs, dead) == [shown]
    clock.advance(4)
    assert counts(sqs, other) == (10, 0, 0)
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] == 10
    clock.advance(3600)
    assert (counts(sqs, dead), counts(sqs, other)) == ((10, 0, 0), (10, 0, 0))
    del shown["TaskHandle"]
    assert tasks(sqs, dead) == [shown | {"Status": "CANCELLED", "ApproximateNumberOfMessagesMoved": 10}]
    with refused("ResourceNotFoundException", "Task does not exist.", 404):
        sqs.cancel_message_move_task(TaskHandle=handle)


def test_what_would_have_been_moved_in_an_hour_is_moved_when_the_clock_is_turned_by_one(sqs, clock):
    url, dead = with_dead_letters(sqs, 30)
    start(sqs, dead, MaxNumberOfMessagesPerSecond=1)
    clock.advance(3600)
    assert (counts(sqs, url), counts(sqs, dead)) == ((30, 0, 0), (0, 0, 0))


def test_a_message_in_flight_moves_when_it_is_visible_again(sqs, clock):
    url, dead = with_dead_letters(sqs, 3)
    held = receive_one(sqs, dead, VisibilityTimeout=60)
    start(sqs, dead)
    clock.advance(1)
    assert (counts(sqs, url), counts(sqs, dead)) == ((2, 0, 0), (0, 1, 0))
    assert tasks(sqs, dead)[0]["Status"] == "RUNNING"
    clock.advance(60)
    assert tasks(sqs, dead)[0]["Status"] == "COMPLETED"
    assert held["Body"] in bodies(receive(sqs, url))


def test_the_newest_task_comes_first_and_alone_if_nothing_is_said(sqs, clock):
    _, dead = with_dead_letters(sqs, 2)
    assert tasks(sqs, dead) == []
    for rate in range(1, 13):
        start(sqs, dead, MaxNumberOfMessagesPerSecond=rate)
        clock.advance(5)
    rates = [task["MaxNumberOfMessagesPerSecond"] for task in tasks(sqs, dead)]
    assert rates == list(range(12, 2, -1))
    alone = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead))["Results"]
    assert [task["MaxNumberOfMessagesPerSecond"] for task in alone] == [12]


def test_nothing_is_dropped_when_a_destination_disappears(sqs, clock):
    _, dead = with_dead_letters(sqs, 5)
    other = make_queue(sqs, "other")
    start(sqs, dead, DestinationArn=arn_of(sqs, other), MaxNumberOfMessagesPerSecond=1)
    clock.advance(1)
    sqs.delete_queue(QueueUrl=other)
    clock.advance(60)
    task = tasks(sqs, dead)[0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert counts(sqs, dead) == (5 - task["ApproximateNumberOfMessagesMoved"], 0, 0) == (3, 0, 0)


def test_a_message_that_was_sent_to_the_dead_letter_queue_has_nowhere_to_go_back_to(sqs, clock):
    url, dead = with_dead_letters(sqs, 1)
    send(sqs, dead, "direct")
    start(sqs, dead)
    clock.advance(1)
    task = tasks(sqs, dead)[0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert (bodies(receive(sqs, url)), bodies(receive(sqs, dead))) == (["0"], ["direct"])


def test_a_fifo_queue_gets_its_messages_back_in_order(sqs, clock):
    dead = make_fifo(sqs, "dead.fifo")
    url = make_fifo(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    for place in range(6):
        send_fifo(sqs, url, str(place), group="ab"[place % 2])
    while receive(sqs, url, VisibilityTimeout=0):
        pass
    assert counts(sqs, dead) == (6, 0, 0)
    start(sqs, dead)
    clock.advance(1)
    got = receive(sqs, url, AttributeNames=["All"], VisibilityTimeout=60)
    by_group = {}
    for message in got:
        by_group.setdefault(message["Attributes"]["MessageGroupId"], []).append(message["Body"])
    assert by_group == {"a": ["0", "2", "4"], "b": ["1", "3", "5"]}
    assert all(message["Attributes"]["MessageDeduplicationId"] == message["Body"] for message in got)
