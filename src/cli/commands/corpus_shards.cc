#include "cli/commands/corpus_shards.h"

#include <chrono>
#include <filesystem>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "cli/flags/held_out_flags.h"
#include "data/text_encoder.h"
#include "data/token_shards.h"
#include "hub/models.h"
#include "tokenize/tokenizer_source.h"

namespace sheepop::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The texts of a corpus on their way into two shards.
class Sink final : public TextSink {
 public:
  Sink(const Console& console, const Tokenizer& tokenizer, TokenShardWriter& train, TokenShardWriter& held_out,
       ThreadPool& pool)
      : console_(console), encoder_(tokenizer, pool, [&](TextEncoder::Encoded&& text) {
          (text.held_out ? held_out : train).Add(text.tokens, text.text_bytes);
          Show(text.text_bytes);
        }) {}

  void Learn(std::string_view text) override { encoder_.Add(text, false); }
  void HoldOut(std::string_view text) override { encoder_.Add(text, true); }
  void Finish() {
    encoder_.Finish();
    console_.Progress("");
  }
  double seconds() const { return SecondsSince(start_); }

 private:
  void Show(size_t bytes) {
    bytes_ += bytes;
    if (SecondsSince(shown_) < 0.2) return;
    shown_ = Clock::now();
    const double megabytes = static_cast<double>(bytes_) / 1e6;
    console_.Progress(fmt::format("{:.0f} MB of text, {:.1f} MB/s", megabytes, megabytes / seconds()));
  }

  const Console& console_;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
  uint64_t bytes_ = 0;
  TextEncoder encoder_;
};

boost::json::object ToJson(const TokenShardWriter& shard, const std::filesystem::path& path) {
  return {{"file", path.string()},
          {"documents", shard.documents()},
          {"tokens", shard.tokens()},
          {"text_bytes", shard.text_bytes()}};
}

double Ratio(uint64_t a, uint64_t b) { return b ? static_cast<double>(a) / static_cast<double>(b) : 0; }

}  // namespace

void CorpusShards::Register(CLI::App& app) {
  app.add_option("corpus", corpus_, "a corpus folder, a .jsonl.zst whose objects have a field `text`, or a text file")
      ->required()
      ->type_name("CORPUS");
  app.add_option("--tokenizer", tokenizer_,
                 "a GGUF model or vocabulary, a tokenizer.json, or a folder with one of them (see sheepop train "
                 "--tokenizer-only)")
      ->required()
      ->type_name("TOKENIZER");
  app.add_option("-o,--output", output_, "the folder to write; `sheepop train` takes it as its input")
      ->required()
      ->type_name("FOLDER");
  RegisterHeldOut(app, held_out_);
  app.add_option("--threads", threads_,
                 fmt::format("1 to {} (default: the {} physical cores)", ThreadPool::kMaxThreads, PhysicalCores()))
      ->check(CLI::Range(size_t{1}, ThreadPool::kMaxThreads))
      ->type_name("N");
}

int CorpusShards::Run(const Console& console) const {
  const TokenizerSource source = OpenTokenizer(FindModel(tokenizer_));
  const std::filesystem::path folder(output_);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorCategory::kIo, "cannot make the folder {}: {}", output_, error.message());
  ThreadPool pool(threads_ ? threads_ : PhysicalCores());
  const std::string fingerprint = TokenizerFingerprint(source.metadata);
  const size_t vocab = source.tokenizer->vocab_size();
  TokenShardWriter train(folder / kTrainShard, vocab, fingerprint),
      held_out(folder / kHeldOutShard, vocab, fingerprint);
  Sink sink(console, *source.tokenizer, train, held_out, pool);
  ReadSplitTexts(corpus_, held_out_, sink);
  sink.Finish();
  if (train.tokens() == 0) throw Error(ErrorCategory::kInvalidArgument, "{} leaves no text to learn from", corpus_);
  WriteTokenizer(folder / kShardTokenizer, source.metadata);
  held_out.Commit();
  train.Commit();

  const double seconds = sink.seconds();
  const uint64_t bytes = train.text_bytes() + held_out.text_bytes(), tokens = train.tokens() + held_out.tokens();
  if (console.json) {
    console.PrintJson(boost::json::object{{"train", ToJson(train, folder / kTrainShard)},
                                          {"held_out", ToJson(held_out, folder / kHeldOutShard)},
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
                  train.documents(), held_out.documents(), train.tokens(), held_out.tokens(), Ratio(bytes, tokens),
                  vocab, static_cast<double>(bytes) / 1e6 / seconds, output_, output_));
  return 0;
}

}  // namespace sheepop::cli
