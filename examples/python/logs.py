"""Log collection: programs send their lines in batches, collectors write them down and delete in batches.

A queue delivers at least once, and a program that hears no answer sends again; so each line has a number of its
program's own, by which the collectors recognise what they have.

python examples/python/logs.py [endpoint]
"""

import json
import pathlib
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

from shop import Shop

PROGRAMS = ["web", "search", "billing", "mail"]
# Not a multiple of a batch, so that the last one is smaller.
LINES = 253
COLLECTORS = 2
BATCH_MAX = 10
TRIES_MAX = 5

# The program that hears no answer to its first batch.
UNLUCKY = "billing"


class Log:
    """The log of a program: a line waits until there are enough for a batch, or until `close`."""

    def __init__(self, shop, queue, program):
        self.shop, self.queue, self.program = shop, queue, program
        self.lines = 0
        self.batches = 0
        self.waiting = []

    def write(self, text):
        self.lines += 1
        body = json.dumps({"program": self.program, "number": self.lines, "text": text})
        self.waiting.append({"Id": str(self.lines), "MessageBody": body})
        if len(self.waiting) == BATCH_MAX:
            self.send()

    def send(self):
        batch, self.waiting = self.waiting, []
        self.batches += 1
        send_batch(self.shop, self.queue, batch)
        if self.program == UNLUCKY and self.batches == 1:
            print(f"{self.program}: no answer, so the first batch is sent again")
            send_batch(self.shop, self.queue, batch)

    def close(self):
        if self.waiting:
            self.send()
        print(f"{self.program}: {self.lines} lines in {self.batches} batches")


def send_batch(shop, queue, batch):
    """Sends all of it. A batch that is accepted may have entries that are not."""
    for _ in range(TRIES_MAX):
        answer = shop.sqs.send_message_batch(QueueUrl=queue["url"], Entries=batch)
        failed = {entry["Id"]: entry for entry in answer.get("Failed", [])}
        if any(entry["SenderFault"] for entry in failed.values()):
            raise ValueError(f"these will never be accepted: {failed}")
        batch = [entry for entry in batch if entry["Id"] in failed]
        if not batch:
            return
    raise TimeoutError(f"{len(batch)} lines were not accepted in {TRIES_MAX} tries")


def text(program, number):
    return f"{program} has done its work for the {number}. time"


def log(shop, queue, program):
    """A program at work."""
    its_log = Log(shop, queue, program)
    for number in range(1, LINES + 1):
        its_log.write(text(program, number))
    its_log.close()


class Archive:
    """A file for each program, shared by the collectors."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.lock = threading.Lock()
        self.known = set()
        self.duplicates = 0

    def write(self, lines):
        with self.lock:
            for line in lines:
                key = line["program"], line["number"]
                if key in self.known:
                    self.duplicates += 1
                    continue
                self.known.add(key)
                with self._file(line["program"]).open("a") as file:
                    file.write(f"{line['number']} {line['text']}\n")

    def read(self, program):
        """The lines of a program, in its order; they came in another one."""
        lines = (line.split(" ", 1) for line in self._file(program).read_text().splitlines())
        return sorted((int(number), line) for number, line in lines)

    def _file(self, program):
        return self.folder / f"{program}.log"


def collect(shop, queue, archive, is_over):
    """Writes down what comes, until nothing more does; says how many messages that were."""
    collected = 0
    while True:
        # In this order: what was sent before the end must be received after it.
        may_end = is_over()
        deliveries = shop.receive(queue, most=BATCH_MAX)
        if may_end and not deliveries:
            return collected
        if deliveries:
            archive.write([delivery.body for delivery in deliveries])
            shop.delete_all(deliveries)
            collected += len(deliveries)


def run(shop, archive):
    # Long enough for a collector on a machine that is busy with something else.
    queue = shop.queue("logs", VisibilityTimeout="300")
    with ThreadPoolExecutor() as pool:
        programs = [pool.submit(log, shop, queue, program) for program in PROGRAMS]

        def is_over():
            return all(program.done() for program in programs)

        collectors = [pool.submit(collect, shop, queue, archive, is_over) for _ in range(COLLECTORS)]
        for program in programs:
            program.result()
        for number, collector in enumerate(collectors, 1):
            print(f"collector {number}: {collector.result()} messages")
    expected = range(1, LINES + 1)
    is_complete = all(
        archive.read(program) == [(number, text(program, number)) for number in expected] for program in PROGRAMS
    )
    return is_complete and archive.duplicates == BATCH_MAX


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as the_folder, Shop() as the_shop:
        is_good = run(the_shop, Archive(the_folder))
    if not is_good:
        sys.exit("FAILED: the files are not what the programs wrote")
    print(
        f"{len(PROGRAMS) * LINES} lines of {len(PROGRAMS)} programs are written down once each; "
        f"{BATCH_MAX} that came twice were recognised"
    )
