"""Services that work in a chain, one of which gets a message twice and does its work once.

An order is placed; inventory reserves it; payment charges it; shipping ships it. Each listens to the event before
its own, by a filter policy on one topic. A queue delivers at least once, so payment keeps a note of the orders it
has charged, by their own number: the number of the message would not do, since whoever publishes may do so twice.

python examples/python/chain.py [endpoint]
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from shop import Shop

ORDERS = [f"order-{number}" for number in range(1, 6)]

# The order for which the worker of payment stops at the worst moment.
UNLUCKY = "order-3"


def publish(shop, topic, event, order):
    shop.sns.publish(
        TopicArn=topic,
        Message=json.dumps({"order": order}),
        MessageAttributes={"event": {"DataType": "String", "StringValue": event}},
    )


def place(shop, topic):
    for order in ORDERS:
        publish(shop, topic, "placed", order)


class Service:
    """A service of the chain; `deed` is what it does to an order, and therefore announces."""

    def __init__(self, shop, topic, name, waits_for, deed):
        self.shop, self.topic, self.name, self.deed = shop, topic, name, deed
        self.queue = shop.queue(name)
        # The orders for which it has done so. A real service keeps this where the deed itself is kept, and writes
        # both at once.
        self.done = set()
        self.duplicates = 0
        shop.subscribe(topic, self.queue, "MessageAttributes", {"event": [waits_for]})

    def work(self, is_over):
        """Works until whoever announces what it waits for has ended."""
        self.shop.consume(self.queue, self.handle, is_over)

    def handle(self, delivery):
        order = delivery.order
        if order in self.done:
            self.duplicates += 1
            self.say(
                f"{order} came again (delivery {delivery.count} of message {delivery.message_id}); it is {self.deed} "
                "already, so the message is deleted and nothing else done"
            )
            return True
        self.done.add(order)
        publish(self.shop, self.topic, self.deed, order)
        self.say(f"{order} {self.deed}")
        if self.name == "payment" and order == UNLUCKY:
            self.say(f"the worker stops before it deletes the message of {order}")
            return False
        return True

    def say(self, text):
        print(f"{self.name:>9}: {text}")

    def is_right(self, duplicates):
        """Whether every order came, and so many twice. Had a service done its work twice, the next one would have
        seen a duplicate."""
        return self.done == set(ORDERS) and self.duplicates == duplicates


def run(shop):
    topic = shop.topic("events")
    inventory = Service(shop, topic, "inventory", "placed", "reserved")
    payment = Service(shop, topic, "payment", "reserved", "paid")
    shipping = Service(shop, topic, "shipping", "paid", "shipped")
    with ThreadPoolExecutor() as pool:
        steps = [pool.submit(place, shop, topic)]
        for service in (inventory, payment, shipping):
            steps.append(pool.submit(service.work, steps[-1].done))
        for step in steps:
            step.result()
    return inventory.is_right(0) and payment.is_right(1) and shipping.is_right(0)


if __name__ == "__main__":
    with Shop() as the_shop:
        is_good = run(the_shop)
    if not is_good:
        sys.exit("FAILED: not every order was reserved, paid and shipped once")
    print(f"{len(ORDERS)} orders were reserved, paid and shipped once each; 1 duplicate was recognised")
