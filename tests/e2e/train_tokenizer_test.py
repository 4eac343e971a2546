"""sheepop train --tokenizer-only: files that open, the same result for any number of threads, merges as others learn them, ids as others find them."""

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

    def check_model(self, model):
        for data in (TEXT[:500].encode(), b"<|im_end|> \xff\xfe \x00 unseen \xf0\x9f\x90\x91"):
            ids = self.json("tokenize", "-m", model, "-f", "-", stdin=data)["ids"]
            self.assertFalse(set(ids) & {0, 1, 2})
            back = self.json("tokenize", "-m", model, "--decode", "--ids", ",".join(map(str, ids)))["text"]
            self.assertEqual(back, data.decode(errors="replace"))
        self.assertEqual(self.json("tokenize", "-m", model, "-p", "<|im_end|>", "--special")["ids"], [2])

    def test_files_open_and_give_the_text_back(self):
        for kind, merges in (("bpe", 600 - 259), ("unigram", 0)):
            with self.subTest(kind=kind):
                report = self.train(kind, "--tokenizer-kind", kind, "--vocab-size", 600)
                self.assertEqual(report["entries"], 600)
                self.assertEqual(report["merges"], merges)
                self.assertEqual(report["train_bytes"] + report["held_out_bytes"], len(TEXT.encode()))
                self.assertGreater(report["bytes_per_token"], 2)
                self.assertEqual(len(report["longest"]), 10)
                model = self.folder / kind / "tokenizer.gguf"
                self.assertEqual(self.json("inspect", model)["tokenizer"]["tokens"], 600)
                self.check_model(model)

    def test_any_number_of_threads(self):
        for kind in ("bpe", "unigram"):
            for ending in ("gguf", "json"):
                files = set()
                for threads in (1, 2, 5):
                    name = f"{kind}{threads}.{ending}"
                    self.train(name, "--tokenizer-kind", kind, "--threads", threads)
                    files.add((self.folder / name).read_bytes())
                self.assertEqual(len(files), 1)

    def test_a_model_is_trained_with_it(self):
        for kind, size in (("bpe", 300), ("unigram", 400)):
            with self.subTest(kind=kind):
                self.train(kind, "--tokenizer-kind", kind, "--vocab-size", size)
                for tokenizer in (self.folder / kind, self.folder / kind / "tokenizer.json"):
                    model = self.folder / f"{kind}.gguf"
                    self.json("train", self.input, "-o", model, "--tokenizer", tokenizer, "--steps", 2, "--warmup", 0, "--context", 32,
                              "--sample-tokens", 0, "--restart")
                    self.assertEqual(self.json("inspect", model)["tokenizer"]["tokens"], size)
                    self.check_model(model)

    def test_names_and_order_of_the_texts_do_not_count(self):
        words = TEXT.split()
        texts = [" ".join(words[i:i + 200]) + "\n" for i in range(0, len(words), 200)]
        corpora = []
        for run, name in enumerate(("{:02}.txt", "z/{}/text.md")):
            folder = self.folder / f"documents{run}"
            for i, text in enumerate(texts if run == 0 else reversed(texts)):
                path = folder / name.format(i)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            corpora.append(self.folder / f"corpus{run}")
            self.json("ingest", folder, "-o", corpora[-1])
        self.assertNotEqual(*((corpus / "documents.jsonl.zst").read_bytes() for corpus in corpora))
        for kind, size in (("bpe", 600), ("unigram", 600)):
            with self.subTest(kind=kind):
                made = []
                for run, corpus in enumerate(corpora):
                    out = self.folder / f"{kind}{run}"
                    self.json("train", corpus, "--tokenizer-only", "-o", out, "--tokenizer-kind", kind, "--vocab-size", size)
                    made.append({path.name: path.read_bytes() for path in out.iterdir()})
                self.assertEqual(set(made[0]), {"tokenizer.json", "tokenizer_config.json", "tokenizer.gguf"})
                for name in made[0]:
                    self.assertEqual(made[0][name], made[1][name], name)

    def test_refusals(self):
        flags = ("train", self.input, "--tokenizer-only", "-o", self.folder / "tok", "--json")
        self.assertIn("259", self.error(*flags, "--vocab-size", 258, code=2))
        self.assertIn("65536", self.error(*flags, "--vocab-size", 65537, code=2))
        self.assertIn("357", self.error(*flags, "--tokenizer-kind", "unigram", "--vocab-size", 356, code=2))
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

    def test_ids_of_the_tokenizers_package(self):
        try:
            from tokenizers import Tokenizer
        except ImportError:
            self.skipTest("the Python package tokenizers is not installed")
        for split in ("spaces", "gpt-2"):
            self.train(split, "--tokenizer-kind", "unigram", "--vocab-size", 700, "--split", split)
            loaded = Tokenizer.from_file(str(self.folder / split / "tokenizer.json"))
            noise = bytes(i * i * 7 % 256 for i in range(3000)).decode("latin-1")
            for text in (TEXT[:3000], noise, "<0x41>  <unk aaaa \u3042\n\n  ------- <0xFF>"):
                with self.subTest(split=split, text=text[:20]):
                    model = self.folder / split / "tokenizer.gguf"
                    ids = self.json("tokenize", "-m", model, "-f", "-", stdin=text.encode())["ids"]
                    self.assertEqual(loaded.encode(text).ids, ids)
                    self.assertEqual(loaded.decode(ids), text)


if __name__ == "__main__":
    main()
