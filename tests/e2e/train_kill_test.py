"""A run that is killed (kill -9) at random moments and started again ends with the bits of an undisturbed one.

SHEEPOP_KILLS is the number of kills (default 3).
"""

import os
import random
import subprocess
import time
import unittest

from program import ENVIRONMENT, PROGRAM, TIMEOUT, ProgramTest, main

STEPS = 60
OPTIONS = ["--layers", "2", "--hidden", "64", "--heads", "4", "--context", "32", "--batch", "4", "--steps", str(STEPS),
           "--eval-every", "7", "--eval-batches", "2", "--checkpoint-every", "3", "--dropout", "0.1", "--sample-tokens", "8",
           "--threads", "2"]


class Kill(ProgramTest):
    def command(self, name):
        return [PROGRAM, "train", "text.txt", "-o", f"{name}.gguf", *OPTIONS]

    def finish(self, name):
        begin = time.monotonic()
        done = subprocess.run(self.command(name), cwd=self.folder, env=ENVIRONMENT, timeout=TIMEOUT, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return time.monotonic() - begin

    def test_a_killed_run_ends_with_the_same_bits(self):
        generator = random.Random(7)
        words = ["".join(generator.choices("abcdefgh", k=5)) for _ in range(40)]
        (self.folder / "text.txt").write_text(" ".join(generator.choices(words, k=4000)))
        seconds = self.finish("whole")
        kills, wanted = 0, int(os.environ.get("SHEEPOP_KILLS", "3"))
        while kills < wanted:
            process = subprocess.Popen(self.command("killed"), cwd=self.folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
            try:
                # Over the whole of a run, loading and writing the model too.
                error = process.communicate(timeout=generator.uniform(0, 1.1 * seconds))[1]
                self.assertEqual(process.returncode, 0, error.decode())
                self.compare(kills)
                for path in (self.folder / "killed.run").iterdir():  # begins anew
                    path.unlink()
                (self.folder / "killed.gguf").unlink()
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
        self.finish("killed")
        self.compare(kills)

    def compare(self, kills):
        same = (self.folder / "whole.gguf").read_bytes() == (self.folder / "killed.gguf").read_bytes()
        self.assertTrue(same, f"after {kills} kills")
        names = [path.name for path in self.folder.glob("**/*.partial-*")]
        self.assertEqual(names, [])


if __name__ == "__main__":
    main()
