#include "data/learned_vocabulary.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file_writer.h"
#include "tokenize/gguf_to_json.h"
#include "tokenize/learn/unigram_trainer.h"
#include "tokenize/learn/word_counts.h"
#include "tokenize/tokenizer.h"
#include "tokenize/tokenizer_source.h"

namespace sheepop {
namespace {

constexpr size_t kLongestShown = 10;

// Held-out text waits in memory for the vocabulary; of more than this the rest is left out.
constexpr uint64_t kMostHeldOut = uint64_t{64} << 20;

// Counts the words of what is to be learned, one document in memory at a time, and keeps what is held out.
class Input final : public TextSink {
 public:
  explicit Input(WordCounter& counter) : counter_(counter) {}
  void Learn(std::string_view text) override {
    counter_.Add(text);
    ++documents;
  }
  void HoldOut(std::string_view text) override {
    const uint64_t room = kMostHeldOut - held_out_bytes;
    if (text.size() > room) left_out += text.size() - room;
    held_out.emplace_back(text.substr(0, room));
    held_out_bytes += held_out.back().size();
  }

  std::vector<std::string> held_out;
  uint64_t documents = 0, held_out_bytes = 0, left_out = 0;

 private:
  WordCounter& counter_;
};

// `uses`: [entries], how often what was learned holds each.
void Describe(const std::vector<uint64_t>& uses, const Input& input, ThreadPool& pool, LearnedVocabulary& out) {
  const Tokenizer tokenizer = Tokenizer::FromGguf(out.metadata);
  std::vector<uint64_t> tokens(pool.threads());
  pool.ParallelFor(input.held_out.size(),
                   [&](size_t i, size_t worker) { tokens[worker] += tokenizer.Encode(input.held_out[i]).size(); });
  out.held_out_bytes = input.held_out_bytes;
  out.held_out_tokens = std::accumulate(tokens.begin(), tokens.end(), uint64_t{0});
  out.train_tokens = std::accumulate(uses.begin(), uses.end(), uint64_t{0});
  out.entries = tokenizer.vocab_size();
  std::vector<Token> order;
  for (size_t t = 0; t < uses.size(); ++t) {
    const auto token = static_cast<Token>(t);
    if (tokenizer.Kind(token) != TokenKind::kNormal) continue;
    if (uses[t] == 0) ++out.dead;
    order.push_back(token);
  }
  std::ranges::stable_sort(order, std::greater{}, [&](Token token) { return tokenizer.Piece(token).size(); });
  for (size_t i = 0; i < std::min(kLongestShown, order.size()); ++i) {
    out.longest.emplace_back(tokenizer.Piece(order[i]));
  }
}

void WriteText(const std::filesystem::path& path, const std::string& text) {
  FileWriter file(path);
  file.Write(text);
  file.Commit();
}

WordCounter CounterFor(VocabularyKind kind, TokenizerTraining& options, ThreadPool& pool) {
  const bool unigram = kind == VocabularyKind::kUnigram;
  if (options.split.empty()) options.split = unigram ? kSpacedWords : TokenizerTraining().split;
  unigram ? ValidateUnigram(options) : Validate(options);
  return unigram ? MakeUnigramCounter(options, pool) : WordCounter(options.split, options.special, pool);
}

LearnedVocabulary Learn(WordCounter& counter, const Input& texts, VocabularyKind kind, const TokenizerTraining& options,
                        ThreadPool& pool, const VocabularyProgress& progress) {
  LearnedVocabulary out;
  out.train_bytes = counter.bytes();
  const WordTable words = counter.Finish();
  if (progress.read) progress.read({texts.documents, texts.held_out.size(), words.size(), texts.left_out});
  std::vector<uint64_t> uses;
  if (kind == VocabularyKind::kUnigram) {
    UnigramVocabulary vocabulary = TrainUnigram(words, options, pool, progress.learned);
    out.metadata = ToMetadata(vocabulary, options);
    uses = std::move(vocabulary.uses);
  } else {
    BpeVocabulary vocabulary = TrainBpe(words, options, progress.learned);
    out.metadata = ToMetadata(vocabulary, options);
    out.merges = vocabulary.merges.size();
    uses = std::move(vocabulary.uses);
  }
  Describe(uses, texts, pool, out);
  return out;
}

}  // namespace

LearnedVocabulary LearnVocabulary(const std::string& input, const HeldOut& held_out, VocabularyKind kind,
                                  TokenizerTraining options, ThreadPool& pool, const VocabularyProgress& progress) {
  WordCounter counter = CounterFor(kind, options, pool);
  Input texts(counter);
  ReadSplitTexts(input, held_out, texts);
  return Learn(counter, texts, kind, options, pool, progress);
}

LearnedVocabulary LearnVocabulary(std::span<const std::string> texts, VocabularyKind kind, TokenizerTraining options,
                                  ThreadPool& pool, const VocabularyProgress& progress) {
  WordCounter counter = CounterFor(kind, options, pool);
  Input input(counter);
  for (const std::string& text : texts) input.Learn(text);
  return Learn(counter, input, kind, options, pool, progress);
}

size_t VocabularySizeFor(uint64_t text_bytes) {
  size_t entries = 512;
  for (uint64_t bytes = 500'000; entries < 8192 && bytes <= text_bytes; bytes *= 4) entries *= 2;
  return entries;
}

std::vector<std::filesystem::path> WriteVocabulary(const std::filesystem::path& output, const Metadata& metadata) {
  if (output.extension() == ".gguf") {
    WriteTokenizer(output, metadata);
    return {output};
  }
  if (output.extension() == ".json") {
    WriteText(output, TokenizerJson(metadata));
    return {output};
  }
  std::error_code error;
  std::filesystem::create_directories(output, error);
  if (error) throw Error(ErrorCategory::kIo, "cannot make the folder {}: {}", output.string(), error.message());
  WriteText(output / "tokenizer.json", TokenizerJson(metadata));
  WriteText(output / "tokenizer_config.json", TokenizerConfigJson(metadata));
  WriteTokenizer(output / "tokenizer.gguf", metadata);
  return {output / "tokenizer.json", output / "tokenizer_config.json", output / "tokenizer.gguf"};
}

}  // namespace sheepop
