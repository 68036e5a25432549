"""Urgent and normal orders in a priority queue: a queue that is a list of queues, the most urgent first.

Each member is an ordinary queue, with dead letters and limits of its own. Whoever sends names the member by the
message attribute `Priority`, to the priority queue or to a topic that it subscribes to; whoever receives needs one
call, and any SDK. (`PriorityMembers` is the hub's own; SQS has nothing like it.)

python examples/python/priorities.py [endpoint]
"""

import json
import sys

from shop import Shop

NORMAL = [f"normal-{number:02}" for number in range(1, 21)]
# These are there when the worker begins, behind the normal ones.
URGENT = [f"urgent-{number}" for number in range(1, 6)]
# Each of these is published while the worker handles the normal order.
INTERRUPTIONS = {"normal-04": "urgent-6", "normal-05": "urgent-7", "normal-20": "urgent-8"}

# Levels, counted from the highest. A member's name would do as well.
URGENT_LEVEL, NORMAL_LEVEL = 0, 1


def priority(level):
    return {"Priority": {"DataType": "Number", "StringValue": str(level)}}


def send(shop, queue, orders, level):
    for order in orders:
        body = json.dumps({"order": order})
        shop.sqs.send_message(QueueUrl=queue["url"], MessageBody=body, MessageAttributes=priority(level))


def depths(shop, queue):
    """How many messages each member has, the most urgent first."""
    answer = shop.sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["PriorityDepths"])
    return list(json.loads(answer["Attributes"]["PriorityDepths"]).values())


def work(shop, queue, topic):
    """Handles all orders, and says which came in what sequence, with how many urgent ones waiting then."""
    handled = []

    def handle(delivery):
        urgent, normal = depths(shop, queue)
        handled.append((delivery.order, urgent))
        print(f"{delivery.order}, while {urgent} urgent and {normal} normal ones wait")
        if interruption := INTERRUPTIONS.get(delivery.order):
            shop.sns.publish(
                TopicArn=topic,
                Message=json.dumps({"order": interruption}),
                MessageAttributes=priority(URGENT_LEVEL),
            )
            print(f"{interruption} is published")
        return True

    # One at a time: what a worker has received already, nothing can overtake.
    shop.consume(queue, handle, most=1)
    return handled


def is_right(handled):
    sequence = [order for order, _ in handled]
    is_complete = sorted(sequence) == sorted([*NORMAL, *URGENT, *INTERRUPTIONS.values()])
    urgent_first = set(sequence[: len(URGENT)]) == set(URGENT)
    interrupted = all(
        sequence[sequence.index(normal) + 1] == urgent for normal, urgent in INTERRUPTIONS.items() if is_complete
    )
    none_waited = all(waiting == 0 for order, waiting in handled if order in NORMAL)
    return is_complete and urgent_first and interrupted and none_waited


def run(shop):
    members = [shop.queue(name, VisibilityTimeout="300") for name in ("orders-urgent", "orders-normal")]
    # A normal order that has waited for an hour counts as an urgent one, so that none waits forever.
    composition = {
        "policy": "strict",
        "members": [member["full_name"] for member in members],
        "maxWaitSeconds": 3600,
    }
    orders = shop.queue("orders", PriorityMembers=json.dumps(composition))
    topic = shop.topic("orders")
    shop.subscribe(topic, orders)

    send(shop, orders, NORMAL, NORMAL_LEVEL)
    send(shop, orders, URGENT, URGENT_LEVEL)
    return is_right(work(shop, orders, topic))


if __name__ == "__main__":
    with Shop() as the_shop:
        is_good = run(the_shop)
    if not is_good:
        sys.exit("FAILED: a normal order was handled while an urgent one waited, or not all were handled")
    print(
        f"{len(NORMAL)} normal and {len(URGENT) + len(INTERRUPTIONS)} urgent orders were handled; "
        "no normal one while an urgent one waited"
    )
