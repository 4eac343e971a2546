"""sheepop serve --follow: a run that trains is talked to, checkpoint by checkpoint, and documents that the page is handed."""

import pathlib
import subprocess
import threading

from program import ENVIRONMENT, PROGRAM, ProgramTest, main
from serving import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Follow(ProgramTest):
    def train(self, steps):
        return subprocess.Popen(
            [PROGRAM, "train", str(ROOT / "LICENSE"), "-o", str(self.folder / "end.gguf"), "--run", str(self.folder / "run"), "--layers", "1",
             "--hidden", "32", "--heads", "2", "--context", "64", "--batch", "4", "--steps", str(steps), "--checkpoint-every", "10",
             "--keep", "3"],
            env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # says little, so the pipe does not fill up

    def test_streams_end_with_the_checkpoint_they_began_with(self):
        training = self.train(60)
        (self.folder / "run").mkdir(exist_ok=True)
        server = Server("--follow", self.folder / "run", "--context", 64)
        self.assertEqual(server.said["models"], ["run"])
        seen, faults = set(), []

        def talk():
            while training.poll() is None:
                answer = server.post("/v1/completions", prompt="The ", max_tokens=40, temperature=0, model="run")
                if answer.status != 200:
                    faults.append(answer.body)
                else:
                    seen.add((answer.json["sheepop"]["checkpoint"], answer.json["choices"][0]["text"]))

        talkers = [threading.Thread(target=talk) for _ in range(4)]
        for talker in talkers:
            talker.start()
        for talker in talkers:
            talker.join()
        said = training.stderr.read().decode()
        training.stderr.close()
        self.assertEqual((training.wait(), faults), (0, []), said)
        self.assertEqual(len({checkpoint for checkpoint, _ in seen}), len(seen), "one text for each checkpoint")

        report = server.ask("GET", "/follow").json
        newest = report["checkpoints"][-1]["name"]
        self.assertTrue(server.wait_until(lambda: server.ask("GET", "/follow").json["current"] == newest))
        self.assertEqual(report["curve"][-1]["step"], 60)
        for checkpoint in report["checkpoints"]:
            ask = {"prompt": "The ", "max_tokens": 10, "temperature": 0}
            served = server.post("/v1/completions", model="run:" + checkpoint["name"], **ask).json
            alone = self.json("generate", "-m", self.folder / "run" / (checkpoint["name"] + ".gguf"), "-p", "The ", "-n", 10,
                              "--temperature", 0, "--context", 64)
            self.assertEqual(served["choices"][0]["text"], alone["text"])
        self.assertEqual(server.post("/v1/completions", model="run:checkpoint-1", prompt="x").status, 404)
        self.assertEqual(server.stop()[0], 0)


class Uploads(ProgramTest):
    def setUp(self):
        super().setUp()
        self.server = Server("--context", 64, models=[ROOT / "models" / "tales.gguf"])
        self.addCleanup(self.server.stop)

    def upload(self, name, data):
        return self.server.ask("POST", "/ingest?name=" + name, data)

    def test_documents_come_back_as_text(self):
        page = self.upload("a%20page.html", b"<h1>Sheep</h1><p>All of them sleep.</p><script>no()</script>").json
        self.assertEqual(page["text"], "# Sheep\n\nAll of them sleep.\n")
        self.assertEqual(page["format"], "html")
        self.assertIn("characters", page["taken"])
        self.assertEqual(self.upload("..%2f..%2fnotes.txt", "déjà vu".encode()).json["text"].strip(), "déjà vu")

    def test_what_cannot_be_read_says_why(self):
        answer = self.upload("broken.pdf", b"%PDF-1.7 and nothing more")
        self.assertEqual(answer.status, 422)
        self.assertIn("broken.pdf cannot be read: ", answer.error["message"])
        self.assertEqual(self.upload("empty.txt", b"").status, 422)


if __name__ == "__main__":
    main()
