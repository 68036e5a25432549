"""What both examples need: clients of boto3, topics, queues, and a loop that consumes."""

import json
import os
import sys
import time

import boto3

# A consumer that has heard nothing for so long believes that there is nothing more to come.
SILENCE_SECONDS = 2


class Shop:
    """Clients, and what was created with them; deleted at the end of the `with` block."""

    def __init__(self):
        endpoint = (
            sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
        )
        print(f"The hub is {endpoint}")
        # Your own keys are nothing that a hub on your machine has to see.
        options = {
            "endpoint_url": endpoint,
            "region_name": "us-east-1",
            "aws_access_key_id": "000000000000",
            "aws_secret_access_key": "example",
        }
        self.sqs = boto3.client("sqs", **options)
        self.sns = boto3.client("sns", **options)
        # Makes the names of this run its own.
        self.run = f"{int(time.time())}-{os.getpid()}"
        self.topics = []
        self.queues = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for topic in self.topics:  # which takes its subscriptions with it
            self.sns.delete_topic(TopicArn=topic)
        for url in self.queues:
            self.sqs.delete_queue(QueueUrl=url)

    def topic(self, name):
        arn = self.sns.create_topic(Name=f"{name}-{self.run}")["TopicArn"]
        self.topics.append(arn)
        return arn

    def queue(self, name, dead_letters=None):
        """Creates a queue; with another one for what was received in vain three times, if that is given."""
        attributes = {}
        if dead_letters:
            redrive = {"deadLetterTargetArn": dead_letters["arn"], "maxReceiveCount": 3}
            attributes["RedrivePolicy"] = json.dumps(redrive)
        url = self.sqs.create_queue(QueueName=f"{name}-{self.run}", Attributes=attributes)["QueueUrl"]
        self.queues.append(url)
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return {"name": name, "url": url, "arn": answer["Attributes"]["QueueArn"]}

    def subscribe(self, topic, queue, scope, filter_policy):
        """Subscribes a queue to a topic. Messages come as they were published, without an envelope."""
        # The topic may send to the queue. AWS insists on it.
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue["arn"],
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
        self.sqs.set_queue_attributes(QueueUrl=queue["url"], Attributes={"Policy": json.dumps(policy)})
        self.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=queue["arn"],
            Attributes={
                "RawMessageDelivery": "true",
                "FilterPolicyScope": scope,
                "FilterPolicy": json.dumps(filter_policy),
            },
        )

    def consume(self, queue, handle):
        """Hands each message to `handle` and deletes it if that returns True, until there are no more."""
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=queue["url"],
                MaxNumberOfMessages=10,
                WaitTimeSeconds=SILENCE_SECONDS,
                MessageSystemAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                named = {"QueueUrl": queue["url"], "ReceiptHandle": message["ReceiptHandle"]}
                if handle(Delivery(message)):
                    self.sqs.delete_message(**named)
                else:
                    # The message is there for others again, at once instead of after its timeout.
                    self.sqs.change_message_visibility(VisibilityTimeout=0, **named)


class Delivery:
    """A message that was received."""

    def __init__(self, message):
        self.body = json.loads(message["Body"])
        self.order = self.body["order"]
        self.message_id = message["MessageId"]
        # The how-manieth delivery of this message it is.
        self.count = int(message["Attributes"]["ApproximateReceiveCount"])
        # The queue that gave it up.
        self.source = message["Attributes"].get("DeadLetterQueueSourceArn")
