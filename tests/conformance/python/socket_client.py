"""A client of the socket, on the library `websockets`: asks and waits for answers, and keeps what else arrives."""

import collections
import itertools
import json
import socket
import time

import pytest
import websockets.exceptions
import websockets.sync.client

WITHIN_S = 20
PROTOCOL = "fanq.v1.json"


def eventually(condition):
    """Returns when a condition holds."""
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "this takes too long"


class Talk:
    """One connection. What was said and not asked for yet waits in `heard`."""

    def __init__(self, hub, protocols=(PROTOCOL,), **more):
        address = hub.endpoint.replace("http://", "ws://") + "/ws"
        # Frames of the hub can be larger than the library expects.
        self.socket = websockets.sync.client.connect(
            address, subprotocols=list(protocols), max_size=None, compression=None, **more
        ).__enter__()
        self.heard = collections.deque()
        self.ids = itertools.count(1)

    def say(self, type, **fields):
        self.socket.send(json.dumps({"type": type} | fields))

    def say_text(self, text):
        self.socket.send(text)

    def ask(self, type, **fields):
        """What is answered, whatever it is."""
        fields.setdefault("id", next(self.ids))
        self.say(type, **fields)
        return self.next(lambda said: said.get("id") == fields["id"])

    def done(self, type, **fields):
        answer = self.ask(type, **fields)
        assert answer["type"] in ("ok", "connected"), answer
        return answer

    def refused(self, type, code, **fields):
        answer = self.ask(type, **fields)
        assert (answer["type"], answer.get("code")) == ("error", code), answer
        return answer["message"]

    def next(self, wanted="message"):
        """The next thing said of that type, or that a function wants."""
        fits = wanted if callable(wanted) else lambda said: said["type"] == wanted
        for said in self.heard:
            if fits(said):
                self.heard.remove(said)
                return said
        while True:
            said = json.loads(self.socket.recv(timeout=WITHIN_S))
            if fits(said):
                return said
            self.heard.append(said)

    def messages(self, number):
        return [self.next() for _ in range(number)]

    def nothing(self, type="message"):
        """Nothing of that type was said before the answer to a question."""
        self.say("ping", t="nothing")
        self.next(lambda said: said["type"] == "pong" and said.get("t") == "nothing")
        found = [said for said in self.heard if said["type"] == type]
        assert found == []

    def closed(self):
        """The code with which the hub ends the connection, and its reason."""
        with pytest.raises(websockets.exceptions.ConnectionClosed) as caught:
            while True:
                self.heard.append(json.loads(self.socket.recv(timeout=WITHIN_S)))
        close = caught.value.rcvd
        return (close.code, close.reason) if close else (None, "")

    def leave(self):
        """Ends the connection as it should be ended."""
        self.socket.close()

    def cut(self):
        """Ends it as a broken network does: no farewell, just no more bytes."""
        self.socket.socket.shutdown(socket.SHUT_RDWR)


class Sockets:
    """Opens connections of one account; they end with the test."""

    def __init__(self, hub, world):
        self.hub = hub
        self.world = world
        self.open = []

    def bare(self, **more):
        self.open.append(Talk(self.hub, **more))
        return self.open[-1]

    def connect(self, **fields):
        talk = self.bare()
        talk.connected = talk.done("connect", account=self.world.account, region=self.world.region, **fields)
        assert talk.connected["type"] == "connected"
        return talk

    def again(self, talk, **fields):
        """Goes on with the session of a connection."""
        session = {"session": talk.connected["session"], "resume": talk.connected["resume"]}
        return self.connect(**(session | fields))

    def end(self):
        for talk in self.open:
            talk.socket.close()
