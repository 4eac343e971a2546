"""The page of sheepop serve: what it looks like, in each of its states and on a screen of any width."""

import os
import pathlib
import random
import tempfile

from page import LAST, PageTest
from program import main, run

SMALL = ("--layers", 1, "--hidden", 32, "--heads", 2, "--context", 64, "--batch", 2, "--eval-batches", 1, "--threads", 1)


class Looks(PageTest):
    def states(self):
        """The page in each of its states, by name."""
        yield "welcome"
        self.set(max_tokens=60, seed=11, option_temperature=0.8)
        self.say("Tell me of the sheep and the wolf.")
        self.settled()
        self.browser.click(".ledger summary")
        yield "chat"
        self.browser.run(f"{LAST}.querySelectorAll('.token')[6].click()")
        self.browser.find("#why .stage")
        yield "why"
        self.browser.press("escape")
        self.browser.click("#settings-open")
        yield "settings"
        self.browser.press("escape")
        self.browser.run("document.querySelector('#shortcuts-open').click()")
        yield "shortcuts"
        self.browser.press("escape")
        self.browser.run("document.querySelector('#new-text').click()")
        self.say("Once upon a time there was a shepherd who")
        self.settled()
        yield "text"

    def test_pictures_width_and_accessibility(self):
        for state in self.states():
            self.look(state)
        if "SHEEPOP_AXE" not in os.environ:
            self.skipTest("accessibility was not looked at: SHEEPOP_AXE is not set, which names axe.min.js of the npm package axe-core")

    def test_the_switch_of_colours_wins_over_the_system(self):
        dark = "return getComputedStyle(document.body).colorScheme + ' ' + getComputedStyle(document.body).backgroundColor"
        self.browser.colours("dark")
        system = self.browser.run(dark)
        self.browser.click("#theme")
        self.assertEqual(self.browser.run("return document.querySelector('#theme').textContent"), "Colours: light")
        self.assertNotEqual(self.browser.run(dark).split(" ", 2)[-1], system.split(" ", 2)[-1])
        self.reload()
        self.assertEqual(self.browser.run("return document.documentElement.dataset.theme"), "light")


class Slow(PageTest):
    """With the plain kernels, so that there is something to wait for."""

    environment = {"SHEEPOP_ISA": "reference"}

    def test_progress_and_speed_are_shown(self):
        self.set(max_tokens=200)
        self.say("sheep and wolf and " * 120)
        self.settled()
        shown = "\n".join(self.browser.run("return window.progressShown"))
        self.assertRegex(shown, r"Reading the prompt: [\d,]+ of [\d,]+ tokens")
        self.assertRegex(shown, r"\d+ tokens, [\d.]+ a second")


class Following(PageTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        text, model = pathlib.Path(folder.name) / "text.txt", pathlib.Path(folder.name) / "small.gguf"
        text.write_text("Once upon a time " + " ".join(random.Random(3).choices(["sheep", "goat", "cow", "hen"], k=600)))
        done = run("train", text, "-o", model, "--steps", 30, "--eval-every", 5, "--checkpoint-every", 10, "--keep", 3, *SMALL)
        assert done.returncode == 0, done.stderr
        cls.flags = ("--follow", model.with_suffix(".run"))
        super().setUpClass()

    def test_the_curve_and_two_checkpoints_side_by_side(self):
        self.browser.click("#training-tab")
        self.browser.find("#curve svg")
        words = self.browser.run("return document.querySelector('#curve-words').textContent")
        self.assertRegex(words, r"^Step 30: loss \d\.\d+\. On held-out text \d\.\d+\. The newest checkpoint is of step 30\.$")
        self.assertGreater(self.browser.run("return document.querySelector('#curve polyline').points.length"), 3)
        for side, step in (("left", 10), ("right", 30)):
            self.browser.run("document.getElementById(arguments[0]).value = arguments[1]", side, f"checkpoint-{step:010}")
        self.browser.click("#compare-go")
        texts = self.browser.until("""const texts = ['left', 'right'].map(side => document.getElementById(side + '-text').textContent);
            return document.querySelector('#compare-stop').hidden && texts.every(Boolean) && texts""")
        self.assertNotEqual(*texts)
        self.assertEqual(self.browser.run("return document.querySelectorAll('.sides .fault').length"), 0)
        self.look("training")


if __name__ == "__main__":
    main()
