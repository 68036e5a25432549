"""What docker build sends to the builder: the repository without what .dockerignore names."""

import re
import tomllib

from hub import REPOSITORY


def is_sent(ignored, name):
    """Whether a file is sent; the last line that fits it decides."""
    sent = True
    for line in ignored.splitlines():
        pattern = line.removeprefix("!")
        if pattern and not pattern.startswith("#") and re.fullmatch(expression(pattern), name):
            sent = line.startswith("!")
    return sent


def expression(pattern):
    """The regular expression of a pattern. What is below a folder that fits, fits as well."""
    parts = re.split(r"(\*\*/|\*)", pattern)
    kinds = {"**/": "(.*/)?", "*": "[^/]*"}
    return "".join(kinds.get(part, re.escape(part)) for part in parts) + "(/.*)?"


def sources():
    """What cargo reads: a workspace is read whole, also to build one of its programs."""
    members = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["members"]
    files = [REPOSITORY / "Cargo.toml", REPOSITORY / "Cargo.lock"]
    for member in members:
        files += [REPOSITORY / member / "Cargo.toml", *(REPOSITORY / member).rglob("*.rs")]
    return [str(file.relative_to(REPOSITORY)) for file in files]
