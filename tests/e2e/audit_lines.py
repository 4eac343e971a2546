"""How each option of each command is tried: one line each. `audit.py` says what the lines mean.

A new option is a line here: `changes(VALUE)` where it changes what the command comes to, with `also` for the options that it
needs beside it; `says(PHRASE, VALUE)` where its help says, with that phrase, that it leaves the output alone. What neither
fits is `excused(REASON)`, of which there may be few.
"""

from audit import ABSENT, allows, changes, excused, says, tells
from program import DATA, LLAMA, TINY

SPEED = "only the speed"
GEMMA = TINY / "gemma3" / "model.gguf"
TALES = DATA.parents[1] / "models" / "tales.gguf"  # has another tokenizer
ABC = {"--allow": ["67", "68", "69"], "--top-p": 1}
ENDS = {"--logit-bias": "2=1000"}

COMMON = {
    "--help": changes(True),
    "--json": changes(ABSENT),
    "--verbose": tells(here={"--json": ABSENT}),
    "--color": says("colours", "always"),
}
NO_NOTES = {"--verbose": excused("it has no notes")}
MODEL_NOTE = {"--verbose": tells(here={"--model": ABSENT})}
MACHINE = {"--threads": says(SPEED, 2), "--isa": says(SPEED, "reference")}
PROMPT = {
    "--prompt": changes("another text", text=True),
    "--file": changes("{text}", instead=["--prompt"]),
    "--ids": changes("5,6,7", instead=["--prompt"]),
    "--special": changes(True, here={"--prompt": "a<|im_end|>b"}),
    "--no-bos": changes(True, here={"--model": "{begins}"}),
}
ENGINE = {
    "--context": changes(15),
    "--prefill-chunk": says(SPEED, 2),
    "--kv-type": changes("bf16", here={"--max-tokens": 200}),
}
SAMPLING = {
    "--profile": changes("hf"),
    "--temperature": changes(3),
    "--dynatemp-range": changes(0.9),
    "--dynatemp-exponent": changes(3, also={"--dynatemp-range": 0.9}),
    "--do-sample": changes("false"),
    "--top-k": changes(2),
    "--top-p": changes(0.1),
    "--min-p": changes(0.9),
    "--typical-p": changes(0.05),
    "--top-n-sigma": changes(0.1),
    "--epsilon-cutoff": changes(0.4),
    "--eta-cutoff": changes(0.9),
    "--xtc-probability": changes(1),
    "--xtc-threshold": changes(0.3, also={"--xtc-probability": 1}),
    "--min-keep": changes(3, here={"--top-k": 1}),
    "--keep-ties": excused("no two logits of this model are equal", "true"),
    "--mirostat": changes(2),
    "--mirostat-tau": changes(0.1, also={"--mirostat": 2}),
    "--mirostat-eta": changes(10, also={"--mirostat": 2}),
    "--repeat-penalty": changes(100),
    "--repeat-last-n": changes(1, also={"--repeat-penalty": 100}),
    "--presence-penalty": changes(100, here=ABC),
    "--frequency-penalty": changes(100, here=ABC),
    "--penalty-scope": changes("output", also={"--repeat-penalty": 100}),
    "--dry-multiplier": changes(100, here=ABC),
    "--dry-base": changes(100, also={"--dry-multiplier": 0.5}, here=ABC),
    "--dry-allowed-length": changes(1, also={"--dry-multiplier": 100}, here=ABC),
    "--dry-last-n": changes(2, also={"--dry-multiplier": 100}, here=ABC),
    "--dry-breaker": changes("a", also={"--dry-multiplier": 100}, here=ABC, text=True),
    "--no-repeat-ngram": changes(1, here=ABC | {"--max-tokens": 1}),
    "--min-tokens": changes(8, here=ENDS),
    "--logit-bias": changes("5=1000"),
    "--ban": changes("{first}"),
    "--allow": changes("5"),
    "--bad-word": changes("{first_text}", text=True),
    "--bad-sequence": changes("{first}"),
    "--samplers": changes("temperature"),
    "--seed": changes(2),
}
SCHEMA = {"--json-schema": "{schema}"}
THOUGHTS = {"--thinking-close": "z"}
SHAPE = {
    "--json-schema": changes("{schema}"),
    "--regex": changes("[ab]+"),
    "--grammar": changes("{grammar}"),
    "--choice": changes("sheep", text=True),
    "--any-order": changes(True, also={"--json-schema": "{many}"}),
    "--whitespace": changes("compact", also=SCHEMA),
    "--digits": changes(1, also={"--json-schema": "{number}"}),
    "--format": changes("annotate", also={"--json-schema": "{date}"}),
    "--lenient": allows(True, also={"--json-schema": "{hard}"}),
    "--forced-runs": changes("off", also=SCHEMA),
    "--thinking-open": changes("<a>", also=SCHEMA | THOUGHTS),
    "--thinking-close": changes("z", also={"--regex": "[ab]+"}),
    "--thinking-budget": changes(1, also=THOUGHTS),
}
TEMPLATE = {"--template": changes("{template}")}

LINES = {}
BASE = {}

BASE["generate"] = {"--model": LLAMA, "--prompt": "abcabcabcabc", "--max-tokens": 12, "--seed": 7, "--json": True}
LINES["generate"] = COMMON | MACHINE | PROMPT | ENGINE | SAMPLING | SHAPE | {
    "model": changes(GEMMA, instead=["--model"]),
    "--model": changes(GEMMA),
    "--max-tokens": changes(3),
    "--stop": changes("{first_text}", text=True),
    "--sequences": changes(2),
    "--logprobs": changes(2),
    "--ignore-eos": changes(True, here=ENDS),
    "--record": changes("capsule", text=True),
    "--force": allows(True, here={"--record": "{old}"}),
    "--beams": changes(2, instead=["--seed"]),
    "--length-penalty": changes(9, also={"--beams": 3}, here={"--seed": ABSENT, "--max-tokens": 4}),
    "--n-best": changes(2, also={"--beams": 3}, here={"--seed": ABSENT, "--max-tokens": 4}),
}

BASE["chat"] = BASE["generate"] | {"--prompt": "abcabc"}
LINES["chat"] = COMMON | MACHINE | ENGINE | SAMPLING | SHAPE | TEMPLATE | {
    "model": changes(GEMMA, instead=["--model"]),
    "--model": changes(GEMMA),
    "--prompt": changes("another text", text=True),
    "--system": changes("Be brief.", text=True),
    "--history": says("on a terminal", True),
    "--max-tokens": changes(3),
    "--stop": changes("{chat_text}", text=True),
    "--context": changes(30),
    "--chat-template-kwargs": changes('{"mood": "glad"}', also={"--template": "{template}"}),
    "--forced-runs": changes("off", also={"--choice": "a sheep and a goat"}),
    "--ban": changes("{chat_first}"),
    "--bad-word": changes("{chat_text}", text=True),
    "--bad-sequence": changes("{chat_first}"),
}

BASE["explain"] = BASE["generate"]
LOGITS = {"--model": ABSENT, "--prompt": ABSENT, "--max-tokens": ABSENT}
NO_MODEL = LOGITS | {"--logits": "1,2,2"}
LINES["explain"] = COMMON | MACHINE | PROMPT | ENGINE | SAMPLING | SHAPE | {
    "model": changes(GEMMA, instead=["--model"]),
    "--model": changes(GEMMA),
    "--max-tokens": changes(3),
    "--keep-ties": changes("true", here=NO_MODEL | {"--top-k": 1}),
    "--watch": changes("5"),
    "--top": changes(1),
    "--against": changes("--temperature 0.1"),
    "--html": changes("page.html", text=True),
    "--force": allows(True, here={"--html": "{old}"}),
    "--logits": changes("1,2,3", instead=list(LOGITS)),
    "--probs": changes("0.5,0.25,0.25", instead=list(LOGITS)),
    "--labels": changes("a,b,c", here=NO_MODEL),
    "--u": changes(0.001, here=NO_MODEL),
}

BASE["constrain"] = SCHEMA | {"--text": "{fits}", "--json": True}
EXAMPLES = {"--text": ABSENT, "--examples": 5}
OF_A_REGEX = EXAMPLES | {"--json-schema": ABSENT, "--regex": "[ab]+"}


def schema_in_place(name):
    return {"--regex": ABSENT, "--json-schema": name}


LINES["constrain"] = COMMON | NO_NOTES | {
    "--text": changes("{text}"),
    "--jsonl": changes("{schemas}", instead=["--text", "--json-schema"]),
    "--examples": changes(3, instead=["--text"]),
    "--seed": changes(5, here=EXAMPLES),
    "--model": changes(LLAMA),
    "--json-schema": changes("{number}"),
    "--regex": changes("[ab]+", instead=["--json-schema"]),
    "--grammar": changes("{grammar}", instead=["--json-schema"]),
    "--choice": changes("sheep", text=True, instead=["--json-schema"]),
    "--any-order": changes(True, also=schema_in_place("{many}"), here=OF_A_REGEX),
    "--whitespace": changes("compact", also=schema_in_place("{schema}"), here=OF_A_REGEX),
    "--digits": changes(1, also=schema_in_place("{number}"), here=OF_A_REGEX),
    "--format": changes("annotate", also=schema_in_place("{date}"), here=OF_A_REGEX),
    "--lenient": allows(True, also=schema_in_place("{hard}"), here=OF_A_REGEX),
    "--thinking-open": changes("<a>", also=THOUGHTS, here=OF_A_REGEX),
    "--thinking-close": changes("z", here=OF_A_REGEX),
    "--masks": excused("only times differ, which are not compared", "anew", here={"--text": ABSENT, "--json-schema": ABSENT, "--jsonl": "{schemas}"}),
    "--repeat": excused("only times differ, which are not compared", 2,
                        here={"--text": ABSENT, "--json-schema": ABSENT, "--jsonl": "{schemas}", "--masks": "anew"}),
}

BASE["score"] = {"--model": LLAMA, "--prompt": "abcabcabcabc", "--json": True}
LINES["score"] = COMMON | MACHINE | MODEL_NOTE | PROMPT | {
    "model": changes(GEMMA, instead=["--model"]),
    "--model": changes(GEMMA),
    "--context": changes(4),
    "--stride": changes(1, here={"--context": 4}),
    "--kv-type": changes("bf16"),
    "--per-token": changes(True),
}

BASE["tokenize"] = {"--model": LLAMA, "--prompt": "abc", "--json": True}
LINES["tokenize"] = COMMON | MACHINE | MODEL_NOTE | PROMPT | {
    "model": changes(TALES, instead=["--model"]),
    "--model": changes(TALES),
    "--decode": changes(True, here={"--prompt": ABSENT, "--ids": "5,6"}),
    "--messages": changes("{messages}", instead=["--prompt"]),
    "--template": changes("{template}", here={"--prompt": ABSENT, "--messages": "{messages}"}),
}

BASE["inspect"] = {"--model": LLAMA, "--json": True}
LINES["inspect"] = COMMON | MACHINE | MODEL_NOTE | {
    "model": changes(GEMMA, instead=["--model"]),
    "--model": changes(GEMMA),
    "--verify": changes(True),
}

BASE["replay"] = {"capsule": "{capsule}", "--model": LLAMA, "--json": True}
LINES["replay"] = COMMON | MACHINE | NO_NOTES | {
    "capsule": changes("{other_capsule}"),
    "--model": changes(GEMMA),
    "--isa": changes("reference"),
}

BASE["convert"] = {"input": LLAMA, "--output": "x.gguf", "--json": True}
LINES["convert"] = COMMON | NO_NOTES | {
    "input": changes(GEMMA),
    "--output": changes("folder", text=True),
    "--type": changes("bf16"),
    "--force": allows(True, here={"--output": "{old_model}"}),
}

BASE["bench"] = {"--model": LLAMA, "--prefill": 2, "--decode": 2, "--repeat": 1, "--threads": 1, "--json": True}
LINES["bench"] = COMMON | NO_NOTES | {
    "model": excused("only speeds differ, which are not compared", GEMMA, instead=["--model"]),
    "--model": excused("only speeds differ, which are not compared", GEMMA),
    "--threads": changes(2),
    "--isa": changes("reference"),
    "--prefill": changes("2,3"),
    "--decode": changes(3),
    "--batch": changes("1,2"),
    "--depth": changes("0,4"),
    "--repeat": excused("only speeds differ, which are not compared", 2),
    "--chunk": excused("only speeds differ, which are not compared", 1),
    "--no-prefill": changes(True),
}

BASE["doctor"] = {"--json": True}
LINES["doctor"] = COMMON | NO_NOTES | {"model": changes(LLAMA)}

BASE["corpus list"] = {"corpus": "{corpus}", "--json": True}
LINES["corpus list"] = {"--help": changes(True), "corpus": changes("{other_corpus}")}
BASE["corpus show"] = {"corpus": "{corpus}", "document": "{first_document}", "--json": True}
LINES["corpus show"] = {
    "--help": changes(True),
    "corpus": changes("{other_corpus}", here={"document": "{last_document}"}),
    "document": changes("{last_document}"),
    "--html": changes("page.html", text=True),
    "--page": excused("the documents here have no pages to choose from", 1, here={"--html": "page.html"}),
    "--pages": excused("the documents here have no pages to choose from", 1, here={"--html": "page.html"}),
    "--force": allows(True, here={"--html": "{old}"}),
}
BASE["corpus sample"] = {"corpus": "{corpus}", "--json": True}
LINES["corpus sample"] = {
    "--help": changes(True),
    "corpus": changes("{other_corpus}"),
    "--count": changes(2),
    "--seed": changes(5, here={"--count": 2}),
}
BASE["corpus search"] = {"corpus": "{corpus}", "text": "number", "--json": True}
LINES["corpus search"] = {
    "--help": changes(True),
    "corpus": changes("{other_corpus}"),
    "text": changes("river", here={"text": "Document"}, text=True),
    "--count": changes(1),
    "--exact": changes(True, here={"text": "NUMBER"}),
}
BASE["corpus shards"] = {"corpus": "{corpus}", "--output": "shards", "--tokenizer": LLAMA, "--json": True}
LINES["corpus shards"] = {
    "--help": changes(True),
    "corpus": changes("{other_corpus}"),
    "--tokenizer": changes(GEMMA),
    "--output": changes("others", text=True),
    "--force": allows(True, here={"--output": "{old_shards}"}),
    "--held-out": changes("3.txt"),
    "--held-out-share": changes(0.9),
    "--threads": says(SPEED, 2),
}

BASE["pull"] = {"name": "{host}/tiny.gguf", "--json": True}
LINES["pull"] = COMMON | {
    "name": changes("{host}/other.gguf"),
    "--list": changes(True, instead=["name"]),
    "--sha256": changes("0" * 64),
    "--as": changes("mine.gguf", text=True),
    "--retries": changes(0, here={"name": "{host}/cut.gguf"}),
    "--force": changes(True, here={"name": "{host}/there.gguf"}),
}

BASE["ingest"] = {"inputs": "{papers}", "--output": "corpus", "--workers": 1, "--no-plan": True, "--json": True}
SCANS, ARCHIVES = {"inputs": "{scans}"}, {"inputs": "{archives}"}
LINES["ingest"] = COMMON | NO_NOTES | {
    "inputs": changes("{texts}"),
    "--output": changes("other", text=True),
    "--force": excused("tests/e2e/outputs_test.py: a corpus of other inputs is replaced by it alone", True),
    "--dry-run": changes(True),
    "--plan": changes(True, here={"--json": ABSENT}, instead=["--no-plan"]),
    "--workers": says(SPEED, 2),
    "--field": changes("body"),
    "--ocr": changes("--no-ocr", here=SCANS),
    "--ocr-languages": changes("fra", here=SCANS),
    "--ocr-dpi": changes(72, here=SCANS),
    "--max-pages": changes(1),
    "--markdown": changes(True),
    "--fidelity": changes("ocr"),
    "--archive-depth": changes(0, here=ARCHIVES),
    "--max-expanded-bytes": changes(2**20, here=ARCHIVES),
    "--max-archive-members": changes(1, here=ARCHIVES),
    "--max-line-bytes": changes(1024),
    "--part-bytes": changes(2**16),
    "--converter-seconds": excused("no converter takes a second here", 1),
    "--converter-memory": excused("no converter takes 256 MiB here", 2**28),
    "--mojibake": changes(True),
    "--control-characters": changes("--no-control-characters"),
    "--unicode": changes("--no-unicode"),
    "--ligatures": changes("--no-ligatures"),
    "--page-furniture": changes("--no-page-furniture"),
    "--hyphenation": changes("--no-hyphenation"),
    "--paragraphs": changes("--no-paragraphs"),
    "--boilerplate": changes("--no-boilerplate"),
    "--replace-emails": changes(True),
    "--replace-phones": changes(True),
    "--replace-keys": changes(True),
    "--keep-language": changes("fr"),
    "--keep-license": changes("MIT"),
    "--min-characters": changes(40),
    "--exact-duplicates": changes("--no-exact-duplicates"),
    "--near-duplicates": changes("--no-near-duplicates"),
    "--duplicate-paragraphs": changes("--no-duplicate-paragraphs"),
}

BASE["train"] = {"input": "{words}", "--output": "m.gguf", "--steps": 4, "--warmup": 1, "--layers": 1, "--hidden": 16, "--heads": 2,
                 "--context": 8, "--batch": 2, "--eval-batches": 1, "--tokenizer": "bytes", "--threads": 1, "--sample-tokens": 2, "--json": True}
MUON = {"--optimizer": "muon"}
OF_TRAINING = [name for name in BASE["train"] if name not in ("input", "--output", "--threads", "--json")]
TOKENIZER_ONLY = {"--tokenizer-only": True} | {name: ABSENT for name in OF_TRAINING}
CHATS = {"input": "{chats}", "--tokenizer": LLAMA, "--held-out-share": 0.4}
SAMPLES = {"--context": 40, "--verbose": True}
SPIKES = {"--learning-rate": 10, "--clip": 0, "--steps": 60, "--spike-factor": 1, "--on-spike": "ignore"}
LINES["train"] = COMMON | {
    "input": changes("{more_words}"),
    "--output": changes("n.gguf", text=True),
    "--run": changes("folder", text=True),
    "--from": changes("{trained}", instead=["--layers", "--hidden", "--heads", "--tokenizer"]),
    "--tokenizer": changes(GEMMA),
    "--held-out": changes("1.txt", here={"input": "{corpus}"}),
    "--held-out-share": changes(0.5),
    "--template": changes("{template}", here=CHATS | {"--context": 80}),
    "--skip-long": allows(True, here=CHATS | {"--context": 48}),
    "--plan": changes(True),
    "--time": changes("1s", instead=["--steps"]),
    "--best": changes(True, here={"--eval-every": 1, "--learning-rate": 5, "--on-spike": "ignore"}),
    "--force": allows(True, here={"--output": "{old_model}"}),
    "--restart": excused("there is nothing to begin anew in an empty folder", True),
    "--beside": changes("{run}"),
    "--sample-prompt": tells("sheep", text=True, here=SAMPLES),
    "--sample-tokens": tells(0, here=SAMPLES),
    "--threads": says(SPEED, 2),
    "--isa": says(SPEED, "reference", here={"--precision": "fp32"}),
    "--config": changes("{config}"),
    "--tokenizer-only": changes(True, instead=OF_TRAINING),
    "--tokenizer-kind": changes("unigram", also=TOKENIZER_ONLY),
    "--vocab-size": changes(280, also=TOKENIZER_ONLY),
    "--split": changes("qwen2", also=TOKENIZER_ONLY),
    "--special": changes("<|x|>", also=TOKENIZER_ONLY),
    "--min-frequency": changes(20, also=TOKENIZER_ONLY),
    "--size": changes("nano", here={"--hidden": ABSENT}),
    "--style": changes("gpt2"),
    "--layers": changes(2),
    "--hidden": changes(32),
    "--heads": changes(1),
    "--kv-heads": changes(1),
    "--feed-forward": changes(24),
    "--tied-embeddings": changes("false"),
    "--rope-theta": changes(100),
    "--init-deviation": changes(0.1),
    "--context": changes(12),
    "--batch": changes(3),
    "--accumulate": changes(2),
    "--steps": changes(5),
    "--restart-documents": changes("false", here={"input": "{corpus}", "--context": 400}),
    "--optimizer": changes("muon"),
    "--learning-rate": changes(0.01),
    "--min-learning-rate": changes(0.001),
    "--schedule": changes("linear", here={"--steps": 6}),
    "--warmup": changes(2),
    "--decay-share": changes(0.9, also={"--schedule": "wsd"}),
    "--beta1": changes(0.5),
    "--beta2": changes(0.5),
    "--epsilon": changes(0.1),
    "--weight-decay": changes(5),
    "--decay-embeddings": changes("true"),
    "--muon-learning-rate": changes(0.5, also=MUON),
    "--muon-momentum": changes(0.1, also=MUON),
    "--clip": changes(0.01),
    "--dropout": changes(0.5),
    "--precision": changes("fp32"),
    "--seed": changes(2),
    "--eval-every": changes(2),
    "--eval-batches": changes(2),
    "--patience": changes(1, here={"--eval-every": 1, "--learning-rate": 5, "--on-spike": "ignore"}),
    "--checkpoint-every": changes(2),
    "--keep": changes(1, here={"--checkpoint-every": 1}),
    "--on-spike": changes("skip", here=SPIKES),
    "--spike-factor": changes(1000000, here=SPIKES | {"--on-spike": "skip"}),
}

# Each is tried with a server, of which something is asked: audit_serve_test.py says what.
BASE["serve"] = {"--model": LLAMA, "--port": 0, "--json": True}
LINES["serve"] = COMMON | MACHINE | {
    "--isa": changes("reference"),
    "--help": changes(True, instead=["--model", "--port", "--json"]),
    "model": changes(GEMMA, instead=["--model"]),
    "--verbose": tells(),
    "--model": changes(GEMMA),
    "--context": changes(40),
    "--prefill-chunk": says(SPEED, 2),
    "--kv-type": changes("bf16"),
    "--config": changes("{serve_config}"),
    "--host": changes("localhost"),
    "--port": changes("{port}"),
    "--api-key-file": changes("{keys}"),
    "--no-key": allows(True, here={"--host": "0.0.0.0"}),
    "--allowed-host": changes("example.org"),
    "--cors": changes("http://example.org"),
    "--tls-cert": allows("{certificate}", also={"--tls-key": "{key}"}),
    "--tls-key": allows("{key}", also={"--tls-cert": "{certificate}"}),
    "--alias": changes("other"),
    "--sequences": changes(1),
    "--queue": changes(0, here={"--sequences": 1}),
    "--cache-mib": changes(1),
    "--follow": changes("{run}", instead=["--model"]),
    "--grace": changes(0, here={"--model": TALES}),
    "--max-body-mib": changes(1),
    "--max-connections": changes(1),
    "--uploads": excused("every client here is of this machine", True, here={"--host": "0.0.0.0", "--no-key": True}),
    "--unknown-fields": changes("warn"),
    "--log": changes("json"),
}
