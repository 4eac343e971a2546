// A tokenizer by itself, from wherever one lies.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "checkpoint/metadata.h"
#include "tokenize/tokenizer.h"

namespace sheepop::cli {

struct TokenizerSource {
  std::filesystem::path path;
  std::shared_ptr<const Tokenizer> tokenizer;
  Metadata metadata;  // the tokenizer.* keys, as model files hold them
};

// `name`: a GGUF model or vocabulary, a folder with tokenizer.gguf or tokenizer.json, a tokenizer.json, or the name of
// a model as FindModel takes it. Throws kNotFound, kCorrupt, kUnsupported.
TokenizerSource OpenTokenizer(const std::string& name);

// SHA-256 of what decides which text becomes which tokens, in hexadecimal: equal for tokenizers that may stand in for
// each other.
std::string TokenizerFingerprint(const Metadata& metadata);

// A GGUF file of the vocabulary alone, which OpenTokenizer reads.
void WriteTokenizer(const std::filesystem::path& path, Metadata metadata);

}  // namespace sheepop::cli
