"""sheepop train for the first time: what it chooses, what it says of input that is no corpus, and of a run that is there."""

import fcntl
import json
import os
import pty
import random
import re
import shlex
import signal
import struct
import subprocess
import termios
import time
import unittest

from program import ENVIRONMENT, LLAMA, PROGRAM, ProgramTest, TIMEOUT, main, run

QUICK = ["--layers", "1", "--hidden", "32", "--heads", "2", "--context", "16", "--threads", "1"]


def words(seed, count):
    generator = random.Random(seed)
    known = ["".join(generator.choices("abcdefghijklmnop", k=generator.randint(2, 8))) for _ in range(200)]
    return " ".join(generator.choices(known, k=count))


class First(ProgramTest):
    def setUp(self):
        super().setUp()
        self.text_file = self.folder / "text.txt"
        self.text_file.write_text("Once upon a time. " + words(1, 3000))
        self.model = self.folder / "m.gguf"
        self.run_folder = self.folder / "m.run"

    def train(self, *more):
        return ["train", self.text_file, "-o", self.model, *QUICK, *more]

    def options(self):
        lines = (self.run_folder / "options.toml").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


class Choice(First):
    def test_a_run_without_steps_is_chosen_told_and_repeated_exactly(self):
        self.text_file.write_text(words(1, 600))
        out = self.text(*self.train("--time", "1s"))
        self.assertRegex(out, r"a tokenizer of its own, learned from the text: 512 entries, every byte among them, \d\.\d bytes")
        steps = int(re.search(r"^(\d+) steps of ", out, re.MULTILINE)[1])
        options = self.options()
        self.assertEqual(options["steps"], str(steps))
        self.assertEqual((options["optimizer"], options["best"], options["vocab-size"]), ('"muon"', "true", "512"))
        self.assertNotIn("time", options)
        # Whatever this machine's speed was, the options alone make the same model.
        again = self.folder / "again.gguf"
        self.text("train", "--config", self.run_folder / "options.toml", "--run", self.folder / "again.run", "-o", again)
        self.assertEqual(self.model.read_bytes(), again.read_bytes())

    def test_the_models_tokenizer_reads_what_the_text_has_not(self):
        self.text(*self.train("--steps", "2", "--warmup", "0"))
        self.assertEqual(self.json("inspect", self.model)["tokenizer"]["tokens"], 512)
        unseen = "ü % € \t羊"
        ids = self.json("tokenize", "-m", self.model, "-p", unseen)["ids"]
        back = self.json("tokenize", "-m", self.model, "--decode", "--ids", ",".join(map(str, ids)))["text"]
        self.assertEqual(back, unseen)

    def test_its_tokenizer_is_that_of_tokenizer_only_and_its_flags_count(self):
        tokenizer = self.folder / "tok"
        self.text("train", self.text_file, "--tokenizer-only", "--vocab-size", "300", "-o", tokenizer)
        self.text(*self.train("--steps", "3", "--warmup", "0", "--tokenizer", tokenizer))
        model = self.model.read_bytes()
        self.text(*self.train("--steps", "3", "--warmup", "0", "--vocab-size", "300", "--restart"))
        self.assertEqual(self.model.read_bytes(), model)
        self.assertIn("--tokenizer has one", self.error(*self.train("--vocab-size", "300", "--tokenizer", tokenizer), code=2))

    def test_time_is_read_strictly_and_excludes_steps(self):
        for wrong in ("30", "m", "-5m", "0s", "400d", "5 m", "nanm"):
            self.assertIn("--time", self.error(*self.train("--time", wrong), code=2), wrong)
        self.assertIn("exclude each other", self.error(*self.train("--time", "5m", "--steps", "5"), code=2))

    def test_a_plan_has_the_table_of_sizes_and_its_disk(self):
        command = ["train", self.text_file, "-o", self.model, "--threads", "1", "--plan"]
        plan = self.json(*command)
        self.assertEqual([size["size"] for size in plan["sizes"]], ["nano", "tiny", "small", "medium"])
        self.assertGreater(plan["disk_bytes"], 12 * plan["parameters"])
        shown = self.text(*command)
        self.assertRegex(shown, r"MB of memory, \d+ MB on disk")
        self.assertIn("\n  * nano ", shown)
        self.assertTrue(shown.endswith(f"next: sheepop train {self.text_file} -o {self.model}\n"), shown)
        self.assertFalse(self.run_folder.exists())

    def test_a_restarted_run_leaves_no_checkpoint_of_the_one_before(self):
        self.text(*self.train("--steps", "6", "--checkpoint-every", "2", "--warmup", "0"))
        self.text(*self.train("--steps", "3", "--checkpoint-every", "1", "--warmup", "0", "--restart"))
        self.assertEqual(sorted(path.name for path in self.run_folder.glob("checkpoint-*")),
                         [f"checkpoint-{step:010}.gguf" for step in (1, 2, 3)])


class Chats(First):
    def test_few_conversations_are_learned_whole(self):
        chats = self.folder / "chats.jsonl"
        chats.write_text("".join(json.dumps({"messages": [{"role": "user", "content": f"{i}?"},
                                                          {"role": "assistant", "content": "a sheep " * i}]}) + "\n" for i in range(1, 7)))
        self.text("train", chats, "--from", LLAMA, "-o", self.model, "--time", "1s", "--threads", "1", "--on-spike", "ignore")


class GoingOn(First):
    def test_a_finished_run_says_so_and_how_to_train_longer(self):
        self.text(*self.train("--steps", "3", "--warmup", "0"))
        model = self.model.read_bytes()
        said = self.text(*self.train())  # without --steps: those that the run has
        self.assertIn(f"the run in {self.run_folder} is finished after its 3 steps", said)
        longer = re.search(r"from what it knows: sheepop (train .*?); with more", said)[1]
        self.assertEqual(longer, f"train {self.text_file} --from {self.model} -o {self.folder / 'm-2.gguf'} --time 10m")
        self.assertEqual(self.model.read_bytes(), model)

    def test_the_command_in_options_toml_works_where_it_says(self):
        place = self.folder / "a place"
        place.mkdir()
        done = run("train", self.text_file, "-o", "m.gguf", *QUICK, "--steps", "4", "--warmup", "0", cwd=place)
        self.assertEqual(done.returncode, 0, done.stderr)
        (place / "m.gguf").unlink()
        said = (place / "m.run" / "options.toml").read_text().splitlines()
        self.assertEqual(said[0], f"# This run, in '{place}':")
        command = shlex.split(said[1].removeprefix("# "))
        self.assertEqual(command[0], "sheepop")
        done = run(*command[1:], cwd=shlex.split(said[0].removeprefix("# This run, in ").removesuffix(":"))[0])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"is finished after its 4 steps", done.stdout)
        self.assertTrue((place / "m.gguf").exists())

    def test_ctrl_c_saves_and_ends_with_130(self):
        for name, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = subprocess.Popen([PROGRAM, *map(str, self.train("--steps", "1000000", "--checkpoint-every", "5", "--on-spike",
                                                                      "ignore", "--restart"))],
                                       env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                while not list(self.run_folder.glob("checkpoint-*.gguf")):
                    self.assertIsNone(process.poll())
                    time.sleep(0.01)
                process.send_signal(name)
                out = process.communicate(timeout=TIMEOUT)[0].decode()
            finally:
                process.kill()
                process.communicate()
            self.assertEqual(process.returncode, code)
            step = int(re.search(r"stopped after step (\d+); the same command without --restart goes on", out)[1])
            self.assertTrue((self.run_folder / f"checkpoint-{step:010}.gguf").exists())
            for path in self.run_folder.iterdir():
                path.unlink()

    def test_a_run_without_measurements_says_so_and_writes_samples(self):
        command = self.train("--steps", "4", "--warmup", "0", "--checkpoint-every", "2", "--held-out-share", "0", "--verbose")
        done = run(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = done.stderr.decode()
        self.assertIn("nothing is held out, so no measurement says how good the model is", said)
        self.assertEqual(said.count("  | Once upon a time"), 2, said)

    def test_of_two_documents_something_is_held_out(self):
        for i in range(2):
            (self.folder / f"{i}.txt").write_text(words(i, 500))
        self.text("ingest", self.folder / "0.txt", self.folder / "1.txt", "-o", self.folder / "corpus", "--no-plan")
        out = self.json("train", self.folder / "corpus", "-o", self.model, *QUICK, "--steps", "2", "--warmup", "0")
        self.assertGreater(out["bits_per_byte"], 0)

    def test_of_few_conversations_one_is_held_out(self):
        chats = self.folder / "chats.jsonl"
        for count in (2, 3, 11):
            chats.write_text("".join(json.dumps({"messages": [{"role": "user", "content": f"{count} {i}?"},
                                                              {"role": "assistant", "content": "baa"}]}) + "\n" for i in range(count)))
            out = self.json("train", chats, "--from", LLAMA, "-o", self.model, "--steps", "1", "--context", "64", "--warmup", "0",
                            "--threads", "1", "--sample-tokens", "0", "--restart", "--held-out-share", "0.001")
            self.assertGreater(out["held_out_loss"], 0)
            split = json.loads((self.run_folder / "split.json").read_text())
            self.assertEqual((len(split["learned"]), len(split["held_out"])), (count - 1, 1))


class WrongInput(First):
    def refusal(self, given):
        message = self.error("train", given, "-o", "mine.gguf")
        self.assertFalse(self.run_folder.exists())
        return message

    def test_documents_and_folders_of_them_are_sent_to_ingest(self):
        pdf = self.folder / "my paper.pdf"
        pdf.write_bytes(b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n" + bytes(100))
        self.assertEqual(self.refusal(pdf), f"{pdf} is a PDF, not text; make a corpus of it: sheepop ingest '{pdf}' -o corpus, "
                                            "then: sheepop train corpus -o mine.gguf")
        folder = self.folder / "letters"
        folder.mkdir()
        for i in range(3):
            (folder / f"{i}.txt").write_text(words(i, 50))
        self.assertEqual(self.refusal(folder), f"{folder} is a folder of 3 documents, not a corpus; make one of it: sheepop ingest "
                                               f"{folder} -o corpus, then: sheepop train corpus -o mine.gguf")
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn("none of its 0 files", self.refusal(empty))
        nothing = self.folder / "nothing.txt"
        nothing.write_text("")
        self.assertIn("is empty", self.refusal(nothing))
        film = self.folder / "film.mkv"
        film.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(200))
        self.assertIn("holds no text to learn from: ", self.refusal(film))
        records = self.folder / "notes.jsonl"
        records.write_text('{"text": "first"}\n{"text": "second"}\n')
        self.assertIn(f"records without `messages`, so no conversations; their texts make a corpus: sheepop ingest {records}",
                      self.refusal(records))

    def test_a_model_and_the_folder_of_a_run_are_named(self):
        message = self.refusal(LLAMA)
        self.assertIn(f"{LLAMA} is a model, not a corpus", message)
        self.assertIn(f"sheepop train CORPUS --from {LLAMA} -o mine.gguf", message)
        self.text(*self.train("--steps", "2", "--warmup", "0"))
        message = self.error("train", self.run_folder, "-o", "mine.gguf")
        best = self.run_folder / "best.gguf"
        self.assertIn(f"sheepop train --config {self.run_folder / 'options.toml'}", message)
        self.assertIn(f"sheepop generate -m {best}", message)

    def test_the_folder_of_a_run_stands_for_its_best_model(self):
        self.text(*self.train("--steps", "2", "--warmup", "0"))
        step = ("-p", "Once", "-n", 4, "--temperature", 0)
        self.assertEqual(self.json("generate", "-m", self.run_folder, *step)["ids"],
                         self.json("generate", "-m", self.run_folder / "best.gguf", *step)["ids"])
        other = self.folder / "other.gguf"
        self.text("train", self.text_file, "--from", self.run_folder, "-o", other, "--steps", "1", "--context", "16", "--warmup",
                  "0", "--threads", "1")
        self.assertTrue(other.exists())

    def test_marked_up_text_is_learned_and_told(self):
        page = self.folder / "page.html"
        page.write_text("<!doctype html><html><body><p>" + words(1, 800) + "</p></body></html>")
        done = run("train", page, "-o", self.model, *QUICK, "--steps", "1", "--warmup", "0", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([(w["code"], w["value"]) for w in json.loads(done.stdout)["warnings"]], [("marked_up", "html")])


class Terminal(First):
    def test_the_line_of_progress_is_cut_to_the_window_and_drawn_at_most_five_times_a_second(self):
        main_end, other_end = pty.openpty()
        fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        begin = time.monotonic()
        command = self.train("--steps", "3000", "--eval-every", "0", "--checkpoint-every", "0", "--on-spike", "ignore")
        process = subprocess.Popen([PROGRAM, *map(str, command)], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=other_end,
                                   stdin=subprocess.DEVNULL)
        os.close(other_end)
        shown = b""
        while True:
            try:
                part = os.read(main_end, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(main_end)
        self.assertEqual(process.wait(timeout=TIMEOUT), 0)
        seconds = time.monotonic() - begin
        lines = [part for part in shown.decode().split("\r\x1b[K") if part.startswith("step ") and " tokens/s" not in part[:5]]
        lines = [line for line in lines if re.match(r"step \d+ of 3000, loss", line)]
        self.assertGreater(len(lines), 0)
        self.assertLess(max(map(len, lines)), 40)
        self.assertLessEqual(len(lines), 5 * seconds + 1)


if __name__ == "__main__":
    main()
