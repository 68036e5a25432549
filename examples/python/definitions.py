"""Creates on a hub the queues, topics and subscriptions that AWS, or another server with its API, has. No messages.

Names, account and region stay, so ARNs do, and with them policies, redrive policies and filters. What exists already
with the same attributes is left as it is, so this can be called again. Only queues are subscribed.

python examples/python/definitions.py --region eu-west-1 http://localhost:4566
"""

import argparse
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# The rest of what a queue shows cannot be set.
OF_QUEUES = [
    "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
    "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
    "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "Policy", "RedriveAllowPolicy",
]
OF_TOPICS = [
    "DisplayName", "MaximumMessageSize", "FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope",
    "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "DeliveryPolicy", "Policy",
]
OF_SUBSCRIPTIONS = ["RawMessageDelivery", "FilterPolicyScope", "FilterPolicy", "RedrivePolicy"]


def chosen(attributes, names):
    return {name: attributes[name] for name in names if attributes.get(name)}


def read_queues(sqs):
    """Name, attributes and tags of each queue."""
    for page in sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000}):
        for url in page.get("QueueUrls", []):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            yield url.rsplit("/", 1)[-1], attributes, sqs.list_queue_tags(QueueUrl=url).get("Tags", {})


def create_queues(sqs, queues):
    urls = {}
    for name, attributes, tags in queues:
        urls[name] = sqs.create_queue(QueueName=name, Attributes=chosen(attributes, OF_QUEUES), tags=tags)["QueueUrl"]
    # By now the dead-letter queues are there.
    for name, attributes, _ in queues:
        if redrive := chosen(attributes, ["RedrivePolicy"]):
            sqs.set_queue_attributes(QueueUrl=urls[name], Attributes=redrive)


def copy_topics(old, new):
    """How many there are."""
    number = 0
    for page in old.get_paginator("list_topics").paginate():
        for arn in (topic["TopicArn"] for topic in page["Topics"]):
            attributes = old.get_topic_attributes(TopicArn=arn)["Attributes"]
            tags = old.list_tags_for_resource(ResourceArn=arn)["Tags"]
            new.create_topic(Name=arn.rsplit(":", 1)[-1], Attributes=chosen(attributes, OF_TOPICS), Tags=tags)
            number += 1
    return number


def copy_subscriptions(old, new):
    """How many there are; says which protocols were left out."""
    number = 0
    for page in old.get_paginator("list_subscriptions").paginate():
        for subscription in page["Subscriptions"]:
            endpoint = {name: subscription[name] for name in ("TopicArn", "Protocol", "Endpoint")}
            if endpoint["Protocol"] != "sqs":
                print(f"left out: {endpoint['Protocol']} {endpoint['Endpoint']} of {endpoint['TopicArn']}")
                continue
            attributes = old.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
            new.subscribe(**endpoint, Attributes=chosen(attributes, OF_SUBSCRIPTIONS))
            number += 1
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hub", help="endpoint of the hub")
    parser.add_argument("--region", required=True, help="the region to copy, which it keeps")
    parser.add_argument("--profile", help="a profile of the AWS configuration, to read with")
    parser.add_argument("--endpoint", help="where to read, if that is not AWS")
    parser.add_argument("--no-topics", action="store_true", help="for a server that has queues only")
    asked = parser.parse_args()
    session = boto3.Session(profile_name=asked.profile, region_name=asked.region)
    # AWS_ENDPOINT_URL may name the hub by now.
    source = {"endpoint_url": asked.endpoint, "config": Config(ignore_configured_endpoint_urls=True)}
    queues = list(read_queues(session.client("sqs", **source)))
    if not queues:
        sys.exit("There is no queue in this account and region.")
    # The access key of the hub is the account.
    account = queues[0][1]["QueueArn"].split(":")[4]
    hub = {"endpoint_url": asked.hub, "aws_access_key_id": account, "aws_secret_access_key": "example"}
    create_queues(session.client("sqs", **hub), queues)
    print(f"{len(queues)} queues in account {account}")
    if not asked.no_topics:
        old, new = session.client("sns", **source), session.client("sns", **hub)
        print(f"{copy_topics(old, new)} topics, {copy_subscriptions(old, new)} subscriptions")


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"FAILED: {error}")
