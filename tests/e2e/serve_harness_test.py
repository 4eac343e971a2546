"""sheepop serve under lm-evaluation-harness: a task of local files, scored over HTTP, gives what `sheepop score` gives."""

import json
import os
import pathlib
import random

from program import ProgramTest, main
from serving import Server

os.environ.update({"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"})
try:
    import lm_eval
    from lm_eval.tasks import TaskManager
except ImportError:
    lm_eval = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
TALES = ROOT / "models" / "tales.gguf"
TASK = """task: local_choices
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
output_type: multiple_choice
test_split: test
doc_to_text: "{{{{text}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: gold
target_delimiter: ""
metric_list: [{{metric: acc}}]
"""


class Harness(ProgramTest):
    def setUp(self):
        super().setUp()
        if lm_eval is None:
            self.skipTest("the Python package lm_eval is not installed")
        self.server = Server("--context", 512, "--log", "off", models=[TALES])
        self.addCleanup(self.server.stop)

    def write_task(self, count):
        chance = random.Random(5)
        words = "king queen wolf fox forest house daughter bread golden night river mountain bird apple".split()
        data = self.folder / "choices.jsonl"
        with data.open("w") as file:
            for _ in range(count):
                text = f"Once upon a time there was a {chance.choice(words)} who lived by the {chance.choice(words)}"
                choices = [f" and loved the {word}." for word in chance.sample(words, 3)]
                file.write(json.dumps({"text": text, "choices": choices, "gold": chance.randrange(3)}) + "\n")
        (self.folder / "local_choices.yaml").write_text(TASK.format(data=data))

    def score(self, context, continuation):
        """The log-likelihood of a continuation by `sheepop score`, for the ids that the harness sends."""
        def ids(text):
            return self.server.post("/tokenize", prompt=text, add_special_tokens=False).json["tokens"]

        whole, before = ids(context + continuation), len(ids(context))
        scored = self.json("score", "-m", TALES, "--ids", ",".join(map(str, whole)), "--per-token")["per_token"]
        return sum(token["logprob"] for token in scored[before - 1:])

    def test_log_likelihoods_and_accuracy(self):
        self.write_task(12)
        arguments = (f"model=tales,base_url=http://127.0.0.1:{self.server.port}/v1/completions,tokenizer_backend=remote,"
                     "num_concurrent=4,max_retries=2")
        found = lm_eval.simple_evaluate(model="local-completions", model_args=arguments, tasks=["local_choices"],
                                        task_manager=TaskManager(include_path=str(self.folder), include_defaults=False))
        right = 0
        samples = found["samples"]["local_choices"]
        self.assertEqual(len(samples), 12)
        for sample in samples:
            served = [float(answer[0]) for answer in sample["filtered_resps"]]
            scored = [self.score(sample["doc"]["text"], choice) for choice in sample["doc"]["choices"]]
            for ours, theirs in zip(scored, served, strict=True):
                self.assertAlmostEqual(ours, theirs, delta=1e-6)
            right += scored.index(max(scored)) == sample["doc"]["gold"]
        self.assertEqual(found["results"]["local_choices"]["acc,none"], right / 12)


if __name__ == "__main__":
    main()
