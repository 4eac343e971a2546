"""Options by keyword: those of the table, read strictly."""

import pathlib
import subprocess
import sys

import pytest
import sheepop
from conftest import LLAMA
from sheepop import options


def refusal(call, *arguments, **keywords):
    with pytest.raises(sheepop.Error) as caught:
        call(*arguments, **keywords)
    return caught.value


def test_a_wrong_name_names_the_nearest(tales):
    error = refusal(tales.generate, "a", top_kk=4)
    assert (error.code, error.field) == ("invalid_argument", "top_kk")
    assert "top_k" in error.message.replace("top_kk", "")
    assert str(error) == error.message


@pytest.mark.parametrize("name, value, bound", [
    ("top_p", 2, "0 to 1"), ("top_k", "many", "number"), ("n", 0, "1 to 16"), ("temperature", float("nan"), "JSON"),
    ("stop", [""], "empty"), ("max_tokens", -1, "at least"), ("json_schema", {"type": "sheep"}, "sheep"),
    ("regex", "(", "("), ("stream", True, "leave it out"), ("seed", -1, "0 to 18446744073709551615"), ("choice", object(), "object")])
def test_a_wrong_value_names_its_bound(tales, name, value, bound):
    error = refusal(tales.generate, "a", **{name: value})
    assert error.code in ("invalid_argument", "unsupported")
    assert name in error.message or error.field is None
    assert bound in error.message


def test_chat_and_explain_refuse_as_well(tiny, tales):
    assert refusal(tiny.chat, [{"role": "user"}]).field == "messages[0].content"
    assert refusal(tiny.chat, [{"role": "user", "content": "a"}], temperature=-1).field == "temperature"
    assert refusal(tales.explain, "a", n=2).field == "n"
    assert refusal(tales.explain, ["a", "b"]).field == "prompt"
    assert refusal(tales.explain, "a", watch=["no such token at all"]).code == "invalid_argument"


def test_a_prompt_that_is_too_long(tales):
    error = refusal(tales.generate, [1] * (tales.context + 1))
    assert error.code == "limit"
    assert str(tales.context) in error.message


def test_opening_refuses():
    assert refusal(sheepop.Model.open, "/no/such.gguf").code == "not_found"
    assert refusal(sheepop.Model.open, "no-such-model").code == "not_found"
    assert "kv_type" in refusal(sheepop.Model.open, LLAMA, kv_typ="f32").message
    assert "f32 or f16 or bf16" in refusal(sheepop.Model.open, LLAMA, kv_type="f64").message
    assert refusal(sheepop.Model.open, LLAMA, threads=-1).field == "threads"
    assert refusal(sheepop.Model.open, LLAMA, context=True).field == "context"


def test_ids_are_checked(tales):
    assert "vocabulary" in refusal(tales.detokenize, [tales.vocabulary]).message
    assert "tokens[1]" in refusal(tales.detokenize, [1, "two"]).message
    assert "vocabulary" in refusal(tales.logits, [tales.vocabulary]).message
    assert refusal(tales.score, [5]).code == "invalid_argument"


def test_every_row_of_the_table_is_documented_and_typed(tales):
    rows = options.table()
    assert len(rows) > 40
    for method in (sheepop.Model.generate, sheepop.Model.chat, sheepop.Model.explain):
        for row in rows:
            assert f"    {row['name']}: {row['help']}" in method.__doc__
    folder = pathlib.Path(sheepop.__file__).parent
    script = pathlib.Path(__file__).resolve().parents[1] / "write_sampling"
    printed = subprocess.run([sys.executable, script, folder.parent], capture_output=True, text=True, check=True).stdout
    assert printed == (folder / "sampling.py").read_text(), "run python/write_sampling"
