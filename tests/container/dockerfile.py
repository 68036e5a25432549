"""A Dockerfile, as far as the tests look at it."""

import io
import json
import shlex

from dockerfile_parse import DockerfileParser


class Stage:
    """What follows one FROM."""

    def __init__(self, base):
        self.base = base
        self.steps = []

    def values(self, instruction):
        return [value for name, value in self.steps if name == instruction]

    def value(self, instruction):
        """The last value of an instruction, which is the one that counts."""
        values = self.values(instruction)
        assert values, f"there is no {instruction}"
        return values[-1]

    def words(self, instruction):
        """The value of an instruction in its exec form; there is no shell for any other."""
        return exec_form(self.value(instruction))


class Dockerfile:
    """A Dockerfile of a stage that builds and a stage that is shipped."""

    def __init__(self, text):
        parser = DockerfileParser(fileobj=io.BytesIO(text.encode()))
        self.stages = []
        for step in parser.structure:
            if step["instruction"] == "FROM":
                self.stages.append(Stage(step["value"].split()[0]))
            elif step["instruction"] != "COMMENT":
                self.stages[-1].steps.append((step["instruction"], step["value"]))
        self.build, self.image = self.stages
        self.environment = parser.envs
        self.labels = parser.labels

    @property
    def copies(self):
        """What the shipped stage takes from the other: pairs of flags and paths."""
        return [flags_and_words(value) for value in self.image.values("COPY")]

    @property
    def health(self):
        """The flags and the command of the health check."""
        flags, _, command = self.image.value("HEALTHCHECK").partition("CMD ")
        return flags_and_words(flags)[0], exec_form(command)


def exec_form(value):
    words = json.loads(value)
    assert isinstance(words, list), f"{value} is not a list"
    return words


def flags_and_words(value):
    words = shlex.split(value)
    flags = [word for word in words if word.startswith("--")]
    return dict(flag[2:].partition("=")[::2] for flag in flags), [word for word in words if word not in flags]
