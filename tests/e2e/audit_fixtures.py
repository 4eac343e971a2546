"""The documents, models and runs that the audits are tried on."""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time
import zlib

from gguf_file import BOOL, GgufFile
from program import ENVIRONMENT, LLAMA, PROGRAM, run

def page_of(lines, height=792):
    """The content of a page: its lines from the top, at 10 points."""
    shown = "".join(f"1 0 0 1 72 {height - 60 - 14 * i} Tm ({line}) Tj\n" for i, line in enumerate(lines))
    return f"BT /F 10 Tf\n{shown}ET".encode()


def pdf_of(contents, image=None):
    """A PDF with these pages; `image`: grey values and their size, which the pages can draw as /I."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>",
               b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(contents), b" ".join(b"%d 0 R" % (5 + 2 * i) for i in range(len(contents)))),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    if image:
        data, width, height = zlib.compress(image[0]), *image[1:]
        objects.append(b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
                       b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(data), data))
    else:
        objects.append(b"null")
    for i, content in enumerate(contents):
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >> "
                       b"/Contents %d 0 R >>" % (6 + 2 * i))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    out, places = b"%PDF-1.4\n", []
    for i, body in enumerate(objects):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (i + 1, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out))


WORDS = ["sheep", "goat", "cow", "hen", "duck", "wolf", "hill", "river"]
TALE = "The shepherd counted them each evening before the bell of the village rang across the hills, and none was missing that year. "


def documents(folder, count=6):
    generator = random.Random(5)
    folder.mkdir()
    for i in range(1, count + 1):
        (folder / f"{i}.txt").write_text(f"Document number {i} tells of dogs. " + " ".join(generator.choices(WORDS, k=30)) + f" {i}.\n")


def papers(folder):
    """Documents for each option of ingest to find something to do."""
    folder.mkdir()
    (folder / "garbled.txt").write_text(TALE + "caf\u00c3\u00a9 na\u00c3\u00afve \u00e2\u20ac\u0153quoted\u00e2\u20ac\u009d\n")
    (folder / "one.txt").write_text("A cafe\u0301, a \ufb01ne day\u0007, write to ann@example.com or +49 30 12345678.\n")
    (folder / "short.txt").write_text("Too short to keep.\n")
    (folder / "key.txt").write_text("The key is AKIAIOSFODNN7EXAMPLE and the secret is ghp_" + "aB3" * 12 + ".\n")
    french = "Le berger comptait ses moutons chaque soir avant que la cloche du village ne sonne au-dessus des collines. "
    (folder / "french.txt").write_text(french * 6 + "\n")
    (folder / "twin.txt").write_text(TALE * 4 + "\n")
    (folder / "twin2.txt").write_text(TALE * 4 + "\n")
    generator = random.Random(3)
    long = " ".join(generator.choices(WORDS, k=300))
    (folder / "near.txt").write_text("First came this: " + long + "\n")
    (folder / "near2.txt").write_text("Then came that: " + long + " and no more.\n")
    paragraph = "It is said that a paragraph of some length stands in more than one document, and whoever reads both is bored. " * 3
    (folder / "paragraph.txt").write_text(f"What begins the first.\n\n{paragraph}\n\nWhat ends the first.\n")
    (folder / "paragraph2.txt").write_text(f"What begins the second.\n\n{paragraph}\n\nWhat ends the second.\n")
    (folder / "licensed.py").write_text("# SPDX-License-Identifier: GPL-3.0-only\ndef count(sheep):\n    return len(sheep)\n")
    (folder / "page.html").write_text("<h1>A title</h1><p>With a paragraph.</p><ul><li>one<li>two</ul>")
    (folder / "rows.jsonl").write_text('{"text": "the text of a row", "body": "the body of a row"}\n' + '{"text": "' + "wide " * 400 + '"}\n')
    (folder / "long.txt").write_text("".join(f"line {i} of many\n" for i in range(6000)))
    (folder / "book.txt").write_text("*** START OF THE PROJECT GUTENBERG EBOOK TALES ***\n\nThe tale itself.\n\n"
                                     "*** END OF THE PROJECT GUTENBERG EBOOK TALES ***\nThe licence of the collection.\n")
    pages = [page_of(["A History of Sheep", "", f"On page {i} the flock goes over the moun-", "tains and through the valley, where it",
                      f"finds what it was looking for, {WORDS[i]}.", "", f"{i}"]) for i in range(1, 6)]
    (folder / "pages.pdf").write_bytes(pdf_of(pages))


def archives(folder):
    """An archive that holds another one."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as name:
        inner = pathlib.Path(name, "inner")
        documents(inner, 2)
        outer = pathlib.Path(name, "outer")
        outer.mkdir()
        shutil.make_archive(str(outer / "inside"), "zip", inner)
        (outer / "large.txt").write_text(" ".join(f"w{i}" for i in range(200000)))
        shutil.make_archive(str(folder / "archive"), "zip", outer)


def scans(folder):
    """A page that is a picture."""
    folder.mkdir()
    source = folder / "source.pdf"
    source.write_bytes(pdf_of([page_of(["The sheep go over the hill", "and come back in the evening."])]))
    picture = subprocess.run(["pdftoppm", "-gray", "-r", "100", source], stdout=subprocess.PIPE, check=True).stdout
    source.unlink()
    (folder / "scan.pdf").write_bytes(pdf_of([b"612 0 0 792 0 0 cm /I Do"], (picture[-850 * 1100 :], 850, 1100)))


def aged(folder):
    """Files that changed a moment ago are read again by the next run of ingest."""
    then = time.time() - 3600
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


def done(*arguments):
    finished = run(*arguments)
    if finished.returncode != 0:
        raise AssertionError(f"{arguments}: {finished.stderr.decode()}")
    return finished.stdout.decode()


def make(root):
    """Everything that the lines name in braces, made in a folder."""
    made = {}

    def text(name, content):
        path = root / name
        path.write_text(content)
        made[path.stem] = path

    text("text.txt", "The text of a file.")
    text("template.jinja", "{{ mood }}{% for m in messages %}[{{ m.role }}] {% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% endfor %}")
    text("messages.json", json.dumps({"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": True}))
    generator = random.Random(3)
    text("words.txt", "Once upon a time " + " ".join(generator.choices(WORDS, k=200)))
    text("more_words.txt", "Once upon a time " + " ".join(generator.choices(WORDS, k=300)))
    two = {name: {"const": i} for i, name in enumerate("ab")}
    many = {name: {"const": i} for i, name in enumerate("abcdefgh")}
    for name, schema in (("schema", {"properties": two, "required": [*two]}), ("many", {"properties": many, "required": [*many]})):
        text(f"{name}.json", json.dumps(schema | {"type": "object", "additionalProperties": False}))
    text("number.json", json.dumps({"type": "number", "minimum": 0}))
    text("date.json", json.dumps({"type": "string", "format": "date"}))
    text("hard.json", json.dumps({"not": {"type": "object", "patternProperties": {"(a)\\1": {"type": "integer"}}}}))
    text("grammar.gbnf", 'root ::= "a" [b-d]+')
    text("fits.json", '{"a": 0, "b": 1}')
    text("schemas.jsonl", json.dumps({"schema": {"type": "integer"}, "texts": ["12", "x"]}))
    text("config.toml", "dropout = 0.3\n")
    turns = [{"role": "user", "content": "Who goes there?"}, {"role": "assistant", "content": "A sheep."}]
    text("chats.jsonl", "".join(json.dumps({"messages": turns * times}) + "\n" for times in (1, 1, 1, 2)))
    for name, fill in (("papers", papers), ("archives", archives), ("scans", scans), ("texts", documents), ("other_texts", lambda folder: documents(folder, 3))):
        made[name] = root / name
        fill(root / name)
        aged(root / name)
    for name, source in (("corpus", "texts"), ("other_corpus", "other_texts")):
        made[name] = root / name
        done("ingest", made[source], "-o", root / name)
    made["first_document"], made["last_document"] = made["texts"] / "1.txt", made["texts"] / "5.txt"
    made["trained"], made["run"] = root / "trained.gguf", root / "trained.run"
    done("train", made["words"], "-o", made["trained"], "--steps", 2, "--warmup", 1, "--layers", 1, "--hidden", 16, "--heads", 2, "--context", 8,
         "--batch", 2, "--sample-tokens", 0)
    for name, tokens in (("capsule", 2), ("other_capsule", 3)):
        made[name] = root / name
        done("generate", "-m", LLAMA, "-p", "abc", "-n", tokens, "--seed", 1, "--record", made[name])
    made["begins"] = root / "begins.gguf"  # its tokenizer puts a begin-of-text token in front
    GgufFile(LLAMA).write_changed(made["begins"], {"tokenizer.ggml.add_bos_token": (BOOL, True)})
    first = json.loads(done("generate", "-m", LLAMA, "-p", "abcabcabcabc", "-n", 12, "--seed", 7, "--json"))
    made["first"] = first["ids"][0]
    made["first_text"] = re.search("[a-z]+", first["text"])[0]
    chat = json.loads(done("chat", "-m", LLAMA, "-p", "abcabc", "-n", 12, "--seed", 7, "--json"))
    made["chat_first"] = chat["ids"][0]
    made["chat_text"] = re.search("[a-z]+", chat["text"])[0]
    # What the user had where an output would go.
    made["old"], made["old_model"], made["old_shards"] = root / "old", root / "old.gguf", root / "old_shards"
    made["old_shards"].mkdir()
    for path in (made["old"], made["old_model"], made["old_shards"] / "train.tokens"):
        path.write_text("old")
    return made
