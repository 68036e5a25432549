"""The policy of a queue: set whole, and edited by permissions."""

import concurrent.futures
import json

import pytest

from checks import attributes_of, arn_of, make_queue, refused, refused_value, send

ALICE, BOB = "111122223333", "444455556666"


def root(account):
    return f"arn:aws:iam::{account}:root"


def policy_of(sqs, url):
    text = attributes_of(sqs, url, "Policy").get("Policy")
    return text and json.loads(text)


def add(sqs, url, label, accounts=(ALICE,), actions=("SendMessage",)):
    sqs.add_permission(QueueUrl=url, Label=label, AWSAccountIds=list(accounts), Actions=list(actions))


def statement(**changes):
    return {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"} | changes


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# Permissions


def test_the_first_permission_makes_a_policy(sqs):
    url = make_queue(sqs)
    add(sqs, url, "alice")
    arn = arn_of(sqs, url)
    assert attributes_of(sqs, url, "Policy")["Policy"] == (
        f'{{"Version":"2008-10-17","Id":"{arn}/SQSDefaultPolicy","Statement":[{{"Sid":"alice","Effect":"Allow",'
        f'"Principal":{{"AWS":"{root(ALICE)}"}},"Action":"SQS:SendMessage","Resource":"{arn}"}}]}}')


def test_several_accounts_and_actions_are_lists(sqs):
    url = make_queue(sqs)
    add(sqs, url, "both", [ALICE, BOB], ["ReceiveMessage", "DeleteMessage"])
    made, = policy_of(sqs, url)["Statement"]
    assert made["Principal"] == {"AWS": [root(ALICE), root(BOB)]}
    assert made["Action"] == ["SQS:ReceiveMessage", "SQS:DeleteMessage"]
    add(sqs, url, "all", [ALICE], ["*"])
    assert policy_of(sqs, url)["Statement"][1]["Action"] == "SQS:*"


ACTIONS = [
    "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues",
    "PurgeQueue", "ReceiveMessage", "SendMessage",
]


@pytest.mark.parametrize("action", ACTIONS)
def test_what_others_can_be_allowed(sqs, action):
    url = make_queue(sqs)
    add(sqs, url, "a", actions=[action])
    assert policy_of(sqs, url)["Statement"][0]["Action"] == f"SQS:{action}"


def test_a_batch_is_allowed_with_its_single_action(sqs):
    url = make_queue(sqs)
    add(sqs, url, "a", actions=["SendMessage", "SendMessageBatch", "DeleteMessageBatch"])
    assert policy_of(sqs, url)["Statement"][0]["Action"] == ["SQS:SendMessage", "SQS:DeleteMessage"]


def test_a_permission_joins_the_policy_that_is_there(sqs):
    url = make_queue(sqs)
    own = statement(Sid="own", Condition={"Bool": {"aws:SecureTransport": "false"}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(own)})
    add(sqs, url, "alice")
    after = policy_of(sqs, url)
    assert (after["Version"], [each["Sid"] for each in after["Statement"]]) == ("2012-10-17", ["own", "alice"])
    assert after["Statement"][0] == own
    sqs.remove_permission(QueueUrl=url, Label="own")
    assert [each["Sid"] for each in policy_of(sqs, url)["Statement"]] == ["alice"]


def test_the_policy_goes_with_its_last_permission(sqs):
    url = make_queue(sqs)
    for label in "ab":
        add(sqs, url, label)
    sqs.remove_permission(QueueUrl=url, Label="a")
    assert [each["Sid"] for each in policy_of(sqs, url)["Statement"]] == ["b"]
    sqs.remove_permission(QueueUrl=url, Label="b")
    assert attributes_of(sqs, url, "Policy") == {}
    add(sqs, url, "a")


def test_a_permission_is_a_modification(sqs, clock):
    url = make_queue(sqs)
    for change in (lambda: add(sqs, url, "a"), lambda: sqs.remove_permission(QueueUrl=url, Label="a")):
        before = int(attributes_of(sqs, url, "LastModifiedTimestamp")["LastModifiedTimestamp"])
        clock.advance(10)
        change()
        assert int(attributes_of(sqs, url, "LastModifiedTimestamp")["LastModifiedTimestamp"]) == before + 10


def test_a_label_is_used_once_and_can_be_found(sqs):
    url = make_queue(sqs)
    add(sqs, url, "a")
    with refused_value("Value a for parameter Label is invalid. Reason: Already exists."):
        add(sqs, url, "a", [BOB])
    with refused_value("Value b for parameter Label is invalid. Reason: can't find label."):
        sqs.remove_permission(QueueUrl=url, Label="b")


def test_permissions_added_at_the_same_time_are_all_there(sqs):
    url = make_queue(sqs)
    labels = [str(number) for number in range(12)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda label: add(sqs, url, label), labels))
    assert sorted(each["Sid"] for each in policy_of(sqs, url)["Statement"]) == sorted(labels)


@pytest.mark.parametrize("label", ["a b", "a.b", "ü", "a" * 81])
def test_a_label_is_80_letters_digits_hyphens_and_underscores(sqs, label):
    url = make_queue(sqs)
    with refused_value():
        add(sqs, url, label)
    add(sqs, url, "A-z_" + "9" * 76)


def test_a_refused_permission_changes_nothing(sqs):
    url = make_queue(sqs)
    for wrong in ({"accounts": ["nobody"]}, {"actions": ["MakeCoffee"]}, {"actions": ["DeleteQueue"]}):
        with refused_value():
            add(sqs, url, "a", **wrong)
    with refused("OverLimit", "8 Actions were found, maximum allowed is 7.", status=403):
        add(sqs, url, "a", actions=ACTIONS[1:])
    with refused("OverLimit", status=403):
        add(sqs, url, "a", [f"{number:012}" for number in range(51)])
    assert attributes_of(sqs, url, "Policy") == {}


def test_permissions_let_others_in_but_not_manage(world, protocol):
    ours, theirs = world.sqs(protocol), world.elsewhere(account="999999999998").sqs(protocol)
    url = make_queue(ours)
    with refused("AccessDenied", status=403):
        send(theirs, url)
    add(ours, url, "them", ["999999999998"], ["*"])
    send(theirs, url)
    for manage in (
        lambda: add(theirs, url, "us"),
        lambda: theirs.remove_permission(QueueUrl=url, Label="them"),
        lambda: theirs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""}),
        lambda: theirs.list_queue_tags(QueueUrl=url),
        lambda: theirs.tag_queue(QueueUrl=url, Tags={"a": "b"}),
        lambda: theirs.untag_queue(QueueUrl=url, TagKeys=["a"]),
        lambda: theirs.delete_queue(QueueUrl=url),
    ):
        with refused("AccessDenied", status=403):
            manage()
    ours.remove_permission(QueueUrl=url, Label="them")
    with refused("AccessDenied", status=403):
        send(theirs, url)


# The policy whole


def test_a_policy_is_returned_byte_for_byte(sqs):
    url = make_queue(sqs)
    given = ' {"Statement" :[ {"Effect":"Allow","Principal":"*",\n"Action":"sqs:*","Resource":"*"}],"Version":"2012-10-17"}\t'
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": given})
    assert attributes_of(sqs, url, "Policy") == {"Policy": given}
    assert make_queue(sqs, Policy=json.dumps(json.loads(given))) == url, "policies are compared by value"
    with refused("QueueAlreadyExists"):
        make_queue(sqs, Policy=policy(statement(Effect="Deny")))


@pytest.mark.parametrize("principal", [
    "*", {"AWS": "*"}, {"AWS": ALICE}, {"AWS": [root(ALICE), f"arn:aws:iam::{BOB}:user/x"]},
    {"Service": "sns.amazonaws.com"}, {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"], "AWS": ALICE},
])
def test_principals_that_may_exist_are_accepted(sqs, principal):
    make_queue(sqs, Policy=policy(statement(Principal=principal)))


def padded(size):
    """A policy of exactly so many bytes."""
    empty = policy(statement(Sid=""))
    return policy(statement(Sid="x" * (size - len(empty))))


LARGEST = [
    padded(8192),
    policy(*[statement()] * 20),
    policy(statement(Principal={"AWS": [ALICE] * 50})),
    policy(statement(Condition={"StringEquals": {f"aws:{number}": "x" for number in range(10)}})),
]
TOO_LARGE = [
    padded(8193),
    policy(*[statement()] * 21),
    policy(statement(Principal={"AWS": [ALICE] * 51})),
    policy(statement(Condition={"StringEquals": {f"aws:{number}": "x" for number in range(11)}})),
]


@pytest.mark.parametrize("largest", LARGEST, ids=["bytes", "statements", "principals", "conditions"])
def test_a_policy_may_be_as_large_as_its_limits(sqs, largest):
    url = make_queue(sqs, Policy=largest)
    assert attributes_of(sqs, url, "Policy") == {"Policy": largest}


WRONG = TOO_LARGE + [
    "nonsense", "[]", "{}", "3",
    policy(),
    policy(statement(Effect="Maybe")),
    policy(statement(Principal="me")),
    policy(statement(Principal={"AWS": "nobody"})),
    policy(statement(Action=[])),
    policy(statement(Condition="x")),
    json.dumps({"Version": "2020-01-01", "Statement": [statement()]}),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_what_is_no_policy_is_refused(sqs, wrong):
    url = make_queue(sqs)
    with refused("InvalidAttributeValue", "Invalid value for the parameter Policy."):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": wrong})
    with refused("InvalidAttributeValue", "Invalid value for the parameter Policy."):
        make_queue(sqs, "other", Policy=wrong)
    assert attributes_of(sqs, url, "Policy") == {}
