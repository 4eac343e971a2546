// A tokenizer by itself, from wherever one lies.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "checkpoint/metadata.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct TokenizerSource {
  std::filesystem::path path;
  std::shared_ptr<const Tokenizer> tokenizer;
  Metadata metadata;  // the tokenizer.* keys, as model files hold them
};

// `path`: a GGUF model or vocabulary, a folder with tokenizer.gguf or tokenizer.json, or a tokenizer.json. Throws
// kNotFound, kCorrupt, kUnsupported.
TokenizerSource OpenTokenizer(std::filesystem::path path);

// SHA-256 of what decides which text becomes which tokens, in hexadecimal: equal for tokenizers that may stand in for
// each other.
std::string TokenizerFingerprint(const Metadata& metadata);

// A GGUF file of the vocabulary alone, which OpenTokenizer reads.
void WriteTokenizer(const std::filesystem::path& path, Metadata metadata);

}  // namespace sheepop
