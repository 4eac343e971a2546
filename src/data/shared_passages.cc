#include "data/shared_passages.h"

#include <algorithm>
#include <array>

#include "data/folded_words.h"

namespace sheepop {
namespace {

constexpr size_t kWords = SharedPassages::kPassageWords;
constexpr uint64_t kFactor = 0x9E3779B97F4A7C15;

constexpr uint64_t FactorOfTheFirst() {
  uint64_t power = 1;
  for (size_t i = 0; i < kWords; ++i) power *= kFactor;
  return power;
}

// Calls visit(hash of the run, number of its last word, that word) for each run of kWords words.
template <class Visit>
void ForEachRun(std::string_view text, const Visit& visit) {
  std::array<uint64_t, kWords> last{};
  uint64_t hash = 0;
  FoldedWords words(text);
  FoldedWord word;
  for (size_t i = 0; words.Next(word); ++i) {
    uint64_t& oldest = last[i % kWords];
    hash = hash * kFactor + word.hash - oldest * FactorOfTheFirst();
    oldest = word.hash;
    visit(i + 1 < kWords ? 0 : hash, i, word);
  }
}

}  // namespace

void SharedPassages::HoldOut(std::string_view text) {
  ForEachRun(text, [&](uint64_t run, size_t number, const FoldedWord&) {
    if (number + 1 >= kWords) runs_.push_back(run);
  });
}

void SharedPassages::Sort() {
  if (sorted_) return;
  sorted_ = true;
  std::ranges::sort(runs_);
  const auto doubles = std::ranges::unique(runs_);
  runs_.erase(doubles.begin(), doubles.end());
  learned_.assign(runs_.size(), false);
  begins_.assign((size_t{1} << 16) + 1, 0);
  for (const uint64_t run : runs_) ++begins_[(run >> 48) + 1];
  for (size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
}

size_t SharedPassages::Find(uint64_t run) const {
  const auto begin = runs_.begin() + static_cast<std::ptrdiff_t>(begins_[run >> 48]);
  const auto end = runs_.begin() + static_cast<std::ptrdiff_t>(begins_[(run >> 48) + 1]);
  const auto found = std::lower_bound(begin, end, run);
  return found == end || *found != run ? runs_.size() : static_cast<size_t>(found - runs_.begin());
}

void SharedPassages::Learn(std::string_view text) {
  Sort();
  if (runs_.empty()) return;
  ForEachRun(text, [&](uint64_t run, size_t number, const FoldedWord&) {
    if (number + 1 < kWords) return;
    if (const size_t at = Find(run); at < runs_.size()) learned_[at] = true;
  });
}

std::string SharedPassages::Without(std::string_view text, uint64_t& words_cut) {
  Sort();
  words_cut = 0;
  std::vector<size_t> begins;
  std::vector<bool> shared;
  ForEachRun(text, [&](uint64_t run, size_t number, const FoldedWord& word) {
    begins.push_back(word.begin);
    shared.push_back(false);
    if (number + 1 < kWords) return;
    if (const size_t at = Find(run); at == runs_.size() || !learned_[at]) return;
    for (size_t i = number + 1; i > number + 1 - kWords && !shared[i - 1]; --i) shared[i - 1] = true;
  });
  begins.push_back(text.size());
  std::string out(text.substr(0, begins.front()));
  for (size_t i = 0; i < shared.size(); ++i) {
    if (shared[i]) {
      ++words_cut;
    } else {
      out += text.substr(begins[i], begins[i + 1] - begins[i]);
    }
  }
  return words_cut == 0 ? std::string(text) : out;
}

}  // namespace sheepop
