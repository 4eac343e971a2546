"""What other programs were reported to get wrong comes out right: each row of the stored reports that is not about documents.

A test for each; it skips, naming what is missing, where the data or a program it needs is not there.
"""

import json
import pathlib
import re
import shutil
import subprocess
import unittest

from gguf_file import GgufFile
from program import ENVIRONMENT, LLAMA, PROGRAM, ProgramTest, main, run

CONFORMANCE = pathlib.Path(__file__).resolve().parents[3] / "shared/conformance"
REPORTS = CONFORMANCE / "reports"
S260 = CONFORMANCE / "models/stories260K.f32.gguf"
IDS = ("130,183,14,238,127,26,80,57,190,240,126,194,52,127,6,110,208,143,93,199,81,36,71,227,64,67,0,2,107,110,84,85,148,160,101,"
       "104,93,100,196,152,11,184,212,84,74,135,33,169,154,1,173,33,158,181,156,246,161,94,246,241")


def needs(path):
    return unittest.skipUnless(path.exists(), f"{path} is not there")


class Reports(ProgramTest):
    def first_of(self, arguments, **options):
        """The JSON of a run that may warn."""
        done = run(*arguments, "--json", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    @needs(REPORTS / "hf_llama_relu")
    def test_hf_llama_relu(self):
        message = self.error("score", "-m", REPORTS / "hf_llama_relu", "--ids", IDS, "--json")
        for part in ("config.json", "hidden_act", "relu"):
            self.assertIn(part, message)

    @needs(REPORTS / "hf_qwen3_layer_types")
    def test_hf_qwen3_layer_types(self):
        self.assertAlmostEqual(self.json("score", "-m", REPORTS / "hf_qwen3_layer_types", "--ids", IDS)["nll"], 411.8829, delta=0.002 * 411.8829 / 100)

    def ends(self, folder, id):
        flags = ("--ids", "1,2,3", "-n", 4, "--temperature", 0, "--logit-bias", f"{id}=1000")
        out = self.json("generate", "-m", folder, *flags)
        return out["ids"], out["finish_reason"]

    @needs(REPORTS / "hf_two_end_tokens")
    def test_hf_two_end_tokens(self):
        """The stored folder names one end token, 263, in both of its files. A folder whose two files name 55, as its row says of
        it, or one each, ends with every one of them."""
        stored = REPORTS / "hf_two_end_tokens"
        files = [json.loads((stored / name).read_text()) for name in ("config.json", "generation_config.json")]
        self.assertEqual([file["eos_token_id"] for file in files], [263, 263])
        self.assertEqual(self.ends(stored, 263), ([263], "stop"))
        self.assertEqual(self.ends(stored, 55), ([55, 55, 55, 55], "length"))
        for config, generation in ((55, 263), (263, 55), ([263, 55], 263), (263, [263, 55]), (55, 55), (55, None), (None, 55)):
            folder = self.folder / "model"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(stored, folder)
            (folder / "config.json").chmod(0o644)
            (folder / "generation_config.json").chmod(0o644)
            (folder / "config.json").write_text(json.dumps(files[0] | {"eos_token_id": config}))
            (folder / "generation_config.json").write_text(json.dumps(files[1] | {"eos_token_id": generation}))
            for id in (55, 263):
                named = any(id == one or isinstance(one, list) and id in one for one in (config, generation))
                with self.subTest(config=config, generation=generation, id=id):
                    self.assertEqual(self.ends(folder, id), ([id], "stop") if named else ([id] * 4, "length"))

    @needs(REPORTS / "hf_two_templates")
    def test_hf_two_templates(self):
        stored = REPORTS / "hf_two_templates"
        messages = REPORTS / "tools_messages.json"
        self.assertEqual(self.first_of(("tokenize", "-m", stored, "--messages", messages))["prompt"], "TOOLUSE:Hi 1")
        plain = self.folder / "plain.json"
        plain.write_text(json.dumps({key: value for key, value in json.loads(messages.read_text()).items() if key != "tools"}))
        self.assertTrue(self.first_of(("tokenize", "-m", stored, "--messages", plain))["prompt"].startswith("DEFAULT:Hi"))
        kept = self.folder / "kept.gguf"
        self.first_of(("convert", stored, "-o", kept))
        self.assertIn("tokenizer.chat_template.tool_use", GgufFile(kept).metadata)
        self.assertEqual(self.first_of(("tokenize", "-m", kept, "--messages", messages))["prompt"], "TOOLUSE:Hi 1")
        again = self.folder / "again"
        self.first_of(("convert", kept, "-o", again))
        self.assertEqual(self.first_of(("tokenize", "-m", again, "--messages", messages))["prompt"], "TOOLUSE:Hi 1")

    @needs(REPORTS / "hf_beams")
    def test_hf_beams(self):
        flags = ("generate", "-m", REPORTS / "hf_beams", "--ids", "200,254,38,143,97,22", "-n", 8, "--beams", 6, "--kv-type", "f32")
        for best in (1, 2, 6):
            out = self.json(*flags, "--n-best", best)
            self.assertEqual(out["ids"][:7], [248, 108, 4, 22, 229, 145, 173])
            self.assertAlmostEqual(out["beams"][0]["score"], -1.4100, delta=0.0001)

    @needs(S260)
    def test_min_tokens_with_a_stop_text(self):
        out = self.json("generate", "-m", S260, "-p", "Once upon a time", "--temperature", 0, "-n", 60, "--stop", "girl", "--min-tokens", 30)
        self.assertGreaterEqual(len(out["ids"]), 30)
        shorter = self.json("generate", "-m", S260, "-p", "Once upon a time", "--temperature", 0, "-n", 60, "--stop", "girl")
        self.assertLess(len(shorter["ids"]), 30)

    @needs(REPORTS / "weight_zero.jsonl")
    def test_weight_zero(self):
        """The loss of the held-out file before the first step is that of the tokens of its messages of weight 1 and of no others."""
        chats = REPORTS / "weight_zero.jsonl"
        nll, count = 0, 0
        for record in map(json.loads, chats.read_text().splitlines()):
            turns = record["messages"]
            self.assertEqual([turn.get("weight") for turn in turns], [None, 0, None, 1])
            ids = []
            for part in (turns[:3], turns):
                path = self.folder / "messages.json"
                bare = [{"role": turn["role"], "content": turn["content"]} for turn in part]
                path.write_text(json.dumps({"messages": bare, "add_generation_prompt": part is not turns}))
                ids.append(self.json("tokenize", "-m", LLAMA, "--messages", path)["ids"])
            before, whole = ids
            self.assertEqual(whole[: len(before)], before)
            end = len(whole) - whole[::-1].index(2)  # <|im_end|> is learned, what stands behind it is not
            scored = self.json("score", "-m", LLAMA, "--ids", ",".join(map(str, whole[:end])), "--per-token", "--kv-type", "f32")["per_token"]
            learned = [-token["logprob"] for token in scored[len(before) - 1 :]]
            self.assertEqual(len(learned), end - len(before))
            nll, count = nll + sum(learned), count + len(learned)
        other = self.folder / "other.jsonl"
        other.write_text(json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}) + "\n")
        train = ("train", other, "--from", LLAMA, "--held-out", chats, "-o", self.folder / "m.gguf", "--force", "--restart", "--steps", 1, "--warmup", 0,
                 "--eval-batches", 0, "--context", 256, "--batch", 1, "--sample-tokens", 0, "--precision", "fp32")
        out = self.first_of(train)
        self.assertAlmostEqual(out["held_out_loss_before"], nll / count, delta=1e-4 * nll / count)

    @needs(REPORTS / "weight_zero.jsonl")
    def test_weight_zero_and_nothing_else(self):
        """What is only read changes nothing behind which something is learned, and alone it is refused."""
        records = [json.loads(line)["messages"] for line in (REPORTS / "weight_zero.jsonl").read_text().splitlines()]

        def learned(records):
            path = self.folder / "chats.jsonl"
            path.write_text("".join(json.dumps({"messages": turns}) + "\n" for turns in records))
            flags = ("train", path, "--from", LLAMA, "-o", self.folder / "m.gguf", "--force", "--restart", "--steps", 2, "--warmup", 0, "--held-out-share", 0,
                     "--context", 256, "--batch", 2, "--sample-tokens", 0)
            return flags

        turned = [turns[2:] + turns[:2] for turns in records]  # the messages of weight 0 are the last
        self.first_of(learned(turned))
        whole = (self.folder / "m.gguf").read_bytes()
        for turns in turned:
            turns[3] = turns[3] | {"content": turns[3]["content"].replace("WRONG", "RIGHT")}
        self.first_of(learned(turned))
        self.assertEqual((self.folder / "m.gguf").read_bytes(), whole)
        for turns in turned:
            turns[3] = turns[3] | {"weight": 1}
        self.first_of(learned(turned))
        self.assertNotEqual((self.folder / "m.gguf").read_bytes(), whole)
        message = self.error(*learned([turns[:2] for turns in records]))
        self.assertIn("chats.jsonl", message)
        for name, value in (("train", False), ("trainable", False), ("loss", False), ("loss_mask", 0), ("masked", True)):
            with self.subTest(field=name):
                kin = [turns[:3] + [{"role": "assistant", "content": turns[3]["content"], name: value}] for turns in turned]
                done = run(*learned(kin), "--json")
                if done.returncode == 0:
                    self.assertEqual((self.folder / "m.gguf").read_bytes(), whole)
                else:
                    self.assertIn(name.encode(), done.stderr)

    @unittest.skipUnless(shutil.which("script"), "the program `script` is not there")
    def test_a_paste_in_a_terminal(self):
        """The whole of a line of 6,000 bytes becomes the message, and four pasted lines become one."""
        long, lines = "word " * 1200, "one\ntwo\nthree\nfour"
        for pasted, message in ((long + "\n", long), (f"\x1b[200~{lines}\x1b[201~\n", lines)):
            chat = f"{PROGRAM} chat -m {LLAMA} -n 1 --verbose --context 8192"
            typed = self.folder / "typed"
            typed.write_text(pasted)
            shown = subprocess.run(["sh", "-c", f"(sleep 1; cat {typed}; sleep 3; printf '/exit\\n'; sleep 1) | script -qec '{chat}' /dev/null"],
                                   env=ENVIRONMENT, stdout=subprocess.PIPE, timeout=60, check=True).stdout.decode(errors="replace")
            prompt = self.json("chat", "-m", LLAMA, "-n", 1, "--context", 8192, "-p", message)["prompt_ids"]
            counts = [int(count) for count in re.findall(r"\((\d+) tokens read", shown)]
            self.assertEqual(counts, [len(prompt)], shown[-500:])


class CommandR(ProgramTest):
    def test_vectors(self):
        vocabulary = CONFORMANCE / "tokenizers/ggml-vocab-command-r.gguf"
        if not vocabulary.exists():
            self.skipTest(f"{vocabulary} is not there")
        texts = pathlib.Path(f"{vocabulary}.inp").read_bytes().split(b"\n__ggml_vocab_test__\n")
        ids = [[int(id) for id in line.split()] for line in pathlib.Path(f"{vocabulary}.out").read_text().split("\n")]
        self.assertEqual((len(texts), len(ids)), (47, 47))
        for i, (text, right) in enumerate(zip(texts, ids)):
            with self.subTest(text=i):
                path = self.folder / "text"
                path.write_bytes(text)
                self.assertEqual(self.first_of(("tokenize", "-m", vocabulary, "-f", path, "--no-bos"))["ids"], right)

    first_of = Reports.first_of


if __name__ == "__main__":
    main()
