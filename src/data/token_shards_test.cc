#include "data/token_shards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::ReadFile;
using testing::TemporaryFolder;
using testing::WriteFile;

using Documents = std::vector<std::vector<Token>>;

std::string Hash(char c) { return std::string(64, c); }

void WriteShard(const std::filesystem::path& path, size_t vocab, const Documents& documents) {
  TokenShardWriter writer(path, vocab, Hash('a'));
  for (const auto& tokens : documents) writer.Add(tokens, 3 * tokens.size());
  writer.Commit();
}

Documents Contents(const TokenShard& shard) {
  Documents documents(shard.documents());
  for (size_t i = 0; i < documents.size(); ++i) {
    documents[i].resize(shard.size(i));
    shard.Copy(i, 0, documents[i]);
  }
  return documents;
}

std::string OpenError(const std::filesystem::path& path) {
  try {
    TokenShard::Open(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TokenShards, GiveBackWhatWasWrittenInBothWidths) {
  const TemporaryFolder folder;
  const Documents documents = {{1, 2, 3}, {}, {0, 65535}, {7}, {}};
  for (const auto& [vocab, width] : {std::pair<size_t, size_t>{65536, 2}, {65537, 4}}) {
    WriteShard(folder / "a.tokens", vocab, documents);
    const TokenShard shard = TokenShard::Open(folder / "a.tokens");
    EXPECT_EQ(Contents(shard), documents);
    EXPECT_EQ(shard.vocab(), vocab);
    EXPECT_EQ(shard.text_bytes(), 18U);
    EXPECT_EQ(shard.tokenizer(), Hash('a'));
    EXPECT_EQ(std::filesystem::file_size(folder / "a.tokens"), 16 + (6 * width + 7) / 8 * 8 + 5 * 8 + 160);
    Token middle = -1;
    shard.Copy(2, 1, {&middle, 1});
    EXPECT_EQ(middle, 65535);
  }
}

TEST(TokenShards, MayBeEmpty) {
  const TemporaryFolder folder;
  WriteShard(folder / "a.tokens", 10, {});
  EXPECT_EQ(TokenShard::Open(folder / "a.tokens").documents(), 0U);
}

TEST(TokenShards, AppearWhole) {
  const TemporaryFolder folder;
  {
    TokenShardWriter writer(folder / "a.tokens", 10, Hash('a'));
    writer.Add(std::vector<Token>{1, 2}, 2);
    EXPECT_FALSE(std::filesystem::exists(folder / "a.tokens"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(TokenShards, AnyChangedByteOrLengthIsAnError) {
  const TemporaryFolder folder;
  WriteShard(folder / "a.tokens", 300, {{1, 2, 299}, {4}});
  const std::string good = ReadFile(folder / "a.tokens");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x41);
    WriteFile(folder / "b.tokens", bad);
    EXPECT_NE(OpenError(folder / "b.tokens"), "") << "byte " << i;
    WriteFile(folder / "b.tokens", good.substr(0, i));
    EXPECT_NE(OpenError(folder / "b.tokens"), "") << "cut at " << i;
  }
  WriteFile(folder / "b.tokens", good + std::string(8, '\0'));
  EXPECT_NE(OpenError(folder / "b.tokens"), "");
}

// A file that lies with a right checksum.
TEST(TokenShards, AreNotBelievedForTheirChecksum) {
  const TemporaryFolder folder;
  WriteShard(folder / "a.tokens", 300, {{1, 2, 299}, {4}});
  const std::string good = ReadFile(folder / "a.tokens");
  const size_t footer = good.size() - 160;
  const auto with = [&](size_t at, auto value) {
    std::string bad = good;
    std::memcpy(bad.data() + at, &value, sizeof(value));
    bad.resize(bad.size() - 64);
    bad += Sha256Hex(bad);
    WriteFile(folder / "b.tokens", bad);
    return OpenError(folder / "b.tokens");
  };
  EXPECT_EQ(with(16, uint16_t{5}), "");
  EXPECT_THAT(with(16, uint16_t{300}), ::testing::HasSubstr("holds token 300"));
  EXPECT_THAT(with(24, uint64_t{5}), ::testing::HasSubstr("end in order"));
  EXPECT_THAT(with(32, uint64_t{9}), ::testing::HasSubstr("end in order"));
  EXPECT_THAT(with(footer, uint64_t{1} << 61), ::testing::HasSubstr("do not fill"));
  EXPECT_THAT(with(footer + 8, uint64_t{1} << 63), ::testing::HasSubstr("do not fill"));
  EXPECT_THAT(with(footer + 24, uint64_t{0}), ::testing::HasSubstr("vocabulary"));
  EXPECT_THAT(with(footer + 24, uint64_t{100000}), ::testing::HasSubstr("have 4"));
  EXPECT_THAT(with(8, uint32_t{2}), ::testing::HasSubstr("version 2"));
}

}  // namespace
}  // namespace sheepop
