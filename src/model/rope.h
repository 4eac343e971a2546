// Rotary positions (Su et al., arXiv:2104.09864) as a configuration states them, and the frequencies that follow.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace sheepop {

// Meta's Llama 3.1: frequencies of few turns within the original context are divided by `factor`, those of many are kept,
// those between interpolated.
struct Llama3Scaling {
  double factor = 1;
  double low = 1, high = 4;  // turns within the original context: at most low is few, more than high is many
  double original_context = 0;
};

// YaRN (arXiv:2309.00071): frequencies of few turns within the original context are divided by `factor`, those of many
// kept, those between blended along the pairs.
struct YarnScaling {
  double factor = 1;
  double original_context = 0;
  double fast = 32, slow = 1;  // turns: from `fast` on kept, up to `slow` divided
  bool truncate = true;        // both bounds are whole pairs
};

// LongRoPE (arXiv:2402.13753): each frequency is divided by a factor of its own.
struct LongRopeScaling {
  std::vector<double> short_factors, long_factors;  // [pairs]
  double original_context = 0;                      // positions up to which the short ones hold
  bool longer = false;                              // the context that will be used is longer
};

// One set of rotary frequencies. Every scaling that is there is applied, in this order.
struct RopeConfig {
  size_t dims = 0;               // of a head that are turned, even; 0: none
  double theta = 10000;          // pair i turns by theta^(-2i / dims) radians a position
  double linear = 1;             // all frequencies are divided by it
  std::vector<double> divisors;  // [pairs], each frequency's own (rope_freqs.weight); empty: none
  std::optional<Llama3Scaling> llama3;
  std::optional<YarnScaling> yarn;
  std::optional<LongRopeScaling> long_rope;
  float factor = 1;          // multiplies cosines and sines
  bool interleaved = false;  // pairs are (2i, 2i + 1) instead of (i, i + pairs)
  size_t still = 0;          // pairs, the last ones, that do not turn: their frequency is 0

  size_t pairs() const { return dims / 2; }
  size_t turned() const { return pairs() - still; }
};

// What YaRN multiplies cosines and sines by where a configuration names nothing: its factor, and DeepSeek's strength.
double YarnFactor(double scale, double mscale = 1);

// [pairs], radians a position. The lists that `rope` holds have one entry a pair.
std::vector<double> Frequencies(const RopeConfig& rope);

// What `rope.llama3` divides each frequency by, [pairs].
std::vector<double> Llama3Divisors(const RopeConfig& rope);

// Whether two lists of frequencies or divisors are the same to what 32 bits can tell.
bool NearlyEqual(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace sheepop
