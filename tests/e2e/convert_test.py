"""sheepop convert: what comes out gives what went in."""

import json
import os
import resource
import shutil

from program import LLAMA, ProgramTest, TINY, main, run


class Convert(ProgramTest):
    def score(self, model, architecture="llama"):
        ids = json.loads((TINY / architecture / "golden.json").read_text())["ids"]
        return self.json("score", "-m", model, "--ids", ",".join(map(str, ids)), "--per-token", "--isa", "reference", "--kv-type", "f32")["per_token"]

    def test_folders_give_the_same_logits(self):
        converted = []
        for model in sorted(TINY.glob("*/model.gguf")):
            name = model.parent.name
            out = self.folder / name
            done = run("convert", model, "-o", out)
            if done.returncode:
                # Its windows cannot be stated in GGUF, so what the file says of them is not what the folder needs.
                self.assertEqual(name, "mistral_window", done.stderr)
                continue
            # Llama's queries and keys change the order of their rows, and sums with it the order of their terms.
            for expected, got in zip(self.score(model, name), self.score(out, name), strict=True):
                self.assertEqual(got["id"], expected["id"])
                self.assertAlmostEqual(got["logprob"], expected["logprob"], delta=1e-3, msg=name)
            converted.append(name)
        self.assertGreaterEqual(len(converted), 10, converted)

    def copy(self, name, **changes):
        """A copy of a tiny folder, with other values in its JSON files: config={"hidden_size": 48}."""
        folder = self.folder / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(TINY / name, folder)
        for file, values in changes.items():
            path = folder / f"{file}.json"
            path.write_text(json.dumps(json.loads(path.read_text()) | values))
        return folder

    def test_gguf_files_give_the_same_logits(self):
        for config in sorted(TINY.glob("*/config.json")):
            folder, name = config.parent, config.parent.name
            out = self.folder / f"{name}.gguf"
            if name.endswith("_window"):
                self.assertIn("sliding windows", self.error("convert", folder, "-o", out))
                continue
            self.text("convert", folder, "-o", out)
            for expected, got in zip(self.score(folder, name), self.score(out, name), strict=True):
                self.assertAlmostEqual(got["logprob"], expected["logprob"], delta=1e-3, msg=name)
            text = ("-p", "the sheep and the dog <|im_end|> in the hills", "--special", "--json")
            self.assertEqual(self.text("tokenize", "-m", out, *text), self.text("tokenize", "-m", folder, *text), name)
            answer = ("-p", "the dog", "-n", "12", "--temperature", "0", "--isa", "reference")
            self.assertEqual(self.text("generate", "-m", out, *answer), self.text("generate", "-m", folder, *answer), name)

    def test_what_goes_along_both_ways(self):
        template = "{% for message in messages %}{{ message.content }}{% endfor %}"
        generation = {"bos_token_id": 0, "eos_token_id": [0, 2, 5], "pad_token_id": 1, "suppress_tokens": [7, 9],
                      "do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
        folder = self.copy("llama", generation_config=generation)
        (folder / "chat_template.jinja").write_text(template)
        out, back, again = self.folder / "out.gguf", self.folder / "back", self.folder / "again"
        self.text("convert", folder, "-o", out)
        self.text("convert", out, "-o", str(back) + "/")
        self.text("convert", back, "-o", again, "--type", "bf16")
        for result in (back, again):
            self.assertEqual(json.loads((result / "generation_config.json").read_text()), generation)
            self.assertEqual(json.loads((result / "tokenizer_config.json").read_text())["chat_template"], template)
            config = json.loads((result / "config.json").read_text())
            self.assertEqual((config["bos_token_id"], config["eos_token_id"]), (0, 2))  # as its tokenizer_config.json says
        self.assertEqual(sorted(os.listdir(again)), sorted(os.listdir(back)))
        self.assertEqual(self.json("inspect", out)["chat_template"], template)

    def test_vocabularies_are_filled_up_to_the_rows_of_the_embedding(self):
        folder = self.copy("llama")
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        last = "".join(tokenizer["model"]["merges"].pop())
        self.assertEqual(tokenizer["model"]["vocab"].pop(last), 287)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        out = self.folder / "out.gguf"
        self.text("convert", folder, "-o", out)
        self.assertEqual(self.json("tokenize", "-m", out, "--ids", "287", "--decode")["text"], "[PAD287]")

    def test_special_tokens_without_a_row_are_left_out_and_named(self):
        folder = self.copy("llama")
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        image = {"id": 288, "content": "<image>", "special": True, "normalized": False, "single_word": False, "lstrip": False, "rstrip": False}
        tokenizer["added_tokens"].append(image)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        out = self.folder / "out.gguf"
        answer = ("-n", "4", "--temperature", "0", "--special", "-p")
        self.assertEqual(self.text("generate", "-m", folder, *answer, "the dog"), self.text("generate", "-m", TINY / "llama", *answer, "the dog"))
        self.assertIn("288", self.error("generate", "-m", folder, *answer, "the <image>", code=2))
        self.assertIn("'<image>' is left out", self.text("convert", folder, "-o", out))
        self.assertIn("'<image>' is left out", self.json("convert", folder, "-o", out, "--force")["notes"][0])
        self.assertEqual(self.json("inspect", out)["tokenizer"]["tokens"], 288)
        out.unlink()
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"pad_token": "<image>"}))
        self.assertIn("padding_token_id is 288", self.error("convert", folder, "-o", out))

    def test_folders_that_contradict_themselves(self):
        out = self.folder / "out.gguf"
        shard = "model-00002-of-00002.safetensors"
        folder = self.copy("mistral")
        (folder / shard).unlink()
        self.assertIn(shard, self.error("convert", folder, "-o", out))
        self.assertIn("model.layers.0", self.error("convert", self.copy("llama", config={"intermediate_size": 48}), "-o", out))
        self.assertIn("288 tokens", self.error("convert", self.copy("llama", generation_config={"eos_token_id": [0, 288]}), "-o", out))
        self.assertIn("no token id", self.error("convert", self.copy("llama", generation_config={"eos_token_id": "</s>"}), "-o", out))
        self.assertIn("model_type", self.error("convert", self.copy("llama", config={"model_type": "mamba"}), "-o", out))
        self.assertEqual(os.listdir(self.folder), ["changed"])

    def test_tokenizers_that_gguf_cannot_say(self):
        out = self.folder / "out.gguf"
        for part, words in (
            ({"normalizer": {"type": "Lowercase"}}, "Lowercase"),
            ({"normalizer": {"type": "NFKC"}}, "NFKC"),
            ({"pre_tokenizer": {"type": "Whitespace"}}, "Whitespace"),
            ({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}}, "pre_tokenizer"),
            ({"model": {"type": "WordPiece", "vocab": {}}}, "WordPiece"),
            ({"model": {"type": "Unigram", "vocab": [["a", -1]] * 288}, "added_tokens": []}, "unigram"),
            ({"model": {"type": "BPE", "vocab": {"a": 0, "b": 300}, "merges": []}, "added_tokens": []}, "301 tokens"),
        ):
            folder = self.copy("llama", tokenizer=part)
            (folder / "tokenizer_config.json").unlink()
            self.assertIn(words, self.error("convert", folder, "-o", out))
        self.assertFalse(out.exists())

    def test_a_full_disk(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        for out in ("out.gguf", "out"):
            message = self.error("convert", LLAMA, "-o", self.folder / out, preexec_fn=small_files, restore_signals=False)
            self.assertIn("out", message)
            self.assertEqual(os.listdir(self.folder), [])

    def test_outputs_that_are_there(self):
        out = self.folder / "out.gguf"
        self.text("convert", LLAMA, "-o", out)
        before = out.read_bytes()
        self.assertIn("is the input", self.error("convert", out, "-o", out, code=2))
        self.assertEqual(out.read_bytes(), before)
        self.text("convert", LLAMA, "-o", out, "--type", "q8_0", "--force")
        self.assertLess(out.stat().st_size, len(before))
        (self.folder / "folder.gguf").mkdir()
        self.assertIn("a folder", self.error("convert", LLAMA, "-o", self.folder / "folder.gguf", code=1))

    def test_element_types(self):
        reference = self.score(LLAMA)
        for kind, tolerance in (("f32", 0), ("f16", 0.01), ("bf16", 0.1), ("q8_0", 0.3), ("q6_k", 0.3), ("q5_0", 1), ("q5_1", 1), ("q5_k", 1), ("q4_1", 2), ("q4_0", 2), ("q4_k", 2), ("mxfp4", 2)):
            out = self.folder / f"{kind}.gguf"
            self.text("convert", LLAMA, "-o", out, "--type", kind)
            apart = [abs(got["logprob"] - expected["logprob"]) for expected, got in zip(reference, self.score(out), strict=True)]
            self.assertLessEqual(sum(apart) / len(apart), tolerance, kind)
            again = self.folder / f"{kind}-again.gguf"
            self.text("convert", out, "-o", again)
            self.assertEqual(self.score(again), self.score(out), kind)

    def test_the_tokenizer_comes_along(self):
        out = self.folder / "folder"
        self.text("convert", LLAMA, "-o", out)
        text = "Once upon a time, in a land of sheep…"
        self.assertEqual(self.json("tokenize", "-m", out, "-p", text), self.json("tokenize", "-m", LLAMA, "-p", text))

    def test_nothing_is_overwritten_or_left_behind(self):
        folder = self.folder / "full"
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
        self.assertIn(str(folder), self.error("convert", LLAMA, "-o", folder, code=1))
        self.assertEqual((folder / "mine.txt").read_text(), "mine")
        cut = self.folder / "cut.gguf"
        cut.write_bytes(LLAMA.read_bytes()[:-1000])
        self.assertIn("cut.gguf", self.error("convert", cut, "-o", self.folder / "out.gguf"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["cut.gguf", "full"])

    def test_wrong_flags(self):
        message = self.error("convert", LLAMA, "-o", self.folder / "x.gguf", "--type", "q9_9", code=2)
        self.assertIn("q9_9", message)
        self.assertIn("f32 or f16 or bf16 or q8_0 or q4_0 or q4_1 or q5_0 or q5_1 or q4_k or q5_k or q6_k or mxfp4 or q2_0 or q1_0 or tq2_0", message)
        self.assertEqual(run("convert", LLAMA).returncode, 2)
        self.assertIn("f32, f16 and bf16", self.error("convert", LLAMA, "-o", self.folder / "x", "--type", "q8_0", code=2))


if __name__ == "__main__":
    main()
