"""A folder as people have them: sound documents of every kind, copies, empty, cut, locked and broken ones, links and pipes,
and what nothing reads; with what must become of each."""

import gzip
import io
import json
import os
import random
import tarfile
import zipfile


def words(draw, count):
    """Words that no other text of the folder has in this order."""
    syllables = ("mil", "ro", "shep", "ta", "ler", "wan", "dor", "if", "ing", "o", "bri", "sna", "ket", "vel", "um")
    return " ".join("".join(draw.choice(syllables) for _ in range(draw.randint(1, 4))) for _ in range(count))


def make(folder, files, documents=None, seed=1):
    """Writes `files` files below the folder. `documents`: a folder of real ones that are mixed in. Returns {path below the
    folder: the fates of which the report must give it one}."""
    draw = random.Random(seed)
    real = [path for path in sorted(documents.iterdir()) if path.suffix not in (".txt", ".json")] if documents else []
    expected, taken = {}, []

    def put(name, data, *fates):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        expected[name] = set(fates)

    def text(i):
        return (words(draw, draw.randint(20, 300)) + f".\n\nNumber {i} of the folder.\n").encode()

    def archived(i):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("one.txt", text(i))
            archive.writestr("empty.txt", b"")
        return out.getvalue()

    def tarred(i):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            info = tarfile.TarInfo("a/b.md")
            data = text(i)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def locked(i):
        """Says of each member that it is encrypted."""
        data = bytearray(archived(i))
        for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.find(head)
            while at >= 0:
                data[at + flags] |= 1
                at = data.find(head, at + 4)
        return bytes(data)

    makers = [
        lambda i: put(f"notes/{i}.txt", text(i), "taken"),
        lambda i: put(f"notes/{i}.md", b"# Title\n\n" + text(i), "taken"),
        lambda i: put(f"code/{i}.py", b"def f():\n    return " + repr(words(draw, 30)).encode() + b"\n", "taken"),
        lambda i: put(f"web/{i}.html", b"<!doctype html><title>T</title><p>" + text(i) + b"</p>", "taken"),
        lambda i: put(f"records/{i}.jsonl", b'{"text": "' + words(draw, 30).encode() + b'"}\nbroken\n', "taken"),
        lambda i: put(f"records/{i}.csv", b"id,text\n1," + words(draw, 30).encode() + b"\n", "taken"),
        lambda i: put(f"packed/{i}.txt.gz", gzip.compress(text(i), mtime=0), "taken"),
        lambda i: put(f"packed/{i}.zip", archived(i), "members"),
        lambda i: put(f"packed/{i}.tar.gz", tarred(i), "members"),
        lambda i: put(f"old/{i}.txt", words(draw, 40).encode("utf-16"), "taken"),
        lambda i: put(f"empty/{i}.txt", b"", "dropped"),
        lambda i: put(f"empty/{i}.pdf", b"", "dropped"),
        lambda i: put(f"broken/{i}.pdf", b"%PDF-1.4\n" + bytes(draw.randrange(256) for _ in range(300)), "failed"),
        lambda i: put(f"locked/{i}.zip", locked(i), "members"),
        lambda i: put(f"broken/{i}.zip", archived(i)[:90], "failed", "members"),
        lambda i: put(f"broken/{i}.docx", b"PK\x03\x04" + bytes(draw.randrange(256) for _ in range(300)), "failed", "dropped"),
        lambda i: put(f"broken/{i}.png", b"\x89PNG\r\n\x1a\n" + bytes(200), "failed", "dropped"),
        lambda i: put(f"films/{i}.mkv", b"\x1a\x45\xdf\xa3" + bytes(draw.randrange(256) for _ in range(200)), "dropped"),
        lambda i: put(f"programs/{i}", b"\x7fELF\x02\x01\x01" + bytes(100), "dropped"),
    ]
    for i in range(files):
        if taken and i % 9 == 4:
            original = draw.choice(taken)
            put(f"zz copies/{i}{os.path.splitext(original)[1]}", (folder / original).read_bytes(), "dropped")
        elif real and i % 10 == 7:
            path = real[i // 10 % len(real)]
            data = path.read_bytes()
            if i // 10 < len(real):
                put(f"real/{i} {path.name}", data, "taken", "dropped")
            else:
                put(f"real/cut/{i} {path.name}", data[:draw.randrange(50, len(data) // 2)], "taken", "dropped", "failed", "members")
        else:
            makers[i % len(makers)](i)
            name = next(reversed(expected))
            if expected[name] == {"taken"} and name.startswith(("notes/", "code/")):
                taken.append(name)
    return expected


def accounted(report, folder, expected):
    """What is wrong with a report on the folder: lines for people, none when every file stands in it once with its fate."""
    entries, faults = {}, []
    for entry in report["inputs"]:
        source = entry["source"].removeprefix(f"{folder}/")
        if source in entries:
            faults.append(f"{source} stands in the report twice")
        entries[source] = entry
        if entry["fate"] != "taken" and not entry.get("reason"):
            faults.append(f"{source}: {entry['fate']} without a reason")
    for name, fates in expected.items():
        members = [source for source in entries if source.startswith(f"{name}!")]
        fate = "members" if members else entries[name]["fate"] if name in entries else "nothing"
        if fate not in fates:
            faults.append(f"{name}: {fate}, not {' or '.join(sorted(fates))}: {json.dumps(entries.get(name))}")
    known = set(expected)
    faults += [f"{source} is no file of the folder" for source in entries if source.split("!")[0] not in known]
    return faults
