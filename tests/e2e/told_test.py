"""What becomes of a conversation on its way to the model is told, and one strange character ends none."""

import json
import shutil

from gguf_file import ARRAY, GgufFile, STRING
from program import LLAMA, TINY, ProgramTest, main, run
from serving import Server

NO_SYSTEM = "{% for m in messages %}{% if m.role != 'system' %}<|im_start|>{{ m.role }} {{ m.content }}<|im_end|>{% endif %}{% endfor %}"


def without_byte_4(path, **more):
    """The tiny Llama without a token for the byte 0x04."""
    file = GgufFile(LLAMA)
    _, (inner, tokens) = file.metadata["tokenizer.ggml.tokens"]
    changed = [f"unused{i}" if token == "\u0104" else token for i, token in enumerate(tokens)]
    assert changed != tokens
    file.write_changed(path, {"tokenizer.ggml.tokens": (ARRAY, (inner, changed))} | more)


class Told(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model.gguf"
        without_byte_4(self.model)

    def test_a_prompt_with_a_byte_that_has_no_token_is_refused(self):
        for command in ("generate", "score", "tokenize"):
            message = self.error(command, "-m", self.model, "-p", "ab\x04c")
            self.assertIn("0x04", message)
            self.assertIn("U+FFFD in its place", message)

    def test_a_conversation_goes_on(self):
        done = run("chat", "-m", self.model, "-p", "ab\x04c", "-n", 1, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        turn = json.loads(done.stdout)
        self.assertEqual([(w["code"], w["thing"], w["value"]) for w in turn["warnings"]], [("no_token", "messages[0]", "U+0004")])
        self.assertIn("U+FFFD stands in its place, 1 time", done.stderr.decode())
        clean = self.json("chat", "-m", self.model, "-p", "ab\ufffdc", "-n", 1)
        self.assertEqual(turn["prompt_ids"], clean["prompt_ids"])
        self.json("chat", "-m", LLAMA, "-p", "ab\x04c", "-n", 1)
        messages = self.folder / "messages.json"
        messages.write_text(json.dumps({"messages": [{"role": "user", "content": "a\x04\x04"}]}))
        done = run("tokenize", "-m", self.model, "--messages", messages, "--json")
        self.assertIn("2 times", done.stderr.decode())

    def test_a_server_tells_it_in_the_answer(self):
        server = Server(models=[self.model])
        self.addCleanup(server.stop)
        [warning] = server.chat("ab\x04c", max_tokens=1).json["sheepop"]["warnings"]
        self.assertEqual((warning["code"], warning["thing"], warning["value"]), ("no_token", "messages[0]", "U+0004"))
        answer = server.chat(max_tokens=1, mirostat_tau=3).json
        self.assertEqual([(w["code"], w["thing"]) for w in answer["sheepop"]["warnings"]], [("no_effect", "mirostat_tau")])
        self.assertNotIn("warnings", server.chat(max_tokens=1).json["sheepop"])

    def test_a_server_tells_what_the_template_drops(self):
        model = self.folder / "templates.gguf"
        GgufFile(LLAMA).write_changed(model, {"tokenizer.chat_template": (STRING, NO_SYSTEM), "tokenizer.chat_template.tool_use": (STRING, NO_SYSTEM)})
        server = Server(models=[model])
        self.addCleanup(server.stop)
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
        answer = server.post("/v1/chat/completions", messages=messages, max_tokens=1).json
        self.assertEqual([(w["code"], w["thing"]) for w in answer["sheepop"]["warnings"]], [("dropped_message", "messages[0]")])
        messages = [{"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "x", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                    {"role": "tool", "tool_call_id": "1", "content": "y"}, {"role": "user", "content": "And?"}]
        answer = server.post("/v1/chat/completions", messages=messages, max_tokens=1).json
        self.assertEqual([(w["code"], w["thing"]) for w in answer["sheepop"]["warnings"]],
                         [("unread_field", "messages[1].tool_calls"), ("template", "tool_use")])


class ExitCodes(ProgramTest):
    """2 is for the command line alone; what is wrong with a file is 1."""

    def test_contents_of_files_are_no_flags(self):
        empty, one, messages = self.folder / "empty.txt", self.folder / "one.txt", self.folder / "messages.json"
        empty.write_text("")
        one.write_text("a")
        messages.write_text(json.dumps({"messages": [{"role": "user", "content": "Hi"}]}))
        template = self.folder / "template.jinja"
        template.write_text("{{ raise_exception('no such role') }}")
        full = self.folder / "full"
        full.mkdir()
        (full / "x").write_text("")
        for command, part in (
                (("generate", "-m", LLAMA, "-f", empty), f"{empty} has 0 tokens"),
                (("generate", "-m", LLAMA, "-f", empty, "--beams", 2), f"{empty} has 0 tokens"),
                (("explain", "-m", LLAMA, "-f", empty), f"{empty} has 0 tokens"),
                (("score", "-m", LLAMA, "-f", one), f"{one} has 1 token, at least 2"),
                (("tokenize", "-m", LLAMA, "--messages", messages, "--template", template), "no such role"),
                (("chat", "-m", LLAMA, "-p", "Hi", "--template", template), "no such role"),
                (("convert", TINY / "llama" / "model.gguf", "-o", full), "exists already"),
                (("serve", "-m", LLAMA, "--tls-cert", one, "--tls-key", one), "PEM")):
            self.assertIn(part, self.error(*command, code=1))

    def test_flags_that_do_not_go_together(self):
        for command, part in (
                (("generate", "-m", LLAMA, "-p", ""), "no tokens"),
                (("score", "-m", LLAMA, "-p", "a"), "at least 2"),
                (("convert", LLAMA, "-o", self.folder / "folder", "--type", "q8_0"), "Q8_0"),
                (("generate", "-m", LLAMA, "-p", "a", "--beams", 3, "--n-best", 5), "--beams, which is 3"),
                (("tokenize", "-m", LLAMA, "--ids", "5", "--no-bos"), "--no-bos"),
                (("train", LLAMA, "-o", self.folder / "m.gguf", "--tokenizer", LLAMA, "--vocab-size", 300), "--tokenizer has one"),
                (("train", LLAMA, "-o", self.folder / "t", "--tokenizer-only", "--steps", 3), "--steps")):
            self.assertIn(part, self.error(*command, code=2))

    def test_suggestions_that_are_none(self):
        folder = self.folder / "model"
        shutil.copytree(TINY / "llama", folder, ignore=shutil.ignore_patterns("*.gguf", "golden*"))
        (folder / "generation_config.json").write_text('{"temperature": "warm"}')
        for command in (("generate", "-m", folder, "-p", "a"), ("serve", "-m", folder, "--port", 0)):
            message = self.error(*command, code=1)
            for word in ("generation_config.json", "temperature", "warm", "a number"):
                self.assertIn(word, message)


if __name__ == "__main__":
    main()
