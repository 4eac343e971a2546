#!/usr/bin/env bash
# llama.cpp as inside llama-cpp-python 0.3.36, its converter for ERNIE 4.5 with experts (Ernie4_5_MoeForCausalLM): the width of
# the shared experts that it states, expert_shared_feed_forward_length, is intermediate_size // num_key_value_heads, which has
# nothing to do with it. The tensors are moe_num_shared_experts x moe_intermediate_size wide, as transformers' class makes
# them. For ERNIE-4.5-21B-A3B the two happen to be the same number (12288 // 4 = 2 x 1536); a fine-tuned or smaller model of
# any other shape is converted without a word into a file whose key contradicts its tensors.
#
# Needs python3 with venv, some 3 GB and a few minutes. Passes while the behaviour is as described; seen with Python 3.11 on
# Debian 12.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    torch==2.13.0 transformers==5.24.0 gguf==0.19.0 sentencepiece protobuf
venv/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-python \
    llama-cpp-python==0.3.36
tar xf llama_cpp_python-0.3.36.tar.gz
source=llama_cpp_python-0.3.36/vendor/llama.cpp
PYTHONPATH=$source:$source/gguf-py venv/bin/python - <<'PROBE'
import pathlib

import torch
import transformers

import conversion
import gguf

config = transformers.Ernie4_5_MoeConfig(
    vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
    moe_num_experts=4, moe_k=2, moe_intermediate_size=16, moe_num_shared_experts=2, moe_layer_start_index=1,
    max_position_embeddings=64)
folder, path = pathlib.Path("model"), pathlib.Path("model.gguf")
torch.manual_seed(1)
transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)

kind = conversion.get_model_class("Ernie4_5_MoeForCausalLM")


def no_vocabulary(self):  # tokens do not matter here
    self.gguf_writer.add_tokenizer_model("none")


kind.set_vocab = no_vocabulary
kind(folder, gguf.LlamaFileType.ALL_F32, path, model_name="random").write()
reader = gguf.GGUFReader(path)
stated = int(reader.fields["ernie4_5-moe.expert_shared_feed_forward_length"].contents())
width = [int(t.shape[1]) for t in reader.tensors if t.name == "blk.1.ffn_gate_shexp.weight"][0]
print("the key says", stated, "and the tensor is", width, "wide")
assert stated == 48 // 2 and width == 2 * 16
PROBE
