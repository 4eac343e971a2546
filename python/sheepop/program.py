"""The program itself, which the package brings: what works on files runs as a process of its own."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from .errors import Error

Path: TypeAlias = str | os.PathLike[str]
Callback: TypeAlias = Callable[[dict[str, Any]], object]

_BAR = 24  # characters
_LOOK_EVERY_S = 0.1


def path() -> str:
    """Where the program lies."""
    found = pathlib.Path(__file__).parent / "bin" / "sheepop"
    if not found.exists():
        raise Error("not_found", f"there is no program {found}; install the package again: pip install --force-reinstall sheepop")
    return str(found)


def _flags(options: dict[str, Any]) -> Iterator[str]:
    """learning_rate=0.01 is --learning-rate=0.01; a list gives the flag once for each element."""
    for name, value in options.items():
        for element in value if isinstance(value, (list, tuple)) else [value]:
            if element is None:
                continue
            text = str(element).lower() if isinstance(element, bool) else str(element)
            yield f"--{name.replace('_', '-')}={text}"


def _input(name: Path) -> str:
    text = os.fspath(name)
    return f"./{text}" if text.startswith("-") else text  # it is no flag


def _result(code: int, told: str, noted: str) -> dict[str, Any]:
    said = noted.strip().removeprefix("sheepop: ")
    if code == 2:
        raise Error("invalid_argument", said)
    try:
        document = json.loads(told)
    except ValueError:
        raise Error("internal", f"the program ended with {code}: {said or told.strip() or 'it said nothing'}") from None
    if "error" in document:
        raise Error(document["error"]["category"], document["error"]["message"])
    result: dict[str, Any] = document
    return result


def run(command: str, inputs: Sequence[Path], options: dict[str, Any], meanwhile: Callable[[], None] | None = None) -> dict[str, Any]:
    """Runs a command of the program with --json and returns its document. Ctrl-C, and what `meanwhile` raises, ends the
    command as Ctrl-C does in a terminal: a training can go on later."""
    arguments = [path(), command, *map(_input, inputs), *_flags({"json": True, **options})]
    # In a session of its own, so that only this process hands signals on to it.
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors="replace", start_new_session=True)
    try:
        while True:
            try:
                told, noted = process.communicate(timeout=_LOOK_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                if meanwhile:
                    meanwhile()
        if meanwhile:
            meanwhile()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    return _result(process.returncode, told, noted)


def convert(source: Path, output: Path, *, type: str | None = None) -> dict[str, Any]:
    """Writes a GGUF file or a Hugging Face folder from the other, or with weights of another type, such as q8_0: `sheepop
    convert --help` lists them."""
    return run("convert", [source], {"output": output, "type": type})


def ingest(inputs: Path | Sequence[Path], output: Path, **options: Any) -> dict[str, Any]:
    """Makes a corpus of documents in whatever format, and returns the report, in which every input stands. The options are
    the flags of `sheepop ingest --help`, with _ for -."""
    named = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    return run("ingest", named, {"output": output, **options})


class _Follower:
    """Reads what a training writes of itself, as it writes it."""

    def __init__(self, run_folder: pathlib.Path, told: Sequence[Callback]) -> None:
        self._file = run_folder / "metrics.jsonl"
        self._told = told
        self._seen: dict[bool, int] = {True: -1, False: -1}
        for entry in self._entries():  # of a run that goes on
            self._is_new(entry)

    def _entries(self) -> Iterator[dict[str, Any]]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            return
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)

    def _is_new(self, entry: dict[str, Any]) -> bool:
        measured = "held_out_loss" in entry
        new: bool = entry["step"] > self._seen[measured]
        self._seen[measured] = max(self._seen[measured], entry["step"])
        return new

    def __call__(self) -> None:
        for entry in self._entries():
            if self._is_new(entry):
                for callback in self._told:
                    callback(entry)


class _Bar:
    """One line on stderr, rewritten."""

    def __init__(self, steps: int | None) -> None:
        self._steps = steps
        self._begun = time.monotonic()

    def __call__(self, entry: dict[str, Any]) -> None:
        if "loss" not in entry:
            return
        step, passed = entry["step"], time.monotonic() - self._begun
        share = f"step {step}"
        if self._steps:
            done = min(_BAR * step // self._steps, _BAR)
            share = f"[{'=' * done}{' ' * (_BAR - done)}] {step} of {self._steps}"
        sys.stderr.write(f"\r{share}, loss {entry['loss']:.3f}, {passed:.0f} s ")
        sys.stderr.flush()

    def end(self) -> None:
        sys.stderr.write("\n")


def train(corpus: Path, output: Path, *, callback: Callback | None = None, progress: bool = False, **options: Any) -> dict[str, Any]:
    """Makes a model of a corpus. The options are the flags of `sheepop train --help`, with _ for -.

    `callback` gets each step as it is done, {"step", "loss", "learning_rate", "gradient_norm", "tokens", "seconds"}, and
    each measurement, {"step", "held_out_loss", "bits_per_byte"}; what it raises ends the training, which goes on where it
    stopped when it is called again. `progress` draws a line on stderr.
    """
    folder = pathlib.Path(options.pop("run", None) or pathlib.Path(output).with_suffix(".run"))
    bar = _Bar(options.get("steps")) if progress else None
    follower = _Follower(folder, [told for told in (callback, bar) if told])
    try:
        return run("train", [corpus], {"output": output, "run": folder, **options}, follower)
    finally:
        if bar:
            bar.end()
