"""What a terminal shows, wide or narrow: the prompt of generate, why a text ended, lines that fit."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

from program import ENVIRONMENT, LLAMA, PROGRAM, TIMEOUT, TINY, ProgramTest, main, run
from told_test import without_byte_4
from train_first_test import words

DIM, PLAIN = "\x1b[2m", "\x1b[0m"


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


class Prompt(Terminal):
    FLAGS = ("generate", "-m", LLAMA, "--temperature", 0, "-n", 4)

    def setUp(self):
        super().setUp()
        self.written = self.text(*self.FLAGS, "-p", "Once upon")
        self.assertNotIn("Once upon", self.written)

    def test_it_stands_dimmed_before_the_text(self):
        shown = self.shown(*self.FLAGS, "-p", "Once upon")
        self.assertIn(f"{DIM}Once upon{PLAIN}", shown)
        self.assertIn(self.json("tokenize", "-m", LLAMA, "--decode", "--ids", "5,6,7")["text"] + PLAIN,
                      self.shown(*self.FLAGS, "--ids", "5,6,7"))
        file = self.folder / "prompt.txt"
        file.write_text("first\nsecond " + "and more \u732b " * 400 + "last")
        shown = self.shown(*self.FLAGS, "--context", 8000, "-f", file)
        self.assertRegex(shown, r"\x1b\[2m\[\d{4} bytes before\]")
        self.assertIn(f"last{PLAIN}", shown)
        self.assertNotIn("\ufffd", shown.split(PLAIN)[0])

    def test_a_begin_token_is_no_part_of_it(self):
        shown = self.shown("generate", "-m", TINY / "gemma3" / "model.gguf", "-n", 2, "-p", "ab")
        self.assertIn(f"{DIM}ab{PLAIN}", shown)

    def test_without_colours_it_is_plain(self):
        for more, env in ((("--color", "never"), {}), ((), {"NO_COLOR": "1"})):
            shown = self.shown(*self.FLAGS, *more, "-p", "Once upon", env=env)
            self.assertIn("\nOnce upon", "\n" + shown)
            self.assertNotIn("\x1b[2m", shown)

    def test_no_terminal_no_prompt(self):
        self.assertEqual(self.text(*self.FLAGS, "--color", "always", "-p", "Once upon"), self.written)

    def test_control_characters_of_it_do_nothing(self):
        self.assertIn(f"{DIM}a\u241b[31mb{PLAIN}", self.shown(*self.FLAGS, "-p", "a\x1b[31mb"))

    def test_it_stands_once_before_several_texts(self):
        for several in (("--sequences", 2), ("--beams", 2, "--n-best", 2)):
            flags = [flag for flag in self.FLAGS if several[0] != "--beams" or flag not in ("--temperature", 0)]
            shown = self.shown(*flags, *several, "-p", "Once upon")
            self.assertEqual(shown.count("Once upon"), 1)
            self.assertIn(f"{DIM}Once upon{PLAIN}\n--- 1 of 2", shown)

    def test_why_it_ended_stands_below(self):
        self.assertIn("\nended: 4 tokens, as --max-tokens says", self.shown(*self.FLAGS, "-p", "Once upon"))
        ends = run(*self.FLAGS, "-p", "a", "--sequences", 3, "--logit-bias", "2=1000", "--verbose").stderr.decode()
        self.assertIn("ended: 3 of 3 texts: the model ended the text", ends)


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

    def test_a_sample_of_several_lines_is_marked_in_each(self):
        text = self.folder / "text.txt"
        text.write_text("sheep\n" * 3000)
        shown = self.shown("train", text, "-o", "m.gguf", "--layers", 1, "--hidden", 32, "--heads", 2, "--context", 16, "--steps", 2,
                           "--warmup", 0, "--eval-every", 1, "--held-out-share", "0.1", "--threads", 1, "--sample-prompt", "sheep\nsheep")
        self.assertRegex(shown, r"\n  \| sheep\n  \| sheep")

    def test_a_line_that_is_cut_ends_with_a_word(self):
        text = self.folder / "text.txt"
        text.write_text("sheep " * 3000)
        shown = self.shown("train", text, "-o", "m.gguf", "--layers", 1, "--hidden", 32, "--heads", 2, "--context", 16, "--steps", 300,
                           "--warmup", 0, "--on-spike", "ignore", "--threads", 1, columns=40)
        drawn = [line.split("\n")[0] for line in shown.split("\r\x1b[K") if re.match(r"step \d+ of", line)]
        self.assertTrue(drawn)
        self.assertEqual([line for line in drawn if line[-1:] in " ,("], [])

    def test_generate(self):
        for columns in (40, 80):
            shown = self.shown("generate", "-m", LLAMA, "-p", "a", "-n", 2, columns=columns)
            self.fit(shown, columns)

    def test_words_stay_whole(self):
        narrow = self.shown("chat", "-m", "no-such-model", "-p", "a", columns=40, code=1)
        wide = self.shown("chat", "-m", "no-such-model", "-p", "a", columns=500, code=1)
        self.assertEqual(narrow.split(), wide.split())


class Harmless(Terminal):
    """What a file is named or holds, and what a model writes, cannot make a terminal obey."""

    ESCAPE = "a\x1b[2Jb"

    def harmless(self, shown):
        self.assertNotIn("\x1b[2J", shown)
        self.assertRegex(shown, r"a(\u241b|\\x1B)\[2Jb")

    def test_names_and_texts_of_a_corpus(self):
        letters = self.folder / "letters"
        letters.mkdir()
        (letters / f"{self.ESCAPE}.txt").write_text("The sheep went home. " + words(1, 300))
        (letters / f"{self.ESCAPE}-empty.txt").write_text("")
        (letters / f"{self.ESCAPE}.pdf").write_bytes(b"%PDF-1.4\n" + bytes(100))
        self.harmless(self.shown("ingest", "letters", "-o", "corpus"))
        self.harmless(self.shown("ingest", "letters", "--dry-run"))
        self.harmless(self.shown("corpus", "list", "corpus"))
        self.harmless(self.shown("corpus", "search", "corpus", "sheep went"))
        self.harmless(self.shown("corpus", "sample", "corpus"))

    def test_messages_and_warnings(self):
        self.harmless(self.shown("inspect", self.ESCAPE, code=1))
        self.harmless(self.shown("train", self.ESCAPE, "-o", "m.gguf", code=1))

    def test_samples_of_a_training(self):
        text = self.folder / "text.txt"
        text.write_text(self.ESCAPE * 2000)
        self.harmless(self.shown("train", text, "-o", "m.gguf", "--layers", 1, "--hidden", 32, "--heads", 2, "--context", 16, "--steps", 2,
                                 "--warmup", 0, "--eval-every", 1, "--held-out-share", "0.1", "--threads", 1, "--sample-prompt", self.ESCAPE))


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
