"""What a model writes, piece by piece and as a whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

from . import _native


class Piece(str):
    """Some of the text, as it became certain: a `str` that knows where it belongs.

    `choice` is the index of the text it is part of; `kind` says what it is: "text", "thinking" (of a model that thinks
    before it answers), "call" (the name of a function that the model calls) or "arguments" (of that call, as JSON); `call`
    counts the calls of a choice.
    """

    choice: int
    kind: str
    call: int

    def __new__(cls, text: str, choice: int = 0, kind: str = "text", call: int = 0) -> Piece:
        piece = super().__new__(cls, text)
        piece.choice, piece.kind, piece.call = choice, kind, call
        return piece


class Generation(Iterator[Piece], AsyncIterator[Piece]):
    """Texts that a model is writing: an iterator of pieces, and an asynchronous one.

    The model writes whether or not somebody iterates; `text`, `result` and what they are made of wait for its end. Ctrl-C
    and `cancel` end it within one step; what was written until then stays. One that nobody holds any more is cancelled.
    """

    def __init__(self, answer: _native.Answer, parse: Callable[[str], Any]) -> None:
        self._answer = answer
        self._parse = parse
        self._whole: dict[str, Any] | None = None

    def __iter__(self) -> Generation:
        return self

    def __next__(self) -> Piece:
        found = self._answer.next()
        if found is None:
            raise StopIteration
        return Piece(*found)

    def __aiter__(self) -> Generation:
        return self

    async def __anext__(self) -> Piece:
        while True:
            found = self._answer.poll()
            if found is None:
                raise StopAsyncIteration
            if found is not False:
                return Piece(*found)
            await self._readable()

    async def _readable(self) -> None:
        import asyncio  # takes longer to import than all of this package

        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        ready = self._answer.ready()
        loop.add_reader(ready, told.set)
        try:
            await told.wait()
        except asyncio.CancelledError:
            self.cancel()
            raise
        finally:
            loop.remove_reader(ready)

    def __await__(self) -> Generator[Any, None, Generation]:
        """Waits for the end, while others run: `print((await model.chat(messages)).text)`."""
        return self._ended().__await__()

    async def _ended(self) -> Generation:
        async for _ in self:
            pass
        return self

    def cancel(self) -> None:
        """Ends every choice within one step; from any thread."""
        self._answer.cancel()

    def __enter__(self) -> Generation:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    @property
    def result(self) -> dict[str, Any]:
        """The whole answer, as OpenAI's API gives it: id, object, model, choices, usage; and `sheepop`, what was done."""
        if self._whole is None:
            self._whole = json.loads(self._answer.whole())
        return self._whole

    @property
    def choices(self) -> list[dict[str, Any]]:
        """result["choices"]: each prompt's texts in turn."""
        choices: list[dict[str, Any]] = self.result["choices"]
        return choices

    @property
    def texts(self) -> list[str]:
        """The text of each choice: of a conversation what the model says, without its thoughts and calls."""
        return [choice["message"]["content"] or "" if "message" in choice else choice["text"] for choice in self.choices]

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.texts[0]

    @property
    def parsed(self) -> Any:
        """The text as what it was asked to be: an instance of the pydantic class given as `json_schema`, or what the JSON
        holds."""
        return self._parse(self.text)

    @property
    def tokens(self) -> list[int]:
        """The ids of the first choice, end tokens and what a stop string took back included."""
        ids: list[int] = self.choices[0]["token_ids"]
        return ids

    @property
    def finish_reason(self) -> str:
        """Why the first choice ended: stop, length, tool_calls or interrupt."""
        reason: str = self.choices[0]["finish_reason"]
        return reason

    @property
    def usage(self) -> dict[str, Any]:
        """Counts of tokens, as OpenAI's API gives them."""
        usage: dict[str, Any] = self.result["usage"]
        return usage

    @property
    def seed(self) -> int:
        """Which draws these were: with the same one the model writes the same again."""
        seed: int = self.result["sheepop"]["seed"]
        return seed

    def __str__(self) -> str:
        return self.text
