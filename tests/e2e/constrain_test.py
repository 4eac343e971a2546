"""sheepop constrain: whether texts fit a schema, an expression, a grammar or one of some choices, and where not."""

import json
import subprocess

from program import ENVIRONMENT, LLAMA, PROGRAM, TIMEOUT, ProgramTest, main, run

SUM = 'root ::= sum\nsum ::= sum "+" item | item\nitem ::= [0-9]+ | "(" sum ")"\n'
LARK = 'start: item ("," item)*\nitem: WORD\n%import common.WORD\n%ignore " "\n'


class Constrain(ProgramTest):
    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def check(self, text, *flags, fits):
        """The document for a text on standard input."""
        done = run("constrain", *flags, "--text", "-", "--json", stdin=text.encode())
        self.assertEqual((done.returncode, done.stderr), (0 if fits else 1, b""), (text, flags, done.stdout))
        out = json.loads(done.stdout)
        self.assertEqual((out["fits"], out["fault"] is None), (fits, fits), out)
        self.assertEqual(out["bytes"], len(text.encode()))
        return out


class Text(Constrain):
    def test_each_kind_of_constraint_by_bytes_and_by_tokens(self):
        schema = self.file("schema.json", '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}')
        kinds = ((("--regex", "[a-c]+x?"), ("abcx", "a"), ("", "d", "axx")),
                 (("--choice", "red", "--choice", "green"), ("red", "green"), ("re", "redgreen", "blue")),
                 (("--grammar", self.file("sum.gbnf", SUM)), ("1", "12+(3+4)"), ("", "1+", "(1")),
                 (("--grammar", self.file("list.lark", LARK)), ("a", "one, two ,three"), ("a,", "1")),
                 (("--json-schema", schema), ('{"a": 1}', '{"a":-20}'), ("{}", '{"a": "1"}', '{"a": 1')))
        for flags, good, bad in kinds:
            for model in ((), ("-m", LLAMA)):
                for text in good + bad:
                    with self.subTest(flags=flags, model=model, text=text):
                        out = self.check(text, *flags, *model, fits=text in good)
                        self.assertEqual(out["tokens"] is None, not model)

    def test_where_a_text_leaves_the_grammar(self):
        grammar = self.file("sum.gbnf", SUM)
        fault = self.check("1+2\u00e9", "--regex", r"1\+2x", fits=False)["fault"]
        self.assertEqual((fault["byte"], fault["line"], fault["column"], fault["found"]), (3, 1, 4, "\u00e9"))
        self.assertEqual(fault["allowed"], ['"x"'])
        fault = self.check("(1+\n", "--grammar", grammar, "-m", LLAMA, fits=False)["fault"]
        self.assertEqual((fault["byte"], fault["line"], fault["column"], fault["found"]), (3, 1, 4, "\n"))
        self.assertIn("item", fault["following"])
        self.assertEqual(fault["allowed"], ['"("', '"0" to "9"'])
        self.assertEqual(fault["token"]["piece"], "\n")
        fault = self.check("a\nb\u00e9cX", "--regex", "a\nb[^x]c[a-z]", fits=False)["fault"]
        self.assertEqual((fault["byte"], fault["line"], fault["column"]), (6, 2, 4))
        unfinished = self.check("1+", "--grammar", grammar, fits=False)["fault"]
        self.assertEqual((unfinished["byte"], unfinished["found"], unfinished["token"]), (2, "", None))
        more = self.check("12x", "--regex", "[0-9]+", fits=False)["fault"]
        self.assertEqual(more["allowed"], ['"0" to "9"', "the end of the text"])

    def test_for_people(self):
        path = self.file("text", "(1+2")
        grammar = self.file("sum.gbnf", SUM)
        done = run("constrain", "--grammar", grammar, "--text", path)
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0], "does not fit: byte 4, line 1, column 5: the text ends")
        self.assertEqual(lines[-1].split(maxsplit=1), ["allowed", '")", "+", "0" to "9"'])
        self.assertEqual(self.text("constrain", "--regex", ".*", "--text", path), "fits: 4 bytes\n")
        self.assertEqual(self.text("constrain", "--regex", ".*", "--text", path, "-m", LLAMA), "fits: 4 bytes, 4 tokens\n")

    def test_bytes_that_are_no_text(self):
        done = run("constrain", "--regex", ".*", "--text", "-", "--json", stdin=b"ab\xff")
        self.assertEqual((done.returncode, json.loads(done.stdout)["fault"]["byte"]), (1, 2))

    def test_wrong_flags_and_grammars(self):
        path = self.file("text", "a")
        flags = ("constrain", "--json", "--text", path)
        self.assertIn("--regex", self.error(*flags, code=2))
        self.assertIn("--text", self.error("constrain", "--json", "--regex", "a", code=2))
        self.assertIn("--jsonl", self.error(*flags, "--regex", "a", "--jsonl", path, code=2))
        self.assertIn("schemas of their own", self.error("constrain", "--json", "--jsonl", path, "--regex", "a", code=2))
        self.error(*flags, "--regex", "a", "--choice", "b", code=2)
        self.error(*flags, "--regex", "(", code=2)
        self.assertIn("--repeat", self.error(*flags, "--regex", "a", "--repeat", 2, code=2))
        self.assertIn("--masks anew", self.error("constrain", "--json", "--jsonl", path, "--repeat", 2, code=2))
        self.assertIn("line 2, column 3", self.error(*flags, "--grammar", self.file("g", 'root ::= "a"\nb "c"')))
        self.assertIn("no text", self.error(*flags, "--grammar", self.file("g", 'root ::= root "a"')))
        schema = self.file("s", '{"type": "objekt"}')
        self.assertIn(f"{schema}: the schema", self.error(*flags, "--json-schema", schema))
        good = self.file("s", '{"type": "object"}')
        self.error(*flags, "--json-schema", good, "--regex", "a", code=2)
        self.assertIn("nowhere", self.error("constrain", "--json", "--regex", "a", "--text", self.folder / "nowhere"))
        self.assertIn("nowhere", self.error("constrain", "--json", "--jsonl", self.folder / "nowhere"))


class Examples(Constrain):
    def test_they_fit_and_are_those_of_the_seed(self):
        schema = self.file("schema.json", json.dumps({"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}},
                                                      "required": ["name"], "minProperties": 2}))
        kinds = (("--regex", "[a-c]+x?"), ("--choice", "red", "--choice", "green"), ("--json-schema", schema),
                 ("--json-schema", schema, "--any-order", "--whitespace", "any"), ("--grammar", self.file("list.lark", LARK)))
        for flags in kinds:
            for model in ((), ("-m", LLAMA)):
                with self.subTest(flags=flags, model=model):
                    drawn = [json.loads(self.text("constrain", *flags, *model, "--examples", 8, "--seed", seed, "--json"))
                             for seed in (1, 1, 2)]
                    self.assertEqual(drawn[0], drawn[1])
                    self.assertNotEqual(drawn[0], drawn[2])
                    self.assertEqual((len(drawn[0]["examples"]), drawn[0]["unfinished"]), (8, 0))
                    for text in drawn[0]["examples"][:3]:
                        self.check(text, *flags, fits=True)

    def test_a_line_each_and_those_without_an_end_are_told(self):
        self.assertEqual(self.text("constrain", "--choice", "red", "--examples", 2), "red\nred\n")
        done = run("constrain", "--regex", "a{30000}", "--examples", 2)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertIn(b"2 of 2 examples are left out", done.stderr)

    def test_wrong_flags(self):
        self.assertIn("--examples", self.error("constrain", "--json", code=2))
        self.assertIn("--regex", self.error("constrain", "--json", "--examples", 1, code=2))
        self.assertIn("--examples", self.error("constrain", "--json", "--regex", "a", "--text", "-", "--examples", 1, code=2))
        self.assertIn("--seed", self.error("constrain", "--json", "--regex", "a", "--text", "-", "--seed", 1, code=2))
        self.error("constrain", "--json", "--regex", "a", "--examples", 0, code=2)


class Lines(Constrain):
    def lines(self, lines, *flags):
        path = self.file("lines.jsonl", "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
        return [json.loads(line) for line in self.text("constrain", "--jsonl", path, *flags).splitlines()]

    def test_verdicts_and_times(self):
        one = {"schema": {"type": "array", "items": {"type": "integer"}}, "texts": ["[1, 2]", "[1.5]", "[]", '["a"]']}
        for flags in ((), ("-m", LLAMA), ("-m", LLAMA, "--masks", "anew", "--repeat", 3)):
            with self.subTest(flags=flags):
                out, = self.lines([one], "--any-order", "--whitespace", "any", "--digits", 0, *flags)
                self.assertEqual((out["refused"], out["accepted"]), (None, [True, False, True, False]))
                self.assertGreater(out["compile_us"], 0)
                self.assertEqual(len(out["mask_us"]) > 4, bool(flags), out["mask_us"])
                self.assertTrue(all(us >= 0 for us in out["mask_us"]))
                self.assertNotIn("error", out)

    def test_a_fault_is_its_line_s_alone(self):
        good = {"schema": {"type": "null"}, "texts": ["null", "0"]}
        outs = self.lines([good, "no JSON\n", "\n", {"schema": {}}, {"schema": {}, "texts": [1]},
                           {"schema": {"type": "objekt"}, "texts": ["1"]}, good])
        self.assertEqual([out["accepted"] for out in outs], [[True, False], [], [], [], [], [True, False]])
        self.assertEqual([out.get("line") for out in outs], [None, 2, 4, 5, None, None])
        self.assertIn("line 2", outs[1]["error"]["message"])
        self.assertIn("texts", outs[2]["error"]["message"])
        self.assertEqual(outs[4]["refused"]["keyword"], "type")

    def test_a_schema_is_refused_by_pointer_and_keyword_or_kept_as_far_as_possible(self):
        line = {"schema": {"properties": {"a": {"pattern": r"(a)\1"}}}, "texts": ['{"a": "aa"}']}
        refused, = self.lines([line])
        self.assertEqual((refused["refused"]["pointer"], refused["refused"]["keyword"]), ("/properties/a", "pattern"))
        self.assertEqual(refused["accepted"], [])
        lenient, = self.lines([line], "--lenient")
        self.assertEqual((lenient["refused"], lenient["accepted"]), (None, [True]))
        self.assertEqual(lenient["not_enforced"][0]["keyword"], "pattern")

    def test_examples_of_each_schema(self):
        fits, empty = self.lines([{"schema": {"enum": ["red", True]}}, {"schema": False}], "--examples", 20)
        self.assertEqual((set(fits["examples"]), fits["unfinished"], fits["accepted"]), ({'"red"', "true"}, 0, []))
        self.assertEqual((empty["refused"]["pointer"], "examples" in empty), ("", False))
        without, = self.lines([{"schema": {}, "texts": ["1"]}])
        self.assertNotIn("examples", without)

    def test_each_line_is_answered_at_once(self):
        with subprocess.Popen([PROGRAM, "constrain", "--jsonl", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=ENVIRONMENT) as process:
            for text, accepted in (("true", [True]), ("1", [False])):
                process.stdin.write(json.dumps({"schema": {"const": True}, "texts": [text]}).encode() + b"\n")
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["accepted"], accepted)
            process.stdin.close()
            self.assertEqual(process.wait(TIMEOUT), 0)


if __name__ == "__main__":
    main()
