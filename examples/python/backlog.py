"""Moves the messages of a queue to another one, of any server that speaks SQS: fanq, AWS, LocalStack, ElasticMQ.

A message is deleted at its source only when the destination has accepted it. So nothing is lost if this is stopped, and
it goes on when it is called again. Body, attributes, group and deduplication id go along; a group of a FIFO queue
keeps its order. It ends when the source is empty; with --follow it goes on forwarding what arrives.

python examples/python/backlog.py http://localhost:9324/000000000000/orders http://localhost:4566/000000000000/orders
"""

import argparse
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# What was received comes again after so long, if this stops before it has deleted it. FIFO queues recognise what is
# sent again for 300 seconds.
HIDDEN_SECONDS = 60
WAIT_SECONDS = 2
PROGRESS_SECONDS = 1


class Queue:
    """A queue, and a client for it. Both follow from its URL; `profile` is one of the AWS configuration."""

    def __init__(self, url, profile, region, workers):
        parts = urlsplit(url)
        self.url = url
        self.name = parts.path.rsplit("/", 1)[-1]
        self.is_fifo = self.name.endswith(".fifo")
        # At AWS counters are right after about a minute; elsewhere at once.
        self.counters_lag_seconds = 90 if ".amazonaws.com" in parts.netloc else 0
        # Hosts of AWS and LocalStack name their region.
        named = re.search(r"(?:^|\.)sqs\.([a-z]{2}(?:-[a-z]+)+-\d+)\.", parts.netloc)
        options = {"region_name": region or (named.group(1) if named else None)}
        if not profile and ".amazonaws.com" not in parts.netloc:
            # Your own keys are nothing that others have to see: the account stands in the URL.
            options |= {"aws_access_key_id": account_in(parts.path), "aws_secret_access_key": "example"}
            options["region_name"] = options["region_name"] or "us-east-1"
        self.client = boto3.Session(profile_name=profile).client(
            "sqs",
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            config=Config(retries={"mode": "standard", "total_max_attempts": 8}, max_pool_connections=workers),
            **options,
        )

    def receive(self):
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def send(self, message, deduplication_id=None):
        """Sends what was received elsewhere; the id that it has here."""
        of_source = message["Attributes"]
        asked = {"QueueUrl": self.url, "MessageBody": message["Body"]}
        if "MessageAttributes" in message:
            asked["MessageAttributes"] = message["MessageAttributes"]
        if "AWSTraceHeader" in of_source:
            header = {"DataType": "String", "StringValue": of_source["AWSTraceHeader"]}
            asked["MessageSystemAttributes"] = {"AWSTraceHeader": header}
        if "MessageGroupId" in of_source:
            asked["MessageGroupId"] = of_source["MessageGroupId"]
        if self.is_fifo:
            asked["MessageDeduplicationId"] = deduplication_id or of_source["MessageDeduplicationId"]
        else:
            # It has waited already, whatever the queue's delay is.
            asked["DelaySeconds"] = 0
        return self.client.send_message(**asked)["MessageId"]

    def delete(self, messages):
        """Deletes what was received. What cannot be deleted any more comes again."""
        if messages:
            handles = [message["ReceiptHandle"] for message in messages]
            entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
            self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)

    def counts(self):
        """Messages that are visible, in flight and delayed."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        names.append("ApproximateNumberOfMessagesDelayed")
        answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return [int(answer["Attributes"][name]) for name in names]


def account_in(path):
    found = re.search(r"/(\d{12})/", path)
    return found.group(1) if found else "000000000000"


class Journal:
    """Which messages were accepted, and under which ids: what a second call has to know of the first."""

    def __init__(self, path):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        # A line that was cut off says nothing.
        pairs = [line.split() for line in lines if len(line.split()) == 2]
        self.accepted = dict(pairs)
        self.sources = {here: source for source, here in pairs}
        self.lock = threading.Lock()
        self.file = path.open("a")

    def is_new(self, source, here):
        """Notes that a message was accepted. False if this id is that of another one, so that this one was taken for
        its repetition."""
        with self.lock:
            if self.sources.setdefault(here, source) != source:
                return False
            self.accepted[source] = here
            self.file.write(f"\n{source} {here}\n")
            self.file.flush()
            return True

    def remove(self):
        self.file.close()
        self.path.unlink()


class Move:
    """Workers that receive, send and delete until there is nothing more."""

    def __init__(self, source, destination, journal, follow):
        self.source, self.destination, self.journal, self.follow = source, destination, journal, follow
        self.moved = 0
        # Since when the counters of the source say that it is empty.
        self.empty_since = None
        self.shown_at = time.monotonic()
        self.lock = threading.Lock()
        self.is_over = threading.Event()

    def work(self):
        try:
            while not self.is_over.is_set():
                messages = self.source.receive()
                if messages:
                    self.empty_since = None
                    self.copy(messages)
                else:
                    self.rest()
        finally:
            # Whether this one is done or has failed, the others end with it.
            self.is_over.set()

    def copy(self, messages):
        accepted = []
        try:
            # One by one: a batch can be larger than a request may be, and can be accepted in part, which would break
            # the order of a group.
            for message in messages:
                self.accept(message)
                accepted.append(message)
        finally:
            self.source.delete(accepted)
            self.show(len(accepted))

    def accept(self, message):
        id = message["MessageId"]
        if id in self.journal.accepted:
            return
        if not self.journal.is_new(id, self.destination.send(message)):
            # Two messages of the source have one deduplication id, since they were sent more than five minutes apart.
            self.journal.is_new(id, self.destination.send(message, deduplication_id=id))

    def rest(self):
        """Ends when the source is empty. Others may have messages of it, and delays may not be over."""
        visible, in_flight, delayed = self.source.counts()
        now = time.monotonic()
        if visible + in_flight + delayed > 0:
            self.empty_since = None
        elif not self.follow:
            self.empty_since = self.empty_since or now
            if now - self.empty_since >= self.source.counters_lag_seconds:
                self.is_over.set()
        if in_flight + delayed > 0:
            self.show(0, f"; waiting for {in_flight} in flight and {delayed} delayed")

    def show(self, number, more=""):
        with self.lock:
            self.moved += number
            if time.monotonic() >= self.shown_at + PROGRESS_SECONDS:
                self.shown_at = time.monotonic()
                print(f"messages moved: {self.moved}{more}", flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="URL of the queue that gives")
    parser.add_argument("destination", help="URL of the queue that takes")
    for side in ("from", "to"):
        parser.add_argument(f"--{side}-profile", help="a profile of the AWS configuration")
        parser.add_argument(f"--{side}-region", help="where the URL does not name it")
    parser.add_argument("--workers", type=int, default=8, help="requests at a time (8)")
    parser.add_argument("--follow", action="store_true", help="go on when the source is empty")
    parser.add_argument("--journal", type=Path, help="where to note what was accepted (NAME.journal)")
    return parser.parse_args()


def main():
    asked = options()
    source = Queue(asked.source, asked.from_profile, asked.from_region, asked.workers)
    destination = Queue(asked.destination, asked.to_profile, asked.to_region, asked.workers)
    if source.is_fifo != destination.is_fifo:
        sys.exit("FAILED: a FIFO queue and a standard queue cannot stand for each other")
    journal = Journal(asked.journal or Path(f"{source.name}.journal"))
    move = Move(source, destination, journal, asked.follow)
    print(f"messages in {asked.source}: {sum(source.counts())}", flush=True)
    with ThreadPoolExecutor(asked.workers) as pool:
        work = [pool.submit(move.work) for _ in range(asked.workers)]
        try:
            for worker in work:
                worker.result()
        finally:
            move.is_over.set()
    journal.remove()
    print(f"messages moved: {move.moved}, none left")


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"FAILED: {error}\nWhat was not accepted is still in the source; call this again to go on.")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Call this again to go on.")
