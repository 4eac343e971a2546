"""What the scripts of this folder share: how fast a build of SheepOp generates and trains, one measurement a call."""

import json
import os
import random
import re
import statistics
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHEEPOP = os.path.join(HERE, "..", "build", "release", "sheepop")
# The shapes that training is measured on: vocabulary, width, layers, heads, context, batch.
SIZES = {"0.8M": (65, 128, 4, 4, 64, 12), "3.4M": (4096, 192, 6, 6, 256, 8), "11M": (4096, 320, 8, 8, 256, 8),
         "30M": (8192, 512, 8, 8, 512, 4)}


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def require(program):
    if not os.path.exists(program):
        sys.exit(f"{os.path.basename(sys.argv[0])}: {program} is missing; run make first")


def processor():
    return next((re.sub(r".*: ", "", line.strip()) for line in open("/proc/cpuinfo") if "model name" in line), "?")


def peak_bytes(command):
    """Peak resident size of a command, from the kernel's account of a process that has no other child."""
    code = ("import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,"
            "stderr=subprocess.DEVNULL,check=True);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss*1024)")
    return int(run([sys.executable, "-c", code, *command]))


def generation_speed(program, threads, model, prefill=0, decode=0, batch=1, depth=0):
    """Tokens a second of one run of `sheepop bench`."""
    command = [program, "bench", "-m", model, "--threads", str(threads), "--repeat", "1", "--json", "--decode",
               str(decode), "--batch", str(batch), "--depth", str(depth)]
    command += ["--prefill", str(prefill)] if prefill else ["--no-prefill"]
    return json.loads(run(command))["results"][0]["tokens_per_s"]["median"]


def write_vocabulary(path, size):
    """A GGUF file with nothing but a byte-level vocabulary: the bytes, then tokens that no text gives."""
    names = [chr(b) if 33 <= b < 127 or 161 <= b < 173 or 174 <= b else None for b in range(256)]
    spare = (chr(256 + i) for i in range(256))
    tokens = [name or next(spare) for name in names]
    tokens += [f"<unused {i}>" for i in range(size - 257)] + ["<|endoftext|>"]

    def text(value):
        data = value.encode()
        return struct.pack("<Q", len(data)) + data

    def entry(key, kind, payload):
        return text(key) + struct.pack("<I", kind) + payload

    def array(kind, items):
        return struct.pack("<IQ", kind, len(items)) + b"".join(items)

    entries = [entry("general.architecture", 8, text("gpt2")), entry("tokenizer.ggml.model", 8, text("gpt2")),
               entry("tokenizer.ggml.pre", 8, text("gpt-2")),
               entry("tokenizer.ggml.tokens", 9, array(8, [text(t) for t in tokens])),
               entry("tokenizer.ggml.token_type", 9, array(5, [struct.pack("<i", 1)] * (size - 1) + [struct.pack("<i", 3)])),
               entry("tokenizer.ggml.merges", 9, array(8, [])),
               entry("tokenizer.ggml.eos_token_id", 4, struct.pack("<I", size - 1))]
    with open(path, "wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries))


class Training:
    """Trains a llama-style model of a shape of SIZES on random text; its files lie in `folder`. `prefix`: what the program runs under."""

    def __init__(self, folder, threads, seconds, prefix=()):
        self.folder, self.threads, self.seconds, self.prefix = folder, threads, seconds, list(prefix)

    def make_inputs(self, size):
        vocab, *_ = SIZES[size]
        letters = [chr(33 + i) for i in range(64)]
        generator = random.Random(1)
        with open(os.path.join(self.folder, f"{size}.txt"), "w") as file:
            file.write("".join(generator.choices(letters, k=200_000)))
        if vocab > 257:
            write_vocabulary(os.path.join(self.folder, f"{vocab}.gguf"), vocab)

    def steps(self, size):
        """As many as take about `seconds`."""
        per_step = {"0.8M": 0.008, "3.4M": 0.2, "11M": 0.45, "30M": 1.2}[size]
        return max(8, int(self.seconds / per_step))

    def measure(self, program, size):
        """{"tokens_per_s", "bytes"} of one run, without its first three steps."""
        vocab, width, layers, heads, context, batch = SIZES[size]
        text = os.path.join(self.folder, f"{size}.txt")
        command = [program, "train", text, "-o", os.path.join(self.folder, "model.gguf"), "--run",
                   os.path.join(self.folder, "run"), "--restart", "--threads", str(self.threads), "--layers",
                   str(layers), "--hidden", str(width), "--heads", str(heads), "--context", str(context), "--batch",
                   str(batch), "--sample-tokens", "0", "--eval-every", "0", "--held-out-share", "0", "--checkpoint-every",
                   "0", "--steps", str(self.steps(size))]
        # A vocabulary of 65 is that of the text's bytes.
        command += ["--tokenizer", os.path.join(self.folder, f"{vocab}.gguf") if vocab > 257 else "bytes"]
        peak = peak_bytes(self.prefix + command)
        records = [json.loads(line) for line in open(os.path.join(self.folder, "run", "metrics.jsonl"))]
        seconds = [r["seconds"] for r in records if "loss" in r]
        times = [after - before for before, after in zip(seconds[2:], seconds[3:])]
        return {"tokens_per_s": batch * context / statistics.median(times), "bytes": peak}
