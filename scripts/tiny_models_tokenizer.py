"""Byte-level BPE tokenizers for make_tiny_models.py, as tokenizer.json and as GGUF metadata."""

import json
import string

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]  # ids 0, 1, 2
CORPUS = """Once upon a time there was a cat who sat on a mat and thought about the rain.
The dog came in, and the cat said: "It is warm here. Sit down." It was 12 o'clock, and they sat there until the rain
had gone. Then the sun came out over the house and the trees, and the two of them went for a walk along the river.
"Isn't it a fine day?" the dog asked. "They're all fine," said the cat, "when there is something to eat."
""" * 4

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def pre_tokenizer(pre):
    if pre == "gpt-2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    pattern = LLAMA3 if pre == "llama-bpe" else QWEN2
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def write(folder, model):
    """Returns the tokenizer. With the ascii alphabet other bytes have no token."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=model["pre"] == "llama-bpe"))
    tokenizer.pre_tokenizer = pre_tokenizer(model["pre"])
    if model["pre"] == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    printable = [c for c in string.printable[:95] if c != " "] + ["Ġ", "Ċ"]
    alphabet = pre_tokenizers.ByteLevel.alphabet() if model["alphabet"] == "bytes" else printable
    trainer = trainers.BpeTrainer(vocab_size=model["config"]["vocab_size"], special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS.splitlines(keepends=True), trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    assert tokenizer.get_vocab_size() == model["config"]["vocab_size"]
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIAL[0], "eos_token": SPECIAL[2 if model["chat"] else 0],
              "add_bos_token": False, "model_max_length": 256, "clean_up_tokenization_spaces": False}
    if model["chat"]:
        config["chat_template"] = model["chat"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    return tokenizer


def add_to_gguf(writer, folder, model):
    stored = json.loads((folder / "tokenizer.json").read_text())
    tokens = sorted(stored["model"]["vocab"], key=stored["model"]["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in stored["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(model["pre"])
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in tokens])  # 3 control, 1 normal
    writer.add_token_merges(merges)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2 if model["chat"] else 0)
    writer.add_add_bos_token(False)
    if model["chat"]:
        writer.add_chat_template(model["chat"])
