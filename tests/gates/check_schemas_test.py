"""scripts/check_schemas counts what is handled, names what is refused or wrong, and goes on behind a schema that hangs or
crashes."""

import json
import unittest

from gate import GateTest

# Judges by the schema itself: a name for what to do, or the texts to accept.
PROGRAM = """#!/usr/bin/env python3
import json, os, sys, time
asserted = sys.argv[sys.argv.index("--format") + 1] == "assert"
spelled = "--any-order" in sys.argv
for line in open(sys.argv[sys.argv.index("--jsonl") + 1]):
    case = json.loads(line)
    what = case["schema"]
    if what == "hang":
        time.sleep(60)
    if what == "crash":
        os.abort()
    if what == "hungry":
        bytes(1 << 31)
    broken = {"error": {"category": "limit", "message": "too many"}} if what == "broken" else {}
    refused = {"pointer": "/a", "keyword": what[1:], "message": "no " + what[1:]} if what[0] == "!" else None
    accepted = [text in what and (asserted or text != '"formed"') and (spelled or text != "[1, 2]") for text in case["texts"]]
    answer = {"refused": refused, "accepted": accepted, "compile_us": 10, "mask_us": [1, 2]} | broken
    print("what?" if what == "garbled" else json.dumps(answer), flush=True)
"""


def case(name, schema, valid=(), invalid=()):
    tests = [{"description": f"test {data}", "data": data, "valid": True} for data in valid]
    tests += [{"description": f"test {data}", "data": data, "valid": False} for data in invalid]
    return {"name": name, "description": name, "schema": schema, "tests": tests}


class CheckSchemas(GateTest):
    gate = "check_schemas"

    def setUp(self):
        super().setUp()
        self.put("build/release/sheepop", PROGRAM)
        (self.tree / "build/release/sheepop").chmod(0o755)

    def cases(self, *cases, name="cases.json"):
        self.put(name, json.dumps(cases))
        return self.tree / name

    def test_right_judgements_and_refusals_pass(self):
        file = self.cases(case("one", ["1", '"\u00e9"'], valid=[1, "\u00e9"], invalid=[2]), case("two", "!not", valid=[1]))
        said = self.passes(file)
        self.assertIn("schemas: 1 of 2 schemas handled (50.0 %), 1 refused, 0 failed; of 4 data 3 judged right, "
                      "0 wrong accepts, 0 wrong rejects", said)
        self.assertIn("refused by not: 1\n    two: no not", said)
        self.assertIn("mask, us: p50 2", said)

    def test_wrong_judgements_are_named(self):
        outcome = self.tree / "outcome.json"
        said = self.refuses(self.cases(case("one", ["1", "2"], valid=[1, 3], invalid=[2])), "--json", outcome)
        self.assertIn("of 3 data 1 judged right, 1 wrong accepts, 1 wrong rejects", said)
        self.assertIn("wrong reject: one: test 3: 3", said)
        self.assertIn("wrong accept: one: test 2: 2", said)
        self.assertEqual([it["data"] for it in json.loads(outcome.read_text())[0]["wrong"]], [3, 2])

    def test_one_that_hangs_or_crashes_is_named_and_the_others_go_on(self):
        said = self.refuses(self.cases(*(case(f"good {i}", ["1"], valid=[1]) for i in range(3)), case("late", "hang"),
                                       case("good 4", ["1"], valid=[1]), case("dead", "crash"), case("odd", "garbled"), case("long", "broken", valid=[1]),
                                       case("fat", "hungry"), case("good 5", ["1"], valid=[1])),
                            "--seconds", "1", "--gigabytes", "1")
        self.assertIn("5 of 10 schemas handled (50.0 %), 0 refused, 5 failed", said)
        self.assertIn("failed: late: took more than 1.0 s", said)
        self.assertIn("failed: dead: ended with -6", said)
        self.assertIn("failed: long: limit: too many", said)
        self.assertIn("failed: odd: the answer is 'what?", said)
        self.assertRegex(said, "failed: fat: ended with 1: (.|\n)*MemoryError")

    def test_a_folder_of_the_suite_has_groups_and_formats_of_its_own(self):
        formed = case("formed", ['"formed"'], valid=["formed"])
        unformed = case("unformed", ['"formed"'], invalid=["formed"])
        wrong = case("wrong", ["1"], invalid=[1])
        for name, one in (("format.json", unformed), ("type.json", formed), ("optional/format/date.json", formed),
                          ("optional/id.json", wrong)):
            self.cases(one, name="suite/" + name)
        said = self.passes(self.tree / "suite")
        self.assertIn("required: 2 of 2", said)
        self.assertIn("optional/format: 1 of 1", said)
        self.assertIn("optional: 0 of 1", said)
        self.assertIn("wrong accept: optional/id.json: wrong: test 1", said)
        self.assertIn("wrong accept: format.json", self.refuses(self.tree / "suite", "--format", "assert"))
        self.cases(wrong, name="suite/optional/format/time.json")
        self.assertIn("optional/format: 1 of 2", self.refuses(self.tree / "suite"))

    def test_what_the_defaults_do_not_spell_is_no_fault_when_served(self):
        file = self.cases(case("list", ["[1, 2]"], valid=[[1, 2]], invalid=[3]))
        self.passes(file)
        self.passes(file, "--served")
        self.refuses(self.cases(case("list", ["1"], invalid=[1])), "--served")

    def test_what_is_not_there_is_said(self):
        self.assertIn("holds no schema named x", self.refuses(self.cases(case("one", "1")), "--only", "x"))
        self.assertIn("is no program", self.refuses(self.cases(case("one", "1")), "--program", self.tree / "none"))


if __name__ == "__main__":
    unittest.main()
