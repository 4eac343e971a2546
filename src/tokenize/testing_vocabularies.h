// Small vocabularies for the tests of this folder, as the metadata of a GGUF file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "checkpoint/metadata.h"
#include "tokenize/byte_alphabet.h"

namespace sheepop::testing {

using GgufType = Metadata::GgufType;

// All 256 bytes, in order, then the results of `merges`, then `special` as control and `user` as user-defined tokens.
// Merges are written as text with a space between the two sides.
inline Metadata ByteLevelVocabulary(const std::vector<std::pair<std::string, std::string>>& merges,
                                    const std::vector<std::string>& special = {},
                                    const std::vector<std::string>& user = {}, const std::string& pre = "gpt-2") {
  const auto written = [](const std::string& bytes) {
    std::string out;
    for (const char c : bytes) AppendUtf8(AlphabetCharacter(static_cast<unsigned char>(c)), out);
    return out;
  };
  std::vector<std::string> tokens, joined;
  std::vector<int64_t> kinds;
  const auto add = [&](const std::string& token, int64_t kind) {
    tokens.push_back(token);
    kinds.push_back(kind);
  };
  for (int i = 0; i < 256; ++i) add(written(std::string(1, static_cast<char>(i))), 1);
  for (const auto& [left, right] : merges) {
    add(written(left + right), 1);
    joined.push_back(written(left) + " " + written(right));
  }
  for (const std::string& token : special) add(token, 3);
  for (const std::string& token : user) add(token, 4);
  Metadata metadata;
  metadata.Set("tokenizer.ggml.model", GgufType::kString, std::string("gpt2"));
  metadata.Set("tokenizer.ggml.pre", GgufType::kString, pre);
  metadata.Set("tokenizer.ggml.tokens", GgufType::kString, tokens);
  metadata.Set("tokenizer.ggml.token_type", GgufType::kInt32, kinds);
  metadata.Set("tokenizer.ggml.merges", GgufType::kString, joined);
  return metadata;
}

struct ScoredPiece {
  std::string name;
  double score;
  int64_t kind = 1;
};

// <unk>, <s>, </s> at 0, 1, 2, then the byte tokens at 3 to 258 if wanted, then `pieces`. `model` is "llama" or "t5".
inline Metadata SentencePieceVocabulary(const std::string& model, const std::vector<ScoredPiece>& pieces,
                                        bool bytes = true) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int64_t> kinds = {2, 3, 3};
  std::vector<double> scores = {0, 0, 0};
  for (int i = 0; bytes && i < 256; ++i) {
    constexpr char kHex[] = "0123456789ABCDEF";
    tokens.push_back(std::string("<0x") + kHex[i / 16] + kHex[i % 16] + ">");
    kinds.push_back(6);
    scores.push_back(0);
  }
  for (const ScoredPiece& piece : pieces) {
    tokens.push_back(piece.name);
    kinds.push_back(piece.kind);
    scores.push_back(piece.score);
  }
  Metadata metadata;
  metadata.Set("tokenizer.ggml.model", GgufType::kString, model);
  metadata.Set("tokenizer.ggml.tokens", GgufType::kString, tokens);
  metadata.Set("tokenizer.ggml.token_type", GgufType::kInt32, kinds);
  metadata.Set("tokenizer.ggml.scores", GgufType::kFloat32, scores);
  metadata.Set("tokenizer.ggml.unknown_token_id", GgufType::kUint32, uint64_t{0});
  metadata.Set("tokenizer.ggml.bos_token_id", GgufType::kUint32, uint64_t{1});
  metadata.Set("tokenizer.ggml.eos_token_id", GgufType::kUint32, uint64_t{2});
  return metadata;
}

}  // namespace sheepop::testing
