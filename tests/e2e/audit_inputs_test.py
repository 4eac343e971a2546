"""No field of the other files that are read is ignored in silence: tokenizers, corpora, shards and their lists, indexes of
weights, configurations in TOML, keys, schemas and grammars. Whatever happens to one shows in the result, the exit code, or in
what is told of it by its name."""

import copy
import json
import shutil
import struct
import subprocess

import audit_fixtures
from audit import ABSURD, Result, comparable, options_of, run_in_folder
from audit_lines import LINES
from audit_fields_test import EXCUSED, GONE, TEXT, FieldsTest, other_values
from gguf_file import ARRAY, BOOL, STRING, GgufFile
from program import LLAMA, PROGRAM, TINY, main

TAKE_MANY = {"held-out", "special", "beside", "model", "allowed-host", "cors", "alias"}
TAKE_TEXT = TAKE_MANY | {"from", "tokenizer", "template", "split", "host", "api-key-file", "tls-cert", "tls-key", "follow"}  # or the name of a file, which is read later
MANY = 40  # members of an object that are a vocabulary, not fields


def places_of(value, before=()):
    """Every field of nested objects as a tuple of steps; of lists and vocabularies the first."""
    if isinstance(value, dict):
        names = list(value) if len(value) < MANY else list(value)[:1]
        for name in names:
            yield (*before, name)
            yield from places_of(value[name], (*before, name))
    elif isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        yield from places_of(value[0], (*before, 0))


def changed_at(document, place, other):
    """A copy with another value there, or without it."""
    copied = copy.deepcopy(document)
    holder = copied
    for step in place[:-1]:
        holder = holder[step]
    if other is GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = other
    return copied


def at(document, place):
    for step in place:
        document = document[step]
    return document


def zstd_of(lines):
    """Lines of JSON in frames as they are, without compression."""
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    assert len(data) < 1 << 17
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + (len(data) << 3 | 1).to_bytes(3, "little") + data


class Inputs(FieldsTest):
    """`runs`: the commands that a file is tried with, which return results."""

    def check_places(self, kind, document, write, runs, more=(), skipped=()):
        """Each field of a JSON document, and `more` that nothing knows: {place: value}."""
        write(document)
        before = runs()
        self.assertTrue(any(result.code == 0 for result in before), before)
        for place, value in dict(more).items():
            write(changed_at(document, place, value))
            with self.subTest(field=f"{kind} {'.'.join(map(str, place))}, which is no part of it"):
                self.check_noticed(kind, self.excused(kind, place), "given", self.seen(place, before, runs()))
        for place in places_of(document):
            if place[-1] in skipped:
                continue
            name = ".".join(map(str, place))
            for how, other in other_values(at(document, place)):
                write(changed_at(document, place, other))
                with self.subTest(field=f"{kind} {name} {how}"):
                    self.check_noticed(kind, self.excused(kind, place), how, self.seen(place, before, runs()))
        write(document)
        return before

    def excused(self, kind, place):
        """The name of a field, or of what it is part of where that is excused."""
        names = [".".join(map(str, place[:size])) for size in range(1, len(place) + 1)]
        return next((name for name in names if (kind, name) in EXCUSED), names[-1])

    def seen(self, place, before, after):
        """Some result is another one, or what is told names the field, or what it is part of, and is another thing."""
        names = [step for step in place if isinstance(step, str)]
        names += [f"{before_it}{'[]' if len(place) > 2 and place[-2] == 0 else ''}.{place[-1]}" for before_it in names[:-1]]
        return any(a.changed_from(b) or a.told != b.told and any(a.tells_of(name) for name in names) for b, a in zip(before, after))

    def check_tokenizer(self, family, document=None):
        model = self.folder / family
        shutil.copytree(TINY / family, model, ignore=shutil.ignore_patterns("*.gguf", "golden*"))
        path = model / "tokenizer.json"
        if document:
            (model / "tokenizer_config.json").write_text("{}")
        document = document or json.loads(path.read_text())

        def runs():
            return [run_in_folder(["tokenize", "-m", model, "-p", TEXT, "--special", "--json"]),
                    run_in_folder(["tokenize", "-m", model, "--decode", "--ids", "3,4,5,7,8,9,10", "--json"]),
                    run_in_folder(["convert", model, "-o", "x.gguf", "--json"])]

        more = {("model", "no_such_key"): 1, ("added_tokens", 0, "no_such_key"): 1}
        for part in ("pre_tokenizer", "normalizer", "decoder", "post_processor"):
            if document.get(part):
                more[part, "no_such_key"] = 1
        self.check_places("tokenizer.json", document, lambda changed: path.write_text(json.dumps(changed)), runs, more)

    def test_tokenizer_of_bytes(self):
        self.check_tokenizer("llama")

    def test_tokenizer_of_steps(self):
        self.check_tokenizer("gpt_oss")

    def test_tokenizer_of_scores(self):
        """A unigram vocabulary whose spaces are U+2581, with every step that such files have."""
        space = "\u2581"
        pieces = ["<unk>", "<s>", "</s>", space, *(f"<0x{byte:02X}>" for byte in range(256)), "a", "b", f"{space}b", ". ", "caf", "12", "345", "45", "A"]
        self.check_tokenizer("llama", {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": id, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
                             for id, name in enumerate(pieces[:3])],
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
            "pre_tokenizer": {"type": "Metaspace", "replacement": space, "prepend_scheme": "always", "split": True},
            "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                               "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
            "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": space}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
                                                         {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab": [[piece, -float(i)] for i, piece in enumerate(pieces)]}})

    def test_own_tokenizer(self):
        words = self.folder / "words.txt"
        words.write_text("Once upon a time there was a sheep. " * 60)
        audit_fixtures.done("train", words, "-o", self.folder / "tok", "--tokenizer-only", "--vocab-size", 300)
        [path] = [found for found in (self.folder / "tok", self.folder / "tok" / "tokenizer.gguf") if found.is_file()]
        file = GgufFile(path)

        def runs():
            return [run_in_folder(["tokenize", "-m", path, "-p", TEXT, "--special", "--json"]),
                    run_in_folder(["tokenize", "-m", path, "--decode", "--ids", "3,4,5,40,50,60,70", "--json"]), run_in_folder(["inspect", path, "--json"]),
                    run_in_folder(["corpus", "shards", words, "--tokenizer", path, "-o", "shards", "--json"])]

        file.write_changed(path, {"tokenizer.ggml.no_such_key": (4, 1)})
        file = GgufFile(path)
        before = runs()
        self.assertEqual(before[0].code, 0, before)
        for key, (kind, value) in file.metadata.items():
            absurd = (kind, "@@") if kind == STRING else (kind, (value[0], value[1][:1])) if kind == ARRAY else (kind, not value) if kind == BOOL else (4, 2**32 - 2)
            for how, other in (("absurd", absurd), ("of another type", (ARRAY, (4, [7]))), ("gone", None)):
                file.write_changed(path, {key: other})
                with self.subTest(field=f"tokenizer {key} {how}"):
                    self.check_noticed("tokenizer", key, how, self.seen((key,), before, runs()))

    def test_corpus(self):
        folder = self.folder / "corpus"
        audit_fixtures.documents(self.folder / "texts")
        audit_fixtures.done("ingest", self.folder / "texts", "-o", folder)
        packed = folder / "documents.jsonl.zst"
        lines = [json.loads(line) for line in subprocess.run(["zstd", "-dc", packed], check=True, stdout=subprocess.PIPE).stdout.splitlines()]

        def runs():
            shown = next((str(line["source"]) for line in self.lines if isinstance(line.get("source"), str)), "")
            return [run_in_folder(["corpus", "show", folder, shown, "--json"]), run_in_folder(["corpus", "sample", folder, "--count", 1, "--json"]),
                    run_in_folder(["corpus", "search", folder, "Document", "--json"]),
                    run_in_folder(["corpus", "shards", folder, "--tokenizer", LLAMA, "-o", "shards", "--json"])]

        def write(document):
            self.lines = [document, *lines[1:]]
            packed.write_bytes(zstd_of(self.lines))

        self.check_places("corpus", lines[0], write, runs, {("no_such_field",): 1})

    def test_shards(self):
        """Whatever byte of a shard is another one, and whatever file is gone, is told; so are the fields of split.json."""
        words = self.folder / "words.txt"
        words.write_text("Once upon a time there was a sheep. " * 60)
        folder = self.folder / "shards"
        audit_fixtures.documents(self.folder / "texts")
        audit_fixtures.done("ingest", self.folder / "texts", "-o", self.folder / "corpus")
        audit_fixtures.done("corpus", "shards", self.folder / "corpus", "--tokenizer", LLAMA, "-o", folder, "--held-out", "3.txt")

        def learned():
            return run_in_folder(["train", folder, "-o", "m.gguf", "--warmup", 1, "--layers", 1, "--hidden", 16, "--heads", 2, "--context", 8, "--batch", 2,
                                  "--sample-tokens", 0, "--threads", 1, "--steps", 1, "--json"], skipped=("options.toml",))

        before = learned()
        self.assertEqual(before.code, 0, before)
        for name in ("train.tokens", "held-out.tokens"):
            path = folder / name
            whole = path.read_bytes()
            for part, place in (("magic", 0), ("version", 8), ("width", 12), ("a token", 16), ("an end", -200), ("documents", -160), ("tokens", -152),
                                ("text bytes", -144), ("vocabulary size", -136), ("tokenizer", -128), ("checksum", -64), ("the last byte", -1)):
                place %= len(whole)
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
                with self.subTest(field=f"{name}: {part}"):
                    after = learned()
                    self.assertNotEqual(after.code, 0, after)
                    self.assertIn(str(path), after.told.replace("FOLDER", str(folder)))
            path.write_bytes(whole)
        for name in ("train.tokens", "held-out.tokens", "tokenizer.gguf", "split.json"):
            kept = (folder / name).read_bytes()
            (folder / name).unlink()
            with self.subTest(field=f"{name} gone"):
                after = learned()
                self.assertTrue(after.code != 0 or after.tells_of(name), after)
            (folder / name).write_bytes(kept)

        def runs():
            return [learned()]

        split = folder / "split.json"
        self.check_places("split.json of shards", json.loads(split.read_text()), lambda changed: split.write_text(json.dumps(changed)), runs,
                          {("no_such_key",): 1, ("learned", 0, "no_such_key"): 1})

    def test_split_of_a_run(self):
        """What a run wrote of its texts is read when its corpus is another one."""
        audit_fixtures.documents(self.folder / "texts")
        audit_fixtures.done("ingest", self.folder / "texts", "-o", self.folder / "corpus")
        train = ["train", self.folder / "corpus", "-o", self.folder / "m.gguf", "--warmup", 1, "--layers", 1, "--hidden", 16, "--heads", 2, "--context", 8,
                 "--batch", 2, "--sample-tokens", 0, "--threads", 1, "--steps", 1, "--json"]
        audit_fixtures.done(*train)
        (self.folder / "texts" / "9.txt").write_text("One more document, which tells of a goat that nobody had seen before.\n")
        audit_fixtures.done("ingest", self.folder / "texts", "-o", self.folder / "corpus")
        split = self.folder / "m.run" / "split.json"

        def runs():
            return [Result(0, "", "")] + [run_in_folder(train)]

        self.check_places("split.json of a run", json.loads(split.read_text()), lambda changed: split.write_text(json.dumps(changed)), runs,
                          {("no_such_key",): 1, ("learned", 0, "no_such_key"): 1})

    def test_index_of_weights(self):
        model = self.folder / "model"
        shutil.copytree(TINY / "llama", model, ignore=shutil.ignore_patterns("*.gguf", "golden*"))
        whole = (model / "model.safetensors").rename(model / "model-00001-of-00001.safetensors")
        data = whole.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + size])
        names = [name for name in header if name != "__metadata__"]
        bytes_in_all = max(header[name]["data_offsets"][1] for name in names)
        index = model / "model.safetensors.index.json"

        def runs():
            return [run_in_folder(["score", "-m", model, "--ids", "5,6,7,8", "--json"]), run_in_folder(["inspect", model, "--json"])]

        document = {"metadata": {"total_size": bytes_in_all}, "weight_map": {name: whole.name for name in names}}
        self.check_places("index of weights", document, lambda changed: index.write_text(json.dumps(changed)), runs,
                          {("no_such_key",): 1, ("metadata", "no_such_key"): 1})
        index.unlink()
        whole = whole.rename(model / "model.safetensors")

        def write(changed):
            text = json.dumps(changed).encode()
            text += b" " * (-len(text) % 8)
            whole.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])

        first = {"__metadata__": {"format": "pt"}} | {name: header[name] for name in names}
        self.check_places("safetensors", first, write, runs, {(names[0], "no_such_key"): 1, ("__metadata__", "no_such_key"): "x"})

    def check_toml(self, command, alone):
        """Each option in a file of TOML: an absurd value, one of another kind, one that stands twice. The command could not do
        anything, and says so where it did not stumble over the file."""
        path = self.folder / "options.toml"
        for option in options_of([command]):
            name = option.name.removeprefix("--")
            if not option.name.startswith("--") or name in ("help", "config"):
                continue
            for how, line in (("absurd", f'{name} = "{ABSURD}"'), ("a list", f"{name} = [7, 8]"), ("twice", f"{name} = 7\n{name} = 8"), ("empty", f"{name} = ")):
                if how == "absurd" and (LINES[command][option.name].text or name in TAKE_TEXT) or how in ("a list", "twice") and name in TAKE_MANY:
                    continue
                path.write_text(line + "\n")
                with self.subTest(option=f"{command} {name} {how}"):
                    after = run_in_folder([command, *alone, "--config", path])
                    self.assertNotEqual(after.code, 0, f"{line!r} is taken:\n{after}")
                    self.assertTrue(after.tells_of(name) or after.tells_of("--" + name), after)

    def test_toml_of_train(self):
        self.check_toml("train", ["no such file", "-o", "m.gguf"])

    def test_toml_of_serve(self):
        self.check_toml("serve", ["-m", "no such file"])

    def test_keys(self):
        keys = self.folder / "keys"
        good = "ann " + "k" * 20

        def refused(text, *parts, mode=0o600):
            keys.write_text(text)
            keys.chmod(mode)
            after = run_in_folder(["serve", "-m", LLAMA, "--port", "0", "--api-key-file", keys])
            self.assertEqual(after.code, 1, after)
            for part in (str(keys), *parts):
                self.assertIn(part, after.told.replace("FOLDER", str(self.folder)), text)

        refused("", "empty")
        refused("# ann\n", "no keys")
        refused(f"{good}\nbob short\n", "line 2", "16 characters")
        refused(f"{good}\n{good}\n", "line 2", "ann")
        refused(f"{good}\nann {'l' * 20}\n", "line 2", "ann")
        refused(f"ann {'k' * 20} and more\n", "line 1", "spaces")
        refused(f"ann {'k' * 20}\u00e9\n", "line 1", "ASCII")
        refused(good + "\n", "chmod 600", mode=0o644)

    KEYWORDS = {
        "type": "integer", "enum": [1, 2], "const": 1, "multipleOf": 3, "minimum": 3, "maximum": 7, "exclusiveMinimum": 3, "exclusiveMaximum": 7,
        "minLength": 2, "maxLength": 3, "pattern": "^a+$", "format": "date", "items": {"type": "integer"}, "prefixItems": [{"type": "integer"}],
        "additionalItems": False, "unevaluatedItems": False, "contains": {"const": 5}, "minContains": 2, "maxContains": 2, "minItems": 2, "maxItems": 2,
        "uniqueItems": True, "properties": {"a": {"type": "integer"}}, "patternProperties": {"^b": {"type": "integer"}}, "additionalProperties": False,
        "unevaluatedProperties": False, "required": ["a"], "minProperties": 2, "maxProperties": 2, "propertyNames": {"maxLength": 1},
        "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"a": {"required": ["b"]}}, "dependencies": {"a": ["b"]}, "allOf": [{"minimum": 3}],
        "anyOf": [{"type": "integer"}], "oneOf": [{"type": "integer"}], "not": {"type": "integer"}, "if": {"type": "integer"}, "then": {"minimum": 5},
        "else": {"maxLength": 1}, "$ref": "#/$defs/x", "$dynamicRef": "#/$defs/x", "$schema": "http://json-schema.org/draft-07/schema#", "$id": "http://x.org/y",
        "$anchor": "z", "$dynamicAnchor": "z", "$vocabulary": {}, "$comment": "c", "title": "t", "description": "d", "default": 1, "examples": [1],
        "deprecated": True, "readOnly": True, "writeOnly": True, "contentEncoding": "base64", "contentMediaType": "text/plain", "contentSchema": {},
        "nullable": True, "discriminator": {"propertyName": "a"}, "xml": {}, "externalDocs": {}, "example": 1, "definitions": {"x": {"type": "integer"}},
        "no_such_keyword": 1,
    }
    TEXTS = ["1", "2", "4", "6", "8", "-99999999", "null", '""', '"a"', '"aa"', '"aaaa"', '"2024-01-31"', "[]", "[5]", "[5,5]", '["x"]', "[5,5,5]", "{}", '{"a":1}',
             '{"b":1}', '{"a":"x"}', '{"b":"x"}', '{"a":1,"b":2}', '{"a":1,"b":2,"c":3}', '{"long":1}', '{"a":{"a":"x"}}']
    # What the standard calls annotations: they say something of a schema, and ask for nothing of a text.
    ANNOTATIONS = {"title", "description", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
                   "contentSchema", "$vocabulary"}
    DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}
    # Without which some do nothing.
    BESIDE = {"minContains": {"contains": {"const": 5}}, "maxContains": {"contains": {"const": 5}}, "if": {"then": {"minimum": 5}}, "then": {"if": {"type": "integer"}},
              "else": {"if": {"type": "integer"}}, "additionalItems": DRAFT_7 | {"items": [{"const": 5}]}, "unevaluatedItems": {"prefixItems": [{}]},
              "$schema": {"prefixItems": [{"const": "x"}]}, "$id": {"$ref": "http://x.org/y#/$defs/x"}, "$anchor": {"properties": {"a": {"$ref": "#z"}}},
              "$dynamicAnchor": {"properties": {"a": {"$dynamicRef": "#z"}}}, "definitions": DRAFT_7 | {"$ref": "#/definitions/x"}}

    def shaped(self, schema):
        """Which of the texts fit, and what is told."""
        path = self.folder / "cases.jsonl"
        path.write_text(json.dumps({"schema": schema, "texts": self.TEXTS}) + "\n")
        return run_in_folder(["constrain", "--jsonl", path, "--json"])

    def shows(self, keyword, before, after):
        told = json.dumps([json.loads(after.out).get(key) for key in ("warnings", "refused", "error")])
        return after.changed_from(before) or keyword in told

    def test_schemas(self):
        for keyword, value in self.KEYWORDS.items():
            base = {"$defs": {"x": {"type": "integer"}}} | self.BESIDE.get(keyword, {})
            before = self.shaped(base)
            with self.subTest(keyword=keyword):
                after = self.shaped(base | {keyword: value})
                self.assertNotEqual(self.shows(keyword, before, after), keyword in self.ANNOTATIONS, after)
            for how, other in other_values(value)[:2]:
                with self.subTest(keyword=f"{keyword} {how}"):
                    after = self.shaped(base | {keyword: other})
                    self.check_noticed("schema", "annotations" if keyword in self.ANNOTATIONS else keyword, how, self.shows(keyword, before, after))

    def test_grammars(self):
        for form, base, changes in (
                ("gbnf", 'root ::= "a" x\nx ::= [b-d]+\n', ('other ::= "z"\n', 'x ::= "e"\n', "root ::= x\n", "y ::= nothere\n", "@@\n", "# a remark\n")),
                ("lark", 'start: "a" X\nX: /[b-d]+/\n', ('other: "z"\n', 'X: "e"\n', "start: X\n", "y: nothere\n", "@@\n", "// a remark\n", "%ignore /e/\n", "%ignore X\n",
                                                        "%import common.INT\n", "%import common.NOTHERE\n", "%declare D\n", "%no_such 1\n"))):
            path = self.folder / f"grammar.{form}"

            def result(text):
                path.write_text(text)
                return run_in_folder(["constrain", "--grammar", path, "--examples", 5, "--json"])

            before = result(base)
            self.assertEqual(before.code, 0, before)
            for more in changes:
                with self.subTest(line=f"{form} {more!r}"):
                    after = result(base + more)
                    seen = after.changed_from(before) or after.told != before.told
                    self.assertNotEqual(seen, "a remark" in more, after)


if __name__ == "__main__":
    main()
