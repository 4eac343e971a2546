"""sheepop train --tokenizer-only: files that open, the same result for any number of threads, merges as others learn them."""

import json
import unittest

from program import ProgramTest, main

TEXT = "".join(
    f"Sheep {i % 97} and the shepherd's {i % 13} dogs -- naïve, déjà vu, 羊が{i % 5}匹.\n\tif (x == {i}) return y;\n\n"
    for i in range(3000)
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LLAMA = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class TrainTokenizer(ProgramTest):
    def setUp(self):
        super().setUp()
        self.input = self.folder / "text.txt"
        self.input.write_text(TEXT, encoding="utf-8")

    def train(self, output, *more):
        return self.json("train", self.input, "--tokenizer-only", "-o", self.folder / output, *more)

    def test_files_open_and_give_the_text_back(self):
        report = self.train("tok", "--vocab-size", 600)
        self.assertEqual(report["entries"], 600)
        self.assertEqual(report["merges"], 600 - 259)
        self.assertEqual(report["train_bytes"] + report["held_out_bytes"], len(TEXT.encode()))
        self.assertGreater(report["bytes_per_token"], 2)
        model = self.folder / "tok" / "tokenizer.gguf"
        self.assertEqual(self.json("inspect", model)["tokenizer"]["tokens"], 600)
        for data in (TEXT[:500].encode(), b"<|im_end|> \xff\xfe \x00 unseen \xf0\x9f\x90\x91"):
            ids = self.json("tokenize", "-m", model, "-f", "-", stdin=data)["ids"]
            self.assertFalse(set(ids) & {0, 1, 2})
            back = self.json("tokenize", "-m", model, "--decode", "--ids", ",".join(map(str, ids)))["text"]
            self.assertEqual(back, data.decode(errors="replace"))
        self.assertEqual(self.json("tokenize", "-m", model, "-p", "<|im_end|>", "--special")["ids"], [2])

    def test_any_number_of_threads(self):
        for threads in (1, 2, 5):
            self.train(f"{threads}.gguf", "--threads", threads)
            self.train(f"{threads}.json", "--threads", threads)
        for ending in ("gguf", "json"):
            files = {(self.folder / f"{threads}.{ending}").read_bytes() for threads in (1, 2, 5)}
            self.assertEqual(len(files), 1)

    def test_a_model_is_trained_with_it(self):
        self.train("tok.gguf", "--vocab-size", 300)
        self.json("train", self.input, "-o", self.folder / "m.gguf", "--tokenizer", self.folder / "tok.gguf", "--steps", 2,
                  "--context", 32, "--sample-tokens", 0)
        self.assertEqual(self.json("inspect", self.folder / "m.gguf")["tokenizer"]["tokens"], 300)

    def test_refusals(self):
        flags = ("train", self.input, "--tokenizer-only", "-o", self.folder / "tok", "--json")
        self.assertIn("259", self.error(*flags, "--vocab-size", 258, code=2))
        self.assertIn("65536", self.error(*flags, "--vocab-size", 65537, code=2))
        self.assertIn("unigram", self.error(*flags, "--tokenizer-kind", "unigram"))
        self.assertIn("no-such", self.error(*flags, "--split", "no-such"))
        self.assertFalse((self.folder / "tok").exists())

    def test_merges_of_the_tokenizers_package(self):
        try:
            from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
        except ImportError:
            self.skipTest("the Python package tokenizers is not installed")
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        llama = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(LLAMA), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ])
        for split, pre in (("gpt-2", byte_level), ("llama-bpe", llama)):
            with self.subTest(split=split):
                theirs = Tokenizer(models.BPE())
                theirs.pre_tokenizer = pre
                theirs.train_from_iterator([TEXT], trainers.BpeTrainer(
                    vocab_size=900, special_tokens=SPECIAL, show_progress=False,
                    initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
                self.train(split, "--vocab-size", 900, "--split", split, "--held-out-share", 0)
                path = self.folder / split / "tokenizer.json"
                ours = json.loads(path.read_text(encoding="utf-8"))["model"]
                expected = json.loads(theirs.to_str())["model"]
                pairs = [merge if isinstance(merge, list) else merge.split(" ") for merge in ours["merges"]]
                self.assertEqual(pairs, [list(merge) for merge in expected["merges"]])
                self.assertEqual(ours["vocab"], expected["vocab"])
                loaded = Tokenizer.from_file(str(path))
                ids = self.json("tokenize", "-m", self.folder / split / "tokenizer.gguf", "-p", TEXT[:3000])["ids"]
                self.assertEqual(loaded.encode(TEXT[:3000]).ids, ids)


if __name__ == "__main__":
    main()
