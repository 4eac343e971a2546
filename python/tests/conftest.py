import os
import pathlib
import subprocess

import pytest

os.environ.setdefault("SHEEPOP_HOME", "/nonexistent")

import sheepop  # noqa: E402
from sheepop import program  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "data" / "tiny"
LLAMA = TINY / "llama" / "model.gguf"


@pytest.fixture(scope="session")
def tales():
    return sheepop.Model.open("tales", threads=2)


@pytest.fixture(scope="session")
def tiny():
    """Random weights, all bytes, and a template of ChatML."""
    return sheepop.Model.open(LLAMA, threads=1)


@pytest.fixture(scope="session")
def sheepop_program():
    """What the program prints, which must succeed."""
    def run(*arguments):
        done = subprocess.run([program.path(), *map(str, arguments)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run
