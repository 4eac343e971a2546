#include "tokenize/bpe_trainer.h"

#include <algorithm>
#include <array>
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

using Pair = uint64_t;  // left id << 32 | right id: compares as the pair does
Pair PairOf(uint32_t left, uint32_t right) { return static_cast<Pair>(left) << 32 | right; }

struct PairHash {
  size_t operator()(Pair pair) const {
    return HashPair(static_cast<uint32_t>(pair >> 32), static_cast<uint32_t>(pair), HashSeed());
  }
};

std::string InAlphabet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) AppendUtf8(AlphabetCharacter(static_cast<unsigned char>(c)), out);
  return out;
}

class BpeLearner {
 public:
  BpeLearner(std::span<const WordCount> words, const TokenizerTraining& options) : options_(options) {
    AddEntries();
    ReadWords(words);
  }

  BpeVocabulary Run(const std::function<void(size_t)>& progress) {
    CountPairs();
    std::vector<std::pair<Pair, uint32_t>> merges;
    while (out_.tokens.size() < options_.vocab_size && !queue_.empty()) {
      const Candidate top = queue_.top();
      queue_.pop();
      // What it stood at when it was queued may have fallen since.
      const int64_t count = pairs_[top.pair].count;
      if (count != top.count) {
        queue_.push({count, top.pair, top.places});
        continue;
      }
      if (count < 1 || static_cast<uint64_t>(count) < options_.min_frequency) break;
      const auto token = Join(top.pair);
      if (token) {
        merges.emplace_back(top.pair, *token);
        Merge(top, *token);
      }
      places_[top.places] = {};
      if (progress && out_.tokens.size() % 256 == 0) progress(out_.tokens.size());
    }
    KeepLast(merges);
    return std::move(out_);
  }

 private:
  struct Candidate {
    int64_t count;
    Pair pair;
    size_t places;  // in places_
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  struct PairState {
    int64_t count = 0;
    std::vector<uint32_t> fresh;  // words where it came up since it was queued last
  };
  struct Word {
    size_t begin;
    uint32_t size;
    int64_t count;
  };

  void AddEntries() {
    out_.tokens = options_.special;
    std::array<uint32_t, kBytes> order{};
    for (uint32_t byte = 0; byte < kBytes; ++byte) order[byte] = byte;
    std::ranges::sort(order, {}, [](uint32_t byte) { return AlphabetCharacter(static_cast<unsigned char>(byte)); });
    for (const uint32_t byte : order) {
      id_of_byte_[byte] = static_cast<uint32_t>(out_.tokens.size());
      out_.tokens.emplace_back(1, static_cast<char>(byte));
    }
    for (size_t i = 0; i < out_.tokens.size(); ++i) ids_.emplace(out_.tokens[i], static_cast<uint32_t>(i));
  }

  void ReadWords(std::span<const WordCount> words) {
    for (const WordCount& word : words) {
      if (word.word.size() < 2) continue;
      words_.push_back({symbols_.size(), static_cast<uint32_t>(word.word.size()), static_cast<int64_t>(word.count)});
      for (const char c : word.word) symbols_.push_back(id_of_byte_[static_cast<unsigned char>(c)]);
    }
  }

  void CountPairs() {
    for (uint32_t w = 0; w < words_.size(); ++w) {
      const uint32_t* symbols = symbols_.data() + words_[w].begin;
      for (uint32_t i = 1; i < words_[w].size; ++i) Change(PairOf(symbols[i - 1], symbols[i]), words_[w].count, w);
    }
    Queue();
  }

  void Change(Pair pair, int64_t by, uint32_t word) {
    PairState& state = pairs_[pair];
    state.count += by;
    if (by < 0) return;
    if (state.fresh.empty()) changed_.push_back(pair);
    if (state.fresh.empty() || state.fresh.back() != word) state.fresh.push_back(word);
  }

  void Queue() {
    for (const Pair pair : changed_) {
      PairState& state = pairs_[pair];
      if (state.count > 0) {
        queue_.push({state.count, pair, places_.size()});
        places_.push_back(std::move(state.fresh));
      }
      state.fresh = {};
    }
    changed_.clear();
  }

  // The id of the pair's text, a new one unless another pair made the same; none for that of a special token.
  std::optional<uint32_t> Join(Pair pair) {
    const auto next = static_cast<uint32_t>(out_.tokens.size());
    const std::string text = out_.tokens[pair >> 32] + out_.tokens[static_cast<uint32_t>(pair)];
    const auto [at, is_new] = ids_.emplace(text, next);
    if (is_new) out_.tokens.push_back(text);
    if (at->second < options_.special.size()) return std::nullopt;
    return at->second;
  }

  void Merge(const Candidate& top, uint32_t token) {
    const auto left = static_cast<uint32_t>(top.pair >> 32), right = static_cast<uint32_t>(top.pair);
    for (const uint32_t w : places_[top.places]) {
      Word& word = words_[w];
      uint32_t* symbols = symbols_.data() + word.begin;
      uint32_t kept = 0;
      for (uint32_t i = 0; i < word.size; ++kept) {
        if (symbols[i] != left || i + 1 >= word.size || symbols[i + 1] != right) {
          symbols[kept] = symbols[i++];
          continue;
        }
        if (kept > 0) {
          Change(PairOf(symbols[kept - 1], left), -word.count, w);
          Change(PairOf(symbols[kept - 1], token), word.count, w);
        }
        symbols[kept] = token;
        i += 2;
        if (i < word.size) {
          Change(PairOf(right, symbols[i]), -word.count, w);
          Change(PairOf(token, symbols[i]), word.count, w);
        }
      }
      word.size = kept;
    }
    Queue();
  }

  // A pair may have been queued, and merged, again; the last time counts.
  void KeepLast(const std::vector<std::pair<Pair, uint32_t>>& merges) {
    std::unordered_map<Pair, size_t, PairHash> last;
    for (size_t i = 0; i < merges.size(); ++i) last[merges[i].first] = i;
    for (size_t i = 0; i < merges.size(); ++i) {
      const Pair pair = merges[i].first;
      if (last[pair] == i) out_.merges.emplace_back(static_cast<uint32_t>(pair >> 32), static_cast<uint32_t>(pair));
    }
  }

  const TokenizerTraining& options_;
  BpeVocabulary out_;
  std::array<uint32_t, kBytes> id_of_byte_{};
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<uint32_t> symbols_;  // of all words
  std::vector<Word> words_;
  std::unordered_map<Pair, PairState, PairHash> pairs_;
  std::vector<Pair> changed_;
  std::vector<std::vector<uint32_t>> places_;
  std::priority_queue<Candidate> queue_;
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

BpeVocabulary TrainBpe(std::span<const WordCount> words, const TokenizerTraining& options,
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
