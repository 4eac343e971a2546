#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

#include "base/error.h"

namespace sheepop {
namespace {

KvShape Tiny() { return {{{1, 4}, {1, 4}}, kernel::KvType::kF32}; }

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
    EXPECT_EQ(why_not({std::vector<KvHeads>(layers, {1 << 16, 1 << 14}), kernel::KvType::kF32}, size_t{1} << 32,
                      ErrorCategory::kLimit),
              "a context of 4294967296 positions is larger than the memory; ask for a smaller one");
  }
  EXPECT_EQ(why_not(Tiny(), 0, ErrorCategory::kInvalidArgument),
            "the context holds 0 positions, it must be between 1 and 34359738352");
  EXPECT_EQ(why_not(Tiny(), SIZE_MAX / 2, ErrorCategory::kInvalidArgument),
            "the context holds 9223372036854775807 positions, it must be between 1 and 34359738352");
}

TEST(KvCache, WhatDoesNotFitIsRefusedWithWhatWould) {
  const auto why_not = [](size_t capacity, size_t free) -> std::string {
    try {
      RequireCacheMemory({std::vector<KvHeads>(10, {4, 125}), kernel::KvType::kF16}, capacity, "ask for less", free);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kLimit);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(why_not(100'000, 2'000'000'000), "");
  EXPECT_EQ(why_not(100'000'000, 0), "");
  EXPECT_EQ(why_not(100'000, 1'900'000'000),
            "keys and values of 100000 positions take 2.0 GB, 1.9 GB of memory are free, enough for 94992 positions: "
            "ask for less");
  EXPECT_NE(why_not(SIZE_MAX, 1000), "") << "beyond 64 bits";
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

TEST(KvCache, ValuesInKeysTakeHalfOfTheMemory) {
  KvShape shape = Tiny();
  const size_t both = shape.BytesPerPosition();
  shape.value_dim = 3;
  EXPECT_EQ(2 * shape.BytesPerPosition(), both);
  KvCache cache(shape, 64);
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 20));
  auto* keys = reinterpret_cast<float*>(cache.Layer(1).keys);
  keys[cache.block_table(a)[1] * 64] = 7;
  const SequenceId b = cache.Fork(a);
  Append(cache, b, Range(50, 1));
  ASSERT_NE(cache.block_table(b)[1], cache.block_table(a)[1]);
  EXPECT_EQ(keys[cache.block_table(b)[1] * 64], 7);
}

TEST(KvCache, LayersOfDifferentSizesLieApart) {
  const std::vector<KvHeads> layers = {{1, 4}, {2, 8}, {1, 2}};
  KvCache cache({layers, kernel::KvType::kF32}, 64);
  EXPECT_EQ(cache.shape().BytesPerPosition(), 2 * (4 + 16 + 2) * sizeof(float));
  const SequenceId a = cache.Open();
  Append(cache, a, Range(0, 20));
  // Every number of every head's block is another one.
  const auto at = [&](size_t layer, bool keys, size_t head, uint32_t block) {
    const kernel::KvLayer kv = cache.Layer(layer);
    auto* memory = reinterpret_cast<float*>(keys ? kv.keys : kv.values);
    return memory + (head * kv.blocks + block) * kernel::kKvBlock * layers[layer].dim;
  };
  const auto each = [&](SequenceId sequence, const auto& visit) {
    float next = 1;
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      for (const bool keys : {true, false}) {
        for (size_t head = 0; head < layers[layer].heads; ++head) {
          float* values = at(layer, keys, head, cache.block_table(sequence)[1]);
          for (size_t i = 0; i < kernel::kKvBlock * layers[layer].dim; ++i) visit(values[i], next++);
        }
      }
    }
  };
  each(a, [](float& value, float number) { value = number; });
  const SequenceId b = cache.Fork(a);
  Append(cache, b, Range(50, 1));
  ASSERT_NE(cache.block_table(b)[1], cache.block_table(a)[1]);
  for (const SequenceId sequence : {a, b}) {
    each(sequence, [](float value, float number) { ASSERT_EQ(value, number); });
  }
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

// What a recurrent layer would keep of the tokens so far: it depends on all of them and on their order.
class States {
 public:
  explicit States(size_t capacity) : cache_(Shape(), capacity) {}

  KvCache& cache() { return cache_; }

  // One pass over the next tokens of a sequence.
  void Run(SequenceId id, std::span<const Token> tokens) {
    Append(cache_, id, tokens);
    const std::vector<KvCache::Capture> captures = cache_.Captures(id, tokens.size());
    for (size_t row = 0; row < tokens.size(); ++row) {
      Step(tokens[row], cache_.State(id));
      for (const KvCache::Capture& capture : captures) {
        if (capture.rows == row + 1) std::copy_n(cache_.State(id), 2, capture.to.get());
      }
    }
    ExpectRight(id);
  }

  // A request: what is found of the prompt, the rest of it in passes of `chunk`, then tokens one by one. Returns how many
  // positions of the prompt were computed.
  size_t Request(std::span<const Token> prompt, std::span<const Token> written, size_t chunk = 64) {
    const SequenceId id = cache_.Open();
    const size_t found = cache_.Reuse(id, prompt);
    ExpectRight(id);
    for (size_t at = found; at < prompt.size(); at += chunk) {
      Run(id, prompt.subspan(at, std::min(chunk, prompt.size() - at)));
    }
    for (const Token& token : written) Run(id, {&token, 1});
    cache_.Close(id);
    return prompt.size() - found;
  }

  void ExpectRight(SequenceId id) {
    float state[2] = {};
    for (Token token : cache_.tokens(id)) Step(token, state);
    EXPECT_EQ(cache_.State(id)[0], state[0]) << cache_.size(id) << " positions";
    EXPECT_EQ(cache_.State(id)[1], state[1]);
  }

 private:
  static KvShape Shape() {
    KvShape shape = Tiny();
    shape.state_floats = 2;
    return shape;
  }
  static void Step(Token token, float* state) {
    state[1] = 0.5F * state[1] + state[0];
    state[0] = static_cast<float>(token % 7) - 0.25F * state[0];
  }

  KvCache cache_;
};

std::vector<Token> Joined(std::vector<Token> a, const std::vector<Token>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(KvCacheState, ATurnOfAChatComputesWhatIsNewAndTheTailOfABlock) {
  States states(4096);
  std::vector<Token> chat = Range(1, 100);
  EXPECT_EQ(states.Request(chat, Range(5000, 37)), 100u);
  chat = Joined(chat, Range(5000, 37));
  for (Token turn = 1; turn < 10; ++turn) {
    const std::vector<Token> said = Range(1000 * turn, 23), answer = Range(1000 * turn + 500, 41);
    const std::vector<Token> prompt = Joined(chat, said);
    EXPECT_LE(states.Request(prompt, answer), said.size() + kernel::kKvBlock) << "turn " << turn;
    chat = Joined(prompt, answer);
  }
}

TEST(KvCacheState, AnAnswerThatIsAskedForAgainBeginsAtThePromptsEnd) {
  States states(4096);
  const std::vector<Token> prompt = Range(1, 100);
  states.Request(prompt, Range(5000, 60));
  EXPECT_EQ(states.Request(prompt, Range(6000, 60)), 4u) << "the last full block of the prompt ends at 96";
}

TEST(KvCacheState, PromptsThatBeginAlikeShareASnapshotFromTheThirdOn) {
  States states(4096);
  const std::vector<Token> system = Range(1, 80);
  const auto prompt = [&](Token first) { return Joined(system, Range(first, 40)); };
  EXPECT_EQ(states.Request(prompt(1000), {}), 120u);
  EXPECT_EQ(states.Request(prompt(2000), {}), 120u) << "parts from the first where no snapshot is";
  EXPECT_EQ(states.Request(prompt(3000), {}), 40u);
  EXPECT_EQ(states.Request(prompt(4000), {}, 7), 40u);
}

TEST(KvCacheState, AnEditedTurnRestartsFromTheNearestSnapshot) {
  States states(4096);
  const std::vector<Token> first = Range(1, 64), second = Joined(Joined(first, Range(500, 20)), Range(700, 30));
  states.Request(first, Range(500, 20));
  states.Request(second, Range(800, 20));
  const std::vector<Token> edited = Joined(Joined(first, Range(500, 20)), Range(900, 30));
  EXPECT_EQ(states.Request(edited, {}), edited.size() - 80) << "what was written first ended a block at 80";
}

TEST(KvCacheState, ForkedSequencesGoTheirOwnWays) {
  States states(512);
  const SequenceId a = states.cache().Open();
  states.Run(a, Range(1, 40));
  const SequenceId b = states.cache().Fork(a);
  states.Run(a, Range(100, 20));
  states.Run(b, Range(200, 20));
  states.ExpectRight(a);
  states.ExpectRight(b);
}

TEST(KvCacheState, TruncateGoesBackToASnapshot) {
  States states(512);
  const SequenceId a = states.cache().Open();
  states.Run(a, Range(1, 40));
  states.Run(a, Range(100, 40));
  states.cache().Truncate(a, 79);
  EXPECT_EQ(states.cache().size(a), 0u) << "of a prompt the last snapshot alone is kept, at 80";
  states.ExpectRight(a);
  states.Run(a, Range(1, 48));
  states.cache().Truncate(a, 48);
  EXPECT_EQ(states.cache().size(a), 48u);
  states.ExpectRight(a);
}

TEST(KvCacheState, SnapshotsGoWithTheirBlocksAndStayBounded) {
  States states(96);
  for (Token first = 0; first < 100; ++first) states.Request(Range(1000 * first, 50), Range(7, 20));
  EXPECT_LE(states.cache().snapshots(), 96 / kernel::kKvBlock);
  KvShape large = Tiny();
  large.state_floats = size_t{1} << 26;
  EXPECT_GT(KvCache(large, 64).room(), 0u);
}

// Against a cache that forgets everything: the state is right whatever is shared, cut and dropped.
TEST(KvCacheState, RandomUseNeverShowsAWrongState) {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    States states(160);
    std::vector<SequenceId> open;
    for (int step = 0; step < 200; ++step) {
      const size_t what = random() % 6;
      if (what <= 1 && open.size() < 3) {
        open.push_back(states.cache().Open());
        states.cache().Reuse(open.back(), Joined(Range(1, random() % 50), Range(static_cast<Token>(random() % 3), 10)));
      } else if (!open.empty()) {
        const size_t at = random() % open.size();
        const SequenceId id = open[at];
        const size_t room = states.cache().room();
        if (what == 2) {
          states.cache().Close(id);
          open.erase(open.begin() + static_cast<ptrdiff_t>(at));
          continue;
        }
        if (what == 3) states.cache().Truncate(id, random() % (states.cache().size(id) + 1));
        const size_t count = what == 4 ? 1 : 1 + random() % 30;
        const auto next = static_cast<Token>(states.cache().size(id) + 1);
        if (what >= 4 && room >= count + 32) states.Run(id, Range(random() % 4 ? next : 2, count));
      }
      for (SequenceId id : open) states.ExpectRight(id);
    }
  }
}

}  // namespace
}  // namespace sheepop
