"""Nothing of the user's is overwritten or entered: outputs that are inputs, that are there already, that are no files."""

import json
import os
import shutil

from program import LLAMA, ProgramTest, main, run


class Outputs(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model.gguf"
        shutil.copy(LLAMA, self.model)
        self.old = self.folder / "old"
        self.old.write_text("what the user had")
        self.corpus = self.folder / "texts.txt"
        self.corpus.write_text("".join(f"The sheep number {i} goes over the hill.\n\n" for i in range(100)))

    def generate(self, *arguments):
        return ("generate", "-m", self.model, "-p", "the", "-n", "2", *arguments)

    def refused_then_forced(self, old, *command):
        """What is there stays unless --force is given."""
        before = old.read_bytes()
        message = self.error(*command)
        self.assertIn(str(old), message)
        self.assertIn("--force", message)
        self.assertEqual(old.read_bytes(), before)
        done = run(*command, "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(old.read_bytes(), before)

    def test_a_capsule(self):
        self.refused_then_forced(self.old, *self.generate("--record", self.old))

    def test_a_page(self):
        self.refused_then_forced(self.old, "explain", "-m", self.model, "-p", "the", "-n", "2", "--html", self.old)

    def test_a_converted_model(self):
        old = self.folder / "old.gguf"
        old.write_text("what the user had")
        self.refused_then_forced(old, "convert", self.model, "-o", old)

    def test_a_tokenizer(self):
        old = self.folder / "old.json"
        old.write_text("what the user had")
        command = ("train", self.corpus, "--tokenizer-only", "--vocab-size", "300")
        self.refused_then_forced(old, *command, "-o", old)
        (self.folder / "tokenizer.gguf").write_text("what the user had")
        self.refused_then_forced(self.folder / "tokenizer.gguf", *command, "-o", self.folder)

    def test_shards(self):
        shards = self.folder / "shards"
        shards.mkdir()
        (shards / "train.tokens").write_text("what the user had")
        self.refused_then_forced(shards / "train.tokens", "corpus", "shards", self.corpus, "--tokenizer", LLAMA, "-o", shards)

    def test_a_corpus_of_other_inputs(self):
        corpus, folder, other = self.folder / "corpus", self.folder / "papers", self.folder / "other.md"
        (folder / "letters").mkdir(parents=True)
        (folder / "tale.txt").write_text("Once there was a shepherd who counted his sheep.\n")
        (folder / "letters" / "first.txt").write_text("Dear clerk, the gate is to be closed at dusk.\n")
        (folder / "notes.jsonl").write_text('{"text": "first note"}\n{"text": "second note"}\n')
        other.write_text("# Other\n\nThe mill lost its wheel in the flood.\n")
        first = self.json("ingest", folder, "-o", corpus)
        self.assertEqual(first["taken"], 4)
        message = self.error("ingest", other, "-o", corpus)
        self.assertIn(f"holds 4 documents of {folder}", message)
        self.assertIn(f"sheepop ingest {folder} {other} -o {corpus}", message)
        self.assertIn("--force", message)
        self.assertIn("holds 1", self.error("ingest", folder / "tale.txt", folder / "notes.jsonl", "-o", corpus).replace("a document", "1"))
        self.assertEqual(self.json("ingest", folder, "-o", corpus), first, "the same inputs, and nothing was touched")
        # By another name, with more, and without what is gone.
        (self.folder / "link").symlink_to(folder)
        self.json("ingest", self.folder / "link", "-o", corpus)
        self.assertEqual(self.json("ingest", folder, other, "-o", corpus)["taken"], 5)
        (folder / "tale.txt").unlink()
        self.assertEqual(self.json("ingest", folder, other, "-o", corpus)["taken"], 4)
        self.assertEqual(self.json("ingest", other, "-o", corpus, "--force")["taken"], 1)

    def test_a_model(self):
        old, texts, run_folder = self.folder / "old.gguf", self.folder / "texts", self.folder / "old.run"
        texts.mkdir()
        shutil.copy(self.corpus, texts / "a.txt")
        old.write_text("what the user had")
        train = ("--steps", "2", "--layers", "1", "--hidden", "16", "--heads", "2", "--context", "16", "--batch", "1")
        command = ("train", self.corpus, *train, "-o", old)
        self.assertIn("is the input", self.error("train", self.corpus, *train, "-o", self.corpus, "--force", code=2))
        self.assertIn("is the input", self.error("train", self.corpus, "--from", self.model, "--steps", "2", "-o", self.model, "--force", code=2))
        self.assertIn("no run", self.error("train", self.corpus, *train, "-o", self.folder / "new.gguf", "--run", texts))
        self.assertEqual([path.name for path in texts.iterdir()], ["a.txt"])
        self.refused_then_forced(old, *command)
        self.assertNotIn("force", (run_folder / "options.toml").read_text())
        done = run(*command)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_written_is_named(self):
        page, other = self.folder / "page.html", self.folder / "other.gguf"
        self.assertIn(f"{page} is written; open it in a browser", self.text("explain", "-m", self.model, "-p", "a", "-n", "1", "--html", page))
        self.assertIn(f"{other} is written; try: sheepop inspect", self.text("convert", self.model, "-o", other))
        self.assertIn(f"{self.folder / 'c'} is written; try: sheepop replay", run(*self.generate("--record", self.folder / "c", "--verbose")).stderr.decode())

    def test_why_a_text_ended_is_told(self):
        for more, why in (((), "2 tokens, as --max-tokens says"), (("--logit-bias", "2=1000"), "the model ended the text"),
                          (("-n", "50", "--context", "4", "--ignore-eos"), "the context is full")):
            said = run("generate", "-m", self.model, "-p", "a", *(more if "-n" in more else ("-n", "2", *more)), "--verbose").stderr.decode()
            self.assertIn(f"ended: {why}", said)

    def test_an_empty_file_is_there_to_be_written(self):
        empty = self.folder / "empty"
        empty.touch()
        self.text(*self.generate("--record", empty))
        self.assertGreater(empty.stat().st_size, 0)

    def test_an_input_is_no_output(self):
        inside = self.folder / "link"
        inside.symlink_to(self.folder)
        schema = self.folder / "prompt.txt"
        schema.write_text("the")
        before = {path: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}
        for command in [
            ("convert", self.model, "-o", self.model, "--force"),
            ("convert", self.model, "-o", self.folder / "link" / "model.gguf", "--force"),
            self.generate("--record", self.model, "--force"),
            ("generate", "-m", self.model, "-f", schema, "-n", "1", "--record", schema, "--force"),
            ("explain", "-m", self.model, "-p", "a", "-n", "1", "--html", self.model, "--force"),
            ("corpus", "shards", self.corpus, "--tokenizer", self.model, "-o", self.corpus, "--force"),
            ("train", self.corpus, "--tokenizer-only", "-o", self.corpus, "--force"),
        ]:
            self.assertIn("is the input", self.error(*command, code=2), command)
        for path, content in before.items():
            self.assertEqual(path.read_bytes(), content, path)

    def ingested(self):
        papers, corpus = self.folder / "papers", self.folder / "corpus"
        papers.mkdir()
        shutil.copy(self.corpus, papers / "a.txt")
        run("ingest", papers, "-o", corpus, "--no-plan")
        return papers, corpus, (corpus / "documents.jsonl.zst").read_bytes()

    def test_a_corpus_is_no_input_of_itself(self):
        papers, corpus, before = self.ingested()
        for inputs, output in [([corpus], corpus), ([papers, corpus / "documents.jsonl.zst"], corpus), ([papers], papers), ([papers], papers / "c")]:
            message = self.error("ingest", *inputs, "-o", output, code=2)
            self.assertIn("input", message)
        self.assertEqual((corpus / "documents.jsonl.zst").read_bytes(), before)
        self.assertEqual([path.name for path in papers.iterdir()], ["a.txt"])
        self.assertEqual(run("ingest", papers, "-o", corpus, "--no-plan").returncode, 0)

    def test_a_folder_of_other_things_is_no_corpus(self):
        papers, _, _ = self.ingested()
        other = self.folder / "other"
        other.mkdir()
        (other / "letter.txt").write_text("what the user had")
        self.assertIn("no corpus", self.error("ingest", papers, "-o", other))
        self.assertEqual([path.name for path in other.iterdir()], ["letter.txt"])

    def test_shards_of_a_corpus_are_not_put_into_it(self):
        _, corpus, _ = self.ingested()
        self.assertIn("lies in the input", self.error("corpus", "shards", corpus, "--tokenizer", LLAMA, "-o", corpus / "shards", code=2))

    def test_devices_pipes_and_links(self):
        self.text(*self.generate("--record", "/dev/null"))
        self.assertTrue(os.path.exists("/dev/null") and not os.path.isfile("/dev/null"))
        self.assertIn("/dev/full", self.error(*self.generate("--record", "/dev/full")).splitlines()[-1])
        self.assertFalse(os.path.isfile("/dev/full"))
        done = run(*self.generate("--record", "/dev/stdout", "--json"))
        self.assertEqual(len([json.loads(line) for line in done.stdout.splitlines()]), 2, done)
        link, target = self.folder / "link", self.folder / "target"
        link.symlink_to("target")
        self.text(*self.generate("--record", link))
        self.assertTrue(link.is_symlink() and target.is_file() and not target.is_symlink())


if __name__ == "__main__":
    main()
