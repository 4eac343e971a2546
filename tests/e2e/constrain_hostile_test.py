"""Schemas, expressions and grammars made to hurt: each is answered within ten seconds of a processor and 1 GB, by an example or
by an error that names the bound that it exceeds."""

import json
import resource
import subprocess
import unittest

from program import ENVIRONMENT, PROGRAM, SANITIZED, TIMEOUT, ProgramTest, main

SECONDS, BYTES = 10, 1 << 30


def names(count, prefix="p"):
    return [f"{prefix}{i}" for i in range(count)]


def ring(count, rule):
    return "root ::= r0\n" + "".join(rule(i, (i + 1) % count) for i in range(count))


def either(i):
    return {"anyOf": [{"properties": {f"a{i}": {"type": "string"}}}, {"required": [f"b{i}"]}]}


def unevaluated(i):
    return {"anyOf": [{"properties": {f"a{i}": {}}}, {"properties": {f"b{i}": {}}}]}


def if_then(i):
    return {"if": {"properties": {f"a{i}": {"const": 1}}, "required": [f"a{i}"]}, "then": {"required": [f"b{i}"]},
            "else": {"required": [f"c{i}"]}}


def doubled(i):
    return {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2}


SCHEMAS = {
    "nested too deep": '{"items":' * 100_000 + "true" + "}" * 100_000,
    "10 MB of properties": {"properties": {name: {"type": "integer"} for name in names(250_000, "a long name, number ")}},
    "50,000 that are required": {"properties": {name: {"type": "integer"} for name in names(50_000)}, "required": names(50_000)},
    "10 MB of texts": {"enum": names(400_000, "the long word, number ")},
    "10 MB of numbers": {"enum": [1.5 * i for i in range(700_000)]},
    "two lists of 50,000 numbers": {"allOf": [{"enum": [1.5 * i for i in range(50_000)]}, {"enum": [0.5 * i for i in range(50_000)]}]},
    "10 MB of objects": {"enum": [{"key": i, "word": f"word {i}"} for i in range(300_000)]},
    "2^40 alternatives": {"allOf": [either(i) for i in range(40)]},
    "2^20 of what is evaluated": {"allOf": [unevaluated(i) for i in range(20)], "unevaluatedProperties": False},
    "oneOf of 200 that are alike": {"oneOf": [{"type": "object", "properties": {"a": {"minimum": i}}, "required": ["a"]}
                                              for i in range(200)]},
    "60 conditions": {"allOf": [if_then(i) for i in range(60)]},
    "a fan of references": {"$ref": "#/$defs/d0", "$defs": {**{f"d{i}": doubled(i) for i in range(40)}, "d40": {"type": "integer"}}},
    "a long chain of references": {"$ref": "#/$defs/d0", "$defs": {**{f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(20_000)},
                                                                   "d20000": {}}},
    "25 of 30 values, each once": {"type": "array", "uniqueItems": True, "minItems": 25, "items": {"enum": list(range(30))}},
    "25 that must be there": {"allOf": [{"contains": {"const": i}} for i in range(25)]},
    "a billion items": {"type": "array", "minItems": 10**9},
    "a billion characters": {"type": "string", "minLength": 10**9},
    "a million members": {"type": "object", "minProperties": 10**6},
    "200 patterns of names": {"patternProperties": {f"a.*{i}.*b": {"minimum": i} for i in range(200)}},
    "expressions that are repeated": {"type": "string", "pattern": "^((a|a)*){1000}$"},
    "expressions that look back": {"type": "string", "pattern": "^(.*a.{18})$"},
    "expressions of five": {"type": "string", "allOf": [{"pattern": f"{c}.{{0,65535}}{c}"} for c in "abcde"]},
    "divisors": {"allOf": [{"multipleOf": divisor} for divisor in (7, 11, 13, 17, 19, 23, 29, 31, 37, 41)]},
    "exponents": '{"minimum": 1e999999999}',
}
EXPRESSIONS = {
    "stars of stars": "(a*)*b",
    "repeated": "((a|a)*){1000}",
    "groups in groups": "(" * 50_000 + "a" + ")" * 50_000,
    "counts of counts": "(((a{0,255}){0,255}){0,255}){0,255}",
}
GRAMMARS = {
    "exponentially many readings": 'root ::= root root | "a" | root root root | ""\n',
    "10 MB": "root ::= " + " | ".join(f'"word number {i}"' for i in range(450_000)) + "\n",
    "100,000 rules": "root ::= r0\n" + "".join(f'r{i} ::= "x" r{i + 1} | "y"\n' for i in range(100_000)) + 'r100000 ::= "z"\n',
    "left recursion through 1,000 rules": ring(1000, lambda i, next_: f'r{i} ::= r{next_} "x" | "y"\n'),
    "left recursion through 1,000 rules, twice": ring(1000, lambda i, next_: f'r{i} ::= r{next_} "x" | r{(7 * i + 3) % 1000} "q" | "y"\n'),
    "counts": 'root ::= ("a"{0,1000}){0,1000}\n',
    "groups in groups": "root ::= " + "(" * 100_000 + '"a"' + ")" * 100_000 + "\n",
}


def room():
    """For long command lines, which may take a fourth of the stack."""
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 26, resource.getrlimit(resource.RLIMIT_STACK)[1]))


def bound():
    room()
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))


class Hostile(ProgramTest):
    def check(self, name, *flags):
        with self.subTest(name):
            done = subprocess.run([PROGRAM, "constrain", *flags, "--examples", "1", "--json"], env=ENVIRONMENT, timeout=20 * TIMEOUT,
                                  stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=room if SANITIZED else bound)
            said = done.stderr.decode(errors="replace")
            self.assertIn(done.returncode, (0, 1, 2), said)
            out = json.loads(done.stdout.splitlines()[-1])
            if done.returncode == 0:
                self.assertEqual(len(out["examples"]) + out["unfinished"], 1)
            else:
                self.assertIn(out["error"]["category"], ("limit", "unsupported", "invalid_argument", "corrupt"), said)
                self.assertRegex(said, "[0-9]|no text meets|must be")
                self.assertNotIn("bad_alloc", said)

    def file(self, content):
        path = self.folder / "shape"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def test_schemas(self):
        for name, schema in SCHEMAS.items():
            self.check(name, "--json-schema", self.file(schema), "--any-order", "--whitespace", "any", "--digits", "0")

    def test_expressions(self):
        for name, expression in EXPRESSIONS.items():
            self.check(name, "--regex", expression)

    def test_grammars(self):
        for name, grammar in GRAMMARS.items():
            self.check(name, "--grammar", self.file(grammar))

    def test_choices(self):
        self.check("100,000 choices", *(part for word in names(100_000) for part in ("--choice", word)))


if __name__ == "__main__":
    main()
