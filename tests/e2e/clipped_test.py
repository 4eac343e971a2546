"""Keys that the cache's type cannot hold are told once, whoever asks."""

import json

from gguf_file import GgufFile
from program import LLAMA, ProgramTest, main, run
from serving import Server


class Clipped(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "large.gguf"
        file = GgufFile(LLAMA)
        file.scale("blk.0.attn_k.weight", 1e6)
        file.write_changed(self.model, {})

    def warned(self, *arguments, **options):
        """How often it is told on stderr, and in the first document."""
        done = run(*arguments, "--json", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = json.loads(done.stdout.decode().splitlines()[0])
        codes = [warning["code"] for warning in first.get("warnings", [])]
        return done.stderr.decode().count("65504"), codes.count("clipped")

    def test_told_by_each_command(self):
        text = ("-m", self.model, "-p", "abc")
        for command in (("generate", *text, "-n", 2), ("generate", *text, "-n", 2, "--beams", 2), ("explain", *text, "-n", 2), ("chat", *text, "-n", 2),
                        ("score", *text)):
            self.assertEqual(self.warned(*command), (1, 1), command)
            for kind in ("bf16", "f32"):
                self.assertEqual(self.warned(*command, "--kv-type", kind), (0, 0), command)
        self.assertEqual(self.warned("generate", "-m", LLAMA, "-p", "abc", "-n", 2), (0, 0))

    def test_told_once_in_a_conversation_and_counted_at_its_end(self):
        self.assertEqual(self.warned("chat", "-m", self.model, "-n", 2, stdin=b"One"), (1, 1))
        self.assertEqual(self.warned("chat", "-m", self.model, "-n", 2, stdin=b"One\nTwo\nThree"), (2, 1))

    def test_told_in_the_answer_of_a_server(self):
        server = Server(models=[self.model])
        self.addCleanup(server.stop)
        answer = server.chat(max_tokens=2).json
        [warning] = answer["sheepop"]["warnings"]
        self.assertEqual((warning["code"], warning["thing"], warning["value"]), ("clipped", "kv_type", "f16"))
        self.assertIn("65504", warning["message"])


if __name__ == "__main__":
    main()
