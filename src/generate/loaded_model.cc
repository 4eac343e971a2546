#include "generate/loaded_model.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <future>

#include "checkpoint/checkpoint.h"
#include "checkpoint/hf_folder.h"
#include "checkpoint/naming.h"
#include "tokenize/template_source.h"

namespace sheepop {

namespace {

std::shared_ptr<const Tokenizer> ReadTokenizer(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    return std::make_shared<const Tokenizer>(Tokenizer::FromGguf(gguf->metadata()));
  }
  const HfFolder& hf = *checkpoint.hf();
  const std::string config = hf.tokenizer_config ? boost::json::serialize(*hf.tokenizer_config) : "";
  std::vector<int64_t> end = hf.GenerationIds("eos_token_id");
  const std::vector<int64_t> more = hf.ConfigIds("eos_token_id");
  end.insert(end.end(), more.begin(), more.end());
  return std::make_shared<const Tokenizer>(Tokenizer::FromJson(hf.tokenizer_json, config, end));
}

}  // namespace

std::shared_ptr<const Tokenizer> TokenizerOf(const Checkpoint& checkpoint) {
  return NamingFile(checkpoint.path(), [&] { return ReadTokenizer(checkpoint); });
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

TokenUse TokenizerVocabulary::use(Token token) const {
  switch (tokenizer_.Kind(token)) {
    case TokenKind::kNormal:
    case TokenKind::kUserDefined:
    case TokenKind::kByte: return TokenUse::kText;
    case TokenKind::kControl: return TokenUse::kControl;
    case TokenKind::kUnknown:
    case TokenKind::kUnused: break;
  }
  return TokenUse::kNone;
}

std::vector<Warning> LoadedModel::Warnings() const {
  std::vector<Warning> all = model->config().warnings;
  const std::vector<Warning> more = tokenizer->Warnings(path.string());
  all.insert(all.end(), more.begin(), more.end());
  all.insert(all.end(), suggested.warnings.begin(), suggested.warnings.end());
  return all;
}

LoadedModel LoadedModel::Open(const std::filesystem::path& path, const LoadOptions& options, ThreadPool& pool) {
  const Checkpoint checkpoint = Checkpoint::Open(path);
  auto tokenizer = std::async(std::launch::async, [&] { return TokenizerOf(checkpoint); });
  LoadedModel loaded;
  loaded.path = path;
  loaded.model = Model::Load(checkpoint, options, pool);
  loaded.tokenizer = tokenizer.get();
  loaded.vocabulary = std::make_shared<const TokenizerVocabulary>(*loaded.tokenizer, loaded.model->config().vocab);
  loaded.chat_template = ChatTemplateOf(checkpoint);
  loaded.has_tool_template = ToolTemplateOf(checkpoint).has_value();
  loaded.suggested = SuggestedSamplingOf(checkpoint, loaded.model->config().name, loaded.chat_template.has_value(),
                                         loaded.model->config().vocab);
  RequireRows(*loaded.tokenizer, loaded.model->config().vocab, path.string());
  return loaded;
}

}  // namespace sheepop
