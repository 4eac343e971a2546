"""The page of `sheepop serve` in a browser, for the end-to-end tests.

SHEEPOP_PICTURES names a folder for pictures in light and dark, 1280 and 360 wide; SHEEPOP_AXE the file axe.min.js of the
npm package axe-core, with which accessibility is checked."""

import json
import os
import pathlib
import unittest

import browser
from program import ProgramTest
from serving import Server

TALES = pathlib.Path(__file__).resolve().parents[2] / "models" / "tales.gguf"
TOO_WIDE = """return [...document.querySelectorAll('body *')].filter(each => each.checkVisibility() && !each.closest('pre, .unseen, #sidebar') &&
    each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 200))"""
FAULTS = """return axe.run().then(({violations}) => violations.filter(({impact}) => impact === 'serious' || impact === 'critical')
    .map(({id, nodes}) => [id, nodes.map(({target, failureSummary}) => [target.join(' '), failureSummary])]))"""
LAST = "[...document.querySelectorAll('.message.assistant')].at(-1)"


@unittest.skipIf(browser.absent(), browser.absent())
class PageTest(ProgramTest):
    flags, environment = (), {}

    @classmethod
    def setUpClass(cls):
        cls.start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def start(cls, port=0):
        cls.server = Server(*cls.flags, models=[TALES], env=cls.environment, port=port)
        cls.url = f"http://127.0.0.1:{cls.server.port}/"
        assert cls.server.wait_until(lambda: cls.server.ask("GET", "/ready").status == 200, seconds=30)

    def setUp(self):
        super().setUp()
        self.browser.devtools("Storage.clearDataForOrigin", origin=self.url, storageTypes="all")
        self.browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.folder))
        self.browser.size(1280, 860)
        self.browser.colours("light")
        self.browser.open(self.url)
        self.ready()
        self.browser.run("sessionStorage.clear()")
        self.watch()
        self.browser.complaints()

    def ready(self):
        self.browser.until("return document.querySelector('#model')?.options.length && document.querySelector('#options')?.children.length")

    def watch(self):
        """Records the requests that the page sends, and the progress that it shows."""
        self.browser.run("""
            window.sent = []; window.progressShown = [];
            const real = window.fetch;
            window.fetch = (url, options) => { window.sent.push({url: String(url), body: options?.body}); return real(url, options); };
            new MutationObserver(() => {
              for (const each of document.querySelectorAll('.message > .progress:not([hidden])')) window.progressShown.push(each.textContent);
            }).observe(document.querySelector('#messages'), {subtree: true, childList: true});""")

    def sent(self):
        """The last request that was sent to a model."""
        return json.loads(self.browser.run("return window.sent.filter(({url}) => url.includes('completions')).at(-1).body"))

    def set(self, **settings):
        """Settings by the ids of their fields."""
        self.browser.click("#settings-open")
        for name, value in settings.items():
            self.browser.run("""
                const field = document.getElementById(arguments[0]);
                field.closest('details')?.setAttribute('open', '');
                field.value = arguments[1];
                field.dispatchEvent(new Event('input', {bubbles: true}));""", name.replace("max_", "max-").replace("option_", "option-"), str(value))
        self.browser.click("#panel-close")

    def say(self, text):
        self.browser.type("#text", text)
        self.browser.press("enter")

    def settled(self):
        """The text of the last answer, when nothing is written any more."""
        return self.browser.until(f"""const last = {LAST};
            return document.querySelector('#stop').hidden && last?.getAttribute('aria-busy') === 'false' && {{text: last.querySelector('.body').textContent,
              state: last.querySelector('.state').textContent, whole: last.textContent}}""")

    def writes(self, length=20):
        """The text of the last answer, as soon as it is that long."""
        return self.browser.until(f"const text = {LAST}?.querySelector('.body').textContent; return text?.length >= arguments[0] && text", length)

    def action(self, label, role="assistant"):
        self.browser.run("[...document.querySelectorAll(arguments[0])].at(-1).scrollIntoView()", f".message.{role} .actions")
        self.browser.run("""[...[...document.querySelectorAll(arguments[0])].at(-1).querySelectorAll('button')]
            .find(each => each.textContent === arguments[1]).click()""", f".message.{role} .actions", label)

    def look(self, state):
        """Takes pictures of the page as it is, and looks for what is too wide or not accessible."""
        pictures, axe = os.environ.get("SHEEPOP_PICTURES"), os.environ.get("SHEEPOP_AXE")
        if axe:
            self.browser.run(pathlib.Path(axe).read_text())
        for width, height in ((1280, 860), (360, 740)):
            self.browser.size(width, height)
            for scheme in ("light", "dark"):
                self.browser.colours(scheme)
                with self.subTest(state=state, width=width, scheme=scheme):
                    self.assertEqual(self.browser.run(TOO_WIDE), [])
                    if pictures:
                        self.browser.picture(pathlib.Path(pictures) / f"page-{state}-{width}-{scheme}.png")
                    if axe:
                        self.assertEqual(self.browser.run(FAULTS), [])
        self.browser.size(1280, 860)
        self.browser.colours("light")

    def reload(self):
        self.browser.open("about:blank")
        self.browser.open(self.url)
        self.ready()
        self.watch()
