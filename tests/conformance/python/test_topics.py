"""Topics and their tags."""

import json

import pytest

from checks import make_fifo_topic, make_topic, refused

NO_TOPIC = ("NotFound", "Topic does not exist")


def attributes_of(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def change(sns, topic, name, value):
    sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)


def unknown(world, name="nothing"):
    return f"arn:aws:sns:us-east-1:{world.account}:{name}"


def test_the_arn_of_a_topic_names_region_account_and_topic(sns, world):
    assert make_topic(sns) == f"arn:aws:sns:us-east-1:{world.account}:events"


def test_creating_a_topic_again_returns_its_arn(sns):
    topic = make_topic(sns, DisplayName="Events")
    assert make_topic(sns) == topic
    assert make_topic(sns, DisplayName="Events") == topic
    with refused("InvalidParameter", "Invalid parameter: Attributes Reason: Topic already exists with different attributes"):
        make_topic(sns, DisplayName="Others")


def test_creating_a_topic_again_with_other_tags_is_refused(sns):
    tags = [{"Key": "team", "Value": "a"}]
    topic = sns.create_topic(Name="events", Tags=tags)["TopicArn"]
    assert sns.create_topic(Name="events", Tags=tags)["TopicArn"] == topic
    assert make_topic(sns) == topic, "tags that are not given are not compared"
    with refused("InvalidParameter", "Invalid parameter: Tags Reason: Topic already exists with different tags"):
        sns.create_topic(Name="events", Tags=[{"Key": "team", "Value": "b"}])


@pytest.mark.parametrize("name", ["", "a b", "ü", "a" * 257, "events.fifo", "a.b", "a:b"])
def test_a_topic_name_is_256_letters_digits_hyphens_and_underscores(sns, name):
    with refused("InvalidParameter", "Invalid parameter: Topic Name"):
        make_topic(sns, name)


def test_a_fifo_topic_needs_its_suffix(sns):
    make_topic(sns, "a" * 256)
    make_fifo_topic(sns)
    with refused("InvalidParameter", "Invalid parameter: Topic Name"):
        make_fifo_topic(sns, "events")


def test_a_topic_that_is_not_fifo_may_say_so(sns):
    topic = make_topic(sns, FifoTopic="false")
    assert "FifoTopic" not in attributes_of(sns, topic) or attributes_of(sns, topic)["FifoTopic"] == "false"


def test_a_new_topic_shows_its_attributes(sns, world):
    topic = make_topic(sns)
    got = attributes_of(sns, topic)
    policy = json.loads(got.pop("Policy"))
    assert policy["Id"] == "__default_policy_ID"
    assert policy["Statement"][0]["Resource"] == topic
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": world.account}}
    effective = json.loads(got.pop("EffectiveDeliveryPolicy"))
    assert effective["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    assert got == {
        "DisplayName": "",
        "Owner": world.account,
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": topic,
    }


def test_the_display_name_is_empty_by_default(sns):
    assert attributes_of(sns, make_topic(sns))["DisplayName"] == ""


def test_a_new_fifo_topic_shows_its_own_attributes_too(sns):
    got = attributes_of(sns, make_fifo_topic(sns))
    assert (got["FifoTopic"], got["ContentBasedDeduplication"]) == ("true", "false")


@pytest.mark.parametrize("name,value", [
    ("DisplayName", "My events"),
    ("KmsMasterKeyId", "alias/mine"),
    ("SignatureVersion", "2"),
    ("TracingConfig", "Active"),
])
def test_attributes_can_be_changed(sns, name, value):
    topic = make_topic(sns)
    change(sns, topic, name, value)
    assert attributes_of(sns, topic)[name] == value
    assert attributes_of(sns, make_topic(sns, "other", **{name: value}))[name] == value


def test_a_policy_of_a_topic_can_be_changed(sns):
    topic = make_topic(sns)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": topic, "Sid": "all"}
    policy = {"Version": "2012-10-17", "Id": "mine", "Statement": [statement]}
    change(sns, topic, "Policy", json.dumps(policy))
    assert json.loads(attributes_of(sns, topic)["Policy"]) == policy


@pytest.mark.parametrize("name", ["FifoTopic", "TopicArn", "Owner", "Colour", ""])
def test_fixed_and_unknown_attributes_cannot_be_changed(sns, name):
    topic = make_topic(sns)
    with refused("InvalidParameter", "Invalid parameter: AttributeName"):
        change(sns, topic, name, "true")


def test_operations_on_an_unknown_topic_are_refused(sns, world):
    topic = unknown(world)
    for operation in (
        lambda: attributes_of(sns, topic),
        lambda: change(sns, topic, "DisplayName", "x"),
        lambda: sns.publish(TopicArn=topic, Message="x"),
        lambda: sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "x"}]),
        lambda: sns.list_subscriptions_by_topic(TopicArn=topic),
        lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic.replace("sns", "sqs")),
    ):
        with refused(*NO_TOPIC, status=404) as caught:
            operation()
        assert caught.type is sns.exceptions.NotFoundException


def test_deleting_a_topic_is_idempotent(sns, world):
    topic = make_topic(sns)
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=unknown(world))
    with refused(*NO_TOPIC, status=404):
        attributes_of(sns, topic)
    assert sns.list_topics()["Topics"] == []


def test_topics_are_listed_in_pages_of_100(sns):
    topics = {make_topic(sns, f"topic-{number:03}") for number in range(205)}
    got = [
        [topic["TopicArn"] for topic in page["Topics"]] for page in sns.get_paginator("list_topics").paginate()
    ]
    assert [len(page) for page in got] == [100, 100, 5]
    assert {topic for page in got for topic in page} == topics


@pytest.mark.parametrize("arn,message", [
    ("nonsense", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
    ("arn:aws:sns:us-east-1:events", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 5"),
    ("arn:aws:sns:eu-west-1:{account}:events", "Invalid parameter: TopicArn"),
    ("arn:aws:sqs:us-east-1:{account}:events", "Invalid parameter: TopicArn"),
])
def test_a_wrong_topic_arn_is_refused(sns, world, arn, message):
    make_topic(sns)
    with refused("InvalidParameter", message):
        attributes_of(sns, arn.format(account=world.account))


def test_an_arn_without_an_account_names_a_topic_of_the_caller(sns):
    topic = make_topic(sns, DisplayName="mine")
    assert attributes_of(sns, "arn:aws:sns:us-east-1::events")["TopicArn"] == topic
    with refused(*NO_TOPIC, status=404):
        attributes_of(sns, "arn:aws:sns:us-east-1::others")


def test_tags_are_added_overwritten_and_removed(sns):
    topic = make_topic(sns)
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == []
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "2"}])
    tags = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=topic)["Tags"]}
    assert tags == {"a": "2", "b": ""}
    sns.untag_resource(ResourceArn=topic, TagKeys=["a", "unknown"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": ""}]


def test_wrong_tags_are_refused(sns, world):
    topic = make_topic(sns)
    with refused("InvalidParameter", "Invalid parameter: Duplicated keys are not allowed."):
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}])
    with refused("InvalidParameter", "Invalid parameter: Tag keys cannot start with the reserved prefix aws:."):
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "aws:team", "Value": "1"}])
    with refused("TagLimitExceeded"):
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": str(number), "Value": ""} for number in range(51)])
    for operation in (
        lambda: sns.tag_resource(ResourceArn=unknown(world), Tags=[{"Key": "a", "Value": "1"}]),
        lambda: sns.untag_resource(ResourceArn=unknown(world), TagKeys=["a"]),
        lambda: sns.list_tags_for_resource(ResourceArn=unknown(world)),
    ):
        with refused("ResourceNotFound", "Resource does not exist", status=404):
            operation()


def test_topics_of_accounts_and_regions_do_not_meet(world):
    worlds = [world, world.elsewhere(account="999999999998"), world.elsewhere(region="eu-west-1")]
    for one in worlds:
        client = one.sns()
        topic = make_topic(client)
        assert topic == f"arn:aws:sns:{one.region}:{one.account}:events"
        assert [listed["TopicArn"] for listed in client.list_topics()["Topics"]] == [topic]
    for one in worlds:
        client = one.sns()
        client.delete_topic(TopicArn=client.list_topics()["Topics"][0]["TopicArn"])
