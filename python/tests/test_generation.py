"""What generate and chat give: pieces, texts, results; from one thread and from several; and how they end."""

import asyncio
import gc
import json
import os
import signal
import threading
import time

import pytest
import sheepop

PROMPT = "Once upon a time"
QUESTION = [{"role": "user", "content": "Hello, old sheep"}]


def test_the_pieces_are_the_text(tales):
    generation = tales.generate(PROMPT, max_tokens=30, seed=1)
    pieces = list(generation)
    assert len(pieces) > 5
    assert {(piece.choice, piece.kind) for piece in pieces} == {(0, "text")}
    assert "".join(pieces) == generation.text == str(generation)
    assert list(generation) == []
    assert generation.finish_reason == "length"
    assert generation.usage["completion_tokens"] == len(generation.tokens) == 30
    assert generation.seed == 1
    assert generation.result["object"] == "text_completion"


def test_it_writes_what_the_program_writes(tales, sheepop_program):
    told = json.loads(sheepop_program("generate", "-m", tales.path, "-p", PROMPT, "-n", 20, "--seed", 7, "--top-k", 12, "--json"))
    generation = tales.generate(PROMPT, max_tokens=20, seed=7, top_k=12)
    assert (generation.text, generation.tokens) == (told["text"], told["ids"])


def test_ids_are_a_prompt_too(tales):
    ids = tales.tokenize(PROMPT, begin=True)
    assert tales.generate(ids, max_tokens=8, seed=1).text == tales.generate(PROMPT, max_tokens=8, seed=1).text


def test_several_texts_of_several_prompts(tales):
    generation = tales.generate([PROMPT, "The sheep"], n=2, max_tokens=8, seed=3)
    parts = ["", "", "", ""]
    for piece in generation:
        parts[piece.choice] += piece
    assert generation.texts == parts
    assert len(set(parts)) == 4
    assert generation.texts[0] == tales.generate(PROMPT, max_tokens=8, seed=3).text


def test_a_stop_ends_the_text(tales):
    whole = tales.generate(PROMPT, max_tokens=30, seed=1).text
    generation = tales.generate(PROMPT, max_tokens=30, seed=1, stop=[whole[20:25]])
    assert generation.text == whole[:20]
    assert generation.finish_reason == "stop"


def test_logprobs_are_of_the_tokens(tales):
    generation = tales.generate(PROMPT, max_tokens=5, seed=1, logprobs=2)
    found = generation.choices[0]["logprobs"]
    assert len(found["token_logprobs"]) == 5
    assert all(logprob <= 0 for logprob in found["token_logprobs"])
    score = tales.score(tales.tokenize(PROMPT, begin=True) + generation.tokens)
    assert found["token_logprobs"] == pytest.approx(score.logprobs[-5:], abs=1e-9)


def test_a_conversation_is_answered(tiny):
    generation = tiny.chat(QUESTION, max_tokens=8, seed=1)
    assert "".join(piece for piece in generation if piece.kind == "text") == generation.text
    assert generation.result["object"] == "chat.completion"
    assert generation.choices[0]["message"]["role"] == "assistant"
    assert tiny.chat(QUESTION[0]["content"], max_tokens=8, seed=1).text == generation.text


def test_shapes_hold(tales):
    schema = {"type": "object", "properties": {"sheep": {"type": "integer"}}, "required": ["sheep"], "additionalProperties": False}
    assert isinstance(tales.generate("As JSON: ", json_schema=schema, seed=1).parsed["sheep"], int)
    assert tales.generate("Which? ", choice=["wool", "milk"], seed=2).text in ("wool", "milk")
    assert tales.generate("How many? ", regex="[1-9][0-9]", seed=3).text.isdigit()
    assert tales.generate("Sum: ", grammar='root ::= "1+1"', seed=4).text == "1+1"


def test_a_class_is_a_schema(tales):
    pydantic = pytest.importorskip("pydantic")

    class Sheep(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="forbid")
        legs: int = pydantic.Field(ge=0, le=8)
        black: bool

    sheep = tales.generate("A sheep as JSON: ", json_schema=Sheep, seed=1, max_tokens=60).parsed
    assert isinstance(sheep, Sheep)


def test_asynchronous_iteration_lets_others_run(tales):
    async def one(seed):
        generation = tales.generate(PROMPT, max_tokens=15, seed=seed)
        return "".join([piece async for piece in generation]), generation.text

    async def both():
        return await asyncio.gather(one(1), one(2)), (await tales.generate(PROMPT, max_tokens=15, seed=1)).text

    ((first, whole), (second, _)), awaited = asyncio.run(both())
    assert first == whole == awaited == tales.generate(PROMPT, max_tokens=15, seed=1).text
    assert second != first


def test_threads_write_what_each_would_alone(tales):
    alone = [tales.generate(PROMPT, max_tokens=40, seed=seed).text for seed in range(4)]
    written = [[] for _ in alone]

    def write(seed):
        for _ in range(3):
            written[seed].append("".join(tales.generate(PROMPT, max_tokens=40, seed=seed)))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written == [[text] * 3 for text in alone]


def test_others_run_while_it_computes(tales):
    generation = tales.generate(PROMPT, max_tokens=200, seed=1)
    waiting = threading.Thread(target=lambda: generation.text)
    waiting.start()
    counted = 0
    while waiting.is_alive():
        counted += 1
    assert counted > 1000


def test_cancel_keeps_what_was_written(tales):
    with tales.generate(PROMPT, ignore_eos=True, max_tokens=250, seed=1) as generation:
        first = next(generation)
    assert generation.finish_reason == "interrupt"
    assert generation.text.startswith(first)
    assert len(generation.tokens) < 250


def test_ctrl_c_ends_it_within_a_step(tales):
    generation = tales.generate(PROMPT, ignore_eos=True, max_tokens=250, seed=1)
    next(generation)
    for wait in (lambda: generation.text, lambda: list(generation)):
        generation = tales.generate(PROMPT, ignore_eos=True, max_tokens=250, seed=1)
        next(generation)
        timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            wait()
            time.sleep(10)
        timer.join()
        generation.cancel()
        assert generation.finish_reason in ("interrupt", "length")


def test_one_that_is_let_go_of_ends(tales):
    for _ in range(40):  # more than run at once
        tales.generate(PROMPT, ignore_eos=True, max_tokens=250)
    gc.collect()
    begun = time.monotonic()
    assert tales.generate(PROMPT, max_tokens=1).text
    assert time.monotonic() - begun < 5


def test_a_generation_outlives_its_model():
    generation = sheepop.Model.open("tales", threads=1).generate(PROMPT, max_tokens=10, seed=1)
    gc.collect()
    assert len(generation.tokens) == 10
