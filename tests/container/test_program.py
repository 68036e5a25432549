"""The program as a file: what the image must hold for it to run, and how large it is."""

import re
import shutil
import subprocess

import pytest

# What a download, and a start on a machine that has never seen it, may cost.
BYTES_MAX = 25_000_000

# What the image has: Debian's C library, and the compiler's.
LIBRARIES = re.compile(r"linux-vdso\.so\.\d+|ld-linux-[\w-]+\.so\.\d+|lib(c|m|gcc_s|pthread|dl|rt)\.so\.\d+")


def foreign_libraries(said):
    """The libraries in the answer of `ldd` that the image lacks."""
    named = [line.split()[0].rpartition("/")[2] for line in said.splitlines() if line.strip()]
    return [name for name in named if not LIBRARIES.fullmatch(name)]


def test_the_program_needs_no_library_that_the_image_lacks(program):
    if not shutil.which("ldd"):
        pytest.skip("the libraries of the program: there is no ldd")
    said = subprocess.run(["ldd", program.path], capture_output=True, text=True)
    if "not a dynamic executable" in said.stderr or "statically linked" in said.stdout:
        return
    assert said.returncode == 0, said.stderr
    assert foreign_libraries(said.stdout) == []


def test_a_foreign_library_is_noticed():
    said = "\tlibssl.so.3 => /lib/libssl.so.3 (0x1)\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n"
    assert foreign_libraries(said) == ["libssl.so.3"]


def test_the_program_is_small(program, tmp_path):
    if not shutil.which("strip"):
        pytest.skip("the size of the program: there is no strip")
    stripped = tmp_path / "fanq"
    subprocess.run(["strip", "-o", stripped, program.path], check=True)
    assert stripped.stat().st_size <= BYTES_MAX
