"""A circuit breaker: a consumer that stops receiving while the service that it needs is down.

A bank charges orders, and is down. A consumer that goes on regardless calls it in vain again and again, until all
messages have used up their tries and are dead letters. They are moved back, and handled by a consumer with a breaker:
after a few failures it leaves the messages in the queue, where waiting costs them no try, and calls only now and
then, to see whether the bank is up again.

python examples/python/breaker.py [endpoint]
"""

import http.client
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shop import Shop

ORDERS = [f"order-{number:02}" for number in range(1, 11)]
# How often a message may be received; then it is a dead letter.
TRIES = 5
FAILURES_MAX = 3
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.2, 5
# The bank is up again after so many calls of the second consumer.
FAILURES_OF_BANK = FAILURES_MAX + 1


class Bank:
    """A service that charges orders by HTTP, unless it is down."""

    def __enter__(self):
        self.charged = set()
        self.failures = 0
        # It is down for so many calls yet.
        self.down_for = 0
        bank = self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self):
                order = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.send_response(bank.answer(order))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        threading.Thread(target=self.server.serve_forever).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, order):
        if self.down_for > 0:
            self.down_for -= 1
            self.failures += 1
            return 503
        # Once, however often it is asked: it knows the order by its number.
        self.charged.add(order)
        return 200

    def charge(self, order):
        """What a consumer calls; says whether the order is charged."""
        connection = http.client.HTTPConnection(*self.server.server_address, timeout=60)
        try:
            connection.request("POST", "/charges", body=order)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class Breaker:
    """Closed while calls succeed. After some failures in a row it opens: no calls during a pause, and then one, as a
    probe. If that succeeds the breaker closes; if not, the next pause is twice as long."""

    def __init__(self):
        self.failures = 0
        self.pause_seconds = PAUSE_SECONDS
        self.history = ["closed"]

    def wait(self):
        """Returns when a call may be made."""
        if self.history[-1] == "open":
            time.sleep(self.pause_seconds)
            self.pause_seconds = min(2 * self.pause_seconds, PAUSE_SECONDS_MAX)
            self._become("half-open")

    def record(self, is_good):
        """Learns what became of the call."""
        self.failures = 0 if is_good else self.failures + 1
        is_probe = self.history[-1] == "half-open"
        if is_good and is_probe:
            self.pause_seconds = PAUSE_SECONDS
            self._become("closed")
        elif not is_good and (is_probe or self.failures == FAILURES_MAX):
            self._become("open")

    def _become(self, state):
        self.history.append(state)
        print(f"the breaker is {state}")


def consume_regardless(shop, queue, bank):
    # Nothing is hidden when the next receive comes, so one that brings nothing means that all are dead letters.
    shop.consume(queue, lambda delivery: bank.charge(delivery.order))


def consume_with_breaker(shop, queue, bank):
    breaker = Breaker()

    def handle(delivery):
        is_charged = bank.charge(delivery.order)
        print(f"{delivery.order} is {'charged' if is_charged else 'not charged'}")
        breaker.record(is_charged)
        return is_charged

    def is_over():
        return len(bank.charged) == len(ORDERS)

    # One at a time: a message that is received has one try less, so none is that cannot be handled now.
    shop.consume(queue, handle, is_over, most=1, before=breaker.wait)
    return breaker.history


def move_back(shop, dead_letters):
    shop.sqs.start_message_move_task(SourceArn=dead_letters["arn"])
    print("the dead letters are moved back")


def run(shop, bank):
    dead_letters = shop.queue("charges-dead-letters")
    charges = shop.queue("charges", dead_letters, TRIES, VisibilityTimeout="300")
    for order in ORDERS:
        shop.sqs.send_message(QueueUrl=charges["url"], MessageBody=json.dumps({"order": order}))

    bank.down_for = sys.maxsize
    consume_regardless(shop, charges, bank)
    without = bank.failures
    dead = shop.count(dead_letters)
    print(f"without a breaker: {without} calls in vain, {dead} dead letters")

    bank.failures, bank.down_for = 0, FAILURES_OF_BANK
    move_back(shop, dead_letters)
    history = consume_with_breaker(shop, charges, bank)
    dead_in_the_end = shop.count(dead_letters)
    print(f"with a breaker: {bank.failures} calls in vain, {dead_in_the_end} dead letters")

    return (
        (without, dead) == (len(ORDERS) * TRIES, len(ORDERS))
        and (bank.failures, dead_in_the_end) == (FAILURES_OF_BANK, 0)
        and bank.charged == set(ORDERS)
        and history == ["closed", "open", "half-open", "open", "half-open", "closed"]
    )


if __name__ == "__main__":
    with Bank() as the_bank, Shop() as the_shop:
        is_good = run(the_shop, the_bank)
    if not is_good:
        sys.exit("FAILED: the breaker did not keep the orders")
    print(
        f"{len(ORDERS)} orders were charged once each; the breaker let {FAILURES_OF_BANK} calls fail, "
        f"where {len(ORDERS) * TRIES} failed without it"
    )
