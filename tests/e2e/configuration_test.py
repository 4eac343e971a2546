"""What becomes of a model's configuration: read, refused by name or told, and never ignored in silence."""

import json
import pathlib
import shutil
import unittest

from program import TINY, ProgramTest, main, run

REPORTS = pathlib.Path(__file__).resolve().parents[3] / "shared/conformance/reports"
IDS = ("130,183,14,238,127,26,80,57,190,240,126,194,52,127,6,110,208,143,93,199,81,36,71,227,64,67,0,2,107,110,84,85,148,160,101,"
       "104,93,100,196,152,11,184,212,84,74,135,33,169,154,1,173,33,158,181,156,246,161,94,246,241")


class Configuration(ProgramTest):
    def changed(self, name, config=None, generation=None):
        """A tiny model's folder with other keys in its files."""
        folder = self.folder / "model"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(TINY / name, folder)
        for file, values in (("config.json", config), ("generation_config.json", generation)):
            if values is not None:
                (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | values))
        return folder

    def test_a_refusal_names_file_key_value_and_bound(self):
        folder = self.changed("llama", {"hidden_act": "relu"})
        for command in (("generate", "-m", folder, "-p", "a"), ("score", "-m", folder, "-p", "abc"), ("convert", folder, "-o", self.folder / "x.gguf")):
            message = self.error(*command)
            for word in (str(folder), "config.json", "hidden_act", '"relu"', "silu"):
                self.assertIn(word, message)

    def test_an_unknown_key_is_told(self):
        folder = self.changed("llama", {"no_such_key": [1, 2]})
        for command in (("generate", "-m", folder, "-p", "a", "-n", 1), ("score", "-m", folder, "-p", "abc"), ("convert", folder, "-o", self.folder / "x.gguf")):
            done = run(*command, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["warnings"], [{"code": "unknown_key", "thing": "no_such_key", "value": "[1,2]"}])
            line = done.stderr.decode()
            self.assertEqual(line.count("\n"), 1, line)
            self.assertIn("no_such_key is [1,2]", line)
            self.assertIn(str(folder), line)
        self.assertNotIn("warnings", self.json("generate", "-m", TINY / "llama", "-p", "a", "-n", 1))

    def test_a_missing_epsilon_is_told(self):
        folder = self.changed("qwen2")
        config = json.loads((folder / "config.json").read_text())
        del config["rms_norm_eps"]
        (folder / "config.json").write_text(json.dumps(config))
        done = run("generate", "-m", folder, "-p", "a", "-n", 1, "--json")
        self.assertEqual(json.loads(done.stdout)["warnings"][0]["thing"], "rms_norm_eps")
        self.assertIn("1e-06", done.stderr.decode())

    def test_inspect_shows_what_becomes_of_each_key(self):
        folder = self.changed("llama", {"hidden_act": "relu", "no_such_key": 1, "attention_bias": True,
                                        "rope_scaling": {"rope_type": "linear", "factor": 2.0, "beta_fast": 1}})
        keys = {row["key"]: row for row in self.json("inspect", folder)["keys"]}
        for key, treatment in (("hidden_size", "used"), ("use_cache", "harmless"), ("no_such_key", "unknown"), ("attention_bias", "refused"),
                               ("hidden_act", "refused"), ("rope_scaling.factor", "used"), ("rope_scaling.beta_fast", "unknown")):
            self.assertEqual(keys[key]["treatment"], treatment, key)
        self.assertEqual(keys["attention_bias"]["value"], "true")
        self.assertIn("must be false", keys["attention_bias"]["why"])
        text = self.text("inspect", folder)
        self.assertRegex(text, r"refused +attention_bias = true +\(must be false")
        self.assertRegex(text, r"unknown +rope_scaling.beta_fast = ")
        self.assertRegex(self.text("inspect", TINY / "llama/model.gguf"), r"tokenizer +tokenizer.ggml.tokens = ")

    def test_end_tokens_of_both_files(self):
        forced = ("--ids", "5,6,7", "-n", 4, "--temperature", 0, "--logit-bias")
        for config, generation in (({"eos_token_id": 44}, None), ({"eos_token_id": [1, 44]}, {"eos_token_id": [0, 2]}),
                                   (None, {"eos_token_id": 44}), ({"eos_token_id": None}, {"eos_token_id": [44, -1]})):
            folder = self.changed("llama", config, generation)
            out = self.json("generate", "-m", folder, *forced, "44=1000")
            self.assertEqual((out["ids"], out["finish_reason"]), ([44], "stop"), (config, generation))
            self.assertIn(44, self.json("inspect", folder)["tokenizer"]["end"])
        self.assertEqual(len(self.json("generate", "-m", TINY / "llama", *forced, "44=1000")["ids"]), 4)
        folder = self.changed("llama", {"eos_token_id": 288})
        self.assertIn("eos_token_id is 288", self.error("generate", "-m", folder, "-p", "a"))
        folder = self.changed("llama", None, {"eos_token_id": "</s>"})
        self.assertIn("generation_config.json", self.error("generate", "-m", folder, "-p", "a"))

    def test_a_context_beyond_any_machine(self):
        folder = self.changed("llama", {"max_position_embeddings": 2**30})
        message = self.error("generate", "-m", folder, "-p", "a")
        for word in ("1073741824", "16777216", "--context"):
            self.assertIn(word, message)
        self.assertEqual(len(self.json("generate", "-m", folder, "-p", "a", "-n", 2, "--context", 32, "--ignore-eos")["ids"]), 2)

    @unittest.skipUnless(REPORTS.exists(), f"{REPORTS} is not there")
    def test_reported_folders(self):
        score = ("--ids", IDS, "--json")
        self.assertIn("hidden_act", self.error("score", "-m", REPORTS / "hf_llama_relu", *score))
        self.assertAlmostEqual(self.json("score", "-m", REPORTS / "hf_qwen3_layer_types", "--ids", IDS)["nll"], 411.8829, delta=0.05)
        ends = json.loads((REPORTS / "hf_two_end_tokens/generation_config.json").read_text())["eos_token_id"]
        for end in ends if isinstance(ends, list) else [ends]:
            out = self.json("generate", "-m", REPORTS / "hf_two_end_tokens", "--ids", "1,2,3", "-n", 4, "--temperature", 0, "--logit-bias", f"{end}=1000")
            self.assertEqual((out["ids"], out["finish_reason"]), ([end], "stop"))


if __name__ == "__main__":
    main()
