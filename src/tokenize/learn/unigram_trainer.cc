#include "tokenize/learn/unigram_trainer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/learn/unigram_seeds.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/unigram_lattice.h"
#include "tokenize/vocabulary.h"

namespace sheepop {
namespace {

constexpr size_t kBytes = 256, kMostEntries = 65536;
constexpr size_t kSeedsPerEntry = 16;  // more make the vocabulary slower and no better
constexpr size_t kLongestText = 4096;  // bytes; longer ones are cut
constexpr size_t kChunks = 16;         // whatever the number of threads: sums are rounded in the same order
constexpr int kStepsPerRound = 2;
constexpr double kKept = 0.75;  // of the pieces in each round
constexpr double kLeastExpected = 0.5;

std::vector<uint32_t> FirstCharacters() {
  std::vector<uint32_t> out = {'\t', '\n'};
  for (uint32_t c = ' '; c <= '~'; ++c) out.push_back(c);
  return out;
}

std::string ByteName(size_t byte) { return fmt::format("<0x{:02X}>", byte); }

size_t FirstPiece(const TokenizerTraining& options) { return options.special.size() + 1 + kBytes; }

// The derivative of log gamma: the recurrence up to where the asymptotic series is exact enough.
double Digamma(double x) {
  double out = 0;
  for (; x < 7; ++x) out -= 1 / x;
  x -= 0.5;
  const double y = 1 / (x * x);
  return out + std::log(x) + y * (1.0 / 24 - y * (7.0 / 960 - y * (31.0 / 8064 - y * (127.0 / 30720))));
}

struct Piece {
  std::string_view text;
  bool required = false;  // a character
  double score = 0;
};

class UnigramLearner {
 public:
  UnigramLearner(const WordTable& words, const TokenizerTraining& options, ThreadPool& pool)
      : words_(words), options_(options), pool_(pool), workspaces_(pool.threads()) {}

  UnigramVocabulary Run(const std::function<void(size_t)>& progress) {
    const size_t wanted = options_.vocab_size - FirstPiece(options_);
    ChooseAlphabet(wanted);
    CutTexts();
    AddSeeds();
    while (true) {
      MakeLattice();
      for (int step = 0; step < kStepsPerRound; ++step) Maximise();
      if (progress) progress(FirstPiece(options_) + pieces_.size());
      if (pieces_.size() <= wanted) break;
      Prune(std::max(wanted, static_cast<size_t>(kKept * static_cast<double>(pieces_.size()))));
    }
    return Finish();
  }

 private:
  // Calls visit(code point or -1 for no character, bytes) for each character of each word.
  template <class Visit>
  void VisitCharacters(std::string_view text, const Visit& visit) const {
    while (!text.empty()) {
      const Utf8Step step = DecodeUtf8(text);
      visit(step.valid ? static_cast<int64_t>(step.code_point) : -1, text.substr(0, step.length));
      text.remove_prefix(step.length);
    }
  }

  void ChooseAlphabet(size_t room) {
    struct Character {
      std::string_view text;
      uint64_t count = 0;
    };
    std::unordered_map<uint32_t, Character> counts;
    uint64_t all = 0;
    for (const WordTable::Word& word : words_.words()) {
      VisitCharacters(words_.Text(word), [&](int64_t character, std::string_view text) {
        if (character < 0 || text == kSpaceSymbol) return;
        Character& known = counts[static_cast<uint32_t>(character)];
        known.text = text;
        known.count += word.count;
        all += word.count;
      });
    }
    for (const uint32_t c : FirstCharacters()) {
      AppendUtf8(c, first_characters_);
      alphabet_.insert(c);
    }
    for (size_t i = 0; i < first_characters_.size(); ++i) {
      const auto found = counts.find(static_cast<uint8_t>(first_characters_[i]));
      AddPiece(std::string_view(first_characters_).substr(i, 1), found == counts.end() ? 0 : found->second.count, true);
    }
    std::vector<std::pair<uint32_t, Character>> order;
    for (const auto& [character, known] : counts) {
      if (!alphabet_.contains(character) && known.count * 64 * options_.vocab_size >= all)
        order.emplace_back(character, known);
    }
    std::ranges::sort(order, [](const auto& a, const auto& b) {
      return a.second.count != b.second.count ? a.second.count > b.second.count : a.first < b.first;
    });
    for (const auto& [character, known] : order) {
      if (pieces_.size() == room) break;
      alphabet_.insert(character);
      AddPiece(known.text, known.count, true);
    }
  }

  // `count` becomes a score in MakeLattice's first call.
  void AddPiece(std::string_view text, uint64_t count, bool required) {
    pieces_.push_back({text, required, std::max(static_cast<double>(count), kLeastExpected)});
  }

  // The parts of words that the alphabet spells.
  void CutTexts() {
    for (const WordTable::Word& word : words_.words()) {
      std::string_view part = words_.Text(word).substr(0, 0);
      const auto flush = [&] {
        if (!part.empty()) texts_.push_back({part, word.count});
      };
      VisitCharacters(words_.Text(word), [&](int64_t character, std::string_view text) {
        const bool known = character >= 0 && alphabet_.contains(static_cast<uint32_t>(character));
        if (!known || part.size() + text.size() > kLongestText) {
          flush();
          part = {text.data(), 0};
        }
        part = known ? std::string_view(part.data(), part.size() + text.size())
                     : std::string_view(text.data() + text.size(), 0);
      });
      flush();
    }
    size_t bytes = 0;
    for (const WeightedText& text : texts_) bytes += text.text.size();
    chunk_begins_ = {0};
    size_t so_far = 0;
    for (size_t i = 0; i < texts_.size(); ++i) {
      so_far += texts_[i].text.size();
      while (chunk_begins_.size() < kChunks && so_far * kChunks >= bytes * chunk_begins_.size()) {
        chunk_begins_.push_back(i + 1);
      }
    }
    chunk_begins_.resize(kChunks, texts_.size());
    chunk_begins_.push_back(texts_.size());
  }

  void AddSeeds() {
    SeedLimits limits;
    limits.most = kSeedsPerEntry * options_.vocab_size;
    limits.least_count = std::max<uint64_t>(2, options_.min_frequency);
    for (const Seed& seed : FindSeeds(texts_, limits, pool_)) {
      if (!IsReserved(seed.text)) AddPiece(seed.text, seed.count, false);
    }
    double sum = 0;
    for (const Piece& piece : pieces_) sum += piece.score;
    for (Piece& piece : pieces_) piece.score = std::log(piece.score / sum);
  }

  bool IsReserved(std::string_view text) const {
    return text == kUnknownName || ByteOfName(text) ||
           std::ranges::find(options_.special, text) != options_.special.end();
  }

  void MakeLattice() {
    std::vector<std::string_view> texts;
    std::vector<double> scores;
    for (const Piece& piece : pieces_) {
      texts.push_back(piece.text);
      scores.push_back(piece.score);
    }
    lattice_ = UnigramLattice(texts, std::move(scores));
  }

  // One step of expectation maximisation. The digamma function instead of the logarithm is what variational inference
  // with a sparse prior gives: it makes rare pieces rarer.
  void Maximise() {
    std::vector<double> expected =
        SumOverChunks<double>([&](const WeightedText& text, std::span<double> sums, size_t worker) {
          lattice_.AddExpected(text, sums, workspaces_[worker]);
        });
    for (double& count : expected) count = std::max(count, kLeastExpected);
    const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
    const double log_sum = Digamma(sum);
    for (size_t i = 0; i < pieces_.size(); ++i) pieces_[i].score = Digamma(expected[i]) - log_sum;
    std::vector<double> scores;
    for (const Piece& piece : pieces_) scores.push_back(piece.score);
    lattice_.SetScores(std::move(scores));
  }

  // add(text, sums, worker) for every text; sums: one for each piece.
  template <class Sum, class Add>
  std::vector<Sum> SumOverChunks(const Add& add) {
    std::vector<std::vector<Sum>> sums(kChunks);
    pool_.ParallelFor(kChunks, [&](size_t chunk, size_t worker) {
      sums[chunk].assign(pieces_.size(), 0);
      for (size_t i = chunk_begins_[chunk]; i < chunk_begins_[chunk + 1]; ++i) add(texts_[i], sums[chunk], worker);
    });
    for (size_t chunk = 1; chunk < kChunks; ++chunk) {
      for (size_t i = 0; i < pieces_.size(); ++i) sums[0][i] += sums[chunk][i];
    }
    return std::move(sums[0]);
  }

  std::vector<uint64_t> CountBest() {
    return SumOverChunks<uint64_t>([&](const WeightedText& text, std::span<uint64_t> sums, size_t worker) {
      thread_local std::vector<int32_t> spelling;
      lattice_.Best(text.text, -1, spelling, workspaces_[worker]);
      for (const int32_t piece : spelling) sums[static_cast<size_t>(piece)] += text.count;
    });
  }

  // Keeps the characters, and of the others those without which the text would be longest.
  void Prune(size_t kept) {
    const std::vector<uint64_t> losses = Losses(CountBest());
    std::vector<size_t> order(pieces_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto before = [&](size_t a, size_t b) {
      if (pieces_[a].required != pieces_[b].required) return pieces_[a].required;
      return losses[a] != losses[b] ? losses[a] > losses[b] : a < b;
    };
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), before);
    order.resize(kept);
    std::ranges::sort(order);
    std::vector<Piece> pieces;
    for (const size_t i : order) pieces.push_back(pieces_[i]);
    pieces_ = std::move(pieces);
  }

  // How many pieces more the text takes when each is replaced by its own best spelling with others. By how much less
  // probable it makes the text, long rare pieces would stay and the text would be some three percent longer.
  std::vector<uint64_t> Losses(const std::vector<uint64_t>& uses) {
    std::vector<uint64_t> losses(pieces_.size(), 0);
    constexpr size_t kTogether = 1024;
    pool_.ParallelFor((pieces_.size() + kTogether - 1) / kTogether, [&](size_t chunk, size_t worker) {
      std::vector<int32_t> others;
      const size_t end = std::min(pieces_.size(), (chunk + 1) * kTogether);
      for (size_t i = chunk * kTogether; i < end; ++i) {
        if (pieces_[i].required || uses[i] == 0) continue;
        lattice_.Best(pieces_[i].text, static_cast<int32_t>(i), others, workspaces_[worker]);
        losses[i] = uses[i] * (others.size() - 1);
      }
    });
    return losses;
  }

  UnigramVocabulary Finish() {
    constexpr double kGrain = 65536;
    for (Piece& piece : pieces_) piece.score = std::round(piece.score * kGrain) / kGrain;
    std::ranges::sort(pieces_, [](const Piece& a, const Piece& b) {
      return a.score != b.score ? a.score > b.score : a.text < b.text;
    });
    MakeLattice();
    UnigramVocabulary out;
    out.uses.assign(FirstPiece(options_), 0);
    CountByteUses(out.uses);
    const std::vector<uint64_t> uses = CountBest();
    out.uses.insert(out.uses.end(), uses.begin(), uses.end());
    for (const Piece& piece : pieces_) {
      out.pieces.emplace_back(piece.text);
      out.scores.push_back(piece.score);
    }
    return out;
  }

  void CountByteUses(std::vector<uint64_t>& uses) const {
    for (const WordTable::Word& word : words_.words()) {
      VisitCharacters(words_.Text(word), [&](int64_t character, std::string_view text) {
        if (character >= 0 && alphabet_.contains(static_cast<uint32_t>(character))) return;
        for (const char c : text) uses[options_.special.size() + 1 + static_cast<uint8_t>(c)] += word.count;
      });
    }
  }

  const WordTable& words_;
  const TokenizerTraining& options_;
  ThreadPool& pool_;
  std::vector<UnigramLattice::Workspace> workspaces_;  // [threads]
  std::string first_characters_;
  std::unordered_set<uint32_t> alphabet_;
  std::vector<WeightedText> texts_;
  std::vector<size_t> chunk_begins_;  // [kChunks + 1] indices of texts_
  std::vector<Piece> pieces_;
  UnigramLattice lattice_;
};

}  // namespace

void ValidateUnigram(const TokenizerTraining& options) {
  TokenizerTraining others = options;
  if (others.split == kSpacedWords) others.split = "gpt-2";
  others.vocab_size = std::max(options.vocab_size, kBytes + options.special.size());
  Validate(others);
  if (std::ranges::find(options.special, kUnknownName) != options.special.end()) {
    throw Error(ErrorCategory::kInvalidArgument, "the special token '{}' is an entry of every unigram vocabulary",
                kUnknownName);
  }
  const size_t characters = FirstCharacters().size(), least = FirstPiece(options) + characters;
  if (options.vocab_size < least) {
    throw Error(ErrorCategory::kInvalidArgument,
                "the vocabulary size is {}; a unigram vocabulary takes {} (256 bytes, {} special tokens, {} and {} "
                "characters) to {} entries",
                options.vocab_size, least, options.special.size(), kUnknownName, characters, kMostEntries);
  }
}

WordCounter MakeUnigramCounter(const TokenizerTraining& options, ThreadPool& pool) {
  std::vector<SplitStep> steps = {{R"( +(?= [^ ])| ?[^ \n]+(?:\n+[^ \n]*)?|\n+[^ \n]*| +)"}};
  if (options.split != kSpacedWords) steps = PreTokenizerOf(options.split).steps;
  Normalizer normalizer;
  normalizer.Add(MakeReplaceStep(std::string(kSpaceSymbol), " "));
  std::vector<std::string> special = options.special;
  special.emplace_back(kUnknownName);
  return WordCounter(MakeSplitter(steps), std::move(normalizer), special, pool);
}

UnigramVocabulary TrainUnigram(const WordTable& words, const TokenizerTraining& options, ThreadPool& pool,
                               const std::function<void(size_t)>& progress) {
  ValidateUnigram(options);
  return UnigramLearner(words, options, pool).Run(progress);
}

Metadata ToMetadata(const UnigramVocabulary& vocabulary, const TokenizerTraining& options) {
  using Type = Metadata::GgufType;
  std::vector<std::string> tokens = options.special;
  tokens.emplace_back(kUnknownName);
  size_t longest = tokens.back().size();
  for (const std::string& name : tokens) longest = std::max(longest, name.size());
  std::vector<int64_t> kinds(options.special.size(), static_cast<int64_t>(TokenKind::kControl));
  kinds.push_back(static_cast<int64_t>(TokenKind::kUnknown));
  for (size_t byte = 0; byte < kBytes; ++byte) tokens.push_back(ByteName(byte));
  kinds.resize(tokens.size(), static_cast<int64_t>(TokenKind::kByte));
  // Programs that look for all names in the text never prefer these to their characters.
  const double lowest = std::ranges::min(vocabulary.scores);
  std::vector<double> scores(tokens.size(), lowest * static_cast<double>(std::max<size_t>(longest, 6)) - 10);
  for (const std::string& piece : vocabulary.pieces) {
    tokens.emplace_back();
    for (const char c : piece) c == ' ' ? tokens.back() += kSpaceSymbol : tokens.back() += c;
  }
  kinds.resize(tokens.size(), static_cast<int64_t>(TokenKind::kNormal));
  scores.insert(scores.end(), vocabulary.scores.begin(), vocabulary.scores.end());
  Metadata metadata;
  metadata.Set("tokenizer.ggml.model", Type::kString, std::string("t5"));
  metadata.Set("tokenizer.ggml.tokens", Type::kString, std::move(tokens));
  metadata.Set("tokenizer.ggml.token_type", Type::kInt32, std::move(kinds));
  metadata.Set("tokenizer.ggml.scores", Type::kFloat32, std::move(scores));
  metadata.Set("tokenizer.ggml.unknown_token_id", Type::kUint32, uint64_t{options.special.size()});
  metadata.Set("tokenizer.ggml.add_space_prefix", Type::kBool, false);
  metadata.Set("tokenizer.ggml.add_eos_token", Type::kBool, false);
  SetSpecialTokens(options, metadata);
  return metadata;
}

}  // namespace sheepop
