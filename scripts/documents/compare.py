#!/usr/bin/env python3
"""Scores SheepOp's text of documents against their truth, beside that of pdftotext, pymupdf4llm, markitdown and docling,
each in its default settings, and prints a table by class. What is not installed is left out and named.

usage: compare.py PROGRAM [--more FOLDER] [--only CLASS] [--each]

PROGRAM is sheepop. --more: a folder with classes.json ({"file": "class"}) and file.txt beside each file, in addition to
tests/data/documents. Markdown's own marks are taken out of every text before it is scored. SheepOp runs with
--no-boilerplate, because the truth is all that stands on the pages.
"""

import argparse
import collections
import importlib.metadata
import importlib.util
import json
import pathlib
import shutil
import subprocess
import tempfile

from score import score, without_marks

DOCUMENTS = pathlib.Path(__file__).resolve().parents[2] / "tests/data/documents"


def by_sheepop(program):
    def read(path):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program, "ingest", str(path), "-o", f"{folder}/c", "--no-boilerplate", "--no-plan", "--json"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
            if done.returncode:
                return ""
            out = subprocess.run([program, "corpus", "show", f"{folder}/c", str(path), "--json"], check=True, stdout=subprocess.PIPE)
            return json.loads(out.stdout)["text"]
    return read


def by_pdftotext(path):
    if path.suffix != ".pdf":
        return None
    return subprocess.run(["pdftotext", str(path), "-"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode(errors="replace")


def by_pymupdf4llm(path):
    import pymupdf4llm
    if path.suffix not in (".pdf", ".png"):
        return None
    return pymupdf4llm.to_markdown(str(path))


def by_markitdown(path):
    from markitdown import MarkItDown
    return MarkItDown().convert(str(path)).text_content


def by_docling(path):
    if path.suffix not in (".html", ".htm", ".docx", ".odt"):
        return None
    from docling.document_converter import DocumentConverter
    return DocumentConverter().convert(str(path)).document.export_to_markdown()


def readers(program):
    known = {"sheepop": by_sheepop(program)}
    if shutil.which("pdftotext"):
        version = subprocess.run(["pdftotext", "-v"], stderr=subprocess.PIPE).stderr.decode().split()[2]
        known[f"pdftotext {version}"] = by_pdftotext
    wanted = "torch 'docling-slim[format-html,format-docx,format-opendocument]'"  # without its models, which only PDFs need
    for name, install, read in (("pymupdf4llm", "pymupdf4llm", by_pymupdf4llm), ("markitdown", "'markitdown[all]'", by_markitdown), ("docling", wanted, by_docling)):
        if importlib.util.find_spec(name):
            version = importlib.metadata.version(importlib.metadata.packages_distributions()[name][0])
            known[f"{name} {version}"] = read
        else:
            print(f"{name} is not installed (pip install {install})")
    return known


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--more")
    parser.add_argument("--only")
    parser.add_argument("--each", action="store_true", help="a line for each document too")
    arguments = parser.parse_args()
    known = readers(arguments.program)
    table, words, counts = collections.defaultdict(dict), collections.Counter(), collections.Counter()
    for folder in [DOCUMENTS] + ([pathlib.Path(arguments.more)] if arguments.more else []):
        for name, kind in json.loads((folder / "classes.json").read_text()).items():
            if arguments.only and kind != arguments.only:
                continue
            truth = (folder / f"{name}.txt").read_text()
            for reader, read in known.items():
                try:
                    text = read(folder / name)
                except Exception as fault:  # a peer's own
                    print(f"{reader}: {name}: {str(fault).splitlines()[0][:100]}")
                    text = None if "UnsupportedFormat" in type(fault).__name__ else ""
                if text is None:
                    continue
                wrong, moved, all_words = score(without_marks(truth), without_marks(text))
                row = table[kind].setdefault(reader, [0, 0])
                row[0] += wrong
                row[1] += moved
                if arguments.each:
                    print(f"{name:24} {reader:22} {wrong:5} {moved:5} of {all_words}", flush=True)
            words[kind] += all_words
            counts[kind] += 1
    print(f"\n{'word errors + order errors':26}{'documents':>10}{'words':>8}" + "".join(f"{reader:>22}" for reader in known))
    for kind, row in table.items():
        cells = [f"{row[r][0]} + {row[r][1]}" if r in row else "" for r in known]
        print(f"{kind:26}{counts[kind]:>10}{words[kind]:>8}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
