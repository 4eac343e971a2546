// What held-out texts share with learned ones, so that it can be cut from them: a model is not measured on what it has read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// Passages are runs of kPassageWords words or more, case and white space aside. Holds 9 bytes a word held out, of learned
// texts nothing. A 64-bit hash stands for a run. Call HoldOut for every text that is held out, then Learn for every one
// that is learned, then Without. Not thread-safe.
class SharedPassages {
 public:
  static constexpr size_t kPassageWords = 50;

  void HoldOut(std::string_view text);
  void Learn(std::string_view text);

  // `text`, one that was given to HoldOut, without the words of shared passages and the white space behind them.
  // `words_cut` is how many those are.
  std::string Without(std::string_view text, uint64_t& words_cut);

 private:
  void Sort();
  size_t Find(uint64_t run) const;  // runs_.size(): none

  std::vector<uint64_t> runs_;    // of held-out texts; sorted and without doubles once Learn was called
  std::vector<uint32_t> begins_;  // by a run's upper 16 bits, its place in runs_
  std::vector<bool> learned_;     // [runs_]
  bool sorted_ = false;
};

}  // namespace sheepop
