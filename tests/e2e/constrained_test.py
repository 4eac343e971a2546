"""Text in a given shape: schemas, expressions, choices and grammars on every way that a text is written."""

import json
import os
import re
import unittest

from program import LLAMA, ProgramTest, main

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "minimum": 0, "maximum": 120},
                   "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 3}},
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
ARITHMETIC = 'root ::= term ("+" term)*\nterm ::= [0-9]{1,2}\n'
LARK = 'start: "(" INSIDE ")"\nINSIDE: /[a-c]{1,4}/\n'


class Shapes(ProgramTest):
    def setUp(self):
        super().setUp()
        self.schema = self.write("person.json", json.dumps(PERSON))

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def generate(self, *arguments, count=200, seed=1):
        return self.json("generate", "-m", LLAMA, "-p", "the sheep", "-n", count, "--seed", seed, *arguments)

    def assert_person(self, out):
        self.assertEqual(out["finish_reason"], "stop", out["text"])
        person = json.loads(out["text"])
        self.assertEqual(list(person), ["name", "age", "tags"])
        self.assertLessEqual(len(person["name"]), 5)
        self.assertTrue(person["age"] == int(person["age"]) and 0 <= person["age"] <= 120, person)
        self.assertLessEqual(set(person["tags"]), {"red", "green"})
        self.assertLessEqual(len(person["tags"]), 3)

    def test_a_schema_holds_at_any_temperature_and_profile(self):
        for seed in range(4):
            for setting in (("--temperature", 0), ("--temperature", 1), ("--temperature", 5), ("--profile", "openai")):
                with self.subTest(seed=seed, setting=setting):
                    self.assert_person(self.generate("--json-schema", self.schema, *setting, seed=seed))

    def test_expressions_choices_and_grammars(self):
        shapes = [(("--regex", "[a-z]{3}-[0-9]{2}"), r"[a-z]{3}-[0-9]{2}"),
                  (("--choice", "yes", "--choice", "no, never"), r"yes|no, never"),
                  (("--grammar", self.write("sum.gbnf", ARITHMETIC)), r"[0-9]{1,2}(\+[0-9]{1,2})*"),
                  (("--grammar", self.write("in.lark", LARK)), r"\([a-c]{1,4}\)")]
        for flags, pattern in shapes:
            for temperature in (0, 2):
                with self.subTest(flags=flags, temperature=temperature):
                    out = self.generate(*flags, "--temperature", temperature)
                    whole = re.fullmatch(pattern, out["text"])
                    self.assertTrue(whole or out["finish_reason"] == "length", out)

    def test_forced_runs_give_the_text_and_the_logits_of_one_step_each(self):
        results = {}
        for way in (("--forced-runs", "run"), ("--forced-runs", "step"), ("--forced-runs", "run", "--prefill-chunk", 3),
                    ("--forced-runs", "run", "--threads", 3)):
            capsule = self.folder / "capsule.json"
            out = self.generate("--json-schema", self.schema, "--record", capsule, "--logprobs", 2, "--force", *way)
            self.assertGreater(out["timing"]["forced_tokens"], 5)
            results[way] = (out["ids"], out["logprobs"], json.loads(capsule.read_text())["sequences"])
        first = results[("--forced-runs", "run")]
        for way, result in results.items():
            with self.subTest(way=way):
                self.assertEqual(result, first)
        off = self.generate("--json-schema", self.schema, "--forced-runs", "off")
        self.assertEqual(off["timing"]["forced_tokens"], 0)
        self.assert_person(off)

    def test_a_recorded_text_is_repeated(self):
        capsule = self.folder / "capsule.json"
        self.generate("--json-schema", self.schema, "--record", capsule)
        self.assertTrue(self.json("replay", capsule)["same"])

    def test_several_sequences_and_beams(self):
        for text in self.generate("--json-schema", self.schema, "--sequences", 3)["sequences"]:
            self.assert_person(text)
        out = self.json("generate", "-m", LLAMA, "-p", "the sheep", "-n", 200, "--beams", 3, "--n-best", 3, "--json-schema", self.schema)
        for text in out["beams"]:
            if text["finish_reason"] == "stop":
                self.assert_person(text)
        self.assertEqual(out["beams"][0]["finish_reason"], "stop")

    def test_what_the_grammar_removed_is_shown(self):
        out = self.json("explain", "-m", LLAMA, "-p", "the sheep", "-n", 12, "--seed", 1, "--json-schema", self.schema, "--watch", "L")
        steps = out["steps"]
        forced = [step for step in steps if step.get("forced")]
        drawn = [step for step in steps if not step.get("forced")]
        self.assertTrue(forced and drawn)
        stage = drawn[0]["stages"][0]
        self.assertEqual(stage["name"], "grammar")
        self.assertIn('"name"', stage["why"])
        self.assertGreater(stage["removed_mass"], 0)
        removed = [token for step in drawn for token in step["watched"] if token["removed_by"] == "grammar"]
        self.assertTrue(removed and all(token["why"] for token in removed))

    def test_a_conversation_is_held_in_shape(self):
        out = self.json("chat", "-m", LLAMA, "--template", self.write("t.jinja", "{{ messages[-1].content }}:"), "-p", "Who?",
                        "--json-schema", self.schema, "--seed", 2)
        self.assert_person(out)


class Refusals(ProgramTest):
    def error_of(self, *arguments, code=1):
        return self.error("generate", "-m", LLAMA, "-p", "x", *arguments, code=code)

    def write(self, text):
        path = self.folder / "file"
        path.write_text(text)
        return path

    def test_they_name_the_place_and_the_way_out(self):
        file = self.write('{"type": "strng"}')
        cases = [(("--json-schema", file), [str(file), "type", "strng", "string"]),
                 (("--grammar", os.devnull), ["--grammar", os.devnull, "is empty"]),
                 (("--json-schema", os.devnull), ["--json-schema", os.devnull, "is empty"])]
        for arguments, words in cases:
            with self.subTest(arguments=arguments):
                message = self.error_of(*arguments, code=1)
                for word in words:
                    self.assertIn(word, message)
        cases = [(("--regex", "(a"), ["(a", "offset 0"]),
                 (("--regex", ""), ["--regex", "must be a regular expression"]),
                 (("--choice", "yes", "--min-tokens", "9"), ["min_tokens leaves no token", "may only end here"]),
                 (("--regex", "a", "--choice", "b"), ["regex", "choice"])]
        for arguments, words in cases:
            with self.subTest(arguments=arguments):
                message = self.error_of(*arguments, code=2)
                for word in words:
                    self.assertIn(word, message)

    def test_a_bias_against_all_that_the_grammar_allows_names_the_rule(self):
        message = self.error_of("--choice", "yes", "--ban", "y", "--forced-runs", "off", code=2)
        self.assertIn("leaves no token", message)
        self.assertIn("it follows", message)


if __name__ == "__main__":
    main()
