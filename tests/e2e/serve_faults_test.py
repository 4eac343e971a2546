"""sheepop serve: clients that leave, files that break, logs that nobody reads, and a stop at any moment."""

import concurrent.futures
import io
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import time
import zipfile

from program import ENVIRONMENT, LLAMA, PROGRAM, SANITIZED, ProgramTest, main
from serving import Server

TALES = pathlib.Path(__file__).resolve().parents[2] / "models" / "tales.gguf"
ROUNDS = int(os.environ.get("SHEEPOP_ROUNDS", 1))  # scripts/soak asks for more
PROMPTS = [f"Once there were {i} sheep" for i in range(60)]


def request(path, body, headers=""):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def leave(server, path, body, after):
    """Asks, and is gone, as a client that was killed."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(request(path, body))
    time.sleep(after)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hear(server, data):
    """All that comes until the end; None where nobody listens any more."""
    heard = b""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=600 if SANITIZED else 60) as connection:
            connection.sendall(data)
            while part := connection.recv(1 << 16):
                heard += part
    except ConnectionRefusedError:
        return None
    except ConnectionError:
        pass
    return heard


def is_whole(heard):
    """Whether it is an answer to its end, or a stream with its last event or an error."""
    head, _, body = heard.partition(b"\r\n\r\n")
    if b"text/event-stream" not in head:
        return len(body) == int(head.lower().split(b"content-length: ")[1].split()[0])
    last = body.split(b"\n\n")[-2]
    return body.endswith(b"\r\n0\r\n\r\n") and (b"[DONE]" in last or b'"error"' in last or b"message_stop" in last)


class Clients(ProgramTest):
    def test_who_leaves_leaves_nothing(self):
        server = Server("--context", 512, "--sequences", 4, "--log", "off", models=[LLAMA])
        chance = random.Random(5)
        asks = [("/v1/embeddings", {"input": ["an old sheep " * 8] * 100}),
                ("/v1/completions", {"prompt": PROMPTS, "max_tokens": 100, "ignore_eos": True}),
                ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}], "n": 4, "stream": True, "ignore_eos": True})]

        def resident():
            status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0])

        before = 0
        for i in range(60 + 180 * ROUNDS):
            leave(server, *asks[i % 3 if i < 60 else 0], after=chance.random() * 0.01)
            if i == 100:
                before = resident()
        self.assertTrue(server.wait_until(lambda: server.slots()[0]["active"] + server.slots()[0]["waiting"] == 0))
        slot = server.slots()[0]
        self.assertEqual(slot["cache_positions_free"], slot["cache_positions"])
        self.assertEqual(server.chat(max_tokens=2).status, 200)
        if not SANITIZED:  # a sanitizer keeps what is freed
            self.assertLess(resident() - before, 4 << 10)
        self.assertEqual(server.stop(), (0, ""))

    def test_noise_ends_nothing(self):
        server = Server("--context", 512, "--log", "off", models=[LLAMA])
        chance = random.Random(9)
        whole = request("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}], "max_tokens": 2, "stream": True})
        for i in range(len(whole) + 300 * ROUNDS):
            noise = bytearray(whole[:i] if i < len(whole) else whole)
            for _ in range(0 if i < len(whole) else chance.randint(1, 5)):
                noise[chance.randrange(len(noise))] = chance.randrange(256)
            if chance.random() < 0.2:
                noise = chance.randbytes(chance.randrange(500))
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(noise)
                if i % 2:
                    connection.shutdown(socket.SHUT_WR)
            if i % 50 == 0:
                self.assertEqual(server.chat(max_tokens=1).status, 200)
        self.assertEqual(server.stop(), (0, ""))

    def test_what_is_refused_is_named_in_utf8(self):
        server = Server("--log", "off", models=[LLAMA])
        heard = hear(server, b"GET /v1/models HTTP/1.1\r\nHost: \xffhost\r\nConnection: close\r\n\r\n")
        self.assertIn("\ufffdhost", json.loads(heard.partition(b"\r\n\r\n")[2].decode())["error"]["message"])
        server.stop()

    def test_a_document_that_nobody_waits_for_is_not_read(self):
        server = Server("--log", "off", models=[LLAMA])
        long = b"<p>The sheep went over the hill.</p>\n" * 60_000
        for _ in range(3):
            leave(server, "/ingest?name=long.html", long, after=0.3)
        begin = time.monotonic()
        self.assertIn("short", server.ask("POST", "/ingest?name=a.md", b"A short one.\n").json["text"])
        took = time.monotonic() - begin
        begin = time.monotonic()
        self.assertEqual(server.ask("POST", "/ingest?name=long.html", long).status, 200)
        self.assertLess(took, time.monotonic() - begin)
        server.stop()


    def test_a_request_of_many_prompts_leaves_the_queue_to_others(self):
        server = Server("--context", 512, "--sequences", 2, "--queue", 5, "--log", "off", models=[TALES])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            many = pool.submit(server.post, "/v1/completions", prompt=PROMPTS[:20], max_tokens=200, ignore_eos=True)
            server.wait_until(lambda: server.slots()[0]["active"])
            self.assertEqual([server.chat(max_tokens=1).status for _ in range(5)], [200] * 5)
            self.assertFalse(many.done())
            self.assertEqual(len(many.result().json["choices"]), 20)
        server.stop()

    def test_all_choices_have_the_scores_of_their_prompt(self):
        ask = {"prompt": ["The old sheep"], "max_tokens": 50, "echo": True, "logprobs": 2, "n": 2, "seed": 4, "ignore_eos": True}
        server = Server("--context", 160, "--sequences", 6, "--queue", 100, "--cache-mib", 1, "--log", "off", models=[TALES])
        alone = server.post("/v1/completions", **ask).json["choices"]
        for choice in alone:
            self.assertNotIn(None, choice["logprobs"]["token_logprobs"][1:])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [answer.json for answer in pool.map(lambda _: server.post("/v1/completions", **ask), range(8))]
        self.assertTrue(any("preempted" in answer["sheepop"] for answer in answers))
        for answer in answers:
            self.assertEqual(answer["choices"], alone)
        server.stop()

    def test_a_document_that_unpacks_to_too_much(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(3):
                archive.writestr(f"{i}.txt", b"The sheep went home.\n" * 1_200_000)
        server = Server("--log", "off", models=[LLAMA])
        answer = server.ask("POST", "/ingest?name=much.zip", packed.getvalue())
        self.assertEqual((answer.status, answer.error["code"]), (413, "too_large"), answer.body[:300])
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros.txt", bytes(100 << 20))
        answer = server.ask("POST", "/ingest?name=zeros.zip", packed.getvalue())
        self.assertEqual(answer.status, 422)
        self.assertNotIn("sheepop-upload", answer.error["message"])
        server.stop()


class Logs(ProgramTest):
    def serve(self, stderr):
        process = subprocess.Popen([PROGRAM, "serve", "-m", LLAMA, "--port", "0", "--json"], env=ENVIRONMENT,
                                   stdout=subprocess.PIPE, stderr=stderr)
        server = Server.__new__(Server)
        server.process, server.port = process, int(json.loads(process.stdout.readline())["url"].rsplit(":", 1)[1])
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return server

    def ends(self, server):
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=600 if SANITIZED else 15), 0)

    def test_that_nobody_reads_any_more(self):
        reader, writer = os.pipe()
        server = self.serve(writer)
        os.close(writer)
        os.close(reader)
        self.assertEqual(server.chat(max_tokens=1).status, 200)
        none = "\nsheepop_log_lines_dropped 0\n"
        self.assertTrue(server.wait_until(lambda: none not in server.ask("GET", "/metrics").body.decode()))
        self.ends(server)

    def test_that_wait_for_their_reader(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        server = self.serve(writer)
        os.close(writer)
        connection = server.open()
        for _ in range(1000):
            connection.request("GET", "/no/such/path/as/this/one/and/much/longer/than/any/that/there/is")
            connection.getresponse().read()
        connection.close()
        self.assertEqual(server.chat(max_tokens=1).status, 200)
        self.ends(server)

    def test_on_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            server = self.serve(full)
        self.assertEqual(server.chat(max_tokens=1).status, 200)
        self.ends(server)

    def test_are_whole_at_the_end(self):
        server = Server(models=[LLAMA])
        connection = server.open()
        for _ in range(300):
            connection.request("GET", "/health")
            connection.getresponse().read()
        connection.close()
        code, said = server.stop()
        self.assertEqual((code, said.count("/health")), (0, 300))


class Checkpoints(ProgramTest):
    def setUp(self):
        super().setUp()
        self.run = self.folder / "a run"
        self.run.mkdir()
        self.put(10)

    def put(self, step, size=None):
        (self.run / f"checkpoint-{step}.gguf").write_bytes(LLAMA.read_bytes()[:size])

    def follow(self, *flags):
        server = Server("--context", 256, "--follow", self.run, *flags)
        self.addCleanup(server.process.kill)
        return server

    def is_served(self, server, step):
        return server.wait_until(lambda: server.ask("GET", "/follow").json["current"] == f"checkpoint-{step}", 20)

    def test_that_are_none_end_nothing(self):
        server = self.follow()
        (self.run / "checkpoint-20.gguf").symlink_to("nowhere")
        (self.run / "checkpoint-30.gguf").symlink_to("checkpoint-30.gguf")
        os.mkfifo(self.run / "checkpoint-40.gguf")
        (self.run / "checkpoint-50.gguf").mkdir()
        self.put(60, size=0)
        self.put(70, size=5000)
        self.put("-5")
        self.put("x")
        time.sleep(1.2)
        self.assertEqual(server.chat(max_tokens=1).json["sheepop"]["checkpoint"], "checkpoint-10")
        self.put(15)
        self.assertTrue(self.is_served(server, 15))
        shutil.rmtree(self.run)
        time.sleep(0.7)
        self.assertEqual(server.chat(max_tokens=1).json["sheepop"]["checkpoint"], "checkpoint-15")
        code, said = server.stop()
        self.assertEqual((code, said.count("cannot be served")), (0, 6), said)

    def test_that_are_whole_later_are_served_then(self):
        self.put(20, size=5000)
        server = self.follow()
        self.assertEqual(server.chat(max_tokens=1).json["sheepop"]["checkpoint"], "checkpoint-10")
        self.put(20)
        self.assertTrue(self.is_served(server, 20))
        server.stop()

    def test_that_are_asked_for_by_name(self):
        for step in range(1, 6):
            self.put(step)
        self.put(7, size=5000)
        server = self.follow()
        asked = [server.chat(max_tokens=1, model=f"a run:checkpoint-{step}").status for step in (1, 2, 3, 4, 7, 7, 7, 7, 5)]
        self.assertEqual(asked[:4] + asked[8:], [200] * 5)
        self.assertEqual([slot["model"][-1] for slot in server.slots()], [*"n2345"])
        self.assertEqual(server.chat(max_tokens=1).json["sheepop"]["checkpoint"], "checkpoint-10")
        server.stop()

    def test_that_come_while_an_answer_is_under_way(self):
        server = self.follow("--sequences", 2, "--queue", 20)
        asks = [("/v1/completions", {"prompt": PROMPTS * 4, "max_tokens": 30, "ignore_eos": True}),
                ("/v1/embeddings", {"input": [prompt * 8 for prompt in PROMPTS] * 6})]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(server.post, path, **body) for path, body in asks]
            for step in range(20, 24):
                self.put(step)
                time.sleep(0.6)
            for answer in answers:
                self.assertEqual(answer.result().status, 200, answer.result().body[:300])
        self.assertTrue(self.is_served(server, 23))
        server.stop()


class Stopping(ProgramTest):
    def test_answers_of_many_parts_end_whole(self):
        server = Server("--context", 512, "--sequences", 2, "--queue", 20, models=[LLAMA])
        asks = [("/v1/completions", {"prompt": PROMPTS * 3, "max_tokens": 20, "ignore_eos": True}),
                ("/v1/embeddings", {"input": [prompt * 10 for prompt in PROMPTS] * 3}),
                ("/v1/completions", {"prompt": PROMPTS, "max_tokens": 20, "ignore_eos": True, "stream": True})]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(server.post, path, **body) for path, body in asks]
            time.sleep(0.3)
            code, said = server.stop()
            self.assertEqual(code, 0, said)
            found = [answer.result() for answer in answers]
        self.assertEqual([answer.status for answer in found], [200] * 3, [answer.body[-200:] for answer in found])
        self.assertEqual(len(found[0].json["choices"]), len(PROMPTS) * 3)
        self.assertEqual(len(found[1].json["data"]), len(PROMPTS) * 3)
        self.assertTrue(found[2].body.endswith(b"data: [DONE]\n\n"))

    def test_at_any_moment_every_answer_has_an_end(self):
        chance = random.Random(3)
        for round_number in range(8 * ROUNDS):
            server = Server("--context", 512, "--sequences", chance.choice([1, 8]), "--grace", chance.choice([0, 0, 30]), models=[LLAMA])
            asks = [("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}], "max_tokens": 200, "ignore_eos": True}),
                    ("/v1/completions", {"prompt": PROMPTS, "max_tokens": 20}),
                    ("/v1/messages", {"messages": [{"role": "user", "content": "x"}], "max_tokens": 200}),
                    ("/v1/embeddings", {"input": PROMPTS})]
            requests = []
            for i in range(8):
                path, body = asks[i % 4]
                body = body if "embeddings" in path else body | {"stream": i < 4}
                requests.append(request(path, body, "Connection: close\r\n"))
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = [pool.submit(hear, server, data) for data in requests]
                time.sleep(chance.random() ** 2 * 0.3)
                code, said = server.stop(chance.choice([signal.SIGTERM, signal.SIGINT]))
                self.assertEqual(code, 0, said)
                for data, answer in zip(requests, answers):
                    if answer.result() is not None:
                        self.assertTrue(is_whole(answer.result()), (round_number, data[:200], answer.result()[-300:]))

    def test_a_document_that_takes_long_holds_up_nothing(self):
        server = Server("--grace", 0.2, models=[LLAMA])
        long = b"<p>The sheep went over the hill.</p>\n" * 700_000
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(server.ask, "POST", "/ingest?name=long.html", long) for _ in range(2)]
            time.sleep(0.7)
            begin = time.monotonic()
            code, said = server.stop()
            self.assertEqual(code, 0, said)
            self.assertLess(time.monotonic() - begin, 20 if SANITIZED else 3)
            for answer in answers:
                self.assertEqual((answer.result().status, answer.result().error["code"]), (503, "stopping"))


if __name__ == "__main__":
    main()
