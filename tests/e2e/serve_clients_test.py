"""sheepop serve, as the official clients of OpenAI's and Anthropic's newer APIs use it: /v1/responses, /v1/messages.

Runs what is installed: the packages openai and anthropic of this Python, and those of Node (openai, @anthropic-ai/sdk)
that NODE_PATH leads to. What is not is skipped, by name."""

import asyncio
import json
import shutil
import signal
import subprocess
import textwrap
import unittest

from program import LLAMA, TIMEOUT, ProgramTest, main
from serving import Server

try:
    import openai
except ImportError:
    openai = None
try:
    import anthropic
except ImportError:
    anthropic = None

NODE = shutil.which("node")
MAX_TOKENS = 6
# Greedy, so that every way to ask gives one text; of letters, as a random model writes bytes that are no text; and each
# once, so that a stop string of the last ones begins where they do.
DRAWN = {"temperature": 0, "allowed": list("abcdefghijklmnopqrstuvwxyz"), "no_repeat_ngram": 1}
QUESTION = [{"role": "user", "content": "Hello, old sheep"}]


def node_has(package):
    if not NODE:
        return False
    return subprocess.run([NODE, "-e", f"require('{package}')"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class ServedTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--alias", "tiny", models=[LLAMA])
        cls.url = cls.server.said["url"].rstrip("/")
        answer = cls.server.post("/v1/responses", **DRAWN, model="tiny", input=QUESTION, max_output_tokens=MAX_TOKENS).json
        cls.text = answer["output"][0]["content"][0]["text"]
        assert len(cls.text) == MAX_TOKENS, cls.text
        cls.stopped, cls.stop_text = cls.text[:2], cls.text[2:]

    @classmethod
    def tearDownClass(cls):
        code, said = cls.server.stop()
        assert code == 0, (code, said)

    def node(self, script):
        """Runs a module's body with `url`, `asked`, `question`, `text` and `assert` in scope."""
        scope = {"url": self.url, "asked": {**DRAWN, "model": "tiny"}, "question": QUESTION, "text": self.text, "most": MAX_TOKENS}
        head = "const assert = require('assert');\n" + "".join(f"const {name} = {json.dumps(value)};\n" for name, value in scope.items())
        whole = head + "(async () => {\n" + textwrap.dedent(script) + "})().catch((error) => { console.error(error); process.exit(1); });\n"
        done = subprocess.run([NODE, "-e", whole], capture_output=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))


@unittest.skipUnless(openai, "the Python package openai is not installed")
class ResponsesFromPython(ServedTest):
    def setUp(self):
        self.client = openai.OpenAI(base_url=self.url + "/v1", api_key="none", max_retries=0)
        self.addCleanup(self.client.close)
        self.ask = {"model": "tiny", "input": QUESTION, "max_output_tokens": MAX_TOKENS, "extra_body": DRAWN}

    def strict(self, response):
        """The object passes every type that the client's library demands."""
        openai.types.responses.Response.model_validate(response.to_dict())

    def test_whole(self):
        response = self.client.responses.create(**self.ask)
        self.strict(response)
        self.assertEqual(response.output_text, self.text)
        self.assertEqual(response.status, "incomplete")
        self.assertEqual(response.incomplete_details.reason, "max_output_tokens")
        self.assertEqual(response.usage.output_tokens, MAX_TOKENS)
        self.assertEqual(response.usage.total_tokens, response.usage.input_tokens + MAX_TOKENS)
        self.assertEqual(response.usage.input_tokens, response.sheepop["tokens"]["prompt"])

    def test_events(self):
        import pydantic

        types = pydantic.TypeAdapter(openai.types.responses.ResponseStreamEvent)
        events = list(self.client.responses.create(**self.ask, stream=True))
        for event in events:
            types.validate_python(event.to_dict())
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
        self.assertEqual("".join(event.delta for event in events if event.type == "response.output_text.delta"), self.text)
        self.assertEqual(events[0].type, "response.created")
        self.assertEqual(events[-1].type, "response.incomplete")

    def test_stream_helper(self):
        # A stop string lets the answer complete, which is what the helper waits for.
        with self.client.responses.stream(**{**self.ask, "extra_body": {**DRAWN, "stop": [self.stop_text]}}) as stream:
            snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
            final = stream.get_final_response()
        self.assertEqual(final.output_text, self.stopped)
        self.assertEqual(final.status, "completed")
        self.assertEqual(snapshots[-1], final.output_text)
        self.strict(final)

    def test_stream_helper_of_a_cut_answer(self):
        with self.client.responses.stream(**self.ask) as stream:
            *_, last = stream
        self.assertEqual(last.type, "response.incomplete")
        self.assertEqual(last.response.output_text, self.text)

    def test_async(self):
        async def ask():
            async with openai.AsyncOpenAI(base_url=self.url + "/v1", api_key="none") as client:
                async with client.responses.stream(**self.ask) as stream:
                    return [event async for event in stream][-1].response.output_text

        self.assertEqual(asyncio.run(ask()), self.text)

    def test_logprobs_spell_the_text(self):
        response = self.client.responses.create(**self.ask, top_logprobs=3, include=["message.output_text.logprobs"])
        tokens = response.output[0].content[0].logprobs
        self.assertEqual(bytes(byte for token in tokens for byte in token.bytes).decode(), self.text)
        for token in tokens:
            self.assertLessEqual(token.logprob, token.top_logprobs[0].logprob)
            self.assertEqual(len(token.top_logprobs), 3)
        self.strict(response)

    def test_an_empty_probe_is_answered(self):
        for nothing in ("", []):
            response = self.client.responses.create(**{**self.ask, "input": nothing, "max_output_tokens": 1})
            self.assertEqual(response.usage.output_tokens, 1)

    def test_refusals_have_their_class_and_field(self):
        for more, kind, param in (({"previous_response_id": "resp_1"}, openai.BadRequestError, "previous_response_id"),
                                  ({"extra_body": {"temperature": 3}}, openai.BadRequestError, "temperature"),
                                  ({"model": "wolf"}, openai.NotFoundError, "model"),
                                  ({"tools": [{"type": "custom", "name": "f"}]}, openai.InternalServerError, "tools[0]")):
            with self.assertRaises(kind) as caught:
                self.client.responses.create(**{**self.ask, **more})
            self.assertEqual(caught.exception.param, param)
            self.assertTrue(caught.exception.body["message"])


@unittest.skipUnless(anthropic, "the Python package anthropic is not installed")
class MessagesFromPython(ServedTest):
    def setUp(self):
        self.client = anthropic.Anthropic(base_url=self.url, api_key="none", max_retries=0)
        self.addCleanup(self.client.close)
        # Of this client's version 2 temperature is no argument any more.
        self.ask = {"model": "tiny", "messages": QUESTION, "max_tokens": MAX_TOKENS, "extra_body": DRAWN}

    def test_whole(self):
        message = self.client.messages.create(**self.ask)
        anthropic.types.Message.model_validate(message.to_dict())
        self.assertEqual(message.content[0].text, self.text)
        self.assertEqual(message.stop_reason, "max_tokens")
        usage = message.usage
        self.assertEqual(usage.output_tokens, MAX_TOKENS)
        self.assertEqual(usage.input_tokens + usage.cache_read_input_tokens, message.sheepop["tokens"]["prompt"])

    def test_stream_helper(self):
        with self.client.messages.stream(**self.ask) as stream:
            self.assertEqual("".join(stream.text_stream), self.text)
            message = stream.get_final_message()
        anthropic.types.Message.model_validate(message.to_dict())
        self.assertEqual(message.stop_reason, "max_tokens")
        self.assertEqual(message.usage.output_tokens, MAX_TOKENS)

    def test_a_stop_sequence_is_named(self):
        with self.client.messages.stream(**self.ask, stop_sequences=[self.stop_text]) as stream:
            message = stream.get_final_message()
        self.assertEqual(message.content[0].text, self.stopped)
        self.assertEqual((message.stop_reason, message.stop_sequence), ("stop_sequence", self.stop_text))

    def test_what_the_cache_holds_is_not_counted_as_input(self):
        long = {**self.ask, "messages": [{"role": "user", "content": "The wool of the old sheep is as soft as ever it was."}]}
        first = self.client.messages.create(**long).usage
        with self.client.messages.stream(**long) as stream:
            again = stream.get_final_message().usage
        self.assertGreaterEqual(again.cache_read_input_tokens, 16)
        self.assertEqual(again.input_tokens + again.cache_read_input_tokens, first.input_tokens + first.cache_read_input_tokens)

    def test_counts_tokens(self):
        count = self.client.messages.count_tokens(model="tiny", messages=QUESTION)
        message = self.client.messages.create(**self.ask)
        self.assertEqual(count.input_tokens, message.usage.input_tokens + message.usage.cache_read_input_tokens)

    def test_an_answer_that_is_begun_is_gone_on_with(self):
        begun = {**self.ask, "messages": QUESTION + [{"role": "assistant", "content": self.text[:1]}]}
        self.assertTrue(self.client.messages.create(**begun).content[0].text)

    def test_refusals_have_their_class(self):
        for more, kind in (({"extra_body": {"temperature": 2}}, anthropic.BadRequestError), ({"model": "wolf"}, anthropic.NotFoundError),
                           ({"messages": []}, anthropic.BadRequestError),
                           ({"tools": [{"name": "f f", "input_schema": {}}]}, anthropic.BadRequestError)):
            with self.assertRaises(kind) as caught:
                self.client.messages.create(**{**self.ask, **more})
            self.assertEqual(caught.exception.body["type"], "error")
            self.assertTrue(caught.exception.body["error"]["message"])


class StoppedServer(ProgramTest):
    """A server that is told to stop ends a stream with what its client raises."""

    def stopped(self, open_stream):
        server = Server("--alias", "tiny", "--context", 1 << 16, "--grace", 0, models=[LLAMA])
        try:
            stream = iter(open_stream(server.said["url"].rstrip("/")))
            next(stream)
            server.process.send_signal(signal.SIGTERM)
            for _ in stream:
                pass
        finally:
            server.stop()

    @unittest.skipUnless(openai, "the Python package openai is not installed")
    def test_responses(self):
        def stream(url):
            client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
            return client.responses.create(model="tiny", input="Hi", stream=True, extra_body={"ignore_eos": True})

        with self.assertRaisesRegex(openai.APIError, "stopping"):
            self.stopped(stream)

    @unittest.skipUnless(anthropic, "the Python package anthropic is not installed")
    def test_messages(self):
        def stream(url):
            client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
            return client.messages.create(model="tiny", max_tokens=1 << 16, messages=QUESTION, stream=True, extra_body={"ignore_eos": True})

        with self.assertRaisesRegex(anthropic.APIError, "stopping"):
            self.stopped(stream)


@unittest.skipUnless(node_has("openai"), "the package openai of Node is not installed")
class ResponsesFromNode(ServedTest):
    def test_whole_and_streamed(self):
        self.node("""
            const { OpenAI } = require('openai');
            const client = new OpenAI({ baseURL: url + '/v1', apiKey: 'none', maxRetries: 0 });
            const ask = { ...asked, input: question, max_output_tokens: most };
            const whole = await client.responses.create(ask);
            assert.equal(whole.output_text, text);
            let pieces = '';
            for await (const event of await client.responses.create({ ...ask, stream: true })) {
              if (event.type === 'response.output_text.delta') pieces += event.delta;
            }
            assert.equal(pieces, text);
            let snapshot;
            const stream = client.responses.stream(ask).on('response.output_text.delta', (event) => { snapshot = event.snapshot; });
            const final = await stream.finalResponse();
            assert.equal(final.output_text, text);
            assert.equal(final.status, 'incomplete');
            assert.equal(snapshot, text);
            assert.equal(final.usage.output_tokens, most);
        """)


@unittest.skipUnless(node_has("@anthropic-ai/sdk"), "the package @anthropic-ai/sdk of Node is not installed")
class MessagesFromNode(ServedTest):
    def test_whole_and_streamed(self):
        self.node("""
            const Anthropic = require('@anthropic-ai/sdk');
            const client = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
            const ask = { ...asked, messages: question, max_tokens: most };
            const whole = await client.messages.create(ask);
            assert.equal(whole.content[0].text, text);
            const final = await client.messages.stream(ask).finalMessage();
            assert.equal(final.content[0].text, text);
            assert.equal(final.stop_reason, 'max_tokens');
            assert.equal(final.usage.output_tokens, most);
        """)


if __name__ == "__main__":
    main()
