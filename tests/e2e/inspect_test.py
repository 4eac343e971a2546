"""sheepop inspect, and what every command says about a file that is no model."""

import json
import struct

from program import LLAMA, ProgramTest, TINY, main, run


class Inspect(ProgramTest):
    def test_fields(self):
        for flags in ((LLAMA,), ("-m", LLAMA)):
            out = self.json("inspect", *flags)
            self.assertEqual(out["architecture"], "llama")
            self.assertEqual(out["parameter_count"], sum(self.count(tensor["shape"]) for tensor in out["tensors"]))
            self.assertEqual(out["tensor_bytes"], sum(tensor["bytes"] for tensor in out["tensors"]))
            embedding = next(tensor for tensor in out["tensors"] if tensor["name"] == "token_embd.weight")
            self.assertEqual(embedding, {"name": "token_embd.weight", "shape": [288, 32], "type": "F32", "bytes": 288 * 32 * 4})
            self.assertEqual(out["metadata"]["general.architecture"], "llama")
            self.assertEqual(len(out["metadata"]["tokenizer.ggml.tokens"]), 288)
            self.assertEqual(out["tokenizer"]["tokens"], 288)
            self.assertIn(2, out["tokenizer"]["end"])
            self.assertIn("<|im_start|>", out["chat_template"])
            self.assertEqual(out["config"]["layers"], 2)

    @staticmethod
    def count(shape):
        product = 1
        for size in shape:
            product *= size
        return product

    def test_every_tiny_model_for_people(self):
        for config in sorted(TINY.glob("*/config.json")):
            for model in (config.parent, *config.parent.glob("*.gguf")):
                text = self.text("inspect", model)
                for word in ("parameters", "layers", "vocabulary", "tensors"):
                    self.assertIn(word, text)

    def test_long_values_are_cut_and_said_to_be(self):
        text = self.text("inspect", LLAMA)
        self.assertIn("(cut: 288 elements)", text)
        self.assertIn("2 of ", text)
        self.assertLess(len(text), 10000)

    def test_what_cannot_be_run_can_be_seen(self):
        data = LLAMA.read_bytes().replace(b"llama", b"lmama")
        path = self.folder / "other.gguf"
        path.write_bytes(data)
        out = self.json("inspect", path)
        self.assertEqual(out["architecture"], "lmama")
        self.assertIn("lmama", out["config"]["error"])
        self.assertIn("lmama", self.text("inspect", path))
        self.assertIn("lmama", self.error("generate", "-m", path, "-p", "a"))


class Doctor(ProgramTest):
    def test_the_machine_and_a_model(self):
        done = run("doctor", LLAMA, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        out = json.loads(done.stdout)
        self.assertIn(out["machine"]["isa"], out["machine"]["isas"])
        self.assertGreater(out["machine"]["memory_bytes"], out["machine"]["free_bytes"])
        self.assertEqual(out["model"]["context"], 256)
        parameters = self.json("inspect", LLAMA)["parameter_count"]
        self.assertGreaterEqual(out["model"]["weight_bytes"], 4 * parameters)
        self.assertLess(out["model"]["weight_bytes"], 5 * parameters)
        missing = {c["program"] for c in out["converters"] if not c["found"]}
        told = {w["thing"] for w in out.get("warnings", []) if w["code"] == "missing_program"}
        self.assertEqual(missing, told)
        nothing = json.loads(run("doctor", "--json", env={"PATH": "/nonexistent"}).stdout)
        self.assertFalse(any(c["found"] for c in nothing["converters"]))
        self.assertNotIn("model", nothing)
        for word in ("kernels", "memory", "converters", "families", "model"):
            self.assertIn(word, run("doctor", LLAMA).stdout.decode())
        self.assertIn("there is no model nosuch", self.error("doctor", "nosuch"))


class WrongFiles(ProgramTest):
    def check(self, name, data, *words):
        path = self.folder / name
        path.write_bytes(data)
        for command in (("inspect", path), ("generate", "-m", path, "-p", "a"), ("tokenize", "-m", path, "-p", "a"),
                        ("score", "-m", path, "-p", "abc"), ("chat", "-m", path, "-p", "a")):
            message = self.error(*command, "--json")
            self.assertIn(self.category, ("corrupt", "unsupported"))
            for word in (name, *words):
                self.assertIn(word, message)

    def test_cut_file(self):
        data = LLAMA.read_bytes()
        for length in (5, 100, 5000, len(data) - 1):
            self.check("cut.gguf", data[:length])

    def test_text(self):
        self.check("text.gguf", b"Hello, I am a text file.\n", "text")

    def test_empty(self):
        self.check("empty.gguf", b"", "empty")

    def test_large_file_pointer(self):
        self.check("pointer.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 100\n", "LFS")

    def test_web_page(self):
        self.check("page.gguf", b"<!DOCTYPE html><html><body>Sign in</body></html>")

    def test_counts_beyond_the_file(self):
        self.check("counts.gguf", b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60))

    def test_no_such_model(self):
        message = self.error("inspect", "/no/such/model.gguf", "--json")
        self.assertEqual(self.category, "not_found")
        self.assertIn("sheepop pull", message)
        message = self.error("inspect", "no-such-name", "--json", env={"SHEEPOP_HOME": str(self.folder)})
        self.assertIn(str(self.folder / "models"), message)

    def test_a_folder_that_is_no_model(self):
        self.assertIn("config.json", self.error("inspect", self.folder, "--json"))

    def test_a_pulled_name(self):
        (self.folder / "models").mkdir()
        (self.folder / "models" / "tiny.gguf").symlink_to(LLAMA)
        env = {"SHEEPOP_HOME": str(self.folder)}
        self.assertEqual(self.json("inspect", "tiny", env=env)["architecture"], "llama")
        (self.folder / "models" / "smollm2.gguf").symlink_to(LLAMA)
        self.assertEqual(self.json("inspect", "-m", "smollm2", env=env)["architecture"], "llama")


class Help(ProgramTest):
    def test_every_command_explains_its_flags(self):
        top = self.text("--help")
        for command in ("pull", "inspect", "tokenize", "generate", "chat", "score", "bench"):
            self.assertIn(command, top)
            text = self.text(command, "--help")
            self.assertIn("--json", text)
            for noise in ("UINT", " in [", "Excludes", "->", "{false}"):
                self.assertNotIn(noise, text + self.text(command, "--help", "all"))
        self.assertEqual(self.text("--version").split()[0], "sheepop")

    def test_common_flags_are_shown_first_and_all_when_they_are_asked_for(self):
        for command in ("ingest", "train", "generate", "chat", "explain", "serve"):
            common, every = self.text(command, "--help"), self.text(command, "--help", "all")
            self.assertIn(f"sheepop {command} --help all shows all {every.count(chr(10) + '  -')} flags", common)
            shown = [line for line in common.splitlines() if line.startswith("  -")]
            self.assertLess(len(shown), 20)
            for line in shown:
                self.assertIn(line, every)
            for same in (("--help=all",), ("-h", "all")):
                self.assertEqual(self.text(command, *same), every)
            self.assertEqual(self.text("help", command, "all"), every)
        self.assertNotIn("--dry-multiplier", self.text("generate", "--help"))
        self.assertIn("--dry-multiplier", self.text("generate", "--help", "all"))
        self.assertEqual(self.text("doctor", "--help"), self.text("doctor", "--help", "all"))

    def test_wrong_commands(self):
        self.assertIn("--help", self.error(code=2))
        self.error("frobnicate", code=2)
        self.error("inspect", LLAMA, "extra", code=2)


if __name__ == "__main__":
    main()
