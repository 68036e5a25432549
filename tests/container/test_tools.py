"""What Docker itself says about the files, where it is installed."""

import shutil
import subprocess

import pytest

from hub import REPOSITORY


def docker(*arguments):
    return subprocess.run(["docker", *arguments], cwd=REPOSITORY, capture_output=True, text=True)


def need(*arguments):
    """Skips the test where a part of Docker is missing."""
    if not shutil.which("docker"):
        pytest.skip("there is no docker")
    if (asked := docker(*arguments)).returncode != 0:
        pytest.skip(f"docker {' '.join(arguments)}: {asked.stderr.splitlines()[0]}")


def test_compose_accepts_the_file():
    need("compose", "version")
    read = docker("compose", "--file", "docker-compose.yml", "config", "--quiet")
    assert read.returncode == 0, read.stderr


def test_buildkit_accepts_the_dockerfile():
    need("buildx", "version")
    need("buildx", "inspect", "--bootstrap")
    read = docker("build", "--check", "--file", "hub/Dockerfile", ".")
    assert read.returncode == 0, read.stdout + read.stderr
