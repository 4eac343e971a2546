"""sheepop train: what it leaves in its folder, its configuration file, and what stops it."""

import json
import random
import resource
import signal
import subprocess
import unittest

from program import ENVIRONMENT, PROGRAM, ProgramTest, SANITIZED, TIMEOUT, main, run

SMALL = ["--warmup", "1", "--layers", "1", "--hidden", "32", "--heads", "2", "--context", "16", "--batch", "2", "--eval-batches", "1",
         "--threads", "1", "--sample-tokens", "40"]


class Train(ProgramTest):
    def setUp(self):
        super().setUp()
        generator = random.Random(3)
        self.text_file = self.folder / "text.txt"
        self.text_file.write_text("Once upon a time " + " ".join(generator.choices(["sheep", "goat", "cow", "hen"], k=600)))
        self.model = self.folder / "m.gguf"
        self.run_folder = self.folder / "m.run"

    def train(self, *more):
        """The small run's command; options given here replace its own."""
        options = dict(zip(SMALL[::2], SMALL[1::2]))
        own = [part for name, value in options.items() if name not in more for part in (name, value)]
        return ["train", self.text_file, "-o", self.model, *own, *more]

    def test_the_folder_of_a_run(self):
        out = self.json(*self.train("--steps", "20", "--eval-every", "10", "--checkpoint-every", "5", "--keep", "2"))
        self.assertEqual(out["steps"], 20)
        self.assertEqual({path.name for path in self.run_folder.iterdir()},
                         {"best.gguf", "checkpoint-0000000015.gguf", "checkpoint-0000000020.gguf", "loss.png", "loss.svg",
                          "metrics.jsonl", "options.toml", "split.json"})
        split = json.loads((self.run_folder / "split.json").read_text())
        (learned,), (held_out,) = split["learned"], split["held_out"]
        self.assertEqual([learned["source"], held_out["source"]], [str(self.text_file)] * 2)
        self.assertEqual([learned["begin"], learned["end"], held_out["end"]],
                         [0, held_out["begin"], self.text_file.stat().st_size])
        self.assertTrue((self.run_folder / "loss.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n"))
        lines = [json.loads(line) for line in (self.run_folder / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual(sum("loss" in line for line in lines), 20)
        self.assertEqual(sum("bits_per_byte" in line for line in lines), 2)

    def test_a_checkpoint_is_a_model(self):
        self.text(*self.train("--steps", "4", "--checkpoint-every", "4"))
        step = ("-p", "Once", "-n", 4, "--temperature", 0)
        self.assertEqual(self.json("generate", "-m", self.run_folder / "checkpoint-0000000004.gguf", *step)["ids"],
                         self.json("generate", "-m", self.model, *step)["ids"])

    def test_options_toml_repeats_the_run(self):
        self.text(*self.train("--steps", "6", "--style", "gpt2", "--dropout", "0.1"))
        again = self.folder / "again.gguf"
        self.text("train", "--config", self.run_folder / "options.toml", "--run", self.folder / "again.run", "-o", again)
        self.assertEqual(self.model.read_bytes(), again.read_bytes())
        # The command line wins, and goes on from nothing.
        self.text("train", "--config", self.run_folder / "options.toml", "--run", self.folder / "third.run", "-o", again,
                  "--seed", "2", "--force")
        self.assertNotEqual(self.model.read_bytes(), again.read_bytes())
        (self.folder / "wrong.toml").write_text("lyers=3\n")
        self.assertIn("lyers", self.error(*self.train("--config", self.folder / "wrong.toml"), code=2))
        self.assertIn("INPUT", self.error("train", "-o", self.model, code=2))

    def test_the_instruction_set_is_chosen_as_elsewhere(self):
        models = {}
        for isa in self.isas():
            self.text(*self.train("--steps", "5", "--precision", "fp32", "--isa", isa, "--restart"))
            models[isa] = self.model.read_bytes()
        self.assertEqual(len(set(models.values())), 1, models.keys())
        self.assertIn("reference", self.error(*self.train("--isa", "neon512"), code=2))
        self.assertIn("reference", self.error(*self.train(), code=2, env={"SHEEPOP_ISA": "neon512"}))
        self.assertIn("bf16", self.error(*self.train("--isa", "reference", "--precision", "bf16")))
        self.assertIn("--threads", self.error(*self.train("--threads", "0"), code=2))

    def test_a_full_disk_leaves_the_last_checkpoint(self):
        self.text(*self.train("--steps", "4", "--checkpoint-every", "2"))
        before = {path.name: path.read_bytes() for path in self.run_folder.glob("checkpoint-*")}
        largest = max(len(data) for data in before.values())
        # A limit on file size is met as a full disk is: by a write that fails.
        done = subprocess.run([PROGRAM, *map(str, self.train("--steps", "4", "--checkpoint-every", "2", "--restart"))],
                              env=ENVIRONMENT, capture_output=True, timeout=TIMEOUT,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, largest // 2)))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)
        self.assertIn(b"checkpoint-0000000002.gguf, which takes %d bytes where " % len(before["checkpoint-0000000002.gguf"]),
                      done.stderr)
        self.assertEqual({path.name: path.read_bytes() for path in self.run_folder.glob("checkpoint-*")}, before)
        self.assertEqual(list(self.run_folder.glob("*.partial-*")), [])

    def test_a_damaged_checkpoint_gives_way_to_the_one_before(self):
        self.text(*self.train("--steps", "6", "--checkpoint-every", "2"))
        whole = self.model.read_bytes()
        newest = self.run_folder / "checkpoint-0000000006.gguf"
        data = bytearray(newest.read_bytes())
        data[len(data) // 2] ^= 4
        newest.write_bytes(data)
        self.assertIn("are not those that were written", self.error("inspect", newest, "--verify"))
        done = run(*self.train("--steps", "6", "--checkpoint-every", "2"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)["warnings"]
        self.assertEqual([(w["code"], w["thing"]) for w in told], [("damaged_checkpoint", str(newest))])
        self.assertEqual(self.model.read_bytes(), whole)
        self.assertTrue(json.loads(run("inspect", newest, "--verify", "--json").stdout)["verify"][0]["verified"])

    def test_a_resumed_run_keeps_its_corpus(self):
        self.text(*self.train("--steps", "2"))
        with self.text_file.open("a") as text:
            text.write(" hen" * 5)
        message = self.error(*self.train("--steps", "2"))
        again = f"sheepop train {self.text_file} --from {self.run_folder / 'best.gguf'} -o {self.folder / 'm-2.gguf'}"
        anew = f"sheepop train {self.text_file} -o {self.model} --restart"
        self.assertEqual(message, f"{self.run_folder} began with another corpus: 1 document has changed ({self.text_file}). To learn "
                                  f"on from what it knows: {again}; to begin anew with all of it: {anew}")
        # Both commands do what they say.
        self.text(*again.split()[1:], "--steps", "2", "--context", "16", "--sample-tokens", "0", "--threads", "1", "--warmup", "0")
        self.text(*self.train("--steps", "2", "--restart"))
        self.assertTrue((self.folder / "m-2.gguf").exists())

    def test_what_can_be_known_is_told_before_the_first_step(self):
        folder = self.folder / "a.gguf"
        folder.mkdir()
        command = [folder if part == self.model else part for part in self.train("--steps", "1000000")]
        self.assertIn("is a folder", self.error(*command))
        done = run(*self.train("--steps", "3", "--warmup", "100"), "--json")
        told = json.loads(done.stdout)["warnings"]
        self.assertEqual([(w["code"], w["value"]) for w in told], [("warmup", "100")])
        self.text("generate", "-m", self.run_folder / "checkpoint-0000000003.gguf", "-p", "sheep", "-n", "2")

    def test_what_a_killed_run_left_is_removed(self):
        self.run_folder.mkdir()
        gone = subprocess.Popen(["true"])
        gone.wait()
        left = [self.run_folder / f"checkpoint-0000000002.gguf.partial-{gone.pid}", self.folder / f"m.gguf.partial-{gone.pid}"]
        others = [self.folder / f"other.gguf.partial-{gone.pid}", self.run_folder / "notes.partial-x"]
        for path in left + others:
            path.write_text("half")
        self.text(*self.train("--steps", "2"))
        self.assertEqual([path.exists() for path in left + others], [False, False, True, True])

    def test_two_runs_cannot_share_a_folder(self):
        # It must outlast the two seconds that the second one waits: on a fast machine the loss jumps before that.
        first = subprocess.Popen([PROGRAM, *map(str, self.train("--steps", "1000000", "--checkpoint-every", "1",
                                                                "--on-spike", "ignore"))],
                                 env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            while not self.run_folder.exists() or not list(self.run_folder.glob("checkpoint-*.gguf")):
                self.assertIsNone(first.poll())
            self.assertIn("in use by another run", self.error(*self.train("--steps", "2")))
            first.send_signal(signal.SIGINT)
            self.assertIn(b"the same command goes on", first.communicate(timeout=30)[0])
            self.assertEqual(first.returncode, 130)
        finally:
            first.kill()
            first.communicate()

    def test_a_spike_stops_or_is_skipped(self):
        message = self.error(*self.train("--steps", "60", "--warmup", "0", "--learning-rate", "3", "--clip", "0",
                                         "--spike-factor", "1.2"))
        self.assertRegex(message, r"^step \d+: the loss is .* --on-spike skip .* --restart .* below 3 begins anew$")
        done = subprocess.run([PROGRAM, *map(str, self.train("--steps", "60", "--warmup", "0", "--learning-rate", "3", "--clip",
                                                             "0", "--spike-factor", "1.2", "--on-spike", "skip", "--verbose"))],
                              env=ENVIRONMENT, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"its gradient is dropped", done.stderr)

    def test_a_run_that_no_longer_gets_better_gives_its_best_model(self):
        out = self.json(*self.train("--steps", "400", "--learning-rate", "0.3", "--eval-every", "5", "--patience", "2",
                                    "--on-spike", "ignore", "--warmup", "5"))
        self.assertLess(out["steps"], 400)
        self.assertEqual(self.model.read_bytes(), (self.run_folder / "best.gguf").read_bytes())

    def test_memorised_text_is_told(self):
        self.text_file.write_text("Once upon a time there was a sheep that ate grass all day and slept all night long. " * 40)
        done = subprocess.run([PROGRAM, *map(str, self.train("--steps", "200", "--batch", "4", "--learning-rate", "0.01",
                                                             "--context", "128", "--sample-tokens", "200", "--verbose"))],
                              env=ENVIRONMENT, capture_output=True, timeout=TIMEOUT)
        self.assertRegex(done.stderr.decode(), r"\d+% of this sample stands word for word in the text that is learned")

    def test_a_prompt_that_the_text_cannot_spell_does_not_end_the_run(self):
        command = self.train("--steps", "2", "--sample-prompt", "Zebra", "--verbose", "--tokenizer", "bytes")
        done = subprocess.run([PROGRAM, *map(str, command)], env=ENVIRONMENT, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"no sample (see --sample-prompt): ", done.stderr)

    @unittest.skipIf(SANITIZED, "a sanitizer keeps memory of its own")
    def test_a_plan_says_what_memory_the_run_takes(self):
        shape = ["--layers", "4", "--hidden", "256", "--heads", "4", "--context", "128", "--batch", "8", "--held-out-share", "0.3"]
        plan = self.json(*self.train("--plan", "--steps", "8", *shape))
        code = ("import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,check=True);"
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss*1024)")
        command = [PROGRAM, *map(str, self.train("--steps", "8", "--eval-every", "4", *shape, "--sample-tokens", "0"))]
        done = subprocess.run(["python3", "-c", code, *command], env=ENVIRONMENT, capture_output=True, timeout=TIMEOUT)
        peak = int(done.stdout)
        self.assertLess(abs(peak - plan["bytes"]), 0.1 * peak, (peak, plan["bytes"]))


if __name__ == "__main__":
    main()
