"""Numbers, lists and names that are none: every flag refuses them and says what is allowed."""

from program import DATA, GOLDEN, LLAMA, ProgramTest, main

GENERATE = ("generate", "-m", LLAMA, "-p", "a")
COUNT = "must be a whole number, at least 0"
LARGE = 10**20

# Flags, and a part of the message.
WRONG = [
    (("generate", "-m", LLAMA, "--ids", ""), '--ids is "", must be a list'),
    (("generate", "-m", LLAMA, "--ids", "1,,2"), '--ids is "1,,2", must be a list separated by \',\', with no empty'),
    (("generate", "-m", LLAMA, "--ids", "1,"), '--ids is "1,", must be a list'),
    (("generate", "-m", LLAMA, "--ids", "0x10"), '--ids is "0x10", must be a whole number, 0 to 2147483647'),
    (("generate", "-m", LLAMA, "--ids", "-1"), "--ids is -1, must be 0 to 2147483647"),
    (("generate", "-m", LLAMA, "--ids", "12345678901"), "--ids is 12345678901, must be 0 to 2147483647"),
    (("tokenize", "-m", LLAMA, "--decode", "--ids", " 1"), '--ids is " 1", must be a whole number'),
    ((*GENERATE, "-n", "-1"), "--max-tokens is -1, must be at least 0"),
    ((*GENERATE, "-n", "warm"), f'--max-tokens is "warm", {COUNT}'),
    ((*GENERATE, "-n", "0x10"), f'--max-tokens is "0x10", {COUNT}'),
    ((*GENERATE, "-n", ""), f'--max-tokens is "", {COUNT}'),
    ((*GENERATE, "-n", LARGE), f'--max-tokens is "{LARGE}", must be a whole number, 0 to 2147483647'),
    ((*GENERATE, "--logprobs", "-1"), "--logprobs is -1, must be at least 0"),
    ((*GENERATE, "--logprobs", "0x10"), f'--logprobs is "0x10", {COUNT}'),
    ((*GENERATE, "--logprobs", LARGE), f'--logprobs is "{LARGE}", must be a whole number, 0 to 2147483647'),
    ((*GENERATE, "--sequences", "0"), "--sequences is 0, must be 1 to 256"),
    ((*GENERATE, "--context", "0"), "--context is 0, must be 1 to 16777216"),
    ((*GENERATE, "--context", "1e3"), '--context is "1e3", must be a whole number, 1 to 16777216'),
    ((*GENERATE, "--kv-type", "f64"), '--kv-type is "f64", must be f32 or f16 or bf16'),
    ((*GENERATE, "--threads", "1025"), "--threads is 1025, must be 1 to 1024"),
    ((*GENERATE, "--top-k", "-1"), "--top-k is -1, must be at least 0"),
    ((*GENERATE, "--top-p", "1.5"), "--top-p is 1.5, must be 0 to 1"),
    ((*GENERATE, "--top-p", "nan"), "--top-p is nan, must be 0 to 1"),
    ((*GENERATE, "--temperature", "0x1"), '--temperature is "0x1", must be a number, 0 to 1000000'),
    ((*GENERATE, "--seed", "-1"), '--seed is "-1", must be a whole number, 0 to 18446744073709551615'),
    ((*GENERATE, "--samplers", "top_k;;top_p"), '--samplers is "top_k;;top_p", must be a list'),
    ((*GENERATE, "--logit-bias", "5=warm"), '--logit-bias is "5=warm", must be TOKEN=BIAS'),
    ((*GENERATE, "--logit-bias", "5=inf"), "--logit-bias is inf, must be -1000000 to 1000000"),
    ((*GENERATE, "--ban", "12345678901"), '--ban is "12345678901", must be a token id'),
    ((*GENERATE, "--bad-sequence", "1,,2"), '--bad-sequence is "1,,2", must be a list'),
    ((*GENERATE, "--beams", "1025"), "--beams is 1025, must be 1 to 1024"),
    (("explain", "-m", LLAMA, "-p", "a", "-n", "-1"), "--max-tokens is -1, must be at least 0"),
    (("explain", "--logits", "1,,2"), '--logits is "1,,2", must be a list'),
    (("explain", "--logits", "1,x"), '--logits is "x", must be a number'),
    (("explain", "-m", LLAMA, "-p", "a", "--watch", "12345678901"), 'watch is "12345678901", must be a token id'),
    (("chat", "-m", LLAMA, "-p", "a", "-n", "0"), "--max-tokens is 0, must be at least 1"),
    (("score", "-m", LLAMA, "-p", "a", "--stride", "-1"), "--stride is -1, must be 1 to 16777216"),
    (("bench", "-m", LLAMA, "--prefill", "1,,2"), '--prefill is "1,,2", must be a list'),
    (("bench", "-m", LLAMA, "--repeat", "0"), "--repeat is 0, must be 1 to 1000"),
    (("pull", "--retries", "-1", "x"), "--retries is -1, must be 0 to 1000"),
    (("ingest", DATA, "-o", "/nonexistent/x", "--workers", "0"), "--workers is 0, must be 1 to 1024"),
    (("ingest", DATA, "-o", "/nonexistent/x", "--part-bytes", "1MiB"), '--part-bytes is "1MiB", must be a whole number'),
    (("train", DATA, "-o", "/nonexistent/x", "--steps", "1e3"), '--steps is "1e3", must be a whole number, at least 1'),
    (("train", DATA, "-o", "/nonexistent/x", "--schedule", "cosin"), "did you mean cosine?"),
    (("train", DATA, "-o", "/nonexistent/x", "--held-out-share", "1"), "--held-out-share is 1, must be 0 to 0.9"),
    (("corpus", "sample", DATA, "-n", "-1"), "--count is -1, must be at least 0"),
    ((*GENERATE, "--temprature", "1"), "there is no --temprature, did you mean --temperature?"),
    (("generat",), "there is no generat, did you mean generate?"),
    (("zzz",), "there is no command \"zzz\"; there are "),
    (("corpus", "serch"), "there is no serch, did you mean search?"),
]


class Numbers(ProgramTest):
    def test_what_is_none_is_refused_with_what_is_allowed(self):
        for flags, part in WRONG:
            with self.subTest(flags=flags):
                self.assertIn(part, self.error(*flags, code=2))

    def test_refused_as_json_too(self):
        self.assertIn("--max-tokens is -1", self.error(*GENERATE, "--json", "-n", "-1", code=2))

    def test_refused_in_a_toml_file(self):
        config = self.folder / "options.toml"
        for line, part in [
            ("steps = 0x10", 'steps is "0x10", must be a whole number, at least 1'),
            ("stepps = 10", 'there is no option "stepps", did you mean steps?'),
            ("learning_rate = 1", 'there is no option "learning_rate", did you mean learning-rate?'),
            ("[x]\nsteps = 10", "options stand in no section, so [x] cannot be there"),
            ("dropout = 2", "dropout is 2, must be 0 to 0.9"),
            ("ab", 'the line "ab" is no NAME = VALUE'),
        ]:
            config.write_text(line + "\n")
            message = self.error("train", self.folder, "-o", self.folder / "x", "--config", config, code=2)
            self.assertIn(str(config), message)
            self.assertIn(part, message)

    def test_a_bias_of_minus_infinity_bans(self):
        ids = ("--ids", ",".join(map(str, GOLDEN["ids"])))
        first = self.json("generate", "-m", LLAMA, *ids, "-n", 1, "--temperature", 0)["ids"][0]
        banned = self.json("generate", "-m", LLAMA, *ids, "-n", 1, "--temperature", 0, "--logit-bias", f"{first}=-inf")
        other = self.json("generate", "-m", LLAMA, *ids, "-n", 1, "--temperature", 0, "--ban", first)
        self.assertNotEqual(banned["ids"][0], first)
        self.assertEqual(banned["ids"], other["ids"])

    def test_texts_that_look_like_lists_are_texts(self):
        for text in ("{}", "[]", "[a,b]", "1,2"):
            ids = self.json("tokenize", "-m", LLAMA, "-p", text)["ids"]
            whole = ",".join(map(str, ids))
            self.assertEqual(self.json("tokenize", "-m", LLAMA, "--decode", "--ids", whole)["text"].strip(), text)


if __name__ == "__main__":
    main()
