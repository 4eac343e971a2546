"""Builds tests/data/tiny: one tiny random model per architecture, and what transformers computes with it.

    make_tiny_models.py [--out tests/data/tiny] [--only NAME ...]

Needs torch, transformers, tokenizers, safetensors, numpy and gguf. Every folder NAME holds
  config.json, generation_config.json, tokenizer.json, tokenizer_config.json, model*.safetensors   a Hugging Face folder
  model.gguf           the same weights in fp32, tensor names and metadata as llama.cpp has them; absent for mistral_window
                       and qwen3_window, whose windows GGUF has no key for
  model-TYPE.gguf      (llama only) the same in other types; matrices alone are converted
  golden.json          ids, the greedy continuation, texts with their ids
  golden.f32           raw little-endian float32 [ids, vocab]: transformers' logits at every position, fp32, eager attention
  golden-TYPE.f32      the same from the dequantised weights of model-TYPE.gguf, where rounding changes them
All weights are bfloat16 values, so a file in bf16, f16 or f32 holds the same model. The initial scale is large enough for
attention, windows and caps to decide the logits; check() refuses a model where they do not.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import transformers

import tiny_models_experts
import tiny_models_gguf
import tiny_models_list
import tiny_models_tokenizer

GREEDY = 24  # ids in it
MIN_MARGIN = 0.02  # between the two largest logits at every greedy step
MIN_DISTINCT = 8  # ids among the GREEDY


def bfloat16(values):
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).bfloat16().float()


def random_weight(name, shape, model, rng):
    normal = rng.standard_normal(shape)
    if name.endswith("sinks"):
        return bfloat16(0.7 * normal)
    if name.endswith("A_log"):
        return bfloat16(0.5 * normal)
    if name.endswith(("dt_bias", "linear_attn.norm.weight")):
        return bfloat16(1.0 + 0.3 * normal)
    if name.endswith("conv1d.weight"):
        return bfloat16(0.6 * normal)
    if name.endswith(("expert_bias", "e_score_correction_bias")):
        return bfloat16(0.2 * normal)
    if name.endswith("conv.conv.weight"):
        return bfloat16(0.6 * normal)
    if name.endswith("bias"):
        return bfloat16(0.3 * normal)
    if name.endswith(("q_norm.weight", "k_norm.weight", "query_layernorm.weight", "key_layernorm.weight")):
        return bfloat16(model["qk_norm"] - model["norm_shift"] + 0.2 * normal)
    if len(shape) == 1:
        final = name.endswith(("model.norm.weight", "ln_f.weight"))
        return bfloat16((model["final_norm"] if final else 1.0) - model["norm_shift"] + 0.2 * normal)
    if "embed" in name or "wte" in name or "wpe" in name:
        return bfloat16(model["embedding"] * normal)
    fan_in = shape[0] if model["arch"] == "gpt2" and "lm_head" not in name else shape[-1]
    sharp = any(part in name for part in ("q_proj", "q_b_proj", "k_proj", "qkv_proj", "c_attn"))
    scale = 1.7 if sharp else 1.0
    return bfloat16(scale * normal / np.sqrt(fan_in))


def write_hugging_face(folder, model, rng):
    (folder / "config.json").write_text(json.dumps(model["config"], indent=2) + "\n")
    generation = {"bos_token_id": 0, "eos_token_id": [0, 2], "pad_token_id": 0}
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    config = transformers.AutoConfig.from_pretrained(folder)
    empty = transformers.AutoModelForCausalLM.from_config(config)
    tied = config.tie_word_embeddings
    state = {name: random_weight(name, tuple(w.shape), model, rng)
             for name, w in sorted(empty.state_dict().items()) if not (tied and name == "lm_head.weight")}
    if model["per_expert"]:
        state = tiny_models_experts.per_expert(state, model["per_expert"])
    stored = {name: w.to(model["stored"]) for name, w in state.items()}
    shards = model["shards"]
    if shards == 1:
        safetensors.torch.save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
        return
    weight_map = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {n: stored[n] for n in sorted(stored)[shard::shards]}
        safetensors.torch.save_file(part, folder / name, metadata={"format": "pt"})
        weight_map |= {n: name for n in part}
    total = sum(w.numel() * w.element_size() for w in stored.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def load(folder, **changes):
    config = transformers.AutoConfig.from_pretrained(folder, **changes)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0]


def greedy(model, prompt):
    ids, margin = list(prompt), np.inf
    for _ in range(GREEDY):
        best = torch.topk(logits(model, ids)[-1], 2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
    return ids[len(prompt):], margin


def draw_ids(folder, vocab, prompt, rng):
    """40 ids, some of them repeated as text would, whose greedy continuation has no near ties and does not get stuck."""
    reference = load(folder)
    for _ in range(200):
        ids = rng.integers(3, vocab, 40)
        ids[24:30] = ids[4:10]
        continuation, margin = greedy(reference, ids[:prompt].tolist())
        if margin > MIN_MARGIN and len(set(continuation)) >= MIN_DISTINCT:
            return ids.tolist()
    raise SystemExit(f"{folder.name}: no prompt has a good greedy continuation; take another seed")


def check(folder, model, golden, ids):
    """Refuses a model whose logits would hide a mistake."""
    changed = [(ids[0] + 1) % golden.shape[1]] + ids[1:]
    reach = (logits(load(folder), changed)[1:] - golden[1:]).abs().amax(1)
    window = model["config"].get("sliding_window")
    layers = model["config"].get("num_hidden_layers", 0)
    some_see_all = "gemma" in model["arch"] or "full_attention" in (model["config"].get("layer_types") or [])
    reached = reach if not window or some_see_all else reach[: (window - 1) * layers]
    assert reached.min() > 1e-3, f"{folder.name}: the first id does not reach position {reached.argmin() + 1}"
    assert len(set(golden.argmax(1).tolist())) > 8, f"{folder.name}: argmax hardly changes"
    for key, neutral in model["matters"].items():
        effect = (logits(load(folder, **{key: neutral}), ids) - golden).abs().max().item()
        assert effect > 0.05, f"{folder.name}: {key} changes the logits by {effect} only"


def write_golden(folder, model, tokenizer, ids):
    reference = load(folder)
    golden = logits(reference, ids)
    golden.numpy().astype("<f4").tofile(folder / "golden.f32")
    continuation, margin = greedy(reference, ids[:model["prompt"]])
    check(folder, model, golden, ids)
    texts = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in model["texts"]]
    record = {
        "architecture": model["arch"], "vocab": golden.shape[1], "ids": ids, "logits": "golden.f32",
        "greedy": {"prompt": ids[:model["prompt"]], "ids": continuation, "smallest_margin": round(margin, 4)}, "texts": texts}
    if model["variants"]:
        record["variants"] = {}
    for kind in model["variants"]:
        path = folder / f"model-{kind}.gguf"
        tiny_models_gguf.write(path, folder, model, kind)
        if kind in ("f16", "bf16"):
            record["variants"][path.name] = {"logits": "golden.f32"}
            continue
        quantised = load(folder)
        state = tiny_models_gguf.dequantised_state(quantised.state_dict(), kind)
        quantised.load_state_dict(state, strict=False)
        name = f"golden-{kind}.f32"
        logits(quantised, ids).numpy().astype("<f4").tofile(folder / name)
        continuation, margin = greedy(quantised, ids[:model["prompt"]])
        record["variants"][path.name] = {
            "logits": name, "greedy": {"prompt": ids[:model["prompt"]], "ids": continuation, "smallest_margin": round(margin, 4)}}
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in record.items()]
    (folder / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def build(name, out):
    model = tiny_models_list.MODELS[name]
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(model["seed"])
    tokenizer = tiny_models_tokenizer.write(folder, model)
    write_hugging_face(folder, model, rng)
    vocab = model["config"]["vocab_size"]
    if model["gguf"]:
        tiny_models_gguf.write(folder / "model.gguf", folder, model, "f32")
    write_golden(folder, model, tokenizer, draw_ids(folder, vocab, model["prompt"], rng))
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name}: {size / 1024:.0f} KiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "tests/data/tiny")
    parser.add_argument("--only", nargs="*", default=list(tiny_models_list.MODELS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for name in arguments.only:
        build(name, arguments.out)


if __name__ == "__main__":
    main()
