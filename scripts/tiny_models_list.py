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
}
