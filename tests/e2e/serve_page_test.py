"""The page of sheepop serve: conversations, by mouse and keys as a person uses it."""

import random
import re

from page import LAST, PageTest
from program import main


class Chat(PageTest):
    def test_an_answer_is_what_the_server_gives_for_the_same_request(self):
        self.set(seed=7, max_tokens=24, option_temperature=0.5)
        self.say("Tell of a sheep")
        shown = self.settled()
        body = self.sent()
        self.assertEqual(body["messages"], [{"role": "user", "content": "Tell of a sheep"}])
        self.assertEqual({name: body[name] for name in ("seed", "max_tokens", "temperature", "stream")},
                         {"seed": 7, "max_tokens": 24, "temperature": 0.5, "stream": True})
        same = self.server.post("/v1/chat/completions", model=body["model"], messages=body["messages"], seed=7, max_tokens=24, temperature=0.5).json
        self.browser.run("[...document.querySelectorAll('.message.assistant .actions button')].find(each => each.textContent === 'Raw text').click()")
        self.assertEqual(self.settled()["text"], same["choices"][0]["message"]["content"])
        self.assertIn("24 tokens written", shown["whole"])
        self.assertEqual(self.browser.complaints(), [])

    def test_shift_enter_begins_a_line_and_text_is_no_markup(self):
        self.set(max_tokens=4)
        self.browser.type("#text", "<img src=x>")
        self.browser.press("shift", "enter")
        self.browser.type("#text", "second")
        self.browser.press("enter")
        self.settled()
        self.assertEqual(self.sent()["messages"][-1]["content"], "<img src=x>\nsecond")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#messages img').length"), 0)
        self.assertEqual(self.browser.run("return document.querySelector('.message.user .body').textContent"), "<img src=x>\nsecond")

    def test_stop_keeps_the_text_and_continue_goes_on_with_it(self):
        self.say("Tell a long tale")
        self.writes()
        self.browser.press("escape")
        stopped = self.settled()
        self.assertEqual(stopped["state"], "Stopped.")
        self.set(max_tokens=5)
        self.action("Continue")
        whole = self.settled()
        self.assertTrue(whole["text"].startswith(stopped["text"].rstrip()), (stopped, whole))
        self.assertGreater(len(whole["text"]), len(stopped["text"]))
        body = self.sent()
        self.assertEqual((body["continue_final_message"], body["add_generation_prompt"]), (True, False))
        self.assertEqual(body["messages"][-1]["role"], "assistant")

    def test_regenerated_and_edited_versions_stay(self):
        self.set(max_tokens=12)
        self.say("One")
        first = self.settled()["text"]
        self.action("Regenerate")
        self.browser.find(".message.assistant .branches span", "2/2")
        second = self.settled()["text"]
        self.assertNotEqual(first, second)
        self.browser.click(".message.assistant .branch", "‹")
        self.assertEqual(self.settled()["text"], first)
        self.action("Edit", "user")
        self.browser.find(".edit textarea")
        self.browser.type(".edit textarea", " and two")
        self.browser.press("enter")
        self.browser.find(".message.user .branches span", "2/2")
        self.settled()
        self.assertEqual(self.sent()["messages"][-1]["content"], "One and two")
        self.browser.click(".message.user .branch", "‹")
        self.browser.find(".message.assistant .branches span", "1/2")
        self.assertEqual(self.settled()["text"], first)
        self.reload()
        self.assertEqual(self.settled()["text"], first)

    def test_a_system_prompt_and_only_changed_settings_are_sent(self):
        self.set(max_tokens=3, system="Bleat.", option_top_k=7)
        self.assertEqual(self.browser.find("#changes") and self.browser.run("return document.querySelector('#changes').textContent"), "3")
        self.say("Hello")
        self.settled()
        body = self.sent()
        self.assertEqual(body["messages"][0], {"role": "system", "content": "Bleat."})
        self.assertEqual(set(body) - {"messages", "model", "stream", "stream_options", "return_progress", "explain"}, {"max_tokens", "top_k"})

    def test_a_setting_out_of_its_bounds_is_told_and_not_sent(self):
        self.set(option_top_p="1.5")
        self.say("Hello")
        self.browser.find("#settings .fault", "top_p is “1.5”; it must be a number, 0 to 1.")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "option-top_p")
        self.assertIn("top_p is “1.5”", self.settled()["state"])
        self.assertEqual(self.browser.run("return window.sent.filter(({url}) => url.includes('completions')).length"), 0)
        self.browser.click("#settings-reset")
        self.browser.press("escape")
        self.set(max_tokens=3)
        self.action("Try again")
        self.assertTrue(self.settled()["text"])

    def test_every_option_of_the_server_has_a_field(self):
        groups = self.server.ask("GET", "/options").json["groups"]
        options = [option for group in groups for option in group["options"] if option["name"] != "seed"]
        self.assertGreater(len(options), 5)
        for option in options:
            shown = self.browser.run("""const field = document.getElementById('option-' + arguments[0]);
                return field && [field.labels[0].textContent, field.closest('.option').textContent]""", option["name"])
            self.assertEqual(shown[0], option["name"])
            self.assertIn(option["help"], shown[1])

    def test_options_are_found_by_a_word(self):
        self.browser.click("#settings-open")
        self.browser.type("#find", "nothing is called so")
        self.assertEqual(self.browser.run("return document.querySelector('#options').innerText.includes('temperature')"), False)
        self.browser.run("document.querySelector('#find').value = ''")
        self.browser.type("#find", "temper")
        self.browser.find("#option-temperature")

    def test_the_ledger_adds_up(self):
        self.set(max_tokens=8, seed="18446744073709551557")
        self.say("Hello there")
        self.settled()
        self.browser.click(".ledger summary")
        ledger = self.browser.run("""return Object.fromEntries([...document.querySelectorAll('.ledger dt')].map(
            name => [name.textContent, name.nextElementSibling.textContent]))""")
        self.assertEqual(ledger["seed"], "18446744073709551557")
        tokens = {name.removeprefix("tokens: "): value for name, value in ledger.items()}
        whole = int(tokens["of the prompt"])
        self.assertEqual(int(tokens["of the template"]) + sum(map(int, tokens["of each message"].split(", "))), whole)
        self.assertEqual(int(tokens["found in the cache"]) + int(tokens["computed"]), whole)
        self.assertEqual(tokens["dropped"], "0")

    def test_why_a_token_was_drawn_and_another_candidate(self):
        self.set(max_tokens=12, seed=3)
        self.say("Tell of a king")
        self.settled()
        self.action("Raw text")  # shows line ends too, which are tokens like any other
        answer = self.settled()["text"]
        self.assertEqual(self.browser.run(f"return [...{LAST}.querySelectorAll('.token')].map(each => each.textContent).join('')"), answer)
        self.browser.run(f"{LAST}.querySelectorAll('.token')[4].click()")
        self.browser.find("#why .stage")
        panel = self.browser.run("return document.querySelector('#why').innerText")
        for word in ("token 5 of 12", "drawn with probability", "u = ", "Temperature", "temperature", "candidates", "removed", "entropy"):
            self.assertIn(word, panel)
        self.browser.click("#why-next")
        self.assertIn("token 6 of 12", self.browser.run("return document.querySelector('#why').innerText"))
        self.browser.click("#why-before")
        start = self.browser.run(f"return [...{LAST}.querySelectorAll('.token')].slice(0, 4).map(each => each.textContent).join('')")
        self.assertTrue(answer.startswith(start))
        piece = self.browser.run("""const other = document.querySelector('#why button.piece[title="write on from this token"]');
            other.click(); return other.textContent""")
        for shown, meant in (("·", " "), ("⏎", "\n"), ("⇥", "\t")):
            piece = piece.replace(shown, meant)
        self.browser.find(".message.assistant .branches span", "2/2")
        self.settled()
        self.action("Raw text")
        branch = self.settled()["text"]
        self.assertTrue(branch.startswith(start + piece), (branch, start, piece))
        self.assertGreater(len(branch), len(start + piece))
        self.assertTrue(self.sent()["messages"][-1]["content"].endswith(start + piece))
        self.browser.click(".message.assistant .branch", "‹")
        self.action("Raw text")
        self.assertEqual(self.settled()["text"], answer)

    def test_text_mode_goes_on_with_what_is_written(self):
        self.browser.click("#new-text")
        self.set(max_tokens=10, seed=5)
        self.say("Once upon a time")
        answer = self.settled()["text"]
        self.assertEqual(self.sent()["prompt"], "Once upon a time")
        same = self.server.post("/v1/completions", model=self.sent()["model"], prompt="Once upon a time", max_tokens=10, seed=5).json
        self.assertEqual(answer, same["choices"][0]["text"])
        self.action("Continue")
        self.assertTrue(self.settled()["text"].startswith(answer))
        self.assertEqual(self.sent()["prompt"], "Once upon a time" + answer)

    def test_shortcuts(self):
        self.browser.run("document.activeElement.blur()")
        self.browser.press("?")
        self.browser.find("#shortcuts h2", "Shortcuts")
        self.browser.press("escape")
        self.browser.press("/")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "text")
        self.browser.press("alt", "s")
        self.browser.find("#settings")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "panel-title")
        self.browser.press("escape")
        self.assertTrue(self.browser.run("return document.querySelector('#panel').hidden"))
        self.set(max_tokens=3)
        self.say("Hello")
        self.settled()
        self.browser.press("alt", "r")
        self.browser.find(".message.assistant .branches span", "2/2")
        self.settled()
        self.browser.press("up")
        self.assertEqual(self.browser.run("return document.activeElement.value"), "Hello")
        self.browser.press("escape")
        self.browser.press("alt", "n")
        self.browser.find("#welcome")

    def test_the_answer_is_announced_in_sentences(self):
        self.set(max_tokens=40)
        self.say("Tell of a fox")
        answer = self.settled()["text"]
        live = self.browser.run("""const live = document.querySelector('#live');
            return [live.getAttribute('aria-live'), live.textContent.replace(/\\s+/g, ''), live.lastElementChild.textContent]""")
        self.assertEqual(live[0], "polite")
        self.assertIn("".join(answer.split()), live[1])
        self.assertEqual(live[2], "The answer is whole, 40 tokens.")

    def ingest_answers(self, status, **answer):
        """Stands for the server's reading of files."""
        self.browser.run("""
            const real = window.fetch;
            window.fetch = (url, options) => String(url).includes('/ingest?')
              ? Promise.resolve(new Response(JSON.stringify(arguments[1]), {status: arguments[0]})) : real(url, options);""",
            status, answer)

    def add_file(self):
        file = self.folder / "notes.txt"
        file.write_text("The wolf is called Grey.\n")
        self.browser.choose_files("#file", file)

    def ask_about_the_file(self):
        self.set(max_tokens=3)
        self.add_file()
        self.browser.find("#chips .name", "notes.txt")
        self.say("Who is the wolf?")
        self.settled()
        content = self.sent()["messages"][-1]["content"]
        self.assertRegex(content, r"(?s)^File notes\.txt:\n\nThe wolf is called Grey\..*Who is the wolf\?$")
        self.browser.click(".message.user .file summary")
        return self.browser.run("return document.querySelector('.message.user .file').innerText")

    def test_a_file_is_shown_with_what_was_taken_and_sent_with_the_message(self):
        self.ingest_answers(200, text="The wolf is called Grey.\n", format="text", taken="all of it", notes=["one line"])
        shown = self.ask_about_the_file()
        for part in ("The wolf is called Grey.", "text, 25 characters", "all of it", "one line"):
            self.assertIn(part, shown)

    def test_a_file_is_read_by_the_server(self):
        if self.server.ask("POST", "/ingest?name=x.txt", b"x").status == 404:
            self.skipTest("this server has no /ingest")
        self.assertIn("The wolf is called Grey.", self.ask_about_the_file())

    def test_a_file_that_was_not_taken_is_told(self):
        for status, told in ((404, "Uploads are off on this server, so notes.txt was not read."),
                             (501, "Uploads are off on this server, so notes.txt was not read. because"),
                             (413, "notes.txt was not read. because")):
            with self.subTest(status=status):
                self.ingest_answers(status, error={"message": "because"})
                self.add_file()
                self.browser.find(".notice p", told)
                self.browser.click(".notice button", "Dismiss")
                self.assertEqual(self.browser.run("return document.querySelectorAll('#chips .file').length"), 0)

    def test_markdown(self):
        """Of a model that is not here: the page's own renderer, with a text that such models write."""
        text = "# Head\n\nSome **bold**, `co*de` and *em*; 2 * 3 * 4 <b>.\n\n1. one\n2. two\n   - in\n\n```py\na **b**\n\n```\n> quote\n- x\n- y"
        shown = self.browser.run("""
            return import('./page/markdown.js').then(({Rendering}) => {
              const box = document.createElement('div'), parts = [];
              const rendering = new Rendering(box), text = arguments[0];
              for (let end = 1; end <= text.length; ++end) rendering.update(text.slice(0, end), (parent, a, b) => parent.append(text.slice(a, b)));
              return box.innerHTML;
            })""", text)
        self.assertEqual(re.sub("</?div[^>]*>", "", shown),
                         '<h3>Head</h3><p>Some <strong>bold</strong>, <code>co*de</code> and <em>em</em>; 2 * 3 * 4 &lt;b&gt;.</p>'
                         '<ol start="1"><li>one</li><li>two<ul><li>in</li></ul></li></ol>'
                         '<span class="info">py</span><pre tabindex="0" aria-label="code"><code>a **b**\n</code></pre>'
                         '<blockquote>quote</blockquote><ul><li>x</li><li>y</li></ul>')

    def test_markdown_shows_every_letter_once(self):
        """Whatever marks stand around it, and in whatever pieces it comes."""
        draw = random.Random(5)
        marks = ["a", "b", " ", "\n", "*", "**", "`", "```", "\n```\n", "#", "# ", "- ", "1. ", "> ", "\\", "_", "---", "\n\n", "  "]
        texts = ["".join(draw.choices(marks, k=draw.randrange(1, 30))) for _ in range(2000)]
        wrong = self.browser.run("""
            return import('./page/markdown.js').then(({Rendering}) => arguments[0].filter(text => {
              const box = document.createElement('div'), rendering = new Rendering(box);
              for (const end of [Math.floor(text.length / 2), text.length]) {
                rendering.update(text.slice(0, end), (parent, a, b) => parent.append(text.slice(a, b)));
              }
              return box.textContent.replace(/[^ab]/g, '') !== text.replace(/[^ab]/g, '');
            }))""", texts)
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    main()
