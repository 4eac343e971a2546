"""Manual pages and completions, as the program writes them, in the programs that read them."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

from program import ENVIRONMENT, TIMEOUT, ProgramTest, main

FLAG = re.compile(r"^  (?:-\w,)?(--[a-z][a-z0-9-]*)(?:,(--[a-z0-9-]+))?", re.MULTILINE)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"the program {program} is not installed")


class Pages(ProgramTest):
    def commands(self):
        """The commands of the program, and the parts of them that have some."""
        listed = re.findall(r"^  ([a-z]+) +\S", self.text("--help").split("Subcommands:")[1], re.MULTILINE)
        self.assertGreater(len(listed), 10)
        return listed

    def pages(self):
        pages = {"sheepop": self.text("help", "--man")}
        return pages | {f"sheepop-{name}": self.text("help", "--man", name) for name in self.commands()}

    def test_the_page_of_the_program_names_every_command_and_its_page(self):
        page = self.text("help", "--man").replace("\\-", "-")
        for name in self.commands():
            self.assertIn(f"\n\\fB{name}\\fR\n", page)
            self.assertIn(f"\n.BR sheepop-{name} (1)", page)

    def test_the_page_of_a_command_has_every_flag_with_its_whole_help(self):
        checked = 0
        for name in self.commands():
            page = self.text("help", "--man", name).replace("\\-", "-")
            for names in FLAG.findall(self.text(name, "--help", "all")):
                for flag in filter(None, names):
                    self.assertIn(f"\\fB{flag}\\fR", page, name)
                    checked += 1
        self.assertGreater(checked, 300)
        self.assertIn("(default 50)", " ".join(self.text("help", "--man", "generate").split()))
        self.assertIn("--tokenizer", self.text("help", "--man", "corpus").replace("\\-", "-"), "a flag of corpus shards")

    def test_they_are_the_same_on_every_machine(self):
        for name in ("generate", "train", "corpus"):
            one = self.text("help", "--man", name, env={"SHEEPOP_ISA": "reference", "HOME": "/somewhere"})
            self.assertEqual(one, self.text("help", "--man", name))
            self.assertNotRegex(one, r"\d+ physical")

    @needs("groff")
    def test_groff_takes_them_without_a_warning(self):
        for name, page in self.pages().items():
            done = subprocess.run(["groff", "-man", "-ww", "-Tascii"], input=page.encode(), capture_output=True)
            self.assertEqual((done.returncode, done.stderr.decode()), (0, ""), name)
            self.assertGreater(len(done.stdout), len(page) / 2)

    @needs("mandoc")
    def test_mandoc_finds_nothing_to_say(self):
        for name, page in self.pages().items():
            done = subprocess.run(["mandoc", "-T", "lint"], input=page.encode(), capture_output=True)
            self.assertEqual((done.returncode, done.stdout.decode()), (0, ""), name)

    def test_what_is_no_command_and_no_shell_is_refused(self):
        self.assertIn("there is no trian, did you mean train?", self.error("help", "--man", "trian", code=2))
        self.assertIn("must be bash, zsh or fish", self.error("help", "--completions", "tcsh", code=2))


class Completions(ProgramTest):
    shell = None

    def setUp(self):
        super().setUp()
        if not self.shell or not shutil.which(self.shell):
            self.skipTest(f"the program {self.shell} is not installed")
        self.file = self.folder / "completions" / "_sheepop"
        self.file.parent.mkdir()
        self.file.write_text(self.text("help", "--completions", self.shell))
        self.place = self.folder / "place"
        (self.place / "corpus").mkdir(parents=True)
        (self.place / "a text.txt").write_text("")
        models = self.folder / "home" / "models"
        models.mkdir(parents=True)
        (models / "merino.gguf").write_text("")
        self.env = ENVIRONMENT | {"SHEEPOP_HOME": str(self.folder / "home"), "HOME": str(self.folder), "TERM": "dumb"}

    def in_shell(self, script):
        done = subprocess.run([self.shell, *(["-f"] if self.shell == "zsh" else []), "-c", script], env=self.env,
                              cwd=self.place, capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr), (0, ""), script)
        return done.stdout.splitlines()

    def check_words(self, complete):
        """`complete`: what may stand at the end of the line."""
        self.assertLessEqual({"train", "serve", "help"}, set(complete("sheepop ")))
        self.assertEqual(complete("sheepop gen"), ["generate"])
        self.assertLessEqual({"--max-tokens", "--top-k", "--json-schema"}, set(complete("sheepop generate --")))
        self.assertEqual(complete("sheepop train --tokenizer-k"), ["--tokenizer-kind"])
        self.assertEqual(sorted(complete("sheepop train --size ")), ["medium", "nano", "small", "tiny"])
        self.assertEqual(sorted(complete("sheepop generate --color a")), ["always", "auto"])
        self.assertEqual(complete("sheepop generate --max-tokens "), [], "a number")
        self.assertLessEqual({"list", "shards"}, set(complete("sheepop corpus ")))
        self.assertIn("--held-out", complete("sheepop corpus shards --"))
        self.assertNotIn("--held-out", complete("sheepop corpus list --"))
        self.assertEqual(complete("sheepop generate --file a"), ["a text.txt"])
        self.assertIn("merino", complete("sheepop generate -m m"))
        self.assertEqual([name.rstrip("/") for name in complete("sheepop ingest a -o ")], ["corpus"], "a folder")
        self.assertEqual([name.rstrip("/") for name in complete("sheepop ingest cor")], ["corpus"])


class Bash(Completions):
    shell = "bash"

    def complete(self, line):
        words = [part for word in line.split(" ") for part in re.findall("=|[^=]+", word) or [""]]  # as the shell cuts it
        listed = " ".join(f"'{word}'" for word in words)
        script = (f"source '{self.file}'; COMP_WORDS=({listed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _sheepop\n"
                  '[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\\n" "${COMPREPLY[@]}"')
        return self.in_shell(script)

    def test_words(self):
        self.check_words(self.complete)

    def test_a_value_behind_an_equals_sign(self):
        self.assertEqual(sorted(self.complete("sheepop generate --color=a")), ["always", "auto"])

    def test_the_shell_knows_it(self):
        self.assertIn("complete -F _sheepop sheepop", self.in_shell(f"source '{self.file}'; complete -p sheepop"))


class Fish(Completions):
    shell = "fish"

    def complete(self, line):
        said = self.in_shell(f"source '{self.file}'; complete -C '{line}'")
        return [word.split("\t")[0] for word in said]

    def test_words(self):
        self.check_words(self.complete)


class Zsh(Completions):
    shell = "zsh"

    def typed(self, line):
        """What the shell takes for the arguments of a line with tabs in it."""
        start = (f"fpath=('{self.file.parent}' $fpath); autoload -Uz compinit && compinit -u -D; PS1=; unsetopt beep\n"
                 "sheepop() { print -r -- \"<$*>\"; }\nprint rea''dy\n")
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.place)
            os.execvpe("zsh", ["zsh", "-f", "-i"], self.env)
        try:
            os.write(terminal, start.encode())
            self.read(terminal, "ready\r\n")
            os.write(terminal, line.encode() + b"\n")
            return re.findall(r"<([^<>\r\n]*)>\r", self.read(terminal, ">\r\n"))[-1]
        finally:
            os.close(terminal)
            os.waitpid(process, 0)

    def read(self, terminal, until):
        text, end = "", time.monotonic() + TIMEOUT
        while until not in text:
            left = end - time.monotonic()
            self.assertGreater(left, 0, text)
            if select.select([terminal], [], [], left)[0]:
                text += os.read(terminal, 65536).decode(errors="replace")
        return text

    def test_words(self):
        for line, taken in (("sheepop gener\t-n 5", "generate -n 5"),
                            ("sheepop train --tokenizer-k\tuni\t", "train --tokenizer-kind=unigram"),
                            ("sheepop generate --color al\t", "generate --color always"),
                            ("sheepop corpus shar\t--held-out-s\t1", "corpus shards --held-out-share=1"),
                            ("sheepop generate --file a\t", "generate --file a text.txt"),
                            ("sheepop ingest cor\t", "ingest corpus"),
                            ("sheepop generate -m mer\t", "generate -m merino")):
            with self.subTest(line=line):
                self.assertEqual(self.typed(line).strip(), taken)


del Completions
if __name__ == "__main__":
    main()
