"""What the examples need: clients of boto3, topics, queues, and a loop that consumes."""

import json
import os
import sys
import time

import boto3

# How long a receive waits for a message.
WAIT_SECONDS = 2
# An example in which nothing has happened for so long has failed.
PATIENCE_SECONDS = 60


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
        for url in reversed(self.queues):  # a priority queue before its members
            self.sqs.delete_queue(QueueUrl=url)

    def topic(self, name):
        arn = self.sns.create_topic(Name=f"{name}-{self.run}")["TopicArn"]
        self.topics.append(arn)
        return arn

    def queue(self, name, dead_letters=None, tries=3, **attributes):
        """Creates a queue; with another one for what was received in vain so many times, if that is given."""
        if dead_letters:
            redrive = {"deadLetterTargetArn": dead_letters["arn"], "maxReceiveCount": tries}
            attributes["RedrivePolicy"] = json.dumps(redrive)
        full_name = f"{name}-{self.run}"
        url = self.sqs.create_queue(QueueName=full_name, Attributes=attributes)["QueueUrl"]
        self.queues.append(url)
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return {"name": name, "full_name": full_name, "url": url, "arn": answer["Attributes"]["QueueArn"]}

    def subscribe(self, topic, queue, scope="MessageAttributes", filter_policy=None):
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
        attributes = {"RawMessageDelivery": "true"}
        if filter_policy is not None:
            attributes |= {"FilterPolicyScope": scope, "FilterPolicy": json.dumps(filter_policy)}
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["arn"], Attributes=attributes)

    def receive(self, queue, most=10):
        answer = self.sqs.receive_message(
            QueueUrl=queue["url"],
            MaxNumberOfMessages=most,
            WaitTimeSeconds=WAIT_SECONDS,
            MessageSystemAttributeNames=["All"],
        )
        return [Delivery(queue, message) for message in answer.get("Messages", [])]

    def hide(self, delivery, seconds):
        """Hides the message from others for so long from now on; 0 gives it back at once."""
        self.sqs.change_message_visibility(VisibilityTimeout=seconds, **delivery.named)

    def delete(self, delivery):
        self.sqs.delete_message(**delivery.named)

    def delete_all(self, deliveries):
        """Deletes up to 10 messages of one queue with one request."""
        entries = [
            {"Id": str(number), "ReceiptHandle": delivery.named["ReceiptHandle"]}
            for number, delivery in enumerate(deliveries)
        ]
        answer = self.sqs.delete_message_batch(QueueUrl=deliveries[0].named["QueueUrl"], Entries=entries)
        if answer.get("Failed"):
            raise ValueError(f"not deleted: {answer['Failed']}")

    def count(self, queue):
        """How many messages the queue has, be they received or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def consume(self, queue, handle, is_over=lambda: True, most=10, before=lambda: None):
        """Hands each message to `handle` and deletes it if that returns True, until no more can come and none does.

        `is_over` says whether whatever sends to the queue has ended; `before` is called before each receive.
        """
        heard = time.monotonic()
        while True:
            # In this order: what was sent before the end must be received after it.
            may_end = is_over()
            before()
            deliveries = self.receive(queue, most)
            if may_end and not deliveries:
                return
            if deliveries:
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE_SECONDS:
                raise TimeoutError(f"{queue['name']} has waited {PATIENCE_SECONDS} s for a message")
            for delivery in deliveries:
                if handle(delivery):
                    self.delete(delivery)
                else:
                    self.hide(delivery, 0)


class Delivery:
    """A message that was received."""

    def __init__(self, queue, message):
        self.body = json.loads(message["Body"])
        self.message_id = message["MessageId"]
        # How SQS wants a receive to be named.
        self.named = {"QueueUrl": queue["url"], "ReceiptHandle": message["ReceiptHandle"]}
        # The how-manieth delivery of this message it is.
        self.count = int(message["Attributes"]["ApproximateReceiveCount"])
        # The queue that gave it up.
        self.source = message["Attributes"].get("DeadLetterQueueSourceArn")

    @property
    def order(self):
        return self.body["order"]
