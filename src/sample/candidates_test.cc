// Candidates against one sorted list that does each operation by its definition, on rows long enough for every shortcut.
#include "sample/candidates.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "kernel/kernels.h"

namespace sheepop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class SortedList {
 public:
  explicit SortedList(const std::vector<float>& row) {
    for (size_t id = 0; id < row.size(); ++id) {
      if (row[id] > -kInfinity) list_.push_back({static_cast<Token>(id), row[id]});
    }
    Sort();
  }

  const std::vector<Candidate>& list() const { return list_; }

  std::vector<uint32_t> Weights() const {
    std::vector<float> logits;
    for (const Candidate& candidate : list_) logits.push_back(candidate.logit);
    std::vector<uint32_t> weights(list_.size());
    const kernel::WeightScale scale{list_[0].logit, static_cast<float>(1 / temperature_)};
    kernel::KernelsFor(Isa::kReference).select.weights(logits.data(), logits.size(), scale, weights.data());
    return weights;
  }
  uint64_t Mass() const { return Sum(Weights()); }
  static uint64_t Sum(std::span<const uint32_t> weights) {
    return std::accumulate(weights.begin(), weights.end(), uint64_t{0});
  }
  double EntropyNats() const {
    double entropy = 0;
    const auto mass = static_cast<double>(Mass());
    for (const uint32_t weight : Weights()) {
      const double p = weight / mass;
      if (p > 0) entropy -= p * std::log(p);
    }
    return entropy;
  }

  void KeepFirst(size_t count, bool ties) {
    size_t kept = std::min(count, list_.size());
    while (ties && kept < list_.size() && list_[kept].logit == list_[kept - 1].logit) ++kept;
    list_.resize(kept);
  }
  void KeepMass(double p, size_t min_keep) {
    const auto wanted = std::max(1.0, std::ceil(p * (1 - kProbabilitySlack) * static_cast<double>(Mass())));
    const std::vector<uint32_t> weights = Weights();
    size_t kept = 0;
    for (double sum = 0; kept < list_.size() && sum < wanted; ++kept) sum += weights[kept];
    KeepFirst(std::max(kept, min_keep), false);
  }
  void KeepWithin(double nats, size_t min_keep) {
    const double least = static_cast<double>(list_[0].logit) - (std::max(nats, 0.0) + kProbabilitySlack) * temperature_;
    const auto kept = std::ranges::count_if(list_, [&](const Candidate& c) { return c.logit >= least; });
    KeepFirst(std::max(static_cast<size_t>(kept), min_keep), false);
  }
  void DropFirst(size_t count) { list_.erase(list_.begin(), list_.begin() + static_cast<long>(count)); }
  template <typename Kept>
  void KeepIf(const Kept& kept) {
    std::erase_if(list_, [&](const Candidate& candidate) { return !kept(candidate); });
  }
  void Edit(std::span<const LogitEdit> edits) {
    for (const LogitEdit& edit : edits) {
      for (Candidate& candidate : list_) {
        if (candidate.token != edit.token) continue;
        candidate.logit =
            static_cast<float>(static_cast<double>(candidate.logit) * edit.factor + edit.delta * temperature_);
      }
    }
    Sort();
  }
  void DivideBy(double temperature) { temperature_ *= temperature; }

 private:
  void Sort() {
    std::ranges::sort(list_, [](const Candidate& a, const Candidate& b) {
      return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
    });
  }

  std::vector<Candidate> list_;
  double temperature_ = 1;
};

// Alike, many equal, most of them none, a few far above the rest, or each group of 64 equal.
std::vector<float> Row(std::mt19937& random, size_t size) {
  std::normal_distribution<float> bell(0, 1);
  const auto kind = random() % 6;
  std::vector<float> row(size);
  for (size_t id = 0; id < size; ++id) {
    float& logit = row[id];
    logit = bell(random) * 3;
    if (kind == 1) logit = std::round(logit / 3);
    if (kind == 2 && random() % 8 != 0) logit = -kInfinity;
    if (kind == 3) logit = random() % 2 ? 1.5f : -kInfinity;
    if (kind == 4) logit += random() % 128 == 0 ? 20.0f : 0.0f;
    if (kind == 5) logit = 0.125f * static_cast<float>(id / 64 * 37 % 97);
  }
  row[random() % size] = 2;
  return row;
}

void ExpectSame(const Candidates& candidates, const SortedList& plain, std::mt19937& random) {
  const std::vector<Candidate>& list = plain.list();
  ASSERT_EQ(candidates.Count(), list.size());
  const std::vector<uint32_t> weights = plain.Weights();
  ASSERT_EQ(candidates.Mass(), plain.Mass());
  ASSERT_EQ(candidates.best(), list[0].logit);
  ASSERT_NEAR(candidates.EntropyNats(), plain.EntropyNats(), 1e-6);
  for (const size_t count : {size_t{0}, size_t{1}, size_t{100}, list.size() / 2, list.size(), list.size() + 5}) {
    const std::vector<Candidate> first = candidates.First(count);
    ASSERT_EQ(first.size(), std::min(count, list.size()));
    for (size_t i = 0; i < first.size(); ++i) {
      ASSERT_EQ(first[i].token, list[i].token) << i;
      ASSERT_EQ(first[i].logit, list[i].logit) << i;
    }
  }
  size_t visited = 0;
  uint64_t mass = 0;
  candidates.ForEach([&](const Candidate&, uint32_t weight) {
    ++visited;
    mass += weight;
  });
  ASSERT_EQ(visited, list.size());
  ASSERT_EQ(mass, plain.Mass());
  const size_t some = random() % list.size();
  const auto found = candidates.Find(list[some].token);
  ASSERT_TRUE(found && found->logit == list[some].logit);
  ASSERT_EQ(candidates.Rank(*found), some);
  const double u = static_cast<double>(random()) / 0x1p32;
  const Drawn drawn = candidates.Draw(u);
  const auto whole = static_cast<double>(plain.Mass());
  ASSERT_EQ(list.at(drawn.rank).token, drawn.token);
  const uint64_t below = SortedList::Sum(std::span(weights).first(drawn.rank));
  ASSERT_EQ(drawn.low, static_cast<double>(below) / whole);
  ASSERT_EQ(drawn.high, static_cast<double>(below + weights[drawn.rank]) / whole);
  ASSERT_EQ(drawn.probability, weights[drawn.rank] / whole);
  ASSERT_TRUE(drawn.low <= u && u < drawn.high) << drawn.low << " " << u << " " << drawn.high;
}

// Does one operation to both and says which.
std::string Change(Candidates& candidates, SortedList& plain, size_t size, std::mt19937& random) {
  const size_t left = plain.list().size();
  const size_t count = 1 + random() % std::array{size, left, std::min<size_t>(left, 150)}[random() % 3];
  const size_t min_keep = random() % 2 ? 1 : count;
  const double share = static_cast<double>(random() % 1000) / 1000;
  std::vector<LogitEdit> edits;
  std::vector<Token> tokens;
  for (size_t i = random() % 6; i > 0; --i) {
    const Candidate& one = plain.list()[random() % std::min<size_t>(left, random() % 2 ? 4 : left)];
    edits.push_back(
        {random() % 4 ? one.token : static_cast<Token>(random() % size), random() % 2 ? 1 : 0.5, share - 0.5});
    if (tokens.size() + 1 < left) tokens.push_back(one.token);
  }
  switch (random() % 9) {
    case 0: candidates.KeepFirst(count, false), plain.KeepFirst(count, false); return fmt::format("first {}", count);
    case 1: candidates.KeepFirst(count, true), plain.KeepFirst(count, true); return fmt::format("with ties {}", count);
    case 2: candidates.KeepMass(share, min_keep), plain.KeepMass(share, min_keep); return fmt::format("mass {}", share);
    case 3: candidates.KeepWithin(9 * share, min_keep), plain.KeepWithin(9 * share, min_keep); return "within";
    case 4: {
      const size_t dropped = std::min<size_t>(left - 1, count % 5);
      candidates.DropFirst(dropped), plain.DropFirst(dropped);
      return fmt::format("drop {}", dropped);
    }
    case 5: candidates.Edit(edits), plain.Edit(edits); return fmt::format("edit {}", edits.size());
    case 6: {
      candidates.Ban(tokens);
      plain.KeepIf([&](const Candidate& c) { return std::ranges::find(tokens, c.token) == tokens.end(); });
      return fmt::format("ban {}", tokens.size());
    }
    case 7: {
      std::vector<uint64_t> mask(kernel::SelectGroups(size));
      for (uint64_t& word : mask) word = random() % 3 ? ~uint64_t{0} : random() % 2 ? random() : 0;
      const auto kept = static_cast<size_t>(plain.list()[random() % left].token);
      mask[kept / 64] |= uint64_t{1} << (kept % 64);
      const auto in_mask = [&](const Candidate& c) {
        return (mask[static_cast<size_t>(c.token) / 64] >> (static_cast<size_t>(c.token) % 64) & 1) == 1;
      };
      candidates.KeepOnly(mask), plain.KeepIf(in_mask);
      return "only";
    }
    default:
      candidates.DivideBy(0.5 + share), plain.DivideBy(0.5 + share);
      return fmt::format("divide {}", 0.5 + share);
  }
}

class CandidatesOf : public ::testing::TestWithParam<Isa> {};

TEST_P(CandidatesOf, EveryOperationDoesWhatItsDefinitionSays) {
  std::mt19937 random(11);
  Candidates candidates(kernel::KernelsFor(GetParam()).select);
  for (int round = 0; round < 150; ++round) {
    const size_t size = std::array<size_t, 5>{1, 64, 700, 5000, 9001}[random() % 5];
    const std::vector<float> row = Row(random, size);
    SortedList plain(row);
    candidates.Reset({row, {}});
    std::string done = fmt::format("round {}, {} tokens", round, size);
    for (int step = 0; step < 5; ++step) {
      SCOPED_TRACE(done);
      ExpectSame(candidates, plain, random);
      if (HasFatalFailure()) return;
      done += ", " + Change(candidates, plain, size, random);
    }
  }
}

TEST_P(CandidatesOf, ARowMayHaveNone) {
  Candidates candidates(kernel::KernelsFor(GetParam()).select);
  const std::vector<float> none = {NAN, -kInfinity}, one = {NAN, 1};
  candidates.Reset({none, {}});
  EXPECT_TRUE(candidates.empty());
  EXPECT_EQ(candidates.Count(), 0U);
  EXPECT_TRUE(candidates.First(2).empty());
  EXPECT_FALSE(candidates.Find(0));
  candidates.Reset({one, {}});
  EXPECT_FALSE(candidates.empty());
  EXPECT_EQ(candidates.Count(), 1U);
  const Token token = 1;
  candidates.Ban({&token, 1});
  EXPECT_TRUE(candidates.empty());
  EXPECT_EQ(candidates.Count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Isas, CandidatesOf, ::testing::ValuesIn(AvailableIsas().begin(), AvailableIsas().end()),
                         [](const auto& isa) { return std::string(Name(isa.param)); });

}  // namespace
}  // namespace sheepop
