"""What a terminal shows, wide or narrow: lines that fit, equal notes once."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

from program import ENVIRONMENT, LLAMA, PROGRAM, TIMEOUT, ProgramTest, main, run
from told_test import without_byte_4
from train_first_test import words


class Terminal(ProgramTest):
    def shown(self, *arguments, columns=80, env=None, code=0):
        """What a terminal of that width gets, with \\n for its line ends."""
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], env=ENVIRONMENT | (env or {}), stdin=subprocess.DEVNULL,
                                   stdout=inner, stderr=inner, cwd=self.folder)
        os.close(inner)
        out = b""
        while True:
            try:
                part = os.read(outer, 65536)
            except OSError:  # nobody has it open any more
                break
            out += part
        os.close(outer)
        self.assertEqual(process.wait(timeout=TIMEOUT), code, out)
        return out.decode().replace("\r\n", "\n")


class Narrow(Terminal):
    """Lines that are longer than the window are broken between words; commands to copy are not."""

    def widths(self, text):
        return [(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line), line) for line in text.split("\n")]

    def fit(self, shown, columns):
        for drawn in shown.split("\r\x1b[K"):
            for width, line in self.widths(re.sub(r"\x1b\[[\d;]*[mK]", "", drawn)):
                if "sheepop " not in line:
                    self.assertLessEqual(width, columns, line)

    def test_ingest_and_train(self):
        letters = self.folder / "letters"
        letters.mkdir()
        for i in range(3):
            (letters / f"{i}.txt").write_text("\u732b " + words(i, 500 * (i + 1)))
        (letters / "copy.txt").write_text((letters / "1.txt").read_text())
        (letters / "empty.txt").write_text("")
        (letters / "broken.pdf").write_bytes(b"%PDF-1.4\n" + bytes(100))
        for columns in (40, 80):
            out = f"corpus{columns}"
            shown = self.shown("ingest", "letters", "-o", out, columns=columns)
            self.fit(shown, columns)
            self.assertIn(f"\nnext: sheepop train {out} -o mine.gguf\n", shown)
            self.assertIn(f"{out} is written; look into it:\n  sheepop corpus list {out}\n", shown)
            shown = self.shown("train", out, "-o", f"m{columns}.gguf", "--layers", 1, "--hidden", 32, "--heads", 2, "--context", 16, "--time", "2s",
                               "--on-spike", "ignore", "--threads", 1, columns=columns)
            self.fit(shown, columns)

    def test_generate(self):
        for columns in (40, 80):
            shown = self.shown("generate", "-m", LLAMA, "-p", "a", "-n", 2, columns=columns)
            self.fit(shown, columns)

    def test_words_stay_whole(self):
        narrow = self.shown("chat", "-m", "no-such-model", "-p", "a", columns=40, code=1)
        wide = self.shown("chat", "-m", "no-such-model", "-p", "a", columns=500, code=1)
        self.assertEqual(narrow.split(), wide.split())


class Equal(ProgramTest):
    """Equal notes are one, with a count."""

    def test_warnings(self):
        model = self.folder / "model.gguf"
        without_byte_4(model)
        done = run("chat", "-m", model, "-n", 1, "--json", stdin=b"a\x04\n/reset\na\x04\n/reset\na\x04\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        [first, again] = [line for line in done.stderr.decode().splitlines() if "U+FFFD" in line]
        self.assertEqual(again, first.replace("warning: ", "warning: 3 times: "))
        turns = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([turn["warnings"][0].get("count", 1) for turn in turns], [1, 2, 3])

    def test_notes_of_a_training(self):
        text = self.folder / "text.txt"
        text.write_text("The sheep goes over the hill. " * 200)
        command = ("train", text, "-o", self.folder / "m.gguf", "--layers", 1, "--hidden", 32, "--heads", 2, "--context", 16, "--steps", 4,
                   "--warmup", 0, "--eval-every", 1, "--sample-prompt", "word " * 40)
        done = run(*command, "--verbose")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line for line in done.stderr.decode().splitlines() if "no sample" in line]
        self.assertEqual(len(lines), 2, done.stderr.decode())
        self.assertEqual(lines[1], "4 times: " + lines[0])
        out = json.loads(run(*command, "--json", "--restart").stdout)
        [note] = [note for note in out["notes"] if note["code"] == "no_sample"]
        self.assertEqual(note["count"], 4)


if __name__ == "__main__":
    main()
