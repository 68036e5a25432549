"""An image pipeline: the images lie in a store, messages carry their keys, and a topic says what is finished.

An image is larger than a message may be, so it is put into a store (here a folder, elsewhere a bucket) and the
message is a claim check: the key to fetch it by. A worker that takes longer than its message stays hidden extends that
while it works; one that cannot gives the work up, since somebody else has the message then.

python examples/python/images.py [endpoint]
"""

import hashlib
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from botocore.exceptions import BotoCoreError, ClientError

from shop import Shop

IMAGES = [f"image-{number}" for number in range(1, 7)]
WORKERS = 2
# Shorter than it takes to develop this one.
VISIBILITY_SECONDS = 3
LONG_IMAGE = "image-3"
LONG_WORK_SECONDS = 5

WIDTH, HEIGHT, REDUCTION = 1600, 1200, 20
# The most that a message may have.
MESSAGE_BYTES_MAX = 1024 * 1024


class Store:
    """Blobs in a folder, named by what is in them: a key never means anything else, and a blob put twice is one."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def put(self, blob):
        key = hashlib.sha256(blob).hexdigest()
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(blob)
        # Nobody sees half of it.
        os.replace(file.name, self.folder / key)
        return key

    def get(self, key):
        blob = (self.folder / key).read_bytes()
        if hashlib.sha256(blob).hexdigest() != key:
            raise ValueError(f"the blob {key} is damaged")
        return blob


class Lease:
    """Keeps a message hidden from others during the `with` block, however long that takes."""

    def __init__(self, shop, delivery, received):
        self.shop, self.delivery = shop, delivery
        self.held_until = received + VISIBILITY_SECONDS
        self.extensions = 0
        self.ended = threading.Event()
        self.extender = threading.Thread(target=self._extend)

    def __enter__(self):
        self.extender.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.extender.join()

    def is_held(self):
        return time.monotonic() < self.held_until

    def _extend(self):
        while not self.ended.wait(VISIBILITY_SECONDS / 3) and self.is_held():
            asked = time.monotonic()
            try:
                self.shop.hide(self.delivery, VISIBILITY_SECONDS)
            except (BotoCoreError, ClientError) as error:
                print(f"not extended, which is tried again while there is time: {error}")
                continue
            self.held_until = asked + VISIBILITY_SECONDS
            self.extensions += 1


def draw(number):
    """An image in shades of grey, in the format PGM: squares, each a little lighter than the ones before it."""
    rows = []
    for top in range(HEIGHT // REDUCTION):
        row = b"".join(bytes([shade(number, left, top)]) * REDUCTION for left in range(WIDTH // REDUCTION))
        rows.append(row * REDUCTION)
    return b"P5 %d %d 255\n" % (WIDTH, HEIGHT) + b"".join(rows)


def shade(number, left, top):
    return (number + left + 3 * top) % 256


def reduce(image):
    """A thumbnail, in which each pixel is the mean of a square of the image."""
    header, pixels = image.split(b"\n", 1)
    width, height = (int(side) for side in header.split()[1:3])
    small = bytearray()
    for top in range(0, height, REDUCTION):
        for left in range(0, width, REDUCTION):
            starts = range(top * width + left, (top + REDUCTION) * width + left, width)
            small.append(sum(sum(pixels[start:start + REDUCTION]) for start in starts) // REDUCTION**2)
    return b"P5 %d %d 255\n" % (width // REDUCTION, height // REDUCTION) + bytes(small)


def upload(shop, store, queue):
    for number, name in enumerate(IMAGES, 1):
        image = draw(number)
        if len(image) <= MESSAGE_BYTES_MAX:
            raise ValueError("an image that fits into a message needs no store")
        claim = {"image": name, "key": store.put(image)}
        shop.sqs.send_message(QueueUrl=queue["url"], MessageBody=json.dumps(claim))
        print(f"{name}: {len(image)} bytes in the store, {len(json.dumps(claim))} in the message")


def work(shop, store, queue, topic, all_are_finished):
    """Makes thumbnails, one at a time, until all images have one."""
    while not all_are_finished.is_set():
        asked = time.monotonic()
        for delivery in shop.receive(queue, most=1):
            # The message was hidden at some time after the request; that it is still hidden is sure only so long.
            with Lease(shop, delivery, asked) as lease:
                develop(shop, store, topic, delivery, lease)


def develop(shop, store, topic, delivery, lease):
    name = delivery.body["image"]
    started = time.monotonic()
    thumbnail = reduce(store.get(delivery.body["key"]))
    if name == LONG_IMAGE:
        # In place of work that really takes so long.
        time.sleep(LONG_WORK_SECONDS)
    worked_seconds = time.monotonic() - started
    if not lease.is_held():
        print(f"{name}: the message was not extended in time, so this is left to whoever has it now")
        return
    finished = {
        "image": name,
        "thumbnail": store.put(thumbnail),
        "outlasted": worked_seconds > VISIBILITY_SECONDS,
    }
    shop.sns.publish(TopicArn=topic, Message=json.dumps(finished))
    shop.delete(delivery)
    print(f"{name}: finished in {worked_seconds:.1f} s; its message was extended {lease.extensions} times")


def collect(shop, queue, all_are_finished):
    """What the topic has said of each image. It may say so twice: whoever finishes an image may stop before the
    message is deleted."""
    finished = {}

    def handle(delivery):
        finished[delivery.body["image"]] = delivery.body
        if len(finished) == len(IMAGES):
            all_are_finished.set()
        return True

    shop.consume(queue, handle, all_are_finished.is_set)
    return finished


def is_right(store, finished):
    small = [(left, top) for top in range(HEIGHT // REDUCTION) for left in range(WIDTH // REDUCTION)]
    for number, name in enumerate(IMAGES, 1):
        header, pixels = store.get(finished[name]["thumbnail"]).split(b"\n", 1)
        if header != b"P5 %d %d 255" % (WIDTH // REDUCTION, HEIGHT // REDUCTION):
            return False
        if list(pixels) != [shade(number, left, top) for left, top in small]:
            return False
    return finished[LONG_IMAGE]["outlasted"]


def run(shop, store):
    topic = shop.topic("images-finished")
    gallery = shop.queue("gallery")
    shop.subscribe(topic, gallery)
    images = shop.queue("images", VisibilityTimeout=str(VISIBILITY_SECONDS))
    all_are_finished = threading.Event()
    with ThreadPoolExecutor() as pool:
        try:
            collecting = pool.submit(collect, shop, gallery, all_are_finished)
            workers = [pool.submit(work, shop, store, images, topic, all_are_finished) for _ in range(WORKERS)]
            upload(shop, store, images)
            wait([collecting, *workers], return_when=FIRST_EXCEPTION)
        finally:
            # Whatever went wrong, nobody waits for what will not come.
            all_are_finished.set()
        for worker in workers:
            worker.result()
    return is_right(store, collecting.result())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as the_folder, Shop() as the_shop:
        is_good = run(the_shop, Store(the_folder))
    if not is_good:
        sys.exit("FAILED: not every image has its thumbnail")
    print(
        f"{len(IMAGES)} images have their thumbnails; {LONG_IMAGE} took longer than the {VISIBILITY_SECONDS} s that "
        "its message was hidden at first"
    )
