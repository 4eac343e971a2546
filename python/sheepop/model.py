"""Models: open one, and let it write."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Unpack

from . import _native
from .errors import Error
from .explanation import Explanation
from .generation import Generation
from .options import ChatOptions, DrawOptions, EngineOptions, GenerateOptions, describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

Prompt: TypeAlias = str | Sequence[int] | Sequence[str] | Sequence[Sequence[int]]
Message: TypeAlias = Mapping[str, Any]


class Score(NamedTuple):
    """How probable a text is: of `tokens[1:]`, which have a context, natural logarithms and ranks (0: the likeliest)."""

    tokens: list[int]
    logprobs: list[float]
    ranks: list[int]
    perplexity: float


def _plain(value: object) -> object:
    """What json makes of the values that are none of its own: numpy's numbers and arrays."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise Error("invalid_argument", f"a value is a {type(value).__name__}, which JSON does not have: {value!r}")


def _text(fields: dict[str, Any]) -> str:
    try:
        return json.dumps(fields, default=_plain, allow_nan=False)
    except ValueError as problem:
        raise Error("invalid_argument", f"the options hold a number that JSON does not have: {problem}") from None


def _schema(options: dict[str, Any]) -> Callable[[str], Any]:
    """Puts the schema of a class in the place of the class, and returns how its texts are read."""
    asked: Any = options.get("json_schema")
    if not hasattr(asked, "model_json_schema"):
        return json.loads
    options["json_schema"] = asked.model_json_schema()
    return lambda text: asked.model_validate_json(text)


def _ids(tokens: Iterable[int]) -> list[int]:
    """Numpy's integers as well; what is none, or too large for an id, is refused by its place."""
    ids = []
    for place, token in enumerate(tokens):
        number = getattr(token, "item", lambda token=token: token)()
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**31:
            raise Error("invalid_argument", f"tokens[{place}] is {token!r}, must be an id, a whole number of at least 0")
        ids.append(number)
    return ids


class Model:
    """A model that writes. Any number of threads may use one at once: their texts are computed together, and each is the
    one that it would be alone."""

    def __init__(self, native: _native.Model) -> None:
        self._native = native

    @classmethod
    def open(cls, model: str | os.PathLike[str] = "tales", *, threads: int = 0, context: int = 0,
             **engine: Unpack[EngineOptions]) -> Model:
        """Opens a GGUF file, a Hugging Face folder, or a model by its name: one that `sheepop pull` fetched, or "tales",
        which comes with SheepOp.

        `threads`: 0 are the physical cores that this process may use. `context`: tokens of prompt and answer together; 0
        is the model's own, at most 4096. Neither changes a token, unless the context is too short.
        """
        settings = {name: str(value) for name, value in engine.items()}
        for name, value, least in (("threads", threads, 0), ("context", context, 0)):
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
                raise Error("invalid_argument", f"{name} is {value!r}, must be a whole number of at least {least}", name)
        return cls(_native.Model.open(os.fspath(model), threads, context, settings))

    def generate(self, prompt: Prompt, **options: Unpack[GenerateOptions]) -> Generation:
        """Continues a text, or a list of ids; of several, each. With the same options and seed it writes what `sheepop
        generate` writes.
        """
        return self._start(self._native.complete, {"prompt": prompt}, dict(options))

    def chat(self, messages: str | Sequence[Message], **options: Unpack[ChatOptions]) -> Generation:
        """Answers a conversation: messages as OpenAI's API has them, {"role": "user", "content": "Hello"}. A text is one
        message of the user.
        """
        told = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        return self._start(self._native.chat, {"messages": told}, dict(options))

    @staticmethod
    def _start(ask: Callable[[str], _native.Answer], asked: dict[str, Any], options: dict[str, Any]) -> Generation:
        parse = _schema(options)
        return Generation(ask(_text({"return_token_ids": True, **options, **asked})), parse)

    def explain(self, prompt: Prompt, *, watch: Sequence[str | int] = (), top: int = 10,
                **options: Unpack[DrawOptions]) -> Explanation:
        """Continues a text and keeps what every step of every draw did. `watch`: tokens to report besides, by id or text;
        `top`: how many of the best each step names.
        """
        fields = dict(options)
        _schema(fields)
        asked = {"prompt": prompt, "watch": [str(token) for token in watch], "explain_top": top}
        return Explanation(*self._native.explain(_text({**fields, **asked})))

    def tokenize(self, text: str, *, begin: bool = False, special: bool = False) -> list[int]:
        """The ids of a text. `begin`: with the begin-of-text token in front, where the model wants one; `special`: the
        names of control tokens are those tokens, else they are text like any other."""
        return self._native.tokenize(text, begin, special)

    def detokenize(self, tokens: Iterable[int]) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD."""
        return self._native.detokenize(_ids(tokens))

    def _tokens(self, text: str | Iterable[int]) -> list[int]:
        return self.tokenize(text, begin=True) if isinstance(text, str) else _ids(text)

    def score(self, text: str | Iterable[int], *, context: int = 0, stride: int = 0) -> Score:
        """The log-probability of each token of a text, of which at least two are needed; of a long one in windows of
        `context` tokens that go on by `stride` (0: as `sheepop score`)."""
        tokens = self._tokens(text)
        return Score(tokens, *self._native.score(tokens, context, stride))

    def logits(self, text: str | Iterable[int]) -> Matrix:
        """What the model makes of each token and those before it: a row of logits of the token that follows, [tokens,
        vocabulary], float32. The array is the memory that they were written to; nothing is copied."""
        return self._native.logits(self._tokens(text))

    def embed(self, texts: str | Sequence[str], *, pooling: str = "mean") -> Matrix:
        """A vector of length 1 for each text, [texts, width]; of one text, [width]. `pooling`: "mean" of the hidden states
        of its tokens, or the "last" alone."""
        if pooling not in ("mean", "last"):
            raise Error("invalid_argument", f"pooling is {pooling!r}, must be mean or last", "pooling")
        if isinstance(texts, str):
            row: Matrix = self._native.embed([texts], pooling == "last")[0]
            return row
        return self._native.embed(list(texts), pooling == "last")

    @property
    def name(self) -> str:
        """Of its file, without ".gguf"."""
        return self._native.name

    @property
    def path(self) -> str:
        return self._native.path

    @property
    def context(self) -> int:
        """Tokens of prompt and answer together."""
        return self._native.context

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return self._native.vocabulary

    @property
    def width(self) -> int:
        """Of its hidden states, and of the vectors of `embed`."""
        return self._native.width

    @property
    def chats(self) -> bool:
        """Whether it has a template for conversations."""
        return self._native.chats

    @property
    def warnings(self) -> list[str]:
        """What to know of its configuration and tokenizer."""
        return self._native.warnings

    def __repr__(self) -> str:
        return f"<sheepop.Model {self.name}: {self.path}>"


Model.generate.__doc__ = describe(Model.generate.__doc__, GenerateOptions)
Model.chat.__doc__ = describe(Model.chat.__doc__, ChatOptions)
Model.explain.__doc__ = describe(Model.explain.__doc__, DrawOptions)
