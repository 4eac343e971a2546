"""sheepop ingest and sheepop corpus: a person's documents become a corpus, and the corpus can be looked into."""

import gzip
import json
import os
import shutil
import subprocess
import time

import mixed_folder
from program import DATA, ENVIRONMENT, ProgramTest, main, run

TALE = "Once upon a time there was a shepherd who counted his sheep each night, and each night there was one more of them.\n"


class Ingest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.papers = self.folder / "papers"
        self.papers.mkdir()
        (self.papers / "tale.txt").write_text(TALE)
        (self.papers / "copy.txt").write_text(TALE)
        (self.papers / "letter.md").write_text("# Letter\n\nWrite to shepherd@example.com or +49 30 1234567.\n")
        (self.papers / "count.py").write_text("def count(sheep):\n    return len(sheep)  \n")
        (self.papers / "notes.jsonl").write_text('{"text": "first note"}\nbroken\n{"text": "second note"}\n')
        (self.papers / "old.txt.gz").write_bytes(gzip.compress("Grüße aus Zürich, sagte der Hirte.".encode("latin-1"), mtime=0))
        (self.papers / "film.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(200))
        self.age(self.papers)
        self.corpus = self.folder / "corpus"

    def age(self, folder):
        """Files that changed a moment ago are read again by the next run."""
        then = time.time() - 3600
        for path in folder.iterdir():
            os.utime(path, (then, then))

    def ingest(self, *more, out=None):
        return self.json("ingest", self.papers, "-o", out or self.corpus, *more)

    def documents(self, corpus=None):
        lines = self.text("corpus", "sample", corpus or self.corpus, "-n", "1000", "--json").splitlines()
        found = [json.loads(line) for line in lines]
        return {document["source"].removeprefix(f"{self.papers}/"): document for document in found}

    def test_what_becomes_of_each_input(self):
        out = self.ingest()
        self.assertEqual((out["taken"], out["dropped"], out["failed"]), (6, 2, 1))
        documents = self.documents()
        self.assertEqual(set(documents), {"copy.txt", "letter.md", "count.py", "notes.jsonl#1", "notes.jsonl#3", "old.txt.gz"})
        self.assertEqual(documents["count.py"]["text"], "def count(sheep):\n    return len(sheep)  \n")
        self.assertEqual(documents["count.py"]["programming_language"], "python")
        self.assertEqual(documents["old.txt.gz"]["text"], "Grüße aus Zürich, sagte der Hirte.")
        report = json.loads((self.corpus / "report.json").read_text())
        entries = {entry["source"].removeprefix(f"{self.papers}/"): entry for entry in report["inputs"]}
        self.assertEqual(len(report["inputs"]), len(entries))
        self.assertEqual(entries["tale.txt"]["step"], "exact_duplicates")
        self.assertIn("copy.txt", entries["tale.txt"]["reason"])
        self.assertEqual(entries["film.mkv"]["fate"], "dropped")
        self.assertEqual(entries["notes.jsonl"]["failed"], 1)
        self.assertEqual(report["totals"]["documents_sha256"], out["documents_sha256"])

    def test_lines_of_json_for_any_tool(self):
        self.ingest()
        if not shutil.which("zstd"):
            self.skipTest("zstd is not installed")
        lines = subprocess.run(["zstd", "-dc", self.corpus / "documents.jsonl.zst"], stdout=subprocess.PIPE, check=True).stdout
        documents = [json.loads(line) for line in lines.decode().splitlines()]
        self.assertEqual(len(documents), 6)
        self.assertEqual({tuple(document) for document in documents},
                         {("id", "source", "sha256", "kind", "programming_language", "language", "license", "characters", "pages",
                           "ocr_confidence", "text")})

    def test_second_run_and_removed_inputs(self):
        first = self.ingest()
        self.assertEqual(self.ingest("--workers", "1"), first)
        (self.papers / "tale.txt").unlink()
        (self.papers / "letter.md").unlink()
        self.ingest()
        self.assertNotIn("letter.md", self.documents())
        fresh = self.ingest(out=self.folder / "fresh")
        for name in ("documents.jsonl.zst", "report.json"):
            self.assertEqual((self.corpus / name).read_bytes(), (self.folder / "fresh" / name).read_bytes())
        self.assertEqual(fresh["taken"], 5)

    def test_filters_and_replacements(self):
        self.ingest("--replace-emails", "--replace-phones", "--keep-language", "en")
        documents = self.documents()
        self.assertEqual(documents["letter.md"]["text"], "# Letter\n\nWrite to [email] or [phone].\n")
        self.assertNotIn("old.txt.gz", documents)
        self.assertIn("count.py", documents)

    def test_table_and_plan_for_people(self):
        table = self.text("ingest", self.papers, "-o", self.corpus)
        for words in ("documents", "tokens, estimated", "Duplicates", "Largest sources", f"Sources are named below {self.papers}/",
                      "  notes.jsonl#2: ", "of text can feed", "next: sheepop train"):
            self.assertIn(words, table)
        self.assertNotIn("can feed", self.text("ingest", self.papers, "-o", self.corpus, "--no-plan"))

    def test_looking_into_a_corpus(self):
        self.ingest()
        hits = [json.loads(line) for line in self.text("corpus", "search", self.corpus, "SHEEP", "--json").splitlines()]
        self.assertEqual([(hit["source"].rsplit("/")[-1], hit["line"]) for hit in hits],
                         [("copy.txt", 1), ("count.py", 1), ("count.py", 2)])
        shown = self.text("corpus", "show", self.corpus, hits[0]["id"])
        self.assertIn(TALE, shown)
        self.assertEqual(self.text("corpus", "show", self.corpus, self.papers / "copy.txt"), shown)
        self.assertEqual(self.text("corpus", "sample", self.corpus, "-n", "2", "--seed", "5"),
                         self.text("corpus", "sample", self.corpus, "-n", "2", "--seed", "5"))
        self.assertIn("holds no document nothing", self.error("corpus", "show", self.corpus, "nothing"))
        self.assertIn(str(self.folder / "absent"), self.error("corpus", "sample", self.folder / "absent"))
        self.assertEqual(self.text("corpus", "search", self.corpus, "wolf"), "")

    def test_a_document_as_a_page(self):
        self.ingest("--replace-emails")
        page = self.folder / "letter.html"
        told = self.text("corpus", "show", self.corpus, self.papers / "letter.md", "--html", page)
        self.assertEqual(told, f"{page} is written; open it in a browser\n")
        self.assertIn('<del title="removed by replace_emails">shepherd@example.com</del>'
                      '<ins title="added by replace_emails">[email]</ins>', page.read_text())
        self.assertIn("--force", self.error("corpus", "show", self.corpus, self.papers / "letter.md", "--html", page))
        out = self.json("corpus", "show", self.corpus, f"{self.papers}/notes.jsonl#3", "--html", page, "--force")
        self.assertEqual((out["html"], out["pages"], out["bytes"]), (str(page), None, page.stat().st_size))
        self.assertIn("second note", page.read_text())
        self.assertIn("--page is 2", self.error("corpus", "show", self.corpus, self.papers / "count.py", "--html", page, "--force",
                                                "--page", "2", code=2))
        self.assertIn("give --html FILE", self.error("corpus", "show", self.corpus, self.papers / "count.py", "--pages", "2", code=2))
        (self.papers / "count.py").write_text("changed")
        self.assertIn("has changed since", self.error("corpus", "show", self.corpus, self.papers / "count.py", "--html", page, "--force"))
        self.assertEqual(list(self.folder.glob("*partial*")), [])

    def test_a_mixed_folder_is_accounted_for(self):
        """SHEEPOP_MIXED_FILES=1000 makes it as large as people have them."""
        folder = self.folder / "mixed"
        expected = mixed_folder.make(folder, int(os.environ.get("SHEEPOP_MIXED_FILES", "200")), DATA / "documents")
        (folder / "link.txt").symlink_to("notes/0.txt")
        os.mkfifo(folder / "pipe")
        (folder / "nowhere").symlink_to("not there")
        totals = None
        for workers in ("1", "3"):
            done = run("ingest", folder, "-o", self.folder / workers, "--workers", workers, "--no-ocr", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            out = json.loads(done.stdout)  # with warnings of words that a cut page lacks
            report = json.loads((self.folder / workers / "report.json").read_text())
            self.assertEqual(mixed_folder.accounted(report, folder, expected | self.odd(report, folder)), [])
            self.assertEqual(out["inputs"], out["taken"] + out["dropped"] + out["failed"])
            self.assertIn(totals, (None, report["totals"]))
            totals = report["totals"]

    def odd(self, report, folder):
        """What stands in the report of links and pipes, which are left out with a reason."""
        names = {entry["source"].removeprefix(f"{folder}/") for entry in report["inputs"]} & {"link.txt", "pipe", "nowhere"}
        self.assertIn("pipe", names)
        return {name: {"dropped", "failed"} for name in names}

    def test_a_field_that_no_record_has(self):
        message = self.error("ingest", self.papers, "-o", self.corpus, "--field", "nosuch", "--json")
        self.assertIn("no record has a field `nosuch`", message)
        self.assertIn("text", message.split("one of those it has: ")[1])
        self.ingest("--field", "text")

    def test_show_says_why_there_is_no_document(self):
        self.ingest()
        self.assertIn("the same text as", self.error("corpus", "show", self.corpus, "tale.txt"))
        self.assertIn("film.mkv was dropped: ", self.error("corpus", "show", self.corpus, "film.mkv"))
        message = self.error("corpus", "show", self.corpus, "notes.jsonl")
        self.assertIn(f"it gave 2 documents, {self.papers}/notes.jsonl#1 to {self.papers}/notes.jsonl#3", message)
        self.assertNotIn("(", self.error("corpus", "show", self.corpus, "nosuch.txt"))

    def test_dry_run(self):
        files = {file["source"].rsplit("/")[-1]: file for file in self.json("ingest", self.papers, "--dry-run")["files"]}
        self.assertEqual({name: file["kind"] for name, file in files.items()},
                         {"tale.txt": "text", "copy.txt": "text", "letter.md": "markdown", "count.py": "code", "notes.jsonl": "jsonl",
                          "old.txt.gz": "compressed", "film.mkv": "unsupported"})
        self.assertEqual(files["film.mkv"]["reader"], None)
        self.assertIn("sound or film", files["film.mkv"]["reason"])
        self.assertIn(f"jsonl       {self.papers}/notes.jsonl: a document a line\n", self.text("ingest", self.papers, "--dry-run"))
        self.assertFalse(self.corpus.exists())

    def test_words_that_a_converter_loses_are_told(self):
        if not shutil.which("pandoc"):
            self.skipTest("pandoc is not installed")
        (self.papers / "drawn.tex").write_text("\\documentclass{article}\\begin{document}A picture of sheep:\n"
                                               "\\begin{tikzpicture}\\node {seldom};\\end{tikzpicture}\\end{document}\n")
        done = run("ingest", self.papers, "-o", self.corpus, "--json")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout)["warnings"],
                         [{"code": "words_missing", "thing": f"{self.papers}/drawn.tex", "value": "1 of 5"}])
        self.assertIn("1 of the 5 words of its source are missing in the text: seldom", done.stderr.decode())

    def test_nothing_taken(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn(f"there is no file in {empty};", self.error("ingest", empty, "-o", self.corpus))
        done = run("ingest", self.papers / "film.mkv", "-o", self.corpus, "--json")
        self.assertEqual(done.returncode, 1)
        document = json.loads(done.stdout)
        self.assertEqual((document["taken"], document["dropped"]), (0, 1))
        self.assertIn("report.json says why", document["error"]["message"])

    def test_errors(self):
        self.assertIn("absent", self.error("ingest", self.folder / "absent", "-o", self.corpus, "--json"))
        self.error("ingest", self.papers, code=2)
        self.assertIn("--ocr-dpi is 7, must be 72 to 600", self.error("ingest", self.papers, "-o", self.corpus, "--ocr-dpi", "7", code=2))


if __name__ == "__main__":
    main()
