#!/usr/bin/env bash
# pandoc (2.19.2, 3.6.1, 3.9): its RTF reader loses the character behind a Unicode escape whose fallback is a question mark.
#
# RTF writes a character as \u8220? : its number, then as many bytes as \uc says (one, unless told otherwise) for readers
# that know no Unicode. Word and many converters write "?" there. pandoc takes the "?" and the letter behind it for the
# fallback, so "\u233?clair" becomes "élair", without a warning. With the fallback as an escape (\u8220\'93), or with \uc0,
# nothing is lost; a count of a document's words against its text shows the rest.
#
# Needs python3 with venv. Passes while the behaviour is as described; seen on Debian 12, whose own pandoc 2.17 does the same.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 1.10 1.15 1.17; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pypandoc_binary==$version" 2>/dev/null
  "$folder/venv/bin/python" - <<'PROBE'
import subprocess

import pypandoc

PANDOC = pypandoc.get_pandoc_path()
CASES = {r"{\rtf1\ansi\uc1 She said \u8220?Hello\u8221? twice.\par}": "She said “ello”twice.",
         r"{\rtf1\ansi\uc1 An \u233?clair.\par}": "An élair.",
         r"{\rtf1\ansi\uc1 She said \u8220\'93Hello\u8221\'94 twice.\par}": "She said “Hello” twice.",
         r"{\rtf1\ansi\uc0 She said \u8220 Hello\u8221  twice.\par}": "She said “Hello” twice."}
print(subprocess.run([PANDOC, "--version"], capture_output=True, text=True).stdout.splitlines()[0])
for source, expected in CASES.items():
    done = subprocess.run([PANDOC, "-f", "rtf", "-t", "plain"], input=source, capture_output=True, text=True, check=True)
    print(f"  {source}  ->  {done.stdout.strip()}")
    assert (done.stdout.strip(), done.stderr) == (expected, ""), expected
PROBE
done
