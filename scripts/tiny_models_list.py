"""The models of make_tiny_models.py. Configurations are written in the styles found in real folders: most as
transformers 4 wrote them (rope_theta, rope_scaling, torch_dtype), qwen3 and phi3_longrope as transformers 5 does
(rope_parameters, dtype)."""

import torch

TEXTS = ["Once upon a time", "The cat sat on the mat.", "  two spaces, then\na line", "It's 12345, isn't it?"]


def model(arch, seed, config, **other):
    settings = dict(
        arch=arch, seed=seed, config=config, stored=torch.float32, shards=1, gguf=True, variants=[], texts=TEXTS,
        matters={},  # configuration keys and the value that must change the logits
        norm_shift=0.0, final_norm=3.0, qk_norm=1.8, embedding=0.25, pre="gpt-2", alphabet="ascii", chat=None,
        per_expert=None,  # how a folder with one tensor an expert names them; None: all experts' together
        prompt=8)  # ids before the greedy continuation
    return settings | other


def v4(architecture, model_type, **config):
    return {"architectures": [architecture], "model_type": model_type, "bos_token_id": 0, "eos_token_id": 0,
            "torch_dtype": "float32", "use_cache": True} | config


LLAMA = dict(hidden_act="silu", max_position_embeddings=256, attention_bias=False, mlp_bias=False, rms_norm_eps=1e-5)
CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
GEMMA = dict(hidden_activation="gelu_pytorch_tanh", hidden_act="gelu_pytorch_tanh", attention_bias=False, head_dim=8,
             max_position_embeddings=256, rms_norm_eps=1e-6, tie_word_embeddings=True)

LATENT = dict(vocab_size=112, num_hidden_layers=2, hidden_act="silu", max_position_embeddings=256, rms_norm_eps=1e-6,
              pad_token_id=None, first_k_dense_replace=1, routed_scaling_factor=1.5, attention_bias=False, tie_word_embeddings=False)

ROPE = {"rope_type": "default", "rope_theta": 10000.0}


def v5(architecture, model_type, **config):
    """As transformers 5 writes it; small enough for four layers."""
    return {"architectures": [architecture], "model_type": model_type, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None,
            "dtype": "bfloat16", "vocab_size": 112, "hidden_size": 24, "intermediate_size": 28, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 256,
            "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "rope_parameters": ROPE} | config


def layers(pattern):
    return ["sliding_attention" if c == "s" else "full_attention" for c in pattern]


def gemma4(kinds, rope, **config):
    """rope: base and turned share of the layers that see everything, base of the others."""
    return {"architectures": ["Gemma4ForCausalLM"], "model_type": "gemma4_text", "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0,
            "dtype": "bfloat16", "vocab_size": 112, "num_hidden_layers": len(kinds), "head_dim": 8, "layer_types": kinds,
            "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "attention_bias": False,
            "tie_word_embeddings": True, "sliding_window": 4, "final_logit_softcapping": 6.0,
            "rope_parameters": {
                "full_attention": {"rope_type": "proportional", "rope_theta": rope[0], "partial_rotary_factor": rope[1]},
                "sliding_attention": {"rope_type": "default", "rope_theta": rope[2]}}} | config


GEMMA4_MATTERS = {"sliding_window": 200, "final_logit_softcapping": None, "rope_parameters": {
    "full_attention": {"rope_type": "proportional", "rope_theta": 10.0, "partial_rotary_factor": 1.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 10.0}}}

MODELS = {
    "llama": model(
        "llama", 1, v4("LlamaForCausalLM", "llama", vocab_size=288, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                       num_attention_heads=4, num_key_value_heads=2, rope_theta=10000.0, rope_scaling=None,
                       tie_word_embeddings=True, **LLAMA),
        variants=["f16", "bf16", "q8_0", "q4_0"], alphabet="bytes", chat=CHATML,
        texts=TEXTS + ["<|im_start|>user\nHi<|im_end|>\n", "Grüße, 世界 🙂", "ab\tc\r\n\n  x"]),
    "llama3_rope": model(
        "llama", 2, v4("LlamaForCausalLM", "llama", vocab_size=112, hidden_size=36, intermediate_size=44, num_hidden_layers=2,
                       num_attention_heads=3, num_key_value_heads=1, head_dim=12, rope_theta=500.0, tie_word_embeddings=False,
                       rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                     "original_max_position_embeddings": 64}, **LLAMA),
        pre="llama-bpe", matters={"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
    "mistral": model(
        "llama", 3, v4("MistralForCausalLM", "mistral", vocab_size=112, hidden_size=36, intermediate_size=44, num_hidden_layers=2,
                       num_attention_heads=3, num_key_value_heads=3, head_dim=10, hidden_act="silu", max_position_embeddings=256,
                       rms_norm_eps=1e-5, rope_theta=1000000.0, sliding_window=None, tie_word_embeddings=False, torch_dtype="bfloat16"),
        stored=torch.bfloat16, shards=2),
    "mistral_window": model(
        "llama", 4, v4("MistralForCausalLM", "mistral", vocab_size=112, hidden_size=36, intermediate_size=40, num_hidden_layers=2,
                       num_attention_heads=3, num_key_value_heads=1, hidden_act="silu", max_position_embeddings=256,
                       rms_norm_eps=1e-5, rope_theta=10000.0, sliding_window=12, tie_word_embeddings=False),
        gguf=False, matters={"sliding_window": None}),
    "qwen2": model(
        "qwen2", 5, v4("Qwen2ForCausalLM", "qwen2", vocab_size=112, hidden_size=40, intermediate_size=52, num_hidden_layers=2,
                       num_attention_heads=5, num_key_value_heads=1, hidden_act="silu", max_position_embeddings=256,
                       rms_norm_eps=1e-6, rope_theta=1000000.0, use_sliding_window=False, sliding_window=16, max_window_layers=2,
                       tie_word_embeddings=True, torch_dtype="bfloat16"),
        stored=torch.bfloat16, pre="qwen2"),
    "qwen3": model(
        "qwen3", 6, {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 40,
                     "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 16,
                     "hidden_act": "silu", "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "attention_bias": False,
                     "layer_types": ["full_attention", "full_attention"], "sliding_window": None, "max_window_layers": 2,
                     "use_sliding_window": False, "tie_word_embeddings": False,
                     "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        pre="qwen2"),
    "qwen3_window": model(
        "qwen3", 15, {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 40,
                     "num_hidden_layers": 4, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 16,
                     "hidden_act": "silu", "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "attention_bias": False,
                     "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
                     "sliding_window": 8, "max_window_layers": 28, "use_sliding_window": True, "tie_word_embeddings": False,
                     "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        gguf=False, pre="qwen2", matters={"sliding_window": 64}),
    "qwen2_yarn": model(
        "qwen2", 16, v4("Qwen2ForCausalLM", "qwen2", vocab_size=112, hidden_size=40, intermediate_size=36, num_hidden_layers=2,
                       num_attention_heads=2, num_key_value_heads=1, hidden_act="silu", max_position_embeddings=256,
                       rms_norm_eps=1e-6, rope_theta=10000.0, use_sliding_window=True, sliding_window=200, max_window_layers=2,
                       rope_scaling={"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
                       tie_word_embeddings=True),
        pre="qwen2", matters={"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}),
    "qwen3moe": model(
        "qwen3moe", 20, {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 40,
                     "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 12,
                     "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 20, "norm_topk_prob": True,
                     "decoder_sparse_step": 1, "mlp_only_layers": [], "hidden_act": "silu", "max_position_embeddings": 256,
                     "rms_norm_eps": 1e-6, "attention_bias": False, "sliding_window": None, "use_sliding_window": False,
                     "tie_word_embeddings": False, "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        pre="qwen2", per_expert="qwen", matters={"num_experts_per_tok": 3, "norm_topk_prob": False}),
    "qwen3moe_window": model(
        "qwen3moe", 21, {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 40,
                     "num_hidden_layers": 3, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 12,
                     "num_experts": 4, "num_experts_per_tok": 3, "moe_intermediate_size": 16, "norm_topk_prob": False,
                     "decoder_sparse_step": 1, "mlp_only_layers": [1], "hidden_act": "silu", "max_position_embeddings": 256,
                     "rms_norm_eps": 1e-6, "attention_bias": False, "sliding_window": 8, "use_sliding_window": True,
                     "tie_word_embeddings": True, "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        gguf=False, pre="qwen2", matters={"num_experts_per_tok": 2, "norm_topk_prob": True, "sliding_window": 64}),
    "qwen2moe": model(
        "qwen2moe", 22, v4("Qwen2MoeForCausalLM", "qwen2_moe", vocab_size=112, hidden_size=32, intermediate_size=40, num_hidden_layers=2,
                       num_attention_heads=4, num_key_value_heads=2, num_experts=6, num_experts_per_tok=2, moe_intermediate_size=16,
                       shared_expert_intermediate_size=24, norm_topk_prob=False, decoder_sparse_step=1, mlp_only_layers=[],
                       hidden_act="silu", max_position_embeddings=256, rms_norm_eps=1e-6, rope_theta=1000000.0, qkv_bias=True,
                       use_sliding_window=False, sliding_window=16, max_window_layers=2, tie_word_embeddings=False),
        pre="qwen2", per_expert="qwen", matters={"num_experts_per_tok": 3, "norm_topk_prob": True}),
    "mixtral": model(
        "llama", 23, v4("MixtralForCausalLM", "mixtral", vocab_size=112, hidden_size=36, intermediate_size=20, num_hidden_layers=2,
                       num_attention_heads=3, num_key_value_heads=1, num_local_experts=4, num_experts_per_tok=2, hidden_act="silu",
                       max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=1000000.0, sliding_window=None,
                       tie_word_embeddings=False, torch_dtype="bfloat16"),
        stored=torch.bfloat16, per_expert="mixtral", matters={"num_experts_per_tok": 3}),
    "gpt_oss": model(
        "gpt-oss", 24, {"architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 32, "intermediate_size": 20,
                     "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
                     "num_local_experts": 4, "num_experts_per_tok": 2, "hidden_act": "silu", "max_position_embeddings": 256,
                     "rms_norm_eps": 1e-5, "attention_bias": True, "sliding_window": 6, "swiglu_limit": 7.0,
                     "layer_types": ["sliding_attention", "full_attention", "sliding_attention"], "tie_word_embeddings": False,
                     "rope_parameters": {"rope_type": "yarn", "rope_theta": 150.0, "factor": 8.0, "beta_fast": 32.0,
                                         "beta_slow": 1.0, "truncate": False, "original_max_position_embeddings": 32}},
        pre="gpt-4o", matters={"num_experts_per_tok": 3, "sliding_window": 64}),
    "lfm2": model(
        "lfm2", 25, v4("Lfm2ForCausalLM", "lfm2", vocab_size=112, hidden_size=36, intermediate_size=44, num_hidden_layers=4,
                       num_attention_heads=3, num_key_value_heads=1, max_position_embeddings=256, norm_eps=1e-5,
                       rope_theta=1000000.0, conv_L_cache=3, conv_bias=False, block_auto_adjust_ff_dim=False,
                       layer_types=["conv", "full_attention", "conv", "conv"], tie_word_embeddings=True),
        pre="lfm2"),
    "lfm2moe": model(
        "lfm2moe", 26, {"architectures": ["Lfm2MoeForCausalLM"], "model_type": "lfm2_moe", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": 0, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 44,
                     "moe_intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 3, "num_key_value_heads": 3,
                     "max_position_embeddings": 256, "norm_eps": 1e-5, "conv_L_cache": 4, "conv_bias": False,
                     "num_dense_layers": 1, "num_experts": 6, "num_experts_per_tok": 2, "norm_topk_prob": True,
                     "routed_scaling_factor": 1.5, "use_expert_bias": True, "layer_types": ["conv", "full_attention", "conv"],
                     "tie_word_embeddings": True, "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        pre="lfm2", per_expert="lfm2", matters={"num_experts_per_tok": 3, "norm_topk_prob": False, "routed_scaling_factor": 0.5}),
    "qwen35": model(
        "qwen35", 27, {"architectures": ["Qwen3_5ForCausalLM"], "model_type": "qwen3_5_text", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 32, "intermediate_size": 40,
                     "num_hidden_layers": 4, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
                     "layer_types": ["linear_attention", "linear_attention", "full_attention", "linear_attention"],
                     "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 12,
                     "linear_value_head_dim": 12, "linear_conv_kernel_dim": 4, "hidden_act": "silu",
                     "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "attention_bias": False, "tie_word_embeddings": True,
                     "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25,
                                         "mrope_section": [2, 1, 1]}},
        pre="qwen35", norm_shift=1.0),
    "qwen35moe": model(
        "qwen35moe", 28, {"architectures": ["Qwen3_5MoeForCausalLM"], "model_type": "qwen3_5_moe_text", "bos_token_id": 0,
                     "eos_token_id": 2, "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 32,
                     "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
                     "layer_types": ["linear_attention", "full_attention"], "num_experts": 4, "num_experts_per_tok": 2,
                     "moe_intermediate_size": 12, "shared_expert_intermediate_size": 16,
                     "linear_num_key_heads": 1, "linear_num_value_heads": 3, "linear_key_head_dim": 16,
                     "linear_value_head_dim": 16, "linear_conv_kernel_dim": 3, "hidden_act": "silu",
                     "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "attention_bias": False, "tie_word_embeddings": False,
                     "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5,
                                         "mrope_section": [3, 3, 2]}},
        pre="qwen35", norm_shift=1.0, per_expert="qwen", matters={"num_experts_per_tok": 3}),
    "granitemoe": model(
        "granitemoe", 64, v4("GraniteMoeSharedForCausalLM", "granitemoeshared", vocab_size=112, hidden_size=36, intermediate_size=20,
                       num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, num_local_experts=4, num_experts_per_tok=2,
                       shared_intermediate_size=28, hidden_act="silu", max_position_embeddings=256, rms_norm_eps=1e-5,
                       rope_theta=10000.0, attention_bias=False, tie_word_embeddings=False, embedding_multiplier=4.0,
                       residual_multiplier=0.7, attention_multiplier=0.2, logits_scaling=0.6),
        pre="refact", per_expert="granite", matters={"num_experts_per_tok": 3, "residual_multiplier": 1.0}),
    "ernie4_5_moe": model(
        "ernie4_5-moe", 61, {"architectures": ["Ernie4_5_MoeForCausalLM"], "model_type": "ernie4_5_moe", "bos_token_id": 0,
                     "eos_token_id": 2, "pad_token_id": 0, "dtype": "float32", "vocab_size": 112, "hidden_size": 36,
                     "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 3, "num_key_value_heads": 1,
                     "moe_num_experts": 6, "moe_k": 2, "moe_intermediate_size": 16, "moe_num_shared_experts": 2,
                     "moe_layer_start_index": 1, "moe_layer_end_index": -1, "moe_layer_interval": 1, "hidden_act": "silu",
                     "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "use_bias": False, "tie_word_embeddings": True,
                     "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
        per_expert="qwen", matters={"moe_k": 3}),
    "mellum": model(
        "mellum", 62, {"architectures": ["MellumForCausalLM"], "model_type": "mellum", "bos_token_id": 0, "eos_token_id": 2,
                     "pad_token_id": None, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 40,
                     "num_hidden_layers": 4, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 12,
                     "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "norm_topk_prob": True,
                     "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"],
                     "mlp_layer_types": ["sparse", "sparse", "sparse", "sparse"], "hidden_act": "silu",
                     "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "attention_bias": False, "sliding_window": 8,
                     "tie_word_embeddings": False,
                     "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 500000.0},
                                         "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}},
        pre="mellum2", per_expert="qwen", matters={"num_experts_per_tok": 3, "sliding_window": 64}),
    "deepseek_v2": model(
        "deepseek2", 71, v4("DeepseekV2ForCausalLM", "deepseek_v2", hidden_size=36, intermediate_size=40, num_attention_heads=3,
                       num_key_value_heads=3, q_lora_rank=None, kv_lora_rank=20, qk_nope_head_dim=12, qk_rope_head_dim=8,
                       v_head_dim=10, n_routed_experts=6, num_experts_per_tok=2, moe_intermediate_size=12, n_shared_experts=2,
                       norm_topk_prob=False, topk_method="greedy", scoring_func="softmax", n_group=1, topk_group=1,
                       rope_theta=100.0, rope_scaling={"type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1,
                                                       "mscale": 0.8, "mscale_all_dim": 0.8,
                                                       "original_max_position_embeddings": 12}, **LATENT),
        pre="qwen2", per_expert="qwen", matters={"num_experts_per_tok": 3, "routed_scaling_factor": 0.5}),
    "deepseek_v2_groups": model(
        "deepseek2", 72, v4("DeepseekV2ForCausalLM", "deepseek_v2", hidden_size=32, intermediate_size=40, num_attention_heads=4,
                       num_key_value_heads=4, q_lora_rank=14, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4,
                       v_head_dim=12, n_routed_experts=8, num_experts_per_tok=3, moe_intermediate_size=12, n_shared_experts=1,
                       norm_topk_prob=False, topk_method="group_limited_greedy", n_group=4, topk_group=2, rope_theta=10000.0,
                       **(LATENT | {"rms_norm_eps": 1e-2})),
        pre="qwen2", per_expert="qwen", matters={"topk_method": "greedy", "topk_group": 3}),
    "deepseek_v3": model(
        "deepseek2", 73, {**LATENT, "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "bos_token_id": 0,
                     "eos_token_id": 2, "dtype": "bfloat16", "hidden_size": 32, "intermediate_size": 48,
                     "num_attention_heads": 4, "num_key_value_heads": 4, "q_lora_rank": 32, "kv_lora_rank": 32,
                     "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 64, "n_routed_experts": 8,
                     "num_experts_per_tok": 2, "moe_intermediate_size": 16, "n_shared_experts": 1, "norm_topk_prob": True,
                     "topk_method": "noaux_tc", "scoring_func": "sigmoid", "n_group": 2, "topk_group": 1, "rope_interleave": True,
                     "rope_parameters": {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "beta_fast": 32.0,
                                         "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.6,
                                         "original_max_position_embeddings": 12}},
        stored=torch.bfloat16, pre="qwen2", per_expert="qwen",
        matters={"num_experts_per_tok": 3, "norm_topk_prob": False, "topk_group": 2, "routed_scaling_factor": 0.5}),
    "glm4_moe_lite": model(
        "deepseek2", 74, {**LATENT, "architectures": ["Glm4MoeLiteForCausalLM"], "model_type": "glm4_moe_lite", "bos_token_id": 0,
                     "eos_token_id": 2, "dtype": "float32", "hidden_size": 36, "intermediate_size": 40,
                     "num_attention_heads": 6, "num_key_value_heads": 6, "q_lora_rank": 18, "kv_lora_rank": 24,
                     "qk_nope_head_dim": 10, "qk_rope_head_dim": 6, "v_head_dim": 14, "n_routed_experts": 4,
                     "num_experts_per_tok": 2, "moe_intermediate_size": 16, "n_shared_experts": 1, "norm_topk_prob": True,
                     "scoring_func": "sigmoid", "n_group": 1, "topk_group": 1, "mlp_layer_types": ["dense", "sparse"],
                     "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        pre="qwen2", per_expert="qwen", matters={"num_experts_per_tok": 3, "routed_scaling_factor": 0.5}),
    "youtu": model(
        "deepseek2", 75, v4("YoutuForCausalLM", "youtu", hidden_size=30, intermediate_size=40, num_attention_heads=2,
                       num_key_value_heads=2, q_lora_rank=14, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4,
                       v_head_dim=12, rope_theta=1600000.0, rope_scaling=None,
                       **{key: value for key, value in LATENT.items() if key not in ("first_k_dense_replace", "routed_scaling_factor")}
                       | {"tie_word_embeddings": True}),
        pre="qwen2"),
    "gemma2": model(
        "gemma2", 11, v4("Gemma2ForCausalLM", "gemma2", vocab_size=112, hidden_size=28, intermediate_size=36, num_hidden_layers=3,
                        num_attention_heads=2, num_key_value_heads=1, rope_theta=10000.0, query_pre_attn_scalar=8,
                        sliding_window=10, attn_logit_softcapping=2.0, final_logit_softcapping=6.0, torch_dtype="bfloat16", **GEMMA),
        stored=torch.bfloat16, norm_shift=1.0, embedding=0.12, final_norm=4.0,
        matters={"sliding_window": 256, "attn_logit_softcapping": None, "final_logit_softcapping": None}),
    "gemma3": model(
        "gemma3", 9, v4("Gemma3ForCausalLM", "gemma3_text", vocab_size=112, hidden_size=28, intermediate_size=20,
                        num_hidden_layers=7, num_attention_heads=2, num_key_value_heads=1, rope_theta=1000000.0,
                        rope_local_base_freq=10000.0, rope_scaling=None, query_pre_attn_scalar=8, sliding_window=9,
                        sliding_window_pattern=6, attn_logit_softcapping=None, final_logit_softcapping=None, **GEMMA),
        norm_shift=1.0, embedding=0.12, final_norm=4.0, matters={"sliding_window": 256}),
    "gemma4_small": model(
        "gemma4", 70, gemma4(layers("ssfsfsf"), hidden_size=28, intermediate_size=20, num_attention_heads=4, num_key_value_heads=1,
                             global_head_dim=12, rope=[500000.0, 0.5, 1000.0], hidden_size_per_layer_input=6,
                             vocab_size_per_layer_input=112, num_kv_shared_layers=2, use_double_wide_mlp=True),
        stored=torch.bfloat16, qk_norm=0.9, matters=GEMMA4_MATTERS),
    "gemma4_big": model(
        "gemma4", 71, gemma4(layers("ssfsf"), hidden_size=36, intermediate_size=44, num_attention_heads=4, num_key_value_heads=2,
                             global_head_dim=16, rope=[1000000.0, 0.25, 10000.0], hidden_size_per_layer_input=0,
                             attention_k_eq_v=True, num_global_key_value_heads=1),
        stored=torch.bfloat16, qk_norm=0.9, matters=GEMMA4_MATTERS),
    "gemma4_moe": model(
        "gemma4", 72, gemma4(layers("sfsf"), hidden_size=36, intermediate_size=28, num_attention_heads=3, num_key_value_heads=3,
                             global_head_dim=10, rope=[1000000.0, 0.4, 10000.0], hidden_size_per_layer_input=0,
                             attention_k_eq_v=True, num_global_key_value_heads=1, enable_moe_block=True, num_experts=6,
                             top_k_experts=2, moe_intermediate_size=20),
        stored=torch.bfloat16, qk_norm=0.9, matters=GEMMA4_MATTERS | {"top_k_experts": 3}),
    "gpt2": model(
        "gpt2", 8, v4("GPT2LMHeadModel", "gpt2", vocab_size=112, n_embd=24, n_layer=2, n_head=3, n_inner=None, n_ctx=64,
                      n_positions=64, activation_function="gelu_new", layer_norm_epsilon=1e-5, resid_pdrop=0.1, embd_pdrop=0.1,
                      attn_pdrop=0.1, scale_attn_weights=True, scale_attn_by_inverse_layer_idx=False, tie_word_embeddings=True)),
    "phi3": model(
        "phi3", 10, v4("Phi3ForCausalLM", "phi3", vocab_size=112, hidden_size=36, intermediate_size=40, num_hidden_layers=2,
                       num_attention_heads=3, num_key_value_heads=1, hidden_act="silu", max_position_embeddings=256,
                       original_max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0, rope_scaling=None,
                       sliding_window=None, tie_word_embeddings=False, pad_token_id=0)),
    "phi3_longrope": model(
        "phi3", 12, {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "bos_token_id": 0, "eos_token_id": 0,
                     "pad_token_id": 0, "dtype": "float32", "vocab_size": 112, "hidden_size": 36, "intermediate_size": 40,
                     "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "hidden_act": "silu",
                     "max_position_embeddings": 256, "original_max_position_embeddings": 16, "rms_norm_eps": 1e-5,
                     "sliding_window": None, "tie_word_embeddings": False,
                     "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 1.0,
                                         "original_max_position_embeddings": 16,
                                         "short_factor": [1.0, 1.0, 1.1, 1.2, 1.3, 1.5],
                                         "long_factor": [1.0, 1.5, 2.5, 4.0, 7.0, 12.0]}},
        # Longer than the original context, so that transformers uses the long factors from the first step on.
        prompt=20, matters={"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}}),
    "granite": model(
        "granite", 21, v5("GraniteForCausalLM", "granite", attention_bias=False, mlp_bias=False, embedding_multiplier=3.0,
                          residual_multiplier=0.6, attention_multiplier=0.75, logits_scaling=1.7,
                          tie_word_embeddings=False),
        stored=torch.bfloat16,
        matters={"embedding_multiplier": 1.0, "residual_multiplier": 1.0, "attention_multiplier": 0.4, "logits_scaling": 1.0}),
    "granite_hybrid": model(  # of the class for recurrent layers and experts, without either
        "granite", 32, v5("GraniteMoeHybridForCausalLM", "granitemoehybrid", attention_bias=False, embedding_multiplier=3.0,
                          residual_multiplier=0.6, attention_multiplier=0.75, logits_scaling=1.7, num_local_experts=0,
                          num_experts_per_tok=0, shared_intermediate_size=28, intermediate_size=40, layer_types=["attention"] * 2,
                          position_embedding_type="nope", mamba_n_heads=1, mamba_d_head=48, mamba_n_groups=1, mamba_d_state=16, mamba_d_conv=4,
                          mamba_expand=2, tie_word_embeddings=False),
        stored=torch.bfloat16, matters={"residual_multiplier": 1.0, "position_embedding_type": "rope"}),
    "smollm3": model(
        "smollm3", 22, v5("SmolLM3ForCausalLM", "smollm3", num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0], no_rope_layer_interval=4,
                          use_sliding_window=False, sliding_window=None, layer_types=layers("ffff"), attention_bias=False,
                          mlp_bias=False),
        stored=torch.bfloat16, matters={"no_rope_layers": [1, 1, 1, 1]}),
    "ministral3": model(
        "mistral3", 23, v5("Ministral3ForCausalLM", "ministral3", head_dim=8, num_attention_heads=4, sliding_window=None,
                           tie_word_embeddings=False,
                           rope_parameters={"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "beta_fast": 0.25,
                                            "beta_slow": 0.1, "mscale": 1.0, "mscale_all_dim": 0.5, "llama_4_scaling_beta": 0.75,
                                            "original_max_position_embeddings": 12}),
        stored=torch.bfloat16,
        matters={"rope_parameters": {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "beta_fast": 0.25, "beta_slow": 0.1,
                                     "mscale": 1.0, "mscale_all_dim": 0.5, "llama_4_scaling_beta": 0.0,
                                     "original_max_position_embeddings": 12}}),
    "olmo2": model(
        "olmo2", 24, v5("Olmo2ForCausalLM", "olmo2", attention_bias=False, tie_word_embeddings=False),
        stored=torch.bfloat16, qk_norm=1.3),
    "olmo3": model(
        "olmo2", 25, v5("Olmo3ForCausalLM", "olmo3", num_hidden_layers=4, attention_bias=False, sliding_window=9,
                        layer_types=layers("sfss"), tie_word_embeddings=False,
                        rope_parameters={"full_attention": {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0,
                                                            "attention_factor": 1.1386294, "beta_fast": 32.0, "beta_slow": 1.0,
                                                            "original_max_position_embeddings": 64},
                                         "sliding_attention": {"rope_type": "default", "rope_theta": 500.0}}),
        stored=torch.bfloat16, qk_norm=1.3, matters={"sliding_window": 200, "layer_types": layers("ssss")}),
    "exaone4": model(
        "exaone4", 26, v5("Exaone4ForCausalLM", "exaone4", sliding_window=None, sliding_window_pattern=None, layer_types=layers("ff"),
                          head_dim=6),
        stored=torch.bfloat16),
    "exaone4_hybrid": model(
        "exaone4", 27, v5("Exaone4ForCausalLM", "exaone4", num_hidden_layers=4, sliding_window=9, sliding_window_pattern=4,
                          layer_types=layers("ssfs"), head_dim=6),
        stored=torch.bfloat16, matters={"sliding_window": 200, "layer_types": layers("ssss")}),
    "seed_oss": model(
        "seed_oss", 28, v5("SeedOssForCausalLM", "seed_oss", head_dim=8, num_attention_heads=3, num_key_value_heads=1, attention_bias=True,
                           attention_out_bias=False, mlp_bias=False, tie_word_embeddings=False),
        stored=torch.bfloat16),
    "hunyuan": model(
        "hunyuan-dense", 29, v5("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", head_dim=10, num_attention_heads=3,
                                num_key_value_heads=1, attention_bias=False, eod_token_id=0,
                                rope_parameters={"rope_type": "dynamic", "rope_theta": 10000.0, "alpha": 1000.0, "factor": 1.0},
                                max_position_embeddings=32768),
        stored=torch.bfloat16, matters={"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}),
    "cohere2": model(
        "cohere2", 30, v5("Cohere2ForCausalLM", "cohere2", num_hidden_layers=4, layer_norm_eps=1e-5, logit_scale=0.4, sliding_window=9,
                          layer_types=layers("sssf"), attention_bias=False, rotary_pct=1.0) | {"rms_norm_eps": None},
        stored=torch.bfloat16,
        matters={"logit_scale": 1.0, "sliding_window": 200, "layer_types": layers("ssss")}),
    "ernie4_5": model(
        "ernie4_5", 31, v5("Ernie4_5ForCausalLM", "ernie4_5", head_dim=8, num_attention_heads=3, num_key_value_heads=1, use_bias=False),
        stored=torch.bfloat16),
}
