"""The audits find what they are for: fed with a program that ignores an option or a field in silence, they fail."""

import textwrap
import unittest
from unittest import mock

import audit
from audit import commands_of, options_of
from audit_fields_test import FieldsTest
from audit_lines import BASE, LINES
from audit_test import Audit
from program import PROGRAM, main

# Stands between the audit and the program: `given` are the arguments, which a fault changes.
WRAPPER = """#!/usr/bin/env python3
import json, os, pathlib, shutil, subprocess, sys, tempfile
given = sys.argv[1:]
def drop(name, values=1):
    while name in given:
        at = given.index(name)
        del given[at : at + 1 + values]
{fault}
os.execv({program!r}, [{program!r}, *given])
"""

# An option of a command, what is wrong with it, and a part of what the audit says.
OPTIONS = [
    ("generate", "--top-k", "drop('--top-k')", "changes nothing"),
    ("generate", "--dry-base", "drop('--dry-base')", "changes nothing"),
    ("generate", "--mirostat-tau", "if '--mirostat' not in given: drop('--mirostat-tau')", "in silence"),
    ("generate", "--threads", "if '--threads' in given: given += ['--top-k', '1']", "!="),
    ("generate", "--force", "drop('--force', 0)", "!= 0"),
    ("generate", "--verbose", "drop('--verbose', 0)", "=="),
    ("generate", "--top-p", "if '@@' in given: drop('--top-p')", "is taken, and changes nothing"),
    ("generate", "--keep-ties", "if '--keep-ties' in given: given += ['--top-k', '1']", "needs no excuse"),
    ("generate", "--seed", "if '--help' not in given: given += ['--nosuch']", "!= 0"),
    ("score", "--per-token", "drop('--per-token', 0)", "changes nothing"),
    ("convert", "--type", "drop('--type')", "changes nothing"),
    ("tokenize", "--special", "drop('--special', 0)", "changes nothing"),
]

# The program reads a model's configuration with this key as it was before the audit changed it.
FIELD = """
if '-m' in given:
    at = given.index('-m') + 1
    folder = pathlib.Path(tempfile.mkdtemp()) / 'model'
    shutil.copytree(given[at], folder)
    config = json.loads((folder / 'config.json').read_text())
    {change}
    (folder / 'config.json').write_text(json.dumps(config))
    done = subprocess.run([{program!r}, *given[:at], str(folder), *given[at + 1 :]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    shutil.rmtree(folder.parent)
    sys.stdout.write(done.stdout.decode().replace(str(folder), given[at]))
    sys.stderr.write(done.stderr.decode().replace(str(folder), given[at]))
    sys.exit(done.returncode)
"""


def failures_of(case, change):
    """What a test of another class came to."""
    def test(self):
        change(self)

    result = unittest.TestResult()
    type("Fed", (case,), {"test": test})("test").run(result)
    return [text for _, text in result.failures + result.errors]


class Faults(Audit):
    def program_with(self, fault):
        path = self.made["words"].parent / "wrapper"
        path.write_text(WRAPPER.format(fault=textwrap.dedent(fault), program=PROGRAM))
        path.chmod(0o755)
        self.results.clear()
        return mock.patch.object(audit, "PROGRAM", str(path))

    def test_options(self):
        for command, name, fault, said in OPTIONS:
            [option] = [option for option in options_of(command.split()) if option.name == name]
            with self.subTest(command=command, option=name):
                with self.program_with(""):
                    self.check(command, option, LINES[command][name])
                with self.program_with(fault), self.assertRaises(AssertionError) as failed:
                    self.check(command, option, LINES[command][name])
                self.assertIn(said, str(failed.exception))

    def test_an_option_without_a_line_and_a_line_without_an_option(self):
        for lines, said in ({"--new": None}, "options that are gone"), ({}, "no line"):
            changed = {name: line for name, line in LINES["doctor"].items() if name != "--color"} if not lines else LINES["doctor"] | lines
            with mock.patch.dict(LINES, {"doctor": changed}), mock.patch.dict(BASE, {"doctor": BASE["doctor"]}):
                made, results = self.made, self.results
                failures = failures_of(Audit, lambda case: (setattr(case, "made", made), setattr(case, "results", results), case.check_all("doctor")))
            self.assertTrue(any(said in failure for failure in failures), failures)

    def test_every_command_is_audited(self):
        self.assertEqual(sorted(LINES), sorted(" ".join(words) for words in commands_of()))

    def test_fields(self):
        def checked(case):
            case.check_json("llama", "config.json", keys=["rms_norm_eps", "hidden_act"])

        with self.program_with(""):
            self.assertEqual(failures_of(FieldsTest, checked), [])
        for key, value in (("rms_norm_eps", 1e-5), ("hidden_act", "silu")):
            fault = FIELD.format(change=f"config[{key!r}] = {value!r}", program=PROGRAM)
            with self.program_with(fault):
                failures = failures_of(FieldsTest, checked)
            self.assertTrue(any(f"{key} absurd is not noticed" in failure for failure in failures), failures)
            self.assertFalse(any(f" {other} " in failure for failure in failures for other in {"rms_norm_eps", "hidden_act"} - {key}), failures)



if __name__ == "__main__":
    main()
