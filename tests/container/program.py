"""The program, and what it says about itself."""

import re
import subprocess

from hub import REPOSITORY, binary

ANSWER_WITHIN_S = 60


class Program:
    def __init__(self):
        self.path = binary()
        assert self.path.exists(), f"{self.path} is missing; build it, or name another with FANQ_BIN"
        self.help = " ".join(self.run("serve", "--help").stdout.split())

    def run(self, *arguments, **environment):
        """Runs the program to its end, in an environment of its own."""
        command = [self.path, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=ANSWER_WITHIN_S)

    @property
    def variables(self):
        """The names of all settings in the environment."""
        return set(re.findall(r"\[env: (FANQ_\w+)\]", self.help))

    @property
    def port(self):
        return int(self._find(r"\[default: (\d+)\] \[env: FANQ_PORT\]", self.help))

    @property
    def version(self):
        return self.run("--version").stdout.split()[-1]

    @property
    def stop_s(self):
        """The longest that a stop takes."""
        return self._seconds("hub/src/cli/serve.rs", "STOP")

    @property
    def health_s(self):
        """The longest that `fanq health` takes."""
        return self._seconds("hub/src/cli/health.rs", "TIMEOUT")

    def _seconds(self, file, name):
        text = (REPOSITORY / file).read_text()
        return int(self._find(rf"const {name}: Duration = Duration::from_secs\((\d+)\);", text))

    @staticmethod
    def _find(pattern, text):
        found = re.search(pattern, text)
        assert found, f"{pattern} is not there"
        return found[1]
