"""sheepop serve, as evaluation harnesses, retrieval tools and the official client use it: /v1/completions, /v1/embeddings,
/v1/models, /tokenize and beside it."""

import base64
import concurrent.futures
import json
import pathlib
import struct
import tempfile
import unittest

from program import GOLDEN, LLAMA, TINY, ProgramTest, main
from serving import Server

try:
    import openai
except ImportError:
    openai = None

TALES = TINY.parents[2] / "models" / "tales.gguf"
MODELS = {name: TINY / name / "model.gguf" for name in ("gpt2", "gemma3")} | {"llama": LLAMA}
TEXT = "Once upon a time, in a land of sheep"
# Of letters, as a random model writes bytes that are no text; and each once, so that a stop string is where it seems.
DRAWN = {"temperature": 0, "allowed": list("abcdefghijklmnopqrstuvwxyz"), "no_repeat_ngram": 1}


class Served(ProgramTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        named = []  # a model's name is that of its file
        for name, path in MODELS.items():
            named.append(pathlib.Path(folder.name) / f"{name}.gguf")
            named[-1].symlink_to(path)
        cls.server = Server("--context", 64, "--sequences", 4, "--log", "off", models=named)

    @classmethod
    def tearDownClass(cls):
        code, said = cls.server.stop()
        assert code == 0, (code, said)

    def post(self, path, model="llama", **body):
        answer = self.server.post(path, model=model, **body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def refused(self, path, status, param, **body):
        answer = self.server.post(path, model="llama", **body)
        self.assertEqual((answer.status, answer.error["param"]), (status, param), answer.body)

    def joined(self, **body):
        """A stream of completions as the choices that it tells."""
        choices = {}
        for chunk in self.server.post("/v1/completions", **{"model": "llama"} | body, stream=True).events:
            for part in chunk["choices"]:
                choice = choices.setdefault(part["index"], {"text": "", "logprobs": None, "finish_reason": None})
                choice["text"] += part["text"]
                choice["finish_reason"] = part["finish_reason"] or choice["finish_reason"]
                for key, values in (part["logprobs"] or {}).items():
                    choice["logprobs"] = choice["logprobs"] or {}
                    choice["logprobs"].setdefault(key, []).extend(values)
        return [choices[index] | {"index": index} for index in sorted(choices)]


class Scores(Served):
    def harness(self, model, ids, continuation):
        """What lm-evaluation-harness makes of an answer: the sum over the continuation, and whether it is greedy."""
        answer = self.post("/v1/completions", model, prompt=[ids], temperature=0, max_tokens=1, logprobs=1, seed=1234, echo=True)
        logprobs = answer["choices"][0]["logprobs"]
        for values in logprobs.values():
            self.assertEqual(len(values), len(ids) + 1)
        self.assertIsNone(logprobs["token_logprobs"][0])
        self.assertIsNone(logprobs["top_logprobs"][0])
        start = len(ids) - continuation
        drawn, best = logprobs["token_logprobs"][start:-1], logprobs["top_logprobs"][start:-1]
        self.assertTrue(all(1 <= len(top) <= 2 for top in best))
        return sum(drawn), all(logprob == max(top.values()) for logprob, top in zip(drawn, best))

    def test_scores_are_those_of_the_program(self):
        for model, path in MODELS.items():
            golden = json.loads((path.parent / "golden.json").read_text())
            ids = golden["ids"]
            token = self.json("score", "-m", path, "--ids", ",".join(map(str, ids)), "--per-token")["per_token"]
            for length in (1, 7, len(ids) - 1):
                total, greedy = self.harness(model, ids, length)
                self.assertAlmostEqual(total, sum(one["logprob"] for one in token[-length:]), delta=1e-6, msg=model)
                self.assertEqual(greedy, all(one["rank"] == 0 for one in token[-length:]), model)

    def test_what_the_model_writes_is_greedy(self):
        for model in MODELS:
            ids = self.post("/tokenize", model, prompt=TEXT)["tokens"]
            answer = self.post("/v1/completions", model, prompt=ids, temperature=0, max_tokens=8, ignore_eos=True, return_token_ids=True)
            written = answer["choices"][0]["token_ids"]
            self.assertEqual(len(written), 8)
            self.assertTrue(self.harness(model, ids + written, 8)[1], model)

    def test_text_and_ids_are_one_prompt(self):
        for model in MODELS:
            ids = self.post("/tokenize", model, prompt=TEXT)["tokens"]
            ask = {"max_tokens": 1, "logprobs": 2, "echo": True, "temperature": 0}
            of_text = self.post("/v1/completions", model, prompt=TEXT, **ask)["choices"]
            self.assertEqual(self.post("/v1/completions", model, prompt=ids, **ask)["choices"], of_text)
            self.assertTrue(of_text[0]["text"].startswith(TEXT))
            offsets = of_text[0]["logprobs"]["text_offset"]
            self.assertEqual(offsets, sorted(offsets))
            self.assertEqual(offsets[-1], len(TEXT))


class Texts(Served):
    def test_streamed_and_not(self):
        for more in ({}, {"echo": True}, {"logprobs": 2}, {"echo": True, "logprobs": 1}, {"n": 3, "prompt": ["Baa", "sheep"]},
                     {"stop": ["no such text"], "logprobs": 0}):
            ask = {"prompt": TEXT, "max_tokens": 7, "seed": 5, **DRAWN, "temperature": 1} | more
            self.assertEqual(self.joined(**ask), self.post("/v1/completions", **ask)["choices"], more)

    def test_choices_are_prompt_by_prompt(self):
        whole = self.post("/v1/completions", prompt=["Baa", "sheep"], n=2, max_tokens=4, **DRAWN)
        texts = [choice["text"] for choice in whole["choices"]]
        self.assertEqual([choice["index"] for choice in whole["choices"]], [0, 1, 2, 3])
        for index, prompt in enumerate(("Baa", "sheep")):
            alone = self.post("/v1/completions", prompt=prompt, max_tokens=4, **DRAWN)["choices"][0]["text"]
            self.assertEqual(texts[2 * index : 2 * index + 2], [alone, alone])
        self.assertEqual(whole["usage"]["completion_tokens"], 16)

    def test_stops(self):
        text = self.post("/v1/completions", prompt=TEXT, max_tokens=8, **DRAWN)["choices"][0]["text"]
        self.assertEqual(len(text), 8)
        for stop, left in ((text[2:], text[:2]), ([text[5:7], text[2:4], "@", "#"], text[:2]), (text[0], "")):
            ask = {"prompt": TEXT, "max_tokens": 8, "stop": stop, "logprobs": 0, **DRAWN}
            choice = self.post("/v1/completions", **ask)["choices"][0]
            self.assertEqual((choice["text"], choice["finish_reason"]), (left, "stop"))
            self.assertEqual("".join(choice["logprobs"]["tokens"]), left)
            streamed = self.joined(**ask)[0]
            if not left:  # nothing came but the end
                choice["logprobs"] = None
            self.assertEqual(streamed, choice)
        shown = self.post("/v1/completions", prompt=TEXT, max_tokens=8, stop=text[2:4], include_stop_str_in_output=True, **DRAWN)
        self.assertEqual(shown["choices"][0]["text"], text[:4])

    def test_the_end_of_the_context_is_a_length(self):
        choice = self.post("/v1/completions", prompt=GOLDEN["ids"], max_tokens=100, ignore_eos=True, return_token_ids=True)["choices"][0]
        self.assertEqual(choice["finish_reason"], "length")
        self.assertGreaterEqual(len(GOLDEN["ids"]) + len(choice["token_ids"]), 64)
        for stream in (False, True):
            self.refused("/v1/completions", 400, "prompt", prompt=[5] * 65, stream=stream)

    def test_refusals(self):
        for status, param, body in ((400, "prompt[1]", {"prompt": [5, 10**6]}), (400, "logprobs", {"prompt": "a", "logprobs": 6}),
                                    (501, "suffix", {"prompt": "a", "suffix": "b"}), (400, "prompt", {"prompt": []}),
                                    (400, "max_token", {"prompt": "a", "max_token": 1})):
            self.refused("/v1/completions", status, param, **body)


class Tokens(Served):
    def test_there_and_back(self):
        for model in MODELS:
            text = TEXT + (" \u2603 \U0001f411" if model == "llama" else "")  # the others' vocabularies have few bytes
            answer = self.post("/tokenize", model, prompt=text, add_special_tokens=False)
            self.assertEqual(answer, self.post("/tokenize", model, content=text))
            self.assertEqual(answer["count"], len(answer["tokens"]))
            self.assertEqual(self.post("/detokenize", model, tokens=answer["tokens"])["prompt"], text)

    def test_a_conversation(self):
        messages = [{"role": "user", "content": "Baa?"}]
        text = self.post("/apply-template", messages=messages)["prompt"]
        self.assertEqual(text, "<|im_start|>user\nBaa?<|im_end|>\n<|im_start|>assistant\n")
        tokens = self.post("/tokenize", messages=messages)["tokens"]
        self.assertEqual(tokens, self.post("/tokenize", prompt=text, add_special_tokens=False)["tokens"])
        chat = self.post("/v1/chat/completions", messages=messages, max_tokens=4, **DRAWN)
        raw = self.post("/v1/completions", prompt=text, parse_special=True, add_special_tokens=False, max_tokens=4, **DRAWN)
        self.assertEqual(chat["choices"][0]["message"]["content"], raw["choices"][0]["text"])


class Embeddings(Served):
    def test_floats_and_base64_texts_and_ids(self):
        ids = self.post("/tokenize", prompt=TEXT)["tokens"]
        for pooling in ("mean", "last"):
            answer = self.post("/v1/embeddings", input=[TEXT, "Baa"], pooling=pooling)
            vectors = [entry["embedding"] for entry in answer["data"]]
            self.assertEqual(answer["sheepop"]["pooling"], pooling)
            self.assertEqual(self.post("/v1/embeddings", input=ids, pooling=pooling)["data"][0]["embedding"], vectors[0])
            coded = self.post("/v1/embeddings", input=[TEXT, "Baa"], pooling=pooling, encoding_format="base64")["data"]
            for vector, entry in zip(vectors, coded):
                self.assertEqual(base64.b64decode(entry["embedding"]), struct.pack(f"<{len(vector)}f", *vector))
        self.assertEqual(answer["usage"]["prompt_tokens"], len(ids) + len(self.post("/tokenize", prompt="Baa")["tokens"]))

    def test_refusals(self):
        for param, body in (("input", {"input": []}), ("input", {"input": ["a"] * 2049}), ("input[1]", {"input": ["a", ""]}),
                            ("dimensions", {"input": "a", "dimensions": 7})):
            self.refused("/v1/embeddings", 400, param, **body)


@unittest.skipUnless(openai, "the package openai is not installed")
class Client(Served):
    def setUp(self):
        super().setUp()
        self.client = openai.OpenAI(base_url=f"http://127.0.0.1:{self.server.port}/v1", api_key="none", max_retries=0)
        self.addCleanup(self.client.close)

    def test_completions(self):
        ask = {"model": "llama", "prompt": TEXT, "max_tokens": 6, "temperature": 0, "logprobs": 2}
        whole = self.client.completions.create(**ask)
        parts = [chunk.choices[0].text for chunk in self.client.completions.create(**ask, stream=True)]
        self.assertEqual("".join(parts), whole.choices[0].text)
        self.assertEqual(whole.usage.completion_tokens, 6)

    def test_a_full_queue_makes_clients_come_again(self):
        server = Server("--context", 1024, "--sequences", 1, "--queue", 2, "--log", "off", models=[TALES])
        self.addCleanup(server.stop)
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=5)
        self.addCleanup(client.close)

        def ask(_):
            return client.completions.create(model="tales", prompt="Once", max_tokens=300, extra_body={"ignore_eos": True})

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual([answer.usage.completion_tokens for answer in pool.map(ask, range(8))], [300] * 8)
        self.assertIn('status="429"', server.ask("GET", "/metrics").body.decode())

    def test_chat_streams_of_two(self):
        ask = {"model": "llama", "messages": [{"role": "user", "content": "Baa?"}], "extra_body": DRAWN}
        text = self.client.chat.completions.create(max_tokens=8, **ask).choices[0].message.content
        more = {"n": 2, "logprobs": True, "top_logprobs": 2, "stop": text[6:], "stream_options": {"include_usage": True}}
        with self.client.chat.completions.stream(**ask, **more) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        self.assertEqual([choice.index for choice in final.choices], [0, 1])
        self.assertEqual(final.choices[0].message.role, "assistant")
        self.assertEqual(final.choices[0].message.content, final.choices[1].message.content)
        self.assertEqual(final.choices[0].message.content, text[:6])
        self.assertEqual("".join(entry.token for entry in final.choices[1].logprobs.content), text[:6])
        self.assertEqual(final.usage.total_tokens, final.usage.prompt_tokens + 16)

    def test_embeddings_and_models(self):
        answer = self.client.embeddings.create(model="llama", input=["Baa", TEXT])
        plain = self.post("/v1/embeddings", input=["Baa", TEXT])
        for got, want in zip(answer.data, plain["data"]):
            self.assertEqual(len(got.embedding), len(want["embedding"]))
            for a, b in zip(got.embedding, want["embedding"]):
                self.assertEqual(struct.pack("<f", a), struct.pack("<f", b))
        names = [model.id for model in self.client.models.list()]
        self.assertTrue(set(MODELS) <= set(names), names)
        self.assertEqual(self.client.models.retrieve("gpt2").id, "gpt2")
        with self.assertRaises(openai.NotFoundError) as refused:
            self.client.models.retrieve("nobody/model")
        self.assertEqual(refused.exception.code, "model_not_found")
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.completions.create(model="llama", prompt=TEXT, logprobs=9)
        self.assertEqual(refused.exception.param, "logprobs")


if __name__ == "__main__":
    main()
