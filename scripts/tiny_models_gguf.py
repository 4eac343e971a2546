"""Writes the GGUF twin of a Hugging Face folder for make_tiny_models.py.

Tensor names and metadata keys are those llama.cpp reads. What differs from the Hugging Face tensors: rows of q and k of
the llama architecture go from half-split to interleaved rotary order; Gemma's norms hold 1 + weight; GPT-2's matrices are
transposed; rotary scaling by llama3 or longrope becomes tensors of divisors.
"""

import math
import re

import gguf
import numpy as np
import safetensors.torch
import torch
import transformers

import tiny_models_tokenizer

QUANTISATION = gguf.GGMLQuantizationType
TYPES = {"f32": QUANTISATION.F32, "f16": QUANTISATION.F16, "bf16": QUANTISATION.BF16, "q8_0": QUANTISATION.Q8_0,
         "q4_0": QUANTISATION.Q4_0}
FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0", "q4_0": "MOSTLY_Q4_0"}

TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
       "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"}
LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "self_attn.qkv_proj": "attn_qkv", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down"}
GEMMA_LAYER = LAYER | {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                       "post_feedforward_layernorm": "post_ffw_norm"}


def gguf_name(name, arch):
    stem, kind = name.rsplit(".", 1)
    layer = re.fullmatch(r"(?:model\.layers|transformer\.h)\.(\d+)\.(.+)", stem)
    if not layer:
        return f"{TOP[stem]}.{kind}"
    names = GEMMA_LAYER if arch.startswith("gemma") else LAYER
    return f"blk.{layer[1]}.{names[layer[2]]}.{kind}"


def interleave(weight, heads):
    """[heads * head_dim, width], rotary pairs (i, i + head_dim / 2) -> (2 i, 2 i + 1)."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1)
    return halves.transpose(0, 2, 1, 3).reshape(weight.shape)


def gguf_tensor(name, weight, model, config):
    if model["arch"] == "llama" and "q_proj" in name:
        return interleave(weight, config.num_attention_heads)
    if model["arch"] == "llama" and "k_proj" in name:
        return interleave(weight, config.num_key_value_heads)
    if model["arch"] == "gpt2" and weight.ndim == 2 and (".attn." in name or ".mlp." in name):
        return np.ascontiguousarray(weight.T)
    if name.endswith("norm.weight"):
        return weight + np.float32(model["norm_shift"])
    return weight


def llama3_divisors(rope, head_dim):
    wavelengths = 2 * math.pi * rope["rope_theta"] ** (np.arange(0, head_dim, 2) / head_dim)
    turns = rope["original_max_position_embeddings"] / wavelengths
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    share = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - share) / factor + share)).astype(np.float32)


def add_rope(writer, config, head_dim):
    rope = config.rope_parameters
    rope = rope.get("full_attention", rope)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(head_dim)
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_divisors(rope, head_dim))
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "longrope":
        scale = config.max_position_embeddings / config.original_max_position_embeddings
        writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE)
        writer.add_rope_scaling_attn_factors(
            math.sqrt(1 + math.log(scale) / math.log(config.original_max_position_embeddings)))
        writer.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], np.float32))
        writer.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], np.float32))


def add_hyperparameters(writer, model, config):
    arch = model["arch"]
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    if arch == "gpt2":
        writer.add_feed_forward_length(4 * config.hidden_size)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if "head_dim" in model["config"]:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    add_rope(writer, config, head_dim)
    if arch.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if arch == "phi3":
        writer.add_rope_scaling_orig_ctx_len(config.original_max_position_embeddings)
        writer.add_sliding_window(config.sliding_window or 0)


def read_state(folder):
    state = {}
    for path in sorted(folder.glob("*.safetensors")):
        state |= {name: w.float().numpy() for name, w in safetensors.torch.load_file(path).items()}
    return state


def write(path, folder, model, kind):
    config = transformers.AutoConfig.from_pretrained(folder)
    writer = gguf.GGUFWriter(path, model["arch"])
    writer.add_type("model")
    writer.add_name("tiny random model")
    writer.add_file_type(gguf.LlamaFileType[FILE_TYPES[kind]])
    add_hyperparameters(writer, model, config)
    tiny_models_tokenizer.add_to_gguf(writer, folder, model)
    for name, weight in sorted(read_state(folder).items()):
        tensor = gguf_tensor(name, weight, model, config)
        target = TYPES[kind] if tensor.ndim == 2 else QUANTISATION.F32
        data = gguf.quants.quantize(np.ascontiguousarray(tensor), target)
        writer.add_tensor(gguf_name(name, model["arch"]), data, raw_dtype=target)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def dequantised_state(state, kind):
    """What is left of every matrix after quantisation. Blocks lie within rows, so the order of rows does not matter."""
    target = TYPES[kind]

    def rounded(weight):
        return torch.from_numpy(gguf.quants.dequantize(gguf.quants.quantize(weight.numpy(), target), target))

    return {name: rounded(w) if w.ndim == 2 else w for name, w in state.items()}


