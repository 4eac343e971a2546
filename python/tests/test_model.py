"""Tokens, scores, logits, vectors, traces."""

import html
import json
import math
import pathlib
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import sheepop


def test_tokens_and_back(tales):
    text = "The sheep säys: <|im_end|> 🐑"
    ids = tales.tokenize(text)
    assert tales.detokenize(ids) == text
    assert tales.detokenize(np.array(ids)) == text
    assert len(tales.tokenize(text, begin=True)) >= len(ids)


def test_facts(tales):
    assert tales.name == "tales"
    assert pathlib.Path(tales.path).name == "tales.gguf"
    assert tales.context > 100 and tales.vocabulary > 256 and tales.width > 16
    assert tales.warnings == []
    assert "tales" in repr(tales)


def test_scores_are_the_programs(tales, sheepop_program):
    text = "Once upon a time there was a sheep."
    told = json.loads(sheepop_program("score", "-m", tales.path, "-p", text, "--per-token", "--json"))
    score = tales.score(text)
    assert score.logprobs == [token["logprob"] for token in told["per_token"]]
    assert score.ranks == [token["rank"] for token in told["per_token"]]
    assert score.perplexity == told["perplexity"]
    assert score.perplexity == pytest.approx(math.exp(-sum(score.logprobs) / len(score.logprobs)))


def test_logits_are_an_array_of_the_models_own(tales):
    ids = tales.tokenize("Once upon a time", begin=True)
    logits = tales.logits(ids)
    assert logits.shape == (len(ids), tales.vocabulary) and logits.dtype == np.float32
    assert logits.flags.c_contiguous and logits.flags.writeable and not logits.flags.owndata
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    logprobs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    expected = [logprobs[place, token] for place, token in enumerate(ids[1:])]
    assert expected == pytest.approx(tales.score(ids).logprobs, abs=1e-5)
    greedy = tales.generate(ids, temperature=0, max_tokens=1).tokens[0]
    assert greedy == int(logits[-1].argmax())


def test_an_array_outlives_its_model():
    logits = sheepop.Model.open("tales", threads=1).logits("The sheep")
    assert np.isfinite(logits).all()


def test_vectors(tales):
    texts = ["The sheep eats grass.", "The sheep eats green grass.", "Four"]
    vectors = tales.embed(texts)
    assert vectors.shape == (3, tales.width)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert (tales.embed(texts[0]) == vectors[0]).all()
    assert (tales.embed(texts, pooling="last") != vectors).any()
    assert len(tales.embed(["a b"] * 40)) == 40  # more than run at once
    with pytest.raises(sheepop.Error, match="mean or last"):
        tales.embed("a", pooling="max")
    with pytest.raises(sheepop.Error, match="empty"):
        tales.embed([""])


def test_an_explanation_is_of_the_same_draws(tales, tmp_path):
    why = tales.explain("Once upon a time", max_tokens=4, seed=1, top_k=5, watch=[" sheep"], top=3)
    assert why.text == tales.generate("Once upon a time", max_tokens=4, seed=1, top_k=5).text
    assert len(why.steps) == 4
    step = why.steps[0]
    low, high = step.interval
    assert low <= step.u < high
    assert len(step.stages[0].top) == 3
    assert any(stage.name == "top_k" and stage.kept == 5 for stage in step.stages)
    assert step.watched[0].piece == " sheep"
    assert (why.prompt, why.seed, why.finish_reason) == ("Once upon a time", 1, "length")
    why.save(tmp_path / "why.html")
    assert (tmp_path / "why.html").read_text() == why.page
    with pytest.raises(FileExistsError):
        why.save(tmp_path / "why.html")


def test_a_notebook_shows_the_page(tales):
    why = tales.explain("Once", max_tokens=2, seed=1)
    shown = re.fullmatch(r'<iframe srcdoc="([^"]*)" sandbox="allow-scripts" style="[^"]*"></iframe>', why._repr_html_())
    assert html.unescape(shown.group(1)) == why.page
    assert why.page.startswith("<!DOCTYPE html>")


def test_importing_takes_no_time():
    begun = time.process_time()
    code = "import time; begun = time.process_time(); import sheepop, sys; print(time.process_time() - begun, 'numpy' in sys.modules)"
    took, numpy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert float(took) < 0.1, begun
    assert numpy == "False"
