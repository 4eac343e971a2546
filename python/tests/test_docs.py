"""docs/python.md and examples/: what they show happens, and their types hold."""

import doctest
import importlib.util
import json
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
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
SAID = {"first.py": ["was drawn with probability", "30 steps made a model that writes "],
        "threads.py": ["was drawn with probability", "invalid_argument top_p top_p is 2, must be 0 to 1"]}


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
    for words in SAID[example.name]:
        assert words in done.stdout


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(notebook, tmp_path):
    for package in ("nbconvert", "ipykernel"):
        if not importlib.util.find_spec(package):
            pytest.skip(f"{sys.executable} has no {package}: pip install nbconvert ipykernel")
    assert not any(cell.get("outputs") for cell in json.loads(notebook.read_text())["cells"])
    home = {name: str(tmp_path) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--stdout", str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | home)
    assert done.returncode == 0, done.stderr
    shown, = json.loads(done.stdout)["cells"][-1]["outputs"]
    assert "<iframe srcdoc=" in "".join(shown["data"]["text/html"])


def test_types_hold(tmp_path):
    pytest.importorskip("mypy")
    pytest.importorskip("pydantic")
    package = pathlib.Path(sheepop.__file__).parent
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import sheepop\n\nsheepop.Model.open('tales').generate('a', top_kk=3)\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    # Where packages are installed mypy looks by itself, and refuses to be told so.
    environment = os.environ | ({} if package.parent.name == "site-packages" else {"MYPYPATH": str(package.parent)})
    good = subprocess.run([*command, "-p", "sheepop"], capture_output=True, text=True, env=environment)
    assert good.returncode == 0, good.stdout
    good = subprocess.run([*command, *map(str, EXAMPLES)], capture_output=True, text=True, env=environment)
    assert good.returncode == 0, good.stdout
    bad = subprocess.run([*command, str(wrong)], capture_output=True, text=True, env=environment)
    assert 'Unexpected keyword argument "top_kk"' in bad.stdout
