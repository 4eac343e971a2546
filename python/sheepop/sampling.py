"""The options of sampling, row by row of the one table: printed by python/write_sampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class SamplingOptions(TypedDict, total=False):
    """How to draw, and what shape the text must have."""

    # whose order, defaults and scopes: sheepop, llama.cpp, hf, vllm, openai or ollama; the other flags change single
    # settings of it
    profile: str
    # divides the logits: below 1 sharpens, above 1 flattens; 0 always takes the best token
    temperature: float
    # lets the temperature move this far to both sides with the entropy of the candidates; 0: off
    dynatemp_range: float
    # how the entropy, as a share of its maximum, maps to that range
    dynatemp_exponent: float
    # draw at random; false always takes the best token that is left
    do_sample: bool
    # keep the k best; 0: all
    top_k: float
    # keep the smallest set of best tokens that sums to p; 1: all
    top_p: float
    # keep tokens at least this share as likely as the best; 0: all
    min_p: float
    # keep the tokens whose surprise is nearest to the entropy until they sum to p; 1: all
    typical_p: float
    # keep logits at most n standard deviations below the best; 0: all
    top_n_sigma: float
    # drop tokens less likely than this; 0: none
    epsilon_cutoff: float
    # drop tokens less likely than min(eta, sqrt(eta) exp(-entropy)); 0: none
    eta_cutoff: float
    # how often XTC acts: it drops all tokens above its threshold but the least likely of them; 0: never
    xtc_probability: float
    # what XTC counts as a likely token
    xtc_threshold: float
    # no filter leaves fewer candidates than this
    min_keep: float
    # top-k and typical-p keep all tokens equal to the last one they keep
    keep_ties: bool
    # 1 or 2: Mirostat of that version in place of the other filters; 0: off
    mirostat: float
    # the surprise that Mirostat aims at
    mirostat_tau: float
    # how fast Mirostat corrects itself
    mirostat_eta: float
    # divides positive logits of tokens seen before, and multiplies others; 1: off
    repeat_penalty: float
    # how far back penalties look; 0: nowhere, -1: everywhere
    repeat_last_n: float
    # subtracted once from each token seen before
    presence_penalty: float
    # subtracted as many times as the token was seen
    frequency_penalty: float
    # split: presence and frequency see the whole output, repetition the last n of prompt and output; shared: all
    # three see the last n of prompt and output; output: all three see the last n of the output
    penalty_scope: str
    # penalises a token that would extend a repetition by multiplier * base^(length - allowed length); 0: off
    dry_multiplier: float
    # see --dry-multiplier
    dry_base: float
    # repetitions up to this length are free
    dry_allowed_length: float
    # how far back DRY looks; 0: nowhere, -1: everywhere
    dry_last_n: float
    # a repetition ends at a token that contains this text; may be given several times, an empty text forgets those
    # before it
    dry_breakers: Sequence[str | float]
    # no sequence of this many tokens appears twice; 0: off
    no_repeat_ngram: float
    # the text does not end before this many tokens; stop strings within them are text like any other
    min_tokens: float
    # TOKEN=BIAS adds to the logit of a token, given as an id or as text (in double quotes if it is a number); -inf
    # bans it; several times
    logit_bias: Mapping[int, float] | Mapping[str, float] | Sequence[str]
    # a token that is never drawn, as an id or as text; several times
    banned: Sequence[str | float]
    # only tokens named so are drawn, as an id or as text; several times
    allowed: Sequence[str | float]
    # text that never appears, however it is split into tokens; several times
    bad_words: Sequence[str | float]
    # ids, separated by commas, that never follow each other; several times
    bad_sequences: Sequence[str | float]
    # of thoughts at most, then --thinking-close is put in; -1: any number
    thinking_budget: float
    # the steps and their order, separated by semicolons, in place of the profile's; bias, bans and other masks come
    # first in any case
    samplers: str
    # same seed, same text; random when not given
    seed: int
    # the text is JSON that this JSON Schema allows
    json_schema: Mapping[str, Any] | str | bool | type
    # the whole text matches this regular expression (ECMA-262)
    regex: str
    # the text is one of this grammar, in llama.cpp's GBNF or in Lark's form
    grammar: str
    # the text is one of those given so; several times
    choice: Sequence[str | float]
    # the members of an object come in any order; else in that of the schema, others behind them
    any_order: bool
    # white space of JSON: compact: none; spaced: a space behind each comma and colon; model: at most that, or line
    # breaks with an indent of two spaces; any: whatever JSON allows, also 1e0 for an integer and escapes in names
    whitespace: str
    # digits of a number in JSON at most, those of its exponent not counted; 0: any number of them
    digits: float
    # what a schema's "format" means: assert: it must hold; annotate: nothing
    format: str
    # what a schema asks and cannot be enforced is told, and not a reason to refuse it
    lenient: bool
    # tokens that leave no choice: run: computed together; step: one a step, to the same text; off: drawn like others
    forced_runs: str
    # what opens thoughts at the start of the text, such as <think>; without it the text begins within them
    thinking_open: str
    # what ends the thoughts, such as </think>: the shape is that of the text behind it
    thinking_close: str
