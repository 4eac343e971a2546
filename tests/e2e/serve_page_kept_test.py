"""The page of sheepop serve: what it keeps, whatever happens, and what it does not keep."""

import json
import os
import pathlib
import signal
import time

from page import LAST, PageTest
from program import main

KEY = "a-key-of-sixteen-characters-or-more"


class Kept(PageTest):
    def titles(self):
        return self.browser.run("return [...document.querySelectorAll('#list .open')].map(each => each.textContent)")

    def test_conversations_are_kept_renamed_and_deleted(self):
        self.set(max_tokens=3)
        self.say("First")
        first = self.settled()["text"]
        self.browser.click("#new-chat")
        self.say("Second")
        self.settled()
        self.assertEqual(self.titles(), ["Second", "First"])
        self.browser.click("#list .here .small", "Rename")
        self.browser.run("document.querySelector('#new-title').value = ''")
        self.browser.type("#new-title", "Sheep & co")
        self.browser.press("enter")
        self.browser.find("#title", "Sheep & co")
        self.reload()
        self.assertEqual(self.titles(), ["Sheep & co", "First"])
        self.browser.click("#list .open", "First")
        self.browser.find("#title", "First")
        self.assertEqual(self.settled()["text"], first)
        self.browser.click("#list .here .small", "Delete")
        self.browser.click("dialog button", "Keep")
        self.assertEqual(self.titles(), ["Sheep & co", "First"])
        self.browser.click("#list .here .small", "Delete")
        self.browser.click("dialog button", "Delete")
        self.browser.find("#title", "Sheep & co")
        self.reload()
        self.assertEqual(self.titles(), ["Sheep & co"])

    def test_what_was_not_sent_is_kept(self):
        self.browser.type("#text", "half a thou")
        self.reload()
        self.assertEqual(self.browser.run("return document.querySelector('#text').value"), "half a thou")

    def test_export_and_import(self):
        self.set(max_tokens=5)
        self.say("Hello")
        first = self.settled()["text"]
        self.action("Regenerate")
        self.browser.find(".message.assistant .branches span", "2/2")
        second = self.settled()["text"]
        self.browser.click("#export")
        self.browser.find(".notice p")
        end = time.monotonic() + 20
        while not (found := list(self.folder.glob("sheepop-*.json"))) and time.monotonic() < end:
            time.sleep(0.05)
        archive = json.loads(found[0].read_text())
        [conversation] = archive["conversations"]
        self.assertEqual([message["role"] for message in conversation["messages"]], ["user", "assistant", "assistant"])
        conversation["title"] = "Brought back"
        conversation["messages"] += [{"id": "a", "role": "system", "parent": "", "text": ""}, {"id": "b", "role": "user", "text": "x", "parent": "nobody"},
                                     {"id": "c", "role": "user", "text": 5, "parent": ""}]
        conversation["settings"]["colour"] = "red"
        archive["conversations"] += [7, {"kind": "song", "messages": []}]
        changed = self.folder / "changed.json"
        changed.write_text(json.dumps(archive))
        self.browser.devtools("Storage.clearDataForOrigin", origin=self.url, storageTypes="all")
        self.reload()
        self.browser.choose_files("#archive", changed)
        self.browser.find("#title", "Brought back")
        self.assertEqual(self.settled()["text"], second)
        self.browser.click(".message.assistant .branch", "‹")
        self.assertEqual(self.settled()["text"], first)
        told = self.browser.run("return [...document.querySelectorAll('.notice li')].map(each => each.textContent)")
        self.assertEqual(told, [
            "Conversation 1 (Brought back): setting colour is unknown or of the wrong kind",
            'Conversation 1 (Brought back): message 4 has the role "system"; user and assistant are known',
            "Conversation 1 (Brought back): message 6 has no text",
            "Conversation 1 (Brought back): message 5 has a parent that is not there",
            "Conversation 2 is no object with messages",
            'Conversation 3 is of the unknown kind "song"'])

    def test_a_file_that_is_no_archive_is_refused_with_a_reason(self):
        for text, reason in (("{", "The file is no JSON"), ("{}", "is not one of this page"),
                             ('{"format": "sheepop conversations", "version": 2, "conversations": []}', "of version 2")):
            with self.subTest(text=text):
                file = self.folder / "other.json"
                file.write_text(text)
                self.browser.choose_files("#archive", file)
                self.browser.until("return document.querySelector('#notices').textContent.includes(arguments[0])", reason)

    def test_a_reload_while_it_writes_keeps_what_was_shown(self):
        self.set(max_tokens=3000)
        self.say("Tell a long tale")
        shown = self.writes(60)
        self.reload()
        kept = self.settled()
        self.assertTrue(kept["text"].startswith(shown), (shown, kept))
        self.assertIn("The page was closed", kept["state"])
        self.set(max_tokens=4)
        self.action("Continue")
        self.assertTrue(self.settled()["text"].startswith(kept["text"].rstrip()))

    def test_a_server_that_dies_takes_nothing_away(self):
        self.say("Tell a long tale")
        shown = self.writes(60)
        self.server.stop(signal.SIGKILL)
        kept = self.settled()
        self.assertTrue(kept["text"].startswith(shown))
        self.assertIn("The text so far is kept.", kept["state"])
        self.action("Continue")
        self.browser.until(f"return {LAST}.querySelector('.state').textContent.startsWith('The server cannot be reached.')")
        self.assertEqual(self.settled()["text"], kept["text"])
        type(self).start(self.server.port)
        self.set(max_tokens=4)
        self.action("Continue")
        whole = self.settled()
        self.assertTrue(whole["text"].startswith(kept["text"].rstrip()))
        self.assertNotIn("kept", whole["state"])

    def test_an_answer_goes_on_while_another_conversation_is_shown(self):
        self.set(max_tokens=200)
        self.say("Tell a long tale")
        self.writes()
        self.browser.click("#new-chat")
        self.browser.find("#welcome")
        self.browser.click("#list .open", "Tell a long tale")
        self.assertNotIn("kept", self.settled()["state"])


class WithAKey(PageTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"sheepop-page-{os.getpid()}"
        folder.write_text(f"page {KEY}\n")
        folder.chmod(0o600)
        cls.addClassCleanup(folder.unlink)
        cls.flags = ("--api-key-file", folder)
        super().setUpClass()

    def ready(self):
        self.browser.find("dialog[open]" if not self.browser.run("return sessionStorage.getItem('sheepop.key')") else "#options")

    def test_the_key_is_asked_for_and_kept_for_this_tab_only(self):
        self.browser.run("document.querySelector('#key').seen = true")
        self.browser.type("#key", "wrong")
        self.browser.press("enter")
        self.browser.until("return document.querySelector('#key')?.value === 'wrong' && !document.querySelector('#key').seen")
        self.browser.run("document.querySelector('#key').value = ''")
        self.browser.type("#key", KEY)
        self.browser.press("enter")
        super().ready()
        self.set(max_tokens=3)
        self.say("Hello")
        self.assertTrue(self.settled()["text"])
        self.assertNotIn(KEY, json.dumps(self.browser.run("return {...localStorage}")))
        self.assertEqual(self.browser.run("return document.body.textContent.includes(arguments[0])", KEY), False)


if __name__ == "__main__":
    main()
