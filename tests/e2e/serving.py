"""A running `sheepop serve` for the end-to-end tests."""

import http.client
import json
import signal
import subprocess
import tempfile
import time

from program import ENVIRONMENT, PROGRAM, SANITIZED


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    @property
    def events(self):
        """What the events of a stream hold, but for [DONE]."""
        found = []
        for event in self.body.decode().split("\n\n")[:-1]:
            data = "\n".join(line.removeprefix("data: ") for line in event.split("\n") if line.startswith("data: "))
            if data != "[DONE]":
                found.append(json.loads(data))
        return found


class Server:
    """Serves `models`, on a free port where none is given, until it is stopped. `under`: a command that executes it."""

    def __init__(self, *flags, models=(), env=None, port=0, under=()):
        arguments = [part for model in models for part in ("-m", str(model))]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*under, PROGRAM, "serve", *arguments, "--port", str(port), "--json", *map(str, flags)],
                                        env=ENVIRONMENT | (env or {}), stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start: {self.stop()}")
        self.said = json.loads(line)
        self.port = int(self.said["url"].rsplit(":", 1)[1])

    def open(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600 if SANITIZED else 60)

    def ask(self, method, path, body=None, headers=None):
        connection = self.open()
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def post(self, path, **body):
        return self.ask("POST", path, body)

    def chat(self, content="Hello", **more):
        return self.post("/v1/chat/completions", messages=[{"role": "user", "content": content}], **more)

    def wait_until(self, check, seconds=10):
        end = time.monotonic() + (seconds * 10 if SANITIZED else seconds)
        while not check():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def slots(self):
        return self.ask("GET", "/slots").json

    def stop(self, with_signal=signal.SIGTERM):
        """Its exit code, and what it said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.ended()

    def ended(self):
        """The same, when it ends by itself; asked again, it says so again."""
        if self.log.closed:
            return self.end
        code = self.process.wait(timeout=600 if SANITIZED else 60)
        self.process.stdout.close()
        self.log.seek(0)
        said = self.log.read().decode()
        self.log.close()
        self.end = code, said
        return self.end
