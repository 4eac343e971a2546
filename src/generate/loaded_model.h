// A model ready to write: weights, tokenizer, chat template, opened together from one path.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "generate/suggested_sampling.h"
#include "model/model.h"
#include "sample/vocabulary.h"
#include "tokenize/chat_template.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

// What sampling asks about tokens, answered by a tokenizer. The tokenizer must outlive it.
class TokenizerVocabulary final : public SamplingVocabulary {
 public:
  // `rows`: tokens that the model has logits for.
  TokenizerVocabulary(const Tokenizer& tokenizer, size_t rows);
  size_t size() const override { return size_; }
  std::string_view piece(Token token) const override { return tokenizer_.Piece(token); }
  std::span<const Token> eos() const override { return eos_; }
  TokenUse use(Token token) const override;
  std::vector<Token> Encode(std::string_view text) const override { return tokenizer_.Encode(text); }

 private:
  const Tokenizer& tokenizer_;
  size_t size_;
  std::vector<Token> eos_;
};

// Immutable once opened; shared between threads.
struct LoadedModel {
  std::filesystem::path path;
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const TokenizerVocabulary> vocabulary;  // must outlive the chains built with it
  std::optional<std::string> chat_template;               // Jinja source
  bool has_tool_template = false;                         // ToolTemplateOf gives another one
  SuggestedSampling suggested;                            // how its makers draw from it

  // What whoever opened it should be told: of the model's configuration, the tokenizer, and
  // what is suggested.
  std::vector<Warning> Warnings() const;

  // Weights are repacked while the tokenizer is built. Throws what Checkpoint, Model, Tokenizer and
  // SuggestedSamplingOf throw, and kCorrupt
  // when a text could have tokens without a row in the model.
  static LoadedModel Open(const std::filesystem::path& path, const LoadOptions& options, ThreadPool& pool);
};

// Only the tokenizer and the template of a checkpoint: no weights are read.
std::shared_ptr<const Tokenizer> TokenizerOf(const Checkpoint& checkpoint);
std::optional<std::string> ChatTemplateOf(const Checkpoint& checkpoint);

}  // namespace sheepop
