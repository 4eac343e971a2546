"""The program in the package, and what runs as a process of its own: ingest, train, convert."""

import os
import signal
import subprocess
import sys
import threading

import pytest
import sheepop
from conftest import LLAMA
from sheepop import program

TALE = "Once upon a time there was a sheep that counted people. One, two, three, said the sheep, and slept.\n"


def test_the_module_is_the_program():
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout
            for command in ([program.path(), "--version"], [sys.executable, "-m", "sheepop", "--version"])]
    assert told[0] == told[1] != ""
    assert subprocess.run([sys.executable, "-m", "sheepop", "no-command"], capture_output=True).returncode == 2


def test_importing_is_quick():
    code = "import sys, time; at = time.process_time(); import sheepop; print(time.process_time() - at, 'numpy' in sys.modules)"
    seconds, numpy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert float(seconds) < 0.1
    assert numpy == "False"


def test_documents_to_a_model(tmp_path):
    (tmp_path / "tale.txt").write_text(TALE * 60)
    report = sheepop.ingest(tmp_path / "tale.txt", tmp_path / "corpus", ocr=False, plan=False)
    assert (tmp_path / "corpus" / "documents.jsonl.zst").exists()
    assert report
    told = []
    result = sheepop.train(tmp_path / "corpus", tmp_path / "mine.gguf", callback=told.append, steps=12, layers=1, hidden=32,
                           heads=2, context=32, batch=2, warmup=2, sample_tokens=0, held_out_share=0.2, threads=1)
    assert result["steps"] == 12
    assert [entry["step"] for entry in told if "loss" in entry] == list(range(1, 13))
    assert any("held_out_loss" in entry for entry in told)
    model = sheepop.Model.open(tmp_path / "mine.gguf", threads=1)
    assert model.generate("Once", max_tokens=5, ignore_eos=True).tokens


def test_a_callback_that_raises_ends_the_training_and_it_goes_on(tmp_path, capfd):
    (tmp_path / "tale.txt").write_text(TALE * 60)
    shape = {"steps": 400, "layers": 1, "hidden": 32, "heads": 2, "context": 32, "batch": 2, "warmup": 2, "learning_rate": 1e-4, "sample_tokens": 0,
             "threads": 1}

    def stop(entry):
        if entry["step"] >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheepop.train(tmp_path / "tale.txt", tmp_path / "mine.gguf", callback=stop, **shape)
    assert not (tmp_path / "mine.gguf").exists()
    told = []
    sheepop.train(tmp_path / "tale.txt", tmp_path / "mine.gguf", callback=told.append, progress=True, **shape)
    steps = [entry["step"] for entry in told if "loss" in entry]
    assert steps == list(range(steps[0], 401)) and steps[0] > 3
    assert "400 of 400, loss " in capfd.readouterr().err


def test_converting(tmp_path):
    result = sheepop.convert(LLAMA, tmp_path / "small.gguf", type="q8_0")
    assert result
    assert sheepop.Model.open(tmp_path / "small.gguf", threads=1).generate("a", max_tokens=1, ignore_eos=True).tokens


def test_what_is_wrong_is_said(tmp_path):
    for call, thing in ((lambda: sheepop.convert(LLAMA, tmp_path / "x.gguf", type="q9"), "q9"),
                        (lambda: sheepop.convert(tmp_path / "none.gguf", tmp_path / "x.gguf"), "none.gguf"),
                        (lambda: sheepop.train(tmp_path / "none", tmp_path / "x.gguf"), "none"),
                        (lambda: sheepop.train(LLAMA, tmp_path / "x.gguf", stepps=3), "--steps"),
                        (lambda: sheepop.ingest([tmp_path / "none"], tmp_path / "corpus"), "none")):
        with pytest.raises(sheepop.Error) as caught:
            call()
        assert thing in caught.value.message
        assert caught.value.code in ("invalid_argument", "not_found", "io")


def test_ctrl_c_ends_a_command(tmp_path):
    (tmp_path / "tale.txt").write_text(TALE * 60)
    timer = threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sheepop.train(tmp_path / "tale.txt", tmp_path / "mine.gguf", steps=1000000, layers=1, hidden=32, heads=2, context=32, batch=2,
                      learning_rate=1e-6, sample_tokens=0, threads=1)
    timer.join()
