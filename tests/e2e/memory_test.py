"""What does not fit the memory is refused before it is tried, with what is needed, what is there and what would fit."""

import json
import re
import resource
import unittest

from program import LLAMA, SANITIZED, ProgramTest, main

LIMIT = 3 << 30  # bytes of addresses; the tiny Llama's longest context takes 4.3 GB as f32
LONGEST = ("--context", 16777216, "--kv-type", "f32")


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


class Memory(ProgramTest):
    def refused(self, *arguments, **options):
        message = self.error(*arguments, **options)
        self.assertRegex(message, r"\d (GB|MB) for|take \d|takes about \d")
        self.assertRegex(message, r"\d (GB|MB) of memory are free")
        return message

    @unittest.skipIf(SANITIZED, "sanitizers take more addresses than that")
    def test_a_context(self):
        capsule = self.folder / "capsule"
        self.text("generate", "-m", LLAMA, "-p", "abc", "-n", 1, "--record", capsule)
        changed = json.loads(capsule.read_text())
        changed |= {"context": 16777216, "kv_type": "f32"}
        capsule.write_text(json.dumps(changed))
        for command in (("generate", "-m", LLAMA, "-p", "a", "-n", 1, *LONGEST), ("chat", "-m", LLAMA, "-p", "a", "-n", 1, *LONGEST),
                        ("explain", "-m", LLAMA, "-p", "a", "-n", 1, *LONGEST), ("replay", capsule)):
            with self.subTest(command=command[0]):
                message = self.refused(*command, preexec_fn=limited)
                self.assertIn("16777216 positions", message)
                self.assertIn("the largest --context that fits is about ", message)
        fits = re.search(r"fits is about (\d+)", message)[1]
        self.text("generate", "-m", LLAMA, "-p", "a", "-n", 1, "--context", fits, "--kv-type", "f32", preexec_fn=limited)

    @unittest.skipIf(SANITIZED, "sanitizers take more addresses than that")
    def test_a_server(self):
        message = self.refused("serve", "-m", LLAMA, "--port", 0, *LONGEST, preexec_fn=limited)
        self.assertIn("--cache-mib or --context", message)

    @unittest.skipIf(SANITIZED, "sanitizers take more addresses than that")
    def test_a_training(self):
        words = self.folder / "words.txt"
        words.write_text("Once upon a time " * 100)
        message = self.refused("train", words, "-o", self.folder / "m.gguf", "--hidden", 4096, "--heads", 32, "--layers", 40, "--steps", 1, preexec_fn=limited)
        for word in ("million parameters", "--size", "--batch", "--context"):
            self.assertIn(word, message)
        message = self.refused("train", words, "-o", self.folder / "m.gguf", "--size", "nano", "--batch", 60000, "--steps", 1, preexec_fn=limited)
        self.assertIn("60000 sequences", message)

    def test_many_sequences(self):
        message = self.refused("generate", "-m", LLAMA, "-p", "a", "-n", 1, "--sequences", 256, "--context", 16777216)
        self.assertIn("for each of 256 sequences", message)

    def test_beams(self):
        message = self.refused("generate", "-m", LLAMA, "-p", "a", "-n", 16777000, "--beams", 1024, "--context", 16777216)
        self.assertIn("fewer --beams", message)

    def test_a_score_takes_what_its_text_needs(self):
        whole = self.json("score", "-m", LLAMA, "-p", "abcabc")
        self.assertEqual(self.json("score", "-m", LLAMA, "-p", "abcabc", "--context", 16777216), whole)

    def test_a_measurement(self):
        bench = ("bench", "-m", LLAMA, "--prefill", 1, "--decode", 1, "--repeat", 1)
        message = self.error(*bench, "--depth", 100000000, code=2)
        self.assertIn("--depth is 100000000, must be 0 to 16777216", message)
        message = self.error("bench", "-m", LLAMA, "--decode", 100000000, code=2)
        self.assertIn("--decode is 100000000, must be 0 to 16777216", message)
        message = self.refused(*bench, "--batch", "1,256", "--depth", "0,16777216")
        self.assertIn("a smaller --depth than 16777216", message)


if __name__ == "__main__":
    main()
