"""No option does nothing in silence: each changes what its command comes to, or is told to have changed nothing."""

import pathlib
import re
import tempfile
import threading
import unittest

import audit_fields_test
import audit_fixtures
import pull_test
from audit import ABSURD, Result, arguments_of, commands_of, options_of, run_in_folder
from audit_lines import BASE, LINES
from program import LLAMA, main

MOST_EXCUSED = 40
# These hold the options as they were given, whatever they did.
NO_RESULTS = {"train": ("options.toml",), "ingest": (".cache", "options.json")}
ELSEWHERE = {"ingest": "audit_making_test.py", "train": "audit_making_test.py", "serve": "audit_serve_test.py"}


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made = audit_fixtures.make(pathlib.Path(folder.name))
        cls.results = {}

    def result(self, command, options):
        """Of the command with these options; equal ones run once."""
        made = self.made

        def filled(value):
            return made[value[1:-1]] if isinstance(value, str) and re.fullmatch(r"{\w+}", value) else value

        arguments = []
        for name, value in options.items():
            if isinstance(value, str) and value.startswith("--no-"):
                name, value = value, True
            arguments += arguments_of({name: filled(value)})
        key = (command, *map(str, arguments))
        if key not in self.results:
            self.results[key] = self.run_command(command, arguments)
        return self.results[key]

    def run_command(self, command, arguments):
        return run_in_folder([*command.split(), *arguments], NO_RESULTS.get(command, ()))

    def check(self, command, option, line):
        name = option.name
        alone = BASE[command] | line.here
        base = alone | line.also
        free = {key: value for key, value in base.items() if key not in line.instead}
        before, after = self.result(command, base), self.result(command, free | {name: line.value})
        if line.kind == "allows":
            self.assertNotEqual(before.code, 0, before)
        else:
            self.assertEqual(before.code, 0, before)
        changed = after.changed_from(before)
        if line.kind == "changes":
            self.assertTrue(changed, f"changes nothing:\n{after}")
        elif line.kind == "allows":
            self.assertEqual(after.code, 0, after)
        elif line.kind == "tells":
            self.assertIn("note", option.help)
            self.assertNotEqual(before.told, after.told)
        elif line.kind == "says":
            self.assertIn(line.reason, option.help)
            self.assertEqual((after.code, without_colours(after.out), after.files), (0, without_colours(before.out), before.files))
        else:
            self.assertFalse(changed or after.tells_of(name), f"needs no excuse:\n{after}")
        if line.also:
            before, after = self.result(command, alone), self.result(command, alone | {name: line.value})
            self.assertTrue(after.changed_from(before) or after.tells_of(name), f"does nothing without {line.also}, in silence:\n{after}")
        if option.takes_value and not line.text and line.kind != "excused":
            before, after = self.result(command, base), self.result(command, free | {name: ABSURD})
            self.assertTrue(after.changed_from(before), f"{ABSURD} is taken, and changes nothing:\n{after}")

    def check_all(self, command):
        options = {option.name: option for option in options_of(command.split())}
        self.assertEqual(sorted(LINES[command].keys() - options.keys()), [], "lines of options that are gone")
        for name, option in options.items():
            with self.subTest(option=f"sheepop {command} {name}"):
                self.assertTrue(option.help.strip(), "has no help")
                self.assertIn(name, LINES[command], "has no line in audit_lines.py")
                self.check(command, option, LINES[command][name])


def without_colours(text):
    return re.sub("\x1b\\[[0-9;]*m", "", text)


class Options(Audit):
    """A test for each command."""

    def run_command(self, command, arguments):
        if command == "pull":
            return self.pull(arguments)
        return super().run_command(command, arguments)

    def pull(self, arguments):
        """From a server of its own, into a folder that holds one model already."""
        server = pull_test.Server(("127.0.0.1", 0), pull_test.Handler).start(self)
        server.files |= {"/other.gguf": LLAMA.read_bytes() + b"0", "/cut.gguf": LLAMA.read_bytes(), "/there.gguf": LLAMA.read_bytes()}
        host = f"http://127.0.0.1:{server.server_port}"
        if "cut.gguf" in str(arguments):
            server.cuts = [1000]

        def prepare(folder):
            models = folder / "models"
            models.mkdir()
            (models / "there.gguf").write_bytes(LLAMA.read_bytes())

        arguments = [str(argument).replace("{host}", host) for argument in arguments]
        result = run_in_folder(["pull", *arguments], prepare=prepare, env={"SHEEPOP_HOME": "."})
        return Result(result.code, result.out.replace(host, "HOST") + f" {len(server.requests)}", result.told.replace(host, "HOST"), result.files)


for words in commands_of():
    name = " ".join(words)
    if name not in ELSEWHERE:
        setattr(Options, f"test_{'_'.join(words)}", lambda self, name=name: self.check_all(name))


class Excuses(unittest.TestCase):
    def test_are_few(self):
        excused = [(command, name) for command, lines in LINES.items() for name, line in lines.items() if line.kind == "excused"]
        excused += audit_fields_test.EXCUSED
        self.assertLessEqual(len(excused), MOST_EXCUSED, excused)


if __name__ == "__main__":
    main()
