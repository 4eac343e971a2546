"""No field of a file that is read is ignored in silence: whatever happens to it shows in the result, the exit code, or in
what is told of it by its name."""

import json
import pathlib
import shutil
import tempfile
import unittest

from audit import run_in_folder
from gguf_file import ARRAY, BOOL, STRING, GgufFile
from program import LLAMA, TINY, main, run

GONE = object()
IDS = ",".join(str(id) for id in range(3, 60))
TEXT = " A  b<|im_end|>. caf\u00e9 12345"

# Fields that may change, or go, without anybody noticing, with all that stands within them.
OF_BYTES = "decodes nothing: a decoder of bytes has no settings"
NO_SHAPE = "marks thoughts before a text that is held to a shape, and this one is held to none"
EXCUSED = {
    ("gguf", "general.name"): "names the model, and inspect shows it",
    ("capsule", "settings.thinking_open"): NO_SHAPE,
    ("capsule", "settings.thinking_close"): NO_SHAPE,
    ("tokenizer.json", "pre_tokenizer.trim_offsets"): "moves the borders of tokens in the text, which nothing here reports",
    ("tokenizer.json", "decoder.add_prefix_space"): OF_BYTES,
    ("tokenizer.json", "decoder.trim_offsets"): OF_BYTES,
    ("tokenizer.json", "decoder.use_regex"): OF_BYTES,
    ("tokenizer.json", "post_processor.single.0.SpecialToken.type_id"): "numbers the halves of pairs of texts, of which there are none",
    ("tokenizer.json", "post_processor.pair"): "is about pairs of texts, of which there are none",
    ("safetensors", "__metadata__"): "says what program wrote the file",
    ("schema", "annotations"): "by the standard they say something of a schema and ask for nothing of a text",
}


def of_model(path):
    """What a model comes to for the audit: logits, text, ids of a text, a conversation, and what is told."""
    parts = []
    for arguments in (["score", "-m", path, "--ids", IDS, "--kv-type", "f32", "--json"],
                      ["generate", "-m", path, "--ids", "5,6,7", "-n", 3, "--seed", 1, "--verbose", "--json"],
                      ["tokenize", "-m", path, "-p", TEXT, "--special", "--json"],
                      ["tokenize", "-m", path, "--decode", "--ids", IDS, "--json"],
                      ["chat", "-m", path, "-p", "Hi", "-n", 2, "--seed", 1, "--json"]):
        parts.append(run_in_folder(arguments))
    return parts


def of_configuration(path):
    """The same for what config.json says, which is all in the logits and in where a text ends."""
    return [run_in_folder(["generate", "-m", path, "--ids", IDS, "-n", 3, "--seed", 1, "--logprobs", 3, "--kv-type", "f32", "--verbose", "--json"])]


def listed(path, file=None):
    """What `inspect` says of each key of a file: {key: (value, treatment)}."""
    done = run("inspect", path, "--json")
    if done.returncode != 0:
        return {}
    return {row["key"]: (row["value"], row["treatment"]) for row in json.loads(done.stdout).get("keys", []) if row.get("file") == file}


# What is told of a field may name the flag that it suggests.
FLAGS = {"temperature": "--temperature", "top_k": "--top-k", "top_p": "--top-p", "min_p": "--min-p", "repetition_penalty": "--repeat-penalty"}


def noticed(name, before, after):
    """Some result or exit code is another one, or what is told of the field is, or that it changes nothing."""
    def told(b, a):
        named = b.tells_of(name) or b.tells_of(FLAGS.get(name, name))
        return named and (b.told != a.told or "changes nothing" in b.told)

    return any(b.changed_from(a) or told(b, a) for a, b in zip(before, after))


def refused(name, after):
    return any(result.code != 0 and result.tells_of(name) for result in after)


def other_values(value):
    """An absurd value, one of another type, and none at all."""
    absurd = -7654321 if isinstance(value, (int, float)) and not isinstance(value, bool) else "@@"
    return [("absurd", absurd), ("of another type", [True] if not isinstance(value, list) else {"@@": 1}), ("gone", GONE)]


class FieldsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.excuses = {}  # of what was tried: whether it was needed
        self.addCleanup(lambda: self.assertEqual([which for which, needed in self.excuses.items() if not needed], [], "need no excuse"))

    def check_noticed(self, where, key, how, seen):
        """`seen`: whether it was noticed. What is gone may have been what holds without it."""
        if not seen and how == "gone":
            return
        if (where, key) in EXCUSED:
            self.excuses[where, key] = self.excuses.get((where, key), False) or not seen
            return
        self.assertTrue(seen, f"{where}: {key} {how} is not noticed")

    def check_json(self, family, file, keys=None, more={}):
        """Each key of a JSON file of a tiny model's folder, and those of `more`, which are put there first."""
        model = self.folder / f"{family}-{file}"
        shutil.copytree(TINY / family, model, ignore=shutil.ignore_patterns("*.gguf", "golden*"))
        path = model / file
        original = json.loads(path.read_text()) | more
        path.write_text(json.dumps(original))
        what_it_comes_to = of_configuration if file == "config.json" else of_model
        before = what_it_comes_to(model)
        own = None if file == "config.json" else file
        before_listed = listed(model, own)
        for key, value in original.items():
            if keys and key not in keys:
                continue
            for how, other in other_values(value):
                changed = {k: v for k, v in original.items() if k != key} | ({} if other is GONE else {key: other})
                path.write_text(json.dumps(changed))
                with self.subTest(field=f"{family}/{file} {key} {how}"):
                    after = what_it_comes_to(model)
                    seen = noticed(key, before, after)
                    rows = {k: v for k, v in listed(model, own).items() if k == key or k.startswith(key + ".")}
                    was = {k: v for k, v in before_listed.items() if k == key or k.startswith(key + ".")}
                    if {treatment for _, treatment in (rows or was).values()} == {"harmless"} and not refused(key, after):
                        self.assertFalse(seen, "is said to be harmless, and is not")
                        seen = rows != was
                    self.check_noticed(file, key, how, seen)
        shutil.rmtree(model)


class OtherFiles(FieldsTest):
    def test_generation_config(self):
        self.check_json("llama", "generation_config.json", more={
            "temperature": 0.5, "top_k": 3, "top_p": 0.5, "min_p": 0.1, "typical_p": 0.5, "repetition_penalty": 1.5, "do_sample": True,
            "no_repeat_ngram_size": 2, "suppress_tokens": [5], "bad_words_ids": [[5]], "max_new_tokens": 3, "no_such_key": 1})

    def test_tokenizer_config(self):
        self.check_json("llama", "tokenizer_config.json", more={
            "add_eos_token": False, "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "added_tokens_decoder": {},
            "additional_special_tokens": [], "no_such_key": 1})

    def test_tokenizer_json(self):
        self.check_json("llama", "tokenizer.json", more={"no_such_key": 1})

    def test_gguf(self):
        file = GgufFile(LLAMA)
        path = self.folder / "model.gguf"
        file.write_changed(path, {"llama.no_such_key": (4, 1), "no.such.key": (4, 1)})
        file = GgufFile(path)
        before, before_listed = of_model(path), listed(path)
        for key, (kind, value) in file.metadata.items():
            absurd = (kind, "@@") if kind == STRING else (kind, (value[0], value[1][:1])) if kind == ARRAY else (kind, not value) if kind == BOOL else (4, 2**32 - 2)  # 2**32 - 1: none
            for how, other in (("absurd", absurd), ("of another type", (ARRAY, (4, [7]))), ("gone", None)):
                file.write_changed(path, {key: other})
                with self.subTest(field=f"gguf {key} {how}"):
                    after = of_model(path)
                    seen = noticed(key, before, after)
                    rows, was = listed(path).get(key), before_listed.get(key)
                    if (rows or was or ("", ""))[1] == "harmless" and not refused(key, after):
                        self.assertFalse(seen, "is said to be harmless, and is not")
                        seen = rows != was
                    self.check_noticed("gguf", key, how, seen)


if __name__ == "__main__":
    main()
