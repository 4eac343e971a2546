"""sheepop explain: the figures of the specification, the record of a model's text, comparisons, the page."""

import json
import re
import unittest

import browser
from program import GOLDEN, LLAMA, ProgramTest, main, run

PROMPT = ",".join(map(str, GOLDEN["greedy"]["prompt"]))
CAT = ("explain", "-p", "The", "--logits", "10,8,5,2,1,0.5", "--labels", "cat,dog,car,house,tree,book")
WORKED = (*CAT, "--temperature", 1, "--top-k", 3, "--top-p", 0.9, "--u", 0.75)
PROBS = ("explain", "--probs", "0.4,0.3,0.2,0.05,0.03,0.02", "--temperature", 1, "--u", 0.5)


def rounded(stage):
    return [round(token["prob"], 3) for token in stage["top"]]


class WithoutAModel(ProgramTest):
    def step(self, *arguments):
        return self.json(*arguments)["steps"][0]

    def stage(self, step, name):
        return next(stage for stage in step["stages"] if stage["name"] == name)

    def test_worked_example(self):
        step = self.step(*WORKED)
        self.assertEqual([stage["name"] for stage in step["stages"]], ["temperature", "top_k", "top_p"])
        self.assertEqual(rounded(self.stage(step, "temperature"))[:2], [0.875, 0.118])
        self.assertEqual(rounded(self.stage(step, "top_k")), [0.876, 0.118, 0.006])
        self.assertEqual(rounded(self.stage(step, "top_p")), [0.881, 0.119])
        self.assertEqual([stage["kept"] for stage in step["stages"]], [6, 3, 2])
        self.assertEqual(step["position"], 1)
        self.assertEqual(step["u"], 0.75)
        self.assertEqual([round(end, 3) for end in step["interval"]], [0, 0.881])
        chosen = step["chosen"]
        self.assertEqual((chosen["id"], chosen["piece"], round(chosen["prob"], 3), chosen["rank"]), (0, "cat", 0.881, 0))
        self.assertEqual(self.stage(step, "temperature")["top"][0]["logit"], 10)
        self.assertEqual(self.json(*WORKED)["text"], "cat")

    def test_temperature(self):
        expected = {0.5: [0.844, 0.114, 0.042], 1: [0.629, 0.231, 0.140], 2: [0.481, 0.292, 0.227]}
        for temperature, probabilities in expected.items():
            with self.subTest(temperature=temperature):
                step = self.step("explain", "--logits", "2,1,0.5", "--temperature", temperature, "--top-k", 0, "--top-p", 1)
                self.assertEqual(rounded(self.stage(step, "temperature")), probabilities)
                self.assertEqual(self.stage(step, "temperature")["temperature"], temperature)

    def test_top_k(self):
        step = self.step(*PROBS, "--top-k", 3, "--top-p", 1)
        self.assertEqual(rounded(self.stage(step, "top_k")), [0.444, 0.333, 0.222])
        self.assertAlmostEqual(self.stage(step, "top_k")["removed_mass"], 0.1, places=6)

    def test_top_p(self):
        step = self.step(*PROBS, "--top-k", 0, "--top-p", 0.9)
        self.assertEqual(self.stage(step, "top_p")["kept"], 3)

    def test_the_draw_is_a_cut_of_the_unit_interval(self):
        for u, piece in ((0, "cat"), (0.88, "cat"), (0.8812, "dog"), (0.999999, "dog")):
            with self.subTest(u=u):
                self.assertEqual(self.step(*WORKED, "--u", u)["chosen"]["piece"], piece)

    def test_the_seed_draws_when_no_u_is_given(self):
        one = self.json(*CAT, "--seed", 7)
        self.assertEqual(one, self.json(*CAT, "--seed", 7))
        self.assertEqual(one["seed"], 7)
        self.assertNotEqual(one["steps"][0]["u"], self.step(*CAT, "--seed", 8)["u"])

    def test_history_is_what_penalties_see(self):
        step = self.step("explain", "--logits", "3,2,1", "--ids", "0,1", "--repeat-penalty", 2)
        self.assertEqual(step["position"], 2)
        tokens = {token["id"]: token["logit"] for token in self.stage(step, "repetition")["top"]}
        self.assertEqual(tokens, {0: 1.5, 1: 1, 2: 1})

    def test_watch(self):
        step = self.step(*WORKED, "--watch", "car", "--watch", 3, "--watch", "cat")
        car, house, cat = step["watched"]
        self.assertEqual((car["removed_by"], car["rank"], round(car["prob"], 3)), ("top_p", 2, 0.006))
        self.assertEqual(car["remedies"][0], {"field": "top_p", "from": "0.9", "to": "0.994102"})
        self.assertEqual((house["id"], house["removed_by"]), (3, "top_k"))
        self.assertIsNone(cat["removed_by"])
        kept = self.step(*WORKED, "--top-p", car["remedies"][0]["to"], "--watch", "car")
        self.assertIsNone(kept["watched"][0]["removed_by"])

    def test_what_is_not_a_candidate_stays_out(self):
        step = self.step("explain", "--logits", "1,nan,-inf,0", "--top-k", 0, "--top-p", 1, "--watch", 1)
        self.assertEqual(step["entry"]["kept"], 2)
        self.assertEqual(step["watched"][0]["removed_by"], "logits")

    def test_against(self):
        flags = ("explain", "--logits", "2,1,0.5", "--temperature", 0.5, "--top-k", 0, "--top-p", 1, "--u", 0.75)
        against = self.json(*flags, "--against", "--temperature 2")["against"]
        self.assertEqual(against["settings"], [{"field": "temperature", "first": "0.5", "second": "2"}])
        divergence = against["divergence"]
        self.assertEqual((divergence["step"], divergence["stage"]), (0, "temperature"))
        self.assertEqual((divergence["first"]["chosen"]["id"], divergence["second"]["chosen"]["id"]), (0, 1))
        self.assertEqual(divergence["first"]["u"], divergence["second"]["u"])
        self.assertIsNone(self.json(*flags, "--against", "--temperature 0.6")["against"]["divergence"])
        removed = self.json(*WORKED, "--u", 0.99, "--against", "--top-k 1")["against"]["divergence"]
        self.assertIn("top_k removes \"dog\" under the second settings", removed["cause"])

    def test_errors_name_the_value_and_the_way_out(self):
        for arguments, message in (
            ((*CAT, "--labels", "a,b"), "labels has 8 entries for 6 logits, there must be one for each"),
            ((*CAT, "--u", 1), "u is 1, must be at least 0 and less than 1"),
            (("explain", "--probs", "0.5,-1"), "probs has -1, it must be numbers of at least 0"),
            (("explain", "--u", 0.5, "-p", "x"), "--u belongs to --logits or --probs, and neither was given"),
            ((*CAT, "--against", "--nonsense 1"), '"--nonsense 1" are no sampling flags'),
            ((*CAT, "--against", "--seed 1"), "--against compares settings on the same random numbers"),
            ((*CAT, "--temperature", -1), "temperature is -1"),
            ((*CAT, "--watch", "cow"), 'watch names "cow"'),
            (("explain", "--logits", "1,2", "--ids", "9"), "ids names token 9, the logits have ids 0 to 1"),
        ):
            with self.subTest(arguments=arguments):
                self.assertIn(message, self.error(*arguments, code=2))

    def test_colour_only_when_asked_for(self):
        plain = self.text(*WORKED)
        self.assertNotIn("\x1b", plain)
        coloured = self.text(*WORKED, "--color", "always")
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", coloured), plain)
        self.assertNotEqual(coloured, plain)

    def test_labels_cannot_reach_the_terminal(self):
        self.assertNotIn("\x1b", self.text("explain", "--logits", "1,0", "--labels", "\x1b[2J,b", "--seed", 1))


class WithAModel(ProgramTest):
    flags = ("-m", LLAMA, "--ids", PROMPT, "--seed", 7)

    def test_the_same_text_as_generate(self):
        explained = self.json("explain", *self.flags, "-n", 12)
        generated = self.json("generate", *self.flags, "-n", 12)
        self.assertEqual(explained["ids"], generated["ids"])
        self.assertEqual(explained["text"], generated["text"])
        self.assertEqual(explained["prompt_ids"], generated["prompt_ids"])
        positions = [step["position"] for step in explained["steps"]]
        first = len(GOLDEN["greedy"]["prompt"])
        self.assertEqual(positions, list(range(first, first + len(positions))))
        for step in explained["steps"]:
            low, high = step["interval"]
            self.assertTrue(low <= step["u"] < high)

    def test_against_agrees_with_two_runs(self):
        flags = (*self.flags, "-n", 40)
        both = self.json("explain", *flags, "--temperature", 0.8, "--against", "--temperature 1.2")
        first = self.json("generate", *flags, "--temperature", 0.8)["ids"]
        second = self.json("generate", *flags, "--temperature", 1.2)["ids"]
        self.assertEqual((both["ids"], both["against"]["ids"]), (first, second))
        parts = next(i for i, (a, b) in enumerate(zip(first, second)) if a != b)
        divergence = both["against"]["divergence"]
        self.assertEqual(divergence["step"], parts)
        self.assertEqual(divergence["first"]["chosen"]["id"], first[parts])
        self.assertEqual(divergence["second"]["chosen"]["id"], second[parts])

    def test_the_page_holds_the_record_and_needs_nothing_else(self):
        page = self.folder / "page.html"
        record = self.json("explain", *self.flags, "-n", 3, "--html", page)
        text = page.read_text()
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL).group(1)
        shown = json.loads(data)
        self.assertEqual(shown.pop("seed"), "7")
        record.pop("seed")
        self.assertEqual(shown, record)
        self.assertNotRegex(text.replace(data, ""), r"https?://|src=|@import|url\(|<link")
        self.assertIn("default-src 'none'", text)

    def test_the_page_is_safe_from_what_it_shows(self):
        page = self.folder / "page.html"
        self.text("explain", "--logits", "1,0", "--labels", "</script><script>alert(1)</script>,<!--", "--seed", 1,
                  "--html", page)
        text = page.read_text()
        self.assertNotIn("alert(1)</script>", text)
        self.assertEqual(text.count("</script>"), 2)
        self.assertEqual(text.count("<!--"), 0)

    def test_a_page_that_cannot_be_written_is_an_error(self):
        self.assertIn("/nowhere/page.html", self.error(*WORKED, "--html", "/nowhere/page.html"))


@unittest.skipIf(browser.absent(), browser.absent())
class Looked(ProgramTest):
    """The page in a browser."""

    def look(self, *arguments):
        page = self.folder / "page.html"
        told = run("explain", *arguments, "--html", page, "--verbose")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stdout.decode(), f"{page} is written; open it in a browser\n")
        window = browser.Browser()
        self.addCleanup(window.close)
        window.open(page.as_uri())
        self.assertEqual(window.complaints(), [])
        return window

    def texts(self, window, selector):
        return window.run("return [...document.querySelectorAll(arguments[0])].map(element => element.textContent)", selector)

    def test_steps_are_told_and_those_that_changed_nothing_folded(self):
        window = self.look(*WORKED[1:])
        self.assertEqual(self.texts(window, ".stages h3"), ["top_k", "top_p"])
        self.assertIn("Keeps the k most probable tokens.", self.texts(window, ".stages section p"))
        self.assertEqual(self.texts(window, "details.idle summary"), ["temperature: changed nothing"])
        window.click("#legend summary")
        self.assertIn("entropy", self.texts(window, "#legend dt"))

    def test_bytes_of_a_character_are_that_character(self):
        ids = self.json("tokenize", "-m", LLAMA, "-p", "\u00e9")["ids"]
        self.assertEqual(len(ids), 2)
        script = ("--logit-bias", f"{ids[0]}=100", "--logit-bias", f"{ids[1]}=90")
        window = self.look("-m", LLAMA, "-p", "a", "-n", 2, *script, "--no-repeat-ngram", 1, "--temperature", 0)
        self.assertEqual(self.texts(window, "button.token"), ["\u00e9 1/2", "\u00e9 2/2"])


class BeamSearch(ProgramTest):
    flags = ("generate", "-m", LLAMA, "--ids", PROMPT, "-n", 6)

    def logprob(self, ids):
        """Of a continuation of the prompt, by the command that scores text."""
        scored = self.json("score", "-m", LLAMA, "--ids", PROMPT + "," + ",".join(map(str, ids)), "--per-token")
        return sum(token["logprob"] for token in scored["per_token"][-len(ids):])

    def test_one_beam_is_greedy(self):
        greedy = self.json(*self.flags, "--temperature", 0)
        self.assertEqual(self.json(*self.flags, "--beams", 1)["ids"], greedy["ids"])

    def test_scores_are_the_model_s_and_more_beams_find_no_worse(self):
        best = []
        for width in (1, 4, 8):
            out = self.json(*self.flags, "--beams", width, "--n-best", min(width, 3), "--length-penalty", 0)
            scores = [beam["score"] for beam in out["beams"]]
            self.assertEqual(scores, sorted(scores, reverse=True))
            self.assertEqual(len({tuple(beam["ids"]) for beam in out["beams"]}), len(out["beams"]))
            for beam in out["beams"]:
                if beam["finish_reason"] == "length":
                    self.assertAlmostEqual(beam["logprob"], self.logprob(beam["ids"]), places=3)
            best.append(scores[0])
        self.assertGreaterEqual(best[1], best[0])

    def test_the_best_text_does_not_depend_on_how_many_are_wanted(self):
        results = [self.json(*self.flags, "--beams", 6, "--n-best", n)["beams"][0] for n in (1, 3, 6)]
        self.assertEqual(results, [results[2]] * 3)

    def test_the_result_does_not_depend_on_threads_and_chunks(self):
        results = [self.json(*self.flags, "--beams", 5, "--n-best", 5, *way)["beams"]
                   for way in (("--threads", 1), ("--threads", 3), ("--prefill-chunk", 1), ("--prefill-chunk", 5))]
        for result in results:
            self.assertEqual(result, results[0])

    def test_errors(self):
        for arguments, message in (
            (("--beams", 0), "--beams is 0, must be 1 to 1024"),
            (("--beams", 2, "--n-best", 3), "--n-best is 3"),
            (("--beams", 2, "--length-penalty", 11), "--length-penalty is 11, must be -10 to 10"),
            (("--n-best", 2), "--n-best belongs to --beams"),
            (("--beams", 2, "--temperature", 1, "--stop", "x"), "beam search has no use for --temperature, --stop"),
        ):
            with self.subTest(arguments=arguments):
                self.assertIn(message, self.error(*self.flags, *arguments, code=2))


if __name__ == "__main__":
    main()
