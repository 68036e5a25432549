"""An order system on a hub, with boto3: a topic, three queues that filter it, and dead letters.

python examples/python/orders.py [endpoint]
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from shop import Shop


def make_order(number):
    return {
        "order": f"order-{number:02}",
        "kind": "file" if number % 3 == 0 else "thing",
        "amount": 0 if number % 7 == 0 else number * 5,
        "destination": {"country": "DE" if number % 2 == 0 else "JP"},
        "card": "declined" if number % 10 == 0 else "good",
    }


ORDERS = [make_order(number) for number in range(1, 31)]

FILTERS = {
    "inventory": ("MessageAttributes", {"kind": ["thing"]}),
    "payment": ("MessageAttributes", {"amount": [{"numeric": [">", 0]}]}),
    "shipping": ("MessageBody", {"kind": ["thing"], "destination": {"country": ["DE"]}}),
}

# What the filter policies say, said once more.
WANTED = {
    "inventory": lambda order: order["kind"] == "thing",
    "payment": lambda order: order["amount"] > 0 and order["card"] == "good",
    "shipping": lambda order: order["kind"] == "thing" and order["destination"]["country"] == "DE",
    "dead letters": lambda order: order["amount"] > 0 and order["card"] == "declined",
}


def publish(shop, topic):
    for order in ORDERS:
        shop.sns.publish(
            TopicArn=topic,
            Message=json.dumps(order),
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": order["kind"]},
                "amount": {"DataType": "Number", "StringValue": str(order["amount"])},
            },
        )
    print(f"{len(ORDERS)} orders published")


def process(shop, queue, is_over):
    """Processes everything that comes, and says what that was."""
    processed = []

    def handle(delivery):
        if queue["name"] == "payment" and delivery.body["card"] == "declined":
            print(f"payment: {delivery.order} is declined, try {delivery.count}")
            return False
        processed.append(delivery.order)
        return True

    shop.consume(queue, handle, is_over)
    return sorted(processed)


def read_dead_letters(shop, queue, payment):
    dead = []

    def handle(delivery):
        print(f"dead letter: {delivery.order} from {delivery.source}, delivery {delivery.count}")
        if delivery.source != payment["arn"] or delivery.count != 4:
            raise ValueError("a dead letter comes from payment, after three deliveries there")
        dead.append(delivery.order)
        return True

    shop.consume(queue, handle)
    return sorted(dead)


def run(shop):
    topic = shop.topic("orders")
    dead_letters = shop.queue("payment-dead-letters")
    queues = {name: shop.queue(name, dead_letters if name == "payment" else None) for name in FILTERS}
    for name, (scope, policy) in FILTERS.items():
        shop.subscribe(topic, queues[name], scope, policy)

    with ThreadPoolExecutor() as pool:
        publishing = pool.submit(publish, shop, topic)
        work = {name: pool.submit(process, shop, queue, publishing.done) for name, queue in queues.items()}
        publishing.result()
        actual = {name: processed.result() for name, processed in work.items()}
    actual["dead letters"] = read_dead_letters(shop, dead_letters, queues["payment"])

    is_right = True
    for name, orders in actual.items():
        expected = [order["order"] for order in ORDERS if WANTED[name](order)]
        print(f"{name:>12}: {len(orders):2} orders, {'ok' if orders == expected else 'WRONG'}")
        is_right = is_right and orders == expected
    return is_right


if __name__ == "__main__":
    with Shop() as the_shop:
        is_good = run(the_shop)
    sys.exit(0 if is_good else "FAILED: not every order is where its filter says")
