#include "cli/commands/corpus_shards.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <filesystem>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/output_path.h"
#include "base/thread_pool.h"
#include "cli/flags/held_out_flags.h"
#include "data/corpus_reader.h"
#include "data/shard_folder.h"
#include "data/text_split.h"
#include "data/token_shards.h"
#include "hub/models.h"
#include "tokenize/tokenizer_source.h"

namespace sheepop::cli {
namespace {

boost::json::object ToJson(const ShardCounts& shard) {
  return {{"file", shard.file.string()},
          {"documents", shard.documents},
          {"tokens", shard.tokens},
          {"text_bytes", shard.text_bytes}};
}

double Ratio(uint64_t a, uint64_t b) { return b ? static_cast<double>(a) / static_cast<double>(b) : 0; }

}  // namespace

void CorpusShards::Register(FlagSet flags) {
  flags.Positional("corpus", corpus_, "a corpus folder, a .jsonl.zst whose objects have a field `text`, or a text file")
      .As("CORPUS")
      .Required();
  flags
      .Value("--tokenizer", tokenizer_,
             "a GGUF model or vocabulary, a tokenizer.json, or a folder with one of them (see sheepop train "
             "--tokenizer-only)")
      .As("TOKENIZER")
      .Required();
  flags.Value("-o,--output", output_, "the folder to write; `sheepop train` takes it as its input")
      .As("FOLDER")
      .Required();
  flags.Switch("--force", force_, "replace the shards in the folder of --output");
  RegisterHeldOut(flags, held_out_);
  flags
      .Value("--threads", threads_, {1, double{ThreadPool::kMaxThreads}},
             fmt::format("threads, 1 to {}, which change only the speed (default: the physical cores)",
                         ThreadPool::kMaxThreads))
      .As("N");
}

int CorpusShards::Run(const Console& console) const {
  RefuseInput(output_, corpus_);
  RefuseInput(output_, FindModel(tokenizer_));
  const TokenizerSource source = OpenTokenizer(FindModel(tokenizer_));
  for (const char* file : {kTrainShard, kHeldOutShard, kShardTokenizer, kSplitFile}) {
    RefuseExisting(std::filesystem::path(output_) / file, force_);
  }
  for (const Warning& warning : source.tokenizer->Warnings(source.path.string())) console.Warn(warning);
  ThreadPool pool(threads_ ? threads_ : PhysicalCores());
  const Stopwatch watch;
  Stopwatch shown;
  const auto progress = [&](uint64_t text_bytes) {
    if (shown.seconds() < 0.2) return;
    shown.Restart();
    const double megabytes = static_cast<double>(text_bytes) / 1e6;
    console.Progress(fmt::format("{:.0f} MB of text, {:.1f} MB/s", megabytes, megabytes / watch.seconds()));
  };
  const auto [train, held_out, words_cut, unread] =
      WriteShardFolder(corpus_, held_out_, source, output_, pool, progress);
  console.Progress("");
  TellOverlap(console, corpus_, words_cut);
  for (const auto& [field, documents] : unread) console.Warn(UnreadFieldWarning(corpus_, field, documents));

  const double seconds = watch.seconds();
  const size_t vocab = source.tokenizer->vocab_size();
  const uint64_t bytes = train.text_bytes + held_out.text_bytes, tokens = train.tokens + held_out.tokens;
  if (console.json) {
    console.PrintJson(boost::json::object{{"train", ToJson(train)},
                                          {"held_out", ToJson(held_out)},
                                          {"vocabulary", vocab},
                                          {"bytes_per_token", Ratio(bytes, tokens)},
                                          {"seconds", seconds},
                                          {"megabytes_per_s", static_cast<double>(bytes) / 1e6 / seconds}});
    return 0;
  }
  console.Print(
      fmt::format("{:>12} documents to learn from, {} held out\n{:>12} tokens to learn from, {} held out\n"
                  "{:>12.3f} bytes a token, vocabulary of {}\n{:>12.1f} MB of text a second\n{} is written; try: "
                  "sheepop train {} -o mine.gguf\n",
                  train.documents, held_out.documents, train.tokens, held_out.tokens, Ratio(bytes, tokens), vocab,
                  static_cast<double>(bytes) / 1e6 / seconds, output_, output_));
  return 0;
}

}  // namespace sheepop::cli
