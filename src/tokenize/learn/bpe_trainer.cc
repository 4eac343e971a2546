#include "tokenize/learn/bpe_trainer.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/byte_alphabet.h"
#include "tokenize/hash.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/vocabulary.h"

namespace sheepop {
namespace {

constexpr size_t kBytes = 256, kMostEntries = 65536;

std::string InAlphabet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) AppendUtf8(AlphabetCharacter(static_cast<unsigned char>(c)), out);
  return out;
}

using Id = uint16_t;
using Pair = uint32_t;  // left << 16 | right: ordered as the tie rule wants

Pair PairOf(Id left, Id right) { return static_cast<Pair>(left) << 16 | right; }

// Pair -> count. Open addressing; the key of an empty slot has count kEmpty.
class PairCounts {
 public:
  PairCounts() : slots_(size_t{1} << 16) {}

  int64_t& operator[](Pair pair) {
    if (used_ * 2 > slots_.size()) Grow();
    Slot& slot = slots_[Home(pair)];
    if (slot.count == kEmpty) {
      slot = {pair, 0};
      ++used_;
    }
    return slot.count;
  }

 private:
  static constexpr int64_t kEmpty = INT64_MIN;
  struct Slot {
    Pair pair = 0;
    int64_t count = kEmpty;
  };

  size_t Home(Pair pair) const {
    const size_t mask = slots_.size() - 1;
    size_t i = HashPair(pair >> 16, pair & 0xFFFF, 0) & mask;
    while (slots_[i].count != kEmpty && slots_[i].pair != pair) i = (i + 1) & mask;
    return i;
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.count != kEmpty) slots_[Home(slot.pair)] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

// A pair that may be merged, with the words in which it was seen. Its count is looked at again when it comes out.
struct Candidate {
  int64_t count;
  Pair pair;
  uint32_t places;  // index of its list of words

  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

// What one merge does to the pairs on one side of it, by the neighbour's id.
class Changes {
 public:
  Changes() : gone_(1 << 16), made_(1 << 16), places_(1 << 16) {}

  void Gone(Id neighbour, int64_t count) {
    Touch(neighbour);
    gone_[neighbour] += count;
  }
  void Made(Id neighbour, int64_t count, uint32_t word) {
    Touch(neighbour);
    made_[neighbour] += count;
    std::vector<uint32_t>& places = places_[neighbour];
    if (places.empty() || places.back() != word) places.push_back(word);
  }

  // visit(neighbour, gone, made, places), and forgets.
  template <class Visit>
  void Take(const Visit& visit) {
    for (const Id neighbour : touched_) {
      visit(neighbour, gone_[neighbour], made_[neighbour], std::move(places_[neighbour]));
      gone_[neighbour] = made_[neighbour] = 0;
      places_[neighbour] = {};
    }
    touched_.clear();
  }

 private:
  void Touch(Id neighbour) {
    if (gone_[neighbour] == 0 && made_[neighbour] == 0) touched_.push_back(neighbour);
  }

  std::vector<int64_t> gone_, made_;  // [65536]
  std::vector<std::vector<uint32_t>> places_;
  std::vector<Id> touched_;
};

class BpeLearner {
 public:
  BpeLearner(const WordTable& words, const TokenizerTraining& options) : options_(options) {
    AddFirstTokens();
    ReadWords(words);
  }

  BpeVocabulary Run(const std::function<void(size_t)>& progress) {
    CountPairs();
    size_t reported = 0;
    while (out_.tokens.size() < options_.vocab_size && MergeNext()) {
      if (progress && out_.tokens.size() >= reported + 64) progress(reported = out_.tokens.size());
    }
    KeepLastRanks();
    CountUses();
    return std::move(out_);
  }

 private:
  void AddFirstTokens() {
    out_.tokens = options_.special;
    std::array<unsigned, 256> bytes;
    std::iota(bytes.begin(), bytes.end(), 0u);
    std::sort(bytes.begin(), bytes.end(), [](unsigned a, unsigned b) {
      return AlphabetCharacter(static_cast<unsigned char>(a)) < AlphabetCharacter(static_cast<unsigned char>(b));
    });
    for (const unsigned byte : bytes) {
      byte_ids_[byte] = static_cast<Id>(out_.tokens.size());
      out_.tokens.emplace_back(1, static_cast<char>(byte));
    }
    for (size_t i = options_.special.size(); i < out_.tokens.size(); ++i)
      ids_.emplace(out_.tokens[i], static_cast<Id>(i));
  }

  void ReadWords(const WordTable& words) {
    size_t symbols = 0;
    for (const WordTable::Word& word : words.words()) symbols += word.size;
    symbols_.reserve(symbols);
    begins_.reserve(words.size());
    sizes_.reserve(words.size());
    counts_.reserve(words.size());
    for (const WordTable::Word& word : words.words()) {
      begins_.push_back(symbols_.size());
      sizes_.push_back(word.size);
      counts_.push_back(static_cast<int64_t>(word.count));
      for (const char c : words.Text(word)) symbols_.push_back(byte_ids_[static_cast<uint8_t>(c)]);
    }
  }

  // All first pairs are of two bytes: their counts and lists fit in plain arrays.
  void CountPairs() {
    const size_t first = options_.special.size();
    const auto index = [&](const Id* at) { return (at[0] - first) << 8 | (at[1] - first); };
    std::vector<int64_t> counts(1 << 16);
    std::vector<uint32_t> sizes(1 << 16), last(1 << 16, UINT32_MAX);
    std::vector<std::vector<uint32_t>> lists(1 << 16);
    const auto each = [&](const auto& visit) {
      std::fill(last.begin(), last.end(), UINT32_MAX);
      for (uint32_t word = 0; word < sizes_.size(); ++word) {
        const Id* symbols = symbols_.data() + begins_[word];
        for (uint32_t i = 0; i + 1 < sizes_[word]; ++i) {
          const size_t pair = index(symbols + i);
          visit(pair, word, last[pair] != word);
          last[pair] = word;
        }
      }
    };
    each([&](size_t pair, uint32_t word, bool first_here) {
      counts[pair] += counts_[word];
      sizes[pair] += first_here ? 1 : 0;
    });
    for (size_t pair = 0; pair < lists.size(); ++pair) lists[pair].reserve(sizes[pair]);
    each([&](size_t pair, uint32_t word, bool first_here) {
      if (first_here) lists[pair].push_back(word);
    });
    for (size_t pair = 0; pair < lists.size(); ++pair) {
      if (counts[pair] == 0) continue;
      const Pair key = PairOf(static_cast<Id>((pair >> 8) + first), static_cast<Id>((pair & 0xFF) + first));
      pair_counts_[key] = counts[pair];
      Push(key, counts[pair], std::move(lists[pair]));
    }
  }

  void Push(Pair pair, int64_t count, std::vector<uint32_t> places) {
    uint32_t list;
    if (free_.empty()) {
      list = static_cast<uint32_t>(places_.size());
      places_.push_back(std::move(places));
    } else {
      list = free_.back();
      free_.pop_back();
      places_[list] = std::move(places);
    }
    queue_.push({count, pair, list});
  }

  // False when nothing is left to merge.
  bool MergeNext() {
    Candidate best{};
    for (;;) {
      if (queue_.empty()) return false;
      best = queue_.top();
      queue_.pop();
      const int64_t count = pair_counts_[best.pair];
      if (count == best.count) break;
      best.count = count;
      queue_.push(best);
    }
    if (best.count < 1 || best.count < static_cast<int64_t>(options_.min_frequency)) return false;
    const auto left = static_cast<Id>(best.pair >> 16), right = static_cast<Id>(best.pair & 0xFFFF);
    std::string piece = out_.tokens[left] + out_.tokens[right];
    const std::vector<uint32_t> places = std::move(places_[best.places]);
    places_[best.places] = {};
    free_.push_back(best.places);
    // Special strings are in no word, unless normalising has made one.
    if (std::find(options_.special.begin(), options_.special.end(), piece) != options_.special.end()) return true;
    const auto [known, added] = ids_.try_emplace(piece, static_cast<Id>(out_.tokens.size()));
    if (added) out_.tokens.push_back(std::move(piece));
    out_.merges.emplace_back(left, right);
    Merge(left, right, known->second, places);
    return true;
  }

  void Merge(Id left, Id right, Id joined, const std::vector<uint32_t>& places) {
    for (const uint32_t word : places) MergeIn(word, left, right, joined);
    const auto made = [&](Pair pair, int64_t count, std::vector<uint32_t>&& words) {
      if (words.empty()) return;
      pair_counts_[pair] += count;
      made_.push_back({pair, std::move(words)});
    };
    // One merge can both make and unmake a pair, so none is pushed before all are counted.
    made_.clear();
    before_.Take([&](Id neighbour, int64_t gone, int64_t count, std::vector<uint32_t>&& words) {
      if (gone != 0) pair_counts_[PairOf(neighbour, left)] -= gone;
      made(PairOf(neighbour, joined), count, std::move(words));
    });
    behind_.Take([&](Id neighbour, int64_t gone, int64_t count, std::vector<uint32_t>&& words) {
      if (gone != 0) pair_counts_[PairOf(right, neighbour)] -= gone;
      made(PairOf(joined, neighbour), count, std::move(words));
    });
    for (auto& [pair, words] : made_) {
      const int64_t count = pair_counts_[pair];
      if (count > 0) Push(pair, count, std::move(words));
    }
  }

  void MergeIn(uint32_t word, Id left, Id right, Id joined) {
    Id* symbols = symbols_.data() + begins_[word];
    const uint32_t size = sizes_[word];
    const int64_t count = counts_[word];
    uint32_t to = 0;
    for (uint32_t from = 0; from < size; ++from) {
      if (symbols[from] != left || from + 1 == size || symbols[from + 1] != right) {
        symbols[to++] = symbols[from];
        continue;
      }
      if (to > 0) {
        before_.Gone(symbols[to - 1], count);
        before_.Made(symbols[to - 1], count, word);
      }
      ++from;
      symbols[to++] = joined;
      if (from + 1 == size) continue;
      behind_.Gone(symbols[from + 1], count);
      if (symbols[from + 1] == joined) {
        before_.Made(joined, count, word);
      } else {
        behind_.Made(symbols[from + 1], count, word);
      }
    }
    sizes_[word] = to;
  }

  void KeepLastRanks() {
    std::unordered_map<Pair, size_t> last;
    const auto pair = [&](size_t i) {
      return PairOf(static_cast<Id>(out_.merges[i].first), static_cast<Id>(out_.merges[i].second));
    };
    for (size_t i = 0; i < out_.merges.size(); ++i) last[pair(i)] = i;
    size_t to = 0;
    for (size_t i = 0; i < out_.merges.size(); ++i) {
      if (last[pair(i)] == i) out_.merges[to++] = out_.merges[i];
    }
    out_.merges.resize(to);
  }

  void CountUses() {
    out_.uses.assign(out_.tokens.size(), 0);
    for (size_t word = 0; word < sizes_.size(); ++word) {
      for (uint32_t i = 0; i < sizes_[word]; ++i) {
        out_.uses[symbols_[begins_[word] + i]] += static_cast<uint64_t>(counts_[word]);
      }
    }
  }

  const TokenizerTraining& options_;
  BpeVocabulary out_;
  std::unordered_map<std::string, Id> ids_;
  std::array<Id, 256> byte_ids_{};

  std::vector<Id> symbols_;       // of all words, one behind the other
  std::vector<uint64_t> begins_;  // [words]
  std::vector<uint32_t> sizes_;   // [words] symbols that are left
  std::vector<int64_t> counts_;   // [words]
  PairCounts pair_counts_;
  std::priority_queue<Candidate> queue_;
  std::vector<std::vector<uint32_t>> places_;
  std::vector<uint32_t> free_;  // lists in places_ to use again
  Changes before_, behind_;     // neighbours left and right of the merges
  std::vector<std::pair<Pair, std::vector<uint32_t>>> made_;
};

}  // namespace

void Validate(const TokenizerTraining& options) {
  const size_t least = kBytes + options.special.size();
  if (options.vocab_size < least || options.vocab_size > kMostEntries) {
    throw Error(ErrorCategory::kInvalidArgument,
                "the vocabulary size is {}; it takes {} (256 bytes and {} special tokens) "
                "to {} entries",
                options.vocab_size, least, options.special.size(), kMostEntries);
  }
  if (options.special.empty()) {
    throw Error(ErrorCategory::kInvalidArgument,
                "a vocabulary needs at least one special token, the one that ends a text");
  }
  for (size_t i = 0; i < options.special.size(); ++i) {
    const std::string& name = options.special[i];
    if (name.size() < 2) {
      throw Error(ErrorCategory::kInvalidArgument,
                  "the special token '{}' is shorter than 2 bytes, any text could hold it", name);
    }
    if (!IsValidUtf8(name)) throw Error(ErrorCategory::kInvalidArgument, "special token {} is not valid UTF-8", i + 1);
    if (std::find(options.special.begin(), options.special.begin() + static_cast<std::ptrdiff_t>(i), name) !=
        options.special.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw Error(ErrorCategory::kInvalidArgument, "the special token '{}' is given twice", name);
    }
  }
  PreTokenizerOf(options.split);
}

BpeVocabulary TrainBpe(const WordTable& words, const TokenizerTraining& options,
                       const std::function<void(size_t)>& progress) {
  Validate(options);
  return BpeLearner(words, options).Run(progress);
}

Metadata ToMetadata(const BpeVocabulary& vocabulary, const TokenizerTraining& options) {
  using Type = Metadata::GgufType;
  std::vector<std::string> tokens = options.special, merges;
  std::vector<int64_t> kinds(options.special.size(), static_cast<int64_t>(TokenKind::kControl));
  for (size_t i = tokens.size(); i < vocabulary.tokens.size(); ++i) tokens.push_back(InAlphabet(vocabulary.tokens[i]));
  kinds.resize(tokens.size(), static_cast<int64_t>(TokenKind::kNormal));
  for (const auto& [left, right] : vocabulary.merges) merges.push_back(tokens[left] + " " + tokens[right]);
  Metadata metadata;
  metadata.Set("tokenizer.ggml.model", Type::kString, std::string("gpt2"));
  metadata.Set("tokenizer.ggml.pre", Type::kString, options.split);
  metadata.Set("tokenizer.ggml.tokens", Type::kString, std::move(tokens));
  metadata.Set("tokenizer.ggml.token_type", Type::kInt32, std::move(kinds));
  metadata.Set("tokenizer.ggml.merges", Type::kString, std::move(merges));
  SetSpecialTokens(options, metadata);
  return metadata;
}

void SetSpecialTokens(const TokenizerTraining& options, Metadata& metadata) {
  using Type = Metadata::GgufType;
  const auto has = [&](std::string_view name) {
    return std::ranges::find(options.special, name) != options.special.end();
  };
  metadata.Set("tokenizer.ggml.bos_token_id", Type::kUint32, uint64_t{0});
  metadata.Set("tokenizer.ggml.eos_token_id", Type::kUint32, uint64_t{0});
  metadata.Set("tokenizer.ggml.add_bos_token", Type::kBool, false);
  if (!has("<|im_start|>") || !has("<|im_end|>")) return;
  metadata.Set("tokenizer.chat_template", Type::kString,
               std::string("{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
                           "{{ message['content'] }}<|im_end|>\n{% endfor %}"
                           "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"));
}

}  // namespace sheepop
