"""No field of what the program itself wrote and reads again, and none of a record to learn from, is ignored in silence."""

import copy
import json
import shutil

import audit_fixtures
from audit import run_in_folder
from audit_fields_test import GONE, FieldsTest, other_values
from gguf_file import ARRAY, BOOL, STRING, GgufFile
from program import LLAMA, main, run


class Runs(FieldsTest):
    """What the program itself wrote and reads again."""

    def replayed(self, capsule):
        path = self.folder / "changed"
        path.write_text(json.dumps(capsule))
        return run_in_folder(["replay", path, "--json"])

    def check_capsule(self, capsule, place, before):
        holder = capsule
        for step in place[:-1]:
            holder = holder[step]
        name = ".".join(map(str, place))
        for how, other in other_values(holder.get(place[-1], "")):
            changed = copy.deepcopy(capsule)
            holder = changed
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = other
            if other is GONE:
                del holder[place[-1]]
            with self.subTest(field=f"capsule {name} {how}"):
                after = self.replayed(changed)
                self.check_noticed("capsule", name, how, after.changed_from(before) or after.tells_of(place[-1]))

    def test_capsule(self):
        path = self.folder / "capsule"
        audit_fixtures.done("generate", "-m", LLAMA, "-p", "abcabc", "-n", 3, "--seed", 1, "--record", path)
        capsule = json.loads(path.read_text())
        before = self.replayed(capsule)
        self.assertEqual(before.code, 0, before)
        for place, holder in (((), capsule), (("settings",), capsule["settings"]), (("sequences", 0), capsule["sequences"][0])):
            for key in (*holder, "no_such_key"):
                self.check_capsule(capsule, (*place, key), before)

    def test_checkpoint(self):
        words = self.folder / "words.txt"
        words.write_text("Once upon a time " + "sheep goat cow hen " * 40)
        train = ["train", words, "-o", self.folder / "m.gguf", "--warmup", 1, "--layers", 1, "--hidden", 16, "--heads", 2, "--context", 8,
                 "--batch", 2, "--sample-tokens", 0, "--threads", 1, "--json", "--steps"]
        audit_fixtures.done(*train, 2)
        run_folder = self.folder / "m.run"
        kept = self.folder / "kept"
        shutil.copytree(run_folder, kept)
        [checkpoint] = run_folder.glob("checkpoint-*.gguf")
        file = GgufFile(checkpoint)
        for key, (kind, value) in file.metadata.items():
            if kind == ARRAY and not value[1]:
                continue
            other = (kind, "@@") if kind == STRING else (kind, (value[0], value[1][:-1])) if kind == ARRAY else (kind, not value) if kind == BOOL else (kind, 77)
            for how, changed in (("absurd", other), ("of another type", (ARRAY, (4, [7]))), ("gone", None)):
                shutil.rmtree(run_folder)
                shutil.copytree(kept, run_folder)
                file.write_changed(checkpoint, {key: changed})
                with self.subTest(field=f"checkpoint {key} {how}"):
                    done = run(*train, 2)
                    self.assertTrue(done.returncode != 0 or b"warning" in done.stderr, done.stderr)


class ChatRecords(FieldsTest):
    TURNS = [{"role": "user", "content": "Who goes there?"}, {"role": "assistant", "content": "A sheep."}]

    def learned(self, record):
        """What a training on copies of the record comes to."""
        path = self.folder / "chats.jsonl"
        path.write_text((json.dumps(record) + "\n") * 4)
        return run_in_folder(["train", path, "--tokenizer", LLAMA, "-o", "m.gguf", "--run", "run", "--warmup", 1, "--layers", 1, "--hidden", 16, "--heads", 2,
                              "--context", 128, "--batch", 2, "--sample-tokens", 0, "--threads", 1, "--steps", 1, "--json"],
                             skipped=("options.toml", "split.json"))

    def test_fields(self):
        before = self.learned({"messages": self.TURNS})
        self.assertEqual(before.code, 0, before)
        for name, value in {"weight": 0, "train": False, "trainable": False, "loss": False, "masked": True, "loss_mask": 0, "name": "Ann", "role": "@@",
                            "content": None, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}],
                            "tool_call_id": "x", "reasoning_content": "Hm.", "no_such_field": 1}.items():
            with self.subTest(field=f"chat record, message {name}"):
                after = self.learned({"messages": [self.TURNS[0], self.TURNS[1] | {name: value}]})
                self.check_noticed("chat", name, "given", after.changed_from(before) or after.tells_of(name))
        for name, value in {"messages": "@@", "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}],
                            "weight": 0, "loss": False, "system": "Be brief.", "no_such_field": 1, "add_generation_prompt": True}.items():
            with self.subTest(field=f"chat record {name}"):
                after = self.learned({"messages": self.TURNS, name: value})
                self.check_noticed("chat", name, "given", after.changed_from(before) or after.tells_of(name))


if __name__ == "__main__":
    main()
