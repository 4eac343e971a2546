#include "data/shard_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/token_shards.h"
#include "testing/paths.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::ReadFile;
using testing::TemporaryFolder;
using testing::WriteFile;

class Shards : public ::testing::Test {
 protected:
  ShardFolder Write(std::string_view text, const std::filesystem::path& folder, size_t threads = 1) {
    WriteFile(folder_ / "text.txt", text);
    ThreadPool pool(threads);
    return WriteShardFolder((folder_ / "text.txt").string(), {.names = {}, .share = 0.25}, tokenizer_, folder, pool,
                            [&](uint64_t text_bytes) { told_.push_back(text_bytes); });
  }

  TemporaryFolder folder_;
  TokenizerSource tokenizer_ = OpenTokenizer(testing::SourcePath("tests/data/tiny/llama/model.gguf"));
  std::vector<uint64_t> told_;
};

TEST_F(Shards, HoldWhatTheyCount) {
  const ShardFolder made = Write("the sheep on the hill", folder_ / "out");
  EXPECT_EQ(made.train.text_bytes, 15u);
  EXPECT_EQ(made.held_out.text_bytes, 6u);
  EXPECT_EQ(told_, (std::vector<uint64_t>{15, 21}));
  for (const ShardCounts& counts : {made.train, made.held_out}) {
    const TokenShard shard = TokenShard::Open(counts.file);
    EXPECT_EQ(shard.documents(), 1u);
    EXPECT_EQ(counts.documents, 1u);
    EXPECT_EQ(shard.size(0), counts.tokens);
    EXPECT_EQ(shard.tokenizer(), TokenizerFingerprint(tokenizer_.metadata));
    EXPECT_EQ(shard.vocab(), tokenizer_.tokenizer->vocab_size());
  }
  EXPECT_TRUE(IsShardFolder(folder_ / "out"));
}

TEST_F(Shards, AreTheSameForAnyNumberOfThreads) {
  Write("the sheep on the hill", folder_ / "one", 1);
  Write("the sheep on the hill", folder_ / "three", 3);
  for (const char* name : {kTrainShard, kHeldOutShard, kShardTokenizer}) {
    EXPECT_EQ(ReadFile(folder_ / "one" / name), ReadFile(folder_ / "three" / name)) << name;
  }
}

TEST_F(Shards, NothingToLearnLeavesNoFile) {
  EXPECT_THROW(Write("", folder_ / "out"), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out"));
}

}  // namespace
}  // namespace sheepop
