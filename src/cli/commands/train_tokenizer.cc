#include "cli/commands/train_tokenizer.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/output_path.h"
#include "base/shell_word.h"
#include "base/utf8.h"
#include "data/learned_vocabulary.h"
#include "data/token_shards.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

double BytesPerToken(uint64_t bytes, uint64_t tokens) {
  return tokens ? static_cast<double>(bytes) / static_cast<double>(tokens) : 0;
}

void Print(const Console& console, const LearnedVocabulary& report, double seconds,
           const std::vector<std::filesystem::path>& files) {
  if (console.json) {
    json::array longest, written;
    for (const std::filesystem::path& file : files) written.emplace_back(file.string());
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
                                   {"seconds", seconds}});
    return;
  }
  const std::string merges = report.merges > 0 ? fmt::format(", {} of them merges", report.merges) : "";
  console.Print(fmt::format("{:>8} entries{}, in {:.1f} s\n", report.entries, merges, seconds));
  console.Print(fmt::format("{:>8.3f} bytes a token where it was learned ({} bytes)\n",
                            BytesPerToken(report.train_bytes, report.train_tokens), report.train_bytes));
  if (report.held_out_tokens > 0) {
    console.Print(fmt::format("{:>8.3f} bytes a token on what was held out ({} bytes)\n",
                              BytesPerToken(report.held_out_bytes, report.held_out_tokens), report.held_out_bytes));
  }
  console.Print(fmt::format("{:>8} dead entries, which no text uses\n         the longest:", report.dead));
  for (const std::string& piece : report.longest) console.PrintText(fmt::format(" \"{}\"", ToValidUtf8(piece)));
  console.Print("\n");
  for (const std::filesystem::path& file : files) console.PrintText(fmt::format("{} is written\n", file.string()));
  console.Print(
      fmt::format("try: sheepop tokenize -m {} -p \"Once upon a time\"\n", ShellWord(files.front().string())));
}

}  // namespace

void TokenizerTrainer::Register(FlagSet flags) {
  flags.Switch("--force", force_, "replace what --output names when it exists");
  const std::string group = "Tokenizer";
  flags
      .Switch("--tokenizer-only", asked_for_,
              "train a tokenizer alone; -o names a folder, or a file ending in .json or .gguf")
      .Group(group);
  flags
      .Value<std::string>("--tokenizer-kind", kind_, {{"bpe", "bpe"}, {"unigram", "unigram"}},
                          "bpe: byte-level byte-pair encoding; unigram: the likeliest pieces (default bpe)")
      .As("KIND")
      .Group(group);
  flags
      .Value("--vocab-size", options_.vocab_size, AtLeast(0),
             "entries of the vocabulary, 256 bytes and the special tokens among them, to 65536 (default 4096 with "
             "--tokenizer-only; of a model's own tokenizer by the amount of text, 512 to 8192)")
      .As("N")
      .Group(group);
  flags
      .Value("--split", options_.split,
             "how text is cut into words, as tokenizer.ggml.pre names it: gpt-2, llama-bpe, qwen2, ... (default "
             "gpt-2), or, for unigram and its default, spaces")
      .As("NAME")
      .Group(group);
  flags
      .Values("--special", options_.special,
              "special tokens, the first ends a text (default <|endoftext|> <|im_start|> <|im_end|>)")
      .As("TOKEN")
      .Group(group);
  flags
      .Value("--min-frequency", options_.min_frequency, AtLeast(0),
             "how often a pair, or for unigram a substring, must occur to become a token (default 0)")
      .As("N")
      .Group(group);
}

OwnTokenizer TokenizerTrainer::Own(const FlagSet& flags, const std::string& input) const {
  constexpr const char* kFlags[] = {"--tokenizer-kind", "--vocab-size", "--split", "--special", "--min-frequency"};
  const bool shards = IsShardFolder(input);
  for (const char* flag : kFlags) {
    if (asked_for_) break;
    const char* other = flags.Given("--from") ? "--from" : flags.Given("--tokenizer") ? "--tokenizer" : nullptr;
    if (!flags.Given(flag) || (!other && !shards)) continue;
    throw Error(ErrorCategory::kInvalidArgument,
                "{} is for a tokenizer that is learned here, and {} has one; leave it out", flag,
                other ? other : input);
  }
  OwnTokenizer own;
  own.kind = kind_ == "unigram" ? VocabularyKind::kUnigram : VocabularyKind::kBpe;
  own.training = options_;
  return own;
}

void TokenizerTrainer::CheckOutput(const std::string& input, const std::filesystem::path& output) const {
  RefuseInput(output, input);
  const std::string extension = output.extension().string();
  if (extension == ".json" || extension == ".gguf") return RefuseExisting(output, force_);
  for (const char* file : {"tokenizer.gguf", "tokenizer.json", "tokenizer_config.json"}) {
    RefuseExisting(output / file, force_);
  }
}

int TokenizerTrainer::Run(const Console& console, const std::string& input, const HeldOut& held_out,
                          const std::string& output, ThreadPool& pool) const {
  CheckOutput(input, output);
  TokenizerTraining options = options_;
  if (options.vocab_size == 0) options.vocab_size = TokenizerTraining().vocab_size;
  const Stopwatch watch;
  VocabularyProgress progress;
  progress.read = [&](const VocabularyTexts& texts) {
    console.Note(fmt::format("{} documents to learn from, {} held out, {} distinct words", texts.learned,
                             texts.held_out, texts.words));
    if (texts.left_out > 0) console.Note(fmt::format("{} bytes of what is held out are not measured", texts.left_out));
  };
  progress.learned = [&](size_t entries) {
    console.Progress(fmt::format("{} of {} entries", entries, options.vocab_size));
  };
  const VocabularyKind kind = kind_ == "unigram" ? VocabularyKind::kUnigram : VocabularyKind::kBpe;
  const LearnedVocabulary learned = LearnVocabulary(input, held_out, kind, options, pool, progress);
  console.Progress("");
  const double seconds = watch.seconds();
  if (learned.entries < options.vocab_size) {
    console.Note(
        fmt::format("the text gives only {} entries of the {} asked for", learned.entries, options.vocab_size));
  }
  Print(console, learned, seconds, WriteVocabulary(output, learned.metadata));
  return 0;
}

}  // namespace sheepop::cli
