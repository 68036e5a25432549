"""Publishing: what arrives in the subscribed queues, and what is refused."""

import base64
import datetime
import json
import re

import pytest
from cryptography.exceptions import InvalidSignature

import signatures
from checks import (
    SEQUENCE_NUMBER, UUID, arn_of, binary, bodies, counts, delete, envelope, make_fifo, make_fifo_topic, make_queue,
    make_topic, md5_of_attributes, receive, receive_all, receive_one, refused, subscribe, subscribed_queue, text,
)

FIFO = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}


@pytest.fixture
def topic(sns):
    return make_topic(sns)


@pytest.fixture
def inbox(sns, queues, topic):
    return subscribed_queue(sns, queues, topic)


@pytest.fixture
def raw_inbox(sns, queues, topic):
    return subscribed_queue(sns, queues, topic, "raw", RawMessageDelivery="true")


def take(queues, url, **more):
    return receive_one(queues, url, WaitTimeSeconds=10, **more)


# Envelopes


def test_a_queue_gets_the_message_in_an_envelope(sns, queues, topic, inbox):
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="greeting")
    got = take(queues, inbox)
    assert got["MessageId"] != sent["MessageId"]
    shown = envelope(got)
    unsigned = [member for member in shown if not member.startswith("Sign")]
    assert unsigned == ["Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "UnsubscribeURL"]
    assert (shown["Type"], shown["MessageId"], shown["TopicArn"]) == ("Notification", sent["MessageId"], topic)
    assert (shown["Subject"], shown["Message"]) == ("greeting", "hello")
    assert UUID.fullmatch(sent["MessageId"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown["Timestamp"])
    sent_at = datetime.datetime.fromisoformat(shown["Timestamp"])
    assert abs((datetime.datetime.now(datetime.UTC) - sent_at).total_seconds()) < 60


@pytest.mark.parametrize("version", [None, "1", "2"])
def test_an_envelope_of_a_standard_topic_is_signed(sns, queues, version):
    topic = make_topic(sns, **({"SignatureVersion": version} if version else {}))
    inbox = subscribed_queue(sns, queues, topic)
    for more in [{}, {"Subject": "greeting"}]:
        sns.publish(TopicArn=topic, Message="two\nlines äöü", **more)
        shown = envelope(take(queues, inbox))
        assert shown["SignatureVersion"] == (version or "1")
        signatures.verify(shown)
        with pytest.raises(InvalidSignature):
            signatures.verify(shown | {"Message": "another"})
    members = list(shown)
    assert members[members.index("Timestamp") + 1:-1] == ["SignatureVersion", "Signature", "SigningCertURL"]


def test_the_link_to_unsubscribe_names_the_subscription(sns, queues, topic, inbox, world):
    subscription = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="hello")
    link = envelope(take(queues, inbox))["UnsubscribeURL"]
    assert link == f"{world.hub.endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription}"


def test_an_envelope_without_subject_and_attributes_has_no_such_members(sns, queues, topic, inbox):
    sns.publish(TopicArn=topic, Message="hello")
    got = take(queues, inbox, MessageAttributeNames=["All"])
    assert not {"Subject", "MessageAttributes", "SequenceNumber"} & set(envelope(got))
    assert "MessageAttributes" not in got


def test_attributes_of_a_message_are_in_the_envelope(sns, queues, topic, inbox):
    attributes = {
        "kind": text("book"), "count": text("3", "Number"), "raw": binary(b"\x00\xff"),
        "list": text('["a", 1]', "String.Array"), "labelled": text("x", "String.mine"),
    }
    sns.publish(TopicArn=topic, Message="hello", MessageAttributes=attributes)
    got = take(queues, inbox, MessageAttributeNames=["All"])
    assert envelope(got)["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "book"},
        "count": {"Type": "Number", "Value": "3"},
        "raw": {"Type": "Binary", "Value": base64.b64encode(b"\x00\xff").decode()},
        "list": {"Type": "String.Array", "Value": '["a", 1]'},
        "labelled": {"Type": "String.mine", "Value": "x"},
    }
    assert "MessageAttributes" not in got, "attributes are in the envelope only"


@pytest.mark.parametrize("message", ["\"quoted\"", "a\\b", "line\r\nline\ttab", "äöü😀", "<&>", "{\"a\": 1}", "\u2028"])
def test_a_message_survives_its_envelope(sns, queues, topic, inbox, raw_inbox, message):
    sns.publish(TopicArn=topic, Message=message)
    assert envelope(take(queues, inbox))["Message"] == message
    assert take(queues, raw_inbox)["Body"] == message


# Raw delivery


def test_raw_delivery_forwards_body_and_attributes_with_their_digest(sns, queues, topic, raw_inbox):
    attributes = {"kind": text("book"), "count": text("3", "Number"), "list": text('["a"]', "String.Array")}
    sns.publish(TopicArn=topic, Message="hello", Subject="lost", MessageAttributes=attributes)
    got = take(queues, raw_inbox, MessageAttributeNames=["All"])
    assert (got["Body"], got["MessageAttributes"]) == ("hello", attributes)
    assert got["MD5OfMessageAttributes"] == md5_of_attributes(attributes)


def test_binary_attributes_survive_the_fan_out(sns, queues, topic, raw_inbox):
    attributes = {"raw": binary(bytes(range(256)))}
    sns.publish(TopicArn=topic, Message="hello", MessageAttributes=attributes)
    got = take(queues, raw_inbox, MessageAttributeNames=["All"])
    assert got["MessageAttributes"] == attributes
    assert got["MD5OfMessageAttributes"] == md5_of_attributes(attributes)


def test_raw_delivery_of_more_than_ten_attributes_goes_to_the_dead_letter_queue(sns, queues, topic, inbox):
    dead = make_queue(queues, "dead")
    raw = subscribed_queue(sns, queues, topic, "raw", RawMessageDelivery="true",
                           RedrivePolicy={"deadLetterTargetArn": arn_of(queues, dead)})
    attributes = {f"a{number:02}": text("v") for number in range(11)}
    sns.publish(TopicArn=topic, Message="many", MessageAttributes=attributes)
    assert len(envelope(take(queues, inbox))["MessageAttributes"]) == 11
    assert take(queues, dead)["Body"] == "many"
    assert receive(queues, raw) == []


def test_a_group_id_on_a_standard_topic_is_forwarded(sns, queues, topic, raw_inbox):
    sns.publish(TopicArn=topic, Message="hello", MessageGroupId="tenant")
    assert take(queues, raw_inbox, AttributeNames=["All"])["Attributes"]["MessageGroupId"] == "tenant"


def test_a_trace_header_of_the_publish_reaches_the_queue(world, queues, topic, raw_inbox):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    parameters = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": "x"}
    assert world.post_form(parameters, service="sns", headers={"X-Amzn-Trace-Id": trace}).status == 200
    assert take(queues, raw_inbox, AttributeNames=["All"])["Attributes"]["AWSTraceHeader"] == trace


def test_an_answer_in_json_has_the_members_of_the_one_in_xml(world, sns, topic):
    def publish(topic, **more):
        given = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": "x"} | more
        answer = world.post_form(given, service="sns", headers={"Accept": "application/json"})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        inside = answer.json()["PublishResponse"]
        assert inside["ResponseMetadata"] == {"RequestId": answer.headers["x-amzn-requestid"]}
        return inside["PublishResult"]

    got = publish(topic)
    assert UUID.fullmatch(got["MessageId"]) and got["SequenceNumber"] is None
    assert SEQUENCE_NUMBER.fullmatch(publish(make_fifo_topic(sns), **FIFO)["SequenceNumber"])


# Fan-out


@pytest.mark.parametrize("where", [{"account": "999999999994"}, {"region": "eu-west-1"}], ids=["account", "region"])
def test_a_queue_elsewhere_gets_the_message(world, sns, topic, where):
    elsewhere = world.elsewhere(**where).sqs()
    url = make_queue(elsewhere, f"of-{world.account}")
    subscribe(sns, topic, arn_of(elsewhere, url), RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="far away")
    assert take(elsewhere, url)["Body"] == "far away"


def test_every_subscription_gets_its_own_copy(sns, queues, topic):
    urls = [subscribed_queue(sns, queues, topic, f"inbox-{number}") for number in range(20)]
    sent = sns.publish(TopicArn=topic, Message="to all")
    got = [take(queues, url) for url in urls]
    assert {envelope(message)["MessageId"] for message in got} == {sent["MessageId"]}
    assert len({message["MessageId"] for message in got}) == 20
    delete(queues, urls[0], got[0])
    assert counts(queues, urls[1]) == (0, 1, 0)


def test_a_topic_without_subscriptions_takes_messages(sns, topic):
    assert UUID.fullmatch(sns.publish(TopicArn=topic, Message="to nobody")["MessageId"])


def test_a_failed_delivery_touches_only_its_own_subscription(sns, queues, topic, inbox):
    dead = make_queue(queues, "dead")
    gone = subscribed_queue(sns, queues, topic, "gone", RedrivePolicy={"deadLetterTargetArn": arn_of(queues, dead)})
    small = make_queue(queues, "small", MaximumMessageSize="1024")
    subscribe(sns, topic, arn_of(queues, small))
    queues.delete_queue(QueueUrl=gone)
    sent = sns.publish(TopicArn=topic, Message="x" * 1024)
    assert envelope(take(queues, inbox))["MessageId"] == sent["MessageId"]
    assert envelope(take(queues, dead))["MessageId"] == sent["MessageId"], "what the queue would have got"
    assert receive(queues, small) == []


def test_the_target_of_a_publish_may_be_named_as_target(sns, queues, topic, inbox):
    sns.publish(TargetArn=topic, Message="hello")
    assert envelope(take(queues, inbox))["Message"] == "hello"


def test_a_message_can_say_something_else_to_each_protocol(sns, queues, topic, inbox):
    def publish(**texts):
        sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
        return envelope(take(queues, inbox))["Message"]

    assert publish(default="to all", sqs="to queues") == "to queues"
    assert publish(default="to all", http="to others") == "to all"
    assert publish(default="to all", sqs=1) == "to all"


# What is refused


@pytest.mark.parametrize("wrong,code,message", [
    ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
    ({"Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
    ({"Subject": "x" * 100}, "InvalidParameter", "Invalid parameter: Subject"),
    ({"Subject": "two\nlines"}, "InvalidParameter", "Invalid parameter: Subject"),
    ({"MessageStructure": "json"}, "InvalidParameter",
     "Invalid parameter: Message Structure - JSON message body failed to parse"),
    ({"MessageStructure": "json", "Message": "[]"}, "InvalidParameter",
     "Invalid parameter: Message Structure - JSON message body failed to parse"),
    ({"MessageStructure": "json", "Message": '{"sqs": "x"}'}, "InvalidParameter",
     "Invalid parameter: Message Structure - No default entry in JSON message body"),
    ({"MessageStructure": "yaml"}, "InvalidParameter", "Invalid parameter: MessageStructure"),
    ({"MessageDeduplicationId": "d"}, "InvalidParameter",
     "Invalid parameter: MessageDeduplicationId Reason: "
     "The request includes MessageDeduplicationId parameter that is not valid for this topic type"),
    ({"MessageAttributes": {"a": text("v", "Text")}}, "ParameterValueInvalid",
     "The message attribute 'a' has an invalid message attribute type, "
     "the set of supported type prefixes is Binary, Number, and String."),
    ({"MessageAttributes": {"a": text("")}}, "ParameterValueInvalid",
     "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'."),
    ({"MessageAttributes": {"a": {"DataType": "String", "BinaryValue": b"x"}}}, "ParameterValueInvalid",
     "The message attribute 'a' with type 'String' must use field 'String'."),
    ({"MessageAttributes": {"a": {"DataType": "Binary", "StringValue": "x"}}}, "ParameterValueInvalid",
     "The message attribute 'a' with type 'Binary' must use field 'Binary'."),
    ({"MessageAttributes": {"a": text("five", "Number")}}, "ParameterValueInvalid",
     "Could not cast message attribute 'a' value to number."),
    ({"MessageAttributes": {"a": text("0x10", "Number.hex")}}, "ParameterValueInvalid",
     "Could not cast message attribute 'a' value to number."),
    ({"MessageAttributes": {".a": text("v")}}, "ParameterValueInvalid",
     "Invalid message attribute name starting with character '.' was found."),
    ({"MessageAttributes": {"a.": text("v")}}, "ParameterValueInvalid",
     "Invalid message attribute name ending with character '.' was found."),
    ({"MessageAttributes": {"a..b": text("v")}}, "ParameterValueInvalid",
     "Message attribute name can not have successive '.' character."),
    ({"MessageAttributes": {"a b": text("v")}}, "ParameterValueInvalid",
     "Invalid non-alphanumeric character '#x20' was found in the message attribute name. "
     "Can only include alphanumeric characters, hyphens, underscores, or dots."),
    ({"MessageAttributes": {"a" * 257: text("v")}}, "ParameterValueInvalid",
     "Length of message attribute name must be less than 256 bytes."),
], ids=range(20))
def test_wrong_messages_are_refused_alone_and_in_batches(sns, queues, topic, inbox, wrong, code, message):
    with refused(code, message):
        sns.publish(**{"TopicArn": topic, "Message": "x"} | wrong)
    if wrong != {"Message": ""} and "MessageDeduplicationId" not in wrong:
        with refused(code, message):
            sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "x"} | wrong])
    assert counts(queues, inbox) == (0, 0, 0)


def test_a_message_is_256_kib_with_its_attributes_and_without_its_subject(sns, queues, topic, raw_inbox):
    attributes = {"n": text("v")}
    room = 262144 - len("nStringv")
    sns.publish(TopicArn=topic, Message="x" * room, MessageAttributes=attributes, Subject="s" * 99)
    assert len(take(queues, raw_inbox)["Body"]) == room
    with refused("InvalidParameter", "Invalid parameter: Message too long"):
        sns.publish(TopicArn=topic, Message="x" * (room + 1), MessageAttributes=attributes)
    with refused("InvalidParameter", "Invalid parameter: Message too long"):
        sns.publish(TopicArn=topic, Message="ü" * 131073)


def test_a_topic_can_allow_larger_messages(sns, queues):
    topic = make_topic(sns, "large", MaximumMessageSize="1048576")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["MaximumMessageSize"] == "1048576"
    url = subscribed_queue(sns, queues, topic, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="x" * 1048576)
    assert len(take(queues, url)["Body"]) == 1048576


@pytest.mark.parametrize("size,most", [("1024", 1024), ("524288", 524288)])
def test_the_size_of_a_topic_is_that_of_its_messages_and_of_its_batches(sns, size, most):
    topic = make_topic(sns, "sized", MaximumMessageSize=size)
    sns.publish(TopicArn=topic, Message="x" * most)
    with refused("InvalidParameter", "Invalid parameter: Message too long"):
        sns.publish(TopicArn=topic, Message="x" * (most + 1))
    halves = [{"Id": id, "Message": "x" * (most // 2)} for id in "ab"]
    assert len(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=halves)["Successful"]) == 2
    with refused("BatchRequestTooLong"):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=halves + [{"Id": "c", "Message": "x"}])


@pytest.mark.parametrize("size", ["1023", "1048577", "x", "1024.0"])
def test_a_size_that_a_topic_cannot_have_is_refused(sns, topic, size):
    rule = f"MaximumMessageSize: Invalid value [{size}]. Must be an integer from 1024 to 1048576."
    with refused("InvalidParameter", f"Invalid parameter: {rule}"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue=size)
    with refused("InvalidParameter", f"Invalid parameter: Attributes Reason: {rule}"):
        make_topic(sns, "other", MaximumMessageSize=size)


# Batches


def test_the_trace_header_of_a_batch_goes_with_each_message(world, queues, topic, raw_inbox):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    given = {"Action": "PublishBatch", "Version": "2010-03-31", "TopicArn": topic}
    for number in (1, 2):
        entry = f"PublishBatchRequestEntries.member.{number}"
        given |= {f"{entry}.Id": str(number), f"{entry}.Message": "x"}
    assert world.post_form(given, service="sns", headers={"X-Amzn-Trace-Id": trace}).status == 200
    got = receive_all(queues, raw_inbox, 2, AttributeNames=["All"])
    assert {message["Attributes"]["AWSTraceHeader"] for message in got} == {trace}


def test_a_batch_publishes_ten(sns, queues, topic, raw_inbox):
    entries = [{"Id": f"e{number}", "Message": str(number)} for number in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert answer["Failed"] == []
    assert bodies(receive_all(queues, raw_inbox, 10)) == [str(number) for number in range(10)]


def test_attributes_of_one_entry_do_not_leak_into_another(sns, queues, topic, raw_inbox):
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "a", "Message": "a", "MessageAttributes": {"n": text("1")}},
        {"Id": "b", "Message": "b"},
        {"Id": "c", "Message": "c", "MessageAttributes": {"m": text("2")}},
    ])
    got = receive_all(queues, raw_inbox, 3, MessageAttributeNames=["All"])
    assert {message["Body"]: message.get("MessageAttributes") for message in got} == {
        "a": {"n": text("1")}, "b": None, "c": {"m": text("2")},
    }


def test_an_entry_that_fails_does_not_stop_the_others(sns, queues, topic, raw_inbox):
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "good", "Message": "x"}, {"Id": "empty", "Message": ""},
    ])
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    failed, = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("empty", "InvalidParameter", True)
    assert failed["Message"] == "Invalid parameter: Empty message"
    assert bodies(receive(queues, raw_inbox, WaitTimeSeconds=5)) == ["x"]


@pytest.mark.parametrize("ids,code", [
    ([], "ValidationError"),
    ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
    (["a", "a"], "BatchEntryIdsNotDistinct"),
    (["a b"], "InvalidBatchEntryId"),
    (["a" * 81], "InvalidBatchEntryId"),
], ids=["empty", "eleven", "twice", "space", "long id"])
def test_a_wrong_batch_is_refused_as_a_whole(sns, queues, topic, inbox, ids, code):
    with refused(code):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": id, "Message": "x"} for id in ids])
    assert counts(queues, inbox) == (0, 0, 0)


def test_a_batch_is_no_larger_than_a_message(sns, topic):
    half = "x" * 131072
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": id, "Message": half} for id in "ab"])
    with refused("BatchRequestTooLong", "The length of all the messages put together is more than the limit."):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
            {"Id": "a", "Message": half}, {"Id": "b", "Message": half + "x"},
        ])


# FIFO topics


@pytest.fixture
def fifo(sns):
    return make_fifo_topic(sns)


def test_a_fifo_topic_delivers_in_order_with_group_and_deduplication_id(sns, queues, fifo):
    url = subscribed_queue(sns, queues, fifo, "inbox.fifo")
    sent = [
        sns.publish(TopicArn=fifo, Message=str(number), MessageGroupId="g", MessageDeduplicationId=f"d{number}")
        for number in range(5)
    ]
    numbers = [one["SequenceNumber"] for one in sent]
    assert numbers == sorted(set(numbers)) and all(SEQUENCE_NUMBER.fullmatch(number) for number in numbers)
    got = receive_all(queues, url, 5, AttributeNames=["All"])
    assert [envelope(message)["Message"] for message in got] == [str(number) for number in range(5)]
    assert [envelope(message)["SequenceNumber"] for message in got] == numbers
    assert [message["Attributes"]["MessageDeduplicationId"] for message in got] == [f"d{number}" for number in range(5)]
    assert {message["Attributes"]["MessageGroupId"] for message in got} == {"g"}


def test_envelopes_of_a_fifo_topic_are_not_signed(sns, queues, fifo):
    url = subscribed_queue(sns, queues, fifo, "inbox.fifo")
    sns.publish(TopicArn=fifo, Message="x", **FIFO)
    assert not {"Signature", "SignatureVersion", "SigningCertURL"} & set(envelope(take(queues, url)))


def test_a_standard_queue_of_a_fifo_topic_gets_neither_group_nor_deduplication_id(sns, queues, fifo):
    url = subscribed_queue(sns, queues, fifo)
    sns.publish(TopicArn=fifo, Message="x", **FIFO)
    got = take(queues, url, AttributeNames=["All"])["Attributes"]
    assert not {"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"} & set(got)


def test_a_fifo_topic_swallows_duplicates_for_five_minutes(sns, queues, clock):
    fifo = make_fifo_topic(sns)
    url = subscribed_queue(sns, queues, fifo, "inbox.fifo", RawMessageDelivery="true")

    def publish(message):
        got = sns.publish(TopicArn=fifo, Message=message, **FIFO)
        return got["MessageId"], got["SequenceNumber"]

    first = publish("first")
    clock.advance(299)
    assert publish("second") == first
    delete(queues, url, receive_one(queues, url))
    clock.advance(1.001)
    assert publish("third") != first
    assert bodies(receive(queues, url)) == ["third"]


def test_a_duplicate_within_a_batch_is_answered_like_the_first(sns, queues, fifo):
    url = subscribed_queue(sns, queues, fifo, "inbox.fifo", RawMessageDelivery="true")
    entries = [{"Id": id, "Message": id} | FIFO for id in "ab"]
    first, second = sns.publish_batch(TopicArn=fifo, PublishBatchRequestEntries=entries)["Successful"]
    assert (first["Id"], second["Id"]) == ("a", "b")
    assert (first["MessageId"], first["SequenceNumber"]) == (second["MessageId"], second["SequenceNumber"])
    assert bodies(receive_all(queues, url, 1)) == ["a"]


def test_raw_dead_letters_of_a_fifo_subscription_keep_their_group(sns, queues, fifo):
    dead = make_fifo(queues, "dead.fifo")
    subscribed_queue(sns, queues, fifo, "inbox.fifo", RawMessageDelivery="true",
                     RedrivePolicy={"deadLetterTargetArn": arn_of(queues, dead)})
    attributes = {f"a{number:02}": text("v") for number in range(11)}
    sns.publish(TopicArn=fifo, Message="many", MessageAttributes=attributes, **FIFO)
    got = take(queues, dead, AttributeNames=["All"])
    assert (got["Body"], got["Attributes"]["MessageGroupId"], got["Attributes"]["MessageDeduplicationId"]) == (
        "many", "g", "d")


def test_content_deduplication_of_a_topic_hashes_the_message_and_not_the_envelope(sns, queues):
    fifo = make_fifo_topic(sns, ContentBasedDeduplication="true")
    url = subscribed_queue(sns, queues, fifo, "inbox.fifo")
    sns.publish(TopicArn=fifo, Message="Test", MessageGroupId="g")
    sns.publish(TopicArn=fifo, Message="Test", MessageGroupId="g")
    got, = receive(queues, url, AttributeNames=["All"], WaitTimeSeconds=5)
    digest = "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25"
    assert got["Attributes"]["MessageDeduplicationId"] == digest


def test_duplicates_are_per_group_if_the_topic_says_so(sns, queues):
    fifo = make_fifo_topic(sns, FifoThroughputScope="MessageGroup")
    url = subscribed_queue(sns, queues, fifo, RawMessageDelivery="true")
    for group in "xyx":
        sns.publish(TopicArn=fifo, Message=group, MessageGroupId=group, MessageDeduplicationId="same")
    assert sorted(bodies(receive_all(queues, url, 2))) == ["x", "y"]
    assert receive(queues, url) == []


def test_a_batch_to_a_fifo_topic_keeps_its_order(sns, queues, fifo):
    url = subscribed_queue(sns, queues, fifo, "inbox.fifo", RawMessageDelivery="true")
    entries = [
        {"Id": f"e{number}", "Message": str(number), "MessageGroupId": "g", "MessageDeduplicationId": str(number)}
        for number in range(10)
    ]
    sent = sns.publish_batch(TopicArn=fifo, PublishBatchRequestEntries=entries)["Successful"]
    numbers = [entry["SequenceNumber"] for entry in sent]
    assert numbers == sorted(set(numbers))
    assert bodies(receive_all(queues, url, 10)) == [str(number) for number in range(10)]


@pytest.mark.parametrize("given,message", [
    ({"MessageDeduplicationId": "d"}, "The MessageGroupId parameter is required for FIFO topics"),
    ({"MessageGroupId": "g"}, "The topic should either have ContentBasedDeduplication enabled or "
                              "MessageDeduplicationId provided explicitly"),
])
def test_a_fifo_topic_needs_a_group_and_something_to_recognise_duplicates_by(sns, fifo, given, message):
    with refused("InvalidParameter", f"Invalid parameter: {message}"):
        sns.publish(TopicArn=fifo, Message="x", **given)
    with refused("InvalidParameter", f"Invalid parameter: {message}"):
        sns.publish_batch(TopicArn=fifo, PublishBatchRequestEntries=[{"Id": "a", "Message": "x"} | given])


def test_the_dead_letter_queue_of_a_fifo_subscription_is_fifo(sns, queues, fifo):
    inbox = arn_of(queues, make_fifo(queues, "inbox.fifo"))
    dead = arn_of(queues, make_queue(queues, "dead"))
    with refused("InvalidParameter", "Invalid parameter: Attributes Reason: RedrivePolicy: "
                 "must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."):
        subscribe(sns, fifo, inbox, RedrivePolicy={"deadLetterTargetArn": dead})
