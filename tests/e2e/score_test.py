"""sheepop score: against the golden logits, and against itself."""

import array
import math

from program import GOLDEN, LLAMA, ProgramTest, main

IDS = ",".join(map(str, GOLDEN["ids"]))


def golden_logprobs():
    values = array.array("f", (LLAMA.parent / "golden.f32").read_bytes())
    vocab = GOLDEN["vocab"]
    out = []
    for position, token in enumerate(GOLDEN["ids"][1:]):
        row = values[position * vocab : (position + 1) * vocab]
        top = max(row)
        total = top + math.log(sum(math.exp(logit - top) for logit in row))
        out.append((row[token] - total, sum(logit > row[token] for logit in row)))
    return out


class Score(ProgramTest):
    def test_against_the_golden_logits(self):
        out = self.json("score", "-m", LLAMA, "--ids", IDS, "--per-token")
        expected = golden_logprobs()
        self.assertEqual(out["tokens"], len(expected))
        self.assertIsNone(out["bits_per_byte"])
        self.assertEqual([token["id"] for token in out["per_token"]], GOLDEN["ids"][1:])
        for token, (logprob, rank) in zip(out["per_token"], expected):
            self.assertAlmostEqual(token["logprob"], logprob, delta=0.02)
            self.assertLessEqual(abs(token["rank"] - rank), 2)
        self.assertAlmostEqual(out["nll"], -sum(logprob for logprob, _ in expected), delta=0.1)
        self.assertAlmostEqual(out["perplexity"], math.exp(out["nll"] / out["tokens"]), places=6)

    def test_the_numbers_of_the_cache_are_chosen(self):
        expected = -sum(logprob for logprob, _ in golden_logprobs())
        nll = {kind: self.json("score", "-m", LLAMA, "--ids", IDS, "--kv-type", kind)["nll"] for kind in ("f32", "f16", "bf16")}
        self.assertEqual(nll["f16"], self.json("score", "-m", LLAMA, "--ids", IDS)["nll"])
        self.assertEqual(len(set(nll.values())), 3)
        self.assertLess(abs(nll["f32"] - expected), abs(nll["bf16"] - expected))
        self.assertIn("--kv-type", self.error("score", "-m", LLAMA, "--ids", IDS, "--kv-type", "f8", code=2))

    def test_text_and_bits_per_byte(self):
        text = "Once upon a time, in a land of sheep…"
        path = self.folder / "text"
        path.write_text(text)
        out = self.json("score", "-m", LLAMA, "-p", text)
        self.assertAlmostEqual(out["bits_per_byte"], out["nll"] / math.log(2) / len(text.encode()), places=9)
        self.assertEqual(out["tokens"], self.json("tokenize", "-m", LLAMA, "-p", text)["count"] - 1)
        self.assertEqual(self.json("score", "-m", LLAMA, "-f", path), out)
        self.assertEqual(self.json("score", "-m", LLAMA, "-f", "-", stdin=text.encode()), out)
        self.assertIn("perplexity", self.text("score", "-m", LLAMA, "-p", text))

    def test_windows_score_each_token_once(self):
        whole = self.json("score", "-m", LLAMA, "--ids", IDS, "--per-token")
        for context, stride in ((16, 4), (16, 15), (2, 1), (39, 3)):
            out = self.json("score", "-m", LLAMA, "--ids", IDS, "--per-token", "--context", context, "--stride", stride)
            self.assertEqual([token["id"] for token in out["per_token"]], GOLDEN["ids"][1:])
            # The first window sees what the whole text sees.
            self.assertEqual(out["per_token"][: context - 1], whole["per_token"][: context - 1])

    def test_the_same_on_every_path(self):
        for model in ("model-q8_0.gguf", "model-q4_0.gguf"):
            flags = ("score", "-m", LLAMA.parent / model, "--ids", IDS, "--per-token")
            first = self.json(*flags, "--threads", 1)
            for way in [("--threads", 3)] + [("--isa", isa) for isa in self.isas()]:
                self.assertEqual(self.json(*flags, *way), first, (model, way))

    def test_scores_agree_with_what_generate_reports(self):
        prompt = ",".join(map(str, GOLDEN["greedy"]["prompt"]))
        written = self.json("generate", "-m", LLAMA, "--ids", prompt, "-n", 8, "--temperature", 0, "--ignore-eos", "--logprobs", 1)
        ids = ",".join(map(str, written["prompt_ids"] + written["ids"]))
        scored = self.json("score", "-m", LLAMA, "--ids", ids, "--per-token")["per_token"][-8:]
        self.assertEqual([token["logprob"] for token in scored], [token["logprob"] for token in written["logprobs"]])
        self.assertEqual([token["rank"] for token in scored], [0] * 8)

    def test_errors(self):
        flags = ("score", "-m", LLAMA, "--json")
        self.assertIn("at least 2", self.error(*flags, "--ids", "5", code=2))
        self.assertIn("stride", self.error(*flags, "--ids", IDS, "--context", 8, "--stride", 8, code=2))
        self.assertIn("--context", self.error(*flags, "--ids", IDS, "--context", 1, code=2))
        self.assertIn("288", self.error(*flags, "--ids", "5,288", code=2))
        self.assertIn("-p TEXT", self.error(*flags, code=2))


if __name__ == "__main__":
    main()
