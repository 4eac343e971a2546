#!/usr/bin/env bash
# anthropic for Python 2.14.0: messages.create and messages.stream have no arguments temperature, top_p and top_k any more.
# The API's request still has the fields in other clients; who wants them for a server that honours them passes them in
# extra_body, or gets a TypeError before anything is sent.
#
# Needs python3 with venv. Passes while the behaviour is as described; seen with Python 3.11 on Debian 12.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0
"$folder/venv/bin/python" - <<'PROBE'
import inspect

import anthropic

client = anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1:9", max_retries=0)
for method in (client.messages.create, client.messages.stream):
    arguments = inspect.signature(method).parameters
    found = [name for name in ("temperature", "top_p", "top_k") if name in arguments]
    print(method.__name__, "has", found, "and" if "extra_body" in arguments else "without", "extra_body")
    assert found == [] and "extra_body" in arguments
try:
    client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "x"}], temperature=0.5)
    raise SystemExit("temperature was taken")
except TypeError as error:
    print("TypeError:", error)
PROBE
