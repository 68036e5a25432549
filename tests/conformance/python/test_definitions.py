"""The example that copies queues, topics and subscriptions, between two hubs."""

import os
import subprocess
import sys

import pytest

from checks import arn_of, attributes_of, make_fifo, make_queue, make_topic, redrive_policy, subscribe, subscription_of
from hub import REPOSITORY, Hub
from world import World

SCRIPT = REPOSITORY / "examples" / "python" / "definitions.py"


@pytest.fixture
def new_hub():
    hub = Hub()
    yield hub
    assert hub.stop() == 0


def copy(world, new_hub, *flags):
    environment = os.environ | {"AWS_ACCESS_KEY_ID": world.account, "AWS_SECRET_ACCESS_KEY": "secret"}
    return subprocess.run(
        [sys.executable, SCRIPT, new_hub.endpoint, "--region", world.region, "--endpoint", world.hub.endpoint, *flags],
        env=environment, capture_output=True, text=True, timeout=60,
    )


def settings(sqs, url):
    passing = {"CreatedTimestamp", "LastModifiedTimestamp"}
    return {name: value for name, value in attributes_of(sqs, url).items() if name not in passing}


def test_queues_topics_and_subscriptions_are_copied(world, queues, sns, new_hub):
    # A policy that names its dead-letter queue comes before it in the list.
    dead = make_queue(queues, "z-dead", VisibilityTimeout="77", RedriveAllowPolicy={"redrivePermission": "allowAll"})
    orders = make_queue(queues, "orders", RedrivePolicy=redrive_policy(arn_of(queues, dead), 3), KmsMasterKeyId="alias/k")
    queues.tag_queue(QueueUrl=orders, Tags={"team": "shop", "empty": ""})
    groups = make_fifo(queues, "groups.fifo", ContentBasedDeduplication="true", DeduplicationScope="messageGroup")
    topic = make_topic(sns, "events", DisplayName="Events")
    fifo = make_topic(sns, "events.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    filtered = subscribe(
        sns, topic, arn_of(queues, orders), RawMessageDelivery="true", FilterPolicy='{"kind": ["a"]}',
        FilterPolicyScope="MessageBody",
    )
    subscribe(sns, fifo, arn_of(queues, groups))
    new = World(new_hub, account=world.account)
    for _ in range(2):
        done = copy(world, new_hub)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"3 queues in account {world.account}\n2 topics, 2 subscriptions" in done.stdout
    for url in (dead, orders, groups):
        copied = new.sqs().get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"]
        assert settings(new.sqs(), copied) == settings(queues, url)
        assert new.sqs().list_queue_tags(QueueUrl=copied).get("Tags") == queues.list_queue_tags(QueueUrl=url).get("Tags")
    for arn in (topic, fifo):
        assert new.sns().get_topic_attributes(TopicArn=arn)["Attributes"] == sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    copied = new.sns().list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert len(copied) == 1
    names = ("Endpoint", "RawMessageDelivery", "FilterPolicy", "FilterPolicyScope")
    before, after = subscription_of(sns, filtered), subscription_of(new.sns(), copied[0]["SubscriptionArn"])
    assert [after[name] for name in names] == [before[name] for name in names]


def test_a_difference_is_told_and_not_overwritten(world, queues, new_hub):
    make_queue(queues, "orders", DelaySeconds="5")
    new = World(new_hub, account=world.account).sqs()
    url = make_queue(new, "orders", DelaySeconds="6")
    done = copy(world, new_hub, "--no-topics")
    assert done.returncode == 1 and "DelaySeconds" in done.stderr, done.stderr
    assert attributes_of(new, url)["DelaySeconds"] == "6"
