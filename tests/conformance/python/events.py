"""Reads server-sent events as they come, or does not."""

import json
import socket
import time
import urllib.parse
from dataclasses import dataclass

WITHIN_S = 30


@dataclass
class Event:
    """One event: its name, its id, and what it says."""

    name: str
    id: str | None
    data: dict

    @property
    def message(self):
        return self.data["message"]


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Events:
    """A connection to the live events of a topic, for the account of a world. Nothing is read before it is asked for."""

    def __init__(self, world, topic, receive_buffer=None, headers=None, **query):
        self.socket = socket.socket()
        self.socket.settimeout(WITHIN_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        where = urllib.parse.urlsplit(world.hub.endpoint)
        self.socket.connect((where.hostname, where.port))
        path = f"/topics/{urllib.parse.quote(topic, safe='')}/events?{urllib.parse.urlencode(query)}"
        credential = f"{world.account}/20260101/{world.region}/sns/aws4_request"
        lines = {
            "Host": where.netloc,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}",
            "Accept": "text/event-stream",
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._stream = self.socket.makefile("rb")
        self.status = int(self._stream.readline().split()[1])
        self.headers = {}
        while line := self._stream.readline().decode().strip():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        if self.status != 200:
            body = self._stream.read(int(self.headers["content-length"])).decode()
            self.close()
            raise Refused(self.status, body)
        self._rest = b""

    def _chunk(self):
        """The next chunk of the answer; nothing at its end."""
        size = int(self._stream.readline(), 16)
        chunk = self._stream.read(size)
        self._stream.readline()
        return chunk

    def next(self):
        """The next event; nothing if the answer has ended. A sign of life is none."""
        deadline = time.monotonic() + WITHIN_S
        while (event := self._next()) == "alive":
            assert time.monotonic() < deadline, "there are no more events"
        return event

    def _next(self):
        while b"\n\n" not in self._rest:
            chunk = self._chunk()
            if not chunk:
                return None
            self._rest += chunk
        block, self._rest = self._rest.split(b"\n\n", 1)
        fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if not line.startswith(":"))
        if "data" not in fields:
            return "alive"
        return Event(fields["event"], fields.get("id"), json.loads(fields["data"]))

    def take(self, number):
        return [self.next() for _ in range(number)]

    def messages(self, number):
        return [event.message for event in self.take(number)]

    def begin(self):
        """What is said when the history is done."""
        event = self.next()
        assert event.name == "live", event
        return event

    def until(self, is_last):
        """All events up to the one that is asked for."""
        events = []
        while not events or not is_last(events[-1]):
            events.append(self.next())
            assert events[-1] is not None, "the answer has ended"
        return events

    def close(self):
        self._stream.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
