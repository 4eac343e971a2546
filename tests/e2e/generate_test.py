"""sheepop generate: golden text, ends, one result on every path, and how it behaves in a bad world."""

import json
import os
import resource
import signal
import subprocess
import time
import unittest

from gguf_file import GgufFile
from program import ENVIRONMENT, GOLDEN, LLAMA, PROGRAM, SANITIZED, TIMEOUT, TINY, ProgramTest, main, run

PROMPT = ",".join(map(str, GOLDEN["greedy"]["prompt"]))
GREEDY = ("--temperature", 0)


class DefaultModel(ProgramTest):
    def test_it_comes_with_the_program(self):
        done = run("generate", "-p", "Once upon a time", "-n", 12, "--seed", 3, "--json", "--verbose")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tales.gguf (no --model given)", done.stderr.decode())
        out = json.loads(done.stdout)
        self.assertEqual(len(out["ids"]), 12)
        self.assertEqual(self.json("generate", "-m", "tales", "-p", "Once upon a time", "-n", 12, "--seed", 3)["ids"], out["ids"])


class Golden(ProgramTest):
    def greedy(self, model, *more, count=len(GOLDEN["greedy"]["ids"])):
        return self.json("generate", "-m", model, "--ids", PROMPT, "-n", count, *GREEDY, "--ignore-eos", *more)

    def test_greedy_ids_on_every_instruction_set(self):
        for isa in self.isas():
            with self.subTest(isa=isa):
                out = self.greedy(LLAMA, "--isa", isa)
                self.assertEqual(out["ids"], GOLDEN["greedy"]["ids"])
                self.assertEqual(out["prompt_ids"], GOLDEN["greedy"]["prompt"])
                self.assertEqual(out["finish_reason"], "length")

    def test_greedy_ids_of_every_architecture(self):
        for golden_file in sorted(TINY.glob("*/golden.json")):
            golden = json.loads(golden_file.read_text())["greedy"]
            for model in (golden_file.parent, golden_file.parent / "model.gguf"):
                if not model.exists():
                    continue
                with self.subTest(model=str(model)):
                    prompt = ",".join(map(str, golden["prompt"]))
                    out = self.json("generate", "-m", model, "--ids", prompt, "-n", len(golden["ids"]), *GREEDY, "--ignore-eos")
                    self.assertEqual(out["ids"], golden["ids"])

    def test_the_same_model_as_a_folder(self):
        self.assertEqual(self.greedy(LLAMA.parent)["ids"], GOLDEN["greedy"]["ids"])

    def test_quantised_files_give_one_result_on_every_path(self):
        for name in ("model-q8_0.gguf", "model-q4_0.gguf"):
            results = {}
            ways = [("--threads", t) for t in (1, 2, 3)] + [("--prefill-chunk", c) for c in (1, 3, 7)]
            ways += [("--isa", isa) for isa in self.isas()]
            for way in ways:
                out = self.greedy(LLAMA.parent / name, "--logprobs", 3, *way)
                results[way] = (out["ids"], out["logprobs"])
            first = results[ways[0]]
            for way, result in results.items():
                with self.subTest(model=name, way=way):
                    self.assertEqual(result, first)

    def test_a_seed_gives_the_same_text_alone_and_beside_others(self):
        flags = ("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 20, "--seed", 7, "--ignore-eos")
        alone = self.json(*flags)
        beside = self.json(*flags, "--sequences", 3)
        self.assertEqual(alone["ids"], beside["ids"])
        self.assertEqual(beside["sequences"][0]["ids"], alone["ids"])
        self.assertNotEqual(beside["sequences"][1]["ids"], alone["ids"])
        self.assertNotEqual(self.json(*flags[:-3], "--seed", 8, "--ignore-eos")["ids"], alone["ids"])


class Ends(ProgramTest):
    FLAGS = ("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 24, *GREEDY)

    def pieces(self):
        ids = ",".join(map(str, GOLDEN["greedy"]["ids"]))
        return self.json("tokenize", "-m", LLAMA, "--ids", ids)["pieces"]

    def test_stop_string_across_tokens(self):
        whole = self.json(*self.FLAGS, "--ignore-eos")
        text = whole["text"]
        # A stop string that no single token holds, and that begins inside one token and ends inside another.
        stop = next(text[i : i + 4] for i in range(3, len(text) - 4)
                    if not any(text[i : i + 4] in piece for piece in self.pieces()) and "\ufffd" not in text[i : i + 4])
        out = self.json(*self.FLAGS, "--ignore-eos", "--stop", stop)
        self.assertEqual(out["finish_reason"], "stop")
        self.assertEqual(out["text"], text[: text.index(stop)])
        self.assertLess(len(out["ids"]), len(whole["ids"]))
        self.assertEqual(out["ids"], whole["ids"][: len(out["ids"])])

    def test_a_stop_string_within_min_tokens_is_text(self):
        text = self.json(*self.FLAGS, "--ignore-eos")["text"]
        early = self.json(*self.FLAGS, "--ignore-eos", "--stop", text[1:3])
        late = self.json(*self.FLAGS, "--ignore-eos", "--stop", text[1:3], "--min-tokens", len(early["ids"]) + 1)
        self.assertGreater(len(late["ids"]), len(early["ids"]))
        # The string may begin again within what is text now.
        self.assertGreater(len(late["text"]), len(early["text"]))
        self.assertTrue(text.startswith(late["text"]))

    def test_of_several_stop_strings_the_first_to_be_complete_counts(self):
        text = self.json(*self.FLAGS, "--ignore-eos")["text"]
        out = self.json(*self.FLAGS, "--ignore-eos", "--stop", text[9:12], "--stop", text[1:3])
        self.assertEqual(out["text"], text[:1])

    def test_streamed_text_is_the_text(self):
        text = self.json(*self.FLAGS, "--ignore-eos")["text"]
        self.assertEqual(self.text(*self.FLAGS, "--ignore-eos"), text + "\n")

    def test_most_tokens(self):
        out = self.json(*self.FLAGS[:-4], "-n", 3, *GREEDY, "--ignore-eos")
        self.assertEqual((len(out["ids"]), out["finish_reason"]), (3, "length"))
        out = self.json(*self.FLAGS[:-4], "-n", 0, *GREEDY)
        self.assertEqual((out["ids"], out["text"], out["finish_reason"]), ([], "", "length"))

    def test_end_token(self):
        flags = ("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 5, "--logit-bias", "2=100", *GREEDY)
        out = self.json(*flags)
        self.assertEqual((out["ids"], out["text"], out["finish_reason"]), ([2], "", "stop"))
        self.assertEqual(self.json(*flags, "--ignore-eos")["ids"], [2] * 5)

    def test_full_context(self):
        out = self.json("generate", "-m", LLAMA, "--ids", PROMPT, "--context", 12, "-n", 100, *GREEDY, "--ignore-eos")
        self.assertEqual(out["finish_reason"], "context")
        self.assertEqual(out["ids"], GOLDEN["greedy"]["ids"][: len(out["ids"])])
        self.assertEqual(len(out["ids"]), 12 - len(GOLDEN["greedy"]["prompt"]) + 1)

    def test_prompt_longer_than_the_context_names_both_numbers(self):
        message = self.error("generate", "-m", LLAMA, "--ids", ",".join(["5"] * 23), "--context", 16, "--json")
        self.assertIn("23 tokens", message)
        self.assertIn("16", message)
        self.assertEqual(self.category, "limit")

    def test_interrupt_ends_with_what_was_written(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            flags = [PROGRAM, "generate", "-m", LLAMA, "-p", "a", "--context", "100000", "-n", "90000", "--ignore-eos", "--seed", "3"]
            process = subprocess.Popen(list(map(str, flags)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
            first = os.read(process.stdout.fileno(), 1)
            process.send_signal(number)
            rest, errors = process.communicate(timeout=30)
            self.assertEqual((process.returncode, errors), (0, b""))
            self.assertTrue((first + rest).endswith(b"\n"))
            self.assertGreater(len((first + rest).decode()), 1)  # whole characters

    def test_interrupt_is_named_in_json(self):
        flags = [PROGRAM, "generate", "-m", LLAMA, "-p", "a", "--context", "100000", "-n", "90000", "--ignore-eos", "--json"]
        process = subprocess.Popen(list(map(str, flags)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
        if process.returncode == -signal.SIGINT:
            self.skipTest("the machine is too slow to have begun in half a second")
        self.assertEqual((process.returncode, errors), (0, b""))
        self.assertIn(b'"finish_reason":"interrupt"', out)


class Json(ProgramTest):
    def test_fields(self):
        out = self.json("generate", "-m", LLAMA, "-p", "Once upon", "-n", 4, "--logprobs", 2, "--ignore-eos")
        self.assertEqual(set(out), {"model", "prompt_ids", "ids", "text", "finish_reason", "seed", "logprobs", "timing"})
        self.assertEqual(set(out["timing"]), {"load_s", "prefill_tokens", "prefill_s", "decode_tokens", "forced_tokens", "decode_s"})
        self.assertEqual(out["timing"]["prefill_tokens"], len(out["prompt_ids"]))
        self.assertEqual(out["timing"]["decode_tokens"], 4)
        self.assertEqual([entry["id"] for entry in out["logprobs"]], out["ids"])
        for entry in out["logprobs"]:
            self.assertEqual(set(entry), {"id", "piece", "logprob", "top"})
            self.assertEqual(len(entry["top"]), 2)
            self.assertGreaterEqual(entry["top"][0][1], entry["top"][1][1])
            self.assertLessEqual(entry["logprob"], 0)

    def test_random_seeds_survive_a_double(self):
        seeds = {self.json("generate", "-m", LLAMA, "-p", "a", "-n", 1)["seed"] for _ in range(4)}
        self.assertEqual(len(seeds), 4)
        for seed in seeds:
            self.assertEqual(int(float(seed)), seed)
            self.assertLess(seed, 2**53)

    def test_a_given_seed_is_reported(self):
        self.assertEqual(self.json("generate", "-m", LLAMA, "-p", "a", "-n", 1, "--seed", 2**64 - 1)["seed"], 2**64 - 1)

    def test_text_is_utf8_and_ids_keep_the_bytes(self):
        first_byte_of_two = self.json("tokenize", "-m", LLAMA, "-p", "é")["ids"]
        out = self.json("generate", "-m", LLAMA, "-p", "a", "-n", 1, *GREEDY, "--logit-bias", f"{first_byte_of_two[0]}=100")
        self.assertEqual(out["ids"], first_byte_of_two[:1])
        self.assertIn(out["text"], ("é", "\ufffd"))


class Suggestions(ProgramTest):
    """How a model's makers draw from it: a folder's generation_config.json, a GGUF file's general.sampling.*."""

    FLAGS = ("--ids", PROMPT, "-n", 8, "--seed", 1, "--json")

    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        self.model.mkdir()
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
            (self.model / name).symlink_to(LLAMA.parent / name)

    def suggest(self, **values):
        (self.model / "generation_config.json").write_text(json.dumps(values))

    def drawn(self, *more, model=None):
        return json.loads(run("generate", "-m", model or self.model, *self.FLAGS, *more).stdout)

    def test_a_folder(self):
        plain = self.drawn()
        self.assertNotIn("notes", plain)
        self.suggest(temperature=3.5, top_k=200, top_p=1, repetition_penalty=1.5, bos_token_id=0)
        drawn = self.drawn()
        self.assertNotEqual(drawn["ids"], plain["ids"])
        flags = "--temperature 3.5 --top-k 200 --top-p 1 --repeat-penalty 1.5"
        source = str(self.model / "generation_config.json")
        self.assertEqual(drawn["notes"], [{"code": "suggested_sampling", "thing": source, "value": flags}])
        (self.model / "generation_config.json").unlink()
        self.assertEqual(self.drawn(*flags.split())["ids"], drawn["ids"])

    def test_flags_stand_over_it_field_by_field(self):
        plain = self.drawn("--temperature", 3.5, "--top-k", 50)["ids"]
        self.suggest(temperature=3.5, top_k=1)
        out = self.drawn("--top-k", 50)
        self.assertEqual(out["ids"], plain)
        self.assertEqual(out["notes"][0]["value"], "--temperature 3.5")
        self.assertNotIn("notes", self.drawn("--top-k", 50, "--temperature", 3.5))
        self.assertNotIn("notes", self.drawn("--profile", "sheepop"))

    def test_tokens_that_are_never_drawn(self):
        greedy = self.drawn("--temperature", 0)["ids"]
        self.suggest(do_sample=False, suppress_tokens=[greedy[0]])
        out = self.drawn("--temperature", 0)
        self.assertNotIn(greedy[0], out["ids"])
        self.assertEqual([note["value"] for note in out["notes"]], [f"--ban {greedy[0]}"])
        other = next(token for token in range(3, 60) if token not in greedy)
        self.assertEqual(self.drawn("--temperature", 0, "--ban", other)["ids"], greedy)

    def test_a_gguf_file(self):
        path = self.folder / "m.gguf"
        GgufFile(LLAMA).write_changed(path, {"general.sampling.temp": (6, 3.5), "general.sampling.top_k": (5, 200)})
        out = self.drawn(model=path)
        self.assertEqual(out["notes"], [{"code": "suggested_sampling", "thing": str(path), "value": "--temperature 3.5 --top-k 200"}])
        self.assertEqual(self.drawn("--temperature", 3.5, "--top-k", 200, model=LLAMA)["ids"], out["ids"])
        told = run("generate", "-m", path, *self.FLAGS[:-1], "--verbose").stderr.decode()
        self.assertIn(f"drawing with --temperature 3.5 --top-k 200, advised by {path};", told)

    def test_a_capsule_holds_the_values(self):
        self.suggest(temperature=3.5, top_k=200)
        capsule = self.folder / "c.json"
        out = self.drawn("--record", capsule)
        self.assertEqual(json.loads(capsule.read_text())["settings"]["temperature"], 3.5)
        self.text("replay", capsule, "-m", self.model)
        self.assertEqual(json.loads(capsule.read_text())["sequences"][0]["ids"], out["ids"])

    def test_a_known_model_with_a_chat_template(self):
        path = self.folder / "m.gguf"
        GgufFile(LLAMA).write_changed(path, {"general.name": (8, "SmolLM2 135M Instruct")})
        advised = "--temperature 0.2 --top-p 0.9"
        self.assertEqual(self.drawn(model=path)["notes"][0]["value"], advised)
        lines = run("chat", "-m", path, "--seed", 1, "-n", 4, "--json", stdin=b"One\nTwo").stdout.decode().splitlines()
        first, second = map(json.loads, lines)
        self.assertEqual(first["notes"][0]["value"], advised)
        self.assertNotIn("notes", second)
        self.assertEqual(self.json("chat", "-m", LLAMA, "--seed", 1, "-n", 4, *advised.split(), "-p", "One")["ids"], first["ids"])
        explained = json.loads(run("explain", "-m", path, *self.FLAGS).stdout)
        self.assertEqual(explained["notes"][0]["value"], advised)


class Prompts(ProgramTest):
    FLAGS = ("generate", "-m", LLAMA, "-n", 5, *GREEDY, "--json")

    def test_the_same_from_flag_file_and_standard_input(self):
        path = self.folder / "prompt.txt"
        path.write_bytes("Once upon\na tíme".encode())
        flags = self.FLAGS[:-1]
        expected = self.json(*flags, "-p", "Once upon\na tíme")["ids"]
        self.assertEqual(self.json(*flags, "-f", path)["ids"], expected)
        self.assertEqual(self.json(*flags, "-f", "-", stdin=path.read_bytes())["ids"], expected)

    def test_any_bytes(self):
        data = bytes(range(256)) * 4 + b"\r\n\xef\xbb\xbf\x00"
        out = self.json(*self.FLAGS[:-1], "--context", 4096, "-f", "-", stdin=data)
        self.assertEqual(len(out["ids"]), 5)

    def test_errors_say_what_to_do(self):
        self.assertIn("-p TEXT", self.error(*self.FLAGS, code=2))
        self.assertEqual(self.category, "invalid_argument")
        self.assertIn("at least one character", self.error(*self.FLAGS, "-p", "", code=2))
        self.assertIn("/no/such/file", self.error(*self.FLAGS, "-f", "/no/such/file"))
        self.assertEqual(self.category, "not_found")
        self.assertIn("--file", self.error(*self.FLAGS, "-p", "a", "-f", "-", code=2))
        self.assertIn("288", self.error(*self.FLAGS, "--ids", "288", code=2))
        self.assertIn("-1", self.error(*self.FLAGS, "--ids", "-1", code=2))
        self.assertIn("--frobnicate", self.error(*self.FLAGS, "-p", "a", "--frobnicate", code=2))


class BadWorld(ProgramTest):
    FLAGS = ("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 6, *GREEDY, "--ignore-eos")

    def test_threads(self):
        expected = self.json(*self.FLAGS)["ids"]
        self.assertEqual(self.json(*self.FLAGS, "--threads", 64)["ids"], expected)
        for count in (0, -1, 1025, "many"):
            self.assertIn("--threads", self.error(*self.FLAGS, "--threads", count, code=2))

    def test_locales(self):
        expected = self.text(*self.FLAGS)
        for locale in ("C", "POSIX", "de_DE.UTF-8", "tr_TR.ISO-8859-9", "no-such-locale", ""):
            self.assertEqual(self.text(*self.FLAGS, env={"LANG": locale, "LC_ALL": locale}), expected)
            out = self.json(*self.FLAGS, "--top-p", "0.5", env={"LANG": locale, "LC_ALL": locale})
            self.assertEqual(len(out["ids"]), 6)

    def test_full_disk(self):
        for more in ((), ("--json",)):
            with open("/dev/full", "wb") as full:
                done = run(*self.FLAGS, *more, stdout=full)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"cannot write to standard output: No space left on device", done.stderr)

    def test_help_to_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(run("--help", stdout=full).returncode, 1)

    def test_closed_pipe(self):
        for disposition in (signal.SIG_DFL, signal.SIG_IGN):
            read, write = os.pipe()
            os.close(read)
            done = run(*self.FLAGS, stdout=write, restore_signals=False, preexec_fn=lambda: signal.signal(signal.SIGPIPE, disposition))
            os.close(write)
            self.assertIn(done.returncode, (1, -signal.SIGPIPE))
            self.assertNotIn(b"terminate called", done.stderr)

    def test_closed_streams(self):
        done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", PROGRAM, *map(str, self.FLAGS)], env=ENVIRONMENT,
                              stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to standard output", done.stderr)
        done = subprocess.run(["sh", "-c", '"$@" <&- 2>&-', "sh", PROGRAM, *map(str, self.FLAGS)], env=ENVIRONMENT,
                              stdout=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stdout.decode()), (0, self.text(*self.FLAGS)))

    def test_no_terminal_no_notes(self):
        self.assertEqual(run(*self.FLAGS).stderr, b"")
        self.assertIn(b"seed", run(*self.FLAGS, "--verbose").stderr)

    def test_unknown_instruction_set(self):
        self.assertIn("reference", self.error(*self.FLAGS, "--isa", "neon512", code=2))
        self.assertIn("reference", self.error(*self.FLAGS, code=2, env={"SHEEPOP_ISA": "neon512"}))

    @unittest.skipIf(SANITIZED, "what a sanitizer maps for itself is more than the limit")
    def test_no_memory(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        self.assertIn("memory", self.error(*self.FLAGS, "--context", 1 << 24, "--json", preexec_fn=limit))
        self.assertEqual(self.category, "limit")


if __name__ == "__main__":
    main()
