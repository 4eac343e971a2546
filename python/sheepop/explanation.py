"""Why each token was drawn: the trace of a generation as objects."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple


class Candidate(NamedTuple):
    """A token among those that could have been drawn."""

    id: int
    piece: str
    logit: float
    prob: float
    rank: int


class Stage(NamedTuple):
    """One step of the chain: what it left of the candidates."""

    name: str
    kept: int
    removed_mass: float
    entropy_bits: float
    temperature: float
    top: list[Candidate]
    why: str


class Watched(NamedTuple):
    """A token that was asked after: where it stood, what removed it, and which settings would have kept it."""

    id: int
    piece: str
    rank: int
    prob: float
    removed_by: str | None
    remedies: list[dict[str, str]]
    why: str


class Step(NamedTuple):
    """One draw: `chosen`, from what the stages left, by the number `u` that fell into `interval`."""

    position: int
    chosen: Candidate
    u: float
    interval: tuple[float, float]
    entry: Stage
    stages: list[Stage]
    watched: list[Watched]
    forced: bool


def _candidate(found: dict[str, Any]) -> Candidate:
    return Candidate(found["id"], found["piece"], found["logit"], found["prob"], found["rank"])


def _stage(found: dict[str, Any]) -> Stage:
    return Stage(found["name"], found["kept"], found["removed_mass"], found["entropy_bits"], found["temperature"],
                 [_candidate(token) for token in found["top"]], found.get("why", ""))


def _watched(found: dict[str, Any]) -> Watched:
    return Watched(found["id"], found["piece"], found["rank"], found["prob"], found["removed_by"], found["remedies"],
                   found.get("why", ""))


def _step(found: dict[str, Any]) -> Step:
    low, high = found["interval"]
    return Step(found["position"], _candidate(found["chosen"]), found["u"], (low, high), _stage(found["entry"]),
                [_stage(stage) for stage in found["stages"]], [_watched(token) for token in found.get("watched", [])],
                found.get("forced", False))


class Explanation:
    """The steps of a text, in a notebook as the page that `sheepop explain --html` writes."""

    def __init__(self, text_of_json: str, page: str) -> None:
        self.json: dict[str, Any] = json.loads(text_of_json)
        self.page = page
        self.steps = [_step(step) for step in self.json["steps"]]

    @property
    def prompt(self) -> str:
        prompt: str = self.json["prompt"]
        return prompt

    @property
    def text(self) -> str:
        text: str = self.json["text"]
        return text

    @property
    def seed(self) -> int:
        seed: int = self.json["seed"]
        return seed

    @property
    def finish_reason(self) -> str:
        reason: str = self.json["finish_reason"]
        return reason

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the page, which needs no network; a file that is there is not replaced."""
        with open(path, "x", encoding="utf-8") as file:
            file.write(self.page)

    def _repr_html_(self) -> str:
        import html  # for notebooks alone

        # In a frame of its own, as the page has scripts and styles.
        return (f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts" '
                'style="width: 100%; height: 40em; border: 0"></iframe>')

    def __repr__(self) -> str:
        return f"<sheepop.Explanation of {len(self.steps)} tokens after {self.prompt!r}>"
