"""sheepop serve: answers of a shape that was asked for, calls of tools, thoughts. By plain HTTP, and with the official clients
where they are installed (openai and anthropic of this Python, openai of Node).

Small models of random weights: what makes sense in their answers is the grammar's doing."""

import enum
import json
import pathlib
import shutil
import subprocess
import tempfile
import typing
import unittest

from program import LLAMA, TIMEOUT, TINY, ProgramTest, main
from serve_clients_test import NODE, node_has
from serving import Server

try:
    import openai
    import pydantic
except ImportError:
    openai = None
try:
    import anthropic
except ImportError:
    anthropic = None

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "enum": ["Ada", "Bo"]},
        "age": {"type": "integer", "minimum": 1, "maximum": 99},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "maxItems": 2},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
    "$defs": {"tag": {"anyOf": [{"const": "wool"}, {"$ref": "#/$defs/leaf"}]}, "leaf": {"const": "milk"}},
}
WEATHER = {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
           "required": ["city", "days"], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "weather", "description": "what it will be like", "parameters": WEATHER}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}}}
# A template of the hermes family, as small as one can be. Thoughts are begun by the model; `opens` makes the prompt begin them.
TEMPLATE = r"""
{%- if tools %}{{ '<|im_start|>system\nTools:\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\n' }}{% endfor %}
{{- '<tool_call>\n{"name": NAME, "arguments": ARGUMENTS}\n</tool_call><|im_end|>\n' }}{% endif %}
{%- for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}
{%- if message.reasoning_content %}{{ '<think>\n' + message.reasoning_content + '\n</think>\n\n' }}{% endif %}
{{- message.content }}
{%- for call in message.tool_calls or [] %}{{ '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{ '}\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}OPENS{% endif %}{% endif %}"""


def model_with(folder, template):
    """The tiny model with another chat template."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copy(TINY / "llama" / name, folder / name)
    settings = json.loads((TINY / "llama" / "tokenizer_config.json").read_text())
    settings["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


class ShapesTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.temporary.name)
        models = [LLAMA, model_with(root / "hermes", TEMPLATE.replace("OPENS", "")),
                  model_with(root / "opens", TEMPLATE.replace("OPENS", r"{% else %}{{ '<think>\n' }}"))]
        cls.server = Server("--alias", "tiny=model", "--context", 4096, models=models)
        cls.url = cls.server.said["url"].rstrip("/")

    @classmethod
    def tearDownClass(cls):
        code, said = cls.server.stop()
        cls.temporary.cleanup()
        assert code == 0, (code, said)

    def answer(self, model="tiny", **fields):
        """A whole answer of the chat, which must succeed."""
        answer = self.server.chat(**{"model": model, "seed": 7, "max_tokens": 400, **fields})
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def choice(self, **fields):
        return self.answer(**fields)["choices"][0]

    def streamed(self, **fields):
        """The message that a stream's chunks make, and how it ended."""
        answer = self.server.chat(**{"model": "tiny", "seed": 7, "max_tokens": 400, "stream": True, **fields})
        self.assertEqual(answer.status, 200, answer.body)
        message, finish, calls = {}, None, []
        for chunk in answer.events:
            for choice in chunk["choices"]:
                finish = choice["finish_reason"] or finish
                for name, value in choice["delta"].items():
                    if name == "tool_calls":
                        for part in value:
                            self.assertIsInstance(part["index"], int)
                            if part["index"] == len(calls):
                                calls.append({"id": part["id"], "type": part["type"],
                                              "function": {"name": part["function"]["name"], "arguments": ""}})
                            else:
                                self.assertNotIn("id", part)
                                self.assertNotIn("name", part["function"])
                            calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]
                    elif value is not None:
                        message[name] = message.get(name, "") + value
        if calls:
            message["tool_calls"] = calls
        return message, finish

    def refused(self, **fields):
        answer = self.server.chat(**{"model": "tiny", **fields})
        self.assertEqual(answer.status, 400, answer.body)
        return answer.error


class Schemas(ShapesTest):
    def test_every_field_that_asks_for_a_schema_is_kept(self):
        for field in ({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": SCHEMA}}},
                      {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": False, "schema": SCHEMA}}},
                      {"json_schema": SCHEMA}, {"guided_json": SCHEMA}, {"structured_outputs": {"json": SCHEMA}}):
            for temperature in (0, 1):
                answer = self.answer(**field, temperature=temperature)
                fits = json.loads(answer["choices"][0]["message"]["content"])
                self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
                self.assertEqual(list(fits), ["name", "age", "tags"])
                self.assertIn(fits["name"], ("Ada", "Bo"))
                self.assertIn(fits["age"], range(1, 100))
                self.assertLessEqual(set(fits["tags"]), {"wool", "milk"})
                said = answer["sheepop"]["constraint"]
                self.assertEqual((said["kind"], said["warnings"], said["not_enforced"], said["schema_shown"]), ("json_schema", [], [], True))
                self.assertGreater(said["forced"], 0)

    def test_const_and_others_are_exact(self):
        self.assertEqual(json.loads(self.choice(json_schema={"const": {"a": [1, None]}})["message"]["content"]), {"a": [1, None]})
        self.assertRegex(self.choice(regex="[ab]{3}c")["message"]["content"], "^[ab]{3}c$")
        self.assertIn(self.choice(choice=["yes", "no"])["message"]["content"], ("yes", "no"))
        self.assertIn(self.choice(structured_outputs={"choice": ["yes", "no"]})["message"]["content"], ("yes", "no"))
        self.assertEqual(self.choice(grammar='root ::= "sheep" | "ship" "s"')["message"]["content"][:2], "sh")
        self.assertIn(self.choice(guided_grammar='start: "a" "b"?')["message"]["content"], ("a", "ab"))

    def test_completions_and_n_keep_it_too(self):
        answer = self.server.post("/v1/completions", model="tiny", prompt="Say", regex="[0-9]{4}", n=3, max_tokens=50).json
        for choice in answer["choices"]:
            self.assertRegex(choice["text"], "^[0-9]{4}$")

    def test_a_stream_is_the_whole_answer(self):
        whole = self.choice(json_schema=SCHEMA, logprobs=True)
        message, finish = self.streamed(json_schema=SCHEMA)
        self.assertEqual((message["content"], finish), (whole["message"]["content"], whole["finish_reason"]))

    def test_forced_tokens_change_no_bit(self):
        texts = {json.dumps(self.choice(json_schema=SCHEMA, forced_runs=how, logprobs=True)["logprobs"]) for how in ("run", "step")}
        self.assertEqual(len(texts), 1)

    def test_what_cannot_be_kept_is_refused_before_a_token(self):
        error = self.refused(json_schema={"properties": {"a": {"type": "strin"}}})
        self.assertEqual(error["param"], "json_schema")
        self.assertRegex(error["message"], "/properties/a/type")
        error = self.refused(grammar="root ::= nobody", stream=True)
        self.assertEqual(error["param"], "grammar")
        self.assertIn("nobody", error["message"])
        self.assertEqual(self.refused(response_format={"type": "xml"})["param"], "response_format.type")
        error = self.refused(regex="a", response_format={"type": "json_object"})
        self.assertIn("regex", error["message"])
        self.assertIn("response_format", error["message"])
        hard = {"not": {"type": "object", "patternProperties": {"(a)\\1": {"type": "integer"}}}}
        error = self.refused(json_schema=hard)
        self.assertRegex(error["message"], "lenient")
        said = self.answer(json_schema=hard, lenient=True, max_tokens=1)["sheepop"]["constraint"]
        self.assertTrue(said["not_enforced"])
        self.assertEqual(set(said["not_enforced"][0]), {"pointer", "keyword", "message"})

    def test_what_contradicts_the_shape_is_the_requests_fault(self):
        error = self.refused(structured_outputs={"choice": ["yes"]}, min_tokens=9, max_tokens=20)
        self.assertEqual(error["type"], "invalid_request_error")
        self.assertRegex(error["message"], "min_tokens leaves no token.*may only end here")

    def test_white_space_is_bounded_whatever_the_bias(self):
        tokens = [token for text in (" ", "\n", "\t")
                  for token in self.server.post("/tokenize", model="tiny", prompt=text, add_special_tokens=False).json["tokens"]]
        bias = {str(token): 100 for token in tokens}
        choice = self.choice(json_schema=SCHEMA, logit_bias=bias, temperature=0)
        self.assertEqual(choice["finish_reason"], "stop")
        self.assertNotRegex(choice["message"]["content"], r"\s{12}")
        self.assertEqual(list(json.loads(choice["message"]["content"])), ["name", "age", "tags"])
        # Strings may hold spaces without end: only what stands before the first is the grammar's.
        choice = self.choice(response_format={"type": "json_object"}, logit_bias=bias, temperature=0, max_tokens=60)
        self.assertRegex(choice["message"]["content"], r"^\s{0,4}\{\s{0,6}[\"}]")

    def test_the_schema_is_shown_to_the_model_unless_told(self):
        shown = self.answer(json_schema=SCHEMA)["sheepop"]
        hidden = self.answer(json_schema=SCHEMA, show_schema=False)["sheepop"]
        self.assertFalse(hidden["constraint"]["schema_shown"])
        self.assertGreater(shown["tokens"]["prompt"], hidden["tokens"]["prompt"])
        for said in (shown, hidden):
            tokens = said["tokens"]
            self.assertEqual(tokens["template"] + sum(tokens["messages"]), tokens["prompt"])
            self.assertEqual(len(tokens["messages"]), 1)

    def test_a_capsule_repeats_it(self):
        capsule = self.answer(json_schema=SCHEMA, record=True)["sheepop"]["capsule"]
        path = self.folder / "capsule.json"
        path.write_text(json.dumps(capsule))
        self.assertTrue(self.json("replay", path)["same"])


class Tools(ShapesTest):
    def test_required_named_none(self):
        for model in ("tiny", "hermes"):
            for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
                fields = {"model": model, "tools": [TOOL, CLOCK], "tool_choice": choice, "parallel_tool_calls": False,
                          "enable_thinking": False}
                whole = self.choice(**fields)
                self.assertEqual(whole["finish_reason"], "tool_calls", whole)
                self.assertIsNone(whole["message"]["content"])
                (call,) = whole["message"]["tool_calls"]
                self.assertTrue(call["id"].startswith("call_"))
                self.assertIn(call["function"]["name"], ("weather", "clock"))
                arguments = json.loads(call["function"]["arguments"])
                if choice != "required":
                    self.assertEqual(call["function"]["name"], "weather")
                if call["function"]["name"] == "weather":
                    self.assertEqual(set(arguments), {"city", "days"})
                    self.assertIn(arguments["city"], ("Oslo", "Rome"))
                message, finish = self.streamed(**fields)
                self.assertEqual(finish, "tool_calls")
                self.assertNotIn("content", message)
                self.assertEqual([one["function"] for one in message["tool_calls"]], [call["function"]])
            none = self.choice(model=model, tools=[TOOL], tool_choice="none", max_tokens=8)
            self.assertNotIn("tool_calls", none["message"])
            self.assertIsInstance(none["message"]["content"], str)

    def test_auto_gives_text_or_calls_that_fit(self):
        for seed in range(3):
            choice = self.choice(model="hermes", tools=[TOOL], seed=seed, max_tokens=60)
            self.assertIn(choice["finish_reason"], ("stop", "length", "tool_calls"))

    def test_results_go_back(self):
        call = self.choice(model="hermes", tools=[TOOL], tool_choice="required", parallel_tool_calls=False,
                           enable_thinking=False)["message"]
        answer = self.server.post("/v1/chat/completions", model="hermes", tools=[TOOL], max_tokens=8, messages=[
            {"role": "user", "content": "Hi"}, call, {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "Rain"}])
        self.assertEqual(answer.status, 200, answer.body)

    def test_refusals_name_the_field(self):
        for fields, param in (({"tool_choice": "required"}, "tool_choice"), ({"tools": [], "tool_choice": "auto"}, "tool_choice"),
                              ({"tools": [TOOL], "tool_choice": {}}, "tool_choice"),
                              ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "wolf"}}}, "tool_choice"),
                              ({"tools": [TOOL], "regex": "a"}, "regex")):
            self.assertEqual(self.refused(**fields)["param"], param, fields)

    def test_tools_and_a_schema(self):
        answer = self.answer(model="hermes", tools=[TOOL], json_schema=SCHEMA, enable_thinking=False)
        self.assertEqual(answer["sheepop"]["constraint"]["kind"], "tools or json_schema")
        message = answer["choices"][0]["message"]
        self.assertTrue(message.get("tool_calls") or json.loads(message["content"]))


class Thoughts(ShapesTest):
    def test_thoughts_are_split_from_the_first_character(self):
        fields = {"model": "opens", "max_tokens": 30, "min_tokens": 20, "thinking_budget": 6}
        whole = self.answer(**fields)
        message = whole["choices"][0]["message"]
        self.assertTrue(message["reasoning_content"])
        self.assertEqual(message["reasoning_content"], message["reasoning"])
        self.assertNotIn("think>", message["content"] + message["reasoning_content"])
        self.assertGreaterEqual(whole["usage"]["completion_tokens_details"]["reasoning_tokens"], 6)
        streamed, _ = self.streamed(**fields)
        self.assertEqual((streamed["reasoning_content"], streamed["content"]), (message["reasoning_content"], message["content"]))

    def test_none_has_none(self):
        for model in ("opens", "hermes"):
            for off in ({"reasoning_effort": "none"}, {"enable_thinking": False}, {"thinking": {"type": "disabled"}}):
                answer = self.answer(model=model, max_tokens=6, **off)
                self.assertNotIn("reasoning_content", answer["choices"][0]["message"])
                self.assertEqual(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 0)
                self.assertNotIn("unused", answer["sheepop"])

    def test_both_names_in_a_history_render_the_same(self):
        prompts = {self.server.post("/apply-template", model="hermes", messages=[
            {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes", name: "Hm"},
            {"role": "user", "content": "So?"}]).json["prompt"] for name in ("reasoning", "reasoning_content")}
        self.assertEqual(len(prompts), 1)
        self.assertIn("<think>\nHm", prompts.pop())

    def test_a_shape_comes_behind_the_thoughts(self):
        message = self.choice(model="opens", json_schema=SCHEMA, thinking={"type": "enabled", "budget_tokens": 5})["message"]
        self.assertTrue(message["reasoning_content"])
        self.assertEqual(list(json.loads(message["content"])), ["name", "age", "tags"])
        message = self.choice(model="opens", tools=[TOOL], tool_choice="required", parallel_tool_calls=False,
                              thinking={"type": "enabled", "budget_tokens": 5})["message"]
        self.assertTrue(message["reasoning_content"])
        self.assertEqual(message["tool_calls"][0]["function"]["name"], "weather")


@unittest.skipUnless(openai, "the Python packages openai and pydantic are not installed")
class FromOpenAi(ShapesTest):
    def setUp(self):
        self.client = openai.OpenAI(base_url=self.url + "/v1", api_key="none", max_retries=0)
        self.addCleanup(self.client.close)
        self.more = {"seed": 7, "temperature": 0}

    def forms(self):
        class Kind(enum.Enum):
            sheep = "sheep"
            goat = "goat"

        class Animal(pydantic.BaseModel):
            kind: Kind
            legs: typing.Literal[2, 4]
            mother: typing.Optional["Animal"] = None

        Animal.model_rebuild()
        return Animal

    def test_parse(self):
        Animal = self.forms()
        completion = self.client.chat.completions.parse(model="tiny", messages=[{"role": "user", "content": "An animal?"}],
                                                        response_format=Animal, max_tokens=2000, **self.more)
        self.assertIsInstance(completion.choices[0].message.parsed, Animal)
        with self.client.chat.completions.stream(model="tiny", messages=[{"role": "user", "content": "An animal?"}],
                                                 response_format=Animal, max_tokens=2000, **self.more) as stream:
            final = stream.get_final_completion()
        self.assertEqual(final.choices[0].message.parsed, completion.choices[0].message.parsed)

    def test_responses_parse(self):
        Animal = self.forms()
        response = self.client.responses.parse(model="tiny", input="An animal?", text_format=Animal, temperature=0)
        self.assertIsInstance(response.output_parsed, Animal)
        openai.types.responses.Response.model_validate(response.to_dict())

    def test_calls_streamed(self):
        for model in ("tiny", "opens"):
            fields = {"model": model, "messages": [{"role": "user", "content": "Weather?"}], "tools": [TOOL], "tool_choice": "required",
                      "parallel_tool_calls": False, "extra_body": {"thinking_budget": 5} if model == "opens" else {}, **self.more}
            whole = self.client.chat.completions.create(**fields)
            with self.client.chat.completions.stream(**fields) as stream:
                done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
                final = stream.get_final_completion()
            message = final.choices[0].message
            self.assertEqual(final.choices[0].finish_reason, "tool_calls")
            self.assertEqual([call.function.arguments for call in message.tool_calls],
                             [call.function.arguments for call in whole.choices[0].message.tool_calls])
            self.assertEqual([event.name for event in done], ["weather"] * len(message.tool_calls))
            self.assertIn(json.loads(message.tool_calls[0].function.arguments)["city"], ("Oslo", "Rome"))
            openai.types.chat.ChatCompletion.model_validate(whole.to_dict())

    def test_responses_call_functions(self):
        tool = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": True}
        for model in ("tiny", "opens"):
            fields = {"model": model, "input": "Weather?", "tools": [tool], "tool_choice": "required", "temperature": 0,
                      "parallel_tool_calls": False, "extra_body": {"seed": 7, **({"thinking_budget": 5} if model == "opens" else {})}}
            whole = self.client.responses.create(**fields)
            openai.types.responses.Response.model_validate(whole.to_dict())
            with self.client.responses.stream(**fields) as stream:
                events = list(stream)
                final = stream.get_final_response()
            types = pydantic.TypeAdapter(openai.types.responses.ResponseStreamEvent)
            for event in self.client.responses.create(**fields, stream=True):
                types.validate_python(event.to_dict())
            self.assertEqual([item.type for item in final.output], [item.type for item in whole.output])
            call = next(item for item in final.output if item.type == "function_call")
            self.assertEqual(set(json.loads(call.arguments)), {"city", "days"})
            self.assertIn("response.function_call_arguments.done", [event.type for event in events])
            again = self.client.responses.create(model=model, input=[{"role": "user", "content": "Weather?"}, *final.output, {
                "type": "function_call_output", "call_id": call.call_id, "output": "Rain"}], max_output_tokens=4)
            self.assertEqual(again.status, "incomplete")


@unittest.skipUnless(anthropic, "the Python package anthropic is not installed")
class FromAnthropic(ShapesTest):
    def setUp(self):
        self.client = anthropic.Anthropic(base_url=self.url, api_key="none", max_retries=0)
        self.addCleanup(self.client.close)

    def test_tools(self):
        tool = {"name": "weather", "input_schema": WEATHER}
        for model in ("tiny", "opens"):
            fields = {"model": model, "max_tokens": 400, "messages": [{"role": "user", "content": "Weather?"}], "tools": [tool],
                      "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
                      "extra_body": {"seed": 7, "temperature": 0, **({"thinking_budget": 5} if model == "opens" else {})}}
            whole = self.client.messages.create(**fields)
            anthropic.types.Message.model_validate(whole.to_dict())
            with self.client.messages.stream(**fields) as stream:
                final = stream.get_final_message()
            self.assertEqual(final.stop_reason, "tool_use")
            self.assertEqual([block.type for block in final.content], [block.type for block in whole.content])
            call = final.content[-1]
            self.assertEqual((call.name, set(call.input)), ("weather", {"city", "days"}))
            self.assertEqual(call.input, whole.content[-1].input)
            if model == "opens":
                self.assertEqual(final.content[0].type, "thinking")
                self.assertEqual(final.content[0].thinking, whole.content[0].thinking)
            again = self.client.messages.create(**{**fields, "tool_choice": {"type": "none"}, "max_tokens": 4, "messages": [
                *fields["messages"], {"role": "assistant", "content": [block.to_dict() for block in final.content]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Rain"}]}]})
            self.assertEqual(again.stop_reason, "max_tokens")

    def test_output_format(self):
        message = self.client.messages.create(model="tiny", max_tokens=400, messages=[{"role": "user", "content": "Hi"}], extra_body={
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}})
        self.assertEqual(list(json.loads(message.content[0].text)), ["name", "age", "tags"])


@unittest.skipUnless(node_has("openai") and node_has("zod"), "the packages openai and zod of Node are not installed")
class FromNode(ShapesTest):
    def test_parse(self):
        script = """
            const assert = require('assert');
            const { OpenAI } = require('openai');
            const { zodResponseFormat } = require('openai/helpers/zod');
            const { z } = require('zod');
            (async () => {
              const client = new OpenAI({ baseURL: URL_OF_SERVER + '/v1', apiKey: 'none', maxRetries: 0 });
              const form = z.object({ kind: z.enum(['sheep', 'goat']), legs: z.union([z.literal(2), z.literal(4)]) });
              const ask = { model: 'tiny', messages: [{ role: 'user', content: 'Hi' }], temperature: 0, max_tokens: 400 };
              const parsed = await client.chat.completions.parse({ ...ask, response_format: zodResponseFormat(form, 'animal') });
              assert.ok(form.parse(parsed.choices[0].message.parsed));
              const tools = [TOOL];
              const calling = { ...ask, tools, tool_choice: 'required', parallel_tool_calls: false };
              const final = await client.chat.completions.stream(calling).finalMessage();
              assert.equal(final.tool_calls[0].function.name, 'weather');
            })().catch((error) => { console.error(error); process.exit(1); });
        """.replace("URL_OF_SERVER", json.dumps(self.url)).replace("[TOOL]", json.dumps([TOOL]))
        done = subprocess.run([NODE, "-e", script], capture_output=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))


if __name__ == "__main__":
    main()
