"""Every way to be refused, as data: each row of `data/errors.json` is produced over the wire, or has a reason.

A recipe prepares an account and yields requests that must be refused as its row says, with the values of the
placeholders in the row's message. Rows of SQS are produced in both protocols. Codes and status are exact for every
row; texts for rows of high and medium confidence, since AWS's own texts are not known for the others.
"""

import json
import pathlib
import re

import pytest

from checks import (
    arn_of, make_fifo, make_fifo_topic, make_queue, make_topic, receive_one, redrive_policy, send, send_fifo,
    subscribe, text, binary,
)

ROWS = {
    row["id"]: row
    for row in json.loads((pathlib.Path(__file__).resolve().parents[1] / "data" / "errors.json").read_text())
}

NO_SIGNATURES = "signatures and access keys are read, not verified yet"
NO_POLICIES = "policies are stored, not evaluated yet"
NO_KMS = "nothing is encrypted by a key of the caller, so no key can fail"

NOT_PRODUCED = {
    "sqs-001": "a request that is not signed belongs to the default account",
    "sqs-003": NO_SIGNATURES,
    "sqs-004": NO_SIGNATURES,
    "sqs-005": NO_SIGNATURES,
    "sqs-006": NO_SIGNATURES,
    "sqs-007": NO_SIGNATURES,
    "sqs-008": NO_SIGNATURES,
    "sqs-017": "nothing is throttled",
    "sqs-018": "AWS answers with the row of the unknown queue instead",
    "sqs-019": "plain HTTP is what a hub of one's own speaks",
    **{f"sqs-{number:03}": NO_KMS for number in range(20, 27)},
    "sqs-027": "an internal error cannot be asked for",
    "sqs-109": "produced by `a_standard_queue_with_120000_messages_in_flight_is_over_its_limit`, which is quicker",
    "sqs-121": "a message that is not in flight is hidden again, as AWS was seen to do",
    "sns-147": "a request that is not signed belongs to the default account",
    "sns-148": NO_SIGNATURES,
    "sns-149": NO_SIGNATURES,
    "sns-150": NO_SIGNATURES,
    "sns-151": NO_SIGNATURES,
    "sns-152": NO_POLICIES,
    "sns-154": "nothing is throttled",
    "sns-166": "a quota of 100,000 topics belongs to the tests of scale",
    "sns-182": "produced by `test_a_hub_that_others_reach_does_not_call_its_neighbours`, which needs such a hub",
    "sns-188": "a quota of millions of subscriptions belongs to the tests of scale",
    "sns-189": "quotas of filter policies belong to the tests of scale",
    "sns-213": NO_SIGNATURES,
}

RECIPES = {}


def recipe(*ids):
    def register(function):
        for id in ids:
            assert id not in RECIPES, id
            RECIPES[id] = function
        return function

    return register


def simple(id, operation, parameters, **values):
    """A recipe of one request that needs nothing before it."""
    recipe(id)(lambda setting: [(operation, parameters, values)])


class Setting:
    """What a recipe may need, made when it is asked for."""

    def __init__(self, world, clock=None):
        self.world, self.clock = world, clock
        self.sqs = world.sqs()
        self.sns = world.sns()
        self.prefix = f"arn:aws:sqs:us-east-1:{world.account}"

    def queue(self, name="orders", **attributes):
        make = make_fifo if name.endswith(".fifo") else make_queue
        return make(self.sqs, name, **attributes)

    def handle(self, url, **more):
        (send_fifo if url.endswith(".fifo") else send)(self.sqs, url, "x")
        return receive_one(self.sqs, url, **more)["ReceiptHandle"]

    def topic(self, name="events", **attributes):
        make = make_fifo_topic if name.endswith(".fifo") else make_topic
        return make(self.sns, name, **attributes)

    def of_platform(self, resource):
        return f"arn:aws:sns:us-east-1:{self.world.account}:{resource}"

    def subscription(self, topic=None, queue="inbox"):
        return subscribe(self.sns, topic or self.topic(), arn_of(self.sqs, self.queue(queue)))


# SQS: the request itself


@recipe("sqs-002")
def _(setting):
    world = setting.world
    theirs = make_queue(world.elsewhere(account="999999999996").sqs(), f"of-{world.account}")
    for operation, more in (
        ("SendMessage", {"MessageBody": "x"}), ("ReceiveMessage", {}), ("GetQueueAttributes", {}), ("DeleteQueue", {}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "0"}}), ("ListQueueTags", {}), ("PurgeQueue", {}),
        ("AddPermission", {"Label": "a", "AWSAccountIds": [world.account], "Actions": ["*"]}),
        ("RemovePermission", {"Label": "a"}),
    ):
        yield operation, {"QueueUrl": theirs} | more, {
            "caller_arn": f"arn:aws:iam::{world.account}:root", "operation_lowercase": operation.lower(),
            "queue_arn": f"arn:aws:sqs:us-east-1:999999999996:of-{world.account}", "queue_url": theirs,
        }


@recipe("sqs-009")
def _(setting):
    yield "json only", ("X-Amz-Target", "AmazonSQS.MakeCoffee"), {}


@recipe("sqs-010")
def _(setting):
    yield "query only", {"Action": "MakeCoffee", "Version": "2012-11-05"}, {"Action": "MakeCoffee"}


@recipe("sqs-011")
def _(setting):
    yield "no action", {}, {}


@recipe("sqs-012")
def _(setting):
    for body in (b"{", b"[]", b"null", b"3", b'"x"', b'{"a": 1,}', b"\xff\xfe"):
        yield "json body", ("SendMessage", body), {}


@recipe("sqs-013")
def _(setting):
    body = {"QueueUrl": setting.queue(), "DelaySeconds": "5", "MessageBody": "x"}
    yield "json body", ("SendMessage", json.dumps(body).encode()), {}


@recipe("sqs-014")
def _(setting):
    yield "json body", ("SendMessage", json.dumps({"QueueUrl": setting.queue(), "MessageBody": 5}).encode()), {}


@recipe("sqs-015")
def _(setting):
    yield "json body", ("SendMessage", json.dumps({"QueueUrl": setting.queue(), "MessageBody": {}}).encode()), {}


@recipe("sqs-016")
def _(setting):
    yield "json body", ("SendMessage", json.dumps({"QueueUrl": setting.queue(), "MessageBody": []}).encode()), {}


@recipe("sqs-028")
def _(setting):
    setting.queue()
    for url in ("nothing", "", f"{setting.world.hub.endpoint}/{setting.world.account}/nothing", None):
        for operation, more in (
            ("SendMessage", {"MessageBody": "x"}), ("ReceiveMessage", {}), ("GetQueueAttributes", {}),
            ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "0"}}), ("DeleteQueue", {}), ("PurgeQueue", {}),
            ("ListQueueTags", {}), ("TagQueue", {"Tags": {"a": "b"}}), ("UntagQueue", {"TagKeys": ["a"]}),
            ("ListDeadLetterSourceQueues", {}), ("DeleteMessage", {"ReceiptHandle": "x"}),
            ("AddPermission", {"Label": "a", "AWSAccountIds": ["111122223333"], "Actions": ["*"]}),
            ("RemovePermission", {"Label": "a"}),
            ("ChangeMessageVisibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
            ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
            ("DeleteMessageBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
            ("ChangeMessageVisibilityBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
        ):
            yield operation, ({} if url is None else {"QueueUrl": url}) | more, {}
    yield "GetQueueUrl", {"QueueName": "nothing"}, {}


# SQS: queues


def creating(id, name="orders", values=None, **attributes):
    recipe(id)(lambda setting: [("CreateQueue", {"QueueName": name, "Attributes": attributes}, values or {})])


def setting_attributes(attributes, name="orders", other="other"):
    """The same wrong attributes at creation and as a change."""

    def requests(setting):
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        url = setting.queue(name)
        suffix = ".fifo" if fifo else ""
        given = attributes(setting) if callable(attributes) else attributes
        for each in given if isinstance(given, list) else [given]:
            values = each.pop("values", {})
            yield "CreateQueue", {"QueueName": other + suffix, "Attributes": fifo | each}, values
            yield "SetQueueAttributes", {"QueueUrl": url, "Attributes": each}, values

    return requests


simple("sqs-029", "CreateQueue", {})
simple("sqs-030", "CreateQueue", {"QueueName": ""})
recipe("sqs-031")(lambda setting: [
    ("CreateQueue", {"QueueName": name}, {}) for name in ("a b", "a" * 81, "orders.fifo", "a.b", "ü")])
creating("sqs-032", FifoQueue="true")
recipe("sqs-033")(lambda setting: [
    ("CreateQueue", {"QueueName": "orders", "Attributes": {"FifoQueue": "false"}}, {})])
creating("sqs-034", ContentBasedDeduplication="true")
creating("sqs-035", DeduplicationScope="queue")
creating("sqs-036", FifoThroughputLimit="perQueue")
recipe("sqs-037")(setting_attributes({"Colour": "red", "values": {"name": "Colour"}}))
recipe("sqs-038")(setting_attributes([
    {name: value, "values": {"name": name}}
    for name, wrong in {
        "DelaySeconds": ["-1", "901", "x", ""], "MaximumMessageSize": ["1023", "1048577"],
        "MessageRetentionPeriod": ["59", "1209601"], "ReceiveMessageWaitTimeSeconds": ["-1", "21", "1.0"],
        "VisibilityTimeout": ["-1", "43201"], "KmsDataKeyReusePeriodSeconds": ["59", "86401"],
    }.items()
    for value in wrong
]))
recipe("sqs-039")(setting_attributes([{"Policy": policy} for policy in ("nonsense", "[]", '{"Statement": 3}')]))
recipe("sqs-040")(setting_attributes({"FifoThroughputLimit": "perMessageGroupId"}, name="orders.fifo"))
recipe("sqs-041")(setting_attributes({"KmsMasterKeyId": "alias/mine", "SqsManagedSseEnabled": "true"}))


@recipe("sqs-042")
def _(setting):
    setting.queue()
    yield ("CreateQueue", {"QueueName": "orders", "Attributes": {"VisibilityTimeout": "31"}},
           {"name": "VisibilityTimeout"})


@recipe("sqs-043")
def _(setting):
    setting.sqs.delete_queue(QueueUrl=setting.queue())
    yield "CreateQueue", {"QueueName": "orders"}, {}


recipe("sqs-044")(setting_attributes([{"RedrivePolicy": policy} for policy in ("nonsense", "[]", '"{}"', "3")]))


def redrive(id, make):
    """A wrong redrive policy, which its refusal shows."""

    def policies(setting):
        made = make(setting)
        for each in made if isinstance(made, list) else [made]:
            policy, values = each if isinstance(each, tuple) else (each, {})
            policy = policy if isinstance(policy, str) else json.dumps(policy)
            yield {"RedrivePolicy": policy, "values": values}

    recipe(id)(setting_attributes(lambda setting: list(policies(setting))))


redrive("sqs-045", lambda setting: {"maxReceiveCount": 3})
redrive("sqs-046", lambda setting: {"deadLetterTargetArn": arn_of(setting.sqs, setting.queue("dead"))})
redrive("sqs-047", lambda setting: {
    "deadLetterTargetArn": arn_of(setting.sqs, setting.queue("dead")), "maxReceiveCount": 3, "colour": "red"})
redrive("sqs-048", lambda setting: redrive_policy("nonsense", 3))
redrive("sqs-049", lambda setting: redrive_policy(f"arn:aws:sns:us-east-1:{setting.world.account}:dead", 3))
redrive("sqs-050", lambda setting: redrive_policy("arn:aws:sqs:us-east-1:999999999999:dead", 3))
redrive("sqs-051", lambda setting: redrive_policy(f"arn:aws:sqs:eu-west-1:{setting.world.account}:dead", 3))
redrive("sqs-052", lambda setting: redrive_policy(f"{setting.prefix}:nothing", 3))
redrive("sqs-053", lambda setting: redrive_policy(arn_of(setting.sqs, setting.queue("dead.fifo")), 3))
redrive("sqs-054", lambda setting: [
    (redrive_policy(arn_of(setting.sqs, setting.queue("dead")), count), {"n": str(count)}) for count in (0, 1001)])
redrive("sqs-055", lambda setting: redrive_policy(
    arn_of(setting.sqs, setting.queue("dead", RedriveAllowPolicy={"redrivePermission": "denyAll"})), 3))


def allow(id, *policies):
    recipe(id)(setting_attributes([
        {"RedriveAllowPolicy": policy if isinstance(policy, str) else json.dumps(policy)} for policy in policies]))


SOURCES = [f"arn:aws:sqs:us-east-1:123456789012:q{number}" for number in range(11)]
allow("sqs-056", "nonsense", {"redrivePermission": "some"}, {"redrivePermission": "allowAll", "colour": "red"})
allow("sqs-057", {"redrivePermission": "byQueue"}, {"redrivePermission": "byQueue", "sourceQueueArns": []})
allow("sqs-058", {"redrivePermission": "allowAll", "sourceQueueArns": SOURCES[:1]},
      {"redrivePermission": "denyAll", "sourceQueueArns": SOURCES[:1]})
allow("sqs-059", {"redrivePermission": "byQueue", "sourceQueueArns": SOURCES})


@recipe("sqs-060")
def _(setting):
    for value in ("true", "false"):
        yield "SetQueueAttributes", {"QueueUrl": setting.queue(), "Attributes": {"FifoQueue": value}}, {}


@recipe("sqs-061")
def _(setting):
    yield "SetQueueAttributes", {"QueueUrl": setting.queue("orders.fifo"), "Attributes": {"FifoQueue": "false"}}, {}


@recipe("sqs-062")
def _(setting):
    yield "GetQueueAttributes", {"QueueUrl": setting.queue(), "AttributeNames": ["Colour"]}, {"name": "Colour"}


recipe("sqs-063")(lambda setting: [("GetQueueUrl", {}, {}), ("GetQueueUrl", {"QueueName": ""}, {})])


@recipe("sqs-064")
def _(setting):
    for most in (0, 1001, -1):
        yield "ListQueues", {"MaxResults": most}, {}
        yield "ListDeadLetterSourceQueues", {"QueueUrl": setting.queue(), "MaxResults": most}, {}


@recipe("sqs-065")
def _(setting):
    for token in ("nonsense", "bm9uc2Vuc2U="):
        yield "ListQueues", {"MaxResults": 1, "NextToken": token}, {}


@recipe("sqs-066")
def _(setting):
    url = setting.queue()
    setting.sqs.purge_queue(QueueUrl=url)
    yield "PurgeQueue", {"QueueUrl": url}, {"queue_name": "orders"}


# SQS: messages


def sending(id, values=None, name="orders", **wrong):
    """A message that is wrong whether it is sent alone or in a batch, where the row has both."""

    @recipe(id)
    def _(setting):
        url = setting.queue(name)
        fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if name.endswith(".fifo") else {}
        message = {"MessageBody": "x"} | fifo | wrong
        message = {key: value for key, value in message.items() if value is not ...}
        if "SendMessage" in ROWS[id]["operations"]:
            yield "SendMessage", {"QueueUrl": url} | message, values or {}
        if "SendMessageBatch" in ROWS[id]["operations"]:
            yield "SendMessageBatch", {"QueueUrl": url, "Entries": [{"Id": "a"} | message]}, {"n": "1"} | (values or {})


@recipe("sqs-067", "sqs-068")
def _(setting, id):
    url = setting.queue()
    for body in ({}, {"MessageBody": ""}):
        if id == "sqs-067":
            yield "SendMessage", {"QueueUrl": url} | body, {}
        else:
            yield "SendMessageBatch", {"QueueUrl": url, "Entries": [{"Id": "a"} | body]}, {"n": "1"}


sending("sqs-069", MessageBody="\x01")
sending("sqs-070", MessageBody="\uffff")


@recipe("sqs-071", "sqs-072")
def _(setting, id):
    url, large = setting.queue(MaximumMessageSize="1024"), "x" * 1025
    values = {"MaximumMessageSize": "1024"}
    if id == "sqs-071":
        yield "SendMessage", {"QueueUrl": url, "MessageBody": large}, values
    else:
        yield "SendMessageBatch", {"QueueUrl": url, "Entries": [{"Id": "a", "MessageBody": large}]}, values


@recipe("sqs-073")
def _(setting):
    entries = [{"Id": id, "MessageBody": "x" * 600000} for id in "ab"]
    yield "SendMessageBatch", {"QueueUrl": setting.queue(), "Entries": entries}, {"n": "1200000"}


sending("sqs-074", {"v": "901"}, DelaySeconds=901)
sending("sqs-075", {"v": "-1"}, DelaySeconds=-1)
sending("sqs-076", {"v": "5"}, "orders.fifo", DelaySeconds=5)
sending("sqs-077", None, "orders.fifo", MessageGroupId=...)
sending("sqs-078", None, "orders.fifo", MessageGroupId=...)
sending("sqs-079", None, "orders.fifo", MessageDeduplicationId=...)
sending("sqs-080", {"v": "a b"}, "orders.fifo", MessageGroupId="a b")
sending("sqs-081", {"v": "ü"}, "orders.fifo", MessageDeduplicationId="ü")
sending("sqs-082", {"v": "d"}, MessageDeduplicationId="d")
sending("sqs-083", {"name": "a"}, MessageAttributes={"a": {}})
sending("sqs-084", {"name": "a"}, MessageAttributes={"a": text("v", "")})
sending("sqs-085", {"name": "a"}, MessageAttributes={"a": text("v", "Text")})
sending("sqs-086", {"name": "a", "DataType": "String"}, MessageAttributes={"a": text("")})
sending("sqs-087", {"name": "a"}, MessageAttributes={"a": text("ten", "Number")})
sending("sqs-088", MessageAttributes={"": text("v")})
sending("sqs-089", MessageAttributes={"Aws.x": text("v")})
sending("sqs-090", MessageAttributes={"a b": text("v")})
sending("sqs-091", MessageAttributes={"a" * 257: text("v")})
sending("sqs-092", MessageAttributes={"a": text("v", "String." + "x" * 250)})
sending("sqs-093", {"n": "11"}, MessageAttributes={f"a{number}": text("v") for number in range(11)})
sending("sqs-094", MessageAttributes={"a": text("\x01")})
sending("sqs-095", MessageAttributes={"a": {"DataType": "String", "StringListValues": ["x"]}})
sending("sqs-096", {"name": "Colour"}, MessageSystemAttributes={"Colour": text("red")})


def batch(row, operation, entries, **values):
    recipe(row)(lambda setting: [(operation, {"QueueUrl": setting.queue(), "Entries": entries}, values)])


batch("sqs-097", "SendMessageBatch", [])
batch("sqs-098", "SendMessageBatch", [{"MessageBody": "x"}], n="1")
batch("sqs-099", "DeleteMessageBatch", [])
batch("sqs-100", "DeleteMessageBatch", [{"ReceiptHandle": "x"}], n="1")
batch("sqs-101", "ChangeMessageVisibilityBatch", [])
batch("sqs-102", "ChangeMessageVisibilityBatch", [{"ReceiptHandle": "x", "VisibilityTimeout": 1}], n="1")


def every_batch(row, ids, **values):
    @recipe(row)
    def _(setting):
        url = setting.queue()
        for operation, more in (
            ("SendMessageBatch", {"MessageBody": "x"}), ("DeleteMessageBatch", {"ReceiptHandle": "x"}),
            ("ChangeMessageVisibilityBatch", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
        ):
            for each in ids:
                yield operation, {"QueueUrl": url, "Entries": [{"Id": one} | more for one in each]}, values


every_batch("sqs-103", [[str(number) for number in range(11)]], n="11")
every_batch("sqs-104", [[""], ["a b"], ["a" * 81], ["ü"]])
every_batch("sqs-105", [["a", "a"]], id="a")


def receiving(id, name, *wrong):
    recipe(id)(lambda setting: [
        ("ReceiveMessage", {"QueueUrl": setting.queue(), name: value}, {"v": str(value)}) for value in wrong])


receiving("sqs-106", "MaxNumberOfMessages", 0, 11, -1)
receiving("sqs-107", "WaitTimeSeconds", -1, 21)
receiving("sqs-108", "VisibilityTimeout", -1, 43201)


@recipe("sqs-110")
def _(setting):
    url = setting.queue()
    for handle in ({}, {"ReceiptHandle": ""}):
        yield "DeleteMessage", {"QueueUrl": url} | handle, {}
        yield "ChangeMessageVisibility", {"QueueUrl": url, "VisibilityTimeout": 1} | handle, {}


@recipe("sqs-111", "sqs-112")
def _(setting, id):
    given = {"QueueUrl": setting.queue(), "ReceiptHandle": "nonsense"}
    if id == "sqs-111":
        yield "DeleteMessage", given, {"handle": "nonsense"}
    else:
        yield "ChangeMessageVisibility", given | {"VisibilityTimeout": 1}, {"handle": "nonsense"}


@recipe("sqs-113", "sqs-114")
def _(setting, id):
    handle = {"ReceiptHandle": "nonsense"} if id == "sqs-113" else {}
    for operation, more in (("DeleteMessageBatch", {}), ("ChangeMessageVisibilityBatch", {"VisibilityTimeout": 1})):
        given = {"QueueUrl": setting.queue(), "Entries": [{"Id": "a"} | handle | more]}
        yield operation, given, {"handle": "nonsense", "EntryType": f"{operation}RequestEntry", "n": "1"}


@recipe("sqs-115", "sqs-112b")
def _(setting, id):
    url = setting.queue("orders.fifo")
    handle = setting.handle(url, VisibilityTimeout=1)
    setting.clock.advance(2)
    given = {"QueueUrl": url, "ReceiptHandle": handle}
    if id == "sqs-115":
        yield "DeleteMessage", given, {"handle": handle}
    else:
        yield "ChangeMessageVisibility", given | {"VisibilityTimeout": 1}, {"handle": handle}


@recipe("sqs-116")
def _(setting):
    url = setting.queue()
    yield "ChangeMessageVisibility", {"QueueUrl": url, "ReceiptHandle": setting.handle(url)}, {}


@recipe("sqs-117", "sqs-118")
def _(setting, id):
    url = setting.queue()
    for value in (-1, 43201):
        given = {"ReceiptHandle": setting.handle(url), "VisibilityTimeout": value}
        if id == "sqs-117":
            yield "ChangeMessageVisibility", {"QueueUrl": url} | given, {"v": str(value)}
        else:
            yield ("ChangeMessageVisibilityBatch", {"QueueUrl": url, "Entries": [{"Id": "a"} | given]},
                   {"v": str(value)})


@recipe("sqs-119")
def _(setting):
    url = setting.queue()
    handle = setting.handle(url)
    setting.clock.advance(1)
    given = {"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 43200}
    yield "ChangeMessageVisibility", given, {"v": "43200"}


@recipe("sqs-120")
def _(setting):
    url = setting.queue()
    handle = setting.handle(url)
    setting.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    given = {"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 1}
    yield "ChangeMessageVisibility", given, {"handle": handle}


# SQS: permissions


def permitting(id, *wrong, **values):
    """A wrong permission, for a queue that has some already."""

    @recipe(id)
    def _(setting):
        url, made = setting.queue(), {"Label": "taken", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]}
        setting.sqs.add_permission(QueueUrl=url, **made)
        for each in wrong:
            given = {"QueueUrl": url} | made | {"Label": "a"} | each
            yield "AddPermission", {key: value for key, value in given.items() if value is not ...}, values


permitting("sqs-122", {"Label": "taken"}, label="taken")
permitting("sqs-124", {"Actions": ["*"] * 8}, n="8")
permitting("sqs-126", {"Actions": ["MakeCoffee"]}, {"Actions": ["SendMessage", "MakeCoffee"]}, action="MakeCoffee")
permitting("sqs-128", {"Actions": ...}, {"Actions": []})
permitting("sqs-129", {"AWSAccountIds": ...}, {"AWSAccountIds": []})


@recipe("sqs-123")
def _(setting):
    url = setting.queue()
    yield "RemovePermission", {"QueueUrl": url, "Label": "a"}, {"label": "a"}
    setting.sqs.add_permission(QueueUrl=url, Label="A", AWSAccountIds=["111122223333"], Actions=["*"])
    yield "RemovePermission", {"QueueUrl": url, "Label": "a"}, {"label": "a"}


@recipe("sqs-125")
def _(setting):
    given = {"QueueUrl": setting.queue(), "AWSAccountIds": ["111122223333"], "Actions": ["*"]}
    for label in range(20):
        setting.sqs.add_permission(Label=str(label), **given)
    yield "AddPermission", {"Label": "one-more"} | given, {"n": "21"}


@recipe("sqs-127")
def _(setting):
    for action in (
        "AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue", "ListMessageMoveTasks", "ListQueueTags",
        "ListQueues", "RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
    ):
        given = {"QueueUrl": setting.queue(), "Label": "a", "AWSAccountIds": ["111122223333"], "Actions": [action]}
        yield "AddPermission", given, {"action": action}


@recipe("sqs-130")
def _(setting):
    for label in ({}, {"Label": ""}):
        given = {"QueueUrl": setting.queue()} | label
        yield "AddPermission", given | {"AWSAccountIds": ["111122223333"], "Actions": ["*"]}, {}
        yield "RemovePermission", given, {}


def tagging(id, operation, *parameters, **values):
    recipe(id)(lambda setting: [(operation, {"QueueUrl": setting.queue()} | given, values) for given in parameters])


tagging("sqs-131", "TagQueue", {}, {"Tags": {}})
tagging("sqs-132", "TagQueue", {"Tags": {str(number): "" for number in range(51)}}, queue_name="orders")
tagging("sqs-133", "TagQueue", {"Tags": {"": "x"}}, {"Tags": {"k" * 129: "x"}})
tagging("sqs-134", "UntagQueue", {}, {"TagKeys": []})


# SQS: message move tasks


def moving(id, operation, make):
    """A request about the tasks of a dead-letter queue `dead`, whose ARN it gets."""

    @recipe(id)
    def _(setting):
        dead = arn_of(setting.sqs, setting.queue("dead"))
        setting.queue(RedrivePolicy=redrive_policy(dead, 3))
        made = make(setting, dead)
        for given in made if isinstance(made, list) else [made]:
            yield operation, given, {}


def running(setting, dead):
    """The handle of a task that ends only when a message does that nobody can move before."""
    send(setting.sqs, "dead", DelaySeconds=900)
    return setting.sqs.start_message_move_task(SourceArn=dead)["TaskHandle"]


def cancelled(setting, dead):
    handle = running(setting, dead)
    setting.sqs.cancel_message_move_task(TaskHandle=handle)
    return handle


def orphaned(setting, dead):
    handle = running(setting, dead)
    setting.sqs.delete_queue(QueueUrl="dead")
    return handle


NO_ARNS = ["dead", "", "arn:aws:sqs:us-east-1:dead"]
moving("sqs-135", "StartMessageMoveTask", lambda setting, dead: {"SourceArn": f"{setting.prefix}:nothing"})
moving("sqs-136", "StartMessageMoveTask", lambda setting, dead: {
    "SourceArn": dead, "DestinationArn": f"{setting.prefix}:nothing"})
moving("sqs-137", "StartMessageMoveTask", lambda setting, dead: {"SourceArn": f"{setting.prefix}:orders"})
moving("sqs-138", "StartMessageMoveTask", lambda setting, dead: running(setting, dead) and {"SourceArn": dead})
recipe("sqs-139")(lambda setting: [
    (operation, {"SourceArn": arn}, {})
    for operation in ("StartMessageMoveTask", "ListMessageMoveTasks") for arn in NO_ARNS])
moving("sqs-140", "StartMessageMoveTask", lambda setting, dead: [
    {"SourceArn": dead, "DestinationArn": arn} for arn in NO_ARNS])
moving("sqs-141", "StartMessageMoveTask", lambda setting, dead: [
    {"SourceArn": dead, "MaxNumberOfMessagesPerSecond": rate} for rate in (0, 501, -1)])
moving("sqs-142", "StartMessageMoveTask", lambda setting, dead: {
    "SourceArn": dead, "DestinationArn": arn_of(setting.sqs, setting.queue("other.fifo"))})
moving("sqs-143", "CancelMessageMoveTask", lambda setting, dead: [
    {"TaskHandle": handle} for handle in ("nonsense", "", "e30=")])
moving("sqs-144", "CancelMessageMoveTask", lambda setting, dead: {"TaskHandle": cancelled(setting, dead)})
moving("sqs-145", "CancelMessageMoveTask", lambda setting, dead: {"TaskHandle": orphaned(setting, dead)})
moving("sqs-146", "ListMessageMoveTasks", lambda setting, dead: {"SourceArn": f"{setting.prefix}:nothing"})


# SNS


simple("sns-153", "no such action", {"Action": "MakeCoffee", "Version": "2010-03-31"}, Action="MakeCoffee")
recipe("sns-155")(lambda setting: [
    ("Publish", {"TopicArn": setting.topic()}, {"path": "message"}),
    ("Subscribe", {"TopicArn": setting.topic()}, {"path": "protocol"}),
    ("TagResource", {"ResourceArn": setting.topic()}, {"path": "tags"}),
])
recipe("sns-156")(lambda setting: [
    (operation, {"TopicArn": arn, "Message": "x"} if operation == "Publish" else {"TopicArn": arn},
     {"Param": "TopicArn", "n": str(arn.count(":") + 1)})
    for operation in ("Publish", "GetTopicAttributes", "ListSubscriptionsByTopic", "DeleteTopic")
    for arn in ("nonsense", "arn:aws:sns:us-east-1:events")
])
recipe("sns-157")(lambda setting: [
    ("GetTopicAttributes", {"TopicArn": setting.topic().replace("us-east-1", "eu-west-1")}, {}),
    ("GetTopicAttributes", {"TopicArn": setting.topic().replace(":sns:", ":sqs:")}, {}),
])


@recipe("sns-158")
def _(setting):
    topic = f"arn:aws:sns:us-east-1:{setting.world.account}:nothing"
    for operation, more in (
        ("Publish", {"Message": "x"}), ("GetTopicAttributes", {}), ("ListSubscriptionsByTopic", {}),
        ("PublishBatch", {"PublishBatchRequestEntries": [{"Id": "a", "Message": "x"}]}),
        ("Subscribe", {"Protocol": "sqs", "Endpoint": f"{setting.prefix}:inbox"}),
        ("SetTopicAttributes", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
        ("AddPermission", {"Label": "a", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}),
        ("RemovePermission", {"Label": "a"}),
    ):
        yield operation, {"TopicArn": topic} | more, {}
    yield "GetDataProtectionPolicy", {"ResourceArn": topic}, {}
    yield "PutDataProtectionPolicy", {"ResourceArn": topic, "DataProtectionPolicy": "{}"}, {}


@recipe("sns-159")
def _(setting):
    arn = f"{setting.topic()}:00000000-0000-0000-0000-000000000000"
    yield "GetSubscriptionAttributes", {"SubscriptionArn": arn}, {}
    given = {"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    yield "SetSubscriptionAttributes", given, {}


@recipe("sns-160")
def _(setting):
    topic = {"ResourceArn": f"arn:aws:sns:us-east-1:{setting.world.account}:nothing"}
    yield "TagResource", topic | {"Tags": [{"Key": "a", "Value": "b"}]}, {}
    yield "UntagResource", topic | {"TagKeys": ["a"]}, {}
    yield "ListTagsForResource", topic, {}


recipe("sns-161")(lambda setting: [
    ("CreateTopic", {"Name": name} | ({"Attributes": attributes} if attributes else {}), {})
    for name, attributes in (
        ("", None), ("a b", None), ("a" * 257, None), ("a.fifo", None), ("a", {"FifoTopic": "true"}))
])


@recipe("sns-162")
def _(setting):
    setting.topic(DisplayName="a")
    yield "CreateTopic", {"Name": "events", "Attributes": {"DisplayName": "b"}}, {}
    yield "CreateTopic", {"Name": "events", "Attributes": {"SignatureVersion": "2"}}, {}


@recipe("sns-163")
def _(setting):
    setting.sns.create_topic(Name="events", Tags=[{"Key": "a", "Value": "1"}])
    yield "CreateTopic", {"Name": "events", "Tags": [{"Key": "a", "Value": "2"}]}, {}


recipe("sns-164")(lambda setting: [
    ("CreateTopic", {"Name": "events", "Attributes": {"ContentBasedDeduplication": "true"}},
     {"name": "ContentBasedDeduplication"})])


def changing_topic(id, name, *wrong, **values):
    recipe(id)(lambda setting: [
        ("SetTopicAttributes", {"TopicArn": setting.topic(), "AttributeName": name, "AttributeValue":
            value if isinstance(value, str) else json.dumps(value(setting))}, values) for value in wrong])


def topic_policy(**changes):
    return lambda setting: {"Version": "2012-10-17", "Statement": [{
        "Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": setting.topic()} | changes]}


def permission(setting, **changes):
    given = {"TopicArn": setting.topic(), "Label": "a", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}
    return given | changes


def delivery_policy(**changes):
    return json.dumps({"http": {"defaultHealthyRetryPolicy": {
        "minDelayTarget": 1, "maxDelayTarget": 20, "numRetries": 3} | changes}})


changing_topic("sns-168", "Colour", "red")
changing_topic("sns-169", "Policy", topic_policy(Principal={"AWS": "nobody"}))
changing_topic("sns-170", "Policy", "nonsense")
recipe("sns-171")(lambda setting: [
    ("SetTopicAttributes", {"TopicArn": setting.topic(), "AttributeName": "Policy", "AttributeValue":
        json.dumps(topic_policy(Action="SQS:SendMessage")(setting))}, {}),
    ("AddPermission", permission(setting, ActionName=["SendMessage"]), {}),
])


@recipe("sns-176")
def _(setting):
    given = permission(setting)
    setting.sns.add_permission(**given)
    yield "AddPermission", given, {}


changing_topic("sns-172", "DeliveryPolicy", delivery_policy(numRetries=101))
changing_topic("sns-173", "DeliveryPolicy", delivery_policy(colour=1), key="colour")
changing_topic("sns-174", "DeliveryPolicy", "nonsense", delivery_policy(backoffFunction="wild"),
               delivery_policy(minDelayTarget=30), delivery_policy(numNoDelayRetries=9))


@recipe("sns-177")
def _(setting):
    tags = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    yield "TagResource", {"ResourceArn": setting.topic(), "Tags": tags}, {}


@recipe("sns-178")
def _(setting):
    tags = [{"Key": str(number), "Value": ""} for number in range(51)]
    yield "TagResource", {"ResourceArn": setting.topic(), "Tags": tags}, {}
    yield "CreateTopic", {"Name": "others", "Tags": tags}, {}


def subscribing(id, endpoint=None, topic="events", queue="inbox", protocol="sqs", values=None, **attributes):
    @recipe(id)
    def _(setting):
        given = {"TopicArn": setting.topic(topic), "Protocol": protocol}
        given["Endpoint"] = endpoint(setting) if endpoint else arn_of(setting.sqs, setting.queue(queue))
        made = {name: value(setting) if callable(value) else value for name, value in attributes.items()}
        yield "Subscribe", given | ({"Attributes": made} if made else {}), values or {}


def changing_subscription(id, name, *wrong, topic="events", queue="inbox", values=None):
    @recipe(id)
    def _(setting):
        arn = setting.subscription(setting.topic(topic), queue)
        for value in wrong:
            value = value(setting) if callable(value) else value
            given = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
            yield "SetSubscriptionAttributes", given, values or {}


def standard_dead_letters(setting):
    return json.dumps({"deadLetterTargetArn": arn_of(setting.sqs, setting.queue("dead"))})


NESTED = '{"a": {"b": ["c"]}}'
changing_subscription("sns-175", "DeliveryPolicy", '{"healthyRetryPolicy": {"numRetries": 3}}')
subscribing("sns-179", protocol="pigeon", values={"protocol": "pigeon"})
subscribing("sns-183", lambda setting: setting.queue("inbox"))
subscribing("sns-185", queue="inbox.fifo")


@recipe("sns-187")
def _(setting):
    topic = setting.topic()
    setting.subscription(topic)
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"{setting.prefix}:inbox"}
    yield "Subscribe", given | {"Attributes": {"RawMessageDelivery": "true"}}, {}


subscribing("sns-190", RawMessageDelivery="maybe", values={"v": "maybe"})
subscribing("sns-191", RedrivePolicy='{"deadLetterTargetArn": "nonsense"}')
subscribing("sns-192", RedrivePolicy="nonsense")
subscribing("sns-193", topic="events.fifo", queue="inbox.fifo", RedrivePolicy=standard_dead_letters)
subscribing("sns-194", FilterPolicyScope="Body", values={"v": "Body"})
subscribing("sns-195", FilterPolicy="{}x")
subscribing("sns-196", FilterPolicy=NESTED)
changing_subscription("sns-197", "RawMessageDelivery", "maybe", values={"v": "maybe"})
changing_subscription("sns-198", "RedrivePolicy", '{"deadLetterTargetArn": "nonsense"}')
changing_subscription("sns-199", "RedrivePolicy", "nonsense")
changing_subscription("sns-200", "RedrivePolicy", standard_dead_letters, topic="events.fifo", queue="inbox.fifo")
changing_subscription("sns-201", "FilterPolicyScope", "Body", values={"v": "Body"})
changing_subscription("sns-202", "FilterPolicy", "nonsense", '{"a": []}')
changing_subscription("sns-203", "FilterPolicy", NESTED)
changing_subscription("sns-204", "Colour", "red")
subscribing("sns-205", Colour="red", values={"name": "Colour"})
simple("sns-210", "Unsubscribe", {})
recipe("sns-211")(lambda setting: [("Unsubscribe", {"SubscriptionArn": setting.topic()}, {})])


def publishing(id, *wrong, topic="events", values=None):
    """A message that is wrong whether it is published alone or in a batch, where the row has both."""

    @recipe(id)
    def _(setting):
        arn = setting.topic(topic)
        fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if topic.endswith(".fifo") else {}
        for each in wrong:
            message = {key: value for key, value in ({"Message": "x"} | fifo | each).items() if value is not ...}
            if "Publish" in ROWS[id]["operations"]:
                yield "Publish", {"TopicArn": arn} | message, values or {}
            if "PublishBatch" in ROWS[id]["operations"]:
                entries = [{"Id": "a"} | message]
                yield "PublishBatch", {"TopicArn": arn, "PublishBatchRequestEntries": entries}, values or {}


def attribute(value, name="a"):
    return {"MessageAttributes": {name: value}}


publishing("sns-214", {"Subject": ""}, {"Subject": "x" * 100}, {"Subject": "a\nb"}, {"Subject": "ü"})
publishing("sns-215", {"Message": ""})
publishing("sns-216", {"Message": ""})
publishing("sns-217", {"Message": "x" * 262145})


@recipe("sns-218")
def _(setting):
    entries = [{"Id": id, "Message": "x" * 131073} for id in "ab"]
    yield "PublishBatch", {"TopicArn": setting.topic(), "PublishBatchRequestEntries": entries}, {}


publishing("sns-219", {"MessageStructure": "json"}, {"MessageStructure": "json", "Message": "[]"})
publishing("sns-220", {"MessageStructure": "json", "Message": '{"sqs": "x"}'})
publishing("sns-221", {"MessageStructure": "yaml"})
publishing("sns-222", {"MessageGroupId": ...}, topic="events.fifo")
publishing("sns-223", {"MessageDeduplicationId": ...}, topic="events.fifo")
publishing("sns-224", {"MessageDeduplicationId": "d"})
simple("sns-225", "Publish", {"Message": "x"})
recipe("sns-226")(lambda setting: [
    ("Publish", {"TargetArn": setting.of_platform("endpoint/GCM/none/none"), "Message": "x"}, {})])
simple("sns-227", "Publish", {"PhoneNumber": "+1 206", "Message": "x"}, v="+1 206")
publishing("sns-228", attribute(text("v", "Text")), values={"name": "a"})
publishing("sns-229", attribute(text("")), values={"name": "a", "DataType": "String"})
publishing("sns-230", attribute(binary(b"v", "String")), values={"name": "a", "DataType": "String"})
publishing("sns-231", attribute(text("v", "Binary")), values={"name": "a"})
publishing("sns-232", attribute(text("v"), "a" * 257))
publishing("sns-233", attribute(text("v"), ".a"))
publishing("sns-234", attribute(text("v"), "a."))
publishing("sns-235", attribute(text("v"), "a..b"))
publishing("sns-236", attribute(text("v"), "a b"), values={"HEX": "20"})


def publishing_ids(row, *ids, **values):
    recipe(row)(lambda setting: [("PublishBatch", {
        "TopicArn": setting.topic(), "PublishBatchRequestEntries": [{"Id": one, "Message": "x"} for one in ids]}, values)])


publishing_ids("sns-237")
publishing_ids("sns-238", *[str(number) for number in range(11)])
publishing_ids("sns-239", "a", "a")
publishing_ids("sns-240", "a b", id="a b")
publishing_ids("sns-241", "a" * 81, id="a" * 81)


# SNS: text messages and mobile push


def application(setting, name="shop", platform="GCM", **more):
    return {"Name": name, "Platform": platform, "Attributes": {"PlatformCredential": "key"}} | more


simple("sns-242", "SetSMSAttributes", {"attributes": {"Colour": "red"}}, name="Colour")
simple("sns-243", "SetSMSAttributes", {"attributes": {"DefaultSMSType": "Urgent"}})
recipe("sns-245")(lambda setting: [
    (operation, {"phoneNumber": "NAA+15551234567"}, {})
    for operation in ("OptInPhoneNumber", "CheckIfPhoneNumberIsOptedOut")
])
recipe("sns-246")(lambda setting: [
    ("CreatePlatformApplication", application(setting, platform="PIGEON"), {"v": "PIGEON"})])
recipe("sns-247")(lambda setting: [("CreatePlatformApplication", application(setting, ""), {})])
recipe("sns-248")(lambda setting: [("CreatePlatformApplication", application(setting, "a/b"), {"name": "a/b"})])
recipe("sns-249")(lambda setting: [
    ("CreatePlatformApplication", application(setting, "a" * 257), {"name": "a" * 257})])
recipe("sns-250")(lambda setting: [
    (operation, {"PlatformApplicationArn": setting.of_platform("app/GCM/none")} | more, {})
    for operation, more in (
        ("GetPlatformApplicationAttributes", {}), ("ListEndpointsByPlatformApplication", {}),
        ("SetPlatformApplicationAttributes", {"Attributes": {"Enabled": "true"}}),
        ("CreatePlatformEndpoint", {"Token": "token"}),
    )
])
recipe("sns-251")(lambda setting: [
    (operation, {"EndpointArn": setting.of_platform("endpoint/GCM/shop/none")} | more, {})
    for operation, more in (
        ("GetEndpointAttributes", {}), ("SetEndpointAttributes", {"Attributes": {"Enabled": "true"}}))
])


@recipe("sns-252")
def _(setting):
    made = setting.sns.create_platform_application(**application(setting))["PlatformApplicationArn"]
    given = {"PlatformApplicationArn": made, "Token": "token"}
    arn = setting.sns.create_platform_endpoint(**given)["EndpointArn"]
    yield "CreatePlatformEndpoint", given | {"CustomUserData": "ann"}, {"arn": arn}


subscribing("sns-180", lambda setting: "https://shop.example.com", protocol="http")
subscribing("sns-181", lambda setting: "http://127.0.0.1:1/hook", protocol="http")
subscribing("sns-184", lambda setting: "bill", protocol="lambda")
subscribing("sns-186", lambda setting: "http://shop.example.com", topic="events.fifo", protocol="http")
subscribing("sns-244", lambda setting: "NAA+15551234567", protocol="sms", values={"v": "NAA+15551234567"})


@recipe("sns-207", "sns-208", "sns-209")
def _(setting, id):
    topic, token = setting.topic(), "00" * 144
    wrong = {"sns-207": (topic, "x"), "sns-208": (topic, token), "sns-209": ("events", token)}
    arn, token = wrong[id]
    yield "ConfirmSubscription", {"TopicArn": arn, "Token": token}, {}


@recipe("sns-212")
def _(setting):
    given = {"TopicArn": setting.topic(), "Protocol": "http", "Endpoint": "http://shop.example.com"}
    arn = setting.sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    yield "Unsubscribe", {"SubscriptionArn": arn}, {}


ARCHIVE = json.dumps({"MessageRetentionPeriod": "30"})


@recipe("sns-165")
def _(setting):
    made = {"FifoTopic": "true", "ArchivePolicy": json.dumps({"MessageRetentionPeriod": "366"})}
    yield "CreateTopic", {"Name": "archived.fifo", "Attributes": made}, {}


@recipe("sns-167")
def _(setting):
    yield "DeleteTopic", {"TopicArn": setting.topic("archived.fifo", ArchivePolicy=ARCHIVE)}, {}


@recipe("sns-206")
def _(setting):
    topic = setting.topic("archived.fifo", ArchivePolicy=ARCHIVE)
    arn = setting.subscription(topic, "inbox.fifo")
    yield "SetSubscriptionAttributes", {
        "SubscriptionArn": arn, "AttributeName": "ReplayPolicy", "AttributeValue": '{"PointType": "Number"}'}, {}
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn_of(setting.sqs, setting.queue("other.fifo"))}
    yield "Subscribe", given | {"Attributes": {"ReplayPolicy": "nonsense"}}, {}


# The tests


STRICT = {"sqs-043", "sqs-066", "sns-181"}
TIMED = {"sqs-112b", "sqs-115", "sqs-119"}
JSON_ONLY = {"sqs-009", "sqs-012", "sqs-013", "sqs-014", "sqs-015", "sqs-016"}
QUERY_ONLY = {"sqs-010", "sqs-011"}


def rows(timed):
    for id in sorted(RECIPES):
        protocols = ["query"] if ROWS[id]["service"] == "sns" or id in QUERY_ONLY else ["json", "query"]
        for protocol in ["json"] if id in JSON_ONLY else protocols:
            marks = [pytest.mark.flags("--strict")] if id in STRICT else []
            if (id in TIMED) == timed:
                yield pytest.param(id, protocol, id=f"{id}-{protocol}", marks=marks)


def test_every_row_is_produced_or_has_a_reason():
    assert not set(RECIPES) & set(NOT_PRODUCED)
    assert set(RECIPES) | set(NOT_PRODUCED) == set(ROWS)


@pytest.mark.parametrize("id,protocol", list(rows(timed=False)))
def test_a_refusal(world, id, protocol):
    produce(id, protocol, Setting(world))


@pytest.mark.parametrize("id,protocol", list(rows(timed=True)))
def test_a_refusal_after_some_time(world, clock, id, protocol):
    produce(id, protocol, Setting(world, clock))


def produce(id, protocol, setting):
    row, make = ROWS[id], RECIPES[id]
    requests = list(make(setting, id) if make.__code__.co_argcount == 2 else make(setting))
    assert requests, "a recipe makes a request"
    for operation, given, values in requests:
        values = {"policy_json": policy_of(given)} | values
        answer = ask(setting.world, row["service"], protocol, operation, given)
        check(row, protocol, operation, answer, values, (operation, given))


def ask(world, service, protocol, operation, given):
    if operation == "json only":
        return world.post_json(given[1].removeprefix("AmazonSQS."), {})
    if operation == "json body":
        return world.post_json(*given)
    if operation in ("query only", "no action", "no such action"):
        return world.post_form(given, service=service)
    return world.call(service, protocol, operation, given)


def policy_of(given):
    attributes = given.get("Attributes", {}) if isinstance(given, dict) else {}
    return attributes.get("RedrivePolicy") or attributes.get("RedriveAllowPolicy") or ""


def check(row, protocol, operation, answer, values, asked):
    if row["scope"] == "entry":
        failed = entry_failure(row, operation, answer)
        assert (failed["Code"], failed["SenderFault"]) == (row["query_code"], True), (asked, failed)
        compare_text(row, failed["Message"], values, asked)
        return
    if operation == "no action":
        assert (answer.status, answer.xml().tag.split("}")[-1]) == (row["http_status"], row["query_code"])
        return
    assert answer.status >= 400, (asked, answer.text)
    fault = answer.fault()
    assert (fault.status, fault.code) == (row["http_status"], row["query_code"]), (asked, fault)
    if protocol == "json":
        expected = row["json_code"]
        expected = expected if "#" in expected else f"com.amazon.coral.service#{expected}"
        assert fault.json_type == expected, asked
    message = fault.message
    if row["id"] == "sqs-028" and protocol == "query":
        assert message.endswith(" for this wsdl version."), message
        message = message.replace(" for this wsdl version", "")
    if row["id"] == "sqs-002" and protocol == "query":
        row = row | {"message": "Access to the resource {queue_url} is denied."}
    compare_text(row, message, values, asked)


def entry_failure(row, operation, answer):
    assert answer.status == 200, answer.text
    if answer.protocol == "json":
        failed = answer.json()["Failed"]
        return failed[0]
    root = answer.xml()
    tag = "member" if row["service"] == "sns" else "BatchResultErrorEntry"
    found = [element for element in root.iter() if element.tag.split("}")[1] == tag and len(element) >= 3]
    members = {child.tag.split("}")[1]: child.text for child in found[0]}
    return members | {"SenderFault": members["SenderFault"] == "true"}


def compare_text(row, message, values, asked):
    """The row's message, with `.+` for what depends on texts that a parser chose."""
    if row["confidence"] == "low" or not row["message"]:
        return
    pattern = re.escape(row["message"])
    for name in re.findall(r"\{([A-Za-z_]+)\}", row["message"]):
        value = values.get(name)
        pattern = pattern.replace(re.escape("{" + name + "}"), ".+" if value is None else re.escape(value))
    first = lambda whole: whole.split("\n")[0].split("\\n")[0].strip()
    if "\\n" in row["message"]:
        pattern = re.escape(first(row["message"])).replace(re.escape("{jackson_message}"), ".+")
        message = first(message)
    assert re.fullmatch(pattern, message, re.DOTALL), (asked, message)
