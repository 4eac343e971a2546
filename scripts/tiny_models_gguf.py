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

import tiny_models_experts
import tiny_models_tokenizer

QUANTISATION = gguf.GGMLQuantizationType
TYPES = {"f32": QUANTISATION.F32, "f16": QUANTISATION.F16, "bf16": QUANTISATION.BF16, "q8_0": QUANTISATION.Q8_0,
         "q4_0": QUANTISATION.Q4_0}
FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0", "q4_0": "MOSTLY_Q4_0"}

TOP = {"model.embed_tokens_per_layer": "per_layer_token_embd", "model.per_layer_model_projection": "per_layer_model_proj",
       "model.per_layer_projection_norm": "per_layer_proj_norm", "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
       "model.embedding_norm": "token_embd_norm", "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"}
LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "self_attn.qkv_proj": "attn_qkv", "shared_mlp.gate": "ffn_gate", "shared_mlp.up": "ffn_up", "shared_mlp.output_linear": "ffn_down", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
    "operator_norm": "attn_norm", "ffn_norm": "ffn_norm", "self_attn.out_proj": "attn_output",
    "self_attn.q_layernorm": "attn_q_norm", "self_attn.k_layernorm": "attn_k_norm", "conv.in_proj": "shortconv.in_proj",
    "conv.conv": "shortconv.conv", "conv.out_proj": "shortconv.out_proj", "feed_forward.w1": "ffn_gate",
    "feed_forward.w3": "ffn_up", "feed_forward.w2": "ffn_down", "feed_forward.gate": "ffn_gate_inp",
    "linear_attn.in_proj_qkv": "attn_qkv", "linear_attn.in_proj_z": "attn_gate", "linear_attn.in_proj_b": "ssm_beta",
    "linear_attn.in_proj_a": "ssm_alpha", "linear_attn.norm": "ssm_norm", "linear_attn.out_proj": "ssm_out",
    "linear_attn.conv1d": "ssm_conv1d",
    "mlp.router": "ffn_gate_inp", "mlp.gate": "ffn_gate_inp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp", "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down"}
POST_NORM_LAYER = LAYER | {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                           "post_feedforward_layernorm": "post_ffw_norm"}
POST_ATTENTION = {"post_attention_layernorm": "post_attention_norm"}
GEMMA4_LAYER = POST_NORM_LAYER | {
    "post_feedforward_layernorm_1": "post_ffw_norm_1", "post_feedforward_layernorm_2": "post_ffw_norm_2",
    "pre_feedforward_layernorm_2": "pre_ffw_norm_2", "router": "ffn_gate_inp", "router.proj": "ffn_gate_inp",
    "per_layer_input_gate": "inp_gate", "per_layer_projection": "proj", "post_per_layer_input_norm": "post_norm"}
LAYERS = {"gemma4": GEMMA4_LAYER, "gemma2": POST_NORM_LAYER, "gemma3": POST_NORM_LAYER, "olmo2": POST_NORM_LAYER, "exaone4": POST_NORM_LAYER,
          "seed_oss": POST_NORM_LAYER, "gpt-oss": LAYER | POST_ATTENTION, "qwen35": LAYER | POST_ATTENTION,
          "qwen35moe": LAYER | POST_ATTENTION,
          "granitemoe": LAYER | {"block_sparse_moe.router": "ffn_gate_inp", "shared_mlp.gate": "ffn_gate_shexp",
                                 "shared_mlp.up": "ffn_up_shexp", "shared_mlp.output_linear": "ffn_down_shexp"},
          "ernie4_5-moe": LAYER | {"mlp.shared_experts.gate_proj": "ffn_gate_shexp",
                                   "mlp.shared_experts.up_proj": "ffn_up_shexp",
                                   "mlp.shared_experts.down_proj": "ffn_down_shexp"},
          "deepseek2": LAYER | {"self_attn.q_a_proj": "attn_q_a", "self_attn.q_a_layernorm": "attn_q_a_norm",
                                "self_attn.q_b_proj": "attn_q_b", "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
                                "self_attn.kv_a_layernorm": "attn_kv_a_norm",
                                "mlp.shared_experts.gate_proj": "ffn_gate_shexp", "mlp.shared_experts.up_proj": "ffn_up_shexp",
                                "mlp.shared_experts.down_proj": "ffn_down_shexp"},
          "hunyuan-dense": LAYER | {"self_attn.query_layernorm": "attn_q_norm", "self_attn.key_layernorm": "attn_k_norm"}}
INTERLEAVED = {"llama", "granite", "granitemoe", "smollm3", "mistral3"}  # pairs are neighbours in files, halves in folders


def gguf_name(name, arch):
    stem, kind = name.rsplit(".", 1)
    layer = re.fullmatch(r"(?:model\.layers|transformer\.h)\.(\d+)\.(.+)", stem)
    if not layer:
        return f"{TOP[stem]}.{kind}"
    names = LAYERS.get(arch, LAYER)
    return f"blk.{layer[1]}.{names[layer[2]]}.{kind}"


def interleave(weight, heads):
    """[heads * head_dim, width], rotary pairs (i, i + head_dim / 2) -> (2 i, 2 i + 1)."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1)
    return halves.transpose(0, 2, 1, 3).reshape(weight.shape)


def gguf_tensor(name, weight, model, config):
    if model["arch"] in INTERLEAVED and "q_proj" in name:
        return interleave(weight, config.num_attention_heads)
    if model["arch"] in INTERLEAVED and "k_proj" in name:
        return interleave(weight, config.num_key_value_heads)
    if model["arch"] == "gpt2" and weight.ndim == 2 and (".attn." in name or ".mlp." in name):
        return np.ascontiguousarray(weight.T)
    if name.endswith("norm.weight"):
        return weight + np.float32(model["norm_shift"])
    return weight


def alternate_heads(weight, config, size, axis=0):
    """Value heads of `size` along an axis, those of one key head together -> in turn."""
    keys, values = config.linear_num_key_heads, config.linear_num_value_heads
    moved = np.moveaxis(weight, axis, 0)
    heads = moved.reshape(keys, values // keys, size, *moved.shape[1:])
    return np.moveaxis(heads.swapaxes(0, 1).reshape(moved.shape), 0, axis)


def delta_net_tensor(name, weight, arch, config):
    layer, part = name.split(".")[2], name.split("linear_attn.")[1]
    size = config.linear_value_head_dim
    if part == "A_log":
        return f"blk.{layer}.ssm_a", alternate_heads(-np.exp(weight), config, 1)
    if part == "dt_bias":
        return f"blk.{layer}.ssm_dt.bias", alternate_heads(weight, config, 1)
    if part in ("in_proj_qkv.weight", "conv1d.weight"):
        keys = 2 * config.linear_num_key_heads * config.linear_key_head_dim
        weight = weight.reshape(weight.shape[0], -1)
        weight = np.concatenate([weight[:keys], alternate_heads(weight[keys:], config, size)])
    elif part == "in_proj_z.weight":
        weight = alternate_heads(weight, config, size)
    elif part in ("in_proj_a.weight", "in_proj_b.weight"):
        weight = alternate_heads(weight, config, 1)
    elif part == "out_proj.weight":
        weight = alternate_heads(weight, config, size, axis=1)
    return gguf_name(name, arch), weight


def latent_tensors(name, weight, config):
    """The heads' matrices, which a folder holds in one: those of keys are stored the other way round."""
    prefix = f"blk.{name.split('.')[2]}."
    heads = weight.reshape(config.num_attention_heads, -1, config.kv_lora_rank)
    yield f"{prefix}attn_k_b.weight", heads[:, :config.qk_nope_head_dim].transpose(0, 2, 1)
    yield f"{prefix}attn_v_b.weight", heads[:, config.qk_nope_head_dim:]


def gguf_tensors(state, model, config):
    for name, weight in sorted(tiny_models_experts.together(state).items()):
        if tiny_models_experts.is_fused(name):
            yield from tiny_models_experts.gguf_tensors(name, weight, model["arch"] == "gpt-oss")
        elif ".linear_attn." in name:
            yield delta_net_tensor(name, weight, model["arch"], config)
        elif name.endswith("conv.conv.weight"):
            yield gguf_name(name, model["arch"]), weight[:, 0]
        elif name.endswith(("expert_bias", "e_score_correction_bias")):
            yield f"blk.{name.split('.')[2]}.exp_probs_b.bias", weight.reshape(-1)
        elif name.endswith("layer_scalar"):
            yield f"blk.{name.split('.')[2]}.layer_output_scale.weight", weight
        elif name.endswith("per_expert_scale"):
            yield f"blk.{name.split('.')[2]}.ffn_down_exps.scale", weight
        elif name.endswith("kv_b_proj.weight"):
            yield from latent_tensors(name, weight, config)
        elif name.endswith("sinks"):
            yield f"blk.{name.split('.')[2]}.attn_sinks.weight", weight
        elif "shared_expert_gate" in name:  # llama.cpp holds it as a vector
            yield gguf_name(name, model["arch"]), weight[0]
        else:
            yield gguf_name(name, model["arch"]), gguf_tensor(name, weight, model, config)


def llama3_divisors(rope, head_dim):
    wavelengths = 2 * math.pi * rope["rope_theta"] ** (np.arange(0, head_dim, 2) / head_dim)
    turns = rope["original_max_position_embeddings"] / wavelengths
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    share = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - share) / factor + share)).astype(np.float32)


def add_latent(writer, config):
    """llama.cpp reads a tenth of the strength with which YaRN multiplies scores, and takes that of the rotation for the same
    unless a factor says otherwise, which multiplies scores as well."""
    rank, rotary = config.kv_lora_rank, config.qk_rope_head_dim
    writer.add_key_length(rank + rotary)
    writer.add_value_length(rank)
    writer.add_key_length_mla(config.qk_nope_head_dim + rotary)
    writer.add_value_length_mla(config.v_head_dim)
    writer.add_kv_lora_rank(rank)
    writer.add_q_lora_rank(config.q_lora_rank or 0)
    rope = config.rope_parameters
    if rope["rope_type"] == "yarn":
        log = 0.1 * math.log(rope["factor"])
        scores = 1 + rope["mscale_all_dim"] * log
        factor = (1 + rope["mscale"] * log) / scores
        if factor != 1:
            writer.add_rope_scaling_attn_factors(factor)
        writer.add_rope_scaling_yarn_log_mul(0.1 * (scores / factor - 1) / log)
    if not hasattr(config, "n_routed_experts"):
        writer.add_expert_feed_forward_length(config.intermediate_size)
        writer.add_expert_shared_count(0)
        writer.add_leading_dense_block_count(config.num_hidden_layers)
        return
    sigmoid = hasattr(config, "norm_topk_prob") and config.model_type != "deepseek_v2"
    kinds = gguf.ExpertGatingFuncType
    writer.add_expert_gating_func(kinds.SIGMOID if sigmoid else kinds.SOFTMAX)
    writer.add_expert_weights_norm(sigmoid and config.norm_topk_prob)
    writer.add_expert_weights_scale(config.routed_scaling_factor)
    writer.add_expert_shared_count(config.n_shared_experts)
    writer.add_leading_dense_block_count(1)
    if config.n_group > 1 and (sigmoid or config.topk_method != "greedy"):
        writer.add_expert_group_count(config.n_group)
        writer.add_expert_group_used_count(config.topk_group)


def add_rope(writer, config, head_dim):
    rope = config.rope_parameters
    rope = rope.get("full_attention", rope)
    alpha = rope["alpha"] if rope["rope_type"] == "dynamic" else 1
    writer.add_rope_freq_base(rope["rope_theta"] * alpha ** (head_dim / (head_dim - 2)))
    writer.add_rope_dimension_count(int(head_dim * rope.get("partial_rotary_factor", 1)))
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_divisors(rope, head_dim))
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        latent = hasattr(config, "kv_lora_rank")  # llama.cpp takes the bounds for 32 and 1 there
        for key, add in (*([] if latent else [("beta_fast", writer.add_rope_scaling_yarn_beta_fast),
                                              ("beta_slow", writer.add_rope_scaling_yarn_beta_slow),
                                              ("mscale_all_dim", writer.add_rope_scaling_yarn_log_mul)]),
                         ("attention_factor", writer.add_rope_scaling_yarn_attn_factor),
                         ("llama_4_scaling_beta", writer.add_attn_temperature_scale)):
            if key in rope:
                add(rope[key])
    if rope["rope_type"] == "longrope":
        scale = config.max_position_embeddings / config.original_max_position_embeddings
        writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE)
        writer.add_rope_scaling_attn_factors(
            math.sqrt(1 + math.log(scale) / math.log(config.original_max_position_embeddings)))
        writer.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], np.float32))
        writer.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], np.float32))


def add_gemma4(writer, model):
    """Layers with a window and layers without have sizes and rotary positions of their own."""
    config, arch = model["config"], model["arch"]
    windowed = [kind == "sliding_attention" for kind in config["layer_types"]]
    rope, local, dim = config["rope_parameters"]["full_attention"], config["rope_parameters"]["sliding_attention"], config["global_head_dim"]
    heads, shared = config["num_key_value_heads"], config.get("num_kv_shared_layers", 0)
    writer.add_head_count_kv([heads if own else config.get("num_global_key_value_heads", heads) for own in windowed])
    wide = 2 if config.get("use_double_wide_mlp") else 1
    writer.add_feed_forward_length([config["intermediate_size"] * (wide if i >= len(windowed) - shared else 1) for i in range(len(windowed))])
    for length, key in ((dim, ""), (config["head_dim"], "_swa")):
        for what in ("attention.key_length", "attention.value_length", "rope.dimension_count"):
            writer.add_uint32(f"{arch}.{what}{key}", length)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_float32(f"{arch}.rope.freq_base_swa", local["rope_theta"])
    turned = int(rope["partial_rotary_factor"] * dim // 2)
    writer.add_tensor("rope_freqs.weight", np.array([1] * turned + [1e30] * (dim // 2 - turned), np.float32))
    writer.add_sliding_window(config["sliding_window"])
    writer.add_sliding_window_pattern(windowed)
    writer.add_uint32(f"{arch}.attention.shared_kv_layers", shared)
    writer.add_uint32(f"{arch}.embedding_length_per_layer_input", config["hidden_size_per_layer_input"])
    writer.add_final_logit_softcapping(config["final_logit_softcapping"])


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
    if arch == "gemma4":
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        tiny_models_experts.add_to_gguf(writer, config)
        return add_gemma4(writer, model)
    if hasattr(config, "intermediate_size"):
        shared = getattr(config, "shared_intermediate_size", config.intermediate_size)  # of the hybrid class the only one
        writer.add_feed_forward_length(config.intermediate_size if arch == "granitemoe" else shared)
    if arch.startswith("lfm2"):
        writer.add_head_count_kv([config.num_key_value_heads if kind == "full_attention" else 0 for kind in config.layer_types])
        writer.add_shortconv_l_cache(config.conv_L_cache)
    else:
        writer.add_head_count_kv(1 if arch == "deepseek2" else config.num_key_value_heads)
    if arch == "cohere2":
        writer.add_layer_norm_eps(config.layer_norm_eps)
    else:
        writer.add_layer_norm_rms_eps(config.norm_eps if arch.startswith("lfm2") else config.rms_norm_eps)
    if arch == "lfm2moe":
        writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
        writer.add_expert_weights_scale(config.routed_scaling_factor)
        writer.add_leading_dense_block_count(config.num_dense_layers)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if "head_dim" in model["config"]:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    add_rope(writer, config, head_dim)
    tiny_models_experts.add_to_gguf(writer, config)
    if arch == "deepseek2":
        add_latent(writer, config)
    if arch.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if arch.startswith("qwen35"):
        writer.add_ssm_conv_kernel(config.linear_conv_kernel_dim)
        writer.add_ssm_state_size(config.linear_key_head_dim)
        writer.add_ssm_group_count(config.linear_num_key_heads)
        writer.add_ssm_time_step_rank(config.linear_num_value_heads)
        writer.add_ssm_inner_size(config.linear_num_value_heads * config.linear_value_head_dim)
        writer.add_array(f"{arch}.attention.recurrent_layers", [kind == "linear_attention" for kind in config.layer_types])
        writer.add_rope_dimension_sections([*config.rope_parameters["mrope_section"], 0])
    if arch == "gpt-oss":
        writer.add_sliding_window(config.sliding_window)
        writer.add_expert_feed_forward_length(config.intermediate_size)
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if arch == "mellum":
        writer.add_rope_freq_base_swa(config.rope_parameters["sliding_attention"]["rope_theta"])
    if arch in ("granite", "granitemoe"):
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_logit_scale(config.logits_scaling)
        if getattr(config, "position_embedding_type", "rope") != "rope":
            writer.add_rope_scaling_finetuned(False)
    if arch == "cohere2":
        writer.add_logit_scale(config.logit_scale)
    if arch in ("olmo2", "exaone4", "cohere2", "mellum") and getattr(config, "sliding_window", None):
        writer.add_sliding_window(config.sliding_window)
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])
    if arch == "phi3":
        writer.add_rope_scaling_orig_ctx_len(config.original_max_position_embeddings)
        writer.add_sliding_window(config.sliding_window or 0)


def read_state(folder):
    state = {}
    for path in sorted(folder.glob("*.safetensors")):
        state |= {name: w.float().numpy() for name, w in safetensors.torch.load_file(path).items()}
    for name in [name for name in state if name.endswith("shared_mlp.input_linear.weight")]:
        gate, up = np.split(state.pop(name), 2)
        state |= {name.replace("input_linear", "gate"): gate, name.replace("input_linear", "up"): up}
    return state


def write(path, folder, model, kind):
    config = transformers.AutoConfig.from_pretrained(folder)
    writer = gguf.GGUFWriter(path, model["arch"])
    writer.add_type("model")
    writer.add_name("tiny random model")
    writer.add_file_type(gguf.LlamaFileType[FILE_TYPES[kind]])
    add_hyperparameters(writer, model, config)
    tiny_models_tokenizer.add_to_gguf(writer, folder, model)
    for name, weight in gguf_tensors(read_state(folder), model, config):
        target = TYPES[kind] if weight.ndim >= 2 else QUANTISATION.F32
        data = gguf.quants.quantize(np.ascontiguousarray(weight), target)
        writer.add_tensor(name, data, raw_dtype=target)
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


