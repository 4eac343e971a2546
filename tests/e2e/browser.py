"""Drives Debian's Chromium for the end-to-end tests: W3C WebDriver by chromedriver, DevTools commands where it has none."""

import base64
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's reference (WebDriver, section 12)
KEYS = {"enter": "\ue007", "shift": "\ue008", "alt": "\ue00a", "escape": "\ue00c", "up": "\ue013", "tab": "\ue004"}
WAIT = 600 if os.environ.get("SHEEPOP_SANITIZE") else 60  # seconds for something to come true


def absent():
    """Why there is no browser, or nothing."""
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"{' and '.join(missing)} not found (Debian's packages chromium and chromium-driver)" if missing else ""


class Failed(Exception):
    pass


class Browser:
    def __init__(self, downloads=None):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = os.environ | {"HOME": self.folder.name}
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], env=environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={self.folder.name}/profile"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium refuses to have one for root
        preferences = {"download.default_directory": str(downloads or self.folder.name)}
        options = {"args": arguments, "prefs": preferences}
        for _ in range(100):
            try:
                if self.call("GET", "/status")["ready"]:
                    break
            except OSError:
                time.sleep(0.1)
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
                        "unhandledPromptBehavior": "accept"}
        self.session = "/session/" + self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.folder.cleanup()

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, json.dumps(body or {}) if method == "POST" else None, {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise Failed(f"{value['error']}: {value['message']}")
        return value

    def post(self, path, **body):
        return self.call("POST", self.session + path, body)

    def devtools(self, command, **parameters):
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, url):
        self.post("/url", url=url)

    def run(self, script, *arguments):
        """What the function body `script` returns; promises are waited for."""
        return self.post("/execute/sync", script=script, args=list(arguments))

    def until(self, script, *arguments, seconds=WAIT):
        """The first value of `script` that is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > end:
                shown = self.run("return document.body.innerText").strip()
                raise AssertionError(f"not within {seconds} s: {script} {arguments}\nThe page shows:\n{shown}")
            time.sleep(0.05)
        return value

    def find(self, selector, text=None):
        """The first visible element of that selector, with that text where one is given; waits for it."""
        script = """return [...document.querySelectorAll(arguments[0])].find(element => element.checkVisibility() &&
                    (arguments[1] === null || element.textContent.trim() === arguments[1]))"""
        return self.until(script, selector, text)

    def click(self, selector, text=None):
        self.post(f"/element/{self.find(selector, text)[ELEMENT]}/click")

    def type(self, selector, text):
        self.post(f"/element/{self.find(selector)[ELEMENT]}/value", text=text)

    def press(self, *keys):
        """Holds all but the last key while that is pressed."""
        codes = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": code} for code in codes] + [{"type": "keyUp", "value": code} for code in codes[::-1]]
        self.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def choose_files(self, selector, *paths):
        """Into an input for files, which may be hidden."""
        element = self.run("return document.querySelector(arguments[0])", selector)[ELEMENT]
        self.post(f"/element/{element}/value", text="\n".join(map(str, paths)))

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def colours(self, scheme):
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    def complaints(self):
        """What the console said since the last call: errors of scripts, refusals of the Content-Security-Policy."""
        return [entry["message"] for entry in self.post("/se/log", type="browser") if entry["level"] == "SEVERE"]
