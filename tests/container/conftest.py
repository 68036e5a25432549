"""Fixtures: the files of the container, and the program."""

import pytest

from hub import REPOSITORY
from program import Program
from rules import FILES, Case


@pytest.fixture(scope="session")
def program():
    return Program()


@pytest.fixture(scope="session")
def texts():
    return {name: (REPOSITORY / name).read_text() for name in FILES}


@pytest.fixture(scope="session")
def case(texts, program):
    return Case(texts, program)
