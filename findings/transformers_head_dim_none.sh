#!/usr/bin/env bash
# transformers 5.24.0: a configuration without head_dim means hidden_size / num_attention_heads for Llama, Mistral, Qwen and
# most other classes, whatever kind of rope it has. Three families state head_dim too, with None as its default, and take that
# None into the rope's frequencies: hunyuan_v1_dense and ministral cannot be made at all without the key, and mixtral can
# with the plain rope but not with YaRN, so that a checkpoint that loads stops loading when somebody stretches its context.
# What is raised is Python's TypeError on NoneType, which names no key.
#
# Needs python3 with venv, some 3 GB and a few minutes. Passes while the behaviour is as described; seen with Python 3.11 on
# Debian 12.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0
venv/bin/python -W ignore - <<'PROBE'
import transformers

SIZES = {"vocab_size": 64, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": 0}
PLAIN = {"rope_type": "default", "rope_theta": 1e4}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 64}


def make(family, rope, **more):
    """What stands in the way of a model of this configuration, or None."""
    try:
        config = transformers.AutoConfig.for_model(family, rope_parameters=dict(rope), **SIZES, **more)
        transformers.AutoModelForCausalLM.from_config(config)
    except TypeError as error:
        return str(error)
    return None


for family in ("llama", "mistral", "qwen2", "mixtral", "hunyuan_v1_dense", "ministral"):
    for name, rope in (("default", PLAIN), ("yarn", YARN)):
        without, given = make(family, rope), make(family, rope, head_dim=16)
        print(f"{family:17} {name:8} without head_dim: {without or 'made'}; with it: {given or 'made'}")
        fails = family in ("hunyuan_v1_dense", "ministral") or (family == "mixtral" and name == "yarn")
        assert given is None
        assert ("NoneType" in without and "head_dim" not in without) if fails else without is None
PROBE
