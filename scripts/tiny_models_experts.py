"""Mixtures of experts in the forms that files hold them.

transformers keeps all experts of a layer together, [experts, rows, columns], gate above up. Folders on the hub hold one
tensor an expert; GGUF holds gate, up and down of all experts.
"""

import re

import numpy as np

FUSED = re.compile(r"(model\.layers\.(\d+)\.)(?:(?:mlp|feed_forward|block_sparse_moe)\.)?experts\.(gate_up_proj|down_proj)(_bias)?")
PER_EXPERT = {
    "qwen": ("mlp.experts", "gate_proj", "up_proj", "down_proj"),
    "lfm2": ("feed_forward.experts", "w1", "w3", "w2"),
    "mixtral": ("block_sparse_moe.experts", "w1", "w3", "w2"),
}


def is_fused(name):
    return FUSED.fullmatch(name) is not None


def per_expert(state, names):
    """The state of a folder with one tensor an expert."""
    if names == "granite":
        return {name.replace(".experts.gate_up_proj", ".input_linear.weight").replace(".experts.down_proj", ".output_linear.weight")
                .replace(".router.weight", ".router.layer.weight"): weight for name, weight in state.items()}
    state = {name.replace(".gate.moe_statics.", ".moe_statics."): weight for name, weight in state.items()}
    experts, gate, up, down = PER_EXPERT[names]
    out = {}
    for name, weight in state.items():
        match = FUSED.fullmatch(name)
        if not match:
            out[name.replace(".mlp.gate.", ".block_sparse_moe.gate.") if names == "mixtral" else name] = weight
            continue
        for e, one in enumerate(weight):
            prefix = f"{match[1]}{experts}.{e}."
            if match[3] == "down_proj":
                out[f"{prefix}{down}.weight"] = one.contiguous()
            else:
                half = one.shape[0] // 2
                out[f"{prefix}{gate}.weight"], out[f"{prefix}{up}.weight"] = one[:half].clone(), one[half:].clone()
    return out


def together(state):
    """The reverse of per_expert."""
    out, each = {}, {}
    for name, weight in state.items():
        name = (name.replace(".block_sparse_moe.gate.", ".mlp.gate.").replace(".router.layer.", ".router.")
                .replace("block_sparse_moe.input_linear.weight", "block_sparse_moe.experts.gate_up_proj")
                .replace("block_sparse_moe.output_linear.weight", "block_sparse_moe.experts.down_proj"))
        match = re.fullmatch(r"(model\.layers\.\d+\.)\w+\.experts\.(\d+)\.(\w+)\.weight", name)
        if not match:
            out[name] = weight
            continue
        part = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}.get(match[3], match[3])
        each.setdefault(match[1], {}).setdefault(int(match[2]), {})[part] = weight
    for prefix, experts in each.items():
        parts = [experts[e] for e in sorted(experts)]
        out[f"{prefix}mlp.experts.gate_up_proj"] = np.stack(
            [np.concatenate([one["gate_proj"], one["up_proj"]]) for one in parts])
        out[f"{prefix}mlp.experts.down_proj"] = np.stack([one["down_proj"] for one in parts])
    return out


def gguf_tensors(name, weight, in_turn):
    """(GGUF name, weight) of a tensor of all experts. in_turn: it is gpt-oss's, [experts, columns, rows], and rows of gate
    and up stand in turn."""
    match = FUSED.fullmatch(name)
    prefix, kind = f"blk.{match[2]}.ffn_", "bias" if match[4] else "weight"
    if in_turn and not match[4]:
        weight = weight.transpose(0, 2, 1)
    if match[3] == "down_proj":
        return [(f"{prefix}down_exps.{kind}", weight)]
    half = weight.shape[1] // 2
    gate, up = (weight[:, ::2], weight[:, 1::2]) if in_turn else (weight[:, :half], weight[:, half:])
    return [(f"{prefix}gate_exps.{kind}", gate), (f"{prefix}up_exps.{kind}", up)]


def add_to_gguf(writer, config):
    experts = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
    if not experts:
        return
    writer.add_expert_count(experts)
    writer.add_expert_used_count(getattr(config, "top_k_experts", None) or config.num_experts_per_tok)
    if hasattr(config, "moe_intermediate_size"):
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    shared = getattr(config, "shared_expert_intermediate_size", getattr(config, "shared_intermediate_size", 0))
    if hasattr(config, "moe_num_shared_experts"):
        shared = config.moe_num_shared_experts * config.moe_intermediate_size
        writer.add_leading_dense_block_count(config.moe_layer_start_index)
        writer.add_interleave_moe_layer_step(config.moe_layer_interval)
    if shared:
        writer.add_expert_shared_feed_forward_length(shared)
