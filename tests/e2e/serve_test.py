"""sheepop serve: what clients rely on, from a socket's far side."""

import concurrent.futures
import json
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from program import LLAMA, ProgramTest, main, run
from serving import Server

TALES = pathlib.Path(__file__).resolve().parents[2] / "models" / "tales.gguf"
KEY = "0123456789abcdef-secret"


class Served(ProgramTest):
    FLAGS = ("--context", 512, "--sequences", 8)
    MODELS = (LLAMA,)

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.FLAGS, models=cls.MODELS)

    @classmethod
    def tearDownClass(cls):
        code, said = cls.server.stop()
        assert code == 0, (code, said)

    def refused(self, status, param, **fields):
        answer = self.server.chat(**fields)
        self.assertEqual((answer.status, answer.error["param"]), (status, param), answer.body)
        return answer.error["message"]


class Streams(Served):
    def test_chunks_are_of_one_answer_and_say_the_role_once(self):
        chunks = self.server.chat(stream=True, max_tokens=8, temperature=0).events
        for field in ("id", "created", "model", "object"):
            self.assertEqual(len({str(chunk[field]) for chunk in chunks}), 1, field)
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertEqual([c["choices"][0]["delta"].get("role") for c in chunks[1:]], [None] * (len(chunks) - 1))
        self.assertEqual(chunks[-1]["choices"][0]["delta"], {})
        self.assertEqual(chunks[-1]["choices"][0]["finish_reason"], "length")
        self.assertTrue(all(chunk.get("usage") is None for chunk in chunks))

    def test_a_stream_says_what_the_whole_answer_says(self):
        ask = {"content": "Tell me", "max_tokens": 24, "seed": 5, "temperature": 1, "logprobs": True, "top_logprobs": 3}
        whole = self.server.chat(**ask).json["choices"][0]
        chunks = self.server.chat(**ask, stream=True, stream_options={"include_usage": True}).events
        parts = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
        self.assertEqual("".join(part["delta"].get("content") or "" for part in parts), whole["message"]["content"])
        entries = [entry for part in parts if part.get("logprobs") for entry in part["logprobs"]["content"]]
        self.assertEqual(entries, whole["logprobs"]["content"])
        self.assertEqual(chunks[-1]["choices"], [])
        usage = chunks[-1]["usage"]
        self.assertEqual(usage["prompt_tokens"] + usage["completion_tokens"], usage["total_tokens"])

    def test_the_stream_ends_with_done_and_an_empty_line(self):
        answer = self.server.chat(stream=True, max_tokens=2)
        self.assertTrue(answer.body.endswith(b"data: [DONE]\n\n"), answer.body[-60:])
        self.assertTrue(answer.headers["Content-Type"].startswith("text/event-stream"))

    def test_several_choices(self):
        whole = self.server.chat(n=2, max_tokens=6, temperature=0).json
        self.assertEqual([choice["index"] for choice in whole["choices"]], [0, 1])
        texts = [choice["message"]["content"] for choice in whole["choices"]]
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(whole["usage"]["completion_tokens"], 12)
        first = {}
        for chunk in self.server.chat(n=2, max_tokens=6, temperature=0, stream=True).events:
            for choice in chunk["choices"]:
                first.setdefault(choice["index"], len(first))
        self.assertEqual(first, {0: 0, 1: 1})


class Answers(Served):
    def test_equal_prompts_are_found_in_the_cache_by_whole_blocks(self):
        text = "It was a dark night and the sheep were asleep under the old oak tree on the hill. " * 2
        cached = [self.server.chat(text, max_tokens=1).json["usage"]["prompt_tokens_details"]["cached_tokens"] for _ in range(4)]
        usage = self.server.chat(text, max_tokens=1).json["usage"]
        self.assertEqual(cached[0], 0)
        for count in cached[1:]:
            self.assertEqual(count, (usage["prompt_tokens"] - 1) // 16 * 16)
        changed = self.server.chat(text[:40] + "X" + text[41:], max_tokens=1).json["usage"]["prompt_tokens_details"]["cached_tokens"]
        self.assertTrue(0 <= changed < cached[1] and changed % 16 == 0, (changed, cached))

    def test_log_probabilities(self):
        choice = self.server.chat(max_tokens=12, temperature=0, logprobs=True, top_logprobs=5).json["choices"][0]
        entries = choice["logprobs"]["content"]
        shown = b"".join(bytes(entry["bytes"]) for entry in entries)
        self.assertEqual(shown.decode(errors="replace"), choice["message"]["content"])
        for entry in entries:
            best = [top["logprob"] for top in entry["top_logprobs"]]
            self.assertEqual(best, sorted(best, reverse=True))
            self.assertEqual(len(best), 5)
            self.assertEqual(entry["logprob"], best[0])

    def test_what_is_wrong_is_named(self):
        self.assertEqual(self.server.chat(logprobs=True, max_tokens=1).json["choices"][0]["logprobs"]["content"][0]["top_logprobs"], [])
        self.refused(400, "top_logprobs", top_logprobs=5)
        self.refused(400, "top_logprobs", top_logprobs=21, logprobs=True)
        self.refused(400, "top_logprobs", top_logprobs=-1, logprobs=True)
        self.refused(400, "stream_options", stream_options={"include_usage": True})
        self.refused(400, "n", n=0)
        self.refused(400, "n", n=9)
        self.refused(400, "top_p", top_p=1.5)
        self.refused(400, "presence_penalty", presence_penalty=3)
        self.refused(400, "stop", stop=[""])
        self.assertIn("temperature", self.refused(400, "temprature", temprature=1))
        self.refused(400, "response_format.type", response_format={"type": "yaml"})

    def test_stops_end_the_text_before_them(self):
        text = self.server.chat(max_tokens=30, temperature=0).json["choices"][0]["message"]["content"]
        for stop in (text[4:6], [text[4:6], "never there", "nor this", "nor that"], text[0]):
            choice = self.server.chat(max_tokens=30, temperature=0, stop=stop).json["choices"][0]
            first = stop if isinstance(stop, str) else stop[0]
            self.assertEqual(choice["message"]["content"], text[:text.index(first)])
            self.assertEqual(choice["finish_reason"], "stop")

    def test_a_prompt_beyond_the_context_is_refused_with_both_numbers(self):
        for stream in (False, True):
            answer = self.server.chat("sheep " * 600, stream=stream)
            self.assertEqual((answer.status, answer.error["code"]), (400, "context_length_exceeded"))
            self.assertEqual(answer.error["n_ctx"], 512)
            self.assertGreater(answer.error["n_prompt_tokens"], 512)

    def test_a_text_ends_with_the_context(self):
        choice = self.server.chat("Hi", ignore_eos=True).json
        self.assertEqual(choice["choices"][0]["finish_reason"], "length")
        self.assertEqual(choice["usage"]["total_tokens"], 513)  # the last token needs no place
        self.assertEqual(choice["sheepop"]["finish"], ["context"])

    def test_the_ledger_adds_up_and_its_capsule_replays(self):
        chance = random.Random(7)
        for _ in range(50):
            words = " ".join(chance.choice(["old", "sheep", "hill", "rain", "grass"]) for _ in range(chance.randint(1, 60)))
            whole = self.server.post("/v1/chat/completions", max_tokens=chance.randint(1, 9), seed=chance.randint(0, 99),
                                     messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": words}]).json
            tokens = whole["sheepop"]["tokens"]
            self.assertEqual(tokens["template"] + sum(tokens["messages"]), tokens["prompt"])
            self.assertEqual(tokens["reused"] + tokens["computed"], tokens["prompt"])
            self.assertEqual((tokens["dropped"], len(tokens["messages"])), (0, 2))
            self.assertTrue(all(tokens["messages"]))
            self.assertEqual(tokens["prompt"], whole["usage"]["prompt_tokens"])
        whole = self.server.chat("Once", max_tokens=20, seed=3, n=2, record=True, stop=["e"]).json
        capsule = self.folder / "capsule.json"
        capsule.write_text(json.dumps(whole["sheepop"]["capsule"]))
        self.assertIn("the same", self.text("replay", capsule, "-m", LLAMA))

    def test_every_token_can_say_why(self):
        chunks = self.server.chat(max_tokens=3, temperature=1, seed=1, explain=True, stream=True).events
        tokens = [token for chunk in chunks for choice in chunk["choices"] for token in choice.get("sheepop", {}).get("tokens", [])]
        self.assertEqual(len(tokens), 3)
        for token in tokens:
            self.assertTrue(token["entry"]["top"])
            self.assertTrue(token["interval"][0] <= token["u"] < token["interval"][1])

    def test_the_same_as_the_command_line(self):
        whole = self.server.chat("Hello there", max_tokens=16, temperature=0).json
        alone = self.json("chat", "-m", LLAMA, "-p", "Hello there", "-n", 16, "--temperature", 0, "--context", 512)
        self.assertEqual(whole["choices"][0]["message"]["content"], alone["text"])


class Routes(Served):
    def test_paths(self):
        ask = self.server.ask
        self.assertEqual(ask("GET", "/v1/models").json["data"][0]["id"], "model")
        self.assertEqual(ask("GET", "/models/model").json["id"], "model")
        for path, status in (("/v1/models/org%2Fother", 404), ("/v1/nothing", 404)):
            answer = ask("GET", path)
            self.assertEqual((answer.status, type(answer.error["message"])), (status, str), path)
        answer = ask("GET", "/v1/chat/completions")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"))
        self.assertEqual(self.server.chat(model="other").status, 404)
        self.assertEqual(self.server.post("/chat/completions", messages=[{"role": "user", "content": "x"}], max_tokens=1).status, 200)
        for path in ("/health", "/v1/health", "/ready", "/version", "/slots", "/options", "/metrics", "/"):
            self.assertEqual(ask("GET", path).status, 200, path)

    def test_bodies(self):
        for body, word in ((b"{", "JSON"), (b"[1]", "object"), (b"\xff", "UTF-8"), (b'{"n": 1, "n": 2}', "n")):
            answer = self.server.ask("POST", "/v1/chat/completions", body)
            self.assertEqual(answer.status, 400, body)
            self.assertIn("request", answer.error["message"])

    def test_metrics_are_the_sums_of_usage(self):
        before = self.counters()
        usages = [self.server.chat(f"Number {i}", max_tokens=i + 1).json["usage"] for i in range(5)]
        after = self.counters()
        grown = {name: after[name] - before.get(name, 0) for name in after}
        self.assertEqual(grown["sheepop_generations_total"], 5)
        self.assertEqual(grown["sheepop_prompt_tokens_total"], sum(usage["prompt_tokens"] for usage in usages))
        self.assertEqual(grown["sheepop_completion_tokens_total"], sum(usage["completion_tokens"] for usage in usages))

    def counters(self):
        lines = self.server.ask("GET", "/metrics").body.decode().splitlines()
        return {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}

    def test_a_client_that_leaves_is_cancelled_and_others_notice_nothing(self):
        ask = {"content": "Go on and on", "max_tokens": 300, "ignore_eos": True, "seed": 4, "temperature": 1}
        alone = self.server.chat(**ask).json["choices"][0]["message"]["content"]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            beside = pool.submit(self.server.chat, **ask)
            leaving = self.server.open()
            leaving.request("POST", "/v1/chat/completions", json.dumps(
                {"messages": [{"role": "user", "content": "x"}], "stream": True, "ignore_eos": True}))
            leaving.getresponse().read(200)
            leaving.sock.shutdown(socket.SHUT_RDWR)
            leaving.close()
            self.assertEqual(beside.result().json["choices"][0]["message"]["content"], alone)
        self.assertTrue(self.server.wait_until(lambda: self.server.slots()[0]["active"] == 0, 2))
        slot = self.server.slots()[0]
        self.assertEqual(slot["cache_positions_free"], slot["cache_positions"])


class ManyAtOnce(Served):
    FLAGS = ("--context", 256, "--sequences", 6, "--queue", 1000)

    def test_answers_do_not_depend_on_their_neighbours(self):
        chance = random.Random(11)
        asks = []
        for i in range(200):
            words = " ".join(chance.choice(["old", "sheep", "hill", "rain", "grass"]) for _ in range(chance.randint(1, 40)))
            asks.append({"content": words, "max_tokens": chance.randint(1, 40), "seed": i, "n": chance.choice([1, 1, 2, 3]),
                         "temperature": chance.choice([0, 0.7, 1.3]), "logprobs": True, "top_logprobs": 2,
                         "top_k": chance.choice([0, 20])})

        def answer(i):
            found = self.server.chat(**asks[i])
            self.assertEqual(found.status, 200, found.body)
            return i, [(choice["message"], choice["logprobs"]) for choice in found.json["choices"]]

        one_by_one = dict(map(answer, range(len(asks))))
        order = [*range(len(asks))]
        chance.shuffle(order)
        stop = threading.Event()

        def leave_again_and_again():
            while not stop.is_set():
                connection = self.server.open()
                connection.request("POST", "/v1/chat/completions", json.dumps(
                    {"messages": [{"role": "user", "content": "x"}], "stream": True, "ignore_eos": True}))
                time.sleep(0.01)
                connection.close()

        leaver = threading.Thread(target=leave_again_and_again)
        leaver.start()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            together = dict(pool.map(answer, order))
        stop.set()
        leaver.join()
        self.assertEqual(together, one_by_one)


class Stopping(ProgramTest):
    def test_answers_end_whole_and_newcomers_are_told(self):
        server = Server("--context", 2048, models=[TALES])
        connection = server.open()
        connection.request("POST", "/v1/chat/completions", json.dumps(
            {"messages": [{"role": "user", "content": "x"}], "stream": True, "ignore_eos": True, "max_tokens": 600}))
        response = connection.getresponse()
        first = response.read(100)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        answer = server.chat()
        self.assertEqual(answer.status, 503)
        self.assertIn("Retry-After", answer.headers)
        self.assertEqual(server.ask("GET", "/ready").status, 503)
        self.assertTrue((first + response.read()).endswith(b"data: [DONE]\n\n"))
        code, said = server.ended()
        self.assertEqual(code, 0, said)

    def test_after_the_grace_a_stream_ends_with_an_error(self):
        server = Server("--context", 4096, "--grace", 0, models=[TALES])
        connection = server.open()
        connection.request("POST", "/v1/chat/completions", json.dumps(
            {"messages": [{"role": "user", "content": "x"}], "stream": True, "ignore_eos": True}))
        response = connection.getresponse()
        first = response.read(100)
        server.process.send_signal(signal.SIGTERM)
        last = (first + response.read()).decode().split("\n\n")[-2]
        self.assertIn("stopping", json.loads(last.removeprefix("data: "))["error"]["message"])
        self.assertEqual(server.ended()[0], 0)

    def test_told_twice_it_ends_at_once(self):
        server = Server("--context", 4096, models=[TALES])
        connection = server.open()
        connection.request("POST", "/v1/chat/completions", json.dumps(
            {"messages": [{"role": "user", "content": "x"}], "stream": True, "ignore_eos": True, "n": 8}))
        connection.getresponse().read(100)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        begin = time.monotonic()
        code, _ = server.stop()
        self.assertEqual(code, 128 + signal.SIGTERM)
        self.assertLess(time.monotonic() - begin, 5)


class Safety(ProgramTest):
    def test_beyond_loopback_a_key_is_needed(self):
        message = self.error("serve", "-m", LLAMA, "--host", "0.0.0.0", "--port", 0, code=2)
        self.assertIn("--api-key-file", message)
        self.assertIn("--no-key", message)

    def test_keys(self):
        file = self.folder / "keys"
        file.write_text(f"# who may come in\nshepherd {KEY}\n")
        file.chmod(0o644)
        self.assertIn("keys", self.error("serve", "-m", LLAMA, "--api-key-file", file, "--port", 0, code=1))
        file.chmod(0o600)
        server = Server("--api-key-file", file, "--log", "json", models=[LLAMA])
        body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
        for headers, status in (({}, 401), ({"Authorization": "Bearer wrong-wrong-wrong"}, 401), ({"Authorization": f"Basic {KEY}"}, 401),
                                ({"Authorization": f"Bearer {KEY}"}, 200), ({"x-api-key": KEY}, 200)):
            answer = server.ask("POST", "/v1/chat/completions", body, headers)
            self.assertEqual(answer.status, status, headers)
            if status == 401:
                self.assertEqual(answer.error["code"], "invalid_api_key")
                self.assertIn("WWW-Authenticate", answer.headers)
        for path in ("/health", "/"):
            self.assertEqual(server.ask("GET", path).status, 200)
        self.assertLess(server.ask("OPTIONS", "/v1/chat/completions").status, 300)
        self.assertEqual(server.ask("GET", "/metrics").status, 401)
        code, said = server.stop()
        self.assertNotIn(KEY, said)
        lines = [json.loads(line) for line in said.splitlines()]
        self.assertIn("shepherd", [line["key"] for line in lines])

    def test_other_origins_and_hosts(self):
        server = Server("--cors", "http://localhost:3000", models=[LLAMA])
        for origin, allowed in (("http://localhost:3000", True), ("http://localhost:3000.evil.com", False)):
            answer = server.ask("GET", "/v1/models", headers={"Origin": origin})
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin if allowed else None)
        self.assertEqual(server.ask("GET", "/v1/models", headers={"Host": "evil.com"}).status, 403)
        server.stop()

    def test_a_queue_that_is_full_says_when_to_come_again(self):
        server = Server("--context", 2048, "--sequences", 1, "--queue", 2, models=[TALES])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = [*pool.map(lambda _: server.chat(max_tokens=400, ignore_eos=True), range(8))]
        refused = [answer for answer in answers if answer.status == 429]
        self.assertEqual({answer.status for answer in answers}, {200, 429})
        for answer in refused:
            self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
            self.assertEqual(answer.error["type"], "rate_limit_error")
        server.stop()

    def test_a_configuration_file(self):
        file = self.folder / "serve.toml"
        file.write_text('sequences = 3\nqueue = 5\nlog = "off"\n')
        server = Server("--config", file, "--queue", 7, models=[LLAMA])
        self.assertEqual((server.slots()[0]["sequences"], server.slots()[0]["queue"]), (3, 7))
        code, said = server.stop()
        self.assertEqual((code, said), (0, ""))
        file.write_text("sequenzes = 3\n")
        self.assertIn("sequences", self.error("serve", "-m", LLAMA, "--config", file, code=2))


    def test_systemd_hears_when_it_is_ready_when_it_reads_anew_and_when_it_stops(self):
        path = self.folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind(str(path))
            listening.settimeout(60)
            server = Server("--context", 64, "--grace", 1.5, models=[LLAMA], env={"NOTIFY_SOCKET": str(path)})
            self.assertEqual(listening.recv(100), b"READY=1")
            before = time.monotonic_ns() // 1000
            server.process.send_signal(signal.SIGHUP)
            reloading = re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=(\d+)", listening.recv(100))
            self.assertTrue(before <= int(reloading.group(1)) <= time.monotonic_ns() // 1000)
            self.assertEqual(listening.recv(100), b"READY=1")
            self.assertEqual(server.ask("GET", "/ready").status, 200)
            server.stop()
            self.assertEqual(listening.recv(100), b"STOPPING=1\nEXTEND_TIMEOUT_USEC=6500000")

    def test_unknown_fields_may_be_told_instead(self):
        server = Server("--context", 256, "--unknown-fields", "warn", models=[LLAMA])
        answer = server.chat(max_tokens=1, temprature=0.5)
        self.assertEqual((answer.status, answer.json["sheepop"]["unused"]), (200, ["temprature"]))
        server.stop()

    def make_certificate(self, name):
        done = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                               "-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_new_certificate_is_taken_at_sighup(self):
        if not shutil.which("openssl"):
            self.skipTest("the program openssl is not installed")
        self.make_certificate("first")
        server = Server("--context", 64, "--tls-cert", self.folder / "cert.pem", "--tls-key", self.folder / "key.pem", models=[LLAMA])
        self.assertTrue(server.said["url"].startswith("https://"))

        def certificate():
            context = ssl._create_unverified_context()
            with socket.create_connection(("127.0.0.1", server.port)) as plain, context.wrap_socket(plain) as secure:
                secure.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                self.assertIn(b" 200 ", secure.recv(1000))
                return secure.getpeercert(binary_form=True)

        before = certificate()
        (self.folder / "cert.pem").write_text("no certificate")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(1.5)
        self.assertEqual(certificate(), before, "what cannot be read changes nothing")
        self.make_certificate("second")
        server.process.send_signal(signal.SIGHUP)
        self.assertTrue(server.wait_until(lambda: certificate() != before))
        self.assertIn("cert.pem", server.stop()[1])


class Models(ProgramTest):
    def test_two_models_answer_as_two_servers_with_one(self):
        ask = {"content": "Tell me", "max_tokens": 12, "seed": 9}
        alone = {}
        for model in (LLAMA, TALES):
            server = Server("--context", 256, models=[model])
            alone[model.stem] = server.chat(**ask).json["choices"]
            server.stop()
        both = Server("--context", 256, "--alias", "gpt-4o=tales", models=[LLAMA, TALES])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            found = [*pool.map(lambda name: both.chat(**ask, model=name).json["choices"], ["model", "tales", "gpt-4o"])]
        self.assertEqual(found, [alone["model"], alone["tales"], alone["tales"]])
        answer = both.chat(model="nobody")
        self.assertEqual((answer.status, answer.error["code"]), (404, "model_not_found"))
        self.assertIn("model, tales", answer.error["message"])
        self.assertEqual(both.chat().status, 400)
        both.stop()

    def test_names_that_cannot_be(self):
        self.assertIn("two models are named model", self.error("serve", "-m", LLAMA, "-m", LLAMA, "--port", 0, code=2))
        self.assertIn("no model other", self.error("serve", "-m", LLAMA, "--alias", "x=other", "--port", 0, code=2))


if __name__ == "__main__":
    main()
