"""docs/python.md and examples/*.py: what they show happens, and their types hold."""

import doctest
import os
import pathlib
import re
import subprocess
import sys

import pytest
import sheepop
from conftest import ROOT

PAGE = ROOT / "docs" / "python.md"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_the_page_shows_what_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 5
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "python.md", str(PAGE), 0)
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(example):
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "was drawn with probability" in done.stdout
    assert "invalid_argument top_p top_p is 2, must be 0 to 1" in done.stdout


def test_types_hold(tmp_path):
    pytest.importorskip("mypy")
    pytest.importorskip("pydantic")
    package = pathlib.Path(sheepop.__file__).parent
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import sheepop\n\nsheepop.Model.open('tales').generate('a', top_kk=3)\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    environment = os.environ | {"MYPYPATH": str(package.parent)}
    good = subprocess.run([*command, "-p", "sheepop", *()], capture_output=True, text=True, env=environment)
    assert good.returncode == 0, good.stdout
    good = subprocess.run([*command, *map(str, EXAMPLES)], capture_output=True, text=True, env=environment)
    assert good.returncode == 0, good.stdout
    bad = subprocess.run([*command, str(wrong)], capture_output=True, text=True, env=environment)
    assert 'Unexpected keyword argument "top_kk"' in bad.stdout
