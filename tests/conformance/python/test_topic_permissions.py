"""The policies of a topic: edited by permissions, and the one for the protection of its data."""

import concurrent.futures
import json

import pytest

from checks import make_topic, refused

ALICE, BOB = "111122223333", "999999999995"


@pytest.fixture
def topic(sns):
    return make_topic(sns)


def policy_of(sns, topic):
    return json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])


def labels(sns, topic):
    return [statement["Sid"] for statement in policy_of(sns, topic)["Statement"]]


def add(sns, topic, label, accounts=(ALICE,), actions=("Publish",)):
    sns.add_permission(TopicArn=topic, Label=label, AWSAccountId=list(accounts), ActionName=list(actions))


def test_a_permission_joins_the_policy_that_every_topic_has(sns, topic):
    before = policy_of(sns, topic)
    add(sns, topic, "alice", [ALICE, BOB], ["Publish", "Subscribe"])
    after = policy_of(sns, topic)
    made = after["Statement"].pop()
    assert after == before
    assert made == {
        "Sid": "alice", "Effect": "Allow", "Action": ["SNS:Publish", "SNS:Subscribe"], "Resource": topic,
        "Principal": {"AWS": [f"arn:aws:iam::{ALICE}:root", f"arn:aws:iam::{BOB}:root"]},
    }


def test_a_permission_joins_the_policy_that_was_set(sns, topic):
    own = {"Sid": "own", "Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": own})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    add(sns, topic, "alice")
    assert policy_of(sns, topic)["Statement"][0] == own
    assert labels(sns, topic) == ["own", "alice"]
    sns.remove_permission(TopicArn=topic, Label="own")
    assert labels(sns, topic) == ["alice"]


@pytest.mark.parametrize("action", [
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
])
def test_what_others_can_be_allowed(sns, topic, action):
    add(sns, topic, "a", actions=[action])
    assert policy_of(sns, topic)["Statement"][-1]["Action"] == f"SNS:{action}"


def test_a_permission_that_is_not_there_is_as_good_as_removed(sns, topic):
    before = policy_of(sns, topic)
    add(sns, topic, "a")
    for _ in range(2):
        sns.remove_permission(TopicArn=topic, Label="a")
    assert policy_of(sns, topic) == before


def test_a_refused_permission_changes_nothing(sns, topic):
    add(sns, topic, "a")
    before = policy_of(sns, topic)
    for message, wrong in (
        ("Statement already exists", {"label": "a"}),
        ("Policy Error: PrincipalNotFound", {"accounts": ["nobody"]}),
        ("Policy statement action out of service scope!", {"actions": ["SendMessage"]}),
    ):
        with refused("InvalidParameter", f"Invalid parameter: {message}"):
            add(sns, topic, **{"label": "b"} | wrong)
    assert policy_of(sns, topic) == before


def test_a_policy_is_about_its_topic_and_what_can_be_done_with_it(sns, topic):
    def policy(**changes):
        statement = {"Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": topic}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement | changes]})

    for message, wrong in (
        ("Policy Error: null", {"Resource": f"{topic}s"}),
        ("Policy Error: null", {"Principal": {"AWS": [f"{number:012}" for number in range(201)]}}),
        ("Policy statement action out of service scope!", {"Action": ["SNS:Publish", "SNS:CreateTopic"]}),
    ):
        with refused("InvalidParameter", f"Invalid parameter: {message}"):
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(**wrong))
    for right in ({}, {"Resource": "*"}, {"Action": "SNS:*"}):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(**right))
        assert policy_of(sns, topic)["Statement"][0].items() >= right.items()


def test_permissions_added_at_the_same_time_are_all_there(sns, topic):
    added = [str(number) for number in range(12)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda label: add(sns, topic, label), added))
    assert sorted(labels(sns, topic)[1:]) == sorted(added)


def test_a_topic_has_a_hundred_statements_at_most(sns, topic):
    for number in range(99):
        add(sns, topic, str(number))
    with refused("InvalidParameter"):
        add(sns, topic, "one-more")


def test_permissions_let_others_in_but_not_manage(world, sns, topic):
    theirs = world.elsewhere(account=BOB).sns()
    with refused("AuthorizationError", status=403):
        theirs.publish(TopicArn=topic, Message="x")
    add(sns, topic, "them", [BOB])
    theirs.publish(TopicArn=topic, Message="x")
    for manage in (
        lambda: add(theirs, topic, "us"),
        lambda: theirs.remove_permission(TopicArn=topic, Label="them"),
        lambda: theirs.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="{}"),
        lambda: theirs.delete_topic(TopicArn=topic),
    ):
        with refused("AuthorizationError", status=403):
            manage()
    sns.remove_permission(TopicArn=topic, Label="them")
    with refused("AuthorizationError", status=403):
        theirs.publish(TopicArn=topic, Message="x")


# Data protection


PROTECTION = '{"Name": "protect", "Version": "2021-06-01", "Statement": []}'


def test_a_data_protection_policy_is_returned_byte_for_byte(sns, topic):
    assert not sns.get_data_protection_policy(ResourceArn=topic).get("DataProtectionPolicy")
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=PROTECTION)
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == PROTECTION
    assert "DataProtectionPolicy" not in sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    with refused("InvalidParameter", "Invalid parameter: AttributeName"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="DataProtectionPolicy", AttributeValue="{}")
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="")
    assert not sns.get_data_protection_policy(ResourceArn=topic).get("DataProtectionPolicy")


def test_a_topic_can_be_created_with_a_data_protection_policy(sns):
    topic = sns.create_topic(Name="events", DataProtectionPolicy=PROTECTION)["TopicArn"]
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == PROTECTION
    assert sns.create_topic(Name="events", DataProtectionPolicy=PROTECTION)["TopicArn"] == topic
    assert sns.create_topic(Name="events")["TopicArn"] == topic
    with refused("InvalidParameter"):
        sns.create_topic(Name="events", DataProtectionPolicy="{}")


@pytest.mark.parametrize("wrong", ["nonsense", "[]", "{" + " " * 30719 + "}"], ids=["text", "list", "long"])
def test_what_is_no_data_protection_policy_is_refused(sns, topic, wrong):
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="{" + " " * 30718 + "}")
    with refused("InvalidParameter"):
        sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=wrong)
    with refused("InvalidParameter"):
        sns.create_topic(Name="other", DataProtectionPolicy=wrong)
