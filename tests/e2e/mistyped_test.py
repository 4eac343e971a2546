"""What is typed wrong is met with what was meant, and the page of help that has it."""

from program import LLAMA, ProgramTest, main


class Mistyped(ProgramTest):
    def test_commands(self):
        for typed, meant in (("generat", "generate"), ("trian", "train"), ("injest", "ingest"), ("tokenise", "tokenize")):
            message = self.error(typed, code=2)
            self.assertIn(f"there is no {typed}, did you mean {meant}?", message)
            self.assertIn("(see sheepop --help)", message)
        message = self.error("corpus", "shwo", code=2)
        self.assertIn("did you mean show?", message)
        self.assertIn("(see sheepop corpus --help)", message)

    def test_a_command_like_no_other(self):
        message = self.error("frobnicate", code=2)
        self.assertIn('there is no command "frobnicate"; there are ', message)
        self.assertIn(", generate, ", message)
        self.assertIn("(see sheepop --help)", message)
        self.assertEqual(self.error("-q", code=2), "there is no -q (see sheepop --help)")

    def test_flags(self):
        for command in (["generate", "--promt", "x"], ["generate", "-m", LLAMA, "--promt=x"]):
            self.assertEqual(self.error(*command, code=2), "there is no --promt, did you mean --prompt? (see sheepop generate --help)")
        self.assertEqual(self.error("generate", "--frobnicate", code=2), "there is no --frobnicate (see sheepop generate --help)")
        self.assertIn("see sheepop corpus shards --help", self.error("corpus", "shards", "x", "--tokeniser", "y", code=2))
        self.assertEqual(self.error("train", "--stpes", "3", code=2), "there is no --stpes, did you mean --steps? (see sheepop train --help)")

    def test_a_flag_with_underscores_is_the_one_with_dashes(self):
        self.assertIn("did you mean --max-tokens?", self.error("generate", "--max_tokens", "3", code=2))

    def test_one_dash_too_few(self):
        self.assertIn("did you mean --prompt?", self.error("generate", "-prompt", "x", code=2))

    def test_the_flag_of_another_command(self):
        self.assertEqual(self.error("score", "--temperature", "1", code=2), "there is no --temperature (see sheepop score --help)")

    def test_an_argument_too_many(self):
        message = self.error("generate", LLAMA, "Once upon a time", code=2)
        self.assertIn("'Once upon a time' was not expected", message)

    def test_help_is_a_command(self):
        self.assertEqual(self.text("help"), self.text("--help"))
        self.assertEqual(self.text("help", "train"), self.text("train", "--help"))
        self.assertEqual(self.text("help", "corpus", "shards"), self.text("corpus", "shards", "--help"))
        self.assertIn("did you mean train?", self.error("help", "trian", code=2))

    def test_a_command_in_front_of_another_ones_name(self):
        self.assertEqual(self.error("trian", "corpus", "-o", "m.gguf", code=2), "there is no trian, did you mean train? (see sheepop --help)")

    def test_a_flag_of_one_letter_and_a_text_without_one(self):
        self.assertIn("there is no -x (see", self.error("serve", "-x", "1", code=2))
        self.assertIn("there is no -p, did you mean --prefill-chunk or --port?", self.error("serve", "-p", "80", code=2))
        self.assertIn("'Dear' was not expected; a text is given with -p", self.error("generate", "-m", LLAMA, "Dear", code=2))

    def test_the_beginning_of_a_flag_stands_for_it(self):
        self.assertIn("there is no --out, did you mean --output?", self.error("train", "corpus", "--out", "m.gguf", code=2))

    def test_a_model_whose_training_has_not_ended(self):
        run = self.folder / "m.run"
        run.mkdir()
        (run / "best.gguf").write_bytes(b"")
        self.assertEqual(self.error("generate", "-m", self.folder / "m.gguf", "-p", "a"),
                         f"there is no model {self.folder / 'm.gguf'}: its training is not finished; -m {run} is the model that it has so far")

    def test_a_corpus_for_a_model(self):
        corpus = self.folder / "corpus"
        corpus.mkdir()
        (corpus / "documents.jsonl.zst").write_bytes(b"")
        self.assertIn(f"{corpus} is a corpus, not a model; make a model of it: sheepop train {corpus} -o mine.gguf",
                      self.error("generate", "-m", corpus, "-p", "a"))
        self.assertEqual(self.text("version"), self.text("--version"))

    def test_hints_name_flags(self):
        lines, text = self.folder / "long.jsonl", self.folder / "a.txt"
        lines.write_text('{"text": "' + "wide " * 400 + '"}\n')
        text.write_text("The sheep go over the hill.\n" * 50)
        self.assertIn("--max-line-bytes", self.error("ingest", lines, "-o", self.folder / "c", "--max-line-bytes", "1024"))
        train = ("train", text, "-o", self.folder / "m.gguf", "--steps", "1", "--tokenizer", LLAMA)
        self.assertIn("--learning-rate", self.error(*train, "--learning-rate", "0.1", "--min-learning-rate", "1", code=2))
        self.assertIn("--kv-heads is 5", self.error(*train, "--heads", "4", "--kv-heads", "5", code=2))
        self.assertIn("--hidden is 6", self.error(*train, "--heads", "4", "--hidden", "6", code=2))

    def test_a_model_in_place(self):
        for command in (["generate", "-p", "the", "-n", "2", "--seed", "1"], ["chat", "-p", "the", "-n", "2", "--seed", "1"],
                        ["score", "-p", "the sheep"], ["tokenize", "-p", "the sheep"], ["explain", "-p", "the", "-n", "2", "--seed", "1"]):
            self.assertEqual(self.text(*command, LLAMA), self.text(*command, "-m", LLAMA), command)
            name, *rest = command
            self.assertEqual(self.text(name, LLAMA, *rest), self.text(*command, "-m", LLAMA), command)


if __name__ == "__main__":
    main()
