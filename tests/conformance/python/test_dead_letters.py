"""Dead-letter queues."""

import json

import pytest

from checks import (
    arn_of, attributes_of, bodies, counts, delete, make_fifo, make_queue, no_such_queue, receive, receive_one,
    redrive_policy, refused, refused_value, send, send_fifo, text,
)


def pair(sqs, count=2, **attributes):
    """A queue and its dead-letter queue."""
    dead = make_queue(sqs, "dead")
    return make_queue(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), count), **attributes), dead


def test_a_message_moves_when_it_has_been_received_as_often_as_allowed(sqs, clock):
    url, dead = pair(sqs, count=2)
    sent = send(sqs, url, "poison", MessageAttributes={"n": text("1")})
    for _ in range(2):
        receive_one(sqs, url, VisibilityTimeout=10)
        clock.advance(10)
    assert receive(sqs, url) == []
    got = receive_one(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "poison")
    assert got["MessageAttributes"] == {"n": text("1")}
    assert got["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(sqs, url)
    assert counts(sqs, url) == (0, 0, 0)
    delete(sqs, dead, got)


def test_a_message_that_is_deleted_in_its_last_receive_does_not_move(sqs, clock):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    delete(sqs, url, receive_one(sqs, url, VisibilityTimeout=10))
    clock.advance(100)
    assert receive(sqs, url) == [] and counts(sqs, dead) == (0, 0, 0)


def test_the_count_of_receives_goes_on_in_the_dead_letter_queue(sqs, clock):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    got = receive_one(sqs, dead, AttributeNames=["ApproximateReceiveCount"])
    assert got["Attributes"] == {"ApproximateReceiveCount": "2"}


def test_a_message_given_back_moves_too(sqs):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    handle = receive_one(sqs, url)["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    assert counts(sqs, dead) == (1, 0, 0)


def test_a_message_moves_even_if_nobody_receives_any_more(sqs, clock):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(120)
    assert counts(sqs, dead) == (1, 0, 0)


def test_the_time_of_sending_is_kept_and_counts_for_retention(sqs, clock):
    dead = make_queue(sqs, "dead", MessageRetentionPeriod="100")
    url = make_queue(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    sent_ms = clock.now_ms()
    send(sqs, url)
    clock.advance(60)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    got = receive_one(sqs, dead, AttributeNames=["SentTimestamp"], VisibilityTimeout=0)
    assert got["Attributes"] == {"SentTimestamp": str(sent_ms)}
    clock.advance(41)
    assert receive(sqs, dead) == []


def test_a_fifo_group_goes_on_when_its_head_moves(sqs, clock):
    dead = make_fifo(sqs, "dead.fifo")
    url = make_fifo(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    for body in "ab":
        send_fifo(sqs, url, body)
    receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(10)
    assert bodies(receive(sqs, url)) == ["b"]
    got = receive_one(sqs, dead, AttributeNames=["All"])
    assert got["Body"] == "a"
    assert (got["Attributes"]["MessageGroupId"], got["Attributes"]["MessageDeduplicationId"]) == ("g", "a")


def test_a_message_moved_out_of_a_fifo_queue_is_still_a_duplicate_there(sqs):
    dead = make_fifo(sqs, "dead.fifo")
    url = make_fifo(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    first = send_fifo(sqs, url, "a")
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    assert send_fifo(sqs, url, "a")["MessageId"] == first["MessageId"]
    assert receive(sqs, url) == []


def test_messages_stay_when_the_dead_letter_queue_is_gone(sqs):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    sqs.delete_queue(QueueUrl=dead)
    assert bodies(receive(sqs, url)) == ["hello"]


def test_a_message_due_to_move_stays_when_the_dead_letter_queue_is_gone_and_moves_when_it_is_back(sqs, clock):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=10)
    sqs.delete_queue(QueueUrl=dead)
    clock.advance(600)
    assert counts(sqs, url) == (1, 0, 0)
    receive_one(sqs, url, VisibilityTimeout=10)
    clock.advance(600)
    assert counts(sqs, url) == (1, 0, 0)
    assert make_queue(sqs, "dead") == dead
    assert receive(sqs, url) == []
    assert bodies(receive(sqs, dead)) == ["hello"]


def test_a_message_moves_at_once_whatever_the_delay_of_the_dead_letter_queue(sqs):
    dead = make_queue(sqs, "dead", DelaySeconds="900")
    url = make_queue(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    assert bodies(receive(sqs, dead)) == ["hello"]


def test_a_fifo_message_is_kept_anew_from_its_move(sqs, clock):
    dead = make_fifo(sqs, "dead.fifo", MessageRetentionPeriod="100")
    url = make_fifo(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, dead), 1))
    send_fifo(sqs, url, "a")
    clock.advance(90)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    clock.advance(99)
    assert counts(sqs, dead) == (1, 0, 0), "99 seconds from the move, 189 from the send"
    clock.advance(1)
    assert counts(sqs, dead) == (0, 0, 0)


def test_everything_about_a_message_moves_with_it(sqs, clock):
    url, dead = pair(sqs, count=1)
    sent = send(sqs, url, MessageGroupId="tenant", MessageAttributes={"n": text("1")},
                MessageSystemAttributes={"AWSTraceHeader": text("Root=1")})
    before = receive_one(sqs, url, AttributeNames=["All"], VisibilityTimeout=0)
    clock.advance(5)
    assert receive(sqs, url) == []
    after = receive_one(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert after["MessageId"] == sent["MessageId"] and after["MessageAttributes"] == {"n": text("1")}
    assert after["Attributes"] == before["Attributes"] | {
        "ApproximateReceiveCount": "2", "DeadLetterQueueSourceArn": arn_of(sqs, url)}


def test_a_queue_may_be_its_own_dead_letter_queue(sqs):
    url = make_queue(sqs)
    arn = arn_of(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive_policy(arn, 1)})
    assert sqs.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"] == [url]
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == [], "this receive moves it to where it is"
    got = receive_one(sqs, url, AttributeNames=["DeadLetterQueueSourceArn"])
    assert (got["Body"], got["Attributes"]) == ("hello", {"DeadLetterQueueSourceArn": arn})


def test_a_policy_that_is_removed_moves_nothing(sqs):
    url, dead = pair(sqs, count=1)
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert bodies(receive(sqs, url)) == ["hello"]
    assert counts(sqs, dead) == (0, 0, 0)


@pytest.mark.parametrize("count", [3, "3"])
def test_a_redrive_policy_takes_its_count_as_number_or_text_and_shows_a_number(sqs, count):
    dead = arn_of(sqs, make_queue(sqs, "dead"))
    url = make_queue(sqs, RedrivePolicy=redrive_policy(dead, count))
    shown = attributes_of(sqs, url, "RedrivePolicy")["RedrivePolicy"]
    assert shown == json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3}, separators=(",", ":"))
    assert make_queue(sqs, RedrivePolicy=redrive_policy(dead, 3)) == url, "policies are compared by value"


@pytest.mark.parametrize("count", [0, 1001, -1, "many", 1.5, None])
def test_a_redrive_policy_has_a_count_from_1_to_1000(sqs, count):
    dead = arn_of(sqs, make_queue(sqs, "dead"))
    for limit in (1, 1000):
        make_queue(sqs, f"limit-{limit}", RedrivePolicy=redrive_policy(dead, limit))
    with refused_value():
        make_queue(sqs, RedrivePolicy=redrive_policy(dead, count))


@pytest.mark.parametrize("policy", ["nonsense", "[]", "3", "null", '"{}"'])
def test_a_redrive_policy_is_a_json_object(sqs, policy):
    url = make_queue(sqs)
    with refused("InvalidAttributeValue"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})


def test_a_redrive_policy_encoded_twice_is_refused(sqs):
    dead = arn_of(sqs, make_queue(sqs, "dead"))
    with refused("InvalidAttributeValue"):
        make_queue(sqs, RedrivePolicy=json.dumps(redrive_policy(dead, 3)))


def test_a_dead_letter_queue_exists_and_is_of_the_same_kind_account_and_region(sqs, world):
    make_queue(sqs, "dead")
    make_fifo(sqs, "dead.fifo")
    prefix = f"arn:aws:sqs:us-east-1:{world.account}"
    for target in (
        f"{prefix}:nothing", f"{prefix}:dead.fifo", "nonsense", f"arn:aws:sns:us-east-1:{world.account}:dead",
        "arn:aws:sqs:us-east-1:999999999999:dead", f"arn:aws:sqs:eu-west-1:{world.account}:dead",
    ):
        with refused_value():
            make_queue(sqs, RedrivePolicy=redrive_policy(target, 3))
    with refused_value():
        make_fifo(sqs, RedrivePolicy=redrive_policy(f"{prefix}:dead", 3))
    make_queue(sqs, RedrivePolicy=redrive_policy(f"{prefix}:dead", 3))


def test_a_dead_letter_queue_can_refuse_its_sources(sqs, world):
    prefix = f"arn:aws:sqs:us-east-1:{world.account}"
    make_queue(sqs, "closed", RedriveAllowPolicy={"redrivePermission": "denyAll"})
    make_queue(sqs, "some", RedriveAllowPolicy={"redrivePermission": "byQueue", "sourceQueueArns": [f"{prefix}:friend"]})
    with refused_value():
        make_queue(sqs, RedrivePolicy=redrive_policy(f"{prefix}:closed", 3))
    with refused_value():
        make_queue(sqs, RedrivePolicy=redrive_policy(f"{prefix}:some", 3))
    make_queue(sqs, "friend", RedrivePolicy=redrive_policy(f"{prefix}:some", 3))


@pytest.mark.parametrize("policy", [
    '{"redrivePermission": "allowAll"}',
    ' {"redrivePermission":"denyAll"}\n',
    json.dumps({"sourceQueueArns": [f"arn:aws:sqs:us-east-1:111122223333:q{number}" for number in range(10)],
                "redrivePermission": "byQueue"}),
])
def test_the_policy_of_a_dead_letter_queue_is_returned_as_it_was_set(sqs, policy):
    url = make_queue(sqs, RedriveAllowPolicy=policy)
    assert attributes_of(sqs, url, "RedriveAllowPolicy") == {"RedriveAllowPolicy": policy}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": ""})
    assert attributes_of(sqs, url, "RedriveAllowPolicy") == {}


def test_sources_are_refused_when_they_set_their_policy_and_not_later(sqs):
    url, dead = pair(sqs, count=1)
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'})
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    assert counts(sqs, dead) == (1, 0, 0), "what was allowed stays so"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})
    with refused_value():
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive_policy(arn_of(sqs, dead), 2)})


def test_pages_of_sources_are_stable_when_queues_come_and_go(sqs):
    dead = make_queue(sqs, "dead")
    policy = redrive_policy(arn_of(sqs, dead), 3)
    urls = [make_queue(sqs, f"q-{number}", RedrivePolicy=policy) for number in range(6)]
    page = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2)
    assert page["queueUrls"] == urls[:2]
    sqs.delete_queue(QueueUrl=urls[1])
    make_queue(sqs, "a-new", RedrivePolicy=policy)
    rest = []
    while "NextToken" in page:
        page = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2, NextToken=page["NextToken"])
        rest += page["queueUrls"]
    assert rest == urls[2:]
    assert "NextToken" not in sqs.list_dead_letter_source_queues(QueueUrl=dead), "a token is for those who asked for pages"


def test_the_sources_of_a_dead_letter_queue_are_listed(sqs, world):
    dead = make_queue(sqs, "dead")
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead).get("queueUrls", []) == []
    policy = redrive_policy(arn_of(sqs, dead), 3)
    sources = [make_queue(sqs, f"source-{number}", RedrivePolicy=policy) for number in range(3)]
    assert sorted(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]) == sources
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2)
    rest = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert sorted(first["queueUrls"] + rest["queueUrls"]) == sources
    assert "NextToken" not in rest
    sqs.set_queue_attributes(QueueUrl=sources[0], Attributes={"RedrivePolicy": ""})
    sqs.delete_queue(QueueUrl=sources[1])
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == sources[2:]
    with no_such_queue():
        sqs.list_dead_letter_source_queues(QueueUrl=f"{world.hub.endpoint}/{world.account}/nothing")


def test_a_chain_of_dead_letter_queues_hands_on(sqs):
    last = make_queue(sqs, "last")
    middle = make_queue(sqs, "middle", RedrivePolicy=redrive_policy(arn_of(sqs, last), 1))
    url = make_queue(sqs, RedrivePolicy=redrive_policy(arn_of(sqs, middle), 1))
    send(sqs, url)
    receive_one(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    receive_one(sqs, middle, VisibilityTimeout=0)
    assert receive(sqs, middle) == []
    got = receive_one(sqs, last, AttributeNames=["DeadLetterQueueSourceArn"])
    assert got["Attributes"] == {"DeadLetterQueueSourceArn": arn_of(sqs, middle)}
