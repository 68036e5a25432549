"""The AWS CLI as a program: version 1 as it is installed here, and version 2 if this machine has it."""

import functools
import json
import pathlib
import shutil
import subprocess
import sys

VERSION_1 = pathlib.Path(sys.executable).parent / "aws"


@functools.cache
def version_2():
    """Where version 2 is, which no registry offers; what is called `aws` may be version 1 as well."""
    program = shutil.which("aws")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    return program if said.startswith("aws-cli/2") else None


class AwsCli:
    def __init__(self, program, version, environment, folder):
        self.program, self.version, self.environment, self.folder = program, version, environment, folder

    def run(self, service, *arguments):
        # Version 1 looks for `sqs` alone at AWS, whatever AWS_ENDPOINT_URL says.
        endpoint = ["--endpoint-url", self.environment["AWS_ENDPOINT_URL"]] if service == "sqs" else []
        return subprocess.run(
            [self.program, *endpoint, service, *arguments],
            env=self.environment | {"AWS_PAGER": ""},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def text(self, service, *arguments):
        """What a command prints that succeeds."""
        done = self.run(service, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), f"{arguments}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def __call__(self, service, *arguments):
        """The same, read as JSON; a command that has nothing to say prints nothing."""
        return json.loads(self.text(service, *arguments) or "{}")

    def refused(self, *arguments):
        """The one line that a command prints that AWS refuses."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (255 if self.version == 1 else 254, ""), done
        return done.stderr.strip()
