#include "data/shard_folder.h"

#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file_writer.h"
#include "data/text_encoder.h"
#include "data/token_shards.h"

namespace sheepop {
namespace {

// Texts on their way into two shards.
class Sink final : public TextSink {
 public:
  explicit Sink(TextEncoder& encoder) : encoder_(encoder) {}
  void Learn(std::string_view text) override { encoder_.Add(text, false); }
  void HoldOut(std::string_view text) override { encoder_.Add(text, true); }

 private:
  TextEncoder& encoder_;
};

ShardCounts CountsOf(const TokenShardWriter& shard, std::filesystem::path file) {
  return {std::move(file), shard.documents(), shard.tokens(), shard.text_bytes()};
}

}  // namespace

ShardFolder WriteShardFolder(const std::string& input, const HeldOut& held_out, const TokenizerSource& tokenizer,
                             const std::filesystem::path& folder, ThreadPool& pool,
                             const std::function<void(uint64_t)>& progress) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorCategory::kIo, "cannot make the folder {}: {}", folder.string(), error.message());
  const std::string fingerprint = TokenizerFingerprint(tokenizer.metadata);
  const size_t vocab = tokenizer.tokenizer->vocab_size();
  TokenShardWriter train(folder / kTrainShard, vocab, fingerprint), held(folder / kHeldOutShard, vocab, fingerprint);
  TextEncoder encoder(*tokenizer.tokenizer, pool, [&](TextEncoder::Encoded&& text) {
    (text.held_out ? held : train).Add(text.tokens, text.text_bytes);
    if (progress) progress(train.text_bytes() + held.text_bytes());
  });
  Sink sink(encoder);
  const TextSplit split = ReadSplitTexts(input, held_out, sink);
  encoder.Finish();
  if (train.tokens() == 0) throw Error(ErrorCategory::kUnsupported, "{} leaves no text to learn from", input);
  WriteTokenizer(folder / kShardTokenizer, tokenizer.metadata);
  FileWriter names(folder / kSplitFile);
  names.Write(SplitJson(split));
  names.Commit();
  held.Commit();
  train.Commit();
  return {CountsOf(train, folder / kTrainShard), CountsOf(held, folder / kHeldOutShard), split.words_cut, split.unread};
}

}  // namespace sheepop
