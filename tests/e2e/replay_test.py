"""sheepop generate --record and sheepop replay: the same again, bit for bit, or where it differs."""

import json
import random

from program import GOLDEN, LLAMA, ProgramTest, main, run

PROMPT = ",".join(map(str, GOLDEN["greedy"]["prompt"]))
QUANTISED = LLAMA.parent / "model-q8_0.gguf"


class Replay(ProgramTest):
    def record(self, *more, model=LLAMA):
        file = self.folder / "capsule.json"
        self.text("generate", "-m", model, "--ids", PROMPT, "-n", 12, "--seed", 7, "--record", file, "--force", *more)
        return file

    def changed(self, file, change):
        capsule = json.loads(file.read_text())
        change(capsule)
        other = self.folder / "changed.json"
        other.write_text(json.dumps(capsule))
        return other

    def verdict(self, file, *more, code=0):
        done = run("replay", file, "--json", *more)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)

    def test_the_same(self):
        file = self.record("--dry-multiplier", 0.5, "--dry-breaker", "x", "--logit-bias", "5=-1", "--logit-bias", "7=0.25",
                           "--ban", 9, "--mirostat", 2)
        verdict = self.verdict(file)
        self.assertTrue(verdict["same"])
        self.assertEqual(verdict["steps"], 12)
        self.assertIn("the same: 12 tokens", self.text("replay", file))

    def test_the_capsule_says_what_was_written(self):
        out = self.json("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 12, "--seed", 7)
        capsule = json.loads(self.record().read_text())
        self.assertEqual(capsule["sequences"][0]["ids"][:len(out["ids"])], out["ids"])
        self.assertEqual(capsule["prompt_ids"], GOLDEN["greedy"]["prompt"])
        self.assertEqual(capsule["seed"], 7)
        self.assertEqual(capsule["settings"]["top_k"], 50)
        for name in ("build", "isa", "model_sha256", "tokenizer_sha256"):
            self.assertTrue(capsule[name], name)

    def test_several_sequences_a_folder_and_a_stop(self):
        self.assertTrue(self.verdict(self.record("--sequences", 3))["same"])
        self.assertTrue(self.verdict(self.record(model=LLAMA.parent))["same"])
        self.assertTrue(self.verdict(self.record("--stop", "e"))["same"])

    def test_threads_do_not_matter_and_isas_neither_when_quantised(self):
        file = self.record(model=QUANTISED)
        for way in [("--threads", 1), ("--threads", 3)] + [("--isa", isa) for isa in self.isas()]:
            with self.subTest(way=way):
                self.assertTrue(self.verdict(file, *way)["same"])

    def test_another_token_is_found(self):
        def change(capsule):
            capsule["sequences"][0]["ids"][4] += 1
        file = self.changed(self.record(), change)
        difference = self.verdict(file, code=1)["difference"]
        self.assertEqual((difference["sequence"], difference["step"]), (0, 4))
        self.assertEqual(difference["id"]["recorded"], difference["id"]["here"] + 1)
        self.assertEqual(difference["logits"]["recorded"], difference["logits"]["here"])
        done = run("replay", file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("different at step 5 of sequence 1", done.stdout.decode())
        self.assertIn("the logits are the same", done.stdout.decode())

    def test_other_logits_are_found(self):
        def change(capsule):
            capsule["sequences"][0]["logits"][2] = "0123456789abcdef"
        self.assertEqual(self.verdict(self.changed(self.record(), change), code=1)["difference"]["step"], 2)

    def test_another_seed_is_found(self):
        verdict = self.verdict(self.changed(self.record(), lambda capsule: capsule.update(seed=8)), code=1)
        self.assertIsNotNone(verdict["difference"])

    def test_another_model_is_found(self):
        verdict = self.verdict(self.record(), "-m", QUANTISED, code=1)
        self.assertEqual((verdict["same_model"], verdict["same_tokenizer"]), (False, True))
        self.assertEqual(verdict["difference"]["step"], 0)

    def test_damaged_capsules(self):
        file = self.record()
        for change, message in (
            (lambda c: c.pop("seed"), "seed is missing"),
            (lambda c: c.update(capsule=2), "its format is 2, this program reads 1"),
            (lambda c: c["settings"].update(top_p=2), "top_p is 2"),
            (lambda c: c["settings"].update(nonsense=2), "nonsense"),
            (lambda c: c.update(kv_type="f8"), "kv_type"),
            (lambda c: c["sequences"][0]["ids"].pop(), "11 ids and 12 digests"),
            (lambda c: c["sequences"][0]["logits"].__setitem__(0, "x"), "hexadecimal"),
            (lambda c: c.update(prompt_ids=[-1]), "prompt_ids"),
            (lambda c: c.update(prompt_ids=[10 ** 6]), "outside the vocabulary"),
        ):
            with self.subTest(message=message):
                wrong = self.changed(file, change)
                self.assertIn(message, self.error("replay", wrong, code=2 if "outside" in message else 1))
        cut = self.folder / "cut.json"
        cut.write_text(file.read_text()[:100])
        self.assertIn("not valid JSON", self.error("replay", cut))

    def test_bytes_changed_at_random_are_an_error_or_a_difference(self):
        draw = random.Random(1)
        whole = self.record().read_bytes()
        file = self.folder / "wrong.json"
        for _ in range(40):
            wrong = bytearray(whole)
            for _ in range(draw.randint(1, 4)):
                wrong[draw.randrange(len(wrong))] = draw.choice(b'0123456789{}[]",:-e.\x00\xff')
            file.write_bytes(wrong)
            with self.subTest(wrong=bytes(wrong)):
                self.assertIn(run("replay", file, "-m", LLAMA).returncode, (0, 1, 2))

    def test_a_record_that_cannot_be_written_is_an_error_before_the_work(self):
        done = run("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 4, "--record", "/nowhere/x.json")
        self.assertEqual((done.returncode, done.stdout), (1, b""))


if __name__ == "__main__":
    main()
