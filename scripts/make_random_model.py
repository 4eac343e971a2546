"""Writes a GGUF file of a known model's shape with random weights: for speed and size where the model cannot be had.

    make_random_model.py SHAPE OUT.gguf [--layers N] [--type Q4_0] [--seed 1]

Needs numpy and gguf. Values are small, so that no activation overflows; what the model writes means nothing. The vocabulary has
the size of the real one and made-up words. Experts of a layer are copies of a few random ones: the file is as large as the real
one and made in minutes.
"""

import argparse

import gguf
import numpy as np

TYPES = gguf.GGMLQuantizationType

SHAPES = {
    "qwen3-30b-a3b": dict(arch="qwen3moe", layers=48, hidden=2048, heads=32, kv_heads=4, head_dim=128, feed_forward=6144,
                          vocab=151936, context=40960, theta=1e6, experts=128, used=8, expert_feed_forward=768, qk_norm=True),
    "gpt-oss-20b": dict(arch="gpt-oss", layers=24, hidden=2880, heads=64, kv_heads=8, head_dim=64, feed_forward=2880,
                        vocab=201088, context=131072, theta=150000.0, experts=32, used=4, expert_feed_forward=2880, oss=True),
    "lfm2-350m": dict(arch="lfm2", layers=16, hidden=1024, heads=16, kv_heads=8, head_dim=64, feed_forward=4608, vocab=65536,
                      context=128000, theta=1e6, qk_norm=True, tied=True, attention=[2, 5, 8, 10, 12, 14]),
    "qwen3.5-0.8b": dict(arch="qwen35", layers=24, hidden=1024, heads=8, kv_heads=2, head_dim=256, feed_forward=3584, vocab=248320,
                         context=262144, theta=1e7, qk_norm=True, tied=True, rope=64, keys=16, values=16, delta_dim=128),
    "granite-3.1-1b-a400m": dict(arch="granitemoe", layers=24, hidden=1024, heads=16, kv_heads=8, head_dim=64, feed_forward=512,
                                 vocab=49155, context=131072, theta=1e7, experts=32, used=8, expert_feed_forward=512),
    "deepseek-v2-lite": dict(arch="deepseek2", layers=27, hidden=2048, heads=16, kv_heads=1, head_dim=576, feed_forward=10944,
                             vocab=102400, context=163840, theta=10000.0, experts=64, used=6, expert_feed_forward=1408, shared=2,
                             dense=1, rope=64, rank=512, query_rank=0, content=128, value=128),
    "glm-4.7-flash": dict(arch="deepseek2", layers=47, hidden=2048, heads=20, kv_heads=1, head_dim=576, feed_forward=10240,
                          vocab=154880, context=202752, theta=1e6, experts=64, used=4, expert_feed_forward=1536, shared=1,
                          dense=1, rope=64, rank=512, query_rank=768, content=192, value=256, sigmoid=True),
}
COPIES = 4  # different experts in a layer


def quantised(rng, kind, rows, columns):
    """Random rows as bytes [rows, bytes of a row]."""
    if kind == TYPES.F32:
        return (rng.standard_normal((rows, columns), dtype=np.float32) / np.sqrt(columns)).astype(np.float32)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    data = rng.integers(0, 256, (rows, columns // block, size), dtype=np.uint8)
    scale = np.float16(0.02 / np.sqrt(columns / 2048))
    if kind in (TYPES.Q4_0, TYPES.Q8_0):
        data[..., :2] = np.frombuffer(scale.tobytes(), np.uint8)
    elif kind == TYPES.MXFP4:
        data[..., 0] = 127 - 8
    else:
        raise SystemExit(f"{kind.name} is not among Q4_0, Q8_0, MXFP4, F32")
    return data.reshape(rows, -1)


def add_matrix(writer, rng, name, kind, rows, columns, experts=0):
    data = quantised(rng, kind, rows, columns)
    if experts:
        some = [data] + [quantised(rng, kind, rows, columns) for _ in range(COPIES - 1)]
        data = np.stack([some[e % COPIES] for e in range(experts)])
    writer.add_tensor(name, data, raw_dtype=kind)


def add_metadata(writer, s):
    writer.add_type("model")
    writer.add_name("random weights")
    writer.add_vocab_size(s["vocab"])
    writer.add_context_length(s["context"])
    writer.add_embedding_length(s["hidden"])
    writer.add_block_count(s["layers"])
    writer.add_feed_forward_length(s["feed_forward"])
    writer.add_head_count(s["heads"])
    if s["arch"] == "lfm2":
        writer.add_head_count_kv([s["kv_heads"] if i in s["attention"] else 0 for i in range(s["layers"])])
        writer.add_shortconv_l_cache(3)
    else:
        writer.add_head_count_kv(s["kv_heads"])
    if s["arch"] == "qwen35":
        writer.add_ssm_conv_kernel(4)
        writer.add_ssm_state_size(s["delta_dim"])
        writer.add_ssm_group_count(s["keys"])
        writer.add_ssm_time_step_rank(s["values"])
        writer.add_ssm_inner_size(s["values"] * s["delta_dim"])
        writer.add_rope_dimension_sections([11, 11, 10, 0])
    writer.add_key_length(s["head_dim"])
    writer.add_value_length(s.get("rank", s["head_dim"]))
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(s["theta"])
    writer.add_rope_dimension_count(s.get("rope", s["head_dim"]))
    if "experts" in s:
        writer.add_expert_count(s["experts"])
        writer.add_expert_used_count(s["used"])
        writer.add_expert_feed_forward_length(s["expert_feed_forward"])
    if "rank" in s:
        writer.add_kv_lora_rank(s["rank"])
        writer.add_q_lora_rank(s["query_rank"])
        writer.add_key_length_mla(s["content"] + s["rope"])
        writer.add_value_length_mla(s["value"])
        writer.add_leading_dense_block_count(s["dense"])
        writer.add_expert_shared_count(s["shared"])
        kinds = gguf.ExpertGatingFuncType
        writer.add_expert_gating_func(kinds.SIGMOID if s.get("sigmoid") else kinds.SOFTMAX)
        writer.add_expert_weights_norm(s.get("sigmoid", False))
    if s.get("oss"):
        writer.add_sliding_window(128)
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(32.0)
        writer.add_rope_scaling_orig_ctx_len(4096)
    if s["arch"] == "granitemoe":
        writer.add_embedding_scale(12.0)
        writer.add_residual_scale(0.22)
        writer.add_attention_scale(1 / 64)
        writer.add_logit_scale(6.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre({"gpt-oss": "gpt-4o", "lfm2": "lfm2"}.get(s["arch"], "qwen2"))
    alphabet = [chr(c) for c in list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256)) + list(range(256, 324))]
    writer.add_token_list(alphabet + [f"w{i}" for i in range(s["vocab"] - len(alphabet) - 1)] + ["<|end|>"])
    writer.add_token_types([gguf.TokenType.NORMAL] * (s["vocab"] - 1) + [gguf.TokenType.CONTROL])
    writer.add_token_merges(["w 0"])
    writer.add_eos_token_id(s["vocab"] - 1)
    writer.add_bos_token_id(s["vocab"] - 1)


def ones(count):
    return np.ones(count, np.float32)


def add_convolution(writer, rng, s, prefix, kind):
    hidden = s["hidden"]
    add_matrix(writer, rng, prefix + "shortconv.in_proj.weight", kind, 3 * hidden, hidden)
    add_matrix(writer, rng, prefix + "shortconv.conv.weight", TYPES.F32, hidden, 3)
    add_matrix(writer, rng, prefix + "shortconv.out_proj.weight", kind, hidden, hidden)


def add_delta_net(writer, rng, s, prefix, kind):
    hidden, values = s["hidden"], s["values"] * s["delta_dim"]
    channels = 2 * s["keys"] * s["delta_dim"] + values
    add_matrix(writer, rng, prefix + "attn_qkv.weight", kind, channels, hidden)
    add_matrix(writer, rng, prefix + "attn_gate.weight", kind, values, hidden)
    add_matrix(writer, rng, prefix + "ssm_beta.weight", kind, s["values"], hidden)
    add_matrix(writer, rng, prefix + "ssm_alpha.weight", kind, s["values"], hidden)
    add_matrix(writer, rng, prefix + "ssm_conv1d.weight", TYPES.F32, channels, 4)
    add_matrix(writer, rng, prefix + "ssm_out.weight", kind, hidden, values)
    writer.add_tensor(prefix + "ssm_dt.bias", ones(s["values"]))
    writer.add_tensor(prefix + "ssm_a", -ones(s["values"]))
    writer.add_tensor(prefix + "ssm_norm.weight", ones(s["delta_dim"]))


def add_latent_attention(writer, rng, s, prefix, kind):
    hidden, rank, low, heads, query = s["hidden"], s["rank"], s["query_rank"], s["heads"], s["content"] + s["rope"]
    if low:
        add_matrix(writer, rng, prefix + "attn_q_a.weight", kind, low, hidden)
        writer.add_tensor(prefix + "attn_q_a_norm.weight", ones(low))
    add_matrix(writer, rng, prefix + ("attn_q_b.weight" if low else "attn_q.weight"), kind, heads * query, low or hidden)
    add_matrix(writer, rng, prefix + "attn_kv_a_mqa.weight", kind, rank + s["rope"], hidden)
    writer.add_tensor(prefix + "attn_kv_a_norm.weight", ones(rank))
    add_matrix(writer, rng, prefix + "attn_k_b.weight", kind, rank, s["content"], heads)
    add_matrix(writer, rng, prefix + "attn_v_b.weight", kind, s["value"], rank, heads)
    add_matrix(writer, rng, prefix + "attn_output.weight", kind, hidden, heads * s["value"])


def add_attention(writer, rng, s, prefix, kind):
    hidden, query, key = s["hidden"], s["heads"] * s["head_dim"], s["kv_heads"] * s["head_dim"]
    for part, rows, columns in (("attn_q", (2 if s["arch"] == "qwen35" else 1) * query, hidden), ("attn_k", key, hidden), ("attn_v", key, hidden),
                                ("attn_output", hidden, query)):
        add_matrix(writer, rng, f"{prefix}{part}.weight", kind, rows, columns)
        if s.get("oss"):
            writer.add_tensor(f"{prefix}{part}.bias", np.zeros(rows, np.float32))
    if s.get("qk_norm"):
        writer.add_tensor(prefix + "attn_q_norm.weight", ones(s["head_dim"]))
        writer.add_tensor(prefix + "attn_k_norm.weight", ones(s["head_dim"]))
    if s.get("oss"):
        writer.add_tensor(prefix + "attn_sinks.weight", np.zeros(s["heads"], np.float32))


def add_layer(writer, rng, s, layer, kind):
    prefix, hidden = f"blk.{layer}.", s["hidden"]
    writer.add_tensor(prefix + "attn_norm.weight", ones(hidden))
    if s["arch"] == "lfm2" and layer not in s["attention"]:
        add_convolution(writer, rng, s, prefix, kind)
    elif s["arch"] == "qwen35" and (layer + 1) % 4 != 0:
        add_delta_net(writer, rng, s, prefix, kind)
    elif "rank" in s:
        add_latent_attention(writer, rng, s, prefix, kind)
    else:
        add_attention(writer, rng, s, prefix, kind)
    behind = s["arch"] in ("gpt-oss", "qwen35")
    writer.add_tensor(prefix + ("post_attention_norm.weight" if behind else "ffn_norm.weight"), ones(hidden))
    if "experts" in s and layer >= s.get("dense", 0):
        add_experts(writer, rng, s, prefix, kind)
        return
    for part, rows, columns in (("gate", s["feed_forward"], hidden), ("up", s["feed_forward"], hidden),
                                ("down", hidden, s["feed_forward"])):
        add_matrix(writer, rng, f"{prefix}ffn_{part}.weight", kind, rows, columns)


def add_experts(writer, rng, s, prefix, kind):
    hidden, ff, expert_kind = s["hidden"], s["expert_feed_forward"], TYPES.MXFP4 if s.get("oss") else kind
    router = rng.standard_normal((s["experts"], hidden)).astype(np.float32)
    writer.add_tensor(prefix + "ffn_gate_inp.weight", router)
    if s.get("oss"):
        writer.add_tensor(prefix + "ffn_gate_inp.bias", np.zeros(s["experts"], np.float32))
    for part, rows, columns in (("gate", ff, hidden), ("up", ff, hidden), ("down", hidden, ff)):
        add_matrix(writer, rng, f"{prefix}ffn_{part}_exps.weight", expert_kind, rows, columns, s["experts"])
        if s.get("oss"):
            writer.add_tensor(f"{prefix}ffn_{part}_exps.bias", np.zeros((s["experts"], rows), np.float32))
        if "shared" in s:
            wide = s["shared"] * ff
            add_matrix(writer, rng, f"{prefix}ffn_{part}_shexp.weight", kind, *((hidden, wide) if part == "down" else (wide, hidden)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("out")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--type", default="Q4_0", choices=["Q4_0", "Q8_0"])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    s = dict(SHAPES[arguments.shape])
    s["layers"] = arguments.layers or s["layers"]
    rng, kind = np.random.default_rng(arguments.seed), TYPES[arguments.type]
    writer = gguf.GGUFWriter(arguments.out, s["arch"], use_temp_file=True)
    add_metadata(writer, s)
    add_matrix(writer, rng, "token_embd.weight", TYPES.Q8_0 if s.get("tied") else kind, s["vocab"], s["hidden"])
    if not s.get("tied"):
        add_matrix(writer, rng, "output.weight", TYPES.Q8_0, s["vocab"], s["hidden"])
    writer.add_tensor("token_embd_norm.weight" if s["arch"] == "lfm2" else "output_norm.weight", ones(s["hidden"]))
    for layer in range(s["layers"]):
        add_layer(writer, rng, s, layer, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file(progress=True)
    writer.close()


if __name__ == "__main__":
    main()
