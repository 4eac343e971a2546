// A vocabulary in the form of Hugging Face's tokenizer.json, https://huggingface.co/docs/tokenizers.
#pragma once

#include <string>

#include "checkpoint/metadata.h"

namespace sheepop {

// From `tokenizer.ggml.*` of a byte-level BPE ('gpt2'), SentencePiece BPE ('llama') or unigram ('t5') vocabulary.
// Tokenizer::FromJson and the `tokenizers` package read it and give the same ids. Throws kCorrupt like
// Tokenizer::FromGguf, kUnsupported, naming the key, for other kinds.
std::string TokenizerJson(const Metadata& metadata);

// The tokenizer_config.json beside it: the names of bos, eos, pad and the unknown token, and the chat template.
std::string TokenizerConfigJson(const Metadata& metadata);

}  // namespace sheepop
