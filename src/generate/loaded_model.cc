#include "generate/loaded_model.h"

#include <algorithm>
#include <future>

#include "base/error.h"
#include "checkpoint/checkpoint.h"

namespace sheepop {

std::shared_ptr<const Tokenizer> TokenizerOf(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    return std::make_shared<const Tokenizer>(Tokenizer::FromGguf(gguf->metadata()));
  }
  const HfFolder& hf = *checkpoint.hf();
  const std::string config = hf.tokenizer_config ? boost::json::serialize(*hf.tokenizer_config) : "";
  return std::make_shared<const Tokenizer>(Tokenizer::FromJson(hf.tokenizer_json, config));
}

std::optional<std::string> ChatTemplateOf(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    const std::string* text = gguf->metadata().String("tokenizer.chat_template");
    return text ? std::optional(*text) : std::nullopt;
  }
  return checkpoint.hf()->chat_template;
}

TokenizerVocabulary::TokenizerVocabulary(const Tokenizer& tokenizer, size_t rows)
    : tokenizer_(tokenizer), size_(std::min(tokenizer.vocab_size(), rows)) {
  for (const Token token : tokenizer.special().end) {
    if (static_cast<size_t>(token) < size_) eos_.push_back(token);
  }
}

namespace {

// Embedding tables are often padded. Special tokens may have no row: Gemma 3 names one for images that only its larger
// models have, and Model refuses a prompt that asks for it. But text must never lead to a token without one.
void RequireRows(const LoadedModel& loaded) {
  const size_t vocab = loaded.model->config().vocab, tokens = loaded.tokenizer->vocab_size();
  for (size_t id = vocab; id < tokens; ++id) {
    if (loaded.tokenizer->Kind(static_cast<Token>(id)) != TokenKind::kNormal) continue;
    throw Error(ErrorCategory::kCorrupt, "{}: the tokenizer has {} tokens, the model only {}", loaded.path.string(),
                tokens, vocab);
  }
}

}  // namespace

LoadedModel LoadedModel::Open(const std::filesystem::path& path, const LoadOptions& options, ThreadPool& pool) {
  const Checkpoint checkpoint = Checkpoint::Open(path);
  auto tokenizer = std::async(std::launch::async, [&] { return TokenizerOf(checkpoint); });
  LoadedModel loaded;
  loaded.path = path;
  loaded.model = Model::Load(checkpoint, options, pool);
  loaded.tokenizer = tokenizer.get();
  loaded.vocabulary = std::make_shared<const TokenizerVocabulary>(*loaded.tokenizer, loaded.model->config().vocab);
  loaded.chat_template = ChatTemplateOf(checkpoint);
  RequireRows(loaded);
  return loaded;
}

}  // namespace sheepop
