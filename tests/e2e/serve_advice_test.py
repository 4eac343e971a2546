"""What a model's makers advise on drawing from it is what sheepop serve does, and tells: in its log, in /v1/models, in answers,
on the page."""

import pathlib
import tempfile
import unittest

import browser
from gguf_file import GgufFile
from page import PageTest, TALES
from program import LLAMA, ProgramTest, main
from serving import Server

ADVICE = {"general.sampling.temp": (6, 1.75), "general.sampling.top_k": (5, 3)}
OPTIONS = {"temperature": 1.75, "top_k": 3}


class Advice(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "advised.gguf"
        GgufFile(LLAMA).write_changed(self.model, ADVICE)

    def serve(self, *models):
        server = Server(models=models)
        self.addCleanup(server.stop)
        return server

    def answer(self, server, **more):
        return server.chat(model="advised", max_tokens=12, seed=1, **more).json

    def test_it_is_used_and_told(self):
        server = self.serve(self.model, LLAMA)
        models = {model["id"]: model["sheepop"]["advised"] for model in server.ask("GET", "/v1/models").json["data"]}
        self.assertEqual(models, {"advised": {"source": "advised.gguf", "options": OPTIONS}, "model": None})
        answer = self.answer(server)
        self.assertEqual(answer["sheepop"]["advised"], models["advised"])
        plain = server.chat(model="model", max_tokens=12, seed=1, **OPTIONS).json
        self.assertNotIn("advised", plain["sheepop"])
        self.assertEqual(answer["choices"], plain["choices"])
        self.assertEqual(answer["sheepop"]["sampling"], plain["sheepop"]["sampling"])
        _, log = server.stop()
        self.assertEqual([line.split(" ", 1)[1] for line in log.splitlines() if "advised by" in line],
                         [f"advised: drawing with temperature 1.75, top_k 3, advised by {self.model}; fields of a request stand over it"])

    def test_fields_and_profiles_stand_over_it(self):
        server = self.serve(self.model)
        given = self.answer(server, top_k=40)["sheepop"]
        self.assertEqual((given["advised"]["options"], given["sampling"]["top_k"]), ({"temperature": 1.75}, 40))
        self.assertNotIn("advised", self.answer(server, **OPTIONS)["sheepop"])
        own = self.answer(server, profile="openai")["sheepop"]
        self.assertNotIn("advised", own)
        self.assertEqual(own["sampling"], {})
        messages = server.post("/v1/messages", max_tokens=2, messages=[{"role": "user", "content": "Hi"}], top_p=0.5).json
        self.assertEqual(messages["sheepop"]["advised"]["options"], OPTIONS)


@unittest.skipIf(browser.absent(), browser.absent())
class Page(PageTest):
    @classmethod
    def start(cls, port=0):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        advised = pathlib.Path(folder.name) / "advised.gguf"
        GgufFile(TALES).write_changed(advised, ADVICE)
        cls.server = Server(models=[advised, TALES], port=port)
        cls.url = f"http://127.0.0.1:{cls.server.port}/"
        assert cls.server.wait_until(lambda: cls.server.ask("GET", "/ready").status == 200, seconds=30)

    def shown(self, option):
        return self.browser.run("""const field = document.getElementById('option-' + arguments[0]);
            return [field.placeholder, field.closest('.option').querySelector('.advice:not([hidden])')?.textContent ?? '']""", option)

    def test_the_settings_show_what_is_advised_for_the_chosen_model(self):
        self.browser.click("#settings-open")
        self.assertEqual(self.shown("temperature"), ["1.75", "1.75, where nothing stands here: advised by advised.gguf."])
        self.assertEqual(self.shown("top_p"), ["1", ""])
        self.browser.run("""const field = document.getElementById('model');
            field.value = 'tales'; field.dispatchEvent(new Event('change', {bubbles: true}));""")
        self.assertEqual(self.shown("temperature"), ["1", ""])
        self.browser.run("""const field = document.getElementById('model');
            field.value = 'advised'; field.dispatchEvent(new Event('change', {bubbles: true}));""")
        self.assertEqual(self.shown("top_k")[0], "3")
        self.browser.click("#panel-close")
        self.set(max_tokens=3, option_top_k=7)
        self.say("Hello")
        self.settled()
        self.browser.click(".ledger summary")
        ledger = self.browser.run("return document.querySelector('.ledger').textContent")
        self.assertIn("advised.gguf", ledger)
        self.assertEqual(self.browser.complaints(), [])


if __name__ == "__main__":
    main()
