"""An app as a user of Celery writes it; the worker imports it, and the tests send with it."""

import json
import os
import socket
import time

from celery import Celery
from celery.exceptions import Reject

app = Celery("shop")
app.conf.update(
    # sqs://ACCESS_KEY:SECRET_KEY@HOST:PORT
    broker_url=os.environ.get("SHOP_BROKER_URL"),
    result_backend=os.environ.get("SHOP_RESULT_BACKEND"),
    broker_transport_options={
        "region": "us-east-1",
        "visibility_timeout": 60,
        "wait_time_seconds": 20,
        "polling_interval": 0,
        "queue_name_prefix": "shop-",
        "queue_tags": {"team": "shop"},
        # With queues named here, Celery neither creates nor lists any.
        "predefined_queues": json.loads(os.environ.get("SHOP_PREDEFINED_QUEUES", "{}")),
    },
    task_default_queue="tasks",
    # A task is acknowledged when it is done, and given to another worker if its own dies.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # SQS has no events and no remote control, as on AWS.
    worker_send_task_events=False,
    worker_enable_remote_control=False,
)


@app.task
def add(left, right):
    return left + right


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def now():
    return time.time()


@app.task(bind=True, max_retries=3)
def succeeds_at_the_third_attempt(self):
    if self.request.retries < 2:
        raise self.retry(countdown=1)
    return self.request.retries


@app.task
def ask(port):
    """Reports to the test that it runs, and ends when the test says how."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        return connection.makefile().readline().strip()


@app.task
def refuse(port):
    ask(port)
    raise Reject("no worker can do this", requeue=False)
