"""What stands on the page stands in the corpus: documents whose text is known, and how far the corpus may be from it."""

import json
import pathlib
import shutil
import sys

from program import DATA, ProgramTest, main

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/documents"))
from score import score, without_marks

DOCUMENTS = DATA / "documents"
CLASSES = json.loads((DOCUMENTS / "classes.json").read_text())

# Word errors and order errors that all documents of a class may have together. The converters of Debian 12 give none but 4
# in scans; others may differ a little.
BOUNDS = {kind: (4, 2) for kind in CLASSES.values()} | {"ocr": (25, 4)}


class Score(ProgramTest):
    TRUTH = "The mill at Holm stood where the brook leaves the wood, and its wheel turned to the left.\n\nA bell hung in it."

    def test_nothing_is_wrong_with_the_truth(self):
        words = len(self.TRUTH.split())
        self.assertEqual(score(self.TRUTH, self.TRUTH), (0, 0, words))
        self.assertEqual(score(self.TRUTH, "  " + self.TRUTH.replace(" ", "\n\t")), (0, 0, words), "white space is one separator")
        self.assertEqual(score("caf\u00e9", "cafe\u0301"), (0, 0, 1))
        for name in CLASSES:
            truth = (DOCUMENTS / f"{name}.txt").read_text()
            self.assertEqual(score(truth, truth)[:2], (0, 0), name)

    def test_words_that_are_wrong_missing_and_added(self):
        found = self.TRUTH.replace("mill", "Mill").replace("the brook leaves ", "").replace("bell", "bell that rang")
        self.assertEqual(score(self.TRUTH, found)[:2], (1 + 3 + 2, 0))

    def test_a_line_in_another_place(self):
        found = "A bell hung in it. " + self.TRUTH.removesuffix("\n\nA bell hung in it.")
        self.assertEqual(score(self.TRUTH, found)[:2], (10, 5), "five words taken away and put in elsewhere")

    def test_columns_read_across(self):
        left, right = [f"l{i}" for i in range(10)], [f"r{i}" for i in range(10)]
        truth = " ".join(left + right)
        found = " ".join(word for pair in zip(left, right) for word in pair)
        self.assertEqual(score(truth, found), (18, 9, 20))


class Documents(ProgramTest):
    def test_the_corpus_says_what_the_documents_say(self):
        for program in ("pdftotext", "tesseract", "pandoc"):
            if not shutil.which(program):
                self.skipTest(f"{program} is not installed")
        corpus = self.folder / "corpus"
        inputs = [DOCUMENTS / name for name in CLASSES]
        # Several of them say the same; what each holds is looked at alone.
        self.json("ingest", *inputs, "-o", corpus, "--no-exact-duplicates", "--no-near-duplicates", "--no-duplicate-paragraphs")
        lines = self.text("corpus", "sample", corpus, "-n", "1000", "--json").splitlines()
        texts = {pathlib.Path(document["source"]).name: document["text"] for document in map(json.loads, lines)}
        self.assertEqual(set(texts), set(CLASSES))
        for kind in sorted(set(CLASSES.values())):
            with self.subTest(kind):
                each = {name: score(without_marks((DOCUMENTS / f"{name}.txt").read_text()), without_marks(texts[name]))[:2] for name in CLASSES if CLASSES[name] == kind}
                wrong, moved = (sum(errors[i] for errors in each.values()) for i in range(2))
                self.assertLessEqual(wrong, BOUNDS[kind][0], each)
                self.assertLessEqual(moved, BOUNDS[kind][1], each)


if __name__ == "__main__":
    main()
