"""No option of serve does nothing in silence: with each, something that is asked of the server comes out otherwise."""

import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import threading

from audit import Result, arguments_of, comparable, without_times
from audit_test import Audit
from program import ENVIRONMENT, LLAMA, PROGRAM, main, run

CHAT = {"messages": [{"role": "user", "content": "Hello there"}], "max_tokens": 30, "seed": 1, "temperature": 1, "logprobs": True}


class Asked:
    """What a server answers, and what it says in the end."""

    def __init__(self, arguments):
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def connection(self):
        if self.secure:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=ssl._create_unverified_context())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, headers={}):
        try:
            connection = self.connection()
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            connection.close()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        try:
            text = without_times(json.loads(text))
        except ValueError:
            text = ""
        return answer.status, answer.headers.get("Access-Control-Allow-Origin"), text

    def result(self):
        line = self.process.stdout.readline().decode()
        answers = []
        if '"url"' in line or " at http" in line:
            self.port = int(line.split('"url":"', 1)[-1].split(" at ")[-1].split('"')[0].strip().rsplit(":", 1)[1])
            self.secure = "https://" in line
            answers = self.answers()  # the last of them ends it
        try:
            out, told = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
        line = line.replace(str(self.port), "PORT") if self.port and self.free_port else line
        shown = comparable(line + out.decode(), "/nonexistent") + json.dumps(answers)
        log = "" if not told else comparable(told.decode(), "/nonexistent")
        # The log of answers is a result, too: its form, without its times.
        form = "json" if log.startswith("{") else "text" if log else ""
        return Result(self.process.returncode, shown + form, log, {})

    port, free_port = None, True

    def answers(self):
        answers = [self.ask("GET", "/v1/models"), self.ask("GET", "/v1/models", headers={"Origin": "http://example.org"}), self.ask("POST", "/v1/chat/completions", CHAT),
                   self.ask("GET", "/health"),
                   self.ask("POST", "/v1/chat/completions", CHAT | {"no_such_field": 1}),
                   self.ask("POST", "/v1/chat/completions", CHAT | {"model": "other"}),
                   self.ask("GET", "/v1/models", headers={"Host": "example.org"}),
                   self.ask("POST", "/v1/chat/completions", b" " * (3 << 19)),
                   self.ask("POST", "/ingest?name=a.txt", b"A text."),
                   self.ask("GET", "/slots")]
        return answers + [self.together(), self.connected(), self.cut_short()]

    def together(self):
        """Statuses of long answers that are asked for at once."""
        found = []

        def one():
            found.append(self.ask("POST", "/v1/chat/completions", CHAT | {"max_tokens": 150, "ignore_eos": True, "n": 2})[0])

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(set(map(str, found)))

    def connected(self):
        """Whether a second connection is served beside an idle one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\n")
            return self.ask("GET", "/health")

    def cut_short(self):
        """Whether an answer that is being written when the server is told to stop comes to its end."""
        body = json.dumps(CHAT | {"max_tokens": 100000, "max_completion_tokens": None, "ignore_eos": True, "stream": True, "n": 8}).encode()
        stopped = False
        try:
            connection = self.connection()
            connection.request("POST", "/v1/chat/completions", body)
            answer = connection.getresponse()
            answer.readline()
            self.process.send_signal(signal.SIGTERM)
            stopped = True
            return b"[DONE]" in answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            if not stopped:  # a second signal does not wait
                self.process.send_signal(signal.SIGTERM)


class ServeOptions(Audit):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = cls.made["words"].parent
        cls.made["serve_config"] = root / "serve.toml"
        cls.made["serve_config"].write_text('unknown-fields = "warn"\n')
        cls.made["keys"] = root / "keys"
        cls.made["keys"].write_text("secret\n")
        cls.made["keys"].chmod(0o600)
        cls.made["certificate"], cls.made["key"] = root / "certificate.pem", root / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", cls.made["key"],
                        "-out", cls.made["certificate"], "-days", "2", "-subj", "/CN=localhost"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.made["port"] = free.getsockname()[1]

    def run_command(self, command, arguments):
        asked = Asked([*command.split(), *arguments])
        asked.free_port = "0" in map(str, arguments)
        return asked.result()

    def test_serve(self):
        self.check_all("serve")


if __name__ == "__main__":
    main()
