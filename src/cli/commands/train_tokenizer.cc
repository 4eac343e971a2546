#include "cli/commands/train_tokenizer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <numeric>

#include "base/file_writer.h"
#include "base/utf8.h"
#include "tokenize/gguf_to_json.h"
#include "tokenize/learn/unigram_trainer.h"
#include "tokenize/learn/word_counts.h"
#include "tokenize/tokenizer.h"
#include "tokenize/tokenizer_source.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr size_t kLongestShown = 10;

// What the vocabulary does to text that it was not made from, and to what it was.
struct Report {
  size_t entries = 0, merges = 0;
  uint64_t train_bytes = 0, train_tokens = 0, held_out_bytes = 0, held_out_tokens = 0;
  size_t dead = 0;  // entries that no text uses, special tokens aside
  std::vector<std::string> longest;
  double seconds = 0;
};

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

struct Learned {
  Metadata metadata;
  size_t merges = 0;
  std::vector<uint64_t> uses;  // [entries]
};

Report Describe(const Learned& learned, const Input& input, ThreadPool& pool) {
  const Tokenizer tokenizer = Tokenizer::FromGguf(learned.metadata);
  Report report;
  std::vector<uint64_t> tokens(pool.threads());
  pool.ParallelFor(input.held_out.size(),
                   [&](size_t i, size_t worker) { tokens[worker] += tokenizer.Encode(input.held_out[i]).size(); });
  report.held_out_bytes = input.held_out_bytes;
  report.held_out_tokens = std::accumulate(tokens.begin(), tokens.end(), uint64_t{0});
  report.train_tokens = std::accumulate(learned.uses.begin(), learned.uses.end(), uint64_t{0});
  report.entries = tokenizer.vocab_size();
  report.merges = learned.merges;
  std::vector<Token> order;
  for (size_t t = 0; t < learned.uses.size(); ++t) {
    const auto token = static_cast<Token>(t);
    if (tokenizer.Kind(token) != TokenKind::kNormal) continue;
    if (learned.uses[t] == 0) ++report.dead;
    order.push_back(token);
  }
  std::ranges::stable_sort(order, std::greater{}, [&](Token token) { return tokenizer.Piece(token).size(); });
  for (size_t i = 0; i < std::min(kLongestShown, order.size()); ++i)
    report.longest.emplace_back(tokenizer.Piece(order[i]));
  return report;
}

double BytesPerToken(uint64_t bytes, uint64_t tokens) {
  return tokens ? static_cast<double>(bytes) / static_cast<double>(tokens) : 0;
}

void WriteText(const std::filesystem::path& path, const std::string& text) {
  FileWriter file(path);
  file.Write(text);
  file.Commit();
}

std::vector<std::string> Write(const std::string& output, const Metadata& metadata) {
  const std::filesystem::path path(output);
  if (path.extension() == ".gguf") {
    WriteTokenizer(path, metadata);
    return {output};
  }
  if (path.extension() == ".json") {
    WriteText(path, TokenizerJson(metadata));
    return {output};
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw Error(ErrorCategory::kIo, "cannot make the folder {}: {}", output, error.message());
  WriteText(path / "tokenizer.json", TokenizerJson(metadata));
  WriteText(path / "tokenizer_config.json", TokenizerConfigJson(metadata));
  WriteTokenizer(path / "tokenizer.gguf", metadata);
  return {(path / "tokenizer.json").string(), (path / "tokenizer_config.json").string(),
          (path / "tokenizer.gguf").string()};
}

void Print(const Console& console, const Report& report, const std::vector<std::string>& files) {
  if (console.json) {
    json::array longest, written(files.begin(), files.end());
    for (const std::string& piece : report.longest) longest.emplace_back(ToValidUtf8(piece));
    console.PrintJson(json::object{{"files", std::move(written)},
                                   {"entries", report.entries},
                                   {"merges", report.merges},
                                   {"train_bytes", report.train_bytes},
                                   {"train_tokens", report.train_tokens},
                                   {"held_out_bytes", report.held_out_bytes},
                                   {"held_out_tokens", report.held_out_tokens},
                                   {"bytes_per_token", BytesPerToken(report.held_out_bytes, report.held_out_tokens)},
                                   {"dead_entries", report.dead},
                                   {"longest", std::move(longest)},
                                   {"seconds", report.seconds}});
    return;
  }
  const std::string merges = report.merges > 0 ? fmt::format(", {} of them merges", report.merges) : "";
  console.Print(fmt::format("{:>8} entries{}, in {:.1f} s\n", report.entries, merges, report.seconds));
  console.Print(fmt::format("{:>8.3f} bytes a token where it was learned ({} bytes)\n",
                            BytesPerToken(report.train_bytes, report.train_tokens), report.train_bytes));
  if (report.held_out_tokens > 0) {
    console.Print(fmt::format("{:>8.3f} bytes a token on what was held out ({} bytes)\n",
                              BytesPerToken(report.held_out_bytes, report.held_out_tokens), report.held_out_bytes));
  }
  console.Print(fmt::format("{:>8} dead entries, which no text uses\n         the longest:", report.dead));
  for (const std::string& piece : report.longest) console.PrintText(fmt::format(" \"{}\"", ToValidUtf8(piece)));
  console.Print("\n");
  for (const std::string& file : files) console.Print(fmt::format("{} is written\n", file));
}

}  // namespace

void TokenizerTrainer::Register(CLI::App& app) {
  const std::string group = "Tokenizer";
  app.add_flag("--tokenizer-only", asked_for_,
               "train a tokenizer alone; -o names a folder, or a file ending in .json or .gguf")
      ->group(group);
  app.add_option("--tokenizer-kind", kind_,
                 "bpe: byte-level byte-pair encoding; unigram: the likeliest pieces (default bpe)")
      ->check(CLI::IsMember({"bpe", "unigram"}))
      ->group(group)
      ->type_name("KIND");
  app.add_option("--vocab-size", options_.vocab_size,
                 "entries of the vocabulary, 256 bytes and the special tokens among them, to 65536 (default 4096)")
      ->group(group)
      ->type_name("N");
  app.add_option("--split", options_.split,
                 "how text is cut into words, as tokenizer.ggml.pre names it: gpt-2, llama-bpe, qwen2, ... (default "
                 "gpt-2), or, "
                 "for unigram and its default, spaces")
      ->group(group)
      ->type_name("NAME");
  app.add_option("--special", options_.special,
                 "special tokens, the first ends a text (default <|endoftext|> <|im_start|> <|im_end|>)")
      ->group(group)
      ->type_name("TOKEN");
  app.add_option("--min-frequency", options_.min_frequency,
                 "how often a pair, or for unigram a substring, must occur to become a token (default 0)")
      ->group(group)
      ->type_name("N");
}

int TokenizerTrainer::Run(const Console& console, const std::string& input, const HeldOut& held_out,
                          const std::string& output, ThreadPool& pool) const {
  const bool unigram = kind_ == "unigram";
  TokenizerTraining options = options_;
  if (options.split.empty()) options.split = unigram ? kSpacedWords : TokenizerTraining().split;
  unigram ? ValidateUnigram(options) : Validate(options);
  const Clock::time_point start = Clock::now();
  WordCounter counter = unigram ? MakeUnigramCounter(options, pool) : WordCounter(options.split, options.special, pool);
  Input texts(counter);
  ReadSplitTexts(input, held_out, texts);
  const uint64_t bytes = counter.bytes();
  const WordTable words = counter.Finish();
  console.Note(fmt::format("{} documents to learn from, {} held out, {} distinct words", texts.documents,
                           texts.held_out.size(), words.size()));
  if (texts.left_out > 0) console.Note(fmt::format("{} bytes of what is held out are not measured", texts.left_out));
  const auto progress = [&](size_t entries) {
    console.Progress(fmt::format("{} of {} entries", entries, options.vocab_size));
  };
  Learned learned;
  if (unigram) {
    UnigramVocabulary vocabulary = TrainUnigram(words, options, pool, progress);
    learned = {ToMetadata(vocabulary, options), 0, std::move(vocabulary.uses)};
  } else {
    BpeVocabulary vocabulary = TrainBpe(words, options, progress);
    learned = {ToMetadata(vocabulary, options), vocabulary.merges.size(), std::move(vocabulary.uses)};
  }
  console.Progress("");
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  Report report = Describe(learned, texts, pool);
  report.train_bytes = bytes;
  report.seconds = seconds;
  if (report.entries < options.vocab_size) {
    console.Note(fmt::format("the text gives only {} entries of the {} asked for", report.entries, options.vocab_size));
  }
  Print(console, report, Write(output, learned.metadata));
  return 0;
}

}  // namespace sheepop::cli
