// What `tokenizer.ggml.pre` names: GGUF keeps only a name for the split patterns, so their texts are here.
#pragma once

#include <string_view>
#include <vector>

#include "tokenize/splitter.h"

namespace sheepop {

struct PreTokenizer {
  std::vector<SplitStep> steps;
  bool nfc = false;            // the original tokenizer composes its input first
  bool ignore_merges = false;  // see BpeOptions
  bool add_bos = false;        // when the file does not say
};

// Throws kUnsupported, naming the key, for names not known here. An empty name is "default".
PreTokenizer PreTokenizerOf(std::string_view name);

// A name whose steps, nfc and ignore_merges are those of `wanted`; empty when there is none.
std::string_view NameOf(const PreTokenizer& wanted);

}  // namespace sheepop
