// The tokens that may still be drawn, and how likely each is. Ordered by logit, descending, then by id, ascending.
//
// Two forms. At first a row of the whole vocabulary, of which everything above one cut is a candidate; nothing is
// sorted or copied. Once a cut leaves few enough, a sorted list. Which form is in force shows in the cost, never in the
// result: probabilities are sums of fixed-point weights (kernel/select.h), and a cut is the same key in either form.
//
// Temperature divides the logits in effect but stays apart from them: `logit` is always the value before temperature,
// which keeps the order exact; functions that speak of nats mean logit / temperature.
//
// A prefix that falls short of a wanted probability by less than 2^-20 of it counts as reaching it, and likewise for
// distances in nats: float logits do not resolve more, and 0.5 + 0.3 is to reach 0.8.
//
// Reads the row that Reset was given; one thread at a time. Reuse one object for many rows, it keeps its buffers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sample/editable_row.h"

namespace sheepop {

// What float logits resolve: a share of a probability, and a distance in nats.
inline constexpr double kProbabilitySlack = 0x1p-20;

struct Candidate {
  Token token;
  float logit;  // before temperature
};

// The first candidates of the order, up to and including one.
struct Prefix {
  uint64_t last_key = 0;
  uint64_t count = 0;
  uint64_t mass = 0;  // sum of weights
};

struct Drawn {
  Token token;
  size_t rank;  // 0 is the best candidate
  double probability;
  double low;  // the token is drawn by every u in [low, high)
  double high;
};

// logit := logit * factor + delta, where delta is added to the logit in effect, after temperature.
struct LogitEdit {
  Token token;
  double factor = 1;
  double delta = 0;
};

class Candidates {
 public:
  explicit Candidates(const kernel::SelectKernels& select) : row_(select) {}

  void Reset(const LogitRow& row);

  bool empty() const { return best() == -std::numeric_limits<float>::infinity(); }
  size_t vocabulary_size() const { return row_.size(); }
  double temperature() const { return temperature_; }
  float best() const;  // the greatest logit

  size_t Count() const;
  uint64_t Mass() const;  // sum of weights; the best weighs kernel::kFullWeight
  double EntropyNats() const;
  double Nats(float logit) const;  // (logit - best) / temperature, 0 or less
  double Probability(float logit) const;
  double LogProbability(float logit) const;
  std::vector<Candidate> First(size_t n) const;
  std::optional<Candidate> Find(Token token) const;  // empty when it is no candidate
  size_t Rank(const Candidate& candidate) const;
  uint64_t MassTarget(double p) const;  // the mass that reaches probability p, at least 1
  // visit(candidate, weight), the same order for the same history of calls, but no particular one.
  void ForEach(const std::function<void(const Candidate&, uint32_t)>& visit) const;

  // Tokens that are no candidates are left alone. Results are clamped to finite numbers: an edit removes nothing.
  void Edit(std::span<const LogitEdit> edits);
  void Ban(std::span<const Token> tokens);
  void KeepOnly(std::span<const uint64_t> mask);  // see EditableRow
  void DivideBy(double temperature);              // > 0

  // None of these empties the candidates.
  void KeepFirst(size_t k, bool keep_ties);       // k >= 1
  void KeepMass(double p, size_t min_keep);       // the smallest prefix with at least this probability
  void KeepWithin(double nats, size_t min_keep);  // those at most this far below the best
  void DropFirst(size_t n);                       // n < Count()
  void KeepListed(std::vector<uint64_t> keys);    // these candidates only, given as order keys, at least one

  Drawn Draw(double u) const;  // the first candidate whose cumulative probability exceeds u, in [0, 1)

  // Weights by the definition of kernel/select.h, at the current best and temperature.
  kernel::WeightScale Scale() const;
  std::vector<uint32_t> Weights(std::span<const uint64_t> keys) const;

 private:
  static constexpr size_t kListLimit = 2048;  // a longer list costs more to sort than another pass over the row

  enum class Measure { kCount, kMass };

  Prefix PrefixOf(uint64_t target, Measure measure) const;  // the shortest whose count or mass reaches the target
  Prefix RowPrefix(uint64_t target, Measure measure) const;
  bool GatherBest(size_t count) const;  // into window_, like the next
  bool GatherHeaviest(uint64_t mass) const;
  Prefix HistogramPrefix(uint64_t target, Measure measure) const;
  Prefix Shortest(std::span<const uint64_t> sorted, uint64_t target, Measure measure) const;
  Prefix PrefixDownTo(uint64_t key) const;
  const std::vector<kernel::SelectBucket>& Histogram() const;
  std::vector<uint64_t> FirstKeys(size_t n) const;
  void CutAt(const Prefix& prefix);
  void CutAtLogit(float threshold, size_t min_keep);
  void MakeList(size_t expected);
  void TakeList(std::vector<uint64_t>& keys);
  void Changed();

  EditableRow row_;
  double temperature_ = 1;
  bool is_list_ = false;
  uint64_t cut_ = 0;            // row form: candidates are those with a key >= cut_
  std::vector<uint64_t> list_;  // list form: order keys, descending

  // What follows is remembered until the candidates change.
  mutable std::optional<float> best_;
  mutable std::optional<uint64_t> mass_;
  mutable std::optional<uint64_t> count_;
  mutable bool histogram_known_ = false;
  mutable std::vector<kernel::SelectBucket> histogram_;
  mutable std::vector<uint64_t> window_;   // keys gathered last
  mutable bool window_is_sorted_ = false;  // and they are the prefix found last
};

}  // namespace sheepop
