"""Priority queues: lists of queues that are received from as one."""

import json
import threading

import pytest

from checks import (
    arn_of, attributes_of, binary, bodies, counts, delete, make_fifo, make_fifo_topic, make_queue, make_topic, no_such_queue,
    receive, receive_one, redrive_policy, refused, refused_value, send, send_fifo, subscribe, text,
)


def make_list(sqs, *members, name="all", policy="strict", fifo=False, wait=None, **attributes):
    given = {"policy": policy, "members": list(members)}
    if wait:
        given["maxWaitSeconds"] = wait
    make = make_fifo if fifo else make_queue
    return make(sqs, name, PriorityMembers=given, **attributes)


@pytest.fixture
def levels(sqs):
    """The list, and its members."""
    high, low = make_queue(sqs, "high"), make_queue(sqs, "low")
    return make_list(sqs, "high", "low"), high, low


def asking(priority, kind="String"):
    return {"MessageAttributes": {"Priority": text(priority, kind)}}


def test_a_message_goes_to_the_member_that_it_names_or_whose_level_it_says(sqs, levels):
    every, high, low = levels
    send(sqs, every, "last")
    send(sqs, every, "named", **asking("high"))
    send(sqs, every, "level", **asking("0"))
    send(sqs, every, "number", **asking("1", "Number"))
    assert bodies(receive(sqs, high, VisibilityTimeout=0)) == ["named", "level"]
    assert bodies(receive(sqs, low, VisibilityTimeout=0)) == ["last", "number"]
    assert bodies(receive(sqs, every)) == ["named", "level", "last", "number"]


def test_an_unknown_priority_is_refused(sqs, levels):
    every, _, _ = levels
    for unknown in ("urgent", "2", "-1", " high", "+1", "01"):
        with refused_value(
            f"Value {unknown} for parameter Priority is invalid. Reason: It must be the name of a member of the "
            "priority queue, or its level."
        ):
            send(sqs, every, "x", **asking(unknown))
    with refused_value():
        sqs.send_message(QueueUrl=every, MessageBody="x", MessageAttributes={"Priority": binary(b"high")})
    assert counts(sqs, every) == (0, 0, 0)


def test_entries_of_a_batch_go_to_their_members_each_by_itself(sqs, levels):
    every, high, low = levels
    entries = [("a", "low"), ("b", "urgent"), ("c", "high"), ("d", "low")]
    answer = sqs.send_message_batch(QueueUrl=every, Entries=[
        {"Id": id, "MessageBody": id, **asking(priority)} for id, priority in entries
    ])
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "c", "d"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("b", "InvalidParameterValue")]
    ids = {entry["Id"]: entry["MessageId"] for entry in answer["Successful"]}
    got = {message["Body"]: message["MessageId"] for message in receive(sqs, every)}
    assert got == ids


def test_receipt_handles_are_good_at_the_list_and_at_the_member(sqs, levels):
    every, high, low = levels
    for body, priority in [("a", "high"), ("b", "low"), ("c", "high"), ("d", "low")]:
        send(sqs, every, body, **asking(priority))
    held = {message["Body"]: message for message in receive(sqs, every)}
    delete(sqs, every, held["a"])
    delete(sqs, low, held["b"])
    assert counts(sqs, every) == (0, 2, 0)
    sqs.change_message_visibility(QueueUrl=high, ReceiptHandle=held["c"]["ReceiptHandle"], VisibilityTimeout=0)
    sqs.change_message_visibility(QueueUrl=every, ReceiptHandle=held["d"]["ReceiptHandle"], VisibilityTimeout=0)
    held = receive(sqs, every)
    assert bodies(held) == ["c", "d"]
    answer = sqs.change_message_visibility_batch(QueueUrl=every, Entries=[
        {"Id": message["Body"], "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0} for message in held
    ])
    assert [entry["Id"] for entry in answer["Successful"]] == ["c", "d"]
    held = receive(sqs, every)
    answer = sqs.delete_message_batch(QueueUrl=every, Entries=[
        {"Id": message["Body"], "ReceiptHandle": message["ReceiptHandle"]} for message in held
    ])
    assert [entry["Id"] for entry in answer["Successful"]] == ["c", "d"]
    assert counts(sqs, every) == (0, 0, 0)


def test_a_handle_of_another_queue_is_refused_at_the_list(sqs, levels):
    every, _, _ = levels
    other = make_queue(sqs, "other")
    send(sqs, other)
    with refused("ReceiptHandleIsInvalid", status=404):
        delete(sqs, every, receive_one(sqs, other))


def test_members_and_depths_are_shown(sqs, levels):
    every, high, low = levels
    send(sqs, high), send(sqs, low), send(sqs, low)
    shown = attributes_of(sqs, every)
    assert shown["PriorityMembers"] == '{"policy":"strict","members":["high","low"]}'
    assert shown["PriorityDepths"] == '{"high":1,"low":2}'
    assert shown["ApproximateNumberOfMessages"] == "3"
    assert not {"DelaySeconds", "MessageRetentionPeriod", "RedrivePolicy"} & set(shown)
    assert "PriorityMembers" not in attributes_of(sqs, high)
    assert attributes_of(sqs, every, "PriorityDepths") == {"PriorityDepths": '{"high":1,"low":2}'}


def test_weights_and_the_longest_wait_are_shown_in_one_form(sqs):
    make_queue(sqs, "high"), make_queue(sqs, "low")
    arn = arn_of(sqs, make_queue(sqs, "high"))
    every = make_list(sqs, {"queue": arn, "weight": 3}, "low", policy="weighted", wait=60)
    shown = (
        '{"policy":"weighted","members":[{"queue":"high","weight":3},{"queue":"low","weight":1}],"maxWaitSeconds":60}'
    )
    assert attributes_of(sqs, every, "PriorityMembers") == {"PriorityMembers": shown}
    assert make_queue(sqs, "all", PriorityMembers=json.loads(shown)) == every, "it is the same queue"
    with refused("QueueAlreadyExists"):
        make_list(sqs, "high", "low")


@pytest.mark.parametrize("members, reason", [
    ('{"members":["gone"]}', "The queue gone does not exist."),
    ('{"members":["high","high"]}', "The queue high is named twice."),
    ('{"members":["high","ordered.fifo"]}', "The queue ordered.fifo is not of the same type."),
    ('{"members":["all"]}', "The queue all is a priority queue itself."),
    ('{"members":[]}', "There must be 1 to 16 members."),
    ('{"members":["high"],"maxWaitSeconds":0}', "maxWaitSeconds must be between 1 and 1209600."),
    ('{"members":["arn:aws:sqs:eu-west-1:000000000000:high"]}',
     "Members must be queues of the same account and region."),
    ("high", "It must be a JSON object with members, and perhaps policy (strict or weighted) and maxWaitSeconds."),
])
def test_what_cannot_be_members_is_refused(queues, members, reason):
    make_queue(queues, "high"), make_fifo(queues, "ordered.fifo"), make_list(queues, "high")
    with refused("InvalidAttributeValue", f"Invalid value for the parameter PriorityMembers. Reason: {reason}"):
        make_queue(queues, "another", PriorityMembers=members)


def test_what_belongs_to_the_members_is_refused(queues):
    dead = arn_of(queues, make_queue(queues, "dead"))
    make_queue(queues, "high")
    every = make_list(queues, "high")
    for name, value in [
        ("DelaySeconds", "5"), ("MessageRetentionPeriod", "600"), ("RedrivePolicy", redrive_policy(dead, 3)),
    ]:
        message = f"You can specify the {name} only for the members of a priority queue."
        with refused("InvalidAttributeName", message):
            queues.set_queue_attributes(QueueUrl=every, Attributes={name: value})
        with refused("InvalidAttributeName", message):
            make_list(queues, "high", name="another", **{name: value})


def test_a_queue_stays_what_it_is(queues):
    high = make_queue(queues, "high")
    make_queue(queues, "low")
    with refused(
        "InvalidAttributeValue", "Invalid value for the parameter PriorityMembers. Reason: The queue is no priority queue."
    ):
        queues.set_queue_attributes(QueueUrl=high, Attributes={"PriorityMembers": '{"members":["low"]}'})


def test_a_priority_queue_is_no_dead_letter_queue(queues, sns):
    make_queue(queues, "high")
    arn = arn_of(queues, make_list(queues, "high"))
    with refused_value():
        make_queue(queues, "orders", RedrivePolicy=redrive_policy(arn, 3))
    orders = arn_of(queues, make_queue(queues, "orders"))
    with refused("InvalidParameter"):
        subscribe(sns, make_topic(sns), orders, RedrivePolicy={"deadLetterTargetArn": arn})


def test_a_priority_queue_with_the_name_of_a_dead_letter_queue_that_is_gone_passes_dead_letters_on(queues, sns):
    dead = make_queue(queues, "dead")
    arn = arn_of(queues, dead)
    orders = make_queue(queues, "orders", RedrivePolicy=redrive_policy(arn, 1))
    topic, gone = make_topic(sns), make_queue(queues, "gone")
    subscribe(
        sns, topic, arn_of(queues, gone), RawMessageDelivery="true", RedrivePolicy={"deadLetterTargetArn": arn},
    )
    queues.delete_queue(QueueUrl=gone)
    queues.delete_queue(QueueUrl=dead)
    high, low = make_queue(queues, "high"), make_queue(queues, "low")
    make_list(queues, "high", "low", name="dead")
    send(queues, orders, "received")
    receive(queues, orders, VisibilityTimeout=0)
    assert receive(queues, orders) == []
    sns.publish(TopicArn=topic, Message="published", **asking("high"))
    assert bodies(receive(queues, low)) == ["received", "published"]
    assert receive(queues, high) == []


def test_members_can_be_changed(sqs, levels):
    every, high, low = levels
    send(sqs, high, "high"), send(sqs, low, "low")
    sqs.set_queue_attributes(QueueUrl=every, Attributes={"PriorityMembers": '{"members":["low"]}'})
    assert bodies(receive(sqs, every)) == ["low"]
    sqs.delete_queue(QueueUrl=high)
    sqs.set_queue_attributes(QueueUrl=every, Attributes={"PriorityMembers": '{"members":["low"],"maxWaitSeconds":5}'})


def test_a_member_is_not_deleted_and_the_list_leaves_its_members(sqs, levels):
    every, high, low = levels
    send(sqs, every)
    with refused_value("The queue low is a member of a priority queue."):
        sqs.delete_queue(QueueUrl=low)
    sqs.delete_queue(QueueUrl=every)
    with no_such_queue():
        receive(sqs, every)
    assert counts(sqs, low) == (1, 0, 0)
    sqs.delete_queue(QueueUrl=low)


def test_a_purge_empties_all_members(sqs, levels):
    every, high, low = levels
    send(sqs, high), send(sqs, low)
    sqs.purge_queue(QueueUrl=every)
    assert (counts(sqs, high), counts(sqs, low)) == ((0, 0, 0), (0, 0, 0))


def test_one_long_poll_waits_for_all_members(sqs, levels):
    every, high, low = levels
    for member in (high, low):
        late = threading.Timer(0.2, send, (sqs, member, "late"))
        late.start()
        assert bodies(receive(sqs, every, WaitTimeSeconds=20)) == ["late"]
        late.join()


def test_a_long_poll_waits_for_a_delay_and_a_timeout_of_a_member(queues, clock):
    make_queue(queues, "high"), make_queue(queues, "low", DelaySeconds="60")
    every = make_list(queues, "high", "low")
    send(queues, every, "late")
    assert counts(queues, every) == (0, 0, 1)
    clock.advance(60)
    assert bodies(receive(queues, every)) == ["late"]
    clock.advance(29)
    assert receive(queues, every) == []
    clock.advance(1)
    assert bodies(receive(queues, every)) == ["late"]


def test_what_waited_too_long_comes_first(queues, clock):
    make_queue(queues, "high"), make_queue(queues, "low")
    every = make_list(queues, "high", "low", wait=60)
    send(queues, every, "low")
    clock.advance(59)
    send(queues, every, "high", **asking("high"))
    assert bodies(receive(queues, every, VisibilityTimeout=0)) == ["high", "low"]
    clock.advance(1)
    assert bodies(receive(queues, every)) == ["low", "high"]


def test_a_member_keeps_its_dead_letter_queue(queues):
    dead = make_queue(queues, "dead")
    make_queue(queues, "high", RedrivePolicy=redrive_policy(arn_of(queues, dead), 1))
    every = make_list(queues, "high")
    send(queues, every, "bad")
    receive(queues, every, VisibilityTimeout=0)
    assert receive(queues, every) == []
    assert bodies(receive(queues, dead)) == ["bad"]


def test_a_topic_delivers_to_the_member_that_the_message_asks_for(queues, sns):
    high, low = make_queue(queues, "high"), make_queue(queues, "low")
    every = make_list(queues, "high", "low")
    topic = make_topic(sns)
    subscribe(sns, topic, arn_of(queues, every), RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="urgent", **asking("high"))
    sns.publish(TopicArn=topic, Message="other")
    sns.publish(TopicArn=topic, Message="nowhere", **asking("unknown"))
    assert bodies(receive(queues, high)) == ["urgent"]
    assert bodies(receive(queues, low)) == ["other"]


def test_a_group_in_two_members_is_served_from_one_at_a_time(sqs):
    high, low = make_fifo(sqs, "high.fifo"), make_fifo(sqs, "low.fifo")
    every = make_list(sqs, "high.fifo", "low.fifo", name="all.fifo", fifo=True)
    send_fifo(sqs, low, "a", group="x")
    [held] = receive(sqs, every)
    send_fifo(sqs, high, "b", group="x")
    send_fifo(sqs, high, "c", group="y")
    assert bodies(receive(sqs, every)) == ["c"]
    delete(sqs, every, held)
    assert bodies(receive(sqs, every)) == ["b"]


def test_a_fifo_list_passes_on_groups_and_deduplication(sqs):
    make_fifo(sqs, "high.fifo"), make_fifo(sqs, "low.fifo")
    every = make_list(sqs, "high.fifo", "low.fifo", name="all.fifo", fifo=True)
    first = send_fifo(sqs, every, "a", id="1")
    again = send_fifo(sqs, every, "b", id="1")
    assert first["MessageId"] == again["MessageId"]
    attempt = receive(sqs, every, ReceiveRequestAttemptId="try")
    assert bodies(attempt) == ["a"]
    assert receive(sqs, every, ReceiveRequestAttemptId="try")[0]["MessageId"] == attempt[0]["MessageId"]


def test_a_fifo_topic_delivers_to_a_fifo_list(queues, sns):
    make_fifo(queues, "high.fifo"), make_fifo(queues, "low.fifo")
    every = make_list(queues, "high.fifo", "low.fifo", name="all.fifo", fifo=True)
    topic = make_fifo_topic(sns)
    subscribe(sns, topic, arn_of(queues, every), RawMessageDelivery="true")
    for body, priority in [("a", "1"), ("b", "0")]:
        sns.publish(TopicArn=topic, Message=body, MessageGroupId=body, MessageDeduplicationId=body, **asking(priority))
    assert bodies(receive(queues, every)) == ["b", "a"]
