"""Queues: creating, finding, describing, changing, emptying and deleting them."""

import concurrent.futures
import json
import time

import pytest

from checks import (
    arn_of, attributes_of, bodies, counts, delete, make_fifo, make_queue, no_such_queue, receive, receive_one,
    redrive_policy, refused, refused_value, send, send_fifo,
)

DEFAULTS = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
FIFO_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}


def test_a_queue_url_is_endpoint_account_and_name(sqs, world):
    assert make_queue(sqs, "orders") == f"{world.hub.endpoint}/{world.account}/orders"


def test_a_new_queue_has_all_attributes_at_their_defaults(sqs, world):
    got = attributes_of(sqs, make_queue(sqs))
    created = got.pop("CreatedTimestamp")
    assert got.pop("LastModifiedTimestamp") == created
    assert abs(int(created) - time.time()) < 60
    assert got.pop("QueueArn") == f"arn:aws:sqs:us-east-1:{world.account}:orders"
    assert got == DEFAULTS


def test_a_new_fifo_queue_shows_its_own_attributes_too(sqs):
    got = attributes_of(sqs, make_fifo(sqs))
    for name in ("CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"):
        got.pop(name)
    assert got == DEFAULTS | FIFO_DEFAULTS


def test_only_attributes_that_are_asked_for_and_set_are_returned(sqs):
    url = make_queue(sqs)
    assert attributes_of(sqs, url, "DelaySeconds", "Policy", "RedrivePolicy") == {"DelaySeconds": "0"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)


def test_an_unknown_attribute_cannot_be_read(sqs):
    with refused("InvalidAttributeName", "Unknown Attribute Colour."):
        attributes_of(sqs, make_queue(sqs), "Colour")


def test_attributes_given_at_creation_are_kept(sqs):
    given = {"DelaySeconds": "1", "MaximumMessageSize": "2048", "VisibilityTimeout": "0"}
    assert attributes_of(sqs, make_queue(sqs, **given), *given) == given


def test_creating_an_identical_queue_again_returns_its_url(sqs):
    url = make_queue(sqs, VisibilityTimeout="45")
    assert make_queue(sqs, VisibilityTimeout="45") == url
    assert make_queue(sqs) == url, "attributes that are not given are not compared"
    assert make_queue(sqs, DelaySeconds="0") == url, "a default counts as set"


def test_creating_a_queue_with_the_same_name_and_different_attributes_is_refused(sqs):
    make_queue(sqs, VisibilityTimeout="45")
    message = "A queue already exists with the same name and a different value for attribute VisibilityTimeout"
    with refused("QueueAlreadyExists", message) as caught:
        make_queue(sqs, VisibilityTimeout="46")
    assert caught.type is sqs.exceptions.QueueNameExists


@pytest.mark.parametrize("given,different", [
    ({"DelaySeconds": "1"}, {"DelaySeconds": "2"}),
    ({"MaximumMessageSize": "1024"}, {"MaximumMessageSize": "1048576"}),
    ({"KmsMasterKeyId": "alias/a"}, {"KmsMasterKeyId": "alias/b"}),
    ({"SqsManagedSseEnabled": "false"}, {"SqsManagedSseEnabled": "true"}),
    ({"RedriveAllowPolicy": {"redrivePermission": "denyAll"}}, {"RedriveAllowPolicy": {"redrivePermission": "allowAll"}}),
    ({}, {"ReceiveMessageWaitTimeSeconds": "20"}),
])
def test_the_attribute_that_differs_is_named(sqs, given, different):
    make_queue(sqs, **given)
    make_queue(sqs, **given)
    (name,) = different
    with refused("QueueAlreadyExists", f"A queue already exists with the same name and a different value for attribute {name}"):
        make_queue(sqs, **different)


@pytest.mark.parametrize("attribute,different", [
    ("ContentBasedDeduplication", "true"), ("DeduplicationScope", "messageGroup"),
])
def test_attributes_of_fifo_queues_are_compared_too(sqs, attribute, different):
    url = make_fifo(sqs)
    assert make_fifo(sqs) == url
    with refused("QueueAlreadyExists", f"A queue already exists with the same name and a different value for attribute {attribute}"):
        make_fifo(sqs, **{attribute: different})


@pytest.mark.parametrize("name", ["", "a b", "ü", "a" * 81, "orders.fifo", "or/ders", "orders.", "orders!"])
def test_a_queue_name_is_80_letters_digits_hyphens_and_underscores(world, protocol, name):
    answer = world.call("sqs", protocol, "CreateQueue", {"QueueName": name})
    assert (answer.fault().status, answer.fault().code) == (400, "InvalidParameterValue")


def test_the_longest_names_are_accepted(sqs):
    make_queue(sqs, "a" * 80)
    make_queue(sqs, "A-Za-z0-9_-")
    make_fifo(sqs, "b" * 75 + ".fifo")


def test_a_fifo_queue_needs_its_suffix(sqs):
    with refused_value():
        make_fifo(sqs, "orders")


RANGES = [
    ("KmsDataKeyReusePeriodSeconds", 60, 86400),
    ("DelaySeconds", 0, 900),
    ("MaximumMessageSize", 1024, 1048576),
    ("MessageRetentionPeriod", 60, 1209600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ("VisibilityTimeout", 0, 43200),
]


@pytest.mark.parametrize("name,least,most", RANGES)
def test_numeric_attributes_have_ranges(sqs, name, least, most):
    key = {"KmsMasterKeyId": "alias/mine"} if name.startswith("Kms") else {}
    url = make_queue(sqs, "a", **{name: str(least)}, **key)
    assert attributes_of(sqs, url, name) == {name: str(least)}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(most)})
    assert attributes_of(sqs, url, name) == {name: str(most)}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: f"00{least}"})
    assert attributes_of(sqs, url, name) == {name: str(least)}, "numbers have one form"
    for wrong in (str(least - 1), str(most + 1), "", "ten", "1.5", "99999999999999999999999999"):
        with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}."):
            make_queue(sqs, "b", **{name: wrong})
        with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}."):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={name: wrong})


@pytest.mark.parametrize("name", ["QueueArn", "ApproximateNumberOfMessages", "CreatedTimestamp", "Colour", "delaySeconds"])
def test_read_only_and_unknown_attributes_cannot_be_set(sqs, name):
    url = make_queue(sqs)
    with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
        make_queue(sqs, "other", **{name: "1"})
    with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})


def test_no_attribute_is_set_if_one_is_refused(sqs):
    url = make_queue(sqs)
    with refused("InvalidAttributeValue"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5", "VisibilityTimeout": "-1"})
    assert attributes_of(sqs, url, "DelaySeconds") == {"DelaySeconds": "0"}


def test_an_empty_string_removes_a_policy(sqs):
    dead = arn_of(sqs, make_queue(sqs, "dead"))
    url = make_queue(sqs, RedrivePolicy=redrive_policy(dead, 3))
    assert "RedrivePolicy" in attributes_of(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes_of(sqs, url)


def test_an_empty_string_at_creation_is_no_attribute(sqs):
    empty = dict.fromkeys(("Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"), "")
    url = make_queue(sqs, **empty)
    assert attributes_of(sqs, url, *empty) == {}
    assert make_queue(sqs, **empty) == url


def test_the_kind_of_a_queue_cannot_be_changed(sqs):
    with refused("InvalidAttributeName", "Unknown Attribute FifoQueue."):
        sqs.set_queue_attributes(QueueUrl=make_queue(sqs), Attributes={"FifoQueue": "true"})
    fifo = make_fifo(sqs)
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoQueue": "true"})
    with refused("InvalidAttributeValue"):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoQueue": "false"})


def test_changing_attributes_changes_the_time_of_last_modification(sqs, clock):
    url = make_queue(sqs)
    clock.advance(90)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5"})
    got = attributes_of(sqs, url)
    assert int(got["LastModifiedTimestamp"]) - int(got["CreatedTimestamp"]) == 90


def test_one_kind_of_encryption_at_a_time(sqs):
    url = make_queue(sqs)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/mine"})
    got = attributes_of(sqs, url, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
    assert got == {
        "KmsMasterKeyId": "alias/mine",
        "KmsDataKeyReusePeriodSeconds": "300",
        "SqsManagedSseEnabled": "false",
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert attributes_of(sqs, url, "KmsMasterKeyId", "SqsManagedSseEnabled") == {"SqsManagedSseEnabled": "true"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/mine"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": ""})
    got = attributes_of(sqs, url, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
    assert got == {"SqsManagedSseEnabled": "false"}, "the other kind does not come back by itself"
    with refused("InvalidAttributeName"):
        make_queue(sqs, "other", KmsMasterKeyId="alias/mine", SqsManagedSseEnabled="true")


def test_high_throughput_needs_deduplication_per_group(sqs):
    with refused("InvalidAttributeValue"):
        make_fifo(sqs, "a.fifo", FifoThroughputLimit="perMessageGroupId")
    make_fifo(sqs, "b.fifo", FifoThroughputLimit="perMessageGroupId", DeduplicationScope="messageGroup")


def test_a_queue_is_found_by_its_name(sqs):
    url = make_queue(sqs)
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == url
    with no_such_queue() as caught:
        sqs.get_queue_url(QueueName="Orders")
    assert caught.type is sqs.exceptions.QueueDoesNotExist


def test_a_queue_is_found_by_its_name_and_owner(sqs, world):
    url = make_queue(sqs)
    assert sqs.get_queue_url(QueueName="orders", QueueOwnerAWSAccountId=world.account)["QueueUrl"] == url
    with no_such_queue():
        sqs.get_queue_url(QueueName="nothing", QueueOwnerAWSAccountId=world.account)


def test_queues_are_listed_by_prefix(sqs):
    urls = [make_queue(sqs, name) for name in ("a-1", "a-2", "b-1")]
    assert sorted(sqs.list_queues()["QueueUrls"]) == urls
    assert sorted(sqs.list_queues(QueueNamePrefix="a-")["QueueUrls"]) == urls[:2]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="A-")


def test_an_account_without_queues_has_no_list_of_them(sqs):
    assert "QueueUrls" not in sqs.list_queues()


def pages(sqs, **more):
    token = {}
    while True:
        page = sqs.list_queues(MaxResults=2, **more, **token)
        yield page.get("QueueUrls", [])
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def test_lists_of_queues_come_in_pages(sqs):
    urls = {make_queue(sqs, f"q-{number}") for number in range(5)}
    got = list(pages(sqs))
    assert [len(page) for page in got] == [2, 2, 1]
    assert {url for page in got for url in page} == urls
    assert "NextToken" not in sqs.list_queues(), "a token is for those who asked for pages"


def test_the_next_page_is_stable_when_queues_come_and_go(sqs):
    urls = [make_queue(sqs, f"q-{number}") for number in range(6)]
    listing = pages(sqs)
    first = next(listing)
    sqs.delete_queue(QueueUrl=first[1])
    make_queue(sqs, "a-new")
    rest = [url for page in listing for url in page]
    assert set(urls) - set(first) <= set(rest), "every queue that was there all the time is listed"
    assert not set(first) & set(rest), "none is listed twice"


@pytest.mark.parametrize("wrong", [{"MaxResults": 0}, {"MaxResults": 1001}, {"MaxResults": 2, "NextToken": "nonsense"}])
def test_wrong_pages_are_refused(sqs, wrong):
    with refused_value():
        sqs.list_queues(**wrong)


def test_a_deleted_queue_is_gone_at_once(sqs):
    url = make_queue(sqs)
    send(sqs, url)
    sqs.delete_queue(QueueUrl=url)
    assert "QueueUrls" not in sqs.list_queues()
    for operation in (
        lambda: sqs.get_queue_url(QueueName="orders"),
        lambda: send(sqs, url),
        lambda: receive(sqs, url),
        lambda: attributes_of(sqs, url),
    ):
        with no_such_queue():
            operation()


def test_deleting_an_unknown_queue_is_an_error(sqs, world):
    with no_such_queue():
        sqs.delete_queue(QueueUrl=f"{world.hub.endpoint}/{world.account}/nothing")


def test_a_deleted_name_can_be_used_again_at_once_and_its_messages_are_gone(sqs):
    url = make_queue(sqs)
    send(sqs, url)
    sqs.delete_queue(QueueUrl=url)
    assert make_queue(sqs, DelaySeconds="0") == url
    assert receive(sqs, url) == []
    assert counts(sqs, url) == (0, 0, 0)


@pytest.mark.flags("--strict")
def test_with_strict_a_deleted_name_rests_for_60_seconds(sqs, clock):
    sqs.delete_queue(QueueUrl=make_queue(sqs))
    clock.advance(59)
    message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    with refused("AWS.SimpleQueueService.QueueDeletedRecently", message):
        make_queue(sqs)
    clock.advance(1.001)
    make_queue(sqs)


@pytest.mark.flags("--strict")
def test_with_strict_a_queue_is_purged_once_in_60_seconds(sqs, clock):
    url = make_queue(sqs)
    sqs.purge_queue(QueueUrl=url)
    clock.advance(59)
    message = "Only one PurgeQueue operation on orders is allowed every 60 seconds."
    with refused("AWS.SimpleQueueService.PurgeQueueInProgress", message, status=403) as caught:
        sqs.purge_queue(QueueUrl=url)
    assert caught.type is sqs.exceptions.PurgeQueueInProgress
    clock.advance(1.001)
    sqs.purge_queue(QueueUrl=url)


def test_purging_drops_visible_delayed_and_received_messages(sqs):
    url = make_queue(sqs)
    for body in ("received", "visible"):
        send(sqs, url, body)
    send(sqs, url, "delayed", DelaySeconds=60)
    held = receive_one(sqs, url)
    assert counts(sqs, url) == (1, 1, 1)
    sqs.purge_queue(QueueUrl=url)
    assert counts(sqs, url) == (0, 0, 0)
    delete(sqs, url, held)
    sqs.purge_queue(QueueUrl=url)
    send(sqs, url, "after")
    assert bodies(receive(sqs, url)) == ["after"]


def test_purging_clears_the_deduplication_memory_of_a_fifo_queue(sqs):
    url = make_fifo(sqs)
    send_fifo(sqs, url, "a")
    sqs.purge_queue(QueueUrl=url)
    send_fifo(sqs, url, "a")
    assert bodies(receive(sqs, url)) == ["a"]


def test_purging_an_unknown_queue_is_an_error(sqs, world):
    with no_such_queue():
        sqs.purge_queue(QueueUrl=f"{world.hub.endpoint}/{world.account}/nothing")


def test_long_polls_are_released_when_their_queue_is_deleted(sqs):
    url = make_queue(sqs)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        started = time.monotonic()
        poll = pool.submit(receive, sqs, url, WaitTimeSeconds=20)
        # A short poll that is answered shows nothing of the long one; deleting is right whichever comes first.
        sqs.delete_queue(QueueUrl=url)
        with no_such_queue():
            poll.result()
    assert time.monotonic() - started < 15


def test_tags_given_at_creation_are_there(sqs):
    url = sqs.create_queue(QueueName="orders", tags={"team": "shipping", "empty": ""})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "shipping", "empty": ""}


def test_tags_are_added_overwritten_and_removed(sqs):
    url = make_queue(sqs)
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    sqs.tag_queue(QueueUrl=url, Tags={"b": "3", "Ü": "ß"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1", "b": "3", "Ü": "ß"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["a", "Ü", "unknown"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "3"}


def test_a_queue_has_50_tags_at_most(sqs):
    url = make_queue(sqs)
    sqs.tag_queue(QueueUrl=url, Tags={f"k{number}": "" for number in range(50)})
    with refused_value("Too many tags added for queue orders."):
        sqs.tag_queue(QueueUrl=url, Tags={"one-more": ""})
    sqs.tag_queue(QueueUrl=url, Tags={"k0": "overwritten"})


@pytest.mark.parametrize("key,value,fits", [
    ("k" * 128, "v" * 256, True), ("ü" * 128, "ü" * 256, True), ("Team", "", True), ("awsome:", "x", True), (" ", " ", True),
    ("k" * 129, "", False), ("", "v", False), ("k", "v" * 257, False), ("aws:k", "v", False), ("AWS:k", "v", False),
])
def test_tags_have_limits(sqs, key, value, fits):
    url = make_queue(sqs)
    if fits:
        sqs.tag_queue(QueueUrl=url, Tags={key: value})
        sqs.create_queue(QueueName="tagged", tags={key: value})
        assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {key: value}
        return
    with refused_value():
        sqs.tag_queue(QueueUrl=url, Tags={key: value})
    with refused_value():
        sqs.create_queue(QueueName="tagged", tags={key: value})
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    with no_such_queue():
        sqs.get_queue_url(QueueName="tagged")


def test_keys_of_tags_are_different_in_different_case(sqs):
    url = make_queue(sqs)
    sqs.tag_queue(QueueUrl=url, Tags={"team": "1", "Team": "2"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "1", "Team": "2"}


def test_tags_of_a_queue_that_exists_are_neither_compared_nor_added(sqs):
    url = sqs.create_queue(QueueName="orders", tags={"a": "1"})["QueueUrl"]
    assert sqs.create_queue(QueueName="orders", tags={"a": "2", "b": "3"})["QueueUrl"] == url
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1"}


def test_tags_are_no_modification_of_the_attributes(sqs, clock):
    url = make_queue(sqs)
    clock.advance(90)
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1"})
    got = attributes_of(sqs, url, "CreatedTimestamp", "LastModifiedTimestamp")
    assert got["CreatedTimestamp"] == got["LastModifiedTimestamp"]


def test_tags_of_an_unknown_queue_are_an_error(sqs, world):
    url = f"{world.hub.endpoint}/{world.account}/nothing"
    with no_such_queue():
        sqs.list_queue_tags(QueueUrl=url)
    with no_such_queue():
        sqs.tag_queue(QueueUrl=url, Tags={"a": "b"})
    with no_such_queue():
        sqs.untag_queue(QueueUrl=url, TagKeys=["a"])


def test_accounts_and_regions_are_worlds_of_their_own(world, protocol):
    worlds = [world, world.elsewhere(account="999999999999"), world.elsewhere(region="eu-west-1")]
    for number, one in enumerate(worlds):
        client = one.sqs(protocol)
        url = make_queue(client)
        send(client, url, str(number))
        assert arn_of(client, url) == f"arn:aws:sqs:{one.region}:{one.account}:orders"
    for number, one in enumerate(worlds):
        client = one.sqs(protocol)
        url = client.get_queue_url(QueueName="orders")["QueueUrl"]
        assert bodies(receive(client, url)) == [str(number)]
        client.delete_queue(QueueUrl=url)


def test_a_queue_of_another_account_is_denied_without_a_policy(world, protocol):
    theirs = world.elsewhere(account="999999999997").sqs(protocol)
    url = make_queue(theirs)
    with refused("AccessDenied", status=403):
        receive(world.sqs(protocol), url)
