"""Runs the program as the image does: its environment, its commands, its paths, as far as this machine allows."""

import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

WITHIN_S = 60
ENTER = pathlib.Path(__file__).with_name("enter.py")


class Container:
    """The image with its paths below a folder, as a process like any other."""

    def __init__(self, dockerfile, program, folder):
        self.image = dockerfile.image
        self.program = program
        self.root = folder
        self.port = free_port()
        # The log tells when a checkpoint was made; tests wait for that.
        self.environment = {
            **dockerfile.environment, "FANQ_PORT": str(self.port), "FANQ_LOG": "warn,fanq=debug"
        }
        self.volumes = [self.environment["FANQ_DATA_DIR"], "/backups"]
        self._fill()
        self.before = self._files()
        self.process = None
        self.log = None

    def _fill(self):
        """Puts into the folder what the image holds."""
        [program] = self.image.words("ENTRYPOINT")
        self.inside(program).parent.mkdir(parents=True)
        shutil.copy(self.program.path, self.inside(program))
        for place in [*self.volumes, self.image.value("WORKDIR")]:
            self.inside(place).mkdir(parents=True)

    def inside(self, place):
        """Where a path of the container is on this machine."""
        return self.root / place.lstrip("/")

    def _files(self):
        """All that is in the container beyond its volumes, with the time of its last change."""
        places = [self.inside(place) for place in self.volumes]
        found = [file for file in self.root.rglob("*") if not any(file.is_relative_to(place) for place in places)]
        return {file: file.lstat().st_mtime_ns for file in found}

    def changed(self):
        return self._files() != self.before

    def volume(self, place):
        """The names in a volume."""
        return {file.name for file in self.inside(place).iterdir()}

    def empty(self, place):
        """Makes a volume as good as new."""
        for file in self.inside(place).iterdir():
            file.unlink()

    # A command in the container, and how it becomes one of this machine.

    def words(self, command):
        return [self._mapped(word) for word in command]

    def words_beside(self, command):
        """The same, beside the process that runs."""
        return self.words(command)

    def _mapped(self, text):
        return str(self.inside(text)) if text.startswith("/") else text

    def variables(self):
        return {name: self._mapped(value) for name, value in self.environment.items()}

    def folder(self):
        return self.inside(self.image.value("WORKDIR"))

    def run(self, command):
        """Runs a command to its end: beside the hub if that runs, or alone."""
        words = self.words_beside(command) if self.process else self.words(command)
        return subprocess.run(
            words, env=self.variables(), cwd=self.folder(), capture_output=True, text=True, timeout=WITHIN_S
        )

    def start(self):
        """Starts the image, and returns when the hub says that it serves."""
        self.process = subprocess.Popen(
            self.words([*self.image.words("ENTRYPOINT"), *self.image.words("CMD")]),
            env=self.variables(),
            cwd=self.folder(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log = Lines(self.process.stderr)
        Lines(self.process.stdout).wait_for("Ready.", self.log)

    def main_process(self):
        """The hub's process on this machine, as the system shows it."""
        return pathlib.Path(f"/proc/{self.process.pid}")

    def stop(self):
        """Sends the image's signal; returns the exit code."""
        os.kill(int(self.main_process().name), getattr(signal, self.image.value("STOPSIGNAL")))
        code = self.process.wait(timeout=WITHIN_S)
        self.process = None
        return code

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait(timeout=WITHIN_S)

    def ask(self, action, **members):
        """One request to the hub, as an SDK sends it."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/",
            data=json.dumps(members).encode(),
            headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"},
        )
        with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
            text = answer.read()
            return json.loads(text) if text else {}


class Isolated(Container):
    """The image with a root of its own, read-only but for its volumes, as another user and as the first process."""

    def _fill(self):
        super()._fill()
        libraries = subprocess.run(["ldd", self.program.path], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", libraries):
            self.inside(library).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, self.inside(library))
        self.inside("/proc").mkdir()
        self.inside("/dev").mkdir()
        self.inside("/dev/null").touch()

    def words(self, command):
        user, _, group = self.image.value("USER").partition(":")
        settings = {
            "root": str(self.root),
            "volumes": [str(self.inside(place)) for place in self.volumes],
            "folder": self.image.value("WORKDIR"),
            "user": user,
            "group": group,
            "environment": self.environment,
            "command": command,
        }
        apart = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
        return [shutil.which("unshare"), *apart, sys.executable, str(ENTER), json.dumps(settings)]

    def words_beside(self, command):
        spaces = ["--user", "--preserve-credentials", "--mount", "--pid", "--root", "--wd"]
        return [shutil.which("nsenter"), "--target", self.main_process().name, *spaces, *command]

    def variables(self):
        # `unshare` and `enter.py` are programs of this machine; what the hub gets is among their settings.
        return self.environment | {"PATH": os.environ["PATH"]}

    def main_process(self):
        parent = self.process.pid
        [child] = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return pathlib.Path(f"/proc/{child}")


class Lines:
    """What a process says, read as it comes, so that the process never waits to be heard."""

    def __init__(self, stream):
        self.queue = queue.SimpleQueue()
        threading.Thread(target=self._read, args=[stream], daemon=True).start()

    def _read(self, stream):
        with stream:
            for line in stream:
                self.queue.put(line)
        self.queue.put(None)

    def wait_for(self, text, *others):
        """Returns when it is said; what was said instead, here and elsewhere, is the error."""
        seen = []
        while (line := self.queue.get(timeout=WITHIN_S)) is not None:
            seen.append(line)
            if text in line:
                return
        raise AssertionError(f"{text!r} was not said: {''.join([*seen, *(other.rest() for other in others)])}")

    def rest(self):
        return "".join(iter(lambda: self.queue.get(timeout=WITHIN_S), None))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
