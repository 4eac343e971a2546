// What is done to text before it is cut and encoded. Steps run in order; each is immutable, shared between threads, takes
// any bytes, lets invalid UTF-8 through unchanged, and runs in time n log n at most.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  // Writes the new text to `out`, which is empty. False, with `out` as it was, when nothing changes.
  virtual bool Apply(std::string_view text, std::string& out) const = 0;
};

class Normalizer {
 public:
  struct Buffers {
    std::string a, b;
  };

  void Add(std::unique_ptr<const NormalizerStep> step) { steps_.push_back(std::move(step)); }
  // The result is `text` itself or lies in `buffers`.
  std::string_view Apply(std::string_view text, Buffers& buffers) const;

 private:
  std::vector<std::unique_ptr<const NormalizerStep>> steps_;
};

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// The forms of Unicode 9, which is what the usual training tokenizers know: later characters stay as they are.
std::unique_ptr<const NormalizerStep> MakeUnicodeStep(UnicodeForm form);
std::unique_ptr<const NormalizerStep> MakeReplaceStep(std::string from, std::string to);

}  // namespace sheepop
