#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

#include "base/error.h"

namespace sheepop {
namespace {

KvShape Tiny() { return {2, 1, 4, kernel::KvType::kF32}; }

std::vector<Token> Range(Token first, size_t count) {
  std::vector<Token> tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

void Append(KvCache& cache, SequenceId id, std::span<const Token> tokens) {
  const KvCache::Count count{id, tokens.size()};
  cache.CheckRoom({&count, 1});
  for (Token token : tokens) cache.Append(id, token);
}

TEST(KvCache, SharesWholeBlocksOfAPrefix) {
  KvCache cache(Tiny(), 128);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 40));
  const SequenceId b = cache.Open();
  EXPECT_EQ(cache.Reuse(b, Range(0, 40)), 32u);
  EXPECT_EQ(cache.block_table(b)[0], cache.block_table(a)[0]);
  EXPECT_EQ(cache.block_table(b)[1], cache.block_table(a)[1]);
  const SequenceId c = cache.Open();
  EXPECT_EQ(cache.Reuse(c, Range(0, 32)), 16u) << "one token must be left to compute";
  const SequenceId d = cache.Open();
  EXPECT_EQ(cache.Reuse(d, Range(1, 40)), 0u);
}

TEST(KvCache, ClosedSequencesStayFindableUntilRoomIsNeeded) {
  KvCache cache(Tiny(), 64);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 33));
  cache.Close(a);
  EXPECT_EQ(cache.room(), 64u);
  SequenceId b = cache.Open();
  EXPECT_EQ(cache.Reuse(b, Range(0, 33)), 32u);
  cache.Close(b);
  b = cache.Open();
  Append(cache, b, Range(100, 64));
  cache.Close(b);
  b = cache.Open();
  EXPECT_EQ(cache.Reuse(b, Range(0, 33)), 0u);
}

TEST(KvCache, NeverGrowsAndSaysSo) {
  KvCache cache(Tiny(), 32);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 30));
  try {
    Append(cache, a, Range(0, 3));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
    EXPECT_NE(std::string(error.what()).find("32 positions"), std::string::npos) << error.what();
  }
  EXPECT_EQ(cache.size(a), 30u);
}

TEST(KvCache, IsNotLargerThanMemory) {
  const auto why_not = [](const KvShape& shape, size_t capacity, ErrorCategory category) -> std::string {
    try {
      KvCache(shape, capacity);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), category);
      return error.what();
    }
    return "";
  };
  // 2^68 bytes, and 2^64 in one layer, where products of 64 bits begin again.
  for (const size_t layers : {4096, 1}) {
    EXPECT_EQ(why_not({layers, 1 << 16, 1 << 14, kernel::KvType::kF32}, size_t{1} << 32, ErrorCategory::kLimit),
              "a context of 4294967296 positions is larger than the memory; ask for a smaller one");
  }
  EXPECT_EQ(why_not(Tiny(), 0, ErrorCategory::kInvalidArgument),
            "the context holds 0 positions, it must be between 1 and 34359738352");
  EXPECT_EQ(why_not(Tiny(), SIZE_MAX / 2, ErrorCategory::kInvalidArgument),
            "the context holds 9223372036854775807 positions, it must be between 1 and 34359738352");
}

TEST(KvCache, ForkCopiesOnWrite) {
  KvCache cache(Tiny(), 64);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 20));
  auto* keys = reinterpret_cast<float*>(cache.Layer(1).keys);
  keys[cache.block_table(a)[1] * 64] = 7;
  const SequenceId b = cache.Fork(a);
  EXPECT_EQ(cache.block_table(b)[1], cache.block_table(a)[1]);
  Append(cache, b, Range(50, 1));
  EXPECT_NE(cache.block_table(b)[1], cache.block_table(a)[1]);
  EXPECT_EQ(keys[cache.block_table(b)[1] * 64], 7);
  EXPECT_EQ(cache.size(a), 20u);
  EXPECT_EQ(cache.size(b), 21u);
}

// Of the sequences that share a block the last to write keeps it.
TEST(KvCache, CountsTheBlocksThatForksNeed) {
  KvCache cache(Tiny(), 64);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 20));
  const SequenceId b = cache.Fork(a);
  const SequenceId c = cache.Fork(a);
  EXPECT_EQ(cache.available_blocks(), 2u);
  const std::vector<KvCache::Count> two{{a, 1}, {b, 1}}, three{{a, 1}, {b, 1}, {c, 1}};
  EXPECT_EQ(cache.BlocksNeeded(two), 2u);
  EXPECT_EQ(cache.BlocksNeeded(three), 2u);
  cache.CheckRoom(three);
  for (const SequenceId id : {a, b, c}) cache.Append(id, 7);
  EXPECT_EQ(cache.available_blocks(), 0u);
  EXPECT_EQ(cache.BlocksNeeded(std::vector<KvCache::Count>{{a, 11}, {b, 12}, {c, 0}}), 1u);
}

TEST(KvCache, AnIndexedBlockIsNotOverwritten) {
  KvCache cache(Tiny(), 64);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 16));
  cache.Truncate(a, 10);
  Append(cache, a, Range(90, 6));
  const SequenceId b = cache.Open();
  EXPECT_EQ(cache.Reuse(b, Range(0, 17)), 0u) << "the block now stands for other tokens";
}

// A plain model of what the cache promises: contents of every block as seen through the tables.
TEST(KvCache, RandomOperationsKeepContents) {
  std::mt19937 random(1);
  KvCache cache(Tiny(), 256);
  auto value_at = [&](SequenceId id, size_t position) -> float& {
    auto* values = reinterpret_cast<float*>(cache.Layer(0).values);
    return values[(cache.block_table(id)[position / 16] * 16 + position % 16) * 4];
  };
  // What a value must be: a hash of the tokens so far.
  auto expected = [](std::span<const Token> tokens) {
    uint32_t hash = 1;
    for (Token token : tokens) hash = hash * 31 + static_cast<uint32_t>(token) + 7;
    return static_cast<float>(hash & 0xFFFF);
  };
  std::map<SequenceId, std::vector<Token>> live;
  for (int step = 0; step < 20000; ++step) {
    const auto pick = [&] { return std::next(live.begin(), static_cast<long>(random() % live.size())); };
    const auto action = random() % 10;
    if (live.size() < 2 || (action == 0 && live.size() < 6)) {
      const SequenceId id = cache.Open();
      std::vector<Token> wanted(1 + random() % 60);
      for (Token& token : wanted) token = static_cast<Token>(random() % 8 == 0);
      const size_t reused = cache.Reuse(id, wanted);
      ASSERT_LT(reused, wanted.size());
      live[id] = {wanted.begin(), wanted.begin() + static_cast<long>(reused)};
    } else if (action == 1 && live.size() < 6) {
      const auto from = pick();
      live[cache.Fork(from->first)] = from->second;
    } else if (action == 2) {
      const auto it = pick();
      const size_t size = random() % (it->second.size() + 1);
      cache.Truncate(it->first, size);
      it->second.resize(size);
    } else if (action == 3) {
      const auto it = pick();
      cache.Close(it->first);
      live.erase(it);
    } else {
      const auto it = pick();
      const KvCache::Count count{it->first, 1};
      try {
        cache.CheckRoom({&count, 1});
      } catch (const Error&) {
        continue;
      }
      const Token token = static_cast<Token>(random() % 8 == 0);
      const size_t position = cache.Append(it->first, token);
      it->second.push_back(token);
      ASSERT_EQ(position + 1, it->second.size());
      value_at(it->first, position) = expected(it->second);
    }
    for (const auto& [id, tokens] : live) {
      ASSERT_EQ(cache.size(id), tokens.size());
      for (size_t p = 0; p < tokens.size(); p += 5) {
        ASSERT_EQ(value_at(id, p), expected(std::span(tokens).first(p + 1))) << "step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace sheepop
