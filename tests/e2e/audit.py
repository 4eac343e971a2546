"""What the audits share: runs of the program whose results can be compared, and the lines of their tables."""

import hashlib
import json
import pathlib
import re
import subprocess
import tempfile

from gguf_file import GgufFile
from program import ENVIRONMENT, PROGRAM, TIMEOUT

ABSENT = object()  # an option that a line takes away
ABSURD = "@@"      # a value that no option but one of free text can have

# What differs between two runs of the same command: clocks and speeds.
TIMES = {"timing", "seconds", "tokens_per_s", "megabytes_per_s", "read_gb_s", "int8_gops",
         "share_of_limit", "limited_by", "compile_us", "mask_us", "peak_rss_bytes", "free_bytes", "gflops", "peak_gflops", "created", "id", "system_fingerprint"}
CLOCK = re.compile(r"\b\d+(\.\d+)?(e-?\d+)? (s|ms|a second|tokens a second|GB/s|of \d+ GFLOP/s|times)\b|\b\d+(\.\d+)? MB\b|\d+%|\d+(\.\d+)? per cent")


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if key not in TIMES and not key.endswith("_s")}
    if isinstance(value, list):
        return [without_times(inner) for inner in value]
    return value


def comparable(text, folder):
    """Output with its folder's name, clocks and speeds taken out."""
    lines = []
    for line in text.replace(str(folder), "FOLDER").splitlines():
        try:
            lines.append(json.dumps(without_times(json.loads(line))))
        except ValueError:
            lines.append(CLOCK.sub("TIME", line))
    return "\n".join(lines)


class Result:
    """What a run came to: exit code, what it printed and told, and the files that it wrote."""

    def __init__(self, code, out, told, files=None):
        self.code, self.out, self.told, self.files = code, out, told, files or {}

    @property
    def all(self):
        return self.code, self.out, self.told, self.files

    def changed_from(self, other):
        """Result or exit code differ, whatever was told."""
        return (self.code, self.without_warnings, self.files) != (other.code, other.without_warnings, other.files)

    @property
    def without_warnings(self):
        try:
            document = json.loads(self.out)
            document.pop("warnings", None)
            return document
        except (ValueError, AttributeError):
            return self.out

    def tells_of(self, name):
        """A warning or an error names it."""
        return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", self.told) is not None

    def __repr__(self):
        return f"exit {self.code}\n{self.out[:1500]}\n{self.told[:1500]}\n{list(self.files)}"


def learned_in(checkpoint):
    """What a checkpoint holds, but for how long the training took, the checksum over that, and the options as they were given."""
    file = GgufFile(checkpoint)
    kept = {key: value for key, value in file.metadata.items() if not re.match(r"sheepop\.train\.(option\.|seconds$)|sheepop\.curve\.seconds$", key)}
    begin, size = file.places["sheepop.sha256"]
    return repr((kept, file.places, file.body[:begin], file.body[begin + 4 * size :])).encode()


def files_of(folder, skipped=()):
    """What each holds. `skipped`: names of files and folders that are no results."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or path.is_symlink() or set(name.parts) & set(skipped):
            continue
        data = path.read_bytes()
        if path.name == "split.json":  # its ids are those of documents
            pass
        elif path.name.startswith("checkpoint-"):
            data = learned_in(path)
        elif path.suffix in (".json", ".jsonl", ".svg", ".html"):
            data = comparable(data.decode(errors="replace"), folder).encode()
        found[str(name)] = hashlib.sha256(data).hexdigest()
    return found


def run_in_folder(arguments, skipped=(), prepare=None, env=None, stdin=b""):
    """The result of a run in an empty folder, which `prepare` fills."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if prepare:
            prepare(folder)
        done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, cwd=folder, env=ENVIRONMENT | (env or {}), timeout=TIMEOUT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return Result(done.returncode, comparable(done.stdout.decode(errors="replace"), folder),
                      comparable(done.stderr.decode(errors="replace"), folder), files_of(folder, skipped))


class Line:
    """How an option is tried.

    `value`: what it is given; ABSENT takes it away. `also`: other options that it needs, without which it must be refused or
    told to do nothing. `here`: the rest of the command line on which it shows what it does. `instead`: options whose place it
    takes. `text`: any text is a value of it.
    """

    def __init__(self, kind, value, reason="", also=None, here=None, instead=(), text=False):
        self.kind, self.value, self.reason = kind, True if value is None else value, reason
        self.also, self.here, self.instead, self.text = also or {}, here or {}, instead, text


def changes(value=None, **more):
    """The result is another one."""
    return Line("changes", value, **more)


def says(phrase, value=None, **more):
    """Its help says, with this phrase, that it leaves the output alone, and so it does."""
    return Line("says", value, phrase, **more)


def allows(value=None, **more):
    """Without it the command is refused, and with it not."""
    return Line("allows", value, **more)


def tells(value=None, **more):
    """Its help speaks of notes, and those on stderr are others."""
    return Line("tells", value, **more)


def excused(reason, value=None, **more):
    """An exception: nothing that can be seen here follows from it, for this reason."""
    return Line("excused", value, reason, **more)


def arguments_of(options):
    """{"--top-k": 3, "--json": True, "--stop": ["a", "b"], "input": X} as arguments; True: a switch."""
    flags, positional = [], []
    for name, value in options.items():
        if value is ABSENT:
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if not name.startswith("-"):
                positional.append(one)
            elif one is True:
                flags.append(name)
            else:
                flags += [name, one]
    return [*positional, *flags]


class Option:
    """As the help of a command lists it."""

    def __init__(self, names, takes_value, help_text):
        self.names, self.takes_value, self.help = names, takes_value, help_text

    @property
    def name(self):
        """The long one, or that of a positional argument."""
        return next((name for name in self.names if name.startswith("--")), self.names[0])


LISTED = re.compile(r"^  ((?:-\w,)?--[\w-]+(?:\{false\})?(?:,--[\w-]+(?:\{false\})?)*|[a-z][\w.]*)((?: [A-Z<][^ ]*)?) *(.*)$")


def options_of(command):
    """Every option and positional argument that `sheepop COMMAND --help` lists."""
    text = subprocess.run([PROGRAM, *command, "--help", "all"], stdout=subprocess.PIPE, env=ENVIRONMENT, check=True).stdout.decode()
    found, in_commands = [], False
    for line in text.splitlines():
        if not line.startswith(" "):
            in_commands = line == "Subcommands:"
        elif match := LISTED.match(line):
            names = [name.replace("{false}", "") for name in match[1].split(",")]
            if in_commands:
                continue
            found.append(Option(names, bool(match[2]), match[3]))
        elif found:
            found[-1].help += " " + line.strip()
    return found


def commands_of(command=()):
    """Every command that has no commands of its own, as a tuple of words."""
    text = subprocess.run([PROGRAM, *command, "--help", "all"], stdout=subprocess.PIPE, env=ENVIRONMENT, check=True).stdout.decode()
    if "\nSubcommands:\n" not in text:
        return [tuple(command)]
    names = re.findall(r"^  ([a-z]+) ", text.split("\nSubcommands:\n")[1], re.MULTILINE)
    return [found for name in names for found in commands_of((*command, name))]
