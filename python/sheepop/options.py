"""The options by keyword. They are those of the program and of the server's API, from one table; a name that there is not,
and a value out of its bounds, raise `sheepop.Error` that says what would do."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from . import _native
from .sampling import SamplingOptions


class EngineOptions(TypedDict, total=False):
    """What a model is opened with."""

    sequences: int  # texts that are written at once; more wait (default 16)
    prefill_chunk: int  # most prompt tokens of one pass, which changes only the speed
    kv_type: str  # of cached keys and values: f32, f16 or bf16
    cache_positions: int  # of the cache, all texts together


class DrawOptions(SamplingOptions, total=False):
    """How to draw, and how much."""

    max_tokens: int  # most tokens to write (generate: 256, explain: 16, chat: as many as the context holds)
    add_special_tokens: bool  # a begin-of-text token before a text where the model wants one (default true)
    parse_special: bool  # names of control tokens in a text are those tokens (default false)


class _AnswerOptions(SamplingOptions, total=False):
    n: int  # texts of each prompt, which differ by their draws
    stop: str | Sequence[str]  # the text ends before the first of these
    max_tokens: int  # most tokens to write (generate: 256, explain: 16, chat: as many as the context holds)
    ignore_eos: bool  # go on past the model's end tokens
    include_stop_str_in_output: bool  # the stop that ended the text is part of it
    response_format: Mapping[str, Any]  # OpenAI's way to ask for JSON; json_schema is the short one
    explain: bool  # each choice of the result has the trace of its tokens
    explain_top: int  # how many of the best each stage of a trace names
    record: bool  # the result has a capsule, which `sheepop replay` repeats bit for bit


class GenerateOptions(_AnswerOptions, total=False):
    """Of Model.generate."""

    logprobs: int  # of each token, and of this many of the best, 0 to 5
    echo: bool  # the text begins with the prompt
    add_special_tokens: bool  # a begin-of-text token before a text where the model wants one (default true)
    parse_special: bool  # names of control tokens in a text are those tokens (default false)


class ChatOptions(_AnswerOptions, total=False):
    """Of Model.chat."""

    max_completion_tokens: int  # the same as max_tokens
    logprobs: bool  # of each token
    top_logprobs: int  # and of this many of the best, 0 to 20
    tools: Sequence[Mapping[str, Any]]  # functions that may be called, as OpenAI's API describes them
    tool_choice: str | Mapping[str, Any]  # auto, none, required, or one of them
    parallel_tool_calls: bool  # several calls in one answer
    enable_thinking: bool  # of a model that thinks before it answers
    reasoning_effort: str  # how much
    thinking: Mapping[str, Any]  # {"type": "enabled", "budget_tokens": 200}
    chat_template_kwargs: Mapping[str, Any]  # further variables of the template
    continue_final_message: bool  # go on with the last message instead of answering it
    add_generation_prompt: bool  # the template opens the answer (default true)


def table() -> list[dict[str, Any]]:
    """The rows of the table of sampling: name, help, unit, shape, low, high, choices, default."""
    groups = json.loads(_native.sampling_options())["groups"]
    return [row for group in groups for row in group["options"]]


def _bounds(row: dict[str, Any]) -> str:
    if row["choices"]:
        return " or ".join(row["choices"])
    low, high = row["low"], row["high"]
    if low is None:
        return "" if high is None else f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def _line(row: dict[str, Any]) -> str:
    unit = f" [{row['unit']}]" if row["unit"] else ""
    bounds = _bounds(row)
    return f"    {row['name']}: {row['help']}{unit}{'; ' + bounds if bounds else ''} (default {json.dumps(row['default'])})"


@functools.cache
def _lines() -> str:
    return "\n".join(_line(row) for row in table())


def describe(about: str | None, options: type) -> str:
    """What a method does, and the options that it takes."""
    others = sorted(set(options.__annotations__) - set(SamplingOptions.__annotations__))
    return f"{about}\n        Options: {', '.join(others)}; and of sampling:\n\n{_lines()}\n"
