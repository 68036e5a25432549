"""Starts the real program, waits until it is ready, and turns its clock."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
READY_WITHIN_S = 30


def binary():
    """The program under test: `FANQ_BIN`, or the release build."""
    if named := os.environ.get("FANQ_BIN"):
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    return target / "release" / "fanq"


class Hub:
    """A hub in memory, or with a data folder, on a free port. It ends with `stop`."""

    def __init__(self, *flags, variables=None, data_dir=None):
        program = binary()
        if not program.exists():
            raise RuntimeError(f"{program} is missing; build it, or name another with FANQ_BIN")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("FANQ_", "OTEL_"))}
        state = ["--data-dir", data_dir] if data_dir else ["--in-memory"]
        self.process = subprocess.Popen(
            [program, "serve", "--port", "0", *state, "--test-clock", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | (variables or {}),
        )
        self.log = []
        self._log_reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self._log_reader.start()
        self.endpoint = self._read_endpoint()

    def _read_endpoint(self):
        limit = threading.Timer(READY_WITHIN_S, self.process.kill)
        limit.start()
        endpoint = None
        for line in self.process.stdout:
            line = line.strip()
            if line.startswith("export AWS_ENDPOINT_URL="):
                endpoint = line.split("=", 1)[1]
            if line == "Ready.":
                limit.cancel()
                assert endpoint, "the hub was ready without naming its endpoint"
                return endpoint
        limit.cancel()
        raise RuntimeError(f"the hub did not start: {''.join(self.log)}")

    def turn_clock(self, **turn):
        """Turns the hub's clock; what fell due has happened when this returns."""
        request = urllib.request.Request(
            f"{self.endpoint}/_fanq/clock", data=json.dumps(turn).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._log_reader.join()
        return self.process.wait()


class Clock:
    """The clock of a hub, standing still but for `advance`."""

    def __init__(self, hub):
        self.hub = hub
        hub.turn_clock(freeze=True)

    def advance(self, seconds):
        self.hub.turn_clock(advance_ms=round(seconds * 1000))

    def now_ms(self):
        return self.hub.turn_clock(freeze=True)["now_ms"]
