// Pre-tokenization: cuts text into the words inside which merging happens. Immutable, shared between threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// One way to cut. `text` is valid UTF-8 and not empty.
class Cutter {
 public:
  virtual ~Cutter() = default;
  // Appends the words of `text` in order; without removals they join up to it.
  virtual void Cut(std::string_view text, std::vector<std::string_view>& words) const = 0;
};

// Cuts one after the other: each works inside the words of the one before. Invalid UTF-8 never reaches them: each maximal
// run of bytes that are not UTF-8 is a word of its own, and the text on either side is cut as if it stood alone.
class Splitter {
 public:
  void Add(std::unique_ptr<const Cutter> cutter) { cutters_.push_back(std::move(cutter)); }
  bool empty() const { return cutters_.empty(); }
  void Split(std::string_view text, std::vector<std::string_view>& words) const;

 private:
  void SplitValid(std::string_view text, std::vector<std::string_view>& words) const;

  std::vector<std::unique_ptr<const Cutter>> cutters_;
};

// What happens to the matches of a pattern, named as in tokenizer.json.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

struct SplitRule {
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool invert = false;  // what lies between the matches counts as the matches
};

// A regular expression in the dialect of tokenizer.json (Oniguruma's Ruby syntax), run by PCRE2 with its JIT. Throws
// kUnsupported, with the pattern and the place, for what PCRE2 cannot compile or would read differently. Cut throws
// kLimit when a pattern backtracks without end.
std::unique_ptr<const Cutter> MakeRegexCutter(std::string_view pattern, const SplitRule& rule = {});

// A plain string instead of a pattern.
std::unique_ptr<const Cutter> MakeLiteralCutter(std::string_view literal, const SplitRule& rule = {});

// The hand-written twin of cutting by `patterns` one after the other with the rule {}, or null when there is none: the
// same words, several times faster.
std::unique_ptr<const Cutter> MakeFastCutter(std::span<const std::string> patterns);

// kGpt2Pattern is that of GPT-2, also what ByteLevel means in tokenizer.json.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct SplitStep {
  std::string pattern;
  SplitRule rule = {};
  bool literal = false;
};

// Fast cutters where there are, others elsewhere.
Splitter MakeSplitter(std::span<const SplitStep> steps);

}  // namespace sheepop
