#!/usr/bin/env python3
"""Writes tests/data/train/: tiny models, a batch of tokens, and what transformers computes in double precision for them: the
loss and the gradient of every parameter. Names are GGUF's; weights are "w.NAME", gradients "g.NAME". A run gives the same
files again. Needs torch, transformers and safetensors."""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/data/train"
SEQUENCES, LENGTH, VOCAB = 3, 41, 37
IGNORED = -100

LLAMA_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
}

GPT2_NAMES = {
    "transformer.wte.weight": "token_embd.weight",
    "transformer.wpe.weight": "position_embd.weight",
    "transformer.ln_f": "output_norm",
    "lm_head.weight": "output.weight",
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def llama(tied, kv_heads):
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCAB, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=kv_heads, head_dim=6, max_position_embeddings=64, rms_norm_eps=1e-5,
        tie_word_embeddings=tied, attn_implementation="eager"))


def gpt2():
    return GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCAB, n_embd=18, n_layer=2, n_head=3, n_positions=48, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
        attn_implementation="eager"))


def gguf_name(name, names):
    for prefix in ("model.layers.", "transformer.h."):
        if name.startswith(prefix):
            layer, _, rest = name[len(prefix):].partition(".")
            return f"blk.{layer}." + gguf_name(rest, names)
    if name in names:
        return names[name]
    stem, _, kind = name.rpartition(".")
    return f"{names[stem]}.{kind}"


def tensors_of(name, tensor, gguf, prefix, transposed):
    tensor = tensor.detach()
    if transposed:
        tensor = tensor.T
    if "attn_qkv" in gguf:
        return {prefix + gguf.replace("qkv", part): piece.float().contiguous().clone()
                for part, piece in zip("qkv", tensor.chunk(3))}
    return {prefix + gguf: tensor.float().contiguous().clone()}


def write(folder, model, names):
    for parameter in model.parameters():  # what is not one is made irregular, too
        with torch.no_grad():
            parameter.copy_((parameter + 0.2 * torch.randn_like(parameter)).float())
    model = model.double().train()
    ids = torch.randint(VOCAB, (SEQUENCES, LENGTH))
    targets = torch.randint(VOCAB, (SEQUENCES, LENGTH))
    targets[torch.rand(SEQUENCES, LENGTH) < 0.2] = IGNORED
    logits = model(ids).logits
    loss = torch.nn.functional.cross_entropy(logits.view(-1, VOCAB), targets.view(-1), ignore_index=IGNORED)
    loss.backward()
    out = {}
    for name, parameter in model.named_parameters():
        transposed = names is GPT2_NAMES and name.startswith("transformer.h.") and parameter.dim() == 2
        gguf = gguf_name(name, names)
        out |= tensors_of(name, parameter, gguf, "w.", transposed)
        out |= tensors_of(name, parameter.grad, gguf, "g.", transposed)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{folder}.safetensors"
    save_file(out, path)
    path.chmod(0o644)
    (FOLDER / f"{folder}.json").write_text(json.dumps({
        "sequences": SEQUENCES, "length": LENGTH, "loss": loss.item(), "inputs": ids.flatten().tolist(),
        "targets": [-1 if t == IGNORED else t for t in targets.flatten().tolist()]}) + "\n")


def main():
    torch.manual_seed(6)
    torch.set_default_dtype(torch.float32)
    write("llama", llama(tied=False, kv_heads=2), LLAMA_NAMES)
    write("llama_tied", llama(tied=True, kv_heads=1), LLAMA_NAMES)
    write("gpt2", gpt2(), GPT2_NAMES)


if __name__ == "__main__":
    main()
