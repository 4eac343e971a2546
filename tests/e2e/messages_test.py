"""Messages that once left their reader alone: each names the thing, its value and what would be right."""

import json
import shutil

from gguf_file import GgufFile
from program import LLAMA, TINY, ProgramTest, main, run

TRAIN = ("--layers", 1, "--hidden", 16, "--heads", 2, "--context", 16, "--batch", 2, "--sample-tokens", 0, "--steps", 1)


class Messages(ProgramTest):
    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def says(self, code, parts, *command):
        with self.subTest(command=command):
            message = self.error(*command, code=code)
            for part in parts:
                self.assertIn(str(part), message)

    def model(self, name, **config):
        folder = self.folder / name
        shutil.copytree(TINY / "llama", folder, ignore=shutil.ignore_patterns("*.gguf", "golden*"))
        (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | config))
        return folder

    def test_what_is_wrong_with_a_model_names_it(self):
        for folder, parts in ((self.model("layers", num_hidden_layers=3), ["model.layers.2"]), (self.model("type", model_type="mamba9"), ["mamba9", "these families"]),
                              (self.model("ends", eos_token_id=5000), ["eos_token_id is 5000", "0 to 287"])):
            self.says(1, [f"{folder}: ", *parts], "generate", "-m", folder, "-p", "a")
        self.says(1, ["gemma3/model.gguf: training does not support"], "train", self.file("words", "a sheep " * 99), "--from", TINY / "gemma3/model.gguf", "-o", self.folder / "m.gguf")

    def test_conversations(self):
        def messages(*all):
            return self.file("messages.json", {"messages": list(all)})

        user = {"role": "user", "content": "a"}
        self.says(1, ["message 2, of role user, has 5 as content"], "tokenize", "-m", LLAMA, "--messages", messages(user, {"role": "user", "content": 5}))
        self.says(1, ["the content of message 2 is a list"], "tokenize", "-m", LLAMA, "--messages", messages(user, {"role": "user", "content": [{"type": "image"}]}))
        chats = self.file("chats.jsonl", {"messages": [user, {"role": "assistant", "content": 5}]})
        self.says(1, ["chats.jsonl:1: message 2", "has 5 as content"], "train", chats, "--from", LLAMA, "-o", self.folder / "m.gguf")
        chats = self.file("chats.jsonl", {"messages": [user, {"role": "assistant", "content": "b", "weight": 0.5}]})
        self.says(1, ["`weight` of message 2 is 0.5, must be 0 or 1"], "train", chats, "--from", LLAMA, "-o", self.folder / "m.gguf")
        self.says(1, ["empty.jinja", "empty"], "chat", "-m", LLAMA, "-p", "a", "--template", self.file("empty.jinja", "\n"))
        self.says(1, ["writes nothing of this conversation", "--template"], "chat", "-m", LLAMA, "-p", "a", "--template", self.file("none.jinja", "{# nothing #}"))
        self.says(1, ["there is no filter 'nothing'", "--template"], "chat", "-m", LLAMA, "-p", "a", "--template", self.file("filter.jinja", "{{ messages | nothing }}"))

    def test_flags(self):
        self.says(2, ["--max-tokens is given 2 times"], "generate", "-m", LLAMA, "-p", "a", "-n", 1, "-n", 2)
        self.says(2, ["--prompt and --file exclude each other"], "generate", "-m", LLAMA, "-p", "a", "-f", "b")
        self.says(2, ["--isa is \"avx9\"", "reference"], "generate", "-m", LLAMA, "-p", "a", "--isa", "avx9")
        self.says(2, ["(--ban)", "\"abc\""], "generate", "-m", LLAMA, "-p", "a", "--ban", "abc")
        self.says(2, ["288", "0 to 287"], "generate", "-m", LLAMA, "--ids", "288")
        self.says(2, ["there is no --nosuch"], "explain", "-m", LLAMA, "-p", "a", "--against", "--nosuch 1")
        self.says(2, ["--logits has inf"], "explain", "--logits", "1,inf")
        done = run("explain", "--probs", "0.5,0.6", "--json")
        self.assertIn(b"--probs sum to 1.1", done.stderr)
        self.says(1, ["cannot open", "nosuch.json"], "generate", "-m", LLAMA, "-p", "a", "--json-schema", self.folder / "nosuch.json")
        self.says(1, [self.folder / "file" / "x", "--output"], "train", self.file("file", "a sheep " * 99), "-o", self.folder / "file" / "x" / "m.gguf", *TRAIN)

    def test_weights_that_are_no_numbers(self):
        file = GgufFile(LLAMA)
        file.scale("token_embd.weight", float("nan"))
        path = self.folder / "nan.gguf"
        file.write_changed(path, {})
        self.says(1, [f"{path}: tensor token_embd.weight: value nan at index 0 does not fit Q8_0", "f32 and bf16 hold it"],
                  "convert", path, "-o", self.folder / "small.gguf", "--type", "q8_0")
        for more in ((), ("--beams", 2)):
            done = run("generate", "-m", path, "-p", "a", "-n", 2, *more)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(b"the model's weights hold values that are none", done.stderr)


if __name__ == "__main__":
    main()
