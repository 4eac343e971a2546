"""sheepop convert: what comes out gives what went in."""

import json
import os

from program import LLAMA, ProgramTest, TINY, main, run


class Convert(ProgramTest):
    def score(self, model, architecture="llama"):
        ids = json.loads((TINY / architecture / "golden.json").read_text())["ids"]
        return self.json("score", "-m", model, "--ids", ",".join(map(str, ids)), "--per-token", "--isa", "reference")["per_token"]

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

    def test_element_types(self):
        reference = self.score(LLAMA)
        for kind, tolerance in (("f32", 0), ("f16", 0.01), ("bf16", 0.1), ("q8_0", 0.3), ("q6_k", 0.3), ("q4_1", 2), ("q4_0", 2), ("q4_k", 2)):
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
        self.assertIn(str(folder), self.error("convert", LLAMA, "-o", folder, code=2))
        self.assertEqual((folder / "mine.txt").read_text(), "mine")
        cut = self.folder / "cut.gguf"
        cut.write_bytes(LLAMA.read_bytes()[:-1000])
        self.assertIn("cut.gguf", self.error("convert", cut, "-o", self.folder / "out.gguf"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["cut.gguf", "full"])

    def test_wrong_flags(self):
        self.assertEqual(run("convert", LLAMA, "-o", self.folder / "x.gguf", "--type", "q9_9").returncode, 2)
        self.assertEqual(run("convert", LLAMA).returncode, 2)
        self.assertIn("Hugging Face", self.error("convert", LLAMA.parent, "-o", self.folder / "x.gguf"))


if __name__ == "__main__":
    main()
