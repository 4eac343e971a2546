#include "tokenize/learn/unigram_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "base/error.h"
#include "tokenize/gguf_to_json.h"
#include "tokenize/json_to_gguf.h"
#include "tokenize/learn/unigram_seeds.h"
#include "tokenize/tokenizer.h"
#include "tokenize/unigram_lattice.h"

namespace sheepop {
namespace {

constexpr size_t kLeast = 3 + 1 + 256 + 97;  // special tokens, <unk>, bytes, characters

using Words = std::map<std::string, uint64_t>;

WordTable Counts(const Words& words) {
  WordTable out;
  for (const auto& [word, count] : words) out.Add(word, count);
  out.Sort();
  return out;
}

WordTable Count(std::string_view text, const TokenizerTraining& options, size_t threads = 1) {
  ThreadPool pool(threads);
  WordCounter counter = MakeUnigramCounter(options, pool);
  counter.Add(text);
  return counter.Finish();
}

TokenizerTraining Options(size_t vocab_size) {
  TokenizerTraining options;
  options.vocab_size = vocab_size;
  options.split = kSpacedWords;
  return options;
}

UnigramVocabulary Train(const WordTable& words, const TokenizerTraining& options, size_t threads = 1) {
  ThreadPool pool(threads);
  return TrainUnigram(words, options, pool);
}

std::string RandomText(std::mt19937& random, size_t size, unsigned letters) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % letters);
  return text;
}

// Every spelling of `text` from `begin` on, one after the other.
void VisitSpellings(std::string_view text, const std::vector<std::string_view>& pieces, std::vector<size_t>& so_far,
                    const std::function<void()>& visit) {
  if (text.empty()) return visit();
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!text.starts_with(pieces[i])) continue;
    so_far.push_back(i);
    VisitSpellings(text.substr(pieces[i].size()), pieces, so_far, visit);
    so_far.pop_back();
  }
}

TEST(UnigramLattice, ExpectsWhatAllSpellingsSay) {
  const std::vector<std::string_view> pieces = {"a", "b", "ab", "ba", "aba", "bb"};
  std::vector<double> scores;
  for (const double p : {0.3, 0.2, 0.2, 0.1, 0.15, 0.05}) scores.push_back(std::log(p));
  const UnigramLattice lattice(pieces, scores);
  std::mt19937 random(1);
  for (int trial = 0; trial < 50; ++trial) {
    const std::string text = RandomText(random, 1 + random() % 10, 2);
    double all = 0;
    std::vector<double> oracle(pieces.size(), 0), expected(pieces.size(), 0);
    std::vector<size_t> spelling;
    VisitSpellings(text, pieces, spelling, [&] {
      double probability = 1;
      for (const size_t piece : spelling) probability *= std::exp(scores[piece]);
      all += probability;
      for (const size_t piece : spelling) oracle[piece] += probability;
    });
    UnigramLattice::Workspace work;
    EXPECT_NEAR(lattice.AddExpected({text, 3}, expected, work), 3 * std::log(all), 1e-9);
    for (size_t i = 0; i < pieces.size(); ++i) EXPECT_NEAR(expected[i], 3 * oracle[i] / all, 1e-9) << text;
  }
}

TEST(UnigramLattice, LongTextsLeaveNoRange) {
  const std::vector<std::string_view> pieces = {"a", "aa", "aaaaaaaa"};
  const UnigramLattice lattice(pieces, {-22, -40, -30});
  const std::string text(4096, 'a');
  std::vector<double> expected(3, 0);
  UnigramLattice::Workspace work;
  const double log_probability = lattice.AddExpected({text, 1}, expected, work);
  EXPECT_NEAR(expected[0] + 2 * expected[1] + 8 * expected[2], 4096, 1e-6);
  EXPECT_NEAR(log_probability, -30 * 512, 1);
}

TEST(UnigramLattice, LikelihoodNeverFallsFromStepToStep) {
  std::mt19937 random(2);
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back(RandomText(random, 1 + random() % 12, 3));
  std::vector<std::string_view> pieces = {"a", "b", "c", "ab", "bc", "ca", "abc", "bca", "aab", "cc"};
  std::vector<double> scores(pieces.size(), -std::log(static_cast<double>(pieces.size())));
  UnigramLattice lattice(pieces, scores);
  UnigramLattice::Workspace work;
  double last = -std::numeric_limits<double>::infinity();
  for (int step = 0; step < 20; ++step) {
    std::vector<double> expected(pieces.size(), 0);
    double likelihood = 0;
    for (const std::string& text : texts) likelihood += lattice.AddExpected({text, 1}, expected, work);
    EXPECT_GE(likelihood, last - 1e-9);
    last = likelihood;
    const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
    for (size_t i = 0; i < pieces.size(); ++i) scores[i] = std::log(std::max(expected[i], 1e-12) / sum);
    lattice.SetScores(scores);
  }
}

TEST(FindSeeds, CountsAsBruteForceDoes) {
  std::mt19937 random(3);
  const std::string accents = "\u00e9\u00e8\u00e9\u00e8x\u00e9\u00e8";
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<std::string> strings = {accents};
    for (int i = 0; i < 12; ++i) strings.push_back(RandomText(random, 1 + random() % 24, 2));
    std::vector<WeightedText> texts;
    for (const std::string& text : strings) texts.push_back({text, 1 + random() % 3});
    ThreadPool pool(2);
    const std::vector<Seed> seeds = FindSeeds(texts, {1000000, 2, 16}, pool);
    std::map<std::string_view, uint64_t> found;
    for (const Seed& seed : seeds) EXPECT_TRUE(found.emplace(seed.text, seed.count).second);
    for (const Seed& seed : seeds) {
      uint64_t count = 0;
      for (const WeightedText& text : texts) {
        for (size_t at = text.text.find(seed.text); at != std::string_view::npos;
             at = text.text.find(seed.text, at + 1))
          count += text.count;
      }
      EXPECT_EQ(seed.count, count) << seed.text;
    }
    EXPECT_TRUE(found.contains("\u00e9\u00e8"));
    EXPECT_FALSE(found.contains("\u00e8\u00e9"[0] + std::string("\xa9")));
    // The most frequent pair of letters is always among the seeds.
    EXPECT_TRUE(found.contains("aa") || found.contains("ab") || found.contains("ba") || found.contains("bb"));
    const std::vector<Seed> few = FindSeeds(texts, {3, 2, 16}, pool);
    EXPECT_EQ(few.size(), 3u);
  }
}

TEST(UnigramTrainer, KeepsThePieceThatSavesMost) {
  // "abc" saves two pieces a hundred times, "bc" one piece a hundred and one times.
  const UnigramVocabulary vocabulary = Train(Counts({{"abc", 100}, {"xbc", 1}}), Options(kLeast + 1));
  ASSERT_EQ(vocabulary.pieces.size(), 98u);
  EXPECT_EQ(vocabulary.pieces[0], "abc");
  EXPECT_EQ(vocabulary.uses[3 + 1 + 256], 100u);
  EXPECT_EQ(std::ranges::count(vocabulary.pieces, "bc"), 0);
  // Of 103 pieces that are expected, 100 are it.
  EXPECT_NEAR(vocabulary.scores[0], std::log(100 / 150.0), 0.05);
}

const std::string kText =
    "She sells sea shells by the sea shore.\nThe shells she sells are sea shells, I'm sure:\n    so if she "
    "sells\n\nd\u00e9j\u00e0 "
    "vu, d\u00e9j\u00e0 vu \xff\xfe and <|endoftext|> or <unk> \xe7\xbe\x8a\xe7\xbe\x8a";

TEST(UnigramTrainer, AnyNumberOfThreadsGivesTheSame) {
  std::mt19937 random(4);
  std::string text;
  for (int i = 0; i < 4000; ++i) text += RandomText(random, 1 + random() % 9, 5) + (i % 11 ? " " : "\n");
  const TokenizerTraining options = Options(600);
  const UnigramVocabulary one = Train(Count(text, options, 1), options, 1);
  EXPECT_EQ(one.pieces.size(), 600u - 260);
  for (const size_t threads : {2, 5}) {
    const UnigramVocabulary more = Train(Count(text, options, threads), options, threads);
    EXPECT_EQ(more.pieces, one.pieces);
    EXPECT_EQ(more.scores, one.scores);
    EXPECT_EQ(more.uses, one.uses);
  }
}

TEST(UnigramTrainer, GivesAnyBytesBackInBothForms) {
  const TokenizerTraining options = Options(420);
  const Metadata metadata = ToMetadata(Train(Count(kText, options), options), options);
  const Tokenizer tokenizer = Tokenizer::FromGguf(metadata);
  const std::string json = TokenizerJson(metadata), config = TokenizerConfigJson(metadata);
  const Tokenizer again = Tokenizer::FromJson(json, config);
  const Tokenizer back = Tokenizer::FromGguf(TokenizerJsonMetadata(json, config));
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const std::string& sample : {kText, all, std::string("  two  spaces \n\n <0x41> \xf0\x9f\x90\x91 aaaaaaa"),
                                    std::string(" "), std::string()}) {
    const std::vector<Token> ids = tokenizer.Encode(sample);
    EXPECT_EQ(tokenizer.Decode(ids), sample);
    EXPECT_EQ(again.Encode(sample), ids);
    EXPECT_EQ(again.Decode(ids), sample);
    EXPECT_EQ(back.Encode(sample), ids);
    EXPECT_TRUE(std::ranges::all_of(ids, [](Token token) { return token > 3; }));
  }
  EXPECT_LT(tokenizer.Encode(kText).size(), kText.size() * 3 / 4);
  EXPECT_EQ(tokenizer.Encode("<|im_end|>", SpecialTokens::kParse), std::vector<Token>{2});
  EXPECT_EQ(tokenizer.special().eos, Token{0});
  EXPECT_FALSE(tokenizer.special().add_eos);
}

TEST(UnigramTrainer, UsesAreThoseOfEncoding) {
  const TokenizerTraining options = Options(400);
  const std::string text = "she sells sea shells by the sea shore \xff\n the shells she sells are \u00e9 sea shells";
  const UnigramVocabulary vocabulary = Train(Count(text, options), options);
  std::vector<uint64_t> uses(vocabulary.uses.size());
  for (const Token token : Tokenizer::FromGguf(ToMetadata(vocabulary, options)).Encode(text))
    ++uses[static_cast<size_t>(token)];
  EXPECT_EQ(vocabulary.uses, uses);
}

TEST(UnigramTrainer, TakesAnyCorpus) {
  std::mt19937 random(7);
  std::string noise(20000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const std::string& text : {std::string(), std::string(" "), std::string(5000, ' '), std::string(100000, 'a'),
                                  std::string(3000, '\xff'), std::string("\xE2\x96\x81 \xE2\x96\x81"), noise}) {
    const TokenizerTraining options = Options(380);
    const UnigramVocabulary vocabulary = Train(Count(text, options), options);
    EXPECT_LE(vocabulary.pieces.size(), 380u - 260);
    const Tokenizer tokenizer = Tokenizer::FromGguf(ToMetadata(vocabulary, options));
    if (text.find("\xE2\x96\x81") == std::string::npos) {
      EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text);
    }
    for (const std::string& piece : vocabulary.pieces) EXPECT_EQ(piece.find("\xE2\x96\x81"), std::string::npos);
  }
}

TEST(UnigramTrainer, NoPieceHasAReservedName) {
  TokenizerTraining options = Options(400);
  options.special = {"<x>"};
  const UnigramVocabulary vocabulary = Train(Counts({{"<x>", 99}, {"<unk>", 99}, {"<0x41>", 99}}), options);
  for (const char* name : {"<x>", "<unk>", "<0x41>"}) EXPECT_EQ(std::ranges::count(vocabulary.pieces, name), 0) << name;
}

TEST(UnigramTrainer, RefusesWhatMakesNoVocabulary) {
  const auto refused = [](auto change) {
    TokenizerTraining options = Options(4096);
    change(options);
    EXPECT_THROW(ValidateUnigram(options), Error);
  };
  refused([](TokenizerTraining& o) { o.vocab_size = kLeast - 1; });
  refused([](TokenizerTraining& o) { o.vocab_size = 65537; });
  refused([](TokenizerTraining& o) { o.special = {}; });
  refused([](TokenizerTraining& o) { o.special = {"<unk>"}; });
  refused([](TokenizerTraining& o) { o.split = "no-such-split"; });
  ValidateUnigram(Options(kLeast));
}

}  // namespace
}  // namespace sheepop
