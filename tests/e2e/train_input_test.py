"""What sheepop train takes: token shards as the corpus they were made of, and conversations that continue a model."""

import json
import shutil
import subprocess
import unittest

from program import ENVIRONMENT, LLAMA, PROGRAM, ProgramTest, TIMEOUT, TINY, main, run

SMALL = ["--warmup", "1", "--layers", "1", "--hidden", "32", "--heads", "2", "--context", "24", "--batch", "2", "--threads", "1",
         "--sample-tokens", "0", "--steps", "8", "--eval-batches", "0"]
CHAT = ["--warmup", "0", "--context", "96", "--batch", "4", "--threads", "1", "--sample-tokens", "0", "--eval-batches", "0"]


def chat(question, answer):
    return json.dumps({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})


class Shards(ProgramTest):
    def setUp(self):
        super().setUp()
        documents = self.folder / "documents"
        documents.mkdir()
        words = ["sheep", "goat", "hill", "wool", "the old dog"]
        for i in range(24):
            text = " ".join(words[(i * j + j // 3) % 5] + (f" {i}," if j % 7 == 0 else "") for j in range(60))
            (documents / f"{i:02}.txt").write_text(f"Story {i}. {text}.\n")
        self.corpus = self.folder / "corpus"
        done = subprocess.run([PROGRAM, "ingest", documents, "-o", self.corpus, "--json"], env=ENVIRONMENT, capture_output=True,
                              timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.tokenizer = self.folder / "tokenizer"
        self.text("train", self.corpus, "--tokenizer-only", "--vocab-size", "300", "-o", self.tokenizer)
        self.shards = self.folder / "shards"

    def model(self, name, *arguments):
        path = self.folder / name
        self.text("train", *arguments, "-o", path, "--force", *SMALL)
        return path.read_bytes()

    def test_shards_train_the_same_model_as_their_corpus(self):
        for held_out in (["--held-out-share", "0.2"], ["--held-out", "03.txt", "--held-out", "17.txt"]):
            made = self.json("corpus", "shards", self.corpus, "--tokenizer", self.tokenizer, "-o", self.shards, "--force", *held_out)
            self.assertEqual(made["train"]["documents"] + made["held_out"]["documents"], 24)
            self.assertGreater(made["held_out"]["documents"], 0)
            from_text = self.model("text.gguf", self.corpus, "--tokenizer", self.tokenizer, *held_out)
            self.assertEqual(from_text, self.model("shards.gguf", self.shards))
            metrics = [(self.folder / name / "metrics.jsonl").read_text().splitlines()[-1] for name in ("text.run", "shards.run")]
            self.assertEqual(*[json.loads(line)["bits_per_byte"] for line in metrics])
            splits = [json.loads((self.folder / name / "split.json").read_text()) for name in ("text.run", "shards.run")]
            self.assertEqual(*splits)
            self.assertEqual([len(splits[0][side]) for side in ("learned", "held_out")],
                             [made[side]["documents"] for side in ("train", "held_out")])
            self.assertEqual(len({text["id"] for side in splits[0].values() for text in side}), 24)
            for run in ("text.run", "shards.run"):
                subprocess.run(["rm", "-r", self.folder / run], check=True)

    @unittest.skipUnless(shutil.which("zstd"), "zstd is not installed")
    def test_what_learned_documents_have_too_is_not_measured_on_and_told(self):
        shared = " ".join(f"word{i}" for i in range(60))
        lines = [json.dumps({"id": f"d{i}", "text": f"Alone stands {i}.\n" + (shared if i < 2 else "")}) for i in range(4)]
        corpus = self.folder / "c.jsonl.zst"
        subprocess.run(["zstd", "-q", "-o", corpus], input="\n".join(lines).encode(), check=True, timeout=TIMEOUT)
        for command in (["train", corpus, "-o", self.folder / "m.gguf", *SMALL],
                        ["corpus", "shards", corpus, "--tokenizer", self.tokenizer, "-o", self.shards]):
            done = subprocess.run([PROGRAM, *command, "--held-out", "d1", "--json"], env=ENVIRONMENT, capture_output=True,
                                  timeout=TIMEOUT)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"60 words of held-out documents", done.stderr)
            made = json.loads(done.stdout)
            self.assertEqual([(w["code"], w["value"]) for w in made["warnings"]], [("held_out_overlap", "60")])
        self.assertEqual(made["held_out"]["text_bytes"], len("Alone stands 1.\n"))
        split = json.loads((self.folder / "m.run" / "split.json").read_text())
        self.assertEqual([text["words_cut"] for text in split["held_out"]], [60])

    def test_any_number_of_threads_writes_the_same_bytes(self):
        files = []
        for threads in ("1", "3"):
            self.text("corpus", "shards", self.corpus, "--tokenizer", self.tokenizer, "-o", self.shards, "--force", "--threads", threads)
            files.append([(self.shards / name).read_bytes() for name in ("train.tokens", "held-out.tokens", "tokenizer.gguf")])
        self.assertEqual(*files)

    def test_a_tokenizer_is_found_in_each_of_its_forms(self):
        made = []
        for form in (self.tokenizer, self.tokenizer / "tokenizer.json", self.tokenizer / "tokenizer.gguf"):
            self.text("corpus", "shards", self.corpus, "--tokenizer", form, "-o", self.shards, "--force")
            made.append((self.shards / "train.tokens").read_bytes())
        self.assertEqual(made[0], made[1])
        self.assertEqual(made[0], made[2])
        self.assertIn("neither tokenizer.gguf nor", self.error("corpus", "shards", self.corpus, "--tokenizer", self.corpus, "-o",
                                                               self.shards))

    def test_broken_and_mixed_up_shards_are_refused(self):
        out = self.folder / "m.gguf"
        self.text("corpus", "shards", self.corpus, "--tokenizer", self.tokenizer, "-o", self.shards, "--force")
        self.assertIn("another tokenizer", self.error("train", self.shards, "--from", LLAMA, "-o", out, code=2))
        self.assertIn("say themselves", self.error("train", self.shards, "--held-out", "03", "-o", out, code=2))
        shard = self.shards / "train.tokens"
        good = shard.read_bytes()
        shard.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
        self.assertIn("train.tokens: its checksum is another", self.error("train", self.shards, "-o", out))
        shard.write_bytes(good[:-9])
        self.assertIn("train.tokens: ", self.error("train", self.shards, "-o", out))


class Chats(ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "m.gguf"
        self.chats = self.folder / "chats.jsonl"
        animals = ["sheep", "goat", "hen", "dog", "cow", "cat"]
        self.lines = [chat(f"what is {i} {a}?", f"a {a}. baa.") for i in range(4) for a in animals]
        self.write(self.lines)

    def write(self, lines):
        self.chats.write_text("\n".join(lines) + "\n")

    def train(self, *more):
        options = dict(zip(CHAT[::2], CHAT[1::2]))
        own = [part for name, value in options.items() if name not in more for part in (name, value)]
        return ["train", self.chats, "--from", LLAMA, "-o", self.out, *own, *more]

    def test_held_out_loss_falls_and_the_model_keeps_what_is_not_weights(self):
        out = self.json(*self.train("--steps", "60", "--learning-rate", "0.01", "--held-out-share", "0.25"))
        self.assertLess(out["held_out_loss"], 0.7 * out["held_out_loss_before"])
        before, after = (self.json("inspect", path)["metadata"] for path in (LLAMA, self.out))
        self.assertEqual(before, after)
        answer = self.text("chat", "-m", self.out, "-p", "what is 1 goat?", "-n", "20", "--temperature", "0")
        self.assertIn("baa.", answer)

    def test_a_step_that_changes_nothing_writes_the_same_model(self):
        ids = ",".join(str(i) for i in range(5, 40))
        for name in ("llama", "llama3_rope", "mistral", "qwen2", "gpt2"):
            source = TINY / name / "model.gguf"
            self.text("train", self.text_file(), "--from", source, "-o", self.out, "--restart", "--steps", "1", "--context", "16",
                      "--learning-rate", "1e-30", "--sample-tokens", "0", "--batch", "1", "--warmup", "0")
            before, after = (self.json("score", "-m", path, "--ids", ids)["nll"] for path in (source, self.out))
            self.assertEqual(before, after, name)
        for name in ("qwen3", "gemma2", "gemma3", "phi3"):
            message = self.error("train", self.text_file(), "--from", TINY / name / "model.gguf", "-o", self.out, "--context", "16")
            self.assertIn("training does not support", message)

    def text_file(self):
        path = self.folder / "text.txt"
        path.write_text("the sheep and the goat and the dog on the hill. " * 20)
        return path

    def test_quantised_models_are_continued(self):
        for kind in ("q8_0", "q4_0", "f16", "bf16"):
            self.text("train", self.text_file(), "--from", TINY / "llama" / f"model-{kind}.gguf", "-o", self.out, "--restart",
                      "--steps", "1", "--context", "16", "--sample-tokens", "0", "--batch", "1", "--warmup", "0")

    def test_a_bad_line_is_named(self):
        for bad, said in [("{", "no JSON object"), ('{"text": "x"}', "`messages`"), (chat("a", "b")[:-1], "no JSON object"),
                          ('{"messages": [{"role": "user", "content": "x"}]}', "nothing to learn"),
                          (chat("a", "b" * 200), "--skip-long"), ("[" * 100000, "no JSON object")]:
            self.write(self.lines[:3] + ["", bad] + self.lines[3:])
            message = self.error(*self.train("--steps", "2"), code=1)
            self.assertTrue(message.startswith(f"{self.chats}:5: "), message)
            self.assertIn(said, message)

    def test_messages_of_weight_0_are_read_and_not_learned(self):
        wrong = [json.dumps({"messages": [{"role": "user", "content": f"what is {i}?"},
                                          {"role": "assistant", "content": "WRONG.", "weight": 0},
                                          {"role": "user", "content": "again?"},
                                          {"role": "assistant", "content": "baa.", "weight": 1}]}) for i in range(24)]
        self.write(wrong)
        self.text(*self.train("--steps", "60", "--learning-rate", "0.01"))
        answer = self.text("chat", "-m", self.out, "-p", "what is 7?", "-n", "20", "--temperature", "0")
        self.assertNotIn("WRONG", answer)
        self.write([line.replace('"weight": 0', '"weight": 0.5') for line in wrong])
        self.assertIn("`weight` of message 2 is 0.5", self.error(*self.train("--restart")))

    def test_a_message_that_the_template_drops_is_told(self):
        template = self.folder / "template.jinja"
        template.write_text("{% for m in messages if m.role != 'system' %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}"
                            "{% if add_generation_prompt %}assistant: {% endif %}")
        messages = self.folder / "messages.json"
        messages.write_text('{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}')
        self.write([json.dumps({"messages": [{"role": "system", "content": "Be."}] + json.loads(line)["messages"]})
                    for line in self.lines])
        for command, thing in [(["tokenize", "-m", LLAMA, "--messages", messages, "--template", template], "messages[0]"),
                               (["chat", "-m", LLAMA, "-p", "Hi", "--system", "Be.", "-n", 1, "--template", template],
                                "messages[0]"),
                               (self.train("--steps", "1", "--template", template), str(self.chats))]:
            done = run(*command, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = [w["thing"] for w in json.loads(done.stdout)["warnings"] if w["code"] == "dropped_message"]
            self.assertEqual(told, [thing])
        for text, said in [('{"messages": []}', "the conversation is empty"),
                           ('{"messages": [{"role": "user", "content": null}]}', "message 1, of role user, has null as content"),
                           ('{"messages": [{"role": "user", "content": "a"}, {"role": "user"}]}', "message 2, of role user"),
                           ('{"messages": [3]}', "message 1 is no object")]:
            messages.write_text(text)
            self.assertIn(said, self.error("tokenize", "-m", LLAMA, "--messages", messages))

    def test_long_conversations_are_counted(self):
        self.write(self.lines + [chat("a", "b" * 200)])
        self.assertEqual(self.json(*self.train("--steps", "1", "--skip-long"))["left_out"], 1)
        self.assertIn("1 conversations longer than 96 tokens are left out",
                      self.text(*self.train("--steps", "1", "--skip-long", "--restart")))
        self.write([chat("a", "b" * 200)])
        self.assertIn("no conversation to learn from", self.error(*self.train("--steps", "1", "--skip-long")))

    def test_held_out_conversations_may_stand_in_a_file(self):
        held_out = self.folder / "held-out.jsonl"
        held_out.write_text(self.lines[0] + "\nx\n")
        message = self.error(*self.train("--steps", "1", "--held-out", held_out))
        self.assertTrue(message.startswith(f"{held_out}:2: "), message)

    def test_without_a_template_or_a_model_there_is_a_way_out(self):
        self.assertIn("--from", self.error("train", self.chats, "-o", self.out, code=2))
        tokenizer = self.folder / "tokenizer"
        self.text("train", self.text_file(), "--tokenizer-only", "--special", "<end>", "--vocab-size", "260", "-o", tokenizer)
        self.assertIn("--template FILE", self.error("train", self.chats, "--tokenizer", tokenizer, "-o", self.out))
        template = self.folder / "template.jinja"
        template.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}"
                            "{% if add_generation_prompt %}assistant: {% endif %}")
        self.text(*self.train("--steps", "1", "--template", template))
        self.assertEqual(self.json("inspect", self.out)["metadata"]["tokenizer.chat_template"], template.read_text())

    def test_the_context_of_a_model_bounds_that_of_its_training(self):
        gpt2 = [TINY / "gpt2" / "model.gguf" if part == LLAMA else part for part in self.train("--context", "300")]
        self.assertIn("context is 300, the model holds 64", self.error(*gpt2, code=2))

    def test_rotary_models_go_on_at_a_longer_context(self):
        self.assertEqual(self.json("inspect", LLAMA)["config"]["context"], 256)
        self.text(*self.train("--steps", "1", "--context", "300"))
        self.assertEqual(self.json("inspect", self.out)["config"]["context"], 300)


if __name__ == "__main__":
    main()
