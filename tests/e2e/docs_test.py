"""The commands in docs/generation.md and docs/training.md print what stands below them. With --update, writes what they print."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from program import ENVIRONMENT, PROGRAM, TIMEOUT

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "docs" / name for name in ("generation.md", "training.md", "constraints.md")]
MODELS_TABLE = ROOT / "scripts/models_table"
FIRST_MODEL = ROOT / "docs" / "first-model.md"
INSTALL = ROOT / "docs" / "install.md"
TO_RUN = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def output(command, folder):
    """What a shell prints for the command, with this build as `sheepop`."""
    program = f'sheepop() {{ "{PROGRAM}" "$@"; }}\n'
    done = subprocess.run(["bash", "-c", program + command], cwd=folder, env=ENVIRONMENT, timeout=TIMEOUT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout if done.returncode == 0 else f"exit code {done.returncode}\n{done.stdout}"


def rerun(block, folder):
    """The block with each command followed by what it prints now."""
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{output(line[2:], folder)}" for line in commands)


def blocks_now(page):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tests", "LICENSE"):
            pathlib.Path(folder, name).symlink_to(ROOT / name)
        return [(match.group(1), rerun(match.group(1), folder)) for match in BLOCK.finditer(page)]


class Page(unittest.TestCase):
    maxDiff = None

    def test_commands_print_what_the_page_shows(self):
        for path in PAGES:
            blocks = blocks_now(path.read_text())
            self.assertGreater(len(blocks), 2)
            for shown, now in blocks:
                with self.subTest(command=shown.splitlines()[0]):
                    self.assertEqual(shown, now)

    def test_the_table_of_models_is_the_programs(self):
        done = subprocess.run([sys.executable, MODELS_TABLE, "--program", PROGRAM, "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_figure_in_the_text_comes_from_a_command(self):
        for path in PAGES:
            self.check_figures(path.read_text())

    def check_figures(self, page):
        shown = set(re.findall(r"\d+\.\d+", "".join(BLOCK.findall(page))))
        for figure in re.findall(r"\d+\.\d+", BLOCK.sub("", page)):
            self.assertIn(figure, shown)


class Install(unittest.TestCase):
    """What needs root of the page is run by scripts/check_packages."""

    maxDiff = None

    def test_commands_print_what_the_page_shows(self):
        blocks = blocks_now(INSTALL.read_text())
        self.assertGreater(sum(shown.count("$ ") for shown, _ in blocks), 3)
        for shown, now in blocks:
            self.assertEqual(shown, now)

    def test_the_changelog_begins_with_this_version(self):
        stated = (ROOT / "src/base/version.h").read_text()
        version, released = (re.search(rf'{name} = "(.*)"', stated).group(1) for name in ("kVersion", "kReleased"))
        first = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).group(1)
        self.assertEqual(first, f"{version}, {released}")
        self.assertEqual(output("sheepop --version", ROOT), f"sheepop {version}\n")

    def test_what_it_names_is_there(self):
        page, targets = INSTALL.read_text(), (ROOT / "Makefile").read_text()
        for target in re.findall(r"^    make ([a-z]+)|`make ([a-z]+)`", page, re.MULTILINE):
            self.assertRegex(targets, rf"(?m)^{target[0] or target[1]}:")
        for path in re.findall(r"\b(?:packaging|scripts)/\w+", page):
            self.assertTrue((ROOT / path).exists(), path)
        unit = (ROOT / "packaging/sheepop.service").read_text()
        for line in ("DynamicUser=yes", "ProtectHome=yes", "PrivateUsers=yes", "StateDirectory=sheepop", "CapabilityBoundingSet="):
            self.assertIn(line + "\n", unit)
        container = (ROOT / "packaging/Containerfile").read_text()
        for word in ("10001", "8080", "/var/lib/sheepop", "/run/secrets/sheepop"):
            self.assertIn(word, container)


class FirstModel(unittest.TestCase):
    def test_every_command_of_the_page_works_in_its_turn(self):
        commands = [line for block in TO_RUN.findall(FIRST_MODEL.read_text()) for line in block.splitlines()]
        self.assertGreater(len(commands), 7)
        with tempfile.TemporaryDirectory() as folder:
            letters = pathlib.Path(folder, "letters")
            letters.mkdir()
            for i in range(6):
                (letters / f"{i}.txt").write_text(f"Dear {i},\n" + "the sheep are well and the grass is green. " * (20 + i))
            (letters / "page.html").write_text("<html><body><p>Dear all, the barn burnt down last night.</p></body></html>")
            (letters / "copy.txt").write_bytes((letters / "0.txt").read_bytes())
            (letters / "empty.txt").write_bytes(b"")
            (letters / "broken.pdf").write_bytes(b"%PDF-1.4\nbroken")
            for command in commands:
                # A reader has minutes, a test seconds.
                quick = re.sub(r"--time \d+m", "--time 1s --size nano --context 32 --threads 1", command)
                with self.subTest(command=command):
                    self.assertNotRegex(output(quick, folder), "^exit code")
            self.assertTrue(pathlib.Path(folder, "mine.gguf").exists())


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        for path in (*PAGES, INSTALL):
            page = path.read_text()
            for shown, now in blocks_now(page):
                page = page.replace(shown, now, 1)
            path.write_text(page)
    else:
        unittest.main(verbosity=2)
