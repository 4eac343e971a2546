// BPE training against one that counts every pair anew for each merge.
#include "tokenize/learn/bpe_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/byte_alphabet.h"
#include "tokenize/gguf_to_json.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

constexpr size_t kBase = 256 + 3;  // bytes and the default special tokens

using Words = std::map<std::string, uint64_t>;

WordTable Counts(const Words& words) {
  WordTable out;
  for (const auto& [word, count] : words) out.Add(word, count);
  return out;
}

// The merges as pairs of texts. Stops where no pair is left.
std::vector<std::pair<std::string, std::string>> Oracle(const Words& words, size_t merges) {
  std::map<std::string, uint32_t> ids;
  std::vector<uint32_t> bytes(256);
  for (uint32_t b = 0; b < 256; ++b) bytes[b] = b;
  std::ranges::sort(bytes, {}, [](uint32_t b) { return AlphabetCharacter(static_cast<unsigned char>(b)); });
  for (uint32_t i = 0; i < 256; ++i) ids[std::string(1, static_cast<char>(bytes[i]))] = i;
  std::vector<std::pair<std::vector<std::string>, uint64_t>> cut;
  for (const auto& [word, count] : words) {
    cut.push_back({{}, count});
    for (const char c : word) cut.back().first.emplace_back(1, c);
  }
  std::vector<std::pair<std::string, std::string>> out;
  while (out.size() < merges) {
    std::map<std::pair<uint32_t, uint32_t>, uint64_t> counts;
    std::map<std::pair<uint32_t, uint32_t>, std::pair<std::string, std::string>> texts;
    for (const auto& [symbols, count] : cut) {
      for (size_t i = 1; i < symbols.size(); ++i) {
        const std::pair pair{ids[symbols[i - 1]], ids[symbols[i]]};
        counts[pair] += count;
        texts[pair] = {symbols[i - 1], symbols[i]};
      }
    }
    if (counts.empty()) break;
    auto best = counts.begin();
    for (auto at = counts.begin(); at != counts.end(); ++at) {
      if (at->second > best->second) best = at;
    }
    const auto [left, right] = texts[best->first];
    out.emplace_back(left, right);
    ids.emplace(left + right, static_cast<uint32_t>(ids.size()));
    for (auto& [symbols, count] : cut) {
      std::vector<std::string> merged;
      for (size_t i = 0; i < symbols.size(); ++i) {
        if (i + 1 < symbols.size() && symbols[i] == left && symbols[i + 1] == right) {
          merged.push_back(left + right);
          ++i;
        } else {
          merged.push_back(symbols[i]);
        }
      }
      symbols = merged;
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Merges(const Words& words, size_t count) {
  TokenizerTraining options;
  options.vocab_size = kBase + count;
  const BpeVocabulary vocabulary = TrainBpe(Counts(words), options);
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [left, right] : vocabulary.merges)
    out.emplace_back(vocabulary.tokens[left], vocabulary.tokens[right]);
  return out;
}

TEST(BpeTrainer, TiesGoToTheSmallerPair) {
  // "ab" and "cd" occur equally often; "!" comes before both in the alphabet.
  EXPECT_EQ(Merges({{"ab", 2}, {"cd", 2}}, 2),
            (std::vector<std::pair<std::string, std::string>>{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(Merges({{"ab", 2}, {"!d", 2}}, 1), (std::vector<std::pair<std::string, std::string>>{{"!", "d"}}));
  // A space is written as a letter from beyond Latin-1, so it comes after "z".
  EXPECT_EQ(Merges({{"zb", 2}, {" b", 2}}, 1), (std::vector<std::pair<std::string, std::string>>{{"z", "b"}}));
}

TEST(BpeTrainer, SameMergesAsCountingAnew) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 40; ++trial) {
    Words words;
    const int letters = 2 + trial % 5;
    for (int w = 0; w < 60; ++w) {
      std::string word(1 + random() % 9, ' ');
      for (char& c : word) c = static_cast<char>('a' + random() % static_cast<unsigned>(letters));
      words[word] += 1 + random() % 4;
    }
    auto expected = Oracle(words, 60);
    auto got = Merges(words, 60);
    // Two ways to one text make one entry, so the counts of merges may differ by a pair that is merged again.
    const size_t both = std::min(expected.size(), got.size());
    std::vector<std::string> texts;
    for (size_t i = 0; i < both; ++i) {
      const std::string text = expected[i].first + expected[i].second;
      if (std::ranges::find(texts, text) != texts.end()) break;
      texts.push_back(text);
      ASSERT_EQ(got[i], expected[i]) << "trial " << trial << ", merge " << i;
    }
  }
}

TEST(BpeTrainer, StopsWhereTheTextEndsOrPairsAreRare) {
  EXPECT_EQ(Merges({{"abc", 1}}, 100).size(), 2u);
  TokenizerTraining options;
  options.min_frequency = 3;
  EXPECT_TRUE(TrainBpe(Counts({{"ab", 2}}), options).merges.empty());
}

TEST(BpeTrainer, NoPairBecomesASpecialToken) {
  TokenizerTraining options;
  options.special = {"ab"};
  const BpeVocabulary vocabulary = TrainBpe(Counts({{"ab", 9}, {"abc", 5}}), options);
  for (const auto& [left, right] : vocabulary.merges)
    EXPECT_NE(vocabulary.tokens[left] + vocabulary.tokens[right], "ab");
}

TEST(BpeTrainer, AnyNumberOfThreadsCountsAlike) {
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back("text " + std::to_string(i % 7) + " of many\xff words, many of them\n");
  const auto counts = [&](size_t threads) {
    ThreadPool pool(threads);
    WordCounter counter("gpt-2", {}, pool);
    for (const std::string& text : texts) counter.Add(text);
    const WordTable words = counter.Finish();
    Words out;
    for (const WordTable::Word& word : words.words()) out[std::string(words.Text(word))] = word.count;
    return out;
  };
  EXPECT_EQ(counts(1), counts(3));
  EXPECT_EQ(counts(1)[" many"], 100u);
  EXPECT_EQ(counts(1)["\xff"], 50u);
}

TEST(BpeTrainer, SpecialTokensInTextArePartOfNoWord) {
  ThreadPool pool(2);
  WordCounter counter("gpt-2", {"<|x|>", "shee"}, pool);
  counter.Add("a<|x|>b sheep");
  const WordTable words = counter.Finish();
  Words out;
  for (const WordTable::Word& word : words.words()) out[std::string(words.Text(word))] = word.count;
  EXPECT_EQ(out, (Words{{"a", 1}, {"b", 1}, {" ", 1}, {"p", 1}}));
}

TEST(BpeTrainer, LongDocumentsAreCountedInPartsAlike) {
  std::string lines;
  for (int i = 0; lines.size() < (size_t{9} << 20); ++i)
    lines += "line " + std::to_string(i % 991) + ":  is\t\n\n x\nIt's\n";
  const auto counts = [](std::string_view text, std::string_view split) {
    ThreadPool pool(2);
    WordCounter counter(split, {}, pool);
    counter.Add(text);
    const WordTable words = counter.Finish();
    Words out;
    for (const WordTable::Word& word : words.words()) out[std::string(words.Text(word))] = word.count;
    return out;
  };
  for (const char* split : {"gpt-2", "llama-bpe"}) {
    Words oracle;
    std::vector<std::string_view> cut;
    MakeSplitter(PreTokenizerOf(split).steps).Split(lines, cut);
    for (const std::string_view word : cut) ++oracle[std::string(word)];
    EXPECT_EQ(counts(lines, split), oracle) << split;
  }
}

Words CountedIn(std::string_view text) {
  ThreadPool pool(2);
  WordCounter counter("gpt-2", {}, pool);
  counter.Add(text);
  const WordTable words = counter.Finish();
  Words out;
  for (const WordTable::Word& word : words.words()) out[std::string(words.Text(word))] = word.count;
  return out;
}

TEST(BpeTrainer, WhatAVeryLongWordRepeatsCountsOnce) {
  const std::string run(1000000, 'a');
  EXPECT_EQ(CountedIn(run), (Words{{std::string(16, 'a'), 1}}));
  EXPECT_EQ(CountedIn(run + "\n" + run), (Words{{std::string(16, 'a'), 2}, {"\n", 1}}));
  const BpeVocabulary vocabulary = TrainBpe(Counts(CountedIn(run + " sheep sheep sheep")), {.vocab_size = 400});
  EXPECT_NE(std::ranges::find(vocabulary.tokens, " sheep"), vocabulary.tokens.end());
  EXPECT_EQ(std::ranges::max(vocabulary.tokens, {}, &std::string::size).size(), 16u);
}

TEST(BpeTrainer, AVeryLongWordIsCutBetweenCharactersAndLosesNone) {
  std::string word;
  for (char32_t c = 0x4E00; c < 0x4E00 + 1500; ++c) AppendUtf8(c, word);  // 4,500 bytes
  std::string together;
  for (const auto& [piece, count] : CountedIn(word)) {
    EXPECT_EQ(count, 1u);
    EXPECT_TRUE(IsValidUtf8(piece));
    EXPECT_LE(piece.size(), 48u);
    together += piece;
  }
  EXPECT_EQ(together, word);
  const std::string shorter = word.substr(0, 4095);
  EXPECT_EQ(CountedIn(shorter), (Words{{shorter, 1}}));
}

TEST(BpeTrainer, UsesAreThoseOfEncoding) {
  ThreadPool pool(1);
  WordCounter counter("gpt-2", {}, pool);
  const std::string text = "she sells sea shells by the sea shore, the shells she sells are sea shells";
  counter.Add(text);
  TokenizerTraining options;
  options.vocab_size = 280;
  const BpeVocabulary vocabulary = TrainBpe(counter.Finish(), options);
  std::vector<uint64_t> uses(vocabulary.tokens.size());
  for (const Token token : Tokenizer::FromGguf(ToMetadata(vocabulary, options)).Encode(text))
    ++uses[static_cast<size_t>(token)];
  EXPECT_EQ(vocabulary.uses, uses);
}

TEST(BpeTrainer, TokenizerReadsBothForms) {
  ThreadPool pool(1);
  WordCounter counter("qwen2", {}, pool);
  const std::string text = "the sheep and the shepherd, the thin sheep there\n\n  12 d\u00e9j\u00e0 vu \u00e9\u00e9\n";
  counter.Add(text);
  TokenizerTraining options;
  options.split = "qwen2";
  options.vocab_size = 300;
  const Metadata metadata = ToMetadata(TrainBpe(counter.Finish(), options), options);
  const Tokenizer tokenizer = Tokenizer::FromGguf(metadata);
  const Tokenizer again = Tokenizer::FromJson(TokenizerJson(metadata), TokenizerConfigJson(metadata));
  for (const std::string& sample :
       {text, std::string("unseen \xf0\x9f\x90\x91 words <|endoftext|> \xff"), std::string()}) {
    const std::vector<Token> ids = tokenizer.Encode(sample);
    EXPECT_EQ(tokenizer.Decode(ids), sample);
    if (sample.find('\xff') == std::string::npos) {
      EXPECT_EQ(again.Encode(sample), ids);
    }
  }
  EXPECT_LT(tokenizer.Encode(text).size(), text.size() * 3 / 4);
  EXPECT_EQ(tokenizer.special().eos, Token{0});
  EXPECT_EQ(again.special().eos, Token{0});
  EXPECT_EQ(tokenizer.Encode("<|endoftext|>", SpecialTokens::kParse), std::vector<Token>{0});
}

TEST(BpeTrainer, RefusesWhatMakesNoVocabulary) {
  const auto refused = [](auto change) {
    TokenizerTraining options;
    change(options);
    EXPECT_THROW(Validate(options), Error);
  };
  refused([](TokenizerTraining& o) { o.vocab_size = 258; });
  refused([](TokenizerTraining& o) { o.vocab_size = 65537; });
  refused([](TokenizerTraining& o) { o.special = {}; });
  refused([](TokenizerTraining& o) { o.special = {"a"}; });
  refused([](TokenizerTraining& o) { o.special = {"<x>", "<x>"}; });
  refused([](TokenizerTraining& o) { o.split = "no-such-split"; });
  Validate(TokenizerTraining{});
}

}  // namespace
}  // namespace sheepop
